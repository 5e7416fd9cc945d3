"""New Algol Variable: the light curve of an eclipsing binary as a trigonometric polynomial and two local eclipses."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from parametra.maths.distributions import Distribution, HalfNormal, LogNormal, Normal, Uniform
from parametra.models.eclipsing_binary._derived import derived
from parametra.models.eclipsing_binary._nav_data import KNOWN
from parametra.models.eclipsing_binary._numbers import refuse_fluxes
from parametra.models.eclipsing_binary._period_doubts import period_doubts
from parametra.models.eclipsing_binary._picture import FOLDED, folded_picture
from parametra.models.eclipsing_binary._profiles import PROFILES, Profile
from parametra.models.eclipsing_binary._sources import ANDRONOV, GROUP, MIKULASEK, PROFILES_COMPARED, REVIEW
from parametra.models.eclipsing_binary._start import checked_period, start
from parametra.nouns.data import Data
from parametra.nouns.folding import Folding
from parametra.nouns.parameter import Real
from parametra.nouns.ready_made import Form, Option, ReadyMade

_LINEAR = ("mean", "cos1", "sin1", "cos2", "sin2", "depth1", "depth2")
_ABOUT = {
    "mean": "the middle of the light outside the eclipses",
    "cos1": "reflection: its sign tells which side is the brighter",
    "sin1": "O'Connell effect: half the difference of the maxima",
    "cos2": "ellipticity of the stars",
    "sin2": "asymmetry of twice the frequency",
    "depth1": "what the primary eclipse adds in its middle",
    "depth2": "what the secondary eclipse adds in its middle",
}


def form(data: tuple[Data, ...] | None, profile: str = "nav", period: object = None, eclipse: str = "partial") -> Form:
    """Ten parameters for data with phases, and period and epoch beside them for data with times."""
    near = checked_period(period)
    for each in data or ():
        refuse_fluxes(each, "Take -2.5 log10 of them.")
    chosen = PROFILES[profile]
    folded = data is not None and "phase" in data[0].inputs
    parameters = _linear(data) | _eclipses(chosen) | ({} if folded else _ephemeris(data, near))
    names = [*_LINEAR, "half_width"]
    return Form(
        model={"magnitude": formula(chosen, "phase" if folded else "(time - epoch) / period")},
        parameters=parameters,
        inputs={"phase": "1"} if folded else {"time": "d"},
        outputs={"magnitude": "mag"},
        priors=_priors(parameters, data),
        derived=derived(data, names, eclipse, chosen.limited),
        folding=FOLDED if folded else Folding(upside_down=True),
    )


def formula(profile: Profile, cycles: str) -> str:
    """The whole curve as a formula of `cycles`, themselves one."""
    angle = f"2 * pi * ({cycles})"
    # twice the angle by the sine and cosine of the angle itself, which are at hand
    cosine, sine = f"cos({angle})", f"sin({angle})"
    waves = f"mean + cos1 * {cosine} + sin1 * {sine}"
    waves += f" + cos2 * (1 - 2 * {sine} * {sine}) + sin2 * (2 * {sine} * {cosine})"
    dips = ""
    for number, middle in (("1", f"({cycles})"), ("2", f"({cycles} - 0.5)")):
        z = f"maximum(abs({middle} - round({middle})) / half_width, 1e-300)"
        extra = f"{profile.extra}{number}"
        dips += f" + depth{number} * {profile.text(z, f'shape{number}', extra)}"
    return waves + dips


def guess(data: Data, profile: str = "nav", period: object = None) -> dict[str, float]:
    """The best of a grid of half widths and shapes, all else by linear least squares; the period by a search."""
    chosen = PROFILES[profile]
    began = start(data, chosen, checked_period(period))
    linear = _linear((data,))
    found: dict[str, float] = {}
    for name, value in zip(linear, began.linear, strict=True):
        found[name] = float(np.clip(value, *bounds(linear[name])))
    shape = chosen.shape[1:]
    for number, value in (("1", began.shape1), ("2", began.shape2)):
        found[f"shape{number}"] = float(np.clip(value, *shape))
    found["half_width"] = float(np.clip(began.half_width, 0.003, 0.249))
    return found if "phase" in data.inputs else {**found, "period": began.period, "epoch": began.epoch}


def bounds(parameter: Real) -> tuple[float, float]:
    """Of a single number that is bounded on both sides, as all are here."""
    return float(np.asarray(parameter.lower)), float(np.asarray(parameter.upper))


def _scale(data: tuple[Data, ...] | None) -> float:
    """How much the magnitudes vary, above zero."""
    if data is None:
        return 1.0
    spans = [float(np.ptp(each.observations(name)[0])) for each in data for name in each.outputs]
    return max(spans) or 1.0


def _linear(data: tuple[Data, ...] | None) -> dict[str, Real]:
    scale = _scale(data)
    middle = [] if data is None else [each.observations(name)[0] for each in data for name in each.outputs]
    low = min((float(each.min()) for each in middle), default=0.0) - scale
    high = max((float(each.max()) for each in middle), default=20.0) + scale
    found = {"mean": Real(low, high, unit="{magnitude}", description=_ABOUT["mean"])}
    for name in _LINEAR[1:5]:
        found[name] = Real(-scale, scale, guess=0.0, unit="{magnitude}", description=_ABOUT[name])
    for name in _LINEAR[5:]:
        found[name] = Real(0.0, 2 * scale, guess=0.5 * scale, unit="{magnitude}", description=_ABOUT[name])
    return found


def _eclipses(profile: Profile) -> dict[str, Real]:
    guess, lower, upper = profile.shape
    about = "half the width of the eclipses, in cycles" if profile.limited else "scale of the eclipses, in cycles"
    found = {"half_width": Real(0.002, 0.25, guess=0.06, unit="1", description=about)}
    for number, which in (("1", "primary"), ("2", "secondary")):
        text = f"form of the {which} eclipse: the larger, the flatter in the middle"
        found[f"shape{number}"] = Real(lower, upper, guess=guess, unit="1", description=text)
        if profile.extra:
            middle, low, high = profile.extra_range
            text = f"{profile.extra_about}, {which} eclipse"
            found[profile.extra + number] = Real(low, high, guess=middle, unit="1", description=text)
    return found


def _ephemeris(data: tuple[Data, ...] | None, period: float | None) -> dict[str, Real]:
    """Period and epoch within what leaves the eclipses overlapping those of the guess."""
    near, epoch, far, width = period or 1.0, 0.0, 0.1 * (period or 1.0), 0.1 * (period or 1.0)
    if data is not None and "time" in data[0].inputs:
        began = start(data[0], PROFILES["nav"], period)
        near, epoch, span = began.period, began.epoch, float(np.ptp(data[0].inputs["time"]))
        far = 1.5 * min(began.half_width, 0.1) * near
        width = far * min(1.0, near / span) if span > 0 else far
    return {
        "period": Real(near - width, near + width, guess=near, unit="{time}", description="the orbital period"),
        "epoch": Real(epoch - far, epoch + far, guess=epoch, unit="{time}", description="of a primary minimum"),
    }


def _priors(parameters: Mapping[str, Real], data: tuple[Data, ...] | None) -> dict[str, Distribution]:
    """Wide ones; the epoch may be any within the data."""
    times = [each.inputs["time"] for each in data or () if "time" in each.inputs]
    first, last = min((float(t.min()) for t in times), default=0.0), max((float(t.max()) for t in times), default=0.0)
    usual: dict[str, Distribution] = {
        "mean": Uniform(-30.0, 40.0),
        **dict.fromkeys(("cos1", "sin1", "cos2", "sin2"), Normal(0.0, 0.15)),
        **dict.fromkeys(("depth1", "depth2"), HalfNormal(1.0)),
        "half_width": Uniform(0.0, 0.25),
        **dict.fromkeys(("shape1", "shape2"), LogNormal(math.log(1.8), 0.6)),
        "period": LogNormal(math.log(2.0), 1.5),
        "epoch": Uniform(first - 1.0, last + 1.0),
    }
    box = {name: Uniform(*bounds(each)) for name, each in parameters.items()}
    return {name: usual.get(name, box[name]) for name in parameters}


READY = ReadyMade(
    name="eclipsing_binary.nav",
    summary="New Algol Variable: the light curve of an eclipsing binary star by two local eclipses on a smooth wave",
    formula=(
        "magnitude = mean + cos1 cos(2 pi f) + sin1 sin(2 pi f) + cos2 cos(4 pi f) + sin2 sin(4 pi f)\n"
        "            + depth1 H(|f| / half_width; shape1) + depth2 H(|f - 1/2| / half_width; shape2)\n"
        "f = (time - epoch) / period, |.| to the nearest cycle;  H(z; b) = (1 - z^b)^(3/2) for z < 1, else 0"
    ),
    good_for=(
        "depths, widths, period and epoch of eclipsing binaries of every kind (EA, EB, EW) on circular orbits, from "
        "magnitudes, without a physical model"
    ),
    prefer_instead=(
        "eclipsing_binary.trigonometric_polynomial where there are no eclipses; a physical model where radii and "
        "inclination are wanted, or where the orbit is eccentric"
    ),
    form=form,
    guess=guess,
    known=KNOWN,
    sources=(ANDRONOV, REVIEW, GROUP, PROFILES_COMPARED, MIKULASEK),
    options={
        "profile": Option("nav", "the shape of the eclipses", tuple(PROFILES)),
        "period": Option(None, "a period that is roughly known, for data with times; None searches for it"),
        "eclipse": Option(
            "partial",
            "what the primary minimum is, of which radii follow: the smaller star behind, in front, or neither wholly",
            ("partial", "occultation", "transit"),
        ),
    },
    picture=folded_picture,
    doubts=period_doubts,
)
