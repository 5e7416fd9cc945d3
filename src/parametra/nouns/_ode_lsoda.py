"""SciPy's LSODA, one lane at a time: for slopes that JAX cannot trace, and where nothing is to be compiled.

Derivatives come from the variational equations, integrated beside the states: S' = f_y S + f_p p'.
Source: A. C. Hindmarsh 1983, ODEPACK; L. Petzold 1983, doi:10.1137/0904010.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.nouns._ode_slopes import Slopes
from parametra.nouns._ode_solver import FAILED, NOT_A_NUMBER, OK, STEPS_EXHAUSTED, TOO_SMALL, Integrated, Segment
from parametra.nouns._ode_solver import Tolerances as Limits
from parametra.nouns._ode_steady import steady_state
from parametra.nouns.evaluation import EvaluationFailed

_ENDINGS = {
    "Integration successful": OK,
    "Nothing was done": OK,
    "Repeated error test failures": TOO_SMALL,
    "Repeated convergence failures": TOO_SMALL,
}
"""What SciPy's sentences about the end mean; all others say that too much was asked of it."""

_TINY_STEP = 1e-9
"""Of the time: steps as small as this one on the way to a singularity are no lack of patience."""

_AT_ONCE = 1e-13
"""Of the time: what is nearer to the begin than this is one step away, and LSODA would refuse it."""

_NOTHING = 1e-100
"""A time so short that LSODA's arithmetic would leave the range of numbers."""

_STARTED = 200
"""Calls after which small steps are not those of the beginning."""

Slope = Callable[[float, np.ndarray], np.ndarray]


class Lsoda:
    """Integrates lane by lane.

    Arguments:
        slopes: what is integrated.
        tolerances: how accurately.
    """

    name = "lsoda"

    def __init__(self, slopes: Slopes, tolerances: Limits) -> None:
        self.slopes = slopes
        self.tolerances = tolerances

    def integrate(self, segment: Segment) -> Integrated:
        """As `Solver.integrate`."""
        times, (n, lanes) = segment.times, segment.y.shape
        count, directions = times.shape[0], 0 if segment.dy is None else segment.dy.shape[1]
        values, end = np.full((count, n, lanes), np.nan), np.full((n, lanes), np.nan)
        fates, raised = np.zeros(lanes, dtype=int), Counter[str]()
        tangents = None if segment.dy is None else np.full((count, n, directions, lanes), np.nan)
        moved = None if segment.dy is None else np.full((n, directions, lanes), np.nan)
        for lane in range(lanes):
            inside = np.isfinite(times[:, lane])
            asked = np.concatenate([times[inside, lane], [segment.end[lane]]])
            begin = segment.y[:, lane]
            if segment.dy is not None:
                begin = np.concatenate([begin, segment.dy[:, :, lane].ravel()])
            slope, floor = self._slope(segment, lane), self._floor(segment, lane)
            found, fates[lane], why = self._lane(slope, float(segment.begin[lane]), asked, begin, floor)
            if why:
                raised[why] += 1
            values[inside, :, lane], end[:, lane] = found[:-1, :n], found[-1, :n]
            if tangents is not None and moved is not None:
                tangents[inside, :, :, lane] = found[:-1, n:].reshape(-1, n, directions)
                moved[:, :, lane] = found[-1, n:].reshape(n, directions)
        return Integrated(values, end, tangents, moved, fates, raised)

    def settle(self, segment: Segment) -> Integrated:
        """As `Solver.settle`."""
        return steady_state(self, self.slopes, segment, self.tolerances)

    def _slope(self, segment: Segment, lane: int) -> Slope:
        if self.slopes.statement.slopes.function is not None:
            return _function(self.slopes, segment, lane)
        if segment.dy is None or segment.dp is None:
            return _values(self.slopes, segment, lane)
        return _values_and_tangents(self.slopes, segment, lane, segment.dp, segment.dy.shape[1])

    def _floor(self, segment: Segment, lane: int) -> float | np.ndarray:
        """The absolute tolerance of states and tangents, which cannot grow with them on the way."""
        floor = self.tolerances.floor(segment)
        if not isinstance(floor, np.ndarray):
            return floor
        own = floor[:, lane]
        if segment.dy is None or segment.dp is None:
            return own
        # a tangent by a parameter is as large as its state beside the parameter
        share = np.zeros(segment.dy.shape[1])
        for moved, of in ((segment.dy[:, :, lane], segment.y[:, lane]), (segment.dp[:, :, lane], segment.p[:, lane])):
            if of.size:
                size = np.where(of == 0.0, 1.0, np.abs(of))[:, None]
                share = np.maximum(share, np.max(np.abs(moved) / size, axis=0))
        return np.concatenate([own, (own[:, None] * np.where(share > 0.0, share, 1.0)).ravel()])

    def _lane(
        self, slope: Slope, start: float, asked: np.ndarray, begin: np.ndarray, floor: float | np.ndarray
    ) -> tuple[np.ndarray, int, str]:
        """States and tangents (times, n (1 + Q)) at the times that are asked for; a fate, and what was raised."""
        blank = np.full((len(asked), begin.size), np.nan)
        near = asked - start <= np.maximum(_AT_ONCE * np.maximum(np.abs(asked), abs(start)), _NOTHING)
        try:
            with np.errstate(all="ignore"):
                rows = blank.copy()
                rows[near] = begin + (asked[near] - start)[:, None] * slope(start, begin)
                if not near.all():
                    times, back = np.unique(asked[~near], return_inverse=True)
                    found, fate = self._integrated(slope, begin, np.concatenate([[start], times]), floor)
                    if fate != OK:
                        return blank, fate, ""
                    rows[~near] = found[1:][back]
        except _NotFinite:
            return blank, NOT_A_NUMBER, ""
        except Exception as error:  # noqa: BLE001  whatever a person's function raises costs this lane, and is told
            return blank, FAILED, error.reason if isinstance(error, EvaluationFailed) else str(error)
        return (rows, OK, "") if np.isfinite(rows).all() else (blank, NOT_A_NUMBER, "")

    def _integrated(
        self, slope: Slope, begin: np.ndarray, times: np.ndarray, floor: float | np.ndarray
    ) -> tuple[np.ndarray, int]:
        from scipy.integrate import ODEintWarning, odeint

        limits, seen = self.tolerances, _Seen(slope)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ODEintWarning)
            found, facts = odeint(
                seen,
                begin,
                times,
                rtol=limits.relative,
                atol=floor,
                tcrit=[times[-1]],
                mxstep=limits.most_steps,
                full_output=True,
                tfirst=True,
            )
        fate = next((f for start, f in _ENDINGS.items() if facts["message"].startswith(start)), STEPS_EXHAUSTED)
        if fate == OK and facts["nst"][-1] > limits.most_steps:
            fate = STEPS_EXHAUSTED
        if (
            fate == STEPS_EXHAUSTED
            and seen.calls > _STARTED
            and seen.step < _TINY_STEP * max(abs(seen.time), np.ptp(times))
        ):
            fate = TOO_SMALL
        return np.asarray(found), fate


