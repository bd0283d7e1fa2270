"""What changed of parameters whose earlier values are known without their names.

The command itself is run in tests/workflow/test_keeping.py.
"""

from __future__ import annotations

import pytest

from rematch.commands.why import _changed, _fitting

A, B, C = "0123456789abcdef", "1123456789abcdef", "2123456789abcdef"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"top": 100, "code": A}, {"top": 50, "code": A}, ["top: 100 -> 50"]),
        ({"top": 100, "code": A}, {"top": 50, "code": B}, ["code changed", "top: 100 -> 50"]),
        ({"code": A, "runs": B}, {"code": B, "runs": C}, ["runs changed"]),
        (
            {"source": "wordfreq", "code": A},
            {"source": "own", "code": B},
            ["code changed", "source: wordfreq -> own"],
        ),
        ({"a": 1, "b": 2}, {"a": 3, "b": 4}, ["a: now 3", "b: now 4"]),
        (
            {"files": {"pairs": "a.tsv"}, "download": {"max_mb": 3, "min_side": 8}},
            {"files": {"pairs": "b.tsv"}, "download": {"max_mb": 4, "min_side": 8}},
            ["download.max_mb: 3 -> 4", "files.pairs: a.tsv -> b.tsv"],
        ),
        ({"software": {"torch": "2"}}, {"software": {"torch": "3"}}, ["software.torch: 2 -> 3"]),
        ({"photos": None}, {"photos": A}, ["photos changed"]),
        ({"limit": float("inf")}, {"limit": 1.0}, ["limit: now 1.0"]),
    ],
)
def test_names_are_found_again(before, now, said):
    old, new = ({repr(value) for value in values.values()} for values in (before, now))
    assert sorted(_changed(now.items(), old - new, new - old)) == said


def test_lines_fit_a_terminal_and_are_whole_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    line = (
        "  metrics 5: evaluation.resamples: 1000 -> 500 (" + ", ".join(["results/x/y.z"] * 9) + ")"
    )
    assert list(_fitting([line])) == [line]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "50")
    first, *others = _fitting([line])
    assert max(map(len, [first, *others])) <= 50 and first.startswith("  metrics 5: evaluation")
    assert all(part.startswith(" " * 6) for part in others) and len(others) == 4
