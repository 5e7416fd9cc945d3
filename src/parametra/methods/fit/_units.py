"""How far apart two values of a coordinate must be to matter: sizes without, units with one difference of gradients.

size   the value itself where it tells one, else a tenth of the bounds, else 1; never more than the bounds
unit   1 / sqrt(curvature along the coordinate) where that is positive, in which the cost looks like a sphere
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float

_DIFFERENCE = 1e-5  # of the size: the step of the difference of gradients


def sizes(
    x: Float[np.ndarray, " d"], lower: Float[np.ndarray, " d"], upper: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    """The natural size of a change of each coordinate at a point."""
    with np.errstate(invalid="ignore"):
        width = upper - lower
    bounded = np.isfinite(width)
    least = np.where(bounded, 0.1 * np.where(bounded, width, 1.0), 0.0)
    size = np.maximum(np.abs(x), least)
    size = np.where(bounded, np.minimum(size, width), size)
    return np.where(size > 0, size, 1.0)


def probes(
    x: Float[np.ndarray, " d"],
    size: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, "d d"]:
    """One point beside x for each coordinate, inside the bounds, whose gradients tell the curvature."""
    step = _DIFFERENCE * size
    moved = np.where(x + step <= upper, x + step, np.maximum(x - step, lower))
    return np.where(np.eye(x.size, dtype=bool), moved, x)


def units(
    x: Float[np.ndarray, " d"],
    gradient: Float[np.ndarray, " d"],
    points: Float[np.ndarray, "d d"],
    gradients: Float[np.ndarray, "d d"],
    size: Float[np.ndarray, " d"],
) -> Float[np.ndarray, " d"]:
    """The units of the coordinates from the gradients at `probes`; the size where the curvature is not positive."""
    with np.errstate(all="ignore"):
        curvature = (np.diagonal(gradients) - gradient) / (np.diagonal(points) - x)
        unit = 1.0 / np.sqrt(curvature)
    return np.where(np.isfinite(unit) & (unit > 0), np.minimum(unit, 10.0 * size), size)
