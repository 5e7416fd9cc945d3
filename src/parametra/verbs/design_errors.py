"""The errors that an information promises, infinite where it says nothing."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.design_result import DesignRow
from parametra.verbs.design_quantities import Quantity

_ZERO = 1e-13
"""Eigenvalues of the scaled information that are nothing but rounding."""

_TOUCH = 1e-5
"""Share of a gradient along an undetermined direction that counts."""

_NORMAL = 1.959963984540054


def standard_errors(information: Float[np.ndarray, "d d"], gradients: Float[np.ndarray, "q d"]) -> np.ndarray:
    """sqrt(g' M^-1 g) for each gradient; infinite where it reaches into what M does not tell.

    Arguments:
        information: M, which may be singular.
        gradients: of the quantities.
    """
    if not information.size:
        return np.zeros(len(gradients))
    length = np.sqrt(np.diag(information))
    length = np.where(length > 0, length, 1.0)
    values, vectors = np.linalg.eigh(information / np.outer(length, length))
    known = values > _ZERO * max(values[-1], 1e-300)
    scaled = gradients / length
    size = np.linalg.norm(scaled, axis=1)
    open_ = np.linalg.norm(scaled @ vectors[:, ~known], axis=1) > _TOUCH * np.where(size > 0, size, 1.0)
    variance = ((scaled @ vectors[:, known]) ** 2 / values[known]).sum(axis=1)
    return np.where(open_, np.inf, np.sqrt(variance))


def quantile(freedom: float) -> float:
    """The 97.5 % quantile of Student's t; of the normal distribution where the scale is known."""
    if not np.isfinite(freedom) or freedom <= 0:
        return _NORMAL
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def unknown(quantity: Quantity, error: float, t: float) -> bool:
    """Whether a number is not determined in practice: no error at all, or a positive one that may as well be nothing.

    For a number that may be negative, an interval that holds zero says nothing of the kind.
    """
    if not np.isfinite(error):
        return True
    return bool(quantity.bounds[0] >= 0 and quantity.value > 0 and t * error >= quantity.value)


def row_of(
    quantity: Quantity, before: float | None, after: float, t_before: float, t_after: float, note: str
) -> DesignRow:
    """A number with its errors before and after, and the intervals that follow from them."""
    first = None if before is None or not np.isfinite(before) else quantity.interval(float(before), t_before)
    second = quantity.interval(float(after), t_after) if np.isfinite(after) else None
    found = None if before is None else float(before)
    return DesignRow(
        quantity.label, quantity.role, quantity.value, quantity.unit, found, float(after), first, second, note
    )
