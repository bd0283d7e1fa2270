"""Every command that README.md, config/README.md and docs/data.md show works as it is typed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT, Project

PAGES = ("README.md", "config/README.md", "docs/data.md")

STARTS = r"(?:make |snakemake |\.venv/bin/|PYTHONPATH=|pip |python -m |docker |conda |source )"

ELSEWHERE = {
    "make test": "is what runs this",
    "make lint": "is run beside this by .ci/run",
    "make test-cluster": "needs a Slurm; is run beside this by .ci/run",
    "make soak": "takes over an hour",
    "make docs": "writes the pages that this reads; tests/unit/commands/test_docs.py",
    "make .venv/run.stamp": "was run before this",
    "make PYTHON=python3.13 run": "needs another Python; tests/unit/test_makefile.py",
    "make run CONFIG=...": "stands for any file",
    "make clean": "would end this",
    ".venv/bin/generate-slurm-partition-config": "needs a Slurm",
    'docker run --rm -v "$PWD/results:/project/results" rematch --cores 8': "needs an image",
    "pip install .": "tests/unit/test_library.py, from a wheel",
    "snakemake -s …/Snakefile": "test_elsewhere.py",
    "snakemake --software-deployment-method conda": "needs conda",
    "conda env create -f environment.yml": "needs conda",
    "docker build -t rematch .": "tests/unit/test_container.py",
    "snakemake --forcerun download": "needs photos by URL; test_corpora.py",
    "snakemake --forcerun translate": "needs a service; tests/unit/text has one of its own",
}
"""What is not run here, and why."""


def commands() -> dict[str, str]:
    """The commands shown, by the page that shows them first."""
    found: dict[str, str] = {}
    for page in PAGES:
        lines: list[str] = []
        prose: list[str] = []
        fence = ""
        for line in (ROOT / page).read_text("utf-8").splitlines():
            if line.startswith("```"):
                fence = "" if fence else line
            elif fence in ("```", "```sh", "```bash"):
                lines.append(line)
            elif not fence:
                prose.append(line)
        spans = re.findall(r"`([^`]+)`", "\n".join(prose))
        for line in [*lines, *(" ".join(span.split()) for span in spans)]:
            command = re.sub(r"\s+#.*", "", line.strip())
            if re.match(STARTS, command):
                found.setdefault(command, page)
    return found


@pytest.fixture
def clone(branch: Project, tmp_path: Path) -> Path:
    """A clone that is set up: the demo yet to be run, and a corpus of one's own in `data`."""
    folder = tmp_path / "clone"
    made = {"resources": ("corpus", "word_statistics", "translation_memory")}
    for name in ("workflow", "config", "profiles", "resources"):
        skipped = shutil.ignore_patterns("__pycache__", *made.get(name, ()))
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for name in ("Snakefile", "Makefile", "environment.yml"):
        shutil.copy2(ROOT / name, folder / name)
    for file in ROOT.glob("requirements*"):
        shutil.copy2(file, folder / file.name)
    shutil.copytree(branch.folder / "data", folder / "data")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def typed(folder: Path, command: str) -> None:
    """Run a command as somebody who has activated the environment."""
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "CONFIG", "REMOVE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    path = f"{folder / '.venv/bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**kept, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"


@pytest.mark.skipif(not (ROOT / ".venv/run.stamp").exists(), reason="needs what make sets up")
def test_commands_work_as_typed(clone: Path) -> None:
    shown = commands()
    assert not ELSEWHERE.keys() - shown.keys(), "no page shows these any more"
    ran: set[str] = set()

    def run(*lines: str) -> None:
        for line in lines:
            typed(clone, line)
            ran.add(line)

    run("make help", "make run", "make why", "make verify", "make clean-stale", "make memory")
    (clone / "path").symlink_to("data")
    (clone / "dir").symlink_to("data/images")
    run("make new NAME=mine DATA=data", "make check CONFIG=mine.yaml")
    run("make new NAME=my DATA=path PHOTOS=dir", "make check CONFIG=my.yaml")
    (clone / "mine.yaml").write_text("sweep: {words: [10, 20]}\nensembles: {run05: null}\n")
    (clone / "my.yaml").write_text("sweep: {words: [10]}\nensembles: {run05: null}\n")
    run("make run CONFIG=mine.yaml", "make compare A=config B=mine", "make report")
    (clone / "path").unlink()
    (clone / "path/to").mkdir(parents=True)
    (clone / "path/to/project").symlink_to(clone)
    for name in ("run1", "run2"):
        (clone / f"{name}.trec").write_text(f"q Q0 d 1 0.5 {name}\nr Q0 d 1 0.5 {name}\n")
    (clone / "q.txt").write_text("q 0 d 1\nr 0 e 1\n")
    (clone / "my.tsv").write_text("source\ttarget\nEin Haus\tA house\n")
    left = [line for line in shown if line not in ran and line not in ELSEWHERE]
    run(*sorted(left, key=lambda line: "REMOVE" in line))
    assert ran | ELSEWHERE.keys() >= shown.keys()
