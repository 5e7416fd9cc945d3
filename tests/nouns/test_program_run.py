"""Running a program: how it may end, and that nothing of it is left: no process, no file, no memory, no time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

import parametra as pm
from parametra.nouns import _program_guard as guards
from parametra.nouns import _program_run as running
from parametra.nouns._program_run import Bounds, run
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import Call, EvaluationFailed, EvaluationTimedOut, Fate, Infeasible, Job, evaluate
from parametra.nouns.model import Model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

PYTHON = [sys.executable, "-I", "-S"]


@pytest.fixture
def programmed(tmp_path):
    """A program from its text; the word {a} is its first argument."""

    def make(text, results="stdout", **settings):
        (tmp_path / "sim.py").write_text(text, encoding="utf-8")
        settings = {"working_folder": "work", **settings}
        return pm.Program([*PYTHON, "sim.py", "{a}"], results, folder=tmp_path, **settings)

    return make


def outcome(program, a=1.0):
    """What a run comes to, as every pool sees it."""
    return evaluate(Job(Model.of(program), ({},)), Call(0, {"a": a}))


def is_gone(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_an_answer_leaves_nothing(programmed, tmp_path):
    found = outcome(programmed("import sys\nprint(sys.argv[1])"), 0.1)
    assert found.fate is Fate.OK and found.outputs[""].tolist() == [0.1]
    assert left(tmp_path / "work") == []


# ---- exit codes

ENDS = {
    "exit code": ("import sys\nsys.exit(4)", "sim.py ended with exit code 4"),
    "last line of stderr": (
        "import sys\nprint('one\\ntwo \\x1b[31mred\\n\\n', file=sys.stderr)\nsys.exit(1)",
        "sim.py ended with exit code 1: two [31mred",
    ),
    "a long last line": (
        "import sys\nsys.exit('x' * 500)",
        "sim.py ended with exit code 1: " + "x" * 97 + "...",
    ),
    "its own working folder": (
        "import os, sys\nsys.exit('no file ' + os.path.join(os.getcwd(), 'mesh'))",
        "sim.py ended with exit code 1: no file {workdir}/mesh",
    ),
    "an exception": ("1 / 0", "sim.py ended with exit code 1: ZeroDivisionError: division by zero"),
    "a signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "sim.py ended with signal SIGSEGV"),
    "nothing": ("", "stdout is empty"),
    "garbage": ("import os\nos.write(1, bytes(range(256)))", "stdout holds text where numbers are wanted"),
    "a result and a wrong exit code": ("print(1)\nimport sys\nsys.exit(2)", "sim.py ended with exit code 2"),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_failure_has_a_reason(case, programmed, tmp_path):
    text, reason = ENDS[case]
    found = outcome(programmed(text))
    assert (found.fate, found.reason, found.retry) == (Fate.FAILED, reason, False)
    assert left(tmp_path / "work") == ["failed"]


def test_exit_codes_that_say_more(programmed, tmp_path):
    program = programmed("import sys\nsys.exit(int(float(sys.argv[1])))", infeasible=[3, 4], retry=75)
    with pytest.raises(Infeasible, match=r"^sim.py ended with exit code 3, which says infeasible$"):
        program({"a": 3.0}, {})
    assert left(tmp_path / "work") == []
    found = outcome(program, 75.0)
    assert found.fate is Fate.FAILED and found.retry
    assert not outcome(program, 5.0).retry


def test_a_missing_result(programmed):
    found = outcome(programmed("print(1)", {"y": "stdout", "z": "out.csv:z"}))
    assert found.reason == "out.csv was not written"


# ---- what it sees


def test_stdin_is_empty_and_the_environment_as_stated(programmed, monkeypatch):
    monkeypatch.setenv("PARAMETRA_TEST_KEPT", "7")
    program = programmed(
        "import os, sys\nassert sys.stdin.read() == ''\n"
        "print(os.environ['PARAMETRA_TEST_KEPT'], os.environ['OMP_NUM_THREADS'])",
        environment={"OMP_NUM_THREADS": 1},
    )
    assert program({"a": 1.0}, {})[""].tolist() == [7, 1]


def test_it_runs_in_a_folder_of_its_own(programmed, tmp_path):
    program = programmed("import os\nprint(int(os.getcwd().startswith(os.environ['W'])), len(os.listdir()))",
                         environment={"W": str(tmp_path / "work")})  # fmt: skip
    assert program({"a": 1.0}, {})[""].tolist() == [1, 2]


def test_many_at_once(programmed, tmp_path):
    program = programmed("import sys\nopen('y', 'w').write(sys.argv[1])\nprint(open('y').read())")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda a: program({"a": a}, {})[""][0], np.arange(12.0)))
    assert found == list(range(12))
    assert left(tmp_path / "work") == []


# ---- time

TREE = """
import os, subprocess, sys, time
if len(sys.argv) > 2:                       # a grandchild, which notes that it lives
    with open("pids", "a") as file:
        print(os.getpid(), file=file)
    time.sleep(60)
