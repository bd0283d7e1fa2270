"""Translation, by the real deep_translator against a server on loopback that misbehaves."""

from __future__ import annotations

import email.utils
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pyarrow as pa
import pytest
import requests
from hypothesis import given, settings, strategies as st

from rematch.errors import UserError
from rematch.forms import ARTICLES, TEXTS
from rematch.text.memory.remembered import import_tsv, read_records
from rematch.text.translation.translating import (
    TranslationOptions,
    split_text,
    translate,
    translate_articles,
)
from rematch.text.translators import base, building as translators
from tests.loopback_google import (
    ERROR_PAGE,
    Reply,
    answering,
    dropped,
    echo,
    empty,
    english,
    error_page,
    no_result,
    page,
    silence,
    status,
    translated,
)
from tests.unit.services import KEYED, SECRET, SHAPES, kept

ROOT = Path(__file__).parents[3]
TSV = ROOT.parent / "shared/data/photos-de/translations.tsv"


def once(bad):
    """Every text goes wrong the first time."""
    return lambda text, nth: bad if nth == 0 else translated


def only(wrong, bad):
    """One text goes wrong every time."""
    return lambda text, nth: bad if text == wrong else translated


# The plain way


def test_distinct_texts_are_asked_once_and_never_again(google, options):
    server = google()
    texts = ["Guten Tag", "Grüße an „Köln“ & <Bonn>", "Guten Tag", "a=b&q=c#d +1%"]
    first = translate(texts, options())
    assert first.targets == {text: english(text) for text in texts}
    assert not first.failures
    assert sorted(server.texts) == sorted(set(texts))
    assert {asked.query["sl"] + asked.query["tl"] for asked in server.asked} == {"deen"}
    assert (first.summary.texts, first.summary.hits, first.summary.asked) == (3, 0, 3)

    again = translate([*texts, "neu"], options())
    assert again.targets == first.targets | {"neu": english("neu")}
    assert server.texts[3:] == ["neu"]
    assert (again.summary.hits, again.summary.asked, again.summary.requests) == (3, 1, 1)


def test_a_text_without_letters_costs_no_request(google, options):
    server = google()
    texts = ["", " \n\t", "42", "– … !", "1.000,50 €"]
    done = translate(texts, options())
    assert done.targets == {text: text for text in texts}
    assert server.asked == []
    assert done.summary.passed == len(texts)


def test_many_threads_mix_nothing_up(google, options):
    server = google()
    texts = [f"Satz {i} über {i * i} Dinge" for i in range(400)]
    done = translate(texts, options(threads=8))
    assert done.targets == {text: english(text) for text in texts} == kept(options())
    assert len(server.asked) == 400


def test_articles_keep_their_rows_and_translate_title_and_text_apart(google, options):
    server = google()
    rows = [
        {"article_id": "7", "title": "Ein Hund", "text": "Er läuft.", "digest": "x"},
        {"article_id": "3", "title": "Er läuft.", "text": "", "digest": "y"},
    ]
    table, _, summary = translate_articles(pa.Table.from_pylist(rows, schema=ARTICLES), options())
    assert table.schema == TEXTS
    assert table.to_pylist() == [
        {
            "article_id": row["article_id"],
            "title": english(row["title"]),
            "text": english(row["text"]) if row["text"] else "",
            "source_title": row["title"],
            "source_text": row["text"],
        }
        for row in rows
    ]
    assert sorted(server.texts) == ["Ein Hund", "Er läuft."]
    assert summary.lines()[0].startswith("translation de-en by google: 3 distinct texts")
    assert "known before: 0; without a letter: 1; asked for: 2 in 2 requests; failed: 0" in (
        summary.lines()
    )


def test_no_article_gives_an_empty_table(google, options):
    server = google()
    table, _, summary = translate_articles(ARTICLES.empty_table(), options())
    assert (table.num_rows, table.schema, summary.texts) == (0, TEXTS, 0)
    assert server.asked == []


