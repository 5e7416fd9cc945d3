"""One call as a task of somebody else's worker: it runs in a process of its own there, so that the worker survives it.

The worker, a thread or a process on any machine, keeps the process for its next task. It keeps the last jobs as well; a
worker that has not met a job asks for it, and the driver sends the task again with the job in it.
"""

from __future__ import annotations

import atexit
import os
import pickle
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from parametra.nouns.errors import ParametraError
from parametra.runs._child_process import (
    DYING,
    STARTING,
    Child,
    evaluation_of,
    evaluation_of_death,
    how_it_ended,
    too_long,
)
from parametra.runs.pool import CallLimits

_JOBS = 4
_RUNS = 64
_IDLE = 60.0
"""Seconds after which a process without calls ends: nobody tells a far worker that a run is over."""

Reply = tuple[str, Any]
"""What comes back: "wanted", the job; "cannot" and why; "ended", on request; "done" and the evaluation."""


@dataclass(frozen=True)
class Task:
    """What travels to a worker.

    Arguments:
        run: which run of calls it belongs to, so that all of them can be ended together.
        job: the digest of the job.
        payload: the job itself, None where the worker is expected to have it.
        call: data set and arguments, pickled.
        limits: as in `Pool.run`.
    """

    run: str
    job: str
    payload: bytes | None
    call: bytes
    limits: CallLimits


class _Store:
    """What this process of a worker keeps between tasks: jobs, and processes with and without a call."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.payloads: OrderedDict[str, bytes] = OrderedDict()
        self.ended: OrderedDict[str, None] = OrderedDict()
        self.idle: list[Child] = []
        self.busy: dict[Child, str] = {}

    def payload(self, job: str, sent: bytes | None) -> bytes | None:
        """A job that was sent, or sent before; it is kept for the next task."""
        with self.lock:
            found = sent or self.payloads.get(job)
            if found is not None:
                self.payloads[job] = found
                self.payloads.move_to_end(job)
                if len(self.payloads) > _JOBS:
                    self.payloads.popitem(last=False)
            return found

    def taken(self, task: Task, *, fresh: bool) -> Child:
        """A process for a task: one that has the job, or a new one."""
        with self.lock:
            dead = [child for child in self.idle if child.has_ended]
            wanted = (task.job, task.limits.memory)
            fit = [c for c in self.idle if c not in dead and (c.job, c.memory) == wanted and not fresh]
            self.idle = [child for child in self.idle if child not in (*dead, *fit[:1])]
        for each in dead:
            each.end()
        child = fit[0] if fit else Child(task.limits.memory, _IDLE)
        with self.lock:
            self.busy[child] = task.run
        return child

    def give_back(self, child: Child, *, useful: bool) -> None:
        """Keep a process for the next task, or end it."""
        with self.lock:
            self.busy.pop(child, None)
            if useful:
                self.idle.append(child)
        if not useful:
            child.end()

    def end(self, run: str) -> None:
        """End the calls of a run, and the processes that wait for more."""
        with self.lock:
            self.ended[run] = None
            if len(self.ended) > _RUNS:
                self.ended.popitem(last=False)
            busy = [child for child, its_run in self.busy.items() if its_run == run]
            idle, self.idle = self.idle, []
        for child in busy:  # the thread that waits for it sees it end
            child.kill()
        for child in idle:
            child.end()


_store = _Store()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_store.__init__)  # a copy of this process has no processes of its own yet
atexit.register(lambda: _store.end(""))


def keep(job: str, payload: bytes) -> None:
    """Have a job in this process, for workers that are threads of it."""
    _store.payload(job, payload)


def end(run: str) -> None:
    """End the calls of a run that workers in this process have begun."""
    _store.end(run)


def perform(task: Task) -> Reply:
    """Run a call, as often as its limits allow."""
    payload = _store.payload(task.job, task.payload)
    if payload is None:
        return ("wanted", None)
    reply = _attempt(task, payload)
    for _ in range(task.limits.retries):
        if reply[0] != "done" or not reply[1].retry:
            break
        reply = _attempt(task, payload)
    return reply


def _attempt(task: Task, payload: bytes, *, fresh: bool = False) -> Reply:
    if task.run in _store.ended:
        return ("ended", None)
    try:
        child = _store.taken(task, fresh=fresh)
    except ParametraError as error:
        return ("cannot", str(error))
    useful = again = False
    try:
        if task.run in _store.ended:  # while the process was started: `end` has not seen it
            return ("ended", None)
        if not child.ready:
            child.load(task.job, payload)
            message = child.wait(STARTING)
            if message is None or message[0] == "cannot":
                return ("cannot", message[1] if message else f"loading it did not end in {STARTING:g} s")
            child.ready = True
        child.began = time.monotonic()
        data_set, parameters = pickle.loads(task.call)  # noqa: S301  made by the driver of this run
        child.send(("call", data_set, parameters))
        message = child.wait(task.limits.seconds)
        if message is None:
            limit = task.limits.seconds or 0.0
            return ("done", too_long(limit, limit))
        # earlier calls may have used up the memory: whether this one fails must not depend on them
        useful, again = not message[-1], message[-1] and child.calls > 0
        child.calls += 1
        reply = ("done", evaluation_of(message, task.limits))
    except EOFError:
        code = child.end(DYING)
        if not child.ready:
            return ("cannot", f"the process {how_it_ended(code)}; what it wrote is where the worker writes")
        # with code 0 it may have ended for want of calls, just when one came
        again = code == 0 and child.calls > 0
        reply = ("done", evaluation_of_death(code, time.monotonic() - child.began))
    finally:
        _store.give_back(child, useful=useful)
    if task.run in _store.ended:
        return ("ended", None)
    return _attempt(task, payload, fresh=True) if again else reply
