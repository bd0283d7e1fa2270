"""Photos by URL: fetched a few at a time, kept for good, each asked for no more than needed.

What lies in the folder
    `<image id>.<extension>`
        A photo, whole and opened once; the extension tells its format, whatever the URL said.
        Only ids of letters, digits, `_` and `-` are file names, see `PLAIN`. The others, ids that
        differ in case alone, and those whose file's name a row of the corpus gives to another
        image, get `hash.<40 hexadecimal digits>`.
    `index.tsv`
        The ids behind the hashed names: `image_id`, a tab, `file`. An id stands there as a JSON
        string, so that it may hold tabs and line feeds. `find_downloaded` reads it.
    `failed.jsonl`
        A line for every failure: image id, url, reason, whether it is `lasting`, time. The last
        line of an id holds, unless its photo has come since.
    `.download/`
        Bodies under way, the ceilings on requests, a lock.

Photos are written under `.download/` and renamed when whole, and the other two files only grow, by
single writes. So a run that is killed loses the photos that were in flight, and nothing else.

What is asked again
    Within a run, what may pass: no connection, silence, a body cut short, HTTP 408, 425, 429 and
    5xx. In the next run, everything that failed except `lasting` failures of the same URL: HTTP
    404 and 410, bodies that are too large, placeholders, redirects that lead nowhere. A page with
    status 200 is not lasting: it may be a notice of maintenance as well as a dead link.

Only http and https are followed, redirects included. Which hosts are asked is up to the URLs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import socket
import ssl
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import pyarrow as pa
import requests
from requests.packages.urllib3 import exceptions as urllib3

from rematch import forms
from rematch.corpus import photos
from rematch.corpus.names import Naming, by_id
from rematch.corpus.photos import EMPTY, TOO_LARGE, PhotoError, hashed_name
from rematch.errors import UserError
from rematch.outside import (
    LONGEST_PAUSE_S,
    Gate,
    backoff,
    innermost,
    passing,
    retry_after_s,
    said,
    short,
    wire,
)
from rematch.storage import make_folder, open_shared, progress, unusable

log = logging.getLogger(__name__)

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""Ids that are file names as they are, on every file system."""

INDEX = "index.tsv"
FAILED = "failed.jsonl"
WORK = ".download"

DEAD = "dead link"
REFUSED = "refused"
SERVER = "server error"
NO_ANSWER = "no answer"
CUT = "cut short"
REDIRECT = "redirect"
ADDRESS = "bad address"
NOT_PHOTO = "not a photo"
PLACEHOLDER = "placeholder"
NOT_ASKED = "not asked"

REDIRECTS = 5
"""Most redirects followed for a photo."""

GIVE_UP_AFTER = 10
"""So many photos in a row that a host did not answer for, retries included: it is down."""

PATIENCE = 10
"""An answer may take this many times `timeout_s` in all, however steadily it drips: its headers
as well as its body."""

MANY_ALIKE = 5
"""So many equal files from different URLs are worth a line in the log."""

_EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "WEBP": ".webp"}
_ACCEPT = "image/jpeg, image/png, image/webp, image/gif, */*;q=0.1"
_HASHED = re.compile(r"hash\.[0-9a-f]{40}")
_OFTEN = 1_000_000  # tries: as many as the options allow
_CHUNK = 65_536
_HEADER = "image_id\tfile\n"


