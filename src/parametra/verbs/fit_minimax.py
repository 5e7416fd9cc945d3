"""The result of a fit with an adversary: worst cases instead of errors, and whether it is a minimax point at all.

A minimax point is no minimum of the cost, so nothing that follows from one is said of it: no covariance, no test of
the model. What is tested is the second-order condition of a local minimax point (see `maths/minimax.py`), and, because
that says nothing of the rest of the adversary's range, the cost at its corners and at random points of it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.covariance import Geometry
from parametra.maths.minimax import equilibrated, second_order
from parametra.nouns.asker import Request, Want
from parametra.nouns.errors import MethodError
from parametra.nouns.fit_record import Row
from parametra.nouns.fit_result import Fit
from parametra.nouns.keys import generator
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome, Status
from parametra.runs.cost import Cost
from parametra.runs.drive import Drive
from parametra.verbs.fit_uncertainty import Curvature

_CORNERS = 6
"""Adversary's coordinates whose corners are all tried."""

_STEP = 6e-6
_STATIONARY = 3e-4
_WORDS = (
    "none: with an adversary the estimate is the best under the worst case, no minimum of the cost, so its curvature "
    "gives no standard errors; the adversary's values are worst cases within their bounds, not estimates. A bootstrap "
    "tells how far the others scatter"
)


@dataclass(frozen=True)
class _Around:
    """What is known around a minimax point.

    Arguments:
        wrong: why it is none, "" when nothing was found.
        worse: how the adversary could do more harm, "" when no way was found.
    """

    wrong: str
    worse: str


def no_curvature(problem: Problem, drive: Drive, x: np.ndarray, cost: float, kind: str) -> Curvature:
    """What takes the place of a covariance, so that nothing is derived from one; its arguments are `curvature`'s.

    Raises:
        MethodError: a kind of covariance was asked for.
    """
    if kind != "auto":
        raise MethodError(
            f'covariance="{kind}": a fit with an adversary ({", ".join(problem.adversary)}) is no minimum, whose '
            'curvature would give errors. Leave it at "auto".'
        )
    del cost
    d = x.size
    residuals = np.empty(0)
    if drive.evaluator.cost.least_squares:
        answers = drive.evaluator.with_cost(Cost(True)).evaluate(x[None], Want.RESIDUALS)
        residuals = residuals if answers.residuals is None else answers.residuals[0]
    no = np.zeros(d, dtype=bool)
    empty = Geometry(np.zeros((d, d)), np.zeros((d, 0)), np.ones(d), np.zeros((d, 0)), 1.0)
    return Curvature(
        np.zeros((d, d)), no, no, empty, np.arange(d), 1.0, "", 1.0, np.zeros(d), _WORDS, residuals=residuals
    )


def as_minimax(problem: Problem, drive: Drive, x: np.ndarray, cost: float, fit: Fit) -> Fit:
    """A fit told as what it is where an adversary took part.

    Arguments:
        problem: what was fitted.
        drive: evaluates, and counts.
        x, cost: (d,) where it ended, and the cost there; NaN when nothing could be evaluated.
        fit: the result with `no_curvature` in the place of a covariance.
    """
    rows = tuple(_row(problem, x, row) for row in fit.rows)
    plain = replace(
        fit,
        rows=rows,
        covariance_labels=(),
        covariance=np.zeros((0, 0)),
        estimator=f"minimax over {', '.join(problem.adversary)} of the {fit.estimator} cost",
        uncertainty=_WORDS,
    )
    if not np.isfinite(cost):
        return plain
    with np.errstate(all="ignore"):
        around = _look_around(problem, drive, x, cost)
    status = fit.status
    doubts: list[str] = []
    if around.wrong and status.ok:
        doubts.append(f"this is not an established minimax point: {around.wrong}. Try more starts or a longer run.")
        status = Status(Outcome.CONVERGED, f"{status.message}; but see the doubts: {around.wrong}")
    if around.worse:
        doubts.append(around.worse)
    return replace(plain, status=status, doubts=(*doubts, *fit.doubts))


