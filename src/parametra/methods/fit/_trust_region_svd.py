"""One start to the last digit: More's trust region on the Jacobian's singular values, bounds as Coleman and Li.

    first    evaluate the start
    descent  trust-region steps until the cost and the step stop changing; an end that is no minimum (a plateau, a
             valley to infinity, a singular Jacobian) is kept, and the descent begins again with the next initial radius
             with acceleration each step is probed a tenth of the way first, which tells how it should bend
    then     see `_trust_region_end.py`

J is used through the triangle of [J r] = Q [R q], so that a step costs d^3 whatever the number of data, and never
through J'J, which would halve the digits.
"""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.trust_region import (
    affine_scaling,
    room,
    step_by_singular_values,
    strictly_inside,
    turned_at_bounds,
)
from parametra.methods.fit._acceleration import corrected, probe
from parametra.methods.fit._trust_region_end import looked, polished, with_polishing_point
from parametra.methods.fit._trust_region_single import (
    Anchor,
    End,
    Frame,
    Phase,
    Rules,
    Single,
    Trial,
    judged_at,
    magnitude,
    reduced,
    replace,
    unmoved_scale,
    whole_length,
)
from parametra.nouns.asker import Answers, Ending

_NOISE = 1e-10  # a relative change of the cost that rounding may have made


def advance(state: Single, answers: Answers, rules: Rules) -> Single:
    """The state after the answer (residuals and Jacobian, or residuals of a probe) at `state.trial.x`."""
    if state.phase is Phase.ACCELERATE:
        with np.errstate(all="ignore"):
            return _accelerated(state, answers)
    reached = reduced(state.trial.x, answers)
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
        if state.phase is Phase.LOOK:
            return looked(state, reached)
        return polished(state, reached, rules)


def _descend_from(state: Single, anchor: Anchor, rules: Rules) -> Single:
    """The first step of an attempt, its region being a factor times the scaled length of the start (More 1978)."""
    whole = float(whole_length(np.array([rules.size(anchor)]))[0])
    unmoved = unmoved_scale(anchor.x, state.shifted, state.size, whole)
    scale = np.where(anchor.columns > 0.0, anchor.columns, unmoved)
    frame = _framed(anchor, scale, state)
    scaled = magnitude(anchor.x, state.shifted) / frame.units
    length = math.sqrt(scaled.dot(scaled))
    radius = rules.radius_factors[state.attempt] * (length if length > 0.0 else whole)
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
    begun = _with_trial(fresh, anchor, frame, scale, radius)
    return replace(begun, undamped=begun.damping == 0.0)


def _framed(anchor: Anchor, scale: Float[np.ndarray, " d"], state: Single) -> Frame:
    """The scaled problem of More (no bounds) or of Branch, Coleman and Li."""
    if not state.bounded:
        units, curvature = 1.0 / scale, None
        matrix, right_side = anchor.triangle * units, anchor.rotated
    else:
        v, slope = affine_scaling(anchor.x, anchor.gradient, state.lower, state.upper)
        held = slope != 0.0
        # a distance counts by its effect on the residuals, in their own size
        distance = v * scale / state.residual_size
        units = np.where(held, np.sqrt(distance), 1.0) / scale
        curvature = np.where(held, np.abs(anchor.gradient) / (scale * state.residual_size), 0.0)
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
    scaled = magnitude(trial.x, state.shifted) / frame.units
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
    end = End(anchor, judged_at(state, anchor), reason)
    better = end if kept is None or anchor.cost < kept.anchor.cost else kept
    while not end.certain and state.attempt + 1 < len(rules.radius_factors):
        again = _descend_from(replace(state, attempt=state.attempt + 1, kept=better), first, rules)
        if not (state.undamped and again.undamped):  # a first step that no region shortens leads the same way again
            return again
        state = again
    state = replace(state, phase=Phase.POLISH, anchor=better.anchor, kept=better)
    return with_polishing_point(state, better.judged, rules)
