"""One start to the last digit: More's trust region on the Jacobian's singular values, bounds as Coleman and Li.

    first    evaluate the start
    descent  trust-region steps until the cost and the step stop changing; an end that is no minimum (a plateau, a
             valley to infinity, a singular Jacobian) is kept, and the descent begins again with the next initial radius
             with acceleration each step is probed a tenth of the way first, which tells how it should bend
    polish   undamped Gauss-Newton steps over the coordinates that no bound holds, while they help

J is used through the triangle of [J r] = Q [R q], so that a step costs d^3 whatever the number of data, and never
through J'J, which would halve the digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.gauss_newton import GaussNewton, gauss_newton
from parametra.maths.trust_region import (
    affine_scaling,
    room,
    step_by_singular_values,
    strictly_inside,
    turned_at_bounds,
)
from parametra.methods.fit._acceleration import corrected, probe
from parametra.nouns.asker import Answers, Ending

_COSINE = 1e-4  # of the residuals with what the Jacobian can still change: above it, another radius is tried
_NO_MINIMUM = 1e-2  # the same: above it, the end is called no minimum
_SMALL_STEP = 1e-6  # a relative Gauss-Newton step that is nothing, also where the residuals themselves are nothing
_NOTHING = 1e-14  # a relative Gauss-Newton step that ends the polishing
_NOISE = 1e-10  # a relative change of the cost that rounding may have made
_NO_RISE = 1e-12  # a relative rise of the cost that is rounding
_ROUNDING = 1e-8  # the same where the residuals are small beside the data, told from a rise by a shorter next step


class Phase(Enum):
    """Where a start stands."""

    FIRST = 0
    DESCENT = 1
    ACCELERATE = 2
    POLISH = 3
    DONE = 4


@dataclass(frozen=True)
class Rules:
    """The settings that one start needs: initial radii in turn, tolerances, limits, and what is added to |cost|."""

    radius_factors: tuple[float, ...]
    cost_tolerance: float
    step_tolerance: float
    maximum_iterations: int
    polishing_steps: int
    cost_offset: float = 0.0

    def size(self, anchor: Anchor) -> float:
        """What changes of the cost are compared with: the cost itself where it is a sum of squares."""
        return abs(anchor.cost) + self.cost_offset


@dataclass(frozen=True)
class Anchor:
    """The point reached, with the triangle of its Jacobian (k = min(m, d)) and the lengths of its columns."""

    x: Float[np.ndarray, " d"]
    cost: float
    triangle: Float[np.ndarray, "k d"]
    rotated: Float[np.ndarray, " k"]
    gradient: Float[np.ndarray, " d"]
    columns: Float[np.ndarray, " d"]
    norm: float
    residuals: Float[np.ndarray, " m"]
    jacobian: Float[np.ndarray, "m d"]


@dataclass(frozen=True)
class Frame:
    """The scaled problem at an anchor: units d, the diagonal of C, and the singular values of [R d; sqrt(C)]."""

    units: Float[np.ndarray, " d"]
    curvature: Float[np.ndarray, " d"] | None
    singular: Float[np.ndarray, " k"]
    projected: Float[np.ndarray, " k"]
    right: Float[np.ndarray, "k d"]


@dataclass(frozen=True)
class Trial:
    """The point asked next, the length of its scaled step, the fall of cost that the model predicts, and C's share."""

    x: Float[np.ndarray, " d"]
    length: float
    predicted: float
    correction: float


@dataclass(frozen=True)
class End:
    """Where an attempt ended: the point, what a Gauss-Newton step says of it, and why it ended ("" for a limit)."""

    anchor: Anchor
    judged: GaussNewton
    reason: str

    @property
    def certain(self) -> bool:
        """Whether this is a minimum beyond doubt, so that no other initial radius need be tried."""
        still = self.judged.cosine <= _COSINE or self.judged.relative_step <= _SMALL_STEP
        return still and self.judged.full_rank and self.reason != ""


@dataclass(frozen=True)
class Single:
    """The whole state of one start; nothing in it changes in place."""

    index: int
    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    bounded: bool
    accelerate: bool
    start: Float[np.ndarray, " d"]
    phase: Phase
    attempt: int
    iterations: int
    attempt_iterations: int
    trial: Trial
    plain: Trial
    anchor: Anchor | None
    frame: Frame | None
    scale: Float[np.ndarray, " d"]
    radius: float
    damping: float
    polished: int
    first: Anchor | None
    kept: End | None
    reason: str
    ending: Ending


def replace(state: Single, **changes: Any) -> Single:
    """`dataclasses.replace`, which costs 8 microseconds, a tenth of a step of a small fit, without its checks."""
    changed = object.__new__(Single)
    changed.__dict__.update(state.__dict__)
    changed.__dict__.update(changes)
    return changed


