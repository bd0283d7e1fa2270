"""Where the project takes part in Snakemake's decisions.

Snakemake 9.27, which requirements.txt pins, has no public places for it; what is replaced here is
held by `tests/unit/engine/test_hooks.py`.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rematch.engine import records
from rematch.engine.judge import Judged, Plan, judge, lineages
from rematch.errors import UserError, say
from rematch.storage import Contents, refusal

_looked_at: list[bool] = []
"""In a block of `looking`: whether results are judged there."""


@contextmanager
def looking(judging: bool) -> Iterator[None]:
    """Plans made in this block are looked at only: nothing is printed, and judged if `judging`."""
    _looked_at.append(judging)
    try:
        yield
    finally:
        _looked_at.pop()


def take_part(
    contents: Contents, wanted: str, made_by: dict[str, str], code: Callable[[str], str]
) -> None:
    """Judge results before Snakemake plans, in the process that it was started as.

    Args:
        contents: digests of files that are kept from one start to the next.
        wanted: how paths of results end whose lineage scripts want to know.
        made_by: is filled with the lineages that the plan asks for, by path.
        code: gives the code hash of a script now, by its name.
    """
    from snakemake.dag import DAG
    from snakemake.persistence import PersistenceBase

    before, finished = DAG.check_incomplete, PersistenceBase.finished
    if hasattr(before, "ours"):  # the Snakefile is read once more in this process
        before, finished = before.ours, finished.ours

    async def check_incomplete(self: Any) -> None:
        await before(self)
        hurry(self.workflow)
        if all(_looked_at):
            plans = judge_plan(self, contents)
            ordered = (job for level in self.toposorted() for job in level if job.output)
            planned = lineages((plans[job] for job in ordered), records.read)
            made_by.update((p, line) for p, line in planned.items() if p.endswith(wanted))

    async def check_output_mtime(self: Any, job: Any, expanded_output: Any) -> None:
        """An input may be dated in the future: times decide nothing."""

    async def done(self: Any, job: Any) -> None:
        await finished(self, job)
        if job.benchmark and os.path.exists(job.benchmark):
            record_benchmark(job.rule.name, str(job.benchmark))
        for output in map(str, job.output):
            made = believed(output, job.rule.script, code)
            if made is not None:
                contents.note(output, made.sha256, made.ended)
                if output in made_by:  # some parameters are known only when a job starts
                    made_by[output] = made.made_by

    atexit.register(contents.flush)
    check_incomplete.ours, done.ours = before, finished  # type: ignore[attr-defined]
    DAG.check_incomplete = check_incomplete
    DAG.check_output_mtime = check_output_mtime
    PersistenceBase.finished = done


def params_as_jobs_find_them(workflow: Any) -> None:
    """Have a job's parameters recorded as they are when it starts.

    Snakemake (9.27) records what they were before the first job ran, if it looked then: of files
    that were yet to be made, nothing, and the job would run once more next time.
    """
    looked: Any = getattr(workflow.persistence, "_params", None)
    if hasattr(looked, "cache_clear"):
        looked.cache_clear()


def hurry(workflow: Any) -> None:
    """Let jobs on this machine start at no particular rate.

    To keep to one, Snakemake's scheduler looks again after a second whenever it has looked, so that
    it looks a thousand times a second when a thousand jobs have ended.
    """
    settings = workflow.scheduling_settings
    if settings is not None and not workflow.resource_settings.nodes:
        settings.max_jobs_per_timespan = None


def record_benchmark(rule: str, path: str) -> None:
    """Keep a record of what Snakemake itself measured of a job.

    On a full disk it has none, and counts as nothing that could be damaged: the results are what
    matters, and a job of theirs says it.
    """
    with suppress(OSError, UserError):
        records.Recorder(rule, {}, [], [path]).finish()


def name_full_disks() -> None:
    """Have Snakemake name the file, and the remedy, where it cannot write what it measured."""
    from snakemake import benchmark

    write = getattr(benchmark.write_benchmark_records, "ours", benchmark.write_benchmark_records)

    def written(measured: Any, path: Any, extended: Any) -> None:
        try:
            write(measured, path, extended)
        except OSError as error:
            raise refusal(error, path) or error from error

    written.ours = write  # type: ignore[attr-defined]
    benchmark.write_benchmark_records = written


def believed(output: str, script: str | None, code: Callable[[str], str]) -> records.Made | None:
    """The record of what a job has just made, but not if the code was edited since the start.

    The job was told the code's hash then, and has run what stood in the files later. Without a
    record the next run makes it again.
    """
    made = records.read(output)
    if made is not None and script and "code" in made.params:
        try:
            now = code(os.path.basename(script))
        except (OSError, ValueError, SyntaxError):  # in the middle of an edit
            now = ""
        if made.params["code"] != repr(now):
            records.place(output).unlink()
            line = f"{output}: the code was edited meanwhile; the next run makes it again"
            say(line, sys.stderr)
            return None
    return made


def judge_plan(dag: Any, contents: Contents) -> dict[Any, Plan]:
    """Have made again what is not as recorded, and put Snakemake's records right for the rest.

    What is to be made again, and why, is in `dag.judged` then. A dry run writes nothing.

    Returns:
        What each job is to make.
    """
    jobs = [job for job in dag.jobs if job.output]
    plans = {job: plan_of(job) for job in jobs}
    with contents.together():
        judged = judge(plans.values(), records.read, contents.holds, os.path.exists)
    dag.judged = judged
    lost = _put_right(dag.workflow, jobs, judged)
    for job in jobs:
        dag.forcefiles.update(file for file in job.output if str(file) in judged.again)
    _ignore_times_of(set(judged.vouched) | set(judged.again))
    if not _looked_at:
        for line in judged.lines(lost):
            say(line, sys.stderr)
    return plans


def plan_of(job: Any) -> Plan:
    """What a job of Snakemake's is to make, from what and with which parameters."""
    params = records.values(job.params.items())
    return Plan(job.rule.name, params, [*map(str, job.input)], [*map(str, job.output)])


