"""Every kind of file under results/, damaged: `make verify` names it, the next run mends it."""

from __future__ import annotations

import random

from tests.workflow.conftest import Project
from tests.workflow.damages import HOW, damaged, kinds
from tests.workflow.edits import different
from tests.workflow.test_keeping import command


def test_verify_names_every_damage(branch: Project) -> None:
    chance, results = random.Random(5), branch.folder / "results"
    files = kinds(results)
    every = [path for kind in files for path in kind]
    assert len(files) >= 30
    for number, kind in enumerate(files):
        path, how = chance.choice(kind), HOW[number % len(HOW)]
        with damaged(path, every, how, chance):
            status, said = command(branch, "verify")
        name = str(path.relative_to(branch.folder))
        print(f"| {how} | {name} | {[line for line in said if name in line][:1]} |")
        assert status == 1 and any(name in line for line in said), (how, name, said)


def test_a_run_mends_every_result(branch: Project, finished: Project) -> None:
    chance, results = random.Random(6), branch.folder / "results"
    files = kinds(results)
    every = [path for kind in files for path in kind]
    for number, kind in enumerate(files):
        path = chance.choice(kind)
        with damaged(path, every, HOW[number % len(HOW)], chance):
            content = path.read_bytes()
        path.write_bytes(content)
    branch.snakemake()
    assert different(branch, finished) == [] and branch.planned() == {}
