"""The one contract between a method and the loop: the method asks, the problem answers, and neither knows the other.

    Asker     start(space, starts) -> state      ask(state) -> Request      tell(state, answers) -> state
              halted(state) -> bool              solutions(state) -> Solutions      fraction(state) -> 0 to 1
    OneShot   solve(space, starts, evaluate) -> Solutions      a library's whole routine; `evaluate` is the loop's

Symbols: B points in a batch, d coordinates, m residuals (data points, then prior rows), S starts. All points are in
the space's box coordinates. cost = 1/2 sum rho(r^2) for least squares, -log density otherwise. With a robust loss,
residuals and Jacobian come scaled so that Gauss-Newton on them is right, and cost is the true robust cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.nouns.card import Card
from parametra.nouns.search_space import SearchSpace


class Want(Enum):
    """What a request wants to know of each point."""

    COST = "cost"
    GRADIENT = "cost and gradient"
    RESIDUALS = "residuals"
    JACOBIAN = "residuals and Jacobian"
    NORMAL = "normal equations"
    PREDICTED = "predictions and their Jacobian"
    SCORE = "predictions and the slope of the log density in them"


@dataclass(frozen=True)
class Request:
    """Points to evaluate; `starts` says whose each point is.

    Points of -1 belong to nobody: lanes with nothing to do, which stand at the end and get no answer. When all are -1,
    they are answered and not counted.
    """

    points: Float[np.ndarray, "B d"]
    want: Want
    starts: Int[np.ndarray, " B"]


@dataclass(frozen=True)
class Answers:
    """What came back, point by point; a failed point has ok False, cost inf, and may have NaN elsewhere.

    COST: cost. GRADIENT: cost, gradient. RESIDUALS: cost, residuals. JACOBIAN: cost, residuals, jacobian.
    NORMAL: cost, gradient (J'r), normal (J'J). PREDICTED: predicted, jacobian of them (B, M, d), no cost (zero).
    SCORE: cost, predicted, score = d log density / d predicted; M predictions where there is an observation.
    """

    cost: Float[np.ndarray, " B"]
    ok: Bool[np.ndarray, " B"]
    gradient: Float[np.ndarray, "B d"] | None = None
    residuals: Float[np.ndarray, "B m"] | None = None
    jacobian: Float[np.ndarray, "B m d"] | None = None
    normal: Float[np.ndarray, "B d d"] | None = None
    predicted: Float[np.ndarray, "B M"] | None = None
    score: Float[np.ndarray, "B M"] | None = None


class Ending(Enum):
    """How one start ended."""

    CONVERGED = 0
    LIMIT = 1
    FAILED = 2
    RUNNING = 3


@dataclass(frozen=True)
class Solutions:
    """Where each start ended; `best` is the index of the lowest cost among those that are finite, -1 when none is.

    message: why the best one counts as converged, or what stopped it, one sentence.
    """

    points: Float[np.ndarray, "S d"]
    cost: Float[np.ndarray, " S"]
    endings: tuple[Ending, ...]
    iterations: Int[np.ndarray, " S"]
    best: int
    message: str


Evaluate = Callable[[Request], Answers]


@runtime_checkable
class Asker(Protocol):
    """A method without a loop of its own. Settings are its frozen fields; the state is a plain record of arrays."""

    card: Card

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> Any: ...
    def ask(self, state: Any) -> Request: ...
    def tell(self, state: Any, answers: Answers) -> Any: ...
    def halted(self, state: Any) -> bool: ...
    def solutions(self, state: Any) -> Solutions: ...
    def fraction(self, state: Any) -> float: ...


@runtime_checkable
class OneShot(Protocol):
    """A library's whole routine, which must own its loop. `evaluate` counts, and raises when the budget is spent."""

    card: Card

    def solve(self, space: SearchSpace, starts: Float[np.ndarray, "S d"], evaluate: Evaluate) -> Solutions: ...
