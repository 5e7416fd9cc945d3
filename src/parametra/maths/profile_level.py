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

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np

from parametra.maths.arrays import Float

_TABLE = 65
_NORMAL = NormalDist()


def quantile(level: float, freedom: float, restricted: int = 1) -> float:
    """The usual quantile: of chi-square, or with an estimated sigma that many times Fisher's F as values are held.

    Arguments:
        level: such as 0.95.
        freedom: degrees of freedom of the estimated scale, infinite for a known one.
        restricted: how many values are held: 1 for a profile, 2 for a contour.
    """
    if np.isfinite(freedom):
        from scipy.special import fdtri

        return float(restricted * fdtri(restricted, freedom, level))
    # the library that knows these takes longer to load than a profile takes to walk
    if restricted == 1:
        return _NORMAL.inv_cdf(0.5 + 0.5 * level) ** 2
    if restricted == 2:
        return -2 * math.log1p(-level)
    from scipy.special import chdtri

    return float(chdtri(restricted, 1 - level))


def near_bound(distance: Float[np.ndarray, " n"], level: float, freedom: float) -> Float[np.ndarray, " n"]:
    """The quantile for values at this distance from a bound, in standard errors.

    Arguments:
        distance: (n,) above zero or zero; infinity where there is no bound.
    """
    grid, values = _table(level, freedom)
    return np.interp(distance, grid, values, right=values[-1])


def towards_bounds(on: float, back: float, level: float, freedom: float) -> float:
    """The rise, in units of s^2 / 2, at which values are refused on a way between bounds; infinity: not before one.

    Distances are counted by the likelihood itself: the root of the rise from the estimate to a bound takes the place of
    the distance in standard errors, so that the answer is the same in any coordinate.

    Arguments:
        on: the root of the rise at the bound that the way leads to, in units of s^2 / 2; infinity without one.
        back: the same at the bound behind.
    """
    usual = quantile(level, freedom)
    top = min(np.sqrt(usual), on)

    def missing(root: float) -> float:
        gap = np.array([max(min(on - root, back + root), 0.0)])
        return root * root - float(near_bound(gap, level, freedom)[0])

    if missing(top) < -1e-9 * top * top:
        return np.inf
    return top**2 if missing(top) <= 0 else _root(missing, 0.0, top) ** 2


def from_bound(push: float, level: float, freedom: float) -> float:
    """The rise, in units of s^2 / 2, at which values are refused where the estimate sits on a bound.

    Arguments:
        push: how hard the data push against the bound: the slope of the cost there times one standard error over s^2.
    """

    def missing(distance: float) -> float:
        rise = 2 * push * distance + distance * distance
        return rise - float(near_bound(np.array([distance]), level, freedom)[0])

    far = np.sqrt(quantile(level, freedom))
    met = _root(missing, 0.0, far)
    return 2 * push * met + met * met


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function rises through zero, by halving: to rounding in some 50 calls; `high` where it does not."""
    if function(high) <= 0:
        return high
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high) or high - low <= 1e-13:
            return middle
        if function(middle) > 0:
            high = middle
        else:
            low = middle


@cache
def _table(level: float, freedom: float) -> tuple[np.ndarray, np.ndarray]:
    def below(z: float) -> float:
        if not np.isfinite(freedom):
            return _NORMAL.cdf(z)
        from scipy.special import stdtr

        return float(stdtr(freedom, z))

    usual = quantile(level, freedom)
    grid = np.linspace(0.0, np.sqrt(usual), _TABLE)

    def at(mu: float) -> float:
        def missing(q: float) -> float:
            beyond = below(-(mu * mu + q) / (2 * mu)) if mu > 0 else 0.0
            return below(np.sqrt(q)) - beyond - level

        return _root(missing, 1e-9, usual + 1e-9)

    values = [at(float(mu)) for mu in grid[:-1]]
    return grid, np.array([*values, usual])
