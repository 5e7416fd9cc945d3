"""Logistic growth of a population, by its rate and its capacity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess
from parametra.nouns.zero_of_time import begin_of

_PEARL_REED = Source(
    "R. Pearl and L. J. Reed",
    1920,
    "On the rate of growth of the population of the United States since 1790 and its mathematical representation",
    "doi:10.1073/pnas.6.6.275",
)
_FOX_WEISBERG = Source(
    "J. Fox and S. Weisberg", 2019, "An R Companion to Applied Regression, 3rd edition", "isbn:9781544336473"
)
_MURRAY = Source("J. D. Murray", 2002, "Mathematical Biology I: An Introduction, 3rd edition", "doi:10.1007/b98868")


def united_states() -> Data:
    """The population of the United States, 1790 to 2000, in millions (Fox and Weisberg 2019)."""
    people = [3.929214, 5.308483, 7.239881, 9.638453, 12.860702, 17.063353, 23.191876, 31.443321, 38.558371, 50.189209]
    people += [62.979766, 76.212168, 92.228496, 106.021537, 123.202624, 132.164569, 151.325798, 179.323175]
    people += [203.302031, 226.542199, 248.709873, 281.421906]
    table = {"time": 10.0 * np.arange(22), "population": people}
    return Data(table, inputs=["time"], output="population", units={"time": "year", "population": "million"})


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """The best of a grid of rates and midpoints."""
    time, population = tidy(data.inputs["time"], data.outputs["population"])
    middle, width = extent(time)
    grid = {"rate": np.geomspace(0.5, 60.0, 24) / width, "midpoint": middle + width * np.linspace(-1.0, 2.5, 36)}
    best = best_shape(
        lambda rate, midpoint: [1 / (1 + np.exp(rate * (midpoint - time)))],
        grid,
        population,
        lambda factors: factors[:, 0] > 0,
    )
    capacity = lifted(best.factors[0], float(np.max(np.abs(population))))
    since = best.values["midpoint"] - begin_of((data,), begin)
    steps = np.clip(best.values["rate"] * since, -100.0, 100.0)
    return {"rate": best.values["rate"], "capacity": capacity, "initial": float(capacity / (1 + np.exp(steps)))}


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    first = begin_of(data, begin)
    since = f"(time - {first!r})" if first else "time"
    return Form(
        model={"population": f"capacity / (1 + (capacity / initial - 1) * exp(-rate * {since}))"},
        parameters={
            "rate": Positive(guess=0.1, unit="1/{time}", description="the rate of growth of a small population, r"),
            "capacity": Positive(guess=50.0, unit="{population}", description="the carrying capacity, K"),
            "initial": Positive(guess=2.0, unit="{population}", description=f"the population at time {first:g}"),
        },
        inputs={"time": "year"},
        outputs={"population": "1"},
        priors={"rate": around_guess(1.0), "capacity": around_guess(1.0), "initial": around_guess(1.0)},
        derived={"doubling_time": "log(2) / rate", "midpoint": f"{first!r} + log(abs(capacity / initial - 1)) / rate"},
    )


READY = ReadyMade(
    name="ecology.logistic_growth",
    summary="Logistic growth of a population, by its rate, its capacity and its size at the beginning",
    formula="population = capacity / (1 + (capacity / initial - 1) exp(-rate (time - begin)))",
    good_for="a population in a constant environment; the solution of dP/dt = rate P (1 - P / capacity)",
    prefer_instead="growth.logistic for the same curve by its midpoint; growth.richards where density acts otherwise",
    form=_form,
    guess=guess,
    options={"begin": Option(None, "the time of the initial population; None is the first time of the data")},
    known=(
        Known(
            data=united_states,
            about="the population of the United States in millions",
            estimate={"capacity": "440.8", "rate": "0.0216"},
            second_start={"rate": 0.05, "capacity": 200.0, "initial": 2.0},
            source=_FOX_WEISBERG,
        ),
    ),
    sources=(_PEARL_REED, _MURRAY),
)
