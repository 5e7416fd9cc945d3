"""Tails of weighted sums of chi-squares, sum_i w_i z_i^2 with z standard normal: what tests of squares end in."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float

_TALBOT = 24
"""Points of the contour: 10^(-0.6 N) of truncation, and exp(2 N / 5) times the rounding."""

_STEP = 0.04
_NOTHING = 25.0
"""In log u, and in the exponent of what is left out."""


def tail(weights: Float[np.ndarray, " m"], value: float) -> float:
    """P(sum_i w_i z_i^2 > value) for weights that are not below zero, to about 1e-10.

    The distribution function is the inverse Laplace transform of prod (1 + 2 w_i p)^(-1/2) / p, taken along Talbot's
    contour. Good for any number of weights. Prefer `chance_below_zero` where some are negative and the value is zero.

    Arguments:
        weights: (m,), 0 or larger.
        value: any number.

    Source: Abate and Valko (2004), Multi-precision Laplace transform inversion, doi:10.1002/nme.995.
    """
    kept = weights[weights > 0]
    if value <= 0 or not kept.size:
        return float(value < 0 or (value <= 0 and kept.size > 0))
    mean, sd = float(kept.sum()), float(np.sqrt(2 * kept @ kept))
    if value > mean + 60 * sd + 60 * kept.max():  # below 1e-13, where the contour has only rounding
        return 0.0
    r = 2 * _TALBOT / (5 * value)
    angle = np.arange(1, _TALBOT) * np.pi / _TALBOT
    slope = 1 / np.tan(angle)
    p = r * angle * (slope + 1j)
    turn = angle + (angle * slope - 1) * slope
    at = np.concatenate([[r + 0j], p])
    transform = np.exp(value * at - 0.5 * np.sum(np.log(1 + 2 * kept[:, None] * at), axis=0)) / at
    inside = 0.5 * transform[0].real + float(np.sum((transform[1:] * (1 + 1j * turn)).real))
    return float(np.clip(1 - r / _TALBOT * inside, 0.0, 1.0))


def chance_below_zero(weights: Float[np.ndarray, " m"]) -> float:
    """P(sum_i w_i z_i^2 < 0) for weights of both signs: the distribution of a ratio of quadratic forms.

        1/2 - 1/pi int_0^inf sin(1/2 sum arctan(w_i u)) / (u prod (1 + w_i^2 u^2)^(1/4)) du

    by the trapezoidal rule in log u, where the integrand is analytic and dies out on both sides. To about 1e-10.

    Source: Imhof (1961), Computing the distribution of quadratic forms in normal variables,
        doi:10.1093/biomet/48.3-4.419
    """
    w = weights[weights != 0] / np.abs(weights).max()
    first = np.log(1e-14 / w.size)
    last = 0.0
    while 0.25 * float(np.log1p((w * np.exp(last)) ** 2).sum()) < _NOTHING:
        last += 0.5
    u = np.exp(np.arange(first, last, _STEP))[:, None] * w
    phase, size = 0.5 * np.arctan(u).sum(axis=1), 0.25 * np.log1p(u**2).sum(axis=1)
    return float(np.clip(0.5 - _STEP / np.pi * np.sum(np.sin(phase) * np.exp(-size)), 0.0, 1.0))
