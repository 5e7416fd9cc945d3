"""Numerical inversion of Laplace transforms, for NumPy and for jax.numpy: three routes, and the error told.

    fourier_sum     the Fourier series on Bromwich's line as it stands: linear, one line for all times. For pulses,
                    whose transform falls faster than any power along the line; only rounding is then left as an error
    de_hoog         the same series as a continued fraction, a line for each time. For anything smooth at that time,
                    such as step responses
    talbot          a contour around the singularities, bent to the left. For smooth functions without delay; it fails
                    where a transform grows there, as every delay makes it do
    invert          any of them with ever more terms, until two answers agree, and how far the last two differ

Sources: Crump (1976), doi:10.1145/321921.321931 (the series); de Hoog, Knight and Stokes (1982), doi:10.1137/0903022
(the continued fraction); Abate and Valko (2004), doi:10.1002/nme.995 (the fixed contour).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

TOLERANCE = 1e-12
"""What the shift of the line leaves of the function's next period, as a share of it."""

_NOTHING = 1e-22  # so far below rounding that derivatives, which are larger by powers of s, end too

Transform = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Inversion:
    """A function of time from its Laplace transform.

    Arguments:
        values: at the times that were asked for.
        error: the largest difference between these and the values with half as many terms.
        terms: how many terms of the transform each value took.
        method: "fourier", "de_hoog" or "talbot".
        converged: whether the error is below what was asked for.
    """

    values: np.ndarray
    error: float
    terms: int
    method: str
    converged: bool


def fourier_line(horizon: Any, terms: int, tolerance: float = TOLERANCE, xp: Any = np) -> tuple[Any, Any]:
    """Bromwich's line of `fourier_sum`: its real part and the imaginary parts (terms,), s = shift + i frequency.

    Arguments:
        horizon: the latest time; the series repeats after twice that.
        terms: how many frequencies. Details shorter than about 2 horizon / terms are lost.
        tolerance: see `TOLERANCE`; rounding is amplified by its inverse square root.
        xp: numpy, or jax.numpy.
    """
    shift = -0.5 * math.log(tolerance) / horizon
    return shift, xp.arange(terms) * (math.pi / horizon)


def fourier_sum(real: Any, imaginary: Any, times: Any, horizon: Any, tolerance: float = TOLERANCE, xp: Any = np) -> Any:
    """The function at times (n,) from its transform on `fourier_line`, as real and imaginary parts (terms,).

    In the two parts only real numbers are added and multiplied, so that a complex step may go through either. The sum
    is linear in the transform: add transforms first, and invert once.

    Arguments:
        real, imaginary: the transform at shift + i frequency.
        times: above or at zero, at most the horizon.
        horizon, tolerance, xp: as for `fourier_line`.
    """
    terms = real.shape[-1]
    shift, frequencies = fourier_line(horizon, terms, tolerance, xp)
    halved = xp.where(xp.arange(terms) == 0, 0.5, 1.0)
    if xp is np:
        cosines, sines = _waves(np.asarray(times).tobytes(), float(horizon), terms)
        kept = _kept(real, imaginary)
        halved, real, imaginary = halved[:kept], real[:kept], imaginary[:kept]
        cosines, sines = cosines[:, :kept], sines[:, :kept]
    else:
        angles = times[:, None] * frequencies
        cosines, sines = xp.cos(angles), xp.sin(angles)
    waves = _product(cosines, halved * real, xp) - _product(sines, halved * imaginary, xp)
    return xp.exp(shift * times) / horizon * waves


def _kept(real: np.ndarray, imaginary: np.ndarray) -> int:
    """How many terms count: where a transform has fallen far below rounding, the sum may end."""
    size = np.abs(np.real(real)) + np.abs(np.real(imaginary))
    if not np.isfinite(size).all():
        return size.size
    return int(np.max(np.flatnonzero(size > _NOTHING * np.max(size)), initial=0)) + 1


