"""Pretrained CLIP models behind one interface.

A new backend is one class and one line in `BACKENDS`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rematch.arrays import Float32
from rematch.errors import UserError
from rematch.files import sha256_of
from rematch.openai_clip import load_clip_module

if TYPE_CHECKING:
    import torch
    from PIL import Image

log = logging.getLogger(__name__)


ROUND = 16
"""Texts are computed at lengths that are multiples of this: with it every embedding came out bit
for bit as at the full context; without it a third of them did, the rest within 3e-6."""


@dataclass(frozen=True)
class ModelSpec:
    """Which model, and how it computes.

    Attributes:
        backend: a key of `BACKENDS`.
        checkpoint: path of the weights, or None to take `name` from the backend's own list.
        name: the backend's name for pretrained weights ("ViT-B/32"), downloaded to `cache`.
        cache: folder for downloads.
        precision: "float32", or "float64" for results that do not depend on the processor.
        device: "cpu" or "cuda". A GPU changes the last digits of an embedding.
        threads: torch's threads; part of the arithmetic, so it comes from the config.
    """

    backend: str
    checkpoint: Path | None = None
    name: str | None = None
    cache: Path = Path("~/.cache/clip")
    precision: str = "float32"
    device: str = "cpu"
    threads: int = 1

    @classmethod
    def from_config(cls, model: Mapping[str, Any], encoding: Mapping[str, Any]) -> ModelSpec:
        """From an entry of the config's `models` and its section `encoding`."""
        return cls(
            backend=model["backend"],
            checkpoint=Path(model["checkpoint"]) if "checkpoint" in model else None,
            name=model.get("name"),
            cache=Path(encoding["cache"]),
            precision=model["precision"],
            device=encoding["device"],
            threads=encoding["threads"],
        )


@dataclass(frozen=True)
class Tokens:
    """A tokenized text.

    Attributes:
        ids: the model's own form of it; those of one length can be stacked.
        length: positions the model computes for it; depends on this text alone.
        cut: whether the text was longer than the model's context.
    """

    ids: Any
    length: int
    cut: bool


class Encoder(Protocol):
    """What a backend gives. Embeddings are not normalised yet."""

    identity: dict[str, str]
    """What the numbers depend on: backend, model, checkpoint_sha256, precision."""
    dimension: int

    def tokenize(self, text: str) -> Tokens:
        """One text as the model reads it."""

    def encode_texts(self, ids: Sequence[Any]) -> Float32:
        """Float32 [n, dimension] of the `ids` of texts of one length."""

    def preprocess(self, photo: Image.Image) -> Any:
        """One RGB photo as the model reads it; safe to call from several threads."""

    def encode_photos(self, photos: Sequence[Any]) -> Float32:
        """Float32 [n, dimension] of what `preprocess` gave."""


class OpenAIClip:
    """OpenAI's `clip` (Radford et al. 2021), by name or by checkpoint path, not retrained."""

    def __init__(self, spec: ModelSpec) -> None:
        import torch

        self._torch = torch
        torch.set_num_threads(spec.threads)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(0)
        if spec.device == "cuda" and not torch.cuda.is_available():
            raise UserError("encoding.device: cuda, but torch finds no GPU; set it to cpu")
        self._clip = load_clip_module()
        path = _weights(spec, self._clip)
        try:
            with warnings.catch_warnings():
                # clip.load tries the file as a TorchScript archive first.
                warnings.filterwarnings("ignore", category=DeprecationWarning)
                model, self._preprocess = self._clip.load(str(path), device="cpu")
        except Exception as error:  # torch raises whatever its reader stumbled on
            raise UserError(
                f"{path}: clip.load cannot read this checkpoint ({_first_line(error)}); "
                "it must be a state dict or TorchScript archive of OpenAI's CLIP"
            ) from error
        self._dtype = {"float32": torch.float32, "float64": torch.float64}[spec.precision]
        if self._dtype == torch.float64:
            _compute_in_float64(model)
        self._model = model.to(spec.device).eval()
        self._device = spec.device
        self._context = int(model.context_length)
        self._positions = self._model.positional_embedding.detach()
        self._mask = self._model.transformer.resblocks[0].attn_mask.to(spec.device)
        self.dimension = int(model.text_projection.shape[1])
        self.identity = {
            "backend": "openai",
            "model": spec.name or path.name,
            "checkpoint_sha256": sha256_of(path),
            "precision": spec.precision,
            "device": spec.device,
        }

    def tokenize(self, text: str) -> Tokens:
        cut = False
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
            return _float32(self._model.encode_text(batch))

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
            return _float32(self._model.encode_image(batch))


BACKENDS: dict[str, Callable[[ModelSpec], Encoder]] = {"openai": OpenAIClip}


def load(spec: ModelSpec) -> Encoder:
    """The encoder of a spec.

    Raises:
        UserError: the backend, the checkpoint or the device is not there, or cannot be read.
    """
    if spec.backend not in BACKENDS:
        raise UserError(f"backend {spec.backend!r} is not one of {', '.join(sorted(BACKENDS))}")
    encoder = BACKENDS[spec.backend](spec)
    log.info("model: %s", ", ".join(f"{key} {value}" for key, value in encoder.identity.items()))
    return encoder


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
            f"{spec.name} cannot be downloaded ({_first_line(error)}); fetch {urls[spec.name]} "
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


def _float32(embeddings: torch.Tensor) -> Float32:
    # Kept in the model's precision until after normalisation would cost twice the memory for less
    # than a unit in the last place.
    array: Float32 = embeddings.cpu().numpy().astype(np.float32)
    return array


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
