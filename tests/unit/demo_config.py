"""The project's own schema and configuration, as the tests of configurations need them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rematch.config.schema import load_schema

ROOT = Path(__file__).parents[2]
SCHEMA = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
TEXT = (ROOT / "config/config.yaml").read_bytes()
DEMO = yaml.safe_load(TEXT)
MADE = [DEMO["corpora"]["demo"][key] for key in ("pairs", "photos")] + [
    DEMO["translations"]["memory"]["memory"]
]
"""What a job makes, so that it need not be there."""


@pytest.fixture(autouse=True)
def in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of a configuration count from the project's folder."""
    monkeypatch.chdir(ROOT)
