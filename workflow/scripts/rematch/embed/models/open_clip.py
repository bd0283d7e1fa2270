"""Models of open_clip (Ilharco et al. 2021): LAION, DataComp, SigLIP, MetaCLIP, EVA and more."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rematch.embed.models import hub
from rematch.embed.models.base import (
    Encoder,
    ModelSpec,
    Tokens,
    first_line,
    identity,
    prepare_torch,
    probed,
)
from rematch.embed.models.view import View
from rematch.errors import UserError
from rematch.outside import import_torchvision
from rematch.storage import sha256_of

if TYPE_CHECKING:
    import torch
    from PIL import Image

CONFIG = "open_clip_config.json"
DEFAULTS = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
"""What the library looks for where a repository is named without a file, in this order."""
WEIGHTS = (".safetensors", ".bin", ".pth")


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

        extra: dict[str, str] = {}
        options: dict[str, Any] = {}
        pretrained: str | None = None
        if spec.checkpoint is not None and spec.checkpoint.is_dir():
            weights = _weights_in(spec.checkpoint)
            source, label = f"local-dir:{spec.checkpoint}", spec.checkpoint.name
            text = _text_config(spec.checkpoint / CONFIG)
            hub.demand_no_code(spec.checkpoint)
        else:
            if spec.checkpoint is not None:
                if not spec.checkpoint.is_file():
                    raise UserError(
                        f"{spec.checkpoint}: no such checkpoint; correct models.*.checkpoint"
                    )
                source, extra = _architecture(spec, open_clip)
                weights, label = spec.checkpoint, f"{source}/{spec.checkpoint.name}"
            else:
                source, tag = _named(spec, open_clip)
                label = f"{source}/{tag}"
                weights, options = _fetched(label, source, tag, spec.cache.expanduser(), open_clip)
            pretrained = str(weights)
            text = open_clip.get_model_config(source)["text_cfg"]
        _demand_readable(label, text)
        cache = spec.cache.expanduser()
        if text.get("hf_model_name"):
            # The library would look for its configuration elsewhere, and ask the network each time.
            tower = str(_texts(text["hf_model_name"], cache))
            options["text_cfg"] = {**text, "hf_model_name": tower, "hf_model_pretrained": False}
        try:
            model, self._preprocess = open_clip.create_model_from_pretrained(
                source, pretrained, device="cpu", **options
            )
        except Exception as error:  # whatever torch, safetensors or the network stumbled on
            raise UserError(
                f"{weights}: open_clip cannot load it as {source} ({first_line(error)}); check "
                "that the checkpoint is whole and models.*.architecture is its own"
            ) from error
        try:
            self._tokenizer = _tokenizer(source, text, cache, open_clip)
        except UserError:
            raise
        except Exception as error:
            name = text.get("hf_tokenizer_name") or source
            raise UserError(
                f"{label}: its tokenizer {name} cannot be read ({first_line(error)}); fetch it "
                "again, or choose another model"
            ) from error
        if getattr(self._tokenizer, "reduction_fn", None) is not None:
            raise UserError(
                f"{label}: its tokenizer drops words by chance or by grammar; choose another model"
            )
        self._context = int(self._tokenizer.context_length)
        # In this mode the last position holds a class token, and the padding stands before it.
        self._tail = int(getattr(self._tokenizer, "tokenizer_mode", "") == "clips")
        self._pad = int(self._tokenizer([""])[0][-1 - self._tail])
        self.identity = identity(spec, settings, label, [weights]) | extra
        self._view = View.of_transforms(self._preprocess)
        self._ready(spec, model, settings)
        self.dimension = probed(self, spec, label)

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


def _named(spec: ModelSpec, library: Any) -> tuple[str, str]:
    """Architecture and tag of a name such as ViT-B-32/laion2b_s34b_b79k."""
    architecture, _, tag = str(spec.name).partition("/")
    _known(architecture, library, spec.name)
    if not library.is_pretrained_cfg(architecture, tag):
        tags = library.list_pretrained_tags_by_model(architecture)
        raise UserError(
            f"open_clip has no weights {tag!r} of {architecture}; "
            f"it has {', '.join(tags) or 'none, give a checkpoint'}"
        )
    return architecture, tag


def _architecture(spec: ModelSpec, library: Any) -> tuple[str, dict[str, str]]:
    """The architecture's name in the library, and what its file adds to the identity."""
    name = spec.architecture
    if name is None:
        raise UserError(
            f"{spec.checkpoint}: open_clip needs to know what this file holds; set "
            "models.*.architecture, such as ViT-B-32"
        )
    if not name.endswith(".json"):
        _known(name, library, name)
        return name, {}
    path = Path(name).expanduser()
    config = _json(path)
    if not all(key in config for key in ("embed_dim", "vision_cfg", "text_cfg")):
        raise UserError(
            f"{path}: no model configuration of open_clip, which has embed_dim, vision_cfg and "
            "text_cfg; correct models.*.architecture"
        )
    library.add_model_config(path)
    return path.stem, {"architecture_sha256": sha256_of(path)}


