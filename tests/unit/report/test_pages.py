"""The report's pages: what they say, and that nothing from outside becomes HTML."""

from __future__ import annotations

import pytest

from rematch import forms
from rematch.report import pages
from rematch.text.cleaning.replacements import Change, changes_table
from rematch.text.cleaning.step_order import misplaced

EVIL = "<script>alert('x')</script>"


def test_cleaning_shows_every_step_of_every_variant() -> None:
    changes = [
        Change("lower", 3, 1500, (("A", "a", 2), (EVIL, "", 1))),
        Change("spell", 1, 1, (("hte", "the", 1),), (("hte", "the", 1),)),
        Change("articles", 0, 0, (), skipped=True),
    ]
    table = changes_table(changes)
    assert table.schema == forms.CHANGES
    html = pages.cleaning("c", {f"memory, {EVIL}": table, "none, raw": changes_table([])})
    assert "<script" not in html and "A → a (2)" in html and "1,500" in html
    assert html.count("hte → the") == 2 and "left alone: another language" in html
    assert "none, raw" in html and "→ ∅" in html


def test_cleaning_says_what_has_no_capitals_and_which_order_costs() -> None:
    caseless = Change("spell", 1, 1, (), caseless=1200, left=2, spared=((EVIL, "biden", 2),))
    table = changes_table([Change("lower", 0, 0, ()), Change("unicode", 0, 0, ()), caseless])
    html = pages.cleaning("c", {"memory, paper": table, "none": changes_table([caseless])})
    assert "<script" not in html and html.count("1,200 titles and texts have no capitals") == 2
    assert html.count("biden (2)") == 2 and "2 words stayed as they are" in html
    assert html.count("runs after `lower`") == 1 and "put it first" in html


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], False),
        (["lower", "spell"], False),
        (["unicode", "whitespace", "lower"], False),
        (["whitespace", "unicode"], True),
        (["lower", "contractions", "unicode", "spell"], True),
        (["contractions", "unicode"], True),
    ],
)
def test_an_order_that_costs_is_said(steps: list[str], said: bool) -> None:
    assert bool(misplaced(steps)) == said


def test_setup_shows_config_and_versions_escaped() -> None:
    html = pages.setup({"sweep": {"corpus": [EVIL]}}, {"torch": "2.13.0"})
    assert "<script" not in html and "2.13.0" in html and "sweep:" in html


def test_setup_says_what_was_left_out() -> None:
    assert "Left out" not in pages.setup({}, {})
    html = pages.setup({}, {}, [f"ensembles.run05: {EVIL}", "corpora.b: not used"])
    assert "Notes on the configuration" in html and "<li>corpora.b: not used</li>" in html
    assert "<script" not in html
