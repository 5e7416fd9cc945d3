"""A fitted problem that can be asked further: where it was fitted, its cost around there, and what that means.

What `identify`, `compare` and `design` begin with: a `Fit` is numbers alone, and these verbs want the problem too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.arrays import Float
from parametra.nouns.asker import Answers, Request, Want
from parametra.nouns.errors import MethodError
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs.fit_choice import choose_method, cost_of, stated_loss
from parametra.verbs.fit_guess import seen_from
from parametra.verbs.fit_tolerance import as_fitted
from parametra.verbs.fit_uncertainty import Curvature, curvature

_SAME = 1e-2
"""How far the residuals of a fit may be from what they are when they are computed again, as with another solver."""

LANES = 32
"""Points that are asked at once; it decides whether compiling pays."""


@dataclass(frozen=True)
class AtEstimate:
    """A problem at its estimate, in the coordinates of its box.

    Arguments:
        problem: its discrete parameters held at the values that were chosen.
        fit: what was found.
        drive: evaluates what is asked, and counts.
        x: (d,) the estimate in `problem.fit_space`.
        cost: there: 1/2 sum r^2 (r not divided by sigma where one common sigma is estimated), or -log density.
        around: the curvature there.
    """

    problem: Problem
    fit: Fit
    drive: Drive
    x: Float[np.ndarray, " d"]
    cost: float
    around: Curvature

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return tuple(self.problem.fit_space.labels)

    @property
    def scale(self) -> float:
        """The estimated standard deviation of the residuals; 1 where it is known or part of the density.

        The cost rises by scale^2 / 2 within one standard error.
        """
        return self.around.scale

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `scale`; infinite where it is known."""
        return np.inf if self.problem.profiled is None else float(self.problem.degrees_of_freedom)

    def ask(self, points: Float[np.ndarray, "B d"], want: Want) -> Answers:
        """Evaluate points of the box; what fails has ok False and a cost of infinity."""
        return self.drive.evaluate(Request(points, want, np.zeros(len(points), dtype=np.int64)))

    def named(self, x: Float[np.ndarray, " d"]) -> dict[str, Any]:
        """Values by name at a point of the box."""
        return dict(self.problem.fit_space.to_named(x))


def at_estimate(
    problem: Problem,
    fit: Fit,
    *,
    evaluator: str = "auto",
    lanes: int = LANES,
    progress: Progress | None = None,
    budget: Budget | None = None,
) -> AtEstimate:
    """A fitted problem, ready to be asked further.

    Arguments:
        problem: what was fitted.
        fit: what was found.
        evaluator: "auto", "direct" or "compiled".
        lanes: how many points will be asked at once.
        progress, budget: of the run that asks; None is silent and without limit.

    Raises:
        MethodError: nothing was found, or the fit is of another problem.
    """
    if not fit.starts.basins:
        raise MethodError(f"the fit found nothing to go on from: {fit.status.message}")
    problem = (
        problem.with_fixed({n: fit.values[n] for n in problem.space.discrete}) if problem.space.discrete else problem
    )
    missing = sorted(set(problem.fit_space.names) - set(fit.values))
    if missing:
        raise MethodError(f"the fit has no {', '.join(missing)}: it is of another problem. Fit this one first.")
    problem = seen_from(as_fitted(problem, fit), fit.values)
    loss = stated_loss(_text(fit.receipt.settings, "loss"), float(fit.receipt.settings.get("loss_scale") or 1.0))
    cost = cost_of(problem, loss, catalogue.card("fit", choose_method(problem, "auto", loss).method))
    asked = choose_evaluator(problem, cost, lanes, evaluator)
    drive = Drive(asked, budget or Budget(), progress or Progress(problem.title, shown=False), wish=evaluator)
    x = np.asarray(problem.fit_space.from_named({n: fit.values[n] for n in problem.fit_space.names}))
    with np.errstate(all="ignore"):
        there = drive.evaluate(Request(x[None], Want.COST, np.zeros(1, dtype=np.int64)))
        around = curvature(problem, drive, x, float(there.cost[0]), _text(fit.receipt.settings, "covariance") or "auto")
    at = AtEstimate(problem, fit, drive, x, float(there.cost[0]), around)
    _check_same(at)
    return at


def _check_same(at: AtEstimate) -> None:
    """Raises MethodError where the numbers of the fit are those of other data, or of another model."""
    rows = at.around.residuals[: at.problem.size]
    if rows.size and np.isfinite(at.fit.chi_square):
        here, then = float(rows @ rows), at.fit.chi_square
        size = max(abs(here), abs(then), 1e-9 * at.problem.size)
    elif not at.problem.space.explicit_priors and np.isfinite(at.fit.log_likelihood):
        here, then = -at.cost, at.fit.log_likelihood
        size = 1 + abs(then)
    else:
        return
    if np.isfinite(here) and abs(here - then) > _SAME * size:
        raise MethodError(
            "the fit is of another problem: with these data and this model its estimate gives other residuals. Fit "
            "this problem first."
        )


def _text(settings: Mapping[str, Any], name: str) -> str | None:
    value = settings.get(name)
    return value if isinstance(value, str) else None
