"""What an experiment on somebody's files could be, and what it would cost."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from rematch.commands.terminal import counted
from rematch.corpus import MISSING, CorpusSpec, Glance, find_photo_folder, find_tables, glance
from rematch.errors import UserError
from rematch.text import distinct_to_translate, language_of, queries, recall

MEMORY = "resources/translation_memory"
WORDS = (10, 20, 30, 40)
"""The paper's word counts."""

LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
}

ASKED, TEXTS, PHOTOS = 4, 100, 10
"""A second: texts that Google is asked for, the default of `requests_per_second`; and texts and
photos that ViT-B/32 encodes on one core, as benchmarks/README.md measured on two."""

WEIGHTS = ("~/.cache/clip/ViT-B-32.pt", 354_000_000)
"""ViT-B/32's, where they are kept, and their bytes."""

DIMENSION = 512


@dataclass(frozen=True)
class Translation:
    """How texts become English.

    Attributes:
        name: of the entry in the configuration's `translations`.
        entry: what of it differs from the demo's.
        why: for a person.
        left: texts that have to be translated, and are not in a memory yet.
    """

    name: str
    entry: Mapping[str, Any]
    why: str
    left: int


@dataclass(frozen=True)
class Proposal:
    """An experiment, and what it was proposed by.

    Attributes:
        entry: of the configuration's `corpora`.
        seen: the corpus at a glance.
        fetch: whether the photos would be fetched by their URLs.
        words: the word counts, without "all".
        lengths: of the articles, in words.
        cores: this machine's.
    """

    entry: Mapping[str, Any]
    seen: Glance
    fetch: bool
    translation: Translation
    words: tuple[int, ...]
    lengths: Sequence[int]
    cores: int

    @property
    def benchmark(self) -> bool:
        """Whether it is the paper's own corpus, whose figures can stand beside the results."""
        return "truth" in self.entry and "newsimages2021" in self.seen.layouts.values()


def proposed(name: str, paths: Sequence[Path], photos: Path | None) -> Proposal:
    """An experiment on files.

    Args:
        name: the corpus' name.
        paths: tables, or a folder of them.
        photos: their folder; None: it is looked for beside the tables.

    Raises:
        UserError: a path is not there; or as `find_tables`, `find_photo_folder` and `glance`.
    """
    for path in (*paths, *([photos] if photos else [])):
        if not path.exists():
            raise UserError(f"{path}: does not exist; correct the path")
    if photos and not photos.is_dir():
        raise UserError(f"{photos}: is no folder; name the folder that holds the photos")
    found = find_tables(paths)
    spec = CorpusSpec.from_config(found.entry)
    folder = photos or find_photo_folder(spec)
    seen = glance(replace(spec, photos=folder))
    if not seen.articles:
        raise UserError(f"{_files(found.entry)}: no row is an article; {refused_said(seen)}")
    entry, fetch = dict(found.entry), folder is None and seen.urls > 0
    if folder or fetch:
        entry["photos"] = str(folder or _folder_for_photos(name, found.entry))
    lengths = [len(f"{title} {text}".split()) for _, title, text in seen.articles]
    return Proposal(
        entry=entry,
        seen=seen,
        fetch=fetch,
        translation=_translation(seen, found.translations),
        words=tuple(n for n in WORDS if 2 * sum(length >= n for length in lengths) >= len(lengths)),
        lengths=lengths,
        cores=_cores(),
    )


def refused_said(seen: Glance) -> str:
    """What was refused, in words, but for photos that are not there: these are told by a count."""
    said = ", ".join(
        f"{counted(rows, kind)} ({reason})"
        for (kind, reason), rows in seen.refused.items()
        if reason != MISSING
    )
    return f"refused: {said}" if said else "no row is refused"