@dataclass(frozen=True)
class DownloadOptions:
    """How to fetch.

    `user_agent`: how we call ourselves; name a way to reach you. `requests_per_second`: ceiling
    for each host. `threads`: requests in flight at once, over all hosts. `timeout_s`: longest
    silence of a server, while connecting or answering. `retries`: further tries of a photo after
    a passing failure, the first about `backoff_s` later, each next one after twice the time.
    `max_mb`: largest body, in 10^6 bytes. `min_side`: fewest pixels of width and of height, what
    is smaller is a placeholder. `on_missing`: "skip" goes on without the photos that cannot be
    had, "stop" raises. `retry_dead`: ask for lasting failures too. `rates`: folder of the
    ceilings; runs that share it, on this machine or on others, share the ceilings; None: the
    photos' own folder.
    """

    user_agent: str = "news-images-rematch/0.1 (research; fetches each photo once)"
    requests_per_second: float = 2.0
    threads: int = 4
    timeout_s: float = 20.0
    retries: int = 4
    backoff_s: float = 1.0
    max_mb: float = 32.0
    min_side: int = 8
    on_missing: Literal["skip", "stop"] = "skip"
    retry_dead: bool = False
    rates: Path | None = None

    @classmethod
    def from_config(cls, download: Mapping[str, Any]) -> DownloadOptions:
        """From the config's `download` of a corpus, whose keys are these fields."""
        rates = download.get("rates")
        return cls(**{**download, "rates": None if rates is None else Path(rates)})

    def __post_init__(self) -> None:
        for name in ("requests_per_second", "threads", "timeout_s", "max_mb"):
            if not getattr(self, name) > 0:
                raise UserError(f"download {name} is {getattr(self, name)}; it must be above zero")
        for name in ("retries", "backoff_s", "min_side"):
            if getattr(self, name) < 0:
                raise UserError(
                    f"download {name} is {getattr(self, name)}; it must not be negative"
                )
        if self.on_missing not in ("skip", "stop"):
            raise UserError(f"download on_missing is {self.on_missing!r}; use 'skip' or 'stop'")
        if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", self.user_agent):
            raise UserError(
                f"download user_agent is {self.user_agent!r}; it must be one line of ASCII"
            )


@dataclass(frozen=True)
class Failed:
    """Why a photo did not come. `lasting`: the same URL is not asked again unless told."""

    url: str
    reason: str
    lasting: bool


@dataclass(frozen=True)
class DownloadReport:
    """What a call of `download` did and found.

    `ids`: the photos that were wanted. `files`: by id, the file of each that is there. `wanted`,
    the number of `ids`, = `there` (before the call) + `fetched` + the number of `failed`. `failed`:
    every id without a photo, sorted, with the reason, "class: detail". `remembered`: how many of
    these were not asked for, because an earlier call found them lasting. `retried`: failures that
    were tried again, by class.
    `alike`: groups of `MANY_ALIKE` or more ids whose files, fetched by this call from different
    URLs, are equal byte by byte; a site's "no picture" may look so.
    """

    folder: Path
    ids: frozenset[str]
    files: Mapping[str, str]
    wanted: int
    there: int
    fetched: int
    failed: Mapping[str, str]
    remembered: int
    requests: int
    bytes: int
    seconds: float
    retried: Mapping[str, int]
    alike: Sequence[Sequence[str]]

    def table(self) -> pa.Table:
        """`forms.DOWNLOADS`, sorted by id."""
        found = self.files
        rows: list[dict[str, object]] = [
            {"image_id": item, "file": found.get(item, ""), "reason": self.failed.get(item, "")}
            for item in sorted(self.ids)
        ]
        return forms.from_rows(rows, forms.DOWNLOADS)

    def lines(self) -> list[str]:
        """Lines for the log: counts, failures by class, the first ten."""
        lines = [
            f"photos: {self.wanted:,} wanted = {self.there:,} there already + {self.fetched:,} "
            f"fetched + {len(self.failed):,} missing; {self.requests:,} requests, "
            f"{self.bytes / 1e6:,.1f} MB, {self.seconds:,.0f} s"
        ]
        if self.retried:
            lines.append(f"tried again: {_counted(self.retried)}")
        for ids in self.alike:
            lines.append(
                f"{len(ids):,} photos from different URLs are the same file, perhaps a "
                f"placeholder: {', '.join(map(repr, ids[:3]))}, ..."
            )
        if self.failed:
            lines.append(f"missing: {_counted(Counter(map(_class, self.failed.values())))}")
            lines += [f"  {item!r}: {why}" for item, why in list(self.failed.items())[:10]]
            if self.remembered:
                lines.append(
                    f"{self.remembered:,} of them failed for good in an earlier run and were not "
                    "asked for; retry_dead: true asks again"
                )
            lines.append(f"all {len(self.failed):,} with their reasons: {self.folder / FAILED}")
        return lines


