"""When something happens in each lane of an ODE: its begin, events, and conditions that change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.nouns._ode_sheet import Sheet, Tangents
from parametra.nouns._ode_statement import Statement


@dataclass(frozen=True, eq=False)
class Clock:
    """Computes times of B lanes.

    Arguments:
        statement: the ODE.
        values: parameters and inputs by name, (B,) or (elements, B).
        tangents: their derivatives by direction.
        directions, lanes: Q and B.
    """

    statement: Statement
    values: dict[str, Any]
    tangents: Tangents
    directions: int
    lanes: int

    def time(self, sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
        """A time (B,) and its derivatives (Q, B)."""
        moved = np.zeros((self.directions, self.lanes))
        if not self.directions:
            return sheet.values(self.values, (self.lanes,))[0], moved
        (value,), (slope,) = sheet.with_tangents(self.values, self.tangents, (self.lanes,))
        for q, each in slope.items():
            moved[q] = each
        return value, moved

    def timetable(self, begin: np.ndarray) -> Timetable:
        """What happens from the begin on, each lane in its own order.

        Events before the begin do not happen. At one time conditions change first, then events in the order in which
        they are stated.
        """
        found = [self.time(slot.time) for slot in self.statement.slots]
        unknown = np.zeros(self.lanes, dtype=bool)
        for time, _ in found:
            unknown |= np.isnan(time)
        conditions = self.statement.conditions
        changes = [each.at(self.values, self.tangents, self.lanes, self.directions) for each in conditions]
        numbers = np.array([*(-1 - c for c in range(len(changes))), *range(len(found))], dtype=int)
        if not numbers.size:
            nothing = np.zeros((0, self.lanes))
            return Timetable(nothing, np.zeros((0, self.directions, self.lanes)), nothing.astype(int), unknown)
        when = np.stack([time for time, _ in (*changes, *found)])
        moved = np.stack([each for _, each in (*changes, *found)])
        early = when < begin
        early[: len(changes)] |= when[: len(changes)] == begin  # what holds from the begin on is no change
        when = np.where(early | np.isnan(when), np.inf, when)
        order = np.argsort(when, axis=0, kind="stable")
        return Timetable(
            np.take_along_axis(when, order, axis=0),
            np.take_along_axis(moved, order[:, None], axis=0),
            numbers[order],
            unknown,
        )

    def conditions(self, begin: np.ndarray, when: np.ndarray) -> Float[np.ndarray, "K1 C B"]:
        """The conditions in each segment between these times: as they are in its middle."""
        edges = np.concatenate([begin[None], when, np.full((1, self.lanes), np.inf)])
        first, second = edges[:-1], edges[1:]
        beyond = first + np.maximum(1.0, np.abs(first))
        middle = np.where(np.isfinite(second), 0.5 * (first + second), beyond)
        middle = np.where(np.isfinite(first), middle, 0.0)
        found = np.zeros((len(first), len(self.statement.conditions), self.lanes))
        for c, condition in enumerate(self.statement.conditions):
            for s in range(len(first)):
                found[s, c] = condition.holds(self.values, middle[s])
        return found


@dataclass(frozen=True, eq=False)
class Timetable:
    """What happens in each lane, in its own order.

    Arguments:
        when: times, infinite for never.
        moved: their derivatives.
        what: the number of the slot of an event; -1 - c for the change of condition c.
        unknown: lanes in which the time of an event is NaN.
    """

    when: Float[np.ndarray, "K B"]
    moved: Float[np.ndarray, "K Q B"]
    what: Int[np.ndarray, "K B"]
    unknown: np.ndarray
