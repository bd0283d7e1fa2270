"""Downloads, against a real server on loopback that fails in every way a server can."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from rematch.corpus import CorpusSpec, read_corpus, wanted_photos
from rematch.corpus.downloading import DownloadOptions, DownloadReport, download
from rematch.corpus.downloading.folder import FAILED, INDEX, find_downloaded, read_failed
from rematch.corpus.downloading.hosts import GIVE_UP_AFTER
from rematch.corpus.downloading.running import urls_by_id
from rematch.corpus.photos import open_photo
from rematch.errors import UserError
from tests.loopback_photos import HTML, LoopbackPhotos, Reply, encoded, photo, picture

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def serve():
    """Start a server with a schedule; it ends with the test."""
    running = []

    def start(schedule=None) -> LoopbackPhotos:
        running.append(LoopbackPhotos(schedule).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__()


def quick(**changes) -> DownloadOptions:
    fast = {"requests_per_second": 2000.0, "timeout_s": 10.0, "retries": 3, "backoff_s": 0.01}
    return DownloadOptions(**{**fast, **changes})


def at(server: LoopbackPhotos, *keys: str) -> dict[str, str]:
    return {key: server.url + key for key in keys}


def numbered(server: LoopbackPhotos, n: int) -> dict[str, str]:
    return at(server, *(f"p{i}" for i in range(n)))


def same_pixels(path: Path, key: str) -> bool:
    return open_photo(path).tobytes() == picture(key).tobytes()


# What is stored, and under which name


def test_photos_are_stored_by_id_with_the_extension_of_their_content(serve, tmp_path):
    forms = {"a": "JPEG", "b": "PNG", "c": "GIF", "d": "WEBP"}
    server = serve(lambda key, nth: Reply(encoded(picture(key[0]), forms[key[0]])))
    urls = {key: f"{server.url}{key}/wrong.bmp?x=1" for key in forms}
    report = download(urls, tmp_path, quick())
    expected = {"a": "a.jpg", "b": "b.png", "c": "c.gif", "d": "d.webp"}
    assert find_downloaded(tmp_path) == expected
    assert (report.wanted, report.there, report.fetched, report.failed) == (4, 0, 4, {})
    assert report.requests == 4
    assert report.bytes == sum((tmp_path / name).stat().st_size for name in expected.values())
    for key, name in expected.items():
        assert (tmp_path / name).read_bytes() == encoded(picture(key), forms[key])
    assert {path.name for path in tmp_path.iterdir()} == {*expected.values(), ".download"}
    assert not list(tmp_path.glob(".download/*.part"))


ODD = [
    "a/b",
    "../../etc/passwd",
    "..",
    ".",
    "with space",
    "tab\tand\nline",
    "📷",
    "nul\0",
    "\ud800",
    "x" * 5000,
    "Case",
    "case",
    "con.jpg",
    "hash." + "0" * 40,
    '"quoted"',
    "",
    " ",
]


def test_every_id_gets_a_safe_name_and_is_found_again(serve, tmp_path):
    server = serve()
    folder = tmp_path / "deep" / "photos"
    urls = {item: f"{server.url}{i}" for i, item in enumerate([*ODD, "plain_Id-7"])}
    report = download(urls, folder, quick())
    assert report.failed == {}
    found = find_downloaded(folder)
    assert found.keys() == urls.keys()
    assert found["plain_Id-7"] == "plain_Id-7.png"
    assert len({name.lower() for name in found.values()}) == len(urls)
    for i, item in enumerate(urls):
        name = found[item]
        assert name == Path(name).name and len(name) < 120 and name.isascii()
        assert same_pixels(folder / name, str(i))
    assert {path.name for path in tmp_path.iterdir()} == {"deep"}
    assert download(urls, folder, quick()).there == len(urls)
    assert len(server.asked) == len(urls)


def test_an_id_that_differs_in_case_from_one_that_is_there_gets_another_file(serve, tmp_path):
    server = serve()
    download(at(server, "Photo"), tmp_path, quick())
    download(at(server, "Photo", "photo"), tmp_path, quick())
    found = find_downloaded(tmp_path)
    assert found["Photo"] == "Photo.png" and found["photo"].startswith("hash.")
    assert same_pixels(tmp_path / found["photo"], "photo")


def test_the_index_survives_torn_and_foreign_lines_and_its_own_loss(serve, tmp_path):
    server = serve()
    urls = {"a/b": server.url + "1", "c d": server.url + "2"}
    download(urls, tmp_path, quick())
    whole = find_downloaded(tmp_path)
    index = tmp_path / "index.tsv"
    lines = index.read_text("utf-8").splitlines()
    assert lines[0] == "image_id\tfile"
    assert {json.loads(line.split("\t")[0]): line.split("\t")[1] for line in lines[1:]} == whole
    name = whole["c d"]
    index.write_text(f'{lines[0]}\n"stranger"\t{name}\nno tab\n"torn', "utf-8")
    assert find_downloaded(tmp_path) == {}
    assert download(urls, tmp_path, quick()).there == 2
    assert find_downloaded(tmp_path) == whole
    index.unlink()
    assert download(urls, tmp_path, quick()).there == 2
    assert find_downloaded(tmp_path) == whole
    assert len(server.asked) == 2


def test_photos_put_there_by_hand_count_and_empty_files_do_not(serve, tmp_path):
    server = serve()
    (tmp_path / "p0.JPG").write_bytes(encoded(picture("hand"), "JPEG"))
    (tmp_path / "a b.jpeg").write_bytes(encoded(picture("hand"), "JPEG"))
    (tmp_path / "p1.jpg").write_bytes(b"")
    (tmp_path / "p2.txt").write_bytes(b"text")
    report = download({**numbered(server, 3), "a b": server.url + "x"}, tmp_path, quick())
    assert (report.there, report.fetched) == (2, 2)
    assert sorted(server.keys) == ["p1", "p2"]
    expected = {"p0": "p0.JPG", "a b": "a b.jpeg", "p1": "p1.png", "p2": "p2.png"}
    assert find_downloaded(tmp_path) == expected
    assert not (tmp_path / "p1.jpg").exists()


def test_the_corpus_finds_plain_ids_by_itself(serve, tmp_path):
    server = serve(lambda key, nth: Reply(encoded(picture(key), "JPEG")))
    download(numbered(server, 3), tmp_path / "photos", quick())
    rows = "".join(f"{i}\tTitle {i}\tText\tp{i}\tp{i}.png\n" for i in range(3))
    table = tmp_path / "pairs.tsv"
    table.write_text("article\ttitle\ttext\tiid\timgFile\n" + rows, "utf-8")
    corpus = read_corpus(CorpusSpec(pairs=(table,), photos=tmp_path / "photos"), 1)
    assert sorted(corpus.images["image_id"].to_pylist()) == ["p0", "p1", "p2"]


def test_what_rows_call_a_photo_holds_for_download_and_corpus_alike(serve, tmp_path):
    """0.jpg is the file of image 7, whatever the id 0 would be called."""
    server = serve(lambda key, nth: Reply(encoded(picture(key), "JPEG")))
    rows = [("0", "3.jpg"), ("7", "0.jpg"), ("5", "by hand.jpg"), ("6", "")]
    rows += [("x.jpg", ""), ("x.png", "")]
    (tmp_path / "images.tsv").write_text(
        "img\tiid\timgFile\n" + "".join(f"{server.url}{i}\t{i}\t{f}\n" for i, f in rows)
    )
    (tmp_path / "articles.tsv").write_text("articleID\ttitle\ttext\na\tT\tx\n")
    folder = tmp_path / "photos"
    spec = CorpusSpec(
        articles=tmp_path / "articles.tsv", images=tmp_path / "images.tsv", photos=folder
    )
    folder.mkdir()
    (folder / "by hand.jpg").write_bytes(encoded(picture("5"), "JPEG"))
    urls, naming = wanted_photos(spec)
    for there in (1, 6):
        report = download(urls, folder, quick(), naming)
        assert (report.wanted, report.there, report.failed) == (6, there, {})
        corpus = read_corpus(spec, 1)
        found = {row["image_id"]: Path(row["file"]) for row in corpus.images.to_pylist()}
        assert {item: path.name for item, path in found.items()} == dict(report.files)
        for item, path in found.items():
            assert path.read_bytes() == encoded(picture(item), "JPEG")
        assert report.files["5"] == "by hand.jpg" and report.files["7"] == "7.jpg"
        assert report.files["0"].startswith("hash.") and report.files["6"] == "6.jpg"
        table = {row["image_id"]: row["file"] for row in report.table().to_pylist()}
        assert table == report.files


def test_find_in_a_folder_that_does_not_exist(tmp_path):
    assert find_downloaded(tmp_path / "none") == {}
    assert read_failed(tmp_path / "none") == {}


@given(st.dictionaries(st.text(max_size=120), st.sampled_from(["1", "2"]), max_size=8))
@settings(max_examples=25, deadline=None)
def test_ids_and_files_are_one_to_one(urls):
    with LoopbackPhotos() as server, tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "photos"
        wanted = {item: server.url + key for item, key in urls.items()}
        assert download(wanted, folder, quick()).failed == {}
        found = find_downloaded(folder)
        assert found.keys() == wanted.keys()
        assert len({name.lower() for name in found.values()}) == len(wanted)
        assert all(same_pixels(folder / found[item], key) for item, key in urls.items())


# Tables


def test_a_table_is_read_by_its_columns(serve, tmp_path):
    server = serve()
    urls = numbered(server, 4)
    table = pa.table({"url": list(urls.values()), "image_id": list(urls)})
    assert urls_by_id(pa.concat_tables([table, table])) == urls
    assert download(table, tmp_path, quick()).fetched == 4
    assert len(server.asked) == 4


def test_an_id_with_two_urls_is_named():
    table = pa.table({"image_id": ["7", "7"], "url": ["http://a/1", "http://a/2"]})
    with pytest.raises(UserError, match="photo '7' has two URLs"):
        urls_by_id(table)


def test_nothing_depends_on_the_order_of_urls(serve, tmp_path):
    reports, listings = [], []
    for seed in (0, 1):
        server = serve(lambda key, nth: Reply(status=404) if key in ("p3", "p8") else photo(key))
        urls = list(numbered(server, 12).items())
        random.Random(seed).shuffle(urls)
        folder = tmp_path / str(seed)
        report = download(dict(urls), folder, quick(threads=1 + 4 * seed))
        reports.append((report.fetched, list(report.failed.items()), report.requests))
        listings.append(find_downloaded(folder))
    assert reports[0] == reports[1] and listings[0] == listings[1]


# Misbehaviour that passes


def flawed(first: Reply):
    """A server whose first answer for each photo is `first`, the others good."""
    return lambda key, nth: first if nth == 0 else photo(key)


BODY = encoded(picture("p0"))
PASSING = {
    "429": (Reply(status=429), "refused"),
    "408": (Reply(status=408), "refused"),
    "500": (Reply(status=500), "server error"),
    "503, Retry-After": (Reply(status=503, headers={"Retry-After": "0"}), "server error"),
    "silence": (Reply(BODY, hang=30.0), "no answer"),
    "silence in the body": (Reply(BODY, cut=100, hang=30.0), "no answer"),
    "reset": (Reply(reset=True), "no answer"),
    "dropped in the body": (Reply(BODY, cut=100), "cut short"),
    "reset in the body": (Reply(BODY, cut=100, reset=True), "cut short"),
    "too great a Content-Length": (Reply(BODY, length=len(BODY) + 5), "cut short"),
    "too small a Content-Length": (Reply(BODY, length=len(BODY) - 500), "photo unreadable"),
    "cut without a Content-Length": (Reply(BODY, length=-1, cut=500), "photo unreadable"),
    "cut between chunks": (Reply(BODY, chunked=True, cut=500), "cut short"),
    "zero bytes": (Reply(b""), "photo empty"),
    "gzip without its end": (
        Reply(gzip.compress(BODY)[:-6], headers={"Content-Encoding": "gzip"}),
        "cut short",
    ),
    "gzip without its end or length": (
        Reply(gzip.compress(BODY)[:-6], headers={"Content-Encoding": "gzip"}, length=-1, cut=9999),
        "cut short",
    ),
    "otherwise compressed": (Reply(BODY, headers={"Content-Encoding": "br"}), "cut short"),
    "Retry-After beyond any calendar": (
        Reply(status=503, headers={"Retry-After": "Thu, 26 Nov 2026 01:00:00 +99999999999999"}),
        "server error",
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again(serve, tmp_path, name):
    reply, kind = PASSING[name]
    server = serve(flawed(reply))
    patience = 0.5 if "silence" in name else 10.0
    report = download(numbered(server, 1), tmp_path, quick(timeout_s=patience))
    assert report.failed == {} and report.fetched == 1
    assert report.retried == {kind: 1}
    assert len(server.asked) == report.requests == 2
    assert same_pixels(tmp_path / "p0.png", "p0")
    assert not (tmp_path / "failed.jsonl").exists()
    assert not list(tmp_path.glob(".download/*.part"))


def test_a_body_that_drips_is_not_waited_for_without_end(serve, tmp_path):
    server = serve(flawed(Reply(BODY, drip=0.05)))
    started = time.monotonic()
    report = download(numbered(server, 1), tmp_path, quick(timeout_s=0.2))
    assert report.fetched == 1 and report.retried["cut short"] == 1
    assert time.monotonic() - started < 0.05 * len(BODY) / 2


def test_headers_that_drip_are_not_waited_for_without_end(serve, tmp_path):
    server = serve(lambda key, nth: Reply(BODY, headers={"X": "a" * 900}, header_drip=0.05))
    started = time.monotonic()
    report = download(numbered(server, 1), tmp_path, quick(timeout_s=0.1, retries=0))
    assert report.failed == {"p0": "no answer: silence"}
    assert time.monotonic() - started < 5


def test_retry_after_rests_all_requests_to_the_host(serve, tmp_path):
    busy = Reply(status=429, headers={"Retry-After": "1"})
    server = serve(lambda key, nth: busy if len(server.asked) == 1 else photo(key))
    report = download(numbered(server, 6), tmp_path, quick(threads=1))
    assert report.fetched == 6 and report.retried == {"refused": 1}
    assert server.asked[1].when - server.asked[0].when >= 0.99


def test_waits_grow_from_try_to_try(serve, tmp_path):
    server = serve(lambda key, nth: Reply(status=500) if nth < 4 else photo(key))
    download(numbered(server, 1), tmp_path, quick(retries=4, backoff_s=0.08))
    times = [asked.when for asked in server.asked]
    waits = [after - before for before, after in pairwise(times)]
    assert len(waits) == 4
    assert all(wait >= 0.04 * 2**tries for tries, wait in enumerate(waits))


# Misbehaviour that stays

TINY = Reply(encoded(picture("x", (1, 1))))
FLAT = Reply(encoded(Image.new("RGB", (60, 40), (200, 200, 200))))
LARGE = Reply(encoded(picture("x", (300, 200))))  # random pixels: about 180 kB
BOMB = Reply(gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})
STAYING = {
    "404": (Reply(status=404), "dead link: HTTP 404", 1, True),
    "410": (Reply(status=410), "dead link: HTTP 410", 1, True),
    "403": (Reply(status=403), "refused: HTTP 403", 1, False),
    "204": (Reply(status=204), "refused: HTTP 204", 1, False),
    "500 for ever": (Reply(status=500), "server error: HTTP 500, tried 4 times", 4, False),
    "empty for ever": (Reply(b""), "photo empty: 0 bytes, tried 3 times", 3, False),
    "HTML": (HTML, "not a photo: an HTML page", 1, False),
    "text": (Reply(b"sorry, no"), "not a photo: it begins with b'sorry, no'", 1, False),
    "SVG": (Reply(b'<?xml version="1.0"?><svg/>'), "not a photo: an SVG drawing", 1, False),
    "BMP": (
        Reply(encoded(picture("x"), "BMP")),
        f"not a photo: it begins with {encoded(picture('x'), 'BMP')[:16]!r}",
        1,
        False,
    ),
    "damaged": (Reply(BODY[:900]), "photo unreadable: ", 2, False),
    "1 x 1": (TINY, "placeholder: 1 x 1 pixels", 1, True),
    "one colour": (FLAT, "placeholder: a single colour", 1, True),
    "too large": (LARGE, "photo too large: more than 0.05 MB", 1, True),
    "too large, chunked": (
        Reply(LARGE.body, chunked=True),
        "photo too large: more than 0.05 MB",
        1,
        True,
    ),
    "too large, unannounced": (
        Reply(LARGE.body, length=-1, cut=10**9),
        "photo too large: more than 0.05 MB",
        1,
        True,
    ),
    "too large once unpacked": (BOMB, "photo too large: more than 0.05 MB", 1, True),
    "redirect to a file": (
        Reply(status=302, headers={"Location": "file:///etc/passwd"}),
        "redirect: to bad address: file:///etc/passwd, not http or https",
        1,
        True,
    ),
    "redirect to ftp": (
        Reply(status=301, headers={"Location": "ftp://127.0.0.1/p0.jpg"}),
        "redirect: to bad address: ftp://127.0.0.1/p0.jpg, not http or https",
        1,
        True,
    ),
    "redirect to data": (
        Reply(status=302, headers={"Location": "data:image/png;base64,AAAA"}),
        "redirect: to bad address: data:image/png;base64,AAAA, not http or https",
        1,
        True,
    ),
    "redirect to nonsense": (
        Reply(status=302, headers={"Location": "http://[bad"}),
        "redirect: to http://[bad (Invalid IPv6 URL)",
        1,
        True,
    ),
    "redirect to itself": (
        Reply(status=307, headers={"Location": "p0"}),
        "redirect: in a circle",
        1,
        True,
    ),
    "redirect without an address": (Reply(status=302), "refused: HTTP 302", 1, False),
}


@pytest.mark.parametrize("name", STAYING)
def test_what_stays_is_remembered_with_its_reason(serve, tmp_path, name):
    reply, reason, asked, lasting = STAYING[name]
    server = serve(lambda key, nth: reply if key == "p0" else photo(key))
    report = download(numbered(server, 3), tmp_path, quick(max_mb=0.05))
    assert list(report.failed) == ["p0"] and report.failed["p0"].startswith(reason)
    assert report.failed["p0"] == reason or name == "damaged"
    assert report.fetched == 2  # and the others are here
    assert find_downloaded(tmp_path).keys() == {"p1", "p2"}
    assert server.keys.count("p0") == asked
    assert not list(tmp_path.glob(".download/*.part"))
    remembered = read_failed(tmp_path)["p0"]
    assert remembered.url == server.url + "p0"
    assert (remembered.reason, remembered.lasting) == (report.failed["p0"], lasting)
    again = download(numbered(server, 3), tmp_path, quick(max_mb=0.05))
    assert list(again.failed) == ["p0"]
    assert again.remembered == int(lasting)
    assert server.keys.count("p0") == (asked if lasting else 2 * asked)
    # The same failure twice is one line.
    assert len((tmp_path / "failed.jsonl").read_text("utf-8").splitlines()) == 1


def test_redirects_are_followed_to_their_limit(serve, tmp_path):
    def chain(key, nth):
        name, _, left = key.partition("-")
        if int(left):
            return Reply(status=302, headers={"Location": f"/{name}-{int(left) - 1}#part"})
        return photo(key)

    server = serve(chain)
    urls = {"five": server.url + "a-5", "six": server.url + "b-6"}
    report = download(urls, tmp_path, quick())
    assert report.failed == {"six": "redirect: more than 5"}
    assert same_pixels(tmp_path / "five.png", "a-0")
    assert len(server.asked) == 12


def test_a_redirect_to_another_host_is_followed(serve, tmp_path):
    there = serve()
    moved = Reply(status=301, headers={"Location": there.url + "p0"})
    here = serve(lambda key, nth: moved)
    assert download(numbered(here, 1), tmp_path, quick()).fetched == 1
    assert there.keys == ["p0"]


def test_the_body_of_a_redirect_is_not_read(serve, tmp_path):
    endless = Reply(bytes(9000), status=302, headers={"Location": "/end"}, drip=0.05)
    server = serve(lambda key, nth: photo(key) if key == "end" else endless)
    started = time.monotonic()
    assert download(numbered(server, 1), tmp_path, quick()).fetched == 1
    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x.jpg",
        "//127.0.0.1/x.jpg",
        "/x.jpg",
        "x.jpg",
        "http://",
        "http:///x.jpg",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "javascript:alert(1)",
        "http://.a..b/",
        f"http://{'x' * 70}.invalid/",
        "http://*/",
    ],
)
def test_an_address_that_is_none_is_refused_without_a_request(tmp_path, url):
    started = time.monotonic()
    report = download({"a": url}, tmp_path, quick(retries=0))
    assert report.failed["a"].startswith("bad address: ")
    assert report.fetched == 0 and time.monotonic() - started < 5.0


def test_white_space_around_an_address_is_no_part_of_it(serve, tmp_path):
    server = serve()
    assert download({"a": f" {server.url}p0 \n"}, tmp_path, quick()).fetched == 1


def test_a_url_with_umlauts_and_spaces_is_asked(serve, tmp_path):
    server = serve()
    urls = {"a": server.url + "Köln am Rhein.jpg", "b": server.url + "K%C3%B6ln%20am%20Rhein.jpg"}
    assert download(urls, tmp_path, quick()).fetched == 2
    assert server.keys == ["Köln am Rhein.jpg"] * 2


def test_nobody_listens(tmp_path, serve):
    server = serve()
    server.__exit__()
    report = download(numbered(server, 1), tmp_path, quick())
    assert report.failed == {"p0": "no answer: Connection refused, tried 4 times"}
    assert read_failed(tmp_path)["p0"].lasting is False


def test_a_host_that_is_down_is_left_alone(serve, tmp_path):
    down = serve(lambda key, nth: Reply(status=503))
    well = serve()
    urls = {f"w{i}": f"http://localhost:{well.port}/w{i}" for i in range(40)}
    report = download({**numbered(down, 40), **urls}, tmp_path, quick(retries=1, threads=2))
    assert report.fetched == 40
    assert len(report.failed) == 40
    assert len(down.asked) <= 2 * (GIVE_UP_AFTER + 2)
    reasons = Counter(report.failed.values())
    assert reasons[f"not asked: 127.0.0.1 failed {GIVE_UP_AFTER} times in a row"] >= 28
    assert not any(failed.lasting for failed in read_failed(tmp_path).values())


def test_a_photo_that_was_asked_for_keeps_its_own_reason(serve, tmp_path):
    """Ten photos at once, all in their back-off when the host is given up."""
    server = serve(lambda key, nth: Reply(status=500))
    report = download(numbered(server, 25), tmp_path, quick(threads=25, retries=1))
    asked = set(server.keys)
    assert len(asked) == 25
    assert {item for item, why in report.failed.items() if "HTTP 500" in why} == asked


def test_a_name_that_nobody_has_is_tried_twice(tmp_path, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    report = download({"a": "http://nowhere.invalid/x"}, tmp_path, quick())
    assert report.failed["a"] == "no answer: Name or service not known, tried 2 times"
    assert report.requests == 2 and report.retried == {"no answer": 1}


def test_dead_links_in_a_row_do_not_end_a_run(serve, tmp_path):
    server = serve(lambda key, nth: photo(key) if key == "z" else (Reply(status=404), HTML)[nth])
    report = download({**numbered(server, 30), **at(server, "z")}, tmp_path, quick(threads=1))
    assert report.fetched == 1 and len(server.asked) == 31


def test_a_host_that_wants_hours_of_rest_is_left_alone(serve, tmp_path):
    server = serve(lambda key, nth: Reply(status=429, headers={"Retry-After": "7200"}))
    report = download(numbered(server, 8), tmp_path, quick(threads=1))
    assert len(server.asked) == 1
    assert report.failed["p0"] == "refused: HTTP 429"
    assert report.failed["p7"] == "not asked: 127.0.0.1 wants no request for 7,200 s"


# What is remembered


def test_what_failed_for_good_is_asked_again_when_told_or_when_its_url_changed(serve, tmp_path):
    server = serve(lambda key, nth: Reply(status=404) if nth == 0 else photo(key))
    urls = numbered(server, 3)
    assert len(download(urls, tmp_path, quick()).failed) == 3
    still = download(urls, tmp_path, quick())
    assert still.remembered == len(still.failed) == 3 and still.requests == 0
    moved = download({**urls, "p1": server.url + "p1?new"}, tmp_path, quick())
    assert moved.fetched == 1 and moved.failed.keys() == {"p0", "p2"}
    told = download(urls, tmp_path, quick(retry_dead=True))
    assert (told.there, told.fetched, told.failed) == (1, 2, {})
    done = download(urls, tmp_path, quick())
    assert (done.there, done.failed, done.requests) == (3, {}, 0)


def test_torn_lines_of_failures_are_passed_over_and_added_to(serve, tmp_path):
    server = serve(lambda key, nth: Reply(status=404))
    download(numbered(server, 2), tmp_path, quick())
    path = tmp_path / "failed.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert len(read_failed(tmp_path)) == 1
    download(numbered(server, 2), tmp_path, quick())
    assert read_failed(tmp_path).keys() == {"p0", "p1"}
    path.write_bytes(b"\xff\n[]\n{}\nnull\n" + whole)
    assert read_failed(tmp_path).keys() == {"p0", "p1"}


def test_the_report_says_it_all(serve, tmp_path):
    server = serve(lambda key, nth: Reply(status=404) if key < "p2" else photo(key))
    lines = download(numbered(server, 30), tmp_path, quick()).lines()
    dead = sorted(key for key in numbered(server, 30) if key < "p2")
    text = "\n".join(lines)
    assert f"30 wanted = 0 there already + {30 - len(dead)} fetched + {len(dead)} missing" in text
    assert f"missing: dead link {len(dead)}" in lines
    assert [line for line in lines if line.startswith("  ")] == [
        f"  {item!r}: dead link: HTTP 404" for item in dead[:10]
    ]
    assert str(tmp_path / "failed.jsonl") in lines[-1]
    again = "\n".join(download(numbered(server, 30), tmp_path, quick()).lines())
    assert f"{len(dead)} of them failed for good in an earlier run" in again
    assert len(server.asked) == 30


def test_stop_raises_after_all_that_can_be_had_is_there(serve, tmp_path):
    server = serve(lambda key, nth: Reply(status=404) if key == "p0" else photo(key))
    with pytest.raises(UserError, match=r"1 of 5 photos cannot be had, first 'p0' \(dead link"):
        download(numbered(server, 5), tmp_path, quick(on_missing="stop"))
    assert len(find_downloaded(tmp_path)) == 4
    (tmp_path / "p0.png").write_bytes(BODY)
    assert download(numbered(server, 5), tmp_path, quick(on_missing="stop")).there == 5


def test_equal_files_from_many_urls_are_mentioned(serve, tmp_path):
    same = Reply(encoded(picture("nothing to see")))
    server = serve(lambda key, nth: same if key < "p6" else photo(key))
    urls = numbered(server, 9) | {f"q{i}": server.url + "p7" for i in range(9)}
    report = download(urls, tmp_path, quick())
    assert report.failed == {}
    assert report.alike == [["p0", "p1", "p2", "p3", "p4", "p5"]]
    assert any("6 photos from different URLs are the same file" in line for line in report.lines())


# Manners


def test_requests_say_who_asks_and_keep_no_cookies(serve, tmp_path):
    def baker(key, nth):
        return Reply(photo(key).body, headers={"Set-Cookie": "track=1"})

    server = serve(baker)
    agent = "rematch-test/1 (mailto:someone@example.org)"
    download(numbered(server, 4), tmp_path, quick(user_agent=agent, threads=1))
    for asked in server.asked:
        assert asked.headers["User-Agent"] == agent
        assert asked.headers["Accept-Encoding"] == "identity"
        assert "image/avif" not in asked.headers["Accept"]
        assert "Cookie" not in asked.headers


def test_a_compressed_body_is_unpacked(serve, tmp_path):
    packed = Reply(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})
    server = serve(lambda key, nth: packed)
    assert download(numbered(server, 1), tmp_path, quick()).fetched == 1
    assert (tmp_path / "p0.png").read_bytes() == BODY


def test_the_ceiling_holds_over_threads_and_for_each_host(serve, tmp_path):
    server = serve()
    urls = numbered(server, 24)
    other = {f"l{i}": f"http://localhost:{server.port}/l{i}" for i in range(24)}
    started = time.monotonic()
    download({**urls, **other}, tmp_path, quick(requests_per_second=20.0, threads=8))
    took = time.monotonic() - started
    for host in ("127.0.0.1", "localhost"):
        times = sorted(asked.when for asked in server.asked if asked.host.startswith(host))
        assert len(times) == 24
        # 24 requests are 23 gaps of 50 ms; a late thread may bunch a few.
        assert times[-1] - times[0] >= 23 / 20 - 0.2
        busiest = max(sum(start <= when < start + 0.5 for when in times) for start in times)
        assert busiest <= 10 + 5
    assert took < 2 * 23 / 20  # the hosts do not wait for each other


def test_folders_that_share_the_ceilings_hold_them_together(serve, tmp_path):
    server = serve()
    options = quick(requests_per_second=20.0, rates=tmp_path / "rates")
    runs = [
        threading.Thread(target=download, args=(numbered(server, 8), tmp_path / name, options))
        for name in "ab"
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    times = sorted(asked.when for asked in server.asked)
    assert len(times) == 16 and times[-1] - times[0] >= 15 / 20 - 0.1


def test_no_more_requests_at_once_than_threads(serve, tmp_path):
    lock, now, most = threading.Lock(), 0, 0

    def slow(key, nth):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return photo(key)

    server = serve(slow)
    download(numbered(server, 12), tmp_path, quick(threads=3))
    assert most == 3


def test_two_runs_in_one_folder_ask_once(serve, tmp_path):
    server = serve()
    reports: list[DownloadReport] = []
    runs = [
        threading.Thread(
            target=lambda: reports.append(download(numbered(server, 10), tmp_path, quick()))
        )
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(server.asked) == 10
    assert sorted((report.there, report.fetched) for report in reports) == [(0, 10), (10, 0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"threads": 0},
        {"requests_per_second": 0},
        {"timeout_s": -1},
        {"retries": -1},
        {"max_mb": 0},
        {"on_missing": "pray"},
        {"user_agent": ""},
        {"user_agent": "a\r\nHost: b"},
        {"user_agent": "Müller"},
    ],
)
def test_options_that_cannot_be_are_refused(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        DownloadOptions(**wrong)


def test_options_from_the_config():
    options = DownloadOptions.from_config({"threads": 2, "rates": "some/folder"})
    assert options == DownloadOptions(threads=2, rates=Path("some/folder"))
    assert DownloadOptions.from_config({}) == DownloadOptions()


# Ends that nobody planned

RUN = """
import json, sys
from pathlib import Path
from rematch.corpus.downloading import DownloadOptions, download
urls = json.loads(sys.stdin.readline())
options = DownloadOptions(requests_per_second=2000.0, threads=3, timeout_s=30.0)
download(urls, Path(sys.argv[1]), options)
"""


def run_elsewhere(urls: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)], env=environment, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(urls).encode() + b"\n")
    process.stdin.close()
    return process


def test_a_killed_run_loses_what_was_in_flight_and_no_more(serve, tmp_path):
    stuck = threading.Event()

    def schedule(key, nth):
        if len(server.asked) > 20 and not stuck.is_set():
            return Reply(photo(key).body, cut=700, hang=30.0)  # half a photo is on its way
        return Reply(status=404) if key == "p3" else photo(key)

    server = serve(schedule)
    # Names of both sorts, and one dead link, which comes early.
    urls = numbered(server, 20) | {f"a/{i}": f"{server.url}a{i}" for i in range(20)}
    process = run_elsewhere(urls, tmp_path)
    until = time.monotonic() + 20
    while time.monotonic() < until and (
        len(server.asked) < 23 or len(list(tmp_path.glob(".download/*.part"))) < 3
    ):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stuck.set()
    before = server.keys
    assert len(before) == 23
    assert len(list(tmp_path.glob(".download/*.part"))) == 3
    kept = find_downloaded(tmp_path)
    for item, name in kept.items():
        assert same_pixels(tmp_path / name, item.replace("/", ""))
    dead = sum(failed.lasting for failed in read_failed(tmp_path).values())
    assert len(kept) + dead == 20
    report = download(urls, tmp_path, quick())
    assert report.there == len(kept) and report.remembered == dead
    assert report.failed == {"p3": "dead link: HTTP 404"}
    assert find_downloaded(tmp_path).keys() == urls.keys() - {"p3"}
    asked_twice = {key for key, times in Counter(server.keys).items() if times > 1}
    assert asked_twice <= set(before[-3:])
    assert len(server.asked) == 40 + 3
    assert not list(tmp_path.glob(".download/*.part"))


def test_half_photos_of_a_killed_run_go_even_if_nobody_wants_them_any_more(serve, tmp_path):
    (tmp_path / ".download").mkdir()
    (tmp_path / ".download" / "unwanted.part").write_bytes(BODY[:100])
    assert find_downloaded(tmp_path) == {}
    download(numbered(serve(), 1), tmp_path, quick())
    assert not list(tmp_path.glob(".download/*.part"))


def test_an_interrupt_keeps_what_was_under_way(serve, tmp_path):
    def interrupting(key, nth):
        if len(server.asked) == 10:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        return photo(key)

    server = serve(interrupting)
    with pytest.raises(KeyboardInterrupt):
        download(numbered(server, 500), tmp_path, quick(requests_per_second=50.0))
    assert len(server.asked) < 100
    assert find_downloaded(tmp_path).keys() == set(server.keys)


def test_a_folder_that_cannot_be_made_is_named(serve, tmp_path):
    server = serve()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        download(numbered(server, 1), tmp_path / "file" / "photos", quick())
    assert server.asked == []


def test_a_full_disk_is_no_dead_link(serve, tmp_path):
    server = serve()
    folder = tmp_path / "photos"
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + RUN
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        input=json.dumps(numbered(server, 5)).encode() + b"\n",
        capture_output=True,
    )
    assert process.returncode == 1
    assert b"cannot be written (File too large)" in process.stderr
    assert read_failed(folder) == {} == find_downloaded(folder)
    assert download(numbered(server, 5), folder, quick()).fetched == 5


def test_the_photo_is_whole_when_its_name_appears(serve, tmp_path):
    body = io.BytesIO()
    picture("big", (400, 300)).save(body, "PNG")
    server = serve(lambda key, nth: Reply(body.getvalue()))
    seen: list[bool] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for name in find_downloaded(tmp_path).values():
                seen.append((tmp_path / name).stat().st_size == len(body.getvalue()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        download(numbered(server, 10), tmp_path, quick(requests_per_second=40.0))
    finally:
        done.set()
        watcher.join()
    assert seen and all(seen)


def test_lines_that_are_nested_without_end_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deep = "[" * 100_000
    kept = {"image_id": "i", "url": "u", "reason": "r", "lasting": True}
    (tmp_path / FAILED).write_text(f"{deep}\n{json.dumps(kept)}\n")
    (tmp_path / INDEX).write_text(f"{deep}\tx.png\n")
    assert list(read_failed(tmp_path)) == ["i"] and find_downloaded(tmp_path) == {}
    assert sum("is passed over" in line for line in caplog.messages) >= 2
