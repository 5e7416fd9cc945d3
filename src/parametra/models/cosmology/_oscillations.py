"""Distances from baryon acoustic oscillations, in units of the sound horizon: the model, and what DESI published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.models.cosmology import _background as background
from parametra.models.cosmology._distances import Function, square_of, transverse
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.noise_correlated import Covariance

DESI = Source(
    "DESI Collaboration, A. G. Adame et al.",
    2024,
    "DESI 2024 VI: Cosmological constraints from the measurements of baryon acoustic oscillations",
    "arXiv:2404.03002",
)

_MEAN, _ACROSS, _ALONG = 0.0, 1.0, 2.0
_ROWS = (
    (0.295, _MEAN, 7.93, 0.15),
    (0.510, _ACROSS, 13.62, 0.25),
    (0.510, _ALONG, 20.98, 0.61),
    (0.706, _ACROSS, 16.85, 0.32),
    (0.706, _ALONG, 20.08, 0.60),
    (0.930, _ACROSS, 21.71, 0.28),
    (0.930, _ALONG, 17.88, 0.35),
    (1.317, _ACROSS, 27.79, 0.69),
    (1.317, _ALONG, 13.82, 0.42),
    (1.491, _MEAN, 26.07, 0.67),
    (2.330, _ACROSS, 39.71, 0.94),
    (2.330, _ALONG, 8.52, 0.17),
)
_CORRELATIONS = {1: -0.445, 3: -0.420, 5: -0.389, 7: -0.444, 10: -0.477}
"""First row of a pair, across and along, to their correlation."""


def desi_first_year() -> Data:
    """Twelve distances over the sound horizon, of galaxies, quasars and the Lyman alpha forest (table 1)."""
    z, direction, ratio, _ = (list(column) for column in zip(*_ROWS, strict=True))
    table = {"z": z, "direction": direction, "ratio": ratio}
    units = {"z": "1", "direction": "1", "ratio": "1"}
    return Data(
        table,
        inputs=["z", "direction"],
        output="ratio",
        units=units,
        name="DESI, first year",
        source="arXiv:2404.03002",
    )


def desi_covariance() -> Covariance:
    """Of the rows of `desi_first_year`."""
    sigma = np.array([row[3] for row in _ROWS])
    matrix = np.diag(sigma**2)
    for first, correlation in _CORRELATIONS.items():
        matrix[first, first + 1] = matrix[first + 1, first] = correlation * sigma[first] * sigma[first + 1]
    return Covariance(matrix)


def ratio_function(dark_energy: str, curvature: str) -> Function:
    """A model of D_V / r_d, D_M / r_d and D_H / r_d, where direction is 0, 1 and 2."""
    square = square_of(dark_energy, curvature)

    def ratio(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        z, direction = inputs["z"], inputs["direction"]
        across = transverse(square, parameters, z)
        along = 1 / np.sqrt(square.evaluate({**parameters, "x": 1 + z}, np))
        mean = np.exp(np.log(z * across**2 * along) / 3)
        chosen = np.where(direction < 0.5, mean, np.where(direction < 1.5, across, along))
        return background.SPEED_OF_LIGHT / 100 / parameters["h_rd"] * chosen

    return ratio
