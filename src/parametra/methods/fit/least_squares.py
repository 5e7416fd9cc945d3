"""SciPy's `least_squares`: the second route to the same number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.trust_region import strictly_inside
from parametra.nouns.asker import Answers, Ending, Evaluate, Request, Solutions, Want
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.method_settings import Range, check_settings
from parametra.nouns.search_space import SearchSpace

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class LeastSquares:
    """argmin 1/2 |r(x)|^2 in a box by SciPy's trust-region reflective algorithm, one start after the other.

    Arguments:
        tolerance: relative changes of the cost and of the point, and the scaled gradient, that end a start.
        maximum_evaluations: where a start gives up.

    Raises:
        MethodError: a setting that cannot be.

    Source: doi:10.1137/S1064827595289108.
    """

    card: ClassVar[Card] = Card(
        name="least_squares",
        verb="fit",
        summary="SciPy's trust-region reflective least squares, one start after the other.",
        good_for="a second opinion on a fit with residuals, from code that others wrote.",
        prefer_instead="`levenberg_marquardt`, which is faster and reaches more digits.",
        needs=frozenset({Ability.RESIDUALS, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "workers"}),
        cost="10 to 100 evaluations with Jacobian a start.",
        sources=(
            Source(
                "M. A. Branch, T. F. Coleman and Y. Li",
                1999,
                "A subspace, interior, and conjugate gradient method for large-scale bound-constrained minimization",
                "doi:10.1137/S1064827595289108",
            ),
            Source(
                "P. Virtanen et al.", 2020, "SciPy 1.0: fundamental algorithms for scientific computing in Python",
                "doi:10.1038/s41592-019-0686-2",
            ),
        ),
    )  # fmt: skip

    tolerance: float = 1e-15
    maximum_evaluations: int = 2000

    def __post_init__(self) -> None:
        check_settings(self, {"tolerance": Range(above=EPSILON)})

    def solve(self, space: SearchSpace, starts: Float[np.ndarray, "S d"], evaluate: Evaluate) -> Solutions:
        """Run SciPy from every start."""
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
        from scipy.optimize import least_squares

        last: dict[bytes, Answers] = {}

        def ask(x: np.ndarray) -> Answers:
            key = x.tobytes()
            if key not in last:
                last.clear()
                last[key] = evaluate(Request(x[None].copy(), Want.JACOBIAN, np.array([index])))
            return last[key]

        first = ask(start)
        if not first.ok[0] or first.residuals is None:
            return start, np.inf, Ending.FAILED, 0, "the model could not be evaluated at the start"
        width = first.residuals.shape[1]

        def residuals(x: np.ndarray) -> np.ndarray:
            answers = ask(x)
            usable = answers.ok[0] and answers.residuals is not None
            # SciPy shrinks its region where the cost is not finite, and refuses NaN
            return answers.residuals[0] if usable else np.full(width, np.inf)  # pyright: ignore[reportOptionalSubscript]

        def jacobian(x: np.ndarray) -> np.ndarray:
            found = ask(x).jacobian
            return np.zeros((width, x.size)) if found is None else found[0]

        with np.errstate(all="ignore"):
            found = least_squares(
                residuals,
                start,
                jacobian,  # pyright: ignore[reportArgumentType]  SciPy takes a function, its stubs only words
                bounds=(space.lower, space.upper),
                x_scale="jac",
                ftol=self.tolerance,
                xtol=self.tolerance,
                gtol=self.tolerance,
                max_nfev=self.maximum_evaluations,
            )
        ending = Ending.CONVERGED if found.status > 0 else Ending.LIMIT
        return found.x, float(found.cost), ending, int(found.nfev), f"SciPy: {found.message}"


METHOD = LeastSquares
