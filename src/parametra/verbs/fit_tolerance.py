"""Would the answer move if the model were computed more accurately? Asked of models with tolerances."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.asker import Want
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.runs.direct import Direct
from parametra.runs.drive import Drive
from parametra.verbs.fit_uncertainty import Curvature

_TIGHTER = 0.01
_MOVES = 0.1
"""Standard errors that an answer may move and still be called the same."""


def tolerance_doubts(problem: Problem, drive: Drive, x: np.ndarray, around: Curvature) -> list[str]:
    """Whether a Gauss-Newton step with the model computed a hundred times as accurately leads away from the estimate.

    Arguments:
        problem: its model's function may have `tightened(factor)`, the same with its tolerances times the factor.
        drive: the run.
        x: (d,) the estimate.
        around: what is known of it.
    """
    function: Any = problem.model.function
    if not hasattr(function, "tightened") or not around.inside.size:
        return []
    model = problem.model
    tight = Model(model.name, model.formulas, function.tightened(_TIGHTER), model.arguments, model.optional)
    own = getattr(drive.evaluator, "inner", drive.evaluator)
    evaluator = own if isinstance(own, Direct) else Direct(problem, drive.evaluator.cost)
    slope = _slope_of_the_change(evaluator, evaluator.with_model(tight), x)
    if slope is None:
        doubt = (
            "the model cannot be computed a hundred times as accurately at the estimate, so nothing tells whether its "
            "tolerances are tight enough. Raise most_steps, or state looser tolerances that the data can bear."
        )
        return [doubt]
    inside = around.inside
    covariance = around.covariance[np.ix_(inside, inside)]
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    moved = np.abs(covariance @ slope[inside]) / max(around.scale, np.finfo(float).tiny) ** 2
    share = np.where(errors > 0, moved / np.where(errors > 0, errors, 1.0), 0.0)
    worst = int(np.argmax(share))
    if not share[worst] > _MOVES:
        return []
    label = problem.fit_space.labels[inside[worst]]
    doubt = (
        f"computed a hundred times as accurately, the model would move {label} by {share[worst]:.2g} of its standard "
        "error: the tolerances are too loose for these data. State a smaller relative_tolerance and "
        "absolute_tolerance."
    )
    return [doubt]


def _slope_of_the_change(evaluator: Direct, tight: Direct, x: np.ndarray) -> np.ndarray | None:
    """The gradient of the cost less what it is for the tight model; None where that has no value."""
    if evaluator.cost.least_squares:
        here, there = evaluator.evaluate(x[None], Want.JACOBIAN), tight.evaluate(x[None], Want.RESIDUALS)
        if here.residuals is None or here.jacobian is None or there.residuals is None:
            return None
        change = here.jacobian[0].T @ (there.residuals[0] - here.residuals[0])
    else:
        here, there = (each.evaluate(x[None], Want.GRADIENT) for each in (evaluator, tight))
        if here.gradient is None or there.gradient is None:
            return None
        change = there.gradient[0] - here.gradient[0]
    return change if np.isfinite(change).all() else None
