"""Every edit against a run from scratch, interruptions, and what small changes of a corpus cost.

`make soak` runs it, and prints the tables.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.loopback_google import Loopback
from tests.tiny import HEADER, THINGS, write_articles
from tests.workflow.conftest import Project
from tests.workflow.edits import (
    CORPUS,
    EDITS,
    SETUP,
    Edit,
    check,
    different,
    from_scratch,
    last,
    run as run_jobs,
)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_gives_what_a_run_from_scratch_gives(
    edit: Edit, branch: Project, finished: Project, tmp_path: Path
) -> None:
    done = check(edit, branch)
    scratch, seconds = finished, ""
    if edit.changes:
        started = time.monotonic()
        scratch = from_scratch(branch, tmp_path / "scratch", done.environment)
        seconds = f"{time.monotonic() - started:.0f}"
    print(
        f"\n| {edit.name} | {_short(last(edit.jobs))} | {_short(done.jobs)} | "
        f"{done.seconds:.0f} | {seconds} |"
    )
    assert different(branch, scratch, edit.deleted) == []


LOST = (
    "nothing",
    "copy without time stamps",
    "date every file in the future",
    "add a word count",
    "drop a word count",
    "change an ensemble's weights",
    "change K",
    "change the bootstrap's resamples",
    "turn a cleaning step off",
    "change a translation that a text needs",
    "replace a photo's pixels",
    "edit how metrics are computed",
    "edit an encoder",
    "replace the checkpoint",
    "upgrade ftfy",
)


@pytest.mark.parametrize("edit", [e for e in EDITS if e.name in LOST], ids=lambda edit: edit.name)
def test_an_edit_runs_the_same_where_snakemakes_records_are_lost(
    edit: Edit, branch: Project, finished: Project, tmp_path: Path
) -> None:
    def change(project: Project) -> dict[str, str] | None:
        shutil.rmtree(project.folder / ".snakemake")
        return edit.change(project)

    done = check(replace(edit, change=change), branch)
    print(f"\n| {edit.name}, records lost | {_short(done.jobs)} |")
    scratch = finished
    if edit.changes:
        scratch = from_scratch(branch, tmp_path / "scratch", done.environment)
    assert different(branch, scratch, edit.deleted) == []


def test_every_edit_of_the_list_is_known() -> None:
    assert {*LOST} <= {edit.name for edit in EDITS}


def _short(jobs: frozenset[str]) -> str:
    counts = Counter(job.split()[0] for job in jobs)
    return ", ".join(f"{rule} {n}" if n > 1 else rule for rule, n in sorted(counts.items())) or "–"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("steps", [4, 12])
def test_an_interrupted_run_goes_on_where_it_was(
    stop: signal.Signals, steps: int, finished: Project, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", finished.config)
    ignored = shutil.ignore_patterns("results", ".snakemake", "word_statistics")
    shutil.copytree(finished.folder, project.folder, ignore=ignored)
    (project.folder / "my.yaml").write_text(yaml.safe_dump(project.config), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--configfile", "my.yaml", "--cores", "2"],
        cwd=project.folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    done: Counter[str] = Counter()
    for line in process.stdout:
        done.update(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", line))
        if done.total() == steps:
            os.killpg(process.pid, stop)
            steps = -1
    assert process.wait() != 0 and "all" not in done
    again = Counter(job.split()[0] for job in run_jobs(project))
    every = Counter(job.split()[0] for job in last(CORPUS | SETUP | {"word_statistics"}))
    assert done + again == every
    assert different(project, finished) == []
    print(f"\n{stop.name} after {done.total()} jobs of {every.total()}: {again.total()} ran again")


N, MORE = 10_000, 100


def test_a_small_change_of_a_large_corpus_costs_little(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    project = Project.copied(tmp_path / "project")
    data = project.folder / "data"
    (data / "images").mkdir(parents=True)
    shutil.copy2(tiny_checkpoint, data / "tiny.pt")
    rng = np.random.default_rng(4)
    rows = [_row(i, rng, data / "images") for i in range(N)]
    write_articles(data / "articles.tsv", rows)
    project.config["sweep"] |= {"words": [10], "translation": ["google"]}
    project.config["ensembles"] = {"run05": [{"words": 10, "weight": 1}]}
    project.config["translations"] = {
        "google": {"backend": "google", "requests_per_second": 1000, "threads": 4}
    }
    site = tmp_path / "site"
    site.mkdir()
    with Loopback() as server:
        (site / "sitecustomize.py").write_text(
            "import deep_translator.constants\n"
            f"deep_translator.constants.BASE_URLS['GOOGLE_TRANSLATE'] = {server.url!r}\n"
        )
        costs = {"from scratch": _cost(project, server, site)}
        rows[17]["text"] = "Feuer im Hafen von Köln, und ein Schiff."
        write_articles(data / "articles.tsv", rows)
        costs["one article edited"] = _cost(project, server, site)
        rows += [_row(N + i, rng, data / "images") for i in range(MORE)]
        write_articles(data / "articles.tsv", rows)
        costs[f"{MORE} articles and photos added"] = _cost(project, server, site)
        costs["nothing"] = _cost(project, server, site)
    print("\n| | " + " | ".join(costs) + " |\n|" + " --- |" * (len(costs) + 1))
    for name in costs["from scratch"]:
        print(f"| {name} | " + " | ".join(f"{cost[name]:.1f}" for cost in costs.values()) + " |")
    work = ("photos opened", "texts translated", "photos encoded", "texts encoded")
    assert [[cost[name] for name in work] for cost in costs.values()] == [
        [N, N + 1, N, N],
        [0, 1, 0, 1],
        [MORE, MORE, MORE, MORE],
        [0, 0, 0, 0],
    ]


def _row(i: int, rng: np.random.Generator, photos: Path) -> dict[str, str]:
    words = rng.choice(list(THINGS), size=30)
    coarse = Image.fromarray(rng.integers(0, 256, (10, 20, 3), dtype=np.uint8))
    coarse.resize((300, 150), Image.Resampling.BICUBIC).save(photos / f"photo{i}.jpg")
    row = {
        "article": str(i),
        "iid": f"photo{i}",
        "title": "Nachrichten",
        "imgFile": f"photo{i}.jpg",
    }
    return dict.fromkeys(HEADER, "") | row | {"text": f"Nr. {i} " + " ".join(words)}


def _cost(project: Project, server: Loopback, site: Path) -> dict[str, float]:
    """Run it; units of work that were done, and seconds of the jobs that do them."""
    asked = len(server.asked)
    started = time.monotonic()
    jobs = run_jobs(project, {"PYTHONPATH": str(site)})
    whole = time.monotonic() - started
    rules = {
        "corpus": ("photos opened", r"(\d[\d,]*) photos to open"),
        "translate": ("", ""),
        "embed_images": ("photos encoded", r"distinct photos, (\d+) of them new"),
        "embed_texts": ("texts encoded", r"distinct texts, (\d+) of them new"),
    }
    cost: dict[str, float] = {"texts translated": len(server.asked) - asked}
    for rule, (what, pattern) in rules.items():
        seconds = 0.0
        for job in (job for job in jobs if job.split()[0] == rule):
            name = job.split()[1]
            table = (project.folder / f"results/benchmarks/{rule}/{name}.tsv").read_text("utf-8")
            seconds += float(next(csv.DictReader(table.splitlines(), delimiter="\t"))["s"])
            if what:
                log = (project.folder / f"results/logs/{rule}/{name}.log").read_text("utf-8")
                done = sum(int(n.replace(",", "")) for n in re.findall(pattern, log))
                cost[what] = cost.get(what, 0) + done
        if what:
            cost.setdefault(what, 0)
        cost[f"{rule}, seconds"] = seconds
    return cost | {"whole run, seconds": whole}
