"""How far random starts go from a guess that tells no size: as far as moves the residuals by as much as they are.

A parameter without bounds is drawn around its guess, as far away as the guess is from 0. A guess of 0, or of 1e-12
where the data speak of 1, tells no such length. To first order the data do:

    length_j = |r| / |J_j|       residuals r and their Jacobian J at the guess
    length_j = sqrt(n / I_jj)    for likelihoods without residuals, I the expected information of n observed values
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Request, Want
from parametra.nouns.parameter import Continuous
from parametra.nouns.problem import Problem
from parametra.runs.drive import Drive, Evaluator
from parametra.runs.recorded import RecordedModel

_TELLS = 1e-3
"""A guess that is a smaller share than this of the length that the data tell is as good as 0."""


def spread_of(problem: Problem, drive: Drive, evaluator: Evaluator, count: int) -> Float[np.ndarray, " d"]:
    """By what the way from the guess to each random start is to be multiplied; 1 where the guess or bounds tell it.

    Arguments:
        problem: what is to be fitted.
        drive: counts what is asked.
        evaluator: answers for one point; a model whose calls are recorded is not asked, for they are dear.
        count: how many starts there will be.
    """
    space = problem.fit_space
    same = np.ones(space.dimension)
    open_ = _around_guesses(problem)
    if count == 1 or not open_.any() or isinstance(problem.model, RecordedModel):
        return same
    wanted = _lengths(problem, drive, evaluator)
    size = np.abs(space.guess)
    with np.errstate(invalid="ignore"):
        silent = open_ & np.isfinite(wanted) & (wanted > 0) & ~(size > _TELLS * wanted)
    # draws go |guess| far, and 1 from a guess of 0
    return np.where(silent, np.where(silent, wanted, 1.0) / np.where(size > 0, size, 1.0), same)


def _around_guesses(problem: Problem) -> np.ndarray:
    """Coordinates that are drawn around their guess, which have a unit: no bounds, no prior, no logarithm."""
    space = problem.fit_space
    found = ~np.isfinite(space.lower) & ~np.isfinite(space.upper) & ~space.shifted
    for name in space.explicit_priors:
        if isinstance(space[name], Continuous):
            found[space.slices[name]] = False
    return found


def _lengths(problem: Problem, drive: Drive, evaluator: Evaluator) -> np.ndarray:
    """The length of each coordinate, not finite or 0 where none is told."""
    nothing = np.full(problem.fit_space.dimension, np.nan)
    cost = evaluator.cost
    if not (cost.least_squares or cost.scores):
        return nothing
    want = Want.JACOBIAN if cost.least_squares else Want.NORMAL
    guess = Request(problem.fit_space.guess[None], want, np.zeros(1, dtype=int))
    answers = drive.look(guess, evaluator)
    if not answers.ok[0]:
        return nothing
    with np.errstate(all="ignore"):
        if cost.least_squares and answers.residuals is not None and answers.jacobian is not None:
            return np.linalg.norm(answers.residuals[0]) / np.linalg.norm(answers.jacobian[0], axis=0)
        if answers.normal is not None:
            return np.sqrt(problem.size / np.diag(answers.normal[0]))
    return nothing
