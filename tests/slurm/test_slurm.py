"""The workflow under profiles/slurm, on a real Slurm. `make test-cluster` runs this."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.slurm.conftest import OUTLIVES_NOBODY, Slurm, SlurmJob, until
from tests.tiny import make_corpus
from tests.workflow.conftest import ROOT, Project

SUBMIT = ["--workflow-profile", "profiles/slurm", "--slurm-status-command", "squeue"]
SOON = ["--slurm-init-seconds-before-status-checks", "2"]


class Run:
    """Snakemake at work in a project; what it prints goes to a file beside it."""

    def __init__(self, project: Project, *arguments: str, home: str | None = None) -> None:
        self.output = project.folder.with_suffix(".txt")
        (project.folder / "my.yaml").write_text(yaml.safe_dump(project.config), "utf-8")
        config = ["--configfile", "my.yaml"]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*OUTLIVES_NOBODY, sys.executable, "-m", "snakemake", *config, *arguments],
                cwd=project.folder,
                env=os.environ | ({"HOME": home} if home else {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def end(self) -> str:
        assert self.process.wait(900) == 0, self.said()[-6000:]
        return self.said()


@pytest.fixture
def tiny(tmp_path: Path, tiny_checkpoint: Path) -> Project:
    project = Project.copied(tmp_path / "project")
    make_corpus(project.folder / "data")
    shutil.copy2(tiny_checkpoint, project.folder / "data" / "tiny.pt")
    return project


def sent(slurm: Slurm, project: Project, rule: str) -> list[SlurmJob]:
    return [job for job in slurm.jobs(project.folder) if job.rule.startswith(f"rule_{rule}")]


@dataclass(frozen=True)
class Demo:
    """The demo run in two folders, here and by Slurm, while other tests go on."""

    projects: list[Project]
    runs: list[Run]


@pytest.fixture(scope="module")
def demo(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    projects = [Project.copied(folder / name) for name in ("here", "slurm")]
    for project in projects:
        project.config = {}
        shutil.copytree(
            ROOT / "resources/demo",
            project.folder / "resources/demo",
            ignore=shutil.ignore_patterns("corpus", "__pycache__"),
        )
    # By Slurm without a home, for Snakemake as for its jobs: nothing can be kept there.
    submitted = Run(projects[1], *SUBMIT, *SOON, home="/dev/null/none")
    return Demo(projects, [Run(projects[0], "--cores", "1"), submitted])


@pytest.mark.usefixtures("demo")
def test_a_killed_job_and_one_out_of_memory_are_sent_again(slurm: Slurm, tiny: Project) -> None:
    # What the script needs is more than the first try grants; and it needs a GPU.
    target = "results/tiny/embeddings/tiny/images.arrow"
    asked = ["embed_images:mem_mb=600 * 4 ** (attempt - 1)", "embed_images:gpu=1"]
    partitions = {"partitions": {"main": {}, "gpu": {"max_gpu": 1}}}
    (tiny.folder / "partitions.yaml").write_text(yaml.safe_dump(partitions), "utf-8")
    table = ["--slurm-partition-config", "partitions.yaml"]
    run = Run(tiny, *SUBMIT, *SOON, *table, "--set-resources", *asked, "--", target)
    until(lambda: sent(slurm, tiny, "corpus") or run.process.poll() is not None, 300)
    subprocess.run(["scancel", sent(slurm, tiny, "corpus")[0].id], check=True)
    said = run.end()

    killed, again = sent(slurm, tiny, "corpus")
    assert (killed.state, again.state) == ("CANCELLED", "COMPLETED")
    assert again.memory == 2 * killed.memory and again.minutes == 2 * killed.minutes
    assert {killed.partition, again.partition} == {"main"}
    starved, *_, fed = sent(slurm, tiny, "embed_images")
    assert (starved.memory, starved.state, fed.state) == (600, "FAILED", "COMPLETED")
    log = Path(re.findall(rf"SLURM jobid {starved.id} \(log: (.*)\)", said)[0])
    assert "exceeded memory limit" in log.read_text("utf-8")
    assert {(job.partition, job.gpus) for job in (starved, fed)} == {("gpu", "gres:gpu:1")}
    assert (tiny.folder / target).is_file()


def test_a_killed_snakemake_finds_its_jobs_again(slurm: Slurm, tiny: Project) -> None:
    target = "results/tiny/corpus/images.parquet"
    run = Run(tiny, *SUBMIT, *SOON, "--", target)
    until(lambda: sent(slurm, tiny, "corpus") or run.process.poll() is not None, 300)
    run.process.kill()
    run.process.wait()
    (job,) = sent(slurm, tiny, "corpus")
    assert job.state in ("PENDING", "RUNNING")

    said = Run(tiny, *SUBMIT, *SOON, "--", target).end()
    assert f"scancel {job.id}" in said and "Nothing to be done" in said
    (done,) = slurm.jobs(tiny.folder)
    assert (done.id, done.state) == (job.id, "COMPLETED")
    # What was made while no Snakemake was there is known for what it is.
    tiny.config["corpora"]["tiny"]["layout"] = "newsimages2021"
    assert tiny.planned("--", target) == {"corpus": 1}


def test_a_sweep_of_a_hundred_runs_is_few_jobs_of_slurms(tiny: Project) -> None:
    cleanings = ["paper", "raw", "headline", "unguarded", "no-spelling"]
    tiny.config["sweep"] |= {"words": list(range(1, 21)), "cleaning": cleanings}
    said = Run(tiny, *SUBMIT, "-n").end()
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", said, re.M)}
    assert counts["similarity"] == 100 and counts["total"] > 600
    # Reports, and what needs a network, stay here.
    rules = "\n".join(file.read_text("utf-8") for file in (ROOT / "workflow").rglob("*.smk"))
    bodies = re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", rules, re.M | re.S)
    here = {name for name, body in bodies if "localrule: True" in body}
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.v9+.yaml").read_text("utf-8"))
    elsewhere = {*here, "all", "translate", *profile["groups"], "total"}
    alone = sum(n for rule, n in counts.items() if rule not in elsewhere)
    assert 15 < alone + len(re.findall("Group job", said)) <= 25


def test_the_demo_gives_the_same_bytes_as_a_local_run(slurm: Slurm, demo: Demo) -> None:
    for run in demo.runs:
        run.end()
    here, there = (results(project.folder) for project in demo.projects)
    assert sorted(there) == sorted(here) and "my/demo/table.csv" in here
    assert [name for name in here if there[name] != here[name]] == []
    made_here, made_there = (made(project.folder) for project in demo.projects)
    assert made_here == made_there and "results/my/demo/table.csv" in made_here

    # The five runs are connected by their mean, so they are one job, which asks for the time of all
    # and the memory of one.
    submitted = demo.projects[1]
    jobs = slurm.jobs(submitted.folder)
    assert {job.state for job in jobs} == {"COMPLETED"}
    rules = ["demo_corpus", "corpus", "embed_images", "text_", "texts_", "run_"]
    rules += ["conclude", "diagnose"]  # which need the memory of all runs
    assert len(jobs) == len(rules)
    assert all(len(sent(slurm, submitted, rule)) == 1 for rule in rules), jobs
    (runs,) = sent(slurm, submitted, "run_")
    assert runs.memory < 4000 and runs.minutes > 60

    state = submitted.folder / ".snakemake"
    assert list(state.glob("locks/*")) == [] and list(state.rglob("*.sqlite*")) == []


def results(folder: Path) -> dict[str, bytes]:
    """By name: every result but logs, timings, what is kept for the next start, and who made it."""
    inside = folder / "results"
    apart = ("logs/", "benchmarks/", ".made/", "my/provenance.json", "my/ro-crate")
    files = [path for path in inside.rglob("*") if path.is_file() and path.name[0] != "."]
    named = {str(path.relative_to(inside)): path.read_bytes() for path in files}
    return {name: content for name, content in named.items() if not name.startswith(apart)}


def made(folder: Path) -> dict[str, dict[str, Any]]:
    """By path: how every result was made, but when. Any job may be the one that keeps vectors."""
    found = [json.loads(file.read_bytes()) for file in folder.glob("results/.made/**/*.json")]
    apart = (
        "results/logs/",
        "results/benchmarks/",
        "results/my/provenance.",
        "results/my/ro-crate",
    )
    told = ("rule", "params", "inputs", "made_by", "sha256")
    return {
        record["path"]: {name: record[name] for name in told}
        for record in found
        if not record["path"].startswith(apart) and "/." not in record["path"]
    }
