"""Which results are what the plan asks for, by the project's own records of how they were made.

Snakemake compares parameters only where its own records of them are left, and never what a result
holds. So before it decides what to run, each job of the plan is held against `engine.records`: a
result that is not recorded, whose bytes are not those recorded, or that was made from others than
those that are there, is made again. For the others Snakemake's records are put right from the
project's where they are missing or say something else, and it finds by them, as ever, which
parameters changed. Times of files then decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rematch.engine.records import RECORDS, Made, lineage

DAMAGED = "damaged, or edited by hand, since it was made"
UNKNOWN = "no record of how it was made"
OTHERWISE = "made by another rule or with parameters in other places"
OTHERS = "made from other files than are there"
BEFORE = "made before what it is made from was made otherwise"


class Plan(NamedTuple):
    """A job of the plan: `params` as `records.values` has them, and paths."""

    rule: str
    params: Mapping[str, str]
    inputs: Sequence[str]
    outputs: Sequence[str]


@dataclass
class Judged:
    """What came of it.

    Attributes:
        again: results that have to be made again by path, and why: one of the constants above.
        vouched: the records of all others that have one, there or not.
    """

    again: dict[str, str] = field(default_factory=dict)
    vouched: dict[str, Made] = field(default_factory=dict)

    def lines(self, lost: Iterable[str] = ()) -> Iterator[str]:
        """What to tell the user, a line a reason.

        Args:
            lost: results of which Snakemake had no record, or another.
        """
        for why in dict.fromkeys(self.again.values()):
            paths = [path for path, reason in self.again.items() if reason == why]
            yield f"made again: {some(paths)}: {why}"
        known = sum(path in self.vouched for path in lost)
        if known:
            yield (
                f"Snakemake's records of {known:,} results are missing, or others: "
                f"{RECORDS} says how these were made"
            )


def judge(
    plans: Iterable[Plan],
    read: Callable[[str], Made | None],
    holds: Callable[[str, str], bool],
    there: Callable[[str], bool] = lambda path: Path(path).exists(),
) -> Judged:
    """Hold the results of every job against their records.

    Args:
        plans: the jobs, in any order.
        read: gives the record of a result.
        holds: whether a result that is there has this SHA-256.
        there: whether a path is there.

    Returns:
        One entry a result, but for those that are neither there nor recorded. That a parameter
        has another value is no reason here: Snakemake sees it by its record, which has to be
        `vouched`'s then.
    """
    plans = list(plans)
    made = {path: read(path) for plan in plans for path in plan.outputs}
    found = Judged()
    for plan in plans:
        for path in plan.outputs:
            record = made[path]
            if record is None:
                if there(path):
                    found.again[path] = UNKNOWN
                continue
            why = otherwise(plan, record, made)
            if why is None and there(path) and not holds(path, record.sha256):
                why = DAMAGED
            if why is None:
                found.vouched[path] = record
            else:
                found.again[path] = why
    return found


def otherwise(plan: Plan, record: Made, made: Mapping[str, Made | None]) -> str | None:
    """Why a record is none of what the plan asks for, other parameters apart.

    Args:
        plan: the job.
        record: of one of its results.
        made: the records of all results of the plan, as far as there are.
    """
    unseen = {*plan.params.values()} == {*record.params.values()}  # all that Snakemake compares
    if record.rule != plan.rule or (unseen and plan.params != record.params):
        return OTHERWISE
    for path in plan.inputs:
        # A set of inputs may become another: a parameter says what it depends on.
        if path in made and (path in record.inputs or plan.params == record.params):
            before = made[path]
            if before is None or before.sha256 != record.inputs.get(path):
                return OTHERS
    # Bytes may be the same by other code or parameters. A run that goes on to its end makes all
    # anew that comes from them, and files carry their lineage; so it is after one that did not.
    known = [made[path] for path in dict.fromkeys(plan.inputs) if path in made]
    before_it = [each.made_by for each in known if each is not None]
    alike = plan.params == record.params and {*record.inputs} == {*plan.inputs} & {*made}
    if alike and record.made_by != lineage(plan.rule, plan.params, plan.outputs, before_it):
        return BEFORE
    return None


def lineages(plans: Iterable[Plan], read: Callable[[str], Made | None]) -> dict[str, str]:
    """The `records.lineage` of every result of the plan, by path.

    Args:
        plans: each job after those whose results it reads.
        read: gives the record of a result that no job of the plan makes.
    """
    found: dict[str, str] = {}
    for plan in plans:
        before = []
        for path in dict.fromkeys(plan.inputs):
            if path not in found:
                made = read(path)
                before += [made.made_by] if made is not None else []
            else:
                before.append(found[path])
        found |= dict.fromkeys(plan.outputs, lineage(plan.rule, plan.params, plan.outputs, before))
    return found


def some(paths: Sequence[str]) -> str:
    """At most three of the paths, and how many more there are."""
    more = f" and {len(paths) - 2:,} more" if len(paths) > 3 else ""
    return f"{', '.join(paths[: 2 if more else 3])}{more}"
