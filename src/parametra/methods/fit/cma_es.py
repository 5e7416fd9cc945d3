"""Covariance matrix adaptation, by the package `cma` of its author: a cloud of points that learns the cost's shape."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._side_by_side import NOT_EVALUATED, Walk, gathered
from parametra.methods.fit._units import sizes
from parametra.nouns.asker import Ending, Evaluate, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError, MissingExtraError
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import ZERO_TOO, check_settings
from parametra.nouns.search_space import SearchSpace

_NOISE = 1e-18
"""Of the first best cost: a cost below it is zero."""

_ANEW = 0.05
"""Width of a cloud that begins again, beside the last one."""

_AT_ITS_END = {"tolx", "tolfun", "tolfunhist", "noeffectaxis", "noeffectcoord", "tolflatfitness"}
"""What `cma` calls an end because nothing changes any more."""


@dataclass
class Cloud:
    """One start: the strategy of `cma`, and the best point so far. It changes in place, as `cma` does.

    Arguments:
        strategy: `cma.CMAEvolutionStrategy`, in coordinates (x - anchor) / size.
        anchor, size: of these coordinates; sampled holds the last points in them.
        random: what it draws from.
        width: that it began with.
        lows: the lowest cost of every generation.
        since: the generation in which the present strategy began.
    """

    strategy: Any
    anchor: Float[np.ndarray, " d"]
    size: Float[np.ndarray, " d"]
    random: np.random.Generator
    width: float
    x: Float[np.ndarray, " d"]
    cost: float = np.inf
    sampled: list[Any] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    since: int = 0
    noise: float = 0.0
    ending: Ending = Ending.RUNNING
    reason: str = ""

    @property
    def iterations(self) -> int:
        """Generations so far."""
        return len(self.lows)


@dataclass(frozen=True)
class CmaEs:
    """argmin cost(x) by samples of a normal distribution whose mean, width and covariance follow the better ones.

    From values of the cost alone, and of these from their order alone, so that steps, noise and failed points do
    little harm. Clouds of all starts are evaluated in one batch.

    Arguments:
        width: of the first cloud (its standard deviation), in the distance of the bounds, or in sizes of the start
            where there are none.
        population: points a generation; 0 takes 4 + 3 log d.
        tolerance: how much the best cost of the last generations may differ, relative to it, where a start ends.
        generations: where a start gives up.

    Raises:
        MissingExtraError: the package `cma` is not installed.
        MethodError: a setting that is not above zero.

    Source: arXiv:1604.00772, doi:10.1162/106365601750190398.
    """

    card: ClassVar[Card] = Card(
        name="cma_es",
        verb="fit",
        summary="Covariance matrix adaptation: from each start a cloud of points that learns the shape of the cost.",
        good_for="rugged, noisy or discontinuous costs of 2 to 50 correlated parameters, without derivatives.",
        prefer_instead="`levenberg_marquardt` or `lbfgs` where the model is smooth: they need a hundredth of the "
        "evaluations; `nelder_mead` for a few parameters and one minimum.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side"}),
        cost="500 evaluations of the cost a start for two parameters, 3000 for five, 10 000 for ten.",
        sources=(
            Source("N. Hansen and A. Ostermeier", 2001,
                   "Completely derandomized self-adaptation in evolution strategies",
                   "doi:10.1162/106365601750190398"),
            Source("N. Hansen", 2016, "The CMA evolution strategy: a tutorial", "arXiv:1604.00772"),
        ),
        accuracy=1e-8,
    )  # fmt: skip

    width: float = 0.2
    population: int = 0
    tolerance: float = 1e-11
    generations: int = 5000

    def __post_init__(self) -> None:
        check_settings(self, {"population": ZERO_TOO})
        if self.population == 1:
            raise MethodError("cma_es(population=1): a cloud has 2 points or more; 0 takes 4 + 3 log d.")

    def solve(self, space: SearchSpace, starts: Float[np.ndarray, "S d"], evaluate: Evaluate) -> Solutions:
        """Run a strategy from every start, generation by generation, all in one batch."""
        clouds = [self._cloud(space, x, i) for i, x in enumerate(np.clip(starts, space.lower, space.upper))]
        first = evaluate(Request(np.stack([c.x for c in clouds]), Want.COST, np.arange(len(clouds))))
        for i, cloud in enumerate(clouds):
            cloud.cost = float(first.cost[i]) if first.ok[i] else np.inf
        while running := [i for i, cloud in enumerate(clouds) if cloud.ending is Ending.RUNNING]:
            points = [self._sample(space, clouds[i]) for i in running]
            owners = np.repeat(running, [len(part) for part in points])
            answers = evaluate(Request(np.concatenate(points), Want.COST, owners))
            costs = np.where(answers.ok, answers.cost, np.inf)
            for i, part in zip(running, points, strict=True):
                self._learn(space, clouds[i], part, costs[owners == i])
        nothing = np.zeros((0, space.dimension))
        return gathered(tuple(Walk(nothing, c.x, c.cost, c.ending, c.iterations, c.reason) for c in clouds))

    def _cloud(self, space: SearchSpace, start: np.ndarray, index: int) -> Cloud:
        with np.errstate(invalid="ignore"):
            width = space.upper - space.lower
        size = np.where(np.isfinite(width) & (width > 0), width, sizes(start, space.lower, space.upper))
        random = generator(space.seed, "fit.cma_es", index)
        return Cloud(self._strategy(space, start, size, random, self.width), start, size, random, self.width, start)

    def _strategy(
        self, space: SearchSpace, anchor: np.ndarray, size: np.ndarray, random: np.random.Generator, width: float
    ) -> Any:
        """A strategy around a point, in coordinates (x - anchor) / size."""
        try:
            import cma
        except ImportError:
            raise MissingExtraError("cma", "cma", "The method cma_es") from None
        options: dict[str, Any] = {
            "bounds": [list((space.lower - anchor) / size), list((space.upper - anchor) / size)],
            "randn": lambda *shape: random.standard_normal(shape),
            "seed": np.nan,
            "verbose": -10,
            "verb_log": 0,
            "tolfun": 0,
            "tolfunhist": 0,
            "tolx": 1e-13,
            "tolflatfitness": 20,
            "tolxstagnation": False,
            "maxiter": self.generations,
            "signals_filename": None,
        }
        if self.population:
            options["popsize"] = self.population
        with _quiet():
            return cma.CMAEvolutionStrategy(np.zeros(anchor.size), width, options)

    def _sample(self, space: SearchSpace, cloud: Cloud) -> Float[np.ndarray, "k d"]:
        with _quiet():
            cloud.sampled = list(cloud.strategy.ask())
        return np.clip(cloud.anchor + np.array(cloud.sampled) * cloud.size, space.lower, space.upper)

    def _learn(self, space: SearchSpace, cloud: Cloud, points: np.ndarray, costs: np.ndarray) -> None:
        best = int(np.argmin(costs))
        if costs[best] < cloud.cost:
            cloud.x, cloud.cost = points[best], float(costs[best])
        cloud.lows.append(float(costs[best]))
        finite = np.isfinite(costs)
        if not finite.any():
            if not np.isfinite(cloud.cost) and len(cloud.lows) >= 10:
                cloud.ending, cloud.reason = Ending.FAILED, NOT_EVALUATED
            elif len(cloud.lows) >= self.generations:
                cloud.ending, cloud.reason = Ending.LIMIT, f"{len(cloud.lows)} generations were not enough"
            return  # nothing can be learnt from points that all failed: they are drawn again
        cloud.noise = cloud.noise or _NOISE * abs(cloud.cost)
        # only the order counts, but `cma` also takes differences: a failed point is a little worse than the worst
        worst = float(costs[finite].max())
        told = np.where(finite, costs, worst + abs(worst) + 1.0)
        with _quiet():
            cloud.strategy.tell(cloud.sampled, told.tolist())
            ends = set(cloud.strategy.stop())
        self._judge(space, cloud, costs, ends)

    def _judge(self, space: SearchSpace, cloud: Cloud, costs: np.ndarray, ends: set[str]) -> None:
        """Whether the cloud has settled, and whether at the best point it has seen."""
        nothing = self.tolerance * abs(cloud.cost) + cloud.noise
        span = 10 + 30 * cloud.x.size // len(costs)
        lately = np.array(cloud.lows[cloud.since :][-span:])
        settled = lately.size == span and np.ptp(lately) <= nothing and bool(np.ptp(costs) <= 10 * nothing)
        if len(cloud.lows) >= self.generations:
            cloud.ending, cloud.reason = Ending.LIMIT, f"{len(cloud.lows)} generations were not enough"
        elif not settled and not ends:
            return
        elif lately.min() - cloud.cost > 10 * nothing:
            # it has passed a better valley, and settled in another one: it begins again there
            cloud.since, cloud.anchor, cloud.width = len(cloud.lows), cloud.x, _ANEW * cloud.width
            cloud.strategy = self._strategy(space, cloud.x, cloud.size, cloud.random, cloud.width)
        elif settled or ends <= _AT_ITS_END:
            why = f"{span} generations found nothing lower" if settled else f"cma: {', '.join(sorted(ends))}"
            cloud.ending, cloud.reason = Ending.CONVERGED, why
        else:
            cloud.ending, cloud.reason = Ending.LIMIT, f"cma: {', '.join(sorted(ends))}"


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """`cma` warns of what is no concern of a fit, such as of its own options."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


METHOD = CmaEs
