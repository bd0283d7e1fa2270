"""Manners towards a server: Retry-After, waits between tries, and the ceiling on requests."""

from __future__ import annotations

import email.utils
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rematch.outside.polite import LONGEST_BACKOFF_S, Gate, backoff, retry_after_s

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("soon", None),
        ("", None),
        ("-3", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header, seconds):
    assert retry_after_s(header) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_retry_after_as_a_date_to_come(zone, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        then = email.utils.formatdate(time.time() + 90, usegmt=True).replace("GMT", zone)
        seconds = retry_after_s(then)
        assert seconds is not None and 85 <= seconds <= 91
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.floats(0.0, 100.0), st.integers(0, 40))
def test_backoff_doubles_up_to_its_limit(first, tries):
    wait, whole = backoff(first, tries), min(first * 2**tries, LONGEST_BACKOFF_S)
    assert whole / 2 <= wait <= whole


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d\d Nov \d{1,6} \d\d:\d\d:\d\d [+-]\d{1,20}"))
def test_any_retry_after_is_a_number_of_seconds_or_nothing(header):
    wish = retry_after_s(header)
    assert wish is None or 0.0 <= wish <= 1e9


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("9" * 400, 1e9),
        ("Thu, 26 Nov 2026 01:00:00 +99999999999999", None),
        ("Thu, 26 Nov 99999 01:00:00 GMT", None),
        ("Thu, 26 Nov 2026 01:00:00", 0.0),
        ("120", 120.0),
        ("soon", None),
    ],
)
def test_a_retry_after_beyond_the_calendar(header, wish, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert retry_after_s(header) == wish
    assert retry_after_s(email.utils.formatdate(2e9 + 90, usegmt=True)) == 90.0


def test_a_pause_in_one_process_stops_the_others(tmp_path):
    mine, other = Gate(tmp_path / "rate", 1000.0), Gate(tmp_path / "rate", 1000.0)
    started = time.monotonic()
    mine.pause(0.3)
    assert other.wait(threading.Event())
    assert time.monotonic() - started >= 0.29
    stop = threading.Event()
    mine.pause(5.0)
    threading.Timer(0.1, stop.set).start()
    assert not other.wait(stop)
    assert time.monotonic() - started < 3.0


TAKER = """
import sys, threading
from rematch.outside.polite import Gate
gate, stop = Gate(sys.argv[1], 100.0), threading.Event()
stop.set()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(2000):
    gate.wait(stop)
"""


def test_no_slot_is_given_twice(tmp_path):
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, tmp_path / "rate"],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    assert [taker.stdout.readline() for taker in takers] == [b"ready\n"] * 2
    started = time.time()
    for taker in takers:
        taker.stdin.write(b"go\n")
        taker.stdin.flush()
    for taker in takers:
        taker.communicate(timeout=60)
        assert taker.returncode == 0
    following = float((tmp_path / "rate").read_bytes().split()[0])
    assert following - started >= 4000 / 100.0


@pytest.mark.parametrize("content", [b"", b"half 12", b"nonsense\n", b"9e12 9e12\n"])
def test_a_broken_file_of_the_ceiling_holds_nobody_up(tmp_path, content):
    (tmp_path / "rate").write_bytes(content)
    gate = Gate(tmp_path / "rate", 1000.0)
    started = time.monotonic()
    assert all(gate.wait(threading.Event()) for _ in range(3))
    assert time.monotonic() - started < 1.0
