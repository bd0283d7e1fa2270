"""Translation services on loopback, for the real deep_translator."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import deep_translator.constants
import pytest

from rematch.text.memory.remembered import recall
from rematch.text.translation.translating import TranslationOptions
from tests.loopback_google import Loopback, answering, english


@pytest.fixture
def google(monkeypatch):
    """Starts a server in Google's place."""
    servers = []

    def start(schedule=None):
        server = Loopback(schedule).__enter__()
        servers.append(server)
        monkeypatch.setitem(deep_translator.constants.BASE_URLS, "GOOGLE_TRANSLATE", server.url)
        return server

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture
def options(tmp_path):
    def make(**changes):
        quick = {
            "backend": "google",
            "memory": tmp_path / "memory",
            "requests_per_second": 2000.0,
            "threads": 4,
            "timeout_s": 5.0,
            "retries": 3,
            "backoff_s": 0.01,
        }
        return TranslationOptions(**(quick | changes))

    return make


def kept(options):
    return dict(recall(options.memory, "de", "en", options.backend).translations)


KEYED = {
    "deepl": ("DEEPL", "DEEPL_API_KEY"),
    "libre": ("LIBRE", "LIBRE_API_KEY"),
    "microsoft": ("MICROSOFT_TRANSLATE", "MICROSOFT_API_KEY"),
}
SECRET = "s3cret-k3y-0815"


def said(asked):
    """The text of a request to any of the services."""
    if asked.body.startswith("["):
        return json.loads(asked.body)[0]["text"]
    form = parse_qs(asked.body) or {name: [value] for name, value in asked.query.items()}
    return (form.get("text") or form["q"])[0]


SHAPES = {
    "deepl": lambda asked: {"translations": [{"text": english(said(asked))}]},
    "libre": lambda asked: {"translatedText": english(said(asked))},
    "microsoft": lambda asked: [{"translations": [{"text": english(said(asked)), "to": "en"}]}],
    "mymemory": lambda asked: {"responseData": {"translatedText": english(said(asked))}},
}


@pytest.fixture
def service(monkeypatch):
    """Starts a server in the place of a JSON service."""
    servers = []

    def start(backend, behaviour=None):
        server = Loopback(lambda text, nth: behaviour or answering(SHAPES[backend])).__enter__()
        servers.append(server)
        name = KEYED[backend][0] if backend in KEYED else backend.upper()
        address = server.url.removesuffix("m")
        monkeypatch.setitem(deep_translator.constants.BASE_URLS, name, address)
        if backend in KEYED:
            monkeypatch.setenv(KEYED[backend][1], SECRET)
        return server

    yield start
    for server in servers:
        server.__exit__()