def begin(
    index: int,
    start: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    *,
    accelerate: bool = False,
) -> Single:
    """A start that has not been evaluated yet; it is moved strictly inside the bounds."""
    x = strictly_inside(start, lower, upper, 1e-10)
    return Single(
        index=index,
        lower=lower,
        upper=upper,
        bounded=bool(np.isfinite(lower).any() or np.isfinite(upper).any()),
        accelerate=accelerate,
        start=x,
        phase=Phase.FIRST,
        attempt=0,
        iterations=0,
        attempt_iterations=0,
        trial=Trial(x, 0.0, 0.0, 0.0),
        plain=Trial(x, 0.0, 0.0, 0.0),
        anchor=None,
        frame=None,
        scale=np.zeros(x.size),
        radius=0.0,
        damping=0.0,
        polished=0,
        first=None,
        kept=None,
        reason="",
        ending=Ending.RUNNING,
    )


def advance(state: Single, answers: Answers, rules: Rules) -> Single:
    """The state after the answer (residuals and Jacobian, or residuals of a probe) at `state.trial.x`."""
    if state.phase is Phase.ACCELERATE:
        with np.errstate(all="ignore"):
            return _accelerated(state, answers)
    reached = _reduced(state.trial.x, answers)
    with np.errstate(all="ignore"):
        if state.phase is Phase.FIRST:
            if reached is None:
                return replace(
                    state,
                    phase=Phase.DONE,
                    ending=Ending.FAILED,
                    reason="the model could not be evaluated at the start; choose another one",
                )
            return _descend_from(replace(state, first=reached), reached, rules)
        if state.phase is Phase.DESCENT:
            return _descended(state, reached, rules)
        return _polished(state, reached, rules)


def best_point(state: Single) -> tuple[Float[np.ndarray, " d"], float]:
    """The lowest point so far and its cost; the start and infinity before anything was evaluated."""
    anchor = state.anchor
    if anchor is None:
        return state.start, math.inf
    if (
        state.phase in (Phase.DESCENT, Phase.ACCELERATE)
        and state.kept is not None
        and state.kept.anchor.cost < anchor.cost
    ):
        anchor = state.kept.anchor
    return anchor.x, anchor.cost


@lru_cache(maxsize=64)
def _upper(rows: int, columns: int) -> Float[np.ndarray, "rows columns"]:
    return np.triu(np.ones((rows, columns)))


def _reduced(x: Float[np.ndarray, " d"], answers: Answers) -> Anchor | None:
    """The anchor of an answer, or None where the model failed or gave no finite Jacobian."""
    residuals, jacobian = answers.residuals, answers.jacobian
    if residuals is None or jacobian is None or not answers.ok[0]:
        return None
    cost = float(answers.cost[0])
    augmented = np.concatenate([jacobian[0], residuals[0][:, None]], axis=1)
    if not (math.isfinite(cost) and math.isfinite(augmented.sum())):
        return None
    # LAPACK's own form holds R above the diagonal and reflections below it; the mask is cheaper than mode="r"
    packed: np.ndarray = np.linalg.qr(augmented, mode="raw")[0].T
    size = x.size
    rows = min(packed.shape)
    triangle = packed[:rows] * _upper(rows, size + 1)
    # The last row holds what no parameter can explain: its length, and no direction.
    last = triangle[:, size]
    norm = math.sqrt(last.dot(last))
    rotated, triangle = triangle[:size, size], triangle[:size, :size]
    columns = np.sqrt((triangle * triangle).sum(0))
    return Anchor(x, cost, triangle, rotated, rotated.dot(triangle), columns, norm, residuals[0], jacobian[0])


def _descend_from(state: Single, anchor: Anchor, rules: Rules) -> Single:
    """The first step of an attempt, its region being a factor times the scaled length of the start (More 1978)."""
    scale = np.where(anchor.columns > 0.0, anchor.columns, 1.0)
    frame = _framed(anchor, scale, state)
    scaled = anchor.x / frame.units
    length = math.sqrt(scaled.dot(scaled))
    radius = rules.radius_factors[state.attempt] * (length if length > 0.0 else 1.0)
    fresh = replace(
        state,
        phase=Phase.DESCENT,
        anchor=anchor,
        frame=frame,
        scale=scale,
        radius=radius,
        damping=0.0,
        attempt_iterations=0,
    )
    return _with_trial(fresh, anchor, frame, scale, radius)


