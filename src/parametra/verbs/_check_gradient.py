"""Is the derivative right? Compares it with differences of the model's own values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Want
from parametra.nouns.problem import Problem
from parametra.nouns.space import Space
from parametra.runs.choose_evaluator import AnyEvaluator
from parametra.runs.differences import probe_points

_STEP = float(np.finfo(np.float64).eps) ** 0.2
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Agreement:
    """How well a derivative and differences agree.

    Arguments:
        difference: the largest, relative to the largest entry of its column; NaN when no point could be evaluated.
        label: the coordinate where it is largest.
    """

    difference: float
    label: str


def compare(problem: Problem, evaluator: AnyEvaluator) -> Agreement:
    """Compare the evaluator's derivative with differences at the guess and at two more points.

    f'(x) = (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h + O(h^4), h = 0.0007 max(|x|, 0.001), or less where
    a bound is near.
    """
    space = problem.fit_space
    worst = Agreement(0.0, "")
    compared = 0
    for x in _inside(problem):
        exact, rough, noise = _both(evaluator, x, _steps(space, x))
        usable = np.isfinite(exact) & np.isfinite(rough)
        compared += int(usable.any())
        scale = np.max(np.abs(np.where(usable, rough, 0.0)), axis=0)
        gap = np.maximum(np.abs(np.where(usable, exact - rough, 0.0)) - noise, 0.0).max(axis=0)
        relative = np.divide(gap, scale, out=np.where(gap > 0, np.inf, 0.0), where=scale > 0)
        i = int(np.argmax(relative))
        if relative[i] > worst.difference:
            worst = Agreement(float(relative[i]), space.labels[i])
    return worst if compared else Agreement(float("nan"), "")


def _both(evaluator: AnyEvaluator, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The derivative (m, d), differences (m, d), and what rounding alone may make of the latter (d,)."""
    d = x.size
    moves = np.concatenate([k * np.diag(h) for k in (-2.0, -1.0, 1.0, 2.0)])
    with np.errstate(all="ignore"):
        at = evaluator.evaluate(x[None], Want.JACOBIAN if evaluator.cost.least_squares else Want.GRADIENT)
        around = _values(evaluator, x + moves).reshape(4, d, -1)
        exact: Any = at.jacobian[0] if at.jacobian is not None else at.gradient
        rough = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * h[:, None])
        size = np.max(np.abs(np.where(np.isfinite(around), around, 0.0)), axis=(0, 2))
    return np.asarray(exact).reshape(-1, d), rough.T, _ROUNDING * size / h


def _values(evaluator: AnyEvaluator, points: Float[np.ndarray, "n d"]) -> np.ndarray:
    if not evaluator.cost.least_squares:
        return evaluator.evaluate(points, Want.COST).cost[:, None]
    residuals = evaluator.evaluate(points, Want.RESIDUALS).residuals
    return np.full((len(points), 1), np.nan) if residuals is None else residuals


def _inside(problem: Problem) -> Float[np.ndarray, "n d"]:
    """The guess and two points beside it, far enough from every bound for two steps to either side."""
    space, points = problem.fit_space, probe_points(problem)
    width = space.upper - space.lower
    room = np.where(np.isfinite(width), 0.01 * width, 0.0)
    edge = 3 * _STEP * np.maximum(np.abs(points), 1e-3)
    room = np.minimum(np.where(room > 0, room, edge), edge)
    return np.clip(points, space.lower + room, space.upper - room)


def _steps(space: Space, x: np.ndarray) -> np.ndarray:
    room = np.minimum(x - space.lower, space.upper - x)
    return np.minimum(_STEP * np.maximum(np.abs(x), 1e-3), np.where(np.isfinite(room), 0.4 * room, np.inf))
