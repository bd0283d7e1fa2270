"""A Marian model's files: found or fetched, checked, and converted once into a cache."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

from rematch.errors import UserError
from rematch.outside import log_as_we_do
from rematch.storage import sha256_of

log = logging.getLogger(__name__)

FILES = ("config.json", "source.spm", "target.spm", "vocab.json")

WEIGHTS = ("model.safetensors", "pytorch_model.bin")

SETTINGS = "tokenizer_config.json"


def find_model(model: str) -> Path:
    """The model's folder: `model` itself, or, by its name, in Hugging Face's cache.

    A name is looked up in the cache first and downloaded only if it is not there.

    Raises:
        UserError: there is no such folder, and nothing of that name can be had.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", model):
        raise UserError(f"{model}: no such folder; set the translation's model to a Marian model")
    from huggingface_hub import constants
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return _snapshot(model, local=True)
    except EntryNotFoundError:
        log.info("marian: fetching %s from %s", model, constants.ENDPOINT)
    try:
        return _snapshot(model, local=False)
    except Exception as error:  # whatever the network and its libraries may raise
        raise UserError(
            f"translation model {model}: no such folder, not in Hugging Face's cache "
            f"{constants.HF_HUB_CACHE}, and not to be fetched ({_first_line(error)}); put "
            f"{', '.join(FILES)}, {SETTINGS} and {' or '.join(WEIGHTS)} of "
            f"{constants.ENDPOINT}/{model} into a folder and set the translation's model to it"
        ) from error


def _snapshot(name: str, local: bool) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    for file in (*FILES, SETTINGS):
        path = hf_hub_download(name, file, local_files_only=local)
    try:
        hf_hub_download(name, WEIGHTS[0], local_files_only=local)
    except EntryNotFoundError:
        hf_hub_download(name, WEIGHTS[1], local_files_only=local)
    return Path(path).parent


def weights_of(folder: Path) -> Path | None:
    """The weights that transformers takes: safetensors, if both are there."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def demand_marian(folder: Path) -> int:
    """Make sure that `folder` holds a Marian model; the most tokens that it takes."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
        kind = config.get("model_type")
        longest = int(config.get("max_position_embeddings", 512))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UserError(
            f"{folder}: no readable config.json, so this is no model in Hugging Face's layout; "
            f"set the translation's model to the folder of a Marian model"
        ) from error
    if kind != "marian":
        raise UserError(
            f"{folder}: a model of type {kind!r}; the backend 'marian' takes the type 'marian', "
            f"such as Helsinki-NLP/opus-mt-de-en"
        )
    missing = [name for name in FILES if not (folder / name).is_file()]
    if weights_of(folder) is None:
        missing.append(" or ".join(WEIGHTS))
    if missing:
        raise UserError(f"{folder}: {', '.join(missing)} missing; fetch the whole model again")
    if not config.get("share_encoder_decoder_embeddings", True):
        raise UserError(
            f"{folder}: this model has two vocabularies, which cannot be converted; choose one "
            f"with a common vocabulary"
        )
    try:
        vocabulary = list(json.loads((folder / "vocab.json").read_bytes()).keys())
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{folder}/vocab.json: no vocabulary; fetch the whole model again"
        ) from error
    if any(re.fullmatch(r">>.+<<", token) for token in vocabulary):
        raise UserError(
            f"{folder}: this model translates into several languages; choose one that translates "
            f"into one"
        )
    return longest


def model_digest(folder: Path) -> str:
    """The SHA-256, in hexadecimal, of the names and bytes of the files a translation depends on."""
    weights = weights_of(folder)
    files = [folder / name for name in (*FILES, SETTINGS)] + ([weights] if weights else [])
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(f"{path.name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def convert(folder: Path, digest: str, store: Path | str, precision: str = "int8") -> Path:
    """The model as CTranslate2 wants it, in a folder of `store`; made if it is not there yet.

    It is made beside and renamed. Of several processes at once each makes one, and one stays.

    Args:
        folder: the model in Hugging Face's layout.
        digest: its digest, which names the result.
        store: folder for converted models.
        precision: "int8" or "float32", of the weights.

    Raises:
        UserError: the weights are broken or incomplete, or `store` cannot be written.
    """
    import ctranslate2

    store = Path(store).expanduser()
    final = store / f"{digest[:16]}-{precision}-ctranslate2-{ctranslate2.__version__}"
    if final.is_dir():
        return final
    log.info("marian: converting %s into %s", folder, final)
    try:
        store.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=store))
    except OSError as error:
        raise UserError(
            f"{store}: cannot be written ({error.strerror}); set the translation's cache to a "
            f"folder for converted models"
        ) from error
    try:
        _converter(folder).convert(str(beside / "model"), quantization=precision)
        try:
            (beside / "model").rename(final)
        except OSError:
            if not final.is_dir():  # else another process was first
                raise
    except _Incomplete as error:
        raise UserError(f"{folder}: {error}; fetch the whole model again") from error
    except Exception as error:  # torch, safetensors and pickle each have their own
        raise UserError(
            f"{folder}: cannot be converted ({type(error).__name__}: {_first_line(error)}); "
            f"fetch the whole model again"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return final


class _Incomplete(Exception):
    """Weights are missing, which transformers would replace by random ones."""


def _converter(folder: Path) -> Any:
    from rematch.outside import import_torchvision

    import_torchvision()  # makes torchvision importable, which transformers' models import
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):  # type: ignore[misc]
        def load_model(self, model_class: Any, name: str, **kwargs: Any) -> Any:
            model, found = model_class.from_pretrained(name, output_loading_info=True, **kwargs)
            if found["missing_keys"]:
                raise _Incomplete(
                    f"the weights lack {', '.join(sorted(found['missing_keys'])[:3])}"
                )
            return model

        def load_tokenizer(self, tokenizer_class: Any, name: str, **kwargs: Any) -> Any:
            return tokenizer_of(Path(name))

    log_as_we_do()
    return Converter(str(folder))


def tokenizer_of(folder: Path) -> Any:
    from transformers import MarianTokenizer

    with warnings.catch_warnings():
        # Its sacremoses serves a method that neither encoding nor decoding calls.
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        return MarianTokenizer.from_pretrained(folder)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
