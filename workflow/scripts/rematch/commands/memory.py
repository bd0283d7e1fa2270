"""The translation memory from the command line.

    python -m rematch.commands.memory status [--articles results/<corpus>/corpus/articles.parquet]
    python -m rematch.commands.memory import translations.tsv --backend google

`status` says how much the memory holds and, given a corpus' articles, how many of their titles
and texts; `import` adds a TSV's rows as if the backend had answered them.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from rematch import forms
from rematch.errors import Formatter, UserError, say
from rematch.methods import methods
from rematch.storage import tables
from rematch.text import fill, import_tsv, read_folder, read_tsv, recall

MEMORY = Path("resources/translation_memory")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", force=True)
    said: set[str] = set()  # the memory is read more than once, and each fault named once

    def new(record: logging.LogRecord) -> bool:
        before = len(said)
        said.add(record.getMessage())
        return len(said) > before

    logging.getLogger().handlers[0].addFilter(new)
    logging.getLogger().handlers[0].setFormatter(Formatter("%(message)s"))
    try:
        lines = _status(options) if options.command == "status" else _import(options)
        for line in lines:
            say(line)
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.memory", description="Look into the translation memory."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser("status", help="say what the memory holds")
    status.add_argument(
        "--articles", type=Path, metavar="PARQUET", help="a corpus' articles: how many are held?"
    )
    adding = commands.add_parser("import", help="add translations from a TSV")
    adding.add_argument("tsv", type=Path, help="UTF-8, header source<TAB>target")
    adding.add_argument(
        "--backend", required=True, help="whose they are, as status shows it, such as google"
    )
    for command in (status, adding):
        command.add_argument(
            "--memory", type=Path, default=MEMORY, help="its folder (default: %(default)s)"
        )
        command.add_argument("--source", default="de", help="default: %(default)s")
        command.add_argument("--target", default="en", help="default: %(default)s")
    return parser


def _status(options: argparse.Namespace) -> Iterator[str]:
    memory: Path = options.memory
    if not memory.exists():
        yield f"translation memory {memory}: not there yet; the first translation makes it"
        return
    files = (
        [memory] if memory.is_file() else sorted([*memory.glob("*.jsonl"), *memory.glob("*.tsv")])
    )
    size = sum(file.stat().st_size for file in files)
    plural = "" if len(files) == 1 else "s"
    yield f"translation memory {memory}: {len(files):,} file{plural}, {size:,} bytes"
    fills = fill(memory)
    rows = [
        (
            held.backend,
            held.source or "any",
            held.target or "any",
            f"{held.texts:,}",
            f"{held.characters:,}",
            f"{held.conflicts:,}",
        )
        for held in fills
    ]
    yield ""
    yield from _aligned([("backend", "from", "to", "texts", "characters", "replaced"), *rows])
    yield ""
    yield f"distinct texts: {len(_texts(files)):,}"
    torn = 0 if memory.is_file() else len(read_folder(memory)[1])
    if torn:
        yield f"lines passed over, torn by a kill or not of the memory's form: {torn:,}"
    if options.articles is not None:
        yield ""
        yield from _coverage(options, sorted({held.backend for held in fills} - {"tsv"}))


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """A table: three columns of words, the others of numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells)


def _texts(files: Sequence[Path]) -> set[str]:
    texts = {text for file in files if file.suffix != ".jsonl" for text, _ in read_tsv(file)}
    for folder in {file.parent for file in files if file.suffix == ".jsonl"}:
        texts |= {record.text for record in read_folder(folder)[0]}
    return texts


def _coverage(options: argparse.Namespace, backends: Sequence[str]) -> Iterator[str]:
    try:
        articles = tables.read(options.articles, forms.ARTICLES)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(
            f"{options.articles}: not a readable Parquet file ({str(error).splitlines()[0]}); give "
            f"the articles.parquet of a corpus under results/"
        ) from error
    wanted = {
        text
        for column in ("title", "text")
        for text in articles[column].to_pylist()
        if text and any(char.isalpha() for char in text)
    }
    pair = (options.source, options.target)
    yield (
        f"{options.articles}: {articles.num_rows:,} articles, {len(wanted):,} distinct titles and "
        f"texts to translate from {pair[0]} to {pair[1]}"
    )
    rows = []
    for backend in [*backends, None]:
        # A single TSV has no backends, and without one every row of a memory counts.
        held = recall(options.memory, *pair, backend).translations
        missing = [text for text in wanted if text not in held]
        there = len(wanted) - len(missing)
        share = 100.0 * there / max(len(wanted), 1)
        rows.append(
            (
                backend or "memory",
                *pair,
                f"{there:,}",
                f"{share:.1f} %",
                f"{len(missing):,}",
                f"{sum(map(len, missing)):,}",
            )
        )
    header = ("backend", "from", "to", "held", "share", "missing", "characters missing")
    yield from _aligned([header, *rows])
    yield "(memory: what the backend of that name finds, by whomever it was translated)"


def _import(options: argparse.Namespace) -> Iterator[str]:
    name = options.backend.partition(":")[0]
    takers = sorted(methods("translations").keys() - {"memory", "none"})
    if name not in takers:
        raise UserError(
            f"--backend {options.backend}: not one of {', '.join(takers)}; name the backend whose "
            f"answers the translations stand for"
        )
    if name == "marian" and not re.fullmatch(r"marian:[0-9a-f]{12}:beam[1-9]\d*", options.backend):
        raise UserError(
            f"--backend {options.backend}: which model? Give it as status shows it, such as "
            f"marian:0123456789ab:beam4"
        )
    done = import_tsv(options.memory, options.tsv, options.backend, options.source, options.target)
    yield (
        f"{options.tsv} into {options.memory} as {options.backend}, {options.source} to "
        f"{options.target}: {done.new:,} new, {done.replaced:,} replaced, "
        f"{done.same:,} there already"
    )
    if done.conflicts:
        yield f"rows that contradict an earlier one, the last taken: {done.conflicts:,}"


if __name__ == "__main__":
    sys.exit(main())
