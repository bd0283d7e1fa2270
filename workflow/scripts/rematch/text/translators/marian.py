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

import logging
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rematch.errors import UserError
from rematch.methods import Method, Param
from rematch.text.translators.base import (
    Answer,
    Backend,
    Engine,
    RequestFailed,
    TranslationOptions,
    remembering,
)
from rematch.text.translators.marian_files import (
    convert,
    demand_marian,
    find_model,
    model_digest,
    tokenizer_of,
)

METHOD = Method(
    name="marian",
    does="offline, a Marian model on this machine; `threads` are the processor's",
    source="Junczys-Dowmunt et al. 2018, Marian: Fast Neural Machine Translation in C++; Tiedemann "
    "and Thottingal 2020, OPUS-MT",
    run="build",
    params=(
        Param(
            name="model",
            type="path",
            does="the folder, or the name on Hugging Face, of a model such as "
            "`Helsinki-NLP/opus-mt-de-en`",
            required=True,
        ),
        Param(
            name="beam",
            type="integer",
            does="width of its search; 1 is greedy and three times as fast",
            default=4,
            low=1,
            high=1000,
        ),
        Param(
            name="cache",
            type="cache",
            does="where the model's int8 form is kept, by the weights' SHA-256",
            default="~/.cache/rematch",
            changes=False,
        ),
    ),
    packages=("ctranslate2", "transformers", "sentencepiece"),
)

log = logging.getLogger(__name__)

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
    positions = demand_marian(folder)
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

        self._tokenizer = tokenizer_of(folder)
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
