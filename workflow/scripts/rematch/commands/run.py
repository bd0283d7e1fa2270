"""The experiment, on a screen of its own.

    python -m rematch.commands.run --cores 8 [--configfile my.yaml ...]

takes Snakemake's arguments and runs it with the logger `rematch`; at the end it shows each corpus'
figures, also where nothing had to be computed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rematch.commands.configured import configured
from rematch.config import Asked
from rematch.engine import screens
from rematch.errors import UserError, say
from rematch.report import show_tables

LOGS = Path(".snakemake/log")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status is Snakemake's."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m rematch.commands.run", add_help=False)
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    files = parser.parse_known_args(given)[0].configfile
    status, planned = _snakemake(["--logger", "rematch", *given])
    log = max(LOGS.glob("*.snakemake.log"), default=None)
    if status == 0:
        if not planned:
            say("nothing changed: all that the configuration asks for is there and up to date")
        try:
            _end(files, str(log or ""))
        except UserError as error:
            say(str(error), sys.stderr)
            status = 1
    if log is not None and status:
        say(f"Snakemake's own log: {log}", sys.stderr)
    return status


def _snakemake(arguments: Sequence[str]) -> tuple[int, bool]:
    """Its exit status, and whether there was something to compute."""
    os.environ["REMATCH_SCREEN"] = "1"
    from snakemake.cli import main as snakemake

    status = 0
    try:
        snakemake(list(arguments))
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return status, any(screen.total for screen in screens)


def _end(files: Sequence[str], log: str) -> None:
    asked = Asked(configured(files).config)
    corpora = asked.config["sweep"]["corpus"]
    show_tables(asked.place, corpora, asked.has_truth, log)


if __name__ == "__main__":
    sys.exit(main())
