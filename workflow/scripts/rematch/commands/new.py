"""A first configuration for somebody's own files, so that nobody starts from a blank one.

    python -m rematch.commands.new mine --articles data/articles.tsv [--photos data/images]

looks at the files, or the folder, and writes `mine.yaml`: a few lines, each with what it means.
Then it says what a run would cost, and what to type next. It overwrites nothing.
"""

from __future__ import annotations

import argparse
import logging
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from rematch.commands.drafting import drafted
from rematch.commands.proposing import Proposal, cost, described, proposed, refused_said
from rematch.commands.terminal import counted, wrapped
from rematch.config import layers, load_schema, resolved
from rematch.engine import ROOT
from rematch.errors import UserError, say
from rematch.text import misplaced


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    out = Path(options.out or f"{options.name}.yaml")
    try:
        _demand_new(options.name, out)
        proposal = proposed(options.name, options.articles, options.photos)
        _write(out, _valid(drafted(options.name, str(out), proposal)))
        lines = [line for label, text in _told(proposal) for line in wrapped(text, label)]
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    file = shlex.quote(str(out))
    lines += [
        f"written      {out}",
        f"next         make check CONFIG={file}",
        f"             make run CONFIG={file}",
    ]
    for line in lines:
        say(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.new", description="Write a configuration to start from."
    )
    parser.add_argument("name", help="what the corpus is called, such as mine")
    parser.add_argument(
        *("--articles", "--data"),
        dest="articles",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="the table of articles, or the folder that it is in",
    )
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="default: looked for beside the articles"
    )
    parser.add_argument("--out", metavar="FILE", help="default: NAME.yaml")
    return parser


def _demand_new(name: str, out: Path) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise UserError(f"{name!r}: a corpus' name has letters, digits, _ and - only; as in mine")
    if out.exists() or out.is_symlink():
        raise UserError(f"{out}: is there already, and stays as it is; remove it, or name another")
    base = layers.files([])[0]
    if name in base.get("corpora", {}):
        raise UserError(f"{name!r}: config/config.yaml has a corpus of this name; choose another")


def _valid(text: str) -> str:
    """A file's text, if it is one that a run would take.

    Raises:
        UserError: it is not, such as for a path with braces.
    """
    schema = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    resolved([*layers.files([]), yaml.safe_load(text)], schema, doubt=misplaced)
    return text


def _write(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:  # fails if it has come meanwhile
            file.write(text)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{out}: cannot be written ({said}); name another") from error


def _told(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What was found and proposed: labels and lines."""
    seen = proposal.seen
    for path, layout in seen.layouts.items():
        yield "read         ", f"{path}: layout {layout}"
    count = f"{counted(len(seen.articles), 'article')} of {counted(seen.rows, 'row')}"
    pairs = "no truth" if seen.pairs is None else f"{counted(seen.pairs, 'pair')} with a photo"
    yield "articles     ", f"{count}; {pairs}; {refused_said(seen)}"
    yield "photos       ", _photos_said(proposal)
    translation = proposal.translation
    yield "translation  ", f"{translation.name}: {translation.why}"
    words = ", ".join(map(str, [*proposal.words, "all"]))
    yield "words        ", f"{words}: {described(proposal)}"
    yield "model        ", "vit-b-32"
    for n, line in enumerate(cost(proposal)):
        yield ("a run costs  " if not n else " " * 13), line


def _photos_said(proposal: Proposal) -> str:
    seen, entry = proposal.seen, proposal.entry
    if "photos" not in entry:
        return "none found beside the articles, and no row has a URL; name their folder: PHOTOS=dir"
    if proposal.fetch:
        return f"none here; {seen.urls:,} of {seen.images:,} can be fetched by URL"
    more = f"; {seen.urls:,} others could be fetched by URL" if seen.urls else ""
    more += "" if seen.photos else "; check PHOTOS"
    return f"{seen.photos:,} of {seen.images:,} are in {entry['photos']}{more}"


if __name__ == "__main__":
    sys.exit(main())
