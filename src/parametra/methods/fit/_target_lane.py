"""One start of the target surrogates: what is known where it stands, and the inner search of its surrogate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from parametra.methods.fit._units import sizes
from parametra.nouns.asker import Ending
from parametra.nouns.keys import generator
from parametra.nouns.search_space import SearchSpace


class Phase(Enum):
    """What a start is waiting for."""

    WHOLE = "the gradient"
    HERE = "the predictions where it stands"
    INNER = "the predictions at an inner point"
    BEND = "the slope of the cost in the predictions, a little aside"
    TRIAL = "the slope of the cost in the predictions"
    DONE = "nothing"


@dataclass(frozen=True)
class Lane:
    """One start. The surrogate stands at x; the inner search has come to y.

    Arguments:
        phase: PREDICTED is asked for at x (here) or at y (inner).
        asked: (d,) the point it waits for.
        x, cost, score, predicted, jacobian: where the surrogate stands, and what is known there.
        rest: the part of the gradient that does not pass through the predictions: priors, parameters of the noise.
        eta, metric: metric / eta is the assumed curvature of the cost in each prediction.
        bend: (d,) bend / eta is the assumed curvature of the rest; `old` are the point and the rest before.
        age: steps since the metric was measured.
        y, level, y_predicted, y_jacobian: the lowest point of the surrogate so far, its value there relative to cost.
        damping, updates: of the inner search.
        new_cost, new_score: of an accepted trial, until its predictions are known.
    """

    phase: Phase
    asked: np.ndarray
    x: np.ndarray
    cost: float
    score: np.ndarray
    predicted: np.ndarray
    jacobian: np.ndarray
    rest: np.ndarray
    passes: bool
    eta: float
    metric: np.ndarray
    bend: np.ndarray
    old: tuple[np.ndarray, np.ndarray] | None
    age: int
    y: np.ndarray
    level: float
    y_predicted: np.ndarray
    y_jacobian: np.ndarray
    damping: float
    updates: int
    slope: float
    first: float
    ending: Ending
    iterations: int
    reason: str


def begin(x: np.ndarray) -> Lane:
    nothing = np.zeros(0)
    return Lane(
        phase=Phase.TRIAL, asked=x, x=x, cost=np.inf, score=nothing, predicted=nothing, jacobian=np.zeros((0, x.size)),
        rest=np.zeros(x.size), passes=False, eta=1.0,
        metric=np.ones(1), bend=np.zeros(x.size), old=None, age=0, y=x, level=0.0, y_predicted=nothing,
        y_jacobian=np.zeros((0, x.size)), damping=0.0, updates=0, slope=np.inf, first=0.0, ending=Ending.RUNNING,
        iterations=0, reason="",
    )  # fmt: skip


def first_eta(lane: Lane) -> float:
    """The step in the predictions that would end a parabola of this height, if its bottom were at cost zero."""
    steep = float(lane.score @ lane.score)
    return 2.0 * max(abs(lane.cost), 1e-300) / steep if steep > 0 else 1.0


def bend_of(lane: Lane, rest: np.ndarray, passes: bool) -> np.ndarray:
    """The curvature of the rest along each coordinate, from its change since the last step."""
    if passes:
        return np.zeros_like(rest)
    guess = np.abs(rest) / np.where(lane.x != 0, np.abs(lane.x), 1.0)
    if lane.old is None:
        return np.maximum(guess, 1e-300)
    move, change = lane.x - lane.old[0], rest - lane.old[1]
    with np.errstate(all="ignore"):
        seen = np.abs(change / move)
    return np.where(np.isfinite(seen) & (move != 0) & (seen > 0), seen, np.maximum(lane.bend, guess))


def aside(space: SearchSpace, lane: Lane) -> np.ndarray:
    """A point beside x at which every prediction is a little different, and the noise the same."""
    size = sizes(lane.x, space.lower, space.upper)
    through = np.abs(lane.jacobian).max(axis=0, initial=0.0) > 0
    signs = generator(space.seed, "fit.target_surrogate", lane.iterations).choice([-1.0, 1.0], lane.x.size)
    move = 1e-3 * size * signs * through
    moved = lane.x + move
    return np.clip(np.where((moved > space.upper) | (moved < space.lower), lane.x - move, moved), *_box(space))


def _box(space: SearchSpace) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(space.lower), np.asarray(space.upper)


def metric_of(lane: Lane, score: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The curvature of the cost in each prediction, from the slopes at x and beside it; at least 1 % of the median."""
    change = predicted - lane.predicted
    with np.errstate(all="ignore"):
        seen = np.abs((score - lane.score) / change)
    clear = np.isfinite(seen) & (np.abs(change) > 1e-6 * np.abs(change).max(initial=0.0)) & (seen > 0)
    if not clear.any():
        return lane.metric
    middle = float(np.median(seen[clear]))
    return np.maximum(np.where(clear, seen, middle), 1e-2 * middle)


