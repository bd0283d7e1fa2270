"""Files of configuration over the demo: what they remove, and what each corpus gets."""

from __future__ import annotations

import pytest
import yaml

from rematch.config.schema import ConfigError, resolved, validated
from rematch.config.sweep import describe_runs, ensembles, points, used
from rematch.text import misplaced
from tests.unit.demo_config import DEMO, MADE, SCHEMA, in_root as in_root


def over(overlay, *more, items=None, base=DEMO):
    """What an overlay comes to that lies over the demo."""
    return resolved([base, overlay, *more], SCHEMA, MADE, items, misplaced)


def said(*layers, items=None):
    with pytest.raises(ConfigError) as caught:
        resolved([DEMO, *layers], SCHEMA, MADE, items)
    return [line.removeprefix("config: ") for line in str(caught.value).splitlines()]


RUN05 = (
    "ensembles.run05: left out, since no run has 10, sweep.words is ['all']; "
    "`ensembles: {run05: null}` does without it and this line"
)


@pytest.mark.parametrize(
    ("overlay", "ensembles_left", "notes"),
    [
        ({"sweep": {"words": ["all"]}}, [], [RUN05]),
        ({"sweep": {"words": ["all"]}, "ensembles": {"run05": None}}, [], []),
        ({"sweep": {"words": ["all"]}, "ensembles": {}}, [], []),
        ({"ensembles": {}}, [], []),
        ({"ensembles": None}, [], []),
        ({"ensembles": {"run05": None}}, [], []),
        ({"ensembles": {"other": [{"words": 10}, {"words": 20}]}}, ["run05", "other"], []),
        ({"sweep": {"words": [10, 20, 30, 40, 50]}}, ["run05"], []),
    ],
)
def test_an_overlay_removes_what_it_lies_over(overlay, ensembles_left, notes):
    found = over(overlay)
    assert list(found.config["ensembles"]) == ensembles_left
    assert found.notes == notes


def test_an_ensemble_that_the_overlay_wrote_has_to_fit():
    mine = {"sweep": {"words": [5]}, "ensembles": {"both": [{"words": 5}, {"words": 10}]}}
    assert said(mine) == [
        "ensembles.both[1].words: no run has 10, sweep.words is [5]; "
        "add it there or remove the member"
    ]
    # A layer above makes it an inherited one where it says what the word counts are.
    assert said(mine, {"sweep": {"model": ["demo"]}}) == said(mine)
    found = over(mine, {"sweep": {"words": ["all"]}})
    assert found.config["ensembles"] == {}
    assert [note.split(":")[0] for note in found.notes] == ["ensembles.run05", "ensembles.both"]
    assert over(mine, {"sweep": {"words": [5, 10]}}).notes == [
        "ensembles.run05: left out, since no run has 20, sweep.words is [5, 10]; "
        "`ensembles: {run05: null}` does without it and this line"
    ]


def test_null_removes_and_defaults_come_back():
    low = {"evaluation": {"top": 50, "recall_at": [1]}, "encoding": {"threads": 8}}
    found = over(low, {"evaluation": {"reference": None, "top": None}, "encoding": None}).config
    assert found["evaluation"] == {"top": 100, "recall_at": [1], "resamples": 10000, "sort": "axes"}
    assert found["encoding"]["threads"] == 2
    assert over({"translations": {"google": None}}).config["translations"].keys() == {
        "memory",
        "none",
    }
    # A layer above may write anew what one below removed.
    again = over({"ensembles": None}, {"ensembles": {"run05": [{"words": 10}]}})
    assert [member["weight"] for member in again.config["ensembles"]["run05"]] == [1]


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"sweep": None}, "sweep: is removed by null, and needed; add it"),
        ({"sweep": {"words": None}}, "sweep.words: is removed by null, and needed; add it"),
        ({"sweep": {"words": [None]}}, "sweep.words[0]: null is no word count; give a whole"),
        ({"sweep": {}}, "sweep.corpus: missing; add it"),
        (
            {"translations": {"memory": None}},
            "sweep.translation[0]: 'memory' is not defined under translations; known are",
        ),
        ({"corpora": {"demo": {"pairs": None}}}, "corpora.demo: give pairs (articles with"),
        (
            {"translations": {"memory": {"backend": None}}},
            "translations.memory.backend: is rem",
        ),
    ],
)
def test_null_where_a_value_is_needed_is_one_line(overlay, expected):
    assert said(overlay)[0].startswith(expected)


