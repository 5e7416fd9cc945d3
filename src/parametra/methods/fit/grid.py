"""A regular grid between the bounds, then finer and finer ones around its best point: brute force, told honestly.

first    n points along each parameter, the centres of n^d equal cells
zoom     the 3^d points x + h k, k in {-1, 0, 1}^d; the best becomes the centre; h is halved when it was it, and
         doubled when the search has gone four of them in one direction
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.methods.fit._one_search import NOTHING_FOUND, OneSearch, Search
from parametra.nouns.asker import Ending
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import ZERO_TOO, check_settings
from parametra.nouns.search_space import SearchSpace

MOST_PARAMETERS = 8
"""3^8 = 6561 points for each halving of the cells; one parameter more would be three times as many."""

_LONG_WAY = 4
"""Cells in one direction after which they are doubled, so that a long valley is not walked in small steps."""

_NOISE = 1e-18
"""Of the first best cost: a cost below it is zero."""


@dataclass(frozen=True)
class Cells(Search):
    """The grid under way.

    Arguments:
        cell: (d,), h.
        centre: the point that the present cells are counted from.
        here: (d,) where the best point is, in whole cells from the centre.
        seen: (n, d), the points of these cells that were evaluated, and their costs.
        noise: costs nearer than this are the same where the best one goes to zero.
        level: 0 for the first grid, then how often its cells are halved, plus 1.
    """

    cell: Float[np.ndarray, " d"]
    centre: Float[np.ndarray, " d"]
    here: Int[np.ndarray, " d"]
    seen: Int[np.ndarray, "n d"]
    seen_costs: Float[np.ndarray, " n"]
    noise: float
    level: int


@dataclass(frozen=True)
class Grid(OneSearch):
    """argmin cost(x) on a regular grid between the bounds, refined around its best point until nothing is lower.

    With p points along each of d parameters the first grid costs p^d, and each halving of its cells about 3^d more.
    The starts are candidates too, but there is one search and one answer.

    Arguments:
        points: along each parameter in the first grid; 0 takes about 500 in all, 25 along one parameter at most.
        levels: how often the cells are halved at most; 0 leaves the first grid alone.
        tolerance: differences of the cost between neighbours, relative to it, that are nothing.
        moves: grids of one size that may follow one another, before the search gives up.

    Raises:
        MethodError: a negative setting, more than 8 parameters, or one without finite bounds.

    Source: doi:10.1137/S1052623493250780 (pattern searches, of which the refinement is one).
    """

    card: ClassVar[Card] = Card(
        name="grid",
        verb="fit",
        summary="A regular grid between the bounds, refined around its best point.",
        good_for="one to three parameters when every corner of the bounds must have been looked at; models without "
        "derivatives, or that fail in places.",
        prefer_instead="`levenberg_marquardt` from many starts, which costs far less; `monte_carlo` or `cma_es` for "
        "more than four parameters.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS, Ability.BOUNDED}),
        honours=frozenset({"bounds", "robust losses", "priors", "one search"}),
        cost="about 500 evaluations of the cost, then 3^d for each halving of the cells, of which there are 20 or so.",
        sources=(
            Source("V. Torczon", 1997, "On the convergence of pattern search algorithms",
                   "doi:10.1137/S1052623493250780"),
        ),
        accuracy=1e-6,
    )  # fmt: skip

    points: int = 0
    levels: int = 60
    tolerance: float = 1e-9
    moves: int = 2000

    def __post_init__(self) -> None:
        check_settings(self, {"points": ZERO_TOO, "levels": ZERO_TOO})

    def first(self, space: SearchSpace, begun: dict[str, Any]) -> Cells:
        """The first grid."""
        d = space.dimension
        if d > MOST_PARAMETERS:
            raise MethodError(
                f"`grid` serves up to {MOST_PARAMETERS} parameters; here are {d}, and a grid of three points along "
                f"each has {3**d}. Use `monte_carlo` or `cma_es`."
            )
        n = self.points or max(3, min(25, round(500 ** (1 / d)) if d else 1))
        axes = [np.linspace(a, b, 2 * n + 1)[1::2] for a, b in zip(space.lower, space.upper, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d) if d else np.zeros((1, 0))
        none = np.zeros(d, dtype=np.int64)
        return Cells(
            asked=points, **begun, cell=(space.upper - space.lower) / (2 * n), centre=begun["x"], here=none,
            seen=np.zeros((0, d), dtype=np.int64), seen_costs=np.zeros(0), noise=0.0, level=0,
        )  # fmt: skip

    def learn(self, search: Cells, points: Float[np.ndarray, "k d"], cost: Float[np.ndarray, " k"]) -> Cells:
        """Go to the best point; halve the cells when it stays."""
        if not np.isfinite(search.cost):
            return search.ended(Ending.FAILED, NOTHING_FOUND)
        if search.level == 0:
            return self._around(replace(search, noise=_NOISE * abs(search.cost)), 1.0)
        new = _offsets(search, points)
        seen = np.concatenate([search.seen, new])
        costs = np.concatenate([search.seen_costs, cost])
        search = replace(search, seen=seen, seen_costs=costs, iterations=search.iterations + 1)
        best = seen[int(np.argmin(costs))]
        if not np.array_equal(best, search.here):
            if search.iterations >= self.moves:
                return search.ended(Ending.LIMIT, f"{search.iterations} grids were not enough")
            if np.abs(best).max() >= _LONG_WAY:
                return self._around(search, 2.0)
            return self._neighbours(replace(search, here=best))
        return self._stays(search)

    def _stays(self, search: Cells) -> Cells:
        """The centre is the best of its neighbours: the end, or half the cells."""
        near = np.abs(search.seen - search.here).max(axis=1, initial=0) == 1
        around = search.seen_costs[near]
        flat = bool(np.isfinite(around).all() and np.all(around - search.cost <= self._nothing(search)))
        smallest = np.abs(search.x) * 1e-15 + (search.space.upper - search.space.lower) * 1e-12
        if flat or np.all(search.cell <= smallest):
            return search.ended(Ending.CONVERGED, f"no neighbour is lower on a grid of {_words(search)}")
        return self._around(search, 0.5)

    def _nothing(self, search: Cells) -> float:
        return self.tolerance * abs(search.cost) + search.noise

    def _around(self, search: Cells, factor: float) -> Cells:
        """Smaller or larger cells around the best point."""
        level = search.level + 1 if factor <= 1.0 else max(search.level - 1, 1)
        if level > self.levels:
            return search.ended(Ending.LIMIT, f"the cells were to be halved {self.levels} times, to {_words(search)}")
        d = search.x.size
        zero = np.zeros((1, d), dtype=np.int64)
        other = replace(
            search, cell=search.cell * factor, centre=search.x, here=zero[0], seen=zero,
            seen_costs=np.array([search.cost]), level=level,
        )  # fmt: skip
        return self._neighbours(other)

    def _neighbours(self, search: Cells) -> Cells:
        """Ask for the neighbours that are not known yet."""
        steps = np.array(list(itertools.product((-1, 0, 1), repeat=search.x.size)), dtype=np.int64)
        known = set(map(tuple, search.seen.tolist()))
        lowest = np.floor((search.space.lower - search.centre) / search.cell).astype(np.int64)
        highest = np.ceil((search.space.upper - search.centre) / search.cell).astype(np.int64)
        wanted = np.unique(np.clip(search.here + steps, lowest, highest), axis=0)
        new = np.array([k for k in wanted.tolist() if tuple(k) not in known], dtype=np.int64)
        if not new.size:
            return self._stays(search)
        points = np.clip(search.centre + new * search.cell, search.space.lower, search.space.upper)
        return replace(search, asked=points)

    def fraction(self, state: Cells) -> float:
        """How much of the work is done, by the halvings a search usually takes."""
        return min(state.level / 20, 1.0)


def _offsets(search: Cells, points: Float[np.ndarray, "k d"]) -> Int[np.ndarray, "k d"]:
    """Points in whole cells from the centre; one on a bound counts as the cell beyond it."""
    exact = (points - search.centre) / search.cell
    nearest = np.round(exact)
    outward = np.where(exact > 0, np.ceil(exact), np.floor(exact))
    on_bound = (points <= search.space.lower) | (points >= search.space.upper)
    return np.where(on_bound & (np.abs(exact - nearest) > 1e-6), outward, nearest).astype(np.int64)


def _words(search: Cells) -> str:
    """How fine the grid is."""
    width = search.space.upper - search.space.lower
    share = float(np.max(np.where(width > 0, search.cell / np.where(width > 0, width, 1.0), 0.0), initial=0.0))
    return f"{share:.1g} of the bounds"


METHOD = Grid
