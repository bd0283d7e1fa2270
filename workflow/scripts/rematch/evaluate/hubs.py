"""Hubs: photos that are among the first of many articles, whatever these are about.

Radovanović, Nanopoulos and Ivanović, "Hubs in Space: Popular Nearest Neighbors in High-Dimensional
Data", Journal of Machine Learning Research 11, 2010: N_k(x), of how many queries x is among the k
nearest, and its skewness, equation 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rematch.evaluate.resampling import Ints

NEAR = 10
WORST = 10


@dataclass(frozen=True)
class Hubness:
    """Of one run.

    Attributes:
        skewness: of N_10 over the gallery; 0 where all photos are equally popular.
        never: share of the gallery in no article's list at all.
        worst: photos and their N_10, the most popular first, ten at most.
    """

    skewness: float
    never: float
    worst: tuple[tuple[str, int], ...]


def occurrences(codes: Ints, gallery: int, k: int) -> Ints:
    """N_k of each photo: int64 [gallery].

    Args:
        codes: of each article its list as numbers of photos, -1 where a list is shorter: [n, K].
        gallery: number of photos.
        k: how many of a list count.
    """
    near = codes[:, :k].reshape(-1)
    return np.bincount(near[near >= 0], minlength=gallery)


def hubness(codes: Ints, gallery: Sequence[str]) -> Hubness:
    """The hubness of a run from its lists, see `occurrences`."""
    times = occurrences(codes, len(gallery), NEAR)
    apart = times - times.mean()
    spread = np.sqrt((apart**2).mean())
    skewness = float((apart**3).mean() / spread**3) if spread > 0 else 0.0
    everywhere = occurrences(codes, len(gallery), codes.shape[1])
    order = sorted(range(len(gallery)), key=lambda at: (-times[at], gallery[at]))[:WORST]
    return Hubness(
        skewness=skewness,
        never=float((everywhere == 0).mean()) if len(gallery) else 0.0,
        worst=tuple((gallery[at], int(times[at])) for at in order if times[at]),
    )


def lists(ranking: pa.Table, articles: Sequence[str], gallery: Sequence[str], deep: int) -> Ints:
    """The lists of `forms.RANKING` as numbers of photos: int64 [articles, deep], -1 where short.

    Args:
        ranking: of articles and photos that are all named below.
        articles, gallery: ids.
        deep: longest list.
    """
    row = pc.index_in(ranking["article_id"], pa.array(articles, pa.string())).to_numpy()
    column = pc.index_in(ranking["image_id"], pa.array(gallery, pa.string())).to_numpy()
    codes = np.full((len(articles), deep), -1, dtype=np.int64)
    codes[row, ranking["rank"].to_numpy() - 1] = column
    return codes
