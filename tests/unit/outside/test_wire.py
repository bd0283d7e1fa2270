"""Answers that are cut, slow, compressed, in other characters, or lead elsewhere."""

from __future__ import annotations

import gzip
import os
import signal
import time
import zlib

import deep_translator.constants
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rematch.errors import UserError
from rematch.text.memory.remembered import read_records
from rematch.text.memory.writer import Memory
from rematch.text.translation.answers import REPEATED
from rematch.text.translation.translating import translate
from rematch.text.translators import building as translators
from rematch.text.translators.base import RequestFailed
from tests.loopback_google import (
    Loopback,
    Reply,
    answering,
    english,
    page,
    translated,
)
from tests.unit.services import KEYED, SECRET, SHAPES, kept

TEXT = "Die Müllabfuhr fährt über Köln."
GZIP = {"Content-Encoding": "gzip"}


def sent(**how):
    """The right page, sent in another way; what is `raw` is made from it."""

    def behave(asked):
        made = dict(how)
        whole = page(english(asked.text)).encode("utf-8")
        raw = made.pop("raw", lambda content: content)(whole)
        if "share" in made:
            made["cut"] = int(len(raw) * made.pop("share"))
        return Reply(raw=raw, **made)

    return behave


def plain(content):
    """The page with its characters as they are, and not as entities."""
    import html

    return html.unescape(content.decode("ascii")).encode("utf-8")


def in_latin(declared):
    def made(content):
        text = plain(content).decode("utf-8")
        return text.replace("<head>", f"<head>{declared}").encode("latin-1")

    return made


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"length": False, "share": 0.8}, "unreadable answer (cut short)"),
        ({"share": 0.8}, "cut short (ProtocolError)"),
        ({"raw": gzip.compress, "share": 0.9, "length": False, "headers": GZIP}, "unreadable"),
        ({"raw": lambda page: gzip.compress(page)[:-9], "headers": GZIP}, "unreadable"),
        ({"raw": lambda page: b"\x1f\x8b" + bytes(90), "headers": GZIP}, "unreadable"),
        ({"headers": {"Content-Encoding": "br"}}, "unreadable answer (compressed otherwise"),
        ({"raw": in_latin(""), "headers": {"Content-Type": "text/html"}}, "unreadable answer (ch"),
    ],
)
def test_what_does_not_come_whole_is_a_failed_try(google, options, how, kind):
    server = google(lambda text, nth: sent(**how) if nth == 0 else translated)
    done = translate([TEXT], options())
    assert done.targets == {TEXT: english(TEXT)} == kept(options())
    assert len(server.asked) == 2
    (found,) = done.summary.retried
    assert found.startswith(kind)


@pytest.mark.parametrize(
    "how",
    [
        {"length": False},
        {"raw": gzip.compress, "headers": GZIP},
        {"raw": lambda page: gzip.compress(page[:50]) + gzip.compress(page[50:]), "headers": GZIP},
        {"raw": zlib.compress, "headers": {"Content-Encoding": "deflate"}},
        {"raw": lambda page: zlib.compress(page)[2:-4], "headers": {"Content-Encoding": "deflate"}},
        {"raw": plain, "headers": {"Content-Type": "text/html"}},
        {"raw": plain, "headers": {"Content-Type": "text/html; charset=iso-8859-1"}},
        {"raw": plain, "headers": {"Content-Type": "text/html; charset=nonsense"}},
        {
            "raw": lambda page: b"\xef\xbb\xbf" + plain(page),
            "headers": {"Content-Type": "text/html"},
        },
        {"raw": lambda page: plain(page).decode().encode("utf-16")},
        {
            "raw": in_latin("<meta charset='iso-8859-1'>"),
            "headers": {"Content-Type": "text/html; charset=utf-8"},
        },
        {
            "raw": in_latin('<meta http-equiv=x content="text/html; charset=windows-1252">'),
            "headers": {"Content-Type": "text/html"},
        },
        {"raw": in_latin(""), "headers": {"Content-Type": "text/html; charset=ISO-8859-1"}},
    ],
)
def test_what_comes_whole_is_read_as_it_was_meant(google, options, how):
    server = google(lambda text, nth: sent(**how))
    assert translate([TEXT], options()).targets == {TEXT: english(TEXT)}
    assert len(server.asked) == 1


