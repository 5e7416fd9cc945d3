"""First and second derivatives of densities of independent points, by their prediction and what the noise reads.

A point's density is f(mu, s): mu is its prediction, s are the coordinates that the noise reads beside it, often few.

    cost' = -sum f_mu J - f_s
    cost'' = -sum J' f_mumu J - (J' f_mus and its transpose) - f_ss - sum f_mu d^2 mu / dx^2

So second derivatives take differences of the densities in 1 + len(s) directions instead of as many as there are
coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

STEP = 6e-6
"""Of differences for first derivatives, relative."""
_WIDER = 20.0
"""How much wider steps of second differences are."""
_LEAST = 1e-2


def steps_of(points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
    """The step of each coordinate."""
    return STEP * np.maximum(np.abs(points), _LEAST)


@dataclass(frozen=True)
class Rows:
    """Densities of rows around predictions, moved along the quantities that they depend on.

    Arguments:
        density: of predictions (B, n) and points (B, d), as often as each row counts: (B, n).
        values, slopes: (B, n) predictions and (B, n, d) their Jacobian.
        points: (B, d).
        read: the coordinates that the noise reads beside the prediction.
    """

    density: Callable[[np.ndarray, np.ndarray], np.ndarray]
    values: Float[np.ndarray, "B n"]
    slopes: Float[np.ndarray, "B n d"]
    points: Float[np.ndarray, "B d"]
    read: tuple[int, ...]

    def gradient(self) -> Float[np.ndarray, "B d"]:
        """Of the log likelihood."""
        return self.chained(self.first())

    def first(self) -> list[np.ndarray]:
        """The slope of each row, (B, n), in each direction: that of the prediction, then the coordinates read."""
        steps = self._steps(1.0)
        return [(self._at({k: s}) - self._at({k: -s})) / (2 * s) for k, s in enumerate(steps)]

    def chained(self, first: list[np.ndarray]) -> Float[np.ndarray, "B d"]:
        """The gradient of the log likelihood from the slopes of rows."""
        gradient = (first[0][:, None, :] @ self.slopes)[:, 0]
        for k, slope in zip(self.read, first[1:], strict=True):
            gradient[:, k] += slope.sum(axis=1)
        return gradient

    def curvature(self) -> Float[np.ndarray, "B d d"]:
        """Second derivatives of the log likelihood, all but those of the model."""
        steps, here = self._steps(_WIDER), self._at({})
        ends = [(self._at({k: s}), self._at({k: -s})) for k, s in enumerate(steps)]
        by = [(up + down - 2 * here) / s**2 for (up, down), s in zip(ends, steps, strict=True)]
        found = np.swapaxes(self.slopes, 1, 2) @ (self.slopes * by[0][:, :, None])
        for a, k in enumerate(self.read, start=1):
            found[:, k, k] += by[a].sum(axis=1)
            for b in range(a):
                both = self._at({a: steps[a], b: steps[b]}) + self._at({a: -steps[a], b: -steps[b]})
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
        steps = wider * steps_of(self.points)
        own = np.abs(self.slopes * steps[:, None, :]).max(axis=2, initial=0.0)
        return [np.where(own > 0, own, wider * STEP * np.maximum(np.abs(self.values), _LEAST))] + [
            steps[:, k : k + 1] for k in self.read
        ]

    def _at(self, moves: dict[int, Any]) -> np.ndarray:
        """The rows with quantities moved, by direction."""
        values, points = self.values, self.points
        for direction, move in moves.items():
            if direction == 0:
                values = values + move
            else:
                points = points.copy()
                points[:, self.read[direction - 1]] += move[:, 0]
        return self.density(values, points)
