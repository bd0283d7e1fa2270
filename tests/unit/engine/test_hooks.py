"""The places in Snakemake that the project replaces are there, and are called as it expects."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import snakemake.api  # noqa: F401  (nothing of Snakemake's can be imported before it)
from snakemake.dag import DAG
from snakemake.executors import local
from snakemake.io import _IOFile
from snakemake.jobs import Job
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord, PersistenceBase
from snakemake.persistence.file import FilePersistence

from rematch.engine import fork_hook, workers
from rematch.engine.fork_hook import environment_of, shell_is_changed
from rematch.engine.hooks import (
    _put_right,
    believed,
    hurry,
    name_full_disks,
    record_benchmark,
)
from rematch.engine.judge import Judged
from rematch.engine.records import Made, read, write
from rematch.engine.workers import TEMPORARY, THREADS
from rematch.errors import UserError


def test_snakemake_has_the_places_that_are_replaced() -> None:
    for function, names in (
        (DAG.check_incomplete, ["self"]),
        (DAG.check_output_mtime, ["self", "job", "expanded_output"]),
        (PersistenceBase.finished, ["self", "job"]),
        (_IOFile.is_newer, ["self", "time"]),
    ):
        assert inspect.iscoroutinefunction(function)
        assert list(inspect.signature(function).parameters) == names
    older = Job.outputs_older_than_script_or_notebook
    assert inspect.isasyncgenfunction(older) and [*inspect.signature(older).parameters] == ["self"]
    for name in ("_read_record", "_write_record", "_clear_cache"):
        assert callable(getattr(FilePersistence, name))
    assert RECORD_FORMAT_VERSION == 6 and FilePersistence.finished is PersistenceBase.finished
    known = {"rule", "params", "input", "log", "starttime", "endtime", "incomplete", "job_hash"}
    assert {*MetadataRecord.model_fields} >= known | {"record_format_version", "input_checksums"}


def test_results_are_judged_before_it_is_decided_what_to_run() -> None:
    code = inspect.getsource(DAG.init)
    assert code.index("self.check_incomplete()") < code.index("self.update_needrun(")
    assert "self.forcefiles.isdisjoint(job.output)" in inspect.getsource(DAG.update_needrun)


def test_a_benchmark_that_cannot_be_recorded_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("times.tsv").write_text("s\n1\n", "utf-8")
    record_benchmark("rule", "times.tsv")
    before = read("times.tsv")
    assert before is not None and before.rule == "rule"

    def full(made: Made) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rematch.engine.records.write", full)
    record_benchmark("rule", "times.tsv")
    assert read("times.tsv") is None


def test_a_benchmark_that_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from snakemake import benchmark

    def full(records: object, path: str, extended_fmt: bool) -> None:
        raise OSError(28, "No space left on device")

    known = inspect.signature(benchmark.write_benchmark_records)
    assert list(known.parameters) == ["records", "path", "extended_fmt"]
    assert "snakemake.benchmark import" in inspect.getsource(local.run_wrapper)
    monkeypatch.setattr(benchmark, "write_benchmark_records", full)
    name_full_disks()
    name_full_disks()  # the Snakefile may be read twice
    with pytest.raises(UserError, match=r"^results/b.tsv: No space left on device; free some"):
        benchmark.write_benchmark_records([], "results/b.tsv", False)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"params": 3}', b"null"])
def test_a_record_of_snakemakes_that_cannot_be_read_is_none(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = FilePersistence(nolock=True)
    kept._write_record("out", MetadataRecord(rule="r", params=[]))
    (file,) = [path for path in Path(".snakemake/metadata").rglob("*") if path.is_file()]
    file.write_bytes(content)
    made = Made("out", "r", {}, {}, "", "", 1.0, 2.0)
    job = Mock(input=[], output=[_IOFile("out", None)], log=[])
    workflow = SimpleNamespace(persistence=kept, dryrun=False)
    assert _put_right(workflow, [job], Judged({}, {"out": made})) == ["out"]
    assert kept.metadata(job.output[0]).endtime == 2.0
    file.write_bytes(content)
    kept._clear_cache()
    assert not kept.metadata(job.output[0])


def test_what_other_code_may_have_made_than_its_record_says_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where code is edited during a run: later jobs run it, under the hash of before."""

    def broken(script: str) -> str:
        raise SyntaxError(script)

    monkeypatch.chdir(tmp_path)
    now: dict[str, str] = {"judge.py": "0" * 16}
    for code, fits in ((now.__getitem__, True), (lambda script: "1" * 16, False), (broken, False)):
        write(Made("out", "judge", {"code": repr("0" * 16)}, {}, "", "", 1.0, 2.0))
        assert (believed("out", "../scripts/judge.py", code) is not None) is fits
        assert (read("out") is not None) is fits
        assert ("out: the code was edited" in capsys.readouterr().err) is not fits
    write(Made("out", "judge", {}, {}, "", "", 1.0, 2.0))
    assert believed("out", None, broken) == read("out") is not None


