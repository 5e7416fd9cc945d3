"""A learning curve: from chance at no data, along a power law, to a floor."""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.distributions import LogNormal, Normal, Truncated
from parametra.models.scaling_law._simulated import losses, table
from parametra.models.scaling_law._sources import HESTNESS
from parametra.models.scaling_law._start import clipped, powers, usable
from parametra.models.scaling_law._wanted import above_zero
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.noise_positive import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log, Positive
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_BOUNDS = {"floor": (1e-9, 1e6), "chance": (1e-9, 1e6), "onset": (1e-3, 1e15), "exponent": (1e-3, 5.0)}
_TRUTH = {"floor": 0.02, "chance": 0.9, "onset": 120.0, "exponent": 0.6}


def form(data: tuple[Data, ...] | None = None, *, target: float | None = None) -> Form:
    """The curve, and the examples that a target needs."""
    above_zero(data, "examples", or_zero=True)
    if target is not None and (isinstance(target, bool) or not 0 < target < math.inf):
        raise ModelError(
            f'the option "target" of "scaling_law.learning_curve" is an error above zero; came {target!r}.'
        )
    # endless where the floor is not below the target, none where chance is
    share = f"maximum({target!r} - floor, 0) / (chance - floor)"
    needed = f"onset * maximum(({share})**(-1 / exponent) - 1, 0)"
    return Form(
        model={"error": "floor + (chance - floor) * (1 + examples / onset)**(-exponent)"},
        parameters={
            "floor": Log(*_BOUNDS["floor"], guess=0.01, unit="{error}", description="the error that no data take away"),
            "chance": Log(*_BOUNDS["chance"], guess=0.9, unit="{error}", description="the error without any data"),
            "onset": Log(*_BOUNDS["onset"], guess=100.0, unit="{examples}", description="where the power law begins"),
            "exponent": Positive(_BOUNDS["exponent"][1], guess=0.5, unit="1", description="of the power law"),
        },
        inputs={"examples": "1"},
        outputs={"error": "1"},
        noise=LogNormalNoise(),
        priors={
            "floor": LogNormal(-4.0, 3.0),
            "chance": LogNormal(-0.5, 2.0),
            "onset": LogNormal(5.0, 4.0),
            "exponent": Truncated(Normal(0.5, 0.5), 1e-3, 5.0),
        },
        derived={} if target is None else {"required_examples": needed},
    )


def guess(data: Data) -> dict[str, float]:
    """Chance from the largest error, floor and power from a grid of exponents, the onset where both meet."""
    examples, error = usable(data.inputs["examples"], data.outputs["error"])
    highest = float(np.max(error))
    many = examples >= np.median(examples)
    floor, (coefficient,), (exponent,) = powers([examples[many]], error[many], floor=True)
    onset = float(np.exp(np.clip(np.log(coefficient / max(highest - floor, 1e-3 * highest)) / exponent, -6, 30)))
    found = {"floor": floor, "chance": 1.05 * highest, "onset": onset, "exponent": exponent}
    return {name: clipped(value, *_BOUNDS[name]) for name, value in found.items()}


def simulated_errors() -> Data:
    """Errors of a classifier of ten classes at 36 sizes of its training set."""
    examples = np.round(np.logspace(0.5, 6, 36))
    curve = _TRUTH["floor"] + (_TRUTH["chance"] - _TRUTH["floor"]) * (1 + examples / _TRUTH["onset"]) ** (
        -_TRUTH["exponent"]
    )
    drawn = losses(curve, np.random.default_rng(36), scatter=0.02, heavy=False)
    return table({"examples": examples}, "error", drawn, {"examples": "1", "error": "1"})


READY = ReadyMade(
    name="scaling_law.learning_curve",
    summary="A learning curve from chance along a power law to a floor",
    formula="error = floor + (chance - floor) (1 + examples / onset)^(-exponent)",
    good_for=(
        "the error of one learner at growing training sets, from sizes that teach it nothing to sizes that no longer "
        "help; target=0.05 reports the examples that an error of 0.05 needs, with their error, and inf "
        "where the fitted floor lies above that"
    ),
    prefer_instead="scaling_law.power_law where all sizes lie on the straight part: onset and chance are then not told",
    form=form,
    guess=guess,
    options={
        "target": Option(
            None, "the error whose examples are reported as required_examples, inf where the floor is above it"
        )
    },
    known=(
        Known(
            data=simulated_errors,
            about="errors at 36 sizes of a training set, simulated",
            estimate=dict(_TRUTH),
            second_start={"floor": 0.001, "chance": 0.5, "onset": 2000.0, "exponent": 1.2},
            source=HESTNESS,
        ),
    ),
    sources=(HESTNESS,),
)
