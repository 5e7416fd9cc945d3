"""A reaction of second order: the reciprocal of a concentration grows by the same amount in equal times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted
from parametra.models.kinetics._readings import curve
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import refuse_far_zero

_ZUMDAHL = Source("S. S. Zumdahl and S. A. Zumdahl", 2014, "Chemistry, 9th edition", "isbn:9781133611097")
_LAIDLER = Source("K. J. Laidler", 1987, "Chemical Kinetics, 3rd edition", "isbn:9780060438623")


def butadiene() -> Data:
    """Concentration of butadiene while it dimerises, as textbooks print it."""
    time = [0.0, 1000, 1800, 2800, 3600, 4400, 5200, 6200]
    left = [0.01000, 0.00625, 0.00476, 0.00370, 0.00313, 0.00270, 0.00241, 0.00208]
    units = {"time": "s", "concentration": "mol/L"}
    return Data({"time": time, "concentration": left}, inputs=["time"], output="concentration", units=units)


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of halving times."""
    time, concentration = curve(data, "time", "concentration")
    halvings = {"halving": extent(time)[1] * np.geomspace(3e-3, 100.0, 90)}
    best = best_shape(
        lambda halving: [1 / (1 + np.maximum(time, 0) / halving)], halvings, concentration, lambda f: f[:, 0] > 0
    )
    initial = lifted(best.factors[0], float(np.max(concentration)))
    return {"initial": initial, "rate": 1 / (initial * best.values["halving"])}


def _form(data: Sequence[Data] | None) -> Form:
    refuse_far_zero(data, "initial is the concentration at time zero")
    return Form(
        model={"concentration": "initial / (1 + rate * initial * time)"},
        parameters={
            "initial": Positive(guess=1.0, unit="{concentration}", description="the concentration at time zero"),
            "rate": Positive(
                guess=1.0, unit="1/{concentration}/{time}", description="the rate constant, of what is lost"
            ),
        },
        inputs={"time": "s"},
        outputs={"concentration": "mol/L"},
        priors={"initial": around_guess(1.0), "rate": around_guess(2.0)},
        derived={"first_half_life": "1 / (rate * initial)"},
    )


READY = ReadyMade(
    name="kinetics.second_order",
    summary="A reaction of second order: the reciprocal of the concentration grows linearly",
    formula="concentration = initial / (1 + rate initial time)",
    good_for="dimerisations and recombinations, and two reactants in equal amounts",
    prefer_instead="kinetics.first_order where a half is lost in equal times",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=butadiene,
            about="dimerisation of butadiene",
            estimate={"rate": "6.1e-2"},
            second_start={"initial": 0.02, "rate": 0.4},
            source=_ZUMDAHL,
        ),
    ),
    sources=(_LAIDLER, _ZUMDAHL),
)
