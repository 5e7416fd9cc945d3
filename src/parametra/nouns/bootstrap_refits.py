"""What came of fitting a model to many data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float


@dataclass(frozen=True)
class Refits:
    """R refits of d coordinates of the box. What failed is NaN here, and counted by reason.

    Arguments:
        points: (R, d) the estimates.
        cost: (R,) 1/2 sum r^2, or -log density.
        ok: (R,) whether each has converged.
        reasons: why the others have not, and how many.
        normal: (R, d, d) information at each estimate: J'J, or its expectation, in units where the scale is 1.
        held: (R, d) coordinates on a bound beyond which the cost would fall further.
        scale: (R,) the estimated standard deviation of the residuals; 1 where it is known.
        iterations: (R,) steps that were tried.
        evaluations: points evaluated in all.
    """

    points: Float[np.ndarray, "R d"]
    cost: Float[np.ndarray, " R"]
    ok: Bool[np.ndarray, " R"]
    reasons: dict[str, int]
    normal: Float[np.ndarray, "R d d"]
    held: Bool[np.ndarray, "R d"]
    scale: Float[np.ndarray, " R"]
    iterations: np.ndarray
    evaluations: int

    @property
    def failed(self) -> int:
        """How many have not converged."""
        return int((~self.ok).sum())

    def covariance(self) -> Float[np.ndarray, "R d d"]:
        """Scale^2 times the inverse information of each refit over what no bound holds; NaN where it has none.

        Rows and columns of coordinates that a bound holds are zero.
        """
        found = np.full(self.normal.shape, np.nan)
        with np.errstate(all="ignore"):
            size = np.sqrt(np.diagonal(self.normal, axis1=1, axis2=2))
            unit = np.where(self.held, 0.0, 1 / size)
            scaled = self.normal * unit[:, :, None] * unit[:, None, :]
        sound = np.isfinite(scaled).all(axis=(1, 2))
        root = unit[sound] * self.scale[sound, None]
        inverse = np.linalg.pinv(scaled[sound], rcond=1e-13, hermitian=True)
        found[sound] = inverse * root[:, :, None] * root[:, None, :]
        return found
