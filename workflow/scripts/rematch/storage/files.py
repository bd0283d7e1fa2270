"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from rematch.errors import AGAIN, UserError

_FREE = "free some space and run again: what is finished is kept"
_ALLOW = "make it accessible to this user and run again"
_REMEDY = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EROFS: "make it writable and run again",
    errno.EACCES: _ALLOW,
    errno.EPERM: _ALLOW,
}


@contextmanager
def replacing(path: str | os.PathLike[str], lasting: bool = True) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it to `path` only if the block succeeds.

    The temporary file stands in the same folder, so the rename is atomic on any file system
    that Snakemake runs on, and a killed job leaves no half-written file under the final name.

    Args:
        path: of the file.
        lasting: have it on the disk before it gets its name, and the name before this returns:
            else a power cut may leave an empty file under it. Not for what may be lost.

    Raises:
        UserError: the disk is full, or the folder cannot be written to.
    """
    path = Path(path)
    beside = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        if lasting:
            to_disk(beside)
        os.replace(beside, path)
        if lasting:
            to_disk(path.parent)
    except OSError as error:
        said = refusal(error, path)
        if said is None:
            raise
        raise said from error
    finally:
        remove(beside)


@contextmanager
def replacing_all(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """`replacing` for files and folders that are made together, all in one folder.

    Yields a folder in which to make them, each under its own name.
    """
    targets = [Path(path) for path in paths]
    beside = _beside(targets[0])
    try:
        beside.mkdir(parents=True)
        yield beside
        for folder, _, files in os.walk(beside):
            for name in files:
                to_disk(os.path.join(folder, name))
            to_disk(folder)
        for target in targets:
            remove(target)
            os.replace(beside / target.name, target)
        to_disk(beside.parent)
    except OSError as error:
        said = refusal(error, targets[0])
        if said is None:
            raise
        raise said from error
    finally:
        remove(beside)


def to_disk(path: str | os.PathLike[str]) -> None:
    """Have what was written to a file, or the names in a folder, on the disk.

    Raises:
        OSError: the disk does not take it. That a file system knows no such thing is no error.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF):
            raise
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what killed processes left of `path` beside it. For its only writer to call."""
    path = Path(path)
    part = re.compile(rf"\.{re.escape(path.name)}\.\d+\.part")
    if path.parent.is_dir():
        for name in os.listdir(path.parent):
            if part.fullmatch(name):
                remove(path.parent / name)


def remove(path: Path) -> None:
    """Remove a file or a folder with all in it, if it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):  # a read-only disk: whoever wanted to write says so
            path.unlink(missing_ok=True)


def refusal(error: OSError, path: str | os.PathLike[str]) -> UserError | None:
    """A full disk and the like in one line; None where the fault is another.

    Args:
        error: what the system said.
        path: what was being written, for an error that does not name its file.
    """
    if error.errno not in _REMEDY:
        return None
    where = str(path)
    if error.filename is not None and not str(error.filename).endswith(".part"):
        where = os.fsdecode(error.filename)
    return UserError(f"{where}: {os.strerror(error.errno)}; {_REMEDY[error.errno]}")


def unreadable(path: str | os.PathLike[str], error: Exception) -> UserError:
    """A result that a library cannot read, in one line."""
    said = [*str(error).splitlines(), type(error).__name__][0]
    return UserError(f"{Path(path)}: cannot be read ({said}); {AGAIN}")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 with \\n line ends, whole or not at all, whatever the locale."""
    with replacing(path) as beside:
        beside.write_bytes(text.encode("utf-8"))


def read_json(path: str | os.PathLike[str]) -> Any:
    """The values of a JSON file that a job wrote.

    Raises:
        UserError: it cannot be read, or is none.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal.

    A file that stays as it is is read once in a process, unless it changed so short a time ago
    that it may change again without its times showing it.
    """
    found = os.stat(path)
    read = _sha256 if settled(found) else _sha256.__wrapped__
    state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return read(os.path.realpath(path), *state)


SETTLED_NS = 2_000_000_000
"""A file that changed so short a time ago may change again without its times showing it, where
these are coarse."""


def settled(found: os.stat_result) -> bool:
    """Whether a later change of this file will show in its times.

    Told by the time of its last change, which nobody can set: a file may be dated in the future.
    """
    return time.time_ns() - found.st_ctime_ns > SETTLED_NS


@lru_cache(maxsize=64)
def _sha256(path: str, *_state: int) -> str:
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def alone(path: str | os.PathLike[str]) -> Iterator[None]:
    """Wait until no other process is in such a block for the same path.

    The lock (flock) is on a file beside `path`, and ends with its process. A file system that
    knows none lets everybody in: what is made in the block must be right all the same. What a
    killed process left of `path` is removed.
    """
    beside = Path(path).with_name(f".{Path(path).name}.lock")
    beside.parent.mkdir(parents=True, exist_ok=True)
    with beside.open("a") as lock:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
            remove_leftovers(path)
        yield