for how in (False, True):                   # the second leaves the group of processes
    subprocess.Popen([sys.executable, "-I", "-S", __file__, "x", "child"], start_new_session=how)
if os.fork() == 0:                          # the third gives itself another parent, and another group
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-I", "-S", __file__, "x", "child"])
    os._exit(0)
time.sleep(60)
"""


def test_in_time_the_whole_tree_is_ended(programmed, tmp_path):
    program = programmed(TREE, timeout=1.0)
    began = time.monotonic()
    with pytest.raises(EvaluationTimedOut, match=r"^longer than 1 s$"):
        program({"a": 1.0}, {})
    assert 1.0 <= time.monotonic() - began < 5
    (kept,) = (tmp_path / "work" / "failed").iterdir()
    pids = [int(line) for line in (kept / "pids").read_text().split()]
    assert len(pids) == 3
    for pid in pids:
        assert is_gone(pid)


def test_what_it_leaves_running_is_ended_too(programmed, tmp_path):
    program = programmed(
        "import subprocess\n"
        "left = subprocess.Popen(['sleep', '60'])\nprint(left.pid)"
    )  # fmt: skip
    began = time.monotonic()
    pid = int(program({"a": 1.0}, {})[""][0])
    assert time.monotonic() - began < 5
    for _ in range(100):
        if is_gone(pid):
            return
        time.sleep(0.02)
    pytest.fail("it is still there")


def test_interrupted_it_is_ended(programmed, tmp_path):
    program = programmed("import os, time\nopen('../pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")

    def interrupt():
        while not (tmp_path / "work" / "pid").is_file() or not (tmp_path / "work" / "pid").read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        program({"a": 1.0}, {})
    assert not psutil.pid_exists(int((tmp_path / "work" / "pid").read_text()))
    assert left(tmp_path / "work") == ["pid"]


DRIVER = """
import sys
import parametra as pm
pm.Program([sys.executable, "-I", "-S", "sim.py", "x"], "stdout", folder=sys.argv[1], working_folder="work")({}, {})
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_driver_that_is_killed_leaves_nothing_running(number, tmp_path):
    (tmp_path / "sim.py").write_text(TREE, encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path)]) as driver:
        pids = []
        until = time.monotonic() + 20
        while len(pids) < 3 and time.monotonic() < until:
            time.sleep(0.02)
            pids = [int(line) for each in tmp_path.glob("work/*/pids") for line in each.read_text().split()]
        top = [each.pid for each in psutil.Process(driver.pid).children(recursive=True)]
        driver.send_signal(number)
    until = time.monotonic() + 5
    while not all(map(is_gone, [*pids, *top])) and time.monotonic() < until:
        time.sleep(0.02)
    assert len(pids) == 3
    assert [pid for pid in (*pids, *top) if not is_gone(pid)] == []


