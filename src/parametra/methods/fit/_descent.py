"""What methods that follow the gradient share: scaled coordinates z = x / unit, bounds, and when a minimum is reached.

free     coordinates that are not held at a bound by the gradient
p        the projected step P(x - unit^2 g) - x, zero at a minimum in the box
gain     1/2 |p / unit|^2, about what the cost can still fall; a minimum when it is nothing beside the cost
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.methods.fit import _units
from parametra.methods.fit._side_by_side import Told, Walk
from parametra.nouns.asker import Ending
from parametra.nouns.search_space import SearchSpace

_STILL = 1e-11
"""A projected step, in sizes of the coordinates, that is nothing."""


@dataclass(frozen=True)
class Descent(Walk):
    """One start that follows its gradient.

    Arguments:
        gradient: at x.
        unit: of each coordinate; the whole record is scaled anew when a minimum seems reached.
        scaling: whether the points beside x were asked for, which tell the units.
        scaled_at: the iteration of the last scaling.
        gained: cost at the last scaling.
    """

    gradient: Float[np.ndarray, " d"]
    unit: Float[np.ndarray, " d"]
    scaling: bool
    scaled_at: int
    gained: float


def first_points(space: SearchSpace, start: Float[np.ndarray, " d"]) -> Float[np.ndarray, "k d"]:
    """The start and the points beside it."""
    return np.concatenate([start[None], points_beside(space, start)])


def points_beside(space: SearchSpace, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
    """The points whose gradients tell the units at x."""
    return _units.probes(x, _units.sizes(x, space.lower, space.upper), space.lower, space.upper)


def units_of(
    space: SearchSpace, x: Float[np.ndarray, " d"], gradient: Float[np.ndarray, " d"], asked: np.ndarray, told: Told
) -> Float[np.ndarray, " d"]:
    """The units at x from the last d points asked."""
    d = x.size
    size = _units.sizes(x, space.lower, space.upper)
    return _units.units(x, gradient, asked[-d:], told.gradient[-d:], size)


def held(space: SearchSpace, x: Float[np.ndarray, " d"], gradient: Float[np.ndarray, " d"]) -> Bool[np.ndarray, " d"]:
    """Coordinates at a bound that the gradient presses them against."""
    return ((x <= space.lower) & (gradient > 0)) | ((x >= space.upper) & (gradient < 0))


def projected_step(
    space: SearchSpace, x: Float[np.ndarray, " d"], gradient: Float[np.ndarray, " d"], unit: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    """P(x - unit^2 g) - x."""
    return np.clip(x - unit * unit * gradient, space.lower, space.upper) - x


def still(space: SearchSpace, walk: Descent, tolerance: float) -> bool:
    """Whether nothing more can be gained, as far as the units tell."""
    p = projected_step(space, walk.x, walk.gradient, walk.unit)
    size = _units.sizes(walk.x, space.lower, space.upper)
    gain = 0.5 * float(np.sum((p / walk.unit) ** 2))
    return gain <= tolerance * abs(walk.cost) or bool(np.all(np.abs(p) <= _STILL * size))


def stuck(space: SearchSpace, walk: Descent, slack: float) -> tuple[Ending, str]:
    """How a start ends that cannot be improved: at a minimum within rounding, or at something that is not smooth."""
    p = projected_step(space, walk.x, walk.gradient, walk.unit)
    gain = 0.5 * float(np.sum((p / walk.unit) ** 2))
    if gain <= slack * max(1.0, abs(walk.cost)):
        return Ending.CONVERGED, f"the cost no longer falls; about {gain:.1g} could still be gained"
    return Ending.FAILED, f"the cost no longer falls, but its gradient promises {gain:.1g}: perhaps it is not smooth"
