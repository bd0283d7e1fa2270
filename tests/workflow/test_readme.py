"""The README's picture of the DAG, against the DAG."""

from __future__ import annotations

import re

from tests.workflow.conftest import ROOT, Project


def edges(diagram: str) -> set[tuple[str, str]]:
    names = dict(re.findall(r"(\w+)\[(\w+)\]", diagram))
    return {(names[a], names[b]) for a, b in re.findall(r"(\w+) --> (\w+)", diagram)}


def test_the_readme_shows_the_rules_as_they_are(branch: Project) -> None:
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    real = edges(branch.snakemake("--rulegraph", "mermaid-js"))
    # The picture leaves out the target, and the demo's corpus where the test has its own.
    drawn = {edge for edge in edges(diagram) if edge[0] != "demo_corpus"}
    assert drawn == {edge for edge in real if edge[1] != "all"}
