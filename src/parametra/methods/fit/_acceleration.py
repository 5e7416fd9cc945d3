"""Geodesic acceleration: a second-order correction of a trust-region step, for one more evaluation of the residuals.

Along the step v the residuals bend by r_vv = (2/h) ((r(x + h v) - r(x)) / h - J v). The correction a solves the same
damped equations with r_vv in place of r, and the step becomes v + a/2. Where it is longer than the step, the
expansion does not hold, and the step stays as it was.

Source: Transtrum and Sethna (2012), Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares
minimization, arXiv:1201.5885; alpha = 2 in their test 2 |a| / |v| <= alpha, in scaled lengths.
"""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.arrays import Float

_SHARE = 0.1
_LONGEST = 2.0


def probe(
    x: Float[np.ndarray, " d"],
    target: Float[np.ndarray, " d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, " d"] | None:
    """The point a tenth of the way, None where it is not strictly inside or no other point."""
    point = x + _SHARE * (target - x)
    inside = bool(((point > lower) & (point < upper)).all())
    return point if inside and bool((point != x).any()) else None


def corrected(
    *,
    x: Float[np.ndarray, " d"],
    target: Float[np.ndarray, " d"],
    residuals: Float[np.ndarray, " m"],
    jacobian: Float[np.ndarray, "m d"],
    probed: Float[np.ndarray, " m"],
    units: Float[np.ndarray, " d"],
    singular: Float[np.ndarray, " k"],
    right: Float[np.ndarray, "k d"],
    damping: float,
) -> Float[np.ndarray, " d"] | None:
    """The corrected point, None where the correction is longer than the step.

    Arguments:
        x, target: where the step begins and ends.
        residuals, jacobian: at x.
        probed: the residuals at `probe(...)`.
        units, singular, right, damping: of the scaled problem; the damped equations are solved with them.
    """
    step = target - x
    bend = (2.0 / _SHARE) * ((probed - residuals) / _SHARE - jacobian @ step)
    denominator = singular * singular + damping
    if not (denominator > 1e-14 * max(float(denominator.max(initial=0.0)), 1e-300)).all():
        return None
    hat = -((right @ (units * (bend @ jacobian))) / denominator) @ right
    length = math.sqrt(float(hat @ hat))
    scaled = step / units
    if not 2.0 * length <= _LONGEST * math.sqrt(float(scaled @ scaled)):
        return None
    return target + 0.5 * units * hat