def test_layers_are_not_changed_and_share_nothing():
    entry = {"steps": ["lower"]}
    base = DEMO | {"cleanings": {"paper": entry, "same": entry}}  # as an alias of YAML gives it
    found = over({"cleanings": {"paper": {"guard": False}}}, base=base).config["cleanings"]
    assert found["paper"]["guard"] is False and found["same"]["guard"] is True
    assert entry == {"steps": ["lower"]}


def test_numbers_are_numbers_whatever_they_look_like():
    found = over(
        {
            "sweep": {"words": ["5", 10.0, "20.0", "all"]},
            "ensembles": {"run05": [{"words": "10", "weight": "2"}, {"words": 5.0, "weight": 0.5}]},
            "evaluation": {"top": 1e2, "resamples": 500.0},
            "encoding": {"batch": 8.0, "threads": "4"},
        }
    ).config
    assert found["sweep"]["words"] == [5, 10, 20, "all"]
    whole = [*found["sweep"]["words"][:3], found["evaluation"]["top"], found["encoding"]["batch"]]
    assert all(type(number) is int for number in [*whole, found["encoding"]["threads"]])
    assert found["ensembles"]["run05"] == [
        {"words": 10, "weight": 0.8},
        {"words": 5, "weight": 0.2},
    ]
    runs = [point.run for point in points(found, "demo")]
    assert runs[1] == "memory.paper.w10.demo.cosine"
    # What is text stays text.
    found = over({"models": {"vit-b-32": {"name": "10"}}}).config
    assert found["models"]["vit-b-32"]["name"] == "10"


def test_the_command_lines_values_are_read_as_yaml_reads_them():
    def items_of(**texts):  # Snakemake's own way with what is no plain number or text
        return {key: yaml.load(text, Loader=yaml.BaseLoader) for key, text in texts.items()}

    items = items_of(
        sweep='{"words":[5,10]}',
        evaluation='{"reference":null,"resamples":500}',
        cleanings='{"paper":{"guard":false}}',
        ensembles="null",
    )
    found = over({}, items=items)
    assert found.config["sweep"]["words"] == [5, 10]
    assert found.config["evaluation"]["resamples"] == 500
    assert "reference" not in found.config["evaluation"]
    assert found.config["cleanings"]["paper"]["guard"] is False
    assert found.config["ensembles"] == {} and found.notes == []
    assert said(items=items_of(sweep='{"words":[5,"x"]}'))[0].startswith("sweep.words[1]: 'x'")


