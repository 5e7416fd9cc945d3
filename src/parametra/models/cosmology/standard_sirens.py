"""Luminosity distances of standard sirens against redshift: gravitational waves that tell how far they come from."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from parametra.maths.distributions import Uniform
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._sirens import siren_catalogue, siren_form
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Fixed, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_SCHUTZ = Source(
    "B. F. Schutz", 1986, "Determining the Hubble constant from gravitational wave observations", "doi:10.1038/323310a0"
)
_AFROZ = Source(
    "S. Afroz and S. Mukherjee",
    2024,
    "Multi-Messenger Cosmology: A Route to Accurate Inference of Dark Energy Beyond CPL Parametrization from XG "
    "Detectors",
    "arXiv:2412.12285",
)
_BELGACEM = Source(
    "E. Belgacem, Y. Dirian, S. Foffa and M. Maggiore",
    2018,
    "Modified gravitational-wave propagation and standard sirens",
    "arXiv:1805.08731",
)
_XI0 = Real(
    0.1, 5.0, guess=1.0, unit="1", description="the distance of gravitational waves over that of light, far away"
)
_POWER = Real(0.1, 10.0, guess=2.0, unit="1", description="how fast in 1 + z the two distances part")


def form(_data: Any, dark_energy: str, curvature: str, propagation: str) -> Form:
    """The distance of light, and what modified gravity makes of it."""
    plain = siren_form(dark_energy, curvature, propagation)
    if propagation == "general_relativity":
        return plain
    return dataclasses.replace(
        plain,
        parameters={**plain.parameters, "Xi0": _XI0, "n": _POWER},
        priors={**plain.priors, "Xi0": Uniform(0.1, 5.0), "n": Uniform(0.1, 10.0)},
    )


def guess(data: Data) -> dict[str, float]:
    """H0 from the nearest third, with the other parameters at their usual values."""
    z, distance = data.inputs["z"], data.outputs["luminosity_distance"]
    near = np.argsort(z)[: max(1, data.rows // 3)]
    model: Any = siren_form("cosmological_constant", "flat").model
    with np.errstate(all="ignore"):
        unit = model({"H0": 1.0, "Omega_m": 0.3}, {"z": z[near]})
    known = (distance[near] > 0) & (unit > 0)
    rates = unit[known] / distance[near][known]
    return {"H0": float(np.clip(np.median(rates), 25.0, 145.0))} if rates.size else {}


def catalogue() -> Data:
    """Five years at a duty cycle of 75 %, 3750 sirens."""
    return siren_catalogue({"H0": 70.0, "Omega_m": 0.3, "w0": -0.9, "wa": 0.2, "wb": 0.1}, seed=2)


def ordinary() -> Data:
    """750 sirens in a universe of matter and a cosmological constant."""
    return siren_catalogue({"H0": 70.0, "Omega_m": 0.3}, per_year=200.0, seed=4)


READY = ReadyMade(
    name="cosmology.standard_sirens",
    summary="Luminosity distances against redshift, from matter, curvature, dark energy and the propagation of waves",
    formula=(
        "luminosity_distance = (1 + z) c / H0 sinh(q) / sqrt(Omega_k),\n"
        "q = sqrt(Omega_k) integral of dz / E over [0, z];\n"
        "of gravitational waves in modified gravity: times Xi0 + (1 - Xi0) / (1 + z)^n"
    ),
    good_for="gravitational waves whose host galaxy is known, and whatever else measures luminosity distances in Mpc",
    prefer_instead="cosmology.distance_modulus for magnitudes, whose errors are even in the logarithm of the distance",
    form=form,
    guess=guess,
    options={
        **background.OPTIONS,
        "propagation": Option(
            "general_relativity", "whether waves reach as far as light", ("general_relativity", "modified")
        ),
    },
    known=(
        Known(
            data=ordinary,
            about="750 simulated sirens, cosmological constant",
            estimate={"H0": 70.0, "Omega_m": 0.3},
            second_start={"H0": 40.0, "Omega_m": 0.8},
            source=_SCHUTZ,
        ),
        Known(
            data=catalogue,
            about="five simulated years of bright sirens, w0-wa-wb, matter known",
            estimate={"H0": 70.0, "w0": -0.9, "wa": 0.2, "wb": 0.1},
            second_start={"H0": 60.0, "w0": -1.5, "wa": 1.0, "wb": -1.0},
            options={"dark_energy": "w0_wa_wb"},
            parameters={"Omega_m": Fixed(0.3)},
            source=_AFROZ,
        ),
    ),
    sources=(_SCHUTZ, _AFROZ, _BELGACEM, background.HOGG),
)
