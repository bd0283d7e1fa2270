"""Translation on this machine by a Marian model, such as OPUS-MT's (Tiedemann and Thottingal 2020).

The model (Junczys-Dowmunt et al. 2018) is a folder as Hugging Face has it, or a name there, for
instance `Helsinki-NLP/opus-mt-de-en`. CTranslate2 computes it in int8, three to four times as
fast as transformers in float32; it is converted once, in seconds, into a cache.

A text's translation depends on the text alone. Padding changes the last bits of a sum, which
int8 turns into other words, so only texts of equally many tokens share a batch, and a batch is
computed by one thread. A translation that does not come to its end is asked for again without
repeated phrases (the usual cause), and counts as failed if that does not end either.

The translation memory keeps the answers under the model's digest and the width of the beam, so
another model never passes for this one. To use them where the model is not, choose the backend
"memory".
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rematch.errors import UserError
from rematch.outside import log_as_we_do
from rematch.storage import sha256_of
from rematch.text.translators.base import (
    Answer,
    Backend,
    Engine,
    RequestFailed,
    TranslationOptions,
    remembering,
)

log = logging.getLogger(__name__)

FILES = ("config.json", "source.spm", "target.spm", "vocab.json")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SETTINGS = "tokenizer_config.json"

BATCH = 16
"""Texts computed together. More is not faster with a beam of 4."""

ASK = 256
"""Texts in one request: their translations are kept together, the work of half a minute."""

MAX_CHARS = 500
"""These models learned from single sentences. So long a text has at most 501 tokens, unless it
holds characters that the tokenizer writes as several; 512 is what most of the models take."""

REPEATED = 5
"""Tokens that may not come twice in the same order, when a translation did not end."""


def build(options: TranslationOptions) -> Backend:
    """The backend `marian`.

    Raises:
        UserError: the model is missing, cannot be fetched, or is not one for a pair of languages.
    """
    if options.model is None:
        raise UserError(
            "translation backend 'marian' needs a model; set the key model to a folder or to a "
            f"name on Hugging Face such as Helsinki-NLP/opus-mt-{options.source}-{options.target}"
        )
    folder = find_model(str(options.model))
    positions = _checked(folder)
    digest = model_digest(folder)
    log.info("marian: model %s, digest %s, beam %d", folder, digest[:12], options.beam)

    @cache
    def open_() -> Marian:
        return Marian(
            folder,
            convert(folder, digest, options.cache),
            positions=positions,
            beam=options.beam,
            threads=options.threads,
        )

    engine = Engine(
        open=lambda: open_().ask,
        max_chars=min(MAX_CHARS, positions - 12),
        batch=ASK,
        service=False,
        size=lambda text: len(open_().tokens(text)),
    )
    return remembering(options, engine, key=memory_key(digest, options.beam))


def memory_key(digest: str, beam: int) -> str:
    """What stands as `backend` in the translation memory."""
    return f"marian:{digest[:12]}:beam{beam}"


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


def _weights(folder: Path) -> Path | None:
    """The weights that transformers takes: safetensors, if both are there."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def _checked(folder: Path) -> int:
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
    if _weights(folder) is None:
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
    weights = _weights(folder)
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
            return _tokenizer(Path(name))

    log_as_we_do()
    return Converter(str(folder))


def _tokenizer(folder: Path) -> Any:
    from transformers import MarianTokenizer

    with warnings.catch_warnings():
        # Its sacremoses serves a method that neither encoding nor decoding calls.
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        return MarianTokenizer.from_pretrained(folder)


class Marian:
    """A model that is ready to translate.

    Args:
        folder: the model in Hugging Face's layout, for its tokenizer.
        converted: the same from `convert`.
        positions: most tokens of a text and of a translation.
        beam: translations followed at once; 1 takes the likeliest word each time.
        threads: batches computed at once. The answers do not depend on it.
    """

    def __init__(
        self, folder: Path, converted: Path, *, positions: int, beam: int, threads: int
    ) -> None:
        # Intel's MKL may sum in another order for another memory address; oneDNN does not, and
        # is what other processors get.
        os.environ.setdefault("CT2_USE_MKL", "0")
        import ctranslate2

        self._tokenizer = _tokenizer(folder)
        self._positions = positions
        self._beam = beam
        # The weights keep the precision they were converted to.
        self._translator = ctranslate2.Translator(
            str(converted), device="cpu", inter_threads=threads, intra_threads=1
        )

    def tokens(self, text: str) -> list[str]:
        """The text's tokens with the one that ends it."""
        tokens: list[str] = self._tokenizer.convert_ids_to_tokens(self._tokenizer(text).input_ids)
        return tokens

    def ask(self, texts: Sequence[str]) -> list[Answer]:
        """Translate `texts`; a `RequestFailed` stands where a text has no translation."""
        sources = [self.tokens(text) for text in texts]
        answers: list[Answer] = [
            RequestFailed(f"over {self._positions} tokens", again=False)
            if len(source) > self._positions
            else None
            for source in sources
        ]
        open_ = [i for i, answer in enumerate(answers) if answer is None]
        for settings in ({}, {"no_repeat_ngram_size": REPEATED}):
            targets = self._translated([sources[i] for i in open_], settings)
            unended = []
            for i, target in zip(open_, targets, strict=True):
                if target[-1:] == [self._tokenizer.eos_token]:
                    answers[i] = self._text(target) or RequestFailed("no answer", again=False)
                else:
                    unended.append(i)
            open_ = unended
        for i in open_:
            answers[i] = RequestFailed(f"no end within {self._positions} tokens", again=False)
        return answers

    def _translated(
        self, sources: Sequence[list[str]], settings: dict[str, int]
    ) -> list[list[str]]:
        by_length: dict[int, list[int]] = {}
        for i, source in enumerate(sources):
            by_length.setdefault(len(source), []).append(i)
        batches = [
            same[start : start + BATCH]
            for _, same in sorted(by_length.items(), reverse=True)
            for start in range(0, len(same), BATCH)
        ]
        pending = [
            self._translator.translate_batch(
                [sources[i] for i in batch],
                beam_size=self._beam,
                max_batch_size=BATCH,
                max_input_length=0,
                max_decoding_length=self._positions - 1,  # one is for the start
                return_end_token=True,
                asynchronous=True,
                **settings,
            )
            for batch in batches
        ]
        targets: list[list[str]] = [[] for _ in sources]
        for batch, results in zip(batches, pending, strict=True):
            for i, result in zip(batch, results, strict=True):
                targets[i] = result.result().hypotheses[0]
        return targets

    def _text(self, target: list[str]) -> str:
        ids = self._tokenizer.convert_tokens_to_ids(target)
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
