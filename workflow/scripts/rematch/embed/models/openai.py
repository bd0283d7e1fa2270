"""OpenAI's `clip` (Radford et al. 2021)."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Container
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rematch.embed.models.encoder import Encoder, Tokens
from rematch.embed.models.fetch import fetched
from rematch.embed.models.settings import first_line, identity, prepare_torch
from rematch.embed.models.spec import ModelSpec
from rematch.embed.models.view import View
from rematch.errors import UserError
from rematch.methods import Method
from rematch.outside import load_clip_module
from rematch.storage import sha256_of

if TYPE_CHECKING:
    import torch
    from PIL import Image

METHOD = Method(
    name="openai",
    does="OpenAI's `clip`: `name` is one of its models (`ViT-B/32`), `checkpoint` a state dict "
    "that `clip.load` reads, or one of OpenAI's own archives",
    source="Radford et al. 2021, Learning Transferable Visual Models From Natural Language "
    "Supervision",
    run="OpenAIClip",
    packages=("clip-anytorch",),
)


ROUND = 16
"""Texts are computed at lengths that are multiples of this: with it every embedding came out bit
for bit as at the full context; without it a third of them did, the rest within 3e-6."""


class OpenAIClip(Encoder):
    """OpenAI's `clip` (Radford et al. 2021), by name or by checkpoint path, not retrained."""

    def __init__(self, spec: ModelSpec) -> None:
        import torch

        self._torch = torch
        self._spec = spec
        settings = prepare_torch(spec)
        self._clip = load_clip_module()
        path = _weights(spec, self._clip)
        published = {url.split("/")[-2] for url in self._clip.clip._MODELS.values()}
        demand_weights(path, published)
        try:
            with warnings.catch_warnings():
                # clip.load tries the file as a TorchScript archive first.
                warnings.filterwarnings("ignore", category=DeprecationWarning)
                model, self._preprocess = self._clip.load(str(path), device="cpu")
        except Exception as error:  # torch raises whatever its reader stumbled on
            raise UserError(
                f"{path}: clip.load cannot read this checkpoint ({first_line(error)}); "
                "it must be a state dict or TorchScript archive of OpenAI's CLIP"
            ) from error
        if settings.dtype == torch.float64:
            _compute_in_float64(model)
        self._context = int(model.context_length)
        self._tokenizer = self._clip.clip._tokenizer
        self._word = cache(self._tokenizer.encode)
        self.dimension = int(model.text_projection.shape[1])
        self.identity = identity(spec, settings, spec.name or path.name, [path])
        self._ready(spec, model, settings)
        self._view = View.of_transforms(self._preprocess)
        self._positions = self._model.positional_embedding.detach()
        self._mask = self._model.transformer.resblocks[0].attn_mask.to(settings.device)

    def tokenize(self, text: str) -> Tokens:
        ids = self._ids(self._spec.prompted(text))
        cut = len(ids) > self._context
        if cut:
            ids = [*ids[: self._context - 1], ids[-1]]
        # The text's embedding is read at the end-of-text token, the largest id. The tower is
        # causal, so what stands behind that token does not reach it and need not be computed.
        used = ids.index(max(ids)) + 1
        length = min(-(-used // ROUND) * ROUND, self._context)
        padded = ids[:length] + [0] * (length - len(ids))
        return Tokens(self._torch.tensor(padded), length, cut, tuple(ids[:used]))

    def _ids(self, text: str) -> list[int]:
        """What `clip.tokenize` makes of a text, neither cut nor padded."""
        # Its tokens never go over a space. But the library first repairs the encoding and unescapes
        # HTML, for which it has to see the whole; here is nothing to repair.
        plain = text.isascii() and text.isprintable() and "&" not in text
        words = [token for word in text.split() for token in self._word(word)] if plain else None
        inner = self._tokenizer.encode(text) if words is None else words
        ends = self._tokenizer.encoder
        return [ends["<|startoftext|>"], *inner, ends["<|endoftext|>"]]

    def preprocess(self, photo: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self._preprocess(photo)
        return pixels

    def _texts(self, batch: torch.Tensor) -> torch.Tensor:
        self._attend_to(batch.shape[1])
        vectors: torch.Tensor = self._model.encode_text(batch)
        return vectors

    def _attend_to(self, length: int) -> None:
        """Make the text tower work on the first `length` positions of its context."""
        self._model.positional_embedding = self._torch.nn.Parameter(self._positions[:length])
        for block in self._model.transformer.resblocks:
            block.attn_mask = self._mask[:length, :length]

    def _photos(self, batch: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = self._model.encode_image(batch)
        return vectors


def _weights(spec: ModelSpec, clip: Any) -> Path:
    """The checkpoint's file, downloaded first where only a name is given."""
    if spec.checkpoint is not None:
        if not spec.checkpoint.is_file():
            raise UserError(f"{spec.checkpoint}: no such checkpoint; correct models.*.checkpoint")
        return spec.checkpoint
    urls: dict[str, str] = clip.clip._MODELS
    if spec.name not in urls:
        raise UserError(f"clip has no model {spec.name!r}; it has {', '.join(urls)}")
    url = urls[spec.name]
    # These addresses name the file's SHA-256 before the file.
    return fetched(url, url.split("/")[-2], spec.cache.expanduser(), f"model {spec.name}")


def demand_weights(path: Path, published: Container[str]) -> None:
    """See to it that `clip.load` runs no code that came with a checkpoint.

    It opens a file as a TorchScript archive first, and such an archive may run code of its own,
    and write files, while it is opened. So let through are only what torch takes for weights
    alone, and archives of a known SHA-256.

    Args:
        path: the checkpoint.
        published: SHA-256 of OpenAI's own archives.

    Raises:
        UserError: the file is something else, or is damaged.
    """
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it looks like an archive
            torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # torch raises whatever its reader stumbled on
        if sha256_of(path) in published:
            return
        raise UserError(
            f"{path}: clip.load cannot read this checkpoint ({first_line(error)}); it must be one "
            "of OpenAI's own archives or a state dict of tensors, saved with torch.save"
        ) from error


def _compute_in_float64(model: torch.nn.Module) -> None:
    """Make a CLIP compute in float64 throughout.

    CLIP's own LayerNorm casts to float32 and back, for the sake of fp16; torch's does not.
    """
    import torch

    model.double()
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.forward = partial(torch.nn.LayerNorm.forward, module)  # type: ignore[method-assign]
