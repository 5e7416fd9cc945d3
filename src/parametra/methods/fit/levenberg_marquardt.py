"""Levenberg and Marquardt's method as More's trust region: the least-squares fit of this package, for one start or many.

    x+ = x - (J'J + lam D^2)^-1 J'r,   lam such that |D (x+ - x)| <= radius,   D_j = the largest |J_j| so far

One start goes through the Jacobian's singular values to the last digit. Many starts go side by side on normal equations
to eight digits, and the best of them, with up to two that are nearly as good and elsewhere, then go the first way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.methods.fit import _trust_region_lanes as lanes_engine
from parametra.methods.fit import _trust_region_svd as svd_engine
from parametra.nouns.asker import Answers, BoxSpace, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError

_NEARLY_AS_GOOD = 1e-3
_ALSO_POLISHED = 2

MORE = Source(
    "J. J. More", 1978, "The Levenberg-Marquardt algorithm: implementation and theory", "doi:10.1007/BFb0067700"
)
BRANCH_COLEMAN_LI = Source(
    "M. A. Branch, T. F. Coleman, Y. Li",
    1999,
    "A subspace, interior, and conjugate gradient method for large-scale bound-constrained minimization problems",
    "doi:10.1137/S1064827595289108",
)


@dataclass(frozen=True)
class State:
    """Where a run stands: the lanes of many starts, then the starts in `queue` one by one; `single` is the present one."""

    lanes: lanes_engine.Lanes | None
    single: svd_engine.Single | None
    queue: tuple[int, ...]
    polished: tuple[svd_engine.Single, ...]


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Least squares by Levenberg and Marquardt's method with bounds; the defaults are the one setting that is tested.

    Good for every problem with residuals and up to some hundred parameters. For a likelihood without residuals prefer
    `lbfgs`.

    Arguments:
        radius: the first trust region, as a share of the scaled length of the start; when that ends in no minimum, ten
            times and a tenth of it are tried too. Needs no tuning: 0.1 to 10 give the same answers on NIST's problems.
        tolerance: relative change of cost, and of the step, that ends a descent; 1e-15 is as far as numbers go.
        maximum_iterations: of one start and one radius.
        polishing_steps: the most undamped Gauss-Newton steps at the end.
        lanes: how many starts go side by side.
        lane_tolerance: as `tolerance`, in the lanes.
        lane_iterations: as `maximum_iterations`, in the lanes.

    Raises:
        MethodError: a setting that is not above zero.

    Source: More (1978), doi:10.1007/BFb0067700; bounds as Branch, Coleman and Li (1999), doi:10.1137/S1064827595289108.
    """

    radius: float = 0.3
    tolerance: float = 1e-15
    maximum_iterations: int = 2000
    polishing_steps: int = 10
    lanes: int = 64
    lane_tolerance: float = 1e-8
    lane_iterations: int = 200

    card: ClassVar[Card] = Card(
        name="levenberg_marquardt",
        verb="fit",
        summary="Least squares from one start or many: a trust region on the Jacobian, exact to the last digits.",
        good_for="residuals with up to some hundred parameters, with or without bounds; ill-conditioned problems",
        prefer_instead="lbfgs for a likelihood without residuals, or for thousands of parameters",
        needs=frozenset({Ability.RESIDUALS, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "many starts"}),
        cost="10 to 100 Jacobians for one start, more where the valley is curved; about 25 normal equations for each of "
        "many starts",
        sources=(MORE, BRANCH_COLEMAN_LI),
    )

    def __post_init__(self) -> None:
        for name in ("radius", "tolerance", "maximum_iterations", "lanes", "lane_tolerance", "lane_iterations"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise MethodError(f"levenberg_marquardt: {name} must be a finite number above 0, but is {value}.")
        if self.polishing_steps < 0:
            raise MethodError(
                f"levenberg_marquardt: polishing_steps must be 0 or more, but is {self.polishing_steps}. "
                "Use 0 for no polishing."
            )

    def start(self, space: BoxSpace, starts: Float[np.ndarray, "S d"]) -> State:
        lower, upper = np.asarray(space.lower, dtype=float), np.asarray(space.upper, dtype=float)
        if len(starts) == 1:
            return State(None, svd_engine.begin(0, starts[0], lower, upper), (), ())
        return State(lanes_engine.begin(starts, lower, upper, self._lane_rules), None, (), ())

    def ask(self, state: State) -> Request:
        if state.single is not None:
            return Request(state.single.trial.x[None], Want.JACOBIAN, np.array([state.single.index]))
        if state.lanes is None or lanes_engine.halted(state.lanes):
            raise MethodError(
                "levenberg_marquardt: this run has ended, so that there is nothing to ask. Use solutions()."
            )
        points, owner = lanes_engine.asked(state.lanes)
        return Request(points, Want.NORMAL, owner)

    def tell(self, state: State, answers: Answers) -> State:
        if state.single is not None:
            single = svd_engine.advance(state.single, answers, self._rules(alone=state.lanes is None))
            if single.phase is not svd_engine.Phase.DONE:
                return replace(state, single=single)
            ended = replace(state, single=None, polished=(*state.polished, single))
            return self._next_polished(ended)
        if state.lanes is None:
            return state
        lanes = lanes_engine.advance(state.lanes, answers, self._lane_rules)
        state = replace(state, lanes=lanes)
        if not lanes_engine.halted(lanes):
            return state
        return self._next_polished(replace(state, queue=_worth_polishing(lanes_engine.gathered(lanes))))

    def halted(self, state: State) -> bool:
        return state.single is None and (state.lanes is None or lanes_engine.halted(state.lanes))

    def fraction(self, state: State) -> float:
        """The share of the starts that have ended, 0 to 1."""
        if state.lanes is None:
            return 0.0
        return (state.lanes.taken - state.lanes.owner.size) / len(state.lanes.starts)

    def solutions(self, state: State) -> Solutions:
        singles = (*state.polished, *(() if state.single is None else (state.single,)))
        if state.lanes is None:
            ends = _ends_of_one(singles[0])
        else:
            ends = lanes_engine.gathered(state.lanes)
            for single in singles:
                _put(ends, single)
        finite = np.isfinite(ends.cost)
        best = int(np.argmin(ends.cost)) if finite.any() else -1
        endings = tuple(Ending(int(code)) for code in ends.endings)
        return Solutions(ends.points, ends.cost, endings, ends.iterations, best, self._message(singles, endings, best))

    def _message(self, singles: tuple[svd_engine.Single, ...], endings: tuple[Ending, ...], best: int) -> str:
        for single in singles:
            if single.index == best and single.reason:
                return single.reason
        if best < 0:
            evaluated = all(ending is Ending.FAILED for ending in endings)
            return (
                singles[0].reason if singles and evaluated else _NOWHERE if evaluated else "nothing was evaluated yet"
            )
        if endings[best] is Ending.RUNNING:
            return "stopped before the end; this is the best point so far"
        if endings[best] is Ending.LIMIT:
            return "the largest number of iterations was reached; this is the best point so far"
        return f"the cost or the step changed by less than {self.lane_tolerance:g} of itself"

    def _next_polished(self, state: State) -> State:
        if not state.queue or state.lanes is None:
            return state
        index, ends = state.queue[0], lanes_engine.gathered(state.lanes)
        single = svd_engine.begin(index, ends.points[index], state.lanes.lower, state.lanes.upper)
        return replace(state, single=single, queue=state.queue[1:])

    def _rules(self, *, alone: bool) -> svd_engine.Rules:
        factors = (self.radius, 10.0 * self.radius, 0.1 * self.radius) if alone else (self.radius,)
        return svd_engine.Rules(factors, self.tolerance, self.tolerance, self.maximum_iterations, self.polishing_steps)

    @property
    def _lane_rules(self) -> lanes_engine.Rules:
        return lanes_engine.Rules(
            self.lanes, self.radius, self.lane_tolerance, self.lane_tolerance, self.lane_iterations
        )


METHOD = LevenbergMarquardt

_NOWHERE = "the model could not be evaluated at any start; choose others"


def _worth_polishing(ends: lanes_engine.Ended) -> tuple[int, ...]:
    """The best end, then those nearly as good that are other minima or had not converged: polishing may turn the order."""
    order = np.argsort(ends.cost, kind="stable")
    if not np.isfinite(ends.cost[order[0]]):
        return ()
    chosen = [int(order[0])]
    best = ends.cost[order[0]]
    for index in order[1:]:
        if len(chosen) > _ALSO_POLISHED or not ends.cost[index] <= best * (1.0 + _NEARLY_AS_GOOD):
            break
        unfinished = ends.endings[index] != Ending.CONVERGED.value
        if unfinished or all(_elsewhere(ends.points[index], ends.points[other]) for other in chosen):
            chosen.append(int(index))
    return tuple(chosen)


def _elsewhere(a: Float[np.ndarray, " d"], b: Float[np.ndarray, " d"]) -> bool:
    return bool((np.abs(a - b) > 1e-2 * (np.abs(a) + np.abs(b))).any())


def _ends_of_one(single: svd_engine.Single) -> lanes_engine.Ended:
    x, cost = svd_engine.best_point(single)
    codes, counts = np.array([single.ending.value]), np.array([single.iterations])
    zero: Int[np.ndarray, " E"] = np.array([0])
    return lanes_engine.Ended(zero, x[None], np.array([cost]), codes, counts)


def _put(ends: lanes_engine.Ended, single: svd_engine.Single) -> None:
    """The polished end in the place of the lane's, unless polishing was worse by more than rounding."""
    x, cost = svd_engine.best_point(single)
    index = single.index
    ends.iterations[index] += single.iterations
    if cost <= ends.cost[index] * (1.0 + 1e-8):
        ends.points[index], ends.cost[index] = x, cost
        if single.ending is not Ending.RUNNING:
            ends.endings[index] = single.ending.value
