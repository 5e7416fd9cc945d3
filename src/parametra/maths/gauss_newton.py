"""The undamped Gauss-Newton step in a box, and what it says of the point that it starts from.

At a minimum the step is nothing; on a plateau, in a valley to infinity or beside a singular Jacobian it is large
although the cost hardly changes any more, which is how the two are told apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float

_RANK = 1e-13  # smallest singular value of the Jacobian with unit columns, relative to the largest


@dataclass(frozen=True)
class GaussNewton:
    """The Gauss-Newton point of a box and three measures of the way there.

    Arguments:
        target: the point, inside the bounds, coordinates that a bound holds exactly on it.
        cosine: of the angle between the residuals and their predicted change, 0 at a minimum.
        relative_step: length of the way relative to the point, each coordinate in units of its effect on the residuals.
        full_rank: whether every free coordinate has an effect of its own.
    """

    target: Float[np.ndarray, " d"]
    cosine: float
    relative_step: float
    full_rank: bool


def gauss_newton(
    *,
    x: Float[np.ndarray, " d"],
    triangle: Float[np.ndarray, "k d"],
    rotated: Float[np.ndarray, " k"],
    norm: float,
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    magnitude: Float[np.ndarray, " d"] | None = None,
) -> GaussNewton:
    """The minimiser of |R (z - x) + q|^2 over z, coordinates that would pass their bound held on it.

    A coordinate is held when its own Gauss-Newton step, the others fixed, reaches a bound. Directions without effect
    (singular values below 1e-13 of the largest, columns scaled to 1) are not moved in.

    Arguments:
        x: the point, in the box.
        triangle: R, of J = Q R.
        rotated: q = Q'r.
        norm: |r|.
        lower: bounds, perhaps infinite.
        upper: the same.
        magnitude: how large a value of each coordinate is at the point, |x| where none is given.
    """
    columns = np.sqrt((triangle * triangle).sum(0))
    units = 1.0 / np.where(columns > 0.0, columns, 1.0)
    alone = x - rotated.dot(triangle) * units * units
    held = (alone <= lower) | (alone >= upper)
    target = np.minimum(np.maximum(np.where(held, alone, x), lower), upper)
    free = ~held
    full_rank = True
    if free.any():
        rest = rotated + triangle.dot(target - x)
        left, singular, right = np.linalg.svd(triangle[:, free] * units[free], full_matrices=False)
        seen = singular > _RANK * singular[0]
        full_rank = bool(singular.size == right.shape[1] and seen.all())
        step = (rest.dot(left)[seen] / singular[seen]).dot(right[seen]) * units[free]
        target[free] = np.minimum(np.maximum(x[free] - step, lower[free]), upper[free])
    way = target - x
    change, scaled, size = triangle.dot(way), way / units, (x if magnitude is None else magnitude) / units
    length, reference = math.sqrt(scaled.dot(scaled)), math.sqrt(size.dot(size))
    return GaussNewton(
        target=target,
        cosine=math.sqrt(change.dot(change)) / norm if norm > 0.0 else 0.0,
        relative_step=length / reference if reference > 0.0 else length,
        full_rank=full_rank,
    )
