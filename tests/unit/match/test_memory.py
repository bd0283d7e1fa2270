"""What matching holds in memory: as much for many members or lists as for few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rematch.storage import tables, write_similarity

ROOT = Path(__file__).parents[3]

BLEND = """
import sys
from rematch.match import blend
from rematch.storage import Similarity, write_similarity
from tests.peak import peak_mb

members = [Similarity(path) for path in sys.argv[2:]]
write_similarity(sys.argv[1], members[0].gallery, blend(members, [1.0] * len(members)))
print(peak_mb())
"""

SUBMIT = """
import sys
from rematch import forms
from rematch.match import submission
from rematch.storage import tables, write_text
from tests.peak import peak_mb

columns = forms.only(forms.RANKING, "article_id", "rank", "image_id")
write_text(sys.argv[1], submission(tables.read(sys.argv[2], columns)))
print(peak_mb())
"""


def peak(program: str, *arguments: Path) -> int:
    """Of a program in a process of its own, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'workflow/scripts'}:{ROOT}"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.parametrize("turned", [False, True])
def test_an_ensemble_of_four_needs_no_more_than_one_of_two(tmp_path: Path, turned: bool) -> None:
    n, m, block = 4096, 4000, 512  # 66 MB a member
    rng = np.random.default_rng(0)
    scores = rng.random((block, m), dtype=np.float32)
    articles, gallery = [f"a{i}" for i in range(n)], [f"p{i}" for i in range(m)]
    members = [tmp_path / f"{i}.arrow" for i in range(4)]
    for place, path in enumerate(members):
        step = -1 if turned and place else 1
        ids, photos = articles[::step], gallery[::step]
        blocks = ((ids[start : start + block], scores) for start in range(0, n, block))
        write_similarity(path, photos, blocks)
    two = peak(BLEND, tmp_path / "two.arrow", *members[:2])
    four = peak(BLEND, tmp_path / "four.arrow", *members)
    print(f"\ntwo members: {two} MB, four: {four} MB")
    assert four - two < 30 and four < 300


def test_a_submission_needs_little_more_than_its_ranking(tmp_path: Path) -> None:
    n, depth = 8500, 100
    articles, photos = (np.array([f"{kind}{i:09d}" for i in range(n)]) for kind in "ap")
    rank = np.tile(np.arange(1, depth + 1, dtype=np.int32), n)
    ranking = pa.table(
        {
            "article_id": np.repeat(articles, depth),
            "rank": rank,
            "image_id": photos[(np.repeat(np.arange(n), depth) + rank) % n],
            "score": np.ones(n * depth, np.float32),
        }
    )
    tables.write(ranking, tmp_path / "all.parquet")
    tables.write(ranking[:depth], tmp_path / "one.parquet")
    one = peak(SUBMIT, tmp_path / "one.tsv", tmp_path / "one.parquet")
    many = peak(SUBMIT, tmp_path / "all.tsv", tmp_path / "all.parquet")
    print(f"\none article: {one} MB, {n}: {many} MB")
    lines = (tmp_path / "all.tsv").read_text("utf-8").splitlines()
    assert len(lines) == n + 1
    assert lines[1].split("\t")[:3] == ["a000000000", "p000000001", "p000000002"]
    assert many - one < 170
