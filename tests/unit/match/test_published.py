"""Scorers against the packages that their authors, or others, have published."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch
from nnn import DNRanker, NNNRanker, NNNRetriever

from tests.unit.match.matrices import unit
from tests.unit.match.test_scorers import BANK, scored


@pytest.mark.parametrize("temperature", [0.01, 0.0333, 1.0])
def test_sinkhorn_is_pots_in_the_log_domain(temperature: float) -> None:
    rng = np.random.default_rng(0)
    texts, photos = unit(rng, 30), unit(rng, 20)
    products = texts.astype(np.float64) @ photos.astype(np.float64).T
    plan = ot.bregman.sinkhorn_log(
        np.full(30, 1 / 30),
        np.full(20, 1 / 20),
        -products,
        temperature,
        numItermax=20000,
        stopThr=1e-13,
    )
    got = scored(texts, photos, "sinkhorn", temperature=temperature, rounds=20000, tolerance=0.0)
    wanted = temperature * np.log(plan)
    # A plan fixes its potentials but for what moves from rows to columns, and this has none.
    assert got == pytest.approx(wanted, abs=1e-6)


def test_nnn_and_distribution_normalization_are_their_authors() -> None:
    rng = np.random.default_rng(1)
    texts, photos = unit(rng, 25), unit(rng, 40)
    retriever = NNNRetriever(texts.shape[1])
    ranker = NNNRanker(retriever, photos, BANK, alternate_ks=5, alternate_weight=0.75)
    theirs = texts @ photos.T - 0.75 * np.asarray(ranker.alignment_means).reshape(1, -1)
    got = scored(texts, photos, "nnn", nearest=5, alpha=0.75)
    assert got == pytest.approx(theirs, abs=1e-6)
    values, order = ranker.search(torch.tensor(texts), 10)
    assert (np.argsort(-got, axis=1)[:, :10] == np.asarray(order)).all()
    assert np.take_along_axis(got, np.asarray(order), axis=1) == pytest.approx(
        np.asarray(values), abs=1e-6
    )
    normal = DNRanker(
        retriever, photos, texts, 5, retrieval_dev_embeds=photos, query_dev_embeds=texts
    )
    moved = texts - 0.5 * texts.mean(axis=0)
    theirs = moved @ np.asarray(normal.retrieval_embeds).T
    got = scored(texts, photos, "distribution_normalization")
    assert got == pytest.approx(theirs, abs=1e-6)
