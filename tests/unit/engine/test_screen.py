"""What a run's screen shows of Snakemake's events."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from rematch.engine.durations import lasting, measured, together
from rematch.engine.screen import Screen

STATS = {"embed": 2, "metrics": 12, "all": 1, "total": 15}


def job(number: int, rule: str = "embed", log: str = "none.log") -> dict[str, object]:
    return {"jobid": number, "rule_name": rule, "rule_msg": f"doing {rule} {number}", "log": [log]}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for path, seconds in {"embed/a.tsv": 40.0, "embed/b.tsv": 60.0, "metrics/x.tsv": 2.0}.items():
        file = tmp_path / "results/benchmarks" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\n{seconds}\t0:00:00\n")
    (tmp_path / "results/benchmarks/setup.tsv").write_text("s\th:m:s\n0.5\t0\n")
    (tmp_path / "results/benchmarks/metrics/broken.tsv").write_text("s\n")
    return tmp_path


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def screen(moves: bool, width: int = 60) -> tuple[Screen, io.StringIO, Clock]:
    out, clock = io.StringIO(), Clock()
    return Screen(out, moves, width, clock, ["my file.yaml"]), out, clock


def test_the_mean_of_earlier_jobs_is_known_by_rule(here: Path) -> None:
    assert measured() == {"embed": 50.0, "metrics": 2.0, "setup": 0.5}
    assert together({"embed": 2, "metrics": 12}, measured()) == 124.0
    assert together({"embed": 2, "never": 1}, measured()) is None
    assert together({"embed": 2, "never": 0}, measured()) == 100.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "a few seconds"), (62, "60 s"), (124, "2 minutes"), (9000, "2.5 hours")],
)
def test_a_time_is_said_as_a_person_does(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_the_plan_is_a_line_with_its_time_where_that_is_known(here: Path) -> None:
    shown, out, _ = screen(False)
    shown.take("run_info", logging.INFO, {"stats": STATS})
    assert out.getvalue() == "14 jobs: 12 metrics, 2 embed, about 2 minutes of work\n"
    shown, out, _ = screen(False)
    shown.take("run_info", logging.INFO, {"stats": {**STATS, "new": 1}})
    assert out.getvalue() == "15 jobs: 12 metrics, 2 embed, 1 new\n"


def test_a_long_plan_fits_the_screen(here: Path) -> None:
    shown, out, _ = screen(True)
    shown.take("run_info", logging.INFO, {"stats": {f"rule_{n}": 40 - n for n in range(30)}})
    assert len(out.getvalue().rstrip("\n")) <= 60 and "rule_0, 39 rule_1" in out.getvalue()


def test_one_line_moves_and_shows_what_a_long_job_has_come_to(here: Path) -> None:
    shown, out, clock = screen(True, 140)
    shown.take("run_info", logging.INFO, {"stats": STATS})
    log = here / "a.log"
    shown.take("job_info", logging.INFO, job(1, log=str(log)))
    assert out.getvalue().count("\n") == 1 and "0/15 jobs, about 2 minutes" in out.getvalue()
    log.write_text("10:00:00 INFO encoding: 30 of 90 photos, 9.1/s, 7 s left\n")
    shown.show()
    assert out.getvalue().endswith("· encoding: 30 of 90 photos, 9.1/s, 7 s left")
    shown.take("job_finished", logging.INFO, {"job_id": 1})
    shown.take("progress", logging.INFO, {"done": 14, "total": 15})
    clock.now = 30.0
    shown.take("progress", logging.INFO, {"done": 15, "total": 15})
    assert out.getvalue().split("\x1b[2K")[-1] == "[####################] 15/15 jobs in 30 s\n"
    shown.show()
    assert out.getvalue().endswith("in 30 s\n")


def test_in_a_log_a_plain_line_is_added_now_and_then(here: Path) -> None:
    shown, out, clock = screen(False)
    shown.take("run_info", logging.INFO, {"stats": STATS})
    for second in range(25):
        clock.now = float(second)
        shown.take("progress", logging.INFO, {"done": 1, "total": 15})
    lines = out.getvalue().splitlines()
    assert len(lines) == 3 and "\x1b" not in out.getvalue()


def test_a_failed_job_shows_its_last_lines_and_how_to_run_it_alone(here: Path) -> None:
    shown, out, _ = screen(True)
    shown.take("run_info", logging.INFO, {"stats": STATS})
    log = here / "a.log"
    log.write_text("".join(f"line {n} \x1b[31m\n" for n in range(40)))
    shown.take("job_info", logging.INFO, job(1))
    failed = {**job(1, log=f"{log} (check log file(s) for error details)"), "output": ["a/b.arrow"]}
    shown.take("job_error", logging.ERROR, failed)
    said = out.getvalue().split("\x1b[2K")[-1]
    assert said.startswith("failed: doing embed 1\n") and "line 39 \\x1b[31m" in said
    assert "line 28 " in said and "line 27 " not in said
    assert said.splitlines()[-1].endswith(
        "snakemake --cores 1 --configfile 'my file.yaml' -- a/b.arrow"
    )


def test_only_what_matters_of_other_lines_is_shown(here: Path) -> None:
    shown, out, _ = screen(False)
    shown.take("", logging.INFO, {"msg": "Select jobs to execute..."})
    shown.take("", logging.WARNING, {"msg": "Complete log(s): x"})
    shown.take("", logging.WARNING, {"msg": "the disk is slow"})
    assert out.getvalue() == "the disk is slow\n"
