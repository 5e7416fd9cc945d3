"""The constraints of a problem as functions of box coordinates, with their derivatives.

Formulas are differentiated exactly. A Python function is differentiated by the complex step where that agrees with
central differences at two points (Squire and Trapp 1998, doi:10.1137/S003614459631241X), by these elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.complex_step import COMPLEX_STEP
from parametra.nouns.formula import Formula
from parametra.nouns.limits import Limits
from parametra.nouns.parameter import Bounded, Fixed, Tied
from parametra.nouns.space import Space

_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)
_NOTHING = 1e-12  # a coordinate below it is a zero with rounding, the logarithm of 1 for example, and tells no size

CONSTANT, AFFINE, CURVED = 0, 1, 2


@dataclass(frozen=True)
class Part:
    """The rows that one constraint gives.

    Arguments:
        of: the formula, or a function of named values that takes one point at a time.
        names: the parameters that it reads.
        size: how many rows.
        derivative: "formula", "complex step" or "central differences".
    """

    of: Formula | Callable[..., Any]
    names: tuple[str, ...]
    size: int
    derivative: str = "formula"

    def rows(self, space: Space, points: np.ndarray) -> np.ndarray:
        """(B, size), real or complex."""
        if isinstance(self.of, Formula):
            value = np.asarray(self.of.evaluate(space.to_named(points.T)))
            return np.broadcast_to(value, (*value.shape[: value.ndim - 1], len(points))).reshape(self.size, -1).T
        return np.stack([self._at(space.to_named(x)) for x in points]) if len(points) else np.empty((0, self.size))

    def slopes(self, space: Space, points: np.ndarray) -> np.ndarray:
        """(B, size, d)."""
        count, d = points.shape
        if isinstance(self.of, Formula):
            named, tangents = space.to_named(points.T), space.tangents(points.T)
            value, found = self.of.evaluate_with_tangents(named, tangents)
            result = np.zeros((count, self.size, d))
            for c, slope in found.items():
                result[:, :, c] = np.broadcast_to(slope, np.shape(value)).reshape(self.size, -1).T
            return result
        if self.derivative == "complex step":
            moved = (points[:, None, :] + 1j * COMPLEX_STEP * np.eye(d)).reshape(-1, d)
            return np.moveaxis(np.imag(self.rows(space, moved)).reshape(count, d, self.size) / COMPLEX_STEP, 1, 2)
        return _central(lambda x: self.rows(space, x), points, space)

    def _at(self, named: Mapping[str, Any]) -> np.ndarray:
        if isinstance(self.of, Formula):
            return np.ravel(np.asarray(self.of.evaluate(named)))
        try:
            value = np.ravel(np.asarray(self.of(**{name: named[name] for name in self.names})))
            value = value if value.dtype.kind == "c" else value.astype(np.float64)
        except Exception:  # noqa: BLE001  a person's function may fail at a point, which then has no value
            return np.full(self.size, np.nan)
        return value if value.size == self.size else np.full(self.size, np.nan)


@dataclass(frozen=True)
class ParameterLimits(Limits):
    """Limits that a problem states on its parameters.

    Arguments:
        space: from box coordinates to names.
        parts: the constraints in the order of their rows.
    """

    space: Space
    parts: tuple[Part, ...]

    def values(self, points: np.ndarray) -> np.ndarray:
        """The constraints at points; NaN where one has no value."""
        with np.errstate(all="ignore"):
            return np.concatenate([p.rows(self.space, points) for p in self.parts], axis=1)

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        """Their derivatives."""
        with np.errstate(all="ignore"):
            return np.concatenate([p.slopes(self.space, points) for p in self.parts], axis=1)


def degree(formula: Formula, space: Space) -> int:
    """How a formula depends on the box coordinates: CONSTANT, AFFINE or CURVED, told from its operations."""
    done: list[int] = []
    for step in formula.tape.steps:
        below = [done[k] for k in step.operands]
        if step.name:
            done.append(_degree_of_name(step.name, space))
        elif not below or max(below) == CONSTANT:
            done.append(CONSTANT)
        elif step.operation in ("add", "subtract", "negative"):
            done.append(max(below))
        elif step.operation == "multiply":
            done.append(min(sum(below), CURVED))
        elif step.operation == "divide" and below[1] == CONSTANT:
            done.append(below[0])
        else:
            done.append(CURVED)
    return done[-1]


def _degree_of_name(name: str, space: Space) -> int:
    parameter = space[name]
    if isinstance(parameter, Fixed):
        return CONSTANT
    if isinstance(parameter, Tied):
        return degree(parameter.formula, space)
    return AFFINE if isinstance(parameter, Bounded) and not parameter.logarithmic else CURVED


def differentiable(part: Part, space: Space) -> Part:
    """A part of a function with the best of its derivatives."""
    points = probes(space)[:2]
    with np.errstate(all="ignore"):
        rough = part.slopes(space, points)
        exact = Part(part.of, part.names, part.size, "complex step")
        fine = exact.slopes(space, points)
    known = np.isfinite(rough)
    scale = np.max(np.abs(np.where(known, rough, 0.0)), initial=1e-300)
    agrees = known.any() and bool(np.all(np.abs(fine - rough)[known] <= 1e-6 * scale))
    return exact if agrees else part


def same_slopes(part: Part, space: Space) -> bool:
    """Whether the derivatives are the same at three points: then the function is linear."""
    with np.errstate(all="ignore"):
        slopes = part.slopes(space, probes(space))
    tolerance = 1e-12 if part.derivative == "complex step" else 1e-7
    return bool(np.all(np.abs(slopes - slopes[:1]) <= tolerance * np.max(np.abs(slopes), initial=1e-300)))


def probes(space: Space) -> np.ndarray:
    """The guess and two points away from it, inside the bounds: (3, d), always the same."""
    guess = np.asarray(space.guess)
    shift = 0.3 * np.where(np.abs(guess) < _NOTHING, 0.5, np.abs(guess)) * np.cos(np.arange(1, guess.size + 1))
    return np.clip(np.stack([guess, guess + shift, guess - 0.6 * shift]), space.lower, space.upper)


def _central(function: Callable[[np.ndarray], np.ndarray], points: np.ndarray, space: Space) -> np.ndarray:
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    columns: list[np.ndarray] = []
    for c in range(points.shape[1]):
        size = np.where(np.abs(points[:, c]) < _NOTHING, 1e-3, np.abs(points[:, c]))
        up, down = points.copy(), points.copy()
        up[:, c] = np.minimum(points[:, c] + _STEP * size, upper[c])
        down[:, c] = np.maximum(points[:, c] - _STEP * size, lower[c])
        columns.append((function(up) - function(down)) / (up[:, c] - down[:, c])[:, None])
    return np.stack(columns, axis=2) if columns else np.zeros((len(points), function(points).shape[1], 0))
