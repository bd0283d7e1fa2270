"""Seeded damages of what lies under results/: flips, truncations, hand edits, swapped files."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOW = ("flip", "truncate", "edit", "swap")


def kinds(results: Path) -> list[list[Path]]:
    """The files that hold something, by kind: those of the runs, of the records and so on."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(results.rglob("*")):
        if path.is_file() and path.stat().st_size:
            top = path.relative_to(results).parts[0]
            alike = top in (".made", "logs", "benchmarks") or top == path.name
            name = path.suffix if "w3" in path.name or "w6" in path.name else path.name
            kind = (top, "") if alike else (path.parent.name, name)
            found.setdefault(kind, []).append(path)
    return list(found.values())


@contextmanager
def damaged(path: Path, others: list[Path], how: str, chance: random.Random) -> Iterator[None]:
    """The file damaged, its time as it was; whole again after the block."""
    before, whole = path.stat(), path.read_bytes()
    content = bytearray(whole)
    at = chance.randrange(len(content))
    if how == "flip":
        content[at] ^= 1 << chance.randrange(8)
    elif how == "truncate":
        del content[at:]
    elif how == "edit":
        content[at:at] = b"7"
    else:
        other = chance.choice([path for path in others if path.read_bytes() != whole])
        content = bytearray(other.read_bytes())
    try:
        path.write_bytes(bytes(content))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        yield
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
