"""A night of translation: thousands of real sentences, a service that fails, three kills.

`make soak` runs it; the suite runs a small part of the same in tests/unit/text/test_translate.py.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from rematch.corpus.layouts import read_source
from rematch.text.memory.remembered import recall
from tests.loopback_google import Loopback, Reply, english, page, status, translated

ROOT = Path(__file__).parents[2]
NEWS = ROOT.parent / "shared/data/newsimages2021/content2019-01.tsv"

SENTENCES = 5000
RATE = 120.0
THREADS = 8

NIGHT = """
import json, sys
from pathlib import Path
import deep_translator.constants
url, memory, texts, rate, threads = sys.argv[1:]
deep_translator.constants.BASE_URLS["GOOGLE_TRANSLATE"] = url
from rematch.text.translation.translating import TranslationOptions, translate
done = translate(json.loads(Path(texts).read_text("utf-8")), TranslationOptions(
    "google", memory=Path(memory), requests_per_second=float(rate), threads=int(threads),
    timeout_s=1.0, backoff_s=0.2))
print("\\n".join(done.summary.lines()))
done.demand_all()
"""


@pytest.mark.skipif(not NEWS.is_file(), reason=f"the real texts are not at {NEWS}")
def test_a_night_with_a_failing_service_and_three_kills(tmp_path: Path) -> None:
    records = read_source(NEWS).records
    texts = list(dict.fromkeys(text for r in records for text in (r.title, r.text)))[:SENTENCES]
    assert len(texts) == SENTENCES
    chance = random.Random(2021)
    fate = {}
    for text in texts:
        draw = chance.random()
        fate[text] = (
            "429" if draw < 0.02 else "500" if draw < 0.03 else "late" if draw < 0.04 else ""
        )

    def late(asked):
        return Reply(page(english(asked.text)), hang=1.6)

    bad = {"429": status(429, Retry_After="1"), "500": status(500), "late": late}

    def schedule(text, nth):
        return bad[fate[text]] if fate[text] and nth == 0 else translated

    (tmp_path / "texts.json").write_text(json.dumps(texts), "utf-8")
    memory = tmp_path / "memory"
    with Loopback(schedule) as server:
        command = [sys.executable, "-c", NIGHT, server.url, memory, tmp_path / "texts.json"]
        started = time.monotonic()
        before_kill: list[tuple[int, set[str]]] = []
        for nights in range(4):
            process = subprocess.Popen(
                [*map(str, command), str(RATE), str(THREADS)],
                env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            if nights < 3:
                goal = len(server.asked) + chance.randint(600, 1600)
                while len(server.asked) < goal and process.poll() is None:
                    time.sleep(0.01)
                assert process.poll() is None, process.communicate()[0].decode()
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                time.sleep(2.0)  # answers under way arrive at nobody
                held = set(recall(memory, "de", "en", "google").translations)
                before_kill.append((len(server.asked), held))
            else:
                said = process.communicate(timeout=900)[0].decode()
                assert process.returncode == 0, said
        seconds = time.monotonic() - started
        asked = list(server.asked)

    held = recall(memory, "de", "en", "google").translations
    assert dict(held) == {text: english(text) for text in texts}
    # After each kill, nothing that was held is asked for again.
    for count, kept in before_kill:
        assert not kept & {request.text for request in asked[count:]}
    # A text is asked for again only if its first answer failed or a kill swallowed it.
    repeats = {text: n for text, n in Counter(a.text for a in asked).items() if n > 1}
    swallowed = [text for text in repeats if not fate[text]]
    assert len(swallowed) <= 3 * THREADS
    times = sorted(request.when for request in asked)
    busiest = max(
        sum(start <= when < start + 1.0 for when in times[i : i + 400])
        for i, start in enumerate(times)
    )
    assert busiest <= RATE * 1.25
    mean = (len(times) - 1) / (times[-1] - times[0])
    assert mean <= RATE
    failures = Counter(kind for kind in fate.values() if kind)
    print(
        f"\n{len(held)} translations of {len(texts)} texts in {seconds:.0f} s, "
        f"{len(asked)} requests; first answers that failed: {dict(failures)}; "
        f"swallowed by 3 kills: {len(swallowed)}; "
        f"requests a second: {mean:.0f} on average, {busiest} in the busiest, "
        f"ceiling {RATE:.0f}"
    )
