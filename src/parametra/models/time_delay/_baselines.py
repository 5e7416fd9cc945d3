"""Delays without a model of the source: least dispersion, and cross-correlation of an interpolated curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, ModelError


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

    @property
    def at_the_edge(self) -> bool:
        """Whether the score is still rising where the search ends, so that the best delay is none."""
        known = np.flatnonzero(np.isfinite(self.score))
        return int(np.argmax(self.score)) in (int(known[0]), int(known[-1]))

    def __repr__(self) -> str:
        others = ", ".join(f"{row['delay']:.4g}" for row in self.table()[1:])
        if self.at_the_edge:
            within = ", ".join(f"{row['delay']:.4g}" for row in self.table())
            return (
                f"{self.method}: no delay, for the score rises up to {self.best:.5g}, where the search or the overlap "
                f"ends; maxima within: {within or 'none'}"
            )
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
        DataError: data that are not two curves, delays at which they do not overlap.
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
        DataError: data that are not two curves, delays at which they do not overlap.
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
    low, high = curves.limits(delays)
    return np.linspace(low, high, int(np.clip(5 * (high - low) / curves.spacing, 101, 4001)))


def _scan(method: str, grid: np.ndarray, score: np.ndarray) -> DelayScan:
    if not np.isfinite(score).any():
        raise DataError(
            f"no overlap at these delays: from {grid[0]:g} to {grid[-1]:g} fewer than 5 observations of the curves can "
            "be compared. Look between delays at which the curves overlap, or take a longer reach."
        )
    top = int(np.argmax(score))
    best = float(grid[top])
    if 0 < top < grid.size - 1 and np.isfinite(score[top - 1 : top + 2]).all():
        before, here, after = (float(each) for each in score[top - 1 : top + 2])
        bend = before - 2 * here + after
        best += float(grid[1] - grid[0]) * (0.5 * (before - after) / bend if bend < 0 else 0.0)
    return DelayScan(method, grid, score, best)
