"""Brent's minimisation of one parameter: a scan finds the valleys, golden sections and parabolas their bottoms.

scan    points spread over the bounds, and the starts; where a side has no bound, outwards until the cost rises
valley  a point that is not higher than its two neighbours, which bracket a minimum
bottom  the parabola through the three lowest points, or a golden section where it leads nowhere
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.methods.fit._side_by_side import gathered
from parametra.methods.fit._units import sizes
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_GOLDEN = 0.5 * (3.0 - math.sqrt(5.0))
_OUTWARDS = 3.0
_MOST_SCANS = 40


@dataclass(frozen=True)
class Valley:
    """One bracket: low < x < high, with x the lowest point, w the second and v the third, and their costs.

    Arguments:
        asked: the point asked for; NaN when it has ended.
        step, earlier: the last two steps.
        at_bound: whether x is a bound that one point beside it may still show to be no minimum.
    """

    low: float
    high: float
    x: float
    cost: float
    w: float
    w_cost: float
    v: float
    v_cost: float
    asked: float
    step: float
    earlier: float
    at_bound: bool
    iterations: int
    ending: Ending


@dataclass(frozen=True)
class Found:
    """What `gathered` wants to know of a start."""

    x: Float[np.ndarray, " d"]
    cost: float
    ending: Ending
    iterations: int
    reason: str


@dataclass(frozen=True)
class State:
    """The scan, then the valleys; `home` tells the valley of each start."""

    space: SearchSpace
    starts: Float[np.ndarray, "S d"]
    asked: Float[np.ndarray, " k"]
    points: Float[np.ndarray, " n"]
    costs: Float[np.ndarray, " n"]
    scans: int
    valleys: tuple[Valley, ...]
    home: Int[np.ndarray, " S"]


@dataclass(frozen=True)
class Brent:
    """argmin cost(x) of one parameter, by values of the cost alone.

    The bounds are scanned first, so that the lowest of several valleys is found if the scan is fine enough; then
    Brent's parabolas and golden sections go to the bottom of the valley of every start, and of the lowest one, which
    the first start takes if no other does. One minimum costs what it costs once, whatever the number of starts.

    Arguments:
        scan: points spread over the bounds at first.
        tolerance: relative precision of the parameter; below 1e-8 the cost cannot tell.
        maximum_iterations: where a valley gives up.

    Raises:
        MethodError: a setting that is not above zero, or more than one parameter.

    Source: R. P. Brent (1973), Algorithms for Minimization without Derivatives, chapter 5.
    """

    card: ClassVar[Card] = Card(
        name="brent",
        verb="fit",
        summary="One parameter: a scan of the bounds, then golden sections and parabolas, by values of the cost alone.",
        good_for="a single parameter, above all with several minima or without a usable derivative.",
        prefer_instead="`levenberg_marquardt` for a smooth model with one minimum.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS, Ability.ONE_PARAMETER}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side"}),
        cost="the scan, 16 evaluations of the cost, and 8 to 40 for each valley.",
        sources=(
            Source("R. P. Brent", 1973, "Algorithms for Minimization without Derivatives, chapter 5",
                   "Prentice-Hall, ISBN 0-13-022335-2"),
        ),
    )  # fmt: skip

    scan: int = 16
    tolerance: float = 1e-8
    maximum_iterations: int = 200

    def __post_init__(self) -> None:
        check_settings(self)

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The scan: the starts, and points spread over the bounds or around the first start."""
        if space.dimension != 1:
            raise MethodError(f"`brent` searches one parameter; here are {space.dimension}. Use another method.")
        inside = np.clip(starts, space.lower, space.upper)
        spread = _spread(float(inside[0, 0]), float(space.lower[0]), float(space.upper[0]), self.scan)
        asked = np.concatenate([inside[:, 0], np.setdiff1d(spread, inside[:, 0])])
        nothing = np.zeros(0)
        return State(space, inside, asked, nothing, nothing, 0, (), np.zeros(len(starts), dtype=np.int64))

    def ask(self, state: State) -> Request:
        """The scan, or the next point of every valley."""
        if not state.valleys:
            points = state.asked
            owners = np.arange(points.size) if state.scans == 0 else np.zeros(points.size, dtype=np.int64)
            return Request(points[:, None], Want.COST, np.where(owners < len(state.starts), owners, 0))
        open_ones = [i for i, valley in enumerate(state.valleys) if valley.ending is Ending.RUNNING]
        points = np.array([[state.valleys[i].asked] for i in open_ones])
        return Request(points, Want.COST, np.array([int(np.argmax(state.home == i)) for i in open_ones]))

    def tell(self, state: State, answers: Answers) -> State:
        """One more scan, the valleys it found, or one step in each."""
        cost = np.where(answers.ok, answers.cost, np.inf)
        if not state.valleys:
            return self._scanned(state, cost)
        left = iter(cost)
        told = [
            self._advanced(state, valley, float(next(left))) if valley.ending is Ending.RUNNING else valley
            for valley in state.valleys
        ]
        return replace(state, valleys=tuple(told))

    def halted(self, state: State) -> bool:
        """Whether there is nothing left to ask."""
        if state.valleys:
            return all(valley.ending is not Ending.RUNNING for valley in state.valleys)
        return state.asked.size == 0

    def fraction(self, state: State) -> float:
        """How much of the work is done: the width of the widest bracket, on a logarithmic scale."""
        if not state.valleys:
            return 0.0
        first = state.points[-1] - state.points[0]
        widest = max(valley.high - valley.low for valley in state.valleys)
        return float(np.clip(np.log(max(widest / first, 1e-300)) / np.log(self.tolerance), 0.0, 1.0))

    def solutions(self, state: State) -> Solutions:
        """The bottom of every start's valley."""
        if state.valleys:
            return gathered(tuple(self._found(state.valleys[i]) for i in state.home))
        costs = dict(zip(state.points.tolist(), state.costs.tolist(), strict=True))
        ending = Ending.FAILED if state.points.size and not np.isfinite(state.costs).any() else Ending.RUNNING
        return gathered(tuple(Found(x, costs.get(float(x[0]), np.inf), ending, 0, "") for x in state.starts))

    def _found(self, valley: Valley) -> Found:
        words = {
            Ending.CONVERGED: f"the bracket is {valley.high - valley.low:.1g} wide",
            Ending.LIMIT: f"{valley.iterations} iterations were not enough",
        }
        x = np.array([valley.x])
        return Found(x, valley.cost, valley.ending, valley.iterations, words.get(valley.ending, ""))

    def _scanned(self, state: State, cost: np.ndarray) -> State:
        points = np.concatenate([state.points, state.asked])
        order = np.argsort(points, kind="stable")
        points, costs = points[order], np.concatenate([state.costs, cost])[order]
        points, first = np.unique(points, return_index=True)
        costs = costs[first]
        state = replace(state, points=points, costs=costs, scans=state.scans + 1, asked=np.zeros(0))
        if not np.isfinite(costs).any():
            return state
        further = _further(points, costs, float(state.space.lower[0]), float(state.space.upper[0]))
        if further.size and state.scans < _MOST_SCANS:
            return replace(state, asked=further)
        bottoms = [_downhill(costs, int(np.searchsorted(points, x))) for x in state.starts[:, 0]]
        lowest = _downhill(costs, int(np.argmin(costs)))
        if lowest not in bottoms:
            bottoms[0] = lowest
        different = sorted(set(bottoms))
        home = np.array([different.index(i) for i in bottoms], dtype=np.int64)
        return replace(state, home=home, valleys=tuple(self._valley(state, i) for i in different))

    def _valley(self, state: State, i: int) -> Valley:
        """The bracket around a point of the scan."""
        points, costs = state.points, state.costs
        a, b = max(i - 1, 0), min(i + 1, points.size - 1)
        x, cost = float(points[i]), float(costs[i])
        low, high = float(points[a]), float(points[b])
        others = sorted(((float(costs[k]), float(points[k])) for k in {a, b} - {i}), key=lambda one: one[0])
        second = others[0] if others else (cost, x)
        third = others[-1] if others else (cost, x)
        width = high - low
        ending = Ending.RUNNING if width > 0 and np.isfinite(cost) else Ending.CONVERGED
        if not np.isfinite(cost):
            ending = Ending.FAILED
        valley = Valley(
            low, high, x, cost, second[1], second[0], third[1], third[0], x, width, width, x in {low, high}, 0, ending
        )
        if ending is not Ending.RUNNING:
            return valley
        if valley.at_bound:
            beside = 10 * self._resolution(state.space, x)
            asked = min(x + beside, 0.5 * (low + high)) if x == low else max(x - beside, 0.5 * (low + high))
            return replace(valley, asked=asked)
        return self._next(state.space, valley)

    def _advanced(self, state: State, valley: Valley, cost: float) -> Valley:
        """The bracket after the cost at the point asked for (Brent 1973, procedure localmin)."""
        u = valley.asked
        valley = replace(valley, iterations=valley.iterations + 1)
        if valley.at_bound:
            valley = replace(valley, at_bound=False)
            if cost >= valley.cost:
                low, high = sorted((valley.x, u))
                return replace(valley, low=low, high=high, ending=Ending.CONVERGED)
        if cost <= valley.cost:
            low, high = (valley.x, valley.high) if u >= valley.x else (valley.low, valley.x)
            valley = replace(
                valley, low=low, high=high, v=valley.w, v_cost=valley.w_cost, w=valley.x, w_cost=valley.cost,
                x=u, cost=cost,
            )  # fmt: skip
        else:
            low, high = (u, valley.high) if u < valley.x else (valley.low, u)
            valley = replace(valley, low=low, high=high)
            if cost <= valley.w_cost or valley.w == valley.x:
                valley = replace(valley, v=valley.w, v_cost=valley.w_cost, w=u, w_cost=cost)
            elif cost <= valley.v_cost or valley.v in {valley.x, valley.w}:
                valley = replace(valley, v=u, v_cost=cost)
        if valley.iterations >= self.maximum_iterations:
            return replace(valley, ending=Ending.LIMIT)
        return self._next(state.space, valley)

    def _resolution(self, space: SearchSpace, x: float) -> float:
        size = float(sizes(np.array([x]), space.lower, space.upper)[0])
        return self.tolerance * abs(x) + 1e-3 * self.tolerance * size

    def _next(self, space: SearchSpace, valley: Valley) -> Valley:
        """The parabola's minimum where it is inside and steps shrink, else a golden section; or the end."""
        x, low, high = valley.x, valley.low, valley.high
        tolerance = self._resolution(space, x)
        middle = 0.5 * (low + high)
        if abs(x - middle) <= 2.0 * tolerance - 0.5 * (high - low):
            return replace(valley, ending=Ending.CONVERGED)
        step, earlier = math.nan, valley.step
        if abs(valley.earlier) > tolerance and math.isfinite(valley.w_cost) and math.isfinite(valley.v_cost):
            r = (x - valley.w) * (valley.cost - valley.v_cost)
            q = (x - valley.v) * (valley.cost - valley.w_cost)
            top, bottom = (x - valley.v) * q - (x - valley.w) * r, 2.0 * (q - r)
            if bottom != 0.0:
                step = -top / bottom
                inside = low < x + step < high and abs(step) < 0.5 * abs(valley.earlier)
                step = step if inside else math.nan
                if inside and min(x + step - low, high - x - step) < 2.0 * tolerance:
                    step = math.copysign(tolerance, middle - x)
        if math.isnan(step):
            earlier = low - x if x >= middle else high - x
            step = _GOLDEN * earlier
        u = x + (step if abs(step) >= tolerance else math.copysign(tolerance, step))
        u = min(max(u, low), high)
        return replace(valley, asked=u, step=step, earlier=earlier)


