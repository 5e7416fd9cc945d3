"""How far each number of a fit can be trusted, from the curvature of the cost at the estimate.

Never a number that is not backed: at a bound, along a flat direction and away from a minimum there is a note instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.covariance import Geometry, geometry, sandwich
from parametra.nouns.asker import Request, Want
from parametra.nouns.errors import MethodError
from parametra.nouns.problem import Problem
from parametra.runs.beside_bounds import beside_bounds
from parametra.runs.cost import Cost
from parametra.runs.drive import Drive
from parametra.verbs._hessian import hessian_at, rises_to_bound
from parametra.verbs.fit_constrained import Held, held_at, spread

KINDS = ("auto", "jacobian", "sandwich", "hessian")

_STATIONARY = 1e-4
"""Largest cosine between the residuals and a column of the Jacobian that still counts as stationary."""

_NO_STEP = 1e-4
"""A step to the minimum, in standard errors that are known, that is nothing however the residuals lie."""


@dataclass(frozen=True)
class Curvature:
    """What is known around an estimate, in box coordinates.

    Arguments:
        covariance: (d, d); rows of coordinates at a bound or flat are zero.
        at_lower, at_upper: coordinates that sit on a bound with the cost falling beyond it or flat.
        geometry: of the coordinates off their bounds, in the order of `inside`.
        inside: indices of those.
        scale: the factor of the residuals' standard deviation that was estimated; 1 when it is known.
        minimum: "" at a minimum; otherwise why it is none.
        distortion: (share, direction) of the worst departure of the cost from a parabola within one standard error.
        words: how the covariance was made.
        held: the constraints there, None where nothing is known.
        doubt: what stands in the place of the usual doubt where this is no minimum, "" for the usual one.
    """

    covariance: Float[np.ndarray, "d d"]
    at_lower: Bool[np.ndarray, " d"]
    at_upper: Bool[np.ndarray, " d"]
    geometry: Geometry
    inside: np.ndarray
    scale: float
    minimum: str
    distortion: float
    distorted: Float[np.ndarray, " d"]
    words: str
    residuals: np.ndarray = field(default_factory=lambda: np.empty(0))
    held: Held | None = None
    doubt: str = ""

    def flat(self, gradients: Float[np.ndarray, "q d"]) -> Bool[np.ndarray, " q"]:
        """Which quantities with these gradients the data do not tell."""
        return self.geometry.touches_flat(gradients[:, self.inside])

    def at_bound(self, gradients: Float[np.ndarray, "q d"]) -> Bool[np.ndarray, " q"]:
        """Which quantities depend on a coordinate that sits at a bound."""
        return np.any(np.abs(gradients[:, self.at_lower | self.at_upper]) > 0, axis=1)


def curvature(problem: Problem, drive: Drive, x: Float[np.ndarray, " d"], cost: float, kind: str) -> Curvature:
    """The covariance at an estimate, and every reason not to believe it.

    Arguments:
        problem: what was fitted.
        drive: evaluates, and counts.
        x: (d,) the estimate in box coordinates.
        cost: the cost there.
        kind: "jacobian", "sandwich", "hessian", or "auto": Jacobian, sandwich with a robust loss, Hessian of a
            likelihood without residuals.

    Raises:
        MethodError: an unknown kind, or one that the problem does not allow.
    """
    evaluator = drive.evaluator
    if kind not in KINDS:
        raise MethodError(f'covariance="{kind}": known here: {", ".join(KINDS)}.')
    if kind in ("jacobian", "sandwich") and not evaluator.cost.least_squares:
        raise MethodError(
            f'covariance="{kind}" needs residuals; this problem gives only a log-likelihood. Use "hessian".'
        )
    if not x.size:
        return _nothing_free(problem, drive, x)
    own_loss = bool(evaluator.cost.losses) and any(loss.name != "student_t" for _, _, loss in evaluator.cost.losses)
    if kind == "auto":
        kind = "sandwich" if own_loss else "jacobian" if evaluator.cost.least_squares else "hessian"
    if kind == "hessian":
        return _from_hessian(problem, drive, x, cost)
    return _from_jacobian(problem, drive, x, cost, kind)


def _nothing_free(problem: Problem, drive: Drive, x: np.ndarray) -> Curvature:
    """The residuals of a model without free parameters; there is no direction to look into."""
    none, empty = np.zeros(0, dtype=bool), np.zeros((0, 0))
    rows, scale, words = np.empty(0), 1.0, "none: nothing is free"
    if drive.evaluator.cost.least_squares:
        answers = drive.evaluator.with_cost(Cost(True)).evaluate(x[None], Want.RESIDUALS)
        rows = np.empty(0) if answers.residuals is None else np.asarray(answers.residuals)[0]
        scale = _scale(problem, rows, problem.degrees_of_freedom)[0]
    if problem.profiled is not None:
        words = f"that of {problem.profiled} from the residual sum of squares; nothing else is free"
    geo = Geometry(empty, empty, np.ones(0), empty, 1.0)
    held = held_at(problem, x, np.zeros(0), np.zeros(0))
    return Curvature(empty, none, none, geo, np.arange(0), scale, "", 1.0, np.zeros(0), words, rows, held)


def _from_jacobian(problem: Problem, drive: Drive, x: np.ndarray, cost: float, kind: str) -> Curvature:
    evaluator = drive.evaluator
    losses = evaluator.cost
    answers = evaluator.with_cost(Cost(True)).evaluate(x[None], Want.JACOBIAN)
    if answers.residuals is None or answers.jacobian is None or not answers.ok[0]:
        return unknown(x.size, "the Jacobian is not finite there")
    r, jacobian = answers.residuals[0], answers.jacobian[0]
    row, pull = losses.factors(r) if losses.losses else (np.ones_like(r), np.ones_like(r))
    weighted = jacobian * row[:, None]
    gradient = weighted.T @ (r * pull)
    held = held_at(problem, x, gradient, _lengths(weighted))
    gradient = gradient + held.pull
    lower, upper = _at_bounds(problem, x, gradient, weighted)
    inside = np.flatnonzero(~(lower | upper))
    exact = evaluator.derivative != "central differences"
    geo = _along(weighted[:, inside], held, inside, 1e-11 if exact else 1e-6, _sizes(problem, x)[inside])
    freedom = problem.degrees_of_freedom
    scale, words = _scale(problem, r, freedom)
    if kind == "sandwich":
        part = sandwich(jacobian[:, inside], r * pull * row, geo)
        words = "sandwich covariance A^-1 B A^-1 with the HC1 correction, valid when the scatter is not as stated"
    else:
        part = geo.covariance * scale**2
    covariance = np.zeros((x.size, x.size))
    covariance[np.ix_(inside, inside)] = part
    minimum = held.missed
    known = problem.profiled is None
    if not (minimum or (known and np.linalg.norm(gradient[inside] @ geo.steps) <= _NO_STEP)):
        minimum = _not_stationary(gradient[inside], weighted[:, inside], r * pull, x, exact)
    steps = np.zeros((x.size, geo.steps.shape[1]))
    steps[inside] = geo.steps * max(scale, 0.0)
    distortion, distorted, found = _shape(problem, drive, x, cost, steps, scale)
    return Curvature(
        covariance, lower, upper, geo, inside, scale, minimum or found, distortion, distorted, words, r, held
    )


def _from_hessian(problem: Problem, drive: Drive, x: np.ndarray, cost: float) -> Curvature:
    d = x.size
    space = problem.fit_space
    want = Want.NORMAL if drive.evaluator.cost.scores else Want.GRADIENT
    answers = drive.evaluate(Request(x[None], want, np.zeros(1, dtype=np.int64)))
    if answers.gradient is None or not answers.ok[0]:
        return unknown(d, "the gradient is not finite there")
    gradient = answers.gradient[0]
    width = np.where(np.isfinite(space.upper - space.lower), space.upper - space.lower, np.inf)
    size = np.minimum(np.maximum(np.abs(x), 1e-2 * space.sizes), width)
    close = 1e-7 * size
    held = held_at(problem, x, gradient, 1 / size)
    gradient = gradient + held.pull
    lower = (x - space.lower <= close) & (gradient >= 0)
    upper = (space.upper - x <= close) & (gradient <= 0)
    beside = np.flatnonzero((lower & (x > space.lower)) | (upper & (x < space.upper)))
    if beside.size:  # what is near in a wide box may be far for the cost
        off = beside[
            rises_to_bound(drive, x, float(answers.cost[0]), beside, np.where(lower, space.lower, space.upper))
        ]
        lower[off], upper[off] = False, False
    inside = np.flatnonzero(~(lower | upper))
    step = 6e-6 * size
    if answers.normal is not None:  # where the information is known, a share of a standard error
        curved = np.sqrt(np.diag(answers.normal[0]))
        step = np.where(curved > 0, np.minimum(1e-3 / np.where(curved > 0, curved, 1.0), 1e-2 * size), step)
    hessian = hessian_at(
        drive, x, float(answers.cost[0]), step, inside, np.asarray(space.lower), np.asarray(space.upper)
    )
    if hessian is None:
        return unknown(d, "the Hessian is not finite there")
    hessian = hessian + held.curvature[np.ix_(inside, inside)]
    left = held.basis(inside, 1 / size[inside]) if held.active.size else np.eye(inside.size)
    hessian = left.T @ hessian @ left
    root = np.sqrt(np.abs(np.diag(hessian)))
    root = np.where(root > 0, root, 1.0)
    values, vectors = np.linalg.eigh(hessian / np.outer(root, root))
    minimum = held.missed
    if values.size and values[0] < -1e-6:
        minimum = "the cost falls in one direction: this is a saddle, not a minimum"
    factor = (vectors * np.sqrt(np.clip(values, 0.0, None))).T * root
    geo = geometry(factor, tolerance=1e-4, size=_sizes(problem, x)[inside] if not held.active.size else None)
    if held.active.size:
        geo = spread(geo, left, 1 / size[inside])
    covariance = np.zeros((d, d))
    covariance[np.ix_(inside, inside)] = geo.covariance
    uphill = np.abs(gradient[inside]) @ np.sqrt(np.diag(geo.covariance)) if inside.size else 0.0
    if not minimum and uphill > 0.05:
        minimum = "the gradient is not zero there"
    steps = np.zeros((d, geo.steps.shape[1]))
    steps[inside] = geo.steps
    distortion, distorted, found = _shape(problem, drive, x, cost, steps, 1.0)
    words = "inverse of the Hessian of the negative log density (observed information)"
    none = np.empty(0)
    minimum = minimum or found
    return Curvature(covariance, lower, upper, geo, inside, 1.0, minimum, distortion, distorted, words, none, held)


def _lengths(jacobian: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(jacobian, axis=0)
    return np.where(lengths > 0, lengths, 1.0)


def _sizes(problem: Problem, x: np.ndarray) -> np.ndarray:
    """How large coordinates are, in their own units: of the estimate and the guess the larger, 1 where both are 0."""
    size = np.maximum(np.abs(x), np.abs(problem.fit_space.guess))
    return np.where(size > 0, size, 1.0)


def _along(jacobian: np.ndarray, held: Held, inside: np.ndarray, tolerance: float, size: np.ndarray) -> Geometry:
    """The geometry of a Jacobian along what the active constraints leave free."""
    if not held.active.size:
        return geometry(jacobian, tolerance=tolerance, size=size)
    scale = _lengths(jacobian)
    basis = held.basis(inside, scale)
    return spread(geometry(jacobian @ basis, tolerance=tolerance), basis, scale)


def _scale(problem: Problem, r: np.ndarray, freedom: int) -> tuple[float, str]:
    if problem.profiled is None:
        return 1.0, "inverse of J'J; the standard deviations of the data are taken as stated, not rescaled"
    rows = r[: problem.size]
    words = "inverse of J'J times s^2 = residual sum of squares / degrees of freedom, because sigma is estimated"
    return (float(np.sqrt(rows @ rows / freedom)) if freedom > 0 else np.nan), words


def _at_bounds(
    problem: Problem, x: np.ndarray, gradient: np.ndarray, jacobian: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates on a bound, with the cost not rising beyond it."""
    effects = np.linalg.norm(jacobian, axis=0)
    # a gradient that is only rounding has no direction
    noise = 1e-9 * problem.residual_size * effects
    lower, upper = beside_bounds(problem, x, effects)
    return lower & (gradient >= -noise), upper & (gradient <= noise)


