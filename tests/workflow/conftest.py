"""Copies of the project in which Snakemake really runs."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from tests.tiny import make_clip, make_corpus

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"

CONFIG: dict[str, Any] = {
    "sweep": {"corpus": ["tiny"], "words": [3, 6], "model": ["tiny"]},
    "ensembles": {"run05": [{"words": 3, "weight": 0.5}, {"words": 6, "weight": 0.5}]},
    "corpora": {"tiny": {"pairs": "data/articles.tsv", "photos": "data/images"}},
    "translations": {"memory": {"memory": "data/translations.tsv"}},
    "models": {"tiny": {"checkpoint": "data/tiny.pt"}},
}


@dataclass
class Project:
    """A copy of the workflow in a folder of its own, as in a fresh clone."""

    folder: Path
    config: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(CONFIG))

    @classmethod
    def copied(cls, folder: Path) -> Project:
        shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=_ignored)
        for name in ("config", "profiles", "resources/reference"):
            shutil.copytree(ROOT / name, folder / name, ignore=_ignored)
        for name in ("Snakefile", "environment.yml", "requirements.txt"):
            shutil.copy2(ROOT / name, folder / name)
        return cls(folder)

    def snakemake(self, *arguments: str, ok: bool = True, env: dict[str, str] | None = None) -> str:
        """Run Snakemake; what it printed. `ok`: it has to succeed, or to fail."""
        (self.folder / "my.yaml").write_text(yaml.safe_dump(self.config), "utf-8")
        command = [sys.executable, "-m", "snakemake", "--configfile", "my.yaml"]
        if "--cores" not in arguments:
            command += ["--cores", "2"]
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
            | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=500,
        )
        said = done.stdout.decode("utf-8", "replace")
        assert (done.returncode == 0) is ok, said[-6000:]
        return said

    def planned(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a run would execute now."""
        said = self.snakemake("-n", "--quiet", "host", *arguments)
        if "Job stats:" not in said:
            return {}
        table = said.split("Job stats:")[1]
        counts = {name: int(n) for name, n in re.findall(r"^(\w+)\s+(\d+)$", table, re.M)}
        # Provenance is noted after whatever else runs.
        last = ("all", "total") if len(counts) == 3 else ("all", "total", "provenance")
        return {name: n for name, n in counts.items() if name not in last}

    def read(self, name: str) -> bytes:
        return (self.folder / "results" / name).read_bytes()


def _ignored(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__"}


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "tiny.pt")


def _shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Project]) -> Project:
    """A project that is made and run once, whichever of the processes that test needs it first."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, run = base / name / "project", base / name / "run"
    with FileLock(base / f"{name}.lock"):
        if not run.is_file():
            shutil.rmtree(folder.parent, ignore_errors=True)
            folder.parent.mkdir()
            project = make(folder)
            project.snakemake()
            run.write_text(yaml.safe_dump(project.config), "utf-8")
    return Project(folder, yaml.safe_load(run.read_text("utf-8")))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Project:
    """A tiny corpus run to its end. Tests must not change it: they copy it with `branch`."""

    def make(folder: Path) -> Project:
        project = Project.copied(folder)
        make_corpus(project.folder / "data")
        shutil.copy2(tiny_checkpoint, project.folder / "data" / "tiny.pt")
        return project

    return _shared(tmp_path_factory, "finished", make)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Project:
    """A small corpus of hostile texts run to its end. Tests must not change it."""
    from tests.workflow.hostile import make_hostile

    return _shared(
        tmp_path_factory, "hostile", lambda folder: make_hostile(folder, tiny_checkpoint)
    )


@pytest.fixture
def branch(finished: Project, tmp_path: Path) -> Project:
    """The finished project, to be changed: time stamps kept, so that nothing needs to run."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder, symlinks=True)
    return Project(folder, copy.deepcopy(finished.config))
