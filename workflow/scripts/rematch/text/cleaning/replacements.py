"""What a cleaning step replaced in the texts: counted, compared, put into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import pyarrow as pa

from rematch import forms
from rematch.text.cleaning.context import LETTERS, Context

COMMONEST = 20
"""How many replacements a step's record keeps."""

SHOWN = 80
"""Characters of a replaced run of tokens that the record keeps."""

MATCHER = 4_000_000
"""Pairs of equal tokens, times tokens, up to which two texts are compared by `SequenceMatcher`:
a tenth of a second at most. It is cubic at worst: 2.6 s for 1,000 tokens."""

REACH = 16
"""How far, in tokens of both, longer texts are searched for where they agree again."""


@dataclass(frozen=True)
class Change:
    """What one step did to all texts.

    `texts`, `tokens`: how many texts, and how many space-separated tokens, it changed.
    `common`: the commonest replacements as (before, after, count), outer punctuation left off.
    `worst`: for `spell`, the corrections least like their source first, (before, after, count).
    `skipped`: the step knows English alone and the texts are in another language.
    `caseless`: for `spell` with its guard, how many texts have no capitals that tell names;
    `left`: how many words were therefore left as they are, `spared` the commonest of them as
    (word, what the guard would have made of it, count).
    """

    step: str
    texts: int
    tokens: int
    common: tuple[tuple[str, str, int], ...]
    worst: tuple[tuple[str, str, int], ...] = ()
    skipped: bool = False
    caseless: int = 0
    left: int = 0
    spared: tuple[tuple[str, str, int], ...] = ()


class Record:
    """Counts one step's changes over the texts."""

    def __init__(self, step: str, skipped: bool) -> None:
        self.step = step
        self.skipped = skipped
        self.texts = 0
        self.tokens = 0
        self.replacements: Counter[tuple[str, str]] = Counter()
        self.caseless = 0
        self.spared: Counter[tuple[str, str]] = Counter()

    def add(self, before: str, after: str) -> None:
        if before == after:
            return
        self.texts += 1
        for old, new in _replacements(before.split(" "), after.split(" ")):
            self.tokens += max(len(old), 1)
            self.replacements[_bare(" ".join(old), " ".join(new))] += 1

    def guarded(self, context: Context) -> None:
        """Note what the guard left alone in a text because its capitals tell no names."""
        if context.caseless and LETTERS.search(context.source):
            self.caseless += 1
            self.spared.update(context.spared)

    def change(self) -> Change:
        listed = _by_count(self.replacements)
        worst: list[tuple[str, str, int]] = []
        if self.step == "spell":
            worst = sorted(listed, key=lambda entry: (_likeness(entry[0], entry[1]), entry))
        return Change(
            self.step,
            self.texts,
            self.tokens,
            tuple(listed[:COMMONEST]),
            tuple(worst[:COMMONEST]),
            self.skipped,
            self.caseless,
            self.spared.total(),
            tuple(_by_count(self.spared)[:COMMONEST]),
        )


