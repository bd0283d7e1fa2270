"""Conclusions from drawn outcomes whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rematch import forms
from rematch.errors import UserError
from rematch.evaluate import compare_runs, conclude, outcomes_of
from rematch.evaluate.conclusions import Plan
from rematch.evaluate.effects import Described, partners
from rematch.evaluate.hypotheses import Cleaning, hypotheses
from rematch.evaluate.resampling import Ints
from rematch.evaluate.strata import by_number, by_value

N = 400
AXES = {"translation": "t", "cleaning": "paper", "model": "m", "scorer": "cosine"}


def judged(ranks: Ints, key: str = "article_id") -> pa.Table:
    """Of each query the rank of its one right document, 0 for none."""
    form = forms.PER_ARTICLE if key == "article_id" else forms.PER_IMAGE
    rows = [
        {key: f"{key[0]}{i:04d}", "relevant": 1, "rank": int(r) or None, "margin": (i % 7) / 7}
        | {"reciprocal_rank": 1 / r if r else 0.0, "ranks": [int(r)] if r else []}
        for i, r in enumerate(ranks)
    ]
    names = form.names
    return forms.from_rows([{n: row[n] for n in names} for row in rows], form)


def corpus(n: int = N) -> dict[str, pa.Table]:
    articles = [
        {
            "article_id": f"a{i:04d}",
            "title": "w " * (i % 5),
            "text": "w",
            "digest": f"{i * 7919 % n}",
        }
        for i in range(n)
    ]
    images = [{"image_id": f"i{i:04d}", "file": "", "digest": f"{i}"} for i in range(n)]
    pairs = [{"article_id": f"a{i:04d}", "image_id": f"i{i:04d}"} for i in range(n)]
    return {
        "articles": forms.from_rows(articles, forms.ARTICLES),
        "images": forms.from_rows(images, forms.IMAGES),
        "qrels": forms.from_rows(pairs, forms.QRELS),
    }


def described(name: str, **axes: Any) -> Described:
    return Described(name, f"label of {name}", {**AXES, "words": "10", **axes})


def ranks(level: float, seed: int = 0, n: int = N) -> Ints:
    """Ranks whose logarithms share what makes an article hard."""
    hard = np.random.default_rng(99).normal(size=n)
    own = np.random.default_rng(seed).normal(size=n) * 0.7
    return np.clip(np.exp(level + hard + own), 1, 400).astype(np.int64)


RUNS = (
    described("w10", words="10"),
    described("w20", words="20"),
    described("w40", words="40"),
    described("all", words="all"),
    described("raw", words="40", cleaning="raw"),
    described("plain", words="40", translation="none"),
    described("other", words="40", translation="none", model="m2"),
    Described("blend", "blend", members=("w10", "w40")),
    Described("twin", "twin", members=("w10", "w40")),
    Described("wide", "wide", members=("all",), looks_at="transductive"),
)

LEVELS = {"w10": 3.0, "w20": 2.5, "w40": 2.0, "all": 2.0, "raw": 2.0, "plain": 3.0, "other": 1.0}


@pytest.fixture(scope="module")
def whole() -> Any:
    given = {name: ranks(level, seed) for seed, (name, level) in enumerate(LEVELS.items())}
    given["blend"] = given["twin"] = ranks(1.5, 50)
    given["wide"] = np.random.default_rng(3).integers(1, N + 1, N)
    plan = Plan(
        RUNS,
        "w40",
        base="w40",
        switched={"w10": "words", "raw": "cleaning", "plain": "translation"},
        untranslated=("none",),
        cleanings={"paper": Cleaning(("lower", "spell")), "raw": Cleaning(("lower",))},
    )
    per_image = {name: judged(found, "image_id") for name, found in given.items()}
    return conclude(
        {name: judged(found) for name, found in given.items()},
        per_image,
        plan=plan,
        columns={"section": {f"a{i:04d}": "sport" if i % 3 else "" for i in range(N)}},
        top=100,
        recall_at=(1, 10, 100),
        resamples=2000,
        **corpus(),
    )


def test_the_best_is_said_by_label_with_what_cannot_be_told_from_it(whole: Any) -> None:
    (inductive, transductive) = whole.facts["best"]
    assert inductive == {"looks_at": "inductive", "run": "other", "within": [], "of": 9}
    assert transductive == {"looks_at": "transductive", "run": "wide", "within": [], "of": 1}
    assert whole.facts["same"] == [["blend", "twin"]]
    given = whole.facts["letters"]
    assert given["blend"] == given["twin"] and set(given["other"]).isdisjoint(given["blend"])
    assert set(given["w40"]) & set(given["raw"]) and set(given["w10"]).isdisjoint(given["w40"])
    assert 0.01 < whole.facts["detectable"] < 0.08


def test_what_is_no_better_than_chance_is_named(whole: Any) -> None:
    levels = whole.facts["chance"]["text-to-image"]
    assert levels["R@10"] == 10 / N and levels["R@100"] == 0.25
    lost = whole.facts["at_chance"]["text-to-image"]
    assert list(lost) == ["wide"] and "MRR@100" in lost["wide"]


def test_differences_are_those_of_the_means(whole: Any) -> None:
    values = {
        (r["run"], r["metric"]): r["value"]
        for r in whole.metrics.to_pylist()
        if r["direction"] == "text-to-image"
    }
    rows = whole.comparisons.to_pylist()
    assert {row["family"] for row in rows} == {"baseline", "best", "ablation"}
    for row in rows:
        want = values[row["run"], row["metric"]] - values[row["other"], row["metric"]]
        assert row["difference"] == pytest.approx(want, abs=1e-9)
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["p"] <= row["p_holm"] <= 1 and row["n"] == N
    others = {row["other"] for row in rows if row["family"] == "best"}
    assert others == {"other"}
    assert {row["run"] for row in rows if row["family"] == "ablation"} == {"w10", "raw", "plain"}


def test_questions_are_answered_as_the_figures_were_drawn(whole: Any) -> None:
    found = {(row["question"], row["subject"]): row for row in whole.hypotheses.to_pylist()}
    answers = {key: row["answer"] for key, row in found.items()}
    line = "t · paper · m · cosine"
    assert answers == {
        ("falls", line): "no",
        ("rises", line): "yes",
        ("ensemble", "blend against label of w40"): "yes",
        ("ensemble", "wide against label of all"): "no",
        ("translation", "t against none, model m"): "yes",
        ("multilingual", "t, model m, against none, model m2"): "no",
        ("cleaning", "spell: paper against raw"): "cannot tell",
    }
    assert found["falls", line]["pairs"] == 3  # the whole text is no count
    assert found["translation", "t against none, model m"]["pairs"] == 1


def test_strata_part_the_articles(whole: Any) -> None:
    rows = [row for row in whole.strata.to_pylist() if row["metric"] == "R@10"]
    overall = {
        r["run"]: r["value"]
        for r in whole.metrics.to_pylist()
        if (r["direction"], r["metric"]) == ("text-to-image", "R@10")
    }
    for by in ("length", "section", "margin"):
        for run, value in overall.items():
            parts = [row for row in rows if (row["run"], row["by"]) == (run, by)]
            assert sum(part["n"] for part in parts) == N
            mean = sum(part["n"] * part["value"] for part in parts) / N
            assert mean == pytest.approx(value)
            assert all(part["low"] <= part["value"] <= part["high"] for part in parts)
    assert {row["stratum"] for row in rows if row["by"] == "section"} == {"sport", "(none)"}


def test_neither_ids_nor_the_order_of_rows_and_runs_move_a_figure() -> None:
    given = {"a": ranks(2, 1), "b": ranks(2.2, 2)}
    pairs = [(f"a{i:04d}", f"i{i:04d}") for i in range(N)]
    want = compare_runs(
        {k: judged(v) for k, v in given.items()},
        pairs,
        N,
        "a",
        top=10,
        recall_at=(1,),
        resamples=300,
    )
    rng = np.random.default_rng(0)
    renamed = {f"a{i:04d}": f"x{j}" for i, j in enumerate(rng.permutation(N).tolist())}
    shuffled = {}
    for name, found in given.items():
        table = judged(found).take(pa.array(rng.permutation(N)))
        ids = pa.array([renamed[each] for each in table["article_id"].to_pylist()])
        shuffled[name] = table.set_column(0, "article_id", ids)
    turned = [(renamed[article], image) for article, image in reversed(pairs)]
    got = compare_runs(shuffled, turned, N, "a", top=10, recall_at=(1,), resamples=300)
    assert got.metrics.equals(want.metrics) and got.comparisons.equals(want.comparisons)
    assert got.facts == want.facts


def test_one_run_and_equal_runs_are_no_trouble() -> None:
    pairs = [(f"a{i:04d}", f"i{i:04d}") for i in range(20)]
    table = judged(np.ones(20, dtype=np.int64))
    one = compare_runs({"r": table}, pairs, 20, "r", top=10, recall_at=(1,), resamples=100)
    assert one.facts["detectable"] is None and one.comparisons.num_rows == 0
    two = compare_runs(
        {"r": table, "s": table}, pairs, 20, "r", top=10, recall_at=(1,), resamples=100
    )
    assert two.facts["same"] == [["r", "s"]] and two.facts["letters"] == {"r": "a", "s": "a"}
    assert two.facts["best"][0]["within"] == ["s"]


def test_runs_that_were_judged_on_other_queries_are_refused() -> None:
    with pytest.raises(UserError, match="run s: judged on other queries than r"):
        outcomes_of({"r": judged(np.ones(3)), "s": judged(np.ones(4))}, [], {}, 10, (1,))


def test_partners_differ_in_nothing_else() -> None:
    runs = [
        described("a"),
        described("b", cleaning="raw"),
        described("c", cleaning="raw", words="20"),
    ]
    assert partners(runs, {"cleaning": "paper"}, {"cleaning": "raw"}) == [("a", "b")]


def test_no_runs_to_compare_are_no_answers() -> None:
    found = outcomes_of({"w10": judged(ranks(2))}, [], {}, 10, (1, 10))
    assert hypotheses(found, [described("w10")], (), {"paper": Cleaning(())}).num_rows == 0


def test_strata_never_part_equal_numbers() -> None:
    values = np.array([1.0, 1, 1, 1, 1, 2, 3, 9])
    parts = by_number(values)
    assert [part.label for part in parts] == ["1", "2", "3–9"]
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == list(range(8))
    many = by_value([f"v{i // 2}" for i in range(40)] + ["v0"], most=5)
    assert [part.label for part in many] == ["v0", "v1", "v10", "v11", "16 others"]
    assert sum(len(part.rows) for part in many) == 41
