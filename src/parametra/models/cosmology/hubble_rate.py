"""The expansion history of the Universe, H(z), for matter, curvature and four kinds of dark energy."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.models.cosmology import _background as background
from parametra.models.cosmology._chronometers import MORESCO, cosmic_chronometers
from parametra.models.cosmology._survey import at_truth
from parametra.nouns.data import Data
from parametra.nouns.ready_made import Form, Known, ReadyMade


def form(_data: Any, dark_energy: str, curvature: str) -> Form:
    """H0 times the square root of the formula of the background."""
    names = ("H0", *background.names(dark_energy, curvature))
    square = background.expansion_square(dark_energy, curvature, "(1 + z)")
    plain = dark_energy == "cosmological_constant" and curvature == "flat"
    return Form(
        model={"H": f"H0 * sqrt({square})"},
        parameters=background.parameters(*names),
        inputs={"z": "1"},
        outputs={"H": "km/s/Mpc"},
        priors=background.priors(*names),
        # where deceleration turned into acceleration: Omega_m (1 + z)^3 = 2 (1 - Omega_m)
        derived={"z_acceleration": "(2 * (1 - Omega_m) / Omega_m)**(1/3) - 1"} if plain else {},
    )


def guess(data: Data) -> dict[str, float]:
    """H^2 is linear in (1 + z)^3 in a flat universe with a cosmological constant."""
    cube, square = (1 + data.inputs["z"]) ** 3, data.outputs["H"] ** 2
    kept = np.isfinite(cube) & np.isfinite(square)
    spread = float(np.ptp(cube[kept])) if kept.any() else 0.0
    if spread < 1e-6:
        return {}
    # the errors of H^2 grow with H, so that late rates count for more than early ones
    sigma = data.sigma.get("H", np.ones_like(square))[kept] * np.maximum(np.sqrt(square[kept]), 1e-3)
    rows = np.stack([cube[kept], np.ones(int(kept.sum()))], axis=1) / sigma[:, None]
    slope, level = np.linalg.lstsq(rows, square[kept] / sigma, rcond=None)[0]
    today = float(np.clip(slope + level, 30.0**2, 140.0**2))
    return {"H0": today**0.5, "Omega_m": float(np.clip(slope / today, 0.05, 0.9))}


def simulated() -> Data:
    """40 expansion rates good to 1 %, as planned surveys of galaxies promise; w0 = -0.8, wa = -0.6."""
    truth = {"H0": 70.0, "Omega_m": 0.3, "w0": -0.8, "wa": -0.6}
    options = {"dark_energy": "w0_wa", "curvature": "flat"}
    return at_truth(form(None, **options), truth, {"z": np.linspace(0.05, 2.5, 40)}, relative=0.01, seed=11)


READY = ReadyMade(
    name="cosmology.hubble_rate",
    summary="The expansion history of the Universe: its rate at past times, from matter, curvature and dark energy",
    formula=(
        "H(z) = H0 sqrt(Omega_m (1 + z)^3 + Omega_k (1 + z)^2 + (1 - Omega_m - Omega_k) D(z)),\n"
        "D(z) = exp(3 integral of (1 + w) d ln(1 + z)),  w = w0 + wa (1 - a) + wb (1 - a)^2,  a = 1 / (1 + z)"
    ),
    good_for="expansion rates from cosmic chronometers or the radial scale of baryon acoustic oscillations",
    prefer_instead=(
        "cosmology.distance_modulus for supernovae, cosmology.standard_sirens for distances; without radiation, none "
        "of these is for z far above 10"
    ),
    form=form,
    guess=guess,
    options=background.OPTIONS,
    known=(
        Known(
            data=cosmic_chronometers,
            about="31 cosmic chronometers",
            estimate={"H0": "68", "Omega_m": "0.3"},
            standard_error={"H0": "3", "Omega_m": "0.06"},
            second_start={"H0": 45.0, "Omega_m": 0.8},
            source=MORESCO,
        ),
        Known(
            data=simulated,
            about="40 simulated rates good to 1 %, dark energy that evolves",
            estimate={"H0": 70.0, "Omega_m": 0.3, "w0": -0.8, "wa": -0.6},
            second_start={"H0": 50.0, "Omega_m": 0.6, "w0": -1.5, "wa": 1.0},
            options={"dark_energy": "w0_wa"},
            source=background.LINDER,
        ),
    ),
    sources=(background.LINDER, background.CHEVALLIER_POLARSKI, MORESCO),
)
