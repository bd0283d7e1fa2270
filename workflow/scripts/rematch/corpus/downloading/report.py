"""What a download did and found, for the next job and for the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from rematch import forms
from rematch.corpus.downloading.failures import class_of
from rematch.corpus.downloading.folder import FAILED

MANY_ALIKE = 5
"""So many equal files from different URLs are worth a line in the log."""


@dataclass(frozen=True)
class DownloadReport:
    """What a call of `download` did and found.

    `ids`: the photos that were wanted. `files`: by id, the file of each that is there. `wanted`,
    the number of `ids`, = `there` (before the call) + `fetched` + the number of `failed`. `failed`:
    every id without a photo, sorted, with the reason, "class: detail". `remembered`: how many of
    these were not asked for, because an earlier call found them lasting. `retried`: failures that
    were tried again, by class.
    `alike`: groups of `MANY_ALIKE` or more ids whose files, fetched by this call from different
    URLs, are equal byte by byte; a site's "no picture" may look so.
    """

    folder: Path
    ids: frozenset[str]
    files: Mapping[str, str]
    wanted: int
    there: int
    fetched: int
    failed: Mapping[str, str]
    remembered: int
    requests: int
    bytes: int
    seconds: float
    retried: Mapping[str, int]
    alike: Sequence[Sequence[str]]

    def table(self) -> pa.Table:
        """`forms.DOWNLOADS`, sorted by id."""
        found = self.files
        rows: list[dict[str, object]] = [
            {"image_id": item, "file": found.get(item, ""), "reason": self.failed.get(item, "")}
            for item in sorted(self.ids)
        ]
        return forms.from_rows(rows, forms.DOWNLOADS)

    def lines(self) -> list[str]:
        """Lines for the log: counts, failures by class, the first ten."""
        lines = [
            f"photos: {self.wanted:,} wanted = {self.there:,} there already + {self.fetched:,} "
            f"fetched + {len(self.failed):,} missing; {self.requests:,} requests, "
            f"{self.bytes / 1e6:,.1f} MB, {self.seconds:,.0f} s"
        ]
        if self.retried:
            lines.append(f"tried again: {_counted(self.retried)}")
        for ids in self.alike:
            lines.append(
                f"{len(ids):,} photos from different URLs are the same file, perhaps a "
                f"placeholder: {', '.join(map(repr, ids[:3]))}, ..."
            )
        if self.failed:
            lines.append(f"missing: {_counted(Counter(map(class_of, self.failed.values())))}")
            lines += [f"  {item!r}: {why}" for item, why in list(self.failed.items())[:10]]
            if self.remembered:
                lines.append(
                    f"{self.remembered:,} of them failed for good in an earlier run and were not "
                    "asked for; retry_dead: true asks again"
                )
            lines.append(f"all {len(self.failed):,} with their reasons: {self.folder / FAILED}")
        return lines


def _counted(counts: Mapping[str, int]) -> str:
    order = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(f"{name} {counts[name]:,}" for name in order)
