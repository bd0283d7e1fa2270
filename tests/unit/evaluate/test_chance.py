"""What a random order comes to: against counting all orders, and against drawing some."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from rematch.evaluate.chance import chance


@pytest.mark.parametrize(
    ("relevant", "gallery", "top"), [(1, 5, 3), (2, 5, 5), (3, 6, 2), (4, 4, 9)]
)
def test_it_is_the_mean_over_all_orders(relevant: int, gallery: int, top: int) -> None:
    reciprocal, recall = [], []
    for order in permutations(range(gallery)):
        first = min(order.index(document) for document in range(relevant)) + 1
        reciprocal.append(1 / first if first <= top else 0)
        recall.append(sum(order.index(document) < 2 for document in range(relevant)) / relevant)
    found = chance(np.array([relevant]), gallery, top, (2,))
    assert found[f"MRR@{top}"] == pytest.approx(np.mean(reciprocal), abs=1e-12)
    assert found["R@2"] == pytest.approx(np.mean(recall), abs=1e-12)


def test_queries_of_several_sizes_are_averaged_in_any_order() -> None:
    sizes = np.array([1, 3, 1, 7])
    found = chance(sizes, 50, 10, (5, 80))
    alone = [chance(np.array([size]), 50, 10, (5, 80))["MRR@10"] for size in sizes.tolist()]
    assert found["MRR@10"] == pytest.approx(np.mean(alone), abs=1e-15)
    assert found == chance(sizes[::-1], 50, 10, (5, 80))
    assert found["R@5"] == 0.1 and found["R@80"] == 1


def test_large_galleries_are_no_matter() -> None:
    million = chance(np.array([1, 1000]), 1_000_000, 100, (100,))
    harmonic = sum(1 / rank for rank in range(1, 101)) / 1_000_000
    of_many = chance(np.array([1000]), 1_000_000, 100, ())["MRR@100"]
    assert million["MRR@100"] == pytest.approx((harmonic + of_many) / 2, rel=1e-12)
    assert of_many == pytest.approx(1000 * harmonic, rel=0.06)
