"""Calls in processes of this machine: whatever a call does to its process costs that call and nothing else.

The processes are started as programs, neither forked nor spawned by `multiprocessing`: a script needs no
`if __name__ == "__main__"`, and a notebook, a daemonic process or a loaded JAX is no obstacle. Each runs one call at a
time on one thread of linear algebra, so that it does not matter to any call which others run beside it.
"""

from __future__ import annotations

import hashlib
import time
import weakref
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

from parametra.nouns.errors import MethodError
from parametra.nouns.evaluation import Call, Evaluation, Job
from parametra.runs._child_process import (
    DYING,
    STARTING,
    Child,
    cannot_start,
    evaluation_of,
    evaluation_of_death,
    how_it_ended,
    too_long,
)
from parametra.runs._child_wire import Message
from parametra.runs._pickled_job import payload
from parametra.runs.pool import CallLimits

_JOBS = 4
"""How many jobs are kept as bytes: sending the same one again pickles nothing."""

_LOOK = 1.0
"""Seconds between two looks at processes of which nothing is heard."""

_GRACE = 0.1
"""Seconds in which calls that are no longer wanted may end, before their processes are ended instead."""


class Children:
    """Processes that run calls; they start with the first call and end with `close`, or with this process.

    Arguments:
        count: how many, 1 or more.

    Raises:
        MethodError: the count is no whole number above zero.
    """

    def __init__(self, count: int) -> None:
        if isinstance(count, bool) or count < 1:
            raise MethodError(f"the number of processes is 1 or more; came {count}.")
        self.size = count
        self.name = f"{count} processes" if count > 1 else "1 process"
        self._children: list[Child] = []
        self._payloads: OrderedDict[int, tuple[Job, str, bytes]] = OrderedDict()
        self._running = False
        self._finalizer = weakref.finalize(self, _end_all, self._children)

    def run(self, job: Job, calls: Sequence[Call], limits: CallLimits) -> Iterator[tuple[int, Evaluation]]:
        """As `Pool.run`.

        Raises:
            ModelError: the job cannot be sent to another process, or no process can load it.
            MethodError: other calls are running in this pool.
        """
        if self._running:
            raise MethodError("this pool is running other calls: finish or close their iterator first.")
        self._running = True
        try:
            key, sent = self._payload(job)
            with DefaultSelector() as selector:
                yield from _Round(self._children, self.size, selector, key, sent, calls, limits).results()
        finally:
            _let_go(self._children)
            self._running = False

    def close(self) -> None:
        """End the processes."""
        _end_all(self._children)

    def _payload(self, job: Job) -> tuple[str, bytes]:
        if id(job) not in self._payloads:
            made = payload(job, elsewhere=False)
            self._payloads[id(job)] = (job, hashlib.sha256(made).hexdigest(), made)
        self._payloads.move_to_end(id(job))
        if len(self._payloads) > _JOBS:
            self._payloads.popitem(last=False)
        return self._payloads[id(job)][1:]


