"""A file of configuration for an experiment, each line with what it means."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from rematch.commands.proposing import WORDS, Proposal, described, refused_said
from rematch.commands.terminal import WIDEST, counted
from rematch.errors import printable


def drafted(name: str, file: str, proposal: Proposal) -> str:
    """The file's text.

    Args:
        name: the corpus' name.
        file: the path that it will have.
        proposal: the experiment.
    """
    path = shlex.quote(file)
    lines = [
        *_said("Lies over config/config.yaml; every key is explained in config/README.md."),
        *_said(f"make check CONFIG={path}: what it would read and compute"),
        *_said(f"make run CONFIG={path}: compute it"),
        "",
        *_sweep(name, proposal),
        "",
        *_corpus(name, proposal),
        "",
        *_rest(proposal),
    ]
    return "\n".join(lines) + "\n"


def _sweep(name: str, proposal: Proposal) -> Iterator[str]:
    yield "sweep:"
    yield from _said("What is read: an entry of `corpora` below.", 2)
    yield f"  corpus: [{_scalar(name)}]"
    yield from _said(f"How texts become English: {proposal.translation.why}.", 2)
    yield f"  translation: [{proposal.translation.name}]"
    yield from _said("A run for each: the first N words of title and text, or all of them.", 2)
    yield from _said(f"Here are {described(proposal)}.", 2)
    yield f"  words: [{', '.join(map(str, [*proposal.words, 'all']))}]"
    yield from _said("Which CLIP: OpenAI's ViT-B/32, as in the paper.", 2)
    yield "  model: [vit-b-32]"


def _corpus(name: str, proposal: Proposal) -> Iterator[str]:
    seen, entry = proposal.seen, dict(proposal.entry)
    yield "corpora:"
    yield f"  {_scalar(name)}:"
    meant = {
        "pairs": "Articles with their photos, which is the truth too",
        "articles": "Articles, and photos, in files apart",
        "truth": "Which photo belongs to which article; evaluation alone reads it",
    }
    counts = f"{counted(len(seen.articles), 'article')} of {counted(seen.rows, 'row')}"
    for key in ("pairs", "articles", "images", "truth"):
        if key in entry:
            more = f": {counts}; {refused_said(seen)}" if key in ("pairs", "articles") else ""
            yield from _said(f"{meant[key]}{more}.", 4) if key in meant else ()
            yield from _value(key, entry[key], 4)
    if "images" in entry and "truth" not in entry:
        yield from _said("truth: a file that pairs them. Without it there is no table.", 4)
    if "columns" in entry:
        yield from _said("Which column is which; photo and url can be named too.", 4)
        yield f"    layout: {entry['layout']}"
        yield from _value("columns", entry["columns"], 4)
    yield from _photos(proposal)


def _photos(proposal: Proposal) -> Iterator[str]:
    seen, entry = proposal.seen, proposal.entry
    if "photos" not in entry:
        yield from _said("Found nowhere: the folder of the photos' files, without which", 4)
        yield from _said("nothing can be compared.", 4)
        yield "    # photos: images"
        return
    if proposal.fetch:
        yield from _said("The folder that the photos are fetched into, each once, by its URL:", 4)
        yield from _said(f"{seen.urls:,} of {seen.images:,} have one.", 4)
    else:
        have = f"{seen.photos:,} of {counted(seen.images, 'photo')} are there"
        yield from _said(f"The folder of the photos' files; {have}.", 4)
    yield from _value("photos", entry["photos"], 4)
    if proposal.fetch:
        yield "    download: {}"
    elif seen.urls:
        yield from _said(f"This would fetch {seen.urls:,} of the others by their URLs:", 4)
        yield "    # download: {}"


def _rest(proposal: Proposal) -> Iterator[str]:
    translation = proposal.translation
    if translation.entry:
        yield "translations:"
        yield from _value(translation.name, translation.entry, 2)
        yield ""
    if proposal.words != WORDS:
        yield from _said("The paper's mean of 10, 20, 30 and 40 words is left out.")
        yield "ensembles: {run05: null}"
        yield ""
    if not proposal.benchmark:
        yield from _said("The paper's figures are of another corpus, and not shown beside these.")
        yield "evaluation: {reference: null}"
        yield ""
    yield from _said("Cores that open photos and encode: this machine's.")
    yield f"encoding: {{threads: {proposal.cores}}}"


def _said(text: str, indent: int = 0) -> list[str]:
    """Comments. What is long and has no spaces, such as a path, may stand out."""
    mark = " " * indent + "# "
    return textwrap.wrap(
        printable(text),
        WIDEST,
        initial_indent=mark,
        subsequent_indent=mark,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _value(key: str, value: Any, indent: int) -> Iterator[str]:
    space = " " * indent
    if isinstance(value, Mapping):
        yield f"{space}{_scalar(key)}:"
        for inside, part in value.items():
            yield from _value(inside, part, indent + 2)
    elif isinstance(value, list):
        yield f"{space}{_scalar(key)}:"
        yield from (f"{space}  - {_scalar(part)}" for part in value)
    else:
        yield f"{space}{_scalar(key)}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    """A value as YAML, in quotes where it needs them, on one line."""
    said: str = yaml.safe_dump(value, allow_unicode=True, width=10_000_000)
    return said.removesuffix("\n").removesuffix("\n...")