def _by_count(counted: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """As (before, after, count), the commonest first."""
    listed = [(old, new, count) for (old, new), count in counted.items()]
    return sorted(listed, key=lambda entry: (-entry[2], entry))


def changes_table(changes: Sequence[Change]) -> pa.Table:
    """The records as `forms.CHANGES`."""
    rows: list[dict[str, object]] = []
    for change in changes:
        counted = {"step": change.step, "texts": change.texts, "tokens": change.tokens}
        rows.append({**counted, "kind": "skipped" if change.skipped else "step"})
        if change.caseless:
            rows.append({**counted, "kind": "caseless", "count": change.caseless})
            rows.append({**counted, "kind": "left", "count": change.left})
        for kind, entries in (
            ("common", change.common),
            ("worst", change.worst),
            ("spared", change.spared),
        ):
            rows += [
                {**counted, "kind": kind, "before": before, "after": after, "count": count}
                for before, after, count in entries
            ]
    return forms.from_rows(rows, forms.CHANGES)


def describe(changes: Sequence[Change]) -> list[str]:
    """The records as lines for a log."""
    lines = []
    for change in changes:
        if change.skipped:
            lines.append(f"{change.step}: left alone, it knows English only")
            continue
        lines.append(f"{change.step}: {change.tokens} tokens in {change.texts} texts changed")
        if change.common:
            lines.append(f"  commonest: {_listed(change.common)}")
        if change.worst:
            lines.append(f"  most doubtful: {_listed(change.worst)}")
        if change.left:
            lines.append(
                f"  {change.caseless} texts have no capitals that tell names: {change.left} tokens "
                "in them left as they are, which may be names"
            )
            lines.append(f"  commonest left: {_listed(change.spared)}")
    return lines


def _replacements(old: list[str], new: list[str]) -> list[tuple[list[str], list[str]]]:
    """The runs of tokens that differ."""
    if len(old) == len(new):
        return [([a], [b]) for a, b in zip(old, new, strict=True) if a != b]
    # The matcher looks for the longest common run and may misplace a change beside repeated
    # words; with the equal ends cut off, a single change is found exactly.
    start = _shared(old, new)
    old, new = old[start:], new[start:]
    end = _shared(old[::-1], new[::-1])
    old, new = old[: len(old) - end], new[: len(new) - end]
    pairs, shorter = len(old) * len(new), min(len(old), len(new))
    if pairs * shorter > MATCHER:
        counts = Counter(new)
        pairs = sum(times * counts[token] for token, times in Counter(old).items())
    if pairs * shorter > MATCHER:
        return _in_step(old, new)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (old[start:end], new[first:last])
        for kind, start, end, first, last in matcher.get_opcodes()
        if kind != "equal"
    ]


def _in_step(old: list[str], new: list[str]) -> list[tuple[list[str], list[str]]]:
    """The runs of tokens that differ, in linear time: after each the nearest equal token is next.

    Where none is near, a token counts as replaced by the one in its place.
    """
    found = []
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            i, j = i + 1, j + 1
            continue
        skip, drop = next(
            (
                (skip, apart - skip)
                for apart in range(1, REACH + 1)
                for skip in range(apart, -1, -1)
                if i + skip < len(old)
                and j + apart - skip < len(new)
                and old[i + skip] == new[j + apart - skip]
            ),
            (1, 1),
        )
        found.append((old[i : i + skip], new[j : j + drop]))
        i, j = i + skip, j + drop
    if i < len(old) or j < len(new):
        found.append((old[i:], new[j:]))
    return found


def _bare(old: str, new: str) -> tuple[str, str]:
    """Both without the punctuation they share at their ends, and short enough to be shown."""
    start, end = 0, 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start] and not old[start].isalnum():
        start += 1
    while end < shorter - start and old[-1 - end] == new[-1 - end] and not old[-1 - end].isalnum():
        end += 1
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(old), len(new)) <= SHOWN:
        return old, new
    shared = _shared(old, new)
    return _part(old, shared), _part(new, shared)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many tokens, or characters, two begin with alike."""
    for place, (a, b) in enumerate(zip(old, new, strict=False)):
        if a != b:
            return place
    return min(len(old), len(new))


def _part(text: str, shared: int) -> str:
    """At most `SHOWN` characters of `text`, from a little before `shared` on."""
    start = max(0, shared - SHOWN // 4)
    cut = text[start : start + SHOWN]
    return ("…" if start else "") + cut + ("…" if start + SHOWN < len(text) else "")


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, old, new, autojunk=False).ratio()


def _listed(entries: Sequence[tuple[str, str, int]]) -> str:
    return ", ".join(
        f"{old!r} → {new!r}" + (f" ({count})" if count > 1 else "") for old, new, count in entries
    )
