"""The screen of `make run`: first, again with nothing to do, and with a job that fails."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.workflow.conftest import Project


def run(project: Project) -> tuple[int, list[str], list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "rematch.commands.run", "--cores", "2", "--configfile", "my.yaml"],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": "workflow/scripts", "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def test_a_run_ends_with_its_figures_and_a_second_one_too(branch: Project) -> None:
    branch.snakemake("-n")  # writes its configuration
    branch.config["evaluation"] = {"resamples": 177}
    branch.snakemake("-n")
    code, out, err = run(branch)
    assert code == 0, err
    assert any("jobs: " in line and "conclude" in line for line in err)
    assert not any("Select jobs" in line or "rule " in line for line in err)
    assert any("3 inductive runs" in line for line in out[-4:])
    assert max(map(len, out)) <= 80 and len(out) < 26
    assert any(line.startswith("Snakemake's own log: .snakemake/log/") for line in out)
    code, again, err = run(branch)
    assert code == 0, err
    assert again[0].startswith("nothing changed")
    assert [x for x in again[1:] if "own log" not in x] == [x for x in out if "own log" not in x]


def test_a_failing_job_shows_its_own_lines_and_the_command_for_it_alone(branch: Project) -> None:
    branch.config["models"]["tiny"]["checkpoint"] = "data/broken.pt"
    (branch.folder / "data/broken.pt").write_bytes(b"no checkpoint")
    branch.snakemake("-n")
    code, out, err = run(branch)
    assert code != 0
    assert any(line.startswith("failed: ") for line in err), err
    assert any("data/broken.pt" in line and "ERROR" in line for line in err), err
    alone = next(line for line in err if "to run it alone" in line)
    assert "snakemake --cores 1" in alone
    assert not any("Best of" in line for line in out)
