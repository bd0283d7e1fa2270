"""A text that a service cannot do never ends a run; a service that does nothing at all does."""

from __future__ import annotations

import logging
import socket
import time

import deep_translator.constants
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.forms import ARTICLES, TEXTS, UNTRANSLATED
from rematch.methods import chosen, methods
from rematch.text.memory.remembered import import_tsv
from rematch.text.translation.answers import may_stay
from rematch.text.translation.splitting import split_text
from rematch.text.translation.translating import translate, translate_articles
from rematch.text.translators.base import TranslationOptions
from tests.loopback_google import (
    Reply,
    answering,
    echo,
    english,
    limited,
    page,
    status,
    translated,
)
from tests.unit.services import kept, said

NAMES = [
    "Ursula von der Leyen",
    "Frankfurt am Main",
    "Rio de Janeiro",
    "tagesschau.de",
    "eBay",
    "Haus an der Isar",
    "heute",
    "Bundesamt für Verfassungsschutz",
    "Der Herr der Ringe",
    "@polizei_nrw #Einsatz",
]
SENTENCES = [
    "Das will einfach nicht.",
    "Der Hund bellt laut.",
    "Die Bundesregierung hat am Mittwoch neue Regeln für die Einreise beschlossen.",
    "er läuft und läuft und läuft nach hause",
    "Im Saal stehen Tische und daneben singen leise die Kinder von der alten Schule.",
]


def articles(*pairs):
    rows = [
        {"article_id": str(i), "title": title, "text": text, "digest": ""}
        for i, (title, text) in enumerate(pairs)
    ]
    return pa.Table.from_pylist(rows, schema=ARTICLES)


def rows(table):
    assert table.schema == UNTRANSLATED
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_stay(name):
    assert may_stay(name)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_may_not(sentence):
    assert not may_stay(sentence)


def test_names_that_come_back_are_kept_and_counted(google, options):
    server = google(lambda text, nth: echo if text in NAMES else translated)
    table = articles(*((name, f"Der Hund von {name} bellt.") for name in NAMES))
    translations, untranslated, summary = translate_articles(table, options())
    assert translations["title"].to_pylist() == NAMES
    assert rows(untranslated) == [(str(i), "title", "unchanged") for i in range(len(NAMES))]
    assert summary.unchanged == len(NAMES)
    assert all(1 <= server.texts.count(name) <= 2 for name in NAMES)
    # From the memory it is the same, though nobody is asked.
    asked = len(server.asked)
    again = translate_articles(table, options())
    assert len(server.asked) == asked
    assert (again[0], again[1]) == (translations, untranslated)


@pytest.mark.parametrize("wrong", SENTENCES)
def test_a_sentence_that_comes_back_stays_german_and_is_asked_again(google, options, caplog, wrong):
    google(lambda text, nth: echo if text == wrong else translated)
    table = articles((wrong, "Ein Satz."), ("2019", wrong))
    with caplog.at_level(logging.WARNING):
        translations, untranslated, summary = translate_articles(table, options())
    assert translations.schema == TEXTS
    assert translations["title"].to_pylist() == [wrong, "2019"]
    assert translations["text"].to_pylist() == [english("Ein Satz."), wrong]
    reason = "failed: unchanged"
    assert rows(untranslated) == [("0", "title", reason), ("1", "text", reason)]
    assert summary.failed == {"unchanged": 1}
    assert "1 of 3 texts could not be translated by google (unchanged 1)" in caplog.text
    assert kept(options()) == {"Ein Satz.": english("Ein Satz.")}
    server = google(lambda text, nth: echo)
    again = translate_articles(table, options())
    assert set(server.texts) == {wrong}
    assert (again[0], again[1]) == (translations, untranslated)
    google()
    *_, untranslated, summary = translate_articles(table, options())
    assert (untranslated.num_rows, summary.asked) == (0, 1)


@pytest.mark.parametrize("first", ["answered", "imported"])
def test_what_a_person_imported_unchanged_is_meant_so(google, options, tmp_path, first):
    google(lambda text, nth: echo)
    table = articles(("Rio de Janeiro", ""))
    if first == "answered":
        assert translate_articles(table, options())[1].num_rows == 1
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\nRio de Janeiro\tRio de Janeiro\n", "utf-8")
    for _ in range(2):
        import_tsv(options().memory, tsv, "google", "de", "en")
        _, untranslated, summary = translate_articles(table, options())
        assert (untranslated.num_rows, summary.asked) == (0, 0)
    lines = [len(file.read_bytes().splitlines()) for file in options().memory.glob("*.jsonl")]
    assert sum(lines) == (2 if first == "answered" else 1)  # a second import adds nothing


