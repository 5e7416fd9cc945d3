"""Voigt peaks: Gaussians convolved with Lorentzians."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.special import log_normal_cdf
from parametra.maths.voigt import voigt
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, background_of, endings, gaussian, lorentzian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

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


_SKEW = Real(-100.0, 100.0, guess=0.0, unit="1", description="above zero the right side is the longer one")
_SKEWED = dataclasses.replace(
    _PROFILE,
    parameters={**_PROFILE.parameters, "skew": _SKEW},
    priors={**_PROFILE.priors, "skew": Normal(0.0, 5.0)},
    # a width of the symmetric profile would not be that of this one
    derived={},
    read=lambda center, width, height: {**_read(center, width, height), "skew": 0.0},
)


def _model(
    peaks: Count, background: str, skewed: bool
) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """The sum as a function of the two dicts."""
    ends = tuple(endings(peaks))

    def predict(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        signal = background_of(background, parameters, inputs["x"], np)
        for end in ends:
            at = inputs["x"] - parameters[f"center{end}"]
            sigma, gamma = parameters[f"gaussian_sigma{end}"] + 0 * at, parameters[f"lorentzian_gamma{end}"] + 0 * at
            profile = voigt(at, sigma, gamma, xp=np)
            if skewed:
                # 1 + erf(z) is 2 Phi(z sqrt 2)
                profile = profile * 2 * np.exp(log_normal_cdf(parameters[f"skew{end}"] * at / sigma, xp=np))
            signal = signal + parameters[f"area{end}"] * profile
        return {"signal": signal}

    return predict


def lines() -> Data:
    """Two simulated lines of an atom in a hot gas."""
    x = np.linspace(-10.0, 10.0, 201)
    signal = 0.5 + 20.0 * voigt(x + 2.0, 0.6, 0.4, xp=np) + 9.0 * voigt(x - 2.5, 0.6, 0.8, xp=np)
    table = {"x": x, "signal": signal + 0.05 * np.random.default_rng(1967).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "GHz", "signal": "mV"})


def compton() -> Data:
    """A simulated line with a longer left side, as scattering by electrons that move makes it."""
    x = np.linspace(50.0, 62.0, 241)
    at, ones = x - 57.0, np.ones(x.size)
    line = voigt(at, 1.2 * ones, 0.3 * ones, xp=np) * 2 * np.exp(log_normal_cdf(-1.5 * at / 1.2, xp=np))
    table = {"x": x, "signal": 10.0 + 800.0 * line + 3.0 * np.random.default_rng(57).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "keV", "signal": "count"})


def _profile(skewed: bool) -> Profile:
    return _SKEWED if skewed else _PROFILE


def _form(data: Sequence[Data] | None, peaks: Count, background: str, skewed: bool) -> Form:
    return _profile(skewed).form(data, peaks, background, _model(peaks, background, skewed))


def guess(data: Data, peaks: Count, background: str, skewed: bool) -> dict[str, float]:
    """Peaks as everywhere in this field; a skew begins at zero, from where the fit turns to its side by itself."""
    return _profile(skewed).guess(data, peaks, background)


READY = ReadyMade(
    name="peaks.voigt",
    summary="Voigt peaks on a background: Gaussians convolved with Lorentzians",
    formula="""signal = sum area Re w(z) / (sigma sqrt(2 pi)) + background
z = (x - center + i gamma) / (sigma sqrt 2),  w(z) = exp(-z^2) erfc(-i z);  skewed: times 1 + erf(skew Re z)""",
    good_for="spectral lines widened by heat or the instrument (gaussian_sigma) and by lifetime or pressure "
    "(lorentzian_gamma), each of which is "
    "then measured",
    prefer_instead="peaks.gaussian or peaks.lorentzian where one part is lost in the other; peaks.pseudo_voigt for "
    "a mere form",
    form=_form,
    guess=guess,
    options={**OPTIONS, "skewed": Option(False, "whether one side may be longer, by a skew", (False, True))},
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
        Known(
            data=compton,
            options={"skewed": True},
            about="a line with a longer side, simulated",
            estimate={
                "area": 800.0,
                "center": 57.0,
                "gaussian_sigma": 1.2,
                "lorentzian_gamma": 0.3,
                "skew": -1.5,
                "background": 10.0,
            },
            second_start={"area": 500.0, "gaussian_sigma": 2.0, "lorentzian_gamma": 0.6, "skew": 1.0},
            source=_ARMSTRONG,
        ),
    ),
    sources=(_ARMSTRONG, _OLIVERO),
)
