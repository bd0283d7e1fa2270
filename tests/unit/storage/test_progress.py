"""Progress: everything is yielded, lines say how far and what else there is to say."""

from __future__ import annotations

import logging

import pytest

from rematch.storage import progress_bar as module
from rematch.storage.progress_bar import progress


def test_items_pass_and_the_last_line_counts_them(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert list(progress(iter(range(5)), 5, "counting", "numbers")) == [0, 1, 2, 3, 4]
    assert caplog.messages[-1].startswith("counting: 5 numbers in")


def test_a_line_now_and_then_says_what_is_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.0)
    failed: list[int] = []
    with caplog.at_level(logging.INFO):
        for item in progress(range(3), 3, "asking", "texts", lambda: f"{len(failed)} failed"):
            if item == 1:
                failed.append(item)
    first, second, third, last = caplog.messages
    assert first == "asking: 1 of 3 texts, 0 failed"  # nothing is promised by one
    assert second.endswith("1 failed") and "0 s left" in third and last.endswith("1 failed")


def test_the_bar_is_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    list(progress(range(3), 3, "counting", "numbers"))
    assert capsys.readouterr().err == ""


def test_what_stands_before_the_first_item_is_no_measure_of_the_rest(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    with caplog.at_level(logging.INFO):
        for item in progress(range(101), 101, "encoding", "photos"):
            now[0] += 1.0 if item else 30.0  # the model is loaded
    assert caplog.messages[0] == "encoding: 1 of 101 photos"
    assert caplog.messages[1] == "encoding: 6 of 101 photos, 1.0/s, 95 s left"
