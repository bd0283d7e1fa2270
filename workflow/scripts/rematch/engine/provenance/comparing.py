"""How a record differs from what is there now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rematch.engine.codehash import code_hash
from rematch.engine.dag import ROOT
from rematch.engine.differences import changes, short
from rematch.engine.intact import damaged_stores, unlike_records
from rematch.engine.provenance.forms import CODE_ROOTS, FORMAT, Entry, Record
from rematch.engine.provenance.measuring import measure
from rematch.engine.provenance.sources import _pairs, memories_of, photo_folders
from rematch.engine.provenance.writing import _whole
from rematch.errors import UserError
from rematch.text import build, damages


def read(path: str | os.PathLike[str]) -> Record:
    """A record written by the rule `provenance`.

    Raises:
        UserError: there is none, or it is of another format.
    """
    try:
        found: Record = json.loads(Path(path).read_bytes())
        if found.get("format") != FORMAT:
            raise UserError(f"{path}: written by another version; run again to have it written")
        # What others read of it, so that a damaged one is none.
        for name in found["outputs"]:
            found["made"]["environments"][_whole(found, name)["environment"]]["packages"].items()
        _ = found["config"].items(), found["inputs"].items(), found["rules"].items()
        _ = found["memories"], found["outdated"], found["made"]["written"]
    except FileNotFoundError:
        raise UserError(f"{path}: not there yet; a run that ends well writes it") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); run again to have it written") from None
    return found


def earlier(path: str | os.PathLike[str]) -> Record | None:
    """`read`, or None if there is no record that can be read."""
    try:
        return read(path)
    except UserError:
        return None


def differences(record: Record, config: Mapping[str, Any]) -> Iterator[str]:
    """What is not as the record says, a line each: inputs, configuration, code, outputs.

    Args:
        record: see `record`.
        config: the configuration now, validated.
    """
    folders = photo_folders(record["config"])
    now = measure([*record["inputs"], *record["outputs"]], folders)
    outputs = {path: _whole(record, path) for path in record["outputs"]}
    for kind, entries in (("input", record["inputs"]), ("output", outputs)):
        for path, entry in entries.items():
            if "sha256" not in entry or (path in folders and folders[path] is None):
                continue  # gone by the time of the record; or its list of photos is, which shows
            if path not in now:
                yield f"{kind} missing: {path}"
            elif now[path]["sha256"] != entry["sha256"]:
                yield f"{kind} changed: {path}{_by_how_much(entry, now[path])}"
        if kind == "input":
            yield from _other_translations(record["config"])
            for change in changes("", record["config"], config):
                yield f"config changed: {change}"
            yield from _other_code(record["rules"])
    yield from unlike_records({*record["outputs"]})
    yield from damaged_stores()
    for path in record["outdated"]:
        yield f"output outdated: {path} was made with other parameters or code than recorded"


def _by_how_much(before: Entry, now: Entry) -> str:
    unit = "files" if before.get("files") != now.get("files") else "bytes"
    if before.get(unit) == now.get(unit):
        return ""
    return f" ({before.get(unit, 1):,} {unit}, now {now.get(unit, 1):,})"


def _other_translations(config: Mapping[str, Any]) -> Iterator[str]:
    memories = memories_of(config).values()
    for folder in dict.fromkeys(options.memory for options, _ in memories if options.memory):
        yield from (f"translation memory damaged: {said}" for said in damages(folder))
    for options, translated in memories:
        try:
            known = build(options).known
        except UserError as error:
            yield f"input missing: {error}"
            continue
        pairs = sorted(_pairs(translated))
        answers = [(known(text), translation) for text, translation in pairs]
        gone = sum(answer is None for answer, _ in answers)
        other = sum(answer not in (None, translation) for answer, translation in answers)
        if gone or other:
            yield (
                f"input changed: translation memory {options.memory}: of {len(pairs):,} "
                f"translations by {options.backend}, {gone:,} are gone and {other:,} are different"
            )


def _other_code(rules: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for rule, entry in rules.items():
        script = ROOT / entry["script"]
        if not script.is_file():
            yield f"code missing: rule {rule} ({entry['script']})"
        elif code_hash(script, CODE_ROOTS) != entry["code"]:
            yield f"code changed: rule {rule} ({entry['script']} or a module that it imports)"


def elsewhere(record: Record, environment: Mapping[str, Any]) -> Iterator[str]:
    """How this machine differs from those that the record's outputs were made on, a line each."""
    made = [entry["environment"] for entry in record["made"]["outputs"].values()]
    for key, then in record["made"]["environments"].items():
        count = made.count(key)
        for name, old, new in _facts(then, environment):
            if old != new and count and name != "commit":
                yield f"{name}: {short(old)} for {count:,} outputs, here {short(new)}"


def _facts(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in then["packages"]:
        yield name, then["packages"][name], now["packages"].get(name)
    for name in then:
        if name != "packages":
            yield name, then[name], now.get(name)
