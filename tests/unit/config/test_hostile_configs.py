"""Generated configurations: each is valid, or refused in lines; never a traceback."""

from __future__ import annotations

import copy
import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rematch.config.plain import read
from rematch.config.schema import ConfigError, resolved, validated
from rematch.config.sweep import describe_runs
from rematch.errors import UserError
from tests.unit.demo_config import DEMO, MADE, ROOT, SCHEMA, TEXT

QUICK = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NASTY = st.one_of(
    st.sampled_from(
        [
            *(None, True, False, 0, -1, 1, 10.0, 10.5, 2**70, 10**400, 16**6000),
            *(float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, -0.0),
            *("", " ", "~", "~x/y", "~/x", "no", "all", "10", "1e999", "٣", "x" * 5000, "a\x00b"),
            *("\ud800", "a\nb", "../../x", "/", "{x}", "ü", "%s", "-1", "null", "demo\n"),
            *(datetime.date(2021, 1, 1), datetime.datetime(2021, 1, 1), b"bytes", {1, 2}),
            *([], {}, [[]], [None], {"": {}}, {None: 1}, {1: 2}, {True: {}}, {"weight": 1}),
            *({"sweep": {"words": [1]}}, {"words": ["all", 5]}, [{"words": 10}], [1, 1.0, "1"]),
            *([{}, {}], {"backend": "none"}, {"name": "x"}, {"pairs": []}, {"a b": 1}, {"é": {}}),
        ]
    ),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
)
KEYS = st.one_of(st.sampled_from(["sweep", "words", "x", "", "null", "__use_yte__"]), st.text())


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    return [place, *(p for key, part in parts for p in places(part, (*place, key)))]


def replaced(config: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    inside = copy.deepcopy(config)
    part = inside
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return inside


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    config: Any = copy.deepcopy(DEMO)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(config)[1:]))
        if isinstance(place[-1], str) and draw(st.booleans()):
            place = (*place[:-1], draw(KEYS))
        config = replaced(config, place, draw(NASTY))
        if len(places(config)) < 2:
            break
    return config


def check(layers: list[Any]) -> None:
    """Valid and of use, or refused in lines that say where."""
    try:
        found = resolved(layers, SCHEMA, MADE)
    except ConfigError as error:
        lines = str(error).splitlines()
        assert lines and all(line.startswith("config: ") for line in lines), error
        assert all(len(line) < 2_000 and ": " in line[8:] for line in lines), error
        return
    config = found.config
    for corpus in config["sweep"]["corpus"]:
        runs = describe_runs(config, corpus)
        assert runs and len({run["run"] for run in runs}) == len(runs)
    # Snakemake records it, and the plan of the provenance reads it once more.
    assert validated(json.loads(json.dumps(config)), SCHEMA, MADE) == config
    assert all("\n" not in note for note in found.notes)


