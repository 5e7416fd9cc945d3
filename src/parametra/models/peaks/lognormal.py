"""Log-normal peaks: sizes of particles, and whatever is a product of many factors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import extent, lifted, tidy
from parametra.maths.peak_search import find_peaks
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, endings, gaussian
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_HINDS = Source(
    "W. C. Hinds",
    1999,
    "Aerosol Technology: Properties, Behavior, and Measurement of Airborne Particles, 2nd edition",
    "isbn:9780471194101",
)
_AITCHISON = Source("J. Aitchison and J. A. C. Brown", 1957, "The Lognormal Distribution", "Cambridge University Press")
# so far below the median there is nothing, nor is there at and below zero
_LOG = "log(maximum(x / {median}, 1e-300))"
_PROFILE = Profile(
    formula=f"{{area}} / ({{median}} * {{log_deviation}} * sqrt(2 * pi)) "
    f"* exp(-({_LOG} / {{log_deviation}})**2 / 2 - {_LOG})",
    parameters={
        "area": Real(guess=1.0, unit="{signal}*{x}", description="the area above the background"),
        "median": Positive(guess=1.0, unit="{x}", description="half of the area lies below it"),
        "log_deviation": Positive(
            upper=5.0, guess=0.5, unit="1", description="the standard deviation of log x, the width relative to x"
        ),
    },
    priors={
        "area": lambda guess: Normal(0.0, 5.0 * abs(guess)),
        "median": around_guess(1.0),
        "log_deviation": around_guess(1.0),
    },
    derived={
        "mode": "{median} * exp(-{log_deviation}**2)",
        "mean": "{median} * exp({log_deviation}**2 / 2)",
        "geometric_deviation": "exp({log_deviation})",
    },
)


def profile(x: Any, median: Any, log_deviation: Any) -> Any:
    """A peak of area 1, for x above zero."""
    density = np.exp(-0.5 * (np.log(x / median) / log_deviation) ** 2)
    return density / (x * log_deviation * np.sqrt(2 * np.pi))


def aerosol() -> Data:
    """Simulated diameters of an aerosol, two modes: 800 particles about 0.09 um, 400 about 0.45 um."""
    x = np.geomspace(0.02, 2.0, 81)
    signal = 800.0 * profile(x, 0.09, 0.45) + 400.0 * profile(x, 0.45, 0.35)
    table = {"x": x, "signal": signal + 60.0 * np.random.default_rng(1999).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "um", "signal": "1/cm^3/um"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background)


def guess(data: Data, peaks: Count, background: str) -> dict[str, float]:
    """Times x, by log x, each peak is a Gaussian: these are looked for, and the background times x with them."""
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 600)
    keep = x > 0
    x, signal = (x[keep], signal[keep]) if keep.any() else (np.ones(1), np.zeros(1))
    _, height = extent(signal)
    columns = [[x]] if background == "constant" else [[]]
    found = find_peaks(np.log(x), x * signal, peaks, gaussian, columns)
    guessed: dict[str, float] = {"background": float(found.background[0])} if background == "constant" else {}
    for k, end in enumerate(endings(peaks)):
        median = float(np.exp(found.centers[k]))
        deviation = float(np.clip(lifted(float(found.widths[k]) / 2.355, 1.0), 1e-3, 4.9))
        tall = float(found.heights[k]) or 1e-3 * height * median
        area = tall * deviation * float(np.sqrt(2 * np.pi))
        guessed |= {f"area{end}": area, f"median{end}": median, f"log_deviation{end}": deviation}
    return guessed


READY = ReadyMade(
    name="peaks.lognormal",
    summary="Log-normal peaks on a background, for x above zero",
    formula="""signal = sum area / (x log_deviation sqrt(2 pi)) exp(-u^2 / 2) + background
u = ln(x / median) / log_deviation""",
    good_for="sizes of particles, droplets and grains, waiting times, incomes: what many factors multiply",
    prefer_instead="peaks.gaussian where the log_deviation is below about 0.1; survival.accelerated_failure_time for "
    "single lifetimes instead of a histogram",
    form=_form,
    guess=guess,
    options={
        "peaks": OPTIONS["peaks"],
        "background": dataclasses.replace(OPTIONS["background"], default="none", choices=("none", "constant")),
    },
    known=(
        Known(
            data=aerosol,
            options={"peaks": 2},
            about="diameters of an aerosol, simulated",
            estimate={
                "area_1": 800.0,
                "median_1": 0.09,
                "log_deviation_1": 0.45,
                "area_2": 400.0,
                "median_2": 0.45,
                "log_deviation_2": 0.35,
            },
            second_start={"median_1": 0.12, "log_deviation_1": 0.7, "median_2": 0.35, "area_2": 200.0},
            source=_HINDS,
        ),
    ),
    sources=(_HINDS, _AITCHISON),
)
