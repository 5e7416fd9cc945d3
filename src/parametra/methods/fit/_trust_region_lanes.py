"""Many starts side by side: the trust region of Branch, Coleman and Li on normal equations, finished lanes refilled.

    A = J'J and g = J'r at a lane's point; in scaled coordinates H^ = d A d + C and g^ = d g, and a step p^ solves
    (H^ + lam I) p^ = -g^ in |p^| <= radius (symbols as in `maths/trust_region.py`)

A lane holds one start at a time. When that start converges, fails or reaches its limit, its end is put away and the
lane takes the next start; when there is none, the lane closes. Nothing computed in a lane depends on the other lanes.
J'J halves the digits, which does not matter on the way: the caller polishes the best end through the Jacobian itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.maths.trust_region import (
    affine_scaling,
    quadratic,
    room,
    step_by_solves,
    strictly_inside,
    turned_at_bounds,
)
from parametra.methods.fit._trust_region_single import magnitude, unmoved_scale, whole_length
from parametra.nouns.asker import Answers, Ending

_MARGIN = 1e-10  # how near a bound a lane may come, relative to the box or to the bound
_FORGET = 0.5  # what is left of a unit after one step: far from the optimum, columns shrink by decades
_DEAREST = 0.1  # the least unit of a coordinate of every other start, as a share of the dearest, in boxes


@dataclass(frozen=True)
class Rules:
    """The settings that lanes need."""

    radius_factor: float
    cost_tolerance: float
    step_tolerance: float
    maximum_iterations: int
    cost_size: float | None = None

    def size(self, cost: Float[np.ndarray, " B"]) -> Float[np.ndarray, " B"]:
        """What changes of the cost are compared with: the cost itself where it is a sum of squares."""
        return np.abs(cost) if self.cost_size is None else np.full_like(cost, self.cost_size)


@dataclass(frozen=True)
class Ended:
    """Starts that ended together: which, where, how low, `Ending` values, and after how many iterations."""

    index: Int[np.ndarray, " E"]
    points: Float[np.ndarray, "E d"]
    cost: Float[np.ndarray, " E"]
    endings: Int[np.ndarray, " E"]
    iterations: Int[np.ndarray, " E"]


@dataclass(frozen=True)
class Lanes:
    """The whole state of B open lanes; nothing in it changes in place. `width` is the number of points in a request."""

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    inner_lower: Float[np.ndarray, " d"]
    inner_upper: Float[np.ndarray, " d"]
    starts: Float[np.ndarray, "S d"]
    width: int
    taken: int
    owner: Int[np.ndarray, " B"]
    fresh: Bool[np.ndarray, " B"]
    x: Float[np.ndarray, "B d"]
    cost: Float[np.ndarray, " B"]
    gradient: Float[np.ndarray, "B d"]
    normal: Float[np.ndarray, "B d d"]
    scale: Float[np.ndarray, "B d"]
    radius: Float[np.ndarray, " B"]
    damping: Float[np.ndarray, " B"]
    iterations: Int[np.ndarray, " B"]
    trial: Float[np.ndarray, "B d"]
    length: Float[np.ndarray, " B"]
    relative: Float[np.ndarray, " B"]
    predicted: Float[np.ndarray, " B"]
    correction: Float[np.ndarray, " B"]
    ended: tuple[Ended, ...]
    residual_size: float
    shifted: Bool[np.ndarray, " d"]
    size: Float[np.ndarray, " d"]


def begin(
    starts: Float[np.ndarray, "S d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    lanes: int,
    *,
    size: Float[np.ndarray, " d"],
    residual_size: float,
    shifted: Bool[np.ndarray, " d"],
) -> Lanes:
    """The first starts in their lanes, moved strictly inside the bounds, not evaluated yet."""
    count, dimension = starts.shape
    width = min(lanes, count)
    moved = strictly_inside(starts, lower, upper, _MARGIN, size)
    zeros = np.zeros(width)
    return Lanes(
        lower=lower,
        upper=upper,
        inner_lower=strictly_inside(lower, lower, upper, _MARGIN, size),
        inner_upper=strictly_inside(upper, lower, upper, _MARGIN, size),
        starts=moved,
        width=width,
        taken=width,
        owner=np.arange(width),
        fresh=np.ones(width, dtype=bool),
        x=moved[:width],
        cost=np.full(width, np.inf),
        gradient=np.zeros((width, dimension)),
        normal=np.zeros((width, dimension, dimension)),
        scale=np.zeros((width, dimension)),
        radius=zeros,
        damping=zeros,
        iterations=np.zeros(width, dtype=int),
        trial=moved[:width],
        length=zeros,
        relative=zeros,
        predicted=zeros,
        correction=zeros,
        ended=(),
        residual_size=residual_size,
        shifted=shifted,
        size=size,
    )


def halted(state: Lanes) -> bool:
    """Whether every start has ended."""
    return state.owner.size == 0


def asked(state: Lanes) -> tuple[Float[np.ndarray, "W d"], Int[np.ndarray, " W"]]:
    """The points wanted and whose they are; closed lanes follow at the end with -1, so that the shape stays."""
    closed = state.width - state.owner.size
    if closed == 0:
        return state.trial, state.owner
    points = np.concatenate([state.trial, np.repeat(state.trial[:1], closed, axis=0)])
    return points, np.concatenate([state.owner, np.full(closed, -1)])


def advance(state: Lanes, answers: Answers, rules: Rules) -> Lanes:
    """The state after the answers (cost, J'r and J'J) at the trial points."""
    gradient, normal = answers.gradient, answers.normal
    if gradient is None or normal is None:
        return state
    size = state.owner.size
    cost, gradient, normal = answers.cost[:size], gradient[:size], normal[:size]
    with np.errstate(all="ignore"):
        sound = answers.ok[:size] & np.isfinite(cost + gradient.sum(1) + normal.sum((1, 2)))
        judged, ending = _judged(state, cost=cost, gradient=gradient, normal=normal, sound=sound, rules=rules)
        continued = _refilled(judged, ending) if (ending != Ending.RUNNING.value).any() else judged
        return continued if halted(continued) else _with_trials(continued, rules)


def _judged(
    state: Lanes,
    *,
    cost: Float[np.ndarray, " B"],
    gradient: Float[np.ndarray, "B d"],
    normal: Float[np.ndarray, "B d d"],
    sound: Bool[np.ndarray, " B"],
    rules: Rules,
) -> tuple[Lanes, Int[np.ndarray, " B"]]:
    """Each lane's step accepted or not, its region set, and how its start ended (SciPy's rules, More's tests)."""
    fresh = state.fresh
    actual = np.where(sound, state.cost - cost, -np.inf)
    ratio = np.where(state.predicted > 0.0, (actual - state.correction) / state.predicted, -1.0)
    accepted = sound & (fresh | (actual > 0.0))
    shrink = ~(ratio >= 0.25)
    grow = (ratio > 0.75) & (state.damping > 0.0)
    radius = np.where(shrink, 0.25 * np.minimum(state.length, state.radius), (1.0 + grow) * state.radius)
    damping = np.where(radius > 0.0, state.damping * (state.radius / radius), 0.0)
    iterations = state.iterations + ~fresh

    size = rules.size(state.cost)
    small = rules.cost_tolerance * size
    flat = (np.abs(actual) <= small) & (state.predicted <= small)
    still = state.relative <= rules.step_tolerance
    # A region that shrank to nothing although much was still promised has met a wall, not a minimum. Without damping
    # the step is small by itself, as where the residuals vanish and every step promises all that is left.
    bound = shrink & (state.damping > 0.0)
    wall = still & bound & (state.predicted > np.sqrt(rules.cost_tolerance) * size)
    ending = np.where(iterations >= rules.maximum_iterations, Ending.LIMIT.value, Ending.RUNNING.value)
    ending = np.where(wall, Ending.FAILED.value, np.where(flat | still, Ending.CONVERGED.value, ending))
    ending = np.where(fresh, np.where(sound, Ending.RUNNING.value, Ending.FAILED.value), ending)

    x, cost = np.where(accepted[:, None], state.trial, state.x), np.where(accepted, cost, state.cost)
    gradient = np.where(accepted[:, None], gradient, state.gradient)
    normal = np.where(accepted[:, None, None], normal, state.normal)
    scale = _scale(state, normal)
    judged = replace(
        state,
        fresh=np.zeros(fresh.size, dtype=bool),
        x=x,
        cost=cost,
        gradient=gradient,
        normal=normal,
        scale=scale,
        radius=np.where(fresh, 0.0, radius),
        damping=np.where(fresh, 0.0, damping),
        iterations=iterations,
    )
    return judged, ending


