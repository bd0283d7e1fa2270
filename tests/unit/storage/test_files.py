"""Files appear whole or not at all, and a disk that refuses is said in one line."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rematch.engine import jobs
from rematch.errors import UserError
from rematch.storage.files import remove_leftovers, replacing, replacing_all, write_text

ROOT = Path(__file__).parents[3]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a") as beside:
        beside.write_text("new")
        _ = 1 / 0
    assert (tmp_path / "a").read_text() == "old" and names(tmp_path) == ["a"]


def test_files_made_together_appear_together(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").write_text("")
    targets = [tmp_path / "a", tmp_path / "b"]
    for fails in (True, False):
        try:
            with replacing_all(targets) as folder:
                (folder / "a").write_text("new")
                (folder / "b").mkdir()
                (folder / "b" / "new").write_text("")
                if fails:
                    raise KeyError
        except KeyError:
            assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["old"]
    assert names(tmp_path) == ["a", "b"] and names(tmp_path / "b") == ["new"]


def test_leftovers_of_one_file_are_removed_and_nothing_else(tmp_path: Path) -> None:
    stale = [".a.tsv.12.part", ".a.tsv.3456.part"]
    others = ["a.tsv", ".a.tsv.part", ".a.tsv.12.part.tsv", ".b.a.tsv.12.part", ".axtsv.1.part"]
    for name in [*stale, *others]:
        (tmp_path / name).write_text("")
    (tmp_path / ".a.tsv.7.part").mkdir()
    (tmp_path / ".a.tsv.7.part" / "inside").write_text("")
    remove_leftovers(tmp_path / "a.tsv")
    assert names(tmp_path) == sorted(others)
    remove_leftovers(tmp_path / "nowhere" / "a.tsv")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "No space left on device; free some space"),
        (errno.EDQUOT, "Disk quota exceeded; free some space"),
        (errno.EROFS, "Read-only file system; make it writable"),
        (errno.EACCES, "Permission denied; make it accessible"),
    ],
)
def test_a_disk_that_refuses_is_one_line(tmp_path: Path, code: int, said: str) -> None:
    target = tmp_path / "results" / "a"
    with pytest.raises(UserError, match=f"^{target}: {said}"), replacing(target) as beside:
        beside.write_text("half")
        raise OSError(code, "whatever the library calls it")
    assert names(target.parent) == []
    with pytest.raises(UserError, match=r"^input\.tsv: "), replacing(target):
        raise OSError(code, "it", "input.tsv")


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        pass  # nothing was written


SCRIPT = """
import sys
from types import SimpleNamespace
from rematch.engine import jobs
log, output = sys.argv[1:]
job = SimpleNamespace(log=[log], params={}, input=[], output=[output], rule="table")
jobs.start(job).info("a line")
from rematch.storage.files import write_text
with open("/dev/full", "w") as full:
    full.write("x")
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here; run on Linux")
@pytest.mark.parametrize("full", [True, False])
def test_a_log_that_does_not_fit_does_not_bury_the_line(tmp_path: Path, full: bool) -> None:
    log = "/dev/full" if full else str(tmp_path / "logs" / "table.log")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, log, "results/table.csv"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
    )
    line = "results/table.csv: No space left on device; free some space and run again: what is "
    said = done.stderr if full else Path(log).read_text("utf-8")
    assert done.returncode == 1 and said.count(line) == 1 and "Traceback" not in said
    assert full or (done.stderr == "" and "INFO a line" in said)


def test_a_job_removes_what_killed_ones_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    (tmp_path / ".a.5.part").write_text("")
    outputs = [str(tmp_path / "a"), str(tmp_path / "b")]
    monkeypatch.setattr(jobs.atexit, "register", lambda function: None)
    job = SimpleNamespace(
        log=[str(tmp_path / "log")], params={}, input=[], output=outputs, rule="r"
    )
    jobs.start(job)
    logging.captureWarnings(False)
    assert names(tmp_path) == ["log"]
