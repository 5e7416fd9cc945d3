"""Weibull growth: what is still missing dies out as a stretched exponential."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.models.growth._curves import PINHEIRO_BATES, RATKOWSKY, TIME_AND_SIZE, place
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import refuse_far_zero


def chick() -> Data:
    """Weights of a chick from day 2 on (Crowder and Hand 1990; chick 6 of R's ChickWeight)."""
    days = [2.0, 4, 6, 8, 10, 12, 14, 16, 18, 20, 21]
    weight = [49.0, 59, 74, 97, 124, 141, 148, 155, 160, 160, 157]
    units = {"time": "day", "size": "g"}
    return Data({"time": days, "size": weight}, inputs=["time"], output="size", units=units)


def _form(data: Sequence[Data] | None) -> Form:
    refuse_far_zero(data, "gain and scale count from time zero")
    return Form(
        # log(time) is asked for at time zero too, where nothing is gained yet
        model={"size": "asymptote - gain * exp(-exp(minimum(shape * log(maximum(time, 1e-300) / scale), 100)))"},
        parameters={
            "asymptote": Real(guess=100.0, unit="{size}", description="the size that is approached"),
            "gain": Real(guess=90.0, unit="{size}", description="the asymptote less the size at time zero"),
            "scale": Positive(guess=10.0, unit="{time}", description="when 63 % of the gain are made"),
            "shape": Positive(guess=2.0, upper=50.0, unit="1", description="above 1 the curve is sigmoid"),
        },
        **TIME_AND_SIZE,
        priors={
            "asymptote": place(data, "size"),
            "gain": place(data, "size"),
            "scale": around_guess(1.0),
            "shape": around_guess(0.7),
        },
        derived={"size_at_zero": "asymptote - gain", "log_rate": "-shape * log(scale)"},
    )


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of scales and shapes."""
    time, size = tidy(data.inputs["time"], data.outputs["size"])
    _, width = extent(time)
    grid = {"scale": (abs(float(time[-1])) or width) * np.geomspace(0.05, 3.0, 30), "shape": np.geomspace(0.3, 8.0, 16)}
    best = best_shape(
        lambda scale, shape: [np.ones(1), -np.exp(-((np.maximum(time, 0.0) / scale) ** shape))], grid, size
    )
    asymptote, gain = (float(each) for each in best.factors)
    return {
        "asymptote": asymptote,
        "gain": gain,
        "scale": lifted(best.values["scale"], width),
        "shape": best.values["shape"],
    }


READY = ReadyMade(
    name="growth.weibull_growth",
    summary="Weibull growth: a sigmoid between a first size and an asymptote, for times from zero on",
    formula="size = asymptote - gain exp(-(time / scale)^shape)",
    good_for="growth from a size that is not zero, and emergence or germination by time",
    prefer_instead="growth.asymptotic_regression where growth slows down from the beginning (shape = 1)",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=chick,
            about="the weight of a chick",
            estimate={"asymptote": "158.5012", "gain": "110.9971"},
            second_start={"asymptote": 200.0, "gain": 150.0, "scale": 15.0, "shape": 1.5},
            source=PINHEIRO_BATES,
        ),
    ),
    sources=(RATKOWSKY, PINHEIRO_BATES),
)