def test_a_bomb_is_not_unpacked(google, options):
    bomb = gzip.compress(bytes(60_000_000), 9)
    google(lambda text, nth: sent(raw=lambda _: bomb, headers=GZIP))
    done = translate([TEXT], options(retries=0))
    assert done.failures[TEXT].startswith("unreadable answer (more than 8,000,000 bytes)")


@pytest.mark.parametrize("headers", [True, False])
def test_a_drip_is_not_waited_for_without_end(google, options, headers):
    google(lambda text, nth: sent(drip=0.05, dripping_headers=headers))
    started = time.monotonic()
    done = translate([TEXT], options(timeout_s=0.3, retries=0))
    assert time.monotonic() - started < 3.0
    assert done.failures == {TEXT: "timeout"}


STRANGE = [{}, GZIP, {"Location": "/\u00ff[?"}, {"Retry-After": "-1"}]
STRANGE += [{"Content-Type": kind} for kind in ("", "x", "text/html; charset=rot13")]


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    st.sampled_from([200, 204, 206, 302, 400, 418, 429, 500]),
    st.sampled_from(STRANGE),
    st.booleans(),
    st.sampled_from(["google", "mymemory", "deepl", "libre", "microsoft"]),
)
def test_any_answer_is_a_translation_or_a_failed_try(anything, raw, code, headers, length, backend):
    server, options = anything
    server.reply = Reply(raw=raw, status=code, headers=headers, length=length)
    engine = translators.build(options(backend=backend, timeout_s=1.0)).engine
    try:
        (answer,) = engine.open()([TEXT])
        assert answer is None or isinstance(answer, str)
    except RequestFailed as failure:
        assert "\n" not in failure.kind and TEXT not in failure.kind
    assert server.asked
    server.asked.clear()


@pytest.fixture
def anything(monkeypatch, options):
    """A server in the place of every service that answers what its `reply` is."""
    with Loopback(lambda text, nth: lambda asked: server.reply) as server:
        for name in ("GOOGLE_TRANSLATE", "MYMEMORY", *(service for service, _ in KEYED.values())):
            monkeypatch.setitem(deep_translator.constants.BASE_URLS, name, server.url)
        for _, variable in KEYED.values():
            monkeypatch.setenv(variable, SECRET)
        yield server, options


# Redirects


def leading(where, code=302):
    return lambda asked: Reply("", code, {"Location": where(asked)})


@pytest.mark.parametrize(
    ("where", "kind", "most"),
    [
        (lambda asked: asked.path, "redirect in a circle", 1),
        (lambda asked: asked.path + "x", "too many redirects", 4),
        (lambda asked: "file:///etc/passwd", "redirect to no address", 1),
        (lambda asked: "http://[bad", "redirect to no address", 1),
    ],
)
def test_few_redirects_are_followed_and_each_takes_its_turn(google, options, where, kind, most):
    server = google(lambda text, nth: leading(where))
    texts = [f"Satz {i} von drei." for i in range(3)]
    done = translate(texts, options(requests_per_second=20.0))
    assert set(done.failures.values()) == {kind}
    assert len(server.asked) == 3 * most == done.summary.requests
    times = sorted(asked.when for asked in server.asked)
    assert times[-1] - times[0] >= (len(times) - 1) / 20.0 - 0.05


def test_a_redirect_that_leads_on_is_followed(google, options):
    def first(asked):
        return Reply("", 302, {"Location": asked.path.replace("/m?", "/mobile?")})

    server = google(lambda text, nth: first if nth == 0 else translated)
    assert translate([TEXT], options()).targets == {TEXT: english(TEXT)}
    assert [asked.path[:3] for asked in server.asked] == ["/m?", "/mo"]


@pytest.mark.parametrize("backend", KEYED)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_key_goes_nowhere_else(service, options, backend, code):
    with Loopback() as elsewhere:
        server = service(backend, leading(lambda asked: elsewhere.url, code))
        done = translate([TEXT], options(backend=backend))
        assert done.failures == {TEXT: "redirect to another server"}
        assert not elsewhere.asked and len(server.asked) == 1


@pytest.mark.parametrize("backend", KEYED)
def test_what_is_posted_is_posted_again_on_the_same_server(service, options, backend):
    def first(asked):
        if "again" in asked.path:
            return answering(SHAPES[backend])(asked)
        return Reply("", 307, {"Location": "/again"})

    server = service(backend, first)
    assert translate([TEXT], options(backend=backend)).targets == {TEXT: english(TEXT)}
    assert [asked.method for asked in server.asked] == ["POST", "POST"]
    assert SECRET in str(server.asked[1].headers) + server.asked[1].body


