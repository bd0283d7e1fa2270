"""What counts as left over, and that removing it stays inside results/."""

from __future__ import annotations

from pathlib import Path

import pytest

from rematch.commands.stale import in_use, remove, stale
from rematch.engine.dag import Job


def job(inputs=(), outputs=(), notes=()):
    return Job("rule", "", "", tuple(inputs), tuple(outputs), tuple(notes), (), None, None, False)


def write(*names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name, "utf-8")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def listed(jobs, config=None):
    return {str(path) for path in stale(in_use(jobs, config or {}))}


def test_what_jobs_make_read_and_log_is_in_use():
    write("results/a/in", "results/a/out", "results/folder/deep/x", "results/logs/a", "results/b")
    write("results/mine/report.html", "results/.contents.json", "results/.out.7.part")
    plan = [job(["results/a/in"], ["results/a/out", "results/folder"], ["results/logs/a"])]
    assert listed(plan, {"experiment": "mine"}) == {"results/b", "results/.out.7.part"}
    assert stale(in_use(plan, {"experiment": "mine"})) == {
        Path("results/b"): 9,
        Path("results/.out.7.part"): 19,
    }


def test_what_the_configuration_names_is_in_use_wherever_it_stands(place):
    write("results/photos/1.png", "results/memory/a.jsonl", "results/model.pt", "results/x")
    config = {
        "corpora": {"unused": {"photos": "results/photos", "pairs": ["a.tsv"]}},
        "translations": {"google": {"memory": str(place / "work/results/memory")}},
        "models": {"m": {"checkpoint": "./results/../results/model.pt", "name": "", "n": 3}},
    }
    assert listed([], config) == {"results/x"}


def test_a_hidden_file_goes_with_those_that_it_keeps_work_for():
    write(*(f"results/m/{name}" for name in (".a.vectors.arrow", "..a.vectors.arrow.lock")))
    write(*(f"results/m/{name}" for name in (".b.vectors.arrow", ".a.w3.arrow.12.part")))
    plan = [job(outputs=["results/m/a.w3.arrow", "results/m/ab.w3.arrow"])]
    assert listed(plan) == {"results/m/.b.vectors.arrow", "results/m/.a.w3.arrow.12.part"}


def test_links_are_removed_and_what_they_lead_to_is_not(place):
    write("results/c/old", str(place / "outside/data"), str(place / "outside/single"))
    Path("results/c/folder").symlink_to(place / "outside")
    Path("results/c/file").symlink_to(place / "outside/single")
    Path("results/c/broken").symlink_to(place / "nowhere")
    links = {f"results/c/{name}" for name in ("folder", "file", "broken")}
    assert listed([]) == {"results/c/old", *links}
    remove(stale(in_use([], {})))
    assert list(Path("results").iterdir()) == []
    assert (place / "outside/data").read_text() and (place / "outside/single").read_text()


def test_results_may_lie_behind_links(place):
    write(str(place / "disk/results/c/new"), str(place / "disk/results/c/old"))
    write(str(place / "other/kept"))
    Path("results").symlink_to(place / "disk/results")
    Path("results/d").symlink_to(place / "other")
    plan = [job(outputs=["results/c/new", "results/d/kept"])]
    assert listed(plan) == {"results/c/old"}
    remove(stale(in_use(plan, {})))
    assert sorted(path.name for path in (place / "disk/results").rglob("*")) == ["c", "d", "new"]
    assert (place / "other/kept").is_file()


def test_only_folders_that_are_left_empty_go():
    write("results/a/b/old", "results/a/new")
    Path("results/mine").mkdir()
    remove([Path("results/a/b/old")])
    assert {str(path) for path in Path("results").rglob("*")} == {
        "results/a",
        "results/a/new",
        "results/mine",
    }
