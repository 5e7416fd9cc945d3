"""Parameters that residuals are linear in: which they are, and their best values while the others stay.

r(a, c) = r0(a) + F(a) c       c enters linearly when the columns F of the Jacobian do not change with c
c*(a)   = argmin |r(a, c) + F (c* - c)|^2 between the bounds
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float

_RANK = 1e-13
"""Smallest singular value of F with unit columns, relative to the largest, that still tells something."""


@dataclass(frozen=True)
class LinearBest:
    """The best linear parameters, p of them, for m residuals.

    Arguments:
        step: c* - c.
        values: c*, exactly on a bound where one holds it.
        residuals: r at c*, by linearity.
        basis: (m, k), orthonormal, of what the columns that no bound holds can change.
        follow: (p, m), minus the pseudo-inverse of these columns: how c* follows a change of the residuals.
    """

    step: Float[np.ndarray, " p"]
    values: Float[np.ndarray, " p"]
    residuals: Float[np.ndarray, " m"]
    basis: Float[np.ndarray, "m k"]
    follow: Float[np.ndarray, "p m"]


def linear_best(
    columns: Float[np.ndarray, "m p"],
    residuals: Float[np.ndarray, " m"],
    values: Float[np.ndarray, " p"],
    lower: Float[np.ndarray, " p"],
    upper: Float[np.ndarray, " p"],
) -> LinearBest:
    """The linear parameters that minimise the sum of squares between their bounds.

    Without a bound in the way by the singular values of F, the shortest step where F lacks rank; else by SciPy's
    bounded-variable least squares.

    Arguments:
        columns: F.
        residuals: at c.
        values: c.
        lower, upper: bounds, perhaps infinite.
    """
    size = np.linalg.norm(columns, axis=0)
    unit = 1.0 / np.where(size > 0, size, 1.0)
    free = np.ones(values.size, dtype=bool)
    basis, inverse = _pseudo_inverse(columns * unit)
    step = -unit * (inverse @ residuals)
    best = values + step
    if np.any(best < lower) or np.any(best > upper):
        best, free = _bounded(columns * unit, residuals, values, lower, upper, unit)
        step = best - values
        basis, part = _pseudo_inverse((columns * unit)[:, free])
        inverse = np.zeros((values.size, residuals.size))
        inverse[free] = part
    return LinearBest(step, best, residuals + columns @ step, basis, -unit[:, None] * inverse)


def _pseudo_inverse(matrix: Float[np.ndarray, "m p"]) -> tuple[Float[np.ndarray, "m k"], Float[np.ndarray, "p m"]]:
    """An orthonormal basis of the columns, and the pseudo-inverse."""
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    seen = singular > _RANK * singular.max(initial=0.0)
    left, singular, right = left[:, seen], singular[seen], right[seen]
    return left, (right.T / singular) @ left.T


def _bounded(
    scaled: Float[np.ndarray, "m p"],
    residuals: Float[np.ndarray, " m"],
    values: Float[np.ndarray, " p"],
    lower: Float[np.ndarray, " p"],
    upper: Float[np.ndarray, " p"],
    unit: Float[np.ndarray, " p"],
) -> tuple[Float[np.ndarray, " p"], Bool[np.ndarray, " p"]]:
    """The best values between the bounds, and which of them no bound holds."""
    from scipy.optimize import lsq_linear

    target = scaled @ (values / unit) - residuals
    found = lsq_linear(scaled, target, bounds=(lower / unit, upper / unit), method="bvls", tol=1e-14)
    best = np.clip(found.x * unit, lower, upper)
    best = np.where(found.active_mask < 0, lower, np.where(found.active_mask > 0, upper, best))
    return best, found.active_mask == 0


def linear_together(
    jacobian: Float[np.ndarray, "m d"], moved: Float[np.ndarray, "d m d"], tolerance: float
) -> Bool[np.ndarray, "d d"]:
    """Whether column i of the Jacobian stays while coordinate j moves: the entry (j, i).

    Arguments:
        jacobian: at a point.
        moved: the same where one coordinate has moved; where it is not finite, nothing stays.
        tolerance: of a column's change, relative to its largest entry.
    """
    finite = np.where(np.isfinite(moved), np.abs(moved), 0.0)
    size = np.maximum(np.abs(jacobian).max(axis=0), finite.max(axis=(0, 1)))
    with np.errstate(invalid="ignore"):
        return np.abs(moved - jacobian).max(axis=1) <= tolerance * size


def largest_set(stays: Bool[np.ndarray, "d d"]) -> Bool[np.ndarray, " d"]:
    """Coordinates that leave one another's columns alone, and their own: a large set of them, found greedily."""
    candidate = np.diagonal(stays).copy()
    both = stays & stays.T
    conflicts = (~both & candidate[None]).sum(axis=1)
    chosen = np.zeros(candidate.size, dtype=bool)
    for i in sorted(np.flatnonzero(candidate), key=lambda k: (conflicts[k], k)):
        chosen[i] = bool(both[i, chosen].all())
    return chosen
