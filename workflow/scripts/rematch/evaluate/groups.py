"""Queries that belong together: articles of one text or one photo are no independent draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rematch.evaluate.resampling import Ints


def groups_of(
    queries: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    contents: Mapping[str, str] | None = None,
) -> Ints:
    """The group of each query: those that share a relevant document, or a content, or do so by way
    of others.

    Args:
        queries: n ids.
        pairs: query and relevant document.
        contents: of a query, what equal contents have in common, such as a digest of its text;
            queries without one have a content of their own.

    Returns:
        int64 [n]; equal within a group, numbered as the groups' first queries stand in `queries`.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    ties = [(("query", query), ("document", document)) for query, document in pairs]
    known = contents or {}
    ties += [(("query", each), ("content", known[each])) for each in queries if each in known]
    for one, other in ties:
        parent[root(one)] = root(other)
    numbers: dict[tuple[str, str], int] = {}
    found = [numbers.setdefault(root(("query", query)), len(numbers)) for query in queries]
    return np.array(found, dtype=np.int64)