def test_a_memory_that_lacks_texts_is_an_error_unless_told(options, tmp_path):
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\nHund\tdog\neBay\teBay\n", "utf-8")
    table = articles(("Hund", "Katze"), ("eBay", ""))
    with pytest.raises(UserError, match=r"1 of 4 texts are not in .*on_failure: keep"):
        translate_articles(table, options(backend="memory", memory=tsv))
    kept = options(backend="memory", memory=tsv, on_failure="keep")
    translations, untranslated, _ = translate_articles(table, kept)
    assert translations["text"].to_pylist() == ["Katze", ""]
    assert rows(untranslated) == [("0", "text", "failed: not in the memory")]


# The service as a whole


@pytest.mark.parametrize(
    ("count", "bad", "message"),
    [
        (60, echo, "stopped, 20 texts in a row failed"),
        (60, status(502), "stopped, 20 texts in a row failed"),
        (3, status(502), "google translates none of the texts"),
        (3, status(403), "google refuses requests"),
        (3, status(429, Retry_After="99999"), "google wants no request for 99999 s"),
    ],
)
def test_a_service_that_translates_nothing_ends_the_run(google, options, count, bad, message):
    google(lambda text, nth: bad)
    table = articles(*((f"Das geht heute nicht mehr, {i}.", "") for i in range(count)))
    with pytest.raises(UserError, match=message):
        translate_articles(table, options(retries=1))


def test_a_service_that_sends_everything_back_teaches_no_names(google, options):
    google(lambda text, nth: echo)
    sentences = [f"Das geht heute nicht mehr, {i}." for i in range(60)]
    done = translate([*NAMES[:5], *sentences, "heute"], options())
    assert done.stopped == "stopped, 20 texts in a row failed"
    assert kept(options()) == {}


def test_a_service_that_fails_for_one_text_does_not_whatever_the_memory_holds(google, options):
    google(lambda text, nth: status(500) if "Hund" in text else translated)
    table = articles(("Der Hund bellt.", "Die Katze schläft."))
    first = translate_articles(table, options(retries=1))
    assert rows(first[1]) == [("0", "title", "failed: HTTP 500")]
    assert translate_articles(table, options(retries=1))[:2] == first[:2]


def test_a_text_that_a_firewall_forbids_ends_nothing(google, options):
    server = google(lambda text, nth: status(403) if "SELECT" in text else translated)
    sentences = [f"Das geht heute nicht mehr, {i}." for i in range(30)]
    table = articles(*((text, "") for text in [*sentences, "SELECT Haus", "Noch ein SELECT."]))
    for _ in range(2):  # also where nothing else is left to be asked for
        _, untranslated, summary = translate_articles(table, options(threads=1))
        failed = "failed: HTTP 403"
        assert rows(untranslated) == [("30", "title", failed), ("31", "title", failed)]
        assert summary.failed == {"HTTP 403": 2}
    assert len(server.asked) == 34
    with pytest.raises(UserError, match="2 of 33 texts could not be translated"):
        translate_articles(table, options(on_failure="stop"))


def test_a_service_that_refuses_from_some_text_on_ends_the_run(google, options):
    server = google(lambda text, nth: translated if text <= "Satz 110" else status(403))
    table = articles(*((f"Satz {i}", "") for i in range(100, 200)))
    with pytest.raises(UserError, match=r"google refuses requests \(HTTP 403\)"):
        translate_articles(table, options(threads=1))
    assert len(server.asked) == 11 + 3