def _put_right(workflow: Any, jobs: list[Any], judged: Judged) -> list[str]:
    """Give Snakemake the project's records where its own are missing or others; of these paths."""
    from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord

    persistence = workflow.persistence
    readable = _reading_once(persistence)
    missing: dict[str, Any] = {}
    for job in jobs:
        for file in job.output:
            made, has = judged.vouched.get(str(file)), persistence.metadata(file)
            params = sorted(made.params.values()) if made is not None else []
            if made is None or (has and has.rule == made.rule and sorted(has.params) == params):
                continue
            missing[str(file)] = MetadataRecord(
                rule=made.rule,
                params=params,
                input=sorted(map(str, job.input)),
                log=sorted(map(str, job.log)),
                starttime=made.started,
                endtime=made.ended,
                incomplete=False,
                job_hash=hash(job),
                record_format_version=RECORD_FORMAT_VERSION,
                input_checksums={path: f"sha256:{sha}" for path, sha in made.inputs.items()},
            )
    if workflow.dryrun or _looked_at:
        persistence._read_record = lambda key: missing.get(key) or readable(key)
    else:
        for path, record in missing.items():
            persistence._write_record(path, record)
        if missing:
            persistence._clear_cache()
    return list(missing)


def _reading_once(persistence: Any) -> Callable[[str], Any]:
    """Have Snakemake's records read once; it keeps 128 of them, and asks ten times for each.

    Returns:
        Gives the record of a path, None where there is none or it is half written, as after a
        power cut.
    """
    read, clear = persistence._read_record, persistence._clear_cache
    known: dict[str, Any] = {}

    def readable(key: str) -> Any:
        if key not in known:
            try:
                known[key] = read(key)
            except ValueError:
                known[key] = None
        return known[key]

    def cleared() -> None:
        known.clear()
        clear()

    persistence._read_record, persistence._clear_cache = readable, cleared
    return readable


def _ignore_times_of(results: set[str]) -> None:
    """What a result holds is compared by its record; its time says nothing, nor does its script's,
    whose code is a parameter."""
    from snakemake.io import _IOFile
    from snakemake.jobs import Job

    asked: Callable[..., Any] = getattr(_IOFile.is_newer, "ours", _IOFile.is_newer)

    async def is_newer(self: Any, time: float) -> bool:
        return str(self) not in results and bool(await asked(self, time))

    older_now: Any = Job.outputs_older_than_script_or_notebook
    older: Callable[..., Any] = getattr(older_now, "ours", older_now)

    async def outputs_older_than_script_or_notebook(self: Any) -> AsyncIterator[Any]:
        async for output in older(self):
            if str(output) not in results:
                yield output

    is_newer.ours = asked  # type: ignore[attr-defined]
    outputs_older_than_script_or_notebook.ours = older  # type: ignore[attr-defined]
    _IOFile.is_newer = is_newer
    Job.outputs_older_than_script_or_notebook = outputs_older_than_script_or_notebook
