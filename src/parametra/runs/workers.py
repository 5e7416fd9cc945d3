"""Starts in several processes: each takes a stretch of them, and the answer is the same for any number of processes.

A process is spawned, never forked, and never a thread: compiled linear algebra and threads lock one another. It loads
the problem from a file that is written once, runs the method on 64 starts at a time, and sends back where they ended.
Nothing computed for a start depends on the others of its stretch, so neither the number of processes nor the order in
which they finish can be seen in the result. What is left to polish is polished in the process that asked.
"""

from __future__ import annotations

import signal
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.errors import MethodError
from parametra.nouns.search_space import SearchSpace
from parametra.runs._pickled_job import pickled
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.drive import PART, Done, Drive
from parametra.runs.progress import Progress

_LOST = (
    "a worker process ended unexpectedly, so the rest ran in this one; in a script, call fit under "
    '`if __name__ == "__main__":`'
)


@dataclass
class Workers:
    """Processes that run starts; they begin with the first task and end with `close`.

    Arguments:
        count: how many, 2 or more.
    """

    count: int
    _pool: ProcessPoolExecutor | None = None
    _folder: Any = None
    _written: dict[int, Path] = field(default_factory=dict[int, Path])

    def submit(self, job: Job, starts: np.ndarray, seconds: float | None) -> Future[Done]:
        """One task for whichever process is free."""
        if self._pool is None:
            self._folder = tempfile.TemporaryDirectory(prefix="parametra-")
            self._pool = ProcessPoolExecutor(self.count, mp_context=get_context("spawn"), initializer=_begin)
        if id(job) not in self._written:
            path = Path(self._folder.name) / f"job{len(self._written)}.pickle"
            path.write_bytes(_pickled(job, self.count))
            self._written[id(job)] = path
        return self._pool.submit(_run, str(self._written[id(job)]), starts, seconds)

    def run_in_parts(self, drive: Drive, method: Any, space: SearchSpace, starts: np.ndarray) -> Solutions:
        """All starts, in these processes; the best end is polished in this one when the method does that.

        Arguments:
            drive: the run: its counters, budget, interrupt and progress.
            method, space, starts: as for `Drive.run`.
        """
        unpolished = replace(method, polish=False) if getattr(method, "polish", False) else method
        problem: Any = getattr(drive.evaluator, "problem", None)
        job = Job(problem, drive.evaluator.cost, unpolished, space, len(starts), drive.wish)
        parts = [starts[first : first + PART] for first in range(0, len(starts), PART)]
        done = _all_done(drive, self, job, parts)
        merged = _merged(parts, done)
        if unpolished is method or merged.best < 0 or drive.is_over():
            return merged
        one = drive.run(method, space, merged.points[merged.best][None])
        return _polished(merged, one)

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._folder.cleanup()
            self._pool = None
            self._written.clear()


@dataclass(frozen=True, eq=False)
class Job:
    """What every task of one run shares."""

    problem: Any
    cost: Any
    method: Any
    space: SearchSpace
    starts: int
    wish: str

    def run(self, starts: np.ndarray, seconds: float | None) -> Done:
        """Run the method on some of the starts."""
        evaluator = choose_evaluator(self.problem, self.cost, self.starts, self.wish)
        drive = Drive(evaluator, Budget(seconds=seconds), Progress("", shown=False))
        solutions = drive.run(self.method, self.space, starts)
        return Done(solutions, drive.evaluations, drive.failed, evaluator.calls, Counter(evaluator.failures))


def _all_done(drive: Drive, workers: Workers, job: Job, parts: Sequence[np.ndarray]) -> list[Done | None]:
    done: list[Done | None] = [None] * len(parts)
    waiting: dict[Future[Done], int] = {}
    left = list(range(len(parts)))
    try:
        while (left or waiting) and not drive.is_over():
            while left and len(waiting) < 2 * workers.count:
                i = left.pop(0)
                waiting[workers.submit(job, parts[i], drive.seconds_left())] = i
            finished, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                i = waiting.pop(future)
                found = future.result()
                done[i] = found
                drive.add_from_worker(found, sum(d is not None for d in done) / len(parts))
    except BrokenProcessPool:
        drive.elsewhere[_LOST] += 1
        for i in range(len(parts)):
            if done[i] is None and not drive.is_over():
                found = job.run(parts[i], drive.seconds_left())
                done[i] = found
                drive.add_from_worker(found, sum(d is not None for d in done) / len(parts))
    for future in waiting:
        future.cancel()
    return done


def _merged(parts: Sequence[np.ndarray], done: Sequence[Done | None]) -> Solutions:
    solutions = [_not_run(part) if one is None else one.solutions for part, one in zip(parts, done, strict=True)]
    cost = np.concatenate([s.cost for s in solutions])
    best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
    message = "no start could be evaluated"
    if best >= 0:
        message = solutions[best // PART].message
    return Solutions(
        points=np.concatenate([s.points for s in solutions]),
        cost=cost,
        endings=tuple(e for s in solutions for e in s.endings),
        iterations=np.concatenate([s.iterations for s in solutions]),
        best=best,
        message=message,
    )


def _not_run(part: np.ndarray) -> Solutions:
    n = len(part)
    return Solutions(part, np.full(n, np.inf), (Ending.RUNNING,) * n, np.zeros(n, dtype=np.int64), -1, "")


def _polished(merged: Solutions, one: Solutions) -> Solutions:
    i = merged.best
    points, cost, iterations = merged.points.copy(), merged.cost.copy(), merged.iterations.copy()
    endings = list(merged.endings)
    if one.cost[0] <= cost[i]:
        points[i], cost[i] = one.points[0], one.cost[0]
    endings[i] = one.endings[0]
    iterations[i] += one.iterations[0]
    return Solutions(points, cost, tuple(endings), iterations, int(np.argmin(cost)), one.message)


def _pickled(job: Job, count: int) -> bytes:
    try:
        return pickled(job)
    except Exception as error:  # whatever cannot be pickled says so in its own way
        raise MethodError(
            f"workers={count}: the problem cannot be sent to another process ({type(error).__name__}: {error}). Use "
            "workers=1, or a model that is a plain function."
        ) from error


def _begin() -> None:
    """Ctrl-C is for the process that asked; this one is told by it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@lru_cache(maxsize=4)
def _job(path: str) -> Job:
    import pickle

    return pickle.loads(Path(path).read_bytes())  # noqa: S301  written by the process that started this one


def _run(path: str, starts: np.ndarray, seconds: float | None) -> Done:
    return _job(path).run(starts, seconds)