# Misbehaviour that passes


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (status(429), "HTTP 429"),
        (status(500), "HTTP 500"),
        (status(503), "HTTP 503"),
        (silence, "timeout"),
        (dropped, "no connection (ConnectionError)"),
        (empty, "no answer"),
        (no_result, "no answer"),
        (echo, "unchanged"),
        (error_page, "error page"),
    ],
)
def test_what_goes_wrong_once_is_counted_and_asked_again(google, options, bad, kind):
    server = google(once(bad))
    texts = ["Der Hund bellt laut.", "Die Katze schläft heute."]
    done = translate(texts, options(timeout_s=1.0 if bad is silence else 4.0))
    assert done.targets == {text: english(text) for text in texts} == kept(options())
    assert done.summary.retried == {kind: 2}
    assert done.summary.failed == {}
    assert done.summary.requests == len(server.asked) == 4
    assert f"tried again: {kind} 2" in done.summary.lines()


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_all_requests_rest_as_long_as_retry_after_says(google, options, form):
    def busy(asked):
        if form == "seconds":
            return Reply("", 429, {"Retry-After": "1"})
        # A date has whole seconds: two from now is at least one from now.
        return Reply("", 429, {"Retry-After": email.utils.formatdate(asked.when + 2, usegmt=True)})

    server = google(lambda text, nth: busy if text == "Hallo 0" and nth == 0 else translated)
    texts = [f"Hallo {i}" for i in range(20)]
    done = translate(texts, options(threads=1))
    assert done.targets == {text: english(text) for text in texts}
    refused, following = server.asked[0].when, server.asked[1].when
    assert 0.99 <= following - refused < 10.0


def test_waits_grow_from_try_to_try(google, options):
    server = google(lambda text, nth: status(500) if nth < 4 else translated)
    assert translate(["Hallo du"], options(retries=4, backoff_s=0.1)).failures == {}
    times = [asked.when for asked in server.asked]
    waits = [after - before for before, after in pairwise(times)]
    for tries, wait in enumerate(waits):
        assert 0.05 * 2**tries <= wait < 5.0


def test_a_name_that_comes_back_is_its_translation(google, options):
    server = google(lambda text, nth: echo)
    names = ["Angela Merkel", "1. FC Köln", "Game of Thrones", "Nothing is over yet"]
    done = translate(names, options())
    assert done.targets == {name: name for name in names} == kept(options())
    assert done.summary.unchanged == 4
    translate(names, options())
    assert len(server.asked) == 4


# Misbehaviour that stays


@pytest.mark.parametrize(
    ("bad", "kind", "requests_made"),
    [
        (status(500), "HTTP 500", 4),
        (status(429), "HTTP 429", 4),
        (status(400), "HTTP 400", 1),
        (dropped, "no connection (ConnectionError)", 4),
        (empty, "no answer", 2),
        (no_result, "no answer", 2),
        (echo, "unchanged", 2),
        (error_page, "error page", 2),
    ],
)
def test_what_stays_wrong_is_reported_and_the_rest_kept(
    google, options, caplog, bad, kind, requests_made
):
    wrong, right = "Das will einfach nicht.", ["Der Hund bellt.", "Die Katze schläft."]
    server = google(only(wrong, bad))
    articles = pa.Table.from_pylist(
        [
            {"article_id": "1", "title": wrong, "text": right[0], "digest": "x"},
            {"article_id": "2", "title": right[1], "text": wrong, "digest": "y"},
        ],
        schema=ARTICLES,
    )
    with caplog.at_level(logging.INFO), pytest.raises(UserError) as error:
        translate_articles(articles, options(on_failure="stop"))
    assert str(error.value).startswith(
        f"1 of 3 texts could not be translated by google ({kind} 1; first: '{wrong}')"
    )
    assert "run again" in str(error.value)
    assert f"failed: {kind} 1" in caplog.messages
    assert server.texts.count(wrong) == requests_made
    assert kept(options()) == {text: english(text) for text in right}

    healthy = google()
    table, _, _ = translate_articles(articles, options())
    assert healthy.texts == [wrong]
    assert table["title"].to_pylist() == [english(wrong), english(right[1])]


