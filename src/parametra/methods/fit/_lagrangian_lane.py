"""One start of a constrained search: what it knows, what it asks next, and how it ends.

    START     the first point
    TRIAL     a point along the step; taken when the merit falls enough, shortened otherwise
    CURVATURE points beside the present one, whose gradients give the Hessian of the cost by differences
    DONE      ended

The Hessian of the cost is J'J while there are residuals and that converges well, and differences of gradients (or, with
many coordinates, the quasi-Newton update of Broyden, Fletcher, Goldfarb and Shanno) otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._lagrangian_point import (
    Box,
    Point,
    Residual,
    cost_size,
    merit,
    optimality,
    units_of,
)
from parametra.methods.fit._lagrangian_step import Plan, lagrangian_hessian, plan_step
from parametra.methods.fit._sketched_system import Sketching
from parametra.nouns.asker import Ending
from parametra.nouns.keys import generator

_ARMIJO = 1e-4
_CLOSE = 1e-3
"""Optimality from which a step may be taken for bringing it down, whatever rounding does to the merit."""
_TINY_STEP = 1e-12
_STUCK = 6
_SWEEPS = 400
_RELAXED = 4.0
_NO_BETTER = 10
"""Iterations without progress after which what is acceptable is taken for all that rounding allows."""


class Phase(Enum):
    """What a lane waits for."""

    START = 0
    TRIAL = 1
    CURVATURE = 2
    DONE = 3


@dataclass(frozen=True)
class Rules:
    """The settings of the method that a lane obeys, see `AugmentedLagrangian`."""

    tolerance: float
    acceptable: float
    maximum_iterations: int
    differences_up_to: int
    sketched: bool
    accuracy: float
    sharpening: float
    seed: int
    mu: float
    nu: float


@dataclass(frozen=True)
class Lane:
    """Where one start stands; see the top of the file."""

    index: int
    phase: Phase
    asked: Float[np.ndarray, "n d"]
    mu: float
    nu: float
    accuracy: float
    point: Point | None = None
    multipliers: Float[np.ndarray, " k"] | None = None
    base: Float[np.ndarray, "d d"] | None = None
    plan: Plan | None = None
    known: Residual | None = None
    alpha: float = 1.0
    damping: float = 0.0
    newton: bool = False
    slow: int = 0
    stuck: int = 0
    elastic: int = 0
    iterations: int = 0
    first: float = 0.0
    best: float = np.inf
    since: int = 0
    unit_steps: int = 0
    flops: float = 0.0
    ending: Ending = Ending.RUNNING
    reason: str = ""


def begin(index: int, start: Float[np.ndarray, " d"], box: Box, rules: Rules) -> Lane:
    """A lane before its first answer."""
    x = np.clip(start, box.lower, box.upper)
    return Lane(index, Phase.START, x[None], rules.mu, rules.nu, rules.accuracy)


def advance(lane: Lane, answer: dict[str, Any], box: Box, rules: Rules) -> Lane:
    """The lane after the answer to what it asked: cost, ok, gradient and normal, point by point."""
    if lane.phase is Phase.CURVATURE:
        return _planned(replace(lane, base=_differences(lane, answer)), box, rules)
    point = _point(lane.asked[0], answer, box)
    if lane.phase is Phase.START:
        if point is None:
            return _ended(lane, Ending.FAILED, "the model or a constraint could not be evaluated at the start")
        return _arrived(replace(lane, first=2 * point.cost), point, np.zeros(box.limits.lower.size), box, rules)
    return _tried(lane, point, box, rules)


def _point(x: np.ndarray, answer: dict[str, Any], box: Box) -> Point | None:
    if not answer["ok"][0]:
        return None
    values, slopes = box.limits.values(x[None])[0], box.limits.jacobian(x[None])[0]
    normal = None if answer["normal"] is None else answer["normal"][0]
    point = Point(x, float(answer["cost"][0]), answer["gradient"][0], normal, values, slopes)
    return point if point.ok else None


# ---- along a step


def _tried(lane: Lane, point: Point | None, box: Box, rules: Rules) -> Lane:
    plan, old = _given(lane.plan), _given(lane.point)
    multipliers = plan.multipliers + lane.alpha * plan.change
    if point is not None and _is_taken(lane, plan, point, multipliers, box):
        step, change = point.x - old.x, point.gradient - old.gradient
        lane = replace(lane, stuck=0, unit_steps=lane.unit_steps + 1 if lane.alpha == 1.0 else 0)
        if lane.base is not None and point.normal is None and point.x.size > rules.differences_up_to:
            lane = replace(lane, base=_updated(lane.base, step, change))
        if lane.alpha >= 0.5:
            lane = replace(lane, damping=lane.damping / 8 if lane.damping > 1e-8 else 0.0)
        elif lane.alpha < 0.2:
            lane = replace(lane, damping=max(4 * lane.damping, 1e-3))
        return _arrived(lane, point, multipliers, box, rules)
    alpha = lane.alpha * _shorter(lane, plan, point, multipliers, box)
    x = np.clip(old.x + alpha * plan.step, box.lower, box.upper)
    length = float(np.max(np.abs(x - old.x) / plan.frame.units, initial=0.0))
    if alpha < 1e-10 or length < _TINY_STEP or np.array_equal(x, old.x):
        return _held_up(lane, box, rules)
    return replace(lane, alpha=alpha, asked=x[None])


def _is_taken(lane: Lane, plan: Plan, point: Point, multipliers: np.ndarray, box: Box) -> bool:
    value = merit(point, multipliers, box, plan.frame)
    rounding = 1e-14 * max(abs(plan.merit), abs(point.cost))
    if value <= plan.merit + _ARMIJO * lane.alpha * plan.slope + rounding:
        return True
    if lane.known is None or lane.alpha < 1.0 or plan.elastic or lane.known.worst > _CLOSE:
        return False
    found = optimality(point, multipliers, box, plan.frame.units, cost_size(point, lane.first))
    return found.worst <= 0.5 * lane.known.worst


def _shorter(lane: Lane, plan: Plan, point: Point | None, multipliers: np.ndarray, box: Box) -> float:
    """By what the step is shortened: the minimum of a parabola through what is known, between 0.1 and 0.5."""
    if point is None:
        return 0.25
    rise = merit(point, multipliers, box, plan.frame) - plan.merit - lane.alpha * plan.slope
    if not np.isfinite(rise) or rise <= 0:
        return 0.25
    return float(np.clip(-plan.slope * lane.alpha / (2 * rise), 0.1, 0.5))


def _held_up(lane: Lane, box: Box, rules: Rules) -> Lane:
    """No step is short enough: it is the end, or the multipliers, the Hessian or the penalty are wrong."""
    plan, known = _given(lane.plan), _given(lane.known)
    if known.worst <= rules.acceptable:
        return _ended(lane, Ending.CONVERGED, _reached(known))
    stuck = lane.stuck + 1
    if stuck > _STUCK:
        return _gave_up(lane, rules, "no step makes it better")
    lane = replace(lane, stuck=stuck, multipliers=plan.estimate, damping=max(10 * lane.damping, 1e-2 * 10**stuck))
    lane = replace(lane, mu=rules.mu, nu=0.0, newton=True, base=None)
    return _planned(lane, box, rules)


# ---- at a new point


def _arrived(lane: Lane, point: Point, multipliers: np.ndarray, box: Box, rules: Rules) -> Lane:
    before = lane.known
    base = point.normal if point.normal is not None and not lane.newton else lane.base
    lane = replace(lane, point=point, multipliers=multipliers, iterations=lane.iterations + 1, base=base)
    if base is None:
        return _planned(lane, box, rules)
    lane = _with_plan(lane, box, rules)
    plan, known = _given(lane.plan), _given(lane.known)
    if not plan.elastic and known.worst <= rules.tolerance:
        return _ended(lane, Ending.CONVERGED, _reached(known))
    better = known.worst < 0.5 * lane.best
    lane = replace(lane, best=known.worst if better else lane.best, since=0 if better else lane.since + 1)
    if lane.since >= _NO_BETTER and known.worst <= rules.acceptable:
        return _ended(lane, Ending.CONVERGED, _reached(known))
    if lane.iterations >= rules.maximum_iterations:
        return _gave_up(lane, rules, f"{lane.iterations} iterations were not enough", Ending.LIMIT)
    if point.normal is None or lane.newton:
        fresh = replace(lane, base=lane.base if point.x.size > rules.differences_up_to else None)
        return _planned(fresh, box, rules)
    # J'J leaves out the curvature of the residuals: where that tells, convergence is slow, and differences take over
    drags = before is not None and lane.alpha == 1.0 and known.worst > 0.25 * before.worst
    slow = lane.slow + 1 if drags else max(lane.slow - 1, 0)
    if slow >= 4 or lane.iterations >= 40:
        return _planned(replace(lane, newton=True, base=None), box, rules)
    return _sent(replace(lane, slow=slow), box, rules)


def _planned(lane: Lane, box: Box, rules: Rules) -> Lane:
    """Ask for the Hessian where it is missing, then plan and send."""
    point = _given(lane.point)
    if lane.base is None:
        d = point.x.size
        if d > rules.differences_up_to:
            return _planned(replace(lane, base=np.eye(d) if point.normal is None else point.normal), box, rules)
        return replace(lane, phase=Phase.CURVATURE, asked=_beside(point, box))
    lane = _with_plan(lane, box, rules)
    plan, known = _given(lane.plan), _given(lane.known)
    if not plan.elastic and known.worst <= rules.tolerance:
        return _ended(lane, Ending.CONVERGED, _reached(known))
    return _sent(lane, box, rules)


def _with_plan(lane: Lane, box: Box, rules: Rules) -> Lane:
    """The step from the present point, and how far the point is from optimal with the multipliers it gives."""
    point, multipliers, base = _given(lane.point), _given(lane.multipliers), _given(lane.base)
    guess = multipliers if lane.plan is None or lane.plan.elastic else lane.plan.estimate
    hessian = lagrangian_hessian(base, point, guess, box)
    units = units_of(hessian, point, box)
    sketching = None
    if rules.sketched:
        rng = generator(rules.seed, "fit.augmented_lagrangian", 1000 * lane.index + lane.iterations)
        near = 1.0 if lane.known is None else min(lane.known.worst, 1.0)
        sketching = Sketching(max(lane.accuracy * near**rules.sharpening, 1e-12), _SWEEPS, rng)
    plan = plan_step(point, box, hessian, units, multipliers, lane.plan, lane.mu, lane.nu, lane.damping, sketching)
    size = cost_size(point, lane.first)
    known = min(
        (optimality(point, m, box, units, size) for m in (plan.estimate, multipliers)), key=lambda found: found.worst
    )
    # what a step far away asked for need not be asked for ever
    relaxed = max(plan.mu / _RELAXED, rules.mu), min(plan.nu * _RELAXED**2, rules.nu)
    mu, nu = (lane.mu, lane.nu) if plan.elastic else relaxed
    accuracy = min(lane.accuracy, plan.accuracy) if plan.sharpened else lane.accuracy
    return replace(lane, plan=plan, known=known, mu=mu, nu=nu, accuracy=accuracy, flops=lane.flops + plan.flops)


def _sent(lane: Lane, box: Box, rules: Rules) -> Lane:
    """Try the full step that is planned."""
    plan, point = _given(lane.plan), _given(lane.point)
    length = float(np.max(np.abs(plan.step) / plan.frame.units, initial=0.0))
    if plan.elastic:
        if length < 1e-6 and lane.mu >= 1e8:
            return _gave_up(lane, rules, "the constraints cannot be met better nearby")
        lane = replace(lane, mu=min(lane.mu * 4, 1e10), elastic=lane.elastic + 1)
        if lane.elastic > 100:
            return _gave_up(lane, rules, "the constraints cannot be met better nearby")
    if length < _TINY_STEP and not np.any(plan.change):
        return _held_up(replace(lane, alpha=1.0), box, rules)
    x = np.clip(point.x + plan.step, box.lower, box.upper)
    return replace(lane, phase=Phase.TRIAL, alpha=1.0, asked=x[None])


def _ended(lane: Lane, ending: Ending, reason: str) -> Lane:
    return replace(lane, phase=Phase.DONE, ending=ending, reason=reason, plan=None, base=None)


def _gave_up(lane: Lane, rules: Rules, why: str, ending: Ending = Ending.FAILED) -> Lane:
    known = _given(lane.known)
    if known.worst <= rules.acceptable:
        return _ended(lane, Ending.CONVERGED, _reached(known))
    return _ended(lane, ending, f"{why}; the conditions of optimality are missed by {known.worst:.1g}")


def _reached(known: Residual) -> str:
    return (
        f"the gradient of the Lagrangian vanishes to {known.stationarity:.1g} and the constraints are met to "
        f"{known.infeasibility:.1g}"
    )


# ---- Hessians of the cost


def _beside(point: Point, box: Box) -> np.ndarray:
    """One point beside the present one along each coordinate, inside the bounds."""
    size = np.maximum(np.abs(point.x), 1e-2)
    width = np.where(np.isfinite(box.upper - box.lower), box.upper - box.lower, np.inf)
    step = np.minimum(1e-6 * size, 0.25 * width)
    step = np.where(point.x + step > box.upper, -step, step)
    return point.x + np.diag(step)


def _differences(lane: Lane, answer: dict[str, Any]) -> np.ndarray:
    """The Hessian by differences of gradients; where one is missing, what is known from J'J, or nothing."""
    point = _given(lane.point)
    d = point.x.size
    rough = np.zeros((d, d)) if point.normal is None else point.normal
    steps = np.diag(lane.asked - point.x)
    with np.errstate(all="ignore"):
        found = (answer["gradient"] - point.gradient) / steps[:, None]
    good = np.asarray(answer["ok"]) & np.isfinite(found).all(axis=1)
    found = np.where(good[:, None], found, rough)
    return 0.5 * (found + found.T)


def _updated(base: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The BFGS update, damped so that it stays positive definite (Powell 1978, doi:10.1007/BFb0067703)."""
    moved = base @ step
    inner, along = float(step @ moved), float(step @ change)
    if inner <= 0:
        return base
    if along < 0.2 * inner:
        theta = 0.8 * inner / (inner - along)
        change = theta * change + (1 - theta) * moved
        along = float(step @ change)
    return base - np.outer(moved, moved) / inner + np.outer(change, change) / along


def _given(value: Any) -> Any:
    if value is None:
        raise AssertionError("a lane without its point")
    return value
