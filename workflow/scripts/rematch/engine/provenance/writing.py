"""What each number of a run rests on: an experiment's `provenance.json`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from rematch import forms
from rematch.config import describe_runs
from rematch.engine.dag import Job
from rematch.engine.provenance.forms import FORMAT, Entry, Record
from rematch.engine.provenance.measuring import digest_of, measure
from rematch.engine.provenance.sources import (
    entries_used,
    memories_of,
    photo_folders,
    said_inside,
    translator_models,
)
from rematch.storage import tables


def record(
    jobs: Sequence[Job],
    config: Mapping[str, Any],
    environment: Mapping[str, Any],
    before: Record | None = None,
    results: str = "results",
) -> Record:
    """The provenance of everything that `jobs` made.

    Args:
        jobs: of the whole plan, all of them done.
        config: validated, defaults filled in.
        environment: this machine's, see `machine.environment`.
        results: the folder of results.
        before: the record that this one replaces. What it lists and was not made again since,
            keeps the environment that it was made in.

    Returns:
        JSON's values: `format`; `config` and its digest; `rules` with their code's hash;
        `inputs`, `memories` and `outputs` by path; `runs` by corpus and name, each with its
        metrics and the files that they came from, in order; `outdated` outputs, which were made
        otherwise than the plan says; `made`.
    """
    producer = {path: job for job in jobs for path in job.outputs}
    memories = memories_of(config, results)
    stores = {str(options.memory) for options, _ in memories.values()}
    folders = photo_folders(config, results)
    outside = {path for job in jobs for path in job.inputs} - producer.keys() - stores
    outside |= {*folders, *translator_models(config)} - producer.keys()
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
            name: entries_used(options, translated)
            for name, (options, translated) in memories.items()
        },
        "outputs": {path: _output(path, job, steady) for path, job in producer.items()},
        "runs": _runs(jobs, config, steady, results),
        "outdated": sorted(path for job in jobs if job.outdated for path in job.outputs),
        "made": _made(jobs, sums, environment, before),
    }


def _output(path: str, job: Job, sums: Mapping[str, Entry]) -> Entry:
    entry = {"rule": job.rule, "log": job.notes[0], "inputs": sorted(set(job.inputs))}
    entry |= sums.get(path, {})
    return entry if path in job.grows else entry | said_inside(path)


def _runs(
    jobs: Sequence[Job], config: Mapping[str, Any], sums: Mapping[str, Entry], results: str
) -> dict[str, dict[str, Any]]:
    order: dict[str, None] = {}
    for job in jobs:
        order |= dict.fromkeys([*job.inputs, *job.outputs])
    producer = {path: job for job in jobs for path in job.outputs}
    runs: dict[str, dict[str, Any]] = {}
    for corpus in config["sweep"]["corpus"]:
        written = f"{results}/{config['experiment']}/{corpus}/metrics.parquet"
        known = _metrics(written) if written in producer else {}
        for run in describe_runs(config, corpus):
            folder = f"{results}/{corpus}/runs/{run['run']}/"
            chain: set[str] = set()
            waiting = [path for path in producer if path.startswith(folder)]
            while waiting:
                path = waiting.pop()
                if path not in chain:
                    chain.add(path)
                    waiting += producer[path].inputs if path in producer else ()
            runs.setdefault(corpus, {})[run["run"]] = {
                **{key: value for key, value in run.items() if key != "run"},
                "metrics": known.get(run["run"], []),
                "chain": {
                    path: sums.get(path, {}).get("sha256") for path in order if path in chain
                },
            }
    return runs


def _metrics(path: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each run."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tables.read(path, forms.METRICS).to_pylist():
        found.setdefault(row.pop("run"), []).append(row)
    return found


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
