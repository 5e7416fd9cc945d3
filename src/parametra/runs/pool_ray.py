"""Calls on the workers of Ray, through its own client.

A worker that is lost costs time: Ray gives its task to another one, three times at most, after which the call has
failed and may be tried again.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from parametra.nouns.errors import MethodError, MissingExtraError
from parametra.nouns.evaluation import Evaluation
from parametra.runs import _child_task as tasks
from parametra.runs._child_task import Task
from parametra.runs.pool_executor import Answer, TaskPool, lost_worker, probe

_AGAIN = 3
"""How often a call may lose its worker."""


class OnRay(TaskPool):
    """Calls on a cluster of Ray, one for each of its processors.

    Arguments:
        where: "ray://auto", the connection that this process has, which is left open, or else the cluster that this
            machine belongs to; "ray://host:10001", a cluster elsewhere; "ray://local:4", which starts one with four
            processors here.

    Raises:
        MissingExtraError: Ray is not installed.
        MethodError: an address that nothing answers at, or that is none; another one than this process is connected to.
    """

    def __init__(self, where: str = "ray://auto") -> None:
        super().__init__()
        try:
            import ray
        except ImportError:
            raise MissingExtraError("ray", "ray", "a pool of Ray") from None
        self._ray: Any = ray
        self._mine = where != "ray://auto" or not ray.is_initialized()
        if self._mine:
            if ray.is_initialized():
                raise MethodError(f'"{where}": this process is connected to Ray already; "ray://auto" uses that.')
            self._connect(where)
        self._perform = self._ray.remote(tasks.perform).options(max_retries=_AGAIN, num_cpus=1)
        self.name = where.replace("://", " ")

    @property
    def size(self) -> int:
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, task: Task) -> Answer:
        reference = self._perform.remote(task)
        return _Reference(self._ray, reference, reference.future())

    def end(self, run: str, flying: Sequence[Answer]) -> None:
        """Cancelling has ended the workers, and what they ran with them."""

    def happened(self, error: BaseException) -> Evaluation | None:
        errors = self._ray.exceptions
        lost = (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError)
        return lost_worker(error) if isinstance(error, lost) else None

    def close(self) -> None:
        """End the connection, and the cluster where it was started here."""
        if self._mine:
            self._mine = False
            self._ray.shutdown()

    def _connect(self, where: str) -> None:
        address = where.removeprefix("ray://")
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if address.startswith("local:"):
                count = address.removeprefix("local:")
                if not count.isdigit() or int(count) < 1:
                    raise MethodError(f'"{where}": a number of processors is wanted, as in "ray://local:4".')
                with _forking():
                    self._ray.init("local", num_cpus=int(count), include_dashboard=False, **quiet)
            elif address in ("auto", ""):
                self._ray.init("auto", **quiet)
            else:
                probe(where, address)
                self._ray.init(f"ray://{address}", **quiet)
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, MethodError):
                raise
            raise MethodError(f'"{where}": no cluster of Ray answers there ({error}).') from None


@contextlib.contextmanager
def _forking() -> Generator[None]:
    """Ray forks to start its own programs at once, which what JAX warns of does not concern: no thread is missed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called", category=RuntimeWarning)
        yield


@dataclass
class _Reference:
    """What will come of a task of Ray."""

    ray: Any
    reference: Any
    future: Any

    def result(self) -> Any:
        return self.future.result()

    def cancel(self) -> None:
        with contextlib.suppress(Exception):  # one that has ended, or whose cluster is gone
            self.ray.cancel(self.reference, force=True)

    def add_done_callback(self, fn: Callable[[Any], Any], /) -> None:
        self.future.add_done_callback(fn)