def test_a_guard_that_is_killed_is_replaced(programmed):
    program = programmed("print(1)")
    for _ in range(2):
        assert program({"a": 1.0}, {})[""].tolist() == [1.0]
        guard = guards._guard.process
        assert guard is not None and guard.poll() is None
        guard.kill()
        guard.wait()


def test_without_descriptors_of_processes(programmed, monkeypatch):
    present = os.pidfd_open

    def absent(pid, *flags):
        if flags:  # psutil asks so
            return present(pid, *flags)
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", absent, raising=False)
    assert outcome(programmed("print(1)", timeout=5)).ok
    assert outcome(programmed("import time\ntime.sleep(60)", timeout=0.3)).fate is Fate.TIMED_OUT


# ---- memory and disk

GREEDY = (
    "blocks = []\nfor _ in range(300):\n    blocks.append(bytearray(10**6))\nimport time\ntime.sleep({wait})\nprint(1)"
)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's limit")
@pytest.mark.parametrize("text", [GREEDY.format(wait=0), "x = bytearray(10**9)\nprint(1)"])
def test_memory_is_limited(programmed, text):
    found = outcome(programmed(text, memory="100 MB"))
    assert (found.fate, found.reason) == (Fate.FAILED, "ran out of its memory of 100 MB")


def test_memory_that_suffices(programmed):
    assert outcome(programmed(GREEDY.format(wait=0), memory="1 GiB")).ok


def test_a_failure_below_the_limit_is_told_as_it_is(programmed):
    assert outcome(programmed("1 / 0", memory="1 GB")).reason.endswith("ZeroDivisionError: division by zero")


def test_memory_is_watched_where_the_kernel_does_not(programmed, monkeypatch):
    monkeypatch.setattr(running.sys, "platform", "darwin")
    found = outcome(programmed(GREEDY.format(wait=60), memory="100 MB", timeout=30))
    assert found.reason == "ran out of its memory of 100 MB"


SHOUTS = "block = b'1 ' * 500_000\nimport os\nfor _ in range(10_000):\n    os.write({to}, block)"


@pytest.mark.parametrize("to", ["1", "2", "os.open('out.csv', os.O_WRONLY | os.O_CREAT | os.O_APPEND)"])
def test_a_program_that_writes_without_end_is_ended(to, programmed, tmp_path):
    found = outcome(programmed(SHOUTS.format(to=to), output_limit="5 MB", keep="never", timeout=30))
    assert found.reason == "wrote more than its output_limit of 5 MB"
    assert left(tmp_path / "work") == []


def test_too_much_is_too_much_however_fast(programmed):
    found = outcome(programmed("print('1 ' * 20_000)", output_limit="10 kB"))
    assert found.reason == "wrote more than its output_limit of 10 kB"


def test_megabytes_before_the_answer(programmed):
    program = programmed("print('talk ' * 2_000_000)\nprint('cost = 3')", r"stdout~cost = (\S+)")
    assert program({"a": 1.0}, {})[""].tolist() == [3]


# ---- what is kept


def test_a_failed_run_says_why(programmed, tmp_path):
    program = programmed("import sys\nprint('half')\nsys.exit('no convergence')")
    outcome(program, 0.1)
    (kept,) = program.failed_folder.iterdir()
    assert program.failed_folder == tmp_path / "work" / "failed"
    assert (kept / "stdout").read_text() == "half\n"
    why = (kept / "why.txt").read_text(encoding="utf-8").splitlines()
    assert why[0] == "sim.py ended with exit code 1: no convergence"
    assert json.loads(why[2].removeprefix("command: ")) == [*PYTHON, str(tmp_path / "sim.py"), "0.1"]
    assert json.loads(why[3].removeprefix("values: ")) == {"a": 0.1}
    assert why[-1] == "The last 20 failed runs are kept here; keep_at_most = 100 keeps more."


