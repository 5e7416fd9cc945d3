"""What is asked of a solver, and what it answers: the rest of an ODE knows no more of solvers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.arrays import Float, Int

OK, STEPS_EXHAUSTED, TOO_SMALL, NOT_A_NUMBER, NO_STEADY, FAILED = range(6)
"""How a lane can end. All but the last are those of the solvers in `maths`."""

FATES = {
    STEPS_EXHAUSTED: "the integration took more than {steps} steps",
    TOO_SMALL: "the step of the integration became too small: a blow-up or a singularity",
    NOT_A_NUMBER: "the integration came to NaN",
    NO_STEADY: "no steady state was reached: it may oscillate or grow for ever",
    FAILED: "the slopes could not be computed",
}
"""Reasons, the same for all points that fail in this way, because they are counted."""

SOLVERS = ("auto", "explicit", "rosenbrock", "lsoda")


@dataclass(frozen=True)
class Tolerances:
    """How accurate a step is to be.

    Arguments:
        relative, absolute: the error of a step is held below absolute + relative * |y|; None takes, for the absolute
            one, a hundredth of the relative one of the largest that each state has been, see `_ode_sizes`.
        most_steps: a lane that takes more has failed.
    """

    relative: float
    absolute: float | None
    most_steps: int

    @property
    def share(self) -> float:
        """Of the size of a state: the absolute tolerance where none is stated; else 0."""
        return 1e-2 * self.relative if self.absolute is None else 0.0

    def floor(self, segment: Segment) -> float | Float[np.ndarray, "n B"]:
        """The absolute tolerance where a segment begins."""
        if self.absolute is not None:
            return self.absolute
        size = np.abs(segment.y).max(axis=0, keepdims=True) if segment.size is None else segment.size
        return self.share * np.broadcast_to(size, segment.y.shape)

    def limits(self, segment: Segment) -> dict[str, Any]:
        """What the solvers in `maths` are told."""
        floor: Any = self.floor(segment)
        return {"relative": self.relative, "absolute": floor, "share": self.share, "most": self.most_steps}


@dataclass(frozen=True, eq=False)
class Segment:
    """One smooth stretch of B lanes.

    Arguments:
        begin, end: each lane's own, end > begin.
        y, p: states and numbers at its begin.
        times: (T, B) sorted, in (begin, end], infinite where there is none.
        dy, dp: their derivatives at fixed time; None where none are wanted.
        size: how large each state is, see `_ode_sizes`; None for the largest of them.
    """

    begin: Float[np.ndarray, " B"]
    end: Float[np.ndarray, " B"]
    y: Float[np.ndarray, "n B"]
    p: Float[np.ndarray, "P B"]
    times: Float[np.ndarray, "T B"]
    dy: Float[np.ndarray, "n Q B"] | None = None
    dp: Float[np.ndarray, "P Q B"] | None = None
    size: Float[np.ndarray, "n B"] | None = None


@dataclass(frozen=True, eq=False)
class Integrated:
    """What a segment came to; NaN in lanes that failed.

    Arguments:
        values, end: states at the times and at the end.
        tangents, end_tangents: their derivatives at fixed time.
        fates: how each lane ended.
        raised: what a person's function raised, and how often.
    """

    values: Float[np.ndarray, "T n B"]
    end: Float[np.ndarray, "n B"]
    tangents: Float[np.ndarray, "T n Q B"] | None
    end_tangents: Float[np.ndarray, "n Q B"] | None
    fates: Int[np.ndarray, " B"]
    raised: Counter[str] = field(default_factory=Counter[str])


@runtime_checkable
class Solver(Protocol):
    """Integrates smooth segments, and finds steady states."""

    name: str

    def integrate(self, segment: Segment) -> Integrated:
        """States at the times and at the end, with their derivatives where they are wanted."""
        ...

    def settle(self, segment: Segment) -> Integrated:
        """The steady states that the states at `begin` run into, as the end; its own end and times mean nothing."""
        ...
