"""Calls as tasks of somebody else's workers: any executor of `concurrent.futures` here, Dask and Ray on top of it.

Each worker runs the call in a process of its own (`_child_task.py`), so that whatever the call does costs that call and
leaves the worker alone. The job travels once to each worker; where it is small, with every task.
"""

from __future__ import annotations

import hashlib
import pickle
import uuid
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from os import cpu_count
from queue import Empty, SimpleQueue
from typing import Any, Protocol, runtime_checkable

from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.evaluation import Call, Evaluation, Fate, Job
from parametra.runs import _child_task as tasks
from parametra.runs._child_process import cannot_start
from parametra.runs._child_task import Reply, Task
from parametra.runs._pickled_job import payload
from parametra.runs.pool import CallLimits

_SMALL = 1 << 15
"""Bytes of a job that travel with every task."""

_JOBS = 4
_AHEAD = 2
"""Tasks that are on their way for each worker, so that none waits for the driver."""

_REST = 5.0
"""Seconds in which the rest may come when the workers are lost: what has been computed is not lost with them."""


_ANSWERING = 5.0
"""Seconds in which a server must answer, and once more in which it must say something."""


class PoolLostError(ParametraError):
    """What runs the calls is gone: every answer that it gave has been told; calls that it was running are not known."""


@runtime_checkable
class Answer(Protocol):
    """What every kind of future can do."""

    def result(self) -> Any: ...
    def cancel(self) -> Any: ...
    def add_done_callback(self, fn: Callable[[Any], Any], /) -> Any: ...


class TaskPool(ABC):
    """A pool of workers that take tasks; `name` and `size` as in `Pool`."""

    name: str

    def __init__(self) -> None:
        self._payloads: OrderedDict[int, tuple[Job, str, bytes]] = OrderedDict()

    @property
    @abstractmethod
    def size(self) -> int:
        """How many calls run at once."""

    @abstractmethod
    def submit(self, task: Task) -> Answer:
        """Have a task performed somewhere; an error means that the workers are lost."""

    @abstractmethod
    def end(self, run: str, flying: Sequence[Answer]) -> None:
        """End the tasks of a run that are not wanted any more, as far as that can be done."""

    @abstractmethod
    def close(self) -> None:
        """End what was started."""

    def happened(self, error: BaseException) -> Evaluation | None:
        """What a task came to that ended in an error; None when the workers are lost."""
        del error
        return None

    def run(self, job: Job, calls: Sequence[Call], limits: CallLimits) -> Iterator[tuple[int, Evaluation]]:
        """As `Pool.run`.

        Raises:
            ModelError: the job cannot be sent, or not be loaded by a worker.
            PoolLostError: there are no workers any more; what they had answered was told before.
        """
        key, made = self._payload(job)
        round_ = _Round(self, uuid.uuid4().hex, key, made, calls, limits)
        try:
            yield from round_.results()
        finally:
            if round_.flying:
                flying = list(round_.flying.values())
                for answer in flying:
                    answer.cancel()
                self.end(round_.run, flying)

    def _payload(self, job: Job) -> tuple[str, bytes]:
        if id(job) not in self._payloads:
            made = payload(job, elsewhere=True)
            self._payloads[id(job)] = (job, hashlib.sha256(made).hexdigest(), made)
        self._payloads.move_to_end(id(job))
        if len(self._payloads) > _JOBS:
            self._payloads.popitem(last=False)
        key, made = self._payloads[id(job)][1:]
        tasks.keep(key, made)  # workers may be threads of this process
        return key, made


