"""The adapted power generalised Weibull distribution: hazards that rise, fall, or do one after the other.

    H(z) = (kappa + 1) / kappa ((1 + e^z / (kappa + 1))^kappa - 1),   z = shape log(time / scale)

    kappa = infinity   exp(e^z) - 1          Gompertz where the shape is 1
    kappa = 1          e^z                   Weibull
    kappa = 0          log(1 + e^z)          log-logistic; with a factor before it, Burr XII
    -1 < kappa < 0     never above -(kappa + 1) / kappa, so that some are never touched: cured

H is the cumulative hazard. All of it is smooth through kappa = 0, and finite for any finite z: beyond exp(500), where
no likelihood is ever found, it goes on in a straight line instead of overflowing.

Source: Burke, Jones and Noufaily (2020), arXiv:1901.03212
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from parametra.maths.special import expm1, log1p

_MOST = 500.0
_MOST_INSIDE = 100.0
"""Of an exponential within an exponential."""
_NEAR = 0.03
"""Up to here the series is exact to the last digit, and its derivatives are better than those of the quotient."""


def power_weibull_cumulative(z: Any, kappa: Any, xp: Any) -> Any:
    """The cumulative hazard H(z).

    Arguments:
        z: shape * log(time / scale), any shape.
        kappa: above -1; an array that goes with z, a number, or math.inf.
        xp: numpy or jax.numpy.
    """
    if _endless(kappa):
        return _expm1(_exp(z, _MOST_INSIDE, xp), xp)
    if isinstance(kappa, float) and kappa == 1.0:
        return _exp(z, _MOST, xp)
    passed = _log_growth(z, kappa, xp)
    if isinstance(kappa, float) and kappa == 0.0:
        return passed
    return (kappa + 1) * passed * _expm1_ratio(kappa * passed, xp)


def power_weibull_log_slope(z: Any, kappa: Any, xp: Any) -> Any:
    """Give log dH/dz; the log hazard is this plus log(shape / time).

    Arguments:
        z, kappa, xp: as above.
    """
    if _endless(kappa):
        return z + _exp(z, _MOST_INSIDE, xp)
    return z + (kappa - 1) * _log_growth(z, kappa, xp)


def power_weibull_inverse(cumulative: Any, kappa: float) -> Any:
    """The z of a cumulative hazard; infinity where it is never reached.

    Arguments:
        cumulative: above zero, any shape.
        kappa: above -1, or math.inf.
    """
    cumulative = np.asarray(cumulative, dtype=np.float64)
    if _endless(kappa):
        return np.log(np.log1p(cumulative))
    share = kappa * cumulative / (kappa + 1)
    reached = share > -1
    share = np.where(reached, share, 0.0)
    growth = np.log1p(share) / kappa if kappa else cumulative
    with np.errstate(over="ignore", divide="ignore"):
        z = np.where(growth > _NEAR, growth + np.log1p(-np.exp(-growth)), np.log(np.expm1(growth)))
    return np.where(reached, z + math.log1p(kappa), np.inf)


def _endless(kappa: Any) -> bool:
    return isinstance(kappa, float) and kappa == math.inf


def _log_growth(z: Any, kappa: Any, xp: Any) -> Any:
    """log(1 + e^z / (kappa + 1)) without overflow."""
    z = z - xp.log(kappa + 1.0)
    above = xp.real(z) > 0
    return xp.where(above, z, 0.0) + log1p(xp.exp(xp.where(above, -z, z)), xp=xp)


def _exp(z: Any, most: float, xp: Any) -> Any:
    """exp(z), a straight line beyond `most`."""
    high = xp.real(z) > most
    return xp.where(high, math.exp(most) * (1 + z - most), xp.exp(xp.where(high, 0.0, z)))


def _expm1(w: Any, xp: Any) -> Any:
    high = xp.real(w) > _MOST
    return xp.where(high, math.exp(_MOST) * (1 + w - _MOST), expm1(xp.where(high, 0.0, w), xp=xp))


def _expm1_ratio(w: Any, xp: Any) -> Any:
    """(e^w - 1) / w, by its series near zero."""
    near = xp.abs(xp.real(w)) < _NEAR
    small, large = xp.where(near, w, 0.0), xp.where(near, 1.0, w)
    series: Any = 1.0
    for k in (8, 7, 6, 5, 4, 3, 2):
        series = 1 + small / k * series
    return xp.where(near, series, _expm1(large, xp) / large)
