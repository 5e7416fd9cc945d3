"""Where the calls of a model run: in this process, in others, on other machines. Any pool gives the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from parametra.nouns.evaluation import Call, Evaluation, Job, evaluate


@dataclass(frozen=True)
class CallLimits:
    """What one call may cost.

    Arguments:
        seconds: wall-clock time, None for no limit.
        memory: bytes of address space of the process that runs it, None for no limit.
        retries: how often a call that may succeed later is tried again.
    """

    seconds: float | None = None
    memory: int | None = None
    retries: int = 1


@runtime_checkable
class Pool(Protocol):
    """What runs calls.

    Arguments:
        name: in words, for receipts: "serial", "4 processes", "dask tcp://node1:8786".
        size: how many calls run at once.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...

    def run(self, job: Job, calls: Sequence[Call], limits: CallLimits) -> Iterator[tuple[int, Evaluation]]:
        """Yield (index, evaluation) of every call as it ends, in any order; closing the iterator cancels the rest."""
        ...

    def close(self) -> None:
        """End what was started; what was handed in is left alone."""
        ...


class Serial:
    """Calls in this process, one after the other: no limit of time or memory can be kept, and a crash ends all."""

    name = "serial"
    size = 1

    def run(self, job: Job, calls: Sequence[Call], limits: CallLimits) -> Iterator[tuple[int, Evaluation]]:
        """As `Pool.run`; a call that may succeed later is tried again at once."""
        for i, call in enumerate(calls):
            found = evaluate(job, call)
            for _ in range(limits.retries):
                if not found.retry:
                    break
                found = evaluate(job, call)
            yield i, found

    def close(self) -> None:
        """Nothing was started."""
