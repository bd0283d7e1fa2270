"""Digests of files and folders as they are now, and as they were when last looked at."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping

from rematch.storage.files import settled, sha256_of

PHOTO_BYTES = 256 * 2**20
"""Largest file that is taken for a photo."""

UNREAD = "unread: "
"""What the reason begins with that stands for a file's SHA-256 where it is not read."""

Known = tuple[list[int], str]
"""Of a file: size, times and inode, or nothing where they cannot be relied on; and SHA-256."""

Files = dict[str, Known]
"""By name."""


def digest_of(path: str | os.PathLike[str]) -> str:
    """`Contents.of` what is there, with nothing known.

    Raises:
        OSError: it cannot be read.
    """
    if os.path.isdir(path):
        found = looked_through(path, {}, None)
        return digest_together({name: sha for name, (_, sha) in found.items()})
    return sha256_of(path)


def looked_through(folder: str | os.PathLike[str], before: Files, most: int | None) -> Files:
    """What the files of a folder hold: see `Contents.files`.

    Args:
        folder: path.
        before: what is known of them.
        most: of what has more bytes, or is a link out of the folder, the reason that it is not
            read stands for the digest; None: all are read.

    Raises:
        OSError: the folder cannot be read.
    """
    found: Files = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # as of a link to itself
                if not entry.name.startswith(".") and entry.is_file():
                    found[entry.name] = read_or_not(entry.path, before.get(entry.name), most)
    return found


def read_or_not(path: str, known: Known | None, most: int | None) -> Known:
    """What a file holds, or why it is not read; see `looked_through`."""
    why = _unread(path, most)
    return ([], why) if why else looked_at(path, os.stat(path), known)


def _unread(path: str, most: int | None) -> str:
    """Why a file of a folder is not read, if it is not."""
    if most is None:
        return ""
    if os.path.islink(path):
        folder = os.path.realpath(os.path.dirname(path))
        if os.path.commonpath([folder, os.path.realpath(path)]) != folder:
            return f"{UNREAD}a link out of the folder"
    size = os.stat(path).st_size
    return f"{UNREAD}{size} bytes" if size > most else ""


def looked_at(path: str | os.PathLike[str], found: os.stat_result, known: Known | None) -> Known:
    """What a file holds, read if it is not as it was when `known`."""
    now = state_of(found)
    if known is not None and known[0] == now:
        return known
    sha = sha256_of(path)
    return (now if settled(found) else [], sha)


def state_of(found: os.stat_result) -> list[int]:
    """What of a file changes when it does."""
    # The change time too: nobody can set it, so a copy that keeps the old times shows.
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def digest_together(files: Mapping[str, str]) -> str:
    """One digest of files' names and digests."""
    lines = "".join(f"{name}\0{sha}\n" for name, sha in sorted(files.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
