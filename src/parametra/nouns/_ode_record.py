"""What happened while lanes were run, in its order: enough to go the same way backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.nouns._ode_compiled import Batched
from parametra.nouns._ode_solver import Integrated, Segment, Solver


@dataclass(frozen=True, eq=False)
class Begun:
    """The begin.

    Arguments:
        time: of each lane.
        y: the first values.
        conditions: what holds from then on.
    """

    time: Float[np.ndarray, " B"]
    y: Float[np.ndarray, "n B"]
    conditions: Float[np.ndarray, "C B"]


@dataclass(frozen=True, eq=False)
class Stood:
    """States that were wanted at the very time at which lanes stood.

    Arguments:
        rows: which of the wanted ones they were.
    """

    rows: Bool[np.ndarray, "T B"]


@dataclass(frozen=True, eq=False)
class Stretch:
    """A smooth segment.

    Arguments:
        lanes: the G lanes that it was integrated in.
        rows: which of the wanted states lie in it.
        segment: what was integrated.
        again: where a second method had to, because the first gave up.
    """

    lanes: Int[np.ndarray, " G"]
    rows: Bool[np.ndarray, "T B"]
    segment: Segment
    again: Bool[np.ndarray, " G"]


@dataclass(frozen=True, eq=False)
class Happened:
    """Events, one a lane, and conditions that changed.

    Arguments:
        lanes: where something happened.
        what: as `Timetable.what`.
        time: when.
        y, later: the states before and after.
        before, after: the conditions.
    """

    lanes: Bool[np.ndarray, " B"]
    what: Int[np.ndarray, " B"]
    time: Float[np.ndarray, " B"]
    y: Float[np.ndarray, "n B"]
    later: Float[np.ndarray, "n B"]
    before: Float[np.ndarray, "C B"]
    after: Float[np.ndarray, "C B"]


Record: TypeAlias = list[Begun | Stood | Stretch | Happened]


def integrated(solver: Solver, segment: Segment) -> tuple[Integrated, Bool[np.ndarray, " G"]]:
    """A segment without derivatives, and where a second method had to because the first gave up."""
    if not isinstance(solver, Batched):
        return solver.integrate(segment), np.zeros(segment.y.shape[1], dtype=bool)
    s, limits = segment, solver.tolerances.limits(segment)
    found = solver.solver.integrate(s.begin, s.end, s.y, s.p, s.times, **limits)
    return Integrated(found.values, found.end, None, None, np.asarray(found.fate, dtype=int)), found.again
