"""One call of an ODE: parameters and inputs by name become lanes, and lanes become outputs.

A lane is one point of the parameters with the inputs of one experiment: rows of a data set whose inputs, apart from
time and from what only outputs use, are the same. Complex numbers p + i e v carry a direction: their outputs carry e
times the derivative in that direction, by forward sensitivities. Points with the same real part are integrated once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from parametra.nouns._ode_lanes import Course, Lanes, Runner
from parametra.nouns._ode_sheet import Tangents
from parametra.nouns._ode_solver import Tolerances
from parametra.nouns._ode_statement import Statement
from parametra.nouns.errors import ModelError, did_you_mean

_LARGEST = 2**25
"""Numbers of states and derivatives that are held at once; more points are integrated one part after another."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a call came to.

    Arguments:
        outputs: (N, T), or (T,) for one point.
        failed: why each point has none, "" where it has (N,).
    """

    outputs: dict[str, np.ndarray]
    failed: np.ndarray

    @property
    def failures(self) -> Counter[str]:
        """How many of the points failed, by reason."""
        return Counter(str(why) for why in self.failed if why)


@dataclass(frozen=True)
class Points:
    """The parameters of N points: a row of numbers each, and whose elements they are."""

    rows: np.ndarray
    names: tuple[tuple[str, int], ...]
    batch: bool

    @staticmethod
    def of(parameters: Mapping[str, Any]) -> Points:
        """Raises ModelError for a value that is neither a number, a column of them, nor an array."""
        columns: list[np.ndarray] = []
        names: list[tuple[str, int]] = []
        arrays = {name: _numbers(name, value) for name, value in sorted(parameters.items())}
        many = [a.shape[-2] for a in arrays.values() if a.ndim >= 2]
        for name, array in arrays.items():
            if array.ndim > 3 or (array.ndim >= 2 and array.shape[-1] != 1):
                raise ModelError(f'the parameter "{name}" of an ODE has the shape {array.shape}; numbers are wanted.')
            names.append((name, array.shape[0] if array.ndim in (1, 3) else 0))
            flat = array[..., 0] if array.ndim >= 2 else array[..., None]
            columns += list(flat.reshape(-1, flat.shape[-1]))
        count = max(many, default=1)
        kind = complex if any(np.iscomplexobj(c) for c in columns) else float
        rows = np.empty((count, len(columns)), dtype=kind)
        for k, column in enumerate(columns):
            rows[:, k] = column
        return Points(rows, tuple(names), bool(many))

    def named(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Rows (B, P) by name, (B,) or (elements, B)."""
        found: dict[str, np.ndarray] = {}
        first = 0
        for name, width in self.names:
            found[name] = rows[:, first : first + width].T if width else rows[:, first]
            first += max(1, width)
        return found

    def moved(self, directions: np.ndarray) -> Tangents:
        """The derivatives of what is `named` along directions (Q, P)."""
        found: Tangents = {}
        first = 0
        for name, width in self.names:
            part = directions[:, first : first + max(1, width)]
            here = np.flatnonzero(part.any(axis=1))
            if here.size:
                found[name] = {int(q): part[q][:, None] if width else float(part[q, 0]) for q in here}
            first += max(1, width)
        return found

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Directions (Q, P) that make up those of all points, and how much of each there is in a point's (N, Q).

        They are the points' own where these are few, and single numbers otherwise.
        """
        by = np.imag(self.rows)
        numbers = np.flatnonzero((by != 0).any(axis=0))
        own, which = np.unique(by, axis=0, return_inverse=True)
        if len(own) < len(numbers):
            size = np.abs(own).max(axis=1)
            own = own / np.where(size > 0.0, size, 1.0)[:, None]  # as they came they may be as small as 1e-30
            return own, np.eye(len(own))[which.reshape(-1)] * size
        return np.eye(by.shape[1])[numbers], by[:, numbers]


def _numbers(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiubc":
        raise ModelError(f'the parameter "{name}" of an ODE is a number; {type(value).__name__} came.')
    return array


@dataclass(frozen=True, eq=False)
class Experiments:
    """The rows of a data set as experiments.

    Arguments:
        inputs: inputs that lanes depend on, by name, one number for each experiment (C,).
        experiment: which one each row belongs to (R,).
        times: (T, C) sorted times of each, infinite where there is none.
        place: which of them each row has (R,); that behind the last for time = inf.
        steady: whether any row asks for a steady state.
    """

    inputs: dict[str, np.ndarray]
    experiment: np.ndarray
    times: np.ndarray
    place: np.ndarray
    steady: bool

    @staticmethod
    def of(time: np.ndarray, inputs: Mapping[str, np.ndarray], rows: int) -> Experiments:
        """From the columns that lanes depend on."""
        kinds, experiment = np.zeros((0, 1)), np.zeros(rows, dtype=int)
        if inputs:
            columns = np.stack([np.broadcast_to(value, (rows,)) for value in inputs.values()])
            kinds, experiment = np.unique(columns, axis=1, return_inverse=True)
            experiment = experiment.reshape(-1)
        count = kinds.shape[1]
        finite = np.isfinite(time)
        unique = [np.unique(time[finite & (experiment == c)]) for c in range(count)]
        # one more than a power of two would compile anew for each number of times
        longest = 1 << (max((len(each) for each in unique), default=1) - 1).bit_length() if rows else 1
        times = np.full((max(1, longest), count), np.inf)
        place = np.full(rows, len(times))
        for c, each in enumerate(unique):
            times[: len(each), c] = each
            mine = finite & (experiment == c)
            place[mine] = np.searchsorted(each, time[mine])
        return Experiments(
            {name: kinds[k] for k, name in enumerate(inputs)}, experiment, times, place, bool((~finite).any())
        )


@dataclass(frozen=True, eq=False)
class Asked:
    """What one call asks for.

    Arguments:
        points: the parameters that are used.
        experiments: the lanes of each point.
        inputs: those that are used, by name.
        time: of each row (R,).
    """

    points: Points
    experiments: Experiments
    inputs: dict[str, np.ndarray]
    time: np.ndarray


def reasons(failed: np.ndarray, points: int) -> np.ndarray:
    """Why each of the points failed, from its lanes: the first reason, "" where there is none."""
    lanes = failed.reshape(points, -1)
    return np.array([next((each for each in lane if each), "") for lane in lanes], dtype=object)


class Caller:
    """Calls an ODE.

    Arguments:
        statement: the ODE.
        tolerances, wish: as for `solver_for`.
    """

    def __init__(self, statement: Statement, tolerances: Tolerances, wish: str) -> None:
        self.statement, self.tolerances, self.wish = statement, tolerances, wish
        self._runners: dict[tuple[tuple[str, int], ...], Runner] = {}
        self._experiments: tuple[tuple[Any, ...], Experiments] | None = None

    @cached_property
    def states(self) -> frozenset[str]:
        """The names of states."""
        return frozenset(self.statement.states)

    def asked(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Asked:
        """What a call asks for. Raises ModelError as `ODE.__call__`."""
        given = {name: np.asarray(value) for name, value in inputs.items()}
        self._check_inputs(given, parameters)
        wanted = self.statement.names
        points = Points.of({k: v for k, v in parameters.items() if k in wanted and k not in given})
        for name, width in points.names:
            if width and name in self.statement.single:
                raise ModelError(
                    f'the parameter "{name}" of an ODE is an array of {width}, and a formula uses it as one number. '
                    f"{name}[0] takes an element; the values of many points come as a column, of shape (points, 1)."
                )
        used = {name: value for name, value in given.items() if name in wanted}
        time = np.atleast_1d(given[self.statement.time])
        rows = max([time.size, *(value.size for value in used.values())])
        time = np.broadcast_to(time, (rows,))
        lanes = {name: value for name, value in used.items() if name in self.statement.moving}
        return Asked(points, self._split(time, lanes, rows), used, time)

    def at_once(self, asked: Asked, directions: int = 0) -> int:
        """How many points are integrated together."""
        each = asked.experiments.times.size * len(self.statement.states) * (1 + directions)
        return max(1, _LARGEST // max(1, each))

    def call(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Found:
        """As `ODE.__call__`."""
        asked = self.asked(parameters, inputs)
        points = asked.points
        unique, back = np.unique(np.real(points.rows), axis=0, return_inverse=True)
        back = back.reshape(-1)
        moves = np.iscomplexobj(points.rows)
        along, shares = points.directions() if moves else (np.zeros((0, points.rows.shape[1])), np.zeros((0, 0)))
        step = self.at_once(asked, len(along))
        parts = [self._part(asked, unique[first : first + step], along) for first in range(0, len(unique), step)]
        names = list(parts[0][0])
        outputs = {name: np.concatenate([values[name] for values, _, _ in parts])[back] for name in names}
        failed = np.concatenate([why for _, _, why in parts])[back]
        if len(along):
            for name in names:
                slopes = np.concatenate([tangents[name] for _, tangents, _ in parts])[back]
                outputs[name] = outputs[name] + 1j * np.einsum("nq,nqr->nr", shares, slopes)
        elif moves:
            outputs = {name: value.astype(complex) for name, value in outputs.items()}
        if not points.batch:
            outputs = {name: value[0] for name, value in outputs.items()}
        return Found(outputs, failed)

    def _split(self, time: np.ndarray, lanes: Mapping[str, np.ndarray], rows: int) -> Experiments:
        key = (rows, time.tobytes(), tuple((name, value.tobytes()) for name, value in sorted(lanes.items())))
        if self._experiments is None or self._experiments[0] != key:
            self._experiments = (key, Experiments.of(time, lanes, rows))
        return self._experiments[1]

    def _check_inputs(self, inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any]) -> None:
        s = self.statement
        if s.time not in inputs:
            raise ModelError(
                f'time is called "{s.time}" in the ODE, and the data have no input of that name; '
                + did_you_mean(s.time, inputs)
            )
        for name in inputs:
            if name in self.states:
                raise ModelError(f'"{name}" is a state of the ODE and an input of the data; give one another name.')
        known = {*inputs, *parameters}
        for name in sorted(s.names - s.optional - known):
            raise ModelError(
                f'"{name}" in the ODE has no value: state it in `parameters`, or as a constant or input of the data. '
                f"It is no state and no quantity of let either; {did_you_mean(name, sorted({*known, *s.states}))}"
                + s.advice(name)
            )
        for name, value in inputs.items():
            if (name == s.time or name in s.names) and (value.ndim > 1 or value.dtype.kind not in "fiub"):
                raise ModelError(f'the input "{name}" of an ODE is one real number a row.')

    def lanes(self, asked: Asked, rows: np.ndarray, along: np.ndarray) -> Lanes:
        """The lanes of some points (U, P): those of the first point, one an experiment, then those of the next."""
        experiments, points = asked.experiments, asked.points
        count, kinds = len(rows), experiments.times.shape[1]
        values = points.named(np.repeat(rows, kinds, axis=0))
        values = {name: value for name, value in values.items() if name in self.statement.moving}
        values |= {name: np.tile(value, count) for name, value in experiments.inputs.items()}
        times = np.tile(experiments.times, (1, count))
        return Lanes(values, points.moved(along), len(along), times, experiments.steady)

    def _part(
        self, asked: Asked, rows: np.ndarray, along: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
        """Outputs (U, R), their derivatives (U, Q, R), and why each point failed, for different points (U, P)."""
        lanes = self.lanes(asked, rows, along)
        course = self.runner(asked).run(lanes)
        why = reasons(course.failed, len(rows))
        outputs, slopes = self.observed(asked, rows, lanes.tangents, len(along), course)
        bad = why != ""
        for each in (*outputs.values(), *slopes.values()):
            each[bad] = np.nan
        return outputs, slopes, why

    def runner(self, asked: Asked) -> Runner:
        """What runs the lanes."""
        key = tuple(sorted({**dict(asked.points.names), **dict.fromkeys(asked.experiments.inputs, 0)}.items()))
        if key not in self._runners:
            self._runners[key] = Runner(self.statement, key, self.tolerances, self.wish)
        return self._runners[key]

    def observed(
        self, asked: Asked, rows: np.ndarray, tangents: Tangents, directions: int, course: Course
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Outputs (U, R) of points (U, P) and their derivatives (U, Q, R)."""
        experiments = asked.experiments
        s, (count, kinds) = self.statement, (len(rows), experiments.times.shape[1])
        at, which = experiments.place, experiments.experiment
        shape = (count, len(asked.time))
        # rows first, as mixed indices leave them
        y = course.values.reshape(-1, len(s.states), count, kinds)[at, :, :, which]
        dy = course.tangents.reshape(len(course.values), len(s.states), directions, count, kinds)[at, :, :, :, which]
        if s.observe is None:
            states = {name: y[:, i].T.copy() for i, name in enumerate(s.states)}
            return states, {name: np.moveaxis(dy[:, i], 0, -1).swapaxes(0, 1).copy() for i, name in enumerate(s.states)}
        given = self.seen(asked, rows, y)
        moved: Tangents = {
            n: {q: t if np.ndim(t) == 0 else t[..., None] for q, t in v.items()} for n, v in tangents.items()
        }
        for i, name in enumerate(s.states):
            moved[name] = {q: dy[:, i, q].T for q in range(directions)}
        with np.errstate(all="ignore"):
            if directions:
                values, slopes = s.observe.with_tangents(given, moved, shape)
            else:
                values, slopes = s.observe.values(given, shape), []
        names = self.outputs()
        found = {name: np.array(value, dtype=float) for name, value in zip(names, values, strict=True)}
        by_name: dict[str, np.ndarray] = {}
        for name, by_direction in zip(names, slopes, strict=False):
            by_name[name] = np.zeros((count, directions, len(asked.time)))
            for q, slope in by_direction.items():
                by_name[name][:, q] = slope
        return found, by_name

    def seen(self, asked: Asked, rows: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        """What outputs are computed from, for states (R, n, U)."""
        given: dict[str, Any] = {name: value[..., None] for name, value in asked.points.named(rows).items()}
        states = {name: y[:, i].T for i, name in enumerate(self.statement.states)}
        return {**given, **asked.inputs, self.statement.time: asked.time, **states}

    def outputs(self) -> tuple[str, ...]:
        """Their names."""
        sheet = self.statement.observe
        if sheet is None:
            return self.statement.states
        return sheet.function.results if sheet.function else tuple(name.removesuffix(" =") for name in sheet.results)
