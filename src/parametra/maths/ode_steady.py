"""Steady states of many lanes, and their derivatives.

Each lane is integrated for longer and longer times, until what is left of the slope would move no state by more than
the tolerance in the whole time that has passed; Newton's method then takes the last digits. Derivatives follow from
the implicit function theorem. Where totals are conserved the Jacobian is singular: the totals, which are the vectors
that it maps to nothing from the left, keep the value that they have at the beginning, and complete the equations.

Source: Shoffner and Schnell (2017) discuss conserved totals of reaction networks, doi:10.1063/1.4971797; Kelley and
Keyes (1998), Convergence analysis of pseudo-transient continuation, doi:10.1137/S0036142996304796.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.ode_compile import Compiled, Origin, compiled
from parametra.maths.ode_loop import LANES
from parametra.maths.ode_solver import BLOCKS, Function, Solver, Tolerance, filled, make_rosenbrock
from parametra.maths.ode_step import each_direction

_LONGEST = 1e12
_SINGULAR = 1e-9
_ROUNDING = 8 * 2.0**-52
_NEWTON = 5


@dataclass(frozen=True)
class Steadiness:
    """Steady states.

    Arguments:
        values: the states (n, B); NaN in lanes that have none.
        tangents: their derivatives (n, Q, B), or None.
        fate: (B,), 0 where a steady state was found, 4 where none was reached, 2 as in `ODE_FATES`.
        reached: (B,), the time after which the lane was steady.
        conserved: (B,), how many totals are conserved.
    """

    values: np.ndarray
    tangents: np.ndarray | None
    fate: np.ndarray
    reached: np.ndarray
    conserved: np.ndarray


def make_steady(slope: Function, n: int, *, method: str = "rodas5p", origin: Origin | None = None) -> Steady:
    """A solver for steady states.

    Arguments:
        slope, n, method, origin: as for `make_rosenbrock`; the slope is taken at the time at which it begins.
    """
    return Steady(make_rosenbrock(slope, n, method=method, origin=origin))


class Steady:
    """Steady states by way of a solver.

    Arguments:
        solver: what integrates.
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self._kernels: dict[tuple[int, ...], Compiled] = {}

    def settle(
        self,
        begin: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        y_tangents: np.ndarray | None = None,
        p_tangents: np.ndarray | None = None,
        *,
        relative: float = 1e-8,
        absolute: Tolerance = 1e-10,
        share: float = 0.0,
        most: int = 10_000,
        longest: float = _LONGEST,
    ) -> Steadiness:
        """The states to which each lane settles.

        Arguments:
            begin, y, p: where each lane begins, (B,), (n, B), (P, B).
            y_tangents, p_tangents: directions (n, Q, B) and (P, Q, B); both or none.
            relative, absolute, share, most: as for `Solver.integrate`.
            longest: the time after which a lane that still moves has no steady state.
        """
        n, lanes = y.shape
        limits = np.asarray(absolute, dtype=float)
        limits = np.broadcast_to(limits if limits.ndim == 2 else np.reshape(limits, (-1, 1)), (n, lanes))
        largest = np.abs(y)
        at, now, fate = y.copy(), np.asarray(begin, dtype=float).copy(), np.full(lanes, 4)
        left, span = np.arange(lanes), 1.0
        none = np.empty((0, lanes))
        while left.size:
            here = now[left] + span
            tolerances: dict[str, Any] = {"relative": relative, "absolute": limits[:, left], "share": share}
            made = self.solver.integrate(
                now[left], here, at[:, left], p[:, left], none[:, left], **tolerances, most=most
            )
            at[:, left], now[left] = made.end, np.where(made.fate == 0, here, made.reached)
            slope, jacobian = self._derivatives(now[left], made.end, p[:, left])
            largest[:, left] = np.maximum(largest[:, left], np.abs(made.end))
            scale = np.maximum(limits[:, left], share * largest[:, left])
            # terms that cancel leave their rounding, which moves nothing however long it is
            rounding = _ROUNDING * np.einsum("ijb,jb->ib", np.abs(jacobian), np.abs(made.end))
            still = np.where(np.abs(slope) > rounding, np.abs(slope), 0.0)
            moves = still * (now[left] - begin[left]) > scale + relative * np.abs(made.end)
            steady = (made.fate == 0) & ~moves.any(axis=0)
            # what oscillates takes steps for ever, and what grows ends beyond all numbers
            fate[left] = np.where(steady, 0, np.where(made.fate == 2, 2, 4))
            left = left[~steady & (made.fate == 0)]
            span *= 10.0
            if span > longest:
                break
        return self._finished(at, now, y, p, fate, y_tangents, p_tangents)

    def _finished(
        self,
        at: np.ndarray,
        now: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        fate: np.ndarray,
        dy: np.ndarray | None,
        dp: np.ndarray | None,
    ) -> Steadiness:
        """The last digits by Newton's method, and the derivatives."""
        values, conserved = np.full(at.shape, np.nan), np.zeros(at.shape[1], dtype=int)
        tangents = None if dy is None else np.full(dy.shape, np.nan)
        found = np.flatnonzero(fate == 0)
        for _ in range(_NEWTON if found.size else 0):
            slope, jacobian = self._derivatives(now[found], at[:, found], p[:, found])
            for k, lane in enumerate(found):
                totals = _totals(jacobian[..., k])
                conserved[lane] = len(totals)
                rest = np.concatenate([-slope[:, k], totals @ (y[:, lane] - at[:, lane])])
                move = _solved(jacobian[..., k], totals, rest)
                # what is left after a long integration is small: anything else leads to another steady state
                if np.all(np.abs(move) <= 1e-3 * (np.abs(at[:, lane]) + np.abs(at[:, lane]).max())):
                    at[:, lane] += move
        values[:, found] = at[:, found]
        if tangents is not None and dy is not None and dp is not None and found.size:
            slopes = self._derivatives(now[found], at[:, found], p[:, found])[1]
            by_p = self._along(now[found], at[:, found], p[:, found], dp[..., found])
            for k, lane in enumerate(found):
                totals = _totals(slopes[..., k])
                rest = np.concatenate([-by_p[..., k], totals @ dy[..., lane]])
                tangents[..., lane] = _solved(slopes[..., k], totals, rest)
        return Steadiness(values, tangents, fate, now, conserved)

    def _derivatives(self, t: np.ndarray, y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The slope (n, B) and its Jacobian (n, n, B)."""
        n = y.shape[0]
        units = np.repeat(np.eye(n)[:, :, None], y.shape[1], axis=2)
        return self._moved(t, y, p, units, np.zeros((p.shape[0], n, y.shape[1])))

    def _along(self, t: np.ndarray, y: np.ndarray, p: np.ndarray, dp: np.ndarray) -> np.ndarray:
        return self._moved(t, y, p, np.zeros((y.shape[0], dp.shape[1], y.shape[1])), dp)[1]

    def _moved(
        self, t: np.ndarray, y: np.ndarray, p: np.ndarray, dy: np.ndarray, dp: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        lanes, width = y.shape[1], BLOCKS * LANES
        kernel = self._kernel(p.shape[0], dy.shape[1])
        slopes: list[np.ndarray] = []
        moved: list[np.ndarray] = []
        for first in range(0, lanes, width):
            here = slice(first, first + width)
            slope, along = kernel(*(filled(one[..., here], width) for one in (t, y, p, dy, dp)))
            used = min(width, lanes - first)
            slopes.append(slope[..., :used])
            moved.append(along[..., :used])
        return np.concatenate(slopes, axis=-1), np.concatenate(moved, axis=-1)

    def _kernel(self, parameters: int, directions: int) -> Compiled:
        key = (parameters, directions)
        if key not in self._kernels:
            width = BLOCKS * LANES
            n, P, Q = self.solver.states, parameters, directions

            def make() -> Callable[..., Any]:
                slope = self.solver.slope_for(parameters)

                def whole(t: Any, y: Any, p: Any, dy: Any, dp: Any) -> tuple[Any, Any]:
                    point = slope.at(t, y, p, slope.prepared(p))
                    return point.slope(), each_direction(point.along(), n, False, dy, dp)

                return whole

            shapes = [(width,), (n, width), (P, width), (n, Q, width), (P, Q, width)]
            origin = self.solver.origin and self.solver.origin.of("slope")
            self._kernels[key] = compiled(make, *((shape, np.float64) for shape in shapes), origin=origin)
        return self._kernels[key]


def _totals(J: np.ndarray) -> np.ndarray:
    """The rows (k, n) that a Jacobian maps to nothing from the left."""
    size = np.abs(J).max(axis=1, initial=0.0)
    rows = np.where(size > 0.0, size, 1.0)
    left, values, _ = np.linalg.svd(J / rows[:, None])
    rank = int(np.sum(values > _SINGULAR * max(float(values.max(initial=0.0)), 1e-300)))
    return (left[:, rank:] / rows[:, None]).T


def _solved(J: np.ndarray, totals: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """What solves the equations and keeps the totals, rows measured by their size."""
    full = np.concatenate([J, totals])
    size = np.abs(full).max(axis=1, initial=0.0)
    rows = np.where(size > 0.0, size, 1.0)
    return np.linalg.lstsq(full / rows[:, None], (rest.T / rows).T, rcond=None)[0]
