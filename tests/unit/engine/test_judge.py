"""Which results have to be made again, by their records and their bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from rematch.engine.judge import (
    BEFORE,
    DAMAGED,
    OTHERS,
    OTHERWISE,
    UNKNOWN,
    Judged,
    Plan,
    judge,
    lineages,
    otherwise,
)
from rematch.engine.records import Made, lineage

# a -> b -> c, and d beside them; b makes two files.
PLANS = [
    Plan("a", {"n": "1", "m": "2"}, ["outside"], ["a"]),
    Plan("b", {}, ["a"], ["b1", "b2"]),
    Plan("c", {}, ["b1", "d", "outside"], ["c"]),
    Plan("d", {}, [], ["d"]),
]
PATHS = ["a", "b1", "b2", "c", "d"]


def finished() -> tuple[dict[str, Made], dict[str, str]]:
    """Records and bytes as these jobs leave them; bytes are their own digest."""
    held = {path: f"bytes of {path}" for path in PATHS}
    made_by = lineages([PLANS[0], PLANS[1], PLANS[3], PLANS[2]], {}.get)
    made = {
        path: Made(
            path,
            plan.rule,
            plan.params,
            {p: held[p] for p in plan.inputs if p in held},
            made_by[path],
            held[path],
            1.0,
            2.0,
        )
        for plan in PLANS
        for path in plan.outputs
    }
    return made, held


def judged(made: dict[str, Made], held: dict[str, str], plans: list[Plan] = PLANS) -> Judged:
    return judge(plans, made.get, lambda path, sha: held[path] == sha, held.__contains__)


def test_what_is_as_recorded_is_vouched_for() -> None:
    made, held = finished()
    assert judged(made, held) == Judged({}, made)


@pytest.mark.parametrize("path", PATHS)
def test_what_was_damaged_or_edited_is_made_again_alone(path: str) -> None:
    made, held = finished()
    found = judged(made, held | {path: ""})
    assert found.again == {path: DAMAGED} and found.vouched.keys() == {*PATHS} - {path}


def test_what_is_not_recorded_is_made_again_and_what_was_made_from_it() -> None:
    made, held = finished()
    del made["b1"]
    assert judged(made, held).again == {"b1": UNKNOWN, "c": OTHERS}


def test_what_was_made_from_another_file_is_made_again() -> None:
    made, held = finished()
    made["a"] = replace(made["a"], sha256="other")
    assert judged(made, held | {"a": "other"}).again == {"b1": OTHERS, "b2": OTHERS}


def test_what_comes_from_the_same_bytes_made_otherwise_is_made_again() -> None:
    """As a run does that is not stopped after the first of its jobs: files carry their lineage."""
    made, held = finished()
    plans = [PLANS[0]._replace(params={"n": "3", "m": "2"}), *PLANS[1:]]
    assert judged(made, held, plans).again == {}  # all of it follows from a, which Snakemake sees
    made["a"] = replace(
        made["a"], params=plans[0].params, made_by=lineage("a", plans[0].params, ["a"], [])
    )
    assert judged(made, held, plans).again == {"b1": BEFORE, "b2": BEFORE}
    twice = [*PLANS[:2], PLANS[2]._replace(inputs=["b1", "d", "b1", "outside"]), PLANS[3]]
    assert judged(finished()[0], held, twice).again == {}


def test_what_is_gone_is_known_by_its_record() -> None:
    made, held = finished()
    del held["a"], held["b1"]
    assert judged(made, held).again == {}
    assert judged({}, {}) == Judged({}, {})
    del made["b1"]
    assert judged(made, held).again == {"c": OTHERS}


def test_other_parameters_are_left_to_snakemake_unless_it_would_not_see_them() -> None:
    made, held = finished()
    made["a"] = replace(made["a"], params={"n": "3", "m": "2"})
    assert judged(made, held).again == {}
    for params in ({"n": "2", "m": "1"}, {"n": "1", "m": "2", "k": "2"}, {"n": "1", "k": "2"}):
        made["a"] = replace(made["a"], params=params)
        assert judged(made, held).again == {"a": OTHERWISE}
    made["a"] = replace(made["a"], params=PLANS[0].params, rule="z")
    assert judged(made, held).again == {"a": OTHERWISE}


def test_fewer_inputs_are_no_reason_and_more_are() -> None:
    made, held = finished()
    fewer = [plan._replace(inputs=plan.inputs[:1]) for plan in PLANS]
    assert judged(made, held, fewer).again == {}
    more = [*PLANS[:3], PLANS[3]._replace(inputs=["a"])]
    assert judged(made, held, more).again == {"d": OTHERS}
    said = [*PLANS[:3], PLANS[3]._replace(inputs=["a"], params={"inputs": "a"})]
    assert judged(made, held, said).again == {}


@given(st.permutations(PLANS), st.sets(st.sampled_from(PATHS)), st.sets(st.sampled_from(PATHS)))
def test_whatever_is_lost_or_damaged_what_is_vouched_for_is_right(
    plans: list[Plan], lost: set[str], damaged: set[str]
) -> None:
    made, held = finished()
    made = {path: record for path, record in made.items() if path not in lost}
    found = judged(made, held | dict.fromkeys(damaged, ""), plans)
    assert found.vouched.keys() | found.again.keys() == {*PATHS}
    assert not found.vouched.keys() & (lost | damaged | found.again.keys())
    for path, record in found.vouched.items():
        plan = next(plan for plan in plans if path in plan.outputs)
        assert otherwise(plan, record, {path: made.get(path) for path in PATHS}) is None


def test_a_reason_is_a_line_and_names_three_files_at_most() -> None:
    made, held = finished()
    found = judged(made, dict.fromkeys(held, ""))
    assert list(found.lines()) == [f"made again: a, b1 and 3 more: {DAMAGED}"]
    assert list(judged(made, held).lines(["a", "b1"])) == [
        "Snakemake's records of 2 results are missing, or others: results/.made says how these "
        "were made"
    ]
    assert next(judged({"a": made["a"]}, held).lines(["a"])) == (
        f"made again: b1, b2 and 2 more: {UNKNOWN}"
    )
    assert list(judged(made, held).lines()) == []


def test_lineages_are_those_that_jobs_record() -> None:
    found = lineages([PLANS[0], PLANS[1], PLANS[3], PLANS[2]], {}.get)
    a = lineage("a", {"n": "1", "m": "2"}, ["a"], [])
    b = lineage("b", {}, ["b1", "b2"], [a])
    d = lineage("d", {}, ["d"], [])
    assert found == {
        "a": a,
        "b1": b,
        "b2": b,
        "c": lineage("c", {}, ["c"], [b, d]),
        "d": d,
    }
    outside = Made("outside", "r", {}, {}, "line", "", 0.0, 0.0)
    assert lineages(PLANS[:1], {"outside": outside}.get)["a"] == lineage(
        "a", {"n": "1", "m": "2"}, ["a"], ["line"]
    )
