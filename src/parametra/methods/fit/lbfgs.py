"""Limited-memory BFGS with bounds, by SciPy: for any likelihood with a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.trust_region import strictly_inside
from parametra.nouns.asker import Answers, Ending, Evaluate, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import Range, check_settings
from parametra.nouns.search_space import SearchSpace


@dataclass(frozen=True)
class Lbfgs:
    """argmin -log density(x) in a box by L-BFGS-B, one start after the other.

    Coordinates are scaled by the inverse square root of the curvature along each of them at the start, measured by one
    difference of gradients, because L-BFGS begins from a sphere.

    Arguments:
        memory: pairs of steps and gradients that are kept.
        tolerance: relative change of the cost that ends a start; restarts go on from there while they help.
        gradient_tolerance: largest component of the scaled, projected gradient, relative to max(1, |cost|), that counts
            as zero.
        maximum_iterations: where a start gives up.
        restarts: how often the search begins again, newly scaled, from where it stopped.

    Raises:
        MethodError: a setting that cannot be.

    Source: doi:10.1137/0916069.
    """

    card: ClassVar[Card] = Card(
        name="lbfgs",
        verb="fit",
        summary="L-BFGS-B on the negative log density and its gradient, one start after the other.",
        good_for="any likelihood with a gradient: scatter that depends on the prediction, any priors, a person's "
        "own log-likelihood; many parameters.",
        prefer_instead="`levenberg_marquardt` where there are residuals: it needs far fewer evaluations.",
        needs=frozenset({Ability.LIKELIHOOD, Ability.GRADIENT, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors", "workers"}),
        cost="20 to 500 evaluations with gradient a start.",
        sources=(
            Source(
                "R. H. Byrd, P. Lu, J. Nocedal and C. Zhu",
                1995,
                "A limited memory algorithm for bound constrained optimization",
                "doi:10.1137/0916069",
            ),
        ),
    )

    memory: int = 20
    tolerance: float = 1e-15
    gradient_tolerance: float = 1e-9
    maximum_iterations: int = 2000
    restarts: int = 12

    def __post_init__(self) -> None:
        check_settings(self, {"memory": Range(below=1001.0)})

    def solve(self, space: SearchSpace, starts: Float[np.ndarray, "S d"], evaluate: Evaluate) -> Solutions:
        """Run L-BFGS-B from every start."""
        count = len(starts)
        points, cost = starts.copy(), np.full(count, np.inf)
        endings, iterations, messages = [Ending.FAILED] * count, np.zeros(count, dtype=np.int64), [""] * count
        inside = strictly_inside(starts, np.asarray(space.lower), np.asarray(space.upper), 1e-10, space.size)
        for i in range(count):
            points[i], cost[i], endings[i], iterations[i], messages[i] = self._one(space, inside[i], i, evaluate)
        best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
        message = messages[best] if best >= 0 else "no start could be evaluated"
        return Solutions(points, cost, tuple(endings), iterations, best, message)

    def _one(
        self, space: SearchSpace, start: np.ndarray, index: int, evaluate: Evaluate
    ) -> tuple[np.ndarray, float, Ending, int, str]:
        from scipy.optimize import minimize

        # squares of residuals that no sigma makes pure numbers have the unit of the output, and tolerances have none
        worth = space.residual_size**2

        def ask(x: np.ndarray) -> Answers:
            answers = evaluate(Request(x[None].copy(), Want.GRADIENT, np.array([index])))
            if worth == 1.0 or answers.gradient is None:
                return answers
            return replace(answers, cost=answers.cost / worth, gradient=answers.gradient / worth)

        lower, upper = np.asarray(space.lower), np.asarray(space.upper)
        first = ask(start)
        if not first.ok[0]:
            return start, np.inf, Ending.FAILED, 0, "the model could not be evaluated at the start"
        x, cost, used = start, float(first.cost[0]), 0
        gradient = np.asarray(first.gradient)[0]
        unit = np.ones(x.size)
        for _ in range(self.restarts + 1):
            unit = _units(ask, x, gradient, lower, upper)

            search = _Search(ask, unit, lower, upper, _Place(x / unit, cost, gradient * unit))

            settings = {"maxiter": self.maximum_iterations, "maxfun": 20 * self.maximum_iterations}
            options = {**settings, "maxcor": self.memory, "ftol": self.tolerance, "gtol": 1e-14, "maxls": 50}
            with np.errstate(all="ignore"):
                box = list(zip(lower / unit, upper / unit, strict=True))
                found = minimize(
                    search, x / unit, jac=True, method="L-BFGS-B", bounds=box, options=options, callback=search.accept
                )
            used += int(found.nit)
            gain, moved = cost - float(found.fun), np.clip(found.x * unit, lower, upper)
            if gain > 0:
                x, cost = moved, float(found.fun)
                gradient = np.asarray(found.jac) / unit
            if gain <= 1e-14 * max(1.0, abs(cost)) or used >= self.maximum_iterations:
                break
        slope = np.abs(np.clip(x / unit - gradient * unit, lower / unit, upper / unit) - x / unit).max(initial=0.0)
        limit = self.gradient_tolerance**0.5 * max(1.0, abs(cost)) ** 0.5
        if used >= self.maximum_iterations:
            return x, cost * worth, Ending.LIMIT, used, f"{used} iterations were not enough"
        if slope > limit:
            why = f"the cost no longer falls, but its scaled gradient is {slope:.1g}: perhaps it is not smooth here"
            return x, cost * worth, Ending.FAILED, used, why
        return x, cost * worth, Ending.CONVERGED, used, f"the cost no longer falls; its scaled gradient is {slope:.1g}"


@dataclass(frozen=True)
class _Place:
    """A point in scaled coordinates, with its cost and gradient."""

    z: np.ndarray
    cost: float
    gradient: np.ndarray


class _Search:
    """Cost and gradient in scaled coordinates, and what stands for them where the model fails.

    A failed point is as much dearer than where the line search began as the slope there promised it to be cheaper, so
    that interpolation turns back to about half the step. A huge cost would turn it back to no step at all, and end the
    search where it began.
    """

    def __init__(
        self,
        ask: Callable[[np.ndarray], Answers],
        unit: np.ndarray,
        lower: np.ndarray,
        upper: np.ndarray,
        began: _Place,
    ) -> None:
        self._ask, self._unit, self._lower, self._upper = ask, unit, lower, upper
        self._held = self._last = began

    def __call__(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        answers = self._ask(np.clip(z * self._unit, self._lower, self._upper))
        if not answers.ok[0] or answers.gradient is None:
            held = self._held
            promised = abs(float(held.gradient @ (z - held.z)))
            return held.cost + max(promised, 1e-12 * max(1.0, abs(held.cost))), np.zeros(z.size)
        self._last = _Place(z.copy(), float(answers.cost[0]), answers.gradient[0] * self._unit)
        return self._last.cost, self._last.gradient

    def accept(self, z: np.ndarray) -> None:
        """The end of a line search: the next begins there."""
        if np.array_equal(z, self._last.z):
            self._held = self._last


def _units(
    ask: Callable[[np.ndarray], Answers], x: np.ndarray, gradient: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """1 / sqrt(curvature) along each coordinate, where it is positive; the size of the coordinate elsewhere."""
    size = np.where(x != 0, np.abs(x), 1.0)
    size = np.minimum(size, np.where(np.isfinite(upper - lower), upper - lower, np.inf))
    unit = size.copy()
    for c in range(x.size):
        step = 1e-5 * size[c]
        other = x.copy()
        other[c] = x[c] + step if x[c] + step <= upper[c] else x[c] - step
        answers = ask(other)
        if answers.ok[0] and answers.gradient is not None:
            curvature = (answers.gradient[0, c] - gradient[c]) / (other[c] - x[c])
            if curvature > 0:
                unit[c] = min(1.0 / np.sqrt(curvature), 10.0 * size[c])
    return unit


METHOD = Lbfgs
