"""Two spheres of uniform brightness on a circular orbit: the simplest physical model of an eclipsing binary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.distributions import Beta, LogNormal, Normal, Uniform
from parametra.models.eclipsing_binary._numbers import refuse_fluxes, refuse_magnitudes
from parametra.models.eclipsing_binary._picture import folded_light
from parametra.models.eclipsing_binary._spheres import MOST_SAMPLES, formula
from parametra.models.eclipsing_binary._spheres_sources import DAVID, TKACHENKO
from parametra.models.eclipsing_binary._spheres_start import Start, look
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.formula import Formula
from parametra.nouns.parameter import Fixed, Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_DETACHED = {
    "period": 2.8613,
    "time_of_minimum": 15.2744,
    "radius_1": 0.25,
    "radius_2": 0.15,
    "inclination": 84.0,
    "surface_brightness_ratio": 0.3,
    "level": 1.0,
}
_PUBLISHED = {
    "period": 2.4611357,
    "time_of_minimum": 7119.52217 - 8 * 2.4611357 - 7099,
    "radius_1": 0.1450,
    "radius_2": 0.1262,
    "inclination": 78.21,
    "surface_brightness_ratio": 0.4859,
    "level": 0.0,
}


def _curve(time: Any, values: Mapping[str, float], measured: str = "flux", exposure: float = 0.0) -> Any:
    text = formula(measured, third_light=False, exposure=exposure, samples=5)
    return Formula.parse(text).evaluate({**values, "pogson": 2.5, "time": time}, np)


def detached() -> Data:
    """400 fluxes of a detached system with partial eclipses at random times of 30 days, errors of 0.002."""
    generator = np.random.default_rng(90)
    time = np.sort(generator.uniform(0, 30, 400))
    flux = _curve(time, _DETACHED) + 0.002 * generator.standard_normal(time.size)
    return Data(
        {"time": time, "light": flux}, inputs=["time"], output="light", sigma=0.002, units={"time": "d", "light": "1"}
    )


def like_hd_23642() -> Data:
    """What a satellite would see of a system with the published values of HD 23642, were it two uniform spheres.

    Times are BJD - 2457099, magnitudes have errors of 0.0002.
    """
    generator = np.random.default_rng(23642)
    time = -34.93 + 0.0612975 * np.arange(1130)
    clean = _curve(time, _PUBLISHED, measured="magnitude", exposure=0.02044)
    table = {"time": time, "light": clean + 0.0002 * generator.standard_normal(time.size)}
    return Data(table, inputs=["time"], output="light", sigma=0.0002, units={"time": "d", "light": "mag"})


def _form(
    sets: tuple[Data, ...] | None,
    measured: str = "flux",
    third_light: bool = False,
    exposure: float = 0.0,
    samples: int = 5,
    period: float = 0.0,
) -> Form:
    if not (1 <= samples <= MOST_SAMPLES and exposure >= 0 and period >= 0):
        raise ModelError(
            "eclipsing_binary.spheres wants exposure and period of zero or above, in the unit of time, and samples "
            f"from 1 to {MOST_SAMPLES}; exposure={exposure!r}, period={period!r} and samples={samples!r} came."
        )
    for each in sets or ():
        if measured == "magnitude":
            refuse_fluxes(each, 'Then say measured="flux".')
        else:
            refuse_magnitudes(each)
    start = None if sets is None else _start(sets[0], measured, period)
    parameters, priors = _stated(start)
    if third_light:
        parameters["third_light"] = Real(0, 0.99, guess=0.05, unit="1", description="share of light of a third source")
        priors["third_light"] = Beta(1, 4)
    if measured == "magnitude":
        parameters["pogson"] = Fixed(2.5, unit="{light}", description="magnitudes of a factor of ten in light")
    words = f"the {measured} outside the eclipses"
    guess, spread = (1.0, 1.0) if start is None else (start.guess["level"], start.scatter)
    parameters["level"] = Real(guess=guess, unit="{light}", description=words)
    priors["level"] = Normal(guess, 3 * spread)
    return Form(
        model={"light": formula(measured, third_light, float(exposure), samples)},
        parameters=parameters,
        inputs={"time": "d"},
        outputs={"light": "mag" if measured == "magnitude" else "1"},
        priors=priors,
        derived={
            "sum_of_radii": "radius_1 + radius_2",
            "light_ratio": "surface_brightness_ratio * (radius_2 / radius_1)**2",
        },
    )


def _start(data: Data, measured: str, period: float) -> Start | None:
    return look(data, measured, float(period)) if "time" in data.inputs else None


def _stated(start: Start | None) -> tuple[dict[str, Parameter], dict[str, Any]]:
    """The orbit and the two discs; bounds of period and epoch keep every start on the cycles that the data show."""
    period, epoch = (1.0, 0.0) if start is None else (start.guess["period"], start.guess["time_of_minimum"])
    slack = 0.1 if start is None else start.slack
    ends = {
        "period": Real(period - slack, period + slack, guess=period, unit="{time}", description="the orbital period"),
        "time_of_minimum": Real(
            epoch - 0.05 * period,
            epoch + 0.05 * period,
            guess=epoch,
            unit="{time}",
            description="when disc 2 is in the middle before disc 1",
        ),
        "radius_1": Real(0.001, 0.5, guess=0.2, unit="1", description="radius of 1 over the distance of the centres"),
        "radius_2": Real(0.001, 0.5, guess=0.15, unit="1", description="radius of 2 over the distance of the centres"),
        "inclination": Real(0, 90, guess=85.0, unit="deg", description="of the orbit; 90 is edge on"),
        "surface_brightness_ratio": Positive(guess=0.5, unit="1", description="surface brightness of 2 over that of 1"),
    }
    priors = {
        "period": Normal(period, 0.5 * slack),
        "time_of_minimum": Normal(epoch, 0.1 * period),
        "radius_1": Uniform(0.001, 0.5),
        "radius_2": Uniform(0.001, 0.5),
        "inclination": Uniform(0, 90),
        "surface_brightness_ratio": LogNormal(-0.5, 1.0),
    }
    return dict(ends), dict(priors)


def guess(data: Data, measured: str = "flux", period: float = 0.0) -> Mapping[str, float]:
    """The period from a search unless it is stated, the rest from a grid of geometries on the folded curve."""
    start = _start(data, measured, period)
    return {} if start is None else start.guess


READY = ReadyMade(
    name="eclipsing_binary.spheres",
    summary="two spheres of uniform brightness that eclipse each other on a circular orbit",
    formula=(
        "light = level (third_light + (1 - third_light) (L1 seen_1 + L2 seen_2) / (L1 + L2))\n"
        "L1 = radius_1^2, L2 = surface_brightness_ratio radius_2^2, seen = 1 - overlap / area of the disc\n"
        "measured as a magnitude: level - 2.5 log10(light / level)\n"
        "distance of the discs^2 = sin(2 pi phase)^2 + cos(inclination)^2 cos(2 pi phase)^2"
    ),
    good_for=(
        "detached systems whose stars are round: radii, inclination and ratio of surface brightness within seconds, "
        "and starting values for models with more physics"
    ),
    prefer_instead=(
        "eclipsing_binary.nav where only the phenomenon is to be described; a model with limb darkening, tides and "
        "reflection where its few per cent of the radii matter. In partial eclipses a single light curve hardly tells "
        "the radii apart, only their sum; a light ratio from spectra does"
    ),
    form=_form,
    guess=guess,
    known=(
        Known(
            data=detached,
            about="a detached system with partial eclipses, simulated",
            estimate=_DETACHED,
            second_start={"radius_1": 0.3, "radius_2": 0.07, "surface_brightness_ratio": 0.77},
            source=TKACHENKO,
        ),
        Known(
            data=like_hd_23642,
            about="partial eclipses in exposures of half an hour, simulated from published values of HD 23642",
            estimate=_PUBLISHED,
            second_start={"radius_1": 0.16, "radius_2": 0.1, "surface_brightness_ratio": 0.8},
            options={"measured": "magnitude", "exposure": 0.02044},
            source=DAVID,
        ),
    ),
    sources=(TKACHENKO,),
    options={
        "measured": Option("flux", "what was measured", ("flux", "magnitude")),
        "third_light": Option(False, "whether a third source adds light that is never eclipsed", (False, True)),
        "exposure": Option(0.0, "how long an exposure lasts, in the unit of time; 0 for moments"),
        "samples": Option(5, "at how many moments of an exposure the light is computed"),
        "period": Option(0.0, "the orbital period where it is roughly known; 0 searches for it"),
    },
    picture=folded_light,
)
