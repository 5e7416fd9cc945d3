"""First-order descent in stages, many starts side by side: the loop that rules such as Adam's share.

    stage     measure the curvature h_c along each coordinate -> unit_c = 1 / sqrt(h_c)
              slope = max_c |P(x - g unit^2) - x|_c / unit_c: the step to the minimum of the parabolas, in units
              end here when the slope is small; else walk `length` steps from the best point so far
    step      z = x / unit; x <- P(x - rate_k unit u), u = the rule's direction for the gradient by z
    rate_k    slope * reach * share * fade^(k / length): the rate follows from the problem, fades within a stage, and
              its reach grows when a stage was lowest at its end, and shrinks when it was lowest early on

With a plain rate there are no units and no fading: x <- P(x - rate u) as published, and stages only test for the end.
P is the projection on the box. Symbols: S starts, d coordinates, L starts that still run, p probes.
Restarts of a fading rate: Loshchilov and Hutter 2017, arXiv:1608.03983. Curvature from a few random directions, where
there are many coordinates: Bekas, Kokiopoulou and Saad 2007, doi:10.1016/j.apnum.2007.01.003.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.methods.fit._units import sizes
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Card
from parametra.nouns.errors import MethodError
from parametra.nouns.keys import generator
from parametra.nouns.search_space import SearchSpace

_STEP = 1e-5
"""Length of a probe relative to the size of the coordinate: gradients are differenced once, not twice."""

_TINY = 1e-9
"""A slope this much smaller than at first, or than the distance from the origin, is none, also where the cost is."""

Memory = tuple[Any, ...]
"""What a rule remembers: arrays whose first axis is the starts, and plain numbers."""


@dataclass(frozen=True)
class Rules:
    """Settings of the stages.

    Arguments:
        share: length of the first step of a stage, as a share of the slope.
        fade: by what the rate falls within a stage.
        length: steps of a stage.
        stages: where a start gives up.
        tolerance: slope, relative to sqrt(|cost|), that counts as zero.
        relative: divide the gradient by the slope, for rules that are not invariant to its scale.
        plain: a rate in the coordinates themselves, the same at every step; None for one that follows the problem.
        growth: by what the reach changes from stage to stage.
        probes: gradients at most for one measurement of the curvature.
    """

    share: float
    fade: float
    length: int
    stages: int
    tolerance: float
    relative: bool = False
    plain: float | None = None
    growth: float = 2.0
    probes: int = 24


class Phase(Enum):
    """What is asked next."""

    FIRST = "the starts"
    MEASURE = "the curvature"
    WALK = "a step"
    DONE = "nothing"


@dataclass(frozen=True)
class Stages:
    """Where every start stands. `live` are the indices of those that still run, all at the same step of one stage."""

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    seed: int
    name: str
    phase: Phase
    live: Int[np.ndarray, " L"]
    x: Float[np.ndarray, "S d"]
    gradient: Float[np.ndarray, "S d"]
    best: Float[np.ndarray, "S d"]
    best_cost: Float[np.ndarray, " S"]
    best_gradient: Float[np.ndarray, "S d"]
    unit: Float[np.ndarray, "S d"]
    slope: Float[np.ndarray, " S"]
    first: Float[np.ndarray, " S"]
    rate: Float[np.ndarray, " S"]
    reach: Float[np.ndarray, " S"]
    found: Int[np.ndarray, " S"]
    trial: Float[np.ndarray, "S d"]
    memory: Memory
    step: int
    stage: int
    iterations: Int[np.ndarray, " S"]
    endings: tuple[Ending, ...]


def begin(space: SearchSpace, starts: Float[np.ndarray, "S d"], name: str) -> Stages:
    """Before anything was evaluated."""
    count, d = starts.shape
    lower, upper = np.asarray(space.lower, dtype=np.float64), np.asarray(space.upper, dtype=np.float64)
    x = np.clip(starts, lower, upper)
    zero = np.zeros((count, d))
    return Stages(
        lower=lower,
        upper=upper,
        seed=space.seed,
        name=name,
        phase=Phase.FIRST,
        live=np.arange(count),
        x=x,
        gradient=zero,
        best=x.copy(),
        best_cost=np.full(count, np.inf),
        best_gradient=zero,
        unit=np.ones((count, d)),
        slope=np.full(count, np.inf),
        first=np.zeros(count),
        rate=np.ones(count),
        reach=np.ones(count),
        found=np.zeros(count, dtype=np.int64),
        trial=x,
        memory=(),
        step=0,
        stage=0,
        iterations=np.zeros(count, dtype=np.int64),
        endings=(Ending.RUNNING,) * count,
    )


def asked(s: Stages, rules: Rules) -> Request:
    """The points to evaluate next."""
    if s.phase is Phase.MEASURE:
        points = _probes(s, rules)
        return Request(points.reshape(-1, s.x.shape[1]), Want.GRADIENT, np.repeat(s.live, points.shape[1]))
    points = s.trial if s.phase is Phase.WALK else s.x
    return Request(points[s.live], Want.GRADIENT, s.live)


def advance(s: Stages, answers: Answers, rules: Rules, rule: Staged) -> Stages:
    """The state after the answers."""
    gradient = answers.gradient
    if gradient is None:
        raise MethodError(f"`{s.name}` was answered without a gradient, which it asked for.")
    if s.phase is Phase.MEASURE:
        return _walk_on(_measured(s, gradient, answers.ok, rules), rules, rule)
    s = _arrived(s, answers.cost, gradient, answers.ok)
    if s.phase is Phase.FIRST:
        lost = np.array([i for i in s.live.tolist() if not np.isfinite(s.best_cost[i])], dtype=np.int64)
        return replace(_ended(s, lost, Ending.FAILED), phase=Phase.MEASURE if lost.size < s.live.size else Phase.DONE)
    if s.step < rules.length:
        return _next_trial(s, rules, rule)
    s = replace(s, phase=Phase.MEASURE, stage=s.stage + 1)
    if rules.plain is not None:
        return s
    x, gradient = s.x.copy(), s.gradient.copy()
    x[s.live], gradient[s.live] = s.best[s.live], s.best_gradient[s.live]
    return replace(s, x=x, gradient=gradient)


def solutions(s: Stages, rules: Rules) -> Solutions:
    """Where every start is by now."""
    best = int(np.argmin(s.best_cost)) if np.isfinite(s.best_cost).any() else -1
    words = {
        Ending.CONVERGED: f"the scaled, projected gradient is {s.slope[best]:.1g}",
        Ending.LIMIT: f"after {rules.stages} stages of {rules.length} steps the scaled, projected gradient is still "
        f"{s.slope[best]:.2g}",
        Ending.RUNNING: "the run ended while it was on its way",
        Ending.FAILED: "no start could be evaluated",
    }
    ending = s.endings[best] if best >= 0 else Ending.FAILED
    return Solutions(s.best.copy(), s.best_cost.copy(), s.endings, s.iterations.copy(), best, words[ending])


def fraction(s: Stages, rules: Rules) -> float:
    """How much of the work is done at most, 0 to 1."""
    ended = 1 - s.live.size / max(len(s.x), 1)
    return max(ended, min(1.0, s.stage / rules.stages)) if s.phase is not Phase.DONE else 1.0


def _probes(s: Stages, rules: Rules) -> np.ndarray:
    """Points (L, p, d) beside each best point: one coordinate at a time, or random signs when there are too many."""
    x = s.best[s.live]
    d = x.shape[1]
    length = _STEP * _sizes(s, x)[:, None, :]
    if d <= rules.probes:
        signs = np.broadcast_to(np.eye(d), (len(x), d, d))
    else:
        what = f"fit.{s.name}.curvature"
        draws = [generator(s.seed, what, int(i) * (rules.stages + 1) + s.stage) for i in s.live]
        signs = np.stack([draw.choice([-1.0, 1.0], (rules.probes, d)) for draw in draws])
    x = x[:, None, :]
    moved = x + signs * length
    outside = (moved > s.upper) | (moved < s.lower)
    return np.clip(np.where(outside, x - signs * length, moved), s.lower, s.upper)


def _sizes(s: Stages, x: np.ndarray) -> np.ndarray:
    return np.stack([sizes(row, s.lower, s.upper) for row in x])


def _measured(s: Stages, gradient: np.ndarray, ok: Bool[np.ndarray, " B"], rules: Rules) -> Stages:
    """Units and slopes from the gradients at the probes; ends the starts that are there, or out of stages."""
    x, here = s.best[s.live], s.best_gradient[s.live]
    moved = _probes(s, rules) - x[:, None, :]
    change = gradient.reshape(moved.shape) - here[:, None, :]
    usable = ok.reshape(moved.shape[:2])[:, :, None] & np.isfinite(change)
    top = np.where(usable, moved * change, 0.0).sum(axis=1)
    bottom = np.where(usable, moved * moved, 0.0).sum(axis=1)
    curvature = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), 0.0)
    size = _sizes(s, x)
    # where the cost bends down, the size of the bend still tells how far the gradient can be believed
    unit = np.where(curvature != 0, 1.0 / np.sqrt(np.abs(np.where(curvature != 0, curvature, 1.0))), size)
    slope = _slope(s, x, here, unit)
    first = s.first.copy()
    first[s.live] = np.where((first[s.live] > 0) | ~np.isfinite(slope), first[s.live], slope)
    far = np.maximum(np.max(np.abs(x) / unit, axis=1, initial=0.0), first[s.live])
    there = (slope <= rules.tolerance * np.sqrt(np.abs(s.best_cost[s.live]))) | (slope <= _TINY * far)
    unit = np.minimum(unit, 10.0 * size)
    units, slopes, rate = s.unit.copy(), s.slope.copy(), s.rate.copy()
    units[s.live], slopes[s.live], rate[s.live] = unit, slope, _slope(s, x, here, unit)
    s = replace(s, unit=units, slope=slopes, first=first, rate=rate)
    arrived, left = s.live[there], s.live[~there]
    s = _ended(s, arrived, Ending.CONVERGED)
    return _ended(s, left, Ending.LIMIT) if s.stage >= rules.stages else s


def _slope(s: Stages, x: np.ndarray, gradient: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Step to the lowest point of the parabolas within the box, in units: its largest component, (L,)."""
    with np.errstate(all="ignore"):
        step = np.abs(np.clip(x - gradient * unit**2, s.lower, s.upper) - x) / unit
    return np.nan_to_num(step, nan=np.inf).max(axis=1, initial=0.0)


