"""What each number rests on: inputs, configuration, code and every step between, by SHA-256.

`record` writes it down after a run, `differences` holds it against the files later. All but the
part `made` is the same wherever the same inputs, configuration and code give the same results;
`made` says when and on which machine each file came about, and what the files held that also keep
the work of earlier runs.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rematch import forms
from rematch.config import axes_of, describe_runs, used
from rematch.engine.codehash import code_hash
from rematch.engine.dag import ROOT, Job
from rematch.engine.differences import changes, short
from rematch.engine.intact import damaged_stores, unlike_records
from rematch.errors import UserError
from rematch.storage import progress, tables
from rematch.text import TranslationOptions, build, damages

FORMAT = 1

CODE_ROOTS = (ROOT / "workflow/scripts", ROOT / "resources/demo")
"""Where the modules are that a rule's code hash follows; `code` in common.smk has the same."""

BLOCK = 1 << 20

Entry = dict[str, Any]
Record = dict[str, Any]


def record(
    jobs: Sequence[Job],
    config: Mapping[str, Any],
    environment: Mapping[str, Any],
    before: Record | None = None,
) -> Record:
    """The provenance of everything that `jobs` made.

    Args:
        jobs: of the whole plan, all of them done.
        config: validated, defaults filled in.
        environment: this machine's, see `machine.environment`.
        before: the record that this one replaces. What it lists and was not made again since,
            keeps the environment that it was made in.

    Returns:
        JSON's values: `format`; `config` and its digest; `rules` with their code's hash;
        `inputs`, `memories` and `outputs` by path; `runs` by corpus and name, each with its
        metrics and the files that they came from, in order; `outdated` outputs, which were made
        otherwise than the plan says; `made`.
    """
    producer = {path: job for job in jobs for path in job.outputs}
    memories = _memories(config)
    stores = {str(options.memory) for options, _ in memories.values()}
    folders = photo_folders(config)
    outside = {path for job in jobs for path in job.inputs} - producer.keys() - stores
    outside |= {*folders, *_translator_models(config)} - producer.keys()
    sums = measure([*sorted(outside), *producer], folders)
    grows = {path for job in jobs for path in job.grows}
    steady = {path: {"grows": True} if path in grows else sum_ for path, sum_ in sums.items()}
    return {
        "format": FORMAT,
        "config": config,
        "config_sha256": digest_of(config),
        "rules": {job.rule: {"script": job.script, "code": job.code} for job in jobs if job.script},
        "inputs": {path: sums[path] for path in sorted(outside) if path in sums},
        "memories": {
            name: _entries_used(options, translated)
            for name, (options, translated) in memories.items()
        },
        "outputs": {path: _output(path, job, steady) for path, job in producer.items()},
        "runs": _runs(jobs, config, steady),
        "outdated": sorted(path for job in jobs if job.outdated for path in job.outputs),
        "made": _made(jobs, sums, environment, before),
    }


