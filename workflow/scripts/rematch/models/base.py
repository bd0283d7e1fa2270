"""What every model backend has: the specification, the interface, and torch's settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rematch.arrays import Float32
from rematch.errors import UserError
from rematch.files import sha256_of

if TYPE_CHECKING:
    import torch
    from PIL import Image


@dataclass(frozen=True)
class ModelSpec:
    """Which model, and how it computes.

    Attributes:
        backend: a key of `BACKENDS`.
        checkpoint: path of the weights, or of a folder with them and what belongs to them; None
            to take `name` from the backend's own list.
        name: the backend's name for pretrained weights ("ViT-B/32"), downloaded to `cache`.
        cache: folder for downloads.
        precision: "float32", or "float64" for results that do not depend on the processor.
        device: "cpu" or "cuda". A GPU changes the last digits of an embedding.
        threads: torch's threads; part of the arithmetic, so it comes from the config.
        architecture: backend open_clip, what a checkpoint's file holds: a name of the library's
            list, or the path of a model configuration in JSON.
        prompt: what a model reads of a text, which stands for its one {}.
    """

    backend: str
    checkpoint: Path | None = None
    name: str | None = None
    cache: Path = Path("~/.cache/clip")
    precision: str = "float32"
    device: str = "cpu"
    threads: int = 1
    architecture: str | None = None
    prompt: str = "{}"

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
            architecture=model.get("architecture"),
            prompt=model.get("prompt", "{}"),
        )

    def prompted(self, text: str) -> str:
        """The text in its prompt."""
        return self.prompt.replace("{}", text)


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
    """What the numbers depend on: backend, model, checkpoint_sha256, precision, prompt."""
    dimension: int

    def tokenize(self, text: str) -> Tokens:
        """One text as the model reads it."""

    def encode_texts(self, ids: Sequence[Any]) -> Float32:
        """Float32 [n, dimension] of the `ids` of texts of one length."""

    def preprocess(self, photo: Image.Image) -> Any:
        """One RGB photo as the model reads it; safe to call from several threads."""

    def encode_photos(self, photos: Sequence[Any]) -> Float32:
        """Float32 [n, dimension] of what `preprocess` gave."""


def prepare_torch(spec: ModelSpec) -> Any:
    """torch's data type for a spec, after torch is set to compute the same thing every time.

    Raises:
        UserError: the device is not there.
    """
    import torch

    torch.set_num_threads(spec.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise UserError("encoding.device: cuda, but torch finds no GPU; set it to cpu")
    return {"float32": torch.float32, "float64": torch.float64}[spec.precision]


def identity(spec: ModelSpec, model: str, weights: Iterable[Path]) -> dict[str, str]:
    """What a backend's numbers depend on, as `Encoder.identity` wants it."""
    return {
        "backend": spec.backend,
        "model": model,
        "checkpoint_sha256": weights_sha256(weights),
        "precision": spec.precision,
        "device": spec.device,
        "prompt": spec.prompt,
    }


def weights_sha256(files: Iterable[Path]) -> str:
    """The SHA-256 of a file; of several, that of their digests, whatever their names and order."""
    digests = sorted(sha256_of(path) for path in files)
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def probed(encoder: Encoder, spec: ModelSpec, where: str) -> int:
    """The dimension of a model's embeddings, seen on a text and a photo.

    Raises:
        UserError: they cannot be embedded, or not as one vector each, of one length; or the
            precision is float64 and the model computes a part in less.
    """
    from PIL import Image

    narrow: set[str] = set()
    try:
        text = encoder.tokenize("two ships in a harbour").ids
        photo = encoder.preprocess(Image.new("RGB", (80, 60), "grey"))
        with _watching(narrow):
            shapes = [encoder.encode_texts([text]).shape, encoder.encode_photos([photo]).shape]
    except Exception as error:  # a model, tokenizer and processor that do not go together
        raise UserError(
            f"{where}: cannot embed a text and a photo ({first_line(error)}); choose a model that "
            "does, with its own tokenizer and processor"
        ) from error
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise UserError(
            f"{where}: gives texts of shape {shapes[0]} and photos of shape {shapes[1]}, which "
            "cannot be compared; choose a model that embeds both in one space"
        )
    if spec.precision == "float64" and narrow:
        raise UserError(
            f"{where}: computes a part in less than float64 ({', '.join(sorted(narrow)[:3])}) "
            "whatever it is asked; set models.*.precision to float32"
        )
    return int(shapes[0][1])


@contextmanager
def _watching(narrow: set[str]) -> Iterator[None]:
    """Collect the operations that give floating point numbers of less than 64 bits."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            for item in out if isinstance(out, (tuple, list)) else (out,):
                if (
                    isinstance(item, torch.Tensor)
                    and item.is_floating_point()
                    and item.dtype != torch.float64
                ):
                    narrow.add(str(func))
            return out

    with Watch():  # type: ignore[no-untyped-call]
        yield


def to_float32(embeddings: torch.Tensor) -> Float32:
    """Embeddings as NumPy's float32."""
    # Kept in the model's precision until after normalisation would cost twice the memory for less
    # than a unit in the last place.
    array: Float32 = embeddings.cpu().numpy().astype(np.float32)
    return array


def first_line(error: BaseException) -> str:
    """What an exception says, in a line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