def _spread(x: float, lower: float, upper: float, count: int) -> Float[np.ndarray, " n"]:
    """Points over the bounds where there are two, else outwards from x, each three times as far as the last."""
    if math.isfinite(lower) and math.isfinite(upper):
        return np.linspace(lower, upper, count)
    size = float(sizes(np.array([x]), np.array([lower]), np.array([upper]))[0])
    half = max(count // 2, 2)
    steps = size * _OUTWARDS ** np.arange(2 - half, 2.0)
    points = np.concatenate([x - steps, x + steps, [b for b in (lower, upper) if math.isfinite(b)]])
    return np.unique(np.clip(points, lower, upper))


def _further(
    points: Float[np.ndarray, " n"], costs: Float[np.ndarray, " n"], lower: float, upper: float
) -> Float[np.ndarray, " k"]:
    """Points beyond the scan, where the lowest one is the last on a side without a bound."""
    best, width = int(np.argmin(costs)), points[-1] - points[0]
    if best == 0 and not math.isfinite(lower):
        return points[0] - width * np.array([_OUTWARDS, 1.0])
    if best == points.size - 1 and not math.isfinite(upper):
        return points[-1] + width * np.array([1.0, _OUTWARDS])
    return np.zeros(0)


def _downhill(costs: Float[np.ndarray, " n"], i: int) -> int:
    """From a point of the scan down to one that is not higher than its neighbours."""
    while True:
        neighbours = [k for k in (i - 1, i + 1) if 0 <= k < costs.size]
        lower = min(neighbours, key=lambda k: costs[k], default=i)
        if not costs[lower] < costs[i]:
            return i
        i = lower


METHOD = Brent
