"""Fetching weights, against a real server on loopback that cuts off, ignores ranges and lies."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pty
import random
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from rematch.embed.models import ModelSpec, fetch, load
from rematch.embed.models.fetch import fetched
from rematch.errors import UserError
from tests.loopback import QuietHandler, Serving
from tests.loopback_photos import LoopbackPhotos, Reply

ROOT = Path(__file__).parents[3]
BODY = random.Random(1).randbytes(3_300_000)
SHA = hashlib.sha256(BODY).hexdigest()
FILE = "weights.pt"
PART = f"{FILE}.{SHA[:12]}.part"


@pytest.fixture(autouse=True)
def no_proxy_and_no_waiting(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(fetch, "BACKOFF_S", 0.01)


@pytest.fixture
def serve():
    """Start a server of `BODY`; `faults` are its first answers, by default it has none."""
    running = []

    def start(*faults, ranges=True, body=BODY) -> LoopbackPhotos:
        def schedule(key, nth):
            whole = ranged(server, body) if ranges else Reply(body)
            if nth >= len(faults):
                return whole
            fault = faults[nth]
            return fault if isinstance(fault, Reply) else Reply(**{**vars(whole), **fault})

        server = LoopbackPhotos(schedule)
        running.append(server.__enter__())
        return server

    yield start
    for server in running:
        server.__exit__()


def ranged(server: LoopbackPhotos, body: bytes) -> Reply:
    """The answer to the last request of a server that knows ranges (RFC 9110, section 14)."""
    asked = server.asked[-1].headers.get("Range")
    if asked is None:
        return Reply(body)
    start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
    if start >= len(body):
        return Reply(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
    said = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
    return Reply(body[start:], 206, said)


def get(server: LoopbackPhotos, folder: Path, sha256: str = SHA) -> Path:
    return fetched(server.url + FILE, sha256, folder, "model tiny")


def starts(server: LoopbackPhotos) -> list[int]:
    """From which byte on each request asked."""
    said = [asked.headers.get("Range", "bytes=0-") for asked in server.asked]
    return [int(text.removeprefix("bytes=").removesuffix("-")) for text in said]


def whole_and_alone(folder: Path) -> bool:
    return [path.name for path in folder.iterdir()] == [FILE] and (
        (folder / FILE).read_bytes() == BODY
    )


def refused(server: LoopbackPhotos, folder: Path) -> str:
    """What is said, in one line with all that a person needs to go on, when nothing comes."""
    with pytest.raises(UserError) as error:
        get(server, folder)
    message = str(error.value)
    assert "\n" not in message and message.startswith("model tiny: ")
    assert f"fetch {server.url}{FILE} and put it there" in message
    there = "another file" if (folder / FILE).exists() else "not there"
    assert f"{folder / FILE} is {there}, and it cannot be downloaded (" in message
    return message


# What comes and what does not


def test_it_is_downloaded_once(serve, tmp_path, caplog):
    server = serve()
    folder = tmp_path / "some" / "cache"
    with caplog.at_level(logging.INFO):
        assert get(server, folder) == folder / FILE
    assert whole_and_alone(folder)
    assert caplog.messages[-1].startswith("fetching model tiny: 3 MB in")
    assert get(server, folder) == folder / FILE
    assert starts(server) == [0]
    server.__exit__()
    assert get(server, folder) == folder / FILE


def test_a_cache_that_cannot_be_written(serve, tmp_path):
    server = serve()
    tmp_path.chmod(0o555)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("root may write everywhere; run as another user")
    with pytest.raises(UserError, match=r"\(Permission denied\).* and put it at .*weights\.pt"):
        get(server, tmp_path)
    tmp_path.chmod(0o755)
    (tmp_path / FILE).write_bytes(BODY)
    tmp_path.chmod(0o555)
    (tmp_path / FILE).chmod(0o444)
    assert get(server, tmp_path) == tmp_path / FILE
    assert server.asked == []


def test_a_cache_that_is_a_file(serve, tmp_path):
    server = serve()
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(UserError, match=r"cache.*set encoding\.cache to another folder"):
        get(server, tmp_path / "cache" / "weights")
    assert server.asked == []


def test_another_file_in_its_place_is_replaced_but_not_lost(serve, tmp_path):
    server = serve(Reply(status=404))
    (tmp_path / FILE).write_bytes(b"mine")
    assert "(HTTP 404)" in refused(server, tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"mine"
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)


def test_without_a_network_it_says_what_to_fetch(serve, tmp_path):
    server = serve()
    server.__exit__()
    assert "(Connection refused)" in refused(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_will_not_pass_is_not_asked_again(serve, tmp_path, status):
    server = serve(*[Reply(b"sorry", status)] * 9)
    assert f"(HTTP {status})" in refused(server, tmp_path)
    assert starts(server) == [0]
    assert list(tmp_path.iterdir()) == []


def test_what_may_pass_is_asked_again(serve, tmp_path):
    now = Reply(status=429, headers={"Retry-After": "0"})
    server = serve(Reply(status=503), now, Reply(reset=True), Reply(BODY, cut=0))
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    assert starts(server) == [0] * 5


def test_silence_ends(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.2)
    server = serve(*[{"hang": 5.0}] * 4, {"cut": 200_000, "hang": 5.0})
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    assert starts(server)[:5] == [0] * 5 and starts(server)[5] > 0


def test_tries_come_to_an_end(serve, tmp_path):
    server = serve(*[Reply(status=500)] * 20)
    assert "(HTTP 500)" in refused(server, tmp_path)
    assert len(server.asked) == 1 + fetch.RETRIES


def test_a_server_that_wants_hours_of_rest_gets_them(serve, tmp_path):
    server = serve(Reply(status=503, headers={"Retry-After": "36000"}))
    assert "(HTTP 503)" in refused(server, tmp_path)
    assert len(server.asked) == 1


# Going on where it stopped


def test_a_cut_download_goes_on(serve, tmp_path):
    cut = {"cut": 400_000}
    server = serve(*[cut] * 7)
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    asked = starts(server)
    # More cuts than tries in a row are allowed: each brought something.
    assert len(asked) == 8 > 1 + fetch.RETRIES
    for before, after in pairwise(asked):
        assert before + 300_000 < after <= before + 400_000


def test_the_next_run_goes_on(serve, tmp_path):
    server = serve({"cut": 1_000_000}, *[Reply(status=503)] * fetch.RETRIES)
    refused(server, tmp_path)
    there = (tmp_path / PART).read_bytes()
    assert len(there) > 900_000 and BODY.startswith(there)
    before = len(server.asked)
    get(server, tmp_path)
    assert starts(server)[before:] == [len(there)]
    assert whole_and_alone(tmp_path)


def test_a_part_that_is_whole_needs_no_network(serve, tmp_path):
    server = serve()
    (tmp_path / PART).write_bytes(BODY)
    get(server, tmp_path)
    assert whole_and_alone(tmp_path) and server.asked == []


def test_a_server_without_ranges_starts_anew(serve, tmp_path):
    server = serve({"cut": 2_000_000}, ranges=False)
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    first, second = starts(server)
    assert first == 0 < second


def test_a_server_without_ranges_that_always_cuts_is_given_up(serve, tmp_path):
    server = serve(*[{"cut": 2_000_000}] * 20, ranges=False)
    refused(server, tmp_path)
    assert len(server.asked) == 1 + fetch.RETRIES


def test_a_server_that_says_no_length(serve, tmp_path):
    server = serve(Reply(BODY, chunked=True, cut=1_000_000), {"chunked": True})
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    assert 0 == starts(server)[0] < starts(server)[1]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize(
    ("part", "asked"),
    [
        (BODY + b"and more", [len(BODY) + 8, 0]),
        (b"\0" * len(BODY), [len(BODY), 0]),
        (b"\0" * 1000 + BODY[1000:5000], [5000, 0]),
    ],
    ids=["too long", "as long", "damaged"],
)
def test_a_part_that_is_no_beginning_is_dropped(serve, tmp_path, part, asked, ranges):
    server = serve(ranges=ranges)
    (tmp_path / PART).write_bytes(part)
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    assert starts(server) == asked if ranges else asked[:1]


def test_a_part_of_another_version_is_left_alone(serve, tmp_path):
    server = serve()
    other = tmp_path / f"{FILE}.{'0' * 12}.part"
    other.write_bytes(b"\0" * 10)
    get(server, tmp_path)
    assert starts(server) == [0] and other.exists()


# The wrong bytes


@pytest.mark.parametrize("part", [b"", BODY[:5000]], ids=["new", "continued"])
def test_a_wrong_file_is_refused_and_removed(serve, tmp_path, part):
    wrong = BODY[:-1] + b"!"
    server = serve(body=wrong)
    if part:
        (tmp_path / PART).write_bytes(part)
    with pytest.raises(UserError) as error:
        get(server, tmp_path)
    message = str(error.value)
    assert f"is not the right file (SHA-256 {hashlib.sha256(wrong).hexdigest()})" in message
    assert server.url + FILE in message and f"put it at {tmp_path / FILE}" in message
    assert "\n" not in message
    assert starts(server) == ([len(part), 0] if part else [0])
    assert list(tmp_path.iterdir()) == []


# Several processes, and ends that nobody planned

RUN = """
import logging, sys
from pathlib import Path
from rematch.embed.models.fetch import fetched
logging.basicConfig(level=logging.INFO, format="%(message)s")
fetched(sys.argv[1], sys.argv[2], Path(sys.argv[3]), "model tiny")
"""


def elsewhere(server, folder: Path, stderr=subprocess.PIPE, code=RUN) -> subprocess.Popen[str]:
    """`get` in a process of its own, its log lines on standard error."""
    return subprocess.Popen(
        [sys.executable, "-c", code, server.url + FILE, SHA, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        text=True,
        stderr=stderr,
    )


def wait_for(condition) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def waits_for_another(process: subprocess.Popen[str]) -> bool:
    return any(
        "another process is downloading" in line for line in iter(process.stderr.readline, "")
    )


def part_has(folder: Path, size: int) -> bool:
    return (folder / PART).exists() and (folder / PART).stat().st_size >= size


def test_processes_that_want_it_at_once_download_it_once(serve, tmp_path):
    go_on = threading.Event()
    server = serve()
    plain = server._schedule
    server._schedule = lambda key, nth: go_on.wait(20) and plain(key, nth)
    first = elsewhere(server, tmp_path)
    wait_for(lambda: server.asked)
    others = [elsewhere(server, tmp_path) for _ in range(2)]
    assert all(map(waits_for_another, others))
    go_on.set()
    for process in (first, *others):
        errors = process.communicate(timeout=20)[1]
        assert process.returncode == 0, errors
    assert starts(server) == [0]
    assert whole_and_alone(tmp_path)


def test_a_killed_process_leaves_a_part_that_the_next_goes_on_with(serve, tmp_path):
    server = serve({"cut": 1_500_000, "hang": 30.0})
    process = elsewhere(server, tmp_path)
    wait_for(lambda: part_has(tmp_path, 1_400_000))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = (tmp_path / PART).read_bytes()
    assert BODY.startswith(there) and len(there) < len(BODY)
    assert not (tmp_path / FILE).exists()
    get(server, tmp_path)
    assert starts(server) == [0, len(there)]
    assert whole_and_alone(tmp_path)


def test_a_process_that_waited_for_a_killed_one_goes_on(serve, tmp_path):
    server = serve({"cut": 1_500_000, "hang": 30.0})
    killed = elsewhere(server, tmp_path)
    wait_for(lambda: part_has(tmp_path, 1_400_000))
    waiting = elsewhere(server, tmp_path)
    assert waits_for_another(waiting)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    errors = waiting.communicate(timeout=20)[1]
    assert waiting.returncode == 0, errors
    assert 0 == starts(server)[0] < starts(server)[1]
    assert whole_and_alone(tmp_path)


def test_a_lock_that_everybody_gets_costs_bytes_and_not_the_file(serve, tmp_path):
    """As on some network file systems."""
    go_on = threading.Event()
    server = serve({"cut": 1_500_000, "hang": 2.0})
    plain = server._schedule

    def schedule(key, nth):
        reply = plain(key, nth)
        if nth:
            go_on.wait(20)
        return reply

    server._schedule = schedule
    code = "import fcntl; fcntl.flock = lambda *arguments: None\n" + RUN
    first = elsewhere(server, tmp_path, code=code)
    wait_for(lambda: part_has(tmp_path, 1_400_000))
    second = elsewhere(server, tmp_path, code=code)
    wait_for(lambda: len(server.asked) == 3)  # the first, cut off, has asked again
    go_on.set()
    for process in (first, second):
        errors = process.communicate(timeout=20)[1]
        assert process.returncode == 0, errors
    assert starts(server)[0] == 0 < min(starts(server)[1:])
    assert whole_and_alone(tmp_path)


def test_a_full_disk_keeps_what_came(serve, tmp_path):
    server = serve()
    code = (
        "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6));"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + RUN
    )
    process = elsewhere(server, tmp_path, code=code)
    errors = process.communicate(timeout=20)[1]
    assert process.returncode == 1
    assert "cannot be read, written or locked (File too large)" in errors
    there = (tmp_path / PART).stat().st_size
    get(server, tmp_path)
    assert whole_and_alone(tmp_path)
    assert starts(server) == [0, there] and there > 900_000


def test_a_terminal_sees_a_bar(tmp_path):
    class Slow(QuietHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            for third in range(3):
                self.wfile.write(BODY[third * 1_100_000 :][:1_100_000])
                time.sleep(0.6)  # the bar comes after a second

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with Serving(Slow) as server:
        server.url = f"http://127.0.0.1:{server.port}/"
        process = elsewhere(server, tmp_path, stderr=theirs)
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # what Linux says at the end of a terminal
            while piece := os.read(ours, 4096):
                seen += piece
        os.close(ours)
        assert process.wait(20) == 0
    assert re.search(rb"fetching model tiny: +100%\|.* 3/3 \[.*MB/s\]", seen), seen


# The backend


def test_openai_takes_its_weights_by_name(tiny_clip, serve, tmp_path, monkeypatch):
    from rematch.outside.openai_clip import load_clip_module

    weights = tiny_clip.read_bytes()
    sha256 = hashlib.sha256(weights).hexdigest()
    server = serve({"cut": len(weights) // 2}, body=weights)
    urls = {"Tiny/32": f"{server.url}clip/models/{sha256}/Tiny-32.pt"}
    monkeypatch.setattr(load_clip_module().clip, "_MODELS", urls)
    spec = ModelSpec("openai", name="Tiny/32", cache=tmp_path / "cache")
    named = load(spec)
    assert named.identity["checkpoint_sha256"] == sha256
    assert named.identity["model"] == "Tiny/32"
    assert (tmp_path / "cache" / "Tiny-32.pt").read_bytes() == weights
    assert server.keys == [f"clip/models/{sha256}/Tiny-32.pt"] * 2
    server.__exit__()
    assert load(spec).identity == named.identity
    absent = ModelSpec("openai", name="Tiny/32", cache=tmp_path / "other")
    with pytest.raises(UserError) as error:
        load(absent)
    message = f"fetch {urls['Tiny/32']} and put it there"
    assert message in str(error.value) and str(tmp_path / "other/Tiny-32.pt") in str(error.value)
