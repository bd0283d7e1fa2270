"""Several jobs, and several users, on one translation memory."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from rematch.corpus.downloading import DownloadOptions, download
from rematch.errors import UserError
from rematch.outside.polite import Gate
from rematch.storage.sharing import make_folder, open_shared
from rematch.text.translation import rounds
from rematch.text.translation.claims import Claims
from rematch.text.translation.translating import translate
from rematch.text.translators import base, building as translators
from tests.loopback_google import english, status, translated
from tests.loopback_photos import LoopbackPhotos
from tests.unit.services import kept
from tests.unit.text.test_translate import ENVIRONMENT, finish, worker

TEXTS = [f"Dies ist der Satz Nummer {i} von vielen." for i in range(60)]
KEY = ("google", "de", "en")


def test_two_processes_ask_for_each_text_once(google, options):
    server = google()
    ours = [worker(server, options().memory, texts) for texts in (TEXTS, TEXTS[::-1])]
    for process in ours:
        finish(process)
    assert Counter(server.texts) == Counter(TEXTS)
    assert kept(options()) == {text: english(text) for text in TEXTS}


def test_a_killed_asker_holds_nobody_up(google, options):
    server = google()
    first = worker(server, options().memory, TEXTS, rate=20.0)
    while len(server.asked) < 10:
        assert first.poll() is None
        time.sleep(0.005)
    threading.Timer(0.5, first.send_signal, (signal.SIGKILL,)).start()
    started = time.monotonic()
    done = translate(TEXTS, options())
    assert time.monotonic() - started < 10
    first.communicate()
    assert done.targets == {text: english(text) for text in TEXTS}
    assert len(server.texts) <= len(TEXTS) + 2  # what was under way
    assert done.summary.asked < len(TEXTS)


def test_what_another_job_fails_at_is_tried_here_too(google, options):
    server = google(lambda text, nth: status(500) if nth < 3 else translated)
    held = Claims(options().memory, KEY)
    assert held.take(TEXTS[:3]) == (TEXTS[:3], [])
    threading.Timer(0.6, held.close).start()
    done = translate(TEXTS[:3], options())
    assert not done.failures and (done.summary.asked, done.summary.elsewhere) == (3, 0)
    assert len(server.asked) == 12


def test_what_another_job_gets_is_taken_from_it(google, options):
    server = google()
    others = TEXTS[:5]

    def other():
        store = base.Store(options().memory, *KEY)
        time.sleep(0.5)
        store.append([(text, english(text)) for text in others])
        held.release(others)

    held = Claims(options().memory, KEY)
    held.take(others)
    thread = threading.Thread(target=other)
    thread.start()
    done = translate(TEXTS[:20], options())
    thread.join()
    assert done.targets == {text: english(text) for text in TEXTS[:20]}
    assert sorted(server.texts) == sorted(TEXTS[5:20])
    assert (done.summary.elsewhere, done.summary.asked, done.summary.hits) == (5, 15, 0)
    assert "asked for by another job meanwhile: 5" in done.summary.lines()


def test_a_job_that_is_stuck_is_not_waited_for_for_ever(google, options, monkeypatch):
    monkeypatch.setattr(rounds, "WAIT_S", 0.6)
    google()
    held = Claims(options().memory, KEY)
    held.take(TEXTS)
    assert translate(TEXTS, options()).targets == {text: english(text) for text in TEXTS}
    held.close()


def test_a_model_translates_each_text_once_as_well(options, monkeypatch):
    seen: Counter[str] = Counter()

    def build(options):
        def ask(texts):
            seen.update(texts)
            time.sleep(0.05)
            return [text.upper() for text in texts]

        engine = base.Engine(lambda: ask, max_chars=1000, batch=8, service=False)
        return base.remembering(options, engine)

    declared = SimpleNamespace(load=lambda: build)
    monkeypatch.setattr(translators, "chosen", lambda section, name: declared)
    texts = [f"satz {i}" for i in range(300)]
    threads = [
        threading.Thread(target=translate, args=(order, options(backend="shout")))
        for order in (texts, texts[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == Counter(texts)


def test_without_locks_nobody_is_waited_for(google, options, monkeypatch, caplog):
    def no_locks(*_):
        raise OSError(37, "No locks available")

    google()
    monkeypatch.setattr("rematch.text.translation.claims.fcntl.fcntl", no_locks)
    monkeypatch.setattr("rematch.text.translation.claims.fcntl.lockf", no_locks)
    assert not translate(TEXTS[:3], options()).failures
    assert "are not waited for" in caplog.text and "(No locks available); keep" in caplog.text


CLAIMER = """
import sys
from pathlib import Path
from rematch.text.translation.claims import Claims
claims = Claims(Path(sys.argv[1]), ("google", "de", "en"))
print(*map(len, claims.take(["a", "b"])), flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("open_file", [True, False])
def test_claims_end_with_their_process(tmp_path, monkeypatch, open_file):
    monkeypatch.setattr("rematch.text.translation.claims._OPEN_FILE", open_file)
    mine = Claims(tmp_path, KEY)
    assert mine.take(["b", "c"]) == (["b", "c"], [])
    code = (
        CLAIMER
        if open_file
        else CLAIMER.replace(
            "claims = ",
            "from rematch.text.translation import claims as c; c._OPEN_FILE = False\nclaims = ",
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"1 1\n"
    assert mine.take(["a"]) == ([], ["a"])
    other = Claims(tmp_path, ("deepl", "de", "en"))
    assert other.take(["a"]) == (["a"], [])
    if open_file:  # those of a process end when it closes the file
        other.close()
    process.kill()
    process.communicate()
    assert mine.take(["a"]) == (["a"], [])
    mine.close()


# Several users


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("folder", "mask", "made"),
    [
        (0o2775, 0o022, 0o664),
        (0o2775, 0o077, 0o660),
        (0o755, 0o022, 0o644),
        (0o700, 0o077, 0o600),
        (0o777, 0o022, 0o666),
        (0o1777, 0o022, 0o644),  # as /tmp
    ],
)
def test_files_are_open_to_whom_their_folder_is(tmp_path, umask, folder, mask, made):
    place = tmp_path / "shared"
    place.mkdir()
    place.chmod(folder)
    umask(mask)
    os.close(open_shared(place / "file", os.O_RDWR | os.O_CREAT))
    assert mode(place / "file") == made
    make_folder(place / "a/b")
    if folder == 0o2775:
        assert mode(place / "a/b") & 0o2070 == 0o2070


def test_a_memory_that_a_group_shares_stays_so(google, options, umask):
    folder = options().memory
    folder.mkdir()
    folder.chmod(0o2775)
    google()
    translate(TEXTS[:2], options())
    names = sorted(path.name for path in folder.iterdir())
    assert names[:2] == [".asking", ".google.rate"] and len(names) == 3
    assert {mode(path) for path in folder.iterdir()} == {0o664}


def test_photos_that_a_group_fetches_too(tmp_path, umask):
    folder = tmp_path / "photos"
    folder.mkdir()
    folder.chmod(0o2775)
    with LoopbackPhotos() as server:
        download({"p0": server.url + "p0.png"}, folder, DownloadOptions(requests_per_second=100.0))
    work = folder / ".download"
    assert mode(work) & 0o2070 == 0o2070
    assert {mode(path) & 0o060 for path in work.iterdir()} == {0o060}


@pytest.mark.skipif(os.geteuid() != 0, reason="a second user is needed; run as root")
@pytest.mark.parametrize("what", ["rate", "asking", "lines"])
def test_another_users_files_are_named_with_their_remedy(google, options, what):
    folder = options().memory
    folder.mkdir()
    for above in (folder, *folder.parents):
        if above == Path(tempfile.gettempdir()):
            break
        above.chmod(0o777)
    google()
    translate(TEXTS[:1], options())
    path = {"rate": folder / ".google.rate", "asking": folder / ".asking"}.get(what)
    path = path or next(folder.glob("*.jsonl"))
    os.chown(path, 1, 1)
    path.chmod(0o600)
    if not (child := os.fork()):
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        code = 1
        try:
            if what == "rate":
                Gate(path, 5.0)
            elif what == "asking":
                Claims(folder, KEY).take(["a"])
                code = 0
            else:
                base.Store(folder, *KEY)
        except UserError as error:
            remedy = "chmod g+rw" if what == "rate" else "make it readable"
            code = 0 if str(path) in str(error) and remedy in str(error) else 2
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_the_remedy_names_the_owner(tmp_path, monkeypatch):
    from rematch.storage import sharing

    path = Path(tmp_path / ".google.rate")
    path.write_text("")
    monkeypatch.setattr(sharing.os, "geteuid", lambda: path.stat().st_uid + 1)
    said = str(sharing.unusable(path, PermissionError(13, "Permission denied")))
    assert said.startswith(f"{path}: cannot be locked or written (Permission denied); let its ")
    assert f"run: chmod g+rw '{path}'" in said
    said = str(sharing.unusable(path, OSError(37, "No locks available")))
    assert "file system that allows locks" in said
