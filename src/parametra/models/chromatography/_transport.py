"""The column in Laplace's variable, in real arithmetic, so that complex steps and JAX go through it.

    s (1 + k kd / (s + kd)) c = D c'' - u c'    in the gas, from the mass balance and dq/dt = k kd c - kd q
    c(L) = c(0) exp(-2 tau g / (1 + sqrt(1 + 4 D g / u^2))),    g = s + k kd s / (s + kd), tau = L / u

Every quantity is a pair (real part, imaginary part) of arrays over the points of Bromwich's line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Pair = tuple[Any, Any]


def column_transform(line: Pair, hold_up: Any, spread: Any, factor: Any, desorption: Any, xp: Any = np) -> Pair:
    """Laplace transform of what leaves the column after an instant injection of unit area.

    Arguments:
        line: the real part and the imaginary parts of s.
        hold_up: L / u, the time that a compound without adsorption takes.
        spread: 4 D / u^2, a time.
        factor: the retention factor k.
        desorption: the rate kd.
        xp: numpy, or jax.numpy.
    """
    shift, frequency = line
    beyond = shift + desorption
    size = beyond * beyond + frequency * frequency
    slowed_real = shift + factor * desorption * (shift * beyond + frequency * frequency) / size
    slowed_imaginary = frequency + factor * desorption * (frequency * desorption) / size
    # the root of 1 + spread g lies right of 1, so its real part is never lost in a difference
    p, q = 1 + spread * slowed_real, spread * slowed_imaginary
    root_real = xp.sqrt(0.5 * (xp.sqrt(p * p + q * q) + p))
    root_imaginary = 0.5 * q / root_real
    bottom = 1 + root_real
    share = 2 * hold_up / (bottom * bottom + root_imaginary * root_imaginary)
    left = xp.exp(-share * (slowed_real * bottom + slowed_imaginary * root_imaginary))
    angle = share * (slowed_imaginary * bottom - slowed_real * root_imaginary)
    return left * xp.cos(angle), -left * xp.sin(angle)


def pulse_transform(line: Pair, duration: Any, xp: Any = np) -> Pair:
    """Laplace transform of an injection of unit area that lasts for a duration: (1 - exp(-s w)) / (s w)."""
    shift, frequency = line
    remains = xp.exp(-shift * duration)
    real = 1 - remains * xp.cos(frequency * duration)
    imaginary = remains * xp.sin(frequency * duration)
    size = duration * (shift * shift + frequency * frequency)
    return (real * shift + imaginary * frequency) / size, (imaginary * shift - real * frequency) / size


def product(one: Pair, other: Pair) -> Pair:
    """The product of two complex numbers."""
    return one[0] * other[0] - one[1] * other[1], one[0] * other[1] + one[1] * other[0]
