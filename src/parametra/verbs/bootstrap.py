"""How do the estimates scatter and lean when the data are drawn again? And do their intervals cover as they say?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parametra import catalogue
from parametra.methods.identify.simulation_coverage import IntervalMaker
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.errors import MethodError
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.runs.budget import Budget
from parametra.runs.progress import Progress
from parametra.runs.recorded import RecordedModel
from parametra.runs.refits import Refitter
from parametra.verbs.at_estimate import AtEstimate, at_estimate
from parametra.verbs.fit import Settings, found_by
from parametra.verbs.fit_judge import hash_of

SIDE_BY_SIDE = 512
"""Refits that run side by side."""

TOLERANCE = 1e-10
"""Relative change of the cost that ends a refit, before the last step that takes it further."""


def bootstrap(
    problem: Problem,
    fit: Fit | None = None,
    *,
    kind: str = "parametric",
    replicates: int = 1000,
    level: float = 0.95,
    rounds: int = 1,
    seed: int = 0,
    evaluator: str = "auto",
    seconds: float | None = None,
    progress: bool | None = None,
) -> Bootstrap:
    """Standard errors, intervals and bias of a fit, from refits of data that were drawn again.

    Good for: few data, skewed estimates, derived quantities, and the bias. Prefer profiles where a parameter is hardly
    determined.

    Arguments:
        problem: what was fitted.
        fit: what was found; None fits first.
        kind: "parametric" simulates from the fit, "residual" draws errors from the residuals, "case" draws rows.
        replicates: data sets, 50 or more.
        level: of the intervals.
        rounds: of the correction of the bias: 0 for none, 1 for the usual one, more for the iterated one.
        seed: of the random numbers.
        evaluator: "auto", "direct" or "compiled".
        seconds: the budget; None is no limit.
        progress: False is silent.

    Raises:
        ParametraError: what is stated wrongly, or data that cannot be drawn, and what to do.
    """
    method = catalogue.method("identify", "bootstrap")(kind, replicates, level, rounds)
    fit = fit if fit is not None else found_by(problem, Settings(seed=seed, progress=progress))
    bar = Progress(f"bootstrap {problem.title}"[:60], shown=progress is not False)
    here = at_estimate(problem, fit, evaluator=evaluator, lanes=replicates, progress=bar)
    words = f"{here.drive.evaluator.kind}, {here.drive.evaluator.derivative}"
    return method.solve(
        refitter(here, seconds=seconds, progress=bar),
        seed=seed,
        errors=fit.standard_error,
        evaluator=words,
        problem_hash=hash_of(problem),
    )


def coverage(
    problem: Problem,
    fit: Fit | None = None,
    *,
    replicates: int = 2000,
    level: float = 0.95,
    intervals: Mapping[str, IntervalMaker] | None = None,
    seed: int = 0,
    evaluator: str = "auto",
    seconds: float | None = None,
    progress: bool | None = None,
) -> Coverage:
    """How often the intervals of a fit hold the truth: simulate from the fit, refit, count.

    Good for: knowing whether the intervals of this very problem can be believed. Prefer the doubts of the fit for a
    quick warning.

    Arguments:
        problem: what was fitted.
        fit: what was found, which is taken for the truth; None fits first.
        replicates: data sets, 100 or more; 2000 tell 95 % to half a per cent.
        level: of the intervals.
        intervals: other kinds of intervals by name, each a function of the data sets and their refits to lower and
            upper ends in the coordinates of the box; those by curvature are always made.
        seed: of the random numbers.
        evaluator: "auto", "direct" or "compiled".
        seconds: the budget; None is no limit.
        progress: False is silent.

    Raises:
        ParametraError: what is stated wrongly, or data that cannot be simulated, and what to do.
    """
    method = catalogue.method("identify", "simulation_coverage")(replicates, level)
    fit = fit if fit is not None else found_by(problem, Settings(seed=seed, progress=progress))
    bar = Progress(f"coverage {problem.title}"[:60], shown=progress is not False)
    here = at_estimate(problem, fit, evaluator=evaluator, lanes=replicates, progress=bar)
    words = f"{here.drive.evaluator.kind}, {here.drive.evaluator.derivative}"
    refitting = refitter(here, seconds=seconds, progress=bar)
    return method.solve(refitting, seed=seed, makers=intervals, evaluator=words, problem_hash=hash_of(problem))


def refitter(here: AtEstimate, *, seconds: float | None = None, progress: Progress | None = None) -> Refitter:
    """A fitted problem that can be fitted to other data of the same shape.

    Arguments:
        here: the problem at its estimate, asked for with as many lanes as there will be data sets.
        seconds: the budget of all refits.
        progress: where they are told; None is silent.

    Raises:
        MethodError: a problem with a penalty, an adversary, constraints, or whose calls are recorded.
    """
    problem = here.problem
    for word, given in (
        ("a penalty", problem.penalty),
        ("an adversary", problem.adversary),
        ("constraints", problem.constraints),
    ):
        if given:
            raise MethodError(f"many refits side by side know no {word.split()[-1]}, and this problem has {word}.")
    if isinstance(problem.model, RecordedModel):
        raise MethodError("refits run in this process; leave out pool, ledger, timeout and memory.")
    if not problem.fit_space.dimension:
        raise MethodError("nothing is free, so there is nothing to refit.")
    cost = here.drive.evaluator.cost
    if problem.profiled is not None and any(loss.name != "student_t" for _, _, loss in cost.losses):
        raise MethodError(
            "refits know no robust loss beside an estimated sigma: the loss is counted in units of the data, and sigma "
            "takes no part in it. State sigma, or leave the loss out."
        )
    name = "levenberg_marquardt" if cost.least_squares else "fisher_scoring"
    method: Any = catalogue.method("fit", name)(
        lanes=SIDE_BY_SIDE, lanes_tolerance=TOLERANCE, lanes_radius_factor=1.0, polish=False
    )
    scale = here.scale
    return Refitter(
        problem,
        here.drive.evaluator,
        here.x,
        scale,
        method,
        Budget(seconds=seconds),
        progress or Progress("refits", shown=False),
    )
