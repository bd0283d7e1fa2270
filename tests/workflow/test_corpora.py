"""Two corpora in one experiment, each with its own translations."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

from tests.tiny import make_corpus
from tests.workflow.conftest import Project
from tests.workflow.test_keeping import command, record


def test_two_corpora_each_with_its_own_memory(branch: Project, tmp_path: Path) -> None:
    other = branch.folder / "other"
    make_corpus(other, n=8, seed=1)
    home = tmp_path / "home"
    home.mkdir()
    shutil.move(other / "translations.tsv", home / "of other.tsv")
    config = branch.config
    config["sweep"]["corpus"] = ["tiny", "other"]
    config["corpora"]["other"] = {
        "pairs": "other/articles.tsv",
        "photos": "other/images",
        "sweep": {"translation": ["own"], "words": [3.0, "all"]},
    }
    config["translations"]["own"] = {"backend": "memory", "memory": "~/of other.tsv"}
    config["evaluation"] = {"reference": None}
    env = {"HOME": str(home)}
    said = branch.snakemake(env=env)
    note = "ensembles.run05: not made for corpus other, which has no run with words 6"
    assert said.count(f"config: {note}") == 1
    assert note in branch.read("my/setup.html").decode()
    # Of the finished corpus, only what showed the published figures is made again.
    assert sorted(re.findall(r"^Job \d+: (.* of tiny)$", said, re.M)) == [
        "plots of tiny",
        "table of tiny",
    ]

    runs = ["own.paper.w3.tiny.cosine", "own.paper.wall.tiny.cosine"]
    rows = list(csv.DictReader(branch.read("my/other/table.csv").decode().splitlines()))
    assert [row["run"] for row in rows] == runs
    assert sorted(path.name for path in (branch.folder / "results/other/runs").iterdir()) == runs
    text = branch.folder / "results"
    assert [path.name for path in (text / "other/text").iterdir()] == ["own"]
    assert [path.name for path in (text / "tiny/text").iterdir()] == ["memory"]
    found = record(branch)
    assert list(found["runs"]["other"]) == runs and len(found["runs"]["tiny"]) == 3
    assert str(home / "of other.tsv") in found["inputs"]
    assert found["outdated"] == []

    env["PYTHONPATH"] = ""
    code, lines = command(branch, "why", env=env)
    assert code == 0 and lines[-1].startswith("nothing to do"), lines
    code, lines = command(branch, "verify", env=env)
    assert code == 0 and len(lines) == 1, lines
    code, lines = command(branch, "stale", env=env)
    assert code == 0 and lines[-1].startswith("nothing is left over"), lines
    # What the command line says is above the file, and takes its ensemble's runs away.
    said = branch.snakemake("-n", "--config", 'sweep={"words": [3]}', env=env)
    assert "config: ensembles.run05: left out, since no run has 6" in said
    assert "embed_texts" not in said and "table" in said