# Notices


def same(answer):
    return lambda asked: Reply(page(answer))


@pytest.mark.parametrize(
    "texts",
    [
        [f"Dies ist der Satz Nummer {i} von vierzig." for i in range(40)],
        [f"Satz {i}" for i in range(40)],
        [
            f"{word} {other}"
            for word in ("Hund", "Katze", "Maus", "Igel", "Fuchs")
            for other in "abcdefgh"
        ],
    ],
)
@pytest.mark.parametrize("notice", ["Please wait", "Our systems are being worked on; try again."])
def test_a_notice_in_the_place_of_answers_is_not_kept(google, options, texts, notice):
    server = google(lambda text, nth: same(notice))
    done = translate(texts, options())
    assert set(done.failures) == set(texts) and not set(done.targets)
    assert set(done.failures.values()) <= {REPEATED, "not asked"}
    assert done.stopped and kept(options()) == {} and read_records(options().memory) == []
    assert len(server.asked) < 70
    healthy = google()
    assert translate(texts, options()).targets == {text: english(text) for text in texts}
    assert sorted(healthy.texts) == sorted(texts)


def test_a_notice_that_passes_costs_nothing_but_a_second_try(google, options):
    texts = [f"Dies ist der Satz Nummer {i} von vierzig." for i in range(40)]
    notice = same("Try again.")
    google(lambda text, nth: notice if nth == 0 and text in texts[:8] else translated)
    done = translate(texts, options())
    assert done.targets == {text: english(text) for text in texts} == kept(options())
    assert not done.failures


def test_a_notice_is_known_by_what_earlier_runs_took_for_answers(google, options):
    google(lambda text, nth: same("Come back tomorrow, please."))
    first, second, third = (f"Dies ist der Satz Nummer {i}." for i in range(3))
    for text in (first, second):
        translate([text], options())
    assert len(kept(options())) == 2
    assert translate([third], options()).failures == {third: REPEATED}
    assert kept(options()) == {}


def test_answers_that_may_well_be_the_same_are_kept(google, options):
    answers = {
        "mehr": "more",
        "Mehr...": "more",
        "Weiter": "More",
        "mehr dazu": "more",
        "Foto:": "Photo:",
        "Bild:": "Photo:",
        "Aufnahme": "photo",
        "Die Polizei sucht Zeugen": "Police are looking for witnesses",
        "Polizei sucht Zeugen.": "Police are looking for witnesses",
        "Polizei: Zeugen sucht die": "Police are looking for witnesses",
    }
    server = google(lambda text, nth: same(answers[text]))
    done = translate(list(answers), options())
    assert done.targets == answers == kept(options())
    assert len(server.asked) == len(answers)


# A full disk


@pytest.fixture
def full(monkeypatch):
    """Lets the disk become full after some bytes of the memory's lines, or of all it writes."""
    write = os.write

    def start(after, only=b'{"time"'):
        left = [after]

        def writing(file, content):
            if bytes(content[: len(only)]) != only:
                return write(file, content)
            if left[0] < len(content) and not left[0] < 0:
                left[0] = -1
                raise OSError(28, "No space left on device")
            left[0] -= len(content)
            return write(file, content)

        monkeypatch.setattr(os, "write", writing)

    return start


def test_a_full_folder_is_found_before_anything_is_asked_for(google, options, full):
    server = google()
    full(0, only=b"")
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\); free"):
        translate([TEXT], options())
    assert not server.asked
    assert not list(options().memory.glob(".*.room"))


def test_a_disk_that_becomes_full_loses_no_answer(google, options, full):
    server = google()
    full(2_000)
    texts = [f"Satz Nummer {i} von vielen." for i in range(100)]
    with pytest.raises(UserError, match="free some space and run again: what was answered is kept"):
        translate(texts, options(requests_per_second=200.0))
    assert 5 < len(server.asked) < 40
    assert set(kept(options())) == set(server.texts)
    assert not list(options().memory.glob(".*.room"))


def test_the_room_of_a_killed_writer_is_given_back(tmp_path):
    if not (child := os.fork()):
        Memory(tmp_path).reserve()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert len(list(tmp_path.glob(".*.room"))) == 1
    memories = [Memory(tmp_path), Memory(tmp_path)]
    for memory in memories:
        memory.reserve()
    assert len(list(tmp_path.glob(".*.room"))) == 2
    for memory in memories:
        memory.close()
    assert not list(tmp_path.glob(".*.room"))
