"""Which model, and how it is to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


PARTS = ("texts", "photos")


@dataclass(frozen=True)
class ModelSpec:
    """Which model, and how it computes.

    Attributes:
        backend: a name of `methods("models")`.
        checkpoint: path of the weights, or of a folder with them and what belongs to them; None
            to take `name` from the backend's own list.
        name: the backend's name for pretrained weights ("ViT-B/32"), downloaded to `cache`.
        cache: folder for downloads.
        precision: "float32"; "float64" for results that do not depend on the processor;
            "bfloat16" or "float16" for speed.
        device: "cpu", "cuda", "mps", or "auto": a GPU where torch finds one, but the CPU for
            float64. A GPU changes the last digits of an embedding.
        threads: that encode; part of the arithmetic where a library's own code computes.
        architecture: backend open_clip, what a checkpoint's file holds: a name of the library's
            list, or the path of a model configuration in JSON.
        prompt: what a model reads of a text, which stands for its one {}.
        engine: "auto" for the fast towers where the model allows them, "library" for the model's
            own code always.
        batch: photos that are computed at once, or "auto"; part of the arithmetic.
        decode: "exact", or "fast": large JPEGs are decoded at a half, a quarter or an eighth of
            their size where that is still well over what the model sees.
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
    engine: str = "auto"
    batch: int | str = "auto"
    decode: str = "exact"

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
            engine=encoding["engine"],
            batch=encoding["batch"],
            decode=encoding["decode"],
        )

    def prompted(self, text: str) -> str:
        """The text in its prompt."""
        return self.prompt.replace("{}", text)
