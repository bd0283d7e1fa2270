"""Photographs: the one way from a file to pixels, and what the pixels are called.

Every part that looks at a photo goes through `open_photo`, so the corpus, the encoders and the
gallery agree on its pixels, and a digest taken at the door stays true to the end.
"""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rematch.errors import UserError
from rematch.names import EXTENSIONS as EXTENSIONS
from rematch.names import hashed_name as hashed_name
from rematch.progress import progress

log = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
"""Formats that are opened, told by the content; Pillow's other readers are never reached."""

MAX_PIXELS = 89_478_485
"""Largest width x height decoded (Pillow's own warning threshold: 256 MB of RGB)."""

MISSING = "photo missing"
EMPTY = "photo empty"
TOO_LARGE = "photo too large"
UNREADABLE = "photo unreadable"


class PhotoError(UserError):
    """A photo that cannot be used. `reason` is "class: detail", the class one of this module's."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)  # both as args, so the error survives pickling
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; replace the photo and read the corpus again"


class Examined(NamedTuple):
    """What opening a photo gave: its pixels' `digest`, or the `reason` that there is none."""

    digest: str
    reason: str


def open_photo(path: Path, enough: int | None = None) -> Image.Image:
    """Decode the photo at `path` whole: upright, 8-bit RGB, at full size.

    An ordinary RGB JPEG gives exactly `Image.open(path).convert("RGB")`, what OpenAI CLIP's own
    preprocessing sees. For the others:

    - An animation gives its first frame.
    - CMYK, greyscale, palette and alpha go through Pillow's `convert("RGB")`: colour profiles are
      ignored, and alpha is dropped without compositing, as CLIP does. The conversion comes before
      any resizing (CLIP's comes after), so a palette image is later resized in colours, not in
      palette numbers.
    - 16-bit greyscale keeps its high byte, as Pillow itself does for 16-bit colour; its
      `convert` would clip everything above 255 to white.
    - The EXIF orientation is applied. EXIF that cannot be read is ignored, as browsers do.

    Args:
        path: file of one of `FORMATS`; its name's ending does not matter.
        enough: a JPEG may come at a half, a quarter or an eighth of its size if both sides still
            have so many pixels, which is faster, and not the same pixels.

    Returns:
        A decoded image of mode "RGB", at most `MAX_PIXELS` pixels, detached from the file.

    Raises:
        PhotoError: the file is missing, empty, damaged, of another format or too large. The size
            is read from the header and judged before anything is decoded.
    """
    try:
        if not path.is_file():  # also keeps a named pipe from blocking for ever
            raise PhotoError(path, f"{MISSING}: no file {path.name!r}")
        if path.stat().st_size == 0:
            raise PhotoError(path, f"{EMPTY}: 0 bytes")
        with path.open("rb") as handle, Image.open(handle, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise PhotoError(path, f"{TOO_LARGE}: {width} x {height} pixels in the header")
            # Pillow's draft is coarser even where it makes nothing smaller.
            if enough is not None and min(width, height) >= 2 * enough:
                image.draft(None, (enough, enough))  # of other formats it does nothing
            image.load()
            upright = _upright(image)
            return _rgb(upright)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow refuses the largest headers while opening, before our own check.
        reason = f"{TOO_LARGE}: more than {MAX_PIXELS:,} pixels in the header"
        raise PhotoError(path, reason) from error
    except UnidentifiedImageError as error:
        raise PhotoError(path, f"{UNREADABLE}: not a JPEG, PNG, GIF or WebP image") from error
    except Exception as error:
        # Pillow's decoders meet damaged bytes with nearly any exception: OSError, SyntaxError,
        # ValueError, struct.error, IndexError, zlib.error, MemoryError.
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise PhotoError(path, f"{UNREADABLE}: {said or type(error).__name__}") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        # In place, pixels come before the rewriting of the EXIF: if that fails, they are right.
        ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:
        log.debug("EXIF ignored: %s", error)
    return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode == "P" and isinstance(image.info.get("transparency"), bytes):
        image = image.convert("RGBA")  # the same colours, without Pillow's warning
    return image.convert("RGB")


def pixels_digest(image: Image.Image) -> str:
    """SHA-256, in hexadecimal, of an RGB image's size and pixels.

    Hashed are width and height as little-endian unsigned 32-bit numbers, then the rows of
    RGB bytes: the same picture in another format or file name has the same digest.
    """
    if image.mode != "RGB":
        raise ValueError(f"pixels_digest needs an RGB image, not {image.mode}")
    whole = hashlib.sha256(struct.pack("<II", *image.size))
    whole.update(image.tobytes())
    return whole.hexdigest()


def examine(paths: Sequence[Path], threads: int) -> list[Examined]:
    """Open every photo of `paths`; one `Examined` a path, in the order of `paths`.

    Photos are decoded in `threads` threads (Pillow releases the GIL); a thread holds one decoded
    photo at a time. Number and order of the threads change nothing in the result.
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
        return Examined(pixels_digest(open_photo(path)), "")
    except PhotoError as error:
        return Examined("", error.reason)
