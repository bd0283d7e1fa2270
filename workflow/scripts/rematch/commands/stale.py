"""Results that the configuration does not refer to any more.

    python -m rematch.commands.stale [--remove] [--configfile my.yaml ...]

lists the files under results/ that no job of the plan makes or reads, such as those of a word
count that left the sweep, with their sizes; with `--remove` it removes them. Another
configuration may refer to them. Nothing outside results/ is touched: links are not followed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.engine import dag, records
from rematch.errors import UserError, say
from rematch.storage import KEPT

RESULTS = Path("results")

KEPT_TOO = ("results/report.html", KEPT, str(records.RECORDS))
"""What no job makes: the report is `make report`'s. A record goes with its result."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.stale", description="List results of no use any more."
    )
    parser.add_argument("--remove", action="store_true", help="remove them")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    config = ["--configfile", *options.configfile] if options.configfile else []
    try:
        with dag.planned(config, judging=False) as workflow:
            used = in_use(dag.jobs(workflow), workflow.globals["config"])
            running = any(True for _ in workflow.persistence._read_locks())
        if options.remove and running:
            raise UserError(
                "a run is using results/: wait for its end (was it killed? snakemake --unlock)"
            )
        found = stale(used)
        if options.remove:
            remove(found)
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    for path, size in found.items():
        say(f"{size:>15,}  {path}")
    files = f"{len(found):,} files, {sum(found.values()):,} bytes"
    if not found:
        say("nothing is left over: this configuration refers to all that is in results/")
    elif options.remove:
        say(f"removed: {files}")
    else:
        say(f"{files} that this configuration does not refer to (another one may)")
    return 0


def in_use(jobs: Iterable[dag.Job], config: Mapping[str, Any]) -> set[Path]:
    """What the plan makes and reads, and whatever else the configuration names, as full paths.

    Photos, a translation memory or a checkpoint may lie under results/ too, of corpora that the
    sweep leaves out at that.
    """
    named = {path for job in jobs for path in (*job.inputs, *job.outputs, *job.notes)}
    named |= {os.path.expanduser(text) for text in _texts(config) if text}
    named.update(KEPT_TOO)
    return {Path(full(path)) for path in named for full in (os.path.abspath, os.path.realpath)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inside in value.values():
            yield from _texts(inside)
    elif isinstance(value, Sequence):
        for inside in value:
            yield from _texts(inside)


def stale(used: set[Path]) -> dict[Path, int]:
    """Size by path of the files and links under results/ that are not `used` and not inside.

    A hidden file keeps work for the files beside it that begin with its name, and goes with them:
    `.google.vectors.arrow` with the last `google.*`. What a killed job left half written, goes.
    """
    beside = {(path.parent, path.name.split(".")[0]) for path in used}
    found = {}
    for folder, folders, files in os.walk(RESULTS):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(folder, name)
            full, real = Path(os.path.abspath(path)), Path(os.path.realpath(path))
            keeps = name.startswith(".") and not name.endswith(".part")
            if keeps and (full.parent, name.strip(".").split(".")[0]) in beside:
                continue
            if used.isdisjoint((full, *full.parents, real, *real.parents)) and not (
                path.is_symlink() and any(other.is_relative_to(full) for other in used)
            ):
                found[path] = path.lstat().st_size
    return found


def remove(paths: Iterable[Path]) -> None:
    """Remove files and links, not what the links lead to, and the folders left empty.

    Raises:
        UserError: one cannot be removed.
    """
    for path in paths:
        try:
            for file in (path, records.place(path)):
                file.unlink(missing_ok=True)
                for folder in file.parents if file.parent.is_dir() else ():
                    if folder == RESULTS or any(folder.iterdir()):
                        break
                    folder.rmdir()
        except OSError as error:
            raise UserError(f"{path}: cannot be removed ({error.strerror})") from error


if __name__ == "__main__":
    sys.exit(main())
