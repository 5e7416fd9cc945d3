"""The profile of a diffusion couple whose diffusivity depends on composition, in Boltzmann's variable x / sqrt(t).

    (D(y) y')' = -(l / 2) y',  y(-inf) = 0, y(inf) = 1      is      y' = A / D exp(-integral of l / (2 D) from 0 to l)

The right side is iterated from the profile of a constant diffusivity; A makes y rise by one. Source: Crank (1975), The
Mathematics of Diffusion, 2nd edition, section 7.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_NODES = 1201  # odd, so that one of them is the middle
_STRETCH = 4.0  # how much finer the nodes are in the middle than outside: where D is small the profile is steep
_REACH = 9.0  # in sqrt(D): where the profile of the largest diffusivity has ended, erfc(4.5) = 2e-10
_MOST_ROUNDS = 100
_ROUNDS_BEHIND = 8
_SETTLED = 1e-12
_STEP_SETTLED = 1e-10  # of the largest of a complex step


def boltzmann_profile(diffusivity: Callable[[Any], Any], largest: Any, xp: Any = np) -> tuple[Any, Any, Any]:
    """The normalised profile at nodes of l = x / sqrt(t): l, y and dy/dl, each (nodes,), for NumPy and jax.numpy.

    Arguments:
        diffusivity: of y (nodes,), positive.
        largest: the largest value that it takes, or more.
        xp: numpy, or jax.numpy.
    """
    nodes = xp.linspace(-1.0, 1.0, _NODES)
    reach = _REACH * xp.sqrt(largest)
    place = reach * xp.sinh(_STRETCH * nodes) / math.sinh(_STRETCH)
    stretch = reach * _STRETCH * xp.cosh(_STRETCH * nodes) / math.sinh(_STRETCH)  # dl / dnode

    def again(y: Any) -> tuple[Any, Any]:
        d = diffusivity(_within(y, 0.0, 1.0, xp))
        falling = _cumulated(place / (2 * d) * stretch, xp)
        weight = xp.exp(-_within(falling - falling[_NODES // 2], 0.0, 700.0, xp)) / d
        risen = _cumulated(weight * stretch, xp)
        return risen / risen[-1], weight / risen[-1]

    # a profile whose steepness is that of the middle diffusivity is near enough to begin with
    y, slope = again(0.5 + 0.0 * place)
    if xp is not np:
        return place, *_traced(again, y, slope, xp)
    for _ in range(_MOST_ROUNDS):
        before, (y, slope) = y, again(y)
        if _settled(y - before, y):
            break
    return place, y, slope


def _traced(again: Callable[[Any], tuple[Any, Any]], y: Any, slope: Any, xp: Any) -> tuple[Any, Any]:
    """The iteration in JAX, whose loops see values alone: derivatives follow them by a few rounds."""
    from jax import lax

    def moves(state: tuple[Any, ...]) -> Any:
        rounds, y, before, _ = state
        return (rounds < _MOST_ROUNDS - _ROUNDS_BEHIND) & (xp.max(xp.abs(y - before)) >= _SETTLED)

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        rounds, y, _, _ = state
        return (rounds + 1, *_first(again(y), y))

    _, y, _, slope = lax.while_loop(moves, step, (0, y, 0.0 * y, slope))
    return lax.fori_loop(0, _ROUNDS_BEHIND, lambda _, both: again(both[0]), (y, slope))


def _first(both: tuple[Any, Any], before: Any) -> tuple[Any, Any, Any]:
    return both[0], before, both[1]


def interpolated(at: Any, profile: tuple[Any, Any, Any], xp: Any = np) -> Any:
    """A profile of `boltzmann_profile` at other l: a cubic through values and slopes, flat outside."""
    place, y, slope = profile
    real = xp.real(place)
    i = xp.clip(xp.searchsorted(real, xp.real(at)) - 1, 0, _NODES - 2)
    wide = place[i + 1] - place[i]
    u = _within((at - place[i]) / wide, 0.0, 1.0, xp)
    rise = y[i + 1] - y[i]
    bend = (1 - u) * (slope[i] * wide - rise) - u * (slope[i + 1] * wide - rise)
    return (1 - u) * y[i] + u * y[i + 1] + u * (1 - u) * bend


def _within(values: Any, low: float, high: float, xp: Any) -> Any:
    """Values held between two limits by their real part, so that a complex step goes through."""
    return xp.where(xp.real(values) < low, low, xp.where(xp.real(values) > high, high, values))


def _cumulated(values: Any, xp: Any) -> Any:
    """The integral up to each node, by Simpson's rule on halves of three nodes; exact for parabolas."""
    h = 2.0 / (_NODES - 1)
    inner = (5 * values[:-2] + 8 * values[1:-1] - values[2:]) * (h / 12)
    last = (5 * values[-1:] + 8 * values[-2:-1] - values[-3:-2]) * (h / 12)
    return xp.concatenate([xp.zeros_like(values[:1]), xp.cumsum(xp.concatenate([inner, last]))])


def _settled(change: Any, y: Any) -> bool:
    """Whether the iteration moves no more than rounding; a complex step has to settle too, whatever its size."""
    step, moved = (np.max(np.abs(np.imag(each))) for each in (y, change))
    return bool(np.max(np.abs(np.real(change))) < _SETTLED and moved <= _STEP_SETTLED * step)
