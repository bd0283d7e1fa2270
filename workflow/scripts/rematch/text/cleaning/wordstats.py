"""English word statistics in ekphrasis' form: made once by one rule, only read after that.

ekphrasis (Baziotis et al. 2017, SemEval) looks for its counts under the user's home, downloads
them into the working directory where they are missing, and writes a JSON cache beside them
without a lock. Here the folder is complete before the first reader starts, and every reader is
pointed to it, so reading never downloads, never writes, and eight processes do not collide.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import tempfile
import urllib.request
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from rematch.errors import UserError
from rematch.storage import to_disk
from rematch.text.cleaning.foreign import foreign
from rematch.text.cleaning.wordsearch import LONGEST, Segmenter, Words

log = logging.getLogger(__name__)

URL = "https://data.statmt.org/cbaziotis/projects/ekphrasis/stats.zip"
"""Where ekphrasis 0.5.4 downloads its statistics from."""

FOLDER = PurePosixPath(".ekphrasis/stats/english")
NAMES = ("counts_1grams.txt", "counts_2grams.txt", "counts_1grams.json", "counts_2grams.json")
OUTPUTS = tuple(str(FOLDER / name) for name in (*NAMES, "elsewhere.txt"))
"""What `build_statistics` leaves, relative to its directory: the four files that ekphrasis reads,
and the words of other languages."""

MOST_WORDS = 150_000
"""Words taken from wordfreq's list, the commonest first. Of its 289,000 plain words the rarer
half holds more misspellings than words: taken whole, the speller would know most mistakes."""


def folder_of(outputs: Sequence[str]) -> Path:
    """The directory under which `OUTPUTS` lie, from their paths."""
    return Path(outputs[0]).parents[len(FOLDER.parts)]


def build_statistics(source: str, directory: Path, url: str = URL, timeout: float = 60.0) -> None:
    """Make the statistics from `source` under `directory`, as `OUTPUTS` names them.

    `source`: "wordfreq" (the library's large English list, offline; counts a thousand million
    words, no word pairs), "ekphrasis" (downloads `url`; `timeout` seconds of silence end it), or
    the path of a folder or zip that holds counts_1grams.txt ("word<TAB>count" lines) and, if it
    has them, counts_2grams.txt ("word<TAB>word<TAB>count").

    Each file appears whole, read-only. Raises UserError if the source cannot be had or read.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".part-") as name:
        part = Path(name)
        folder = part / FOLDER
        folder.mkdir(parents=True)
        if source == "wordfreq":
            _write(folder / NAMES[0], (f"{word}\t{count}\n" for word, count in _wordfreq()))
            _write(folder / NAMES[1], ())
        elif source == "ekphrasis":
            archive = part / "stats.zip"
            _download(url, archive, timeout)
            _from_zip(archive, folder, said=url)
        else:
            _from_path(Path(source), folder)
        for order in (1, 2):
            _check(folder / NAMES[order - 1], order, source)
        with _home(part):
            from ekphrasis.utils.helpers import read_stats

            counts, _ = (read_stats("english", order) for order in (1, 2))  # writes the JSON, too
        _write(part / OUTPUTS[-1], (f"{word}\n" for word in foreign(counts)))
        for output in OUTPUTS:
            target = directory / output
            target.parent.mkdir(parents=True, exist_ok=True)
            (part / output).chmod(0o444)
            to_disk(part / output)
            os.replace(part / output, target)
    log.info("word statistics from %s in %s", source, directory)


class WordStatistics:
    """ekphrasis' speller and segmenter on one set of counts.

    Everything is read when the object is made; afterwards it touches no file.
    """

    def __init__(self, directory: Path) -> None:
        """Read `directory` (see `build_statistics`). Raises UserError if a file is missing."""
        missing = [name for name in OUTPUTS if not (Path(directory) / name).is_file()]
        if missing:
            raise UserError(
                f"{directory}: no word statistics ({missing[0]} is missing); "
                "make them with the rule `word_statistics`"
            )
        with _home(Path(directory)):
            from ekphrasis.classes.spellcorrect import SpellCorrector
            from ekphrasis.utils.helpers import read_stats

            class Speller(SpellCorrector):  # type: ignore[misc]
                def known(self, words: Iterable[str]) -> list[str]:
                    # ekphrasis takes the maximum over a set: equal counts would be decided by
                    # the hash seed. Sorted, the alphabet decides.
                    return sorted({word for word in words if word in self.WORDS})

                def edit_step(self, word: str) -> Iterator[str]:
                    return searched.near(word)

                def edits2(self, word: str) -> Iterator[str]:
                    return searched.far(word)

            self._speller = Speller("english")
            self._counts: dict[str, int] = self._speller.WORDS
            searched = Words(self._counts)
            self._segmenter = Segmenter(self._counts, read_stats("english", 2))
        self._total = float(sum(self._counts.values()))
        self._corrections: dict[tuple[str, bool], str] = {}
        self._elsewhere = Path(directory) / OUTPUTS[-1]

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """Words of other languages that a speller would turn into English ones: see `foreign`."""
        return frozenset(self._elsewhere.read_text(encoding="utf-8").split())

    def __contains__(self, word: str) -> bool:
        return word in self._counts

    def probability(self, word: str) -> float:
        """The word's share of all counted words; 0 where it is unknown."""
        return self._counts.get(word, 0) / self._total

    def correct(self, word: str, near: bool = False) -> str:
        """ekphrasis' `SpellCorrector.correct`: the likeliest known word one edit away, else two.

        `near` stops at one edit. A known word, or one without neighbours, comes back as it is.
        """
        if word in self._counts or len(word) > LONGEST + 2:
            return word
        key = (word, near)
        if key not in self._corrections:
            self._corrections[key] = str(self._speller.correct(word, fast=near))
        return self._corrections[key]

    def segment(self, word: str) -> list[str]:
        """ekphrasis' Viterbi split of a lower-case word into the likeliest words."""
        return self._segmenter(word)


