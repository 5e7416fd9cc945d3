"""Two-timescale extragradient: some parameters minimise the cost while an adversary maximises it over the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.minimax import equilibrated, second_order
from parametra.methods.fit._units import probes, sizes
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_SAFE = 0.7
_LARGEST = 0.95
"""eta |F(z') - F(z)| / |z' - z|: aimed at, and the largest that the proof of convergence allows (below 1)."""

_TINY = 1e-9
_PATIENCE = 5
_SLOWEST = 1000.0
"""Stages without a smaller residual after which tau is doubled, and the largest tau."""


class Phase(Enum):
    """What a start is waiting for."""

    MEASURE = "the Hessian"
    HALF = "the field half way"
    FULL = "the field after the step"
    DONE = "nothing"


@dataclass(frozen=True)
class Lane:
    """One start. `field` is the gradient with its sign turned for the adversary, in the box coordinates.

    Arguments:
        z, cost, field: where it stands; `cost` is infinite before the first answer.
        asked: (k, d) the points it waits for.
        half: the point half way.
        unit, eta, tau: scale of the coordinates, step, and how much slower the minimising ones go.
        slope, first, lowest: the natural residual in units at the last measurement, at the first, and the least.
        waited: stages since the least one.
        kept, kept_cost, kept_slope: the best point measured.
    """

    phase: Phase
    asked: np.ndarray
    z: np.ndarray
    cost: float
    field: np.ndarray
    half: np.ndarray
    unit: np.ndarray
    eta: float
    tau: float
    slope: float
    first: float
    lowest: float
    waited: int
    step: int
    stage: int
    kept: np.ndarray
    kept_cost: float
    kept_slope: float
    ending: Ending
    iterations: int
    reason: str


@dataclass(frozen=True)
class State:
    """All starts, the box, and the signs: 1 minimises, -1 maximises."""

    space: SearchSpace
    sign: Float[np.ndarray, " d"]
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Extragradient:
    """min over x, max over y of the cost, x and y in boxes: z' = P(z - eta L F(z)), z <- P(z - eta L F(z')).

    F = (d cost / dx, -d cost / dy), L = diag(1 / tau for x, 1 for y), P the projection on the box. The look ahead to
    z' is what keeps it from the circles of plain descent and ascent, and with tau large enough it settles only at
    local minimax points, also where the Hessian in y is singular. Coordinates are scaled by the Hessian's largest
    entries, eta follows the field's change between z and z', and tau grows when a stage of steps led no nearer, or to
    a stationary point that is no local minimax point.

    Good for: fits that must hold against the worst of something bounded: a bias, a weight of data sets. Without an
    adversary it minimises, slowly. Prefer instead: any other method for problems without one.

    Arguments:
        timescale: tau at the start; 1 where there is no adversary.
        steps: steps of a stage, after which the Hessian is measured anew by one gradient for each coordinate.
        stages: where a start gives up.
        tolerance: scaled natural residual, relative to sqrt(|cost|), that counts as zero.

    Raises:
        MethodError: a setting that is not above zero, a timescale below 1.

    Source: arXiv:2305.16242; step: doi:10.1137/0314056.
    """

    card: ClassVar[Card] = Card(
        name="extragradient",
        verb="fit",
        summary="Two-timescale extragradient for parameters that are chosen against the fit.",
        good_for="fits that must hold against the worst value of something bounded: an adversary.",
        prefer_instead="any other method where there is no adversary: this one is then a slow descent.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "adversary", "many starts side by side"}),
        cost="200 to 20 000 evaluations with gradient a start.",
        sources=(
            Source(
                "J. Chae, K. Kim and D. Kim",
                2024,
                "Two-timescale extragradient for finding local minimax points",
                "arXiv:2305.16242",
            ),
            Source(
                "G. M. Korpelevich",
                1976,
                "The extragradient method for finding saddle points and other problems",
                "https://zbmath.org/0342.90044",
            ),
        ),
        accuracy=1e-6,
    )

    timescale: float = 10.0
    steps: int = 100
    stages: int = 100
    tolerance: float = 3e-5

    def __post_init__(self) -> None:
        check_settings(self)
        if self.timescale < 1:
            raise MethodError(
                f"extragradient(timescale={self.timescale!r}): 1 or more is wanted, the adversary is the faster one."
            )

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        d = space.dimension
        against = np.zeros(d, dtype=bool) if space.adversary is None else space.adversary
        tau = self.timescale if against.any() else 1.0
        lanes = tuple(_begin(np.clip(x, space.lower, space.upper), tau) for x in starts)
        return State(space, np.where(against, -1.0, 1.0), lanes)

    def ask(self, state: State) -> Request:
        """The points to evaluate next."""
        points = np.concatenate([lane.asked for lane in state.lanes])
        owners = np.repeat(np.arange(len(state.lanes)), [len(lane.asked) for lane in state.lanes])
        return Request(points, Want.GRADIENT, owners)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        if answers.gradient is None:
            raise MethodError("`extragradient` was answered without a gradient, which it asked for.")
        ok = answers.ok & np.isfinite(answers.gradient).all(axis=1)
        field = answers.gradient * state.sign
        lanes, first = list(state.lanes), 0
        for i, lane in enumerate(state.lanes):
            end = first + len(lane.asked)
            if end > first:
                lanes[i] = self._advance(state, lane, i, answers.cost[first:end], field[first:end], ok[first:end])
            first = end
        return replace(state, lanes=tuple(lanes))

    def halted(self, state: State) -> bool:
        """Whether there is nothing left to ask."""
        return all(lane.phase is Phase.DONE for lane in state.lanes)

    def fraction(self, state: State) -> float:
        """How much of the work is done at most, 0 to 1."""
        done = [1.0 if lane.phase is Phase.DONE else min(1.0, lane.stage / self.stages) for lane in state.lanes]
        return sum(done) / max(len(done), 1)

    def solutions(self, state: State) -> Solutions:
        """Where every start is; the best is the lowest of those that converged, else the nearest to it."""
        lanes = state.lanes
        cost = np.array([lane.kept_cost for lane in lanes])
        rank = [(lane.ending is not Ending.CONVERGED, _rank(state, lane)) for lane in lanes]
        best = min(range(len(lanes)), key=rank.__getitem__) if np.isfinite(cost).any() else -1
        message = lanes[best].reason if best >= 0 else "no start could be evaluated"
        return Solutions(
            np.stack([lane.kept for lane in lanes]),
            cost,
            tuple(lane.ending for lane in lanes),
            np.array([lane.iterations for lane in lanes], dtype=np.int64),
            best,
            message or "the run ended while it was on its way",
        )

    def _advance(
        self, state: State, lane: Lane, index: int, cost: np.ndarray, field: np.ndarray, ok: np.ndarray
    ) -> Lane:
        if lane.phase is Phase.MEASURE:
            return self._measured(state, lane, index, cost, field, ok)
        if not ok[0]:
            return _ahead(state, replace(lane, eta=0.3 * lane.eta))
        if lane.phase is Phase.HALF:
            return _stepped(state, lane, field[0])
        moved = replace(
            lane,
            z=lane.asked[0],
            cost=float(cost[0]),
            field=field[0],
            step=lane.step + 1,
            iterations=lane.iterations + 1,
        )
        return _ahead(state, moved) if moved.step < self.steps else _measure(state, moved)

    def _measured(
        self, state: State, lane: Lane, index: int, cost: np.ndarray, field: np.ndarray, ok: np.ndarray
    ) -> Lane:
        """The Hessian by differences of the field: units, the test of the end, and the next stage."""
        space, d = state.space, lane.z.size
        if not np.isfinite(lane.cost):
            if not ok[0]:
                reason = "the model could not be evaluated at the start"
                return replace(lane, phase=Phase.DONE, asked=np.zeros((0, d)), ending=Ending.FAILED, reason=reason)
            return _measure(state, replace(lane, cost=float(cost[0]), kept_cost=float(cost[0]), field=field[0]))
        size = sizes(lane.z, space.lower, space.upper)
        moved = np.diagonal(lane.asked) - lane.z
        with np.errstate(all="ignore"):
            slopes = (field * state.sign - lane.field * state.sign) / moved[:, None]
        hessian = np.where(np.isfinite(slopes) & ok[:, None], slopes, 0.0)
        hessian = 0.5 * (hessian + hessian.T)
        raw, unit = equilibrated(hessian, size, np.inf), equilibrated(hessian, size, 10.0)
        slope = _residual(state, lane, raw)
        found = replace(lane, unit=unit, slope=slope, first=lane.first or slope)
        if _ranked(state, lane.cost, slope) <= _rank(state, lane):
            found = replace(found, kept=lane.z, kept_cost=lane.cost, kept_slope=slope)
        far = float(np.max(np.abs(lane.z) / raw, initial=found.first if np.isfinite(found.first) else 0.0))
        if slope <= self.tolerance * np.sqrt(abs(lane.cost)) or slope <= _TINY * far:
            why = second_order(hessian, state.sign < 0, lane.z, space.lower, space.upper, raw)
            if not why:
                reason = f"the scaled gradient of both sides is {slope:.1g}"
                return replace(
                    found,
                    phase=Phase.DONE,
                    asked=np.zeros((0, d)),
                    ending=Ending.CONVERGED,
                    reason=reason,
                    kept=lane.z,
                    kept_cost=lane.cost,
                    kept_slope=slope,
                )
            found = replace(found, reason=f"a stationary point was found, but {why}")
            kick = generator(space.seed, "fit.extragradient", index * (self.stages + 1) + lane.stage).normal(size=d)
            z = np.clip(lane.z + 1e-3 * unit * kick * max(1.0, np.sqrt(abs(lane.cost))), space.lower, space.upper)
            jump = replace(found, tau=min(2 * lane.tau, _SLOWEST), z=z, lowest=np.inf, waited=0)
            return self._next_stage(state, jump, jumped=True)
        waited = 0 if slope < 0.9 * lane.lowest else lane.waited + 1
        circles = waited >= _PATIENCE and bool((state.sign < 0).any())
        found = replace(found, reason="", lowest=min(slope, lane.lowest), waited=0 if circles else waited)
        return self._next_stage(state, replace(found, tau=min(2 * lane.tau, _SLOWEST)) if circles else found)

    def _next_stage(self, state: State, lane: Lane, *, jumped: bool = False) -> Lane:
        if lane.stage >= self.stages:
            reason = lane.reason or (
                f"after {self.stages} stages of {self.steps} steps the scaled gradient is still {lane.slope:.2g}"
            )
            return replace(lane, phase=Phase.DONE, asked=np.zeros((0, lane.z.size)), ending=Ending.LIMIT, reason=reason)
        lane = replace(lane, stage=lane.stage + 1, step=0)
        # after a jump the field is not known yet: a step of length zero asks for it
        return replace(lane, phase=Phase.FULL, asked=lane.z[None]) if jumped else _ahead(state, lane)


def _begin(x: np.ndarray, tau: float) -> Lane:
    zero = np.zeros(x.size)
    return Lane(
        phase=Phase.MEASURE,
        asked=x[None],
        z=x,
        cost=np.inf,
        field=zero,
        half=x,
        unit=zero + 1.0,
        eta=0.5,
        tau=tau,
        slope=np.inf,
        first=0.0,
        lowest=np.inf,
        waited=0,
        step=0,
        stage=0,
        kept=x,
        kept_cost=np.inf,
        kept_slope=np.inf,
        ending=Ending.RUNNING,
        iterations=0,
        reason="",
    )


def _pace(state: State, lane: Lane) -> np.ndarray:
    """L unit^2: how fast each coordinate goes."""
    return lane.unit**2 * np.where(state.sign > 0, 1.0 / lane.tau, 1.0)


def _measure(state: State, lane: Lane) -> Lane:
    """Ask for the field beside each coordinate."""
    size = sizes(lane.z, state.space.lower, state.space.upper)
    return replace(lane, phase=Phase.MEASURE, asked=probes(lane.z, size, state.space.lower, state.space.upper))


def _ahead(state: State, lane: Lane) -> Lane:
    """Ask half way."""
    half = np.clip(lane.z - lane.eta * _pace(state, lane) * lane.field, state.space.lower, state.space.upper)
    return replace(lane, phase=Phase.HALF, half=half, asked=half[None])


def _stepped(state: State, lane: Lane, field: np.ndarray) -> Lane:
    """With the field half way: the step, or a shorter look ahead when the field changed too much."""
    pace = _pace(state, lane)
    there = float(np.sqrt(np.sum((lane.half - lane.z) ** 2 / pace)))
    change = float(np.sqrt(np.sum((field - lane.field) ** 2 * pace)))
    ratio = lane.eta * change / there if there > 0 else 0.0
    if ratio > _LARGEST and lane.eta > 1e-12:
        return _ahead(state, replace(lane, eta=lane.eta * max(0.1, min(0.7, _SAFE / ratio))))
    z = np.clip(lane.z - lane.eta * pace * field, state.space.lower, state.space.upper)
    eta = lane.eta * (min(1.1, max(0.9, _SAFE / ratio)) if ratio > 0 else 1.0)
    return replace(lane, phase=Phase.FULL, asked=z[None], eta=eta)


def _residual(state: State, lane: Lane, unit: np.ndarray) -> float:
    """Max |P(z - unit^2 F) - z| / unit: zero where each side is stationary within its bounds."""
    with np.errstate(all="ignore"):
        step = np.abs(np.clip(lane.z - unit**2 * lane.field, state.space.lower, state.space.upper) - lane.z) / unit
    return float(np.nan_to_num(step, nan=np.inf).max(initial=0.0))


def _ranked(state: State, cost: float, slope: float) -> float:
    """What is lower at a better point: the cost, but the slope where an adversary works against it."""
    return slope if (state.sign < 0).any() else cost


def _rank(state: State, lane: Lane) -> Any:
    if lane.ending is Ending.CONVERGED:
        return lane.kept_cost
    return _ranked(state, lane.kept_cost, lane.kept_slope)


METHOD = Extragradient
