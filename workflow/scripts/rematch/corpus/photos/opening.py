"""The one way from a photo's file to pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from rematch.corpus.photos import formats
from rematch.corpus.photos.ceiling import Room
from rematch.corpus.photos.reasons import EMPTY, MISSING, TOO_LARGE, UNREADABLE
from rematch.errors import UserError, printable
from rematch.storage import PHOTO_BYTES

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
"""Formats that are opened, told by the content; Pillow's other readers are never reached."""

MAX_PIXELS = 89_478_485
"""Largest width x height decoded (Pillow's own warning threshold: 256 MB of RGB)."""

MAX_BYTES = PHOTO_BYTES
"""Largest file that is opened."""

MAX_MEMORY = 600_000_000
"""Most bytes that decoding a photo may take, and all that are decoded at once in a process
together. By its header a photo is refused, or waits until others are done."""

LARGE_BYTES = 16 * 2**20
"""A file larger than this is opened while no other photo is, since its header may be as large."""

_ROOM = Room(MAX_MEMORY)


class PhotoError(UserError):
    """A photo that cannot be used. `reason`: "class: detail", the class one of `reasons`."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)  # both as args, so the error survives pickling
        self.path = path
        self.reason = printable(reason)

    def __str__(self) -> str:
        said = f"{self.path}: {self.reason}; replace the photo and read the corpus again"
        return printable(said)


@contextmanager
def opened(path: Path, enough: int | None = None) -> Iterator[Image.Image]:
    """Decode the photo at `path` whole: upright, 8-bit RGB, at full size.

    An ordinary RGB JPEG gives exactly `Image.open(path).convert("RGB")`, what OpenAI CLIP's own
    preprocessing sees. For the others:

    - An animation gives its first frame, a JPEG of several pictures its first.
    - CMYK, greyscale, palette and alpha go through Pillow's `convert("RGB")`: colour profiles are
      ignored, and alpha is dropped without compositing, as CLIP does. The conversion comes before
      any resizing (CLIP's comes after), so a palette image is later resized in colours, not in
      palette numbers.
    - 16-bit greyscale keeps its high byte, as Pillow itself does for 16-bit colour; its
      `convert` would clip everything above 255 to white.
    - The EXIF orientation is applied. EXIF that cannot be read is ignored, as browsers do.
    - What a PNG says of its pixels (texts, profile) may be damaged or too large: the pixels count.

    While the photo is open, its bytes count among the `MAX_MEMORY` of this process, so a thread
    holds one at a time.

    Args:
        path: file of one of `FORMATS`; its name's ending does not matter.
        enough: a JPEG may come at a half, a quarter or an eighth of its size if both sides still
            have so many pixels, which is faster, and not the same pixels.

    Yields:
        A decoded image of mode "RGB", at most `MAX_PIXELS` pixels. It is closed in the end.

    Raises:
        PhotoError: the file is missing, empty, damaged, of another format or too large. Its size
            and that of its picture are judged before anything is decoded.
    """
    with ExitStack() as held:
        image = _told(path, enough, held)
        try:
            yield image
        finally:
            image.close()  # or its pixels outlive their room


def open_photo(path: Path, enough: int | None = None) -> Image.Image:
    """The photo of `opened`, to keep: its bytes do not count once it is decoded."""
    with ExitStack() as held:
        return _told(path, enough, held)


def _told(path: Path, enough: int | None, held: ExitStack) -> Image.Image:
    """`_read`, with whatever goes wrong as a PhotoError."""
    try:
        return _read(path, enough, held)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow refuses the largest headers while opening, before our own check.
        reason = f"{TOO_LARGE}: more than {MAX_PIXELS:,} pixels in the header"
        raise PhotoError(path, reason) from error
    except Exception as error:
        # Pillow's decoders meet damaged bytes with nearly any exception: OSError, SyntaxError,
        # ValueError, struct.error, IndexError, zlib.error, MemoryError.
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise PhotoError(path, f"{UNREADABLE}: {said or type(error).__name__}") from error


def form(path: Path) -> str:
    """Which of `FORMATS` a file is, by its first bytes; "" for none."""
    with path.open("rb") as handle:
        return formats.form_of(handle.read(16))


def _read(path: Path, enough: int | None, held: ExitStack) -> Image.Image:
    if not path.is_file():  # also keeps a named pipe from blocking for ever
        raise PhotoError(path, f"{MISSING}: no file {path.name!r}")
    size = path.stat().st_size
    if size == 0:
        raise PhotoError(path, f"{EMPTY}: 0 bytes")
    kind = form(path)
    if not kind:
        raise PhotoError(path, f"{UNREADABLE}: not a JPEG, PNG, GIF or WebP image")
    if size > MAX_BYTES:
        raise PhotoError(path, f"{TOO_LARGE}: {size:,} bytes")
    if size > LARGE_BYTES:
        held.enter_context(_ROOM.taken(MAX_MEMORY))
    with path.open("rb") as handle:
        if size > LARGE_BYTES // 4:
            _demand_few_parts(path, kind, handle)
        try:
            return _decoded(path, kind, handle, size, enough, held)
        except PhotoError:
            raise
        except Exception:
            rest = formats.bare(handle) if kind == "PNG" else None
            if rest is None:
                raise
            if size <= LARGE_BYTES:
                held.close()  # what was taken for the first try
        return _decoded(path, kind, rest, size, enough, held)


def _demand_few_parts(path: Path, kind: str, handle: IO[bytes]) -> None:
    many = formats.too_many_parts(kind, handle)
    if many:
        raise PhotoError(path, f"{UNREADABLE}: {many}")


def _decoded(
    path: Path, kind: str, handle: IO[bytes], size: int, enough: int | None, held: ExitStack
) -> Image.Image:
    handle.seek(0)
    with formats.header(kind, handle) as image:
        width, height = whole = image.size
        if width * height > MAX_PIXELS:
            raise PhotoError(path, f"{TOO_LARGE}: {width} x {height} pixels in the header")
        if min(whole) < 1:
            raise PhotoError(path, f"{UNREADABLE}: {width} x {height} pixels")
        if kind == "JPEG" and image.info.get("progressive"):
            _demand_few_parts(path, kind, handle)
        # Pillow's draft is coarser even where it makes nothing smaller.
        if enough is not None and min(whole) >= 2 * enough:
            image.draft(None, (enough, enough))  # of other formats it does nothing
        cost = formats.needed(kind, image, whole, size)
        _demand_memory(path, whole, cost)
        if size <= LARGE_BYTES:
            # A PNG may say at its end that it has to be turned.
            late = 4 * width * height if kind == "PNG" else 0
            held.enter_context(_ROOM.taken(cost + late))
        image.load()
        _demand_memory(path, whole, formats.needed(kind, image, whole, size))
        return _rgb(_upright(image))


def _demand_memory(path: Path, size: tuple[int, int], cost: int) -> None:
    if cost > MAX_MEMORY:
        reason = f"{size[0]} x {size[1]} pixels, which take {cost / 1e6:,.0f} MB to decode"
        raise PhotoError(path, f"{TOO_LARGE}: {reason}")


def _upright(image: Image.Image) -> Image.Image:
    turn = formats.turn_of(image.info)
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = _high_bytes(image)
    elif image.mode == "P":
        # Else Pillow warns, and makes a copy with alpha first. The colours are the same.
        image.info.pop("transparency", None)
    if image.mode != "RGB":
        image = image.convert("RGB")
    image.info = {}  # nobody shall turn it again
    return image


def _high_bytes(image: Image.Image) -> Image.Image:
    high = Image.new("L", image.size)
    for box in bands(image, 2):
        band = np.asarray(image.crop(box)) >> 8
        high.paste(Image.fromarray(band.astype(np.uint8)), box)
    return high


def bands(image: Image.Image, depth: int) -> Iterator[tuple[int, int, int, int]]:
    """An image's rows in boxes of 8 MB, so that its bytes are never all in memory twice.

    Box by box the bytes come in the order in which the whole image has them.
    """
    width, height = image.size
    rows, columns = max(1, 2**23 // (depth * width)), 2**23 // depth
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            yield left, top, min(left + columns, width), min(top + rows, height)
