"""The same column by finite volumes and implicit steps: the full solution, to check the fast one by."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.errors import ModelError

_FACE = np.array([2.0, -13.0, 47.0, 27.0, -3.0]) / 60
"""Weights of three cells upstream and two downstream of a face: fifth order."""

_BEHIND = 6  # cells behind the outlet, which stand for the rest of the column
_FEWEST = 12


def finite_differences(
    time: Float[np.ndarray, " times"],
    retention_factor: Float[np.ndarray, " compounds"],
    desorption_rate: Float[np.ndarray, " compounds"],
    *,
    length: float,
    velocity: float,
    diffusivity: float,
    injection_duration: float,
    cells: int = 1500,
    courant: float = 2.0,
) -> Float[np.ndarray, "compounds times"]:
    """What leaves the column at each time, of each compound, after a rectangular injection of unit area.

        c_t + u c_x + q_t = D c_xx,    q_t = k kd c - kd q

    Fifth-order upwind faces, exact in mass, and steps of Radau's fifth-order method, implicit, so that fast kinetics
    cost nothing. Good for checking `chromatography.column`, and as a base for what a Laplace transform cannot do.
    Prefer `chromatography.column`, which is faster by orders of magnitude, for fitting.

    Arguments:
        time: at or above zero, in the unit of 1 / desorption_rate.
        retention_factor, desorption_rate: k and kd of each compound.
        length, velocity, diffusivity: of the column and of the gas in it.
        injection_duration: how long the injection lasts.
        cells: how many; some ten a standard deviation of the narrowest zone at the outlet give 1e-3 of its height.
        courant: how many cells the gas passes in a step.

    Raises:
        ModelError: times below zero, fewer cells than the scheme needs, or a column without length, flow or injection.
    """
    from scipy.interpolate import CubicSpline

    if time.size == 0 or time.min() < 0:
        raise ModelError(
            "finite_differences wants times at or above zero; leave out what was recorded before injection."
        )
    if cells < _FEWEST:
        raise ModelError(f"finite_differences needs {_FEWEST} cells or more; cells={cells} came. Try cells=1500.")
    if min(length, velocity, injection_duration, courant) <= 0 or diffusivity < 0:
        raise ModelError(
            "finite_differences wants a length, velocity, injection_duration and courant above zero and a diffusivity "
            f"at or above it; {length:g}, {velocity:g}, {injection_duration:g}, {courant:g} and {diffusivity:g} came."
        )
    width = length / cells
    injecting = max(1, math.ceil(injection_duration * velocity / (courant * width)))
    step = injection_duration / injecting
    steps = math.ceil(time.max() / step) + 1
    kept = cells + _BEHIND + math.ceil(10 * diffusivity / (velocity * width))
    transport, inflow = _transport(kept, width, velocity, diffusivity)
    found = np.empty((len(retention_factor), time.size))
    for i, (factor, rate) in enumerate(zip(retention_factor, desorption_rate, strict=True)):
        advance = _radau(transport, inflow / injection_duration, float(factor * rate), float(rate), step)
        gas, wall = np.zeros(kept), np.zeros(kept)
        outlet = np.zeros(steps + 1)
        for at in range(steps):
            gas, wall = advance(gas, wall, at < injecting)
            outlet[at + 1] = _FACE @ gas[cells - 3 : cells + 2]
        found[i] = CubicSpline(step * np.arange(steps + 1), outlet)(time)
    return found


def _transport(kept: int, width: float, velocity: float, diffusivity: float) -> tuple[np.ndarray, np.ndarray]:
    """The rates of change in the gas: the bands of their matrix, as LAPACK has them, and what an inlet of 1 adds."""

    def rates(gas: np.ndarray, inlet: float) -> np.ndarray:
        padded = np.concatenate([np.full(3, inlet), gas, np.repeat(gas[-1:], 2)])
        flux = velocity * np.convolve(padded, _FACE[::-1], mode="valid")
        flux[0] = velocity * inlet - diffusivity * (gas[0] - inlet) / (0.5 * width)
        flux[1:-1] -= diffusivity * np.diff(gas) / width
        return -np.diff(flux) / width

    bands, cells = np.zeros((6, kept), dtype=complex), np.arange(kept)
    for comb in range(6):  # cells six apart reach different neighbours, so one call tells all of their columns
        column = rates((cells % 6 == comb).astype(float), 0.0)
        for offset in range(-2, 4):
            at = np.flatnonzero(cells % 6 == comb) + offset
            at = at[(at >= 0) & (at < kept)]
            bands[2 + offset, at - offset] = column[at]
    return bands, rates(np.zeros(kept), 1.0)


def _radau(
    transport: np.ndarray, inflow: np.ndarray, adsorption: float, desorption: float, step: float
) -> Callable[[np.ndarray, np.ndarray, bool], tuple[np.ndarray, np.ndarray]]:
    """One step of y' = A y + b: exp(h A) as Pade's [2/3] fraction, a sum over its poles of shares / (h A - pole).

    At each pole what is on the wall follows from what is in the gas, so only the bands of the gas are factorised.
    """
    from scipy.linalg import get_lapack_funcs

    factorise, solve = get_lapack_funcs(("gbtrf", "gbtrs"), dtype=complex)
    bottom = np.polynomial.Polynomial([60, -36, 9, -1])
    top = np.polynomial.Polynomial([60, 24, 3])
    poles = [pole for pole in bottom.roots() if pole.imag >= -1e-9]
    shares = [top(pole) / bottom.deriv()(pole) * (2 if pole.imag > 1e-9 else 1) for pole in poles]
    factors = []
    for pole in poles:
        room = np.zeros((9, transport.shape[1]), dtype=complex)
        room[3:] = step * transport
        wall = step * desorption + pole
        room[5] += step * adsorption * (step * desorption / wall - 1) - pole
        lu, pivots, _ = factorise(room, 3, 2)
        factors.append((lu, pivots, wall))

    def advance(gas: np.ndarray, wall: np.ndarray, injecting: bool) -> tuple[np.ndarray, np.ndarray]:
        new_gas, new_wall = np.zeros(len(gas)), np.zeros(len(gas))
        for pole, share, (lu, pivots, beyond) in zip(poles, shares, factors, strict=True):
            right = gas + step / pole * inflow * injecting + step * desorption / beyond * wall
            in_gas, _ = solve(lu, 3, 2, right, pivots)
            new_gas += (share * in_gas).real
            new_wall += (share * (step * adsorption * in_gas - wall) / beyond).real
        return new_gas, new_wall

    return advance