@settings(QUICK, max_examples=220)
@given(config=mutated(), over=st.booleans())
def test_a_config_with_anything_in_it_holds_or_is_refused(
    config: Any, over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    check([DEMO, config] if over else [config])


SNIPPETS = [
    *(b"\t", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xe4", b"---\n", b"...\n", b"&a ", b"*a "),
    *(b"<<: *a\n", b"<<: {words: [1]}\n", b"!!python/name:os.system ", b"!!set ", b"? [a]\n"),
    *(b"!!binary x", b"a: &a [*a]\n", b"&a {<<: *a}\n", b"sweep: {words: [5]}\n", b"no: 1\n"),
    *(
        b"010",
        b"1:30",
        b"2021-13-45",
        b".nan",
        b"[" * 3000,
        b"{" * 3000,
        b"- x\n",
        b": ",
        b"9" * 5000,
    ),
    *(b"%YAML 9.9\n", b"'", b'"', b"|\n", b"\xe2\x80\xa8", b"~", b"null: 1\n", b"{}", b"[]"),
]


@settings(QUICK, max_examples=80)
@given(
    cut=st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT))),
    put=st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.sampled_from(SNIPPETS)), min_size=1, max_size=3
    ),
    keep=st.booleans(),
    name=st.sampled_from(["my.yaml", "my config's.json"]),
)
def test_a_file_with_anything_in_it_is_read_or_refused_in_one_line(
    cut: tuple[int, int],
    put: list[tuple[int, bytes]],
    keep: bool,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    content = TEXT if keep else TEXT[min(cut) : max(cut)]
    for at, snippet in put:
        at = content.rfind(b"\n", 0, at) + 1 if at % 2 else at
        content = content[:at] + snippet + content[at:]
    path = tmp_path / name
    path.write_bytes(content)
    try:
        values = read(path)
    except UserError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
        return
    check([DEMO, values])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "holds nothing; write at least one key"),
        (b"# nothing\n", "holds nothing"),
        (b"null", "holds nothing"),
        (b"- sweep\n", "is a list; a config is a mapping"),
        (b'["sweep"]', "is a list; a config is a mapping"),
        (b"text", "is a single value; a config is a mapping"),
        (
            b"sweep: {words: [1]}\n\nsweep: {words: [2]}\n",
            "line 3: the key 'sweep' stands on line 1",
        ),
        (b"sweep:\n  words: [1]\n  words: [2]\n", "line 3: the key 'words' stands on line 2"),
        (b'{"sweep": {"words": [1], "words": [2]}}', "the key 'words' stands twice"),
        (b"translations:\n  no: {backend: none}\n", "line 2: the key no: YAML reads no, yes, on,"),
        (b"models: {2021-01-01: {name: x}}", "line 1: the key 2021-01-01: YAML reads no, yes"),
        (b"models: {32: {name: x}}", "line 1: the key 32: YAML reads"),
        (b"models: {~: {name: x}}", "line 1: the key ~: YAML reads"),
        (b"models: {? [a, b] : {name: x}}", "line 1: a key is a word, and here stands a list"),
        (b"sweep: {words: [010]}", "line 1: 010 is another number to YAML (base 8 or 60)"),
        (b"encoding: {threads: 1:30}", "line 1: 1:30 is another number to YAML"),
        (b"a: &a\n  b: *a\n", "line 1: is part of itself; write it out"),
        (b"sweep:\n\twords: [1]\n", "is not plain YAML (while scanning"),
        (b"a: 1\nb: \xe4\n", "line 2: is not UTF-8; save the file as UTF-8"),
        (b"[" * 5000, "is nested too deeply"),
        (b'{"a":' * 50000, "is nested too deeply"),
        (b"a: 1\n---\nb: 1\n", "expected a single document"),
        (b"a: !!python/name:os.system x", "could not determine a constructor"),
        (b"__use_yte__: true\n", "this config runs code of its own"),
        (b"x" * 2_000_000, "has 2,000,000 bytes, more than any config"),
        (b'"a\\x1b[2Jb": 1\n', "a\\x1b[2Jb: holds the control character '\\x1b'; remove it"),
        (b'{"corpora": {"c": {"pairs": "a\\u001bb"}}}', "corpora.c.pairs: holds the control"),
        (None, "cannot be read (No such file or directory); check the path"),
    ],
)
def test_what_is_no_config_is_refused_in_one_line(
    content: bytes | None, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "my.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path)
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_aliases_are_written_out_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("a: &a {b: 1}\nc: {<<: *a, b: 2}\nd: [*a, *a]\n")
    assert read(path) == {"a": {"b": 1}, "c": {"b": 2}, "d": [{"b": 1}, {"b": 1}]}
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match="stand for more than any config holds; write less"):
        read(path)
    path.write_bytes(b"\xef\xbb\xbfsweep: {words: [5]}\n")
    assert read(path) == {"sweep": {"words": [5]}}


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero"), tmp_path):
        with pytest.raises(UserError, match="is no file; give the config's path"):
            read(path)
