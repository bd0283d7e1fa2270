"""A whole sweep as Snakemake runs it: four word counts and two models on a corpus drawn here.

    PATH="$PWD/.venv/bin:$PATH" PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/pipeline.py

Prints the wall time, and where the jobs' seconds go: encoders, loading models, starting processes
(the interpreter and all imports), and all else; every job is an interpreter here. Then what one
more word count costs, and a run with nothing to do; last what further runs cost, before and after
(`runs.py`, which does this alone). Every job says itself how long it imported: a `sitecustomize`
module on its path times each import statement, and writes a line when its process ends.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from encoding import alone, processor
from peers import SMALL, VIT_B_32, make_clip, make_photos, news

ROOT = Path(__file__).parents[1]
HEADER = ["article", "aid", "url", "img", "iid", "hashvalue", "title", "text", "imgFile"]
ENCODERS = ("embed_texts", "embed_images")

RECORDER = '''
import atexit, builtins, json, os, sys, threading, time

begun, here, spent, real = time.time(), threading.local(), [0.0], builtins.__import__


def timing(*given, **named):
    """Import; an import within an import is part of that one."""
    if getattr(here, "within", False):
        return real(*given, **named)
    here.within, start = True, time.perf_counter()
    try:
        return real(*given, **named)
    finally:
        here.within = False
        spent[0] += time.perf_counter() - start


def note():
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if hasattr(job, "rule"):
        line = json.dumps([job.rule, str(job.log[0]), begun, time.time(), spent[0]])
        with open(os.path.join(os.environ["JOBS_NOTED"], str(os.getpid())), "w") as file:
            file.write(line)


builtins.__import__ = timing
atexit.register(note)
'''


class Job(NamedTuple):
    """A job's rule and log, when its process began and ended, and its seconds of imports."""

    rule: str
    log: str
    begun: float
    ended: float
    imports: float


class Run(NamedTuple):
    """A run of Snakemake."""

    wall: float
    jobs: list[Job]


