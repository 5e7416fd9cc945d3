"""What a method of `identify` is told of the estimate that it looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.nouns.asker import Request, Want


@dataclass(frozen=True)
class Estimate:
    """An estimate in the coordinates of its box, d of them.

    Arguments:
        x: (d,) the estimate.
        cost: there.
        lower, upper: (d,) bounds, infinite where there are none.
        labels: names of the coordinates.
        logarithmic: (d,) whether a coordinate is the logarithm of the value that people see.
        plain: (d,) whether a coordinate is that value itself or its logarithm; False for shares of a whole.
        scale: estimated standard deviation of the residuals, 1 where it is known: the cost rises by scale^2 / 2
            within one standard error.
        freedom: degrees of freedom of that scale, infinite for a known one.
        held: (d,) coordinates that the fit left at a bound.
        covariance: (d, d) by the curvature; zero for coordinates that are held or flat.
        tolerance: how exactly the Jacobian is known, as a share of the length of its columns.
        seed: of what is random.
        replicate: whose data, where several estimates are looked at side by side.
    """

    x: Float[np.ndarray, " d"]
    cost: float
    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    labels: tuple[str, ...]
    logarithmic: Bool[np.ndarray, " d"]
    plain: Bool[np.ndarray, " d"]
    scale: float
    freedom: float
    held: Bool[np.ndarray, " d"]
    covariance: Float[np.ndarray, "d d"]
    tolerance: float
    seed: int = 0
    replicate: int = 0

    @property
    def dimension(self) -> int:
        """How many coordinates there are."""
        return self.x.size

    def natural(self, coordinate: int, value: Float[np.ndarray, "*k"] | float) -> Float[np.ndarray, "*k"]:
        """A coordinate's values as people see them."""
        given = np.asarray(value, dtype=np.float64)
        return np.asarray(np.exp(given)) if self.logarithmic[coordinate] else given

    @property
    def sizes(self) -> Float[np.ndarray, " d"]:
        """What a change of each coordinate is compared with: 1 on a logarithmic scale, the estimate on a plain one.

        Where the estimate is zero, the width of the bounds; 1 where there are none.
        """
        width = self.upper - self.lower
        size = np.where(self.logarithmic, 1.0, np.abs(self.x))
        return np.where(size > 0, size, np.where(np.isfinite(width), width, 1.0))

    @property
    def strides(self) -> Float[np.ndarray, " d"]:
        """What a long step of each coordinate is: its size, or its standard error where that is more."""
        variance = np.diag(self.covariance)
        error = np.sqrt(np.where(np.isfinite(variance) & (variance > 0), variance, 0.0))
        return np.maximum(self.sizes, error)

    def request(self, points: Float[np.ndarray, "B d"], want: Want) -> Request:
        """Ask about points, for the data of this estimate."""
        whose: Int[np.ndarray, " B"] = np.full(len(points), self.replicate, dtype=np.int64)
        return Request(points, want, whose)