def _walk_on(s: Stages, rules: Rules, rule: Staged) -> Stages:
    if not s.live.size:
        return replace(s, phase=Phase.DONE)
    late, early = s.found > 0.9 * rules.length, s.found < 0.3 * rules.length
    factor = np.where(late, rules.growth, np.where(early, 1.0 / rules.growth, 1.0)) if s.stage else 1.0
    reach = np.clip(s.reach * factor, 1e-3, 1e6)
    rate = np.where(np.isfinite(s.rate), s.rate, 1.0)
    scaled = s.x if rules.plain is not None else s.x / s.unit
    memory = s.memory if s.memory and rules.plain is not None else rule.begin(scaled, s.seed)
    none = np.zeros(len(s.x), dtype=np.int64)
    s = replace(s, phase=Phase.WALK, step=0, rate=rate, reach=reach, found=none, memory=memory)
    return _next_trial(s, rules, rule)


def _next_trial(s: Stages, rules: Rules, rule: Staged) -> Stages:
    blocked = ((s.x <= s.lower) & (s.gradient > 0)) | ((s.x >= s.upper) & (s.gradient < 0))
    gradient = np.where(blocked, 0.0, s.gradient)
    if rules.plain is not None:
        direction, memory = rule.turn(gradient, s.memory, s.x)
        step = rules.plain * direction
    else:
        scale = s.rate[:, None] if rules.relative else 1.0
        direction, memory = rule.turn(gradient * s.unit / scale, s.memory, s.x / s.unit)
        rate = s.rate * s.reach * rules.share * rules.fade ** (s.step / rules.length)
        step = rate[:, None] * s.unit * direction
    return replace(s, trial=np.clip(s.x - step, s.lower, s.upper), memory=memory, step=s.step + 1)


