"""Proximal gradient with acceleration: the cost by its gradient, a penalty that chooses among terms by its corner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.maths.penalties import CoordinatePenalty, nothing
from parametra.methods.fit._proximal_frame import Frame, frame_of, plain_frame
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import Range, check_settings
from parametra.nouns.search_space import SearchSpace

_ROUNDING = 1e-13
"""Differences of the cost below this share of it are rounding."""

_STEEPEST = 1e40

_STALLED = 1000
"""Iterations without a halving of the violation after which it is taken for the rounding of gradients..."""

_ROUGH = 1e-6
"""...when it is below this share of the largest slope."""


class Phase(Enum):
    """What was asked for."""

    UNITS = "the units of the coordinates"
    SLOPE = "cost and gradient where the momentum leads"
    TRIAL = "the cost of the step"


@dataclass(frozen=True)
class State:
    """S lanes side by side, d coordinates of `frame`. Lanes that wait or have ended take no part in a request.

    Arguments:
        frame: from the coordinates of the state to the problem's, and their units.
        at: (S, d) the accelerated iterates, x^ag of the papers; `total` (S,) cost + penalty there.
        ahead: (S, d) the iterates of the momentum, x of the papers.
        middle: (S, d) where the gradient is asked for, x^md; `smooth`, `slope` the smooth part there.
        damping: (S,) alpha. steep: (S,) L, the curvature that a step reckons with, in units of `units`.
        trying: lanes whose trial step is being asked for.
        before: middle and slope of the last iteration, NaN when there was none.
        largest: (S,) the largest slope of the cost that was met. violation: (S,) how far the last point was from an
            optimum, in the same units; lowest, lowest_since: (S,) the violation when it last halved, and when that was.
    """

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    penalty: CoordinatePenalty
    phase: Phase
    frame: Frame
    at: Float[np.ndarray, "S d"]
    total: Float[np.ndarray, " S"]
    ahead: Float[np.ndarray, "S d"]
    middle: Float[np.ndarray, "S d"]
    smooth: Float[np.ndarray, " S"]
    slope: Float[np.ndarray, "S d"]
    trial: Float[np.ndarray, "S d"]
    damping: Float[np.ndarray, " S"]
    steep: Float[np.ndarray, " S"]
    trying: Bool[np.ndarray, " S"]
    before: tuple[np.ndarray, np.ndarray]
    largest: Float[np.ndarray, " S"]
    violation: Float[np.ndarray, " S"]
    lowest: Float[np.ndarray, " S"]
    lowest_since: Int[np.ndarray, " S"]
    iterations: Int[np.ndarray, " S"]
    endings: Int[np.ndarray, " S"]

    @property
    def running(self) -> Bool[np.ndarray, " S"]:
        """Lanes that have not ended."""
        return self.endings == Ending.RUNNING.value


@dataclass(frozen=True)
class ProximalGradient:
    """argmin cost(x) + sum_j p(x_j) in a box.

    With f = cost + the smooth concave part of p, and the l1 part of p in the proximal step:

        x^md = (1 - a) x^ag + a x
        x^ag = soft(x^md - b grad f(x^md), b)            b = 1 / L
        x    = soft(x - c grad f(x^md), c)               c = b / a, for a penalty that is not convex
        x    = x^ag_old + (x^ag - x^ag_old) / a          for a convex one: this is FISTA
        a    = 2 / (1 + sqrt(1 + 4 / a^2))               from a = 1

    The sequences a and c = b / a are those of Yang, Asgharian and Bhatnagar, which minimise the bound of Ghadimi and
    Lan on the number of iterations. Ours: coordinates in units of the lengths of the Jacobian's columns at the first
    start, after those of free parameters are projected out of them; L by backtracking; momentum given up, x = x^ag and
    a = 1, when it points uphill or the objective rises (O'Donoghue and Candes); iterates cut off at the bounds.

    A start has converged when zero is among the slopes of cost + penalty in every coordinate, to `tolerance` relative
    to the largest gradient of the cost that was met; or to 1e-6 of it when that does not become less any more, as where
    gradients are differences. The message tells how far.

    Arguments:
        accelerate: False takes a = 1 throughout: the plain proximal gradient, for comparison.
        tolerance: see above.
        scaled: whether coordinates are measured by the Jacobian's columns; False takes them as they are.
        maximum_iterations: where a start gives up.
        backtracking: factor of L when a step does not keep what it promised.

    Raises:
        MethodError: a setting that cannot be.

    Source: arXiv:2009.10629; convex penalties: doi:10.1137/080716542.
    """

    card: ClassVar[Card] = Card(
        name="proximal_gradient",
        verb="fit",
        summary="Accelerated proximal gradient for penalties that choose among many terms: lasso, SCAD, MCP.",
        good_for="models with many terms of which few are wanted, also with more terms than data.",
        prefer_instead="`levenberg_marquardt` or `lbfgs` without a penalty: gradient steps alone are slow.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "penalty", "many starts side by side"}),
        cost="50 to 1000 evaluations with gradient a start, and as many without; nothing grows faster than d.",
        sources=(
            Source(
                "K. Yang, M. Asgharian and S. Bhatnagar",
                2022,
                "Accelerated Gradient Methods for Sparse Statistical Learning with Nonconvex Penalties",
                "arXiv:2009.10629",
            ),
            Source(
                "S. Ghadimi and G. Lan",
                2016,
                "Accelerated gradient methods for nonconvex nonlinear and stochastic programming",
                "doi:10.1007/s10107-015-0871-8",
            ),
            Source(
                "A. Beck and M. Teboulle",
                2009,
                "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse Problems",
                "doi:10.1137/080716542",
            ),
            Source(
                "B. O'Donoghue and E. Candes",
                2015,
                "Adaptive Restart for Accelerated Gradient Schemes",
                "doi:10.1007/s10208-013-9150-3",
            ),
        ),
        accuracy=1e-6,
    )

    accelerate: bool = True
    tolerance: float = 1e-8
    scaled: bool = True
    maximum_iterations: int = 20_000
    backtracking: float = 1.5

    def __post_init__(self) -> None:
        check_settings(self, {"backtracking": Range(above=1.0)})

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        lower, upper = np.asarray(space.lower), np.asarray(space.upper)
        count, d = starts.shape
        x = np.clip(starts, lower, upper)
        empty = np.full((count, d), np.nan)
        return State(
            lower=lower,
            upper=upper,
            penalty=space.penalty if space.penalty is not None else nothing(d),
            phase=Phase.UNITS if self.scaled else Phase.SLOPE,
            frame=plain_frame(np.ones(d)),
            at=x,
            total=np.full(count, np.inf),
            ahead=x,
            middle=x,
            smooth=np.full(count, np.inf),
            slope=empty,
            trial=empty,
            damping=np.ones(count),
            steep=np.zeros(count),
            trying=np.zeros(count, dtype=bool),
            before=(empty, empty),
            largest=np.zeros(count),
            violation=np.full(count, np.inf),
            lowest=np.full(count, np.inf),
            lowest_since=np.zeros(count, dtype=np.int64),
            iterations=np.zeros(count, dtype=np.int64),
            endings=np.full(count, Ending.RUNNING.value, dtype=np.int64),
        )

    def ask(self, state: State) -> Request:
        """The points to evaluate next."""
        if state.phase is Phase.UNITS:
            return Request(state.at[:1], Want.PREDICTED, np.zeros(1, dtype=np.int64))
        if state.phase is Phase.SLOPE:
            lanes = np.flatnonzero(state.running)
            return Request(state.frame.to_problem(state.middle[lanes]), Want.GRADIENT, lanes)
        lanes = np.flatnonzero(state.trying)
        return Request(state.frame.to_problem(state.trial[lanes]), Want.COST, lanes)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        if state.phase is Phase.UNITS:
            return _framed(state, answers)
        with np.errstate(all="ignore"):
            if state.phase is Phase.SLOPE:
                return _sloped(state, answers, self)
            return _tried(state, answers, self)

    def halted(self, state: State) -> bool:
        """Whether there is nothing left to ask."""
        return not state.running.any()

    def fraction(self, state: State) -> float:
        """How much of the work is done, 0 to 1."""
        return float(1 - state.running.mean())

    def solutions(self, state: State) -> Solutions:
        """Where every start is by now; the cost has the penalty in it."""
        best = int(np.argmin(state.total)) if np.isfinite(state.total).any() else -1
        message = "no start could be evaluated"
        if best >= 0:
            message = _words(state, best)
        endings = tuple(Ending(int(code)) for code in state.endings)
        return Solutions(
            state.frame.to_problem(state.at), state.total.copy(), endings, state.iterations.copy(), best, message
        )


def _framed(state: State, answers: Answers) -> State:
    """The Jacobian at the first start has come: from here on in its frame."""
    if answers.jacobian is None or not answers.ok[0]:
        return replace(state, phase=Phase.SLOPE)
    free = (state.penalty.strengths == 0) & np.isinf(state.lower) & np.isinf(state.upper)
    frame = frame_of(np.asarray(answers.jacobian[0]), free)
    at = frame.from_problem(state.at)
    return replace(state, frame=frame, at=at, ahead=at, middle=at, phase=Phase.SLOPE)


def _sloped(state: State, answers: Answers, rules: ProximalGradient) -> State:
    """Gradients have come: end what has converged, and propose a step to the others."""
    lanes = np.flatnonzero(state.running)
    penalty = state.penalty
    slopes = state.frame.slopes(np.asarray(answers.gradient))
    ok = answers.ok & np.isfinite(slopes).all(axis=1)
    middle, slope = state.middle.copy(), state.slope.copy()
    smooth, total, at = state.smooth.copy(), state.total.copy(), state.at.copy()
    ahead, damping, steep = state.ahead.copy(), state.damping.copy(), state.steep.copy()
    endings, violation, largest = state.endings.copy(), state.violation.copy(), state.largest.copy()
    trial, trying = state.trial.copy(), np.zeros_like(state.trying)
    # momentum has led where the model fails: go on from where it does not
    lost = lanes[~ok]
    hopeless = lost[(middle[lost] == at[lost]).all(axis=1)]
    endings[hopeless] = Ending.FAILED.value
    middle[lost], ahead[lost], damping[lost] = at[lost], at[lost], 1.0
    here = lanes[ok]
    x, gradient, cost = middle[here], slopes[ok], answers.cost[ok]
    root = np.sqrt(state.frame.units)
    largest[here] = np.maximum(largest[here], np.abs(gradient / root).max(axis=1, initial=0.0))
    violation[here] = np.abs(penalty.violation(x, gradient, state.lower, state.upper) / root).max(axis=1, initial=0.0)
    slope[here] = gradient + penalty.concave_slope(x)
    smooth[here] = cost + penalty.concave(x).sum(axis=1)
    whole = cost + penalty.value(x)
    floor = 1e-10 * np.sqrt(2 * np.abs(cost))
    stalled = state.iterations[here] - state.lowest_since[here] > _STALLED
    share = np.where(stalled, max(rules.tolerance, _ROUGH), rules.tolerance)
    done = violation[here] <= np.maximum(share * largest[here], floor)
    first = ~np.isfinite(total[here])
    total[here[first | done]] = whole[first | done]
    at[here[done]] = x[done]
    endings[here[done]] = Ending.CONVERGED.value
    lowest, since = state.lowest.copy(), state.lowest_since.copy()
    halved = here[violation[here] < 0.5 * lowest[here]]
    lowest[halved], since[halved] = violation[halved], state.iterations[halved]
    tired = here[~done & (state.iterations[here] >= rules.maximum_iterations)]
    endings[tired] = Ending.LIMIT.value
    # the curvature between the last two gradients is one that L may not fall short of
    moved, turned = middle - state.before[0], slope - state.before[1]
    seen = (moved * turned).sum(axis=1) / (state.frame.units * moved**2).sum(axis=1)
    short = np.isfinite(seen) & (seen > steep) & (steep > 0)
    steep[short] = seen[short]
    steep[steep <= 0] = 1.0  # the first steps find out
    trying[here] = True
    trying &= endings == Ending.RUNNING.value
    trial = np.where(trying[:, None], _step(state, middle, slope, steep), trial)
    phase = Phase.TRIAL if trying.any() else Phase.SLOPE
    return replace(
        state, phase=phase, at=at, total=total, ahead=ahead, middle=middle, smooth=smooth, slope=slope, trial=trial,
        damping=damping, steep=steep, trying=trying, largest=largest, violation=violation, endings=endings,
        lowest=lowest, lowest_since=since,
    )  # fmt: skip


def _step(state: State, middle: np.ndarray, slope: np.ndarray, steep: np.ndarray) -> np.ndarray:
    steps = 1 / (steep[:, None] * state.frame.units)
    return state.penalty.soft(middle - steps * slope, steps, state.lower, state.upper)


def _tried(state: State, answers: Answers, rules: ProximalGradient) -> State:
    """Costs of trial steps have come: those that keep their promise are taken, the others are made shorter."""
    lanes = np.flatnonzero(state.trying)
    penalty, new = state.penalty, state.trial[lanes]
    move = new - state.middle[lanes]
    square = (state.frame.units * move**2).sum(axis=1)
    promised = state.smooth[lanes] + (state.slope[lanes] * move).sum(axis=1)
    smooth = np.where(answers.ok, answers.cost, np.inf) + penalty.concave(new).sum(axis=1)
    seen = 2 * (smooth - promised) / np.where(square > 0, square, 1.0)
    slack = _ROUNDING * np.abs(state.smooth[lanes])
    kept = smooth <= promised + 0.5 * state.steep[lanes] * square + slack
    steep, endings, trying = state.steep.copy(), state.endings.copy(), state.trying.copy()
    short = lanes[~kept]
    grown = np.where(np.isfinite(seen[~kept]), np.minimum(1.02 * seen[~kept], 100 * steep[short]), 100 * steep[short])
    steep[short] = np.maximum(rules.backtracking * steep[short], grown)
    endings[short[steep[short] > _STEEPEST]] = Ending.FAILED.value
    trying[lanes[kept]] = False
    trying &= endings == Ending.RUNNING.value
    moved = _accepted(state, lanes[kept], new[kept], (answers.cost + penalty.value(new))[kept], rules)
    trial = state.trial.copy()
    again = np.flatnonzero(trying)
    trial[again] = _step(state, state.middle, state.slope, steep)[again]
    phase = Phase.TRIAL if trying.any() else Phase.SLOPE
    return replace(moved, phase=phase, trial=trial, steep=steep, trying=trying, endings=endings)


def _accepted(state: State, lanes: np.ndarray, new: np.ndarray, total: np.ndarray, rules: ProximalGradient) -> State:
    """Take steps, and decide where the next gradients are asked for."""
    at, ahead, middle = state.at.copy(), state.ahead.copy(), state.middle.copy()
    damping, totals, iterations = state.damping.copy(), state.total.copy(), state.iterations.copy()
    before = state.before[0].copy(), state.before[1].copy()
    before[0][lanes], before[1][lanes] = state.middle[lanes], state.slope[lanes]
    iterations[lanes] += 1
    old, old_total, a = at[lanes], totals[lanes], damping[lanes][:, None]
    worse = (total > old_total + _ROUNDING * np.abs(old_total)) & (a[:, 0] < 1)
    uphill = (state.frame.units * (middle[lanes] - new) * (new - old)).sum(axis=1) > 0
    if state.penalty.convex:
        leading = old + (new - old) / a
    else:
        steps = 1 / (state.steep[lanes][:, None] * state.frame.units * a)
        leading = state.penalty.soft(ahead[lanes] - steps * state.slope[lanes], steps, state.lower, state.upper)
    at[lanes] = np.where(worse[:, None], old, new)
    totals[lanes] = np.where(worse, old_total, total)
    again = worse | uphill | (not rules.accelerate)
    ahead[lanes] = np.where(again[:, None], at[lanes], leading)
    damping[lanes] = np.where(again, 1.0, 2 / (1 + np.sqrt(1 + 4 / a[:, 0] ** 2)))
    a = damping[lanes][:, None]
    middle[lanes] = np.clip((1 - a) * at[lanes] + a * ahead[lanes], state.lower, state.upper)
    return replace(
        state, at=at, total=totals, ahead=ahead, middle=middle, damping=damping, before=before, iterations=iterations
    )


def _words(state: State, best: int) -> str:
    ending = Ending(int(state.endings[best]))
    share = state.violation[best] / state.largest[best] if state.largest[best] > 0 else 0.0
    what = (
        "cost and penalty balance in every coordinate" if (state.penalty.strengths > 0).any() else "the slope is zero"
    )
    if ending is Ending.CONVERGED:
        return f"{what}, to {share:.1g} of the largest slope of the cost"
    if ending is Ending.LIMIT:
        return f"{state.iterations[best]} iterations were not enough: slopes are off by {share:.1g} of the largest"
    if ending is Ending.FAILED:
        return "no step from there lowers the cost"
    return "the run ended while it was on its way"


METHOD = ProximalGradient
