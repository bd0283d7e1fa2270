"""Which folder holds a corpus' photos, where nobody has said it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rematch.corpus.glancing import glance
from rematch.corpus.names import ENDINGS
from rematch.corpus.spec import CorpusSpec
from rematch.errors import UserError


def find_photo_folder(spec: CorpusSpec) -> Path | None:
    """The folder beside a corpus' tables that holds most of its photos; None if none holds any.

    Raises:
        UserError: two folders hold as many.
    """
    tables = [path for path in (*spec.pairs, spec.articles, spec.images) if path is not None]
    folders = list(dict.fromkeys(f for path in tables for f in _with_photos(path.parent)))
    held = {folder: glance(replace(spec, photos=folder)).photos for folder in folders}
    most = max(held.values(), default=0)
    best = [folder for folder, photos in held.items() if photos == most]
    if not most:
        return None
    if len(best) > 1:
        raise UserError(
            f"{' and '.join(map(str, best))} hold {most:,} of the photos each; name the one that "
            f"is meant, as in PHOTOS={best[0]}"
        )
    return best[0]


def _with_photos(folder: Path) -> Iterator[Path]:
    """A folder and those in it, if a photo's file is in them."""
    try:
        inside = sorted(
            Path(entry.path)
            for entry in os.scandir(folder)
            if entry.is_dir() and not entry.name.startswith(".")
        )
    except OSError:
        inside = []
    for each in (folder, *inside):
        try:
            with os.scandir(each) as entries:
                if any(entry.name.endswith(ENDINGS) for entry in entries):
                    yield each
        except OSError:
            continue
