"""Simultaneous perturbation (SPSA): a gradient from two costs in a random direction, whatever the dimension."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit import _one_byte as shared
from parametra.methods.fit._one_byte import Shared
from parametra.methods.fit._units import sizes
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_PROBES = 24
_TINY = 1e-9


class Phase(Enum):
    """What a start is waiting for."""

    FIRST = "the start"
    MEASURE = "slope and curvature"
    WALK = "a step"
    DONE = "nothing"


@dataclass(frozen=True)
class Lane:
    """One start.

    Arguments:
        asked: (k, d) the points it waits for.
        held: what its workers share.
        kept: what they shared at the beginning of this stage; with `log`, the messages since then, it makes `held`.
        best, cost: the best point known, and its cost.
        unit, moving: the scale of each coordinate, and whether it moves: not at a bound that the cost pushes against.
        share: gain relative to the one that suits a sphere.
        slope, first: the step to the minimum of the parabolas, in units, now and at first.
    """

    phase: Phase
    asked: np.ndarray
    held: Shared
    kept: Shared
    log: tuple[np.ndarray, ...]
    best: np.ndarray
    cost: float
    unit: np.ndarray
    moving: np.ndarray
    share: float
    slope: float
    first: float
    stage: int
    ending: Ending
    iterations: int
    reason: str


@dataclass(frozen=True)
class State:
    """All starts."""

    space: SearchSpace
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class SimultaneousPerturbation:
    """argmin cost(x) by x <- P(x - gain mean_r u_r (f(x + c u_r) - f(x - c u_r)) / (2 c)), u_r random signs.

    Each of `replicas` workers has its own direction and tells one number; with `bytes=1` one byte, from which all
    rebuild the same step bit for bit (see `replay`). The gain suits the number of coordinates and the curvature along
    them, which is measured at the beginning of each stage, and it grows and shrinks with success; there also the end
    is tested.

    Good for: costs without gradients and very many parameters; workers on a thin line. Prefer instead:
    `levenberg_marquardt` or `lbfgs`, whose gradients by differences are better for up to some hundred parameters.

    Arguments:
        replicas: workers, each with its own direction.
        bytes: of a message: 1, or 8 for the number as it is.
        gain: of a step, relative to R / (R + d - 1), which suits a sphere.
        reach: c, in units of 1 / sqrt(curvature) of each coordinate.
        steps: steps of a stage.
        stages: where a start gives up.
        tolerance: scaled gradient, relative to sqrt(|cost|), that counts as zero.

    Raises:
        MethodError: a setting that cannot be.

    Source: doi:10.1109/9.119632; messages of one byte: arXiv:2306.10015.
    """

    card: ClassVar[Card] = Card(
        name="simultaneous_perturbation",
        verb="fit",
        summary="SPSA: gradients from pairs of costs in random directions, by workers that exchange one byte each.",
        good_for="costs without gradients and very many parameters; workers that can exchange little.",
        prefer_instead="`levenberg_marquardt` or `lbfgs` for up to some hundred parameters.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side"}),
        cost="1000 to 100 000 evaluations without gradient a start.",
        sources=(
            Source(
                "J. C. Spall",
                1992,
                "Multivariate stochastic approximation using a simultaneous perturbation gradient approximation",
                "doi:10.1109/9.119632",
            ),
            Source(
                "E. Zelikman, Q. Huang, P. Liang, N. Haber and N. D. Goodman",
                2023,
                "Just one byte (per gradient): a note on low-bandwidth decentralized language model finetuning using "
                "shared randomness",
                "arXiv:2306.10015",
            ),
        ),
        accuracy=1e-6,
    )

    replicas: int = 4
    bytes: int = 8
    gain: float = 0.5
    reach: float = 0.01
    steps: int = 100
    stages: int = 60
    tolerance: float = 3e-5

    def __post_init__(self) -> None:
        check_settings(self)
        if self.bytes not in (1, 8):
            raise MethodError(f"simultaneous_perturbation(bytes={self.bytes!r}): a message has 1 byte or 8.")

    @staticmethod
    def replay(start: Shared, log: np.ndarray) -> Shared:
        """What a joining worker holds after the messages (T, replicas) that were sent since `start` was kept."""
        return shared.replay(start, log)

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        lower, upper = np.asarray(space.lower, dtype=np.float64), np.asarray(space.upper, dtype=np.float64)
        lanes: list[Lane] = []
        for i, start in enumerate(starts):
            x = np.clip(start, lower, upper)
            unit = sizes(x, lower, upper)
            held = Shared(
                x=x, lower=lower, upper=upper, unit=unit, gain=0.0, reach=self.reach, scale=1.0,
                seed=space.seed, start=i, replicas=self.replicas, step=0, bytes=self.bytes,
            )  # fmt: skip
            lanes.append(
                Lane(
                    phase=Phase.FIRST,
                    asked=x[None],
                    held=held,
                    kept=held,
                    log=(),
                    best=x,
                    cost=np.inf,
                    unit=unit,
                    moving=np.ones(x.size, dtype=bool),
                    share=self.gain,
                    slope=np.inf,
                    first=0.0,
                    stage=0,
                    ending=Ending.RUNNING,
                    iterations=0,
                    reason="",
                )
            )
        return State(space, tuple(lanes))

    def ask(self, state: State) -> Request:
        """The points to evaluate next."""
        points = np.concatenate([lane.asked for lane in state.lanes])
        owners = np.repeat(np.arange(len(state.lanes)), [len(lane.asked) for lane in state.lanes])
        return Request(points, Want.COST, owners)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        cost = np.where(answers.ok, answers.cost, np.inf)
        lanes, first = list(state.lanes), 0
        for i, lane in enumerate(state.lanes):
            end = first + len(lane.asked)
            if end > first:
                lanes[i] = self._advance(state.space.seed, lane, cost[first:end])
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
        """Where every start is by now."""
        lanes = state.lanes
        cost = np.array([lane.cost for lane in lanes])
        best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
        message = lanes[best].reason or "the run ended while it was on its way"
        return Solutions(
            np.stack([lane.best for lane in lanes]),
            cost,
            tuple(lane.ending for lane in lanes),
            np.array([lane.iterations for lane in lanes], dtype=np.int64),
            best,
            message if best >= 0 else "no start could be evaluated",
        )

    def _advance(self, seed: int, lane: Lane, cost: np.ndarray) -> Lane:
        if lane.phase is Phase.WALK:
            sent = shared.messages(lane.held, shared.projected(lane.held, cost))
            held = shared.advance(lane.held, sent)
            lane = replace(lane, held=held, log=(*lane.log, sent), iterations=lane.iterations + 1)
            if len(lane.log) < self.steps:
                return replace(lane, asked=shared.pairs(held))
            return replace(lane, phase=Phase.MEASURE, asked=_probes(seed, lane, self.stages))
        if lane.phase is Phase.FIRST:
            if not np.isfinite(cost[0]):
                reason = "the model could not be evaluated at the start"
                return _ended(lane, Ending.FAILED, reason)
            lane = replace(lane, phase=Phase.MEASURE, cost=float(cost[0]))
            return replace(lane, asked=_probes(seed, lane, self.stages))
        return self._measured(lane, cost)

    def _measured(self, lane: Lane, cost: np.ndarray) -> Lane:
        """Judge the stage, and measure the slope and the units at the best point."""
        x, here = lane.held.x, float(cost[0])
        if lane.stage and not here < lane.cost:
            # the stage led nowhere: back to where it began, with the slope known there, and slower
            return self._walk(replace(lane, share=0.4 * lane.share, held=replace(lane.held, x=lane.best)))
        gained = lane.stage > 0
        lane = replace(lane, best=x, cost=here, share=min(lane.share * (1.3 if gained else 1.0), 100.0))
        unit, moving, slope = _measure(lane, cost)
        lane = replace(lane, slope=slope, first=lane.first or slope, unit=unit, moving=moving)
        far = max(float(np.max(np.abs(x) / unit, initial=0.0)), lane.first if np.isfinite(lane.first) else 0.0)
        if slope <= self.tolerance * np.sqrt(abs(here)) or slope <= _TINY * far:
            return _ended(lane, Ending.CONVERGED, f"the scaled gradient, by differences, is {slope:.1g}")
        return self._walk(lane)

    def _walk(self, lane: Lane) -> Lane:
        if lane.stage >= self.stages:
            steps = f"after {self.stages} stages of {self.steps} steps"
            return _ended(lane, Ending.LIMIT, f"{steps} the scaled gradient is still {lane.slope:.2g}")
        held = lane.held
        d, replicas = max(int(lane.moving.sum()), 1), held.replicas
        room = np.where(np.isfinite(held.upper - held.lower), 0.25 * (held.upper - held.lower), np.inf)
        held = replace(
            held,
            gain=lane.share * replicas / (replicas + d - 1),
            unit=np.where(lane.moving, np.minimum(lane.unit, room / held.reach), 0.0),
            scale=max(lane.slope, 1e-300) * np.sqrt(d) * 4.0,
        )
        return replace(
            lane, phase=Phase.WALK, held=held, kept=held, log=(), stage=lane.stage + 1, asked=shared.pairs(held)
        )


def _ended(lane: Lane, how: Ending, reason: str) -> Lane:
    return replace(lane, phase=Phase.DONE, asked=np.zeros((0, lane.best.size)), ending=how, reason=reason)


def _moves(seed: int, lane: Lane, stages: int) -> np.ndarray:
    """Displacements (p, d) of the probes before they are clipped: coordinate by coordinate, or random signs."""
    held = lane.held
    d = held.x.size
    length = (0.03 if lane.stage else 1e-3) * lane.unit
    if d <= _PROBES:
        return np.diag(length)
    draw = generator(seed, "fit.simultaneous_perturbation.curvature", held.start * (stages + 1) + lane.stage)
    return draw.choice(np.array([-1.0, 1.0]), (_PROBES, d)) * length


def _probes(seed: int, lane: Lane, stages: int) -> np.ndarray:
    """The point, then pairs of points beside it inside the box: (1 + 2 p, d)."""
    held = lane.held
    moves = _moves(seed, lane, stages)
    ups, downs = held.x + moves, held.x - moves
    if held.x.size <= _PROBES:  # beyond a bound, the second point goes inwards too, twice as far
        ups, downs = (
            np.where(ups > held.upper, held.x - 2 * moves, ups),
            np.where(downs < held.lower, held.x + 2 * moves, downs),
        )
    return np.clip(np.concatenate([held.x[None], ups, downs]), held.lower, held.upper)


def _measure(lane: Lane, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Units, what moves, and the slope from the costs at `lane.asked`, by parabolas through three points of a line."""
    held = lane.held
    p = (len(cost) - 1) // 2
    up, down = lane.asked[1 : p + 1] - held.x, lane.asked[p + 1 :] - held.x
    a, b = cost[1 : p + 1] - cost[0], cost[p + 1 :] - cost[0]
    d = held.x.size
    with np.errstate(all="ignore"):
        if d <= _PROBES:
            return _by_coordinate(lane, np.diagonal(up), np.diagonal(down), a, b)
        # in units of the last measurement, as if the Hessian were a multiple of one
        length = 0.03 if lane.stage else 1e-3
        slopes, bends = (a - b) / (2 * length), (a + b) / length**2
        usable = np.isfinite(slopes) & np.isfinite(bends)
        bend = abs(float(np.mean(bends[usable]))) / d if usable.any() else 0.0
        factor = 1.0 / np.sqrt(bend) if bend > 0 else 1.0
        slope = float(np.sqrt(np.mean(slopes[usable] ** 2))) * factor if usable.any() else np.inf
    return lane.unit * factor, np.ones(d, dtype=bool), slope


def _by_coordinate(
    lane: Lane, up: np.ndarray, down: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    x, lower, upper = lane.held.x, lane.held.lower, lane.held.upper
    size = sizes(x, lower, upper)
    first, second = a / up, b / down
    bend = 2 * (first - second) / (up - down)
    gradient = first - 0.5 * bend * up
    unit = np.where(np.isfinite(bend) & (bend != 0), 1.0 / np.sqrt(np.abs(bend)), lane.unit)
    step = np.abs(np.clip(x - gradient * unit**2, lower, upper) - x) / unit
    slope = float(np.nan_to_num(step, nan=np.inf).max(initial=0.0))
    held_back = ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))
    return np.minimum(unit, 10.0 * size), ~held_back, slope


METHOD = SimultaneousPerturbation
