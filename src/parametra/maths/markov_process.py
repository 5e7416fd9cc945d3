"""Gaussian processes along a line in n steps: exact likelihoods by a Kalman filter, for NumPy, complex steps and JAX.

k(d) with d = |t - t'| / length, as in `nouns.noise_kernel`

damped_random_walk   exp(-d)                             rough: the Ornstein-Uhlenbeck process
matern32             (1 + sqrt(3) d) exp(-sqrt(3) d)     once differentiable
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

KERNELS = ("matern32", "damped_random_walk")
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def correlation(kernel: str, distance: Any, xp: Any = np) -> Any:
    """The correlation at a distance in units of the length.

    Arguments:
        kernel: one of `KERNELS`.
        distance: zero or above.
        xp: numpy or jax.numpy.
    """
    if kernel == "damped_random_walk":
        return xp.exp(-distance)
    return (1 + math.sqrt(3) * distance) * xp.exp(-math.sqrt(3) * distance)


def whitened(kernel: str, gaps: Any, amplitude: Any, variance: Any, rows: Any, xp: Any = np) -> tuple[Any, Any]:
    """Each value less what those before it let one expect, and the variance of that, of a process seen with errors.

    With K the covariance, amplitude^2 k + diag(variance) = L D L' (L of unit diagonal): the first result is L^-1 rows,
    the second the diagonal of D, so that the log density of a row e is -1/2 sum (e^2 / D + log(2 pi D)).

    Arguments:
        kernel: one of `KERNELS`.
        gaps: (*batch, n), the distance of each point from the one before in units of the length; the first is not read.
        amplitude: (*batch,), the standard deviation of the process.
        variance: (*batch, n) or (n,), of the independent errors.
        rows: (*batch, n, c), values in the order of the points.
        xp: numpy or jax.numpy.

    Source: Hartikainen and Saerkkae (2010), Kalman filtering and smoothing solutions to temporal Gaussian process
        regression models, doi:10.1109/MLSP.2010.5589113
    """
    moves = tuple(xp.moveaxis(each, -1, 0) for each in _moves(kernel, gaps, xp))
    shape = moves[0].shape
    noise = xp.moveaxis(xp.broadcast_to(variance, (*shape[1:], shape[0])), -1, 0)
    seen = xp.moveaxis(xp.broadcast_to(rows, (*shape[1:], shape[0], rows.shape[-1])), -2, 0)
    power = xp.broadcast_to(xp.asarray(amplitude) ** 2, shape[1:])
    zero = 0.0 * power
    mean = 0.0 * seen[0] * power[..., None]
    # before the first point the process is stationary, in units in which both states have the same variance
    state = (power, zero, power, mean, mean)
    if xp is not np:
        import jax

        _, (left, spread) = jax.lax.scan(lambda s, x: _step(s, x, power), state, (*moves, noise, seen))
        return xp.moveaxis(left, 0, -2), xp.moveaxis(spread, 0, -1)
    left_rows, spreads = [], []
    for i in range(shape[0]):
        state, (left, spread) = _step(state, (*(each[i] for each in moves), noise[i], seen[i]), power)
        left_rows.append(left)
        spreads.append(spread)
    return np.moveaxis(np.stack(left_rows), 0, -2), np.moveaxis(np.stack(spreads), 0, -1)


def _moves(kernel: str, gaps: Any, xp: Any) -> tuple[Any, Any, Any, Any, Any, Any, Any]:
    """From one point to the next: four elements of the transition, three of the new variance over the amplitude^2."""
    if kernel == "damped_random_walk":
        fade = xp.exp(-gaps)
        zero = 0.0 * fade
        # the second state is not there: it fades at once, and nothing new comes to it
        return fade, zero, zero, zero, 1 - fade**2, zero, zero
    u = math.sqrt(3) * gaps
    fade = xp.exp(-u)
    a, b, c, d = (1 + u) * fade, u * fade, -u * fade, (1 - u) * fade
    return a, b, c, d, 1 - a * a - b * b, -a * c - b * d, 1 - c * c - d * d


def _step(state: Any, point: Any, power: Any) -> tuple[Any, Any]:
    p11, p12, p22, m1, m2 = state
    a, b, c, d, q11, q12, q22, noise, seen = point
    r11 = a * a * p11 + 2 * a * b * p12 + b * b * p22 + q11 * power
    r12 = a * c * p11 + (a * d + b * c) * p12 + b * d * p22 + q12 * power
    r22 = c * c * p11 + 2 * c * d * p12 + d * d * p22 + q22 * power
    n1 = a[..., None] * m1 + b[..., None] * m2
    n2 = c[..., None] * m1 + d[..., None] * m2
    spread = r11 + noise
    left = seen - n1
    g1, g2 = r11 / spread, r12 / spread
    after = (g1 * noise, g2 * noise, r22 - g2 * r12, n1 + g1[..., None] * left, n2 + g2[..., None] * left)
    return after, (left, spread)


def log_densities(left: Any, spread: Any, xp: Any = np) -> Any:
    """Log p of each point given those before it, of one row.

    Arguments:
        left, spread: (*batch, n), from `whitened`.
        xp: numpy or jax.numpy.
    """
    return -0.5 * left**2 / spread - 0.5 * xp.log(spread) - _HALF_LOG_2PI
