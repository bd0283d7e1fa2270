"""Signals: a handler may wait for what the interrupted thread holds."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from rematch.engine.signals import handle_apart


@pytest.fixture(autouse=True)
def _as_before():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_handler_gets_a_lock_that_the_main_thread_holds():
    lock, handled = threading.Lock(), threading.Event()

    def handler(*given):
        with lock:
            handled.set()

    signal.signal(signal.SIGTERM, handler)
    handle_apart(signal.SIGTERM)
    with lock:
        os.kill(os.getpid(), signal.SIGTERM)
        assert not handled.wait(0.05)
    assert handled.wait(10)


@pytest.mark.parametrize("kind", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_has_no_handler_stays(kind):
    signal.signal(signal.SIGTERM, kind)
    handle_apart(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == kind
