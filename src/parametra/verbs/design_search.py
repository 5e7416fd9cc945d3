"""The best weights, and the whole measurements that come near them: as many as are stated, or as few as are enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.maths.design_criteria import Criterion
from parametra.maths.design_exact import Purse, completing, exact_design
from parametra.maths.design_pool import Pool, determinable
from parametra.maths.optimal_design import Weights, best_weights
from parametra.nouns.errors import MethodError
from parametra.verbs.design_errors import quantile, standard_errors, unknown
from parametra.verbs.design_ground import Ground
from parametra.verbs.design_quantities import Quantity, quantities
from parametra.verbs.design_refine import beside, refined
from parametra.verbs.design_task import Aim, Place

_SHORTLIST = 120
"""Candidates that whole measurements are chosen from."""

MOST_POINTS = 10_000
"""Measurements that are looked for at most, to reach a target."""

_MOST_TO_KNOW = 60
"""The same, to make known what is not."""

_OPEN = 1e-10
"""Of the information in scaled coordinates, that is none."""


@dataclass(frozen=True)
class Spending:
    """How much is measured: so many points, or what they may cost; neither finds out how much is enough."""

    points: int | None
    budget: float | None


@dataclass(frozen=True)
class Search:
    """All that a search works on.

    Arguments:
        place: where the model stands.
        aim: what is made small.
        ground: the candidates, at the estimate and at the draws.
        base: (1 + S, d, d) information that is there, at the estimate and at the draws.
        spending: how much is measured.
        refine: whether points between the candidates are looked at.
    """

    place: Place
    aim: Aim
    ground: Ground
    base: Float[np.ndarray, "S d d"]
    spending: Spending
    refine: bool

    def without_singular_draws(self) -> Search:
        """Without draws of the parameters at which the candidates leave something open that they tell at the others.

        Raises:
            MethodError: that leaves none.
        """
        pool = self.ground.pool(self.base, self._all, float(self.ground.size), local=False).seen_from(self.basis[0])
        whole = pool.information(np.full(pool.size, 1 / pool.size))
        good = np.linalg.eigvalsh(whole)[:, 0] > _OPEN
        if not good.any():
            raise MethodError('at no draw of the parameters is everything determined; take over="estimate".')
        if good.all():
            return self
        self.ground.informant.notes.append(
            f"{int((~good).sum())} draws of the parameters were left out, at which nothing here tells all of them."
        )
        kept = np.concatenate([[True], good])
        return replace(self, ground=self.ground.at_draws(kept), base=self.base[kept])

    @property
    def local(self) -> bool:
        """Whether the estimate alone is looked at."""
        return len(self.base) == 1

    @property
    def criterion(self) -> Criterion:
        """What makes a design good."""
        return self.aim.method.criterion

    @cached_property
    def found(self) -> list[Quantity]:
        """What can be known."""
        return quantities(self.place.problem, self.place.x)

    @cached_property
    def gradients(self) -> Float[np.ndarray, "q d"]:
        """Their gradients at the estimate."""
        return np.stack([q.gradient for q in self.found])

    @cached_property
    def basis(self) -> tuple[np.ndarray, np.ndarray]:
        """What can be told here, and what cannot, with all that could be measured at the estimate."""
        return determinable(self.ground.pool(self.base, self._all, float(self.ground.size), local=True))

    @cached_property
    def _all(self) -> np.ndarray:
        points = self.ground.informant.points
        return np.stack([self.aim.wanted(self.place.problem, x) for x in points])

    @cached_property
    def wanted(self) -> Float[np.ndarray, "S r d"]:
        """What the criterion looks at, without what nothing here can tell."""
        _, closed = self.basis
        if not closed.shape[1]:
            return self._all
        first = self._all[0]
        size = np.linalg.norm(first, axis=1) * np.linalg.norm(closed)
        told = np.linalg.norm(first @ closed, axis=1) <= 1e-5 * size
        return self._all[:, told]

    def pool(self, ground: Ground, effort: float | None, *, local: bool | None = None) -> Pool:
        """What maths sees of candidates, in coordinates that can be told."""
        wanted = self.wanted
        local = self.local if local is None else local
        basis, closed = self.basis
        found = ground.pool(self.base, wanted, effort, local=local).seen_from(basis)
        if closed.shape[1] and self.aim.method.looks_at == "coordinates" and self.aim.names is None:
            eye = np.broadcast_to(np.eye(basis.shape[1]), (len(found.base), basis.shape[1], basis.shape[1]))
            return Pool(found.rows, found.base, eye.copy())
        return found

    def price(self, points: int) -> float:
        """What so many measurements cost, where all cost the same."""
        return points * float(self.ground.costs[0])

    def as_pool(self, effort: float) -> Callable[[Ground], Pool]:
        """The pool at an effort, as a function of the candidates."""
        return lambda ground: self.pool(ground, effort)

    def information(self, ground: Ground, counts: np.ndarray) -> Float[np.ndarray, "d d"]:
        """At the estimate, with so many measurements of each candidate."""
        rows = ground.rows[0] * np.sqrt(counts.astype(np.float64))[:, None, None]
        flat = rows.reshape(-1, rows.shape[-1])
        return self.base[0] + flat.T @ flat

    def errors(self, ground: Ground, counts: np.ndarray) -> np.ndarray:
        """Standard errors of all quantities with these measurements."""
        return standard_errors(self.information(ground, counts), self.gradients)


@dataclass(frozen=True)
class Found:
    """What a search found.

    Arguments:
        search: what it worked on.
        ground: the candidates, with those between them that were looked at.
        weights: the best design of weights.
        counts: (N,) whole measurements.
        efficiency: of those against the weights.
        completing: candidates that make a singular information invertible.
        goals: number of the quantity to the error that it was to have, and whether that was reached.
        reached: whether all goals were.
    """

    search: Search
    ground: Ground
    weights: Weights
    counts: Int[np.ndarray, " N"]
    efficiency: float
    completing: tuple[int, ...]
    goals: Mapping[int, float]
    reached: bool


def search(given: Search) -> Found:
    """The best design.

    Raises:
        LinAlgError: the candidates determine nothing at all.
    """
    goals = _goals(given)
    reached = True
    spending = given.spending
    if spending.points is None and spending.budget is None:
        points, reached = _enough(given, goals)
        spending = Spending(points, None)
    effort = given.price(spending.points or 1) if spending.budget is None else spending.budget
    ground = given.ground
    found = best_weights(given.criterion, given.pool(ground, effort))
    if given.refine:
        ground, found = refined(ground, given.criterion, given.as_pool(effort), found)
    counts = _counts(given, ground, found, effort)
    if goals:
        errors = given.errors(ground, counts)
        reached = all(errors[i] <= allowed * (1 + 1e-9) for i, allowed in goals.items())
    return Found(
        given, ground, found, counts, _efficiency(given, ground, found, counts), _completing(given), goals, reached
    )


def _goals(given: Search) -> dict[int, float]:
    """Errors that are asked for: those of the target, or such as make known what is not."""
    if given.aim.allowed:
        return given.aim.goals(given.found)
    if given.spending.points is not None or given.spending.budget is not None:
        return {}
    t = quantile(given.place.freedom)
    now = standard_errors(given.base[0], given.gradients)
    best = given.errors(given.ground, np.full(given.ground.size, 1e6))
    goals: dict[int, float] = {}
    for i, q in enumerate(given.found):
        if q.role == "free" and unknown(q, float(now[i]), t) and not unknown(q, float(best[i]), t):
            # an interval that does not reach nothing; any error at all for numbers of either sign
            goals[i] = 0.999 * q.value / t if q.bounds[0] >= 0 and q.value > 0 else 1e300
    return goals


def _enough(given: Search, goals: Mapping[int, float]) -> tuple[int, bool]:
    """The fewest measurements that reach the goals, and whether so many were found."""
    d = given.place.x.size
    if not goals:
        return max(d, 1), True
    most = MOST_POINTS if given.aim.allowed else max(_MOST_TO_KNOW, 2 * d)

    def enough(n: int, *, whole: bool) -> bool:
        found = best_weights(given.criterion, given.pool(given.ground, given.price(n)))
        counts = _counts(given, given.ground, found, given.price(n)) if whole else n * found.weights
        errors = given.errors(given.ground, counts)
        return all(errors[i] <= allowed for i, allowed in goals.items())

    low, high = 0, 1
    while not enough(high, whole=False):
        if high >= most:
            return most, False
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle, whole=False) else (middle, high)
    # whole measurements may need some more than weights do
    n, step = high, 1
    while not enough(n, whole=True):
        if n >= most:
            return most, False
        n = min(n + step, most)
        step = max(step, n // 50)
    return n, True


def _counts(given: Search, ground: Ground, found: Weights, effort: float) -> np.ndarray:
    support = np.flatnonzero(found.weights)
    best = np.argsort(-found.sensitivity, kind="stable")[:_SHORTLIST]
    near = beside(ground, support) if given.refine else np.zeros(ground.size, dtype=bool)
    index = np.union1d(support, best[~near[best]])
    pool = given.pool(ground, None).only(index)
    counts = np.zeros(ground.size, dtype=np.int64)
    counts[index] = exact_design(
        given.criterion,
        pool,
        found.weights[index],
        Purse(ground.costs[index], effort, saves=given.spending.budget is not None),
    )
    return counts


def _efficiency(given: Search, ground: Ground, found: Weights, counts: np.ndarray) -> float:
    pool = given.pool(ground, None)
    pool = pool if given.criterion.averages else pool.mixed()
    with np.errstate(all="ignore"):
        try:
            value = float(given.criterion.log_value(pool.information(counts.astype(np.float64)), pool.wanted))
        except np.linalg.LinAlgError:
            return 0.0
    return float(np.exp(min(value - found.log_value, 0.0))) if np.isfinite(value) else 0.0


def _completing(given: Search) -> tuple[int, ...]:
    pool = given.pool(given.ground, None, local=True)
    whole = pool.base[0]
    if not whole.size or np.linalg.eigvalsh(whole)[0] > _OPEN * max(1.0, float(np.linalg.eigvalsh(whole)[-1])):
        return ()
    return tuple(completing(pool, _OPEN))