def test_an_imported_translation_helps_where_the_service_does_not(google, options, tmp_path):
    wrong = "Das will einfach nicht."
    google(only(wrong, echo))
    assert translate([wrong], options()).failures == {wrong: "unchanged"}
    (tmp_path / "t.tsv").write_text(f"source\ttarget\n{wrong}\tIt just won't.\n", "utf-8")
    import_tsv(options().memory, tmp_path / "t.tsv", "google", "de", "en")
    assert translate([wrong], options()).targets == {wrong: "It just won't."}


def test_an_error_page_is_told_from_a_text_about_one(google, options):
    text = ERROR_PAGE + " steht da."
    google(lambda text, nth: lambda asked: Reply(page("Error 500 (Server Error)!!1 it says.")))
    assert translate([text], options()).failures == {}


def test_a_dead_service_ends_the_run_early(google, options, caplog):
    server = google(lambda text, nth: status(502))
    texts = [f"Hallo Nummer {i}" for i in range(300)]
    done = translate(texts, options(retries=1))
    assert set(done.failures) == set(texts)
    assert len(server.asked) <= 2 * (20 + 2 * 4)
    assert done.summary.failed["not asked"] + done.summary.failed["HTTP 502"] == 300
    with pytest.raises(UserError, match=r"300 of 300 .*stopped, 20 texts in a row failed"):
        done.demand_all()


def test_a_refusal_ends_the_run_at_once(google, options):
    server = google(lambda text, nth: status(403))
    done = translate([f"Hallo {i}" for i in range(100)], options(threads=2))
    assert len(server.asked) <= 3
    with pytest.raises(UserError, match=r"100 of 100 .*google refuses requests \(HTTP 403\)"):
        done.demand_all()


def test_a_rest_of_hours_ends_the_run(google, options):
    server = google(lambda text, nth: status(429, Retry_After="7200"))
    done = translate(["Hallo du"], options())
    assert len(server.asked) == 1
    with pytest.raises(UserError, match="google wants no request for 7200 s"):
        done.demand_all()


# Long texts


def test_a_long_text_is_asked_in_pieces_at_sentence_ends(google, options):
    server = google()
    sentences = [f"Dies ist der Satz Nummer {i} von vielen." for i in range(400)]
    text = " ".join(sentences)
    assert len(text) > 15_000
    done = translate([text], options())
    assert not done.failures
    pieces = sorted(server.texts, key=text.index)
    assert " ".join(pieces) == text
    assert all(piece.endswith(".") and len(piece) < 5000 for piece in pieces)
    assert len(pieces) == 4
    assert done.targets[text] == " ".join(map(english, pieces))
    assert kept(options())[text] == done.targets[text]  # for who has only the memory


def test_a_failed_piece_costs_that_piece_alone(google, options):
    text = "\n".join(f"Absatz {i}: " + "viele Wörter " * 300 + "Ende." for i in range(3))
    server = google(lambda text, nth: status(500) if text.startswith("Absatz 1") else translated)
    assert translate([text], options(retries=0)).failures == {text: "HTTP 500"}
    assert len(server.asked) == 3
    healthy = google()
    done = translate([text], options())
    assert [asked[:8] for asked in healthy.texts] == ["Absatz 1"]
    assert done.targets[text] == "\n".join(map(english, text.split("\n")))


