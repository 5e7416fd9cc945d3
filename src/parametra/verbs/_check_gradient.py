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

_ROUNDING = float(np.finfo(np.float64).eps)
_GOOD = 1e-5
_ROUGH = 500.0
"""Rounding errors pile up in a model to about as many."""
_SURE = 3.0
"""Differences at two steps may both be off, by about as much as they differ."""


@dataclass(frozen=True)
class Agreement:
    """How well a derivative and differences agree.

    Arguments:
        difference: the largest, relative to the largest entry of its column; NaN when no point could be evaluated.
        label: the coordinate where it is largest.
        good: up to where a difference is no worse than the derivative may be.
    """

    difference: float
    label: str
    good: float


def compare(problem: Problem, evaluator: AnyEvaluator) -> Agreement:
    """Compare the evaluator's derivative with differences at the guess and at two more points.

    f'(x) = (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h + O(h^4), h = precision^(1/5) max(|x|, 0.001), or
    less where a bound is near. Where the model has a derivative of its own, h/2 too: what the two differ by is the
    error of the differences, and counts for nothing. Such a derivative may be off at one of the points: differences
    across a kink, such as a dose at the very time of an observation, are those of neither side.
    """
    space, function = problem.fit_space, problem.model.function
    precision = getattr(function, "precision", _ROUNDING)
    step, own = precision**0.2, hasattr(function, "derivative")
    good = max(_GOOD, 100 * precision ** (2 / 3)) if evaluator.derivative == "central differences" else _GOOD
    found: list[Agreement] = []
    for x in _inside(problem, step):
        exact, rough, error = _both(evaluator, x, _steps(space, x, step), max(_ROUGH * _ROUNDING, precision), own)
        usable = np.isfinite(exact) & np.isfinite(rough)
        if not usable.any():
            continue
        scale = np.max(np.abs(np.where(usable, rough, 0.0)), axis=0)
        gap = np.maximum(np.abs(np.where(usable, exact - rough, 0.0)) - error, 0.0).max(axis=0)
        relative = np.divide(gap, scale, out=np.where(gap > 0, np.inf, 0.0), where=scale > 0)
        i = int(np.argmax(relative))
        found.append(Agreement(float(relative[i]), space.labels[i] if relative[i] else "", good))
    found.sort(key=lambda each: each.difference)
    if not found:
        return Agreement(float("nan"), "", good)
    return found[max(0, len(found) - 2)] if own else found[-1]


def _both(
    evaluator: AnyEvaluator, x: np.ndarray, h: np.ndarray, precision: float, halved: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The derivative (m, d), differences (m, d), and what the latter may be off by (d,)."""
    d = x.size
    shares = (-2.0, -1.0, 1.0, 2.0, *((-0.5, 0.5) if halved else ()))
    moves = np.concatenate([k * np.diag(h) for k in shares])
    with np.errstate(all="ignore"):
        at = evaluator.evaluate(x[None], Want.JACOBIAN if evaluator.cost.least_squares else Want.GRADIENT)
        around = dict(zip(shares, _values(evaluator, x + moves).reshape(len(shares), d, -1), strict=True))
        exact: Any = at.jacobian[0] if at.jacobian is not None else at.gradient
        rough = _fourth_order(around, 1.0, h)
        size = np.max([np.max(np.abs(np.where(np.isfinite(f), f, 0.0)), axis=1) for f in around.values()], axis=0)
        error = precision * size / h
        if halved:
            error += _SURE * np.max(np.nan_to_num(np.abs(rough - _fourth_order(around, 0.5, h))), axis=1)
    return np.asarray(exact).reshape(-1, d), rough.T, error


def _fourth_order(around: dict[float, np.ndarray], k: float, h: np.ndarray) -> np.ndarray:
    """Differences (d, m) at steps k h and 2 k h."""
    return (around[-2 * k] - 8 * around[-k] + 8 * around[k] - around[2 * k]) / (12 * k * h[:, None])


def _values(evaluator: AnyEvaluator, points: Float[np.ndarray, "n d"]) -> np.ndarray:
    if not evaluator.cost.least_squares:
        return evaluator.evaluate(points, Want.COST).cost[:, None]
    residuals = evaluator.evaluate(points, Want.RESIDUALS).residuals
    return np.full((len(points), 1), np.nan) if residuals is None else residuals


def _inside(problem: Problem, step: float) -> Float[np.ndarray, "n d"]:
    """The guess and two points beside it, far enough from every bound for two steps to either side."""
    space, points = problem.fit_space, probe_points(problem)
    width = space.upper - space.lower
    room = np.where(np.isfinite(width), 0.01 * width, 0.0)
    edge = 3 * step * np.maximum(np.abs(points), 1e-3)
    room = np.minimum(np.where(room > 0, room, edge), edge)
    return np.clip(points, space.lower + room, space.upper - room)


def _steps(space: Space, x: np.ndarray, step: float) -> np.ndarray:
    room = np.minimum(x - space.lower, space.upper - x)
    return np.minimum(step * np.maximum(np.abs(x), 1e-3), np.where(np.isfinite(room), 0.4 * room, np.inf))
