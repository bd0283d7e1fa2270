"""Whether the order of a cleaning's steps costs something."""

from __future__ import annotations

from collections.abc import Sequence


def misplaced(steps: Sequence[str]) -> str:
    """What is wrong with the order and the remedy, or "".

    Broken characters are repaired from all their parts: "Ã" in small letters, or without the
    no-break space behind it, is no half of "à" any more. The other steps see "donâ€™t".
    """
    before = list(steps[: steps.index("unicode")]) if "unicode" in steps else []
    if not before:
        return ""
    harm = (
        "so it cannot repair all broken characters"
        if {"lower", "whitespace"} & set(before)
        else "so these see broken characters"
    )
    return f"`unicode` runs after {', '.join(f'`{step}`' for step in before)}, {harm}; put it first"