def _known(architecture: str, library: Any, given: str | None) -> None:
    known = library.list_models()
    if architecture not in known:
        close = difflib.get_close_matches(architecture, known, 5, 0.5)
        raise UserError(
            f"open_clip has no architecture {architecture!r} (in {given!r}); close are "
            f"{', '.join(close) or 'none, such as ViT-B-32'}"
        )


def _fetched(
    label: str, architecture: str, tag: str, cache: Path, library: Any
) -> tuple[Path, dict[str, Any]]:
    """The file of pretrained weights, and how they want photos prepared."""
    config = library.get_pretrained_cfg(architecture, tag)
    quick = f"{architecture}-quickgelu"
    own = library.get_model_config(architecture).get("quick_gelu", False)
    # The library only warns of it, and gives embeddings of another model.
    if (
        config.get("quick_gelu", False)
        and not own
        and tag in library.list_pretrained_tags_by_model(quick)
    ):
        raise UserError(f"{label}: these weights were trained with QuickGELU; take {quick}/{tag}")
    repository, _, file = config["hf_hub"].rpartition("/")
    files = [f"{Path(file).stem}.safetensors", file] if file else DEFAULTS
    put = cache / repository
    remedy = (
        f"fetch {files[0]}, or {files[-1]} where there is none, from {hub.page(repository)} "
        f"and put it into {put}"
    )
    path = next((put / name for name in files if (put / name).is_file()), None)
    path = path or hub.weights(repository, files, cache, remedy)
    if path is None:
        raise UserError(f"{label}: {hub.page(repository)} has no {files[-1]}; choose another model")
    names = {
        "mean": "image_mean",
        "std": "image_std",
        "interpolation": "image_interpolation",
        "resize_mode": "image_resize_mode",
    }
    return path, {names[key]: config[key] for key in names if key in config}


def _texts(name: str, cache: Path) -> Path:
    """The folder of a text tower's or tokenizer's small files, by its name or path."""
    folder = Path(name)
    if not folder.is_dir():
        kinds = ", ".join(hub.TEXTS)
        remedy = f"fetch the {kinds} of {hub.page(name)} and put them into {cache / name}"
        folder = hub.texts(name, cache, remedy)
    hub.demand_no_code(folder)
    return folder


def _tokenizer(source: str, text: dict[str, Any], cache: Path, library: Any) -> Any:
    """What `get_tokenizer` gives, which would ask the network each time."""
    name = text.get("hf_tokenizer_name")
    if not name or source.startswith("local-dir:"):
        return library.get_tokenizer(source)
    return library.tokenizer.HFTokenizer(
        str(_texts(name, cache)),
        context_length=text.get("context_length", library.tokenizer.DEFAULT_CONTEXT_LENGTH),
        tokenizer_mode=text.get("tokenizer_mode"),
        **(text.get("tokenizer_kwargs") or {}),
    )


def _weights_in(folder: Path) -> Path:
    """The weights of a folder as open_clip pushes them to Hugging Face."""
    _json(folder / CONFIG)
    found = sorted(path for path in folder.iterdir() if path.suffix in WEIGHTS)
    if len(found) != 1:
        raise UserError(
            f"{folder}: holds {len(found)} files of weights ({', '.join(WEIGHTS)}); leave one there"
        )
    return found[0]


def _text_config(path: Path) -> Any:
    """What a folder's configuration says of texts; `_demand_readable` says if that can be used."""
    model = _json(path).get("model_cfg", {})
    if not isinstance(model, dict):
        raise UserError(f"{path}: model_cfg is no mapping; fetch the whole model again")
    return model.get("text_cfg", {})


def _demand_readable(label: str, text: Any) -> None:
    """Refuse a configuration of texts that is not built like one, or would run code."""
    kinds = {"hf_model_name": str, "hf_tokenizer_name": str, "tokenizer_kwargs": dict}
    wrong = "text_cfg" if not isinstance(text, dict) else ""
    for key, kind in () if wrong else kinds.items():
        if not isinstance(text.get(key), kind | None):
            wrong = f"text_cfg.{key}"
    if wrong:
        raise UserError(
            f"{label}: {wrong} of its configuration cannot be read; fetch the whole model again"
        )
    if (text.get("tokenizer_kwargs") or {}).get("trust_remote_code"):
        raise UserError(f"{label}: its tokenizer runs code of others; choose another model")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: no readable model configuration of open_clip ({first_line(error)}); correct "
            "models.*.checkpoint or models.*.architecture"
        ) from error
    return found if isinstance(found, dict) else {}