def _arrived(s: Stages, cost: np.ndarray, gradient: np.ndarray, ok: np.ndarray) -> Stages:
    """Take what was answered for the live starts; a start whose trial failed goes back to its best, and slower."""
    good = ok & np.isfinite(gradient).all(axis=1)
    x, slopes, best, rate = s.x.copy(), s.gradient.copy(), s.best.copy(), s.rate.copy()
    best_cost, best_gradient, iterations = s.best_cost.copy(), s.best_gradient.copy(), s.iterations.copy()
    came, lost = s.live[good], s.live[~good]
    x[came], slopes[came] = (s.trial if s.phase is Phase.WALK else s.x)[came], gradient[good]
    x[lost], slopes[lost], rate[lost] = best[lost], best_gradient[lost], 0.3 * rate[lost]
    better = cost[good] < best_cost[came]
    lower = came[better]
    best[lower], best_cost[lower], best_gradient[lower] = x[lower], cost[good][better], slopes[lower]
    iterations[s.live] += s.phase is Phase.WALK
    found = s.found.copy()
    found[lower] = s.step
    return replace(
        s,
        x=x,
        gradient=slopes,
        best=best,
        best_cost=best_cost,
        best_gradient=best_gradient,
        rate=rate,
        found=found,
        iterations=iterations,
    )


def _ended(s: Stages, which: np.ndarray, how: Ending) -> Stages:
    endings = list(s.endings)
    for i in which.tolist():
        endings[i] = how
    return replace(s, endings=tuple(endings), live=np.setdiff1d(s.live, which))


class Staged:
    """A method whose own is a rule: the contract of `Asker` is kept here. Its fields are read by `rules`."""

    card: ClassVar[Card]

    def rules(self) -> Rules:
        """The settings of the stages."""
        raise NotImplementedError

    def begin(self, scaled: np.ndarray, seed: int) -> Memory:
        """The memory before the first gradient."""
        raise NotImplementedError

    def turn(self, gradient: np.ndarray, memory: Memory, scaled: np.ndarray) -> tuple[np.ndarray, Memory]:
        """The direction to go against, and the new memory."""
        raise NotImplementedError

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> Stages:
        """The state before anything was evaluated."""
        return begin(space, starts, self.card.name)

    def ask(self, state: Stages) -> Request:
        """The points to evaluate next."""
        return asked(state, self.rules())

    def tell(self, state: Stages, answers: Answers) -> Stages:
        """The state after the answers."""
        return advance(state, answers, self.rules(), self)

    def halted(self, state: Stages) -> bool:
        """Whether there is nothing left to ask."""
        return state.phase is Phase.DONE

    def fraction(self, state: Stages) -> float:
        """How much of the work is done at most, 0 to 1."""
        return fraction(state, self.rules())

    def solutions(self, state: Stages) -> Solutions:
        """Where every start is by now."""
        return solutions(state, self.rules())
