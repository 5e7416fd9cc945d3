"""Whatever a call does to its process costs that call and nothing else, in processes and in tasks of an executor."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.evaluation import Call, EvaluationFailed, Fate, Infeasible, Job
from parametra.nouns.model import Model
from parametra.runs.pool import CallLimits, Pool, Serial
from parametra.runs.pool_children import Children
from parametra.runs.pool_executor import OnExecutor

X = np.linspace(0, 3, 7)
LEAK = []


class Strange(BaseException):
    pass


def wild(x, a, kind):  # noqa: C901, PLR0912  as many kinds as there are
    """A model that does what `kind` says."""
    if kind == "raises":
        raise ZeroDivisionError("no such point")
    if kind == "infeasible":
        raise Infeasible("a is above b")
    if kind == "strange":
        raise Strange("not even an Exception")
    if kind == "sys.exit":
        sys.exit(4)
    if kind == "text":
        return "some words"
    if kind == "function":
        return lambda: a
    if kind == "key":
        return {threading.Lock(): a * x}
    if kind == "nan":
        return np.nan * x
    if kind == "garbage":
        print("\x00\xff garbage" * 99)  # noqa: T201
        os.write(1, b"\x07\x00\x00\x00 and more")
        assert sys.stdin.read() == ""
    if kind == "_exit":
        os._exit(3)
    if kind == "_exit 0":
        os._exit(0)
    if kind == "hangs":
        subprocess.run(["sleep", "60"], check=True, start_new_session=True)  # noqa: S607
    if kind == "hangs in C":
        ctypes.PyDLL(None).sleep(60)
    if kind == "closes":
        os.closerange(3, 200)
    if kind == "forks":
        os.fork()
    if kind == "leaks":
        while True:
            LEAK.append(np.zeros(25_000_000))
    if kind.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, kind))
        time.sleep(60)
    return a * np.exp(-x)


JOB = Job(Model.of(wild), ({"x": X}, {"x": 2 * X}))


@pytest.fixture(scope="module")
def children():
    pool = Children(2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as executor:
        pool = OnExecutor(executor)
        yield pool
        pool.close()


@pytest.fixture(params=["children", "threads"])
def pool(request):
    return request.getfixturevalue(request.param)


def outcomes(pool, kinds, limits=None):
    """The evaluations of calls of these kinds, in order, and those of good calls around them checked."""
    kinds = ["fine", *kinds, "fine", "fine"]
    calls = [Call(i % 2, {"a": 0.1 * i, "kind": kind}) for i, kind in enumerate(kinds)]
    found = dict(pool.run(JOB, calls, limits or CallLimits(seconds=20.0)))
    assert sorted(found) == list(range(len(calls)))
    for i, kind in enumerate(kinds):
        if kind == "fine":
            assert found[i].ok, found[i].reason
            assert found[i].outputs[""].tobytes() == (0.1 * i * np.exp(-(1 + i % 2) * X)).tobytes()
            assert 0 < found[i].seconds < 5
    return [found[i] for i in range(1, len(kinds) - 2)]


def sleeping():
    """The programs called sleep that live."""
    found = [p.info for p in psutil.process_iter(["pid", "name", "status"])]
    return {each["pid"] for each in found if each["name"] == "sleep" and each["status"] != psutil.STATUS_ZOMBIE}


def lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


REASONS = {
    "raises": "ZeroDivisionError: no such point",
    "strange": "Strange: not even an Exception",
    "sys.exit": "the model called sys.exit(4)",
    "text": "the model gave <U10, where numbers are wanted",
    "function": "the model gave object, where numbers are wanted",
    "key": "TypeError: cannot pickle '_thread.lock' object",
    "_exit": "the process of the model ended with exit code 3",
    "_exit 0": "the process of the model ended with exit code 0",
    "SIGSEGV": "the process of the model was killed by SIGSEGV",
    "SIGABRT": "the process of the model was killed by SIGABRT",
    "SIGFPE": "the process of the model was killed by SIGFPE",
}


def test_pools_fulfil_the_contract(children, threads):
    assert isinstance(children, Pool) and isinstance(threads, Pool)
    assert (children.name, children.size) == ("2 processes", 2)
    assert (threads.name, threads.size) == ("ThreadPoolExecutor of 2", 2)


@pytest.mark.parametrize("kind", REASONS)
def test_a_call_that_fails_costs_itself(pool, kind):
    (found,) = outcomes(pool, [kind])
    assert (found.fate, found.reason, found.retry) == (Fate.FAILED, REASONS[kind], False)


def test_many_calls_that_fail_cost_themselves(pool):
    kinds = list(REASONS)
    assert [found.reason for found in outcomes(pool, kinds)] == [REASONS[kind] for kind in kinds]


def test_no_answer_and_nan_are_told_apart(pool):
    infeasible, nan = outcomes(pool, ["infeasible", "nan"])
    assert (infeasible.fate, infeasible.reason) == (Fate.INFEASIBLE, "a is above b")
    assert nan.ok and np.isnan(nan.outputs[""]).all()


def test_what_a_model_prints_or_reads_disturbs_nothing(pool, capfd):
    pool.close()  # so that the processes start with the standard error of this test
    assert all(found.ok for found in outcomes(pool, ["garbage", "garbage"]))
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.count("garbage") == 2 * 99


@pytest.mark.parametrize("kind", ["hangs", "hangs in C"])
def test_a_call_that_hangs_is_ended_with_all_that_it_started(pool, kind):
    before = sleeping()
    began = time.monotonic()
    (found,) = outcomes(pool, [kind], CallLimits(seconds=0.7))
    assert (found.fate, found.reason, found.seconds) == (Fate.TIMED_OUT, "longer than 0.7 s", 0.7)
    assert time.monotonic() - began < 10
    assert sleeping() <= before


def test_a_kill_from_outside_may_be_tried_again(pool):
    killed, ended = outcomes(pool, ["SIGKILL", "SIGTERM"], CallLimits(20.0, retries=1))
    assert killed.reason == "the process of the model was killed by SIGKILL (perhaps the system ran out of memory)"
    assert ended.reason == "the process of the model was killed by SIGTERM"
    assert (killed.fate, killed.retry, ended.fate, ended.retry) == (Fate.FAILED, True) * 2


def once(x, place):
    """Fails in the way that `place` says, but only the first time."""
    try:
        Path(place).mkdir()
    except FileExistsError:
        return x
    if place.endswith("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    raise EvaluationFailed("no licence", retry=True)


@pytest.mark.parametrize("way", ["licence", "killed"])
def test_what_may_succeed_later_does(pool, tmp_path, way):
    calls = [Call(0, {"place": str(tmp_path / f"{way[:3]}-{i}-{way}")}) for i in range(3)]
    job = Job(Model.of(once), ({"x": X},))
    assert [found.ok for _, found in pool.run(job, calls, CallLimits(20.0, retries=1))] == [True] * 3
    calls = [Call(0, {"place": str(tmp_path / f"again-{i}-{way}")}) for i in range(3)]
    assert [found.retry for _, found in pool.run(job, calls, CallLimits(20.0, retries=0))] == [True] * 3


def test_a_model_that_closes_everything_has_failed(pool):
    (found,) = outcomes(pool, ["closes"])
    assert found.fate is Fate.FAILED


def test_a_model_that_forks_answers_once(pool):
    for found in outcomes(pool, ["forks", "fine"] * 10)[::2]:
        assert found.ok


def test_a_leak_ends_at_the_limit_of_memory(pool):
    limits = CallLimits(seconds=20.0, memory=3 * 2**30)
    for found in outcomes(pool, ["leaks", "leaks"], limits):
        assert (found.fate, found.reason, found.retry) == (Fate.FAILED, "the model ran out of memory", False)


def hoards(x, a):
    LEAK.append(np.zeros(75_000_000))
    return a * x


def test_memory_that_earlier_calls_have_used_up_is_not_held_against_a_call(pool):
    calls = [Call(0, {"a": float(i)}) for i in range(12)]
    found = dict(pool.run(Job(Model.of(hoards), ({"x": X},)), calls, CallLimits(memory=3 * 2**30)))
    assert [found[i].reason for i in range(12)] == [""] * 12


def test_a_limit_of_memory_below_what_python_needs_is_told(pool):
    with pytest.raises(ModelError, match=r"the limit of memory is 50 MB, and a process needs \d+ MB"):
        outcomes(pool, [], CallLimits(memory=50_000_000))


def echo(x, large):
    return {"large": large, "sum": np.array([large.sum()]), "threads": float(os.environ["OMP_NUM_THREADS"])}


def test_large_arrays_travel_both_ways(pool):
    calls = [Call(0, {"large": np.random.default_rng(i).normal(size=(1250, 1000))}) for i in range(5)]
    found = dict(pool.run(Job(Model.of(echo), ({"x": X},)), calls, CallLimits()))
    for i, call in enumerate(calls):
        assert found[i].outputs["large"].tobytes() == call.parameters["large"].tobytes()
        assert found[i].outputs["threads"] == 1


def test_closing_the_iterator_ends_what_runs(pool):
    calls = [Call(0, {"a": 1.0, "kind": kind}) for kind in ("fine", "hangs", "hangs", "hangs")]
    began = time.monotonic()
    running = pool.run(JOB, calls, CallLimits())
    assert next(running)[0] == 0
    running.close()
    assert outcomes(pool, ["nan"])[0].ok
    assert time.monotonic() - began < 10


def test_no_calls_at_all(pool):
    assert list(pool.run(JOB, [], CallLimits())) == []


class Unloadable:
    """A model that can be sent, and not be loaded."""

    def __init__(self, where):
        self.where = where

    def __call__(self, x, a):
        return a * x

    def __reduce__(self):
        return (load_badly, (self.where,))


def load_badly(where):
    if where == "exit":
        os._exit(7)
    raise ImportError("no module named nowhere")


@pytest.mark.parametrize(
    ("where", "told"), [("import", "ImportError: no module named nowhere"), ("exit", "exit code 7")]
)
def test_a_model_that_cannot_be_loaded_is_told_once(pool, where, told):
    job = Job(Model.of(Unloadable(where)), ({"x": X},))
    began = time.monotonic()
    with pytest.raises(ModelError, match=f"cannot be loaded in another process: .*{told}"):
        list(pool.run(job, [Call(0, {"a": 1.0})] * 50, CallLimits()))
    assert time.monotonic() - began < 5


def test_a_model_that_cannot_be_sent_is_told(pool):
    lock = threading.Lock()

    def locked(x, a):
        with lock:
            return a * x

    with pytest.raises(ModelError, match=r"locked cannot be sent to another process .*lock.*top of a module"):
        list(pool.run(Job(Model.of(locked), ({"x": X},)), [Call(0, {"a": 1.0})], CallLimits()))


def test_a_module_that_cannot_be_imported_travels(pool, tmp_path, monkeypatch):
    import importlib.util

    texts = {
        "helper_of_a_file": "def double(x): return 2 * x",
        "model_of_a_file": "import helper_of_a_file as h\nFACTOR = 3.0\ndef f(x, a): return FACTOR * h.double(a * x)",
    }
    for name, text in texts.items():
        path = tmp_path / f"hidden_{name}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    other = tmp_path / "other"  # where another module has the same name
    other.mkdir()
    (other / "helper_of_a_file.py").write_text("def double(x): return -x")
    monkeypatch.syspath_prepend(other)
    try:
        ((_, found),) = pool.run(Job(Model.of(module.f), ({"x": X},)), [Call(0, {"a": 0.5})], CallLimits())
        assert found.reason == ""
        assert found.outputs[""].tobytes() == (3.0 * (2 * (0.5 * X))).tobytes()
    finally:
        del sys.modules["helper_of_a_file"], sys.modules["model_of_a_file"]


@pytest.fixture
def made_by_hand():
    """A module that no file has."""
    module = types.ModuleType("made_by_hand")
    module.lru_cache = functools.lru_cache
    text = "@lru_cache(maxsize=3)\ndef kept(a):\n    return [a]\ndef f(x, a):\n    return x * len(kept(a)) * kept(a)[0]"
    exec(text, vars(module))  # noqa: S102
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def test_a_function_that_keeps_what_it_gave_travels(pool, made_by_hand):
    made_by_hand.kept(0.5).append(7)
    ((_, found),) = pool.run(Job(Model.of(made_by_hand.f), ({"x": X},)), [Call(0, {"a": 0.5})], CallLimits())
    assert (found.reason, found.outputs[""].tobytes()) == ("", (0.5 * X).tobytes())


def test_serial_gives_the_same(pool):
    calls = [Call(i % 2, {"a": np.pi * i, "kind": "raises" if i == 5 else "fine"}) for i in range(40)]
    alone, found = dict(Serial().run(JOB, calls, CallLimits())), dict(pool.run(JOB, calls, CallLimits()))
    for i in range(40):
        assert (alone[i].fate, alone[i].reason) == (found[i].fate, found[i].reason)
        assert [v.tobytes() for v in alone[i].outputs.values()] == [v.tobytes() for v in found[i].outputs.values()]


def test_a_pool_that_is_closed_starts_again(children):
    assert outcomes(children, ["nan"])[0].ok
    children.close()
    assert outcomes(children, ["nan"])[0].ok


def test_processes_that_died_while_they_had_nothing_to_do_cost_nothing(children):
    outcomes(children, ["nan"])
    pids = [child._process.pid for child in children._children]
    for model in [model for pid in pids for model in psutil.Process(pid).children()]:
        model.kill()
    until = time.monotonic() + 5
    while any(lives(pid) for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert outcomes(children, ["nan"], CallLimits(retries=0))[0].ok


def test_a_pool_runs_one_batch_at_a_time(children):
    first = children.run(JOB, [Call(0, {"a": 1.0, "kind": "fine"})] * 3, CallLimits())
    next(first)
    with pytest.raises(MethodError, match="running other calls"):
        next(children.run(JOB, [Call(0, {"a": 1.0, "kind": "fine"})], CallLimits()))
    assert len(list(first)) == 2


def nothing(x, a):
    return x


def test_a_call_costs_little(children):
    job, calls = Job(Model.of(nothing), ({"x": X},)), [Call(0, {"a": float(i)}) for i in range(1000)]
    best = np.inf
    for _ in range(4):
        began = time.perf_counter()
        assert len(list(children.run(job, calls, CallLimits(seconds=5.0)))) == 1000
        best = min(best, time.perf_counter() - began)
    assert best / 1000 < 600e-6


DRIVER = """
import ctypes, os, subprocess, sys
import numpy as np
from parametra.nouns.evaluation import Call, Job
from parametra.nouns.model import Model
from parametra.runs.pool import CallLimits
from parametra.runs.pool_children import Children
from parametra.runs.pool_executor import OnExecutor
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

