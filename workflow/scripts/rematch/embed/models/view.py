"""The part of a photo that a model sees, in little memory.

Most models see the middle of a photo whose shorter side was made 224 pixels long: a line of
8,000 x 1 pixels then has 1,792,000 x 224, of which all but 224 x 224 are cut off. And transformers'
processors copy a photo four times before they make it smaller. Here only what is seen is computed,
and to the bit what the library's way gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

LONG = 64
"""Ratio of a photo's sides up to which its libraries may do it."""
LARGE = 4_000_000
"""Pixels up to which they may."""

_BITS = 22
"""Pillow's fixed point arithmetic for 8-bit pixels (its Resample.c): 32 bits less 8, less 2."""

Integers = np.ndarray[Any, np.dtype[np.int64]]


def unusual(photo: Image.Image) -> bool:
    """Whether a library might need much memory for a photo."""
    width, height = photo.size
    return width * height > LARGE or max(photo.size) > LONG * min(photo.size)


@dataclass(frozen=True)
class View:
    """How photos are made smaller before a model sees them.

    Attributes:
        resample: the filter.
        size: width and height that every photo is resized to, or
        side: what the shorter side is resized to, and
        crop: the side of the square that is then cut out of the middle.
        half: how half a pixel is rounded where that is cut: "even" as torchvision does, or "down".
    """

    resample: Image.Resampling
    size: tuple[int, int] | None = None
    side: int = 0
    crop: int = 0
    half: Literal["even", "down"] = "even"

    @classmethod
    def of_transforms(cls, transforms: Any) -> View | None:
        """Of torchvision's transforms, if they begin with `Resize` and `CenterCrop`."""
        from torchvision.transforms import CenterCrop, Resize

        steps = list(getattr(transforms, "transforms", []))
        if len(steps) < 2 or type(steps[0]) is not Resize or type(steps[1]) is not CenterCrop:
            return None
        side, crop = _one(steps[0].size), _one(steps[1].size)
        filters = {item.name.lower(): item for item in Image.Resampling}
        resample = filters.get(str(steps[0].interpolation.value))
        if isinstance(steps[0].size, (tuple, list)) and len(steps[0].size) > 1:
            return None
        return cls._checked(resample, side, crop, "even")

    @classmethod
    def of_processor(cls, processor: Any) -> View | None:
        """Of a processor of transformers, if it resizes, and cuts out the middle, or only resizes.

        It is tried on a few photos, since a processor may do something else by the same names.
        """
        if not getattr(processor, "do_resize", False):
            return None
        size, crop = _entries(processor, "size"), _entries(processor, "crop_size")
        try:
            resample = Image.Resampling(int(processor.resample))
        except (TypeError, ValueError, AttributeError):
            return None
        view: View | None = None
        cropped = bool(getattr(processor, "do_center_crop", False))
        if set(size) == {"height", "width"}:
            view = cls(resample, (int(size["width"]), int(size["height"])))
        elif set(size) == {"shortest_edge"} and cropped and set(crop) == {"height", "width"}:
            square = crop["height"] == crop["width"]
            side = int(crop["height"]) if square else None
            view = cls._checked(resample, int(size["shortest_edge"]), side, "down")
        return view if view is not None and _same(view, processor) else None

    @classmethod
    def _checked(
        cls,
        resample: Image.Resampling | None,
        side: int | None,
        crop: int | None,
        half: Literal["even", "down"],
    ) -> View | None:
        """A view, where it is one that `resized_part` can give."""
        if resample not in _FILTERS or not side or not crop or crop > side:
            return None
        return cls(resample, None, side, crop, half)

    def of(self, photo: Image.Image) -> Image.Image:
        """A photo already resized, and as large as the model's own code leaves as it is."""
        if self.size is not None:
            return photo.resize(self.size, self.resample)
        width, height = photo.size
        longer = int(self.side * max(photo.size) / min(photo.size))
        size = (self.side, longer) if width <= height else (longer, self.side)
        # The library cuts `crop` out of what it gets, so that its middle must stay the middle.
        left, top = (self._start(length) - self._start(self.side) for length in size)
        box = (left, top, left + self.side, top + self.side)
        if max(photo.size) > LONG * min(photo.size):
            return resized_part(photo, size, box, self.resample)
        return photo.resize(size, self.resample).crop(box)

    def _start(self, length: int) -> int:
        """Where the middle begins."""
        spare = length - self.crop
        return round(spare / 2.0) if self.half == "even" else spare // 2


