"""The workflow on real photographs and real news texts, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.workflow.conftest import SHARED, Project
from tests.workflow.test_workflow import table

PHOTOS = SHARED / "data/photos-de"
NEWS = SHARED / "data/newsimages2021"

pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real data are not at {SHARED}"),
]


def text_to_image(row: dict[str, str], metric: str) -> float:
    return float(row[f"text-to-image_{metric}"])


def test_photographs_with_german_texts(tmp_path: Path) -> None:
    project = Project.copied(tmp_path / "project")
    project.config = {
        "sweep": {
            "corpus": ["photos"],
            "words": [10, 40],
            "model": ["small"],
            "translation": ["memory", "none"],
        },
        "ensembles": {"run05": [{"words": 10, "weight": 1}, {"words": 40, "weight": 1}]},
        "corpora": {
            "photos": {"pairs": str(PHOTOS / "articles.tsv"), "photos": str(PHOTOS / "images")}
        },
        "translations": {"memory": {"memory": str(PHOTOS / "translations.tsv")}},
        "models": {"small": {"checkpoint": str(SHARED / "model/small_clip_flickr8k.pt")}},
    }
    project.snakemake()
    rows = {row["run"]: row for row in table(project, "photos")}
    assert len(rows) == 6
    for words in ("10", "40"):
        english = rows[f"memory.paper.w{words}.small.cosine"]
        german = rows[f"none.paper.w{words}.small.cosine"]
        assert int(english["text-to-image_n"]) == 716
        for metric in ("MRR@100", "R@10", "R@100"):
            assert text_to_image(english, metric) > 1.5 * text_to_image(german, metric)
    more, fewer = (rows[f"memory.paper.w{n}.small.cosine"] for n in (40, 10))
    assert text_to_image(more, "MRR@100") > text_to_image(fewer, "MRR@100") > 0.05


def test_published_news_texts_without_photographs(tmp_path: Path) -> None:
    project = Project.copied(tmp_path / "project")
    project.config = {
        "sweep": {"corpus": ["january", "april"], "translation": ["none"], "model": ["none"]},
        "models": {"none": {"name": "ViT-B/32"}},
        "corpora": {
            "january": {"pairs": str(NEWS / "content2019-01.tsv")},
            "april": {
                "articles": str(NEWS / "MediaEvalNewsImagesBatch04articles.tsv"),
                "images": str(NEWS / "MediaEvalNewsImagesBatch04images.tsv"),
            },
        },
    }
    made = ("text/none/paper/cleaned.parquet", "corpus/images.parquet")
    targets = [f"results/{c}/{name}" for c in ("january", "april") for name in made]
    project.snakemake(*targets)
    for corpus, n in (("january", 2539), ("april", 1915)):
        folder = project.folder / f"results/{corpus}"
        assert pq.read_table(folder / "corpus/articles.parquet").num_rows == n
        assert pq.read_table(folder / "corpus/images.parquet").num_rows == 0
        assert pq.read_table(folder / "corpus/rejects.parquet").num_rows == n
        cleaned = pq.read_table(folder / "text/none/paper/cleaned.parquet")
        assert cleaned.num_rows == n
        log = (project.folder / f"results/logs/corpus/{corpus}.log").read_text("utf-8")
        assert len(log.splitlines()) < 20 and f"{n:,} of {n:,} photos missing" in log
