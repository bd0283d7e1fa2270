"""What files hold: their digests and sizes, each read once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.engine.provenance.forms import Entry
from rematch.storage import progress

BLOCK = 1 << 20


def measure(
    paths: Iterable[str], folders: Mapping[str, Sequence[Path] | None] | None = None
) -> dict[str, Entry]:
    """SHA-256 and size of files and folders, each read once; what is not there is left out.

    A folder's SHA-256 is over a line a file, `<SHA-256>  <name>`, sorted by name: what
    `sha256sum` says. `folders` names the files that count in a folder; elsewhere all do.
    """
    files = {path: files_of(path, folders or {}) for path in paths if Path(path).exists()}
    blocks = sum(file.stat().st_size // BLOCK + 1 for each in files.values() for file in each)
    found: dict[str, Entry] = {}
    for _ in progress(_hash(files, found), blocks, "hashing", "blocks"):
        pass
    return found


def files_of(path: str, folders: Mapping[str, Sequence[Path] | None]) -> list[Path]:
    if path in folders:
        return [file for file in folders[path] or () if file.is_file()]
    if Path(path).is_dir():
        # Snakemake's own time stamp would differ on every machine.
        found = (file for file in Path(path).rglob("*") if file.name != ".snakemake_timestamp")
        return sorted(file for file in found if file.is_file())
    return [Path(path)]


def _hash(files: Mapping[str, Sequence[Path]], found: dict[str, Entry]) -> Iterator[None]:
    """Hash into `found`, yielding after each block."""
    for path, members in files.items():
        size = 0
        lines = {}
        for file in members:
            digest = hashlib.sha256()
            with file.open("rb") as handle:
                while block := handle.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    yield
            name = os.path.relpath(file, path).replace(os.sep, "/")
            lines[name] = f"{digest.hexdigest()}  {name}\n"
        if Path(path).is_dir():
            text = "".join(lines[name] for name in sorted(lines))
            digest = hashlib.sha256(text.encode("utf-8", "surrogateescape"))
            found[path] = {"sha256": digest.hexdigest(), "bytes": size, "files": len(lines)}
        else:
            found[path] = {"sha256": digest.hexdigest(), "bytes": size}


def digest_of(value: Any) -> str:
    """SHA-256 of a value's JSON with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
