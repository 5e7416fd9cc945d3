"""A likelihood ratio without a known distribution: data simulated from the smaller model, fitted by both."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import ParametraError
from parametra.nouns.keys import generator
from parametra.nouns.noise_simulate import simulate, with_observed
from parametra.nouns.problem import Problem
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.compare_folds import is_cheap
from parametra.verbs.compare_points import likeliest
from parametra.verbs.compare_search import Spent, search
from parametra.verbs.fit import start_points

DRAWS = 199
"""Simulated data sets at most: the smallest p-value is 1 / 200."""

_ENOUGH = 10
"""Ratios as large as that of the data after which p is known to a third of itself, and no more are drawn."""

_LEAST = 180
"""Simulated data sets that both models must have been fitted to."""

_STARTS = 6
"""Starts of the large model on each: the small model's estimate, its own, and random ones."""


def simulated_p(
    small: AtEstimate, large: AtEstimate, x: Float[np.ndarray, " d"], statistic: float, spent: Spent, seed: int
) -> float | None:
    """(1 + how many of 199 simulated ratios are as large) / 200; None where that cannot be had.

    Once ten are as large the drawing ends, and p is 10 over how many were drawn (Besag and Clifford).

    A search that misses the best fit of the large model makes the p-value too small, so the starts are those where the
    best fits of the data lie, and some more.

    Arguments:
        small, large: the fitted problems.
        x: where the large model is the small one.
        statistic: of the data.
        spent: is added to.
        seed: of the data sets.

    Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, 4.2.3, doi:10.1017/CBO9780511802843;
        Besag and Clifford (1991), Sequential Monte Carlo p-values, doi:10.1093/biomet/78.2.301.
    """
    inner, outer = small.problem, large.problem
    alike = (inner.profiled is None) == (outer.profiled is None)
    plain = not inner.space.explicit_priors and not outer.space.explicit_priors
    if not (alike and plain and all(is_cheap(one, 40) for one in (inner, outer))):
        return None
    try:
        drawn = simulate(inner, likeliest(inner, small.fit), DRAWS, generator(seed, "compare.simulation", 0))
        starts = np.stack([x, large.x, *start_points(outer, _STARTS - 1, seed)[1:]])
        larger, known = 0, 0
        for k in range(DRAWS):
            observed = tuple({output: values[k] for output, values in one.items()} for one in drawn)
            ratio = _ratio(inner, outer, small.x, starts, observed, spent)
            known += bool(np.isfinite(ratio))
            larger += bool(ratio >= statistic)
            if larger == _ENOUGH:
                return larger / known
    except ParametraError:  # a noise that cannot be drawn from: there is no p-value, which is said
        return None
    return (1 + larger) / (1 + known) if known >= _LEAST else None


def _ratio(
    inner: Problem,
    outer: Problem,
    at: np.ndarray,
    starts: np.ndarray,
    observed: tuple[dict[str, np.ndarray], ...],
    spent: Spent,
) -> float:
    """2 (log L large - log L small) on other data."""
    small, large = with_observed(inner, observed), with_observed(outer, observed)
    above = search(small, np.stack([at, *start_points(small, 2, 0)]), spent) if at.size else None
    beneath = search(large, starts, spent)
    if above is None or not (above.ok and beneath.ok):
        return np.nan
    if inner.profiled is not None:
        return inner.size * float(np.log(above.cost / beneath.cost))
    return 2 * (above.cost - beneath.cost)
