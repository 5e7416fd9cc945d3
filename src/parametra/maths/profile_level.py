"""How much the cost may rise along a profile before a value is refused, also where a bound is near.

Away from bounds twice the rise of -log likelihood is chi-square with one degree of freedom (Wilks 1938,
doi:10.1214/aoms/1177732360), and (RSS - RSS_min) / s^2 is the square of Student's t where sigma is estimated. Near a
bound an estimate cannot lie beyond it, and the ratio has another distribution: for a normal estimate x of mu >= 0, in
standard errors, the ratio at mu is (x - mu)^2 for x >= 0 and mu^2 - 2 mu x below. Its quantile q(mu), from

    F(sqrt q) - F(-(mu^2 + q) / (2 mu)) = level   where q > mu^2,

falls from the usual one at mu = sqrt q to the one-sided one at mu = 0, so that intervals cover as they say also
there: the ordering of Feldman and Cousins (1998, doi:10.1103/PhysRevD.57.3873). F is the normal distribution, or
Student's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

_TABLE = 65


def quantile(level: float, freedom: float, restricted: int = 1) -> float:
    """The usual quantile: of chi-square, or with an estimated sigma that many times Fisher's F as values are held.

    Arguments:
        level: such as 0.95.
        freedom: degrees of freedom of the estimated scale, infinite for a known one.
        restricted: how many values are held: 1 for a profile, 2 for a contour.
    """
    from scipy.special import chdtri, fdtri

    if np.isfinite(freedom):
        return float(restricted * fdtri(restricted, freedom, level))
    return float(chdtri(restricted, 1 - level))


def near_bound(
    distance: Float[np.ndarray, " n"], level: float, freedom: float
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The quantile for values at this distance from a bound, in standard errors, and its slope by the distance.

    Arguments:
        distance: (n,) above zero or zero; infinity where there is no bound.
    """
    grid, values = _table(level, freedom)
    usual = values[-1]
    at = np.interp(distance, grid, values, right=usual)
    slope = np.interp(distance, grid[:-1] + np.diff(grid) / 2, np.diff(values) / np.diff(grid), right=0.0)
    return at, np.where(distance < grid[-1], slope, 0.0)


@cache
def _table(level: float, freedom: float) -> tuple[np.ndarray, np.ndarray]:
    from scipy.optimize import brentq
    from scipy.special import ndtr, stdtr

    def below(z: float) -> float:
        return float(stdtr(freedom, z)) if np.isfinite(freedom) else float(ndtr(z))

    usual = quantile(level, freedom)
    grid = np.linspace(0.0, np.sqrt(usual), _TABLE)

    def missing(q: float, mu: float) -> float:
        beyond = below(-(mu * mu + q) / (2 * mu)) if mu > 0 else 0.0
        return below(np.sqrt(q)) - beyond - level

    # the two-sided quantile is too long everywhere, the one-sided one too short
    solve: Any = brentq
    values = [float(solve(missing, 1e-9, usual + 1e-9, args=(mu,), xtol=1e-12)) for mu in grid[:-1]]
    return grid, np.array([*values, usual])
