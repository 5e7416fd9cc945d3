"""What a Jacobian says of the parameters: their covariance, and the directions of which it says nothing.

C = (J'J)^-1                 information of whitened residuals
C = A^-1 B A^-1              sandwich: A the curvature, B the scatter of the scores (White 1982, doi:10.2307/1912526)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float


@dataclass(frozen=True)
class Geometry:
    """The information in a Jacobian, by its singular values.

    Arguments:
        covariance: (d, d), pseudo-inverse of J'J over the directions that are determined.
        flat: (d, k) orthonormal columns in coordinates scaled by the Jacobian's columns: the directions that are not.
        scale: (d,) the columns' lengths, 1 for an empty column.
        steps: (d, d - k) columns: one standard error along each determined direction, in plain coordinates.
        condition: largest over smallest singular value of the column-scaled Jacobian.
    """

    covariance: Float[np.ndarray, "d d"]
    flat: Float[np.ndarray, "d k"]
    scale: Float[np.ndarray, " d"]
    steps: Float[np.ndarray, "d r"]
    condition: float

    def touches_flat(self, gradients: Float[np.ndarray, "q d"]) -> Bool[np.ndarray, " q"]:
        """Whether quantities with these gradients change along a flat direction, so that the data do not tell them."""
        scaled = gradients / self.scale
        size = np.linalg.norm(scaled, axis=1)
        return np.linalg.norm(scaled @ self.flat, axis=1) > 1e-5 * np.where(size > 0, size, 1.0)


def geometry(
    jacobian: Float[np.ndarray, "m d"], *, tolerance: float, size: Float[np.ndarray, " d"] | None = None
) -> Geometry:
    """Covariance and flat directions of a Jacobian.

    Arguments:
        jacobian: of the whitened residuals.
        tolerance: singular values of the column-scaled Jacobian below this share of the largest count as zero. Take
            1e-11 for exact derivatives, 1e-6 for finite differences.
        size: how large coordinates are, in whatever units they have; 1 for all when left out. A column is empty when
            moving its coordinate by one, and by its size, moves the residuals by nothing beside what the others do.
    """
    d = jacobian.shape[1]
    scale = np.sqrt(np.sum(jacobian * jacobian, axis=0))
    effect = scale if size is None else scale * size
    # a coordinate may be huge in its unit, and a logarithm may be zero: neither alone makes its column empty
    empty = (scale <= 1e-14 * (scale.max() if d else 1.0)) & (effect <= 1e-14 * (effect.max() if d else 1.0))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = np.where(empty, 0.0, jacobian / scale)
    # the triangle has the same singular values and costs d^3 whatever the number of data
    triangle = np.linalg.qr(scaled, mode="r") if scaled.shape[0] > d else scaled
    _, s, vt = np.linalg.svd(triangle, full_matrices=True)
    s = np.concatenate([s, np.zeros(d - s.size)])
    known = s > tolerance * (s[0] if d else 0.0)
    steps = vt[known].T / s[known] / scale[:, None]
    condition = float(s[0] / s[-1]) if d and s[-1] > 0 else np.inf
    return Geometry(steps @ steps.T, vt[~known].T, scale, steps, condition)


def sandwich(
    jacobian: Float[np.ndarray, "m d"],
    score: Float[np.ndarray, " m"],
    geometry: Geometry,
) -> Float[np.ndarray, "d d"]:
    """A^-1 B A^-1 m/(m - d) with A = sum c_i J_i J_i' and B = sum score_i^2 J_i J_i' (the HC1 correction).

    Arguments:
        jacobian: (m, d) of the residuals, without any loss.
        score: (m,) derivative of the cost by each residual; the residual itself for plain squares.
        geometry: of the Jacobian with its rows times sqrt(curvature), which gives A^-1.

    Source: White (1980), doi:10.2307/1912934; MacKinnon and White (1985), doi:10.1016/0304-4076(85)90158-7.
    """
    m, d = jacobian.shape
    half = geometry.covariance @ (jacobian * score[:, None]).T
    return half @ half.T * (m / max(m - d, 1))
