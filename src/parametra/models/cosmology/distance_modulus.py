"""Magnitudes of supernovae against redshift, for matter, curvature and four kinds of dark energy."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.distributions import Uniform
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._distances import modulus_function
from parametra.models.cosmology._survey import at_truth
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_SCOLNIC = Source(
    "D. M. Scolnic et al.",
    2018,
    "The complete light-curve sample of spectroscopically confirmed SNe Ia from Pan-STARRS1",
    "doi:10.3847/1538-4357/aab9bb",
)
_RIESS = Source(
    "A. G. Riess et al.", 1998, "Observational evidence from supernovae for an accelerating universe",
    "doi:10.1086/300499",
)  # fmt: skip
_OFFSET = Real(0.0, 60.0, guess=23.8, unit="mag", description="absolute magnitude + 25 + 5 log10(c / H0 / Mpc)")


def form(_data: Any, dark_energy: str, curvature: str, calibration: str) -> Form:
    """With H0 where distances are absolute; otherwise with one offset, in which H0 and the luminosity merge."""
    shape = background.names(dark_energy, curvature)
    calibrated = calibration == "absolute"
    first = background.parameters("H0") if calibrated else {"offset": _OFFSET}
    prior = background.priors("H0") if calibrated else {"offset": Uniform(0.0, 60.0)}
    return Form(
        model=modulus_function(dark_energy, curvature, calibrated),
        parameters={**first, **background.parameters(*shape)},
        inputs={"z": "1"},
        outputs={"magnitude": "mag"},
        priors={**prior, **background.priors(*shape)},
    )


def guess(data: Data, calibration: str) -> dict[str, float]:
    """The level of the nearest third above that of Omega_m = 0.3, which hardly matters there."""
    calibrated = calibration == "absolute"
    values = data.outputs["magnitude"]
    near = np.argsort(data.inputs["z"])[: max(1, data.rows // 3)]
    flat = modulus_function("cosmological_constant", "flat", False)
    with np.errstate(all="ignore"):
        above = values[near] - flat({"Omega_m": 0.3, "offset": 0.0}, {"z": data.inputs["z"][near]})
    known = above[np.isfinite(above)]
    if not known.size:
        return {}
    level = float(np.median(known))
    if not calibrated:
        return {"offset": float(np.clip(level, 1.0, 59.0))}
    rate = background.SPEED_OF_LIGHT * 10 ** np.clip((25 - level) / 5, -4.0, -3.0)
    return {"H0": float(np.clip(rate, 25.0, 145.0))}


def supernovae() -> Data:
    """40 bins of supernovae, drawn with the redshifts, errors and answer that such a sample has."""
    z = np.geomspace(0.014, 1.6, 40)
    sigma = 0.022 + 0.015 * z + 0.03 * np.exp(-z / 0.02)
    truth = {"offset": 23.81, "Omega_m": 0.298}
    plain = form(None, "cosmological_constant", "flat", "free")
    return at_truth(plain, truth, {"z": z}, sigma=sigma, seed=5)


def nearby_and_far() -> Data:
    """150 calibrated distances good to 0.03 mag, w = -0.9."""
    truth = {"H0": 73.0, "Omega_m": 0.3, "w": -0.9}
    z = np.random.default_rng(8).uniform(0.02, 1.5, 150)
    return at_truth(form(None, "constant_w", "flat", "absolute"), truth, {"z": z}, sigma=0.03, seed=9)


READY = ReadyMade(
    name="cosmology.distance_modulus",
    summary="Magnitudes of standard candles against redshift, from matter, curvature and dark energy",
    formula=(
        "magnitude = offset + 5 log10(H0 D_L / c),  or 25 + 5 log10(D_L / Mpc) where it is absolute;\n"
        "D_L = (1 + z) c / H0 sinh(q) / sqrt(Omega_k),  q = sqrt(Omega_k) integral of dz / E over [0, z]"
    ),
    good_for=(
        "supernovae of type Ia; magnitudes alone tell nothing of H0, so the offset is free unless told otherwise; "
        'distance moduli, m - M, are absolute and tell H0 by calibration="absolute", else their offset is about 43'
    ),
    prefer_instead="cosmology.standard_sirens for distances in Mpc; cosmology.hubble_rate for expansion rates",
    form=form,
    guess=guess,
    options={
        **background.OPTIONS,
        "calibration": Option(
            "free", "whether absolute magnitudes are known, so that H0 is determined", ("free", "absolute")
        ),
    },
    known=(
        Known(
            data=supernovae,
            about="40 simulated bins of supernovae",
            estimate={"offset": 23.81, "Omega_m": 0.298},
            second_start={"offset": 22.0, "Omega_m": 0.9},
            source=_SCOLNIC,
        ),
        Known(
            data=nearby_and_far,
            about="150 simulated supernovae of known luminosity, constant w",
            estimate={"H0": 73.0, "Omega_m": 0.3, "w": -0.9},
            second_start={"H0": 50.0, "Omega_m": 0.6, "w": -0.4},
            options={"dark_energy": "constant_w", "calibration": "absolute"},
            source=_RIESS,
        ),
    ),
    sources=(_RIESS, background.HOGG, _SCOLNIC),
)
