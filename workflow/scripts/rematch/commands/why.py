"""Why a run would compute what it would compute, for a person.

    python -m rematch.commands.why [--configfile my.yaml] [targets]

takes the arguments of `snakemake -n` and prints a line for each cause, with the rules whose jobs
it sets off; the jobs that follow from these are counted together at the end.
"""

from __future__ import annotations

import ast
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any

from rematch.engine import changes, dag, is_hash, short
from rematch.errors import UserError, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 after an error said on standard error."""
    try:
        with dag.planned(sys.argv[1:] if arguments is None else arguments) as workflow:
            lines = list(explained(workflow))
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    for line in _fitting(lines):
        say(line)
    return 0


def _fitting(lines: Iterable[str]) -> Iterator[str]:
    """Lines as wide as the terminal; as they are where there is none."""
    width = shutil.get_terminal_size().columns
    for line in lines:
        inside = " " * (len(line) - len(line.lstrip()) + 4)
        if sys.stdout.isatty():
            yield from wrap(line, width, subsequent_indent=inside, break_on_hyphens=False)
        else:
            yield line


def explained(workflow: Any) -> Iterator[str]:
    """The lines for a plan of `dag.planned`."""
    needed = [job for job in workflow.dag.needrun_jobs() if job.output]
    levels = workflow.dag.toposorted(set(needed))
    jobs = [job for level in levels for job in sorted(level, key=lambda job: str(job.rule))]
    if not jobs:
        yield "nothing to do: all that the configuration asks for is there and up to date"
        return
    yield f"{_jobs(len(jobs))} would run"
    made = {str(path) for job in jobs for path in job.output}
    started: defaultdict[str, list[Any]] = defaultdict(list)
    files: defaultdict[str, set[str]] = defaultdict(set)
    follow = []
    for job in jobs:
        causes = dict(_causes(workflow, job, made))
        for cause, concerned in causes.items():
            started[cause].append(job)
            files[cause] |= concerned
        if not causes:
            follow.append(job)
    for cause, those in started.items():
        yield f"  {_counted(those)}: {cause}{_some(files[cause])}"
    if follow:
        yield f"  … and {_jobs(len(follow))} downstream: {_counted(follow)}"


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"


def _counted(jobs: Iterable[Any]) -> str:
    counts = Counter(job.rule.name for job in jobs)
    return ", ".join(f"{rule} {count:,}" for rule, count in counts.items())


def _some(files: Iterable[str]) -> str:
    listed = sorted(files)
    more = f" and {len(listed) - 2:,} more" if len(listed) > 3 else ""
    return f" ({', '.join(listed[: 2 if more else 3])}{more})" if listed else ""


def _causes(workflow: Any, job: Any, made: set[str]) -> Iterator[tuple[str, set[str]]]:
    """Why this job would run, and the files concerned, but for that its inputs are made again.

    `made`: what the run makes.
    """
    reason, persistence = workflow.dag.reason(job), workflow.persistence
    triggers = {trigger.name for trigger in workflow.rerun_triggers}
    again = workflow.dag.judged.again
    wrong = [path for path in map(str, job.output) if path in again]
    for why in {again[path] for path in wrong}:
        yield why, {path for path in wrong if again[path] == why}
    if reason.incomplete_output:
        yield "left unfinished by a killed run", set(map(str, reason.incomplete_output))
    elif reason.forced and not wrong:
        yield "forced", set()
    newer = set(map(str, reason.updated_input)) - made
    if newer:
        yield "newer input", newer
    recorded = persistence.metadata(job.output[0])
    if recorded is not None:
        # Snakemake does not look at these where a job before this one runs; a person wants to know.
        if "INPUT" in triggers and persistence.input_changed(job, file=job.output[0]):
            before, now = set(recorded.input), set(map(str, job.input))
            changed = {f"+ {file}" for file in now - before - made}
            changed |= {f"- {file}" for file in before - now}
            if changed:
                yield "other input files", changed
        if "PARAMS" in triggers:
            change = persistence.params_changed(job)
            for said in _changed(job.params.items(), change.only_old, change.only_new):
                yield said, set()
    if reason.software_stack_changed:
        yield "other conda environment", set()
    if reason.missing_output and not any(map(workflow.dag.needrun, workflow.dag.dependencies[job])):
        missing = set(map(str, reason.missing_output))
        yield ("not there yet" if recorded is None else "deleted"), missing


def _changed(
    params: Iterable[tuple[str, Any]], only_old: set[str], only_new: set[str]
) -> Iterator[str]:
    """What changed of a job's parameters. Snakemake keeps their earlier values without the names.

    Args:
        params: names and values, now.
        only_old, only_new: `repr` of the values that only the earlier job has, or only this one.
    """
    old = [_value(text) for text in sorted(only_old)]
    for name, value in params:
        if repr(value) not in only_new:
            continue
        alike = [other for other in old if _kind(other) == _kind(value)]
        if isinstance(value, dict):
            alike.sort(key=lambda other: -len(other.keys() & value.keys()))
        if is_hash(value):
            yield f"{name} changed"
        elif len(alike) == 1 or (alike and isinstance(value, dict)):
            yield from changes(name, alike[0], value)
        else:
            yield f"{name}: now {short(value)}"


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _kind(value: Any) -> str:
    return "hash" if is_hash(value) else type(value).__name__


if __name__ == "__main__":
    sys.exit(main())