def load(directory: Path) -> WordStatistics:
    """The statistics in `directory`, read once a process."""
    return _loaded(Path(directory).resolve())


@lru_cache(maxsize=4)
def _loaded(directory: Path) -> WordStatistics:
    return WordStatistics(directory)


@contextlib.contextmanager
def _home(directory: Path) -> Iterator[None]:
    """Let ekphrasis take `directory` for the user's home, without its prints and warnings."""
    before = os.environ.get("HOME")
    os.environ["HOME"] = str(directory.resolve())
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        if before is None:
            del os.environ["HOME"]
        else:
            os.environ["HOME"] = before


def _wordfreq() -> list[tuple[str, int]]:
    """Words of a to z, most frequent first, with their counts in a thousand million words.

    Single letters other than "a" and "i" are left out: they are initials and list items, and
    the segmenter would spell words with them.
    """
    import wordfreq

    frequencies = wordfreq.get_frequency_dict("en", "large")
    words = [
        word
        for word in frequencies
        if word.isascii() and word.isalpha() and (len(word) > 1 or word in "ai")
    ]
    words.sort(key=lambda word: (-frequencies[word], word))
    return [(word, max(1, round(frequencies[word] * 1e9))) for word in words[:MOST_WORDS]]


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes("".join(lines).encode("utf-8"))


def _download(url: str, target: Path, timeout: float) -> None:
    log.info("downloading %s", url)
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer, target.open("wb") as handle:
            shutil.copyfileobj(answer, handle, 1 << 20)
    except OSError as error:  # URLError, timeouts and broken connections are OSErrors
        raise UserError(
            f"word statistics: {url} cannot be downloaded ({error}); "
            "go online, or use the source `wordfreq` or the path of a folder or zip"
        ) from error


def _from_zip(archive: Path, folder: Path, said: str) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            for order, name in enumerate(NAMES[:2], start=1):
                member = _pick(opened.namelist(), name)
                if member is None:
                    _absent(said, name, order, folder)
                    continue
                with opened.open(member) as inside, (folder / name).open("wb") as out:
                    shutil.copyfileobj(inside, out, 1 << 20)
    except zipfile.BadZipFile as error:
        raise UserError(f"word statistics: {said} is not a readable zip ({error})") from error


def _from_path(path: Path, folder: Path) -> None:
    if path.is_file():
        _from_zip(path, folder, said=str(path))
        return
    if not path.is_dir():
        raise UserError(
            f"word statistics: source {path} is neither `wordfreq` nor `ekphrasis`, "
            "nor an existing folder or zip"
        )
    inside = sorted(
        found.relative_to(path).as_posix() for name in NAMES[:2] for found in path.rglob(name)
    )
    for order, name in enumerate(NAMES[:2], start=1):
        member = _pick(inside, name)
        if member is None:
            _absent(str(path), name, order, folder)
        else:
            shutil.copyfile(path / member, folder / name)


def _pick(members: Sequence[str], name: str) -> str | None:
    """The member called `name`: the one in a folder "english", else the only one there is."""
    found = sorted(entry for entry in members if PurePosixPath(entry).name == name)
    english = [entry for entry in found if PurePosixPath(entry).parent.name == "english"]
    if english:
        return english[0]
    return found[0] if len(found) == 1 else None


def _absent(said: str, name: str, order: int, folder: Path) -> None:
    if order == 1:
        raise UserError(f"word statistics: {said} holds no {name} (or several, none in `english`)")
    log.info("%s holds no %s: words are split by single words' counts alone", said, name)
    _write(folder / name, ())


def _check(path: Path, order: int, source: str) -> None:
    """Refuse what ekphrasis would stumble over, saying where."""
    words = 0
    try:
        with path.open(encoding="utf-8", newline="\n") as handle:
            for words, line in enumerate(handle, start=1):
                parts = line.rstrip("\r\n").split("\t")
                if len(parts) < 2 or not parts[-1].strip().isdecimal():
                    raise UserError(
                        f"word statistics: {source}: {path.name}, line {words}: "
                        f"expected a word, a tab and a count, found {line.strip()[:60]!r}"
                    )
    except UnicodeDecodeError as error:
        raise UserError(f"word statistics: {source}: {path.name} is not UTF-8 ({error})") from error
    if order == 1 and not words:
        raise UserError(f"word statistics: {source}: {path.name} is empty")
