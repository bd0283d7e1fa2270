"""Thousands of damaged files of every kind: no traceback, no more than 1 GB, none for ever.

FUZZ_TIMES=60 reads sixty times as many, for about an hour; FUZZ_SEED=7 reads others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import KINDS, MOST_MB

ROOT = Path(__file__).parents[2]
FILES = {
    "photos": 1000,
    "corpora": 600,
    "memories": 300,
    "configurations": 400,
    "checkpoints": 200,
    "results": 300,
    "downloads": 200,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_damaged_file_is_read_or_refused(kind: str) -> None:
    count = FILES[kind] * int(os.environ.get("FUZZ_TIMES", "1"))
    seed = os.environ.get("FUZZ_SEED", "1")
    command = [sys.executable, "-m", "tests.fuzz", kind, "--count", str(count), "--seed", seed]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'workflow/scripts'}:{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, "the process did not survive"
    figures = json.loads(done.stdout.splitlines()[-1])
    found = figures.pop("found")
    print(f"\n{', '.join(f'{name} {value}' for name, value in figures.items())}")
    assert not found, "\n".join(found)
    assert figures["peak_mb"] <= MOST_MB
