"""What the direct evaluator tells beyond residuals: rows for Fisher scoring, predictions, and slopes of the density."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Answers, Want
from parametra.nouns.problem import Problem

Slopes = Callable[[Callable[[np.ndarray], np.ndarray], np.ndarray], np.ndarray]
"""From a function of points (N, d) to rows (N, m), and points (B, d), to its derivatives (B, m, d)."""


def quantities(problem: Problem, points: np.ndarray) -> np.ndarray:
    """Every quantity that the densities depend on, (N, Q), at real or complex points (N, d)."""
    rows = [_concatenated(problem, x, 0) for x in points]
    return np.stack(rows)


def scored(problem: Problem, points: Float[np.ndarray, "B d"], slopes: Slopes, want: Want, cost: Any) -> Answers:
    """Answers of a cost with `scores`: Fisher scoring in the clothes of Gauss-Newton.

    Arguments:
        problem: offers scores.
        points: (B, d).
        slopes: how functions of points are differentiated.
        want: JACOBIAN, NORMAL or GRADIENT.
        cost: (B,) the negative log density.
    """
    n, d = points.shape
    width = quantities(problem, points[:1]).shape[1] if n else 0
    residuals, roots = np.full((n, width), np.nan), np.full((n, width), np.nan)
    for i, x in enumerate(points):
        score, information = _concatenated(problem, x, 1), _concatenated(problem, x, 2)
        roots[i] = np.sqrt(information)
        # where a density is impossible there is no information, and the point has failed
        residuals[i] = -score / np.where(roots[i] > 0, roots[i], np.nan)
    jacobian = slopes(lambda z: quantities(problem, z), points) * roots[:, :, None]
    ok = np.isfinite(cost) & np.isfinite(residuals).all(axis=1) & np.isfinite(jacobian.sum(axis=(1, 2)))
    value = np.where(ok, cost, np.inf)
    if want is Want.JACOBIAN:
        return Answers(cost=value, ok=ok, residuals=residuals, jacobian=jacobian)
    transposed = np.swapaxes(jacobian, 1, 2)
    gradient = (transposed @ residuals[:, :, None])[:, :, 0]
    if want is Want.GRADIENT:
        return Answers(cost=value, ok=ok, gradient=gradient)
    return Answers(cost=value, ok=ok, gradient=gradient.reshape(n, d), normal=transposed @ jacobian)


def predictions(problem: Problem, points: np.ndarray) -> np.ndarray:
    """Predictions where there is an observation, (N, M), at real or complex points (N, d)."""
    rows = []
    for x in points:
        parts = problem.compared(problem.fit_space.to_named(x), problem.arrays)
        rows.append(np.concatenate([np.reshape(f, -1) for _, _, f in parts]))
    return np.stack(rows)


def predictions_together(problem: Problem, points: np.ndarray) -> np.ndarray:
    """The same by one call of a model that takes many points, whose parameters are single numbers."""
    named = problem.fit_space.to_named(points.T[:, :, None])
    parts = [np.asarray(f) for _, _, f in problem.compared(named, problem.arrays)]
    return np.concatenate([np.broadcast_to(f, (len(points), f.shape[-1])) for f in parts], axis=1)


def score(problem: Problem, points: Float[np.ndarray, "B d"], cost: Any) -> Answers:
    """Predictions and the slope of the log density in each of them, by central differences in the prediction."""
    predicted = predictions(problem, points)
    slopes = np.empty_like(predicted)
    for b, x in enumerate(points):
        named, first = dict(problem.fit_space.to_named(x)), 0
        if problem.profiled is not None:
            named[problem.profiled] = 1.0  # as in the cost of residuals, which leaves the scale out
        for i, output, value in problem.compared(named, problem.arrays):
            here = slice(first, first + np.size(value))
            slopes[b, here] = _density_slopes(problem, named, i, output, np.real(np.asarray(value)))
            first = here.stop
    ok = np.isfinite(cost) & np.isfinite(slopes).all(axis=1)
    return Answers(cost=np.where(ok, cost, np.inf), ok=ok, predicted=predicted, score=slopes)


def _density_slopes(problem: Problem, named: Any, i: int, output: str, value: np.ndarray) -> np.ndarray:
    noise = problem.noise[output]
    step = 6e-6 * np.where(value != 0, np.abs(value), 1e-3)

    def density(moved: np.ndarray) -> np.ndarray:
        return np.asarray(noise.log_density(problem.scatter(i, output, moved, named, problem.arrays, np)))

    if noise.pointwise:
        return (density(value + step) - density(value - step)) / (2 * step)
    slopes = np.empty(value.size)
    for k in range(value.size):
        moved = np.zeros(value.size)
        moved[k] = step[k]
        slopes[k] = np.sum(density(value + moved) - density(value - moved)) / (2 * step[k])
    return slopes


def _concatenated(problem: Problem, x: np.ndarray, part: int) -> np.ndarray:
    rows = problem.working(problem.fit_space.to_named(x), problem.arrays)
    return np.concatenate([np.broadcast_to(row[part], np.shape(row[0])).reshape(-1) for row in rows])
