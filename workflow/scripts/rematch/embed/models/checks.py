"""Whether the project's towers compute what the library computes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from rematch.forms import Float32

if TYPE_CHECKING:
    import torch
    from PIL import Image


log = logging.getLogger(__name__)

CLOSE = {"float64": 1e-6, "float32": 1e-5, "bfloat16": 1e-2, "float16": 1e-2}
"""By precision, how far a coordinate of a fast tower's embedding, of length 1, may lie from that of
the library's own code in float32 (float64 for float64)."""

SAMPLE = [
    "fire in the harbour",
    "fire in the harbour of a small town, seen from the river at night",
    "fire in the harbour of a small town, seen from the river at night " * 3,
    "mayor",
    "two ships in a storm off the coast, the crew was rescued " * 9,
]
"""Texts on which a fast tower is compared: beginnings of others, a short one, one to be cut."""


def close(what: str, want: Float32, got: Float32, dtype: torch.dtype) -> bool:
    """Whether embeddings agree but for rounding, once they have length 1."""
    want, got = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (want, got))
    far, most = float(np.abs(want - got).max()), CLOSE[str(dtype).removeprefix("torch.")]
    if far <= most:  # not so for NaN
        return True
    log.warning(
        "%s: on a sample the fast towers lie %.2g from the library's own code, more than %.0g; "
        "the library computes them, slower",
        *(what, far, most),
    )
    return False


def sample_photos() -> list[Image.Image]:
    """Photos on which a fast tower is compared: coarse noise, in shapes of photos."""
    from PIL import Image

    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (9, 12, 3), dtype=np.uint8) for _ in range(3)]
    sizes = [(400, 300), (300, 400), (640, 360)]
    resized = Image.Resampling.BICUBIC
    return [
        Image.fromarray(pixels).resize(size, resized)
        for pixels, size in zip(noise, sizes, strict=True)
    ]


def to_float32(embeddings: torch.Tensor) -> Float32:
    """Embeddings as NumPy's float32."""
    # Kept in the model's precision until after normalisation would cost twice the memory for less
    # than a unit in the last place.
    array: Float32 = embeddings.float().cpu().numpy()
    return array
