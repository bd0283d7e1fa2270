from __future__ import annotations

import hashlib
import http.server
import inspect
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.text.cleaning import wordsearch, wordstats
from rematch.text.cleaning.wordstats import (
    OUTPUTS,
    WordStatistics,
    build_statistics,
    folder_of,
    load,
)

ONE = "the\t1000\ncat\t60\ncar\t60\ncart\t5\nsat\t40\nkeep\t9\ncalm\t8\n"
TWO = "the\tcat\t20\nkeep\tcalm\t5\n"


@pytest.fixture(scope="session")
def wordfreq_statistics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wordfreq")
    build_statistics("wordfreq", directory)
    return directory


@pytest.fixture
def small(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "counts_1grams.txt").write_text(ONE, encoding="utf-8")
    (source / "counts_2grams.txt").write_text(TWO, encoding="utf-8")
    return source


def snapshot(directory: Path) -> dict[str, tuple[int, str]]:
    return {
        path.relative_to(directory).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in directory.rglob("*")
    }


def test_wordfreq_makes_its_files_and_nothing_else(wordfreq_statistics: Path) -> None:
    made = {
        path.relative_to(wordfreq_statistics).as_posix()
        for path in wordfreq_statistics.rglob("*")
        if path.is_file()
    }
    assert made == set(OUTPUTS)
    assert folder_of([f"a/b/{name}" for name in OUTPUTS]) == Path("a/b")
    assert all(not (wordfreq_statistics / name).stat().st_mode & 0o222 for name in OUTPUTS)
    lines = (wordfreq_statistics / OUTPUTS[0]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == wordstats.MOST_WORDS
    counts = [int(line.split("\t")[1]) for line in lines]
    assert counts == sorted(counts, reverse=True)
    assert lines[0].startswith("the\t")
    words = {line.split("\t")[0] for line in lines}
    assert {"a", "i"} == {word for word in words if len(word) == 1}


def test_wordfreq_statistics_know_words_and_correct_mistakes(wordfreq_statistics: Path) -> None:
    statistics = load(wordfreq_statistics)
    assert "snowboarder" in statistics and "magnificant" not in statistics
    assert statistics.correct("magnificant") == "magnificent"
    assert statistics.correct("equpitment") == "equipment"  # two edits
    assert statistics.correct("equpitment", near=True) == "equpitment"
    assert statistics.segment("blacklabrador") == ["black", "labrador"]
    assert statistics.probability("the") > statistics.probability("zebra") > 0
    assert statistics.probability("xqzt") == 0


def test_two_builds_are_equal_byte_for_byte(tmp_path: Path, wordfreq_statistics: Path) -> None:
    build_statistics("wordfreq", tmp_path)
    for name in OUTPUTS:
        assert (tmp_path / name).read_bytes() == (wordfreq_statistics / name).read_bytes()


def test_rebuilding_replaces_the_files(tmp_path: Path, small: Path) -> None:
    build_statistics(str(small), tmp_path / "made")
    (small / "counts_1grams.txt").write_text("dog\t3\n", encoding="utf-8")
    build_statistics(str(small), tmp_path / "made")
    statistics = WordStatistics(tmp_path / "made")
    assert "dog" in statistics and "cat" not in statistics


def zipped(small: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("counts_1grams.txt", "counts_2grams.txt"):
            archive.write(small / name, f"english/{name}")
            archive.writestr(f"twitter/{name}", "lol\t1\n")
    return target


def test_a_folder_and_a_zip_give_the_same(tmp_path: Path, small: Path) -> None:
    build_statistics(str(small), tmp_path / "folder")
    build_statistics(str(zipped(small, tmp_path / "stats.zip")), tmp_path / "zip")
    for name in OUTPUTS:
        assert (tmp_path / "folder" / name).read_bytes() == (tmp_path / "zip" / name).read_bytes()
    statistics = WordStatistics(tmp_path / "zip")
    assert statistics.segment("keepcalm") == ["keep", "calm"]
    assert "lol" not in statistics


def test_equal_counts_are_decided_by_the_alphabet(tmp_path: Path, small: Path) -> None:
    build_statistics(str(small), tmp_path / "made")
    # "car" and "cat" are as frequent and both one edit away
    assert WordStatistics(tmp_path / "made").correct("caz") == "car"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"the\t10\ncat\n", "line 2"),
        (b"the\t10\ncat\tmany\n", "line 2"),
        (b"", "empty"),
        (b"k\xf6ln\t3\n", "UTF-8"),
    ],
)
def test_broken_counts_are_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "counts_1grams.txt").write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        build_statistics(str(tmp_path), tmp_path / "made")
    assert not any((tmp_path / "made").iterdir())


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither `wordfreq` nor `ekphrasis`"):
        build_statistics(str(tmp_path / "nowhere"), tmp_path / "made")
    (tmp_path / "no.zip").write_bytes(b"hello")
    with pytest.raises(UserError, match="not a readable zip"):
        build_statistics(str(tmp_path / "no.zip"), tmp_path / "made")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds no counts_1grams\.txt"):
        build_statistics(str(tmp_path / "empty"), tmp_path / "made")