def _scale(state: Lanes, normal: Float[np.ndarray, "B d d"]) -> Float[np.ndarray, "B d"]:
    """The unit of each coordinate: the Jacobian's column, with a memory; for every other start with a floor too.

    More's unit is the largest column so far. A start drawn in a wide box begins where columns are decades above those
    of the optimum, and would creep in them for ever after: so units fade.

    A coordinate whose column is nearly nothing is moved far, across a plateau or on to one (the evaporated parameters
    of Transtrum and Sethna 2012, arXiv:1201.5885). Neither is always better, so that half of the starts may, and half
    may not: their units are at least a share of the dearest one, measured by the box where both bounds are finite.
    """
    columns = np.sqrt(normal.diagonal(axis1=1, axis2=2))
    width = state.upper - state.lower
    finite = np.isfinite(width) & (width > 0.0)
    span = np.where(finite, width, 1.0)
    dearest = np.where(finite, columns * span, 0.0).max(1, initial=0.0)
    floor = np.where(finite & (state.owner[:, None] % 2 == 1), _DEAREST * dearest[:, None] / span, 0.0)
    return np.maximum(np.maximum(_FORGET * state.scale, columns), floor)


def _refilled(state: Lanes, ending: Int[np.ndarray, " B"]) -> Lanes:
    """Ended starts put away; their lanes take the next starts, and close when there are none."""
    done = np.flatnonzero(ending != Ending.RUNNING.value)
    away = Ended(state.owner[done], state.x[done], state.cost[done], ending[done], state.iterations[done])
    supply = min(done.size, len(state.starts) - state.taken)
    entering, closing = done[:supply], done[supply:]
    following = np.arange(state.taken, state.taken + supply)
    owner, x, fresh = state.owner.copy(), state.x.copy(), state.fresh.copy()
    cost, scale, iterations = state.cost.copy(), state.scale.copy(), state.iterations.copy()
    owner[entering], x[entering], fresh[entering] = following, state.starts[following], True
    cost[entering], scale[entering], iterations[entering] = np.inf, 0.0, 0
    kept = np.ones(state.owner.size, dtype=bool)
    kept[closing] = False
    return replace(
        state,
        taken=state.taken + supply,
        owner=owner[kept],
        fresh=fresh[kept],
        x=x[kept],
        cost=cost[kept],
        gradient=state.gradient[kept],
        normal=state.normal[kept],
        scale=scale[kept],
        radius=state.radius[kept],
        damping=state.damping[kept],
        iterations=iterations[kept],
        trial=state.trial[kept],
        length=state.length[kept],
        relative=state.relative[kept],
        predicted=state.predicted[kept],
        correction=state.correction[kept],
        ended=(*state.ended, away),
    )


