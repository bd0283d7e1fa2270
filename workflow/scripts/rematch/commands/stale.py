"""Results that the configuration does not refer to any more.

    python -m rematch.commands.stale [--remove] [--configfile my.yaml ...]

lists the files under results/ that no job of the plan makes or reads, such as those of a word
count that left the sweep, with their sizes; with `--remove` it removes them. What another
experiment's record names is in use. Nothing outside results/ is touched: links are not followed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.engine import dag, provenance, records
from rematch.errors import UserError, say
from rematch.storage import KEPT

RESULTS = Path("results")

KEPT_TOO = (KEPT, str(records.RECORDS))
"""What no job makes. A record goes with its result."""

REPORTS = ("report.html", "report.zip")
"""What `make report` makes."""


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
            used = in_use(dag.jobs(workflow), workflow.globals["config"]) | recorded()
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
        say("nothing is left over: all that is in results/ is referred to")
    elif options.remove:
        say(f"removed: {files}")
    else:
        say(f"{files} that neither this configuration nor another experiment's record refers to")
    return 0


def in_use(jobs: Iterable[dag.Job], config: Mapping[str, Any]) -> set[Path]:
    """What the plan makes and reads, and whatever else the configuration names, as full paths.

    Photos, a translation memory or a checkpoint may lie under results/ too, of corpora that the
    sweep leaves out at that.
    """
    named = {path for job in jobs for path in (*job.inputs, *job.outputs, *job.notes)}
    # `results` is the folder itself, noted for jobs.
    named |= {os.path.expanduser(t) for k in config.keys() - {"results"} for t in _texts(config[k])}
    named.update(KEPT_TOO)
    named |= {f"results/{config.get('experiment')}/{name}" for name in REPORTS}
    whole = (os.path.abspath, os.path.realpath)
    return {Path(full(path)) for path in named if path for full in whole}


def recorded() -> set[Path]:
    """What the experiments' records name that are there, and their reports, as full paths.

    An experiment goes with its record: once that is removed, what it alone used is listed.
    """
    named: set[str] = set()
    for record in RESULTS.glob("*/provenance.json"):
        found = provenance.earlier(record)
        if found is None:
            raise UserError(f"{record}: cannot be read; run that experiment again, or remove it")
        named |= {str(record), *found["inputs"], *found["outputs"]}
        named |= {entry["log"] for entry in found["outputs"].values()}
        named |= {f"{record.parent}/{name}" for name in ("ro-crate-metadata.json", *REPORTS)}
        last = f"results/logs/provenance/{record.parent.name}.log"
        named |= {last, _benchmark(last)}
        named |= {os.path.expanduser(text) for text in _texts(found["config"]) if text}
        named |= {_benchmark(entry["log"]) for entry in found["outputs"].values()}
    return {Path(full(path)) for path in named for full in (os.path.abspath, os.path.realpath)}


def _benchmark(log: str) -> str:
    """Where Snakemake's measurement of a job is, by its log."""
    return log.replace("results/logs/", "results/benchmarks/", 1).removesuffix(".log") + ".tsv"


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
            if path.is_relative_to(RESULTS / "logs") and not path.lstat().st_size:
                continue  # an empty log tells nothing and takes no room
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
