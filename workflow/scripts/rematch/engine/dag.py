"""The workflow as Snakemake plans it, for what looks at the plan and runs nothing of it.

Snakemake has no public way to its DAG. `_workflow`, `_prepare_dag` and `_build_dag` are what its
own `--summary` goes through, in the version that requirements.txt pins.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rematch.config import WHOLE, demand_plain
from rematch.engine import records
from rematch.engine.hooks import looking, plan_of
from rematch.engine.judge import otherwise
from rematch.errors import UserError

ROOT = Path(__file__).resolve().parents[4]
"""The project's folder, where the Snakefile is."""


@dataclass(frozen=True)
class Job:
    """A job of the plan; paths as Snakemake has them, relative to the working folder.

    Attributes:
        rule: its rule's name.
        script: path of the script relative to the project's folder; "" for a rule without one.
        code: its rule's code hash.
        inputs, outputs: files and folders.
        notes: its log and, if there is one, its benchmark.
        grows: those of the outputs that it adds to, so that they hold what earlier runs left there.
        started, ended: when its outputs were made, in seconds since 1970; None if not recorded.
        outdated: its outputs were made with other parameters or code than the plan's, or from
            other files, or nobody knows how.
    """

    rule: str
    script: str
    code: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: tuple[str, ...]
    grows: tuple[str, ...]
    started: float | None
    ended: float | None
    outdated: bool


@contextmanager
def planned(
    arguments: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    judging: bool = True,
    results: str = "results",
) -> Iterator[Any]:
    """Snakemake's Workflow with its `dag` built, as `snakemake -n` would build it here.

    Args:
        arguments: of Snakemake's command line, such as `--configfile my.yaml`. The default
            profile counts as it does there.
        config: a validated configuration, in place of all files.
        notes: what was said of those.
        results: the folder of results, where `config` is given.
        judging: hold results against their records; see `judge`.

    Raises:
        UserError: a config is no plain YAML; or Snakemake cannot plan, and the message is its own.
        SystemExit: an argument or the configuration is wrong; the reason is on standard error.
    """
    from snakemake.api import OutputSettings, SnakemakeApi  # half a second, and seldom needed

    args = _parsed(arguments)
    # Before Snakemake reads these: it would run the code of one that is a template.
    demand_plain(args.configfile or [])
    output = OutputSettings(dryrun=True, log_level_override=logging.ERROR)
    with looking(judging), SnakemakeApi(output) as api:
        yield _built(
            api, args, config and {"config": config, "notes": list(notes), "results": results}
        )


def _parsed(arguments: Sequence[str]) -> Any:
    """Snakemake's arguments. It says which profile it read; of an error only that is shown."""
    from snakemake.cli import parse_args

    said = io.StringIO()
    try:
        with redirect_stderr(said):
            _, args = parse_args(["--snakefile", str(ROOT / "Snakefile"), *arguments])
    except SystemExit:
        sys.stderr.write(said.getvalue())
        raise
    return args


def _built(api: Any, args: Any, whole: Mapping[str, Any] | None) -> Any:
    from snakemake.api import ConfigSettings, DAGSettings, ResourceSettings, StorageSettings
    from snakemake.cli import parse_config
    from snakemake.exceptions import RuleException, WorkflowError
    from snakemake.settings.types import SharedFSUsage

    try:
        found = api.workflow(
            ResourceSettings(cores=1),
            # Else Snakemake makes a folder in home, which on a cluster there may not be.
            storage_settings=StorageSettings(
                shared_fs_usage=SharedFSUsage.all() - {SharedFSUsage.SOURCE_CACHE}
            ),
            config_settings=ConfigSettings(
                config=parse_config(args.config) if whole is None else {WHOLE: whole},
                configfiles=args.configfile,
            ),
            snakefile=args.snakefile,
        )
        found.dag(
            DAGSettings(
                targets=args.targets,
                forcerun=args.forcerun,
                forceall=args.forceall,
                # What a killed run left is a reason like any other, not an error.
                force_incomplete=True,
                rerun_triggers=args.rerun_triggers,
            )
        )
        workflow = found._workflow
        workflow._prepare_dag(args.forceall, ignore_incomplete=True, lock_warn_only=True)
        workflow._build_dag()
    except (WorkflowError, RuleException, OSError) as error:
        raise UserError(" ".join(str(error).split())) from error
    return workflow


def jobs(workflow: Any, named: str = "{}") -> list[Job]:
    """Every job of the plan that makes files, each after those whose files it reads.

    `named` is what a workflow that includes this one calls its rules, such as "rematch_{}".
    """
    ordered = []
    for level in workflow.dag.toposorted():
        ordered += sorted((job for job in level if job.output), key=lambda job: str(job.output[0]))
    made = {str(path): records.read(str(path)) for job in ordered for path in job.output}
    return [_job(job, made, named) for job in ordered]


def _job(job: Any, made: Mapping[str, records.Made | None], named: str) -> Job:
    script, plan = job.rule.script, plan_of(job)
    plan = plan._replace(rule=named.format(plan.rule))
    record = made[plan.outputs[0]]
    outdated = any(
        found is None or found.params != plan.params or otherwise(plan, found, made) is not None
        for found in (made[path] for path in plan.outputs)
    )
    return Job(
        rule=plan.rule,
        script=_from_root(Path(job.rule.basedir) / script) if script else "",
        code=str(job.params.get("code", "")),
        inputs=tuple(plan.inputs),
        outputs=tuple(plan.outputs),
        notes=tuple(map(str, [*job.log, *([job.benchmark] if job.benchmark else [])])),
        grows=tuple(str(file) for file in job.output if file.is_flagged("update")),
        started=record.started if record else None,
        ended=record.ended if record else None,
        outdated=outdated,
    )


def _from_root(path: Path) -> str:
    return path.resolve().relative_to(ROOT).as_posix()
