"""Real clusters of Dask and Ray on this machine, a worker killed in the middle; and addresses that answer nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import psutil
import pytest

from parametra.nouns.errors import MethodError, MissingExtraError, ModelError
from parametra.nouns.evaluation import Call, Fate, Job
from parametra.nouns.model import Model
from parametra.runs.choose_pool import choose_pool
from parametra.runs.pool import CallLimits, Serial
from parametra.runs.pool_dask import OnDask
from parametra.runs.pool_executor import PoolLostError

X = np.linspace(0, 3, 50)


def waves(x, a):
    if a == 3.0:
        os._exit(3)
    if a == 4.0:
        time.sleep(60)
    if a == 5.0:
        os.kill(os.getpid(), signal.SIGSEGV)
    return {"wave": np.outer(np.sin(a * x), np.exp(-x)) @ np.cos(x), "phase": np.exp(1j * a * x)}


def whereabouts(x, a):
    """The process of the worker: the parent of the process that stays beside this one."""
    time.sleep(0.05)
    return {"y": a * x, "worker": psutil.Process().parent().ppid()}


def unloadable():
    raise ImportError("no module named nowhere")


class Unloadable:
    def __call__(self, x, a):
        return x

    def __reduce__(self):
        return (unloadable, ())


@pytest.mark.parametrize("where", ["dask://127.0.0.1:1", "ray://127.0.0.1:1", "dask://no.such.host.invalid:8786"])
def test_an_address_that_answers_nothing_is_told(where):
    pytest.importorskip("distributed" if where.startswith("dask") else "ray")
    began = time.monotonic()
    with pytest.raises(MethodError, match=f'"{where}": nothing answers at'):
        choose_pool(where)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("kind", ["dask", "ray"])
def test_a_server_that_says_nothing_is_told(kind, monkeypatch):
    monkeypatch.setattr("parametra.runs.pool_executor._ANSWERING", 0.3)
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[kind])
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"{kind}://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(MethodError, match=f'"{where}": nothing answers at .*timed out'):
            choose_pool(where)


@pytest.mark.slow
def test_a_server_that_says_something_else_is_told():
    pytest.importorskip("distributed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"dask://127.0.0.1:{server.getsockname()[1]}"
        greeter = threading.Thread(target=greets, args=(server,), daemon=True)
        greeter.start()
        with pytest.raises(MethodError, match=f'"{where}": no scheduler of Dask answers there'):
            choose_pool(where)


def greets(server):
    for _ in range(2):
        connection = server.accept()[0]
        connection.sendall(b"SSH-2.0-nothing of Dask" * 9)
        connection.close()


WRONG = {
    "dask://": "host:port is wanted",
    "dask://host": "host:port is wanted",
    "dask://host:port": "host:port is wanted",
    "dask://local:0": "a number of workers is wanted",
    "ray://local:many": "a number of processors is wanted",
    "ray://host": "host:port is wanted",
}


@pytest.mark.parametrize("where", WRONG)
def test_an_address_that_is_none_is_told(where):
    pytest.importorskip("distributed" if where.startswith("dask") else "ray")
    with pytest.raises(MethodError, match=WRONG[where]):
        choose_pool(where)


@pytest.mark.parametrize(
    ("where", "package", "extra"), [("dask://a:1", "distributed", "dask"), ("ray://a:1", "ray", "ray")]
)
def test_a_package_that_is_not_installed_is_named(where, package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"pip install \"parametra\[{extra}\]\""):
        choose_pool(where)


@pytest.fixture(scope="module")
def dask():
    pytest.importorskip("distributed")
    pool = choose_pool("dask://local:2")
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def ray():
    pytest.importorskip("ray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ray's own
        pool = choose_pool("ray://local:2")
    yield pool
    pool.close()


@pytest.fixture(params=["dask", pytest.param("ray", marks=pytest.mark.slow)])
def pool(request):
    return request.getfixturevalue(request.param)


def test_a_cluster_gives_the_same_numbers_and_keeps_the_contract(pool):
    job = Job(Model.of(waves), ({"x": X}, {"x": 1.1 * X}))
    calls = [Call(i % 2, {"a": float(i)}) for i in range(24)]
    bad = {3: "ended with exit code 3", 4: "longer than 2 s", 5: "killed by SIGSEGV"}
    found = dict(pool.run(job, calls, CallLimits(seconds=2.0)))
    assert sorted(found) == list(range(24))
    for i, call in enumerate(calls):
        if i in bad:
            assert bad[i] in found[i].reason
        else:
            ((_, alone),) = Serial().run(job, [call], CallLimits())
            assert found[i].ok, found[i].reason
            assert {k: v.tobytes() for k, v in found[i].outputs.items()} == {
                k: v.tobytes() for k, v in alone.outputs.items()
            }
    assert found[4].fate is Fate.TIMED_OUT
    assert pool.size == 2


def test_a_worker_that_is_killed_costs_nothing(pool):
    job = Job(Model.of(whereabouts), ({"x": X},))
    calls = [Call(0, {"a": float(i)}) for i in range(40)]
    found, killed = {}, None
    for i, one in pool.run(job, calls, CallLimits(retries=0)):
        found[i] = one
        if killed is None and len(found) >= 6:
            killed = int(one.outputs["worker"])
            os.kill(killed, signal.SIGKILL)
    assert sorted(found) == list(range(40))
    assert [one.reason for one in found.values()] == [""] * 40
    assert all(found[i].outputs["y"].tobytes() == (float(i) * X).tobytes() for i in range(40))
    assert {int(one.outputs["worker"]) for one in found.values()} - {killed}


def regicide(x, a):
    """Ends the worker that it runs beside, wherever it is run again."""
    if a == 2.0:
        os.kill(psutil.Process().parent().ppid(), signal.SIGKILL)
        time.sleep(30)
    return a * x


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_call_whose_workers_are_always_lost_has_failed(pool):
    job, calls = Job(Model.of(regicide), ({"x": X},)), [Call(0, {"a": float(i)}) for i in range(5)]
    found = dict(pool.run(job, calls, CallLimits()))
    assert [found[i].ok for i in range(5)] == [True, True, False, True, True]
    assert found[2].reason.startswith("every worker that was given this call was lost (")
    assert found[2].retry


def test_a_large_job_travels(pool):
    x = np.random.default_rng(0).normal(size=2_000_000)
    calls = [Call(0, {"a": float(i)}) for i in range(6)]

    def total(x, a):
        return np.array([a * x.sum()])

    found = dict(pool.run(Job(Model.of(total), ({"x": x},)), calls, CallLimits()))
    assert [found[i].outputs[""].item() for i in range(6)] == [i * x.sum() for i in range(6)]


def test_a_model_that_cannot_be_loaded_is_told_once(pool):
    with pytest.raises(ModelError, match="cannot be loaded in another process: ImportError: no module named nowhere"):
        list(pool.run(Job(Model.of(Unloadable()), ({"x": X},)), [Call(0, {"a": 1.0})] * 9, CallLimits()))


def children_of(pids):
    found = [p.info for p in psutil.process_iter(["pid", "ppid", "cmdline"])]
    return [p["pid"] for p in found if p["ppid"] in pids and "runs.child" in " ".join(p["cmdline"] or ())]


def test_closing_the_iterator_ends_the_calls_on_the_workers(dask):
    calls = [Call(0, {"a": a}) for a in (1.0, 4.0, 4.0, 4.0)]
    running = dask.run(Job(Model.of(waves), ({"x": X},)), calls, CallLimits())
    next(running)
    time.sleep(0.5)
    workers = set(dask.client.run(os.getpid).values())
    assert children_of(workers)
    running.close()
    until = time.monotonic() + 5
    while children_of(workers):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_a_connection_to_ray_is_used_and_left_open(ray):
    with pytest.raises(MethodError, match='connected to Ray already; "ray://auto" uses that'):
        choose_pool("ray://local:2")
    pool = choose_pool("ray://auto")
    assert len(list(pool.run(Job(Model.of(waves), ({"x": X},)), [Call(0, {"a": 1.0})] * 3, CallLimits()))) == 3
    pool.close()
    assert len(list(ray.run(Job(Model.of(waves), ({"x": X},)), [Call(0, {"a": 1.0})] * 3, CallLimits()))) == 3


def test_a_client_is_used_and_left_open(dask):
    pool = choose_pool(dask.client)
    assert isinstance(pool, OnDask) and pool.name == dask.name
    assert len(list(pool.run(Job(Model.of(waves), ({"x": X},)), [Call(0, {"a": 1.0})] * 3, CallLimits()))) == 3
    pool.close()
    assert dask.client.submit(len, "abc").result() == 3


SCHEDULER = """
import sys, time
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    print(cluster.scheduler_address, flush=True)
    time.sleep(100)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_dies_is_told(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "scheduler.py").write_text(SCHEDULER)
    with subprocess.Popen([sys.executable, "scheduler.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as cluster:
        address = cluster.stdout.readline().strip()
        pool = choose_pool(address.replace("tcp://", "dask://"))
        running = pool.run(Job(Model.of(whereabouts), ({"x": X},)), [Call(0, {"a": 1.0})] * 400, CallLimits())
        found = [next(running) for _ in range(3)]
        cluster.kill()
        with pytest.raises(PoolLostError, match="runs no more calls"):
            found.extend(running)
        assert len(found) < 400
        pool.close()
