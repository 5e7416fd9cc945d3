"""Distances in an expanding Universe, those to many redshifts by one Chebyshev series.

    D_C(z) = c / H0 * integral of dz / E over [0, z]        line of sight, comoving
    D_M    = D_C sinh(q) / q,  q^2 = Omega_k (H0 D_C / c)^2  across it (sin where Omega_k < 0)
    D_L    = (1 + z) D_M,   D_A = D_M / (1 + z)

The integral runs over s = (1 + z)^(-1/2), in which it is a straight line for matter alone, and takes 48 values of E
however many redshifts there are: for z below 10 to 1e-13 in universes that fit data, to 1e-9 in those that hardly had a
beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.cumulative_quadrature import cumulative_rule
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._background import Number
from parametra.models.cosmology._wanted import FURTHEST, known_names, number, redshifts
from parametra.nouns.formula import Formula

_NODES, _SERIES = cumulative_rule(48)
_ORDERS = np.arange(1.0, 49.0)
_BEYOND = 0.97
"""How much smaller than the smallest s the series reaches, so that its ends are smooth in the last redshift too."""

_CURVED = tuple(1.0 / np.prod(np.arange(2.0, 2.0 * k + 2.0)) for k in range(16, -1, -1))
"""1 / (2 k + 1)!, the series of sinh(q) / q in q^2: entire, so that open, flat and closed space are one formula."""

_UNIVERSE = ("H0", "Omega_m", "Omega_k", "w0", "wa", "wb")

Function = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def transverse(square: Formula, parameters: Mapping[str, Any], z: Any) -> Any:
    """H0 D_M / c, for the formula of E^2 in x = 1 + z."""
    passed = -np.expm1(-0.5 * np.log1p(z))
    reach = 1 - _BEYOND * (1 - np.max(passed))
    s = 1 - reach * _NODES
    values = {**parameters, "x": 1 / s**2}
    terms = _SERIES @ (2 / (s**3 * np.sqrt(square.evaluate(values, np))))
    angles = np.arcsin(np.sqrt(passed / reach))
    along = reach * (np.sin(angles[..., None] * _ORDERS) ** 2 @ terms)
    if "Omega_k" not in square.names:
        return along
    bend, curved = parameters["Omega_k"] * along**2, 0.0
    for coefficient in _CURVED:
        curved = curved * bend + coefficient
    return along * curved


def square_of(dark_energy: str, curvature: str) -> Formula:
    """E^2 as a formula of x = 1 + z."""
    return Formula.parse(background.expansion_square(dark_energy, curvature, "x"), where="E^2")


def luminosity_function(dark_energy: str, curvature: str, propagation: str = "general_relativity") -> Function:
    """A model of the luminosity distance in Mpc.

    Arguments:
        dark_energy, curvature: as in `_background`.
        propagation: "general_relativity", or "modified" for the distance of gravitational waves, which is
            D_L (Xi0 + (1 - Xi0) / (1 + z)^n).
    """
    square = square_of(dark_energy, curvature)
    modified = propagation == "modified"

    def luminosity_distance(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        x = 1 + inputs["z"]
        scale = background.SPEED_OF_LIGHT / parameters["H0"]
        if modified:
            scale = scale * (parameters["Xi0"] + (1 - parameters["Xi0"]) * np.exp(-parameters["n"] * np.log(x)))
        return scale * x * transverse(square, parameters, inputs["z"])

    return luminosity_distance


def modulus_function(dark_energy: str, curvature: str, calibrated: bool) -> Function:
    """A model of the distance modulus, or of magnitudes whose zero point is a parameter of its own."""
    square = square_of(dark_energy, curvature)

    def distance_modulus(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        shape = 5 * np.log10((1 + inputs["z"]) * transverse(square, parameters, inputs["z"]))
        if calibrated:
            return 25 + 5 * np.log10(background.SPEED_OF_LIGHT / parameters["H0"]) + shape
        return parameters["offset"] + shape

    return distance_modulus


def comoving_distance(
    z: Any, *, H0: Number = 70.0, Omega_m: Number = 0.3, Omega_k: Number = 0.0, w0: Number = -1.0, wa: Number = 0.0,
    wb: Number = 0.0,
) -> np.ndarray:  # fmt: skip
    """D_M in Mpc at redshifts z from 0 on: comoving, across the line of sight; in flat space also along it.

    Arguments:
        z: redshifts, any shape, at most 50: radiation is left out.
        H0: km/s/Mpc.
        Omega_m, Omega_k: shares of matter and curvature today; the rest is dark energy.
        w0, wa, wb: its pressure over density, w0 + wa (1 - a) + wb (1 - a)^2.

    Raises:
        DataError: a redshift below 0 or above 50.
        ModelError: a rate that is not above 0, or what is no number.

    Source: Hogg (1999), arXiv:astro-ph/9905116.
    """
    redshift = redshifts(z, furthest=FURTHEST)
    scale = background.SPEED_OF_LIGHT / number("H0", H0, above=0.0)
    values = {"Omega_m": Omega_m, "Omega_k": Omega_k, "w0": w0, "wa": wa, "wb": wb}
    values = {name: number(name, value) for name, value in values.items()}
    if redshift.size == 0:
        return redshift
    square = square_of("w0_wa_wb", "free")
    return np.asarray(scale * transverse(square, values, redshift))


def luminosity_distance(z: Any, **universe: Number) -> np.ndarray:
    """D_L = (1 + z) D_M in Mpc, with the arguments of `comoving_distance`."""
    known_names("luminosity_distance: the argument", universe, _UNIVERSE)
    return np.asarray((1 + redshifts(z)) * comoving_distance(z, **universe))


def angular_diameter_distance(z: Any, **universe: Number) -> np.ndarray:
    """D_A = D_M / (1 + z) in Mpc, with the arguments of `comoving_distance`."""
    known_names("angular_diameter_distance: the argument", universe, _UNIVERSE)
    return np.asarray(comoving_distance(z, **universe) / (1 + redshifts(z)))
