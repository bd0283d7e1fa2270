"""What a configuration would read and compute; nothing of it is computed, and no result written.

    python -m rematch.commands.check [--configfile my.yaml ...]

prints the corpora with their rows and photos, the runs and jobs, and the first articles as each
step would leave them. No photo is opened, and no translator asked.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rematch.commands.configured import configured
from rematch.commands.sampling import Article, sampled
from rematch.commands.terminal import counted, wrapped
from rematch.config import Config, axes_of, ensembles, points
from rematch.corpus import MISSING, CorpusSpec, Glance, glance
from rematch.engine import dag
from rematch.errors import UserError, say

DEMO = ("articles.tsv", "translations.tsv", "images")
"""What the first run draws, in this folder:"""

DRAWN = Path("resources/demo/corpus")

ARTICLES = 3
"""How many of a corpus are shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.check",
        description="Say what a configuration would read and compute.",
    )
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    try:
        found = configured(options.configfile)
        for line in checked(found.config, found.notes):
            say(line)
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    return 0


def checked(config: Config, notes: Sequence[str]) -> Iterator[str]:
    """The lines for a validated configuration, and what was said of its files.

    Raises:
        UserError: what a run would say of the tables, the memory, or the plan.
    """
    articles: dict[str, Sequence[Article]] = {}
    for note in notes:
        yield from wrapped(note, "note: ")
    for name in config["sweep"]["corpus"]:
        entry = config["corpora"][name]
        if _undrawn(entry):
            yield from wrapped(f"corpus {name}: drawn by the first run; then it can be shown")
        else:
            spec = CorpusSpec.from_config(entry)
            if "download" in entry and spec.photos is not None and not spec.photos.exists():
                spec = replace(spec, photos=None)
            seen = glance(spec)
            articles[name] = seen.articles[:ARTICLES]
            yield from _corpus(name, entry, seen)
        yield from _runs(config, name)
    yield from wrapped(_jobs(config, notes))
    for name, some in articles.items():
        yield from sampled(config, name, some)


def _undrawn(entry: dict[str, Any]) -> bool:
    pairs = entry.get("pairs")
    return isinstance(pairs, str) and Path(pairs) == DRAWN / DEMO[0] and not Path(pairs).exists()


def _corpus(name: str, entry: dict[str, Any], seen: Glance) -> Iterator[str]:
    paired = seen.pairs is not None
    pairs = f"{counted(seen.pairs or 0, 'pair')} with a photo" if paired else "no truth"
    count = f"{counted(len(seen.articles), 'article')} of {counted(seen.rows, 'row')}"
    yield from wrapped(f"corpus {name}: {count}; {pairs}")
    for path, layout in seen.layouts.items():
        yield from wrapped(f"{path}: layout {layout}", "  ")
    where = f" in {entry['photos']}" if "photos" in entry else "; no folder of photos is named"
    yield from wrapped(f"photos: {seen.photos:,} of {counted(seen.images, 'file')}{where}", "  ")
    if "download" in entry:
        yield from wrapped(f"to be fetched by URL: {counted(seen.urls, 'photo')}", "  ")
    for (kind, reason), rows in seen.refused.items():
        if reason != MISSING:
            yield from wrapped(f"refused: {counted(rows, kind)}: {reason}", "  ")


def _runs(config: Config, name: str) -> Iterator[str]:
    axes = axes_of(config, name)
    for axis, values in axes.items():
        yield from wrapped(", ".join(map(str, values)), f"  {axis + ':':<13}")
    single, blended = len(points(config, name)), len(ensembles(config, name))
    product = " × ".join(str(len(values)) for values in axes.values())
    more = f", and {counted(blended, 'ensemble')} of them" if blended else ""
    yield from wrapped(f"{counted(single, 'run')} ({product}){more}", "  ")


def _jobs(config: Config, notes: Sequence[str]) -> str:
    """How many jobs a run would have: what `make why` would tell, counted."""
    with dag.planned([], config, notes) as workflow:
        needed = sum(bool(job.output) for job in workflow.dag.needrun_jobs())
        planned = sum(bool(job.output) for job in workflow.dag.jobs)
    return f"{counted(needed, 'job')} to run of {planned:,}; make why says which"


if __name__ == "__main__":
    sys.exit(main())
