"""What each run's jobs ask a corpus for costs them none of its libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"

ASK = """
import importlib, sys
for name in sys.argv[1].split():
    getattr(importlib.import_module("rematch.corpus"), name)
print(*sorted({"PIL", "requests", "pyarrow", "numpy"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("names", "loaded"),
    [
        ("tie_keys photo_files", []),
        ("submission_ids reject_counts FIELDS MISSING", ["numpy", "pyarrow"]),
        ("read_articles photo_names", ["numpy", "pyarrow"]),
        ("opened", ["PIL", "numpy"]),
    ],
)
def test_a_name_loads_what_it_needs_alone(names: str, loaded: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, names],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == loaded
