"""Two experiments over one corpus, side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import yaml

from tests.workflow.conftest import Project


def command(project: Project, name: str, *arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", f"rematch.commands.{name}", *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": "workflow/scripts", "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_each_has_its_own_table_and_record_and_they_share_the_rest(branch: Project) -> None:
    first = branch.read("my/tiny/table.csv")
    second = {**branch.config, "sweep": {**branch.config["sweep"], "words": [3]}, "ensembles": None}
    (branch.folder / "second.yaml").write_text(yaml.safe_dump(second), "utf-8")
    branch.snakemake("--configfile", "second.yaml")
    made = json.loads(branch.read("second/provenance.json"))["made"]["outputs"]
    shared = [path for path in made if path.startswith("results/tiny/embeddings/")]
    before = json.loads(branch.read("my/provenance.json"))["made"]["outputs"]
    assert shared and all(made[path]["ended"] == before[path]["ended"] for path in shared)
    # What the first had is as it was.
    assert branch.read("my/tiny/table.csv") == first != branch.read("second/tiny/table.csv")
    assert command(branch, "verify", "--configfile", "my.yaml")[0] == 0
    assert command(branch, "verify", "--configfile", "second.yaml")[0] == 0
    # Neither offers to delete the other's.
    for name in ("my.yaml", "second.yaml"):
        status, said = command(branch, "stale", "--configfile", name)
        assert status == 0 and said[-1].startswith("nothing is left over"), said
    status, said = command(branch, "compare", "my", "second")
    assert status == 0 and said[0] == "tiny: A is my, B is second" and max(map(len, said)) <= 100
    same = next(line for line in said if ".w3." in line).split()
    assert same[1] == same[2] and same[3] == "+0.0000"
    assert next(line for line in said if line.startswith("run05")).split()[2:4] == ["–", "–"]
    status, said = command(branch, "compare", "my", "third")
    assert status == 1 and "there are my, second" in said[0]


def test_equal_proportions_change_nothing(branch: Project) -> None:
    for member in branch.config["ensembles"]["run05"]:
        member["weight"] = 3
    assert "Nothing to be done" in branch.snakemake()
