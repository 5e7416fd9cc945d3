"""What a fitted model says of every single observation: its log density, and how that changes with the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.verbs.at_estimate import AtEstimate

_STEP = 0.02
"""Of a standard error: differences over it are good to 1e-4, second ones to 1e-3."""

_BLIND = 0.5
"""Of a standard error: nearer to a bound than this a parameter counts as held there."""


def likeliest(problem: Problem, fit: Fit) -> dict[str, Any]:
    """The estimate by name, with the scale at which the likelihood is highest, RSS / n, where fit reports the unbiased.

    Arguments:
        problem: what was fitted, its discrete parameters held.
        fit: what was found.
    """
    named = {name: fit.values[name] for name in problem.space.names}
    if problem.profiled is not None:
        named[problem.profiled] = float(np.sqrt(fit.chi_square / problem.size))
    return named


def log_density(problem: Problem, named: Mapping[str, Any]) -> Float[np.ndarray, " n"]:
    """The log density of each observation, data set by data set and output by output; their sum is log L."""
    arrays = problem.arrays
    with np.errstate(all="ignore"), maybe_64_bits():
        rows = problem.compared(named, arrays)
        parts = [
            np.asarray(problem.noise[o].log_density(problem.scatter(i, o, np.asarray(f), named, arrays, np)))
            for i, o, f in rows
        ]
    whole = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    if problem.repeats is None:
        return whole
    # what a value says of all its observations is shared out among them
    return np.repeat(whole / np.maximum(problem.repeats, 1), problem.repeats)


def standard_errors(at: AtEstimate) -> Float[np.ndarray, " d"]:
    """Standard errors in the coordinates of `problem.space`, 0 without one; that of log sigma is 1 / sqrt(2 n)."""
    problem = at.problem
    found = np.zeros(problem.space.dimension)
    sd = np.sqrt(np.diag(at.around.covariance))
    for name, part in problem.fit_space.slices.items():
        found[problem.space.slices[name]] = sd[part]
    if problem.profiled is not None:
        found[problem.space.slices[problem.profiled]] = 1 / np.sqrt(2 * problem.size)
    return found


def bends(
    problem: Problem, named: Mapping[str, Any], errors: Float[np.ndarray, " d"]
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "k k"]] | None:
    """Scores of every observation, and minus the second derivative of the log-likelihood, by central differences.

    Only along parameters that can move: not those at a bound, nor those without a standard error.

    Arguments:
        problem: what was fitted.
        named: the likeliest parameters, noise among them.
        errors: (d,) standard errors in the coordinates of `problem.space`; 0 where there is none.

    Returns:
        (n, k) and (k, k), in units of the standard errors; None where the curvature is not that of a maximum.
    """
    space = problem.space
    x = np.asarray(space.from_named({name: named[name] for name in space.slices}))
    room = np.minimum(x - space.lower, space.upper - x)
    moving = np.flatnonzero((errors > 0) & np.isfinite(errors) & (room > _BLIND * errors))
    steps = np.zeros((moving.size, x.size))
    steps[np.arange(moving.size), moving] = _STEP * errors[moving]

    def at(point: np.ndarray) -> np.ndarray:
        return log_density(problem, space.to_named(point))

    here = at(x)
    up, down = ([at(x + sign * step) for step in steps] for sign in (1, -1))
    scores = np.array([(a - b) / (2 * _STEP) for a, b in zip(up, down, strict=True)]).reshape(moving.size, here.size).T
    k = moving.size
    curvature = np.zeros((k, k))
    for i in range(k):
        curvature[i, i] = -float((up[i] + down[i] - 2 * here).sum()) / _STEP**2
        for j in range(i):
            corners = at(x + steps[i] + steps[j]) + at(x - steps[i] - steps[j])
            corners = corners - at(x + steps[i] - steps[j]) - at(x - steps[i] + steps[j])
            curvature[i, j] = curvature[j, i] = -float(corners.sum()) / (4 * _STEP**2)
    known = np.isfinite(curvature).all() and np.isfinite(scores).all()
    return (scores, curvature) if known and k and np.linalg.eigvalsh(curvature)[0] > 1e-8 * curvature.max() else None
