"""A few articles of a corpus as each step would leave them, without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rematch import forms
from rematch.commands.terminal import wrapped
from rematch.config import Asked, Config, axes_of, view_name
from rematch.text import (
    Cleaning,
    TranslationOptions,
    clean_articles,
    distinct_to_translate,
    fill,
    query_table,
    recall,
    wordstats,
)

STATISTICS = Path("resources/word_statistics")
"""Where the rule `word_statistics` leaves them."""

LINES = 3
"""Most that a text takes; the rest of it is "…"."""

COLUMN = 14

Article = tuple[str, str, str]
"""Id, title and text."""


@dataclass(frozen=True)
class _Translated:
    """Articles in English. `said`: of an article the place of which is a key, why it is not."""

    articles: Sequence[Article]
    said: Mapping[int, str]


def sampled(config: Config, corpus: str, articles: Sequence[Article]) -> Iterator[str]:
    """The lines for some articles: as published, and after each step.

    Args:
        config: validated.
        corpus: their corpus' name.
        articles: as published.

    Raises:
        UserError: a translation memory cannot be read.
    """
    axes = axes_of(config, corpus)
    translated = {
        name: _translated(config["translations"][name], articles) for name in axes["translation"]
    }
    cleaned = {
        (name, cleaning): _cleaned(config, name, cleaning, found.articles)
        for name, found in translated.items()
        for cleaning in axes["cleaning"]
    }
    left_out = sorted({step for each in axes["cleaning"] for step in _left_out(config, each)})
    for place, (item, title, text) in enumerate(articles):
        yield ""
        yield from wrapped(f"article {item} of {corpus}")
        yield from _line("as published", title, text)
        for name, found in translated.items():
            if place in found.said:
                yield from _line(name, found.said[place])
                continue
            if config["translations"][name]["backend"] != "none":
                yield from _line(name, *found.articles[place][1:])
            for cleaning in axes["cleaning"]:
                table = cleaned[name, cleaning]
                yield from _line(cleaning, *(table[key][place].as_py() for key in _PARTS))
                fields = config["cleanings"][cleaning]["fields"]
                for n in axes["words"]:
                    query = query_table(table.slice(place, 1), fields, view_name(n))
                    label = f"  {n} windows" if "/" in str(n) else f"  {n} words"
                    yield from _line(label, *query["query"].to_pylist())
    if left_out:
        yield ""
        yield from wrapped(
            f"(without {', '.join(left_out)}: the word statistics that they read are not made yet; "
            "the first run makes them)"
        )


_PARTS = ("title", "text")


def _line(label: str, *parts: str) -> list[str]:
    label = label if len(label) <= COLUMN else f"{label[: COLUMN - 1]}…"
    return wrapped(" | ".join(parts), f"  {label:<{COLUMN}}  ", LINES)


def _translated(entry: Mapping[str, Any], articles: Sequence[Article]) -> _Translated:
    """Articles as a translation would leave them, by what is known without asking anybody."""
    if entry["backend"] == "none":
        return _Translated(articles, {})
    options = TranslationOptions.from_config(entry)
    held = _held(options)
    said: dict[int, str] = {}
    for place, (_, *parts) in enumerate(articles):
        missing = [text for text in distinct_to_translate(parts) if text not in held]
        if missing and options.backend == "memory":
            held.update({text: text for text in missing if options.keeps})
            if not options.keeps:
                said[place] = f"not in {options.memory}, where a run would end"
        elif missing:
            said[place] = f"would be asked of {options.backend}"
    return _Translated([(i, *(held.get(t, t) for t in parts)) for i, *parts in articles], said)  # type: ignore[misc]


def _held(options: TranslationOptions) -> dict[str, str]:
    """What the translation memory holds of a backend; it is read, and not made."""
    assert options.memory is not None
    if options.backend == "memory":
        return dict(recall(options.memory, options.source, options.target).translations)
    name = options.backend
    if name == "marian":
        # Of which model an entry is, only its weights tell; so where there are several, of none.
        kept = {each.backend for each in fill(options.memory)} if options.memory.exists() else set()
        known = [each for each in kept if each.startswith("marian:")]
        known = [each for each in known if each.endswith(f":beam{options.beam}")]
        if len(known) != 1:
            return {}
        name = known[0]
    return dict(recall(options.memory, options.source, options.target, name).translations)


def _cleaned(config: Config, translation: str, cleaning: str, articles: Sequence[Article]) -> Any:
    """`forms.TEXTS` as a cleaning would leave them, but for what needs statistics not there yet."""
    entry = config["cleanings"][cleaning]
    absent = _left_out(config, cleaning)
    steps = tuple(step for step in entry["steps"] if step not in absent)
    language = Asked(config).language(SimpleNamespace(translation=translation))
    asked = Cleaning(steps, entry["guard"], language)
    rows: list[dict[str, object]] = [
        {"article_id": item, "title": title, "text": text, "source_title": "", "source_text": ""}
        for item, title, text in articles
    ]
    statistics = STATISTICS if asked.needs_statistics else None
    return clean_articles(forms.from_rows(rows, forms.TEXTS), asked, statistics)[0]


def _left_out(config: Config, cleaning: str) -> list[str]:
    """The steps that read word statistics, if these are not made yet."""
    if _statistics_there():
        return []
    steps = config["cleanings"][cleaning]["steps"]
    return [step for step in steps if Cleaning((step,)).needs_statistics]


@cache
def _statistics_there() -> bool:
    return all((STATISTICS / name).is_file() for name in wordstats.OUTPUTS)
