"""What a photo's pixels are called, and whether photos open at all."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from rematch.corpus.photos.opening import PhotoError, bands, opened
from rematch.storage import progress


class Examined(NamedTuple):
    """What opening a photo gave: its pixels' `digest`, or the `reason` that there is none."""

    digest: str
    reason: str


def pixels_digest(image: Image.Image) -> str:
    """SHA-256, in hexadecimal, of an RGB image's size and pixels.

    Hashed are width and height as little-endian unsigned 32-bit numbers, then the rows of
    RGB bytes: the same picture in another format or file name has the same digest.
    """
    if image.mode != "RGB":
        raise ValueError(f"pixels_digest needs an RGB image, not {image.mode}")
    whole = hashlib.sha256(struct.pack("<II", *image.size))
    for box in bands(image, 3):
        whole.update(image.crop(box).tobytes())
    return whole.hexdigest()


def examine(paths: Sequence[Path], threads: int) -> list[Examined]:
    """Open every photo of `paths`; one `Examined` a path, in the order of `paths`.

    Photos are decoded in `threads` threads (Pillow releases the GIL); a thread holds one decoded
    photo at a time, and all together no more than `MAX_MEMORY`. Number and order of the
    threads change nothing in the result.
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, not {threads}")
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="photo")
    try:
        done = pool.map(_examine, paths)
        return list(progress(done, len(paths), "opening photos", "photos"))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt must not wait for thousands of photos


def _examine(path: Path) -> Examined:
    try:
        with opened(path) as image:
            return Examined(pixels_digest(image), "")
    except PhotoError as error:
        return Examined("", error.reason)