class _Seen:
    """A slope that remembers where it was asked for: LSODA tells nothing of a run that it gave up."""

    def __init__(self, slope: Slope) -> None:
        self.slope = slope
        self.calls, self.time, self.step = 0, 0.0, np.inf

    def __call__(self, t: float, z: np.ndarray) -> np.ndarray:
        self.calls += 1
        if t != self.time:
            self.time, self.step = t, abs(t - self.time)
        return self.slope(t, z)


class _NotFinite(Exception):  # noqa: N818  a signal, never seen by a person
    """A slope is NaN or infinite: LSODA would go on with it."""


def _values(slopes: Slopes, segment: Segment, lane: int) -> Slope:
    """Slopes by formulas, number by number."""
    sheet, states, time = slopes.statement.slopes, slopes.statement.states, slopes.statement.time
    known: dict[str, Any] = slopes.given(np.float64(0.0), segment.y[:, lane], segment.p[:, lane])

    def slope(t: float, z: np.ndarray) -> np.ndarray:
        found = dict(known)
        found.update(zip(states, z, strict=True))
        if not slopes.held:
            found[time] = np.float64(t)
        for name, formula in sheet.lines:
            found[name] = formula.evaluate(found)
        return _finite(np.array([found[name] for name in sheet.results], dtype=float))

    return slope


def _values_and_tangents(slopes: Slopes, segment: Segment, lane: int, dp: np.ndarray, q: int) -> Slope:
    """Slopes by formulas with their derivatives, all directions at once: a value is repeated for each of them."""
    sheet, states, time, n = slopes.statement.slopes, slopes.statement.states, slopes.statement.time, slopes.n
    plain: dict[str, Any] = slopes.given(np.float64(0.0), segment.y[:, lane], segment.p[:, lane])
    known = {name: np.repeat(np.asarray(value)[..., None], q, axis=-1) for name, value in plain.items()}
    by_name = slopes.given(np.zeros(q), np.zeros((n, q)), dp[:, :, lane])
    moved: dict[str, dict[int, Any]] = {name: {0: each} for name, each in by_name.items() if each.any()}

    def slope(t: float, z: np.ndarray) -> np.ndarray:
        found, tangents, dy = dict(known), dict(moved), z[n:].reshape(n, q)
        found.update(zip(states, np.repeat(z[:n, None], q, axis=1), strict=True))
        tangents.update((name, {0: dy[i]}) for i, name in enumerate(states))
        if not slopes.held:
            found[time] = np.full(q, t)
        for name, formula in sheet.lines:
            found[name], tangents[name] = formula.evaluate_with_tangents(found, tangents)
        slope = np.zeros((n, q + 1))
        for i, name in enumerate(sheet.results):
            slope[i, 0] = found[name].flat[0]
            slope[i, 1:] = tangents[name].get(0, 0.0)
        return _finite(np.concatenate([slope[:, 0], slope[:, 1:].ravel()]))

    return slope


def _finite(slope: np.ndarray) -> np.ndarray:
    if not np.isfinite(slope).all():
        raise _NotFinite
    return slope


def _function(slopes: Slopes, segment: Segment, lane: int) -> Slope:
    """Slopes by a person's function."""
    n, p = slopes.n, segment.p[:, lane : lane + 1]
    dp = None if segment.dp is None else segment.dp[:, :, lane : lane + 1]

    def slope(t: float, z: np.ndarray) -> np.ndarray:
        time, y = np.array([t]), z[:n, None]
        if dp is None:
            found = slopes.values(time, y, p)[:, 0]
        else:
            value, moved = slopes.values_and_tangents(time, y, p, z[n:].reshape(n, -1, 1), dp)
            found = np.concatenate([value[:, 0], moved[:, :, 0].ravel()])
        return _finite(found)

    return slope
