"""Monte-Carlo search: uniform draws between the bounds, then in the box that the best of them span, which shrinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._one_search import NOTHING_FOUND, OneSearch, Search
from parametra.nouns.asker import Ending
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_NOISE = 1e-18
"""Of the first best cost: a cost below it is zero."""

_WHOLE_DRAWS = 256
"""Draws at once from a box that no draw changes: enough for any pool to share."""


@dataclass(frozen=True)
class Draws(Search):
    """The search under way.

    Arguments:
        kept: (m, d), the best points of this round, best first, and their costs.
        spent: points drawn so far.
        rounds: how often the box was opened anew.
        before: the best cost when it was last.
        noise: costs nearer than this are the same where the best one goes to zero.
    """

    kept: Float[np.ndarray, "m d"]
    kept_costs: Float[np.ndarray, " m"]
    spent: int
    rounds: int
    before: float
    noise: float


@dataclass(frozen=True)
class MonteCarlo(OneSearch):
    """argmin cost(x) by random draws between the bounds, from values of the cost alone.

    First uniform draws; then, again and again, uniform draws in the box that the 4 d + 2 best points so far span,
    widened by 1/(2 d) of itself on each side and cut at the bounds. When their costs are all the same the box is opened
    half-way back to the bounds, on a logarithmic scale, and farther each time, until that gains nothing: a box may
    shrink too early. Such searches are common where light curves of eclipsing binaries are fitted.

    Arguments:
        box: "shrinking", or "whole" for uniform draws between the bounds all the time, which never ends by itself.
        first_draws: uniform draws at the beginning, for each parameter.
        tolerance: spread of the best points' costs, relative to the cost, at which the box is opened anew.
        maximum_draws: where the search gives up.
        rounds: how often the box may be opened.

    Raises:
        MethodError: an unknown box, a setting that is not above zero, or a parameter without finite bounds.

    Source: doi:10.1093/comjnl/20.4.367.
    """

    card: ClassVar[Card] = Card(
        name="monte_carlo",
        verb="fit",
        summary="Uniform draws between the bounds, then in a box around the best of them that shrinks.",
        good_for="up to about eight parameters with wide bounds and a rugged cost; models without derivatives, or that "
        "fail in places.",
        prefer_instead="`levenberg_marquardt` from many starts where the model is smooth; `cma_es` where parameters "
        "are correlated, which a box with straight edges does not follow.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS, Ability.BOUNDED}),
        honours=frozenset({"bounds", "robust losses", "priors", "one search"}),
        cost="300 evaluations of the cost for one parameter, 1000 for two, 5000 to 50 000 for five.",
        sources=(
            Source("W. L. Price", 1977, "A controlled random search procedure for global optimisation",
                   "doi:10.1093/comjnl/20.4.367"),
        ),
        accuracy=1e-8,
    )  # fmt: skip

    box: str = "shrinking"
    first_draws: int = 50
    tolerance: float = 1e-11
    maximum_draws: int = 200_000
    rounds: int = 30

    def __post_init__(self) -> None:
        check_settings(self, one_of={"box": ("shrinking", "whole")})

    def first(self, space: SearchSpace, begun: dict[str, Any]) -> Draws:
        """Uniform draws between the bounds."""
        d = space.dimension
        draws = generator(space.seed, "fit.monte_carlo", 0).uniform(size=(self.first_draws * max(d, 1), d))
        asked = _inside(space, space.lower + draws * (space.upper - space.lower))
        return Draws(
            asked=asked, **begun, kept=np.zeros((0, d)), kept_costs=np.zeros(0), spent=0, rounds=1, before=np.inf,
            noise=0.0,
        )  # fmt: skip

    def learn(self, search: Draws, points: Float[np.ndarray, "k d"], cost: Float[np.ndarray, " k"]) -> Draws:
        """Keep the best, and draw in the box they span."""
        d = search.x.size
        pool, costs = np.concatenate([search.kept, points]), np.concatenate([search.kept_costs, cost])
        order = np.argsort(costs, kind="stable")[: 4 * d + 2]
        search = replace(
            search, kept=pool[order], kept_costs=costs[order], spent=search.spent + len(points),
            iterations=search.iterations + 1, noise=search.noise or _NOISE * abs(search.cost),
        )  # fmt: skip
        if search.spent >= self.maximum_draws:
            ending = Ending.LIMIT if np.isfinite(search.cost) else Ending.FAILED
            return search.ended(ending, f"{search.spent} draws were made" if ending is Ending.LIMIT else NOTHING_FOUND)
        at_once = _WHOLE_DRAWS if self.box == "whole" else 4 * d + 2
        draws = generator(search.space.seed, "fit.monte_carlo", search.iterations).uniform(size=(at_once, d))
        low, high = search.space.lower, search.space.upper
        if self.box == "shrinking" and np.isfinite(search.kept_costs).sum() > d:
            found = search.kept[np.isfinite(search.kept_costs)]
            small, large = found.min(axis=0), found.max(axis=0)
            nothing = self.tolerance * abs(search.cost) + search.noise
            wider = (large - small) * (0.5 / max(d, 1))
            if len(found) == 4 * d + 2 and search.kept_costs[-1] - search.cost <= nothing:
                if search.before - search.cost <= 10 * nothing:
                    return search.ended(
                        Ending.CONVERGED,
                        "the best points cost the same, and a larger box around them held nothing lower",
                    )
                if search.rounds >= self.rounds:
                    return search.ended(Ending.LIMIT, f"the box was opened {self.rounds} times")
                width = np.where(high > low, high - low, 1.0)
                share = np.maximum((large - small) / width, 1e-15)
                wider = 0.5 * (high - low) * share ** (0.5 ** min(search.rounds, 5))
                search = replace(
                    search, rounds=search.rounds + 1, before=search.cost, kept=search.kept[:1],
                    kept_costs=search.kept_costs[:1],
                )  # fmt: skip
            low, high = np.maximum(small - wider, low), np.minimum(large + wider, high)
        return replace(search, asked=_inside(search.space, low + draws * (high - low)))

    def fraction(self, state: Draws) -> float:
        """How much of the work is done: the draws, or the opened boxes."""
        return min(max(state.spent / self.maximum_draws, (state.rounds - 1) / self.rounds), 1.0)


def _inside(space: SearchSpace, points: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "k d"]:
    """The points, which rounding may have put outside."""
    return np.clip(points, space.lower, space.upper)


METHOD = MonteCarlo
