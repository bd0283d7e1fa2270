"""config/README.md says of methods what these say of themselves."""

from __future__ import annotations

import pytest

from rematch.commands import docs
from rematch.commands.data_page import data_page
from rematch.methods import FAMILIES, methods


def test_the_readme_is_what_the_methods_say() -> None:
    text = docs.README.read_text("utf-8")
    assert docs.documented(text) == text, "make docs"
    for section in FAMILIES:
        for name, declared in methods(section).items():
            assert f"| `{name}` |" in text and declared.method.does in text
            for param in declared.method.params:
                assert f"| `{param.name}` | `{name}` |" in text


def test_the_command_mends_the_readme(tmp_path, monkeypatch) -> None:
    right = docs.README.read_text("utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(right.replace("| `cosine` |", "| `sine` |"), "utf-8")
    monkeypatch.setattr(docs, "README", copy)
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main(["--check"]) == 1 and "`sine`" in copy.read_text("utf-8")
    assert docs.main([]) == 0 and copy.read_text("utf-8") == right
    assert docs.main(["--check"]) == 0


def test_the_page_of_the_data_is_what_the_forms_say() -> None:
    assert docs.DATA.read_text("utf-8") == data_page(), "make docs"


def test_a_family_without_a_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="scorers"):
        docs.documented(docs.README.read_text("utf-8").replace("<!-- methods: scorers -->", ""))
