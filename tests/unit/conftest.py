"""Small things that several unit tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import make_clip
from tests.unit.services import google, options, service

__all__ = ["google", "options", "service", "tiny_clip"]


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a tiny CLIP in OpenAI's architecture with random weights."""
    return make_clip(tmp_path_factory.mktemp("clip") / "tiny.pt")
