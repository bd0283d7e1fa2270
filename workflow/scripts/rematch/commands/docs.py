"""The tables of methods in config/README.md, from what the methods say, and docs/data.md.

    python -m rematch.commands.docs [--check]

writes them between the markers `<!-- methods: scorers -->` and `<!-- end -->`, one pair for each of
`methods.FAMILIES`; with `--check` it writes nothing, and its exit status is 1 if they differ.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from rematch.commands.data_page import data_page
from rematch.engine import ROOT
from rematch.errors import say
from rematch.methods import FAMILIES, table
from rematch.storage import write_text

README = ROOT / "config/README.md"
DATA = ROOT / "docs/data.md"


def documented(text: str) -> str:
    """A text with every family's table between its markers as it is now.

    Raises:
        ValueError: a family has no markers.
    """
    for section in FAMILIES:
        marker = f"<!-- methods: {section} -->"
        pattern = re.compile(rf"({re.escape(marker)}\n).*?(<!-- end -->)", re.S)
        if not pattern.search(text):
            raise ValueError(f"{marker} and <!-- end --> are missing")
        now = table(section)
        text = pattern.sub(lambda found, now=now: f"{found[1]}{now}{found[2]}", text)  # type: ignore[misc]
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m rematch.commands.docs")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    now = {README: documented(README.read_text("utf-8")), DATA: data_page()}
    for path, text in now.items():
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        if options.check:
            say(f"{path.relative_to(ROOT)} is not what the code says: make docs", sys.stderr)
            return 1
        path.parent.mkdir(exist_ok=True)
        write_text(path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
