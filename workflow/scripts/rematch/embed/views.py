"""What a model is shown of a photo that is not square, of which its own crop leaves a part out."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

PLAIN = (122, 116, 104)
"""The mean colour of CLIP's training photos (Radford et al. 2021), which it reads as zeros."""

LONGEST = 1024
"""Pixels of a side that is padded beside; photos that are longer are made smaller first."""


def whole(photo: Image.Image) -> list[Image.Image]:
    """The photo as it is; the model crops its centre."""
    return [photo]


def padded(photo: Image.Image) -> list[Image.Image]:
    """All of it, in a square."""
    if max(photo.size) > LONGEST:
        photo = photo.copy()
        photo.thumbnail((LONGEST, LONGEST))
    side = max(photo.size)
    square = Image.new("RGB", (side, side), PLAIN)
    square.paste(photo, ((side - photo.width) // 2, (side - photo.height) // 2))
    return [square]


def three(photo: Image.Image) -> list[Image.Image]:
    """Three squares: its beginning, its middle and its end, along the longer side."""
    side, rest = min(photo.size), max(photo.size) - min(photo.size)
    across = photo.width >= photo.height
    found = []
    for start in (0, rest // 2, rest):
        left, top = (start, 0) if across else (0, start)
        found.append(photo.crop((left, top, left + side, top + side)))
    return found


VIEWS: dict[str, Callable[[Image.Image], list[Image.Image]]] = {
    "crop": whole,
    "pad": padded,
    "three": three,
}
"""By the name that the configuration gives; of several pictures the vectors are averaged."""

PICTURES = {"crop": 1, "pad": 1, "three": 3}
"""How many pictures a view makes of a photo."""
