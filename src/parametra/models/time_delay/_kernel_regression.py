"""Penalised kernel regression of two curves that one source makes, and how good a setting of it is."""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.time_delay._kernel_search import Setting
from parametra.models.time_delay._two_curves import Curves

CRITERIA = ("information", "prediction")
_MOST_NEIGHBOURS = 15
_LEAST_FREE = 1e-3
"""A value of which less than this is left to be predicted is its own kernel's: nothing can be said of it."""


class Regression:
    """The regression of both curves on kernels at the times of all their values.

    Arguments:
        curves: what is regressed.
        criterion: one of `CRITERIA`.
    """

    def __init__(self, curves: Curves, criterion: str) -> None:
        self.curves = curves
        self.criterion = criterion
        count = max(np.count_nonzero(curves.image == k) for k in (0, 1))
        self.most_neighbours = int(min(_MOST_NEIGHBOURS, count - 1))
        # widths come of each curve's own sampling: those of both mixed would jump as one passes through the other
        self._widths = [_widths(curves, k) for k in range(1, self.most_neighbours + 1)]
        weight = 1 / curves.error
        self._means = np.column_stack([np.ones(weight.size), curves.image]) * weight[:, None]
        self._basis, _ = np.linalg.qr(self._means)
        self._weight = weight
        self._target = self._without_means(curves.value * weight)

    def loss(self, setting: Setting) -> float:
        """The criterion of a setting, the less the better; infinite where the values leave nothing to judge it by."""
        damped, penalty = self._normal(setting)
        # the hat matrix is 1 - penalty / damped, as its rows are those of damped less the penalty
        inverse = penalty * np.linalg.inv(damped)
        left = inverse @ self._target
        own = 1 - np.diag(inverse) + np.sum(self._basis**2, axis=1)
        if self.criterion == "prediction":
            return float(np.mean((left / (1 - own)) ** 2)) if (1 - own).min() > _LEAST_FREE else math.inf
        free = left.size - float(own.sum()) - 2
        if free <= 0.5:
            return math.inf
        square = max(float(np.mean(left**2)), 1e-12)
        return math.log(square) + 1 + 2 * (float(own.sum()) + 1) / free

    def offset(self, setting: Setting) -> float:
        """Of curve B."""
        damped, _ = self._normal(setting)
        kernels = self._kernels(setting)
        rows = self._without_means(kernels * self._weight[:, None])
        source = kernels @ (rows.T @ np.linalg.solve(damped, self._target))
        left = (self.curves.value - source) * self._weight
        return float(np.linalg.lstsq(self._means, left, rcond=None)[0][1])

    def _kernels(self, setting: Setting) -> Float[np.ndarray, "n n"]:
        places = self.curves.time - setting.delay * self.curves.image
        return np.exp(-(((places[:, None] - places) / self._widths[setting.neighbours - 1]) ** 2))

    def _normal(self, setting: Setting) -> tuple[Float[np.ndarray, "n n"], float]:
        """The products of the kernels with each other, over their errors, with the penalty on the diagonal, and it."""
        rows = self._without_means(self._kernels(setting) * self._weight[:, None])
        gram = rows @ rows.T
        n = len(gram)
        # the least is for kernels that are nearly one another, which no penalty would tell apart
        penalty = max((10.0**setting.penalty / n + 1e-12) * float(np.trace(gram)) / n, 1e-300)
        return gram + penalty * np.eye(n), penalty

    def _without_means(self, columns: np.ndarray) -> np.ndarray:
        """Mean and offset carry no penalty, so they are taken out of everything first."""
        return columns - self._basis @ (self._basis.T @ columns)


def _widths(curves: Curves, neighbours: int) -> Float[np.ndarray, " n"]:
    """The mean distance of each value to its k-th neighbours on both sides in its own curve, never nothing."""
    widths = np.zeros(curves.time.size)
    for image in (0, 1):
        mine = np.flatnonzero(curves.image == image)
        mine = mine[np.argsort(curves.time[mine], kind="stable")]
        time, place = curves.time[mine], np.arange(mine.size)
        right, left = np.minimum(place + neighbours, mine.size - 1), np.maximum(place - neighbours, 0)
        widths[mine] = (time[right] - time[left]) * neighbours / np.maximum(right - left, 1)
    return np.maximum(widths, 1e-6 * curves.span)
