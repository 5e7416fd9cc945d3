"""Guesses for laws that are a floor and powers: a grid of exponents, the rest by non-negative least squares."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

TINY = 1e-12
"""What stands for a coefficient that came out as zero, which a search in logarithms cannot start from."""

EXPONENTS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)


def usable(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The rows in which every column is finite and above zero; ones where there is none."""
    arrays = [np.asarray(column, dtype=np.float64).ravel() for column in columns]
    kept = np.all([np.isfinite(array) & (array > 0) for array in arrays], axis=0)
    return tuple(array[kept] if kept.any() else np.ones(1) for array in arrays)


def powers(sizes: Sequence[np.ndarray], y: np.ndarray, *, floor: bool) -> tuple[float, list[float], list[float]]:
    """The floor, coefficients and exponents of floor + sum_j c_j / size_j^exponent_j, roughly.

    Every combination of a few exponents is tried, and the linear rest is solved for by least squares of relative
    errors, no coefficient below zero. Sizes are taken relative to their geometric means, so that no column overflows.

    Arguments:
        sizes: each (n,), above zero.
        y: (n,), above zero.
        floor: whether there is a constant.

    Returns:
        The floor (a tiny number where it came out as zero), the coefficients and the exponents.
    """
    from scipy.optimize import nnls  # loads only where a guess is wanted

    centres = [float(np.exp(np.mean(np.log(size)))) for size in sizes]
    best: tuple[float, np.ndarray, tuple[float, ...]] | None = None
    for exponents in itertools.product(EXPONENTS, repeat=len(sizes)):
        columns = [(size / c) ** -e for size, c, e in zip(sizes, centres, exponents, strict=True)]
        matrix = np.stack([*([np.ones_like(y)] if floor else []), *columns], axis=1) / y[:, None]
        found, left = nnls(matrix, np.ones_like(y))
        if best is None or left < best[0]:
            best = (float(left), found, exponents)
    assert best is not None  # noqa: S101  # there is at least one combination
    _, found, exponents = best
    smallest = float(np.min(y))
    base = max(float(found[0]), 1e-3 * smallest) if floor else 0.0
    relative = np.maximum(found[1:] if floor else found, 1e-3 * smallest)
    coefficients = [float(r * c**e) for r, c, e in zip(relative, centres, exponents, strict=True)]
    return base, coefficients, list(exponents)


def straight(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Height at x = 0 and slope of a line through the middles of the lowest and the highest third; flat for one x."""
    order = np.argsort(x)
    third = max(x.size // 3, 1)
    (x0, y0), (x1, y1) = (
        (float(np.mean(x[part])), float(np.mean(y[part]))) for part in (order[:third], order[-third:])
    )
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    return float(np.mean(y)) - slope * float(np.mean(x)), slope


def clipped(value: float, lower: float, upper: float) -> float:
    """A finite number within the bounds."""
    if not np.isfinite(value):
        return float(np.sqrt(lower * upper)) if lower > 0 else 0.5 * (lower + upper)
    return float(min(max(value, lower), upper))
