"""Executors that a person has made: any kind gives the same numbers, and none is lost without a word."""

import multiprocessing
import os
import pickle
import signal
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.evaluation import Call, Job
from parametra.nouns.model import Model
from parametra.runs import _child_task as tasks
from parametra.runs._child_process import Child
from parametra.runs._pickled_job import payload
from parametra.runs.pool import CallLimits, Serial
from parametra.runs.pool_children import Children
from parametra.runs.pool_executor import OnExecutor, PoolLostError

X = np.linspace(0, 3, 50)
CALLS = [Call(i % 2, {"a": 0.37 * i}) for i in range(60)]


def waves(x, a):
    if a == 0.37 * 7:
        os._exit(3)
    matrix = np.outer(np.sin(a * x), np.exp(-x))
    return {"wave": matrix @ np.cos(x), "phase": np.exp(1j * a * x)}


JOB = Job(Model.of(waves), ({"x": X}, {"x": 1.1 * X}))


def told(found):
    """Evaluations as bytes, without their times."""
    assert sorted(found) == list(range(len(CALLS)))
    return [(found[i].fate, found[i].reason, [v.tobytes() for v in found[i].outputs.values()]) for i in sorted(found)]


def processes(count):
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def loky(count):
    pytest.importorskip("loky")
    from loky import ProcessPoolExecutor as Loky

    return Loky(count)


@pytest.fixture(scope="module")
def expected():
    """What the serial pool gives; the one call that would end this process is taken from another."""
    calls = [call for i, call in enumerate(CALLS) if i != 7]
    found = [one for _, one in Serial().run(JOB, calls, CallLimits())]
    pool = Children(1)
    ((_, crash),) = pool.run(JOB, [CALLS[7]], CallLimits())
    pool.close()
    return told(dict(enumerate([*found[:7], crash, *found[7:]])))


@pytest.mark.parametrize("make", [ThreadPoolExecutor, processes, loky])
def test_any_executor_gives_the_same_numbers(make, expected):
    with make(2) as executor:
        pool = OnExecutor(executor)
        assert pool.size == 2
        assert told(dict(pool.run(JOB, CALLS, CallLimits()))) == expected
        assert told(dict(pool.run(JOB, CALLS, CallLimits(seconds=20.0)))) == expected
        pool.close()
        assert executor.submit(len, "abc").result() == 3


@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_number_of_processes_gives_the_same_numbers(count, expected):
    pool = Children(count)
    assert told(dict(pool.run(JOB, CALLS, CallLimits()))) == expected
    pool.close()


def total(x, a):
    return np.array([a * x.sum()])


def test_a_large_job_travels_once_to_each_worker():
    x = np.random.default_rng(0).normal(size=200_000)
    job, seen = Job(Model.of(total), ({"x": x},)), []
    with processes(2) as executor:
        submit = executor.submit
        executor.submit = lambda function, task: (seen.append(task), submit(function, task))[1]
        calls = [Call(0, {"a": float(i)}) for i in range(20)]
        found = dict(OnExecutor(executor).run(job, calls, CallLimits()))
    assert [found[i].outputs[""].item() for i in range(20)] == [i * x.sum() for i in range(20)]
    sent = [task for task in seen if task.payload is not None]
    assert all(len(task.payload) > 1_600_000 for task in sent)
    assert len(seen) - len(sent) == 20
    assert 1 <= len(sent) <= 4  # a worker may ask a second time before the answer to its first has come


def slow(x, a):
    time.sleep(0.05)
    return np.array([a, os.getpid()])


def test_a_broken_executor_is_told_when_all_that_it_has_computed_was():
    executor = processes(2)
    calls = [Call(0, {"a": float(i)}) for i in range(40)]
    running = OnExecutor(executor).run(Job(Model.of(slow), ({"x": X},)), calls, CallLimits())
    found = dict(next(running) for _ in range(5))
    os.kill(next(iter(executor._processes)), signal.SIGKILL)
    with pytest.raises(
        PoolLostError, match=r"ProcessPoolExecutor of 2 runs no more calls \(BrokenProcessPool"
    ) as caught:
        found.update(running)
    assert isinstance(caught.value, ParametraError)
    assert 5 <= len(found) < 40
    assert all(one.ok for one in found.values())
    executor.shutdown()


def test_an_executor_that_was_shut_down_is_told():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(PoolLostError, match="cannot schedule new futures after shutdown"):
        list(OnExecutor(executor).run(JOB, CALLS, CallLimits()))


def test_an_executor_that_is_shut_down_in_the_middle_is_told():
    executor = ThreadPoolExecutor(1)
    running = OnExecutor(executor).run(Job(Model.of(slow), ({"x": X},)), [Call(0, {"a": 1.0})] * 20, CallLimits())
    next(running)
    executor.shutdown(wait=False, cancel_futures=True)
    found = []
    with pytest.raises(PoolLostError):
        found.extend(running)
    assert len(found) < 19


def sleeps(x, a):
    time.sleep(a)
    return x


def test_threads_are_free_again_when_the_calls_are_not_wanted_any_more():
    with ThreadPoolExecutor(2) as executor:
        calls = [Call(0, {"a": a}) for a in (0.0, 60.0, 60.0, 60.0, 60.0)]
        running = OnExecutor(executor).run(Job(Model.of(sleeps), ({"x": X},)), calls, CallLimits())
        next(running)
        began = time.monotonic()
        running.close()
    assert time.monotonic() - began < 5


def test_a_call_that_is_ended_while_its_process_starts_is_not_run(monkeypatch):
    def started(*settings):
        child = Child(*settings)
        tasks.end("a run")
        return child

    monkeypatch.setattr(tasks, "Child", started)
    job = payload(Job(Model.of(sleeps), ({"x": X},)), elsewhere=True)
    task = tasks.Task("a run", "a job", job, pickle.dumps((0, {"a": 60.0})), CallLimits())
    assert tasks.perform(task) == ("ended", None)
    assert tasks.perform(task) == ("ended", None)


def test_processes_of_a_worker_end_with_it():
    with processes(1) as executor:
        pool = OnExecutor(executor)
        ((_, found),) = pool.run(Job(Model.of(slow), ({"x": X},)), [Call(0, {"a": 1.0})], CallLimits())
        pid = int(found.outputs[""][1])
        assert psutil.pid_exists(pid)
    until = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.02)


class Odd(Executor):
    num_workers = 3


def test_the_size_of_an_executor():
    assert OnExecutor(Odd()).size == 3
    assert OnExecutor(Odd(), size=5).name == "Odd of 5"
    assert OnExecutor(Executor()).size == os.cpu_count()
    with pytest.raises(MethodError, match="1 or more; came 0"):
        OnExecutor(Odd(), size=0)
    with pytest.raises(MethodError, match="an executor of concurrent"):
        OnExecutor(3)