def urls_by_id(table: pa.Table) -> dict[str, str]:
    """The columns `image_id` and `url` (strings) of a table as a mapping; a null URL is "".

    Rows may repeat each other.

    Raises:
        UserError: an id has two different URLs.
    """
    urls: dict[str, str] = {}
    for item, url in zip(table["image_id"].to_pylist(), table["url"].to_pylist(), strict=True):
        if urls.setdefault(item, url or "") != (url or ""):
            raise UserError(
                f"photo {item!r} has two URLs, {urls[item]!r} and {url!r}; keep one of them"
            )
    return urls


def find_downloaded(folder: Path) -> dict[str, str]:
    """The file name in `folder` of every photo that is there, by image id.

    A photo put there by hand as `<image id>.<extension>` counts. Files of zero bytes do not, and
    of several the first in the order of `photos.EXTENSIONS` holds. A folder that does not exist
    holds none.
    """
    sizes = _sizes(folder)
    indexed = _read_index(folder)
    found: dict[str, str] = {}
    endings = (*photos.EXTENSIONS, *(extension.upper() for extension in photos.EXTENSIONS))
    for extension in endings:
        for name in sorted(sizes):
            stem = name.removesuffix(extension)
            if stem in ("", name) or not sizes[name]:
                continue
            item = indexed.get(stem) if _HASHED.fullmatch(stem) else stem
            if item is not None:
                found.setdefault(item, name)
    return found


