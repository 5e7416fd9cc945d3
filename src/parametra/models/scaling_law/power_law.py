"""A power law with an offset: error by amount of data, best batch by tokens, anything straight on double logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import HESTNESS
from parametra.models.scaling_law._start import clipped, powers, straight, usable
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_KEPLER = Source(
    "J. Kepler", 1619, "Harmonices mundi, book V, chapter 3", "https://nssdc.gsfc.nasa.gov/planetary/factsheet/"
)

_BOUNDS = {"offset": (1e-12, 1e12), "scale": (1e-30, 1e30), "exponent": (-5.0, 5.0)}


def form(data: tuple[Data, ...] | None = None, *, offset: bool = True, target: float | None = None) -> Form:
    """The law with or without its offset, and the size at which a target is reached."""
    above_zero(data, "size")
    if target is not None and (isinstance(target, bool) or not 0 < target < math.inf):
        raise ModelError(f'the option "target" of "scaling_law.power_law" is a value above zero; came {target!r}.')
    parameters: dict[str, Any] = {
        "scale": Log(
            *_BOUNDS["scale"], guess=1.0, unit="{value}", description="the part that goes with size, at size 1"
        ),
        "exponent": Real(*_BOUNDS["exponent"], guess=-0.5, unit="1", description="the slope on double logarithms"),
    }
    priors: dict[str, Any] = {"scale": LogNormal(0.0, 10.0), "exponent": Normal(0.0, 1.0)}
    if offset:
        parameters["offset"] = Log(
            *_BOUNDS["offset"], guess=1e-2, unit="{value}", description="what no size takes away, or adds to"
        )
        priors["offset"] = LogNormal(-3.0, 4.0)
    # no size reaches a target that the offset keeps away: the limit is endless where values fall, zero where they rise
    left = f"maximum({target!r} - offset, 0)" if offset else repr(target)
    inverse = f"({left} / scale)**(1 / exponent)"
    return Form(
        model={"value": "offset + scale * size**exponent" if offset else "scale * size**exponent"},
        parameters=parameters,
        inputs={"size": "1"},
        outputs={"value": "1"},
        noise=LogNormalNoise(),
        priors=priors,
        derived={} if target is None else {"required_size": inverse},
    )


def guess(data: Data, *, offset: bool = True) -> dict[str, float]:
    """A straight line through the logarithms; the best of a grid of exponents where values fall to an offset."""
    size, value = usable(data.inputs["size"], data.outputs["value"])
    height, slope = straight(np.log(size), np.log(value))
    found = {"exponent": slope, "scale": float(np.exp(np.clip(height, -60, 60)))}
    if offset:
        found["offset"] = 0.1 * float(np.min(value))
        if slope < 0:
            base, (c,), (power,) = powers([size], value, floor=True)
            found = {"offset": base, "scale": c, "exponent": -power}
    return {name: clipped(each, *_BOUNDS[name]) for name, each in found.items()}


def planets() -> Data:
    """Semi-major axes and periods of eight planets, those of the Earth being 1 (NASA planetary fact sheets)."""
    axis = [0.387098, 0.723332, 1.0, 1.523679, 5.2044, 9.5826, 19.2184, 30.11]
    period = [0.240846, 0.615198, 1.0, 1.880816, 11.862, 29.457, 84.011, 164.79]
    units = {"size": "1", "value": "1"}
    return Data({"size": axis, "value": period}, inputs=["size"], output="value", units=units)


_LEARNING = {"offset": 0.012, "scale": 2.4, "exponent": -0.45}


def simulated_errors() -> Data:
    """Errors at 40 sizes of a training set, with a floor."""
    size = np.logspace(2, 7, 40)
    error = _LEARNING["offset"] + _LEARNING["scale"] * size ** _LEARNING["exponent"]
    drawn = losses(error, np.random.default_rng(1712), scatter=0.02, heavy=False)
    return table({"size": size}, "value", drawn, {"size": "1", "value": "1"})


READY = ReadyMade(
    name="scaling_law.power_law",
    summary="A power law with an offset, and the size that reaches a target",
    formula="value = offset + scale size^exponent",
    good_for=(
        "errors that fall with data or parameters, best batch sizes that rise with tokens; relative errors are fitted, "
        "so every decade counts alike; target=0.05 reports the size at which the value is 0.05, with its error, "
        "and inf where the fitted offset lies above that"
    ),
    prefer_instead=(
        "scaling_law.learning_curve where small sizes are no better than chance; offset=False where no floor is in "
        "sight, because data that are straight on double logarithms do not tell one"
    ),
    form=form,
    guess=guess,
    options={
        "offset": Option(True, "whether there is a constant that no size takes away", (True, False)),
        "target": Option(None, "the value whose size is reported as required_size, inf where the offset is above it"),
    },
    known=(
        Known(
            data=simulated_errors,
            about="errors at 40 sizes of a training set, simulated with a floor",
            estimate=dict(_LEARNING),
            second_start={"offset": 0.001, "scale": 0.5, "exponent": -0.2},
            source=HESTNESS,
        ),
        Known(
            data=planets,
            about="periods of the planets by their semi-major axes: Kepler's third law",
            estimate={"exponent": "1.50", "scale": "1.00"},
            second_start={"scale": 30.0, "exponent": 0.3},
            options={"offset": False},
            source=_KEPLER,
        ),
    ),
    sources=(HESTNESS,),
)
