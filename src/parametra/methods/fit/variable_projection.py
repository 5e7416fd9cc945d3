"""Variable projection: parameters that the model is linear in are solved for, and only the others are searched.

    r(a, c) = r0(a) + F(a) c       c*(a) = argmin |r(a, c)|^2 between the bounds, F = the Jacobian's linear columns
    v(a)    = r(a, c*(a))          with the Jacobian (I - P) J_a of Kaufman, P the projector on the columns of F

c may be the exponential of a coordinate, a factor on a logarithmic scale: then F is the coordinate's column over c.
`a` goes through the trust region of Levenberg and Marquardt. One evaluation at (a, c) tells c* and v, by linearity;
J_a is also wanted at c*, which costs another one where c was not near it. The next c is foretold from the last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.linear_part import LinearBest, linear_best
from parametra.methods.fit import _trust_region_single as trust
from parametra.methods.fit._side_by_side import NOT_EVALUATED, SideBySide, State, Told, Walk
from parametra.methods.fit._trust_region_svd import advance
from parametra.nouns.asker import Answers, Ending, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.method_settings import check_settings
from parametra.nouns.search_space import SearchSpace

_NEAR = 1e-3
"""A relative step from c to c* after which J_a at c serves for J_a at c*."""

_LEAST = 1e-100
"""Where the logarithm of a factor has no lower bound: one that is almost nothing, and not nothing."""

_LINEAR = 1e-6
"""Of what linearity foretells of a residual: a larger gap says that it is not linear."""


@dataclass(frozen=True)
class Projected(Walk):
    """One start.

    Arguments:
        linear: (d,), which coordinates are solved for.
        region: the trust region in the others, None where all are linear.
        exact: whether the point asked for has the best linear values already.
        foretold: (m,) the residuals that it should have then, and how large their terms are; empty before.
        anchor: the nonlinear values that the region stands at, with their c* and how c* follows them, (p, q).
        anchor_values, follow: the same.

    Linear values are those that the residuals are linear in, not coordinates.
    """

    linear: Bool[np.ndarray, " d"]
    region: trust.Single | None
    exact: bool
    foretold: Float[np.ndarray, " m"]
    foretold_size: Float[np.ndarray, " m"]
    anchor: Float[np.ndarray, " q"]
    anchor_values: Float[np.ndarray, " p"]
    follow: Float[np.ndarray, "p q"]


@dataclass(frozen=True)
class VariableProjection(SideBySide):
    """argmin 1/2 |r(a, c)|^2 in a box, with c solved for at every a: a smaller and better-natured search.

    Which parameters are linear is found from the model's structure, or named; factors on a logarithmic scale are among
    them. Starts and guesses of linear parameters do not matter. Their bounds are honoured by solving for them between
    the bounds.

    Arguments:
        linear: names of the parameters to solve for; empty takes all that were found.
        radius_factors: initial radii in units of |D a|; the next is tried when an attempt ends in no minimum.
        cost_tolerance, step_tolerance: relative changes that end a start.
        maximum_iterations: where a start gives up.
        polishing_steps: undamped Gauss-Newton steps at the end, at most.

    Raises:
        MethodError: no linear parameter, an unknown name, a named one that the model is not linear in, or a setting
            that is not above zero.

    Source: doi:10.1137/0710036; Kaufman's Jacobian: doi:10.1007/BF01932995.
    """

    card: ClassVar[Card] = Card(
        name="variable_projection",
        verb="fit",
        summary="Solves for the parameters that the model is linear in, and searches only for the others.",
        good_for="sums of exponentials, and other sums of terms where guesses of the amplitudes are bad: 28 iterations "
        "where `levenberg_marquardt` takes 97 on Lanczos' three decays, about as many as it on peaks.",
        prefer_instead="`levenberg_marquardt` when amplitudes have bounds that matter and there are many starts: on a "
        "light curve with bounded depths, projection reached the best minimum from fewer starts (2.5 to 14 % of "
        "them, where 18 % did without). It is therefore never chosen by itself.",
        needs=frozenset({Ability.RESIDUALS, Ability.CONTINUOUS, Ability.LINEAR}),
        honours=frozenset({"bounds", "priors", "many starts side by side", "workers"}),
        cost="5 to 30 iterations a start, each of one or two evaluations with Jacobian.",
        sources=(
            Source("G. H. Golub and V. Pereyra", 1973,
                   "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables "
                   "separate", "doi:10.1137/0710036"),
            Source("L. Kaufman", 1975,
                   "A variable projection method for solving separable nonlinear least squares problems",
                   "doi:10.1007/BF01932995"),
        ),
    )  # fmt: skip
    want: ClassVar[Want] = Want.JACOBIAN

    linear: tuple[str, ...] | list[str] = ()
    radius_factors: tuple[float, ...] = (0.3, 3.0, 100.0)
    cost_tolerance: float = 1e-15
    step_tolerance: float = 1e-15
    maximum_iterations: int = 2000
    polishing_steps: int = 10

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def _rules(self) -> trust.Rules:
        return trust.Rules(
            self.radius_factors,
            self.cost_tolerance,
            self.step_tolerance,
            self.maximum_iterations,
            self.polishing_steps,
        )

    def solved_for(self, space: SearchSpace) -> tuple[str, ...]:
        """Labels of the coordinates that are not searched for.

        Raises:
            MethodError: as the class.
        """
        return tuple(label for label, here in zip(space.labels, self._linear_of(space), strict=True) if here)

    def start(self, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> State:
        """The state before anything was evaluated.

        Raises:
            MethodError: as the class.
        """
        return super().start(replace(space, linear=self._linear_of(space)), starts)

    def _linear_of(self, space: SearchSpace) -> Bool[np.ndarray, " d"]:
        if not self.linear:
            if space.linear is None or not space.linear.any():
                raise MethodError(
                    "`variable_projection` needs to know which parameters the model is linear in, and none were found. "
                    'Name them with options={"linear": ["a", "b"]}, or use method="levenberg_marquardt".'
                )
            return space.linear
        bare = [label.partition("[")[0] for label in space.labels]
        for name in self.linear:
            if name not in bare and name not in space.labels:
                raise MethodError(
                    f'`variable_projection` has the option linear with "{name}", which is no free parameter; '
                    + did_you_mean(str(name), bare)
                )
        named = set(self.linear)
        return np.array([a in named or b in named for a, b in zip(space.labels, bare, strict=True)])

    def begin(self, space: SearchSpace, start: Float[np.ndarray, " d"]) -> Projected:
        """The start, whose linear values are only where its columns are taken."""
        linear = self._linear_of(space) if space.linear is None else space.linear
        free = ~linear
        region = None
        if free.any():
            scale: dict[str, Any] = {"size": space.size[free], "shifted": space.without_origin[free]}
            scale["residual_size"] = space.residual_size
            region = trust.begin(0, start[free], space.lower[free], space.upper[free], **scale)
        nothing = np.zeros(0)
        x = start.copy()
        if region is not None:
            x[free] = region.trial.x
        return Projected(
            x[None], x, np.inf, Ending.RUNNING, 0, "", linear, region, False, nothing, nothing,
            x[free], _values(space, linear, x[linear]), np.zeros((int(linear.sum()), int(free.sum()))),
        )  # fmt: skip

    def advance(self, space: SearchSpace, walk: Projected, told: Told) -> Projected:
        """Solve for the linear values; evaluate there too where it matters; step in the others."""
        x = walk.asked[0]
        residuals, jacobian = told.residuals, told.jacobian
        if residuals is None or jacobian is None or not np.isfinite(told.cost[0]):
            if walk.region is None:
                return walk.ended(Ending.FAILED, NOT_EVALUATED)
            failed = Answers(cost=np.array([np.inf]), ok=np.array([False]))
            return self._next(space, walk, advance(walk.region, failed, self._rules))
        r, J = residuals[0], jacobian[0]
        if walk.exact:
            self._linear_indeed(space, walk, r)
        linear = walk.linear
        lower, values, upper = (_values(space, linear, each[linear]) for each in (space.lower, x, space.upper))
        columns = J[:, linear] / np.where(_logarithms(space, linear), values, 1.0)
        best = linear_best(columns, r, values, lower, upper)
        moved = x.copy()
        moved[linear] = _coordinates(space, linear, best.values)
        cost = 0.5 * float(best.residuals @ best.residuals)
        if not walk.exact and self._matters(walk, best, cost):
            size = np.abs(r) + np.abs(columns) @ np.abs(best.step)
            return replace(walk, asked=moved[None], exact=True, foretold=best.residuals, foretold_size=size)
        if walk.exact and not cost < float(told.cost[0]):
            cost, moved = float(told.cost[0]), x
        walk = replace(walk, exact=False)
        if cost < walk.cost:
            walk = replace(walk, x=moved, cost=cost)
        if walk.region is None:
            return replace(walk, iterations=1).ended(Ending.CONVERGED, "all parameters are linear, and were solved for")
        return self._stepped(space, walk, walk.region, best, J[:, ~walk.linear])

    def _matters(self, walk: Projected, best: LinearBest, cost: float) -> bool:
        """Whether J_a is to be known at c* exactly: not for a point that will be refused, nor beside c*."""
        region = walk.region
        if region is None or region.anchor is None:
            return True
        if cost >= region.anchor.cost and region.phase is trust.Phase.DESCENT:
            return False
        return bool(np.any(np.abs(best.step) > _NEAR * np.abs(best.values)))

    def _linear_indeed(self, space: SearchSpace, walk: Projected, residuals: np.ndarray) -> None:
        """Compare the residuals with what linearity foretold.

        Raises:
            MethodError: they differ.
        """
        gap = np.abs(residuals - walk.foretold)
        if np.all(gap <= _LINEAR * (walk.foretold_size + np.max(walk.foretold_size, initial=0.0))):
            return
        named = [label for label, one in zip(space.labels, walk.linear, strict=False) if one]
        which = ", ".join(named) or "the coordinates given"
        raise MethodError(
            f"`variable_projection` was to solve for {which}, and the model is not linear in all of them together. "
            'Name fewer, or use method="levenberg_marquardt".'
        )

    def _stepped(
        self, space: SearchSpace, walk: Projected, region: trust.Single, best: LinearBest, slopes: np.ndarray
    ) -> Projected:
        """The step of the trust region in the nonlinear values, by Kaufman's Jacobian."""
        projected = slopes - best.basis @ (best.basis.T @ slopes)
        cost = 0.5 * float(best.residuals @ best.residuals)
        answers = Answers(
            cost=np.array([cost]), ok=np.array([True]), residuals=best.residuals[None], jacobian=projected[None]
        )
        tried = region.trial.x
        after = advance(region, answers, self._rules)
        if after.anchor is not None and np.array_equal(after.anchor.x, tried):
            walk = replace(walk, anchor=tried, anchor_values=best.values, follow=best.follow @ slopes)
        return self._next(space, walk, after)

    def _next(self, space: SearchSpace, walk: Projected, region: trust.Single) -> Projected:
        """The next point: the region's, with the linear values that it should have there."""
        walk = replace(walk, region=region, iterations=region.iterations, exact=False)
        if region.phase is trust.Phase.DONE:
            return walk.ended(region.ending, region.reason)
        x = np.empty(walk.linear.size)
        x[~walk.linear] = region.trial.x
        values = walk.anchor_values
        if region.anchor is not None and np.array_equal(region.anchor.x, walk.anchor):
            values = values + walk.follow @ (region.trial.x - walk.anchor)
        x[walk.linear] = _coordinates(space, walk.linear, values)
        return replace(walk, asked=np.clip(x, space.lower, space.upper)[None])