def test_the_last_failed_ones_are_kept(programmed):
    program = programmed("import sys\nsys.exit(sys.argv[1])", keep_at_most=3)
    for a in range(5):
        outcome(program, float(a))
    kept = sorted(program.failed_folder.iterdir())
    assert [(each / "stderr").read_text() for each in kept] == ["2.0\n", "3.0\n", "4.0\n"]


@pytest.mark.parametrize(
    ("settings", "shelves"),
    [
        ({"keep": "never"}, {}),
        ({"keep_at_most": 0}, {}),
        ({"keep": "all", "keep_at_most": 1}, {"failed": 3, "kept": 1}),
    ],
)
def test_keep(settings, shelves, programmed, tmp_path):
    program = programmed("import sys\nprint(1)\nsys.exit(int(float(sys.argv[1])))", **settings)
    for a in (0.0, 1.0, 2.0, 3.0):
        outcome(program, a)
    work = tmp_path / "work"
    assert {name: len(left(work / name)) for name in left(work)} == shelves


def test_a_temporary_folder_goes_with_the_program(programmed, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    program = programmed("import sys\nprint(1)\nsys.exit(int(float(sys.argv[1])))", working_folder=None)
    assert outcome(program, 0.0).ok
    (base,) = (tmp_path / "tmp").iterdir()
    assert base.stat().st_mode & 0o777 == 0o700
    (base / "left by a run that was killed").mkdir()
    del program
    assert left(tmp_path / "tmp") == []
    program = programmed("import sys\nsys.exit(1)", working_folder=None)
    outcome(program)
    kept = program.failed_folder
    del program
    assert len(left(kept)) == 1


def test_a_temporary_folder_of_somebody_else_is_not_used(programmed, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = programmed("print(1)", working_folder=None)
    target = tmp_path / "elsewhere"
    target.mkdir()
    program.failed_folder.parent.symlink_to(target)
    with pytest.raises(ModelError, match="belongs to somebody else"):
        program({"a": 1.0}, {})


def test_a_folder_that_cannot_be_made_may_be_there_later(programmed, tmp_path):
    (tmp_path / "work").write_text("a file")
    with pytest.raises(EvaluationFailed, match=r"^the working folder could not be written: ") as caught:
        programmed("print(1)")({"a": 1.0}, {})
    assert caught.value.retry


# ---- what cannot be started


def test_a_script_without_an_interpreter(tmp_path):
    (tmp_path / "tool").write_text("print(1)\n")
    (tmp_path / "tool").chmod(0o755)
    program = pm.Program(["tool"], "stdout", folder=tmp_path, working_folder="work")
    with pytest.raises(ModelError, match=r"cannot be started: Exec format error. Write the interpreter"):
        program({}, {})
    assert left(tmp_path / "work") == []
    (tmp_path / "tool").write_text("#!/no/such/interpreter\n")
    with pytest.raises(ModelError, match=r"cannot be started: No such file or directory. Install it, or mend"):
        program({}, {})


def test_a_program_that_went_away(tmp_path):
    (tmp_path / "tool").write_text("#!/bin/sh\necho 1\n")
    (tmp_path / "tool").chmod(0o755)
    program = pm.Program(["tool"], "stdout", folder=tmp_path, working_folder="work")
    (tmp_path / "tool").unlink()
    found = evaluate(Job(Model.of(program), ({},)), Call(0, {}))
    assert found.reason.startswith('command: there is no program "')


def test_too_many_processes_may_pass(tmp_path, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(running.subprocess, "Popen", full)
    with pytest.raises(EvaluationFailed, match="could not be started: Resource temporarily") as caught:
        run(["/bin/true"], tmp_path, {}, Bounds(None, None, 10**9))
    assert caught.value.retry


def test_a_short_run_is_not_waited_for(tmp_path):
    program = pm.Program(["echo", "1"], "stdout", working_folder=tmp_path)
    program({}, {})
    began = time.perf_counter()
    for _ in range(20):
        program({}, {})
    assert time.perf_counter() - began < 1.0  # 2 ms each; the first look at a program comes after 20 ms
