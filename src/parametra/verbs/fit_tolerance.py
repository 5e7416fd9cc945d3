"""Would the answer move if the model were computed more accurately? Then it is; asked of models with tolerances."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.nouns.asker import Ending, Solutions, Want
from parametra.nouns.fit_result import Fit
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.nouns.search_space import SearchSpace
from parametra.runs.direct import Direct
from parametra.runs.drive import Drive
from parametra.runs.recorded import RecordedModel
from parametra.verbs.fit_uncertainty import Curvature

_TIGHTER = 0.01
_MOST = 2
"""How often tolerances are tightened."""

_MOVES = 0.1
"""Standard errors that an answer may move and still be called the same."""

_SAME_COST = 1e-3
"""Differences of the log-likelihood between starts that ended in the same place."""

_LOOSE = "computed a hundred times as accurately"
"""How the doubt about an answer that moves begins."""

FACTOR = "tolerance_factor"
"""The setting of a receipt that tells by what the model's tolerances were multiplied."""


@dataclass(frozen=True)
class Ran:
    """A run that has ended, and what it takes to go on with it.

    Arguments:
        problem: what was fitted.
        drive: the run.
        method, space: what was driven, and where it searches.
        solutions: where the starts ended.
        judged: makes the result of a problem and where its starts ended.
    """

    problem: Problem
    drive: Drive
    method: Any
    space: SearchSpace
    solutions: Solutions
    judged: Callable[[Problem, Solutions], Fit]


def until_it_holds(ran: Ran) -> Fit:
    """The result; while its answer moves with tolerances that nobody stated, they are tightened and the fit goes on.

    It goes on from the estimate with tolerances a hundred times as tight, at most twice. Where that does not converge,
    within the budget, the last result that did stands, with its doubt. What the other starts found is not computed
    again.
    """
    first = found = ran.judged(ran.problem, ran.solutions)
    if not (_moves(found) and first.status.ok and _may_tighten(ran)):
        return found
    drive, solutions, loose = ran.drive, ran.solutions, _direct(ran.problem, ran.drive)
    for power in range(1, _MOST + 1):
        factor = _TIGHTER**power
        model = _tightened(ran.problem.model, factor)
        drive.evaluator = loose.with_model(model)
        drive.forget()
        there = drive.run(ran.method, ran.space, solutions.points[solutions.best][None])
        if there.best < 0 or there.endings[0] is not Ending.CONVERGED:
            break
        solutions = _moved(ran, solutions, there, first)
        problem = copy.copy(ran.problem)
        problem.model = model
        found = _told(ran.judged(problem, solutions), first, model, factor)
        if not _moves(found):
            break
    spent = replace(found.receipt, evaluations=drive.evaluations, model_calls=drive.calls, seconds=drive.seconds)
    return replace(found, receipt=spent)


def as_fitted(problem: Problem, fit: Fit) -> Problem:
    """The problem with the tolerances that its fit came to.

    Arguments:
        problem: what was stated.
        fit: what was found.
    """
    factor = fit.receipt.settings.get(FACTOR)
    if factor is None or not hasattr(problem.model.function, "tightened"):
        return problem
    return problem.with_model(_tightened(problem.model, float(factor)))


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
    evaluator = _direct(problem, drive)
    slope = _slope_of_the_change(evaluator, evaluator.with_model(_tightened(problem.model, _TIGHTER)), x)
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
        f"{_LOOSE}, the model would move {label} by {share[worst]:.2g} of its standard error: the tolerances"
        f"{_how_tight(function)} are too loose for these data. State a smaller relative_tolerance and "
        "absolute_tolerance; where that does not help, look for jumps in the equations."
    )
    return [doubt]


def _moves(fit: Fit) -> bool:
    return any(doubt.startswith(_LOOSE) for doubt in fit.doubts)


def _may_tighten(ran: Ran) -> bool:
    """Not where tolerances were stated, where calls are recorded, nor where the method would search all the box."""
    model = ran.problem.model
    mine = getattr(model.function, "tolerances_open", False) and not isinstance(model, RecordedModel)
    return bool(mine and "one search" not in ran.method.card.honours)


def _direct(problem: Problem, drive: Drive) -> Direct:
    """What evaluates the model as it is; models with tolerances are not compiled as a whole."""
    own = getattr(drive.evaluator, "inner", drive.evaluator)
    return own if isinstance(own, Direct) else Direct(problem, drive.evaluator.cost)


def _tightened(model: Model, factor: float) -> Model:
    function: Any = model.function
    return Model(model.name, model.formulas, function.tightened(factor), model.arguments, model.optional)


def _how_tight(function: Any) -> str:
    """The relative tolerance of a model in words, with a blank before it; "" where it has none."""
    relative = getattr(function, "relative_tolerance", None)
    return "" if relative is None else f" of {relative:g}"


def _moved(ran: Ran, solutions: Solutions, there: Solutions, first: Fit) -> Solutions:
    """Where the starts ended, with the best one where it went on to.

    Those that had ended at the same cost would have gone the same way: they are taken along, or they would look like
    another basin.
    """
    best = solutions.best
    cost, points, iterations = solutions.cost.copy(), solutions.points.copy(), solutions.iterations.copy()
    scale2 = 1.0 if ran.problem.profiled is None else (first.reduced_chi_square or 1.0)
    with np.errstate(invalid="ignore"):
        same = np.abs(cost - cost[best]) <= _SAME_COST * scale2 + 1e-6 * abs(float(cost[best]))
    points[same] = np.clip(points[same] + there.points[0] - points[best], ran.space.lower, ran.space.upper)
    cost[same] += there.cost[0] - cost[best]
    iterations[best] += there.iterations[0]
    return replace(solutions, points=points, cost=cost, iterations=iterations, message=there.message)


def _told(found: Fit, first: Fit, model: Model, factor: float) -> Fit:
    """The result with what was done; the hash of its problem is that of what was stated."""
    words = f"tolerances tightened to {_relative(model, factor)}, because the answer moved with looser ones"
    settings = {**found.receipt.settings, FACTOR: factor}
    receipt = replace(found.receipt, settings=settings, problem_hash=first.receipt.problem_hash)
    return replace(found, receipt=receipt, choice=f"{found.choice}; {words}")


def _relative(model: Model, factor: float) -> str:
    relative = getattr(model.function, "relative_tolerance", None)
    return f"{relative:g}" if relative is not None else f"{factor:g} of the first ones"


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