@dataclass
class _Round:
    """The calls of one `run`.

    Arguments:
        children: the processes of the pool, changed in place.
        size: how many there may be.
        selector: waits for them.
        key, payload: the job.
        calls, limits: as in `Pool.run`.
    """

    children: list[Child]
    size: int
    selector: DefaultSelector
    key: str
    payload: bytes
    calls: Sequence[Call]
    limits: CallLimits
    waiting: deque[int] = field(default_factory=deque[int])
    tries: Counter[int] = field(default_factory=Counter[int])
    ended: deque[tuple[int, Evaluation]] = field(default_factory=deque[tuple[int, Evaluation]])

    def results(self) -> Iterator[tuple[int, Evaluation]]:
        """Every call with its evaluation, as they end."""
        self.waiting.extend(range(len(self.calls)))
        for child in self.children.copy():
            if child.memory == self.limits.memory and not child.has_ended:
                self.selector.register(child, child.waits_for, child)
            else:
                self._end(child)
        left = len(self.calls)
        while left:
            self._hand_out()
            self._listen()
            while self.ended:
                left -= 1
                yield self.ended.popleft()

    def _hand_out(self) -> None:
        for child in self.children.copy():
            if not self.waiting:
                return
            if child.call is None:
                self._give(child, self.waiting.popleft())
        while self.waiting and len(self.children) < self.size:
            self._give(self._start(), self.waiting.popleft())

    def _start(self) -> Child:
        child = Child(self.limits.memory)
        self.children.append(child)
        self.selector.register(child, child.waits_for, child)
        return child

    def _give(self, child: Child, i: int) -> None:
        """Have a call run; a process that does not have the job gets it first."""
        child.call, child.began = i, time.monotonic()
        if child.job != self.key:
            child.load(self.key, self.payload)
        elif child.ready:
            child.deadline = self._deadline()
        call = self.calls[i]
        child.send(("call", call.data_set, dict(call.parameters)))
        if child.waits_for & EVENT_WRITE:
            self.selector.modify(child, child.waits_for, child)

    def _deadline(self) -> float | None:
        return None if self.limits.seconds is None else time.monotonic() + self.limits.seconds

    def _listen(self) -> None:
        """Wait until something happens, and see to it."""
        deadlines = [child.deadline for child in self.children if child.call is not None and child.deadline is not None]
        patience = min([_LOOK, *(deadline - time.monotonic() for deadline in deadlines)])
        events = self.selector.select(max(0.0, patience))
        for key, mask in events:
            child: Child = key.data
            if mask & EVENT_WRITE:
                child.flush()
                self.selector.modify(child, child.waits_for, child)
            if mask & EVENT_READ:
                self._hear(child)
        # what has answered in time has been heard by now
        now = time.monotonic()
        for child in self.children.copy():
            if child.call is not None and child.deadline is not None and now >= child.deadline:
                self._overdue(child)
            elif not events and child.has_ended:
                self._has_died(child)

    def _hear(self, child: Child) -> None:
        try:
            messages = child.receive()
        except EOFError:
            self._has_died(child)
            return
        for message in messages:
            if message[0] == "cannot":
                raise cannot_start(message[1])
            if message[0] == "ready":
                child.ready, child.began, child.deadline = True, time.monotonic(), self._deadline()
            else:
                self._answered(child, message)

    def _answered(self, child: Child, message: Message) -> None:
        i, fresh, last = child.call, child.calls == 0, message[-1]
        child.call, child.deadline = None, None
        child.calls += 1
        if i is None:
            return
        if last:
            self._end(child)
            if not fresh:
                # earlier calls may have used up the memory: whether this one fails must not depend on them
                self._give(self._start(), i)
                return
        elif self.waiting:  # before anything else, so that the process does not wait for this one
            self._give(child, self.waiting.popleft())
        self._settle(i, evaluation_of(message, self.limits))

    def _overdue(self, child: Child) -> None:
        i, ready = child.call, child.ready
        self._end(child)
        if not ready:
            raise cannot_start(f"loading it did not end in {STARTING:g} s")
        if i is not None and self.limits.seconds is not None:
            self._settle(i, too_long(self.limits.seconds, self.limits.seconds))

    def _has_died(self, child: Child) -> None:
        i, ready = child.call, child.ready
        code = self._end(child, DYING)
        if i is not None and not ready:
            raise cannot_start(f"the process {how_it_ended(code)}; what it wrote is on standard error")
        if i is not None:
            self._settle(i, evaluation_of_death(code, time.monotonic() - child.began))

    def _settle(self, i: int, found: Evaluation) -> None:
        if found.retry and self.tries[i] < self.limits.retries:
            self.tries[i] += 1
            self.waiting.appendleft(i)
        else:
            self.ended.append((i, found))

    def _end(self, child: Child, patience: float = 0.0) -> int | None:
        if child in self.children:
            self.children.remove(child)
        if child.fileno() in self.selector.get_map():
            self.selector.unregister(child)
        return child.end(patience)


def _let_go(children: list[Child]) -> None:
    """Calls that nobody waits for any more end now, or their processes do."""
    until = time.monotonic() + _GRACE
    for child in [child for child in children if child.call is not None]:
        try:
            message = child.wait(max(0.0, until - time.monotonic())) if child.ready else None
        except EOFError:
            message = None
        if message is None or message[-1]:
            children.remove(child)
            child.end()
        else:
            child.call, child.deadline = None, None
            child.calls += 1


def _end_all(children: list[Child]) -> None:
    while children:
        children.pop().end()
