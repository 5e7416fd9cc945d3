"""Whether a point is a minimum by its second derivatives, made of differences of gradients.

At a minimum where the Jacobian of the residuals loses its rank, J'J says nothing of the direction lost: what bends the
cost there is sum r_i H_i, the curvature of the residuals themselves.
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Bool, Float

_STEP = 1e-4  # of a difference, relative to the coordinate: the answer is yes or no, three digits are plenty
_FLAT = 1e-6  # relative change of the cost over a coordinate's own size below which the cost is flat
_NEAR = 1e-3  # Newton step to the minimum, relative to the coordinates
_DECREMENT = 1e-10  # fall of the cost that Newton's step promises, relative to the cost


def difference_steps(
    x: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    size: Float[np.ndarray, " d"],
) -> Float[np.ndarray, " d"]:
    """A signed step for each coordinate, away from the bound where there is one; 0 where the box has no room."""
    step = _STEP * np.maximum(np.abs(x), 1e-3 * size)
    forward = x + step <= upper
    backward = x - step >= lower
    return np.where(forward, step, np.where(backward, -step, 0.0))


def is_minimum(
    x: Float[np.ndarray, " d"],
    cost: float,
    gradient: Float[np.ndarray, " d"],
    free: Bool[np.ndarray, " d"],
    steps: Float[np.ndarray, " k"],
    moved: Float[np.ndarray, "k d"],
    size: Float[np.ndarray, " d"],
) -> bool:
    """Whether H is positive definite beyond the error of its differences, and Newton's step nothing.

    Arguments:
        x: the point.
        cost: the cost there, above zero.
        gradient: its gradient there.
        free: the k coordinates that no bound holds.
        steps: how far each of these was moved.
        moved: the gradients at x + steps[j] e_j.
        size: how large a value of each coordinate is, which tells for those near zero.
    """
    if not (free.any() and np.isfinite(moved).all() and steps.all()):
        return False
    rows = (moved[:, free] - gradient[free]) / steps[:, None]
    sizes = np.maximum(np.abs(x), 0.1 * size)[free]
    diagonal = np.diag(rows)
    if not (diagonal * sizes**2 > _FLAT * cost).all():
        return False
    root = np.sqrt(diagonal)
    scaled = rows / np.outer(root, root)
    error = float(np.abs(scaled - scaled.T).max())
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    if not values[0] > 3.0 * error:
        return False
    downhill = (gradient[free] / root) @ vectors
    newton = np.abs(vectors @ (downhill / values)) / root
    fall = 0.5 * float(downhill @ (downhill / values))
    return fall <= _DECREMENT * cost and bool((newton <= _NEAR * sizes).all())