def _sizes(folder: Path, empty: bool = True) -> dict[str, int]:
    """The sizes of a folder's files by name, of empty ones too if asked for."""
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        sizes = {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    return {name: size for name, size in sizes.items() if size or empty}


def read_failed(folder: Path) -> dict[str, Failed]:
    """The last failure of every image id in `folder`, also of those whose photo came later.

    A line torn by a kill is passed over.
    """
    failed: dict[str, Failed] = {}
    for line in _lines(folder / FAILED):
        try:
            row = json.loads(line)
            item, lasting = str(row["image_id"]), row["lasting"] is True
            failed[item] = Failed(str(row["url"]), str(row["reason"]), lasting)
        except (ValueError, TypeError, KeyError, RecursionError):
            log.warning("%s: a line cannot be read and is passed over", folder / FAILED)
    return failed


def download(
    urls: pa.Table | Mapping[str, str],
    folder: Path,
    options: DownloadOptions,
    naming: Naming | None = None,
) -> DownloadReport:
    """Fetch the photos that `folder` does not hold yet.

    A photo that is there is not asked for. Neither the order of `urls` nor the number of threads
    changes what is fetched. A second call on the same folder waits for the first to end.

    Args:
        urls: image id -> URL, or a table with the columns `image_id` and `url`.
        folder: made if it does not exist; see the module for what it holds.
        options: how to fetch.
        naming: how the corpus' rows name the photos, so that what they find in the folder is not
            asked for; None: they name none.

    Returns:
        What is there and what is not. Photos that cannot be had are no error, unless
        `options.on_missing` is "stop".

    Raises:
        UserError: the folder cannot be written; or photos are missing and `options.on_missing`
            is "stop" (all that can be had has been fetched by then).
    """
    wanted = dict(urls) if isinstance(urls, Mapping) else urls_by_id(urls)
    with _writing(folder), _locked(folder):
        report = _Run(wanted, folder, options, naming).report()
    if report.failed and options.on_missing == "stop":
        item, reason = next(iter(report.failed.items()))
        raise UserError(
            f"{folder}: {len(report.failed):,} of {report.wanted:,} photos cannot be had, first "
            f"{item!r} ({reason}); all are in {folder / FAILED}; run again, put the photos there "
            "by hand, or set on_missing: skip"
        )
    return report


class _Failure(Exception):
    """A try that brought no photo.

    `again`: how many further tries it is worth. `lasting`: see `Failed`. `down`: it is the host
    that fails, whatever photo is asked for. `rest`: the host wants fewer requests, with
    `retry_after` none for so many seconds.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: int = 0,
        lasting: bool = False,
        down: bool = False,
        rest: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.lasting = lasting
        self.down = down
        self.rest = rest
        self.retry_after = retry_after
        self.host = ""


class _Stopped(Exception):
    """The run was interrupted before this photo's turn."""


class _Session(requests.Session):
    """A session that leaves redirects alone.

    Told not to follow them, requests still reads the whole body of each, of whatever size, and
    follows it on paper.
    """

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Generator[Any]:
        yield from ()


class _Run:
    """One call of `download`, under the folder's lock."""

    def __init__(
        self,
        wanted: Mapping[str, str],
        folder: Path,
        options: DownloadOptions,
        naming: Naming | None,
    ) -> None:
        self._wanted = wanted
        self._naming = naming
        self._folder = folder
        self._options = options
        self._rates = options.rates or folder / WORK
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._requests = 0
        self._bytes = 0
        self._retried: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._ended: dict[str, str] = {}  # host -> why it is not asked any more
        self._digests: dict[str, str] = {}  # of the files fetched, by id
        self._past = read_failed(folder)

    def report(self) -> DownloadReport:
        started = time.monotonic()
        there, stems = self._there_and_stems()
        failed: dict[str, Failed] = {}
        for item, past in self._past.items():
            if past.lasting and item in stems and past.url == self._wanted[item]:
                failed[item] = past
        if self._options.retry_dead:
            failed = {}
        remembered = len(failed)
        waiting = [item for item in stems if item not in failed]
        if waiting:
            with closing(self._ask_all(self._in_turn(waiting), stems)) as asked:
                for item, failure in progress(asked, len(waiting), "fetching photos", "photos"):
                    if failure is not None:
                        failed[item] = failure
        return DownloadReport(
            folder=self._folder,
            ids=frozenset(self._wanted),
            files=self._found(),
            wanted=len(self._wanted),
            there=len(there),
            fetched=len(self._digests),
            failed={item: failed[item].reason for item in sorted(failed)},
            remembered=remembered,
            requests=self._requests,
            bytes=self._bytes,
            seconds=time.monotonic() - started,
            retried=dict(sorted(self._retried.items())),
            alike=self._alike(),
        )

    def _there_and_stems(self) -> tuple[set[str], dict[str, str]]:
        """Ids whose photos are here, and the file name, without extension, for the others."""
        found, known = self._found(), find_downloaded(self._folder)
        present = set(os.listdir(self._folder))
        # Ids that differ in case alone would be one file on some file systems.
        spelt = Counter(item.lower() for item in known.keys() | self._wanted.keys())
        there: set[str] = set()
        stems: dict[str, str] = {}
        for item in self._wanted:
            plain = PLAIN.fullmatch(item) and spelt[item.lower()] == 1
            plain = plain and not (self._naming and self._naming.elsewhere(item))
            stem = item if plain else hashed_name(item)
            lost = [stem + ending for ending in photos.EXTENSIONS if stem + ending in present]
            hashed = lost and not plain and (self._folder / lost[0]).stat().st_size
            if hashed and item not in known:
                self._to_index(item, lost[0])  # killed between the photo and its line
            if item in found or hashed:
                there.add(item)
            else:
                stems[item] = stem
        return there, stems

    def _found(self) -> dict[str, str]:
        """The file of every photo that is there, as the corpus will look for it."""
        if self._naming is None:
            return find_downloaded(self._folder)
        return self._naming.find(_sizes(self._folder, empty=False).keys())

    def _in_turn(self, items: Iterable[str]) -> list[str]:
        """The hosts by turns, so that one host's ceiling does not hold all threads up."""
        met: Counter[str] = Counter()
        places: dict[str, tuple[int, str]] = {}
        for item in sorted(items):
            try:
                host = _host(self._wanted[item].strip())
            except _Failure:
                host = ""
            places[item] = (met[host], host)
            met[host] += 1
        return sorted(places, key=lambda item: places[item])

    def _ask_all(
        self, items: Sequence[str], stems: Mapping[str, str]
    ) -> Generator[tuple[str, Failed | None]]:
        pool = ThreadPoolExecutor(self._options.threads, thread_name_prefix="download")
        try:
            futures = {pool.submit(self._one, item, stems[item]): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            # Also when interrupted: what is under way may finish and is kept.
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            for session in self._sessions:
                session.close()

    def _one(self, item: str, stem: str) -> Failed | None:
        """Fetch one photo, with its retries; it, or the failure, is on disk when this returns."""
        url = self._wanted[item].strip()
        part = self._folder / WORK / f"{stem}.part"
        tries = 0
        before: _Failure | None = None
        try:
            while True:
                try:
                    host, digest, size, extension = self._fetch(url, part)
                    break
                except _Failure as failure:
                    if tries < min(self._options.retries, failure.again):
                        self._back_off(failure, tries)
                        tries += 1
                        before = failure
                        continue
                    if before is not None and _class(failure.reason) == NOT_ASKED:
                        return self._fail(item, before, tries - 1)  # it was asked, and this said
                    return self._fail(item, failure, tries)
            name = stem + extension
            for other_name in by_id(stem):  # an empty file would stand before the photo
                other = self._folder / other_name
                if other.is_file() and not other.stat().st_size:
                    other.unlink()
            os.replace(part, self._folder / name)
        finally:
            part.unlink(missing_ok=True)
        if stem != item:
            self._to_index(item, name)
        with self._lock:
            self._in_a_row[host] = 0
            self._digests[item] = digest
            self._bytes += size
        return None

    def _fetch(self, url: str, part: Path) -> tuple[str, str, int, str]:
        """Follow `url`, write the photo to `part`: host asked last, SHA-256, bytes, extension."""
        seen: set[str] = set()
        while True:
            try:
                host = _host(url)
            except _Failure as failure:
                if seen:
                    raise _Failure(f"{REDIRECT}: to {failure.reason}", lasting=True) from None
                raise
            if url in seen or len(seen) > REDIRECTS:
                what = "in a circle" if url in seen else f"more than {REDIRECTS}"
                raise _Failure(f"{REDIRECT}: {what}", lasting=True)
            seen.add(url)
            self._wait(host)
            try:
                with _network(), self._get(url) as response:
                    if response.is_redirect:
                        url = _target(url, self._session().get_redirect_target(response) or "")
                        continue
                    _judge(response)
                    digest, size = _store(response, part, self._options)
                return host, digest, size, _photo_extension(part, self._options.min_side)
            except _Failure as failure:
                failure.host = host
                raise

    def _wait(self, host: str) -> None:
        """Wait for a request's turn at `host`."""
        with closing(self._gate(host)) as gate:
            going = gate.wait(self._stop)
        if not going:
            raise _Stopped
        with self._lock:
            if host in self._ended:
                raise _Failure(f"{NOT_ASKED}: {self._ended[host]}")
            self._requests += 1

    def _gate(self, host: str) -> Gate:
        # A file a host, opened for one request: a corpus may name thousands of hosts.
        name = hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return Gate(self._rates / f"{name}.rate", self._options.requests_per_second)

    def _session(self) -> requests.Session:
        """This thread's own session: connections are kept, cookies are not."""
        if not hasattr(self._thread, "session"):
            session = _Session()
            session.headers.update(
                {
                    "User-Agent": self._options.user_agent,
                    "Accept": _ACCEPT,
                    "Accept-Encoding": "identity",
                }
            )
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            for scheme in ("http://", "https://"):
                session.mount(scheme, wire.Adapter(PATIENCE))
            self._thread.session = session
            self._sessions.append(session)
        own: requests.Session = self._thread.session
        return own

    def _get(self, url: str) -> requests.Response:
        return self._session().get(
            url, stream=True, allow_redirects=False, timeout=self._options.timeout_s
        )

    def _back_off(self, failure: _Failure, tries: int) -> None:
        delay = backoff(self._options.backoff_s, tries)
        with self._lock:
            self._retried[_class(failure.reason)] += 1
        if failure.rest:
            delay = max(delay, failure.retry_after or 0.0)
            log.info("%s: %s, resting for %.1f s", failure.host, failure.reason, delay)
            with closing(self._gate(failure.host)) as gate:
                gate.pause(delay)
        else:
            self._stop.wait(delay)

    def _fail(self, item: str, failure: _Failure, tries: int) -> Failed:
        reason = failure.reason + (f", tried {tries + 1} times" if tries else "")
        failed = Failed(self._wanted[item], reason, failure.lasting)
        with self._lock:
            if failure.host:
                row = self._in_a_row[failure.host]
                self._in_a_row[failure.host] = row + 1 if failure.down else 0
            wants = failure.retry_after or 0.0
            if failure.host and failure.host not in self._ended:
                if wants > LONGEST_PAUSE_S:
                    self._end(failure.host, f"wants no request for {wants:,.0f} s")
                elif self._in_a_row[failure.host] >= GIVE_UP_AFTER:
                    self._end(failure.host, f"failed {GIVE_UP_AFTER} times in a row")
            if self._past.get(item) != failed:  # so that the file does not grow with every run
                line = {
                    "image_id": item,
                    "url": failed.url,
                    "reason": failed.reason,
                    "lasting": failed.lasting,
                    "time": round(time.time(), 3),
                }
                _append(self._folder / FAILED, json.dumps(line) + "\n")
        return failed

    def _end(self, host: str, why: str) -> None:
        self._ended[host] = f"{host} {why}"
        log.error("%s %s; its other photos are not asked for in this run", host, why)

    def _to_index(self, item: str, name: str) -> None:
        with self._lock:
            path = self._folder / INDEX
            _append(path, ("" if path.exists() else _HEADER) + f"{json.dumps(item)}\t{name}\n")

    def _alike(self) -> list[list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for item in sorted(self._digests):
            groups[self._digests[item]].append(item)
        return sorted(
            ids
            for ids in groups.values()
            if len({self._wanted[item] for item in ids}) >= MANY_ALIKE
        )


def _host(url: str) -> str:
    """The host that a URL asks, in lower case."""
    if not url:
        raise _Failure(f"{ADDRESS}: no URL", lasting=True)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _Failure(f"{ADDRESS}: {short(url)} ({error})", lasting=True) from None
    if parts.scheme not in ("http", "https") or not host:
        raise _Failure(f"{ADDRESS}: {short(url)}, not http or https", lasting=True)
    return host


def _target(url: str, location: str) -> str:
    """Where a redirect from `url` leads."""
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError as error:
        raise _Failure(f"{REDIRECT}: to {short(location)} ({error})", lasting=True) from None


@contextmanager
def _network() -> Iterator[None]:
    """What requests and urllib3 raise, as a `_Failure`."""
    try:
        yield
    except (requests.Timeout, urllib3.TimeoutError):
        raise _Failure(f"{NO_ANSWER}: silence", again=_OFTEN, down=True) from None
    except ValueError as error:  # what both raise for an address that they cannot read
        raise _Failure(f"{ADDRESS}: {short(str(error))}", lasting=True) from None
    except requests.RequestException as error:
        cause = innermost(error)
        # An unknown name or a wrong certificate will hardly be another in a minute.
        settled = isinstance(cause, (socket.gaierror, ssl.SSLCertVerificationError))
        again = 1 if settled else _OFTEN
        raise _Failure(f"{NO_ANSWER}: {said(cause)}", again=again, down=True) from None
    except urllib3.HTTPError as error:
        raise _Failure(f"{CUT}: {said(innermost(error))}", again=_OFTEN, down=True) from None


def _judge(response: requests.Response) -> None:
    """Let an answer with a body of its own pass, fail for every other status."""
    status = response.status_code
    if status in (200, 203):
        return
    if status in (404, 410):
        raise _Failure(f"{DEAD}: HTTP {status}", lasting=True)
    if passing(status):
        wait = retry_after_s(response.headers.get("Retry-After"))
        too_long = wait is not None and wait > LONGEST_PAUSE_S
        raise _Failure(
            f"{SERVER}: HTTP {status}" if status >= 500 else f"{REFUSED}: HTTP {status}",
            again=0 if too_long else _OFTEN,
            down=True,
            rest=status == 429 or wait is not None,
            retry_after=wait,
        )
    # Not lasting: another User-Agent, or another day, may be welcome.
    raise _Failure(f"{REFUSED}: HTTP {status}")


def _store(response: requests.Response, part: Path, options: DownloadOptions) -> tuple[str, int]:
    """Write a body to `part`, on disk when this returns; its SHA-256 and size in bytes."""
    most = int(options.max_mb * 1e6)
    too_large = _Failure(f"{TOO_LARGE}: more than {options.max_mb:g} MB", lasting=True)
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > most:
        raise too_large
    until = time.monotonic() + PATIENCE * options.timeout_s
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        try:
            for chunk in wire.chunks(response, until):
                size += len(chunk)
                if size > most:
                    raise too_large
                digest.update(chunk)
                file.write(chunk)
        except wire.Slow:
            raise _Failure(f"{CUT}: too slow, {size:,} bytes so far", again=1) from None
        except wire.Broken as error:
            raise _Failure(f"{CUT}: {error}", again=_OFTEN) from None
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise _Failure(f"{EMPTY}: 0 bytes", again=2)
    return digest.hexdigest(), size


def _photo_extension(part: Path, min_side: int) -> str:
    """The extension that the content of `part` deserves.

    Raises:
        _Failure: it is no photo, does not open as the corpus would open it, or shows nothing.
    """
    with part.open("rb") as file:
        head = file.read(512)
    try:
        with photos.opened(part) as image:
            size = image.size
            plain = all(low == high for low, high in (band.getextrema() for band in image.split()))
    except PhotoError as error:
        if error.reason.startswith(TOO_LARGE):
            raise _Failure(error.reason, lasting=True) from None
        if _looks_like_photo(head):
            # One more try: without a Content-Length a cut body looks like this too.
            raise _Failure(error.reason, again=1) from None
        raise _Failure(f"{NOT_PHOTO}: {_described(head)}") from None
    if min(size) < min_side:
        raise _Failure(f"{PLACEHOLDER}: {size[0]} x {size[1]} pixels", lasting=True)
    if plain:
        raise _Failure(f"{PLACEHOLDER}: a single colour", lasting=True)
    return _EXTENSIONS[photos.form(part)]


def _looks_like_photo(head: bytes) -> bool:
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8")) or (
        head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    )


def _described(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--", b"<script")):
        return "an HTML page"
    if b"<svg" in text:
        return "an SVG drawing"
    return f"it begins with {head[:16]!r}"


def _read_index(folder: Path) -> dict[str, str]:
    """Image ids by hashed name, without extension."""
    ids: dict[str, str] = {}
    for line in _lines(folder / INDEX):
        if line + "\n" == _HEADER:
            continue
        try:
            said, name = line.split("\t")
            item = json.loads(said)
            if not isinstance(item, str) or hashed_name(item) != Path(name).stem:
                raise ValueError(line)
            ids[Path(name).stem] = item
        except (ValueError, RecursionError):
            log.warning("%s: a line cannot be read and is passed over", folder / INDEX)
    return ids


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    text = path.read_bytes().decode("utf-8", errors="replace")
    return [line for line in text.split("\n") if line]


def _append(path: Path, text: str) -> None:
    """Add whole lines by one write; after a torn last line, on a line of their own."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                text = "\n" + text
        file.write(text.encode("utf-8"))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: cannot be written ({error.strerror or error}); make "
            "room or make it writable, and run again: what was fetched is kept"
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One run at a time in a folder; the system lets go of a killed run's lock."""
    work = folder / WORK
    make_folder(work)
    path = work / "lock"
    try:
        opened = open_shared(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise unusable(path, error) from error
    with os.fdopen(opened, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("%s: another run is downloading; waiting for it", folder)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in work.glob("*.part"):
            left.unlink()
        yield


def _class(reason: str) -> str:
    return reason.split(": ", 1)[0]


def _counted(counts: Mapping[str, int]) -> str:
    order = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(f"{name} {counts[name]:,}" for name in order)
