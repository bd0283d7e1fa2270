"""What is said of a configuration that does not hold: one line a fault, with what to do."""

from __future__ import annotations

import pytest

from rematch.config.schema import ConfigError, resolved
from tests.unit.demo_config import DEMO, MADE, SCHEMA, in_root as in_root


def said(*layers, items=None):
    with pytest.raises(ConfigError) as caught:
        resolved([DEMO, *layers], SCHEMA, MADE, items)
    return [line.removeprefix("config: ") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (
            {"sweep": {"model": ["ViT-B/32"]}},
            "sweep.model[0]: 'ViT-B/32' is not defined under models; give 'vit-b-32', the entry",
        ),
        (
            {"sweep": {"model": ["ViT-L/14"]}},
            "is a pretrained model's name, add `models: {vit-l-14: {name: ViT-L/14}}` and give vit",
        ),
        ({"sweep": {"model": ["vit-b-23"]}}, "under models; did you mean 'vit-b-32'?"),
        ({"sweep": {"model": ["RN50"]}}, "add `models: {rn50: {name: RN50}}` and give rn50"),
        ({"sweep": {"translation": ["gogle"]}}, "did you mean 'google'?"),
        ({"sweep": {"translation": [False]}}, "false is no text; YAML reads no, yes, on, off"),
        ({"sweep": {"corpus": [2021]}}, "2021 is no text; YAML reads"),
        ({"translations": {False: {"backend": "none"}}}, "translations: the key False is no text"),
        ({"translations": {"web": {"backend": False}}}, "false is not one of deepl, google"),
        ({"words": [10]}, "words: unknown key here; it belongs to ablation or sweep"),
        ({"guard": True}, "guard: unknown key here; it belongs to an entry of cleanings"),
        ({"ablation": {"words": 41}}, "ablation.words: no run has 41, sweep.words is"),
        ({"ablation": {"model": "x"}}, "ablation.model: no run has 'x', sweep.model is"),
        ({"evaluation": {"baseline": "run6"}}, "no run is called 'run6'; did you mean 'run05'?"),
        ({"evaluation": {"resamples": 10.5}}, "resamples: 10.5 is no whole number; correct it"),
        ({"evaluation": {"resamples": 10}}, "resamples: 10 is too small; give at least 100"),
        ({"evaluation": {"top": 10**7}}, "top: 10000000 is too large; give at most 1000000"),
        ({"evaluation": {"top": 16**5000}}, "evaluation.top: is far too large a number"),
        ({"translations": {"google": {"timeout_s": float("nan")}}}, "timeout_s: nan is no number"),
        ({"sweep": {"words": [float("inf")]}}, "sweep.words[0]: inf is no number to compute with"),
        ({"sweep": {"words": [10, "10"]}}, "sweep.words: 10 is listed twice; remove one"),
        (
            {"encoding": {"batch": "big"}},
            "'big' is no value for this key; give a whole number",
        ),
        ({"corpora": {"demo": {"pairs": []}}}, "corpora.demo.pairs: is empty; give at least one"),
        ({"corpora": {"demo": {"pairs": ["a", 5]}}}, "corpora.demo.pairs[1]: 5 is no text; YAML"),
        ({"corpora": {"demo": {"pairs": 5}}}, "5 is no value for this key; give a path, or a list"),
        (
            {"corpora": {"demo\n": {"pairs": "x"}}},
            "corpora: 'demo\\n' is not allowed here; use",
        ),
        ({"corpora": {"a b": {"pairs": "x"}}}, "corpora: 'a b' is not allowed here; use letters"),
        ({"corpora": {"demo": {"photos": "a\x00b"}}}, "'a\\x00b' has a control character; rename"),
        ({"corpora": {"demo": {"photos": "a\ud800"}}}, "corpora.demo.photos: holds half of a char"),
        ({"corpora": {"demo": {"photos": "x" * 5000}}}, "cannot be looked at (File name too long)"),
        ({"translations": {"google": {"source": "German"}}}, "allowed here; give the code of a la"),
        (
            {"corpora": {"demo": {"download": {"user_agent": "Jürgen"}}}},
            "user_agent: 'Jürgen' is not allowed here; a server takes",
        ),
        (
            {"corpora": {"demo": {"sweep": {"translation": ["mine"]}}}},
            "corpora.demo.sweep.translation[0]: 'mine' is not defined under translations",
        ),
        ({"corpora": {"demo": {"sweep": {"corpus": ["demo"]}}}}, "demo.sweep.corpus: unknown key"),
        (
            {"models": {"m" * 250: {"name": "RN50"}}, "sweep": {"model": ["m" * 250]}},
            "are too long for a file's name; give shorter ones",
        ),
    ],
)
def test_one_line_a_fault_that_says_what_to_do(overlay, expected):
    found = said(overlay)
    assert len(found) == 1 and expected in found[0], found


BROKEN = {
    "type": {"encoding": []},
    "additionalProperties": {"colour": "red"},
    "required": {"translations": {"google": {"backend": None}}},
    "pattern": {"translations": {"google": {"source": "German"}}},
    "propertyNames": {"models": {"ViT-B/32": {}}},
    "minItems": {"sweep": {"model": []}},
    "uniqueItems": {"sweep": {"model": ["demo", "demo"]}},
    "enum": {"cleanings": {"paper": {"fields": "all"}}},
    "minLength": {"corpora": {"demo": {"photos": ""}}},
    "minimum": {"evaluation": {"resamples": 1}},
    "exclusiveMinimum": {"ensembles": {"run05": [{"words": 10, "weight": 0}]}},
    "maximum": {"encoding": {"threads": 10**6}},
    "anyOf": {"sweep": {"words": ["ten"]}},
    "oneOf": {"encoding": {"batch": "ten"}},
    "const": {"encoding": {"batch": "AUTO"}},
}
"""A fault for every keyword by which the schema refuses anything."""


def test_the_schema_refuses_by_no_other_keyword():
    others = {"$schema", "$defs", "$ref", "title", "description", "properties", "items"}
    others |= {"default", "format", "say"}

    def keywords(part):
        yield from part
        for name in ("$defs", "properties"):
            for each in part.get(name, {}).values():
                yield from keywords(each)
        for name in ("items", "additionalProperties", "propertyNames"):
            if isinstance(part.get(name), dict):
                yield from keywords(part[name])
        for each in [*part.get("anyOf", []), *part.get("oneOf", [])]:
            yield from keywords(each)

    assert set(keywords(SCHEMA)) - others == set(BROKEN)


@pytest.mark.parametrize("keyword", BROKEN)
def test_every_keyword_of_the_schema_has_words_of_its_own(keyword):
    found = said(BROKEN[keyword])
    assert len(found) == 1, found
    # Not the validator's own words, which are about schemas.
    raw = (" does not match ", " is not of type ", "is not valid under", "is a dependency")
    assert not any(words in found[0] for words in raw)
    remedies = (
        "; give",
        "; correct",
        "; add",
        "; remove",
        "; use",
        "; did you",
        "; known",
        "one of",
    )
    assert any(words in found[0] for words in remedies), found
