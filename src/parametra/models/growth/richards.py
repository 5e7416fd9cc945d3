"""Richards growth: a sigmoid whose inflection lies where the data have it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.models.growth._curves import NIST, RATKOWSKY, TIME_AND_SIZE, place, sigmoid_guess
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_RICHARDS = Source("F. J. Richards", 1959, "A flexible growth function for empirical use", "doi:10.1093/jxb/10.2.290")


def onions() -> Data:
    """Dry weight of onion bulbs and tops by the time of growing (Ratkowsky 1983; Rat43 of NIST)."""
    weight = [16.08, 33.83, 65.80, 97.20, 191.55, 326.20, 386.87, 520.53]
    weight += [590.03, 651.92, 724.93, 699.56, 689.96, 637.56, 717.41]
    return Data({"time": np.arange(1.0, 16.0), "size": weight}, inputs=["time"], output="size")


def _form(data: Sequence[Data] | None) -> Form:
    return Form(
        model={"size": "asymptote * exp(-log1p(shape * exp(minimum((midpoint - time) / scale, 600))) / shape)"},
        parameters={
            "asymptote": Positive(guess=100.0, unit="{size}", description="the size that is approached"),
            "midpoint": Real(guess=10.0, unit="{time}", description="when growth is fastest"),
            "scale": Positive(
                guess=5.0, unit="{time}", description="the time in which the last part of growth falls to 37 %"
            ),
            "shape": Positive(guess=1.0, upper=50.0, unit="1", description="0 is Gompertz, 1 is logistic growth"),
        },
        **TIME_AND_SIZE,
        priors={
            "asymptote": around_guess(1.0),
            "midpoint": place(data, "time"),
            "scale": around_guess(1.0),
            "shape": around_guess(1.5),
        },
        derived={"rate": "1 / scale", "size_at_midpoint": "asymptote * (1 + shape) ** (-1 / shape)"},
    )


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of midpoints, scales and shapes."""
    shapes = np.array([0.05, 0.3, 1.0, 2.0, 5.0])
    return sigmoid_guess(
        data,
        lambda time, midpoint, scale, shape: np.exp(-np.log1p(shape * np.exp((midpoint - time) / scale)) / shape),
        shape=shapes,
    )


READY = ReadyMade(
    name="growth.richards",
    summary="Richards growth: a sigmoid that may lean to either side",
    formula="size = asymptote (1 + shape exp((midpoint - time) / scale))^(-1 / shape)",
    good_for="sigmoid growth with many points, where the place of the inflection is itself a question",
    prefer_instead="growth.logistic (shape = 1) or growth.gompertz (shape towards 0) where few points cannot tell "
    "the shape",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=onions,
            about="growth of onions",
            estimate={"asymptote": "699.64151", "rate": "0.75962938", "shape": "1.2792484"},
            standard_error={"asymptote": "16.302298", "rate": "0.1956612", "shape": "0.6876194"},
            second_start={"asymptote": 500.0, "midpoint": 4.0, "scale": 3.0, "shape": 0.5},
            source=NIST,
        ),
    ),
    sources=(_RICHARDS, RATKOWSKY),
)
