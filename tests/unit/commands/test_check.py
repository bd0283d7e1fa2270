"""What a configuration would read and compute, said without doing it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import yaml

from rematch.commands import check, sampling
from rematch.text.memory.remembered import Memory
from tests.unit.commands.test_new import GERMAN, pairs_2021, photos, table
from tests.unit.demo_config import in_root

__all__ = ["in_root"]


@pytest.fixture(autouse=True)
def no_plan(monkeypatch, tmp_path):
    """A plan that takes no time; no word statistics are there, and lines have 100 columns."""

    @contextmanager
    def planned(arguments, config, notes):
        some = [SimpleNamespace(output=["a"]) for _ in range(3)]
        dag = SimpleNamespace(needrun_jobs=lambda: some[:2], jobs=some)
        yield SimpleNamespace(dag=dag)

    monkeypatch.setattr(check.dag, "planned", planned)
    monkeypatch.setattr(sampling, "STATISTICS", tmp_path / "no statistics")
    sampling._statistics_there.cache_clear()
    monkeypatch.setenv("COLUMNS", "100")
    yield
    sampling._statistics_there.cache_clear()


def corpus(tmp_path, **entry):
    """A configuration's path: three articles, of which two have a photo."""
    pairs = pairs_2021(tmp_path / "articles.tsv", 3)
    with pairs.open("a", encoding="utf-8") as file:
        file.write("509000009\t9\t\t\t109\th\t\t\t\n")  # no title and no text
    folder = photos(tmp_path / "images", "100.jpg", "101.jpg")
    return written(tmp_path, {"pairs": str(pairs), "photos": str(folder), **entry})


def written(tmp_path, entry, **more):
    config = {
        "sweep": {"corpus": ["mine"], "words": [3, "all"], "translation": ["google"]},
        "corpora": {"mine": entry},
        "ensembles": {"run05": None},
        "translations": {"google": {"memory": str(tmp_path / "memory")}},
        **more,
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    return path


def run(capsys, *files):
    """Exit status, what stands on standard output, and the lines of standard error."""
    status = check.main(["--configfile", *map(str, files)] if files else [])
    said = capsys.readouterr()
    return status, said.out, said.err.splitlines()


def flat(text):
    return re.sub(r"\s+", " ", text)


def test_what_would_be_read_and_computed(capsys, tmp_path):
    status, out, errors = run(capsys, corpus(tmp_path))
    assert (status, errors) == (0, [])
    assert "corpus mine: 3 articles of 4 rows; 2 pairs with a photo" in out
    assert "layout newsimages2021" in flat(out)
    assert f"photos: 2 of 3 files in {tmp_path / 'images'}" in flat(out)
    assert "refused: 1 article: no title and no text" in out
    assert "2 runs (1 × 1 × 2 × 1 × 1)" in out
    assert "2 jobs to run of 3" in out
    assert out.count("article 50900000") == 3
    assert f"as published Titel 0 | {GERMAN[:40]}" in flat(out)
    assert "google would be asked of google" in flat(out)
    assert "10 words" not in out and "paper" not in out.partition("article 5")[2]
    assert not (tmp_path / "memory").exists()


def test_what_the_memory_holds_is_shown_after_each_step(capsys, tmp_path):
    store = Memory(tmp_path / "memory")
    body = "The train isn't here. " + "It waits for the people on the platform. " * 20
    held = [("Titel 0", "A Title"), ((GERMAN * 2).strip(), body), (GERMAN * 2, body)]
    store.append(held, "google", "de", "en")
    store.close()
    before = sorted(tmp_path.rglob("*"))
    status, out, errors = run(capsys, corpus(tmp_path))
    assert (status, errors) == (0, [])
    first = flat(out.partition("article 509000000")[2].partition("article 509000001")[0])
    assert "google A Title | The train isn't here. It waits" in first
    assert "paper title | train is not here. it waits for people" in first
    assert "3 words title train is all words title train is not here." in first
    assert first.count("…") >= 2  # long texts are shortened
    assert "(without segment, spell: the word statistics" in flat(out)
    assert set(before) <= set(tmp_path.rglob("*"))


def test_lines_fit(capsys, tmp_path, monkeypatch):
    config = corpus(tmp_path)
    for columns in (60, 100, 300):
        monkeypatch.setenv("COLUMNS", str(columns))
        _, out, _ = run(capsys, config)
        assert max(map(len, out.splitlines())) <= min(columns, 100)


def test_a_memory_that_lacks_a_text(capsys, tmp_path):
    memory = table(tmp_path / "en.tsv", ("source", "target"), [("Titel 0", "A title")])
    pairs = {"pairs": str(pairs_2021(tmp_path / "articles.tsv", 1))}
    for on_failure, said in (("stop", "where a run would end"), ("keep", "a title | In Köln")):
        entry = {"backend": "memory", "memory": str(memory), "on_failure": on_failure}
        config = written(
            tmp_path,
            pairs,
            translations={"google": entry},
            cleanings={"paper": {"steps": ["articles"]}},
        )
        status, out, _ = run(capsys, config)
        assert status == 0 and said.casefold() in flat(out).casefold()


def test_texts_that_stay_as_they_are(capsys, tmp_path):
    pairs = {"pairs": str(pairs_2021(tmp_path / "articles.tsv", 1))}
    sweep = {"corpus": ["mine"], "words": [2], "translation": ["none"], "cleaning": ["raw"]}
    status, out, _ = run(capsys, written(tmp_path, pairs, sweep=sweep))
    assert status == 0 and "raw Titel 0 | In Köln" in flat(out)
    assert "2 words Titel 0" in flat(out) and "without segment" not in out


def test_photos_that_are_to_be_fetched(capsys, tmp_path):
    config = corpus(tmp_path, photos=str(tmp_path / "not yet"), download={})
    status, out, errors = run(capsys, config)
    assert (status, errors) == (0, [])
    assert "to be fetched by URL: 3 photos" in out


def test_the_demo_before_it_is_drawn(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(check, "DRAWN", check.Path("resources/demo/corpus"))
    if check.DRAWN.exists():
        pytest.skip("it is drawn here")
    status, out, errors = run(capsys)
    assert (status, errors) == (0, [])
    assert "corpus demo: drawn by the first run" in out and "1 ensemble" in out


def test_what_is_wrong_is_a_line(capsys, tmp_path):
    status, _, errors = run(capsys, tmp_path / "nowhere.yaml")
    assert (status, len(errors)) == (1, 1) and "nowhere.yaml" in errors[0]
    status, _, errors = run(capsys, written(tmp_path, {"pairs": "nowhere.tsv"}))
    assert (status, len(errors)) == (1, 1) and "corpora.mine.pairs" in errors[0]
    bad = table(tmp_path / "bad.tsv", ("a", "b"), [("1", "2")])
    status, _, errors = run(capsys, written(tmp_path, {"pairs": str(bad)}))
    assert (status, len(errors)) == (1, 1) and "of no known layout" in errors[0]


def test_what_a_text_holds_does_nothing_to_a_terminal(capsys, tmp_path):
    pairs = pairs_2021(tmp_path / "articles.tsv", 1, text="Rot \x1b[31m \u202e und weiter")
    _, out, _ = run(capsys, written(tmp_path, {"pairs": str(pairs)}))
    assert "\x1b" not in out and "\u202e" not in out and "\\x1b[31m" in out