def _framed(anchor: Anchor, scale: Float[np.ndarray, " d"], state: Single) -> Frame:
    """The scaled problem of More (no bounds) or of Branch, Coleman and Li."""
    if not state.bounded:
        units, curvature = 1.0 / scale, None
        matrix, right_side = anchor.triangle * units, anchor.rotated
    else:
        v, slope = affine_scaling(anchor.x, anchor.gradient, state.lower, state.upper)
        held = slope != 0.0
        units = np.where(held, np.sqrt(v * scale), 1.0) / scale
        curvature = np.where(held, np.abs(anchor.gradient) / scale, 0.0)
        matrix = np.concatenate([anchor.triangle * units, np.diag(np.sqrt(curvature))])
        right_side = np.concatenate([anchor.rotated, np.zeros(scale.size)])
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    return Frame(units, curvature, singular, right_side.dot(left), right)


def _with_trial(state: Single, anchor: Anchor, frame: Frame, scale: Float[np.ndarray, " d"], radius: float) -> Single:
    """The state with its next point, for this anchor and this region."""
    hat, damping = step_by_singular_values(frame.singular, frame.projected, frame.right, radius, state.damping)
    if state.bounded and (room(anchor.x, frame.units * hat, state.lower, state.upper) <= 1.0).any():
        hat = _turned(state, anchor, frame, hat, radius)
    step = frame.units * hat
    x = anchor.x + step
    if state.bounded:
        x = strictly_inside(x, state.lower, state.upper, 0.0)
    linear = anchor.triangle.dot(step)
    share = 0.0 if frame.curvature is None else 0.5 * float((hat * hat).dot(frame.curvature))
    predicted = -float(anchor.gradient.dot(step) + 0.5 * linear.dot(linear)) - share
    trial = Trial(x, math.sqrt(hat.dot(hat)), predicted, share)
    state = replace(state, anchor=anchor, frame=frame, scale=scale, radius=radius, damping=damping, trial=trial)
    # with a robust loss residuals and Jacobian are scaled each in its way, so that one does not bend as the other says
    squares = abs(2.0 * anchor.cost - float(anchor.residuals.dot(anchor.residuals))) <= 1e-9 * abs(anchor.cost)
    if not (state.accelerate and squares and trial.predicted > 0.0):
        return state
    point = probe(anchor.x, trial.x, state.lower, state.upper)
    if point is None:
        return state
    return replace(state, phase=Phase.ACCELERATE, plain=trial, trial=Trial(point, 0.0, 0.0, 0.0))


def _accelerated(state: Single, answers: Answers) -> Single:
    """After a probe: the trial it corrects, or the plain one."""
    anchor, frame, plain = state.anchor, state.frame, state.plain
    state = replace(state, phase=Phase.DESCENT, trial=plain)
    if anchor is None or frame is None or answers.residuals is None or not answers.ok[0]:
        return state
    x = corrected(
        x=anchor.x,
        target=plain.x,
        residuals=anchor.residuals,
        jacobian=anchor.jacobian,
        probed=answers.residuals[0],
        units=frame.units,
        singular=frame.singular,
        right=frame.right,
        damping=state.damping,
    )
    if x is None or not np.isfinite(x).all():
        return state
    if state.bounded:
        x = strictly_inside(x, state.lower, state.upper, 0.0)
    return replace(state, trial=Trial(x, plain.length, plain.predicted, plain.correction))


def _turned(
    state: Single, anchor: Anchor, frame: Frame, hat: Float[np.ndarray, " d"], radius: float
) -> Float[np.ndarray, " d"]:
    """The scaled step that stays in the box when the region's own one does not."""
    scaled = anchor.triangle * frame.units
    hessian = scaled.T @ scaled
    if frame.curvature is not None:
        hessian[np.diag_indices_from(hessian)] += frame.curvature
    gradient = anchor.gradient * frame.units
    steepness = math.sqrt(gradient.dot(gradient)) / max(anchor.norm, 1e-300)
    return turned_at_bounds(
        x=anchor.x[None],
        units=frame.units[None],
        hessian=hessian[None],
        gradient=gradient[None],
        step=hat[None],
        radius=np.array([radius]),
        theta=np.array([max(0.995, 1.0 - steepness)]),
        lower=state.lower,
        upper=state.upper,
    )[0]


