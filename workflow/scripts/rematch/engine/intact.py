"""Is what lies under results/ still what was written there?"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from rematch.engine.records import RECORDS, parsed, place
from rematch.errors import UserError
from rematch.storage import KEPT, Store, digest_of, sealed


def unlike_records(known: Collection[str]) -> Iterator[str]:
    """What is not as recorded, a line each; of all that was ever recorded here.

    Args:
        known: results that have been compared already: of these only what is wrong with their
            records.
    """
    if not RECORDS.is_dir():
        yield f"records missing: {RECORDS}; without them the next run makes all again"
        return
    for path in known:
        if os.path.exists(path) and not place(path).exists():
            yield f"record missing: {place(path)}, of {path}"
    # What jobs make outside results/ lies under resources/, its records beside it.
    beside = Path("resources").rglob(f"{RECORDS.name}/*.json")
    for file in sorted({*RECORDS.rglob("*.json"), *beside}):
        try:
            made = parsed(file.read_bytes())
        except (OSError, ValueError):
            yield f"record damaged: {file}"
            continue
        if place(made.path) != file:
            yield f"record of another file: {file}"
        elif made.path not in known and os.path.exists(made.path):
            with suppress(OSError):
                if digest_of(made.path) != made.sha256:
                    yield f"output changed: {made.path}"


def damaged_stores() -> Iterator[str]:
    """Files that keep work for later runs, and what is kept of files' digests."""
    for path in sorted(Path("results").glob("*/embeddings/*/.*.vectors.arrow")):
        try:
            damaged = Store(path).damaged
        except UserError:
            damaged = -1
        if damaged:
            what = f"{damaged:,} blocks" if damaged > 0 else "all"
            yield f"kept vectors damaged: {path} ({what}); encoded anew when they are needed"
    try:
        sealed(Path(KEPT).read_bytes())
    except FileNotFoundError:
        pass  # it may be lost at any time
    except (OSError, ValueError):
        yield f"kept digests damaged: {KEPT}; the files are read again by the next run"
