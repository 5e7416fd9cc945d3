"""The Hessian of a cost by differences of its gradient, with steps that suit what the cost does there."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Request, Want
from parametra.runs.drive import Drive
from parametra.runs.lengths import lengths

_SHARE = 1e-3
"""Of a standard error, everything else held, which a step is where another would not do."""

_BENDS = 0.1
"""A cost that bends more than this over a step has a Hessian that differs within it: a third of a standard error."""

_ROUNDING = 1e-12
"""A cost that bends less over a step may have nothing but rounding in the differences of its gradient."""


def hessian_at(
    drive: Drive,
    x: Float[np.ndarray, " d"],
    cost: float,
    step: Float[np.ndarray, " d"],
    inside: np.ndarray,
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, "k k"] | None:
    """Second derivatives along some coordinates, None where they are not finite.

    A step that turns out to be many standard errors or next to none is taken again as a share of one.

    Arguments:
        drive: evaluates, and counts.
        x, cost: where, and the cost there.
        step: of each coordinate, to begin with.
        inside: the coordinates that are meant.
        lower, upper: bounds, beyond which nothing is asked.
    """
    rows, bends = _rows(drive, x, cost, step, inside, lower, upper)
    own = np.abs(rows[np.arange(inside.size), inside]) * step[inside] ** 2
    sound = np.isfinite(rows[:, inside]).all(axis=1) & (bends <= _BENDS) & (own >= _ROUNDING)
    again = inside[~sound]
    if again.size and drive.model_calls is None:

        def moved(changes: np.ndarray) -> np.ndarray:
            points = np.tile(x, (len(changes), 1))
            points[:, again] = changes
            return drive.evaluate(Request(points, Want.COST, np.full(len(points), -1))).cost

        found = _SHARE * lengths(moved, x[again], step[again], lower[again], upper[again])
        known = np.isfinite(found)
        if known.any():
            other = step.copy()
            other[again[known]] = found[known]
            rows[np.flatnonzero(~sound)[known]] = _rows(drive, x, cost, other, again[known], lower, upper)[0]
    hessian = rows[:, inside]
    return 0.5 * (hessian + hessian.T) if np.isfinite(hessian).all() else None


def rises_to_bound(drive: Drive, x: np.ndarray, cost: float, which: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """For which coordinates the cost is higher on their bound, so that there is a minimum before it."""
    points = np.tile(x, (which.size, 1))
    points[np.arange(which.size), which] = bound[which]
    there = drive.evaluate(Request(points, Want.COST, np.full(which.size, -1)))
    return there.ok & (there.cost > cost + 1e-6)


def _rows(
    drive: Drive,
    x: np.ndarray,
    cost: float,
    step: np.ndarray,
    which: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (k, d) of the Hessian, NaN where a point fails, and how much the cost bends over each step."""
    k = which.size
    away = np.diag(step)[which]
    points = np.clip(np.concatenate([x + away, x - away]), lower, upper)
    moved = drive.evaluate(Request(points, Want.GRADIENT, np.zeros(len(points), dtype=np.int64)))
    if moved.gradient is None:
        return np.full((k, x.size), np.nan), np.full(k, np.nan)
    across = (points[:k] - points[k:])[np.arange(k), which]
    ok = moved.ok[:k] & moved.ok[k:] & (across > 0)
    with np.errstate(all="ignore"):
        rows = (moved.gradient[:k] - moved.gradient[k:]) / across[:, None]
        bends = np.abs(moved.cost[:k] + moved.cost[k:] - 2 * cost)
    return np.where(ok[:, None], rows, np.nan), bends
