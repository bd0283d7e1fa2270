"""kill -9 of the whole demo run at fifty random moments: the next run completes it each time.

`make soak` runs it, and prints a row a kill as it goes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from tests.workflow.conftest import ROOT, Project
from tests.workflow.edits import different
from tests.workflow.test_survive import half_written, leftovers, start

KILLS = int(os.environ.get("KILLS", "50"))

MADE = ("results", ".snakemake", "resources/demo/corpus", "resources/word_statistics")
"""What `make clean` removes. Every other kill leaves the last two, which come first in a run."""

HEAD = "seed | removed before | killed after, s | jobs done | next run, s | same bytes"


def test_a_demo_that_is_killed_at_any_moment_ends_in_the_same_bytes(tmp_path: Path) -> None:
    undisturbed, project = (demo(tmp_path / name) for name in ("undisturbed", "killed"))
    started = time.monotonic()
    undisturbed.snakemake()
    whole = time.monotonic() - started
    show(f"\nundisturbed: {whole:.0f} s\n\n| {HEAD} |\n|{' --- |' * (HEAD.count('|') + 1)}")
    wrong = []
    for seed in range(KILLS):
        chance = random.Random(seed)
        removed = MADE if seed % 2 else MADE[:2]
        moment = whole * chance.random()
        while (seconds := killed(project, moment, removed)) is not None:
            whole = min(whole, seconds)  # it was over by then: the machine is faster now
            moment = whole * chance.random()
        jobs = (project.folder / "said.txt").read_text("utf-8").count("\nFinished jobid: ")
        bad = half_written(project, undisturbed)
        started = time.monotonic()
        said = project.snakemake()
        seconds = time.monotonic() - started
        bad += different(project, undisturbed)
        bad += [str(path) for path in leftovers(project)]
        bad += ["a question"] if "--rerun-incomplete" in said or "--unlock" in said else []
        what = "all" if removed is MADE else "results"
        same = "no" if bad else "yes"
        show(f"| {seed} | {what} | {moment:.1f} | {jobs} | {seconds:.0f} | {same} |")
        wrong += [f"seed {seed}: {name}" for name in bad]
    assert wrong == []


def killed(project: Project, moment: float, removed: Sequence[str]) -> float | None:
    """Start from nothing and kill at a moment; the seconds that it took if it was over by then."""
    for name in removed:
        shutil.rmtree(project.folder / name, ignore_errors=True)
    started = time.monotonic()
    with (project.folder / "said.txt").open("w") as output:
        process = start(project, output)
        while process.poll() is None and time.monotonic() - started < moment:
            time.sleep(0.01)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return None if process.wait() == -signal.SIGKILL else time.monotonic() - started


def show(line: str) -> None:
    print(line, flush=True)


def demo(folder: Path) -> Project:
    project = Project.copied(folder)
    shutil.copytree(
        ROOT / "resources/demo",
        folder / "resources/demo",
        ignore=shutil.ignore_patterns("corpus", "__pycache__"),
    )
    project.config = {}
    return project
