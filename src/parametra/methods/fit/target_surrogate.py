"""Target surrogates: many cheap updates of the parameters for each expensive slope of the cost in the predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.methods.fit import _target_lane as lane_of
from parametra.methods.fit._target_lane import Lane, Phase
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

METRICS = ("measured", "identity")

_TINY = 1e-9
_ROUNDING = 1e-12
"""Of the cost: excess over the surrogate that is only rounding."""

_NEGLIGIBLE = 1e-6
"""Share of the terms of the gradient that does not pass through the predictions and counts as none."""


_WANTS = {
    Phase.WHOLE: Want.GRADIENT,
    Phase.HERE: Want.PREDICTED,
    Phase.INNER: Want.PREDICTED,
    Phase.BEND: Want.SCORE,
    Phase.TRIAL: Want.SCORE,
}


@dataclass(frozen=True)
class State:
    """All starts; `bounds` (count, 2) are cost and surrogate at every accepted step, the proof that it was above."""

    space: SearchSpace
    lanes: tuple[Lane, ...]
    waiting: Int[np.ndarray, " w"]
    bounds: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class TargetSurrogate:
    """argmin cost(f(x)) by x <- argmin <g, f(x) - f_t> + |f(x) - f_t|_W^2 / (2 eta), g = d cost / d f at x_t.

    f are the predictions. The slope g is asked for once a step, and the surrogate is then lowered by several
    Gauss-Newton updates that only need predictions and their Jacobian. eta is halved until the surrogate lies above
    the cost where it was lowered to, which is tested at every step, so the cost never rises. W is 1, as published, or
    the curvature of the cost in each prediction, measured by one more slope now and then, for data whose errors
    differ. What does not pass through the predictions (priors, parameters of the noise) is added by its gradient and a
    parabola.

    Good for: likelihoods that cost more than the model does, as when they are simulated or integrated; logistic and
    other regressions. Prefer instead: `levenberg_marquardt` where there are residuals, `fisher_scoring` where there is
    an expected information.

    Arguments:
        eta: first inverse curvature, relative to the measured one, or to the one that the first slope tells.
        metric: "measured" or "identity", what W is.
        refresh: steps after which a measured W is measured again.
        updates: inner updates a step at most.
        growth: of eta after a step whose surrogate was above the cost.
        maximum_iterations: steps after which a start gives up.
        tolerance: scaled, projected gradient, relative to sqrt(|cost|), that counts as zero.

    Raises:
        MethodError: a setting that is not above zero.

    Source: arXiv:2302.02607.
    """

    card: ClassVar[Card] = Card(
        name="target_surrogate",
        verb="fit",
        summary="Majorises the cost in the space of predictions: several cheap updates for each expensive slope.",
        good_for="likelihoods that cost more than the model does; regressions with many data.",
        prefer_instead="`levenberg_marquardt` where there are residuals, `fisher_scoring` where there are scores.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side"}),
        cost="10 to 200 slopes of the likelihood, and 3 to 5 times as many predictions with Jacobian.",
        sources=(
            Source(
                "J. W. Lavington, S. Vaswani, R. Babanezhad, M. Schmidt and N. Le Roux",
                2023,
                "Target-based surrogates for stochastic optimization",
                "arXiv:2302.02607",
            ),
        ),
        accuracy=1e-6,
    )

    eta: float = 1.0
    metric: str = "measured"
    refresh: int = 5
    updates: int = 5
    growth: float = 2.0
    maximum_iterations: int = 1000
    tolerance: float = 3e-5

    def __post_init__(self) -> None:
        check_settings(self, one_of={"metric": METRICS})

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        lanes = tuple(lane_of.begin(np.clip(x, space.lower, space.upper)) for x in starts)
        return _waiting(State(space, lanes, np.arange(0), ()))

    def ask(self, state: State) -> Request:
        """The points of all starts that wait for the same."""
        want = _WANTS[state.lanes[state.waiting[0]].phase]
        return Request(np.stack([state.lanes[i].asked for i in state.waiting]), want, state.waiting)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        lanes, bounds = list(state.lanes), list(state.bounds)
        for row, i in enumerate(state.waiting.tolist()):
            lane = lanes[i]
            if not answers.ok[row]:
                lanes[i] = lane_of.after_failure(state.space, lane)
            elif lane.phase is Phase.WHOLE and answers.gradient is not None:
                lanes[i] = self._whole(state.space, lane, answers.gradient[row])
            elif lane.phase is Phase.BEND and answers.score is not None and answers.predicted is not None:
                metric = lane_of.metric_of(lane, answers.score[row], answers.predicted[row])
                lanes[i] = lane_of.inner(state.space, lane_of.reset(replace(lane, metric=metric, eta=self.eta, age=1)))
            elif lane.phase is Phase.TRIAL and answers.score is not None and answers.predicted is not None:
                lanes[i], bound = self._trial(
                    state.space, lane, float(answers.cost[row]), answers.score[row], answers.predicted[row]
                )
                bounds += bound
            elif answers.predicted is not None and answers.jacobian is not None:
                lanes[i] = self._predicted(state.space, lane, answers.predicted[row], answers.jacobian[row])
        return _waiting(replace(state, lanes=tuple(lanes), bounds=tuple(bounds)))

    def halted(self, state: State) -> bool:
        """Whether there is nothing left to ask."""
        return all(lane.phase is Phase.DONE for lane in state.lanes)

    def fraction(self, state: State) -> float:
        """How much of the work is done at most, 0 to 1."""
        limit = self.maximum_iterations
        done = [1.0 if lane.phase is Phase.DONE else min(1.0, lane.iterations / limit) for lane in state.lanes]
        return sum(done) / max(len(done), 1)

    def solutions(self, state: State) -> Solutions:
        """Where every start is by now."""
        lanes = state.lanes
        cost = np.array([lane.cost for lane in lanes])
        best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
        message = lanes[best].reason or "the run ended while it was on its way"
        return Solutions(
            np.stack([lane.x for lane in lanes]),
            cost,
            tuple(lane.ending for lane in lanes),
            np.array([lane.iterations for lane in lanes], dtype=np.int64),
            best,
            message if best >= 0 else "no start could be evaluated",
        )

    def _trial(
        self, space: SearchSpace, lane: Lane, cost: float, score: np.ndarray, predicted: np.ndarray
    ) -> tuple[Lane, list[tuple[float, float]]]:
        """The expensive answer at y: accept it when the surrogate is above the cost there, else bend it more."""
        if not np.isfinite(lane.cost):  # the first point of all
            known = replace(lane, cost=cost, score=score, predicted=predicted)
            return replace(known, phase=Phase.HERE, asked=lane.x), []
        above = lane.cost + lane.level
        if cost > above + _ROUNDING * max(1.0, abs(lane.cost)):
            return lane_of.again(space, replace(lane, eta=0.5 * lane.eta)), []
        eta = self.growth * lane.eta if lane.level < 0 else lane.eta
        moved = replace(
            lane,
            x=lane.y,
            cost=cost,
            score=score,
            predicted=predicted,
            jacobian=lane.y_jacobian,
            eta=eta,
            age=(lane.age + 1) % self.refresh if lane.age else 0,
            iterations=lane.iterations + 1,
        )
        # priors and parameters of the noise need the gradient itself; without them it is known already
        phase = Phase.HERE if moved.passes else Phase.WHOLE
        return replace(moved, phase=phase, asked=moved.x), [(cost, above)]

    def _whole(self, space: SearchSpace, lane: Lane, gradient: np.ndarray) -> Lane:
        """What of the gradient does not pass through the predictions; at the end, also the confirmation of it."""
        through = -lane.jacobian.T @ lane.score
        rest = gradient - through
        passes = bool(np.all(np.abs(rest) <= _NEGLIGIBLE * (np.abs(lane.jacobian).T @ np.abs(lane.score))))
        if passes:
            rest = np.zeros_like(rest)
        lane = replace(lane, rest=rest, passes=passes, bend=lane_of.bend_of(lane, rest, passes), old=(lane.x, rest))
        return self._surrogate(space, lane, asked=True)

    def _predicted(self, space: SearchSpace, lane: Lane, predicted: np.ndarray, jacobian: np.ndarray) -> Lane:
        if lane.phase is Phase.HERE:
            lane = replace(lane, predicted=predicted, jacobian=jacobian)
            if not lane.first:
                lane = replace(lane, metric=np.ones(predicted.size), eta=self.eta * lane_of.first_eta(lane))
                return replace(lane, phase=Phase.WHOLE, asked=lane.x)
            return self._surrogate(space, lane, asked=False)
        level = lane_of.level_at(lane, lane.asked, predicted)
        gain = lane.level - level
        if gain > 0:
            lane = replace(
                lane, y=lane.asked, level=level, y_predicted=predicted, y_jacobian=jacobian,
                damping=0.1 * lane.damping,
            )  # fmt: skip
        else:
            lane = replace(lane, damping=max(10.0 * lane.damping, 1e-3))
        done = 0 <= gain <= 1e-3 * abs(lane.level) or lane.updates >= self.updates + 20 * (lane.level >= 0)
        if done or (lane.updates >= self.updates and lane.level < 0):
            return replace(lane, phase=Phase.TRIAL, asked=lane.y)
        return lane_of.inner(space, lane)

    def _surrogate(self, space: SearchSpace, lane: Lane, *, asked: bool) -> Lane:
        """Test for the end at x, and begin to lower the surrogate."""
        gradient = lane.rest - lane.jacobian.T @ lane.score
        unit = lane_of.units(space, lane)
        step = np.abs(np.clip(lane.x - gradient * unit**2, space.lower, space.upper) - lane.x) / unit
        slope = float(np.nan_to_num(step, nan=np.inf).max(initial=0.0))
        lane = replace(lane, slope=slope, first=lane.first or max(slope, 1e-300))
        far = max(float(np.max(np.abs(lane.x) / unit, initial=0.0)), lane.first)
        if slope <= self.tolerance * np.sqrt(abs(lane.cost)) or slope <= _TINY * far:
            if asked:
                return lane_of.ended(lane, Ending.CONVERGED, f"the scaled, projected gradient is {slope:.1g}")
            return replace(lane, phase=Phase.WHOLE, asked=lane.x)
        if lane.iterations >= self.maximum_iterations:
            words = f"{self.maximum_iterations} steps were not enough: the scaled gradient is still {slope:.2g}"
            return lane_of.ended(lane, Ending.LIMIT, words)
        if self.metric == "measured" and lane.age == 0:
            return replace(lane, phase=Phase.BEND, asked=lane_of.aside(space, lane))
        return lane_of.inner(space, lane_of.reset(lane))


def _waiting(state: State) -> State:
    """Take those that wait for the same as the first one that waits."""
    open_ = [i for i, lane in enumerate(state.lanes) if lane.phase is not Phase.DONE]
    wants = [_WANTS[state.lanes[i].phase] for i in open_]
    return replace(state, waiting=np.array([i for i, w in zip(open_, wants, strict=True) if w is wants[0]], dtype=int))


METHOD = TargetSurrogate
