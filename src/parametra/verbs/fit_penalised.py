"""Fits with a penalty that chooses among many terms: the strength, the path to it, and what is said of the result.

1  every term at zero: fit the others; the steepest slope is the smallest strength that drops all terms
2  follow the strengths down from there, each fit beginning where the last one ended
3  where the data choose the strength: compare the fits, by a criterion or on left-out data
4  the fit at that strength, to the last digit
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.nouns.asker import Request, Solutions, Want
from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.fit_result import Fit
from parametra.nouns.keys import generator
from parametra.nouns.noise_trials import Binomial
from parametra.nouns.penalty import Penalty
from parametra.nouns.penalty_path import PenaltyPath
from parametra.nouns.problem import Problem
from parametra.runs.budget import Budget
from parametra.runs.cost import Cost
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs._penalised_folds import Folds
from parametra.verbs._penalised_result import penalised_fit, profiled_log_likelihood
from parametra.verbs._penalised_search import Terms, columns_of_terms, evaluator_for, walk
from parametra.verbs.fit_choice import choose_method, cost_of, stated_loss, with_options

_CERTAIN = 0.02
"""Share of the log-likelihood without any term that is left when the terms foretell all."""

_SURELY = 1 + 1e-7
"""Slopes where no term is in the model are known to about as much."""

_RUNG = 0.7
"""Ratio of neighbouring strengths on the way to a strength that was stated."""

_ON_THE_LADDER = 1e-3
_ON_THE_WAY = 1e-8
"""Tolerances of those fits, and of fits on a path: their end is mainly the next one's beginning."""


def fit_penalised(problem: Problem, settings: Any, chosen: Mapping[str, Any], progress: Progress) -> Fit:
    """The result of a fit with a penalty.

    Arguments:
        problem: has a penalty.
        settings: the arguments of `fit`.
        chosen: values of discrete parameters in this run.
        progress: where it is told.

    Raises:
        MethodError: a setting that does not go with a penalty.
    """
    penalty, loss = problem.penalty, stated_loss(settings.loss, settings.loss_scale)
    if penalty is None:
        raise MethodError("fit_penalised wants a problem with a penalty.")
    _refuse(problem, penalty, settings, loss)
    choice = choose_method(problem, settings.method, loss)
    cost = cost_of(problem, loss, catalogue.card("fit", choice.method))
    evaluator = evaluator_for(problem, cost, settings.evaluator)
    drive = Drive(evaluator, Budget(settings.evaluations, settings.seconds), progress)
    method = with_options(choice.method, settings.options)
    on = penalty.which(problem.fit_space)
    terms = Terms(problem, penalty, drive, evaluator, method, on, np.ones(on.size), problem.size, settings.seed)
    x = np.where(on, 0.0, problem.fit_space.guess)
    solutions = terms.solve(None, x[None], share=(0.0, 0.1))
    if solutions.best >= 0:
        x = solutions.points[solutions.best]
        terms = dataclasses.replace(terms, scales=_scales(terms, x))
    top = _smallest_that_drops_all(terms, x)
    path: PenaltyPath | None = None
    strength = None if penalty.chosen_by else float(penalty.strength)
    if top is None:  # no model without its terms: nothing to follow
        x = problem.fit_space.guess
    elif penalty.chosen_by:
        path, ends = _chosen_path(terms, x, top)
        strength, solutions = path.strength, ends[path.chosen]
        x = solutions.points[0]
    elif strength is not None:
        solutions = _down_the_ladder(terms, solutions, top, strength)
        x = solutions.points[0]
    if strength is not None and not (solutions.best >= 0 and drive.is_over()):
        found = terms.solve(strength, _starts(terms, x, settings.starts), share=(0.9, 1.0))
        solutions = found if found.best >= 0 or path is None else solutions
    return penalised_fit(terms, solutions, strength, path, choice, settings, chosen)


def plan_penalised(problem: Problem, cost: Cost, starts: int | str, wish: str) -> tuple[int, str, Any]:
    """How many starts a fit would have and why, and its evaluator."""
    if isinstance(starts, int) and starts > 1:
        return starts, "as asked for", evaluator_for(problem, cost, wish)
    why = "the strengths of the penalty are followed down from the one that drops every term"
    return 1, why, evaluator_for(problem, cost, wish)


def _refuse(problem: Problem, penalty: Penalty, settings: Any, loss: Any) -> None:
    if problem.adversary:
        raise MethodError("a penalty and an adversary do not go together. Leave one of them out.")
    if loss is not None and penalty.chosen_by not in ("", "cross_validation"):
        raise MethodError(
            f'strength="{penalty.chosen_by}" compares likelihoods, and loss="{loss.name}" is none. Use '
            'strength="cross_validation", or a number.'
        )
    starts = settings.starts
    if isinstance(starts, bool) or not (starts == "auto" or (isinstance(starts, int) and starts >= 1)):
        raise MethodError(f'starts={starts!r}: give "auto" or a whole number, 1 or more.')
    if penalty.chosen_by == "cross_validation" and penalty.folds > problem.size:
        raise MethodError(
            f"folds={penalty.folds}: {problem.size} observed values cannot be parted into as many. Use fewer."
        )


def _smallest_that_drops_all(terms: Terms, x: np.ndarray) -> float | None:
    """The largest slope of the cost in a term that is at zero, in units of a strength; None where it has no slope."""
    answers = terms.drive.evaluate(Request(x[None], Want.GRADIENT, np.zeros(1, dtype=np.int64)))
    if not answers.ok[0] or answers.gradient is None:
        return None
    space = terms.problem.fit_space
    slope = answers.gradient[0]
    # where a bound is at zero, only the slope that leads inside counts
    slope = np.where((space.upper <= 0) & (slope < 0), 0.0, slope)
    slope = np.where((space.lower >= 0) & (slope > 0), 0.0, slope)
    steep = np.abs(slope[terms.on]) / (terms.size * terms.scales[terms.on])
    return _SURELY * float(steep.max(initial=0.0))


