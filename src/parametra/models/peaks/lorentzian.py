"""Lorentzian peaks on a background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_DEMTROEDER = Source(
    "W. Demtroeder", 2014, "Laser Spectroscopy 1: Basic Principles, 5th edition", "doi:10.1007/978-3-642-53859-9"
)
_PROFILE = Profile(
    formula="{height} / (1 + 4 * ((x - {center}) / {fwhm})**2)",
    parameters={
        "height": Real(guess=1.0, unit="{signal}", description="the height above the background"),
        "center": Real(guess=0.0, unit="{x}", description="where the peak is"),
        "fwhm": Positive(guess=1.0, unit="{x}", description="the full width at half maximum"),
    },
    priors={"fwhm": around_guess(1.0)},
    derived={"area": "pi / 2 * {height} * {fwhm}", "quality": "abs({center}) / {fwhm}"},
    shape=lorentzian,
)


def resonance() -> Data:
    """A simulated resonance at 1.4 GHz, 20 MHz wide, and a weaker one beside it."""
    x = np.linspace(1.2, 1.6, 161)
    signal = 0.2 + 10.0 / (1 + 4 * ((x - 1.40) / 0.02) ** 2) + 4.0 / (1 + 4 * ((x - 1.46) / 0.03) ** 2)
    table = {"x": x, "signal": signal + 0.1 * np.random.default_rng(14).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "GHz", "signal": "mW"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


READY = ReadyMade(
    name="peaks.lorentzian",
    summary="Lorentzian peaks on a background",
    formula="signal = sum height / (1 + 4 ((x - center) / fwhm)^2) + background",
    good_for="resonances and lines of natural or collisional width; a dip is a peak of a height below zero",
    prefer_instead="peaks.voigt where the instrument or the heat widens the lines too; peaks.fano where they are "
    "asymmetric",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=resonance,
            options={"peaks": 2, "background": "constant"},
            about="two resonances, simulated",
            estimate={
                "center_1": 1.40,
                "fwhm_1": 0.02,
                "height_1": 10.0,
                "center_2": 1.46,
                "fwhm_2": 0.03,
                "background": 0.2,
            },
            second_start={"fwhm_1": 0.04, "height_1": 5.0, "fwhm_2": 0.05, "height_2": 6.0, "background": 1.0},
            source=_DEMTROEDER,
        ),
    ),
    sources=(_DEMTROEDER,),
)
