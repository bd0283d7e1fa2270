"""Weights by URL: fetched once into a folder that experiments share, and continued if cut off.

What is under way stands beside its place as `<file>.<12 digits of its SHA-256>.part`. The digits
say which bytes it is a beginning of, so it can be continued by whoever comes next without asking
the server whether the file is still the same, and the SHA-256 of the whole has the last word.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

import requests

from rematch.errors import UserError
from rematch.outside import LONGEST_PAUSE_S, backoff, innermost, passing, retry_after_s, said
from rematch.storage import progress, sha256_of, to_disk

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
"""Longest silence of the server."""

RETRIES = 4
"""Further tries in a row that bring nothing new."""

BACKOFF_S = 1.0
"""The first pause between two tries; each next one is twice as long."""

_CHUNK = 65_536
_MB = 1_000_000


def fetched(
    url: str,
    sha256: str,
    cache: Path,
    name: str,
    file: str | None = None,
    headers: Callable[[], Mapping[str, str]] = dict,
) -> Path:
    """The file of a URL in `cache`, downloaded if it is not there.

    A file with the right SHA-256 is used as it is, without a network and in a folder that cannot
    be written; one with another is replaced. Several processes may ask for a file at once: one
    downloads it and the others wait.

    Args:
        url: where it is.
        sha256: of the whole file, in hexadecimal.
        cache: made if it does not exist.
        name: what messages call it.
        file: its name in the cache; None for the last component of the URL.
        headers: gives those of the requests, if there are any.

    Raises:
        UserError: the file cannot be had, is another one, or cannot be written.
    """
    target = cache / (file or url.rpartition("/")[2])
    try:
        if _holds(target, sha256):
            return target
        cache.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{sha256[:12]}.part")
        with _locked(part) as begun:
            if not _holds(target, sha256):  # another process may have been faster
                _complete(begun, url, headers, sha256, target, name)
                _rename(part, target)
    except OSError as error:
        raise UserError(
            f"{error.filename or target}: cannot be read, written or locked "
            f"({error.strerror or error}); mend that or set encoding.cache to another folder, and "
            f"run again, or fetch {url} and put it at {target}"
        ) from error
    return target


def _holds(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    right = sha256_of(path) == sha256
    if not right:
        log.warning("%s: its SHA-256 is not %s; it will be replaced", path, sha256)
    return right


@contextmanager
def _locked(path: Path) -> Iterator[BufferedRandom]:
    """A part, open in one process at a time; left empty, it goes.

    The lock (flock) is on the part itself: the system lets go of a killed process's, and no file
    is left behind for it. Some network file systems grant it to everybody; then all write the
    same bytes to the same places, and what counts is the SHA-256 of what is on disk in the end.
    """
    while True:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("%s: another process is downloading it; waiting", path)
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _still_at(path, file):
                continue
            try:
                yield file
            finally:
                if not _size(file):
                    path.unlink(missing_ok=True)
            return


def _still_at(path: Path, file: BufferedRandom) -> bool:
    """Whether an open file was neither renamed nor removed while it waited for its lock."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _rename(part: Path, target: Path) -> None:
    try:
        to_disk(part)
        os.replace(part, target)
    except FileNotFoundError:  # renamed already, by a process that the lock did not keep out
        if not target.is_file():
            raise


def _complete(
    part: BufferedRandom,
    url: str,
    headers: Callable[[], Mapping[str, str]],
    sha256: str,
    target: Path,
    name: str,
) -> None:
    """Bring what a part lacks, in several tries if it must be; on disk when this returns."""
    tries, most = 0, _size(part)
    inherited = most > 0
    whole = inherited and _sha256(part) == sha256
    while not whole:
        try:
            _ask(url, headers(), part, name)
        except requests.RequestException as error:
            why, wait = _judged(error)
            if _size(part) > most:
                tries, most = 0, _size(part)
            if wait is None or tries == RETRIES:
                there = "is another file" if target.is_file() else "is not there"
                raise UserError(
                    f"{name}: {target} {there}, and it cannot be downloaded ({why}); fetch {url} "
                    "and put it there"
                ) from error
            wait = max(wait, backoff(BACKOFF_S, tries))
            tries += 1
            log.info("%s: %s; trying again in %.1f s", name, why, wait)
            time.sleep(wait)
            continue
        found = _sha256(part)
        whole = found == sha256
        if not whole:
            part.truncate(0)
            if not inherited:
                raise UserError(
                    f"{name}: what came from {url} is not the right file (SHA-256 {found}); try "
                    f"again later, or fetch it from elsewhere and put it at {target}"
                )
            log.info("%s: what was there of it was damaged; starting anew", name)
            inherited = False
    os.fsync(part.fileno())


def _ask(url: str, headers: Mapping[str, str], part: BufferedRandom, name: str) -> None:
    """One request for what a part lacks, written to it as it comes."""
    size = _size(part)
    asked = {**headers, "Accept-Encoding": "identity"}
    if size:
        asked["Range"] = f"bytes={size}-"
    with requests.get(url, headers=asked, stream=True, timeout=TIMEOUT_S) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.truncate(0)  # longer than the file
        response.raise_for_status()
        what = f"fetching {name}"
        if response.status_code == requests.codes.partial_content:
            what = f"fetching the rest of {name}"
        elif size:  # the server knows no ranges and sends the whole
            part.truncate(0)
            size = part.seek(0)
        steps, left = _write(response, part), response.raw.length_remaining
        if left is not None:
            steps = progress(steps, (size + left) // _MB - size // _MB, what, "MB")
        for _ in steps:
            pass


def _write(response: requests.Response, part: BufferedRandom) -> Iterator[None]:
    """Write a body to a part, with a step at every full megabyte."""
    size = part.tell()
    for chunk in response.iter_content(_CHUNK):
        part.write(chunk)
        steps = (size + len(chunk)) // _MB - size // _MB
        size += len(chunk)
        yield from [None] * steps


def _size(part: BufferedRandom) -> int:
    """The bytes of a part, which is at its end then."""
    return part.seek(0, os.SEEK_END)


def _sha256(part: BufferedRandom) -> str:
    part.seek(0)
    return hashlib.file_digest(part, "sha256").hexdigest()


def _judged(error: requests.RequestException) -> tuple[str, float | None]:
    """Why a request failed, and the least seconds until another; None if there is no use in it."""
    if error.response is None:  # no answer, or one that was cut short
        return said(innermost(error)), 0.0
    status = error.response.status_code
    why = f"HTTP {status}"
    if status == requests.codes.requested_range_not_satisfiable:
        return why, 0.0
    wait = retry_after_s(error.response.headers.get("Retry-After")) or 0.0
    return why, wait if passing(status) and wait <= LONGEST_PAUSE_S else None
