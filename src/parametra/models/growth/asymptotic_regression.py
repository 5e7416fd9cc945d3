"""Asymptotic regression: what is still missing of an asymptote dies out exponentially."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.first_look import best_shape, extent, tidy
from parametra.models.growth._curves import NIST, PINHEIRO_BATES, RATKOWSKY, TIME_AND_SIZE, place
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess
from parametra.nouns.zero_of_time import refuse_far_zero

_MODELS = {
    "size": "asymptote + (size_at_zero - asymptote) * exp(-rate * time)",
    "time": "asymptote * (1 - exp(minimum(rate * (onset - time), 300)))",
    "origin": "asymptote * (1 - exp(-rate * time))",
}


def pine() -> Data:
    """Heights of a loblolly pine (Kung 1986; seed 329 of R's Loblolly)."""
    table = {"time": [3.0, 5, 10, 15, 20, 25], "size": [3.93, 9.34, 26.08, 37.79, 48.31, 56.43]}
    return Data(table, inputs=["time"], output="size", units={"time": "year", "size": "ft"})


def uptake() -> Data:
    """Uptake of CO2 by a grass, by its concentration (Potvin, Lechowicz, Tardif 1990; plant Qn1 of R's CO2)."""
    table = {"time": [95.0, 175, 250, 350, 500, 675, 1000], "size": [16.0, 30.4, 34.8, 37.2, 35.3, 39.2, 39.7]}
    return Data(table, inputs=["time"], output="size", units={"time": "mL/L", "size": "umol/m**2/s"})


def demand() -> Data:
    """Biochemical oxygen demand by the days of incubation (Box, Hunter, Hunter 1978; BoxBOD of NIST)."""
    table = {"time": [1.0, 2, 3, 5, 7, 10], "size": [109.0, 149, 149, 191, 213, 224]}
    return Data(table, inputs=["time"], output="size", units={"time": "day", "size": "mg/L"})


def adsorption() -> Data:
    """Volume of nitrogen that a monolayer takes up, by pressure (Misra 1978; Misra1a of NIST)."""
    pressure = [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0]
    volume = [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78]
    return Data({"time": pressure, "size": volume}, inputs=["time"], output="size")


def _form(data: Sequence[Data] | None, start: str) -> Form:
    if start != "time":
        refuse_far_zero(data, f'start="{start}" speaks of the size at time zero')
    parameters: dict[str, Parameter] = {
        "asymptote": Real(guess=100.0, unit="{size}", description="the size that is approached"),
        "rate": Positive(guess=0.1, unit="1/{time}", description="how fast what is missing dies out"),
    }
    priors = {"asymptote": place(data, "size"), "rate": around_guess(1.5)}
    if start == "size":
        parameters["size_at_zero"] = Real(guess=0.0, unit="{size}", description="the size at time zero")
        priors["size_at_zero"] = place(data, "size")
    elif start == "time":
        parameters["onset"] = Real(guess=0.0, unit="{time}", description="when the size is zero")
        priors["onset"] = place(data, "time")
    derived = {"half_time": "log(2) / rate", "log_rate": "log(rate)"}
    return Form({"size": _MODELS[start]}, parameters, **TIME_AND_SIZE, priors=priors, derived=derived)


def guess(data: Data, start: str) -> dict[str, float]:
    """The best of a grid of rates; the rest is linear."""
    time, size = tidy(data.inputs["time"], data.outputs["size"])
    _, width = extent(time)
    first = float(time[0])
    grid = {"rate": np.geomspace(0.02, 50.0, 60) / width}
    if start == "origin":
        best = best_shape(lambda rate: [1 - np.exp(-rate * time)], grid, size)
        return {"asymptote": float(best.factors[0]), **best.values}
    best = best_shape(lambda rate: [np.ones(1), -np.exp(-rate * (time - first))], grid, size)
    asymptote, missing = (float(each) for each in best.factors)
    rate = best.values["rate"]
    if start == "size":
        return {
            "asymptote": asymptote,
            "rate": rate,
            "size_at_zero": asymptote - missing * np.exp(min(rate * first, 5.0)),
        }
    share = missing / asymptote if asymptote and missing / asymptote > 0 else 1.0
    onset = first + np.log(share) / rate
    return {"asymptote": asymptote, "rate": rate, "onset": float(np.clip(onset, first - width, time[-1]))}


READY = ReadyMade(
    name="growth.asymptotic_regression",
    summary="Asymptotic regression: an approach to an asymptote that slows down exponentially",
    formula="""size = asymptote + (size_at_zero - asymptote) exp(-rate time)     start = "size"
size = asymptote (1 - exp(-rate (time - onset)))                  start = "time"
size = asymptote (1 - exp(-rate time))                            start = "origin\"""",
    good_for="saturation without an inflection: yields, oxygen demand, uptake, learning (Mitscherlich, monomolecular)",
    prefer_instead="growth.weibull_growth where there is an inflection; kinetics.michaelis_menten where the "
    "approach is slower "
    "than exponential; growth.bertalanffy for the lengths of animals",
    form=_form,
    guess=guess,
    options={
        "start": Option(
            "size", "what is told of the start: a first size, the time of size zero, or neither", tuple(_MODELS)
        )
    },
    known=(
        Known(
            data=pine,
            about="the height of a pine",
            estimate={"asymptote": "94.1282", "size_at_zero": "-8.2508", "log_rate": "-3.2176"},
            second_start={"asymptote": 60.0, "size_at_zero": 5.0, "rate": 0.2},
            source=PINHEIRO_BATES,
        ),
        Known(
            data=uptake,
            options={"start": "time"},
            about="the uptake of carbon dioxide by a grass",
            estimate={"asymptote": "38.140", "log_rate": "-4.381", "onset": "51.22"},
            second_start={"asymptote": 60.0, "onset": 10.0, "rate": 0.003},
            source=PINHEIRO_BATES,
        ),
        Known(
            data=demand,
            options={"start": "origin"},
            about="biochemical oxygen demand",
            estimate={"asymptote": "213.80941", "rate": "0.54723749"},
            standard_error={"asymptote": "12.354515", "rate": "0.10455993"},
            second_start={"asymptote": 100.0, "rate": 0.75},
            source=NIST,
        ),
        Known(
            data=adsorption,
            options={"start": "origin"},
            about="dental research: a monolayer adsorbs",
            estimate={"asymptote": "238.94213", "rate": "5.5015643e-4"},
            standard_error={"asymptote": "2.7070075", "rate": "7.2668688e-6"},
            second_start={"asymptote": 500.0, "rate": 1e-4},
            source=NIST,
        ),
    ),
    sources=(RATKOWSKY, PINHEIRO_BATES),
)
