"""A layout is one file: what knows of it once it is there, and whose jobs run again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rematch.corpus.benchmark_ids import TWO_SCHEMES
from rematch.corpus.layouts.declared import chosen, keys, known, recognised
from rematch.errors import UserError
from rematch.methods import methods
from tests.unit.corpus.test_reading import folder

SCRIPTS = Path(__file__).parents[4] / "workflow/scripts"
TOY = Path(__file__).with_name("gazette.py")

ASK = """
import json, sys
from pathlib import Path
from rematch.corpus import CorpusSpec, read_corpus
from rematch.engine import code_hash, method_code
from rematch.errors import UserError
from rematch.methods import table

scripts, folder = map(Path, sys.argv[1:])

def read(file, layout):
    try:
        spec = CorpusSpec(pairs=(folder / file,), layout=layout, photos=folder / "photos")
        corpus = read_corpus(spec, threads=1)
        texts = corpus.articles.select(["article_id", "title", "text"])
        return [sorted(zip(*table.to_pydict().values())) for table in (texts, corpus.qrels)]
    except UserError as error:
        return str(error)

roots = (scripts,)
rules = ("articles", "corpus", "download")
print(json.dumps({
    "read": [read("gazette.csv", layout) for layout in (None, "gazette")],
    "unknown": [read("gazette.csv", "herald"), read("herald.csv", None)],
    "glued": read("glued.csv", "newsimages2025"),
    "table": table("corpora"),
    "scripts": {name: code_hash(scripts / f"{name}.py", roots) for name in rules},
    "code": method_code("corpora", None, roots),
    "named": method_code("corpora", "newsimages2025", roots),
}))
"""

H2025 = "article_id,article_url,article_title,article_tags,image_id,image_url\n"


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """Asks a copy of the package, in which files may be put; its folder is `ask.layouts`."""
    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "gazette.csv").write_text('no,head,body,pic\na1,"one, two",,x\na2,two,,y\n')
    folder(tmp_path, "x.jpg", "y.jpg")
    (tmp_path / "herald.csv").write_text("nr,top,bottom\n1,2,3\n")
    (tmp_path / "glued.csv").write_text(f"{H2025}1,u,T,x,A,u\nno,head,body,pic,,\n")

    def asked() -> Any:
        done = subprocess.run(
            [sys.executable, "-B", "-c", ASK, scripts, tmp_path],
            env={**os.environ, "PYTHONPATH": str(scripts)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    asked.layouts = scripts / "rematch/corpus/layouts"  # type: ignore[attr-defined]
    return asked


def test_a_new_layout_is_one_file(ask: Any) -> None:
    before = ask()
    assert (
        "unknown; use newsimages2021, newsimages2023, newsimages2025 or generic"
        in (before["read"][1])
    )
    assert "is of no known layout" in before["read"][0]
    shutil.copy(TOY, ask.layouts)
    after = ask()
    found = [[["a1", "one, two", ""], ["a2", "two", ""]], [["a1", "x"], ["a2", "y"]]]
    assert after["read"] == [found, found]
    by_name, by_header = after["unknown"]
    assert "use newsimages2021, newsimages2023, newsimages2025, gazette or generic" in by_name
    assert "gazette: no, head, body, pic)" in by_header
    assert "a header stands here again" in after["glued"]
    row = "| `gazette` | the gazette's own list of articles | nowhere |"
    assert row in after["table"].splitlines() and row not in before["table"]


def test_a_layouts_code_counts_for_the_corpora_that_may_have_it(ask: Any) -> None:
    before = ask()
    shutil.copy(TOY, ask.layouts)
    there = ask()
    assert there["scripts"] == before["scripts"] and there["named"] == before["named"]
    assert there["code"].keys() - before["code"].keys() == {"gazette"}
    with (ask.layouts / "gazette.py").open("a") as file:
        file.write("ADDED = 1\n")
    with (ask.layouts / "generic.py").open("a") as file:
        file.write("ADDED = 1\n")
    edited = ask()
    assert edited["scripts"] == before["scripts"] and edited["named"] == before["named"]
    changed = {name for name, code in edited["code"].items() if code != there["code"][name]}
    assert changed == {"gazette", "generic"}
    with (ask.layouts / "published.py").open("a") as file:
        file.write("ADDED = 1\n")
    assert ask()["named"] != before["named"]


def test_layouts_are_what_they_declare() -> None:
    declared = methods("corpora")
    assert known().keys() == declared.keys()
    for name, layout in known().items():
        assert layout.name == name and layout is declared[name].load()
        assert {param.name for param in declared[name].method.params} <= keys()
    assert [name for name, layout in known().items() if layout.two_schemes] == [TWO_SCHEMES]


def test_of_two_layouts_that_fit_the_older_holds() -> None:
    header = ["article_id", "article_title", "iid"]
    fit = [name for name in list(known())[:3] if (one := chosen(name)) and one.fits(header)]
    assert fit == ["newsimages2021", "newsimages2025"]
    assert recognised(Path("f.csv"), header).name == "newsimages2021"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("generic", {}),
        (None, {"columns": {}}),
        (None, {"quoting": "csv"}),
        ("generic", {"quoting": "csv"}),
        ("newsimages2025", {"columns": {}}),
    ],
)
def test_a_layouts_keys_go_with_it(name: str | None, options: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        chosen(name, options)
    said = "corpus: `columns` and `layout: generic` go together; give both"
    assert str(caught.value) == said
