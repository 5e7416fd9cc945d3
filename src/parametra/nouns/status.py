"""How a run ended: an outcome with a sentence and a remedy, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from parametra.nouns.storage import storable


@storable
class Outcome(Enum):
    """The four ways in which a run can end, and the exit code of the command line for each."""

    CONVERGED = "converged"
    BUDGET = "budget"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        """0 converged, 3 budget spent, 4 stopped by the person, 5 failed; 1 is a crash and 2 is bad input."""
        return {"converged": 0, "budget": 3, "stopped": 4, "failed": 5}[self.value]


@storable
@dataclass(frozen=True)
class Status:
    """How a run ended, in words that say what to do next.

    Arguments:
        outcome: one of the four outcomes.
        message: one or two sentences: what happened, and the remedy where one is needed.
    """

    outcome: Outcome
    message: str

    @property
    def ok(self) -> bool:
        """True when the run did all that it was asked for."""
        return self.outcome is Outcome.CONVERGED

    def __str__(self) -> str:
        return f"{self.outcome.value}: {self.message}"
