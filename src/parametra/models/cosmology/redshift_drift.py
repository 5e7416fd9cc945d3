"""The drift of redshifts as the expansion changes its pace while one watches (the test of Sandage and Loeb)."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.models.cosmology import _background as background
from parametra.models.cosmology._drift import drift_error, drift_function
from parametra.models.cosmology._survey import at_truth
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Fixed
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_SANDAGE = Source(
    "A. Sandage",
    1962,
    "The change of redshift and apparent luminosity of galaxies due to the deceleration of selected expanding "
    "universes",
    "doi:10.1086/147385",
)
_LOEB = Source(
    "A. Loeb",
    1998,
    "Direct measurement of cosmological parameters from the cosmic deceleration of extragalactic objects",
    "doi:10.1086/311375",
)
_KANG = Source(
    "J. Kang, T.-J. Zhang, P. He and M. Zhu",
    2025,
    "Redshift drift effect through the observation of HI 21cm signal with SKA",
    "arXiv:2501.15117",
)
_DIFFERENTIAL = Source(
    "authors of arXiv:2504.13583",
    2025,
    "Estimating constraints on cosmological parameters via the canonical and the differential redshift drift with SKA "
    "HI 21-cm observations",
    "arXiv:2504.13583",
)


def form(_data: Any, dark_energy: str, curvature: str, method: str) -> Form:
    """The differential one has a second redshift."""
    names = ("H0", *background.names(dark_energy, curvature))
    differential = method == "differential"
    return Form(
        model=drift_function(dark_energy, curvature, differential),
        parameters=background.parameters(*names),
        inputs={"z": "1", **({"z_reference": "1"} if differential else {}), "years": "yr"},
        outputs={"velocity": "mm/s"},
        priors=background.priors(*names),
    )


def guess(data: Data, method: str) -> dict[str, float]:
    """The best of 19 shares of matter in flat space, each with its own H0: the velocity is proportional to it."""
    differential = method == "differential"
    model: Any = drift_function("cosmological_constant", "flat", differential)
    measured = data.outputs["velocity"]
    weight = 1 / data.sigma.get("velocity", np.ones_like(measured))
    best, found = np.inf, dict[str, float]()
    for share in np.linspace(0.05, 0.95, 19):
        unit = model({"H0": 1.0, "Omega_m": share}, {**data.inputs, **data.constants}) * weight
        size = float(np.sum(unit**2))
        rate = float(np.clip(np.sum(unit * measured * weight) / size, 30.0, 140.0)) if size > 0 else 70.0
        cost = float(np.sum((rate * unit - measured * weight) ** 2))
        if cost < best:
            best, found = cost, {"H0": rate, "Omega_m": float(share)}
    return found


def canonical() -> Data:
    """Half a year at the 21-cm line of 100 galaxies at each of ten redshifts, resolved to 0.001 Hz."""
    z = np.linspace(0.1, 1.0, 10)
    truth = {"H0": 70.0, "Omega_m": 0.3}
    plain = form(None, "cosmological_constant", "flat", "canonical")
    return at_truth(plain, truth, {"z": z, "years": 0.5}, sigma=drift_error(z, lines=100.0), seed=1)


def differential() -> Data:
    """The same against lines at z = 2, constant w."""
    z = np.linspace(0.1, 1.0, 10)
    truth = {"H0": 70.0, "Omega_m": 0.3, "w": -1.0}
    inputs = {"z": z, "z_reference": 2.0, "years": 0.5}
    plain = form(None, "constant_w", "flat", "differential")
    return at_truth(plain, truth, inputs, sigma=drift_error(z, lines=100.0), seed=1)


READY = ReadyMade(
    name="cosmology.redshift_drift",
    summary="The drift of redshifts while one watches, as a velocity, from matter, curvature and dark energy",
    formula=(
        "canonical:     velocity = c H0 years (1 - E(z) / (1 + z)),  E = H / H0\n"
        "differential:  velocity = c H0 years (E(z_reference) / (1 + z_reference) - E(z) / (1 + z))"
    ),
    good_for="forecasts of surveys that watch spectral lines for years, and what such surveys measure",
    prefer_instead="cosmology.hubble_rate or cosmology.distance_modulus for data that exist today",
    form=form,
    guess=guess,
    options={
        **background.OPTIONS,
        "method": Option(
            "canonical",
            "whether a line is compared with itself or with one at another redshift",
            ("canonical", "differential"),
        ),
    },
    known=(
        Known(
            data=canonical,
            about="half a simulated year of the 21-cm line",
            estimate={"H0": 70.0, "Omega_m": 0.3},
            second_start={"H0": 100.0, "Omega_m": 0.6},
            source=_KANG,
        ),
        Known(
            data=differential,
            about="the same between two redshifts, H0 known",
            estimate={"Omega_m": 0.3, "w": -1.0},
            second_start={"Omega_m": 0.6, "w": -0.5},
            options={"dark_energy": "constant_w", "method": "differential"},
            parameters={"H0": Fixed(70.0)},
            source=_DIFFERENTIAL,
        ),
    ),
    sources=(_SANDAGE, _LOEB, _KANG, _DIFFERENTIAL),
)
