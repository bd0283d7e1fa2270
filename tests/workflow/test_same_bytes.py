"""The same config and data give the same bytes, wherever and in whatever order."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

from tests.workflow.conftest import Project
from tests.workflow.edits import different
from tests.workflow.test_survive import copied


def turkish(folder: Path) -> dict[str, str]:
    """Turkish surroundings, where the small letter of I is another; C where they cannot be had."""
    folder.mkdir()
    if shutil.which("localedef"):
        command = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
        if subprocess.run(command, capture_output=True).returncode == 0:
            return {"LC_ALL": "tr_TR.UTF-8", "LOCPATH": str(folder)}
    return {"LC_ALL": "C"}


def test_folder_locale_zone_and_order_of_jobs_change_no_byte(
    hostile: Project, tmp_path: Path
) -> None:
    project = copied(hostile, tmp_path / "ein größerer Ordner", "results", ".snakemake")
    env = turkish(tmp_path / "locales")
    env |= {"TZ": "Pacific/Chatham", "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2"}
    results = hostile.folder / "results/tiny_"
    files = sorted(path for path in results.rglob("*") if path.is_file())
    one = ("--cores", "1", "--scheduler", "greedy")
    # Asked for before the others, a file turns the order of the jobs around.
    target = random.Random(5).choice(files)
    project.snakemake(*one, str(target.relative_to(hostile.folder)), env=env)
    # The others each in an interpreter of its own, where these were forked.
    project.snakemake(*one, env=env | {"REMATCH_WORKERS": "0"})
    assert different(project, hostile) == []
    assert project.planned() == {}


def test_a_difference_is_noticed(hostile: Project, tmp_path: Path) -> None:
    project = copied(hostile, tmp_path)
    table = project.folder / "results/my/tiny_/table.csv"
    table.write_bytes(table.read_bytes().replace(b"0.", b"0.1", 1))
    (project.folder / "results/my/tiny_/plots/words.svg").unlink()
    assert different(project, hostile) == [
        "my/tiny_/plots/words.svg is missing",
        "my/tiny_/table.csv",
    ]
