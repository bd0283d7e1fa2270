"""Importing OpenAI's clip, and torchvision, beside any build of torch."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from rematch.outside import openai_clip


def test_clip_is_the_module_and_says_nothing(recwarn: pytest.WarningsRecorder) -> None:
    assert openai_clip.load_clip_module().tokenize("a photo").shape == (1, 77)
    assert not [w for w in recwarn if "pkg_resources" in str(w.message)]


def test_operators_are_declared_where_torchvision_lacks_them_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = ["operator torchvision::nms does not exist"]
    declared: list[bool] = []

    def imported(name: str) -> ModuleType:
        if wrong:
            raise RuntimeError(wrong.pop())
        return ModuleType(name)

    monkeypatch.setattr(importlib, "import_module", imported)
    monkeypatch.setattr(openai_clip, "_declare_operators", lambda: declared.append(True))
    openai_clip.import_torchvision()
    openai_clip.import_torchvision()
    assert declared == [True]
    wrong.append("something else")
    with pytest.raises(RuntimeError, match="something else"):
        openai_clip.import_torchvision()