def measure(
    paths: Iterable[str], folders: Mapping[str, Sequence[Path] | None] | None = None
) -> dict[str, Entry]:
    """SHA-256 and size of files and folders, each read once; what is not there is left out.

    A folder's SHA-256 is over a line a file, `<SHA-256>  <name>`, sorted by name: what
    `sha256sum` says. `folders` names the files that count in a folder; elsewhere all do.
    """
    files = {path: _files(path, folders or {}) for path in paths if Path(path).exists()}
    blocks = sum(file.stat().st_size // BLOCK + 1 for each in files.values() for file in each)
    found: dict[str, Entry] = {}
    for _ in progress(_hash(files, found), blocks, "hashing", "blocks"):
        pass
    return found


def _files(path: str, folders: Mapping[str, Sequence[Path] | None]) -> list[Path]:
    if path in folders:
        return [file for file in folders[path] or () if file.is_file()]
    if Path(path).is_dir():
        # Snakemake's own time stamp would differ on every machine.
        found = (file for file in Path(path).rglob("*") if file.name != ".snakemake_timestamp")
        return sorted(file for file in found if file.is_file())
    return [Path(path)]


def _hash(files: Mapping[str, Sequence[Path]], found: dict[str, Entry]) -> Iterator[None]:
    """Hash into `found`, yielding after each block."""
    for path, members in files.items():
        size = 0
        lines = {}
        for file in members:
            digest = hashlib.sha256()
            with file.open("rb") as handle:
                while block := handle.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    yield
            name = os.path.relpath(file, path).replace(os.sep, "/")
            lines[name] = f"{digest.hexdigest()}  {name}\n"
        if Path(path).is_dir():
            text = "".join(lines[name] for name in sorted(lines))
            digest = hashlib.sha256(text.encode("utf-8", "surrogateescape"))
            found[path] = {"sha256": digest.hexdigest(), "bytes": size, "files": len(lines)}
        else:
            found[path] = {"sha256": digest.hexdigest(), "bytes": size}


def digest_of(value: Any) -> str:
    """SHA-256 of a value's JSON with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def photo_folders(config: Mapping[str, Any]) -> dict[str, list[Path] | None]:
    """The photos that the corpora of the sweep use, by their folder.

    What else lies there, such as the photos of other corpora, does not count. None where the
    list of a corpus' photos is gone, so that they cannot be told.
    """
    folders: dict[str, list[Path] | None] = {}
    for corpus in config["sweep"]["corpus"]:
        folder = config["corpora"][corpus].get("photos")
        listed = Path(f"results/{corpus}/corpus/images.parquet")
        if folder is not None:
            known = folders.get(folder, [])
            if known is not None and listed.is_file():
                files = tables.read(listed, forms.IMAGES)["file"].to_pylist()
                folders[folder] = sorted({*known, *map(Path, files)})
            else:
                folders[folder] = None
    return folders


def _translator_models(config: Mapping[str, Any]) -> list[str]:
    asked = [config["translations"][name] for name in used(config, "translation")]
    return [each["model"] for each in asked if "model" in each and Path(each["model"]).is_dir()]


def _memories(config: Mapping[str, Any]) -> dict[str, tuple[TranslationOptions, list[Path]]]:
    """Of each translation memory that is a folder: how it is asked, and who asked.

    It grows with every corpus, so that it is no input as a whole; the entries that were used are.
    """
    found = {}
    for name in used(config, "translation"):
        options = TranslationOptions.from_config(config["translations"][name])
        if options.backend != "none" and options.memory is not None and options.memory.is_dir():
            asked = [
                Path(f"results/{corpus}/text/{name}/translated.parquet")
                for corpus in config["sweep"]["corpus"]
                if name in axes_of(config, corpus)["translation"]
            ]
            found[name] = options, [path for path in asked if path.is_file()]
    return found


def _entries_used(options: TranslationOptions, translated: Sequence[Path]) -> Entry:
    pairs = _pairs(translated)
    return {
        "path": str(options.memory),
        "backend": options.backend,
        "entries": len(pairs),
        "sha256": digest_of(sorted(pairs)),
    }


def _pairs(translated: Iterable[Path]) -> set[tuple[str, str]]:
    """(text, translation) of all titles and texts that hold a letter and have one."""
    pairs: set[tuple[str, str]] = set()
    for path in translated:
        table = tables.read(path, forms.TEXTS)
        for column in ("title", "text"):
            texts, answers = table[f"source_{column}"].to_pylist(), table[column].to_pylist()
            failed = _failed(path.with_name("untranslated.parquet"), column)
            for item, *pair in zip(table["article_id"].to_pylist(), texts, answers, strict=True):
                if item not in failed and any(map(str.isalpha, pair[0])):
                    pairs.add((pair[0], pair[1]))
    return pairs


def _failed(untranslated: Path, column: str) -> set[str]:
    """The articles whose title or text is there without a translation."""
    if not untranslated.is_file():
        return set()
    rows = tables.read(untranslated, forms.UNTRANSLATED).to_pylist()
    return {
        row["article_id"]
        for row in rows
        if row["field"] == column and row["reason"].startswith("failed")
    }


def _said_inside(path: str) -> dict[str, Any]:
    """What an embedding file says of the model that made it."""
    if not path.endswith(".arrow") or not Path(path).is_file():
        return {}
    with pa.memory_map(path) as source:
        metadata = pa.ipc.open_file(source).schema.metadata or {}
    said = {key.decode(): value.decode() for key, value in metadata.items() if key != b"gallery"}
    return {"metadata": said} if said else {}


def _output(path: str, job: Job, sums: Mapping[str, Entry]) -> Entry:
    entry = {"rule": job.rule, "log": job.notes[0], "inputs": sorted(set(job.inputs))}
    entry |= sums.get(path, {})
    return entry if path in job.grows else entry | _said_inside(path)


def _runs(
    jobs: Sequence[Job], config: Mapping[str, Any], sums: Mapping[str, Entry]
) -> dict[str, dict[str, Any]]:
    order: dict[str, None] = {}
    for job in jobs:
        order |= dict.fromkeys([*job.inputs, *job.outputs])
    producer = {path: job for job in jobs for path in job.outputs}
    runs: dict[str, dict[str, Any]] = {}
    for corpus in config["sweep"]["corpus"]:
        for run in describe_runs(config, corpus):
            folder = f"results/{corpus}/runs/{run['run']}/"
            chain: set[str] = set()
            waiting = [path for path in producer if path.startswith(folder)]
            while waiting:
                path = waiting.pop()
                if path not in chain:
                    chain.add(path)
                    waiting += producer[path].inputs if path in producer else ()
            runs.setdefault(corpus, {})[run["run"]] = {
                **{key: value for key, value in run.items() if key != "run"},
                "metrics": _metrics(file) if (file := f"{folder}metrics.parquet") in chain else [],
                "chain": {
                    path: sums.get(path, {}).get("sha256") for path in order if path in chain
                },
            }
    return runs


def _metrics(path: str) -> list[dict[str, Any]]:
    rows = tables.read(path, forms.METRICS).drop_columns("run")
    return list(rows.to_pylist())


def _made(
    jobs: Sequence[Job],
    sums: Mapping[str, Entry],
    environment: Mapping[str, Any],
    before: Record | None,
) -> dict[str, Any]:
    here = digest_of(environment)[:12]
    environments = {here: dict(environment)}
    outputs = {}
    for job in jobs:
        for path in job.outputs:
            made = {"started": _time(job.started), "ended": _time(job.ended), "environment": here}
            if path in job.grows:
                made |= sums.get(path, {})
            if before is not None and path in before["outputs"]:
                then = _whole(before, path)
                same = then.get("sha256") == sums.get(path, {}).get("sha256")
                if same and then["ended"] == made["ended"]:
                    made["environment"] = key = then["environment"]
                    environments[key] = before["made"]["environments"][key]
            outputs[path] = made
    return {
        "written": _time(datetime.datetime.now(datetime.UTC).timestamp()),
        "environments": environments,
        "outputs": outputs,
    }


def _whole(record: Record, path: str) -> Entry:
    """An output's entry, and what `made` says of it."""
    return {**record["outputs"][path], **record["made"]["outputs"][path]}


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


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
    memories = _memories(config).values()
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
