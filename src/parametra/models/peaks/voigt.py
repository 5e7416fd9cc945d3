"""Voigt peaks: Gaussians convolved with Lorentzians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.voigt import voigt
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, background_of, endings, gaussian, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_ARMSTRONG = Source(
    "B. H. Armstrong", 1967, "Spectrum line profiles: the Voigt function", "doi:10.1016/0022-4073(67)90057-X"
)
_OLIVERO = Source(
    "J. J. Olivero and R. L. Longbothum",
    1977,
    "Empirical fits to the Voigt line width: a brief review",
    "doi:10.1016/0022-4073(77)90161-3",
)


def _read(center: float, width: float, height: float) -> dict[str, float]:
    """Half of the width for each part; the area of such a profile is about 1.3 heights times widths."""
    return {
        "area": 1.3 * height * width,
        "center": center,
        "gaussian_sigma": 0.27 * width,
        "lorentzian_gamma": 0.26 * width,
    }


def _either_sign(guess: float) -> Any:
    return Normal(0.0, 5.0 * abs(guess))


_PROFILE = Profile(
    formula="{area}",
    parameters={
        "area": Real(guess=1.0, unit="{signal}*{x}", description="the area above the background"),
        "center": Real(guess=0.0, unit="{x}", description="where the peak is"),
        "gaussian_sigma": Positive(guess=0.5, unit="{x}", description="the standard deviation of the Gaussian part"),
        "lorentzian_gamma": Positive(
            guess=0.5, unit="{x}", description="the half width at half maximum of the Lorentzian part"
        ),
    },
    priors={"area": _either_sign, "gaussian_sigma": around_guess(1.5), "lorentzian_gamma": around_guess(1.5)},
    derived={
        "fwhm": "1.0692 * {lorentzian_gamma} + sqrt(0.8664 * {lorentzian_gamma}**2 + 8 * log(2) * {gaussian_sigma}**2)",
    },
    shape=lambda distance: 0.5 * gaussian(distance) + 0.5 * lorentzian(distance),
    read=_read,
)


def _model(peaks: Count, background: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """The sum as a function of the two dicts."""
    ends = tuple(endings(peaks))

    def predict(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        signal = background_of(background, parameters, inputs["x"], np)
        for end in ends:
            at = inputs["x"] - parameters[f"center{end}"]
            sigma, gamma = parameters[f"gaussian_sigma{end}"] + 0 * at, parameters[f"lorentzian_gamma{end}"] + 0 * at
            signal = signal + parameters[f"area{end}"] * voigt(at, sigma, gamma, xp=np)
        return {"signal": signal}

    return predict


def lines() -> Data:
    """Two simulated lines of an atom in a hot gas."""
    x = np.linspace(-10.0, 10.0, 201)
    signal = 0.5 + 20.0 * voigt(x + 2.0, 0.6, 0.4, xp=np) + 9.0 * voigt(x - 2.5, 0.6, 0.8, xp=np)
    table = {"x": x, "signal": signal + 0.05 * np.random.default_rng(1967).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "GHz", "signal": "mV"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background, _model(peaks, background))


READY = ReadyMade(
    name="peaks.voigt",
    summary="Voigt peaks on a background: Gaussians convolved with Lorentzians",
    formula="""signal = sum area Re w(z) / (sigma sqrt(2 pi)) + background
z = (x - center + i gamma) / (sigma sqrt 2),  w(z) = exp(-z^2) erfc(-i z)""",
    good_for="spectral lines widened by heat or the instrument (gaussian_sigma) and by lifetime or pressure "
    "(lorentzian_gamma), each of which is "
    "then measured",
    prefer_instead="peaks.gaussian or peaks.lorentzian where one part is lost in the other; peaks.pseudo_voigt for "
    "a mere form",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=lines,
            options={"peaks": 2, "background": "constant"},
            about="two lines of a hot gas, simulated",
            estimate={
                "area_1": 20.0,
                "center_1": -2.0,
                "gaussian_sigma_1": 0.6,
                "lorentzian_gamma_1": 0.4,
                "area_2": 9.0,
                "center_2": 2.5,
                "gaussian_sigma_2": 0.6,
                "lorentzian_gamma_2": 0.8,
            },
            second_start={
                "center_1": -2.5,
                "gaussian_sigma_1": 1.0,
                "lorentzian_gamma_1": 1.0,
                "center_2": 3.0,
                "area_2": 5.0,
            },
            source=_ARMSTRONG,
        ),
    ),
    sources=(_ARMSTRONG, _OLIVERO),
)
