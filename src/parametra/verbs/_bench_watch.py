"""An evaluator that counts what a slow model would be run for, and notes every improvement of the cost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from parametra.nouns.asker import Answers, Want
from parametra.nouns.search_space import SearchSpace
from parametra.runs.cost import Cost

DIFFERENTIATED = frozenset({Want.GRADIENT, Want.JACOBIAN, Want.NORMAL, Want.PREDICTED})
"""Wants that need derivatives of the model."""

_ALLOWED = 1e-6
"""How far beyond a constraint, relative to max(1, |its limit|), a point still counts as meeting it."""


class Spent(Exception):  # noqa: N818  a signal out of a method's loop, never seen by a person
    """The evaluations of this run are spent."""


class Reached(Exception):  # noqa: N818  as above
    """The finest accuracy is reached."""


class Watch:
    """Answers like the evaluator inside, and keeps the account of one run.

    A new point counts 1; its derivatives count d more, as by forward differences, in `evaluations` and nothing more in
    `requests`. What was evaluated before counts nothing: a slow model is not run twice at one point. Within a batch the
    points count one after the other.

    Arguments:
        inner: who answers.
        space: the box; a point that misses its constraints is no improvement.
        budget: evaluations after which nothing counts any more, and the next request raises `Spent`.
        target: the cost at which `Reached` is raised.
        offset: what the evaluator's cost has more than the one that is compared: constants of a likelihood.

    Attributes:
        improvements: (evaluations, requests, cost) each time the lowest cost fell.
        lowest, point: the lowest cost so far and where.
    """

    def __init__(self, inner: Any, space: SearchSpace, budget: int, target: float, offset: float = 0.0) -> None:
        self.inner = inner
        self.offset = offset
        self.space = space
        self.budget = budget
        self.target = target
        self.evaluations = 0
        self.requests = 0
        self.improvements: list[tuple[int, int, float]] = []
        self.lowest = np.inf
        self.point: np.ndarray | None = None
        self._known: dict[bytes, bool] = {}

    @property
    def kind(self) -> str:
        """As the evaluator inside says."""
        return self.inner.kind

    @property
    def derivative(self) -> str:
        """As the evaluator inside says."""
        return self.inner.derivative

    @property
    def cost(self) -> Cost:
        """As the evaluator inside says."""
        return self.inner.cost

    @property
    def failures(self) -> Counter[str]:
        """As the evaluator inside says."""
        return self.inner.failures

    @property
    def calls(self) -> int:
        """As the evaluator inside says."""
        return self.inner.calls

    def with_cost(self, cost: Cost) -> Watch:
        """The same, watching another cost."""
        return Watch(self.inner.with_cost(cost), self.space, self.budget, self.target, self.offset)

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer, count and note.

        Raises:
            Spent: nothing is left of the budget.
            Reached: this request met the target.
        """
        if self.evaluations >= self.budget:
            raise Spent
        answers = self.inner.evaluate(points, want)
        cost = None if want is Want.PREDICTED else self._judged(points, answers)
        differentiated = want in DIFFERENTIATED
        for i, point in enumerate(points):
            self._count(point, differentiated, np.inf if cost is None else float(cost[i]))
        if self.lowest <= self.target:
            raise Reached
        return answers

    def _judged(self, points: np.ndarray, answers: Answers) -> np.ndarray:
        cost = np.where(answers.ok, answers.cost - self.offset, np.inf)
        limits = self.space.limits
        if limits is not None:
            values = limits.values(points)
            low, high = limits.lower, limits.upper
            with np.errstate(invalid="ignore"):
                met = (values >= low - _ALLOWED * np.maximum(1.0, np.abs(low))) | ~np.isfinite(low)
                met &= (values <= high + _ALLOWED * np.maximum(1.0, np.abs(high))) | ~np.isfinite(high)
            cost = np.where(met.all(axis=1), cost, np.inf)
        return cost

    def _count(self, point: np.ndarray, differentiated: bool, cost: float) -> None:
        if self.evaluations >= self.budget:  # the rest of a batch that is larger than what was left
            return
        key = point.tobytes()
        before = self._known.get(key)
        if before is None:
            self.evaluations += 1
        if before is None or (differentiated and not before):
            self.requests += 1
        if cost < self.lowest:
            self.lowest, self.point = cost, point.copy()
            self.improvements.append((self.evaluations, self.requests, cost))
        if differentiated and not before:
            self.evaluations = min(self.evaluations + self.space.dimension, self.budget)
        self._known[key] = bool(before) or differentiated
