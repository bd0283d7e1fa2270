"""A corpus' photos by URL: those that are missing, several at a time."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from rematch.corpus.downloading.asking import host_of
from rematch.corpus.downloading.failures import Failure
from rematch.corpus.downloading.fetching import Fetcher, GivenUp
from rematch.corpus.downloading.folder import (
    FAILED,
    WORK,
    Failed,
    find_downloaded,
    locked,
    note_failed,
    note_name,
    read_failed,
    sizes_of,
    writing,
)
from rematch.corpus.downloading.hosts import Hosts
from rematch.corpus.downloading.options import DownloadOptions
from rematch.corpus.downloading.report import MANY_ALIKE, DownloadReport
from rematch.corpus.names import EXTENSIONS, Naming, by_id, hashed_name
from rematch.errors import UserError
from rematch.storage import progress

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""Ids that are file names as they are, on every file system."""


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
        folder: made if it does not exist; see the room for what it holds.
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
    with writing(folder), locked(folder):
        report = _Run(wanted, folder, options, naming).report()
    if report.failed and options.on_missing == "stop":
        item, reason = next(iter(report.failed.items()))
        raise UserError(
            f"{folder}: {len(report.failed):,} of {report.wanted:,} photos cannot be had, first "
            f"{item!r} ({reason}); all are in {folder / FAILED}; run again, put the photos there "
            "by hand, or set on_missing: skip"
        )
    return report


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
        self._hosts = Hosts(options.rates or folder / WORK, options.requests_per_second)
        self._fetcher = Fetcher(options, self._hosts)
        self._lock = threading.Lock()
        self._bytes = 0
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
            requests=self._hosts.requests,
            bytes=self._bytes,
            seconds=time.monotonic() - started,
            retried=dict(sorted(self._fetcher.retried.items())),
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
            lost = [stem + ending for ending in EXTENSIONS if stem + ending in present]
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
        return self._naming.find(sizes_of(self._folder, empty=False).keys())

    def _in_turn(self, items: Iterable[str]) -> list[str]:
        """The hosts by turns, so that one host's ceiling does not hold all threads up."""
        met: Counter[str] = Counter()
        places: dict[str, tuple[int, str]] = {}
        for item in sorted(items):
            try:
                host = host_of(self._wanted[item].strip())
            except Failure:
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
            self._hosts.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self._fetcher.close()

    def _one(self, item: str, stem: str) -> Failed | None:
        """Fetch one photo; it, or the failure, is on disk when this returns."""
        part = self._folder / WORK / f"{stem}.part"
        try:
            try:
                found = self._fetcher.fetch(self._wanted[item].strip(), part)
            except GivenUp as error:
                return self._fail(item, error.failure, error.tries)
            name = stem + found.extension
            for other_name in by_id(stem):  # an empty file would stand before the photo
                other = self._folder / other_name
                if other.is_file() and not other.stat().st_size:
                    other.unlink()
            os.replace(part, self._folder / name)
        finally:
            part.unlink(missing_ok=True)
        if stem != item:
            self._to_index(item, name)
        self._hosts.came(found.host)
        with self._lock:
            self._digests[item] = found.digest
            self._bytes += found.size
        return None

    def _fail(self, item: str, failure: Failure, tries: int) -> Failed:
        reason = failure.reason + (f", tried {tries + 1} times" if tries else "")
        failed = Failed(self._wanted[item], reason, failure.lasting)
        if self._past.get(item) != failed:  # so that the file does not grow with every run
            with self._lock:
                note_failed(self._folder, item, failed)
        self._hosts.failed(failure)
        return failed

    def _to_index(self, item: str, name: str) -> None:
        with self._lock:
            note_name(self._folder, item, name)

    def _alike(self) -> list[list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for item in sorted(self._digests):
            groups[self._digests[item]].append(item)
        return sorted(
            ids
            for ids in groups.values()
            if len({self._wanted[item] for item in ids}) >= MANY_ALIKE
        )
