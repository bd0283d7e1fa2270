"""Models of transformers that embed texts and photos: CLIP, SigLIP, SigLIP 2, MetaCLIP 2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rematch.embed.models import hub
from rematch.embed.models.encoder import Encoder, Tokens
from rematch.embed.models.probing import probed
from rematch.embed.models.settings import first_line, identity, prepare_torch
from rematch.embed.models.spec import ModelSpec
from rematch.embed.models.view import View
from rematch.errors import UserError
from rematch.methods import Method
from rematch.outside import import_torchvision, log_as_we_do

if TYPE_CHECKING:
    import torch
    from PIL import Image

METHOD = Method(
    name="hf",
    does="transformers: CLIP, SigLIP, SigLIP 2, MetaCLIP 2. `name` is the name on Hugging Face "
    "(`google/siglip-base-patch16-224`), `checkpoint` the model's folder; no code that comes with "
    "a model is run",
    source="Wolf et al. 2020, Transformers: State-of-the-Art Natural Language Processing",
    run="HuggingFace",
    packages=("transformers",),
)


WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SANE = 100_000
"""Tokenizers that know no limit say 1e30."""


class HuggingFace(Encoder):
    """A model of transformers with `get_text_features` and `get_image_features`.

    Texts are always padded to the full context, as SigLIP was trained. Code that comes with a
    model is never run. Photos are prepared by the processor's PIL form, which is what these models
    were trained with, and computes the same on every processor.
    """

    def __init__(self, spec: ModelSpec) -> None:
        import torch

        self._torch = torch
        self._spec = spec
        settings = prepare_torch(spec)
        import_torchvision()
        import transformers

        log_as_we_do()
        folder = _folder(spec)
        label = spec.name or folder.name
        weights = list(_weights(folder))
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
            images: Any = transformers.AutoImageProcessor
            self._processor = images.from_pretrained(folder, backend="pil", **options)
            model, found = transformers.AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=weights[0].suffix == ".safetensors",
                output_loading_info=True,
                **options,
            )
        except Exception as error:  # each of the libraries beneath has its own
            raise UserError(
                f"{folder}: transformers cannot load it ({first_line(error)}); it must be the "
                "whole folder of a model such as openai/clip-vit-base-patch32"
            ) from error
        if found["missing_keys"]:
            raise UserError(
                f"{folder}: the weights lack {', '.join(sorted(found['missing_keys'])[:3])}; "
                "fetch the whole model again"
            )
        for method in ("get_text_features", "get_image_features"):
            if not hasattr(model, method):
                raise UserError(
                    f"{folder}: {type(model).__name__} has no {method}; choose a model that "
                    "embeds texts and photos"
                )
        self._context = _context(folder, model, self._tokenizer)
        self.identity = identity(spec, settings, label, weights)
        self._view = View.of_processor(self._processor)
        self._ready(spec, model, settings)
        self.dimension = probed(self, spec, label)

    def tokenize(self, text: str) -> Tokens:
        text = self._spec.prompted(text)
        ids = self._tokenizer(
            text,
            padding="max_length",
            truncation=True,
            max_length=self._context,
            return_tensors="pt",
        )
        whole = self._tokenizer(text, truncation=False, padding=False, verbose=False)
        cut = len(whole["input_ids"]) > self._context
        numbers = ids["input_ids"][0]
        path = tuple(numbers[: int(numbers.argmax()) + 1].tolist())
        return Tokens({key: value[0] for key, value in ids.items()}, self._context, cut, path)

    def preprocess(self, photo: Image.Image) -> dict[str, torch.Tensor]:
        found = self._processor(photo, return_tensors="pt")
        return {key: value[0] for key, value in found.items()}

    def _texts(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return _vectors(self._model.get_text_features(**batch))

    def _photos(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return _vectors(self._model.get_image_features(**batch))

    def _stacked(self, rows: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        stack = self._torch.stack
        return {key: self._moved(stack([row[key] for row in rows])) for key in rows[0]}

    def _pixels(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return batch["pixel_values"]


def _vectors(output: Any) -> torch.Tensor:
    """Of what a model gives: some give the vectors, some an object that holds them."""
    vectors: torch.Tensor = getattr(output, "pooler_output", output)
    return vectors


def _context(folder: Path, model: Any, tokenizer: Any) -> int:
    """The most tokens of a text: what the tower has positions for and the tokenizer allows."""
    text = getattr(model.config, "text_config", model.config)
    limits = [getattr(text, "max_position_embeddings", None), tokenizer.model_max_length]
    sane = [int(limit) for limit in limits if limit is not None and 0 < limit < SANE]
    if not sane:
        raise UserError(
            f"{folder}: says nowhere how long a text may be; set model_max_length in its "
            "tokenizer_config.json"
        )
    return min(sane)


def _folder(spec: ModelSpec) -> Path:
    """The model's folder: `checkpoint`, or by its name in the cache, downloaded if it must be."""
    if spec.checkpoint is not None:
        if not spec.checkpoint.is_dir():
            raise UserError(
                f"{spec.checkpoint}: no such folder; backend hf takes the folder of a model as "
                "models.*.checkpoint"
            )
        return spec.checkpoint
    name, cache = str(spec.name), spec.cache.expanduser()
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name):
        raise UserError(f"{name!r} is no name on Hugging Face; correct models.*.name")
    remedy = f"put the files of {hub.page(name)} into {cache / name}"
    folder = hub.texts(name, cache, remedy)
    if folder == cache / name:  # where a person put them
        return folder
    found = []
    for file in WEIGHTS:
        index = folder / f"{file}.index.json"
        found.append(_parts(index) if index.is_file() else [file])
    # What is there goes first: to ask for the better form needs the network.
    found.sort(key=lambda parts: not all((folder / part).is_file() for part in parts))
    for parts in found:
        if all(hub.weights(name, [part], cache, remedy) for part in parts):
            return folder
    raise UserError(f"{name}: has no weights for torch on Hugging Face; choose another model")


def _weights(folder: Path) -> Iterator[Path]:
    """The files of weights that transformers reads from a folder.

    Raises:
        UserError: there are none, or a part is missing.
    """
    for name in WEIGHTS:
        if (folder / name).is_file():
            yield folder / name
            return
        index = folder / f"{name}.index.json"
        if index.is_file():
            parts = _parts(index)
            missing = [part for part in parts if not (folder / part).is_file()]
            if missing:
                raise UserError(f"{folder}: {missing[0]} is missing; fetch the whole model again")
            yield from (folder / part for part in parts)
            return
    raise UserError(f"{folder}: has neither {' nor '.join(WEIGHTS)}; fetch the whole model again")


def _parts(index: Path) -> list[str]:
    """The files of weights that an index names."""
    try:
        parts = set(json.loads(index.read_bytes())["weight_map"].values())
        if not parts or any(Path(part).name != part for part in parts):
            raise ValueError(parts)  # nothing outside of the folder belongs to the model
        return sorted(parts)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise UserError(f"{index}: cannot be read; fetch the whole model again") from error
