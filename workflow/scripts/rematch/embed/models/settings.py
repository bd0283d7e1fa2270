"""How torch computes, and what a model's vectors are known by."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rematch.errors import UserError
from rematch.storage import sha256_of

if TYPE_CHECKING:
    import torch

from rematch.embed.models.spec import ModelSpec

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What torch was set to: the data type of products, and the device."""

    dtype: torch.dtype
    device: str


def prepare_torch(spec: ModelSpec) -> Settings:
    """Set torch to compute the same thing every time.

    Returns:
        The data type and the device of a spec.

    Raises:
        UserError: the device is not there, or cannot compute in the precision.
    """
    import torch

    # Set, it would let every torch.load run what is pickled in a file.
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    torch.set_num_threads(spec.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    device = spec.device
    if device == "auto":
        # float64 is for results that are the same everywhere.
        exact = spec.precision == "float64"
        device = "cpu" if exact else next(name for name, found in there.items() if found)
    if not there[device]:
        raise UserError(
            f"encoding.device: {device}, but torch finds no such GPU; set it to cpu or auto"
        )
    if device == "mps" and spec.precision == "float64":
        raise UserError("encoding.device: mps has no float64; set device to cpu or auto")
    if device == "cpu" and spec.precision == "float16":
        log.warning("float16 is for GPUs and slow on a CPU; bfloat16 is faster and as small")
    dtypes = {
        "float64": torch.float64,
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
        "float16": torch.float16,
    }
    return Settings(dtypes[spec.precision], device)


def identity(
    spec: ModelSpec, settings: Settings, model: str, weights: Iterable[Path]
) -> dict[str, str]:
    """What a backend's numbers depend on, as `Encoder.identity` wants it.

    Not on the name of a checkpoint's file, which may lie elsewhere next time.
    """
    return {
        "backend": spec.backend,
        "model": model if spec.checkpoint is None else "a checkpoint",
        "checkpoint_sha256": weights_sha256(weights),
        "precision": spec.precision,
        "device": settings.device,
        "engine": "library",
        "batch": str(spec.batch),
        "decode": spec.decode,
        "prompt": spec.prompt,
    }


def weights_sha256(files: Iterable[Path]) -> str:
    """The SHA-256 of a file; of several, that of their digests, whatever their names and order."""
    digests = sorted(sha256_of(path) for path in files)
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def first_line(error: BaseException) -> str:
    """What an exception says, in a line."""
    if isinstance(error, pickle.UnpicklingError):  # torch advises to load such a file all the same
        return "it holds other things than tensors, which may run code, or it is damaged"
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return said.split(". ")[0][:200]