@dataclass
class _Round:
    """The calls of one `run`; `flying` are the tasks on their way, by call.

    A call whose workers were lost may have been lost with those of another call, whose fault it was: it is among the
    `suspects`, each of which runs once more, alone.
    """

    pool: TaskPool
    run: str
    key: str
    payload: bytes
    calls: Sequence[Call]
    limits: CallLimits
    flying: dict[int, Answer] = field(default_factory=dict[int, Answer])
    came: SimpleQueue[int] = field(default_factory=SimpleQueue[int])
    suspects: deque[int] = field(default_factory=deque[int])
    suspected: set[int] = field(default_factory=set[int])
    lost: BaseException | None = None

    def results(self) -> Iterator[tuple[int, Evaluation]]:
        """Every call with its evaluation, as they end."""
        waiting = deque(range(len(self.calls)))
        while waiting or self.flying or self.suspects:
            if self.suspects and not waiting and not self.flying and self.lost is None:
                waiting.append(self.suspects.popleft())
            while waiting and self.lost is None and len(self.flying) < _AHEAD * self.pool.size:
                self._send(waiting.popleft(), None if len(self.payload) > _SMALL else self.payload)
            if self.lost is not None and not self.flying:
                break
            try:
                i = self.came.get(timeout=None if self.lost is None else _REST)
            except Empty:
                break
            found = self._heard(i, self.flying.pop(i))
            if found is not None:
                yield i, found
        if self.lost is not None:
            raise _explained(self.pool.name, self.lost) from self.lost

    def _send(self, i: int, sent: bytes | None) -> None:
        call = pickle.dumps((self.calls[i].data_set, dict(self.calls[i].parameters)), protocol=5)
        try:
            answer = self.pool.submit(Task(self.run, self.key, sent, call, self.limits))
        except Exception as error:  # noqa: BLE001  told when the answers that are there have been given
            self.lost = error
            return
        self.flying[i] = answer
        answer.add_done_callback(lambda _: self.came.put(i))

    def _heard(self, i: int, answer: Answer) -> Evaluation | None:
        try:
            reply: Reply = answer.result()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            found = self.pool.happened(error)
            if found is not None and i not in self.suspected:
                self.suspected.add(i)
                self.suspects.append(i)
                return None
            self.lost = self.lost or (error if found is None else None)
            return found
        kind, value = reply
        if kind == "cannot":
            raise cannot_start(value)
        if kind == "wanted":
            self._send(i, self.payload)
        elif kind == "ended":
            self.lost = self.lost or RuntimeError("its calls were ended from outside")
        return value if kind == "done" else None


class OnExecutor(TaskPool):
    """Calls on an executor that a person has made, and that stays the person's: closing the pool leaves it as it is.

    Arguments:
        executor: of threads, processes, loky, mpi4py.futures, Parsl; parametra must be installed where it runs.
        size: how many calls it runs at once; None asks the executor, and takes the number of processors where it does
            not say.

    Raises:
        MethodError: no executor, or a size below 1.
    """

    def __init__(self, executor: Any, size: int | None = None) -> None:
        super().__init__()
        if not isinstance(executor, Executor):
            raise MethodError(f"an executor of concurrent.futures is wanted; came {type(executor).__name__}.")
        if size is not None and size < 1:
            raise MethodError(f"the size of an executor is 1 or more; came {size}.")
        told = [getattr(executor, key, None) for key in ("_max_workers", "num_workers")]
        numbers = [number for number in told if isinstance(number, int) and number > 0]
        self.executor = executor
        self._size = size or (numbers or [cpu_count() or 1])[0]
        self.name = f"{type(executor).__name__} of {self._size}"
        self._runs: list[str] = []

    @property
    def size(self) -> int:
        return self._size

    def submit(self, task: Task) -> Answer:
        return self.executor.submit(tasks.perform, task)

    def end(self, run: str, flying: Sequence[Answer]) -> None:
        """Workers that are threads of this process stop at once; others end the calls that they have begun."""
        del flying
        tasks.end(run)

    def close(self) -> None:
        """The processes beside threads end now, those beside other workers a minute after their last call."""
        tasks.end("")


def lost_worker(error: BaseException) -> Evaluation:
    """The evaluation of a call whose workers died again and again."""
    reason = f"every worker that was given this call was lost ({type(error).__name__})"
    return Evaluation(Fate.FAILED, {}, reason, retry=True)


def probe(place: str, address: str) -> None:
    """See whether a server that speaks first, as those of Dask and Ray do, listens at host:port.

    Raises:
        MethodError: no host:port, or no such server there.
    """
    import socket

    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise MethodError(f'"{place}": host:port is wanted behind //; came "{address}".')
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _ANSWERING) as connection:
            connection.settimeout(_ANSWERING)
            if not connection.recv(1):
                raise ConnectionError("the connection was closed at once")
    except (OSError, OverflowError) as error:
        raise MethodError(f'"{place}": nothing answers at {host} port {port} ({error}). Is it running there?') from None


def _explained(name: str, error: BaseException) -> PoolLostError:
    why = f"{type(error).__name__}: {error}".rstrip(": ")
    remedy = "Run again on new workers: what was recorded is not computed again."
    if isinstance(error, ImportError | AttributeError):
        remedy = "Is the same parametra installed where the workers run?"
    return PoolLostError(f"{name} runs no more calls ({why}). {remedy}")
