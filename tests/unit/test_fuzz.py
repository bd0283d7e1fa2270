"""A few damaged files of every kind that is quick to read; tests/soak reads thousands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rematch.errors import UserError
from tests import fuzz

ROOT = Path(__file__).parents[2]
QUICK = ["photos", "corpora", "memories", "configurations", "results"]


def test_damaged_files_are_read_or_refused_in_time_and_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *QUICK, "--count", "80"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'workflow/scripts'}:{ROOT}"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["kind"] for one in figures] == QUICK
    assert [fault for one in figures for fault in one["found"]] == []
    # The damage is neither too small nor too great to show anything.
    for one in figures:
        assert 0 < one["refused"] < 80 and one["kept"] > 0
        assert one["peak_mb"] < 300, one


class Unprintable(UserError):
    def __str__(self) -> str:
        return "\x1b[2J"


class Wrong:
    """Reads nothing well."""

    def __init__(self, folder: Path) -> None:
        self.number = 0

    def read(self, rng: np.random.Generator) -> str:
        self.number += 1
        if self.number == 1:
            raise UserError("a clear line")
        if self.number == 2:
            raise KeyError("a bug")
        if self.number == 3:
            raise Unprintable("a line")
        while self.number == 4:
            pass
        return "kept"


def test_faults_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fuzz.KINDS, "wrong", Wrong)
    monkeypatch.setattr(fuzz, "SECONDS", 1)
    figures = fuzz.fuzz("wrong", 0, 0, 5)
    assert figures["refused"] == 2 and figures["kept"] == 1 and figures["faults"] == 3
    assert [fault.partition(" --first ")[2][0] for fault in figures["found"]] == ["1", "2", "3"]
    assert "KeyError in " in figures["found"][0] and "longer than 1 s" in figures["found"][2]


def test_the_same_number_makes_the_same_file() -> None:
    data = bytes(range(256)) * 9
    made = [fuzz.damaged(np.random.default_rng([1, 2]), data, [data]) for _ in range(2)]
    assert made[0] == made[1] != data
