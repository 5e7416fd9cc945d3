"""Steepest descent, projected onto the bounds: the oldest method, quickest with Barzilai and Borwein's step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._descent import Descent, first_points, points_beside, still, stuck, units_of
from parametra.methods.fit._side_by_side import NOT_EVALUATED, SideBySide, Told
from parametra.nouns.asker import Ending, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

STEPS = ("barzilai_borwein", "armijo", "constant")

_SLACK = 1e-9
"""Of max(1, cost): what may be left to gain where the cost no longer falls."""

_SUFFICIENT = 1e-4
_SHORTEST = 1e-20
_LONGEST = 1e20


@dataclass(frozen=True)
class Downhill(Descent):
    """One start, and the step it tries.

    Arguments:
        point, cost_here: where the walk stands; x and cost are the best so far, the gradient is that of `point`.
        step: in scaled coordinates, of the gradient.
        part: share of the projected step that is tried.
        lasts: the last costs, which a step of Barzilai and Borwein may rise to.
    """

    point: Float[np.ndarray, " d"]
    cost_here: float
    step: float
    part: float
    lasts: tuple[float, ...]


@dataclass(frozen=True)
class SteepestDescent(SideBySide):
    """argmin cost(x) in a box by x <- P(x - step unit^2 g), P the projection onto the bounds.

    `step="barzilai_borwein"`: s's / s'y from the last step s and change of the gradient y, kept while the cost is below
    the highest of the last ten, else shortened along the projected step (spectral projected gradients).
    `step="armijo"`: halved until the cost falls enough, doubled after. `step="constant"`: always `rate`, whatever the
    cost does. Coordinates are scaled by 1 / sqrt(curvature), measured by one difference of gradients each at
    the start, now and then on the way and at the end, so that a rate of 1 would be Newton's step if they did not
    influence one another; for a constant step at the start and at the end alone.

    Arguments:
        step: the rule above.
        rate: the constant step, and Armijo's first one.
        memory: costs that Barzilai and Borwein's step looks back on.
        tolerance: what the cost can still fall, relative to it, that ends a start.
        maximum_iterations: where a start gives up.

    Raises:
        MethodError: an unknown step, or a setting that is not above zero.

    Source: doi:10.1137/S1052623497330963, doi:10.1093/imanum/8.1.141.
    """

    card: ClassVar[Card] = Card(
        name="steepest_descent",
        verb="fit",
        summary="Down the gradient, projected onto the bounds, all starts side by side.",
        good_for="a comparison, and very many well-scaled parameters; the least that can go wrong in a step.",
        prefer_instead="`conjugate_gradient` or `lbfgs`, which use what earlier gradients told; `levenberg_marquardt` "
        "where there are residuals.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "many starts side by side", "workers"}),
        cost="50 to 10 000 evaluations with gradient a start, the more the stronger parameters are correlated.",
        sources=(
            Source("E. G. Birgin, J. M. Martinez and M. Raydan", 2000,
                   "Nonmonotone spectral projected gradient methods on convex sets", "doi:10.1137/S1052623497330963"),
            Source("J. Barzilai and J. M. Borwein", 1988, "Two-point step size gradient methods",
                   "doi:10.1093/imanum/8.1.141"),
        ),
    )  # fmt: skip
    want: ClassVar[Want] = Want.GRADIENT

    step: str = "barzilai_borwein"
    rate: float = 1.0
    memory: int = 10
    tolerance: float = 1e-15
    maximum_iterations: int = 10_000

    def __post_init__(self) -> None:
        check_settings(self, one_of={"step": STEPS})

    def begin(self, space: SearchSpace, start: Float[np.ndarray, " d"]) -> Downhill:
        """The start and the points that tell its units are asked for first."""
        return Downhill(
            first_points(space, start), start, np.inf, Ending.RUNNING, 0, "",
            np.zeros(start.size), np.ones(start.size), True, 0, np.inf, start, np.inf, self.rate, 1.0, (),
        )  # fmt: skip

    def advance(self, space: SearchSpace, walk: Downhill, told: Told) -> Downhill:
        """Take the step or shorten it."""
        if walk.scaling:
            return self._scaled(space, walk, told)
        x, cost, gradient = walk.asked[0], float(told.cost[0]), told.gradient[0]
        usable = bool(np.isfinite(cost) and np.isfinite(gradient).all())
        if usable and cost < walk.cost:
            walk = replace(walk, x=x, cost=cost)
        if self.step == "constant" and not usable:
            return walk.ended(
                Ending.FAILED, f"a constant step of {self.rate:g} led to where the model fails; take a smaller rate"
            )
        move = x - walk.point
        slope = float(walk.gradient @ move)
        highest = max(walk.lasts[-self.memory :]) if self.step == "barzilai_borwein" else walk.cost_here
        if self.step != "constant" and not (usable and cost <= highest + _SUFFICIENT * slope):
            return self._shorter(space, walk, cost, slope)
        return self._taken(space, walk, x, cost, gradient)

    def _scaled(self, space: SearchSpace, walk: Downhill, told: Told) -> Downhill:
        """The units are known: end here, or go down from the best point."""
        if not np.isfinite(walk.cost):
            if not np.isfinite(told.cost[0]) or not np.isfinite(told.gradient[0]).all():
                return walk.ended(Ending.FAILED, NOT_EVALUATED)
            cost = float(told.cost[0])
            walk = replace(walk, cost=cost, cost_here=cost, gradient=told.gradient[0])
        unit = units_of(space, walk.point, walk.gradient, walk.asked, told)
        again = walk.iterations - walk.scaled_at < self._period(walk)
        fallen = walk.gained - walk.cost
        walk = replace(walk, unit=unit, scaling=False, scaled_at=walk.iterations, gained=walk.cost)
        if still(space, replace(walk, x=walk.point), self.tolerance):
            if walk.cost_here - walk.cost > _SLACK * max(1.0, abs(walk.cost)):
                return walk.ended(Ending.LIMIT, "the steps settled above a point that they had passed")
            return walk.ended(Ending.CONVERGED, "nothing more can be gained along the gradient")
        if again and fallen <= self.tolerance * abs(walk.cost):
            return walk.ended(*stuck(space, replace(walk, x=walk.point), _SLACK))
        return self._try(space, replace(walk, step=self.rate, part=1.0, lasts=(walk.cost_here,)))

    def _try(self, space: SearchSpace, walk: Downhill) -> Downhill:
        """Ask for the projected step, or for a part of it."""
        far = np.clip(walk.point - walk.step * walk.unit**2 * walk.gradient, space.lower, space.upper)
        x = far if walk.part == 1.0 else np.clip(walk.point + walk.part * (far - walk.point), space.lower, space.upper)
        return replace(walk, asked=x[None])

    def _shorter(self, space: SearchSpace, walk: Downhill, cost: float, slope: float) -> Downhill:
        """A shorter step: the parabola through what is known, kept between a tenth and a half of the last."""
        shrink = 0.5
        if np.isfinite(cost) and slope < 0:
            bottom = 2.0 * (cost - walk.cost_here - slope)
            shrink = min(max(-slope / bottom if bottom > 0 else 0.5, 0.1), 0.5)
        if self.step == "armijo":
            walk = replace(walk, step=walk.step * shrink)
        else:
            walk = replace(walk, part=walk.part * shrink)
        if walk.step * walk.part < _SHORTEST or np.array_equal(walk.asked[0], walk.point):
            return self._measure(space, walk)
        return self._try(space, walk)

    def _taken(self, space: SearchSpace, walk: Downhill, x: np.ndarray, cost: float, gradient: np.ndarray) -> Downhill:
        """The step stands; the next one."""
        s, y = (x - walk.point) / walk.unit, (gradient - walk.gradient) * walk.unit
        step = walk.step
        if self.step == "barzilai_borwein":
            along = float(s @ y)
            step = float(s @ s) / along if along > 0.0 else _LONGEST
            step = min(max(step, _SHORTEST), _LONGEST)
        elif self.step == "armijo":
            step = min(2.0 * step, _LONGEST)
        walk = replace(
            walk, point=x, cost_here=cost, gradient=gradient, step=step, part=1.0,
            iterations=walk.iterations + 1, lasts=(*walk.lasts, cost)[-self.memory :],
        )  # fmt: skip
        if walk.iterations >= self.maximum_iterations:
            return walk.ended(Ending.LIMIT, f"{walk.iterations} iterations were not enough")
        late = walk.iterations - walk.scaled_at >= self._period(walk)
        if late or still(space, replace(walk, x=x), self.tolerance) or not np.any(s):
            return self._measure(space, walk)
        return self._try(space, walk)

    def _period(self, walk: Downhill) -> float:
        """Iterations after which the units are measured anew; never where a constant step is to be constant."""
        return np.inf if self.step == "constant" else 20.0 * walk.x.size

    def _measure(self, space: SearchSpace, walk: Downhill) -> Downhill:
        """Ask for the points that tell the units here."""
        return replace(walk, asked=points_beside(space, walk.point), scaling=True)


METHOD = SteepestDescent
