"""What the methods that step in a trust region share: one start to the last digit, or many side by side.

levenberg_marquardt   residuals and their Jacobian           cost 1/2 |r|^2, or a robust one
fisher_scoring        scores and their expected information  cost -log density, of either sign
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypedDict

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.methods.fit import _trust_region_lanes as lanes
from parametra.methods.fit import _trust_region_single as single
from parametra.methods.fit._trust_region_svd import advance
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Card
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_BESIDE = 0.9
"""Share of the work that starts do side by side, as the progress tells it."""


class Scale(TypedDict):
    """What both ways are told of how large coordinates and residuals are, see `SearchSpace`."""

    size: Float[np.ndarray, " d"]
    residual_size: float
    shifted: Bool[np.ndarray, " d"]


@dataclass(frozen=True)
class State:
    """Where a run stands: the lanes while there are several starts, then the one that is taken to the last digit."""

    starts: Float[np.ndarray, "S d"]
    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    many: lanes.Lanes | None
    one: single.Single | None
    scale: Scale
    observed: int
    accelerate: bool = False


@dataclass(frozen=True)
class TrustRegion:
    """A method whose answers are residuals with a Jacobian, or what stands for them; its settings, told by each.

    Raises:
        MethodError: a setting that is not above zero.
    """

    card: ClassVar[Card]
    of_likelihood: ClassVar[bool] = False
    """Whether the cost is -log density: of either sign, and moved by the units of the data, so that it tells no size.
    Changes are then compared with half the number of observed values, which a sum of squares would be."""

    radius_factors: tuple[float, ...] = (0.3, 3.0, 100.0)
    cost_tolerance: float = 1e-15
    step_tolerance: float = 1e-15
    lanes: int = 128
    lanes_radius_factor: float = 0.1
    lanes_tolerance: float = 1e-8
    lanes_iterations: int = 100
    maximum_iterations: int = 2000
    polishing_steps: int = 10
    polish: bool = True
    acceleration: str = "off"

    def __post_init__(self) -> None:
        check_settings(self, one_of={"acceleration": ("auto", "on", "off")})

    def for_screening(self) -> TrustRegion:
        """The same for a first look at a part of the data: loosely converged, nothing polished."""
        return replace(self, lanes_tolerance=max(self.lanes_tolerance, 1e-4), polish=False)

    def _cost_size(self, state: State) -> float | None:
        return max(0.5 * state.observed, 1.0) if self.of_likelihood else None

    def _single_rules(self, state: State) -> single.Rules:
        return single.Rules(
            self.radius_factors,
            self.cost_tolerance,
            self.step_tolerance,
            self.maximum_iterations,
            self.polishing_steps,
            self._cost_size(state),
        )

    def _lane_rules(self, state: State) -> lanes.Rules:
        return lanes.Rules(
            self.lanes_radius_factor,
            self.lanes_tolerance,
            self.lanes_tolerance,
            self.lanes_iterations,
            self._cost_size(state),
        )

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        lower, upper = np.asarray(space.lower), np.asarray(space.upper)
        scale: Scale = {
            "size": np.asarray(space.size),
            "residual_size": space.residual_size,
            "shifted": space.without_origin,
        }
        bent = self.acceleration == "on" or (self.acceleration == "auto" and space.differences)
        if len(starts) == 1:
            one = single.begin(0, starts[0], lower, upper, accelerate=bent, **scale)
            return State(starts, lower, upper, None, one, scale, space.observed, bent)
        many = lanes.begin(starts, lower, upper, self.lanes, **scale)
        return State(starts, lower, upper, many, None, scale, space.observed, bent)

    def ask(self, state: State) -> Request:
        """The points to evaluate next."""
        if state.one is not None:
            want = Want.RESIDUALS if state.one.phase is single.Phase.ACCELERATE else Want.JACOBIAN
            return Request(state.one.trial.x[None], want, np.array([state.one.index]))
        points, owners = lanes.asked(_lanes_of(state))
        return Request(points, Want.NORMAL, owners)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        if state.one is not None:
            return replace(state, one=advance(state.one, answers, self._single_rules(state)))
        many = lanes.advance(_lanes_of(state), answers, self._lane_rules(state))
        state = replace(state, many=many)
        if not lanes.halted(many) or not self.polish:
            return state
        points, cost, _, _ = _ends(state)
        if not np.isfinite(cost).any():
            return state
        best = int(np.argmin(cost))
        one = single.begin(best, points[best], state.lower, state.upper, accelerate=state.accelerate, **state.scale)
        return replace(state, one=one)

    def halted(self, state: State) -> bool:
        """Whether there is nothing left to ask."""
        if state.one is not None:
            return state.one.phase is single.Phase.DONE
        return lanes.halted(_lanes_of(state))

    def fraction(self, state: State) -> float:
        """How much of the work is done, 0 to 1."""
        if state.many is None:
            return 0.0
        if state.one is not None:  # the best of all starts goes on alone, for nobody knows how long
            return _BESIDE + (1.0 - _BESIDE) * state.one.iterations / self.maximum_iterations
        return _BESIDE * (state.many.taken - state.many.owner.size) / len(state.starts)

    def solutions(self, state: State) -> Solutions:
        """Where every start is by now."""
        points, cost, endings, iterations = _ends(state)
        message = "no start could be evaluated"
        if state.one is not None:
            x, value = single.best_point(state.one)
            i = state.one.index
            if state.many is None or value <= cost[i]:
                points[i], cost[i] = x, value
            endings[i] = state.one.ending
            iterations[i] += state.one.iterations
            message = state.one.reason or "the run ended while it was on its way"
        best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
        return Solutions(points, cost, tuple(endings), iterations, best, message)


def _lanes_of(state: State) -> lanes.Lanes:
    if state.many is None:
        raise MethodError("this state has no lanes: it was made for one start.")
    return state.many


def _ends(state: State) -> tuple[np.ndarray, np.ndarray, list[Ending], np.ndarray]:
    """Points, costs, endings and iterations of all starts; those that were never taken are where they began."""
    count = len(state.starts)
    points, cost = state.starts.copy(), np.full(count, np.inf)
    endings, iterations = [Ending.RUNNING] * count, np.zeros(count, dtype=np.int64)
    many = state.many
    if many is None:
        return points, cost, endings, iterations
    points[many.owner], cost[many.owner], iterations[many.owner] = many.x, many.cost, many.iterations
    for part in many.ended:
        points[part.index], cost[part.index], iterations[part.index] = part.points, part.cost, part.iterations
        for i, code in zip(part.index, part.endings, strict=True):
            endings[int(i)] = Ending(int(code))
    cost = np.where(np.isfinite(cost), cost, np.inf)
    return points, cost, endings, iterations
