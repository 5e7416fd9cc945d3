"""Gompertz growth: levels off early, its fastest at 37 % of the asymptote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.models.growth._curves import (
    DNASE_CONCENTRATION,
    DNASE_DENSITY,
    PINHEIRO_BATES,
    TIME_AND_SIZE,
    place,
    sigmoid_guess,
)
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import far_from_zero

_GOMPERTZ = Source(
    "B. Gompertz",
    1825,
    "On the nature of the function expressive of the law of human mortality",
    "doi:10.1098/rstl.1825.0026",
)


def assay() -> Data:
    """Optical density by the logarithm of the concentration, an assay for DNase in rat serum (run 1 of R's DNase)."""
    table = {"time": np.log(DNASE_CONCENTRATION), "size": DNASE_DENSITY}
    return Data(table, inputs=["time"], output="size", units={"time": "1", "size": "1"})


def _form(data: Sequence[Data] | None) -> Form:
    derived = {"rate": "1 / scale", "b3": "exp(-1 / scale)"}
    if not far_from_zero(data):
        # of dates it would be nought, or beyond all numbers
        derived |= {"b2": "exp(midpoint / scale)"}
    return Form(
        # where exp(-...) is beyond the numbers, the size is 0 and so are its slopes
        model={"size": "asymptote * exp(-exp(minimum((midpoint - time) / scale, 100)))"},
        parameters={
            "asymptote": Positive(guess=100.0, unit="{size}", description="the size that is approached"),
            "midpoint": Real(guess=10.0, unit="{time}", description="when growth is fastest, at 37 % of it"),
            "scale": Positive(
                guess=5.0, unit="{time}", description="the time in which what decides growth falls to 37 %"
            ),
        },
        **TIME_AND_SIZE,
        priors={"asymptote": around_guess(1.0), "midpoint": place(data, "time"), "scale": around_guess(1.0)},
        derived=derived,
    )


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of midpoints and scales."""
    return sigmoid_guess(data, lambda time, midpoint, scale: np.exp(-np.exp((midpoint - time) / scale)))


READY = ReadyMade(
    name="growth.gompertz",
    summary="Gompertz growth: sigmoid, at its fastest early, at 37 % of the asymptote",
    formula="size = asymptote exp(-exp((midpoint - time) / scale)) = asymptote exp(-b2 b3^time)",
    good_for="tumours, animals, bacteria and adoption curves that slow down from early on",
    prefer_instead="growth.logistic where growth is symmetric; growth.richards to let the data tell",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=assay,
            about="an assay of an enzyme, by the logarithm of its concentration",
            estimate={"asymptote": "4.6033", "b2": "2.2713", "b3": "0.71647"},
            second_start={"asymptote": 2.0, "midpoint": 1.0, "scale": 1.5},
            source=PINHEIRO_BATES,
        ),
    ),
    sources=(_GOMPERTZ, PINHEIRO_BATES),
)
