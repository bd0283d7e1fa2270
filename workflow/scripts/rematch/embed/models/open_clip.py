"""Models of open_clip (Ilharco et al. 2021): LAION, DataComp, SigLIP, MetaCLIP, EVA and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rematch.embed.models.encoder import Encoder, Tokens
from rematch.embed.models.probing import probed
from rematch.embed.models.settings import first_line, identity, prepare_torch
from rematch.embed.models.spec import ModelSpec
from rematch.embed.models.view import View
from rematch.errors import UserError
from rematch.methods import Method, Param
from rematch.outside import import_torchvision

if TYPE_CHECKING:
    import torch
    from PIL import Image
from rematch.embed.models.open_clip_files import found_by, readable_tokenizer, tower_config

METHOD = Method(
    name="open_clip",
    does="LAION, DataComp, SigLIP, MetaCLIP, EVA: `name` is architecture and weights "
    "(`ViT-B-32/laion2b_s34b_b79k`), `checkpoint` a file of weights, or a folder with "
    "`open_clip_config.json`, one file of weights and the tokenizer",
    source="Cherti et al. 2023, Reproducible Scaling Laws for Contrastive Language-Image Learning",
    run="OpenClip",
    params=(
        Param(
            name="architecture",
            type="path",
            does="with a file: what it holds, `ViT-B-32`, or the path of a model configuration of "
            "open_clip (`.json`)",
        ),
    ),
    packages=("open_clip_torch", "timm", "transformers"),
)


class OpenClip(Encoder):
    """A model of open_clip, by name, by a checkpoint and its architecture, or by folder.

    Texts are always computed at the full context: some of these towers see every position, or
    read the embedding at the last one, so a shorter context would change the result.
    """

    def __init__(self, spec: ModelSpec) -> None:
        import torch

        self._torch = torch
        self._spec = spec
        settings = prepare_torch(spec)
        import_torchvision()
        import open_clip

        found = found_by(spec, open_clip)
        cache = spec.cache.expanduser()
        if found.text.get("hf_model_name"):
            # The library would look for its configuration elsewhere, and ask the network each time.
            tower = str(tower_config(found.text["hf_model_name"], cache))
            own = {**found.text, "hf_model_name": tower, "hf_model_pretrained": False}
            found.options["text_cfg"] = own
        try:
            model, self._preprocess = open_clip.create_model_from_pretrained(
                found.source, found.pretrained, device="cpu", **found.options
            )
        except Exception as error:  # whatever torch, safetensors or the network stumbled on
            raise UserError(
                f"{found.weights}: open_clip cannot load it as {found.source} "
                f"({first_line(error)}); check that the checkpoint is whole and "
                "models.*.architecture is its own"
            ) from error
        self._tokenizer = readable_tokenizer(found, cache, open_clip)
        self._context = int(self._tokenizer.context_length)
        # In this mode the last position holds a class token, and the padding stands before it.
        self._tail = int(getattr(self._tokenizer, "tokenizer_mode", "") == "clips")
        self._pad = int(self._tokenizer([""])[0][-1 - self._tail])
        self.identity = identity(spec, settings, found.label, [found.weights]) | found.extra
        self._view = View.of_transforms(self._preprocess)
        self._ready(spec, model, settings)
        self.dimension = probed(self, spec, found.label)

    def tokenize(self, text: str) -> Tokens:
        text, end = self._spec.prompted(text), self._context - self._tail
        ids = self._tokenizer([text])[0]
        # A text that fits looks the same with a place more, and leaves that place to the padding.
        wide = self._tokenizer([text], context_length=self._context + 1)[0]
        cut = not bool((ids[:end] == wide[:end]).all()) or int(wide[end]) != self._pad
        return Tokens(ids, self._context, cut, tuple(ids[: int(ids.argmax()) + 1].tolist()))

    def preprocess(self, photo: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self._preprocess(photo)
        return pixels

    def _texts(self, batch: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = self._model.encode_text(batch)
        return vectors

    def _photos(self, batch: torch.Tensor) -> torch.Tensor:
        vectors: torch.Tensor = self._model.encode_image(batch)
        return vectors
