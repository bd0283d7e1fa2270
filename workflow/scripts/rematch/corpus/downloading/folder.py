"""What lies in a folder of fetched photos: their files, the ids behind names, what failed."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rematch.corpus.names import EXTENSIONS, hashed_name
from rematch.errors import UserError
from rematch.storage import make_folder, open_shared, unusable

log = logging.getLogger(__name__)

INDEX = "index.tsv"
FAILED = "failed.jsonl"
WORK = ".download"

_HASHED = re.compile(r"hash\.[0-9a-f]{40}")
_HEADER = "image_id\tfile\n"


@dataclass(frozen=True)
class Failed:
    """Why a photo did not come. `lasting`: the same URL is not asked again unless told."""

    url: str
    reason: str
    lasting: bool


def find_downloaded(folder: Path) -> dict[str, str]:
    """The file name in `folder` of every photo that is there, by image id.

    A photo put there by hand as `<image id>.<extension>` counts. Files of zero bytes do not, and
    of several the first in the order of `EXTENSIONS` holds. A folder that does not exist
    holds none.
    """
    sizes = sizes_of(folder)
    indexed = _read_index(folder)
    found: dict[str, str] = {}
    endings = (*EXTENSIONS, *(extension.upper() for extension in EXTENSIONS))
    for extension in endings:
        for name in sorted(sizes):
            stem = name.removesuffix(extension)
            if stem in ("", name) or not sizes[name]:
                continue
            item = indexed.get(stem) if _HASHED.fullmatch(stem) else stem
            if item is not None:
                found.setdefault(item, name)
    return found


def sizes_of(folder: Path, empty: bool = True) -> dict[str, int]:
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


def note_failed(folder: Path, item: str, failed: Failed) -> None:
    """Add a failure to the folder's."""
    line = {
        "image_id": item,
        "url": failed.url,
        "reason": failed.reason,
        "lasting": failed.lasting,
        "time": round(time.time(), 3),
    }
    _append(folder / FAILED, json.dumps(line) + "\n")


def note_name(folder: Path, item: str, name: str) -> None:
    """Add the id behind a hashed name to the folder's index."""
    path = folder / INDEX
    _append(path, ("" if path.exists() else _HEADER) + f"{json.dumps(item)}\t{name}\n")


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
def writing(folder: Path) -> Iterator[None]:
    """With what keeps the folder from being written as a UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: cannot be written ({error.strerror or error}); make "
            "room or make it writable, and run again: what was fetched is kept"
        ) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
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