def reset(lane: Lane) -> Lane:
    """Back to x before the first inner update."""
    return replace(
        lane, y=lane.x, level=0.0, y_predicted=lane.predicted, y_jacobian=lane.jacobian, damping=0.0, updates=0
    )


def level_at(lane: Lane, y: np.ndarray, predicted: np.ndarray) -> float:
    """The surrogate at y relative to the cost at x."""
    change, move = predicted - lane.predicted, y - lane.x
    through = -lane.score @ change + change @ (lane.metric * change) / (2 * lane.eta)
    return float(through + lane.rest @ move + move @ (lane.bend * move) / (2 * lane.eta))


def units(space: SearchSpace, lane: Lane) -> np.ndarray:
    """1 / sqrt(curvature of the surrogate) along each coordinate."""
    curvature = (np.sum(lane.metric[:, None] * lane.jacobian**2, axis=0) + lane.bend) / lane.eta
    size = sizes(lane.x, space.lower, space.upper)
    return np.where(curvature > 0, 1.0 / np.sqrt(np.where(curvature > 0, curvature, 1.0)), size)


def inner(space: SearchSpace, lane: Lane) -> Lane:
    """Ask for the predictions at the next inner point: damped Gauss-Newton on the surrogate, inside the box."""
    y, jacobian = lane.y, lane.y_jacobian
    slope = jacobian.T @ (lane.metric * (lane.y_predicted - lane.predicted) / lane.eta - lane.score)
    slope = slope + lane.rest + lane.bend * (y - lane.x) / lane.eta
    normal = (jacobian.T @ (lane.metric[:, None] * jacobian) + np.diag(lane.bend)) / lane.eta
    free = ~(((y <= space.lower) & (slope > 0)) | ((y >= space.upper) & (slope < 0)))
    step = np.zeros(y.size)
    if free.any():
        part = normal[np.ix_(free, free)]
        scale = np.sqrt(np.where(np.diag(part) > 0, np.diag(part), 1.0))
        part = part / np.outer(scale, scale) + max(lane.damping, 1e-12) * np.eye(len(part))
        step[free] = -np.linalg.lstsq(part, slope[free] / scale, rcond=None)[0] / scale
    asked = np.clip(y + step, space.lower, space.upper)
    return replace(lane, phase=Phase.INNER, asked=asked, updates=lane.updates + 1)


def again(space: SearchSpace, lane: Lane) -> Lane:
    """Lower the surrogate anew, with a smaller eta; what is known at x is enough for that."""
    if lane.eta < 1e-30:
        return ended(lane, Ending.FAILED, "no surrogate lies above the cost: perhaps it is not smooth there")
    return inner(space, reset(lane))


def after_failure(space: SearchSpace, lane: Lane) -> Lane:
    """The model could not be evaluated at the point asked for: a smaller step, if there is one."""
    if lane.phase is Phase.BEND:
        return inner(space, reset(replace(lane, age=1)))
    if not np.isfinite(lane.cost) or lane.phase in (Phase.WHOLE, Phase.HERE):
        return ended(lane, Ending.FAILED, "the model could not be evaluated at the start")
    return again(space, replace(lane, eta=0.1 * lane.eta))


def ended(lane: Lane, how: Ending, reason: str) -> Lane:
    return replace(lane, phase=Phase.DONE, ending=how, reason=reason)