def _descended(state: Single, reached: Anchor | None, rules: Rules) -> Single:
    """After one trial: accept or not, set the region (More 1978, section 7), and stop, restart or go on."""
    anchor, frame, trial = state.anchor, state.frame, state.trial
    if anchor is None or frame is None:
        return state
    count = state.attempt_iterations + 1
    state = replace(state, iterations=state.iterations + 1, attempt_iterations=count)
    actual = anchor.cost - reached.cost if reached is not None else -math.inf
    ratio = (actual - trial.correction) / trial.predicted if trial.predicted > 0.0 else -1.0
    radius = min(state.radius, trial.length) if count == 1 else state.radius
    if not ratio >= 0.25:
        radius = 0.25 * min(radius, trial.length)
    elif ratio > 0.75 or state.damping == 0.0:
        radius = 2.0 * trial.length
    scale = state.scale
    scaled = trial.x / frame.units
    still = trial.length <= rules.step_tolerance * math.sqrt(scaled.dot(scaled))
    size = rules.size(anchor)
    largest = max(abs(actual), trial.predicted) / size if size > 0.0 else 0.0
    # Where the promise is tiny and not kept, the cost is at its own rounding: smaller steps would not mend that.
    flat = largest <= rules.cost_tolerance or (largest <= _NOISE and not ratio >= 0.25)
    if reached is not None and ratio > 1e-4 and actual >= 0.0:
        scale = np.maximum(scale, reached.columns)
        anchor = reached
        frame = None
    if flat or still or trial.predicted <= 0.0 or rules.size(anchor) == 0.0:
        told = "the cost" if flat else "the step"
        tolerance = rules.cost_tolerance if flat else rules.step_tolerance
        return _ended(replace(state, anchor=anchor), f"{told} changed by less than {tolerance:g} of itself", rules)
    if count >= rules.maximum_iterations:
        return _ended(replace(state, anchor=anchor), "", rules)
    return _with_trial(state, anchor, frame or _framed(anchor, scale, state), scale, radius)


def _ended(state: Single, reason: str, rules: Rules) -> Single:
    """The end of an attempt: try the next radius when this is no minimum, then polish the better end."""
    anchor, kept, first = state.anchor, state.kept, state.first
    if anchor is None or first is None:
        return state
    end = End(anchor, _judged(state, anchor), reason)
    better = end if kept is None or anchor.cost < kept.anchor.cost else kept
    if not end.certain and state.attempt + 1 < len(rules.radius_factors):
        return _descend_from(replace(state, attempt=state.attempt + 1, kept=better), first, rules)
    state = replace(state, phase=Phase.POLISH, anchor=better.anchor, kept=better)
    return _with_polishing_point(state, better.judged, rules)


def _judged(state: Single, anchor: Anchor) -> GaussNewton:
    return gauss_newton(
        x=anchor.x,
        triangle=anchor.triangle,
        rotated=anchor.rotated,
        norm=anchor.norm,
        lower=state.lower,
        upper=state.upper,
    )


def _with_polishing_point(state: Single, judged: GaussNewton, rules: Rules) -> Single:
    """Ask for the Gauss-Newton point, or end when it is here or when enough were asked for."""
    if state.polished >= rules.polishing_steps or judged.relative_step <= _NOTHING or not math.isfinite(judged.cosine):
        return _finished(state, judged)
    return replace(state, trial=Trial(judged.target, 0.0, 0.0, 0.0))


def _polished(state: Single, reached: Anchor | None, rules: Rules) -> Single:
    """After one polishing step: it is kept while the cost does not rise and the next step is shorter."""
    anchor = state.anchor
    if anchor is None:
        return state
    state = replace(state, iterations=state.iterations + 1, polished=state.polished + 1)
    before = _judged(state, anchor)
    if reached is None:
        return _finished(state, before)
    after = _judged(state, reached)
    size = rules.size(anchor)
    rise = (reached.cost - anchor.cost) / size if size > 0.0 else math.inf
    shrunk = after.relative_step / before.relative_step
    if not (rise < -_NO_RISE or (rise <= _NO_RISE and shrunk < 1.0) or (rise <= _ROUNDING and shrunk < 0.5)):
        return _finished(state, before)
    return _with_polishing_point(replace(state, anchor=reached), after, rules)


def _finished(state: Single, judged: GaussNewton) -> Single:
    """The last state, with how it ended and why in words."""
    reason = state.kept.reason if state.kept is not None else ""
    tries = f" ({state.attempt + 1} initial radii tried)" if state.attempt > 0 else ""
    if judged.cosine > _NO_MINIMUM and judged.relative_step > _SMALL_STEP:
        ending = Ending.FAILED if reason else Ending.LIMIT
        why = reason or "the largest number of iterations was reached"
        reason = f"{why}, but this is no minimum: a plateau, a valley to infinity or a wrong gradient{tries}"
    elif not reason and judged.cosine > _COSINE and judged.relative_step > _SMALL_STEP:
        ending, reason = Ending.LIMIT, f"the largest number of iterations was reached{tries}"
    else:
        ending, reason = Ending.CONVERGED, (reason or "a Gauss-Newton step no longer moves the point") + tries
        if not judged.full_rank:
            reason += "; some combination of parameters has no effect on the data here"
    return replace(state, phase=Phase.DONE, ending=ending, reason=reason)