def test_a_text_of_exactly_the_limit_is_accepted_by_the_library(google, options):
    server = google()
    texts = ["a" * n for n in (4998, 4999, 5000)]
    assert not translate(texts, options()).failures
    # The text over the limit begins with the one at the limit, which is asked once.
    assert sorted(map(len, server.texts)) == [1, 4998, 4999]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(["Wort", "wo.Wo", "x" * 30, "„Ja!“", "…", " ", "\n\n", "\u00a0", "é."])
    ),
    st.integers(1, 40),
)
def test_pieces_make_the_text_again_and_fit(parts, limit):
    text = "".join(parts)
    pieces = split_text(text, limit)
    assert "".join(piece + space for piece, space in pieces) == text.strip()
    assert all(len(piece) <= limit and piece == piece.strip() for piece, _ in pieces)
    assert all(piece for piece, _ in pieces) or not text.strip()
    assert all(not space.strip() for _, space in pieces)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Er kam. Sie ging fort.", ["Er kam.", "Sie ging fort."]),
        ("Er hatte.Die Frau ging.", ["Er hatte.", "Die Frau ging."]),
        ("„Er kam.“ Sie ging weg.", ["„Er kam.“", "Sie ging weg."]),
        ("Er kam und sie ging weg", ["Er kam und sie", "ging weg"]),
        ("Donaudampfschifffahrt", ["Donaudampfschif", "ffahrt"]),
    ],
)
def test_where_a_text_is_cut(text, pieces):
    assert [piece for piece, _ in split_text(text, 15)] == pieces


# Several processes, and kills


ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}

WORKER = """
import json, sys
from pathlib import Path
import deep_translator.constants
url, memory, texts, rate, threads = sys.argv[1:]
deep_translator.constants.BASE_URLS["GOOGLE_TRANSLATE"] = url
from rematch.text.translation.translating import TranslationOptions, translate
done = translate(json.loads(texts), TranslationOptions(
    "google", memory=Path(memory), requests_per_second=float(rate), threads=int(threads)))
assert not done.failures, done.failures
"""


def worker(server, folder, texts, rate=2000.0, threads=2):
    command = [sys.executable, "-c", WORKER, server.url, folder, json.dumps(texts)]
    return subprocess.Popen(
        [*command, str(rate), str(threads)],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
    )


def finish(process):
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()


def test_a_killed_run_keeps_every_answer_and_the_next_asks_for_the_rest(google, options):
    server = google()
    texts = [f"Ein Satz, und zwar Nummer {i}." for i in range(120)]
    process = worker(server, options().memory, texts, rate=100)
    while len(server.asked) < 40:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    asked_before = set(server.texts)
    kept_before = kept(options())
    # Each thread had at most one answer on its way from the server to the memory.
    assert len(kept_before) >= len(asked_before) - 2
    assert kept_before == {text: english(text) for text in kept_before}

    second = google()
    done = translate(texts, options())
    assert set(second.texts) == set(texts) - set(kept_before)
    assert len(second.texts) == 120 - len(kept_before)
    assert done.targets == {text: english(text) for text in texts} == kept(options())
    assert done.summary.hits == len(kept_before)


def test_two_processes_at_once_lose_nothing(google, options):
    server = google()
    first = [f"Satz {i} hier" for i in range(80)]
    second = [f"Satz {i} hier" for i in range(60, 140)]
    for process in [worker(server, options().memory, texts) for texts in (first, second)]:
        finish(process)
    assert kept(options()) == {text: english(text) for text in first + second}
    # Each answer received was written down, those to a text that both asked for as well.
    assert Counter(record.text for record in read_records(options().memory)) == Counter(
        server.texts
    )


def test_the_ceiling_holds_over_processes_and_threads(google, options):
    server = google()
    texts = [f"Satz {i} hier" for i in range(60)]
    for process in [
        worker(server, options().memory, half, rate=30, threads=4)
        for half in (texts[:30], texts[30:])
    ]:
        finish(process)
    times = sorted(asked.when for asked in server.asked)
    assert len(times) == 60
    # 30 a second, and what bunches up when a busy machine wakes a process late. Without a
    # common ceiling one second would hold all 60.
    busiest = max(sum(start <= when < start + 1.0 for when in times) for start in times)
    assert busiest <= 30 + 12
    assert times[-1] - times[0] >= 59 / 30 - 0.4


def test_an_interrupt_keeps_what_was_under_way(google, options):
    def interrupting(text, nth):
        if len(server.asked) == 10:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        return translated

    server = google(interrupting)
    texts = [f"Satz {i} hier" for i in range(500)]
    with pytest.raises(KeyboardInterrupt):
        translate(texts, options(requests_per_second=50))
    assert set(kept(options())) == set(server.texts)
    assert len(server.texts) < 100


