"""Pretrained models behind one interface, a file a backend."""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.embed.models.encoder import Encoder as Encoder
    from rematch.embed.models.loading import load as load
    from rematch.embed.models.spec import ModelSpec as ModelSpec
    from rematch.embed.models.streams import chunks as chunks
    from rematch.embed.models.trees import grown as grown
else:
    __getattr__ = handing_on(__name__)