def _row(problem: Problem, x: np.ndarray, row: Row) -> Row:
    if row.role in ("fixed", "choice"):
        return row
    row = replace(row, standard_error=None, interval=None, note="")
    if row.name not in problem.adversary:
        return row
    space = problem.fit_space
    here = space.labels.index(row.label)
    side = "lower" if x[here] <= space.lower[here] else "upper" if x[here] >= space.upper[here] else ""
    return replace(row, note="worst case" + (f", at its {side} bound" if side else ""))


def _look_around(problem: Problem, drive: Drive, x: np.ndarray, cost: float) -> _Around:
    space = problem.search_space()
    against = space.adversary
    if against is None:
        return _Around("", "")
    return _Around(
        _wrong(problem, drive, x, cost, against),
        _worse(problem, drive, x, cost, against),
    )


def _wrong(problem: Problem, drive: Drive, x: np.ndarray, cost: float, against: np.ndarray) -> str:
    """Why it is no local minimax point: central differences of the gradient, then the second-order condition."""
    space, d = problem.fit_space, x.size
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    width = np.where(np.isfinite(upper - lower), upper - lower, np.inf)
    size = np.minimum(np.maximum(np.abs(x), np.minimum(1e-2, 0.1 * width)), width)
    ups, downs = np.minimum(x + np.diag(_STEP * size), upper), np.maximum(x - np.diag(_STEP * size), lower)
    points = np.concatenate([x[None], ups, downs])
    answers = drive.evaluate(Request(points, Want.GRADIENT, np.full(len(points), -1)))
    if answers.gradient is None or not answers.ok.all():
        return "the gradient is not finite there"
    gradient = answers.gradient[0]
    hessian = (answers.gradient[1 : d + 1] - answers.gradient[d + 1 :]) / np.diagonal(ups - downs)[:, None]
    hessian = 0.5 * (hessian + hessian.T)
    unit = equilibrated(hessian, size, np.inf)
    field = np.where(against, -gradient, gradient)
    residual = np.abs(np.clip(x - unit**2 * field, lower, upper) - x) / unit
    share = float(np.nan_to_num(residual, nan=np.inf).max(initial=0.0)) / max(np.sqrt(abs(cost)), 1e-300)
    nothing = np.all(residual * unit <= 1e-6 * size)
    if share > _STATIONARY and not nothing:
        label = space.labels[int(np.argmax(np.nan_to_num(residual, nan=np.inf)))]
        return f"the gradient is not zero there, mostly along {label}"
    return second_order(hessian, against, x, lower, upper, unit)


def _worse(problem: Problem, drive: Drive, x: np.ndarray, cost: float, against: np.ndarray) -> str:
    """Whether the adversary does more harm elsewhere in its range while the others stay."""
    space = problem.fit_space
    mine = np.flatnonzero(against)
    low, high = np.asarray(space.lower)[mine], np.asarray(space.upper)[mine]
    draws = generator(0, "fit.adversary", 0).uniform(low, high, (32, mine.size))
    if mine.size <= _CORNERS:
        corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
        draws = np.concatenate([corners, draws])
    points = np.repeat(x[None], len(draws), axis=0)
    points[:, mine] = np.clip(draws, low, high)
    answers = drive.evaluate(Request(points, Want.COST, np.full(len(points), -1)))
    found = np.where(answers.ok, answers.cost, -np.inf)
    worst = int(np.argmax(found))
    if found[worst] <= cost + 1e-6 * (1 + abs(cost)):
        return ""
    named = space.to_named(points[worst])
    where = ", ".join(f"{name}={np.asarray(named[name]).round(6).tolist()}" for name in problem.adversary)
    return (
        f"this is a worst case only nearby: at {where} the adversary raises the cost from {cost:.6g} to "
        f"{found[worst]:.6g}. Where the cost bends upwards in the adversary, state the worst mixture of its values "
        "instead, or fit for each end of its range and compare."
    )
