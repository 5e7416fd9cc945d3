"""Beeler and Reuter's equations of 1977, and how they are integrated.

Each rate of a gate is (C1 exp(C2 (V + C3)) + C4 (V + C5)) / (exp(C6 (V + C3)) + C7), with the constants of their table.

A step is exponential and of second order: about its middle each state is taken to follow dy/dt = a (y - y0) + b, with a
its own slope there, and that is solved. The stiff gates ask for no short steps then (Rush and Larsen 1978,
doi:10.1109/TBME.1978.326270; Sundnes et al. 2009, doi:10.1109/TBME.2009.2014739).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

_OPENING = np.array(
    [  # C1 1/ms, C2 1/mV, C3 mV, C4 1/(mV ms), C6 1/mV, C7; C5 = C3 wherever C4 is not zero
        [0.0005, 0.083, 50.0, 0.0, 0.057, 1.0],  # x1
        [0.0, 0.0, 47.0, -1.0, -0.1, -1.0],  # m
        [0.126, -0.25, 77.0, 0.0, 0.0, 0.0],  # h
        [0.055, -0.25, 78.0, 0.0, -0.2, 1.0],  # j
        [0.095, -0.01, -5.0, 0.0, -0.072, 1.0],  # d
        [0.012, -0.008, 28.0, 0.0, 0.15, 1.0],  # f
    ]
)
_CLOSING = np.array(
    [
        [0.0013, -0.06, 20.0, 0.0, -0.04, 1.0],
        [40.0, -0.056, 72.0, 0.0, 0.0, 0.0],
        [1.7, 0.0, 22.5, 0.0, -0.082, 1.0],
        [0.3, 0.0, 32.0, 0.0, -0.1, 1.0],
        [0.07, -0.017, 44.0, 0.0, 0.05, 1.0],
        [0.0065, -0.02, 30.0, 0.0, -0.2, 1.0],
    ]
)
_SODIUM_REVERSAL = 50.0
_NEAR = 1e-3
"""So near zero a series takes the place of u / (1 - exp(-u)), which is 0 / 0 there; it is then good to 1e-15."""
_SAFE = 300.0
"""Voltages beyond are taken for that: what far corners of the parameters run into stays a number."""


@dataclass(frozen=True)
class Grid:
    """The steps of an integration.

    Arguments:
        begin, onset, duration: when it begins, and when the stimulus does and for how long; ms.
        fine, coarse: the longest steps in the stimulus, and before and after the upstroke; ms. In the three
            milliseconds after the stimulus they are four times the fine ones. With these two the voltage is good to
            0.1 mV and the calcium to 0.002 umol/L.
    """

    begin: float
    onset: float
    duration: float
    fine: float = 0.005
    coarse: float = 0.4

    def nodes(self, end: float) -> tuple[np.ndarray, np.ndarray]:
        """Times (n + 1,) up to an end at least, and whether each step is stimulated (n,)."""
        marks = [self.begin, self.onset, self.onset + self.duration, self.onset + self.duration + 3.0]
        marks.append(max(end, marks[-1]) + self.coarse)
        parts = [np.array([self.begin])]
        for i, (low, high) in enumerate(pairwise(marks)):
            if high > low:
                count = int(np.ceil((high - low) / (self.coarse, self.fine, 4 * self.fine, self.coarse)[i] - 1e-9))
                parts.append(low + (high - low) * np.arange(1, count + 1) / count)
        times = np.concatenate(parts)
        middle = 0.5 * (times[1:] + times[:-1])
        return times, ((middle > marks[1]) & (middle < marks[2])).astype(float)


def ratio(u: Any, xp: Any = np) -> Any:
    """The quotient u / (1 - exp(-u)), smooth through zero."""
    near = xp.abs(u) < _NEAR
    safe = xp.where(near, 1.0, u)
    return xp.where(near, 1 + u / 2 + u * u / 12, safe / -xp.expm1(-safe))


def rates(voltage: Any, xp: Any = np) -> tuple[Any, Any]:
    """By which the gates x1, m, h, j, d, f open and close, (6, ...) each, 1/ms, at a voltage in mV."""

    def of(table: np.ndarray) -> Any:
        c1, c2, c3, _, c6, c7 = (column.reshape(-1, *(1 for _ in np.shape(voltage))) for column in table.T)
        v = voltage + c3
        return c1 * xp.exp(c2 * v) / (xp.exp(c6 * v) + xp.where(c7 < 0, 1.0, c7))

    opening = of(_OPENING)
    sodium = 10 * ratio(0.1 * (voltage + 47.0), xp)
    return xp.concatenate([opening[:1], sodium[None], opening[2:]]), of(_CLOSING)


def _slopes(at: Mapping[str, Any], push: Any, voltage: Any, calcium: Any, gates: Any, xp: Any) -> tuple[Any, Any]:
    """Slopes of voltage, calcium and gates, and each by its own state."""
    x1, m, h, j, d, f = gates
    v = xp.where(xp.real(voltage) > _SAFE, _SAFE, xp.where(xp.real(voltage) < -_SAFE, -_SAFE, voltage))
    opening, closing = rates(v, xp)
    free = xp.where(xp.real(calcium) > 1e-9, calcium, 1e-9)
    sodium = at["sodium_conductance"] * m**3 * h * j + at["background_sodium_conductance"]
    slow = at["slow_inward_conductance"] * d * f
    inward = slow * (v + 82.3 + 13.0287 * xp.log(1e-6 * free))
    e53, e35 = xp.exp(0.04 * (v + 53.0)), xp.exp(-0.04 * (v + 35.0))
    steady = 4 * (xp.exp(0.04 * (v + 85.0)) - 1) / (e53 * e53 + e53) + 5 * ratio(0.04 * (v + 23.0), xp)
    delayed = at["delayed_outward_current"] * x1
    current = (
        at["inward_rectifier_current"] * steady
        + delayed * (np.exp(1.68) - e35)
        + sodium * (v - _SODIUM_REVERSAL)
        + inward
    )
    # of the inward rectifier the larger part; an exact slope is not needed for the order of the method
    steeper = at["inward_rectifier_current"] * 0.16 / (e53 + e53 * e53) + delayed * 0.04 * e35 + sodium + slow
    c = at["capacitance"]
    return (
        ((push - current) / c, 0.07 * (0.1 - calcium) - 0.1 * inward, opening * (1 - gates) - closing * gates),
        (-steeper / c, -0.07 - 1.30287 * slow / free, -opening - closing),
    )


def _reach(a: Any, span: Any, xp: Any) -> Any:
    """(exp(a s) - 1) / a for a < 0."""
    return xp.expm1(a * span) / a


def action_potential(at: Mapping[str, Any], time: Any, nodes: Any, stimulated: Any) -> tuple[Any, Any]:
    """Voltage (mV) and calcium (umol/L) at the times, (n,), or (g, n) for many points.

    Arguments:
        at: `sodium_conductance`, `background_sodium_conductance` and `slow_inward_conductance` in mS/cm2,
            `inward_rectifier_current`, `delayed_outward_current` and `stimulus_current` in uA/cm2, `capacitance` in
            uF/cm2, `first_voltage` in mV, `first_calcium` in umol/L: numbers, or (g,).
        time: (n,), ms, between the nodes.
        nodes, stimulated: as from `Grid.nodes`.
    """
    shape = np.broadcast_shapes(*(np.shape(each) for each in at.values()))
    if not shape:
        path = _compiled_path({name: np.asarray(each) for name, each in at.items()}, np.diff(nodes), stimulated)
    else:
        path = _path(at, np.diff(nodes), stimulated, shape, np)
    k = np.clip(np.searchsorted(nodes, time, side="right") - 1, 0, len(nodes) - 2)
    gone = (time - nodes[k]).reshape(-1, *(1 for _ in shape))
    v, va, vb, c, ca, cb = (each[k] for each in path)
    pair = (v + _reach(va, gone, np) * vb, c + _reach(ca, gone, np) * cb)
    return (pair[0].T, pair[1].T) if shape else pair


def _path(at: Mapping[str, Any], spans: Any, stimulated: Any, shape: tuple[int, ...], xp: Any) -> Sequence[Any]:
    """Voltage, its a and its b at the begin of each step, and the same of calcium, (steps, ...) each."""
    voltage = at["first_voltage"] + xp.zeros(shape)
    opening, closing = rates(voltage, xp)
    # by the sum of all, so that complex steps and tangents of any of them find the type that they need
    blank = 0.0 * sum(at.values())
    first = (voltage + blank, at["first_calcium"] + blank, opening / (opening + closing) + blank)

    def step(states: Any, here: Any) -> tuple[Any, Any]:
        voltage, calcium, gates = states
        span, push = here[0], here[1] * at["stimulus_current"]
        slope, own = _slopes(at, push, voltage, calcium, gates, xp)
        voltage, calcium, gates = half = [
            y + _reach(a, 0.5 * span, xp) * b for y, a, b in zip(states, own, slope, strict=True)
        ]
        slope, own = _slopes(at, push, voltage, calcium, gates, xp)
        rest = [b - a * (z - y) for y, z, a, b in zip(states, half, own, slope, strict=True)]
        moved = tuple(y + _reach(a, span, xp) * b for y, a, b in zip(states, own, rest, strict=True))
        return moved, (states[0], own[0], rest[0], states[1], own[1], rest[1])

    if xp is not np:
        import jax

        return jax.lax.scan(step, first, (spans, stimulated))[1]
    found: list[Any] = []
    with np.errstate(all="ignore"):
        for here in zip(spans, stimulated, strict=True):
            first, told = step(first, here)
            found.append(told)
    return [np.stack(each) for each in zip(*found, strict=True)]


def _compiled_path(at: Mapping[str, np.ndarray], spans: np.ndarray, stimulated: np.ndarray) -> Sequence[np.ndarray]:
    """The path of one point: thousands of short steps, for which the loop of Python is ten times too slow."""
    import jax

    with jax.enable_x64(True):
        return [np.asarray(each) for each in _jitted()(dict(at), spans, stimulated)]


@cache
def _jitted() -> Any:
    import jax
    import jax.numpy as jnp

    return jax.jit(lambda at, spans, stimulated: _path(at, spans, stimulated, (), jnp))