def _logarithms(space: SearchSpace, linear: Bool[np.ndarray, " d"]) -> Bool[np.ndarray, " p"]:
    """Which of the linear values have logarithms as their coordinates."""
    return np.zeros(int(linear.sum()), dtype=bool) if space.exponential is None else space.exponential[linear]


def _values(space: SearchSpace, linear: Bool[np.ndarray, " d"], x: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
    """The linear values of coordinates."""
    with np.errstate(over="ignore", under="ignore"):
        return np.where(_logarithms(space, linear), np.maximum(np.exp(x), _LEAST), x)


def _coordinates(
    space: SearchSpace, linear: Bool[np.ndarray, " d"], values: Float[np.ndarray, " p"]
) -> Float[np.ndarray, " p"]:
    """The coordinates of linear values, inside their bounds; exactly on a bound where the values are."""
    lower, upper = space.lower[linear], space.upper[linear]
    logarithms = np.log(np.maximum(values, _LEAST))
    with np.errstate(over="ignore", under="ignore"):
        logarithms = np.where(values <= np.exp(lower), lower, logarithms)
        logarithms = np.where(values >= np.exp(upper), upper, logarithms)
    logarithms = np.maximum(logarithms, np.log(_LEAST))
    return np.clip(np.where(_logarithms(space, linear), logarithms, values), lower, upper)


METHOD = VariableProjection
