"""Two spheres on a circular orbit, of uniform or limb-darkened discs: the simplest physics of an eclipsing binary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from parametra.maths.distributions import Beta, LogNormal, Normal, Uniform
from parametra.models.eclipsing_binary._numbers import refuse_fluxes, refuse_magnitudes
from parametra.models.eclipsing_binary._picture import folded_picture
from parametra.models.eclipsing_binary._spheres import MOST_SAMPLES, darkened, formula
from parametra.models.eclipsing_binary._spheres_sources import DAVID, TKACHENKO
from parametra.models.eclipsing_binary._spheres_start import Start, look
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.folding import Folding
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
_WAVES = {
    "reflection": "of the light over the cycle, cos(2 pi phase): below zero where 2, in front, shows its dark side",
    "beaming": "of the light over the cycle, sin(2 pi phase)",
    "ellipticity": "of the light over the cycle, cos(4 pi phase): below zero for stars that are drawn out",
}
_DRAWN_OUT = {
    "period": 1.7321,
    "time_of_minimum": 12.8,
    "radius_1": 0.24,
    "radius_2": 0.16,
    "inclination": 83.0,
    "surface_brightness_ratio": 0.4,
    "level": 1.0,
    "reflection": -0.006,
    "beaming": 0.001,
    "ellipticity": -0.012,
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


def drawn_out() -> Data:
    """500 fluxes of limb-darkened stars whose light changes outside the eclipses too, errors of 0.001."""
    generator = np.random.default_rng(93)
    time = np.sort(generator.uniform(0, 25, 500))
    flux = darkened("flux", 0.0, 1)(time, **_DRAWN_OUT, limb_darkening_1=0.5, limb_darkening_2=0.5)
    table = {"time": time, "light": flux + 0.001 * generator.standard_normal(500)}
    return Data(table, inputs=["time"], output="light", sigma=0.001, units={"time": "d", "light": "1"})


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
    limb_darkening: object = 0.0,
    waves: bool = False,
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
    discs, of_discs = _limbs(limb_darkening)
    parameters |= discs
    priors |= of_discs
    if waves:
        for name, words in _WAVES.items():
            parameters[name] = Real(-0.5, 0.5, guess=0.0, unit="1", description=words)
            priors[name] = Normal(0.0, 0.05)
    if third_light:
        parameters["third_light"] = Real(0, 0.99, guess=0.05, unit="1", description="share of light of a third source")
        priors["third_light"] = Beta(1, 4)
    if measured == "magnitude":
        parameters["pogson"] = Fixed(2.5, unit="{light}", description="magnitudes of a factor of ten in light")
    words = f"the {measured} outside the eclipses"
    guess, spread = (1.0, 1.0) if start is None else (start.guess["level"], start.scatter)
    parameters["level"] = Real(guess=guess, unit="{light}", description=words)
    priors["level"] = Normal(guess, 3 * spread)
    uniform = {"light": formula(measured, third_light, float(exposure), samples, waves)}
    return Form(
        model=darkened(measured, float(exposure), samples) if discs else uniform,
        parameters=parameters,
        inputs={"time": "d"},
        outputs={"light": "mag" if measured == "magnitude" else "1"},
        priors=priors,
        derived={
            "sum_of_radii": "radius_1 + radius_2",
            "light_ratio": "surface_brightness_ratio * (radius_2 / radius_1)**2",
        },
        folding=Folding(epoch="time_of_minimum", upside_down=measured == "magnitude"),
    )


def _limbs(limb_darkening: object) -> tuple[dict[str, Parameter], dict[str, Any]]:
    """The coefficients of both discs and their priors; nothing for uniform discs.

    Raises:
        ModelError: a coefficient that is no number from 0 to 1.
    """
    free = limb_darkening == "free"
    if isinstance(limb_darkening, bool) or not (free or isinstance(limb_darkening, int | float)):
        raise ModelError(f'limb_darkening is a number from 0 to 1, or "free"; {limb_darkening!r} came.')
    value = 0.5 if free else float(cast("float", limb_darkening))
    if not 0 <= value <= 1:
        raise ModelError(f'limb_darkening is a number from 0 to 1, or "free"; {limb_darkening!r} came.')
    if value == 0:
        return {}, {}
    found: dict[str, Parameter] = {}
    for number in "12":
        words = f"linear limb darkening of {number}: 1 less the brightness of the limb over that of the middle"
        found[f"limb_darkening_{number}"] = (
            Real(0.0, 1.0, guess=value, unit="1", description=words)
            if free
            else Fixed(value, unit="1", description=words)
        )
    return found, {name: Beta(2.5, 2.5) for name in found} if free else {}


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
    summary="two spheres, uniform or limb-darkened, that eclipse each other on a circular orbit",
    formula=(
        "light = level (third_light + (1 - third_light) (L1 seen_1 + L2 seen_2) / (L1 + L2))\n"
        "L1 = radius_1^2, L2 = surface_brightness_ratio radius_2^2, seen = 1 - overlap / area of the disc\n"
        "measured as a magnitude: level - 2.5 log10(light / level)\n"
        "distance of the discs^2 = sin(2 pi phase)^2 + cos(inclination)^2 cos(2 pi phase)^2\n"
        "waves: + reflection cos(2 pi phase) + beaming sin(2 pi phase) + ellipticity cos(4 pi phase)\n"
        "limb darkening: each disc as bright as 1 - u (1 - mu), its mean by the ratio of surface brightness"
    ),
    good_for=(
        "detached systems whose stars are round: radii, inclination and ratio of surface brightness within seconds, "
        "and starting values for models with more physics"
    ),
    prefer_instead=(
        "eclipsing_binary.nav where only the phenomenon is to be described; a model of Roche geometry where the stars "
        "are drawn out by more than a few per cent, or the orbit is eccentric. In partial eclipses a single light "
        "curve hardly tells the radii apart, only their sum; a light ratio from spectra does"
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
        Known(
            data=drawn_out,
            about="limb-darkened stars with reflection and ellipticity, simulated",
            estimate=_DRAWN_OUT,
            second_start={"radius_1": 0.2, "radius_2": 0.2, "reflection": 0.02, "ellipticity": 0.02},
            options={"limb_darkening": 0.5, "waves": True},
            source=TKACHENKO,
        ),
    ),
    sources=(TKACHENKO,),
    options={
        "measured": Option("flux", "what was measured", ("flux", "magnitude")),
        "third_light": Option(False, "whether a third source adds light that is never eclipsed", (False, True)),
        "exposure": Option(0.0, "how long an exposure lasts, in the unit of time; 0 for moments"),
        "limb_darkening": Option(
            0.0, 'of both discs, linear: 0 for uniform ones, a coefficient that is held, or "free"', words=("free",)
        ),
        "waves": Option(False, "whether the light outside the eclipses changes with the cycle", (False, True)),
        "samples": Option(5, "at how many moments of an exposure the light is computed"),
        "period": Option(0.0, "the orbital period where it is roughly known; 0 searches for it"),
    },
    picture=folded_picture,
)
