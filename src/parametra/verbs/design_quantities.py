"""What a design is to make known: parameters and derived quantities, with their slopes by the box coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.parameter import Bounded, Tied
from parametra.nouns.problem import Problem

_STEP = 1e-5


@dataclass(frozen=True)
class Quantity:
    """One number that has an error.

    Arguments:
        label: "H0", "beta[1]".
        name: the parameter or derived quantity that it belongs to.
        role: "free", "tied", "noise" or "derived".
        value: at the point that was looked at.
        gradient: (d,) by the box coordinates there.
        unit: "" when not stated.
        logarithmic: whether it is searched, and its interval given, in the logarithm.
        bounds: of its domain.
    """

    label: str
    name: str
    role: str
    value: float
    gradient: Float[np.ndarray, " d"]
    unit: str
    logarithmic: bool = False
    bounds: tuple[float, float] = (-np.inf, np.inf)

    def interval(self, error: float, t: float) -> tuple[float, float]:
        """95 %: symmetric, in the logarithm where it is searched there, and never beyond the bounds."""
        if self.logarithmic and self.value > 0:
            with np.errstate(over="ignore", invalid="ignore"):
                factor = float(np.exp(t * error / self.value))
            low, high = self.value / factor, self.value * factor
        else:
            low, high = self.value - t * error, self.value + t * error
        return float(max(low, self.bounds[0])), float(min(high, self.bounds[1]))


def quantities(problem: Problem, x: Float[np.ndarray, " d"]) -> list[Quantity]:
    """All that a design can make known, the parameters in the order of statement and derived quantities after them.

    Arguments:
        problem: discrete parameters are fixed in it.
        x: a point of `problem.fit_space`.
    """
    space = problem.fit_space
    extra = {} if problem.profiled is None else {problem.profiled: problem.space.guess_named[problem.profiled]}
    named = {**extra, **space.to_named(x)}
    tangents = space.tangents(x)
    found: list[Quantity] = []
    for name in space.names:
        role = _role(problem, name)
        if role:
            found += _of_parameter(problem, name, role, named[name], tangents.get(name, {}), x.size)
    for derived in problem.derived:

        def at(point: np.ndarray, compute: Any = derived.compute) -> float:
            return float(np.asarray(compute({**extra, **space.to_named(point)})))

        found.append(Quantity(derived.name, derived.name, "derived", at(x), _slope(problem, x, at), derived.unit))
    return found


def _role(problem: Problem, name: str) -> str:
    if name not in problem.stated_space.names:
        return "noise"
    if name in problem.space.free:
        return "free"
    return "tied" if isinstance(problem.space[name], Tied) else ""


def _of_parameter(
    problem: Problem, name: str, role: str, value: Any, slopes: Mapping[int, Any], d: int
) -> list[Quantity]:
    parameter = problem.space[name]
    values = np.ravel(np.asarray(value, dtype=np.float64))
    gradient = np.zeros((values.size, d))
    for c, slope in slopes.items():
        gradient[:, c] = np.ravel(np.broadcast_to(slope, np.shape(value)))
    found: list[Quantity] = []
    for k, place in enumerate(np.ndindex(np.shape(value)) if np.shape(value) else [()]):
        label = name + (f"[{','.join(map(str, place))}]" if place else "")
        logarithmic, bounds = False, (-np.inf, np.inf)
        if isinstance(parameter, Bounded):
            low, high = float(parameter.box_lower[k]), float(parameter.box_upper[k])
            logarithmic = parameter.logarithmic
            bounds = (float(np.exp(low)), float(np.exp(high))) if logarithmic else (low, high)
        unit = getattr(parameter, "unit", "")
        found.append(Quantity(label, name, role, float(values[k]), gradient[k], unit, logarithmic, bounds))
    return found


def _slope(problem: Problem, x: np.ndarray, at: Any) -> np.ndarray:
    """Central differences, kept inside the bounds."""
    space, gradient = problem.fit_space, np.zeros(x.size)
    for c in range(x.size):
        step = _STEP * max(abs(x[c]), 1e-3)
        up, down = x.copy(), x.copy()
        up[c], down[c] = min(x[c] + step, space.upper[c]), max(x[c] - step, space.lower[c])
        gradient[c] = (at(up) - at(down)) / (up[c] - down[c])
    return gradient