def test_missing_statistics_name_the_remedy_and_are_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rule `word_statistics`"):
        load(tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.fixture
def server(tmp_path: Path, small: Path) -> Iterator[str]:
    zipped(small, tmp_path / "stats.zip")
    body = (tmp_path / "stats.zip").read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/stats.zip" else 404)
            self.end_headers()
            if self.path == "/stats.zip":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_ekphrasis_download(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    build_statistics("ekphrasis", tmp_path / "made", url=f"{server}/stats.zip")
    assert WordStatistics(tmp_path / "made").correct("kepe") == "keep"
    assert not any(here.iterdir())
    assert capsys.readouterr() == ("", "")
    with pytest.raises(UserError, match="404"):
        build_statistics("ekphrasis", tmp_path / "other", url=f"{server}/gone.zip")


def test_offline_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be downloaded.*`wordfreq`"):
        build_statistics(
            "ekphrasis", tmp_path / "made", url="http://127.0.0.1:9/stats.zip", timeout=2
        )
    assert not any((tmp_path / "made").iterdir())


def test_the_address_is_ekphrasis_own() -> None:
    from ekphrasis.utils import helpers

    assert wordstats.URL in inspect.getsource(helpers.download_statistics)


def test_home_is_given_back(wordfreq_statistics: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    WordStatistics(wordfreq_statistics)
    assert os.environ["HOME"] == "/somewhere"
    monkeypatch.delenv("HOME")
    WordStatistics(wordfreq_statistics)
    assert "HOME" not in os.environ


@settings(max_examples=100, deadline=None)
@given(
    known=st.sets(st.text("abcd", min_size=1, max_size=6), min_size=1, max_size=40),
    word=st.text("abcdé", min_size=1, max_size=7),
)
def test_corrections_are_the_librarys_own(known: set[str], word: str) -> None:
    """The pruned searches yield just those of ekphrasis' strings that are words."""
    from ekphrasis.classes.spellcorrect import SpellCorrector

    words = wordsearch.Words(dict.fromkeys(known, 1))
    step = SpellCorrector.edit_step
    assert set(words.near(word)) == {found for found in step(word) if found in known}
    plain = {found for once in step(word) for found in step(once) if found in known}
    assert set(words.far(word)) == plain


@pytest.mark.filterwarnings("ignore::FutureWarning")  # ekphrasis' own
@settings(max_examples=150, deadline=None)
@given(
    words=st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(1, 9), min_size=1),
    pairs=st.dictionaries(
        st.tuples(st.text("abc", min_size=1, max_size=3), st.text("abc", min_size=1, max_size=3)),
        st.integers(1, 9),
    ),
    word=st.text("abcd", min_size=1, max_size=9),
)
def test_segments_are_the_librarys_own(
    words: dict[str, int], pairs: dict[tuple[str, str], int], word: str
) -> None:
    from ekphrasis.classes import segmenter

    two = {"_".join(pair): count for pair, count in pairs.items()}
    counts = {1: words, 2: two}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(segmenter, "read_stats", lambda corpus, order: counts[order])
        theirs = segmenter.Segmenter("english")
    assert wordsearch.Segmenter(words, two)(word) == theirs.segment(word).split()


def test_words_of_other_languages_are_kept(wordfreq_statistics: Path) -> None:
    """Those one edit from a likely English word, if they are no misspelling of it there, too."""
    elsewhere = load(wordfreq_statistics).elsewhere
    assert {"aguilar", "nummer", "hansen"} & elsewhere <= {"nummer"}  # the others are known words
    assert "nummer" in elsewhere  # number
    assert not {"picure", "number", "bonjour"} & elsewhere


def test_a_word_of_any_length_is_searched_in_a_moment(wordfreq_statistics: Path) -> None:
    statistics = load(wordfreq_statistics)
    started = time.process_time()
    for length in (40, 70, 12_000):
        for near in (True, False):
            assert statistics.correct("ab" * length, near) == "ab" * length
    for word in ("xq" * 20, "keepcalmandcarryonforeverandeverandamen"):
        statistics.segment(word)
    assert time.process_time() - started < 5  # the library asks for 7 GB


WORKER = """
import hashlib, json, socket, sys, warnings
from pathlib import Path

warnings.simplefilter("error")

def refuse(*args, **kwargs):
    raise AssertionError("the network was touched")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from rematch.text.cleaning.cleaner import Cleaning, clean

steps = ("unicode", "whitespace", "lower", "contractions", "articles", "segment", "spell")
texts = ["He’s a snowboarder in Köln, wodden skiis. #keepcalm", "teh equpitment; hatte.Die caz"] * 3
made = [clean(texts, Cleaning(steps, guard=guard), Path(sys.argv[1])) for guard in (True, False)]
Path(sys.argv[2]).write_text(json.dumps([each.texts + [repr(each.changes)] for each in made]))
"""


def test_processes_side_by_side_agree_and_leave_no_trace(
    tmp_path: Path, wordfreq_statistics: Path
) -> None:
    """Four at once: no network, no output, no warning, no file; no word on hash seed or locale."""
    before = snapshot(wordfreq_statistics)
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    running = []
    for number in range(4):
        environment = os.environ | {
            "HOME": str(home),
            "PYTHONHASHSEED": str(number),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": ["C", "C.UTF-8", "POSIX", "de_DE.UTF-8"][number],
        }
        command = [sys.executable, "-c", WORKER, str(wordfreq_statistics)]
        running.append(
            subprocess.Popen(
                [*command, str(tmp_path / f"{number}.json")],
                cwd=here,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
    said = [process.communicate(timeout=120)[0] for process in running]
    assert said == [b""] * 4
    assert [process.returncode for process in running] == [0] * 4
    assert len({(tmp_path / f"{number}.json").read_bytes() for number in range(4)}) == 1
    assert not any(home.iterdir()) and not any(here.iterdir())
    assert snapshot(wordfreq_statistics) == before
