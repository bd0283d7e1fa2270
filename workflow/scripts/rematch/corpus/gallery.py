"""The photos of a corpus: which file is which image's, and whether it opens."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from rematch.corpus.door import Door, Image
from rematch.corpus.names import EXTENSIONS, by_id
from rematch.corpus.photos import MISSING, examine
from rematch.corpus.rejects import UNSAFE_NAME
from rematch.errors import UserError
from rematch.storage import sha256_of

log = logging.getLogger(__name__)


def open_photos(
    door: Door,
    folder: Path | None,
    threads: int,
    hashes: Mapping[str, str],
    known: Mapping[str, str],
) -> None:
    """Find and open every photo noted, but for the known; refuse those that cannot be.

    Args:
        door: after `settle_images`; takes the digests, or the reasons that there are none.
        folder, threads, hashes, known: as `read_corpus` has them.
    """
    found = find_photos(door, folder)
    if not found:
        return
    for _, image, file in found:
        image.sha256, image.file = hashes.get(file.name, ""), file
        image.digest = known.get(image.sha256, "")
    new = [entry for entry in found if not entry[1].digest]
    door.counts["images"] += len(found) - len(new)
    log.info("%s photos to open, %s known", f"{len(new):,}", f"{len(found) - len(new):,}")
    results = examine([file for _, _, file in new], threads)
    for (image_id, image, file), result in zip(new, results, strict=True):
        if result.reason:
            door.refuse(image.path, image.line, "image", image_id, result.reason)
            continue
        image.digest = result.digest
        door.counts["images"] += 1
        if image.sha256 and sha256_of(file) != image.sha256:
            image.sha256 = ""  # written over meanwhile: the pixels may be of either file


def find_photos(door: Door, folder: Path | None) -> list[tuple[str, Image, Path]]:
    """The photos that are there, by id, none opened yet; the others are refused."""
    present = _files_of(folder) if folder is not None else set()
    missing: list[str] = []
    found: list[tuple[str, Image, Path]] = []
    files = door.naming().find(present)
    door.join_twins(files)
    for image_id, image in door.images.items():
        name = files.get(image_id, "")
        if folder is not None and _leads_out(folder, name):
            why = f"{UNSAFE_NAME}: {name!r} is a link out of the folder"
            door.refuse(image.path, image.line, "image", image_id, why)
            continue
        if folder is not None and name:
            found.append((image_id, image, folder / name))
            continue
        wanted = image.photo or f"{image_id}{EXTENSIONS[0]}"
        why = f"no file {wanted!r}" if folder is not None else "no folder of photos was given"
        others = next((name for name in by_id(image_id) if name in present), "")
        why += f"; {others!r} is another image's" if others else ""
        missing.append(wanted)
        door.refuse(image.path, image.line, "image", image_id, f"{MISSING}: {why}")
    if missing:
        log.warning(
            "%s of %s photos missing%s; first three: %s",
            f"{len(missing):,}",
            f"{len(door.images):,}",
            f" in {folder}" if folder is not None else ": no folder of photos was given",
            ", ".join(missing[:3]),
        )
    return found


def _files_of(folder: Path) -> set[str]:
    """The names of all that is no folder in a folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)}
    except OSError as error:
        raise UserError(
            f"corpus: the folder of photos {folder} cannot be read ({error.strerror}); "
            "check `photos`"
        ) from error


def _leads_out(folder: Path, name: str) -> bool:
    """Whether a file of the folder is a link to what lies outside of it."""
    file = folder / name
    if not file.is_symlink():
        return False
    # Not `resolve`, which fails at a link to itself.
    return not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))
