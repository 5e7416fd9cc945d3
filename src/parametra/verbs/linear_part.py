"""Which parameters a model is linear in, found by looking at its Jacobian: for methods that make use of it.

A factor on a logarithmic scale counts: the model is linear in its exponential.
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Bool
from parametra.maths.linear_part import largest_set, linear_together
from parametra.nouns.asker import Want
from parametra.nouns.card import Ability, Card
from parametra.nouns.problem import Problem
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.cost import Cost
from parametra.runs.differences import probe_points

_EXACT = 1e-10
_ROUGH = 1e-6
"""Of a column: a change that is rounding, with exact derivatives and with central differences."""


def offers_for(problem: Problem, card: Card) -> frozenset[Ability]:
    """What a problem offers a method; linear parameters are looked for only where the method needs them.

    Looking costs 2 (d + 1) Jacobians, once for a problem; what is found is told in `problem.search_space()`.
    """
    offers = problem.offers
    if Ability.LINEAR not in card.needs:
        return offers
    # without residuals nothing can be linear, but the residuals are what is missing, and what the refusal should name
    if Ability.RESIDUALS not in offers or linear_coordinates(problem).any():
        return offers | {Ability.LINEAR}
    return offers


def linear_coordinates(problem: Problem) -> Bool[np.ndarray, " d"]:
    """Coordinates whose values, or exponentials, the residuals are linear in, all together, while the others stay.

    A column of the Jacobian that does not change when a coordinate moves, at two places, is taken for one that never
    does. That by z = log c is c times the one by c, so a factor on a logarithmic scale shows when its column is divided
    by exp(z). A point where the model fails tells nothing, and its coordinate is not believed.

    Arguments:
        problem: one that offers residuals; robust losses are left out.
    """
    known = problem.__dict__.get("_linear")
    if known is not None:
        return known
    space = problem.fit_space
    evaluator = choose_evaluator(problem, Cost(least_squares=True), 1)
    tolerance = _ROUGH if evaluator.derivative == "central differences" else _EXACT
    stays = np.ones((space.dimension, space.dimension), dtype=bool)
    grows = np.ones(space.dimension, dtype=bool)
    for point in probe_points(problem)[:2]:
        points = np.concatenate([point[None], _moved(point, np.asarray(space.lower), np.asarray(space.upper))])
        answers = evaluator.evaluate(points, Want.JACOBIAN)
        if answers.jacobian is None or not answers.ok[0]:
            stays[:], grows[:] = False, False
            break
        jacobian, ok = answers.jacobian, answers.ok[1:]
        stays &= linear_together(jacobian[0], jacobian[1:], tolerance) & ok[:, None]
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            divided = jacobian * np.exp(-points)[:, None, :]
        grows &= np.diagonal(linear_together(divided[0], divided[1:], tolerance)) & ok
    grows &= ~np.diagonal(stays)
    found = largest_set(stays | np.diag(grows))
    problem.__dict__["_linear"] = found
    problem.__dict__["_exponential"] = found & grows
    return found


def _moved(x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """One point for each coordinate, moved by about a third of its value or of its bounds, and inside them."""
    with np.errstate(invalid="ignore"):
        width = upper - lower
    step = 0.37 * np.where(x != 0, np.abs(x), 1.0)
    step = np.minimum(step, np.where(np.isfinite(width), 0.37 * width, np.inf))
    moved = np.where(x + step < upper, x + step, np.maximum(x - step, lower))
    return np.where(np.eye(x.size, dtype=bool), moved, x)
