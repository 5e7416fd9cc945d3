"""The drift of redshifts as a velocity, and how well spectra of the 21-cm line resolve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._background import Number
from parametra.models.cosmology._distances import Function, square_of
from parametra.models.cosmology._wanted import redshifts
from parametra.nouns.errors import DataError
from parametra.nouns.formula import Formula

_LINE_FREQUENCY = 1_420_405_751.768
"""Of neutral hydrogen at rest, Hz."""

DRIFT_SCALE = background.SPEED_OF_LIGHT * 1e6 * 31_557_600.0 / 3.0856775814913673e19
"""c times 1 km/s/Mpc times one Julian year, in mm/s."""


def drift_function(dark_energy: str, curvature: str, differential: bool) -> Function:
    """A model of the velocity in mm/s.

    canonical       c H0 years (1 - E(z) / (1 + z))
    differential    c H0 years (E(z_reference) / (1 + z_reference) - E(z) / (1 + z))
    """
    square = square_of(dark_energy, curvature)

    def velocity(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        there = _slowed(square, parameters, inputs["z_reference"]) if differential else 1.0
        here = _slowed(square, parameters, inputs["z"])
        return DRIFT_SCALE * parameters["H0"] * inputs["years"] * (there - here)

    return velocity


def _slowed(square: Formula, parameters: Mapping[str, Any], z: Any) -> Any:
    return np.sqrt(square.evaluate({**parameters, "x": 1 + z}, np)) / (1 + z)


def drift_error(
    z: Float[np.ndarray, " n"], *, resolution: Number = 0.001, lines: Number = 1.0
) -> Float[np.ndarray, " n"]:
    """The standard error in mm/s of a velocity read off the 21-cm line: c resolution (1 + z) / f / sqrt(lines).

    Arguments:
        z: redshifts.
        resolution: of the spectra, in Hz.
        lines: how many such lines are averaged at each redshift.

    Raises:
        DataError: a resolution or a number of lines that is not above zero, or a redshift below 0.
    """
    if not (resolution > 0 and lines > 0):
        raise DataError(f"resolution and lines are above 0; resolution={resolution} and lines={lines} came.")
    return background.SPEED_OF_LIGHT * 1e6 * resolution * (1 + redshifts(z)) / _LINE_FREQUENCY / lines**0.5
