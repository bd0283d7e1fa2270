"""Pretrained models behind one interface, a file a backend."""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.embed.models.base import (
        Encoder as Encoder,
        ModelSpec as ModelSpec,
        chunks as chunks,
    )
    from rematch.embed.models.loading import load as load
    from rematch.embed.models.towers import grown as grown
else:
    __getattr__ = handing_on(__name__)