def test_snakemake_starts_scripts_where_jobs_are_forked() -> None:
    from snakemake.script import PythonScript
    from snakemake.shell import shell

    asked = getattr(PythonScript.execute_script, "ours", PythonScript.execute_script)
    assert list(inspect.signature(asked).parameters) == ["self", "fname", "edit"]
    source = inspect.getsource(asked) + inspect.getsource(PythonScript._execute_cmd)
    for name in ("conda_env", "container_img", "env_modules", "shadow_dir", "bench_record"):
        assert f"self.{name}" in source
    for name in ("_process_prefix", "_process_suffix"):
        assert not getattr(shell, name)
    # The variables that a job gets are those that it would get from a shell.
    told = inspect.getsource(shell.__new__)
    assert all(f'envvars["{name}"]' in told for name in (*THREADS, *TEMPORARY))
    assert told.count('envvars["') == len((*THREADS, *TEMPORARY))


@pytest.mark.parametrize(
    ("given", "changed"),
    [({}, False), ({"shell_exec": "zsh"}, True), ({"tmpdir": "/tmp"}, False)],
)
def test_a_shell_of_ones_own_is_used(given, changed) -> None:
    assert shell_is_changed(given) is changed


def test_a_forked_jobs_environment(monkeypatch) -> None:
    monkeypatch.setenv("MINE", "1")
    job = SimpleNamespace(threads=3, resources={"tmpdir": "/there"})
    found = environment_of(job)
    assert found["MINE"] == "1" and {found[name] for name in THREADS} == {"3"}
    assert {found[name] for name in TEMPORARY} == {"/there"}


def test_jobs_on_this_machine_start_at_no_rate() -> None:
    def workflow(nodes):
        return SimpleNamespace(
            scheduling_settings=SimpleNamespace(max_jobs_per_timespan="100/1s"),
            resource_settings=SimpleNamespace(nodes=nodes),
        )

    here, cluster = workflow(None), workflow(4)
    hurry(here)
    hurry(cluster)
    assert here.scheduling_settings.max_jobs_per_timespan is None
    assert cluster.scheduling_settings.max_jobs_per_timespan == "100/1s"


def test_no_job_is_forked_once_a_module_was_edited(tmp_path, monkeypatch) -> None:
    """Its server may have read what stood there for a moment, and the record would not say so."""
    from snakemake.script import PythonScript

    module = tmp_path / "module.py"
    module.write_text("VALUE = 1\n")
    os.utime(module, (1, 1))  # the next write is another time, however coarse the clock
    started = []
    monkeypatch.setattr(
        PythonScript, "execute_script", lambda self, fname, edit=False: started.append("ordinary")
    )
    monkeypatch.setattr(workers, "start", lambda fname, environment: started.append("forked"))
    monkeypatch.setattr(fork_hook, "measured", lambda child, record: 0)
    monkeypatch.setattr(workers, "usable", lambda: True)
    script = object.__new__(PythonScript)
    script.conda_env = script.container_img = script.env_modules = script.shadow_dir = None
    script.bench_record, script.threads, script.resources = None, 1, {}
    fork_hook.fork_jobs(tmp_path)
    script.execute_script("job.py")
    before = fork_hook.written([str(module), str(tmp_path / "none.py")])
    module.write_text("VALUE = 2\n")
    module.write_text("VALUE = 1\n")
    after = fork_hook.written([str(module), str(tmp_path / "none.py")])
    assert after[0] != before[0] and after[1] is before[1] is None
    script.execute_script("job.py")
    assert started == ["forked", "ordinary"]
