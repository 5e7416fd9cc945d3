"""Calls on the workers of Dask, through its own client.

A worker that is lost costs time: Dask gives its tasks to another one, up to its setting
`distributed.scheduler.allowed-failures`, after which the call has failed and may be tried again.
"""

from __future__ import annotations

import contextlib
import time
import uuid
import warnings
from collections.abc import Sequence
from typing import Any

from parametra.nouns.errors import MethodError, MissingExtraError
from parametra.nouns.evaluation import Evaluation
from parametra.runs import _child_task as tasks
from parametra.runs._child_task import Task
from parametra.runs.pool_executor import Answer, TaskPool, lost_worker, probe

_CONNECTING = 10
_FRESH = 2.0
"""Seconds for which the number of threads is believed: clusters grow and shrink."""


class OnDask(TaskPool):
    """Calls on a cluster of Dask, one at a time on each thread of its workers.

    Arguments:
        where: "dask://host:port" of a scheduler; "dask://local:4", which starts four workers here; or a
            `distributed.Client` or a cluster such as that of dask-jobqueue, which are left open.

    Raises:
        MissingExtraError: Dask is not installed.
        MethodError: an address that nothing answers at, or that is none; a client for asyncio.
    """

    def __init__(self, where: Any) -> None:
        super().__init__()
        try:
            import distributed
            from distributed.deploy.cluster import Cluster
        except ImportError:
            raise MissingExtraError("distributed", "dask", "a pool of Dask") from None
        self._started: list[Any] = []
        if isinstance(where, distributed.Client):
            self.client: Any = where
            if where.asynchronous:
                raise MethodError("this client of Dask is asynchronous; hand in one that is not, Client(address).")
        elif isinstance(where, Cluster):
            self.client = distributed.Client(where)
            self._started.append(self.client)
        else:
            self.client = self._connected(str(where))
        self.name = f"dask {self.client.scheduler.address}"
        self._size = 1
        self._counted = -_FRESH

    @property
    def size(self) -> int:
        if time.monotonic() - self._counted > _FRESH:
            # where the scheduler is gone, the next task says so
            with contextlib.suppress(Exception):
                self._size = max(1, sum(self.client.nthreads().values()))
            self._counted = time.monotonic()
        return self._size

    def submit(self, task: Task) -> Answer:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)  # once for each worker
            return self.client.submit(tasks.perform, task, pure=False, key=f"parametra-{uuid.uuid4().hex}")

    def end(self, run: str, flying: Sequence[Answer]) -> None:
        del flying
        with contextlib.suppress(Exception):  # workers that cannot be reached end them by themselves
            self.client.run(tasks.end, run)

    def happened(self, error: BaseException) -> Evaluation | None:
        from distributed import KilledWorker

        return lost_worker(error) if isinstance(error, KilledWorker) else None

    def close(self) -> None:
        """End the processes beside the workers, and the client and the workers that were started here."""
        self.end("", ())
        while self._started:
            self._started.pop().close()

    def _connected(self, where: str) -> Any:
        from distributed import Client, LocalCluster

        address = where.removeprefix("dask://")
        if address.startswith("local:"):
            count = address.removeprefix("local:")
            if not count.isdigit() or int(count) < 1:
                raise MethodError(f'"{where}": a number of workers is wanted, as in "dask://local:4".')
            settings: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": ":0"}
            cluster = LocalCluster(n_workers=int(count), **settings)
            self._started.append(cluster)
            address = cluster.scheduler_address
        else:
            probe(where, address)
            address = f"tcp://{address}"
        try:
            client = Client(address, timeout=_CONNECTING)
        except Exception as error:  # noqa: BLE001  a strange server can make Dask fail in any way
            self.close()
            raise MethodError(f'"{where}": no scheduler of Dask answers there ({error}).') from None
        self._started.append(client)
        return client