# The other backends


def test_none_changes_nothing_and_needs_no_memory():
    done = translate(["Guten Tag", ""], TranslationOptions("none"))
    assert done.targets == {"Guten Tag": "Guten Tag", "": ""}


def test_memory_alone_translates_what_it_holds(google, options, tmp_path):
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\nHund\tdog\nKatze\tcat\n", "utf-8")
    done = translate(["Hund", "Katze", "", "7"], options(backend="memory", memory=tsv))
    assert done.targets == {"Hund": "dog", "Katze": "cat", "": "", "7": "7"}

    server = google()
    long = "Ein Satz. " * 700
    translate([long], options())
    asked = len(server.asked)
    assert asked == 2
    done = translate([long], options(backend="memory"))
    assert done.targets[long] == translate([long], options()).targets[long]
    assert len(server.asked) == asked


def test_what_memory_lacks_is_one_error(options, tmp_path):
    tsv = tmp_path / "t.tsv"
    tsv.write_text("source\ttarget\nHund\tdog\n", "utf-8")
    texts = ["Hund", "Katze", "Maus", "sehr " * 40, "Igel", ""]
    with pytest.raises(UserError) as error:
        translate(texts, options(backend="memory", memory=tsv))
    message = str(error.value)
    assert message.startswith(f"4 of 6 texts are not in the translation memory {tsv} ")
    assert "'Katze', 'Maus', 'sehr" in message
    assert "Igel" not in message
    assert len(message) < 400


@pytest.mark.skipif(not TSV.exists(), reason=f"the real data are not at {TSV}; put them there")
def test_the_real_memory_translates_the_real_articles(options):
    lines = (TSV.parent / "articles.tsv").read_text("utf-8").split("\n")
    rows = [line.rstrip("\r").split("\t") for line in lines[1:] if line]
    title, text = (lines[0].rstrip("\r").split("\t").index(name) for name in ("title", "text"))
    articles = pa.Table.from_pylist(
        [
            {"article_id": str(i), "title": row[title], "text": row[text], "digest": ""}
            for i, row in enumerate(rows)
        ],
        schema=ARTICLES,
    )
    table, _, summary = translate_articles(articles, options(backend="memory", memory=TSV))
    pairs = dict(line.split("\t") for line in TSV.read_text("utf-8").split("\n") if line)
    assert table["title"].to_pylist() == [pairs[row[title]] for row in rows]
    assert summary.hits == summary.texts


@pytest.mark.parametrize("backend", SHAPES)
def test_other_services_translate_too(service, options, backend):
    server = service(backend)
    texts = ["Grüße & Küsse", "Der Hund bellt."]
    done = translate(texts, options(backend=backend))
    assert done.targets == {text: english(text) for text in texts} == kept(options(backend=backend))
    assert len(server.asked) == 2
    for asked in server.asked:
        assert SECRET not in asked.path
        if backend in KEYED:
            assert asked.method == "POST"
            assert SECRET in str(asked.headers) + asked.body
    if backend == "deepl":
        assert server.asked[0].headers["Authorization"] == f"DeepL-Auth-Key {SECRET}"
        assert parse_qs(server.asked[0].body)["source_lang"] == ["DE"]
    if backend == "mymemory":
        assert server.asked[0].query["langpair"] == "de-DE|en-GB"


@pytest.mark.parametrize("backend", KEYED)
def test_a_missing_key_is_named_before_any_request(service, options, monkeypatch, backend):
    server = service(backend)
    monkeypatch.delenv(KEYED[backend][1])
    with pytest.raises(UserError, match=f"set the environment variable {KEYED[backend][1]}"):
        translate(["Guten Tag"], options(backend=backend))
    assert server.asked == []


