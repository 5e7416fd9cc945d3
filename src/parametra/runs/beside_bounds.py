"""Which coordinates are on a bound, as far as the data can tell."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.problem import Problem

_NEAR = 1e-8
"""Of the box, or of the value where one side is open: methods end so near to a bound that holds them."""

_EFFECT = 1e-6
"""Of the residuals: a way to the bound that changes them by more leads away from it, however wide the box is."""


def beside_bounds(
    problem: Problem, points: Float[np.ndarray, "*R d"], effects: Float[np.ndarray, "*R d"]
) -> tuple[Bool[np.ndarray, "*R d"], Bool[np.ndarray, "*R d"]]:
    """Coordinates that are not told apart from their lower and upper bound.

    In a box from 0 to 1e12 the value 3 is no bound: it is near in shares of the box, and far for the residuals.

    Arguments:
        problem: what is fitted.
        points: where.
        effects: the lengths of the Jacobian's columns there.
    """
    space = problem.fit_space
    with np.errstate(invalid="ignore"):
        width = space.upper - space.lower
        own = np.maximum(np.abs(points), space.sizes)
        near = _NEAR * np.where(np.isfinite(width), width, own)
        nothing = _EFFECT * problem.residual_size
        found = [(way <= near) & ~(effects * way > nothing) for way in (points - space.lower, space.upper - points)]
    return found[0], found[1]
