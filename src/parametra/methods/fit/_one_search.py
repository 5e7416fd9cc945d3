"""One search of the whole box, whatever the number of starts: they are candidates like all others.

The first start takes the answer of the search. The others stay where they are, unconverged, for that a search passed
by says nothing of how many basins there are.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._side_by_side import Walk, gathered
from parametra.nouns.asker import Answers, Ending, Request, Solutions, Want
from parametra.nouns.card import Card
from parametra.nouns.errors import MethodError
from parametra.nouns.search_space import SearchSpace

NOTHING_FOUND = "no point between the bounds could be evaluated"


@dataclass(frozen=True)
class Search(Walk):
    """The search under way; every method's own record begins with these.

    Arguments:
        asked: the points that are to be evaluated.
        space: the box.
        starts: the points that were given.
        start_costs: their costs, NaN before they are known.
    """

    space: SearchSpace
    starts: Float[np.ndarray, "S d"]
    start_costs: Float[np.ndarray, " S"]

    def better(self, points: Float[np.ndarray, "k d"], cost: Float[np.ndarray, " k"]) -> Any:
        """The same with the best of these points, if it is better."""
        i = int(np.argmin(cost)) if cost.size else 0
        if not cost.size or not cost[i] < self.cost:
            return self
        return dataclasses.replace(self, x=points[i], cost=float(cost[i]))


class OneSearch:
    """A method that searches the whole box once."""

    card: ClassVar[Card]

    def first(self, space: SearchSpace, begun: dict[str, Any]) -> Any:
        """The search before anything was evaluated; its first points are asked for together with the starts."""
        raise NotImplementedError

    def learn(self, search: Any, points: Float[np.ndarray, "k d"], cost: Float[np.ndarray, " k"]) -> Any:
        """The search after the costs of what it asked, infinity where the model failed."""
        raise NotImplementedError

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> Any:
        """The state before anything was evaluated.

        Raises:
            MethodError: a parameter without finite bounds.
        """
        open_ones = ~(np.isfinite(space.lower) & np.isfinite(space.upper))
        if open_ones.any():
            names = space.labels or tuple(f"coordinate {i}" for i in range(space.dimension))
            which = ", ".join(name for name, is_open in zip(names, open_ones, strict=True) if is_open)
            raise MethodError(
                f"`{self.card.name}` searches between finite bounds, which {which} lacks: state a lower and an upper "
                "one, or use another method."
            )
        inside = np.clip(starts, space.lower, space.upper)
        begun: dict[str, Any] = {
            "x": inside[0], "cost": np.inf, "ending": Ending.RUNNING, "iterations": 0, "reason": "",
            "space": space, "starts": inside, "start_costs": np.full(len(inside), np.nan),
        }  # fmt: skip
        return self.first(space, begun)

    def ask(self, state: Any) -> Request:
        """The starts first, and what the search wants to know."""
        if np.isnan(state.start_costs).any():
            points = np.concatenate([state.starts, state.asked])
            owners = np.concatenate([np.arange(len(state.starts)), np.zeros(len(state.asked), dtype=np.int64)])
            return Request(points, Want.COST, owners)
        return Request(state.asked, Want.COST, np.zeros(len(state.asked), dtype=np.int64))

    def tell(self, state: Any, answers: Answers) -> Any:
        """The state after the answers."""
        cost = np.where(answers.ok, answers.cost, np.inf)
        points = state.asked
        if np.isnan(state.start_costs).any():
            state = dataclasses.replace(state, start_costs=cost[: len(state.starts)])
            points = np.concatenate([state.starts, points])
        with np.errstate(all="ignore"):
            return self.learn(state.better(points, cost), points, cost)

    def halted(self, state: Any) -> bool:
        """Whether there is nothing left to ask."""
        return len(state.asked) == 0

    def solutions(self, state: Any) -> Solutions:
        """The answer in the place of the first start."""
        known = np.where(np.isnan(state.start_costs), np.inf, state.start_costs)
        nothing = np.zeros((0, state.space.dimension))
        rest = [
            Walk(nothing, x, float(cost), Ending.LIMIT if np.isfinite(cost) else Ending.FAILED, 0, "")
            for x, cost in zip(state.starts[1:], known[1:], strict=True)
        ]
        return gathered((state, *rest))
