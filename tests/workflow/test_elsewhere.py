"""The workflow in another folder: as a module of another one, and by its path."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rematch.config.layers import merge
from tests.workflow.conftest import ROOT, Project

PLAIN = """
module rematch:
    snakefile: "{project}/Snakefile"

use rule * from rematch as rematch_*

rule all:
    default_target: True
    input: rules.rematch_all.input
"""

WITH_CONFIG = """
configfile: "config/config.yaml"

module rematch:
    snakefile: "{project}/workflow/Snakefile"
    config: config

use rule * from rematch
"""


# What `snakedeploy deploy-workflow <repository> <folder> --tag v1` writes, but for the place: of a
# local repository it writes `workflow/Snakefile`, which is the file itself.
DEPLOYED = """
from snakemake.utils import min_version

min_version("6.10.0")

configfile: "config/config.yaml"

module rematch:
    snakefile:
        "git+file://{project}/workflow/Snakefile@v1"
    config:
        config

use rule * from rematch
"""

TAGGED = """
module rematch:
    snakefile: "git+file://{project}/workflow/Snakefile@v1"

use rule * from rematch
"""


@pytest.fixture
def away(branch: Project, tmp_path: Path) -> Path:
    """A folder with the branch's data and configuration, and nothing else of it."""
    folder = tmp_path / "away"
    (folder / "config").mkdir(parents=True)
    shutil.copytree(branch.folder / "data", folder / "data")
    base = yaml.safe_load((branch.folder / "config/config.yaml").read_text("utf-8"))
    whole = merge([base, branch.config]).values
    (folder / "config/config.yaml").write_text(yaml.safe_dump(whole), "utf-8")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )


def tag(project: Path) -> None:
    """Make a git repository of the project, and spoil what is not in its tag."""
    git = ["git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    names = ("workflow", "config", "profiles", "resources/reference", "Snakefile")
    names += ("environment.yml", "requirements.txt")
    for arguments in (["init", "-q"], ["add", *names], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run([*git, *arguments], check=True)
    (project / "workflow/scripts/rematch/match/__init__.py").write_text("raise SystemExit(9)")


@pytest.mark.parametrize("form", [PLAIN, WITH_CONFIG, TAGGED, DEPLOYED, None])
def test_another_folder_comes_to_the_same_table(
    branch: Project, away: Path, form: str | None
) -> None:
    if form in (TAGGED, DEPLOYED):
        tag(branch.folder)
    if form is None:
        done = run(away, "--snakefile", str(branch.folder / "Snakefile"))
    else:
        (away / "Snakefile").write_text(form.format(project=branch.folder))
        done = run(away)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("table.csv", "table.md"):
        # The configuration there is `config.yaml`, here `my.yaml`.
        made = (away / "results/config/tiny" / name).read_bytes()
        assert made == branch.read(f"my/tiny/{name}")
    record = json.loads((away / "results/config/provenance.json").read_text("utf-8"))
    assert record["outdated"] == []


def test_without_a_configuration_there_the_projects_own_is_taken(tmp_path: Path) -> None:
    done = run(tmp_path, "--snakefile", str(ROOT / "Snakefile"), "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo_corpus" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("moving", "results"),
    [
        ('prefix: "x"', "x/results"),
        ('replace_prefix: {{"results/": "out/of/it/"}}', "out/of/it"),
    ],
)
def test_a_module_may_move_its_results(
    branch: Project, away: Path, moving: str, results: str
) -> None:
    form = PLAIN.replace("    snakefile:", f"    {moving}\n    snakefile:")
    (away / "Snakefile").write_text(form.format(project=branch.folder))
    done = run(away)
    assert done.returncode == 0, done.stdout + done.stderr
    made = away / results / "config/tiny"
    for name in ("table.csv", "table.md", "metrics.parquet"):
        assert (made / name).read_bytes() == branch.read(f"my/tiny/{name}")
    assert not [path for path in (away / "results").rglob("*") if path.suffix == ".parquet"]
    record = json.loads((made.parent / "provenance.json").read_text("utf-8"))
    assert f"{results}/config/tiny/table.csv" in record["outputs"]
    assert "data/articles.tsv" in record["inputs"] and record["outdated"] == []
    (runs,) = record["runs"].values()
    assert all(each["metrics"] and each["chain"] for each in runs.values())
    again = run(away)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