def holds_on(x, a):
    below = subprocess.Popen(["sleep", "77"], start_new_session=True)
    lost = subprocess.run(["sh", "-c", "sleep 77 > /dev/null 2>&1 & echo $!"], capture_output=True, text=True).stdout
    with open(f"pids{a:.0f}.part", "w") as file:
        file.write(f"{os.getpid()} {os.getppid()} {below.pid} {lost}")
    os.rename(f"pids{a:.0f}.part", f"pids{a:.0f}")
    ctypes.PyDLL(None).sleep(77)

pool = Children(2) if sys.argv[1] == "children" else OnExecutor(ThreadPoolExecutor(2))
list(pool.run(Job(Model.of(holds_on), ({"x": np.ones(2)},)), [Call(0, {"a": 0.0}), Call(0, {"a": 1.0})], CallLimits()))
"""


@pytest.mark.parametrize("kind", ["children", "threads"])
def test_a_driver_that_is_killed_leaves_nothing_behind(kind, tmp_path):
    (tmp_path / "driver.py").write_text(DRIVER)
    driver = subprocess.Popen([sys.executable, "driver.py", kind], cwd=tmp_path)
    until = time.monotonic() + 30
    while not all((tmp_path / f"pids{i}").exists() for i in (0, 1)):
        assert time.monotonic() < until and driver.poll() is None
        time.sleep(0.05)
    pids = [int(pid) for i in (0, 1) for pid in (tmp_path / f"pids{i}").read_text().split()]
    assert len(pids) == 8 and all(lives(pid) for pid in pids)
    driver.kill()
    driver.wait()
    until = time.monotonic() + 5
    while any(lives(pid) for pid in pids):
        assert time.monotonic() < until, [pid for pid in pids if lives(pid)]
        time.sleep(0.05)


SCRIPT = """
import sys
sys.modules["jax"] = None  # no JAX wanted here
import numpy as np
from parametra.nouns.evaluation import Call, Job
from parametra.nouns.model import Model
from parametra.runs.pool import CallLimits
from parametra.runs.pool_children import Children

SCALE = 2.0

def model(x, a):
    return SCALE * a * x

pool = Children(2)
calls = [Call(0, {"a": float(i)}) for i in range(4)]
found = dict(pool.run(Job(Model.of(model), ({"x": np.ones(2)},)), calls, CallLimits()))
print([found[i].outputs[""].tolist() for i in range(4)])
"""


def test_a_script_needs_no_main_and_no_close(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[[0.0, 0.0], [2.0, 2.0], [4.0, 4.0], [6.0, 6.0]]\n", "")


@pytest.mark.parametrize("count", [0, -1, True])
def test_a_number_of_processes_is_checked(count):
    with pytest.raises(MethodError, match="1 or more"):
        Children(count)