@lru_cache(maxsize=2)
def _waves(times: bytes, horizon: float, terms: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines (n, terms) of the series: a fit asks for the same times again and again."""
    angles = np.frombuffer(times)[:, None] * (np.arange(terms) * (math.pi / horizon))
    return np.cos(angles), np.sin(angles)


def _product(matrix: Any, vector: Any, xp: Any) -> Any:
    """The product of a real matrix and a vector that may be complex, without a complex copy of the matrix."""
    if xp is np and np.iscomplexobj(vector):
        both = matrix @ np.stack([vector.real, vector.imag], axis=1)
        return both[:, 0] + 1j * both[:, 1]
    return xp.matmul(matrix, vector)


def fourier(transform: Transform, times: Any, terms: int, *, tolerance: float = TOLERANCE, xp: Any = np) -> Any:
    """The function at times (n,) above zero by the plain Fourier series; see `fourier_sum`."""
    horizon = xp.max(times)
    shift, frequencies = fourier_line(horizon, terms, tolerance, xp)
    values = transform(shift + 1j * frequencies)
    return fourier_sum(xp.real(values), xp.imag(values), times, horizon, tolerance, xp)


def de_hoog(transform: Transform, times: Any, terms: int = 41, *, tolerance: float = TOLERANCE, xp: Any = np) -> Any:
    """The function at times (n,) above zero by the Fourier series as a continued fraction.

    Arguments:
        transform: of complex s (n, terms), the same shape back.
        times: above zero.
        terms: an odd number, 2 M + 1.
        tolerance: as for `fourier_line`.
        xp: numpy, or jax.numpy.
    """
    half = terms // 2
    horizon = 2.0 * times
    shift = -0.5 * math.log(tolerance) / horizon
    s = shift[:, None] + 1j * xp.arange(2 * half + 1) * (math.pi / horizon)[:, None]
    coefficients = _quotient_differences(transform(s), half, xp)
    z = 1j  # exp(i pi t / horizon), the same for every time
    above = [xp.zeros_like(coefficients[0]), coefficients[0]]
    below = [xp.ones_like(coefficients[0]), xp.ones_like(coefficients[0])]
    for each in coefficients[1:-1]:
        above.append(above[-1] + each * z * above[-2])
        below.append(below[-1] + each * z * below[-2])
    # the terms that are left out, as if the last two coefficients went on for ever
    middle = 0.5 * (1 + z * (coefficients[-2] - coefficients[-1]))
    square = middle * middle
    kept = xp.where(square == 0, 1.0, square)
    rest = xp.where(square == 0, 0.0, -middle * (1 - xp.sqrt(1 + z * coefficients[-1] / kept)))
    value = (above[-1] + rest * above[-2]) / (below[-1] + rest * below[-2])
    return xp.exp(shift * times) / horizon * xp.real(value)


def _quotient_differences(values: Any, half: int, xp: Any) -> list[Any]:
    """The coefficients (n,) of the continued fraction of a power series (n, 2 half + 1), its first term halved."""
    first = 0.5 * values[:, :1]
    values = xp.concatenate([first, values[:, 1:]], axis=1)
    quotients = _ratio(values[:, 1:], values[:, :-1], xp)
    differences = xp.zeros_like(values)
    found = [values[:, 0]]
    for level in range(half):
        found.append(-quotients[:, 0])
        differences = quotients[:, 1:] - quotients[:, :-1] + differences[:, 1 : quotients.shape[1]]
        found.append(-differences[:, 0])
        if level < half - 1:
            quotients = quotients[:, 1:-1] * _ratio(differences[:, 1:], differences[:, :-1], xp)
    return found


def _ratio(above: Any, below: Any, xp: Any) -> Any:
    """A quotient, and 0 where the table has ended: a fraction of finite length has zeros from there on."""
    ended = below == 0
    return xp.where(ended, 0.0, above / xp.where(ended, 1.0, below))


def talbot(transform: Transform, times: Any, terms: int = 16, *, xp: Any = np) -> Any:
    """The function at times (n,) above zero on Talbot's fixed contour; about 0.6 `terms` digits, at best 1e-9 in all.

    Arguments:
        transform: of complex s (n, terms), the same shape back, defined left of the imaginary axis too.
        times: above zero.
        terms: points of the contour. More than some 20 lose digits to rounding again.
        xp: numpy, or jax.numpy.
    """
    radius = 0.4 * terms / times[:, None]
    angle = xp.arange(1, terms) * (math.pi / terms)
    cotangent = xp.cos(angle) / xp.sin(angle)
    s = radius * angle * (cotangent + 1j)
    weight = 1 + 1j * (angle + (angle * cotangent - 1) * cotangent)
    ends = 0.5 * xp.exp(radius[:, 0] * times) * xp.real(transform(radius + 0j)[:, 0])
    waves = xp.real(xp.exp(times[:, None] * s) * transform(s) * weight)
    return radius[:, 0] / terms * (ends + xp.sum(waves, axis=1))


_ROUTES: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "fourier": (fourier, (64, 128, 256, 512, 1024, 2048, 4096, 8192)),
    "de_hoog": (de_hoog, (11, 21, 41, 81)),
    "talbot": (talbot, (6, 12, 18)),
}


def invert(transform: Transform, times: Any, *, method: str = "de_hoog", tolerance: float = 1e-8) -> Inversion:
    """The function at times (n,) above zero, with ever more terms until it no longer changes.

    Arguments:
        transform: of complex s of any shape, the same shape back.
        times: above zero.
        method: "fourier" for pulses, "de_hoog" for anything else, "talbot" as a second opinion on smooth functions.
        tolerance: the change, as a share of the largest value, below which it is taken for converged.

    Raises:
        ValueError: an unknown method, or times that are not above zero.
    """
    if method not in _ROUTES:
        raise ValueError(f"method is one of {', '.join(map(repr, _ROUTES))}; {method!r} came.")
    asked = np.atleast_1d(np.asarray(times, dtype=float))
    if not (asked > 0).all():
        raise ValueError(f"the times are above zero; {asked.min():g} came.")
    route, numbers = _ROUTES[method]
    values, error, largest = np.zeros(asked.size), math.inf, 0.0
    for terms in numbers:
        before, values = values, np.asarray(route(transform, asked, terms))
        if terms > numbers[0]:
            error, largest = float(np.max(np.abs(values - before))), float(np.max(np.abs(values)))
            if error <= tolerance * largest:
                return Inversion(values, error, terms, method, True)
    return Inversion(values, error, numbers[-1], method, False)
