"""Exponentially modified Gaussian peaks: a Gaussian convolved with an exponential decay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.special import log_normal_cdf
from parametra.models.peaks._spectrum import OPTIONS, Count, Profile, background_of, endings
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_GRUSHKA = Source(
    "E. Grushka",
    1972,
    "Characterization of exponentially modified Gaussian peaks in chromatography",
    "doi:10.1021/ac60319a011",
)


def _read(center: float, width: float, height: float) -> dict[str, float]:
    """A third of the width for the Gaussian, a third for the tail."""
    third = 0.33 * width
    return {"area": 1.1 * height * width, "location": center - third, "standard_deviation": third, "tail": third}


_PROFILE = Profile(
    formula="{area}",
    parameters={
        "area": Real(guess=1.0, unit="{signal}*{x}", description="the area above the background"),
        "location": Real(guess=0.0, unit="{x}", description="the centre of the Gaussian, before the top of the peak"),
        "standard_deviation": Positive(guess=0.5, unit="{x}", description="the standard deviation of the Gaussian"),
        "tail": Positive(guess=0.5, unit="{x}", description="the decay length of the exponential, tau"),
    },
    priors={
        "area": lambda guess: Normal(0.0, 5.0 * abs(guess)),
        "standard_deviation": around_guess(1.0),
        "tail": around_guess(1.5),
    },
    derived={"mean": "{location} + {tail}", "variance": "{standard_deviation}**2 + {tail}**2"},
    read=_read,
)


def exponential_gaussian(distance: Any, sigma: Any, tail: Any, xp: Any) -> Any:
    """The density exp(s^2 / 2 - d / tail) Phi(d / sigma - s) / tail, d the distance, s = sigma / tail."""
    ratio = sigma / tail
    exponent = 0.5 * ratio**2 - distance / tail + log_normal_cdf(distance / sigma - ratio, xp=xp)
    # it is never above 0; rounding may lift it where both parts are huge
    return xp.exp(xp.where(xp.real(exponent) > 0, 0 * exponent, exponent)) / tail


def _model(peaks: Count, background: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """The sum as a function of the two dicts."""
    ends = tuple(endings(peaks))

    def predict(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        signal = background_of(background, parameters, inputs["x"], np)
        for end in ends:
            distance = inputs["x"] - parameters[f"location{end}"]
            density = exponential_gaussian(
                distance, parameters[f"standard_deviation{end}"], parameters[f"tail{end}"], np
            )
            signal = signal + parameters[f"area{end}"] * density
        return {"signal": signal}

    return predict


def chromatogram() -> Data:
    """Two simulated peaks of a chromatogram, tailing."""
    x = np.linspace(0.0, 12.0, 241)
    signal = (
        0.2 + 6.0 * exponential_gaussian(x - 3.0, 0.15, 0.4, np) + 3.0 * exponential_gaussian(x - 5.5, 0.2, 0.5, np)
    )
    table = {"x": x, "signal": signal + 0.05 * np.random.default_rng(1972).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "min", "signal": "mV"})


def _form(data: Sequence[Data] | None, peaks: Count, background: str) -> Form:
    return _PROFILE.form(data, peaks, background, _model(peaks, background))


READY = ReadyMade(
    name="peaks.exponential_gaussian",
    summary="Exponentially modified Gaussian peaks on a background: Gaussians with an exponential tail",
    formula="""signal = sum area / tail exp(s^2 / 2 - d / tail) Phi(d / standard_deviation - s) + background
d = x - location,  s = standard_deviation / tail""",
    good_for="chromatography, and pulses of detectors",
    prefer_instead="peaks.gaussian where the tail is not told from zero",
    form=_form,
    guess=_PROFILE.guess,
    options=OPTIONS,
    known=(
        Known(
            data=chromatogram,
            options={"peaks": 2, "background": "constant"},
            about="a chromatogram, simulated",
            estimate={
                "area_1": 6.0,
                "location_1": 3.0,
                "standard_deviation_1": 0.15,
                "tail_1": 0.4,
                "area_2": 3.0,
                "location_2": 5.5,
                "standard_deviation_2": 0.2,
                "tail_2": 0.5,
            },
            second_start={"area_1": 4.0, "tail_1": 0.8, "standard_deviation_1": 0.4, "tail_2": 1.0, "area_2": 5.0},
            source=_GRUSHKA,
        ),
    ),
    sources=(_GRUSHKA,),
)