def test_a_home_is_written_out(monkeypatch, tmp_path):
    (tmp_path / "ref.csv").write_text("run\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = over({"evaluation": {"reference": "~/ref.csv"}}).config
    assert found["evaluation"]["reference"] == f"{tmp_path}/ref.csv"
    # Results do not depend on where a cache is, so the record names no home of itself.
    assert str(tmp_path) not in repr(over({}).config)
    assert said({"evaluation": {"reference": "~nobody-here/x"}}) == [
        "evaluation.reference: ~nobody-here/x names a home that is not known here; "
        "write the path out"
    ]
    model = {"sweep": {"model": ["vit-b-32"]}, "encoding": {"cache": "~nobody-here/c"}}
    assert said(model)[0].startswith("encoding.cache: ~nobody-here/c is in a home")
    # As Snakemake has the files that a rule makes.
    odd = {"pairs": "./resources/demo//corpus/articles.tsv", "photos": f"{MADE[1]}/"}
    assert over({"corpora": {"demo": odd}}).config["corpora"]["demo"] == DEMO["corpora"]["demo"]
    memory = {"translations": {"google": {"memory": "~/tm"}}, "sweep": {"translation": ["google"]}}
    assert over(memory).config["translations"]["google"]["memory"] == f"{tmp_path}/tm"


def test_what_a_file_defines_and_no_run_uses_is_said():
    overlay = {
        "corpora": {"mine": {"pairs": "none.tsv"}},
        "cleanings": {"short": {"steps": ["lower"]}, "paper": {"guard": False}},
        "models": {"demo": {"precision": "float32"}},
    }
    assert over(overlay).notes == [
        "corpora.mine: not used, since sweep.corpus does not name it; add it there to use it",
        "cleanings.short: not used, since sweep.cleaning does not name it; add it there to use it",
    ]
    # In a single file the cleanings are a menu; a corpus is there to be read.
    alone = DEMO | {"corpora": DEMO["corpora"] | {"mine": {"pairs": "none.tsv"}}}
    assert resolved([alone], SCHEMA, MADE).notes == over(overlay).notes[:1]


TWO = {
    "sweep": {"corpus": ["demo", "b"]},
    "corpora": {
        "b": {
            "pairs": MADE[0],
            "photos": MADE[1],
            "sweep": {"translation": ["of-b"], "words": [10, "all"]},
        }
    },
    "translations": {"of-b": {"backend": "memory", "memory": MADE[2]}},
}


def test_a_corpus_has_its_own_values_on_an_axis():
    found = over(TWO)
    config = found.config
    assert [point.run for point in points(config, "demo")] == [
        f"memory.paper.w{n}.demo.cosine" for n in (10, 20, 30, 40)
    ]
    assert [row["run"] for row in describe_runs(config, "b")] == [
        "of-b.paper.w10.demo.cosine",
        "of-b.paper.wall.demo.cosine",
    ]
    assert used(config, "translation") == ["memory", "of-b"]
    assert [row["label"] for row in describe_runs(config, "demo")][-1] == "run05"
    assert found.notes == ["ensembles.run05: not made for corpus b, which has no run with words 20"]


def test_an_ensemble_expands_within_what_the_corpus_has():
    pair = {"pair": [{"words": 10}, {"words": "all"}]}
    config = over(TWO, {"ensembles": {"run05": None} | pair}).config
    assert ensembles(config, "demo") == []
    assert [each.run for each in ensembles(config, "b")] == ["pair.of-b.paper.demo.cosine"]
    # Members that no corpus has together have no run.
    split = {"split": [{"words": 40}, {"words": "all"}]}
    assert said(TWO, {"ensembles": {"run05": None} | split}) == [
        "ensembles.split: no corpus of the sweep has runs for all members"
    ]


def test_only_files_that_a_corpus_uses_need_be_there():
    gone = {"translations": {"memory": {"memory": "gone.tsv"}}}
    own = {"corpora": {"demo": {"sweep": {"translation": ["none"]}}}}
    over(gone, own)
    assert said(gone) == [
        "translations.memory.memory: gone.tsv does not exist; "
        "correct the path or put the file there"
    ]


def test_a_configuration_is_the_same_when_it_is_read_once_more():
    """As the plan of the provenance does."""
    for overlay in ({"sweep": {"words": ["all"]}}, TWO, {"evaluation": {"reference": None}}):
        config = over(overlay).config
        assert validated(config, SCHEMA, MADE) == config


def test_steps_in_an_order_that_costs_something_are_a_note() -> None:
    steps = {"late": ["lower", "unicode"], "first": ["unicode", "lower"]}
    cleanings = {name: {"steps": listed} for name, listed in steps.items()}
    found = over({"sweep": {"cleaning": ["late", "first"]}, "cleanings": cleanings})
    assert found.notes == [
        "cleanings.late.steps: `unicode` runs after `lower`, so it cannot repair all broken "
        "characters; put it first"
    ]


def test_a_name_that_is_not_allowed_is_not_called_missing():
    layer = {"translations": {"a b": {"backend": "none"}}, "sweep": {"translation": ["a b"]}}
    lines = said(layer)
    assert "'a b' cannot be used: rename it under translations, and here" in str(lines)
    assert "not defined" not in str(lines)


def test_a_word_count_that_is_too_large_is_told_the_largest():
    assert said({"sweep": {"words": [3, 10**8]}}) == [
        "sweep.words[1]: 100000000 is too large; give at most 1000000"
    ]
    assert said({"encoding": {"batch": 10**9}})[0].startswith("encoding.batch: 1000000000 is too")


def test_a_date_is_shown_as_it_was_written():
    lines = said(yaml.safe_load("sweep: {corpus: [2001-01-01]}"))
    assert "sweep.corpus[0]: 2001-01-01 is no text" in str(lines)
