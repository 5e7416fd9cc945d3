"""Penalised cubic regression splines: a smooth curve and its slope through noisy points, many sets of values at once.

The smoothest curve, in the sense of the integral of its squared second derivative, that is near enough to the points;
how near is chosen by generalised cross-validation, with degrees of freedom counted 1.4-fold against wiggles.

Sources: Craven and Wahba (1978), doi:10.1007/BF01404567; Kim and Gu (2004), doi:10.1046/j.1369-7412.2003.05316.x
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

FEWEST = 6
_MOST_KNOTS = 150
_AGAINST_WIGGLES = 1.4
_MOST_FREEDOM = 0.8  # of the number of points: a curve through every point has no residuals to judge by


@dataclass(frozen=True, eq=False)
class RegressionSpline:
    """Cubic splines at given points. Build one with `regression_spline`.

    Arguments:
        x: the points, rising.
        knots: of the B-splines.
        basis: the B-splines at the points (n, k).
        directions: coefficients of functions (k, k) that are orthonormal over the points, from smooth to rough.
        roughness: of each of them, the integral of its squared second derivative.
    """

    x: Float[np.ndarray, " n"]
    knots: Float[np.ndarray, " knots"]
    basis: Float[np.ndarray, "n k"]
    directions: Float[np.ndarray, "k k"]
    roughness: Float[np.ndarray, " k"]

    def strength(self, values: Float[np.ndarray, " n"]) -> float:
        """How strongly to smooth, by generalised cross-validation."""
        parts = (self.basis @ self.directions).T @ values
        outside = max(float(values @ values - parts @ parts), 0.0)
        n = self.x.size
        rough = self.roughness[self.roughness > 1e-12 * self.roughness.max()]
        candidates = np.geomspace(1e-3 / rough.max(), 1e3 / rough.min(), 200)
        kept = 1 / (1 + candidates[:, None] * self.roughness)
        freedom = kept.sum(axis=1)
        residual = outside + ((1 - kept) ** 2 * parts**2).sum(axis=1)
        score = residual / (n - np.minimum(_AGAINST_WIGGLES * freedom, 0.99 * n)) ** 2
        allowed = freedom <= max(_MOST_FREEDOM * n, 2.5)
        return float(candidates[np.argmin(np.where(allowed, score, np.inf))])

    def scatter(self, values: Float[np.ndarray, " n"], strength: float) -> float:
        """The standard deviation of the points around the curve."""
        left = values - self.basis @ self.coefficients(values, strength)
        freedom = float(np.sum(1 / (1 + strength * self.roughness)))
        return float(np.sqrt(left @ left / (self.x.size - freedom)))

    def coefficients(self, values: np.ndarray, strength: float) -> np.ndarray:
        """Coefficients (k,) or (k, sets) of the curve through values (n,) or (n, sets)."""
        parts = (self.basis @ self.directions).T @ values
        kept = 1 / (1 + strength * self.roughness)
        return self.directions @ (parts.T * kept).T

    def curve(self, coefficients: np.ndarray, at: np.ndarray, derivative: int = 0) -> np.ndarray:
        """The curve, or a derivative of it, at other points (m,): (m,) or (m, sets)."""
        from scipy.interpolate import BSpline

        return np.asarray(BSpline(self.knots, coefficients, 3)(at, nu=derivative))


def regression_spline(x: Float[np.ndarray, " n"]) -> RegressionSpline:
    """Splines with a knot at each point but the second and the last but one, or at every so many of very many.

    Raises:
        ValueError: fewer than six points, or points that do not rise.
    """
    import scipy.linalg
    from scipy.interpolate import BSpline

    if x.size < FEWEST or not (np.diff(x) > 0).all():
        raise ValueError(f"a regression spline wants {FEWEST} points or more that rise; {x.size} came.")
    inner = x[2:-2][:: max(1, -(-x.size // _MOST_KNOTS))]
    knots = np.concatenate([np.repeat(x[0], 4), inner, np.repeat(x[-1], 4)])
    basis: Any = BSpline.design_matrix(x, knots, 3).toarray()
    ends = np.concatenate([x[:1], inner, x[-1:]])
    # the second derivative is a line between knots, whose square two points of Gauss integrate exactly
    half, middle = 0.5 * np.diff(ends), 0.5 * (ends[1:] + ends[:-1])
    places = np.concatenate([middle - half / np.sqrt(3), middle + half / np.sqrt(3)])
    bends = np.asarray(BSpline(knots, np.eye(basis.shape[1]), 3)(places, nu=2)) * np.sqrt(np.tile(half, 2))[:, None]
    # scaled to the length of the whole, so that strengths do not depend on the unit of x
    penalty = (bends.T @ bends) * (x[-1] - x[0]) ** 3 / x.size
    roughness, directions = scipy.linalg.eigh(penalty, basis.T @ basis)
    roughness = np.maximum(roughness, 0.0)
    roughness[:2] = 0.0  # those of lines, but for rounding
    return RegressionSpline(x, knots, basis, directions, roughness)
