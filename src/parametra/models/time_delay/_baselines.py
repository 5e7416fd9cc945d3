"""Delays without a model of the source: least dispersion, and cross-correlation of an interpolated curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError


@dataclass(frozen=True, repr=False)
class DelayScan:
    """What a method says of each delay.

    Arguments:
        method: its name.
        delay: (m,).
        score: (m,), the larger the better.
        best: the delay of the largest score, between the grid by a parabola.
    """

    method: str
    delay: Float[np.ndarray, " m"]
    score: Float[np.ndarray, " m"]
    best: float

    def table(self) -> list[dict[str, Any]]:
        """The five highest local maxima, one record each."""
        inside = self.score[1:-1]
        tops = 1 + np.flatnonzero((inside >= self.score[:-2]) & (inside > self.score[2:]))
        chosen = tops[np.argsort(self.score[tops])[::-1][:5]]
        return [{"delay": float(self.delay[i]), "score": float(self.score[i])} for i in chosen]

    def __repr__(self) -> str:
        others = ", ".join(f"{row['delay']:.4g}" for row in self.table()[1:])
        return f"{self.method}: delay {self.best:.5g}; next {others or 'none'}"


def dispersion(data: Data, *, delays: tuple[float, float] | None = None, reach: float | None = None) -> DelayScan:
    """The delay at which values of both curves at nearly the same time differ least: Pelt's D^2 of pairs A, B.

    Good for a quick look without a model. Prefer `time_delay.gaussian_process`, which needs no reach and knows its
    error.

    Arguments:
        data: with inputs `time` and `image`; `two_curves` makes such.
        delays: between which to look; None takes half the span to both sides.
        reach: pairs further apart in time do not count; None takes twice the median spacing of a curve.

    Raises:
        DataError: data that are not two curves.
        ModelError: limits in the wrong order, a reach that is not above zero.

    Source: Pelt and others (1996), The light curve and the time delay of QSO 0957+561, arXiv:astro-ph/9501036
    """
    curves = Curves.of(data)
    grid = _grid(curves, delays)
    width = 2 * curves.spacing if reach is None else reach
    if not width > 0:
        raise ModelError(f"reach={reach!r}: pairs count up to a distance in time above zero.")
    (ta, a, ea), (tb, b, eb) = curves.of_image(0), curves.of_image(1)
    difference, weight = a[:, None] - b, 1 / (ea[:, None] ** 2 + eb**2)
    score = np.full(grid.size, -math.inf)
    for i, delay in enumerate(grid):
        near = np.clip(1 - np.abs(ta[:, None] - (tb - delay)) / width, 0, None) * weight
        total = near.sum()
        if np.count_nonzero(near) >= 5:
            offset = np.sum(near * difference) / total
            score[i] = -float(np.sum(near * (difference - offset) ** 2) / total)
    return _scan("dispersion", grid, score)


def cross_correlation(data: Data, *, delays: tuple[float, float] | None = None) -> DelayScan:
    """The delay at which each curve correlates best with the other one, interpolated linearly.

    The mean of both correlations, each over the overlap. Good for dense sampling. Prefer `dispersion` where gaps are
    long, for interpolation invents what was in them.

    Arguments:
        data: with inputs `time` and `image`.
        delays: between which to look; None takes half the span to both sides.

    Raises:
        DataError: data that are not two curves.
        ModelError: limits in the wrong order.

    Source: Gaskell and Peterson (1987), The accuracy of cross-correlation estimates of quasar emission-line region
        sizes, doi:10.1086/191216
    """
    curves = Curves.of(data)
    grid = _grid(curves, delays)
    (ta, a, _), (tb, b, _) = curves.of_image(0), curves.of_image(1)
    score = np.array([0.5 * (_correlated(ta + d, a, tb, b) + _correlated(tb - d, b, ta, a)) for d in grid])
    return _scan("cross-correlation", grid, score)


def _correlated(time: np.ndarray, value: np.ndarray, other_time: np.ndarray, other: np.ndarray) -> float:
    inside = (time >= other_time[0]) & (time <= other_time[-1])
    if inside.sum() < 5:
        return -math.inf
    x, y = value[inside], np.interp(time[inside], other_time, other)
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / size if size > 0 else -math.inf


def _grid(curves: Curves, delays: tuple[float, float] | None) -> np.ndarray:
    low, high = delays or (-0.5 * curves.span, 0.5 * curves.span)
    if not -math.inf < low < high < math.inf:
        raise ModelError(f"delays=({low:g}, {high:g}): the lower limit comes first, and both are finite.")
    return np.linspace(low, high, int(np.clip(5 * (high - low) / curves.spacing, 101, 4001)))


def _scan(method: str, grid: np.ndarray, score: np.ndarray) -> DelayScan:
    top = int(np.argmax(score))
    best = float(grid[top])
    if 0 < top < grid.size - 1 and np.isfinite(score[top - 1 : top + 2]).all():
        before, here, after = (float(each) for each in score[top - 1 : top + 2])
        bend = before - 2 * here + after
        best += float(grid[1] - grid[0]) * (0.5 * (before - after) / bend if bend < 0 else 0.0)
    return DelayScan(method, grid, score, best)