@pytest.mark.parametrize("backend", KEYED)
def test_what_the_memory_holds_needs_no_key(service, options, monkeypatch, backend):
    service(backend)
    translate(["Guten Tag"], options(backend=backend))
    monkeypatch.delenv(KEYED[backend][1])
    done = translate(["Guten Tag"], options(backend=backend))
    assert done.targets == {"Guten Tag": english("Guten Tag")}


@pytest.mark.parametrize("backend", KEYED)
@pytest.mark.parametrize(
    "behaviour",
    [status(403), status(500), dropped, silence, answering(lambda asked: {"error": "no"}), None],
)
def test_a_key_is_in_no_log_error_or_memory(service, options, caplog, backend, behaviour):
    service(backend, behaviour)
    with caplog.at_level(logging.DEBUG):
        done = translate(["Guten Tag"], options(backend=backend, timeout_s=0.2, retries=1))
    assert caplog.records
    if behaviour is not None:
        with pytest.raises(UserError) as error:
            done.demand_all()
        assert SECRET not in str(error.value)
    assert SECRET not in caplog.text
    for file in options().memory.iterdir():
        assert SECRET.encode() not in file.read_bytes()


def test_mymemory_says_its_quota_is_used_up_in_place_of_a_translation(service, options):
    notice = "MYMEMORY WARNING: YOU USED ALL AVAILABLE FREE TRANSLATIONS FOR TODAY."
    payload = {"responseData": {"translatedText": notice}, "responseStatus": 429}
    server = service("mymemory", answering(lambda asked: payload))
    done = translate([f"Satz {i} hier" for i in range(50)], options(backend="mymemory"))
    assert len(server.asked) <= 4
    assert kept(options(backend="mymemory")) == {}
    with pytest.raises(UserError, match=r"50 of 50 .*mymemory refuses requests .*MYMEMORY WARNING"):
        done.demand_all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "gogle"}, "'gogle' is not one of deepl, google"),
        ({"source": "klingon"}, "the language 'klingon' is not one of google"),
        ({"source": "en"}, "source and target are both 'en'"),
        ({"memory": None}, "needs a folder for its translation memory"),
        ({"backend": "memory", "memory": None}, "set the key memory"),
        ({"threads": 0}, "threads is 0; it must be above zero"),
        ({"requests_per_second": 0.0}, "requests_per_second is 0.0"),
        ({"retries": -1}, "retries is -1; it must not be negative"),
    ],
)
def test_wrong_options_are_said_in_a_line(google, options, changes, message):
    google()
    with pytest.raises(UserError) as error:
        translate(["Guten Tag"], options(**changes))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_another_backend_is_one_function_and_a_line(options, monkeypatch):
    sizes, threads = [], set()

    def build(options):
        def ask(texts):
            sizes.append(len(texts))
            threads.add(threading.get_ident())
            return [text if text == "bleibt gleich" else text.upper() + "!" for text in texts]

        engine = base.Engine(lambda: ask, max_chars=1000, batch=8, service=False)
        return base.remembering(options, engine)

    declared = SimpleNamespace(load=lambda: build)
    monkeypatch.setattr(translators, "chosen", lambda section, name: declared)
    texts = ["bleibt gleich", *(f"satz {i}" for i in range(19))]
    done = translate(texts, options(backend="shout"))
    assert done.targets == {text: text.upper() + "!" for text in texts} | {
        "bleibt gleich": "bleibt gleich"
    }
    assert sorted(sizes) == [4, 8, 8]
    assert len(threads) == 1
    assert translate(texts, options(backend="shout")).summary.hits == 20


def test_requests_is_as_before_outside_a_translation(google, options):
    from deep_translator import google as module

    server = google(lambda text, nth: status(500) if text == "direkt" else translated)
    engine = translators.build(options()).engine
    assert engine.open()(["Guten Tag"]) == [english("Guten Tag")]
    # The same module, the same thread: no exception of ours, and no session.
    response = module.requests.get(server.url, params={"q": "direkt"})
    assert type(response) is requests.Response
    assert response.status_code == 500
    assert module.requests.exceptions is requests.exceptions
