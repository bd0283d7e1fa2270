"""The report of an experiment: one HTML file that opens offline.

    python -m rematch.commands.report --cores 8 [--configfile my.yaml ...]

takes Snakemake's arguments; the results are there already.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rematch.commands.configured import configured
from rematch.config import Asked
from rematch.errors import UserError, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status is Snakemake's."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m rematch.commands.report", add_help=False)
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    try:
        config = configured(parser.parse_known_args(given)[0].configfile).config
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    from snakemake.cli import main as snakemake

    path = f"{Asked(config).place}/report.html"
    try:
        snakemake(["--logger", "rematch", *given, "--report", path])
    except SystemExit as ended:
        if ended.code not in (0, None):
            return 1
    say(f"The report: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
