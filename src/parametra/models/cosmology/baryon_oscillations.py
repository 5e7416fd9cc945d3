"""Baryon acoustic oscillations: distances in units of the sound horizon, across the line of sight and along it."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.distributions import Uniform
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._oscillations import DESI, desi_covariance, desi_first_year, ratio_function
from parametra.models.cosmology._survey import at_truth
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError
from parametra.nouns.parameter import Real
from parametra.nouns.ready_made import Form, Known, ReadyMade

_EISENSTEIN = Source(
    "D. J. Eisenstein et al.",
    2005,
    "Detection of the baryon acoustic peak in the large-scale correlation function of SDSS luminous red galaxies",
    "doi:10.1086/466512",
)
_RULER = Real(20.0, 500.0, guess=100.0, unit="Mpc", description="the sound horizon times H0 / (100 km/s/Mpc)")


def form(data: tuple[Data, ...] | None, dark_energy: str, curvature: str) -> Form:
    """One scale, the product of the sound horizon and H0, which such data cannot part."""
    for each in data or ():
        stated: Any = {**each.constants, **each.inputs}.get("direction", 0.0)
        column = np.atleast_1d(np.asarray(stated, dtype=float))
        wrong = np.flatnonzero(~np.isin(column, (0.0, 1.0, 2.0)))
        if wrong.size:
            raise DataError(
                f"direction is 0 for D_V, 1 for D_M and 2 for D_H; row {wrong[0] + 1} of the data "
                f'"{each.name}" has {column[wrong[0]]:g}.'
            )
    shape = background.names(dark_energy, curvature)
    return Form(
        model=ratio_function(dark_energy, curvature),
        parameters={"h_rd": _RULER, **background.parameters(*shape)},
        inputs={"z": "1", "direction": "1"},
        outputs={"ratio": "1"},
        priors={"h_rd": Uniform(20.0, 500.0), **background.priors(*shape)},
    )


def guess(data: Data) -> dict[str, float]:
    """The median scale that Omega_m = 0.3 needs."""
    with np.errstate(all="ignore"):
        unit: Any = ratio_function("cosmological_constant", "flat")({"h_rd": 1.0, "Omega_m": 0.3}, data.inputs)
    ratio = data.outputs["ratio"]
    known = (ratio > 0) & np.isfinite(unit)
    scales = unit[known] / ratio[known]
    return {"h_rd": float(np.clip(np.median(scales), 30.0, 400.0))} if scales.size else {}


def evolving() -> Data:
    """20 redshifts of a survey ten times as good, w0 = -0.8 and wa = -0.7."""
    truth = {"h_rd": 101.0, "Omega_m": 0.31, "w0": -0.8, "wa": -0.7}
    z = np.tile(np.linspace(0.2, 2.4, 20), 2)
    inputs = {"z": z, "direction": np.repeat([1.0, 2.0], 20)}
    return at_truth(form(None, "w0_wa", "flat"), truth, inputs, relative=0.003, seed=7)


READY = ReadyMade(
    name="cosmology.baryon_oscillations",
    summary="Distances over the sound horizon of acoustic oscillations, from matter, curvature and dark energy",
    formula=(
        "ratio = D_V / r_d where direction = 0,  D_M / r_d where 1,  D_H / r_d where 2;\n"
        "D_H = c / H,  D_V = (z D_M^2 D_H)^(1/3),  h_rd = r_d H0 / (100 km/s/Mpc)"
    ),
    good_for="the acoustic scale in the clustering of galaxies, quasars and the Lyman alpha forest",
    prefer_instead="cosmology.distance_modulus or cosmology.standard_sirens for sources that are seen one by one",
    form=form,
    guess=guess,
    options=background.OPTIONS,
    known=(
        Known(
            data=desi_first_year,
            about="the first year of DESI",
            estimate={"Omega_m": "0.295", "h_rd": "102"},
            standard_error={"Omega_m": "0.015", "h_rd": "1.3"},
            second_start={"Omega_m": 0.8, "h_rd": 150.0},
            noise=desi_covariance(),
            source=DESI,
        ),
        Known(
            data=evolving,
            about="a simulated survey, dark energy that evolves",
            estimate={"h_rd": 101.0, "Omega_m": 0.31, "w0": -0.8, "wa": -0.7},
            second_start={"h_rd": 140.0, "Omega_m": 0.5, "w0": -1.3, "wa": 0.5},
            options={"dark_energy": "w0_wa"},
            source=background.LINDER,
        ),
    ),
    sources=(_EISENSTEIN, DESI, background.HOGG),
)