def cost(proposal: Proposal) -> list[str]:
    """What a run would cost, a line each."""
    seen, translation, cores = proposal.seen, proposal.translation, proposal.cores
    _, titles, texts = zip(*seen.articles, strict=True)
    counts = [*proposal.words, None]
    encoded = sum(len(set(queries(titles, texts, "both", n))) for n in counts)
    photos = seen.urls if proposal.fetch else seen.photos
    lines = [f"{counted(translation.left, 'text')} to translate"]
    if translation.left and translation.name == "google":
        lines[0] += f", about {_time(translation.left / ASKED)} at {ASKED} a second"
    elif translation.left:
        lines[0] += ", on this machine"
    seconds = encoded / (TEXTS * cores) + photos / (PHOTOS * cores)
    lines.append(
        f"{counted(encoded, 'text')} and {counted(photos, 'photo')} to encode, about "
        f"{_time(seconds)} on {counted(cores, 'core')}, at {TEXTS} texts or {PHOTOS} photos a "
        "second and core (ViT-B/32; a GPU is faster)"
    )
    weights = 0 if Path(WEIGHTS[0]).expanduser().exists() else WEIGHTS[1]
    runs = len(counts) + (proposal.words == WORDS)
    kept = 4 * (DIMENSION * (encoded + photos) + runs * len(seen.articles) * photos)
    fetched = f", and {counted(photos, 'photo')} by URL" if proposal.fetch else ""
    said = f"about {_bytes(weights)} (the model)" if weights else "none (the model is here)"
    lines.append(f"download: {said}{fetched}; results: about {_bytes(kept)}")
    return lines


def described(proposal: Proposal) -> str:
    """How long the texts are."""
    low, high = min(proposal.lengths), max(proposal.lengths)
    return f"{low:,} to {high:,} words an article, half have {int(median(proposal.lengths)):,}"


def _translation(seen: Glance, translations: Path | None) -> Translation:
    """How the texts become English: as they are, from a file, by a model that is here, or Google.

    Args:
        seen: the corpus.
        translations: a file of translations beside it.
    """
    texts = [text for _, *both in seen.articles for text in both]
    language = language_of(texts)
    if language in ("en", None):
        said = "in English" if language else "in no language that can be told; if not in English"
        why = f"the texts seem to be {said}" + (
            ", and stay as they are" if language else ", translate them (`google`)"
        )
        return Translation("none", {"source": "en"}, why, 0)
    assert language is not None
    wanted = distinct_to_translate(texts)
    source = {} if language == "de" else {"source": language}
    name = LANGUAGES[language]
    if translations is not None:
        held = recall(translations, language, "en").translations
        if all(text in held for text in wanted):
            why = f"the texts seem to be {name}, and {translations} has the English of all of them"
            return Translation("memory", {"memory": str(translations), **source}, why, 0)
    model = _marian(language)
    if model is not None:
        why = f"the texts seem to be {name}, and {model} on this machine translates them"
        entry = {"backend": "marian", "model": model, **source}
        return Translation("marian", entry, why, len(wanted))
    kept = recall(MEMORY, language, "en", "google").translations
    left = sum(text not in kept for text in wanted)
    why = f"the texts seem to be {name}; Google's public page translates each once"
    return Translation("google", source, why, left)


def _marian(language: str) -> str | None:
    """The name of an OPUS-MT model into English that Hugging Face's cache holds."""
    from huggingface_hub import constants

    name = f"opus-mt-{language}-en"
    folder = Path(constants.HF_HUB_CACHE) / f"models--Helsinki-NLP--{name}"
    weights = [*folder.glob("snapshots/*/*.safetensors"), *folder.glob("snapshots/*/*.bin")]
    return f"Helsinki-NLP/{name}" if weights else None


def _folder_for_photos(name: str, entry: Mapping[str, Any]) -> Path:
    """Where photos can be fetched to: beside the tables, if there they can be."""
    beside = Path(_files(entry)).parent
    return beside / "images" if os.access(beside, os.W_OK) else Path(f"photos-{name}")


def _files(entry: Mapping[str, Any]) -> str:
    first = entry.get("pairs", entry.get("articles"))
    return str(first if isinstance(first, str) else first[0])


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _bytes(number: int) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6)):,} MB"
