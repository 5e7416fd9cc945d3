"""Nonlinear conjugate gradients of Hager and Zhang in a box: gradients alone, no matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.trust_region import room
from parametra.methods.fit import _line_search as search
from parametra.methods.fit._descent import Descent, first_points, held, points_beside, still, stuck, units_of
from parametra.methods.fit._side_by_side import NOT_EVALUATED, SideBySide, Told
from parametra.nouns.asker import Ending, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_SLACK = 1e-9
"""Of max(1, cost): what may be left to gain where the cost no longer falls."""


@dataclass(frozen=True)
class Conjugate(Descent):
    """One start: its direction and the search along it.

    Arguments:
        direction: in scaled coordinates; no entries where a new one begins from steepest descent.
        line: the search along it.
        best, best_cost, best_gradient: the best point of the line so far, and what is known there.
        fall: by how much the last step lowered the cost.
        fresh: whether the direction is that of steepest descent.
    """

    direction: Float[np.ndarray, " d"]
    line: search.Line | None
    best: Float[np.ndarray, " d"]
    best_cost: float
    best_gradient: Float[np.ndarray, " d"]
    fall: float
    fresh: bool


@dataclass(frozen=True)
class ConjugateGradient(SideBySide):
    """argmin cost(x) in a box along d_k = -g_k + beta_k d_(k-1), beta by Hager and Zhang, in scaled coordinates.

    beta = (y - 2 d |y|^2 / d'y)' g / d'y with y the change of the gradient, never below their lower bound. Coordinates
    are scaled by 1 / sqrt(curvature), measured by one difference of gradients each, at the start and where a minimum
    seems reached. A line ends where it meets a bound; coordinates that the gradient presses against a bound stay.

    Arguments:
        tolerance: what the cost can still fall, relative to it, that ends a start.
        flatness: share of the first slope at which a search along a line ends.
        maximum_iterations: where a start gives up.

    Raises:
        MethodError: a setting that is not above zero.

    Source: doi:10.1137/030601880.
    """

    card: ClassVar[Card] = Card(
        name="conjugate_gradient",
        verb="fit",
        summary="Conjugate gradients with exact bounds: gradients alone, all starts side by side.",
        good_for="many parameters, whose matrices would not fit or cost more than the model; smooth likelihoods.",
        prefer_instead="`levenberg_marquardt` where there are residuals, and `lbfgs`, which needs fewer evaluations "
        "where parameters are correlated.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side", "workers"}),
        cost="30 to 1000 evaluations with gradient a start, 2 or 3 for each step.",
        sources=(
            Source("W. W. Hager and H. Zhang", 2005,
                   "A new conjugate gradient method with guaranteed descent and an efficient line search",
                   "doi:10.1137/030601880"),
            Source("W. W. Hager and H. Zhang", 2006, "A new active set algorithm for box constrained optimization",
                   "doi:10.1137/050635225"),
        ),
    )  # fmt: skip
    want: ClassVar[Want] = Want.GRADIENT

    tolerance: float = 1e-15
    flatness: float = 0.1
    maximum_iterations: int = 2000

    def __post_init__(self) -> None:
        check_settings(self)

    def begin(self, space: SearchSpace, start: Float[np.ndarray, " d"]) -> Conjugate:
        """The start and the points that tell its units are asked for first."""
        none = np.zeros(start.size)
        return Conjugate(
            first_points(space, start), start, np.inf, Ending.RUNNING, 0, "",
            none, np.ones(start.size), True, 0, np.inf, none, None, start, np.inf, none, np.inf, True,
        )  # fmt: skip

    def advance(self, space: SearchSpace, walk: Conjugate, told: Told) -> Conjugate:
        """One more point of the line, or the units."""
        if walk.scaling:
            return self._scaled(space, walk, told)
        line = walk.line
        if line is None:
            return walk.ended(Ending.FAILED, NOT_EVALUATED)
        x, cost, gradient = walk.asked[0], float(told.cost[0]), told.gradient[0]
        if cost < walk.best_cost and np.isfinite(gradient).all():
            walk = replace(walk, best=x, best_cost=cost, best_gradient=gradient)
        line = search.advance(line, cost, float((gradient * walk.unit) @ walk.direction))
        if not line.done:
            return self._along(space, replace(walk, line=line))
        if not line.failed and np.isfinite(gradient).all():
            return self._arrived(space, walk, x, cost, gradient)
        if walk.best_cost < walk.cost:
            return self._arrived(space, walk, walk.best, walk.best_cost, walk.best_gradient)
        if not walk.fresh:
            return self._steepest(space, walk)
        return self._measure(space, walk)

    def _scaled(self, space: SearchSpace, walk: Conjugate, told: Told) -> Conjugate:
        """The units are known: end here, or go down from here."""
        if not np.isfinite(walk.cost):
            if not np.isfinite(told.cost[0]) or not np.isfinite(told.gradient[0]).all():
                return walk.ended(Ending.FAILED, NOT_EVALUATED)
            walk = replace(walk, cost=float(told.cost[0]), gradient=told.gradient[0])
        unit = units_of(space, walk.x, walk.gradient, walk.asked, told)
        fallen = walk.gained - walk.cost
        walk = replace(walk, unit=unit, scaling=False, scaled_at=walk.iterations, gained=walk.cost)
        if still(space, walk, self.tolerance):
            return walk.ended(Ending.CONVERGED, "nothing more can be gained along the gradient")
        if fallen <= self.tolerance * abs(walk.cost):
            return walk.ended(*stuck(space, walk, _SLACK))
        return self._steepest(space, walk)

    def _measure(self, space: SearchSpace, walk: Conjugate) -> Conjugate:
        """Ask for the points that tell the units here."""
        return replace(walk, asked=points_beside(space, walk.x), scaling=True, line=None)

    def _steepest(self, space: SearchSpace, walk: Conjugate) -> Conjugate:
        """A line along the gradient; its first step is Newton's along each coordinate, as far as the units tell."""
        direction = np.where(held(space, walk.x, walk.gradient), 0.0, -walk.gradient * walk.unit)
        return self._search(space, replace(walk, direction=direction, fresh=True), 1.0)

    def _search(self, space: SearchSpace, walk: Conjugate, step: float) -> Conjugate:
        slope = float((walk.gradient * walk.unit) @ walk.direction)
        most = float(room(walk.x, walk.direction * walk.unit, space.lower, space.upper).min(initial=np.inf))
        if not (slope < 0.0 and most > 0.0):
            return self._measure(space, walk) if walk.fresh else self._steepest(space, walk)
        line = search.begin(walk.cost, slope, step, most, self.flatness)
        return self._along(
            space, replace(walk, line=line, best=walk.x, best_cost=walk.cost, best_gradient=walk.gradient)
        )

    def _along(self, space: SearchSpace, walk: Conjugate) -> Conjugate:
        """Ask for the point of the line; a coordinate that has come to its bound is exactly on it."""
        line = walk.line
        t = 0.0 if line is None else line.t
        move = walk.direction * walk.unit
        x = np.clip(walk.x + t * move, space.lower, space.upper)
        arrived = room(walk.x, move, space.lower, space.upper) <= t * (1 + 1e-12)
        x = np.where(arrived & (move > 0), space.upper, np.where(arrived & (move < 0), space.lower, x))
        return replace(walk, asked=x[None])

    def _arrived(
        self, space: SearchSpace, walk: Conjugate, x: np.ndarray, cost: float, gradient: np.ndarray
    ) -> Conjugate:
        """The end of a line: the next direction."""
        last = walk.gradient
        before = held(space, walk.x, last)
        walk = replace(
            walk, x=x, cost=cost, gradient=gradient, iterations=walk.iterations + 1, fall=walk.cost - cost
        )  # fmt: skip
        if walk.iterations >= self.maximum_iterations:
            return walk.ended(Ending.LIMIT, f"{walk.iterations} iterations were not enough")
        if still(space, walk, self.tolerance) or walk.fall <= 0.0:
            return self._measure(space, walk)
        if walk.iterations - walk.scaled_at >= 20 * x.size:
            return self._measure(space, walk)
        now = held(space, x, gradient)
        at_bound = (x <= space.lower) | (x >= space.upper)
        if np.any(now != before) or np.any(at_bound & (walk.direction != 0)):
            return self._steepest(space, walk)
        g, y = np.where(now, 0.0, gradient * walk.unit), np.where(now, 0.0, (gradient - last) * walk.unit)
        d = walk.direction
        along = float(d @ y)
        if not along > 0.0:
            return self._steepest(space, walk)
        beta = float((y - 2.0 * d * float(y @ y) / along) @ g) / along
        least = -1.0 / (float(np.linalg.norm(d)) * min(0.01, float(np.linalg.norm(last * walk.unit))))
        direction = -g + max(beta, least) * d
        slope = float(g @ direction)
        if not slope < 0.0:
            return self._steepest(space, walk)
        step = min(1.01 * 2.0 * walk.fall / -slope, 1e10)
        return self._search(space, replace(walk, direction=direction, fresh=False), step)


METHOD = ConjugateGradient
