"""Logistic growth: exponential at first, then levelling off; symmetric about its midpoint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.models.growth._curves import NIST, PINHEIRO_BATES, RATKOWSKY, TIME_AND_SIZE, place, sigmoid_guess
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import far_from_zero


def chick() -> Data:
    """Weights of a chick from its hatching on (Crowder and Hand 1990; chick 1 of R's ChickWeight)."""
    days = [0.0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21]
    weight = [42.0, 51, 59, 64, 76, 93, 106, 125, 149, 171, 199, 205]
    units = {"time": "day", "size": "g"}
    return Data({"time": days, "size": weight}, inputs=["time"], output="size", units=units)


def pasture() -> Data:
    """Yield of a pasture by the time since it was grazed (Ratkowsky 1983; Rat42 of NIST)."""
    time = [9.0, 14, 21, 28, 42, 57, 63, 70, 79]
    grown = [8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08]
    return Data({"time": time, "size": grown}, inputs=["time"], output="size")


def _form(data: Sequence[Data] | None) -> Form:
    derived = {"rate": "1 / scale"}
    if not far_from_zero(data):
        # of dates it would be nought, or beyond all numbers
        derived |= {"size_at_zero": "asymptote * expit(-midpoint / scale)"}
    return Form(
        model={"size": "asymptote * expit((time - midpoint) / scale)"},
        parameters={
            "asymptote": Positive(guess=100.0, unit="{size}", description="the size that is approached"),
            "midpoint": Real(guess=10.0, unit="{time}", description="when half of it is reached"),
            "scale": Positive(guess=5.0, unit="{time}", description="the time from 50 to 73 % of it"),
        },
        **TIME_AND_SIZE,
        priors={"asymptote": around_guess(1.0), "midpoint": place(data, "time"), "scale": around_guess(1.0)},
        derived=derived,
    )


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of midpoints and scales."""
    return sigmoid_guess(data, lambda time, midpoint, scale: 1 / (1 + np.exp((midpoint - time) / scale)))


READY = ReadyMade(
    name="growth.logistic",
    summary="Logistic growth: exponential at first, levelling off, symmetric about its midpoint",
    formula="size = asymptote / (1 + exp((midpoint - time) / scale))",
    good_for="populations and organisms whose growth slows down in proportion to what is there already",
    prefer_instead="growth.gompertz or growth.richards where growth slows down early; growth.four_parameter_logistic "
    "where it does not begin at zero; ecology.logistic_growth for the same curve by rate and capacity",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=chick,
            about="the weight of a chick",
            estimate={"asymptote": "937.0", "midpoint": "35.223", "scale": "11.405"},
            second_start={"asymptote": 300.0, "midpoint": 15.0, "scale": 5.0},
            source=PINHEIRO_BATES,
        ),
        Known(
            data=pasture,
            about="regrowth of a pasture",
            estimate={"asymptote": "72.462238", "rate": "0.067359200"},
            standard_error={"asymptote": "1.7340283", "rate": "0.0034465663"},
            second_start={"asymptote": 100.0, "midpoint": 10.0, "scale": 10.0},
            source=NIST,
        ),
    ),
    sources=(PINHEIRO_BATES, RATKOWSKY),
)