def _scales(terms: Terms, x: np.ndarray) -> np.ndarray:
    """Lengths of the columns of the terms over sqrt(n), without what the unpenalised columns explain of them."""
    scales = np.ones(x.size)
    if terms.penalty.scale == "none":
        return scales
    want = Want.JACOBIAN if terms.drive.evaluator.cost.least_squares else Want.PREDICTED
    answers = terms.drive.evaluate(Request(x[None], want, np.zeros(1, dtype=np.int64)))
    if answers.jacobian is None or not answers.ok[0]:
        raise ModelError(
            'scale="columns" wants the Jacobian where no term is in the model, and it is not finite there. Use '
            'scale="none", or guess elsewhere.'
        )
    lengths = np.linalg.norm(columns_of_terms(answers.jacobian[0], terms.on), axis=0) / np.sqrt(terms.size)
    scales[terms.on] = np.where(lengths > 1e-12 * lengths.max(initial=0.0), lengths, 1.0)
    return scales


def _down_the_ladder(terms: Terms, nothing: Solutions, top: float, strength: float) -> Solutions:
    """Fits at strengths above the one that was stated, each from the end of the last: the last of them.

    Arguments:
        terms: the search.
        nothing: the fit without any term.
        top: the smallest strength that drops all terms.
        strength: the one that was stated.
    """
    last = max(strength, 1e-3 * top)
    steps = int(np.ceil(np.log(last / top) / np.log(_RUNG))) if last < top else 0
    reached = nothing
    for i in range(1, steps):
        if terms.drive.is_over():
            break
        share = (0.1, 0.1 + 0.8 * i / steps)
        found = terms.solve(top * (last / top) ** (i / steps), reached.points, _ON_THE_LADDER, share)
        reached = found if found.best >= 0 else reached
    return reached


def _starts(terms: Terms, x: np.ndarray, wish: int | str) -> np.ndarray:
    count = wish if isinstance(wish, int) else 1
    space = terms.problem.fit_space
    return np.stack([x, *(space.draw_start(generator(terms.seed, "fit", i)) for i in range(1, count))])


# ---- strengths chosen by the data


def _chosen_path(terms: Terms, x: np.ndarray, top: float) -> tuple[PenaltyPath, Sequence[Solutions]]:
    """The path, with the strength that the data choose, and the solution at every strength of it.

    It ends where the criterion has found no new low for a fifth of its length: with more terms than data, criteria
    fall again where the terms explain the noise itself.
    """
    penalty, problem = terms.penalty, terms.problem
    least = 1e-2 if problem.fit_space.dimension >= terms.size else 1e-3
    strengths = top * np.geomspace(1.0, least, penalty.path) if top > 0 else np.zeros(1)
    by_folds = penalty.chosen_by == "cross_validation"
    most = terms.size - 2 if by_folds else terms.size // 2
    folds = Folds(terms, x, strengths, most) if by_folds else None
    ends: list[Solutions] = []
    likelihood: list[float] = []
    criterion: list[float] = []
    error: list[float] = []
    certain = False
    for end in walk(terms, x, strengths, most, _ON_THE_WAY, (0.1, 0.9)):
        reached = profiled_log_likelihood(problem, terms.evaluator, end.points[0])
        certain = bool(ends) and _certain(problem, likelihood[0], reached)
        if certain:
            break
        ends.append(end)
        likelihood.append(reached)
        kept = int((end.points[0][terms.on] != 0).sum())
        mean, spread = (_information(terms, kept, likelihood[-1]), 0.0) if folds is None else folds.next()
        criterion.append(mean)
        error.append(spread)
        finite = np.where(np.isfinite(criterion), criterion, np.inf)
        if len(ends) - 1 - int(np.argmin(finite)) >= max(penalty.path // 5, 3):
            break
    if folds is not None:
        folds.count()
    values = np.stack([end.points[0] for end in ends])[:, terms.on]
    finite = np.where(np.isfinite(criterion), criterion, np.inf)
    path = PenaltyPath(
        labels=tuple(label for label, on in zip(problem.fit_space.labels, terms.on, strict=True) if on),
        strengths=strengths[: len(ends)],
        values=values,
        kept=(values != 0).sum(axis=1).astype(float),
        log_likelihood=np.array(likelihood),
        criterion=np.array(criterion),
        criterion_error=np.array(error),
        chosen=int(np.argmin(finite)),
        chosen_by=penalty.chosen_by,
        certain=certain,
    )
    return path, ends


def _certain(problem: Problem, nothing: float, reached: float) -> bool:
    """Whether the terms foretell every yes and no: then the estimates run away, and the likelihood tells nothing."""
    return all(isinstance(n, Binomial) for n in problem.noise.values()) and reached > _CERTAIN * nothing


def _information(terms: Terms, kept: int, likelihood: float) -> float:
    """AIC, BIC or extended BIC; the degrees of freedom are the terms kept and all that is not penalised.

    For the lasso that number is unbiased (Zou, Hastie and Tibshirani 2007, doi:10.1214/009053607000000127).
    """
    many = int(terms.on.sum())
    freedom = kept + int((~terms.on).sum()) + (terms.problem.profiled is not None)
    price = 2.0 if terms.penalty.chosen_by == "aic" else math.log(terms.size)
    value = -2 * likelihood + price * freedom
    if terms.penalty.chosen_by == "extended_bic":
        value += 2 * (math.lgamma(many + 1) - math.lgamma(kept + 1) - math.lgamma(many - kept + 1))
    return value
