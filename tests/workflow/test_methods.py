"""A method is a file: what adding or changing one touches, and what it does not."""

from __future__ import annotations

import subprocess
import sys

from tests.workflow.conftest import Project
from tests.workflow.test_workflow import table

TOY = '''"""A score for this test: near vectors, by a power of their distance."""

from __future__ import annotations

import numpy as np

from rematch.forms import Float32
from rematch.methods import Method, Param

METHOD = Method(
    name="toy",
    does="minus the k-th power of the distance",
    source="this test",
    looks_at="inductive",
    run="toy",
    params=(Param(name="k", type="integer", does="the power", default=1, low=1, high=9),),
)


def toy(queries: Float32, gallery: Float32, k: int) -> Float32:
    """float32 [n, d] x [m, d] -> float32 [n, m]."""
    apart = queries[:, None].astype(np.float64) - gallery[None].astype(np.float64)
    return -(np.sqrt((apart**2).sum(-1)) ** k).astype(np.float32)
'''

SCORERS = "workflow/scripts/rematch/match/scorers"


def edit(project: Project, file: str, old: str, new: str) -> None:
    path = project.folder / "workflow/scripts/rematch" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_scorer_is_one_file(branch: Project) -> None:
    (branch.folder / SCORERS / "toy.py").write_text(TOY, "utf-8")
    assert branch.planned() == {}, "a method that nobody uses makes nothing again"
    branch.config["scorers"] = {"near": {"kind": "toy"}, "nearer": {"kind": "toy", "k": 3}}
    branch.config["sweep"]["scorer"] = ["cosine", "near", "nearer"]
    planned = branch.planned()
    # Two words counts with two scorers, and an ensemble of each; all runs of cosine stay.
    assert planned["similarity"] == 4 and planned["ensemble"] == 2
    assert planned["ranking"] == planned["submission"] == planned["judge"] == 6
    before = branch.read("tiny/runs/memory.paper.w3.tiny.cosine/ranking.parquet")
    branch.snakemake()
    assert branch.read("tiny/runs/memory.paper.w3.tiny.cosine/ranking.parquet") == before
    runs = {row["run"] for row in table(branch)}
    assert "memory.paper.w3.tiny.near" in runs and len(runs) == 9

    edit(branch, "match/scorers/toy.py", "** k)", "** (k + 0))")
    planned = branch.planned()
    assert planned["similarity"] == 4 and planned["ensemble"] == 2
    edit(branch, "match/scorers/toy.py", "** (k + 0))", "** k)")

    for entry, said in (
        ({"kind": "toy", "k": 0}, "scorers.near.k: 0 is too small; give at least 1"),
        ({"kind": "toy", "k": "x"}, "scorers.near.k: 'x' is no whole number"),
        ({"kind": "cosine", "k": 2}, "scorers.near.k: only toy takes one; remove it"),
        ({"kind": "toy", "z": 1}, "scorers.near.z: unknown key"),
        (
            {"kind": "coy"},
            "scorers.near.kind: 'coy' is not one of assignment, clip_softmax, cosine",
        ),
    ):
        branch.config["scorers"]["near"] = entry
        assert said in branch.snakemake("-n", ok=False)

    code = "from rematch.methods import table; print(table('scorers'))"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(branch.folder / "workflow/scripts")},
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    assert "| `toy` | minus the k-th power of the distance | inductive | this test |" in shown
    assert "| `k` | `toy` | `1` | integer from 1 to 9 | the power |" in shown


def test_what_a_room_hands_on_counts_for_its_users_alone(branch: Project) -> None:
    """Of the room `match`, which hands on all of these, each job depends on what it asks for."""
    edit(branch, "match/submissions.py", '"articleID"', '"article" + "ID"')
    assert branch.planned() == {"submission": 3}
    edit(branch, "match/submissions.py", '"article" + "ID"', '"articleID"')
    assert branch.planned() == {}
    edit(branch, "match/blending.py", "np.array(weights,", "np.asarray(weights,")
    assert branch.planned()["ensemble"] == 1 and "similarity" not in branch.planned()
    edit(branch, "match/blending.py", "np.asarray(weights,", "np.array(weights,")
    edit(branch, "match/__init__.py", "rank as rank", "rank as rank, best as _")
    assert branch.planned() == {}, "what a room hands on besides is nobody's business"
