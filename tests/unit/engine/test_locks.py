"""Locks of dead runs are removed, those of living ones are not."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rematch.engine.locks import remove_stale

ROOT = Path(__file__).parents[3]

RUN = """
import sys, time
from pathlib import Path
from rematch.engine.locks import count_as_working, remove_stale
state, wait = Path(sys.argv[1]), lambda: print("waiting", flush=True)
if sys.argv[2] == "job":
    print(count_as_working(state), flush=True)
else:
    print(remove_stale(state, wait if sys.argv[2] == "wait" else None), flush=True)
time.sleep(60)
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    return tmp_path


class Run:
    """Another process that counts as a run or a job; `said`: whether a run removed locks."""

    def __init__(self, state: Path, kind: str = "wait") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(state), kind],
            env={"PYTHONPATH": str(ROOT / "workflow/scripts")},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = self.line()

    @property
    def removed(self) -> bool:
        return self.said == "True"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        with self.process:  # waits, and closes the pipe
            self.process.send_signal(signal.SIGKILL)


@pytest.fixture
def runs(state: Path) -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        run.kill()


def lock(state: Path) -> Path:
    """As Snakemake writes it once it has started."""
    path = state / "locks" / "0.output.lock"
    path.write_text("results/table.csv\n")
    return path


def test_a_killed_runs_lock_is_removed(state: Path, runs: list[Run]) -> None:
    runs.append(Run(state))
    assert not runs[0].removed
    left = lock(state)
    runs[0].kill()
    assert left.is_file()
    runs.append(Run(state))
    assert runs[1].removed and not left.exists()


def test_a_living_runs_lock_stays_whoever_else_ends(state: Path, runs: list[Run]) -> None:
    runs.append(Run(state))
    left = lock(state)
    for _ in range(2):  # a second run, refused by Snakemake, and a third
        runs.append(Run(state))
        assert not runs[-1].removed and left.is_file()
        runs[-1].kill()
    runs[0].kill()
    runs.append(Run(state))
    assert runs[-1].removed


def test_a_second_run_outlives_the_first(state: Path, runs: list[Run]) -> None:
    """As a dry run that was started before: it keeps the locks of others from being removed."""
    runs += [Run(state), Run(state)]
    left = lock(state)
    runs[0].kill()
    runs.append(Run(state))
    assert not runs[-1].removed and left.is_file()


def test_jobs_that_outlive_their_run_are_waited_for(state: Path, runs: list[Run]) -> None:
    runs += [Run(state), Run(state, "job"), Run(state, "job")]
    left = lock(state)
    runs[0].kill()
    runs.append(Run(state, "dry"))
    assert runs[-1].said == "False" and left.is_file()
    runs[-1].kill()
    runs.append(Run(state))
    assert runs[-1].said == "waiting"
    runs[1].kill()
    assert left.is_file()
    runs[2].kill()
    assert runs[-1].line() == "True" and not left.exists()


def test_a_lock_made_on_another_machine_stays(state: Path, runs: list[Run]) -> None:
    (state / "alive").write_text("elsewhere")
    left = lock(state)
    runs.append(Run(state))
    assert not runs[0].removed and left.is_file()
    runs[0].kill()
    left.unlink()  # by `snakemake --unlock`: from now on this machine answers for it
    runs.append(Run(state))
    assert (state / "alive").read_text() == socket.gethostname()


def test_a_lock_of_a_run_that_did_not_say_it_was_alive_stays(state: Path, runs: list[Run]) -> None:
    left = lock(state)
    runs.append(Run(state))
    assert not runs[0].removed and left.is_file()


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not remove_stale(tmp_path / "file" / ".snakemake", None)
