"""A run as a ledger keeps it: what was asked for, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StatedRun:
    """What was asked for.

    Arguments:
        verb: "fit" and the like.
        title: of the problem.
        problem_hash: of its content.
        seed: of the random numbers.
        settings: of the verb, what JSON can hold.
        file: the problem file, "" for a run from Python.
        command: the words after `parametra`, none for a run from Python.
    """

    verb: str
    title: str = ""
    problem_hash: str = ""
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    file: str = ""
    command: Sequence[str] = ()


@dataclass(frozen=True)
class StoredRun:
    """A run in a ledger.

    Arguments:
        id: its number in the ledger; later runs have larger ones.
        stated: what was asked for.
        folder: where it was started.
        status: "running"; how it ended, such as "converged"; or "interrupted", when its process ended without a word.
        message: a sentence on the status.
        evaluations, reused: calls of the model, and those that were answered from the ledger.
        best: the best value so far, None while there is none.
        failures: calls without an answer, by reason.
        seconds: how long it ran; None unless it is known.
        pid, host: the process that runs it or ran it.
        began, heard: when it began and when it last wrote, in seconds since 1970 of that machine's clock.
    """

    id: int
    stated: StatedRun
    folder: str
    status: str
    message: str
    evaluations: int
    reused: int
    best: float | None
    failures: Mapping[str, int]
    seconds: float | None
    pid: int
    host: str
    began: float
    heard: float

    @property
    def running(self) -> bool:
        """Whether a living process holds it."""
        return self.status == "running"

    @property
    def holder(self) -> str:
        """The process that holds it, in words; "" when none does."""
        return f"process {self.pid} on {self.host}" if self.running else ""