def _not_stationary(gradient: np.ndarray, jacobian: np.ndarray, r: np.ndarray, x: np.ndarray, exact: bool) -> str:
    length = np.linalg.norm(jacobian, axis=0) * np.linalg.norm(r)
    cosine = np.max(np.abs(gradient) / np.where(length > 0, length, 1.0), initial=0.0)
    tiny = np.linalg.norm(r) <= 1e-9 * max(np.linalg.norm(jacobian * x[: jacobian.shape[1]]), 1e-300)
    if cosine > (_STATIONARY if exact else 1e-3) and not tiny:
        return f"the gradient is not zero there (cosine with the residuals {cosine:.1g})"
    return ""


def _shape(
    problem: Problem, drive: Drive, x: np.ndarray, cost: float, steps: np.ndarray, scale: float
) -> tuple[float, np.ndarray, str]:
    """Walk one standard error each way along each determined direction: a parabola rises by scale^2 / 2.

    Returns the worst ratio of the rise to that (1 is a parabola), the direction, and why it is no minimum, if so.
    """
    none = (1.0, np.zeros(x.size), "")
    expected, nothing = 0.5 * scale**2, 1e-24 * problem.residual_size**2
    if not steps.size or not np.isfinite(expected) or expected <= 1e-14 * max(cost, 1e-300) or expected <= nothing:
        return none
    space = problem.fit_space
    both = np.concatenate([x + steps.T, x - steps.T])
    within = ((both > space.lower) & (both < space.upper)).all(axis=1)
    if not within.any():
        return none
    kept = both[within]
    answers = drive.evaluate(Request(kept, Want.COST, np.full(len(kept), -1)))
    rise = np.where(answers.ok, (answers.cost - cost) / expected, np.inf)
    worst_low, worst_high = float(rise.min()), float(rise.max())
    if worst_low < -1e-3:
        return worst_low, kept[int(rise.argmin())] - x, "one standard error away the cost is lower: this is no minimum"
    if 1 / max(worst_low, 1e-9) > worst_high:
        return worst_low, kept[int(rise.argmin())] - x, ""
    return worst_high, kept[int(rise.argmax())] - x, ""


def unknown(d: int, why: str) -> Curvature:
    """No curvature, and why."""
    no = np.zeros(d, dtype=bool)
    empty = Geometry(np.zeros((d, d)), np.zeros((d, 0)), np.ones(d), np.zeros((d, 0)), np.inf)
    return Curvature(np.zeros((d, d)), no, no, empty, np.arange(d), np.nan, why, 1.0, np.zeros(d), "none")
