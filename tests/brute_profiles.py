"""Profiles by brute force, with SciPy alone: slow, simple, and independent of the package.

A profile is the least sum of squares over all other parameters, as a function of one. Its interval at 95 % ends where
the sum has risen by `rise`: 3.8415 = chi-square(0.95; 1) for whitened residuals, s^2 t^2 where s is estimated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq, least_squares

RISE = 3.841458820694124
"""The 95 % point of chi-square with one degree of freedom."""

Residuals = Callable[[np.ndarray], np.ndarray]


def minimum(residuals: Residuals, starts: Sequence[np.ndarray], lower: np.ndarray, upper: np.ndarray):
    """The lowest sum of squares from several starts, and where."""
    found = []
    for start in starts:
        edge = 1e-9 * np.maximum(np.abs(start), 1.0)
        x0 = np.clip(start, lower + edge, upper - edge)
        got = least_squares(
            residuals, x0, bounds=(lower, upper), jac="3-point", x_scale="jac", ftol=1e-15, xtol=1e-15, gtol=1e-15
        )
        found.append((2 * got.cost, got.x))
    return min(found, key=lambda pair: pair[0])


class Profile:
    """The profile of coordinate `index` around `best`, all in the coordinates of the search."""

    def __init__(self, residuals: Residuals, best: np.ndarray, lower: np.ndarray, upper: np.ndarray, index: int):
        self.residuals, self.index = residuals, index
        self.lower, self.upper, self.best = lower, upper, best
        self.others = np.arange(best.size) != index
        self.least = float(np.sum(residuals(best) ** 2))
        self.known: dict[float, np.ndarray] = {float(best[index]): best[self.others]}

    def __call__(self, value: float) -> float:
        """The rise of the least sum of squares with the coordinate held at `value`."""

        def held(rest: np.ndarray) -> np.ndarray:
            x = np.empty_like(self.best)
            x[self.index], x[self.others] = value, rest
            return self.residuals(x)

        if not self.others.any():
            return float(np.sum(held(np.empty(0)) ** 2)) - self.least
        near = sorted(self.known, key=lambda v: abs(v - value))[:2]
        starts = [self.known[near[0]], self.best[self.others]]
        if len(near) == 2:
            a, b = near
            starts.append(self.known[a] + (self.known[a] - self.known[b]) * (value - a) / (a - b))
        cost, rest = minimum(held, starts, self.lower[self.others], self.upper[self.others])
        self.known[value] = rest
        return cost - self.least

    def end(self, sign: int, rise: float) -> float:
        """Where the profile has risen by `rise` on one side; infinite where it does not within the bounds."""
        bound = float(self.upper[self.index] if sign > 0 else self.lower[self.index])
        here, step = float(self.best[self.index]), 0.01
        while True:
            ahead = here + sign * step
            ahead = min(ahead, bound) if sign > 0 else max(ahead, bound)
            if self(ahead) > rise:
                return brentq(lambda v: self(v) - rise, here, ahead, xtol=1e-12, rtol=1e-12)
            if ahead == bound:
                return sign * math.inf
            here, step = ahead, min(1.6 * step, 0.5)


def intervals(
    residuals: Residuals,
    start: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    rise: float | None = RISE,
    which: Sequence[int] | None = None,
) -> np.ndarray:
    """(k, 2) profile intervals at 95 % of the coordinates `which`, all of them when left out.

    `rise` None: sigma is estimated, and the rise is s^2 t^2 with Student's t of n - d.
    """
    least, best = minimum(residuals, [start], lower, upper)
    if rise is None:
        from scipy.stats import t

        freedom = residuals(best).size - best.size
        rise = least / freedom * t.ppf(0.975, freedom) ** 2
    wanted = range(best.size) if which is None else which
    profiles = (Profile(residuals, best, lower, upper, i) for i in wanted)
    return np.array([[p.end(-1, rise), p.end(+1, rise)] for p in profiles])