def make_project(folder: Path, articles: int, width: int, height: int, root: Path = ROOT) -> None:
    """Copy the workflow as a clone has it, and draw a corpus with a memory of its translations."""
    parts = ("workflow", "config", "profiles", "resources/reference", "benchmarks")
    for name in parts:
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml", "requirements.txt"):
        shutil.copy2(root / name, folder / name)
    data = folder / "data"
    (data / "images").mkdir(parents=True)
    for name, shape in (("large", VIT_B_32), ("small", SMALL)):
        alone(make_clip, data / f"{name}.pt", shape)
    photos = [Path(path).name for path in make_photos(data / "images", articles, width, height)]
    rows, memory = ["\t".join(HEADER)], ["source\ttarget"]
    pairs = zip(news(articles, "de"), news(articles, "en"), photos, strict=True)
    for i, (german, english, photo) in enumerate(pairs):
        row = dict.fromkeys(HEADER, "") | {"article": str(i), "iid": f"p{i}", "imgFile": photo}
        for part, cut in (("title", slice(8)), ("text", slice(8, None))):
            row[part] = " ".join(german.split()[cut])
            memory.append(f"{row[part]}\t{' '.join(english.split()[cut])}")
        rows.append("\t".join(row.values()))
    (data / "articles.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    (data / "translations.tsv").write_text("\n".join(memory) + "\n", "utf-8")


def snakemake(folder: Path, config: dict[str, Any], cores: int) -> Run:
    """Run the workflow; each of its jobs notes when it began and ended."""
    (folder / "my.yaml").write_text(yaml.safe_dump(config), "utf-8")
    with tempfile.TemporaryDirectory() as name:
        noted = Path(name)
        (noted / "path").mkdir()
        (noted / "path" / "sitecustomize.py").write_text(RECORDER, "utf-8")
        # Each job in an interpreter of its own, which notes when it began and ended.
        environment = {**os.environ, "PYTHONPATH": str(noted / "path"), "JOBS_NOTED": name}
        environment["REMATCH_WORKERS"] = "0"
        command = [sys.executable, "-m", "snakemake", "--configfile", "my.yaml"]
        begun = time.perf_counter()
        with (folder / "snakemake.log").open("w", encoding="utf-8") as log:
            done = subprocess.run(
                [*command, "--cores", str(cores)],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wall = time.perf_counter() - begun
        if done.returncode:
            sys.exit((folder / "snakemake.log").read_text("utf-8")[-4000:])
        jobs = [Job(*json.loads(file.read_text())) for file in noted.iterdir() if file.is_file()]
    return Run(wall, sorted(jobs, key=lambda job: job.begun))


def encoding_s(folder: Path, job: Job) -> tuple[float, str]:
    """Seconds for which a job encoded, and what its log says of it; none if it did not."""
    text = (folder / job.log).read_text("utf-8")
    found = re.search(r"^(\d\d:\d\d:\d\d) INFO (\d+ distinct (?:texts|photos), .*)$", text, re.M)
    if job.rule not in ENCODERS or not found:
        return 0.0, ""
    ended = datetime.fromtimestamp(job.ended)
    begun = datetime.combine(ended, datetime.strptime(found[1], "%H:%M:%S").time())
    return (ended - begun) % timedelta(days=1) / timedelta(seconds=1), found[2]


def interpreter_s() -> float:
    """Seconds in which the interpreter starts and ends, at best."""
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", ""], check=True)
        best = min(best, time.perf_counter() - started)
    return best


def busy_s(jobs: list[Job]) -> float:
    """Seconds in which at least one job ran."""
    total, until = 0.0, 0.0
    for job in jobs:
        total += max(0.0, job.ended - max(job.begun, until))
        until = max(until, job.ended)
    return total


def report(folder: Path, run: Run, start: float) -> None:
    """Print where a run's seconds went."""
    spent: dict[str, float] = defaultdict(float)
    rules: dict[str, list[Job]] = defaultdict(list)
    said = []
    for job in run.jobs:
        rules[job.rule].append(job)
        rest = job.ended - job.begun - job.imports
        spent["starting processes"] += start + job.imports
        encoding, what = encoding_s(folder, job)
        if what:
            said.append(f"{job.log}: {what}")
            spent["encoders"] += encoding
            spent["loading and checking models"] += rest - encoding
        elif job.rule in ENCODERS:
            spent["taking vectors, waiting for another job's"] += rest
        else:
            spent["all other work"] += rest
    total = sum(spent.values())
    print(f"wall: {run.wall:.0f} s, of which {run.wall - busy_s(run.jobs):.0f} s without any job")
    print(f"jobs: {len(run.jobs)}, with {total:.0f} s in all; models loaded: {len(said)}")
    for what, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {what}: {seconds:.0f} s, {seconds / total:.0%}")
    print("  by rule, jobs, seconds, of which imports:")
    for rule, jobs in sorted(rules.items()):
        took = sum(job.ended - job.begun for job in jobs)
        print(f"    {rule}: {len(jobs)}, {took:.1f}, {sum(job.imports for job in jobs):.1f}")
    for line in said:
        print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--photo", type=int, nargs=2, default=(400, 300), help="width, height")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of an encoder")
    parser.add_argument("--before", type=Path, help="another checkout, to compare runs with")
    parser.add_argument("--precision", default="float32")
    asked = parser.parse_args()
    import runs  # which draws its corpora with this module

    words = [10, 20, 30, 40]
    config: dict[str, Any] = {
        "sweep": {"corpus": ["drawn"], "words": words, "model": ["large", "small"]},
        "corpora": {"drawn": {"pairs": "data/articles.tsv", "photos": "data/images"}},
        "translations": {"memory": {"memory": "data/translations.tsv"}},
        "models": {
            name: {"checkpoint": f"data/{name}.pt", "precision": asked.precision}
            for name in ("large", "small")
        },
        "encoding": {"threads": asked.threads, "device": "cpu"},
    }
    start = interpreter_s()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        make_project(folder, asked.articles, *asked.photo)
        print(f"{processor()}, {asked.cores} cores; load before: {os.getloadavg()[0]:.1f}")
        print(f"{asked.articles} articles and photos, {len(words)} word counts, 2 models")
        report(folder, snakemake(folder, config, asked.cores), start)
        config["sweep"]["words"] = [*words, 15]
        print("\none more word count")
        report(folder, snakemake(folder, config, asked.cores), start)
        nothing = snakemake(folder, config, asked.cores)
        print(f"\nnothing to do: {nothing.wall:.1f} s, {len(nothing.jobs)} jobs")
        print("\nfurther runs, embeddings there")
        runs.compare(asked.articles, asked.before)
        print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
