"""Where a model of open_clip is: its weights, its text tower's configuration, its tokenizer."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rematch.embed.models import hub
from rematch.embed.models.settings import first_line
from rematch.embed.models.spec import ModelSpec
from rematch.errors import UserError
from rematch.storage import sha256_of

if TYPE_CHECKING:
    pass


CONFIG = "open_clip_config.json"

DEFAULTS = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
"""What the library looks for where a repository is named without a file, in this order."""

WEIGHTS = (".safetensors", ".bin", ".pth")


@dataclass(frozen=True)
class Found:
    """Where a model is.

    Attributes:
        source: as open_clip calls it: an architecture, or `local-dir:` and a folder.
        label: for people.
        weights: their file.
        text: the configuration of its text tower.
        pretrained: what open_clip loads, if `source` does not say it.
        extra: what else tells the model apart.
        options: for open_clip.
    """

    source: str
    label: str
    weights: Path
    text: dict[str, Any]
    pretrained: str | None
    extra: dict[str, str]
    options: dict[str, Any]


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


def tower_config(name: str, cache: Path) -> Path:
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
        str(tower_config(name, cache)),
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


def found_by(spec: ModelSpec, open_clip: Any) -> Found:
    """The model of a spec, fetched if it has a name.

    Raises:
        UserError: it is not there, or its tokenizer is none that can be read without the network.
    """
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
    return Found(source, label, weights, text, pretrained, extra, options)


def readable_tokenizer(found: Found, cache: Path, open_clip: Any) -> Any:
    """The model's tokenizer.

    Raises:
        UserError: it cannot be read, or gives other tokens each time.
    """
    try:
        tokenizer = _tokenizer(found.source, found.text, cache, open_clip)
    except UserError:
        raise
    except Exception as error:
        name = found.text.get("hf_tokenizer_name") or found.source
        raise UserError(
            f"{found.label}: its tokenizer {name} cannot be read ({first_line(error)}); fetch it "
            "again, or choose another model"
        ) from error
    if getattr(tokenizer, "reduction_fn", None) is not None:
        raise UserError(
            f"{found.label}: its tokenizer drops words by chance or by grammar; "
            "choose another model"
        )
    return tokenizer
