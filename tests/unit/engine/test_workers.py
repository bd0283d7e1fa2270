"""Jobs forked from a server: what a job sees and leaves is what an interpreter of its own would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import snakemake.api  # noqa: F401  (nothing of Snakemake's can be imported before it)
from snakemake.benchmark import BenchmarkRecord

from rematch.engine import workers
from rematch.engine.fork_hook import measured
from rematch.engine.workers import Lost, Server
from tests.unit.house import ROOT

pytestmark = pytest.mark.skipif(
    not workers.usable(), reason="jobs are forked on Linux alone; run there"
)

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def server():
    found = Server(ENVIRONMENT)
    yield found
    found.close()


def script(folder: Path, code: str, name: str = "job.py") -> str:
    path = folder / name
    path.write_text(code, "utf-8")
    return str(path)


def ran(server: Server, folder: Path, code: str, **environment: str) -> int:
    child = server.start(script(folder, code), {**ENVIRONMENT, **environment})
    status = child.wait()
    child.forget()
    return status


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("def (", 1),
        ("import os; os._exit(4)", 4),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import atexit, os; atexit.register(os._exit, 5)", 5),
    ],
)
def test_a_job_ends_as_an_interpreter_does(server, tmp_path, code, status):
    assert ran(server, tmp_path, code) == status
    ordinary = subprocess.run([sys.executable, script(tmp_path, code)], stderr=subprocess.DEVNULL)
    assert ordinary.returncode == status


SEES = """
import atexit, json, os, sys, threading, tempfile, random, warnings
import beside
atexit.register(lambda: open("ended", "w").write("yes"))
threading.Thread(target=lambda: open("thread", "w").write("yes")).start()
seen = {
    "name": __name__, "file": __file__, "argv": sys.argv, "path": sys.path[0],
    "main": sys.modules["__main__"].__dict__ is globals(), "mine": os.environ.get("MINE"),
    "gone": os.environ.get("GONE"), "here": os.getcwd(), "temporary": tempfile.gettempdir(),
    "filters": [str(item[:3]) for item in warnings.filters], "beside": beside.VALUE,
    "recursion": sys.getrecursionlimit(), "interrupt": str(__import__("signal").getsignal(2)),
}
json.dump(seen, open("seen.json", "w"))
"""


def test_a_job_sees_what_an_interpreter_sees(server, tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("VALUE = 7\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tmp").mkdir()
    environment = {**ENVIRONMENT, "MINE": "ä", "TMPDIR": str(tmp_path / "tmp")}
    path = script(tmp_path, SEES)
    found = []
    for run in (
        lambda: server.start(path, environment).wait(),
        lambda: subprocess.run([sys.executable, path], env=environment).returncode,
    ):
        assert run() == 0
        seen = json.loads(Path("seen.json").read_text("utf-8"))
        seen["filters"] = [each for each in seen["filters"] if "numpy" not in each.lower()]
        found.append(seen)
        for name in ("ended", "thread"):
            assert Path(name).read_text() == "yes"
            Path(name).unlink()
    # Libraries that are shared may add filters of their own; those of the interpreter are there.
    assert set(found[1].pop("filters")) <= set(found[0].pop("filters"))
    assert found[0] == found[1]


def test_a_job_that_has_ended_can_be_measured_until_it_is_let_go(server, tmp_path):
    child = server.start(script(tmp_path, ""), ENVIRONMENT)
    assert child.wait() == 0
    time.sleep(0.2)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    record = BenchmarkRecord()
    assert measured(child, record) == 0 and record.running_time > 0
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child.pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{child.pid}").exists()


def test_what_a_job_imports_and_changes_is_gone_with_it(server, tmp_path):
    code = "import sys, numpy, json; numpy.spoiled = json.spoiled = 1; import antigravity_not = 1"
    assert ran(server, tmp_path, code) == 1
    code = "import numpy, json; numpy.spoiled = json.spoiled = 1"
    assert ran(server, tmp_path, code) == 0
    assert ran(server, tmp_path, "import numpy, json; numpy.spoiled") == 1


def test_jobs_draw_other_lots(server, tmp_path):
    for name in ("a", "b"):
        code = "import random, numpy\n"
        code += "lots = str(random.random()), str(numpy.random.rand())\n"
        code += f"open({str(tmp_path / name)!r}, 'w').write(' '.join(lots))"
        assert ran(server, tmp_path, code) == 0
    first, second = ((tmp_path / name).read_text().split() for name in ("a", "b"))
    assert len({*first, *second}) == 4


def test_many_jobs_at_once_and_one_that_hangs(server, tmp_path):
    hanging = server.start(script(tmp_path, "import time; time.sleep(600)", "long.py"), ENVIRONMENT)
    found = {}

    def run(i):
        path = script(
            tmp_path, f"import time; time.sleep(.05); raise SystemExit({i % 7})", f"{i}.py"
        )
        found[i] = server.start(path, ENVIRONMENT).wait()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {i: i % 7 for i in range(40)}
    assert hanging.returncode is None
    hanging.kill()
    assert hanging.wait() == -signal.SIGKILL
    hanging.kill()  # it is gone: nothing happens


def test_a_server_that_dies_is_said_and_another_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_server", [])
    path = script(tmp_path, "import time; time.sleep(600)")
    child = workers.start(path, ENVIRONMENT)
    first = workers._server[-1]
    os.kill(first._process.pid, signal.SIGKILL)
    with pytest.raises(Lost):
        child.wait()
    assert not alive(child.pid), "no job goes on that nobody waits for"
    deadline = time.monotonic() + 20
    while first.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(Lost):
        first.start(path, ENVIRONMENT)
    assert workers.start(script(tmp_path, "", "short.py"), ENVIRONMENT).wait() == 0
    assert len(workers._server) == 2
    workers._server[-1].close()
    assert workers._server[-1]._process.wait(5) == 0


PARENT = """
import os, sys, time
from rematch.engine.workers import Server
server = Server(dict(os.environ))
child = server.start(sys.argv[1], dict(os.environ))
print(server._process.pid, child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_its_jobs_at_work_and_no_server(tmp_path, number):
    done = tmp_path / "done"
    job = script(tmp_path, f"import time; time.sleep(2); open({str(done)!r}, 'w').write('x')")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, job],
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT / "workflow/scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pids = [*map(int, parent.stdout.readline().split())]
    parent.send_signal(number)
    parent.wait(20)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (done.exists() and not any(map(alive, pids))):
        time.sleep(0.05)
    assert done.exists() and not any(map(alive, pids))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_server_has_imported_what_jobs_share_and_nothing_heavy(server, tmp_path):
    code = (
        "import sys\n"
        "for name in ('numpy', 'pyarrow.parquet', 'pandas', 'rematch.match.ranking'):\n"
        "    assert name in sys.modules, name\n"
        "for name in ('torch', 'matplotlib', 'ekphrasis', 'deep_translator'):\n"
        "    assert name not in sys.modules, name\n"
    )
    assert ran(server, tmp_path, code) == 0


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv(workers.SWITCH, "0")
    assert not workers.usable()


def test_without_files_of_processes_jobs_start_as_ever(monkeypatch):
    def unknown(pid):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", unknown)
    assert not workers.usable()
    monkeypatch.delattr(os, "pidfd_open")
    assert not workers.usable()
