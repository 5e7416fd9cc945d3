"""First and second derivatives of densities of independent points, by their prediction and what the noise reads.

A point's density is f(mu, s): mu is its prediction, s are the coordinates that the noise reads beside it, often few.

    cost' = -sum f_mu J - f_s
    cost'' = -sum J' f_mumu J - (J' f_mus and its transpose) - f_ss - sum f_mu d^2 mu / dx^2

So second derivatives take differences of the densities in 1 + len(s) directions instead of as many as there are
coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

STEP = 6e-6
"""Of differences for first derivatives, relative."""
_WIDER = 20.0
"""How much wider steps of second differences are."""
_LEAST = 1e-2
_ROUNDING = 1e-9
_FARTHEST = 1e3
"""Times how large a value is said to be: what hardly changes predictions here may change them much farther off."""


def steps_of(
    points: Float[np.ndarray, "B d"],
    slopes: Float[np.ndarray, "B n d"],
    spreads: Float[np.ndarray, " n"],
    sizes: Float[np.ndarray, " d"],
    width: Float[np.ndarray, " d"],
) -> Float[np.ndarray, "B d"]:
    """The step of each coordinate, of its own size; near zero of that which changes predictions as data are spread.

    Arguments:
        points: where.
        slopes: the Jacobian of predictions there.
        spreads: of the data around each prediction, in its unit.
        sizes: how large values are, which tells where predictions do not.
        width: of the box.
    """
    told = np.sqrt(np.mean((slopes / spreads[:, None]) ** 2, axis=1))
    known = np.isfinite(told) & (told > 0)
    lengths = np.where(known, np.minimum(1 / np.where(known, told, 1.0), _FARTHEST * sizes), sizes)
    return STEP * np.minimum(np.maximum(np.abs(points), _LEAST * lengths), width)


def spreads_of(stretches: Sequence[Float[np.ndarray, " _"]]) -> Float[np.ndarray, " n"]:
    """How far the data of each stretch are spread, for each of its observations; 1 where they are all 0."""
    found: list[np.ndarray] = []
    for observed in stretches:
        spread, largest = float(np.std(observed)), float(np.max(np.abs(observed), initial=0.0))
        # equal values are spread by their rounding
        size = spread if spread > _ROUNDING * largest else largest
        found.append(np.full(observed.size, size if size > 0 else 1.0))
    return np.concatenate(found) if found else np.empty(0)


def inside(
    points: Float[np.ndarray, "B d"],
    steps: Float[np.ndarray, "B d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, "B d"]:
    """The points, moved where a step from them would pass a bound."""
    return np.clip(points, lower + steps, upper - steps)


@dataclass(frozen=True)
class Rows:
    """Densities of rows around predictions, moved along the quantities that they depend on.

    Arguments:
        density: of predictions (B, n) and points (B, d), as often as each row counts: (B, n).
        values, slopes: (B, n) predictions and (B, n, d) their Jacobian.
        points: (B, d).
        read: the coordinates that the noise reads beside the prediction.
        steps: (B, d) of coordinates.
        spreads: (n,) of the data around each prediction.
        lower, upper: (d,) bounds, beyond which no density is asked for.
    """

    density: Callable[[np.ndarray, np.ndarray], np.ndarray]
    values: Float[np.ndarray, "B n"]
    slopes: Float[np.ndarray, "B n d"]
    points: Float[np.ndarray, "B d"]
    read: tuple[int, ...]
    steps: Float[np.ndarray, "B d"]
    spreads: Float[np.ndarray, " n"]
    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]

    def first(self) -> list[np.ndarray]:
        """The slope of each row, (B, n), in each direction: that of the prediction, then the coordinates read."""
        steps, within = self._steps(1.0), self._within(1.0)
        found: list[np.ndarray] = []
        for k, step in enumerate(steps):
            around = within if k else self
            found.append((around.at({k: step}) - around.at({k: -step})) / (2 * step))
        return found

    def chained(self, first: list[np.ndarray]) -> Float[np.ndarray, "B d"]:
        """The gradient of the log likelihood from the slopes of rows."""
        gradient = (first[0][:, None, :] @ self.slopes)[:, 0]
        for k, slope in zip(self.read, first[1:], strict=True):
            gradient[:, k] += slope.sum(axis=1)
        return gradient

    def curvature(self) -> Float[np.ndarray, "B d d"]:
        """Second derivatives of the log likelihood, all but those of the model; beside a bound, a step inside it."""
        steps, at = self._steps(_WIDER), self._within(_WIDER).at
        here = at({})
        ends = [(at({k: s}), at({k: -s})) for k, s in enumerate(steps)]
        by = [(up + down - 2 * here) / s**2 for (up, down), s in zip(ends, steps, strict=True)]
        found = np.swapaxes(self.slopes, 1, 2) @ (self.slopes * by[0][:, :, None])
        for a, k in enumerate(self.read, start=1):
            found[:, k, k] += by[a].sum(axis=1)
            for b in range(a):
                both = at({a: steps[a], b: steps[b]}) + at({a: -steps[a], b: -steps[b]})
                mixed = (both + 2 * here - sum(ends[a]) - sum(ends[b])) / (2 * steps[a] * steps[b])
                if b:
                    column = np.zeros(self.points.shape)
                    column[:, self.read[b - 1]] = mixed.sum(axis=1)
                else:
                    column = (mixed[:, None, :] @ self.slopes)[:, 0]
                found[:, k] += column
                found[:, :, k] += column
        return found

    def _steps(self, wider: float) -> list[np.ndarray]:
        """Of a prediction, as much as the steps of all coordinates change it; then of the coordinates read."""
        steps = wider * self.steps
        own = np.abs(self.slopes * steps[:, None, :]).max(axis=2, initial=0.0)
        return [np.where(own > 0, own, wider * STEP * np.maximum(np.abs(self.values), _LEAST * self.spreads))] + [
            steps[:, k : k + 1] for k in self.read
        ]

    def _within(self, wider: float) -> Rows:
        """The same around points that are at least a step inside the bounds."""
        return replace(self, points=inside(self.points, wider * self.steps, self.lower, self.upper))

    def at(self, moves: dict[int, Any]) -> np.ndarray:
        """The rows with quantities moved, by direction."""
        values, points = self.values, self.points
        for direction, move in moves.items():
            if direction == 0:
                values = values + move
            else:
                points = points.copy()
                points[:, self.read[direction - 1]] += move[:, 0]
        return self.density(values, points)
