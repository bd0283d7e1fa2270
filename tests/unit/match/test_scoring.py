"""Scores against a plain loop."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rematch import methods
from rematch.errors import UserError
from rematch.match.scoring import BLOCK, score
from tests.unit.match.matrices import IDENTITY, embeddings, unit


def test_cosine_equals_a_plain_loop_over_several_blocks():
    rng = np.random.default_rng(1)
    texts, photos = unit(rng, BLOCK + 3), unit(rng, 7)
    blocks = list(score(embeddings("a", texts), embeddings("p", photos), "cosine"))
    got = np.concatenate([block for _, block in blocks])
    assert [name for ids, _ in blocks for name in ids] == [f"a{i}" for i in range(BLOCK + 3)]
    for i in (0, 1, BLOCK - 1, BLOCK, BLOCK + 2):
        for j in range(7):
            exact = sum(float(x) * float(y) for x, y in zip(texts[i], photos[j], strict=True))
            assert got[i, j] == np.float32(exact)


def test_embeddings_of_two_checkpoints_are_not_compared():
    vectors = unit(np.random.default_rng(2), 2)
    other = embeddings("p", vectors, {**IDENTITY, "checkpoint_sha256": "1"})
    with pytest.raises(UserError, match="different models"):
        list(score(embeddings("a", vectors), other, "cosine"))


def test_a_scorer_that_there_is_not_is_refused_with_those_that_there_are():
    one = embeddings("a", unit(np.random.default_rng(3), 2))
    with pytest.raises(
        UserError, match="scorer 'cosin' is not one of assignment, clip_softmax, cosine"
    ):
        list(score(one, one, "cosin"))


SCORER = """
from rematch.methods import Method, Param

METHOD = Method(
    name="shift",
    does="cosine and a number",
    source="this test",
    looks_at="inductive",
    run="shift",
    params=(
        Param(name="by", type="number", does="the number", default=0.5),
        Param(name="times", type="integer", does="how often", default=1, low=1, high=9),
    ),
)


def shift(queries, gallery, by, times):
    return queries @ gallery.T + by * times
"""


def test_a_scorer_gets_its_parameters_by_name_and_its_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "match/scorers"
    folder.mkdir(parents=True)
    (folder / "shift.py").write_text(SCORER)
    monkeypatch.setattr(methods, "HOUSE", tmp_path)
    monkeypatch.setattr(
        methods.importlib, "import_module", lambda name: SimpleNamespace(**namespace)
    )
    namespace: dict[str, Any] = {}
    exec(SCORER, namespace)
    one = embeddings("a", unit(np.random.default_rng(3), 2))
    plain = one.vectors @ one.vectors.T
    for given, more in (({}, 0.5), ({"times": 3}, 1.5), ({"by": 2, "times": 2}, 4.0)):
        ((_, block),) = score(one, one, "shift", **given)
        assert (block == plain + np.float32(more)).all()
    assert methods.methods("scorers")["shift"].method.looks_at == "inductive"
