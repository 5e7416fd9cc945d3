"""Starts that know nothing of one another, side by side: each is a walk of its own, and one batch serves them all.

    walk     what one start keeps: the points it wants to know (k, d), the best point so far, and how it stands
    begin    a start becomes a walk; its first points are asked for
    advance  a walk and the answers to its points become the walk that asks for the next ones, or one that has ended

A method gives `begin` and `advance`; the contract of `Asker` is kept here. No walk depends on its neighbours.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.search_space import SearchSpace

NOT_EVALUATED = "the model could not be evaluated at the start; choose another one"


@dataclass(frozen=True)
class Walk:
    """One start on its way; every method's own record begins with these.

    Arguments:
        asked: (k, d), what it wants to know next; no rows when it has ended.
        x, cost: the best point so far.
        ending: how it stands.
        iterations: steps taken.
        reason: why it ended, one sentence without its full stop.
    """

    asked: Float[np.ndarray, "k d"]
    x: Float[np.ndarray, " d"]
    cost: float
    ending: Ending
    iterations: int
    reason: str

    def ended(self, ending: Ending, reason: str) -> Any:
        """The same walk at its end."""
        nothing = np.zeros((0, self.x.size))
        return dataclasses.replace(self, asked=nothing, ending=ending, reason=reason)


@dataclass(frozen=True)
class Told:
    """The answers to one walk's points: a failed point costs infinity, and its gradient is NaN.

    Residuals and Jacobian are there where the method wants them.
    """

    cost: Float[np.ndarray, " k"]
    gradient: Float[np.ndarray, "k d"]
    residuals: Float[np.ndarray, "k m"] | None = None
    jacobian: Float[np.ndarray, "k m d"] | None = None


@dataclass(frozen=True)
class State:
    """All walks of a run."""

    space: SearchSpace
    walks: tuple[Any, ...]


class SideBySide:
    """A method that sends every start on its own way."""

    want: ClassVar[Want] = Want.COST

    def begin(self, space: SearchSpace, start: Float[np.ndarray, " d"]) -> Any:
        """The walk of a start, before anything was evaluated."""
        raise NotImplementedError

    def advance(self, space: SearchSpace, walk: Any, told: Told) -> Any:
        """The walk after the answers to what it asked."""
        raise NotImplementedError

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated."""
        inside = np.clip(starts, space.lower, space.upper)
        return State(space, tuple(self.begin(space, x) for x in inside))

    def ask(self, state: State) -> Request:
        """The points of all walks that have not ended."""
        points = np.concatenate([walk.asked for walk in state.walks])
        owners = np.repeat(np.arange(len(state.walks)), [len(walk.asked) for walk in state.walks])
        return Request(points, self.want, owners)

    def tell(self, state: State, answers: Answers) -> State:
        """The state after the answers."""
        cost = np.where(answers.ok, answers.cost, np.inf)
        gradient = np.full((len(cost), state.space.dimension), np.nan)
        if answers.gradient is not None:
            gradient = np.where(answers.ok[:, None], answers.gradient, np.nan)
        walks, first = list(state.walks), 0
        for i, walk in enumerate(state.walks):
            end = first + len(walk.asked)
            if end > first:
                mine = slice(first, end)
                rows = None if answers.residuals is None else answers.residuals[mine]
                slopes = None if answers.jacobian is None else answers.jacobian[mine]
                with np.errstate(all="ignore"):
                    walks[i] = self.advance(state.space, walk, Told(cost[mine], gradient[mine], rows, slopes))
            first = end
        return dataclasses.replace(state, walks=tuple(walks))

    def halted(self, state: State) -> bool:
        """Whether there is nothing left to ask."""
        return all(len(walk.asked) == 0 for walk in state.walks)

    def fraction(self, state: State) -> float:
        """The share of starts that have ended."""
        return sum(len(walk.asked) == 0 for walk in state.walks) / max(len(state.walks), 1)

    def solutions(self, state: State) -> Solutions:
        """Where every start is by now."""
        return gathered(state.walks)


def gathered(walks: tuple[Any, ...]) -> Solutions:
    """The solutions of walks, or of records that have their fields."""
    cost = np.array([walk.cost for walk in walks], dtype=np.float64)
    best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
    message = "no start could be evaluated" if best < 0 else walks[best].reason
    return Solutions(
        points=np.stack([walk.x for walk in walks]),
        cost=cost,
        endings=tuple(walk.ending for walk in walks),
        iterations=np.array([walk.iterations for walk in walks], dtype=np.int64),
        best=best,
        message=message or "the run ended while it was on its way",
    )
