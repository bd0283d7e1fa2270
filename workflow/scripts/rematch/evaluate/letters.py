"""Compact letters: runs that share one cannot be told apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count, product
from string import ascii_lowercase


def compact_letters(order: Sequence[int], apart: Collection[tuple[int, int]]) -> dict[int, str]:
    """Letters for runs, so that two share one exactly if they are not told apart.

    Piepho, "An algorithm for a letter-based representation of all-pairwise comparisons", Journal of
    Computational and Graphical Statistics 13(2), 2004: insert and absorb, a run at a time.

    Args:
        order: numbers of the runs, best first; letters go by it.
        apart: pairs of numbers that differ, in either order.
    """
    place = {run: at for at, run in enumerate(order)}
    differs = [0] * len(order)
    for one, other in apart:
        differs[place[one]] |= 1 << place[other]
        differs[place[other]] |= 1 << place[one]
    groups: set[int] = {0}
    for at, others in enumerate(differs):
        before = others & ((1 << at) - 1)
        grown: set[int] = set()
        split: set[int] = set()
        for group in groups:
            if group & before:
                grown.add(group)
                split.add(group & ~before | 1 << at)
            else:
                grown.add(group | 1 << at)
        groups = grown | _largest(split, grown)
    ordered = sorted(groups, key=lambda group: [at for at in range(len(order)) if group >> at & 1])
    out = dict.fromkeys(order, "")
    names = _names()
    for group in ordered:
        name = next(names)
        for at, run in enumerate(order):
            if group >> at & 1:
                out[run] += name
    return out


def _largest(groups: Collection[int], others: Collection[int]) -> set[int]:
    """Those of `groups` that are no part of another one, nor of one of `others`."""
    kept: list[int] = []
    for group in sorted(set(groups), key=int.bit_count, reverse=True):
        if not any(group & other == group for other in kept):
            kept.append(group)
    return {g for g in kept if not any(g & other == g for other in others)}


def _names() -> Iterator[str]:
    for length in count(1):
        for name in product(ascii_lowercase, repeat=length):
            yield "".join(name)