@pytest.fixture
def offline(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/m"
    monkeypatch.setitem(deep_translator.constants.BASE_URLS, "GOOGLE_TRANSLATE", address)


@pytest.mark.parametrize(("texts", "most"), [(1431, 16), (3, 3)])
@pytest.mark.parametrize("on_failure", ["keep", "stop"])
def test_offline_is_one_line_after_a_dozen_texts(offline, options, caplog, texts, most, on_failure):
    table = articles(*((f"Nummer {i} geht nicht.", "") for i in range(texts)))
    started = time.monotonic()
    with caplog.at_level(logging.INFO), pytest.raises(UserError) as error:
        translate_articles(table, options(backoff_s=0.2, retries=5, on_failure=on_failure))
    assert time.monotonic() - started < 10
    assert str(error.value) == (
        f"translation: google cannot be reached (no connection (Connection refused)), and {texts} "
        f"of {texts + 1} texts have no translation yet; see to the network and run again: what "
        "was translated is kept"
    )
    (asked,) = [line for line in caplog.messages if line.startswith("known before")]
    tried = int(asked.split("asked for: ")[1].split()[0])
    assert min(12, texts) <= tried <= most
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    (ended,) = [line for line in caplog.messages if "/s)" in line]
    assert f": {tried} texts in " in ended and ended.endswith(f"{tried} failed")


def test_a_network_that_goes_away_ends_the_run(google, options, monkeypatch):
    from rematch.text.translators.web import Session

    google()
    send = Session.send

    def sometimes(self, request, **kwargs):
        if "Hund" in request.url:
            request.url = "http://127.0.0.1:9/m"
        return send(self, request, **kwargs)

    monkeypatch.setattr(Session, "send", sometimes)
    table = articles(("Der Hund bellt.", "Die Katze schläft."))
    with pytest.raises(UserError, match="google cannot be reached"):
        translate_articles(table, options(retries=1))
    assert kept(options()) == {"Die Katze schläft.": english("Die Katze schläft.")}


# Lengths


def test_google_is_asked_by_the_length_of_the_address(google, options):
    server = google(lambda text, nth: limited(16_384))
    text = " ".join(f"Это предложение номер {i}, оно длинное." for i in range(85))
    assert len(text) > 3_200
    done = translate([text, "学" * 3_000], options(source="ru", retries=0))
    assert not done.failures
    assert all(asked.query["q"] for asked in server.asked)
    assert done.summary.retried == {}  # nothing had to be refused first
    pieces = [piece for piece in server.texts if "学" not in piece]
    assert " ".join(sorted(pieces, key=text.index)) == text
    assert max(len(asked.path) for asked in server.asked) <= 16_384


@pytest.mark.parametrize("code", [400, 413, 414])
def test_what_is_refused_is_cut_again(google, options, code):
    server = google(lambda text, nth: limited(700, code))
    text = " ".join(f"Dies ist Satz {i}, und er ist lang." for i in range(90))
    done = translate([text], options(retries=0))
    assert not done.failures
    heard = [asked.text for asked in server.asked if len(asked.path) <= 700]
    assert done.targets[text] == " ".join(map(english, sorted(heard, key=text.index)))
    assert translate([text], options()).summary.asked == 0


@pytest.mark.parametrize("code", [400, 413])
def test_what_is_refused_at_any_length_fails_soon(google, options, code):
    server = google(lambda text, nth: status(code) if "Hund" in text else translated)
    text = " ".join(f"Der Hund Nummer {i} bellt laut." for i in range(120))
    done = translate([text, "Die Katze schläft."], options())
    assert done.failures == {text: f"HTTP {code}"}
    assert len(server.asked) < 10


@pytest.mark.parametrize("code", [200, 403])
def test_mymemory_is_asked_by_bytes_and_its_length_notice_believed(service, options, code):
    notice = "QUERY LENGTH LIMIT EXCEEDED. MAX ALLOWED QUERY : 500 CHARS"

    def shape(asked):
        long = len(asked.text.encode()) > (400 if "Länge" in asked.text else 500)
        answer = notice if long else english(asked.text)
        payload = {"responseData": {"translatedText": answer}, "responseStatus": "403"}
        return answering(lambda _: payload, code if long else 200)(asked)

    server = service("mymemory", shape)
    first = "Grüße über Öfen, süße Äpfel, müde Füße. " * 13
    assert len(first) < 530 and len(first.encode()) > 620
    second = "Die Länge zählt hier. " * 20
    done = translate([first, second], options(backend="mymemory"))
    assert not done.failures and done.summary.retried == {"cut again": 1}
    assert max(len(asked.text.encode()) for asked in server.asked) <= 500
    assert " ".join(done.targets[first].split("] EN [")).count("müde") == 13


@pytest.mark.parametrize(
    ("backend", "most"), [("deepl", 131_072), ("microsoft", None), ("libre", None)]
)
def test_the_other_services_get_what_they_document(service, options, backend, most):
    server = service(backend)
    text = "Überall läuft ein Hund. " * 5_000
    done = translate([text], options(backend=backend, requests_per_second=5000.0))
    assert not done.failures
    for asked in server.asked:
        assert most is None or len(asked.body) <= most
        assert len(said(asked)) <= {"libre": 2_000, "microsoft": 50_000}.get(backend, 131_072)
    assert len(server.asked) <= {"libre": 61, "microsoft": 3, "deepl": 3}[backend]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=400), st.integers(9, 300), st.sampled_from(sorted(methods("translations"))))
def test_every_measure_cuts_every_text(tmp_path_factory, text, most, backend):
    folder = tmp_path_factory.mktemp("memory")
    if backend in ("marian", "memory", "none"):
        return
    engine = (
        chosen("translations", backend).load()(TranslationOptions(backend, memory=folder)).engine
    )
    limit = engine.load("x" * most)
    pieces = split_text(text, limit, engine.load)
    assert "".join(piece + space for piece, space in pieces) == text.strip()
    assert all(engine.load(piece) <= limit or len(piece) == 1 for piece, _ in pieces)


def test_an_answer_of_another_form_fails_that_text_alone(google, options):
    def strange(asked):
        return Reply(page("x").replace("<div", "<![x[" * 3 + "<div" * 2000))

    google(lambda text, nth: strange if "Hund" in text else translated)
    done = translate(["Der Hund bellt.", "Die Katze schläft."], options())
    assert set(done.failures) <= {"Der Hund bellt."}
    assert done.targets["Die Katze schläft."] == english("Die Katze schläft.")
