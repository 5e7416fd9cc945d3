"""Central differences of a function of many points at once, with steps that suit the precision of its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.problem import Problem

ROUNDING = float(np.finfo(np.float64).eps)

Rows = Callable[[np.ndarray], np.ndarray]
"""From points (N, d) to rows (N, m)."""


@dataclass(frozen=True, eq=False)
class Differences:
    """(f(x + h) - f(x - h)) / 2h with h = precision^(1/3) |x|, whose error is about precision^(2/3).

    Arguments:
        lower, upper: no point lies outside; a step is shifted inwards at a bound.
        precision: relative precision of the values: rounding, or what a program prints.
    """

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    precision: float = ROUNDING

    @property
    def step(self) -> float:
        """H / |x|."""
        return self.precision ** (1 / 3)

    def halved(self) -> Differences:
        """The same with half the steps, which tells how much the length of a step counts."""
        return replace(self, precision=self.precision / 8)

    def around(self, points: Float[np.ndarray, "B d"]) -> tuple[np.ndarray, np.ndarray]:
        """The points to evaluate (2 B d, d), those above first, and the distance (B, d) between the two of a pair."""
        n, d = points.shape
        width = self.upper - self.lower
        step = self.step * size(points)
        step = np.minimum(step, np.where(np.isfinite(width), 0.25 * width, np.inf))
        up, down = np.minimum(points + step, self.upper), np.maximum(points - step, self.lower)
        eye = np.eye(d, dtype=bool)
        ups = np.where(eye, up[:, :, None].swapaxes(1, 2), points[:, None, :])
        downs = np.where(eye, down[:, :, None].swapaxes(1, 2), points[:, None, :])
        return np.concatenate([ups.reshape(n * d, d), downs.reshape(n * d, d)]), up - down

    def slopes(self, function: Rows, points: Float[np.ndarray, "B d"]) -> np.ndarray:
        """Derivatives (B, m, d)."""
        n, d = points.shape
        moved, distance = self.around(points)
        rows = function(moved)
        difference = (rows[: n * d] - rows[n * d :]).reshape(n, d, -1) / distance[:, :, None]
        return np.ascontiguousarray(np.moveaxis(difference, 1, 2))


def probe_points(problem: Problem) -> np.ndarray:
    """The guess and two points a little away from it, inside the bounds: (3, d), always the same."""
    space = problem.fit_space
    guess = space.guess
    shift = 0.07 * np.where(guess == 0, 0.1, np.abs(guess)) * np.cos(np.arange(1, guess.size + 1))
    points = np.stack([guess, guess + shift, guess - 0.6 * shift])
    inside = np.nextafter(space.lower, np.inf), np.nextafter(space.upper, -np.inf)
    return np.clip(points, *inside)


def size(points: np.ndarray) -> np.ndarray:
    """The natural size of a change: that of the value, and 1e-3 for zero, which tells none."""
    value = np.abs(points)
    return np.where(value > 0, value, 1e-3)
