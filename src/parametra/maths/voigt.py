"""The Voigt profile, a Gaussian convolved with a Lorentzian, through the Faddeeva function w(z) = exp(-z^2) erfc(-iz).

    V(x, sigma, gamma) = Re w((x + i gamma) / (sigma sqrt 2)) / (sigma sqrt(2 pi)),    area 1

NumPy takes w from SciPy; jax.numpy has none, and Weideman's rational series serves. Derivatives are exact, from
w' = 2i / sqrt(pi) - 2 z w, and taken as closed forms in both.

Sources: J. A. C. Weideman (1994), Computation of the complex error function, doi:10.1137/0731077;
J. J. Olivero and R. L. Longbothum (1977), Empirical fits to the Voigt line width, doi:10.1016/0022-4073(77)90161-3.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.special import Smooth

_TERMS = 64
_SQRT_PI = math.sqrt(math.pi)
_SQRT_2 = math.sqrt(2.0)


@cache
def _series() -> tuple[float, Float[np.ndarray, " terms"]]:
    """Weideman's L, and the coefficients of his polynomial in (L + iz) / (L - iz), highest power first."""
    double = 2 * _TERMS
    length = math.sqrt(_TERMS / _SQRT_2)
    angle = np.arange(-double + 1, double) * math.pi / double
    t = length * np.tan(angle / 2)
    values = np.concatenate([[0.0], np.exp(-(t**2)) * (length**2 + t**2)])
    coefficients = np.real(np.fft.fft(np.fft.fftshift(values))) / (2 * double)
    return length, coefficients[1 : _TERMS + 1][::-1].copy()


def faddeeva_series(real: Any, imaginary: Any, xp: Any) -> tuple[Any, Any]:
    """Real and imaginary part of w(x + iy), y >= 0, by Weideman's series of 64 terms, within 3e-15."""
    length, coefficients = _series()
    z = real + 1j * imaginary
    below = length - 1j * z
    ratio = (length + 1j * z) / below
    polynomial = xp.zeros_like(ratio)
    for each in coefficients:
        polynomial = polynomial * ratio + each
    w = 2 * polynomial / below**2 + (1 / _SQRT_PI) / below
    return xp.real(w), xp.imag(w)


def _parts(x: Any, sigma: Any, gamma: Any, xp: Any) -> tuple[Any, Any, Any, Any]:
    """The real and the imaginary part of z, and of w(z)."""
    u, v = x / (_SQRT_2 * sigma), gamma / (_SQRT_2 * sigma) + 0 * x
    if xp is np:
        from scipy.special import wofz

        w = wofz(u + 1j * v)
        return u, v, np.real(w), np.imag(w)
    return u, v, *faddeeva_series(u, v, xp)


def _value(x: Any, sigma: Any, gamma: Any, xp: Any) -> Any:
    return _parts(x, sigma, gamma, xp)[2] / (sigma * math.sqrt(2 * math.pi))


def _slopes(x: Any, sigma: Any, gamma: Any, xp: Any) -> tuple[Any, Any, Any]:
    """By u: Re w' = -2 (u Re w - v Im w); by v: -Im w' = 2 (u Im w + v Re w) - 2 / sqrt(pi)."""
    u, v, real, imaginary = _parts(x, sigma, gamma, xp)
    by_u = -2 * (u * real - v * imaginary)
    by_v = 2 * (u * imaginary + v * real) - 2 / _SQRT_PI
    scale = 1 / (sigma * math.sqrt(2 * math.pi))
    by_sigma = -scale / sigma * (real + u * by_u + v * by_v)
    return scale * by_u / (_SQRT_2 * sigma), by_sigma, scale * by_v / (_SQRT_2 * sigma)


voigt = Smooth(
    _value,
    lambda x, sigma, gamma, xp: _slopes(x, sigma, gamma, xp)[0],
    lambda x, sigma, gamma, xp: _slopes(x, sigma, gamma, xp)[1],
    lambda x, sigma, gamma, xp: _slopes(x, sigma, gamma, xp)[2],
)
"""The profile of area 1 at x from its centre: voigt(x, sigma, gamma, xp=np), sigma > 0, gamma >= 0.

sigma is the standard deviation of the Gaussian part, gamma the half width at half maximum of the Lorentzian part.
"""


def voigt_width(sigma: Any, gamma: Any) -> Any:
    """Its full width at half maximum, to 0.02 % (Olivero and Longbothum 1977)."""
    gauss, lorentz = math.sqrt(8 * math.log(2)) * sigma, 2 * gamma
    return 0.5346 * lorentz + (0.2166 * lorentz**2 + gauss**2) ** 0.5
