"""A provenance record as RO-Crate: what other tools read (https://w3id.org/ro/crate).

It follows the profile Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5): files of an
experiment's folder are the crate's data, what lies outside it is named with its SHA-256, and each
job is an action that made some files from others with a script.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
SNAKEMAKE = "https://snakemake.github.io"


def metadata(record: Mapping[str, Any], results: str = "results") -> dict[str, Any]:
    """The values of `ro-crate-metadata.json`, for a record of `provenance.record`."""
    made = record["made"]
    crate = ROCrate()
    crate.name = "Results of news-images-rematch"
    crate.description = (
        "Rankings of photographs for news articles, their metrics, and every step between. "
        "provenance.json has the same facts, the configuration and the metrics."
    )
    crate.license = "The code is under the MIT licence; texts and photos under their owners' terms."
    crate.datePublished = made["written"]
    crate.root_dataset["conformsTo"] = _add(
        crate, PROFILE, "CreativeWork", name="Process Run Crate", version="0.5"
    )
    latest = next(iter(made["environments"].values()))
    packages = latest["packages"]
    _add(
        crate,
        SNAKEMAKE,
        "SoftwareApplication",
        name="Snakemake",
        url=SNAKEMAKE,
        softwareVersion=packages.get("snakemake", "unknown"),
    )
    outputs = {
        path: {**entry, **made["outputs"][path]} for path, entry in record["outputs"].items()
    }
    place = f"{results}/{record['config']['experiment']}"
    files = _files(crate, {**record["inputs"], **outputs}, outputs, place)
    scripts = {
        rule: _add(
            crate,
            f"#rule-{rule}",
            "SoftwareApplication",
            name=f"rule {rule}",
            description=f"{entry['script']}, hash of its code {entry['code']}",
            isPartOf={"@id": SNAKEMAKE},
        )
        for rule, entry in record["rules"].items()
    }
    crate.root_dataset["mentions"] = _actions(crate, outputs, files, scripts)
    values: dict[str, Any] = crate.metadata.generate()
    return values


def _files(
    crate: ROCrate, entries: Mapping[str, Any], outputs: Collection[str], place: str
) -> dict[str, Any]:
    """Every file by its path; those of the crate's own folder, `place`, as its parts."""
    files = {}
    for path, entry in entries.items():
        facts = {"name": path}
        if "sha256" in entry:
            facts |= {"sha256": entry["sha256"], "contentSize": str(entry["bytes"])}
        inside = path in outputs and PurePosixPath(path).is_relative_to(place)
        if inside and "sha256" in entry and "files" not in entry:
            name = PurePosixPath(path).relative_to(place).as_posix()
            files[path] = crate.add_file(dest_path=name, properties=facts)
        else:
            files[path] = _add(crate, f"#{quote(path)}", "MediaObject", **facts)
    return files


def _actions(
    crate: ROCrate,
    outputs: Mapping[str, Any],
    files: Mapping[str, Any],
    scripts: Mapping[str, Any],
) -> list[Any]:
    """What each job did: with which script, from what, to what, and when."""
    jobs: dict[str, list[str]] = {}
    for path, entry in outputs.items():
        jobs.setdefault(entry["log"], []).append(path)
    actions = []
    for log, paths in jobs.items():
        job = outputs[paths[0]]
        times = {"startTime": job["started"], "endTime": job["ended"]}
        action = _add(
            crate,
            f"#{quote(log)}",
            "CreateAction",
            name=f"{job['rule']}: {paths[0]}",
            instrument=scripts.get(job["rule"], {"@id": SNAKEMAKE}),
            object=[files[path] for path in job["inputs"] if path in files],
            result=[files[path] for path in paths],
            **{key: value for key, value in times.items() if value is not None},
        )
        actions.append(action)
    return actions


def _add(crate: Any, identifier: str, kind: str, **properties: Any) -> Any:
    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))
