"""Scorers and ensembles whose parameters are chosen on a corpus: the section `tuned`.

An entry with `scorer` is a scorer of its own name, to be named on the axis; one with `members` is
an ensemble. Both are entered in their sections, and what was chosen comes in when a job runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rematch.config.faults import near, schema_faults
from rematch.config.sweep import Config, members_of
from rematch.methods import methods, schema_of


def enter_tuned(config: Config) -> list[str]:
    """Enter what is tuned among scorers and ensembles, in place; why it cannot be, a line each."""
    faults = []
    for name, entry in config["tuned"].items():
        if ("scorer" in entry) == ("members" in entry) or ("grid" in entry) != ("scorer" in entry):
            faults.append(f"tuned.{name}: give either scorer and grid, or members")
        elif "members" in entry:
            members = entry["members"]
            made = {"blend": entry["blend"], "members": members} if "blend" in entry else members
            there = config["ensembles"].get(name)
            if there is not None and not _alike(members_of(there), members):
                faults.append(f"tuned.{name}: an ensemble has this name too; rename one of them")
            config["ensembles"][name] = made
        elif entry["scorer"] not in config["scorers"]:
            known = [*config["scorers"]]
            faults.append(
                f"tuned.{name}.scorer: {entry['scorer']!r} is not one of scorers"
                f"{near(entry['scorer'], known)}"
            )
        else:
            made = dict(config["scorers"][entry["scorer"]])
            if config["scorers"].setdefault(name, made) != made:
                faults.append(f"tuned.{name}: a scorer has this name too; rename one of them")
    return faults


def _alike(one: Any, two: Any) -> bool:
    def bare(members: Any) -> list[dict[str, Any]]:
        return [{k: v for k, v in member.items() if k != "weight"} for member in members]

    return bare(one) == bare(two)


def tuned_faults(config: Config) -> Iterator[str]:
    """What is wrong with corpora and grids that are tuned on, a line each."""
    for name, entry in config["tuned"].items():
        dev = entry["dev"]
        corpus = config["corpora"].get(dev)
        if corpus is None:
            known = list(config["corpora"])
            yield f"tuned.{name}.dev: there is no corpus {dev!r}{near(dev, known)}"
        elif "pairs" not in corpus and "truth" not in corpus:
            yield f"tuned.{name}.dev: corpus {dev} has no truth to choose by; give it a truth"
        if "scorer" in entry:
            yield from _grid_faults(name, entry, config["scorers"][entry["scorer"]]["kind"])


def _grid_faults(name: str, entry: Mapping[str, Any], kind: str) -> Iterator[str]:
    own = {p.name: p for p in methods("scorers")[kind].method.params if p.name != "bank"}
    for key, values in entry["grid"].items():
        where = f"tuned.{name}.grid.{key}"
        if key not in own:
            yield f"{where}: {kind} has no such parameter{near(key, list(own))}"
            continue
        wanted: Any = {"properties": {key: {"type": "array", "items": schema_of(own[key])}}}
        inside: Any = {"properties": {name: {"properties": {"grid": wanted}}}}
        yield from schema_faults(
            {"tuned": {name: {"grid": {key: values}}}}, {"properties": {"tuned": inside}}
        )


def tuned_on(config: Mapping[str, Any], scorer: str | None, ensemble: str | None) -> str | None:
    """The corpus that a run's scorer, or its ensemble, is tuned on; None if it is not."""
    for name in (ensemble, scorer):
        if name in config.get("tuned", {}):
            return str(config["tuned"][name]["dev"])
    return None
