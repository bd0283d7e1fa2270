"""The encoder of a spec, by the backend that it names."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import cast

from rematch.embed.models.encoder import Encoder
from rematch.embed.models.spec import PARTS, ModelSpec
from rematch.methods import chosen

log = logging.getLogger(__name__)


def load(spec: ModelSpec, parts: Collection[str] = PARTS) -> Encoder:
    """The encoder of a spec.

    Args:
        spec: which model.
        parts: what will be encoded, "texts", "photos" or both; the rest of the model is let go.

    Raises:
        UserError: the backend, the checkpoint or the device is not there, or cannot be read.
    """
    backend = chosen("models", spec.backend).load()
    encoder = cast(Encoder, backend(spec))
    if spec.engine == "auto" and not encoder.accelerate(parts):
        encoder = cast(Encoder, backend(spec))
    log.info("model: %s", ", ".join(f"{key} {value}" for key, value in encoder.identity.items()))
    return encoder
