"""What people want to know of many estimates: parameters, those of the noise, tied ones and derived quantities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.parameter import Tied
from parametra.nouns.problem import Problem


@dataclass(frozen=True)
class Quantities:
    """The numbers of a problem that its estimates determine, by label.

    Arguments:
        problem: whose.
        labels: "H0", "beta[1]", derived ones last.
        units: "" where none is stated.
    """

    problem: Problem
    labels: tuple[str, ...]
    units: tuple[str, ...]

    @staticmethod
    def of(problem: Problem) -> Quantities:
        """All of them: free, noise, tied and derived."""
        names = _names(problem)
        units = {n: getattr(problem.space[n], "unit", "") for n in names}
        guess = problem.space.guess_named
        labels = [(n, label) for n in names for label in _labels(n, np.shape(guess[n]))]
        derived = [(d.name, d.unit) for d in problem.derived]
        return Quantities(
            problem,
            (*(label for _, label in labels), *(name for name, _ in derived)),
            (*(units[n] for n, _ in labels), *(unit for _, unit in derived)),
        )

    def at(self, points: Float[np.ndarray, "R d"], scale: Float[np.ndarray, " R"]) -> Float[np.ndarray, "R q"]:
        """Their values at estimates; NaN where a point is.

        Arguments:
            points: in the coordinates of the box.
            scale: the scale that is profiled out, for each point.
        """
        problem, count = self.problem, len(points)
        with np.errstate(all="ignore"):
            named: dict[str, Any] = dict(problem.fit_space.to_named(points.T))
            if problem.profiled is not None:
                named[problem.profiled] = scale
            parts = [np.asarray(named[n], dtype=np.float64).reshape(-1, count).T for n in _names(problem)]
            known = np.isfinite(points.sum(axis=1))
            for derived in problem.derived:
                own = [self._derived(derived, named, i) if known[i] else np.nan for i in range(count)]
                parts.append(np.array(own)[:, None])
        return np.concatenate(parts, axis=1)

    def _derived(self, derived: Any, named: dict[str, Any], i: int) -> float:
        """A derived quantity of one point; NaN where it raises there."""
        one = {k: _element(v, i) for k, v in named.items()}
        try:
            return float(np.asarray(derived.compute(one)))
        except (ArithmeticError, ValueError):
            return float("nan")

    def slopes(
        self, x: Float[np.ndarray, " d"], scale: float, errors: Float[np.ndarray, " d"]
    ) -> Float[np.ndarray, "q d"]:
        """Derivatives by the coordinates of the box, by central differences inside the bounds.

        Arguments:
            x, scale: where.
            errors: of the coordinates, which tell the steps near zero; 0 where there is none.
        """
        space, d = self.problem.fit_space, x.size
        step = 1e-6 * np.maximum(np.abs(x), 1e-3 * np.where(errors > 0, errors, space.sizes))
        up = np.minimum(x + np.diag(step), space.upper)
        down = np.maximum(x - np.diag(step), space.lower)
        values = self.at(np.concatenate([up, down]), np.full(2 * d, scale))
        across = np.diag(up) - np.diag(down)
        return ((values[:d] - values[d:]) / np.where(across > 0, across, 1.0)[:, None]).T


def _names(problem: Problem) -> tuple[str, ...]:
    """Names of the numbers that are not stated: free, tied and of the noise."""
    space = problem.space
    return tuple(n for n in space.names if n in space.free or isinstance(space[n], Tied))


def _labels(name: str, shape: tuple[int, ...]) -> list[str]:
    return [name + (f"[{','.join(map(str, k))}]" if k else "") for k in (np.ndindex(shape) if shape else [()])]


def _element(value: Any, i: int) -> Any:
    return value[..., i] if isinstance(value, np.ndarray) and value.ndim else value
