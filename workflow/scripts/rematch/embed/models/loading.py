"""Pretrained CLIP models behind one interface.

A new backend is one class and one line in `BACKENDS`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from rematch.embed.models.base import PARTS, TILE, Encoder, ModelSpec, Tokens, chunks
from rematch.embed.models.hf import HuggingFace
from rematch.embed.models.open_clip import OpenClip
from rematch.embed.models.openai import ROUND, OpenAIClip
from rematch.errors import UserError

__all__ = ["BACKENDS", "PARTS", "ROUND", "TILE", "Encoder", "ModelSpec", "Tokens", "chunks", "load"]

log = logging.getLogger(__name__)

BACKENDS: dict[str, Callable[[ModelSpec], Encoder]] = {
    "openai": OpenAIClip,
    "open_clip": OpenClip,
    "hf": HuggingFace,
}


def load(spec: ModelSpec, parts: Collection[str] = PARTS) -> Encoder:
    """The encoder of a spec.

    Args:
        spec: which model.
        parts: what will be encoded, "texts", "photos" or both; the rest of the model is let go.

    Raises:
        UserError: the backend, the checkpoint or the device is not there, or cannot be read.
    """
    if spec.backend not in BACKENDS:
        raise UserError(f"backend {spec.backend!r} is not one of {', '.join(sorted(BACKENDS))}")
    encoder = BACKENDS[spec.backend](spec)
    if spec.engine == "auto" and not encoder.accelerate(parts):
        encoder = BACKENDS[spec.backend](spec)
    log.info("model: %s", ", ".join(f"{key} {value}" for key, value in encoder.identity.items()))
    return encoder
