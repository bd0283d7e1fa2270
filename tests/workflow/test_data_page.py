"""docs/data.md against the files of a finished project."""

from __future__ import annotations

import re

import pandas as pd
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from tests.workflow.conftest import ROOT, Project


def test_every_table_is_on_the_page_with_its_columns(finished: Project) -> None:
    page = (ROOT / "docs/data.md").read_text("utf-8")
    told = {}
    for title, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", page, re.M | re.S):
        columns = re.findall(r"^\| `(\w+)` \| (.*?) \|", body, re.M)
        for path in re.findall(r"results/\S+", title):
            pattern = re.sub(r"<\w+>", "[^/]+", path).replace("*", "[^/]+")
            told[pattern] = columns
    results = finished.folder / "results"
    for path in sorted(results.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(results).parts)
        if hidden or path.suffix not in (".parquet", ".arrow"):
            continue
        name = f"results/{path.relative_to(results)}"
        if name.endswith(".vectors.arrow"):
            continue
        (columns,) = [told[pattern] for pattern in told if re.fullmatch(pattern, name)]
        if path.suffix == ".arrow":
            schema = ipc.open_file(pa.memory_map(str(path))).schema
            assert schema.names == [column for column, _ in columns], name
        else:
            schema = pq.read_schema(path)
            assert [(field.name, str(field.type)) for field in schema] == columns, name


def test_pandas_reads_a_ranking_in_the_line_that_is_shown(finished: Project) -> None:
    page = (ROOT / "docs/data.md").read_text("utf-8")
    (form,) = re.findall(r"pandas\.read_parquet\(\"results/demo/(.*?)\"\)", page)
    run = next((finished.folder / "results/tiny/runs").iterdir()).name
    table = pd.read_parquet(finished.folder / "results/tiny" / form.replace("RUN", run))
    assert list(table.columns) == ["article_id", "rank", "image_id", "score"] and len(table)
