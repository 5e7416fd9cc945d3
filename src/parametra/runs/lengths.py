"""How far each coordinate must move for a cost to bend by about one: its natural length, whatever its unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from parametra.maths.arrays import Float

_FEWEST, _MOST = 1e-3, 1.0
"""A bend between these tells the length; a parabola bends by the square of the step in standard errors."""

_ROUNDING = 1e-11
"""A bend below this, relative to the cost, may be rounding."""

_LEAP = 1e3
_ROUNDS = 30
_SHARES = (1e-5, 1e-2)


def lengths(
    cost: Callable[[np.ndarray], np.ndarray],
    point: Float[np.ndarray, " d"],
    first: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, " d"]:
    """1 / sqrt(|second derivative of the cost|) along each coordinate, NaN where none is found.

    Steps grow or shrink until cost(x + h) + cost(x - h) - 2 cost(x) is neither rounding nor far from a parabola.

    Arguments:
        cost: of points (N, d), not finite where it cannot be told.
        point: where.
        first: steps to begin with, above zero.
        lower, upper: bounds; beside one the three points are moved inside.
    """
    d = point.size
    room = 0.25 * (upper - lower)
    step = np.minimum(first, room)
    least, most = np.zeros(d), room.copy()
    found = np.full(d, np.nan)
    left = np.arange(d)
    for _ in range(_ROUNDS):
        bend, rounding = _bends(cost, point, step, left, lower, upper)
        told = bend > rounding
        good = told & (bend <= _MOST) & ((bend >= _FEWEST) | (step[left] >= most[left]))
        found[left[good]] = step[left[good]] / np.sqrt(bend[good])
        far = np.isnan(bend) | (bend > _MOST)
        most[left[far]] = step[left[far]]
        near = ~far & ~good
        least[left[near]] = step[left[near]]
        with np.errstate(all="ignore"):
            wanted = np.where(told, np.sqrt(np.sqrt(_FEWEST * _MOST) / bend), np.where(far, 0.0, np.inf))
            wanted = step[left] * np.clip(wanted, 1 / _LEAP, _LEAP)
            between = np.sqrt(least[left] * most[left])
        known = (least[left] > 0) & np.isfinite(most[left]) & (most[left] < room[left])
        outside = (wanted <= least[left]) | (wanted >= most[left])
        step[left] = np.where(known & outside, between, np.minimum(wanted, room[left]))
        stays = (least[left] >= room[left]) | (most[left] <= least[left] * (1 + 1e-6)) | ~np.isfinite(step[left])
        left = left[~good & ~stays & (step[left] > 0)]
        if not left.size:
            break
    return found


def kept_within(
    step: Float[np.ndarray, "*B d"], lengths: Float[np.ndarray, " d"], shares: tuple[float, float] = _SHARES
) -> Float[np.ndarray, "*B d"]:
    """Steps that are neither next to nothing nor far beside the lengths; as they are where a length is NaN."""
    low, high = (np.where(np.isfinite(lengths), share * lengths, step) for share in shares)
    return np.clip(step, low, high)


def _bends(
    cost: Callable[[np.ndarray], np.ndarray],
    point: np.ndarray,
    step: np.ndarray,
    which: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """How much the cost bends over the steps of some coordinates, NaN where it is not finite, and its rounding."""
    n, h = which.size, step[which]
    rows = np.arange(n)
    points = np.tile(point, (3, n, 1))
    middle = np.clip(point[which], lower[which] + h, upper[which] - h)
    for i, sign in enumerate((0.0, 1.0, -1.0)):
        points[i, rows, which] = np.clip(middle + sign * h, lower[which], upper[which])
    values = np.asarray(cost(points.reshape(3 * n, -1)), dtype=np.float64).reshape(3, n)
    with np.errstate(all="ignore"):
        bend = np.abs(values[1] + values[2] - 2 * values[0])
        rounding = _ROUNDING * np.maximum(1.0, np.abs(values[0]))
    return np.where(np.isfinite(bend), bend, np.nan), rounding
