"""OpenAI's `clip` (Radford et al. 2021)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rematch.arrays import Float32
from rematch.errors import UserError
from rematch.models.base import (
    ModelSpec,
    Tokens,
    first_line,
    identity,
    prepare_torch,
    to_float32,
)
from rematch.openai_clip import load_clip_module

if TYPE_CHECKING:
    import torch
    from PIL import Image

ROUND = 16
"""Texts are computed at lengths that are multiples of this: with it every embedding came out bit
for bit as at the full context; without it a third of them did, the rest within 3e-6."""


class OpenAIClip:
    """OpenAI's `clip` (Radford et al. 2021), by name or by checkpoint path, not retrained."""

    def __init__(self, spec: ModelSpec) -> None:
        import torch

        self._torch = torch
        self._spec = spec
        self._dtype = prepare_torch(spec)
        self._clip = load_clip_module()
        path = _weights(spec, self._clip)
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
        if self._dtype == torch.float64:
            _compute_in_float64(model)
        self._model = model.to(spec.device).eval()
        self._device = spec.device
        self._context = int(model.context_length)
        self._positions = self._model.positional_embedding.detach()
        self._mask = self._model.transformer.resblocks[0].attn_mask.to(spec.device)
        self.dimension = int(model.text_projection.shape[1])
        self.identity = identity(spec, spec.name or path.name, [path])

    def tokenize(self, text: str) -> Tokens:
        text, cut = self._spec.prompted(text), False
        try:
            ids = self._clip.tokenize(text, self._context)[0]
        except RuntimeError:  # its word for "longer than the context"
            ids, cut = self._clip.tokenize(text, self._context, truncate=True)[0], True
        # The text's embedding is read at the end-of-text token, the largest id. The tower is
        # causal, so what stands behind that token does not reach it and need not be computed.
        used = int(ids.argmax()) + 1
        length = min(-(-used // ROUND) * ROUND, self._context)
        return Tokens(ids[:length], length, cut)

    def encode_texts(self, ids: Sequence[torch.Tensor]) -> Float32:
        batch = self._torch.stack(list(ids)).to(self._device)
        self._attend_to(batch.shape[1])
        with self._torch.inference_mode():
            return to_float32(self._model.encode_text(batch))

    def _attend_to(self, length: int) -> None:
        """Make the text tower work on the first `length` positions of its context."""
        self._model.positional_embedding = self._torch.nn.Parameter(self._positions[:length])
        for block in self._model.transformer.resblocks:
            block.attn_mask = self._mask[:length, :length]

    def preprocess(self, photo: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self._preprocess(photo)
        return pixels

    def encode_photos(self, photos: Sequence[torch.Tensor]) -> Float32:
        batch = self._torch.stack(list(photos)).to(self._device, self._dtype)
        with self._torch.inference_mode():
            return to_float32(self._model.encode_image(batch))


def _weights(spec: ModelSpec, clip: Any) -> Path:
    """The checkpoint's file, downloaded first where only a name is given."""
    if spec.checkpoint is not None:
        if not spec.checkpoint.is_file():
            raise UserError(f"{spec.checkpoint}: no such checkpoint; correct models.*.checkpoint")
        return spec.checkpoint
    urls: dict[str, str] = clip.clip._MODELS
    if spec.name not in urls:
        raise UserError(f"clip has no model {spec.name!r}; it has {', '.join(urls)}")
    cache = spec.cache.expanduser()
    try:
        return Path(clip.clip._download(urls[spec.name], str(cache)))
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"{spec.name} cannot be downloaded ({first_line(error)}); fetch {urls[spec.name]} "
            f"and put it into {cache}"
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
