"""The workflow on real photographs and real news texts, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from tests.tiny import HEADER, write_articles
from tests.workflow.conftest import ROOT, SHARED, Project
from tests.workflow.test_workflow import table

PHOTOS = SHARED / "data/photos-de"
NEWS = SHARED / "data/newsimages2021"

pytestmark = [
    pytest.mark.skipif(
        not SHARED.is_dir(), reason=f"there are no real data at {SHARED}; put them there"
    ),
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


def test_published_news_texts(tmp_path: Path, tiny_checkpoint: Path) -> None:
    """Texts without photographs, and the test set with a truth by its formula and drawn photos."""
    project = Project.copied(tmp_path / "project")
    project.config = yaml.safe_load((ROOT / "config/newsimages2021.yaml").read_text("utf-8"))
    ids, iids = benchmark(project.folder / "resources/newsimages2021")
    published = project.config["corpora"]
    project.config |= {
        "sweep": {
            "corpus": ["january", "april", "newsimages2021"],
            "translation": ["none"],
            "cleaning": ["raw", "paper"],
            "words": [10],
            "model": ["tiny"],
        },
        "ensembles": {"run05": [{"words": 10, "weight": 1}]},
        "models": {"tiny": {"checkpoint": str(tiny_checkpoint)}},
        "corpora": published
        | {
            "january": {"pairs": str(NEWS / "content2019-01.tsv")},
            "april": {
                "articles": str(NEWS / "MediaEvalNewsImagesBatch04articles.tsv"),
                "images": str(NEWS / "MediaEvalNewsImagesBatch04images.tsv"),
            },
        },
    }
    made = ("text/none/paper/cleaned.parquet", "corpus/images.parquet")
    targets = [f"results/{c}/{name}" for c in ("january", "april") for name in made]
    run = "runs/none.raw.w10.tiny.cosine"
    for name in ("submission.tsv", "per_article.parquet"):
        targets.append(f"results/newsimages2021/{run}/{name}")
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
    folder = project.folder / "results/newsimages2021"
    lines = (folder / run / "submission.tsv").read_text("utf-8").splitlines()[1:]
    assert [line.split("\t")[0] for line in lines] == sorted(ids)
    assert pq.read_table(folder / run / "per_article.parquet").num_rows == 1915
    assert pq.read_table(folder / "corpus/rejects.parquet").num_rows == 0
    qrels = pq.read_table(folder / "corpus/qrels.parquet").to_pylist()
    pairs = {row["article_id"]: row["image_id"] for row in qrels}
    assert pairs == dict(zip(ids, iids, strict=True))


def plain(long: str) -> str:
    """The id that the published truth has for an article of the test set."""
    return long[6:10] + long[1:6]


def benchmark(folder: Path) -> tuple[list[str], list[str]]:
    """Put the test set where config/newsimages2021.yaml looks, and make up what is not published.

    The truth pairs rows of equal number, in the plain scheme; photos are specks of one colour each.
    """
    (folder / "images").mkdir(parents=True)
    ids, iids = [
        [line.split("\t")[column] for line in text.split("\n")[1:] if line.strip()]
        for text, column in (
            ((NEWS / "MediaEvalNewsImagesBatch04articles.tsv").read_text("cp1252"), 0),
            ((NEWS / "MediaEvalNewsImagesBatch04images.tsv").read_text("utf-8"), 1),
        )
    ]
    for name in ("MediaEvalNewsImagesBatch04articles.tsv", "MediaEvalNewsImagesBatch04images.tsv"):
        (folder / name).symlink_to(NEWS / name)
    for number, iid in enumerate(iids):
        colour = (number % 256, number // 256, 99)
        Image.new("RGB", (8, 8), colour).save(folder / "images" / f"{iid}.jpg", "PNG")
    rows = [
        dict.fromkeys(HEADER, "")
        | {"article": plain(article), "iid": iid, "title": f"Titel {article}", "text": "Text"}
        for article, iid in zip(ids, iids, strict=True)
    ]
    write_articles(folder / "content2019-04-gt.tsv", rows)
    return ids, iids
