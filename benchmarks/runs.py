"""What a further run costs where embeddings are there: processor and wall seconds of a whole start.

    PATH="$PWD/.venv/bin:$PATH" PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/runs.py

Each line is a start of Snakemake to its end, all of its processes counted: 60 further runs on 2,000
articles and photos, one more, nothing; then 630 runs on 30 articles, and nothing again. First with
an interpreter for each job (REMATCH_WORKERS=0), then as it is; and before both, with
`--before FOLDER`, with another checkout of the project.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from encoding import processor
from pipeline import ROOT, make_project

WORDS = [10, 20, 30, 40]
MODELS = 6
CLEANINGS = ["paper", "raw", "keep-articles"]


class Cost(NamedTuple):
    """Seconds of processors, and of the clock."""

    cpu: float
    wall: float


def sweep(words: list[int], cleanings: list[str], models: int, scorers: int) -> dict[str, Any]:
    """A configuration of words x cleanings x models x scorers runs, all with one checkpoint."""
    return {
        "sweep": {
            "corpus": ["drawn"],
            "words": words,
            "cleaning": cleanings,
            "model": [f"m{i}" for i in range(models)],
            "scorer": [f"s{i}" for i in range(scorers)],
        },
        "ensembles": {},
        "corpora": {"drawn": {"pairs": "data/articles.tsv", "photos": "data/images"}},
        "translations": {"memory": {"memory": "data/translations.tsv"}},
        "scorers": {f"s{i}": {"kind": "cosine"} for i in range(16)},
        "models": {f"m{i}": {"checkpoint": "data/small.pt"} for i in range(MODELS)},
    }


def start(folder: Path, config: dict[str, Any], workers: str, *targets: str) -> Cost:
    """Run Snakemake in a folder."""
    (folder / "my.yaml").write_text(yaml.safe_dump(config), "utf-8")
    command = [sys.executable, "-m", "snakemake", "--configfile", "my.yaml", "--cores", "2"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (folder / "snakemake.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [*command, *targets],
            cwd=folder,
            env={**os.environ, "REMATCH_WORKERS": workers},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit((folder / "snakemake.log").read_text("utf-8")[-4000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"  {cpu:.1f} s of processors, {wall:.1f} s", file=sys.stderr, flush=True)
    return Cost(cpu, wall)


def embedded(config: dict[str, Any]) -> list[str]:
    """The files of all its embeddings."""
    axes, folder = config["sweep"], "results/drawn/embeddings"
    return [
        f"{folder}/{model}/{name}.arrow"
        for model in axes["model"]
        for name in (
            "images",
            *(f"memory.{c}.w{n}" for c in axes["cleaning"] for n in axes["words"]),
        )
    ]


def measured(root: Path, workers: str, articles: int, models: int) -> dict[str, Cost]:
    """The costs of one way to start jobs."""
    found: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "large"
        make_project(folder, articles, 96, 72, root)
        config = sweep(WORDS, ["paper"], 1, 1)
        start(folder, config, workers)
        found["nothing"] = start(folder, config, workers)
        found["60 further runs"] = start(folder, sweep(WORDS, ["paper"], 1, 16), workers)
        config = sweep(WORDS, ["paper"], 1, 16)
        config["ensembles"] = {"one": [{"words": n, "scorer": "s0"} for n in WORDS]}
        found["one further run, an ensemble"] = start(folder, config, workers)
        folder = Path(name) / "small"
        make_project(folder, 30, 96, 72, root)
        config = sweep([2, 3, 4, 5, 6, 8, 10], CLEANINGS, models, 5)
        start(folder, config, workers, *embedded(config))
        found[f"{105 * models} runs on 30 articles"] = start(folder, config, workers)
        found[f"nothing, {105 * models} runs"] = start(folder, config, workers)
    return found


def compare(articles: int, before: Path | None, models: int = MODELS) -> None:
    """Print what runs cost, one way beside the other."""
    ways = {"an interpreter a job": (ROOT, "0"), "as it is": (ROOT, "1")}
    if before is not None:
        ways = {"before": (before.resolve(), "0")} | ways
    costs = {name: measured(*way, articles, models) for name, way in ways.items()}
    print("| processor seconds (wall) | " + " | ".join(costs) + " |")
    print("|---|" + "---|" * len(costs))
    for what in next(iter(costs.values())):
        cells = [f"{cost[what].cpu:.1f} ({cost[what].wall:.1f})" for cost in costs.values()]
        print(f"| {what} | {' | '.join(cells)} |")
    for name, cost in costs.items():
        each = (cost["60 further runs"].cpu - cost["nothing"].cpu) / 60
        print(f"{name}: a further run {each:.2f} s of processor time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--before", type=Path, help="another checkout of the project")
    parser.add_argument("--models", type=int, default=MODELS, help="105 runs each on 30 articles")
    asked = parser.parse_args()
    print(f"{processor()}, 2 cores; load before: {os.getloadavg()[0]:.1f}")
    compare(asked.articles, asked.before, asked.models)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
