"""Cross-validation of a fitted problem: refit without each fold from the estimate, and foretell what was left out."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.methods.compare.cross_validation import CrossValidation
from parametra.nouns.comparison_parts import HeldOut
from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.problem import Problem
from parametra.verbs._penalised_folds import without
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.compare_points import log_density
from parametra.verbs.compare_search import Spent, search

_CHEAP = 20000
"""Predicted values times folds up to which cross-validation is done unasked."""


def why_no_folds(problem: Problem) -> str:
    """Why observations of this problem cannot be left out one by one; "" when they can."""
    if not all(noise.pointwise for noise in problem.noise.values()):
        return "its observations depend on each other, so none can be left out alone; leave out whole series by hand"
    if problem.repeats is not None:
        return "its values stand for several observations each, which no fold could part; give a row for each of them"
    return "its penalty chooses a strength of its own by folds" if problem.penalty is not None else ""


def is_cheap(problem: Problem, folds: int) -> bool:
    """Whether so many refits take no time to speak of: a formula or a fast function of few data."""
    function = problem.model.function
    slow = hasattr(function, "costly") or hasattr(function, "integrated")
    return not slow and problem.size * folds <= _CHEAP and problem.fit_space.dimension <= 12


def folds_of(size: int, stated: str | int | bool, seed: int) -> Int[np.ndarray, " n"]:
    """Which fold each observation is in.

    Arguments:
        size: observations.
        stated: "auto" or True for leave-one-out up to 40 points and 10 folds beyond; a number of folds.
        seed: of the drawing.

    Raises:
        MethodError: a number of folds that cannot be.
    """
    if stated == "auto" or isinstance(stated, bool):
        return CrossValidation().parts(size, seed)
    if not isinstance(stated, int) or not 2 <= stated <= size:
        raise MethodError(
            f'cross_validation={stated!r}: "auto", True, False or a number of folds from 2 to {size} is wanted.'
        )
    return CrossValidation(folds=stated, leave_one_out=0).parts(size, seed)


def held_out(at: AtEstimate, parts: Int[np.ndarray, " n"], spent: Spent) -> HeldOut:
    """The log density of every observation under the fit without its fold.

    An estimated sigma is that of the fit without the fold, RSS / (n - p), as `fit` reports it.

    Arguments:
        at: the fitted problem.
        parts: which fold each observation is in.
        spent: is added to.
    """
    problem = at.problem
    found = np.full(problem.size, np.nan)
    failed = 0
    for fold in range(int(parts.max()) + 1):
        out = parts == fold
        try:
            found[out] = _foretold(at, out, spent)
        except ParametraError:  # too few points are left, or a noise cannot be settled on them: the fold is counted
            failed += 1
            continue
        failed += not np.isfinite(found[out]).all()
    return HeldOut(np.where(np.isfinite(found), found, np.nan), failed)


def _foretold(at: AtEstimate, out: np.ndarray, spent: Spent) -> Float[np.ndarray, " k"]:
    problem = at.problem
    learner = problem.with_data(without(problem, out))
    named = dict(at.fit.values)
    if learner.fit_space.dimension:
        found = search(learner, at.x[None], spent)
        if not found.ok:
            return np.full(int(out.sum()), np.nan)
        named, cost = dict(learner.fit_space.to_named(found.x)), found.cost
    else:
        residuals = np.asarray(learner.residuals(named, learner.arrays)) if learner.profiled else np.zeros(1)
        cost = 0.5 * float(residuals @ residuals)
    if learner.profiled is not None:
        freedom = learner.degrees_of_freedom
        named[learner.profiled] = float(np.sqrt(2 * cost / freedom)) if freedom > 0 and cost > 0 else np.nan
    return log_density(problem, named)[out]
