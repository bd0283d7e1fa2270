"""What ids look like that something on their way has changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable

from rematch.corpus.benchmark_ids import TWO_SCHEMES, other_form
from rematch.corpus.identities import split_extension
from rematch.corpus.names import EXTENSIONS

_REWRITTEN = re.compile(r"\s*[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+\s*|\s*[+-]?\d+[.,]0*\s*")
_WHOLE = re.compile(r"(?<=\d)\.0*\Z")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’_ \u00a0\u202f]\d{3})+")
_AROUND = " \t\r\n\u00a0\u202f\ufeff\u200b\"'`„“”‚‘’«»"
LONGEST = 40
"""Characters of an id that are shown."""


def shown(item_id: str) -> str:
    """An id for a message: as it stands, in quotes where that would mislead, cut if it is long."""
    plain = item_id.isprintable() and item_id == item_id.strip(_AROUND) != ""
    text = item_id if plain else repr(item_id)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


STRANGE = "are not in the corpus"
"""What is said of ids that look like nothing in particular."""


class Looks:
    """What ids look like beside those that would name something.

    `known`: the corpus' ids; `more`: what else names the same things.
    """

    def __init__(self, known: Collection[str], more: Iterable[str] = ()) -> None:
        self._known = known
        self._looks = _looks({*known, *more} - {""})

    def of(self, item_id: str) -> str:
        """What such ids are or do: "look like numbers that a spreadsheet rewrote"."""
        return next((kind for kind, fits in self._looks if fits(item_id)), STRANGE)

    def described(self, unknown: Iterable[str]) -> str:
        """What unknown ids look like, by kinds, the commonest first.

        Args:
            unknown: ids that name nothing, one for each time that it happened.

        Returns:
            "ids such as 101.0 look like numbers that a spreadsheet rewrote", or several such.
        """
        kinds: Counter[str] = Counter()
        examples: dict[str, str] = {}
        for item_id in unknown:
            kind = self.of(item_id)
            kinds[kind] += 1
            examples[kind] = min(examples.get(kind, item_id), item_id)
        said = [
            f"ids such as {shown(examples[kind])} {kind}" + (f" ({n:,})" if len(kinds) > 1 else "")
            for kind, n in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
        ]
        if self._known:
            said.append(f"the corpus has ids such as {shown(min(self._known))}")
        return ", ".join(said)


def _looks(ids: Collection[str]) -> list[tuple[str, Callable[[str], bool]]]:
    unpadded = {item.lstrip("0") for item in ids if item.isdecimal()}
    folded = {item.casefold() for item in ids}
    rewritten = {_WHOLE.sub("", item) for item in ids if _WHOLE.search(item)}
    wrapped = {item.strip(_AROUND) for item in ids}
    return [
        ("have white space or quotes around them", lambda item: item.strip(_AROUND) in ids),
        ("have lost their leading zeros", lambda item: item.isdecimal() and item in unpadded),
        (
            "have leading zeros that the corpus' ids have not",
            lambda item: item.isdecimal() and item.lstrip("0") in unpadded,
        ),
        (
            "look like numbers that a spreadsheet rewrote",
            lambda item: _REWRITTEN.fullmatch(item) is not None,
        ),
        (
            "look like numbers with separators between thousands",
            lambda item: _THOUSANDS.fullmatch(item) is not None,
        ),
        (
            f"are the other form of ids of NewsImages 2021 (see layout {TWO_SCHEMES})",
            lambda item: other_form(item) in ids,
        ),
        ("are in the corpus as numbers that a spreadsheet rewrote", rewritten.__contains__),
        (
            "begin the names of several files",
            lambda item: sum(item + ending in ids for ending in EXTENSIONS) > 1,
        ),
        (
            "are the names of files without what follows the dot",
            lambda item: any(item + ending in ids for ending in EXTENSIONS),
        ),
        (
            "are files that no image's row names",
            lambda item: split_extension(item)[1] != "" and split_extension(item)[0] in ids,
        ),
        ("are written in other letters, large or small", lambda item: item.casefold() in folded),
        (
            "are paths or addresses and not names",
            lambda item: "://" in item or any(name in ids for name in _last(item)),
        ),
        ("have white space or quotes around them in the corpus", wrapped.__contains__),
    ]


def _last(item_id: str) -> tuple[str, str]:
    """The last part of a path or address, and that without its extension."""
    name = re.split(r"[/\\]", item_id)[-1]
    return name, split_extension(name)[0]
