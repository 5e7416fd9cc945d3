"""The way back through the lanes of an ODE: from what its values are worth to what each parameter is worth.

What happened is gone through from the last to the first. With l the worth of the states, at an event at time tau

    worth of tau   -f+ . l+  +  g_t . l+  +  f- . l-        l- = g_y' l+        worth of p   g_p' l+

which is `_ode_lanes` transposed; a smooth segment is gone back step by step. The effort does not grow with the number
of parameters, and the gradient is that of forward sensitivities to rounding.
Source: Giering and Kaminski (1998), Recipes for adjoint code construction, doi:10.1145/293686.293695.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from parametra.nouns._ode_choice import solver_for
from parametra.nouns._ode_compiled import Batched
from parametra.nouns._ode_lanes import Lanes, Runner
from parametra.nouns._ode_record import Begun, Happened, Record, Stood, Stretch
from parametra.nouns._ode_sheet import Sheet, Tangents
from parametra.nouns._ode_solver import Solver
from parametra.nouns._ode_statement import Statement
from parametra.nouns.errors import ModelError

LANES = 8
"""Lanes that go back together."""

Worth = dict[str, np.ndarray]
"""What each parameter is worth, of the shape of its values."""


def _of(absolute: Any, which: Any) -> Any:
    """The absolute tolerance of some of the lanes."""
    return absolute[:, which] if np.ndim(absolute) == 2 else absolute


def can_go_back(statement: Statement, wish: str) -> bool:
    """Whether there is a way back: not through steady states, and not through what JAX cannot trace.

    Of functions this is known once they were called.
    """
    functions = [sheet.function for sheet in (statement.slopes, statement.observe) if sheet is not None]
    traced = all(function is None or function.traceable for function in functions)
    return wish != "lsoda" and statement.settle is None and traced


def pulled(
    sheet: Sheet, given: Mapping[str, Any], worth: Sequence[np.ndarray], names: frozenset[str], shape: tuple[int, ...]
) -> Worth:
    """What names are worth, from what the results of a sheet are worth.

    Arguments:
        sheet: computes results.
        given: as for `Sheet.values`.
        worth: of each result, of the shape.
        names: those wanted; arrays among them have elements along their first axis.
        shape: that of the results.

    Returns:
        For each of the names that the sheet uses, (*shape,) or (elements, *shape).
    """
    moved: Tangents = {}
    places: list[tuple[str, int]] = []
    for name in sorted(sheet.names & names & given.keys()):
        value = np.asarray(given[name])
        width = value.shape[0] if value.ndim > len(shape) else 0
        moved[name] = {}
        for k in range(max(1, width)):
            one = np.eye(width)[:, k].reshape(width, *(1,) * len(shape)) if width else 1.0
            moved[name][len(places)] = one
            places.append((name, k if width else -1))
    found: Worth = {}
    for name, k in places:
        found.setdefault(name, np.zeros((len(moved[name]), *shape) if k >= 0 else shape))
    if not places:
        return found
    _, slopes = sheet.with_tangents(given, moved, shape)
    for of, by in zip(worth, slopes, strict=True):
        for q, slope in by.items():
            name, k = places[q]
            # what is worth nothing is not spoilt by a slope that is infinite there
            added = np.where(of == 0.0, 0.0, of * slope)
            if k >= 0:
                found[name][k] += added
            else:
                found[name] += added
    return found


class WayBack:
    """One way back.

    Arguments:
        runner, lanes, record: what was run, and what happened.
        names: the parameters whose worth is wanted, among the values of the lanes.
    """

    def __init__(self, runner: Runner, lanes: Lanes, record: Record, names: frozenset[str]) -> None:
        self.runner, self.lanes, self.record = runner, lanes, record
        self.statement, self.slopes, self.names = runner.statement, runner.slopes, names
        self.by: Worth = {name: np.zeros(np.shape(value)) for name, value in lanes.values.items() if name in names}

    def worth(self, values: np.ndarray) -> Worth:
        """What the parameters are worth in each lane, (B,) or (elements, B).

        Arguments:
            values: what each of the wanted states is worth, (T, n, B); zero where there is none.
        """
        state = np.zeros(values.shape[1:])
        with np.errstate(all="ignore"):
            for what in reversed(self.record):
                if isinstance(what, Stood):
                    state += np.where(what.rows[:, None], values, 0.0).sum(axis=0)
                elif isinstance(what, Stretch):
                    self._stretch(what, values, state)
                elif isinstance(what, Happened):
                    self._happened(what, state)
                else:
                    self._begun(what, state)
        return self.by

    def _add(self, found: Worth, which: Any = slice(None)) -> None:
        for name, each in found.items():
            self.by[name][..., which] += each

    def _stretch(self, what: Stretch, values: np.ndarray, state: np.ndarray) -> None:
        """A segment: from the worth of the states at its end to that at its begin."""
        segment, lanes = what.segment, what.lanes
        worth = np.zeros((len(segment.times), *segment.y.shape))
        for column, lane in enumerate(lanes):
            rows = np.flatnonzero(what.rows[:, lane])
            worth[: len(rows), :, column] = values[rows, :, lane]
        solver = solver_for(self.slopes, self.runner.tolerances, self.runner.wish)
        limits = self.runner.tolerances.limits(segment)
        mine = [(each, part) for each, which in solvers_of(solver, what.again) for part in _blocks(which)]
        for each, which in mine:
            _, by_p, by_y = _backwards(each).integrate_with_gradient(
                segment.begin[which],
                segment.end[which],
                segment.y[:, which],
                segment.p[:, which],
                segment.times[:, which],
                worth[:, :, which],
                state[:, lanes[which]],
                **{**limits, "absolute": _of(limits["absolute"], which)},
            )
            state[:, lanes[which]] = by_y
            first = 0
            for name, width in self.slopes.widths:
                part = by_p[first : first + width] if width else by_p[first]
                if name in self.names:
                    self.by[name][..., lanes[which]] += part
                first += max(1, width)

    def _happened(self, what: Happened, state: np.ndarray) -> None:
        for number in np.unique(what.what[what.lanes]):
            lanes = np.flatnonzero(what.lanes & (what.what == number))
            values = {name: value[..., lanes] for name, value in self.lanes.values.items()}
            condition = self.statement.conditions[-1 - number] if number < 0 else None
            sheet = self.statement.slots[number].time if condition is None else condition.sheet
            timely = bool(sheet.names & self.names)
            worth, of_time = state[:, lanes], np.zeros(lanes.size)
            if timely:
                of_time -= np.sum(worth * self._slope(what.later, what.time, what.after, lanes), axis=0)
            if number >= 0:
                worth = self._changed(what, int(number), lanes, values, worth, of_time)
            if timely:
                of_time += np.sum(worth * self._slope(what.y, what.time, what.before, lanes), axis=0)
                if condition is not None:
                    of_time = condition.worth(values, what.time[lanes], of_time)
                    values[self.statement.time] = what.time[lanes]
                self._add(pulled(sheet, values, [of_time], self.names, (lanes.size,)), lanes)
            state[:, lanes] = worth

    def _changed(
        self,
        what: Happened,
        number: int,
        lanes: np.ndarray,
        values: dict[str, np.ndarray],
        worth: np.ndarray,
        of_time: np.ndarray,
    ) -> np.ndarray:
        """The worth of the states before an event changed them; that of its time is added."""
        slot, s = self.statement.slots[number], self.statement
        rows = list(slot.states)
        given = {**values, **{name: what.y[i, lanes] for i, name in enumerate(s.states)}, s.time: what.time[lanes]}
        names = self.names | {s.time, *s.states}
        found = pulled(slot.change, given, list(worth[rows]), names, (lanes.size,))
        worth = worth.copy()
        worth[rows] = 0.0
        for i, name in enumerate(s.states):
            if name in found:
                worth[i] += found.pop(name)
        of_time += found.pop(s.time, 0.0)
        self._add(found, lanes)
        return worth

    def _begun(self, what: Begun, state: np.ndarray) -> None:
        s, lanes = self.statement, np.arange(self.lanes.count)
        given = {**self.lanes.values, s.time: what.time}
        found = pulled(s.initial, given, list(state), self.names | {s.time}, (lanes.size,))
        of_time = found.pop(s.time, np.zeros(lanes.size))
        self._add(found)
        if s.begin.names & self.names:
            of_time = of_time - np.sum(state * self._slope(what.y, what.time, what.conditions, lanes), axis=0)
            self._add(pulled(s.begin, self.lanes.values, [of_time], self.names, (lanes.size,)))

    def _slope(self, y: np.ndarray, time: np.ndarray, conditions: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        p = self.slopes.numbers(self.lanes.values, conditions, None, self.lanes.count)[:, lanes]
        return self.slopes.values(time[lanes], y[:, lanes], p)


def solvers_of(solver: Solver, again: np.ndarray) -> list[tuple[Any, np.ndarray]]:
    """Each method that took part, and the lanes that are its own.

    Arguments:
        solver: what integrated.
        again: where the second method had to.

    Raises:
        ModelError: a solver without a way back.
    """
    if not isinstance(solver, Batched):
        raise ModelError(f"there is no way back through {solver.name}.")
    inside = solver.solver
    if not hasattr(inside, "explicit"):
        return [(inside, np.arange(again.size))]
    return [(inside.explicit, np.flatnonzero(~again)), (inside.rosenbrock, np.flatnonzero(again))]


def _blocks(lanes: np.ndarray) -> list[np.ndarray]:
    """As many lanes as go side by side: what is compiled for more of them takes as long again, and runs no faster."""
    return [lanes[first : first + LANES] for first in range(0, lanes.size, LANES)]


@lru_cache(maxsize=64)
def _backwards(solver: Any) -> Any:
    from parametra.maths.ode_gradient import Backwards

    return Backwards(solver)