def _with_trials(state: Lanes, rules: Rules) -> Lanes:
    """The next point of each lane; a lane that has just been refilled asks for its start."""
    x, normal, gradient = state.x, state.normal, state.gradient
    whole = whole_length(rules.size(state.cost))
    unmoved = unmoved_scale(x, state.shifted, state.size, whole[:, None])
    scale = np.where(state.scale > 0.0, state.scale, unmoved)
    v, slope = affine_scaling(x, gradient, state.lower, state.upper)
    held = slope != 0.0
    # a distance counts by its effect on the residuals, in their own size
    units = np.where(held, np.sqrt(v * scale / state.residual_size), 1.0) / scale
    curvature = np.where(held, np.abs(gradient) / (scale * state.residual_size), 0.0)
    hessian = normal * units[:, :, None]
    hessian *= units[:, None, :]
    diagonal = np.arange(x.shape[1])
    hessian[:, diagonal, diagonal] += curvature
    gradient = gradient * units
    size = magnitude(x, state.shifted)
    first = rules.radius_factor * _norms(size / units)
    radius = np.where(state.radius > 0.0, state.radius, np.where(first > 0.0, first, rules.radius_factor * whole))

    step, damping = step_by_solves(hessian, gradient, radius, state.damping)
    leaving = np.flatnonzero((room(x, units * step, state.lower, state.upper) <= 1.0).any(1) & ~state.fresh)
    if leaving.size:
        steepness = _norms(gradient[leaving]) / np.sqrt(2.0 * rules.size(state.cost[leaving]))
        step[leaving] = turned_at_bounds(
            x=x[leaving],
            units=units[leaving],
            hessian=hessian[leaving],
            gradient=gradient[leaving],
            step=step[leaving],
            radius=radius[leaving],
            theta=np.maximum(0.995, 1.0 - steepness),
            lower=state.lower,
            upper=state.upper,
        )
    move = units * step
    trial = np.where(state.fresh[:, None], x, x + move)
    return replace(
        state,
        radius=radius,
        damping=damping,
        trial=np.minimum(np.maximum(trial, state.inner_lower), state.inner_upper),
        length=_norms(step),
        # an epoch of 2450000 days in a box of a day is no larger than the box
        relative=_norms(move * scale) / _norms(np.minimum(size, state.upper - state.lower) * scale),
        predicted=-quadratic(hessian, gradient, step),
        correction=0.5 * (step * step * curvature).sum(1),
    )


def _norms(vectors: Float[np.ndarray, "B d"]) -> Float[np.ndarray, " B"]:
    return np.sqrt((vectors * vectors).sum(1))
