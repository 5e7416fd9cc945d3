"""Two compartments: a drug moves between blood and tissue while it is eliminated from the blood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import best_shape, extent
from parametra.models.pharmacokinetics._dosing import (
    CLEARANCE,
    GABRIELSSON,
    PINHEIRO_BATES,
    VOLUME,
    by_dose,
    duration_of,
    inputs_of,
    refuse_impossible,
)
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

# the rates k10, k12, k21, and the roots of x^2 - (k10 + k12 + k21) x + k10 k21 without cancellation
_K21 = "(exchange / peripheral_volume)"
_SUM = f"((clearance + exchange) / central_volume + {_K21})"
_ROOT = f"sqrt(((clearance + exchange) / central_volume - {_K21})**2 + 4 * exchange / central_volume * {_K21})"
_FAST = f"(({_SUM} + {_ROOT}) / 2)"
_SLOW = f"(2 * clearance / central_volume * {_K21} / ({_SUM} + {_ROOT}))"
_FAST_SHARE = f"(({_FAST} - {_K21}) / {_ROOT})"
_SLOW_SHARE = f"(({_K21} - {_SLOW}) / {_ROOT})"


def _infused(rate: str) -> str:
    return (
        f"exp(-{rate} * maximum(time - duration, 0)) * -expm1(-{rate} * minimum(time, duration)) / ({rate} * duration)"
    )


_MODELS = {
    "bolus": f"dose / central_volume * ({_FAST_SHARE} * exp(-{_FAST} * time) + {_SLOW_SHARE} * exp(-{_SLOW} * time))",
    "infusion": f"dose / central_volume * ({_FAST_SHARE} * {_infused(_FAST)} + {_SLOW_SHARE} * {_infused(_SLOW)})",
}


def indomethacin() -> Data:
    """Indomethacin in plasma after an injection of 25 mg (Kwan and others 1976; subject 1 of R's Indometh)."""
    time = [0.25, 0.5, 0.75, 1.0, 1.25, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
    found = [1.50, 0.94, 0.78, 0.48, 0.37, 0.19, 0.12, 0.11, 0.08, 0.07, 0.05]
    table = {"time": time, "concentration": found}
    units = {"time": "h", "concentration": "mg/L", "dose": "mg"}
    return Data(table, inputs=["time"], output="concentration", units=units, constants={"dose": 25.0})


def infused() -> Data:
    """Simulated concentrations during and after an infusion of an hour: CL 5, V1 10, Q 8, V2 40, a scatter of 0.05."""
    time = np.array([0.25, 0.5, 1, 1.1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24])
    k10, k12, k21 = 0.5, 0.8, 0.2
    total = k10 + k12 + k21
    root = np.sqrt(total**2 - 4 * k10 * k21)
    fast, slow = (total + root) / 2, (total - root) / 2

    def during_and_after(rate: float) -> np.ndarray:
        return np.exp(-rate * np.maximum(time - 1, 0)) * -np.expm1(-rate * np.minimum(time, 1.0)) / rate

    found = 10.0 * ((fast - k21) * during_and_after(fast) + (k21 - slow) * during_and_after(slow)) / root
    table = {"time": time, "concentration": found + 0.05 * np.random.default_rng(1950).standard_normal(time.size)}
    units = {"time": "h", "concentration": "mg/L", "dose": "mg", "duration": "h"}
    constants = {"dose": 100.0, "duration": 1.0}
    return Data(table, inputs=["time"], output="concentration", units=units, constants=constants)


def _form(data: Sequence[Data] | None, route: str) -> Form:
    refuse_impossible(data)
    parameters = {
        "clearance": Positive(guess=5.0, unit=CLEARANCE, description="volume cleared in a unit of time, CL"),
        "central_volume": Positive(guess=10.0, unit=VOLUME, description="volume of blood and what is as fast, V1"),
        "exchange": Positive(guess=5.0, unit=CLEARANCE, description="volume exchanged in a unit of time, Q"),
        "peripheral_volume": Positive(guess=20.0, unit=VOLUME, description="volume of the tissue behind, V2"),
    }
    derived = {
        "fast_rate": _FAST,
        "slow_rate": _SLOW,
        "log_fast_rate": f"log({_FAST})",
        "log_slow_rate": f"log({_SLOW})",
        "fast_by_dose": f"{_FAST_SHARE} / central_volume",
        "slow_by_dose": f"{_SLOW_SHARE} / central_volume",
        "terminal_half_life": f"log(2) / {_SLOW}",
        "steady_volume": "central_volume + peripheral_volume",
    }
    priors = {name: around_guess(1.0) for name in parameters}
    return Form(
        {"concentration": _MODELS[route]}, parameters, **inputs_of(route == "infusion"), priors=priors, derived=derived
    )


def guess(data: Data, route: str) -> dict[str, float]:
    """The best of a grid of two rates, turned into clearances and volumes."""
    time, found = by_dose(data)
    _, width = extent(time)
    end = duration_of(data) if route == "infusion" else 0.0

    def column(rate: Any) -> Any:
        if not end:
            return np.exp(-rate * time)
        return np.exp(-rate * np.maximum(time - end, 0)) * -np.expm1(-rate * np.minimum(time, end)) / (rate * end)

    grid = {"slow": np.geomspace(0.05, 20.0, 30) / width, "times": np.geomspace(1.5, 200.0, 30)}
    best = best_shape(
        lambda slow, times: [column(slow * times), column(slow)],
        grid,
        found,
        lambda factors: (factors[:, 0] > 0) & (factors[:, 1] > 0),
    )
    highest = float(np.max(np.abs(found))) or 1.0
    a, b = (float(each) if each > 0 else 0.1 * highest for each in best.factors)
    slow = best.values["slow"]
    fast = slow * best.values["times"]
    k21 = (a * slow + b * fast) / (a + b)
    k10 = fast * slow / k21
    central = 1 / (a + b)
    k12 = fast + slow - k21 - k10
    exchange = max(k12, 1e-3 * k10) * central
    return {
        "clearance": k10 * central,
        "central_volume": central,
        "exchange": exchange,
        "peripheral_volume": exchange / k21,
    }


READY = ReadyMade(
    name="pharmacokinetics.two_compartment",
    summary="Two compartments with elimination from the first, after an injection or an infusion",
    formula="""concentration = dose / V1 ((a - k21) exp(-a time) + (k21 - b) exp(-b time)) / (a - b)    route = "bolus"
a, b: the roots of x^2 - (k10 + k12 + k21) x + k10 k21;   k10 = CL / V1, k12 = Q / V1, k21 = Q / V2
with each exponential averaged over the duration                                         route = "infusion\"""",
    good_for="intravenous doses whose concentration falls fast at first and slowly in the end",
    prefer_instead="pharmacokinetics.one_compartment where one exponential does; an ODE with events for many doses",
    form=_form,
    guess=guess,
    options={"route": Option("bolus", "how the dose is given", tuple(_MODELS))},
    known=(
        Known(
            data=infused,
            options={"route": "infusion"},
            about="an infusion of an hour, simulated",
            estimate={"clearance": 5.0, "central_volume": 10.0, "exchange": 8.0, "peripheral_volume": 40.0},
            second_start={"clearance": 2.0, "central_volume": 20.0, "exchange": 3.0, "peripheral_volume": 20.0},
            source=GABRIELSSON,
        ),
        Known(
            data=indomethacin,
            about="indomethacin after an injection",
            estimate={
                "log_fast_rate": "0.5794",
                "log_slow_rate": "-1.7878",
                "fast_by_dose": "0.08117",
                "slow_by_dose": "0.00766",
            },
            second_start={"clearance": 20.0, "central_volume": 20.0, "exchange": 15.0, "peripheral_volume": 10.0},
            source=PINHEIRO_BATES,
        ),
    ),
    sources=(GABRIELSSON, PINHEIRO_BATES),
)
