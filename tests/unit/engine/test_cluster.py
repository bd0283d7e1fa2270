"""Which of Slurm's jobs are this folder's; tests/slurm has the rest, on a real Slurm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rematch.engine.cluster import jobs_of, wait_for_jobs
from rematch.errors import UserError


def squeue(folder: Path, says: str) -> None:
    """A program of that name, which says what Slurm's says."""
    folder.mkdir(exist_ok=True)
    program = folder / "squeue"
    program.write_text(f"#!/bin/sh\n{says}\n", "utf-8")
    program.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


def test_other_folders_and_jobs_sent_by_hand_do_not_count(tmp_path: Path, programs: Path) -> None:
    here = tmp_path / "my news"
    here.mkdir()
    (tmp_path / "link").symlink_to(here)
    lines = [
        f"12|rule_clean|{tmp_path / 'link'}",
        f"9|rule_embed_images_wildcards_a_b|{here}",
        f"10|(null)|{here}",
        f"11|rule_clean|{tmp_path}",
    ]
    squeue(programs, "\n".join(f"echo '{line}'" for line in lines))
    assert jobs_of(here) == ["9", "12"]
    assert jobs_of(tmp_path / "elsewhere") == []


def test_it_waits_until_they_are_gone(
    tmp_path: Path, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"echo '7|group_run_metrics|{tmp_path}'"
    squeue(programs, f"cd {tmp_path}; [ -e asked ] || {line}; touch asked")
    wait_for_jobs(tmp_path, seconds=0.01)
    assert "scancel 7" in capsys.readouterr().err


def test_without_slurm_there_is_nothing_to_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert jobs_of(tmp_path) == []


def test_a_slurm_that_does_not_answer_is_said(tmp_path: Path, programs: Path) -> None:
    squeue(programs, "echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(UserError, match="Unable to contact slurm controller; try again"):
        jobs_of(tmp_path)
