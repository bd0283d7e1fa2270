"""What tells of a finished project: its provenance, why it would run, what is left over."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rocrate.rocrate import ROCrate

from tests.workflow.conftest import Project
from tests.workflow.test_workflow import RUNS, table

RUN = "memory.paper.w3.tiny.cosine"


def command(
    project: Project, name: str, *arguments: str, env: dict[str, str] | None = None
) -> tuple[int, list[str]]:
    """Run a command of the project as the Makefile does; exit status and lines."""
    (project.folder / "my.yaml").write_text(json.dumps(project.config), "utf-8")
    scripts = str(project.folder / "workflow/scripts")
    path = f"{scripts}:{env['PYTHONPATH']}" if env else scripts
    done = subprocess.run(
        [sys.executable, "-m", f"rematch.commands.{name}", *arguments, "--configfile", "my.yaml"],
        cwd=project.folder,
        env={**os.environ, **(env or {}), "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=100,
    )
    return done.returncode, done.stdout.splitlines()


def record(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.read("my/provenance.json"))
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_each_number_is_tied_to_files_by_their_sha256(finished: Project) -> None:
    found = record(finished)
    runs = found["runs"]["tiny"]
    for row in table(finished):
        metrics = {(m["direction"], m["metric"]): m for m in runs[row["run"]]["metrics"]}
        value = metrics["text-to-image", "MRR@100"]["value"]
        assert value == pytest.approx(float(row["text-to-image_MRR@100"]), abs=1e-12)
    assert list(runs) == RUNS
    chain = list(runs[RUN]["chain"])
    for path, digest in runs[RUN]["chain"].items():
        file = finished.folder / path
        if file.is_file() and not found["outputs"].get(path, {}).get("grows"):
            assert digest == sha256(file), path
    # In the order in which they were made, from what came from outside to what was measured.
    steps = [
        "data/articles.tsv",
        "results/tiny/corpus/articles.parquet",
        "results/tiny/text/memory/translated.parquet",
        "results/tiny/text/memory/paper/cleaned.parquet",
        "results/tiny/text/memory/paper/w3.parquet",
        "results/tiny/embeddings/tiny/memory.paper.w3.arrow",
        f"results/tiny/runs/{RUN}/similarity.arrow",
        f"results/tiny/runs/{RUN}/per_article.parquet",
    ]
    assert [path for path in chain if path in steps] == steps
    six = f"results/tiny/runs/{RUN.replace('w3', 'w6')}/similarity.arrow"
    assert six in runs["run05.memory.paper.tiny.cosine"]["chain"] and six not in chain
    assert "results/tiny/corpus/qrels.parquet" in chain and "data/tiny.pt" in chain
    photos = finished.folder / "data/images"
    lines = "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(photos.iterdir()))
    assert found["inputs"]["data/images"]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert found["inputs"]["data/tiny.pt"]["sha256"] == sha256(finished.folder / "data/tiny.pt")
    embeddings = found["outputs"]["results/tiny/embeddings/tiny/images.arrow"]
    assert embeddings["metadata"]["checkpoint_sha256"] == sha256(finished.folder / "data/tiny.pt")
    assert found["outdated"] == []


def test_the_record_is_whole_and_verify_agrees(finished: Project) -> None:
    found = record(finished)
    listed = {path for path in found["outputs"] if path.startswith("results/")}
    folder = finished.folder / "results"
    skipped = ("logs", "benchmarks", ".made", "provenance.json", "ro-crate-metadata.json")
    there = {
        f"results/{path.relative_to(folder)}"
        for path in folder.rglob("*")
        if path.is_file()
        and not {path.relative_to(folder).parts[0], path.name} & {*skipped}
        and not path.name.startswith(".")
    }
    assert listed == there
    crate = ROCrate(folder / "my")
    files = {f"results/my/{entity.id}" for entity in crate.data_entities if entity.type == "File"}
    assert files == {path for path in there if path.startswith("results/my/")}
    status, said = command(finished, "verify")
    assert status == 0 and len(said) == 1 and said[0].startswith("all as recorded"), said


def test_verify_names_what_differs_and_notes_another_machine(
    branch: Project, tmp_path: Path
) -> None:
    data = branch.folder / "data"
    (data / "images/photo3.png").write_bytes((data / "images/photo4.png").read_bytes() + b"\0")
    (data / "tiny.pt").unlink()
    metrics = branch.folder / "results/my/tiny/metrics.parquet"
    columns = pq.read_table(metrics).to_pydict()
    columns["value"][0] += 1e-9
    pq.write_table(pq.read_schema(metrics).empty_table().from_pydict(columns), metrics)
    module = branch.folder / "workflow/scripts/rematch/evaluate/outcomes.py"
    module.write_text(module.read_text("utf-8") + "\nADDED = 1\n", "utf-8")
    branch.config["sweep"]["words"] = [3]
    branch.config["ensembles"] = {"run05": [{"words": 3, "weight": 1.0}]}
    site = tmp_path / "site/numpy-99.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n")
    env = {"PYTHONPATH": str(site.parent)}
    status, said = command(branch, "verify", env=env)
    assert status == 1
    expected = (
        "input changed: data/images",
        "input missing: data/tiny.pt",
        "config changed: sweep.words: without 6",
        "config changed: ensembles.run05: ",
        "code changed: rule conclude ",
        f"output changed: {metrics.relative_to(branch.folder)}",
        "note: numpy: ",
    )
    for line in expected:
        assert sum(text.startswith(line) for text in said) == 1, (line, said)
    others = [text for text in said if not text.startswith(expected)]
    assert all(text.startswith(("code changed: rule ", "note: made with")) for text in others), said
    shutil.rmtree(branch.folder / "results")
    status, said = command(branch, "verify")
    assert (status, len(said)) == (1, 1) and "provenance.json: not there yet" in said[0]


def test_what_is_not_made_again_stays_with_the_versions_it_was_made_with(
    branch: Project, tmp_path: Path
) -> None:
    before = record(branch)
    (first,) = before["made"]["environments"]
    site = tmp_path / "site/tqdm-99.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: tqdm\nVersion: 99.0\n")
    branch.config["evaluation"] = {"resamples": 500}
    branch.snakemake(env={"PYTHONPATH": str(site.parent)})
    after = record(branch)
    made = {path: entry["environment"] for path, entry in after["made"]["outputs"].items()}
    assert made["results/tiny/embeddings/tiny/images.arrow"] == first
    second = made["results/my/tiny/metrics.parquet"]
    assert after["made"]["environments"][second]["packages"]["tqdm"] == "99.0"
    assert after["made"]["environments"][first] == before["made"]["environments"][first]
    again = {path for path, environment in made.items() if environment == second}
    assert again == {
        "results/my/setup.html",
        *(f"results/my/tiny/table.{kind}" for kind in ("csv", "md", "html", "tex")),
        *(
            f"results/my/tiny/{name}"
            for name in ("metrics.csv", "conclusions.json", "numbers.json")
        ),
        *(
            f"results/my/tiny/{name}.parquet"
            for name in ("metrics", "recall_curves", "comparisons", "hypotheses", "strata")
        ),
        *(f"results/my/tiny/plots/{name}.svg" for name in ("words", "recall")),
    }


def test_why_says_the_causes_and_counts_what_follows(branch: Project) -> None:
    assert command(branch, "why") == (
        0,
        ["nothing to do: all that the configuration asks for is there and up to date"],
    )
    branch.config["evaluation"] = {"top": 50, "recall_at": [1, 5]}
    branch.config["sweep"]["words"] = [3, 6, 9]
    (branch.folder / "results/my/tiny/losses.html").unlink()
    plots = branch.folder / "workflow/scripts/rematch/report/plots/words.py"
    plots.write_text(plots.read_text("utf-8") + "\nADDED = 1\n", "utf-8")
    status, said = command(branch, "why")
    counts = branch.planned()
    assert status == 0
    assert said[0] == f"{sum(counts.values()) + 1} jobs would run"
    causes = {line.strip() for line in said[1:-1]}
    assert {
        "ranking 3: top: 100 -> 50",
        "words 1: not there yet (results/tiny/text/memory/paper/w9.parquet)",
        "losses 1: deleted (results/my/tiny/losses.html)",
        "plots 1: code changed",
        "diagnose 1, plots 1, table 1: runs changed",
        "conclude 1: compared changed",
        "setup 1, provenance 1: config changed",
    } <= causes
    (metrics,) = [line for line in causes if "recall_at: without 10, without 50" in line]
    assert metrics.startswith("conclude 1: ")
    assert said[-1].startswith("  … and ") and "jobs downstream: " in said[-1]
    assert "embed_texts 1" in said[-1] and "similarity 1" in said[-1]
    # Every job is counted, once among those that follow or once or more among the causes.
    named = {part.split()[0] for line in causes for part in line.split(":")[0].split(", ")}
    named |= {part.split()[0] for part in said[-1].split(": ")[1].split(", ")}
    assert named == {*counts, "provenance"}
    branch.config["models"] = {"tiny": {"checkpoint": "gone.pt"}}
    status, said = command(branch, "why")
    assert status == 1 and len(said) == 1 and said[0].startswith("config: models.tiny.checkpoint")


def test_left_over_results_are_listed_and_removed_only_when_told(
    branch: Project, tmp_path: Path
) -> None:
    results = branch.folder / "results"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("precious", "utf-8")
    (results / "tiny/linked").symlink_to(outside)
    (results / "my/report.html").write_text("made by make report", "utf-8")
    branch.config["corpora"]["other"] = {"pairs": "none.tsv", "photos": "results/fetched"}
    (results / "fetched").mkdir()
    shutil.copy(branch.folder / "data/images/photo1.png", results / "fetched")
    branch.config["sweep"]["words"] = [6]
    branch.config["ensembles"] = {"run05": [{"words": 6, "weight": 1.0}]}
    branch.snakemake()
    stale = {
        path
        for path in results.rglob("*")
        if path.is_file()
        and ".made" not in path.parts
        and any(part in str(path.relative_to(results)) for part in (".w3.", "/w3."))
        and ("logs" not in path.parts or path.stat().st_size)
    } | {results / "tiny/linked"}
    assert len(stale) > 15
    listed = branch_listing(command(branch, "stale"), branch)
    assert set(listed) == stale
    assert all(size == path.lstat().st_size for path, size in listed.items())
    assert all(os.path.lexists(path) for path in stale)
    others = {path: path.stat().st_mtime_ns for path in branch.folder.rglob("*") if path.is_file()}
    assert set(branch_listing(command(branch, "stale", "--remove"), branch)) == stale
    assert not any(os.path.lexists(path) for path in stale)
    assert not (results / f"tiny/runs/{RUN}").exists()
    assert not (results / f".made/results/tiny/runs/{RUN}").exists()
    assert (outside / "precious.txt").read_text("utf-8") == "precious"
    kept = {path: time for path, time in others.items() if path not in stale and path.is_file()}
    assert kept.keys() >= {path for path in others if results not in path.parents}
    assert branch.planned() == {}
    assert command(branch, "stale")[1][-1].startswith("nothing is left over")
    status, said = command(branch, "verify")
    assert status == 0, said


def branch_listing(said: tuple[int, list[str]], project: Project) -> dict[Path, int]:
    status, lines = said
    assert status == 0
    found = {}
    for line in lines[:-1]:
        if line.startswith("config: "):  # of a corpus that no run uses
            continue
        size, path = line.split(maxsplit=1)
        found[project.folder / path] = int(size.replace(",", ""))
    assert f"{len(found):,} files, {sum(found.values()):,} bytes" in lines[-1]
    return found