def _one(size: Any) -> int | None:
    """The number in a size, if it is one."""
    numbers = set(size) if isinstance(size, (tuple, list)) else {size}
    return int(numbers.pop()) if len(numbers) == 1 else None


def _entries(processor: Any, name: str) -> dict[str, Any]:
    """The entries of a processor's size that are set."""
    found = getattr(processor, name, None) or {}
    return {key: value for key, value in dict(found).items() if value is not None}


def _same(view: View, processor: Any) -> bool:
    rng = np.random.default_rng(0)
    for height, width in ((90, 121), (333, 200), (64, 64), (300, 37)):
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        photo = Image.fromarray(pixels)
        both = [processor(image, return_tensors="np") for image in (photo, view.of(photo))]
        if any(not np.array_equal(both[0][key], both[1][key]) for key in both[0]):
            return False
    return True


def resized_part(
    photo: Image.Image,
    size: tuple[int, int],
    box: tuple[int, int, int, int],
    resample: Image.Resampling,
) -> Image.Image:
    """`photo.resize(size, resample).crop(box)`, bit for bit, with only the part in memory.

    Pillow resizes first along the rows and then along the columns, each time with weights in fixed
    point and a result of 8 bits (its Resample.c); so does this. Where a photo is much taller than
    wide and becomes smaller, Pillow begins with the columns (13.0).

    Args:
        photo: mode RGB, one side much longer than the other.
        size: width and height of the whole.
        box: left, upper, right and lower edge of the part, in the whole.
        resample: a key of `_FILTERS`.
    """
    across = _weights(photo.width, size[0], box[0], box[2], resample)
    down = _weights(photo.height, size[1], box[1], box[3], resample)
    seen = photo.crop((across[0], down[0], across[1], down[1]))
    passes = [(1, across), (0, down)]
    if photo.width < photo.height and size[1] < photo.height:
        passes.reverse()
    pixels: Integers = np.asarray(seen).astype(np.int64)
    for axis, (_, _, starts, weights) in passes:
        pixels = _applied(pixels.swapaxes(0, axis), starts, weights).swapaxes(0, axis)
    return Image.fromarray(pixels.astype(np.uint8))


def _weights(
    length: int, whole: int, first: int, last: int, resample: Image.Resampling
) -> tuple[int, int, Integers, Integers]:
    """Of the pixels `first` to `last` of a side of `whole` made from one of `length`:

    where what they are made from begins and ends; and for each where its own begins, counted from
    there, [n], and the weights, [n, taps].
    """
    support, curve = _FILTERS[resample]
    scale = length / whole
    stretch = max(scale, 1.0)
    reach = support * stretch
    centres = (np.arange(first, last) + 0.5) * scale
    starts = np.maximum((centres - reach + 0.5).astype(np.int64), 0)
    ends = np.minimum((centres + reach + 0.5).astype(np.int64), length)
    taps = np.arange(math.ceil(reach) * 2 + 1)
    places = taps + starts[:, None]
    curved = curve((places - centres[:, None] + 0.5) * (1.0 / stretch))
    curved = np.where(places < ends[:, None], curved, 0.0)
    total = np.cumsum(curved, axis=1)[:, -1:]  # in order, as Pillow adds
    shares = np.where(total != 0, curved / np.where(total != 0, total, 1.0), curved)
    fixed = np.trunc(shares * (1 << _BITS) + np.where(shares < 0, -0.5, 0.5)).astype(np.int64)
    begin, end = int(starts.min()), int(ends.max())
    return begin, end, starts - begin, fixed


def _applied(pixels: Integers, starts: Integers, weights: Integers) -> Integers:
    """Sums along the first axis: [length, other, 3] -> [n, other, 3], of 8 bits."""
    total = np.full((len(starts), *pixels.shape[1:]), 1 << (_BITS - 1), dtype=np.int64)
    for tap in range(weights.shape[1]):
        # Past the end a weight is 0, whatever it is multiplied with.
        rows = pixels[np.minimum(starts + tap, len(pixels) - 1)]
        total += rows * weights[:, tap, None, None]
    clipped: Integers = np.clip(total >> _BITS, 0, 255)
    return clipped


def _bilinear(x: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    x = np.abs(x)
    return np.where(x < 1.0, 1.0 - x, 0.0)


def _bicubic(x: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    x, a = np.abs(x), -0.5
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


_FILTERS = {
    Image.Resampling.BILINEAR: (1.0, _bilinear),
    Image.Resampling.BICUBIC: (2.0, _bicubic),
}
