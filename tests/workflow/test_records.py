"""Results are what the configuration asks for, whatever happened to them and to the records.

`make soak` holds many more edits without Snakemake's records, and damages every kind of file.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

from tests.workflow.conftest import Project
from tests.workflow.damages import HOW, damaged, kinds
from tests.workflow.edits import FUTURE, RUN05, W3, different, from_scratch
from tests.workflow.test_keeping import command


def test_an_edit_of_a_damaged_copy_without_records_ends_like_a_run_from_scratch(
    branch: Project, tmp_path: Path
) -> None:
    """As in a clone to which results/ was copied, dated by a clock that is wrong."""
    results = branch.folder / "results"
    shutil.rmtree(branch.folder / ".snakemake")
    branch.config["ensembles"]["run05"][0]["weight"] = 5.0
    branch.config["sweep"]["words"] = [3, 6, 5]
    flipped = results / f"tiny/runs/{W3}/similarity.arrow"
    content = flipped.read_bytes()
    flipped.write_bytes(content[:-900] + bytes([content[-900] ^ 1]) + content[-899:])
    (results / "my/tiny/table.csv").write_bytes(b"")
    (results / "my/provenance.json").write_text("{", "utf-8")
    shutil.copy(results / f"tiny/runs/{W3}/ranking.parquet", results / "my/tiny/metrics.parquet")
    files = sorted(results.rglob("*")) + sorted((branch.folder / "data").rglob("*"))
    for n, path in enumerate(files):
        os.utime(path, (FUTURE - 7 * n % 1000, FUTURE - 7 * n % 1000))

    status, said = command(branch, "why")
    causes = {line.strip() for line in said}
    assert status == 0
    (damage,) = (line for line in causes if ": damaged, or edited by hand, since it was" in line)
    assert damage.startswith("similarity 1, conclude 1, table 1, provenance 1: ")
    assert any(line.startswith("ensemble 1: members") for line in causes), causes
    said = branch.snakemake().splitlines()
    assert any(line.startswith("Snakemake's records of ") for line in said)
    (again,) = [line for line in said if line.startswith("made again: ")]
    assert again.endswith(": damaged, or edited by hand, since it was made")
    assert different(branch, from_scratch(branch, tmp_path / "scratch")) == []
    assert branch.planned() == {}
    assert command(branch, "verify")[0] == 0


def _(path: Path) -> str:
    return str(path)[str(path).index("results/") :]


def test_a_table_joins_no_metrics_that_are_not_the_plans(branch: Project) -> None:
    """Where the table is asked for alone, so that nothing else is judged or made."""
    runs = branch.folder / "results/tiny/runs"
    shutil.copy(runs / W3 / "per_article.parquet", runs / RUN05 / "per_article.parquet")
    wanted = "results/my/tiny/metrics.parquet"
    (branch.folder / wanted).unlink()
    said = branch.snakemake("--allowed-rules", "conclude", "--", wanted, ok=False)
    line = f"results/tiny/runs/{RUN05}/per_article.parquet: was made otherwise than this configur"
    assert said.count(line) == 1 and "Traceback" not in said


def test_verify_names_damages(branch: Project) -> None:
    chance, results = random.Random(8), branch.folder / "results"
    every = [path for kind in kinds(results) for path in kind]
    picked = [path for path in every if path.name == "cleaning.html" or ".made" in path.parts][:2]
    for path, how in zip(picked, HOW, strict=False):
        with damaged(path, every, how, chance):
            status, said = command(branch, "verify")
        assert status == 1 and any(_(path) in line for line in said), (how, path, said)
    assert json.loads((results / "my/provenance.json").read_bytes())["format"] == 1
