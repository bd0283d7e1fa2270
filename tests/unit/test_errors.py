"""What strangers wrote is shown as text: in errors, logs, terminals and pages."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rematch.config.schema import ConfigError
from rematch.corpus.photos import PhotoError
from rematch.errors import Formatter, UserError, printable, say
from rematch.report.html import escape, page, table

ROOT = Path(__file__).parents[2]
EVIL = "a\x1b]0;owned\x07\x1b[2J\rb\nc\x9b1m\u202egpj.exe\u2028\udc80\x00"
SHOWN = r"a\x1b]0;owned\x07\x1b[2J\rb\nc\x9b1m\u202egpj.exe\u2028\udc80\x00"


def test_what_cannot_be_seen_is_escaped_and_all_else_stays() -> None:
    assert printable(EVIL) == SHOWN
    plain = 'Käse – „Ω“ 日本 👩‍👩‍👧 \\x1b {x} "q" שלום\u200f co\u00adop'
    assert printable(plain) == plain
    assert printable("a\tb\nc\x1b", keep="\n\t") == "a\tb\nc\\x1b"


@given(st.text())
def test_what_is_shown_can_be_written_in_one_line(text: str) -> None:
    shown = printable(text)
    assert shown.encode("utf-8").decode("utf-8") == shown and len(shown.splitlines()) <= 1
    assert printable(shown) == shown


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    assert str(UserError(f"{EVIL}: is wrong")) == f"{SHOWN}: is wrong"
    assert str(ConfigError(f"config: {EVIL}", "config: b")) == f"config: {SHOWN}\nconfig: b"
    error = PhotoError(Path("x\x1b.jpg"), f"photo unreadable: {EVIL}")
    assert error.reason == f"photo unreadable: {SHOWN}"
    assert str(error).startswith(rf"x\x1b.jpg: photo unreadable: {SHOWN};")


def test_an_error_is_not_longer_than_a_person_reads() -> None:
    said = str(UserError(f"config: {'x' * 10**6}: is unknown; correct it", "second"))
    assert len(said) < 1600 and said.startswith("config: xx")
    assert said.endswith("x: is unknown; correct it\nsecond")


def test_a_log_has_a_line_a_record_and_tracebacks_keep_theirs() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter("%(levelname)s %(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.warning("read %s", EVIL)
    try:
        raise ValueError(EVIL)
    except ValueError:
        logger.exception("failed")
    lines = stream.getvalue().split("\n")
    assert lines[:2] == [f"WARNING read {SHOWN}", "ERROR failed"]
    assert lines[2].startswith("Traceback") and len(lines) > 5
    assert not any(mark in stream.getvalue() for mark in "\x1b\x9b\r\u202e")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_any_terminal_can_be_written_to(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    say(f"| – | Übung {EVIL}", stream)
    stream.flush()
    written = raw.getvalue().decode(encoding)
    assert written.endswith(SHOWN.replace(r"\nc", "\nc") + "\n")
    assert ("Ü" in written) == (encoding != "ascii")


def test_pages_show_it_too() -> None:
    body = table(["<b>"], [[EVIL], ["<script>"]])
    text = page(EVIL, body)
    assert not any(mark in text for mark in "\x1b\x9b\r\u202e\x00") and "<script" not in text
    assert escape("<a href='x'>\x1b\n") == "&lt;a href=&#x27;x&#x27;&gt;\\x1b\n"
    text.encode("utf-8")


JOB = """
import sys, types
from rematch.engine import jobs
class Files(list):
    items = staticmethod(dict().items)
job = types.SimpleNamespace(
    log=["log"], output=["out"], input=[], params=Files(), rule="r\\x1b", config={}
)
jobs.start(job)
try:
    answer = input("run it? ")
except EOFError:
    answer = "no answer"
from rematch.errors import UserError
raise UserError(answer + ": \\x1b[2J", "second")
"""


def test_a_job_reads_no_answers_and_logs_no_escapes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", JOB],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")},
        input=b"y\n" * 99,
        capture_output=True,
    )
    lines = (tmp_path / "log").read_text("utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        r"ERROR no answer: \x1b[2J",
        "ERROR second",
    ]
    assert done.returncode == 1 and b"\x1b" not in done.stderr
