"""Catalogues of bright standard sirens as the next detectors of gravitational waves would bring them, simulated."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._background import Number
from parametra.models.cosmology._distances import luminosity_distance, luminosity_function
from parametra.models.cosmology._survey import at_truth
from parametra.models.cosmology._wanted import number
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError
from parametra.nouns.ready_made import Form

_GRID = np.linspace(0.0, 5.0, 5001)


def siren_form(dark_energy: str, curvature: str, propagation: str = "general_relativity") -> Form:
    """The form of `cosmology.standard_sirens` without the parameters of modified propagation."""
    names = ("H0", *background.names(dark_energy, curvature))
    return Form(
        model=luminosity_function(dark_energy, curvature, propagation),
        parameters=background.parameters(*names),
        inputs={"z": "1"},
        outputs={"luminosity_distance": "Mpc"},
        priors=background.priors(*names),
    )


def siren_redshifts(count: int, *, furthest: Number = 2.0, seed: int = 0) -> Float[np.ndarray, " count"]:
    """Redshifts of mergers of neutron stars, whose rate follows the formation of stars with a delay.

    p(z) ~ D_M^2 r / (E (1 + z)),  r = 1 + 2 z to z = 1, (15 - 3 z) / 4 from there to z = 5,  for Omega_m = 0.3

    Arguments:
        count: how many.
        furthest: none beyond it, at most 5.
        seed: of the draw.

    Raises:
        DataError: no redshift wanted, or a furthest one that is not within (0, 5].

    Source: Zhao, Van Den Broeck, Baskaran, Li (2011), arXiv:1009.0206.
    """
    if count < 1:
        raise DataError(f"count is how many redshifts are drawn, at least 1; {count} came.")
    if not 0 < furthest <= 5:
        raise DataError(f"furthest is a redshift above 0, at most 5, where this rate of mergers ends; {furthest} came.")
    z = _GRID * furthest / _GRID[-1]
    rate = np.where(z <= 1, 1 + 2 * z, (15 - 3 * z) / 4)
    moving = luminosity_distance(z) / (1 + z)
    below = np.cumsum(rate * moving**2 / ((1 + z) * np.sqrt(0.3 * (1 + z) ** 3 + 0.7)))
    return np.interp(np.random.default_rng(seed).random(count), below / below[-1], z)


def siren_error(z: Float[np.ndarray, " n"], *, horizon: Number = 5.0) -> Float[np.ndarray, " n"]:
    """The relative standard error of the distance of a siren: of its amplitude, and of lensing on the way.

    Amplitude: 2 / rho, where the signal-to-noise ratio rho is 8 at the horizon and falls as one over the distance.
    Lensing: 0.066 ((1 - (1 + z)^-0.25) / 0.25)^1.8.

    Arguments:
        z: redshifts.
        horizon: the redshift to which the detectors hear a typical merger.

    Raises:
        DataError: a redshift below 0 or above 50.
        ModelError: a horizon that is not above 0.

    Sources: Zhao et al. (2011), arXiv:1009.0206; Hirata, Holz, Cutler (2010), arXiv:1004.3988.
    """
    amplitude = 2 / 8 * luminosity_distance(z) / luminosity_distance(number("horizon", horizon, above=0.0))
    lensing = 0.066 * ((1 - (1 + z) ** -0.25) / 0.25) ** 1.8
    return np.hypot(amplitude, lensing)


def siren_catalogue(
    truth: Mapping[str, Number],
    *,
    years: Number = 5.0,
    duty_cycle: Number = 0.75,
    per_year: Number = 1000.0,
    furthest: Number = 2.0,
    horizon: Number = 5.0,
    seed: int = 0,
    scattered: bool = True,
) -> Data:
    """A catalogue of sirens whose host galaxies, and so redshifts, are known: data of `cosmology.standard_sirens`.

    How many mergers will show a counterpart is not known: `per_year` is an assumption, and errors of a forecast go with
    one over its square root.

    Arguments:
        truth: H0, Omega_m and whatever else: Omega_k, w0, wa, wb.
        years: of observing.
        duty_cycle: the share of them in which the detectors run.
        per_year: mergers with a counterpart that a year of running detectors would bring.
        furthest: the redshift to which counterparts are seen, at most 5.
        horizon: as in `siren_error`.
        seed: of the redshifts and of the scatter.
        scattered: False for the distances themselves, whose fit is the forecast.

    Raises:
        DataError: a catalogue without a siren, or a furthest redshift beyond 5.
        ModelError: a truth without H0 or Omega_m, or with a name that no universe has.
    """
    expected = years * duty_cycle * per_year
    count = round(expected) if np.isfinite(expected) else 0
    if count < 1 or not 0 < duty_cycle <= 1:
        raise DataError(
            "a catalogue holds years * duty_cycle * per_year sirens, at least 1, and duty_cycle is above 0, at most 1; "
            f"{years} * {duty_cycle} * {per_year} came."
        )
    z = siren_redshifts(count, furthest=furthest, seed=seed)
    whole = {"Omega_k": 0.0, "w0": -1.0, "wa": 0.0, "wb": 0.0, **truth}
    return at_truth(
        siren_form("w0_wa_wb", "free"),
        whole,
        {"z": z},
        relative=siren_error(z, horizon=horizon),
        seed=seed + 1_000_000 if scattered else None,
        name="bright sirens",
    )
