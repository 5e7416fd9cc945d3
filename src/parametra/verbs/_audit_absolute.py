"""Refits of least absolute deviations to rows that were drawn again, many side by side."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Answers, Want
from parametra.nouns.bootstrap_data import case_data
from parametra.nouns.bootstrap_quantities import Quantities
from parametra.nouns.errors import MethodError
from parametra.nouns.keys import generator
from parametra.nouns.problem import Problem
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct

_SHARES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Residuals below these shares of the middle one count by their squares, step by step fewer."""

_STEPS = 25
"""Steps at each share."""

_SHORTEST = 2.0**-12
"""The share of a step below which no shorter one is tried."""

_LEAST = 0.9
"""Share of refits that must be finite."""

Spread = tuple[dict[str, float | None], dict[str, tuple[float, float] | None]]
"""Standard errors and intervals by label."""


def absolute_spread(problem: Problem, x: Float[np.ndarray, " d"], replicates: int, level: float, seed: int) -> Spread:
    """Standard errors and percentile intervals of least absolute deviations, from case refits.

    Each refit is a sequence of weighted least squares with weights 1 / max(|r|, s), where s shrinks.

    Arguments:
        problem: what was fitted; it has residuals.
        x: the estimate, where every refit begins.
        replicates: refits.
        level: of the intervals.
        seed: of the rows that are drawn.

    Raises:
        MethodError: rows that cannot be drawn, a problem that refits do not serve, nothing free.

    Source: the reweighting is that of E. J. Schlossmacher (1973), doi:10.1080/01621459.1973.10481336
    """
    if problem.constraints or problem.penalty or problem.adversary:
        raise MethodError("refits know no constraints, penalty or adversary, and this problem has some.")
    if problem.space.discrete:
        raise MethodError("refits know no discrete parameters; fix them.")
    if not problem.fit_space.dimension:
        raise MethodError("nothing is free, so there is nothing to refit.")
    weights = case_data(problem, replicates, generator(seed, "audit.absolute", 0)).weights
    points = _refitted(problem, x, np.asarray(weights))
    quantities = Quantities.of(problem)
    with np.errstate(all="ignore"):
        values = quantities.at(points, np.full(replicates, np.nan))
    errors: dict[str, float | None] = {}
    intervals: dict[str, tuple[float, float] | None] = {}
    tail = 0.5 * (1 - level)
    for label, column in zip(quantities.labels, values.T, strict=True):
        sound = column[np.isfinite(column)]
        enough = sound.size >= _LEAST * replicates
        errors[label] = float(np.std(sound, ddof=1)) if enough else None
        low, high = np.quantile(sound, [tail, 1 - tail]) if enough else (0.0, 0.0)
        intervals[label] = (float(low), float(high)) if enough else None
    return errors, intervals


def _refitted(
    problem: Problem, x: Float[np.ndarray, " d"], weights: Float[np.ndarray, "R M"]
) -> Float[np.ndarray, "R d"]:
    """The estimate of each drawing; NaN where the model fails."""
    model, space = Direct(problem, Cost(True)), problem.fit_space
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    at = np.repeat(x[None], len(weights), axis=0)
    found = model.evaluate(at, Want.JACOBIAN)
    middle = float(np.median(np.abs(np.asarray(found.residuals)[0, : problem.size]))) or 1.0
    for share in _SHARES:
        small = share * middle
        cost = _cost(found, weights, small)
        for _ in range(_STEPS):
            step = _step(found, weights, small)
            length = np.ones(len(at))
            moving = np.ones(len(at), dtype=bool)
            before = at.copy()
            while moving.any() and length.max() > _SHORTEST:
                trial = np.where(moving[:, None], np.clip(before + length[:, None] * step, lower, upper), at)
                there = _cost(model.evaluate(trial, Want.RESIDUALS), weights, small)
                better = moving & (there <= cost)
                at[better], cost[better] = trial[better], there[better]
                moving &= ~better
                length[moving] *= 0.25
            found = model.evaluate(at, Want.JACOBIAN)
            if np.max(np.abs(at - before) / np.maximum(np.abs(at), 1e-3)) < 1e-5:
                break
    at[~np.isfinite(_cost(found, weights, middle))] = np.nan
    return at


def _cost(found: Answers, weights: Float[np.ndarray, "R M"], small: float) -> Float[np.ndarray, " R"]:
    """The sum of absolute residuals, those below `small` squared; priors follow the data and are squared."""
    residuals = np.asarray(found.residuals)
    data, rest = residuals[:, : weights.shape[1]], residuals[:, weights.shape[1] :]
    far = np.abs(data)
    told = (weights * np.where(far < small, 0.5 * far**2 / small + 0.5 * small, far)).sum(axis=1)
    total = told + 0.5 * (rest**2).sum(axis=1)
    return np.where(np.isfinite(total), total, np.inf)


def _step(found: Answers, weights: Float[np.ndarray, "R M"], small: float) -> Float[np.ndarray, "R d"]:
    residuals, jacobian = np.asarray(found.residuals), np.asarray(found.jacobian)
    ones = np.ones((len(weights), residuals.shape[1] - weights.shape[1]))
    pull = np.concatenate([weights / np.maximum(np.abs(residuals[:, : weights.shape[1]]), small), ones], axis=1)
    gradient = np.einsum("rmd,rm->rd", jacobian, pull * residuals)
    normal = np.einsum("rmd,rm,rme->rde", jacobian, pull, jacobian)
    size = np.sqrt(np.maximum(np.einsum("rdd->rd", normal), 1e-300))
    scaled = normal / size[:, :, None] / size[:, None, :]
    sound = np.isfinite(scaled).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    step = np.zeros_like(gradient)
    inverse = np.linalg.pinv(scaled[sound], rcond=1e-12, hermitian=True)
    step[sound] = -np.einsum("rde,re->rd", inverse, gradient[sound] / size[sound]) / size[sound]
    return step
