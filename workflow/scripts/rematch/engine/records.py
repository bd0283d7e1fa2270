"""What each result was made by, in the project's own keeping: `results/.made/`, a file a result.

(Of what jobs make elsewhere, which outlives `results/`, `.made/` beside it.)

A job writes it at its end: its rule and parameters, what its inputs held that other jobs made, and
the SHA-256 of what it wrote. Snakemake's own records lie in `.snakemake`, know no digest of a
result, and do not travel with `results/`; where they are gone or say something else, these count
(`engine.judge`). Nothing in them depends on the machine but the times.

A record that cannot be read, or whose seal does not fit, is none.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rematch.storage import digest_of, remove, replacing

RECORDS = Path("results/.made")


@dataclass(frozen=True)
class Made:
    """How a result came about.

    Attributes:
        path: the result, as the workflow names it.
        rule, params: of the job; of each parameter its `repr`, by name.
        inputs: SHA-256 of the inputs that are results themselves. What comes from outside is
            told by a parameter.
        made_by: `lineage` of the job.
        sha256: of its bytes; of a folder as `contents.digest_of` says.
        started, ended: of the job, in seconds since 1970.
    """

    path: str
    rule: str
    params: Mapping[str, str]
    inputs: Mapping[str, str]
    made_by: str
    sha256: str
    started: float
    ended: float


def place(path: str | os.PathLike[str]) -> Path:
    """Where the record of a result is."""
    text = os.path.normpath(path)
    if os.path.isabs(text) or text.startswith(".."):
        return RECORDS / f"elsewhere/{hashlib.sha256(os.fsencode(text)).hexdigest()}.json"
    if text.startswith("results/"):
        return RECORDS / f"{text}.json"
    return Path(text).parent / RECORDS.name / f"{Path(text).name}.json"


def read(path: str | os.PathLike[str]) -> Made | None:
    """The record of a result; None where there is none to rely on."""
    try:
        found = parsed(place(path).read_bytes())
    except (OSError, ValueError):
        return None
    return found if found.path == str(path) else None


def parsed(content: bytes) -> Made:
    """A record from a file's bytes.

    Raises:
        ValueError: they are none, or are not what was written.
    """
    try:
        found: dict[str, Any] = json.loads(content)
        seal = found.pop("seal")
        if seal != _seal(found):
            raise ValueError("the seal does not fit")
        return Made(**found)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("no record") from error


def write(made: Made) -> None:
    """Keep a record, in place of an earlier one of the same result."""
    body = asdict(made)
    text = json.dumps({**body, "seal": _seal(body)}, indent=1) + "\n"
    with replacing(place(made.path)) as beside:
        beside.write_text(text, "utf-8")


def _seal(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def values(params: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Parameters as they are recorded, and as Snakemake compares them: by their `repr`."""
    return {str(name): repr(value) for name, value in params}


def lineage(
    rule: str, params: Mapping[str, str], outputs: Iterable[str], inputs: Iterable[str]
) -> str:
    """A digest of all that makes a result: of its job and of all before it.

    Args:
        rule, params: of the job.
        outputs: of the job. Their paths hold the wildcards.
        inputs: the lineages of those inputs that are results.
    """
    whole = json.dumps([rule, dict(params), sorted(outputs), sorted(inputs)], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


class Recorder:
    """Keeps the record of one job.

    Made when it starts: its inputs count as they are then, and what was recorded of its results
    counts no more, as Snakemake has removed them.
    """

    def __init__(
        self,
        rule: str,
        params: Mapping[str, str],
        inputs: Iterable[str],
        outputs: Iterable[str],
        notes: Iterable[str] = (),
    ) -> None:
        self._rule, self._params, self._started = rule, params, time.time()
        self._outputs, self._notes = [*map(str, outputs)], [*map(str, notes)]
        before = {str(path): read(path) for path in inputs}
        known = {path: made for path, made in before.items() if made is not None}
        self._inputs = {path: made.sha256 for path, made in known.items()}
        self.made_by = lineage(
            rule, params, self._outputs, (made.made_by for made in known.values())
        )
        for path in self._outputs:
            remove(place(path))  # even if it is a folder

    def finish(self) -> None:
        """Record the results and the log.

        Raises:
            OSError, UserError: one cannot be read, or its record not written.
        """
        for path in [*self._outputs, *self._notes]:
            if os.path.exists(path):  # of one that is missing Snakemake says so
                self.record(path)

    def record(self, path: str) -> None:
        """Record a file that the job wrote, as it is now.

        Raises:
            OSError, UserError: as `finish`.
        """
        facts = (self._rule, self._params, self._inputs, self.made_by, digest_of(path))
        write(Made(path, *facts, self._started, time.time()))
