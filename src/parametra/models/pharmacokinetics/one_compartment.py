"""One compartment: a drug spreads at once and is eliminated in proportion to its concentration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted
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
from parametra.nouns.parameter import Parameter, Positive
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_K = "clearance / volume"
_SINCE = f"abs(absorption_rate - {_K}) * time"
_MODELS = {
    # (exp(-k t) - exp(-ka t)) / (ka - k) without 0 / 0 where the two rates are alike
    "oral": f"dose * absorption_rate * time / volume * exp(-minimum(absorption_rate, {_K}) * time) "
    f"* where({_SINCE} < 1e-7, 1 - {_SINCE} / 2, -expm1(-{_SINCE}) / where({_SINCE} < 1e-7, 1, {_SINCE}))",
    "bolus": f"dose / volume * exp(-{_K} * time)",
    "infusion": f"dose / (duration * clearance) * exp(-{_K} * maximum(time - duration, 0)) "
    f"* -expm1(-{_K} * minimum(time, duration))",
}


def theophylline() -> Data:
    """Theophylline in serum after an oral dose (Upton, in Boeckmann, Sheiner, Beal 1994; subject 1 of R's Theoph)."""
    time = [0.0, 0.25, 0.57, 1.12, 2.02, 3.82, 5.10, 7.03, 9.05, 12.12, 24.37]
    found = [0.74, 2.84, 6.57, 10.50, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28]
    units = {"time": "h", "concentration": "mg/L", "dose": "mg/kg"}
    table = {"time": time, "concentration": found}
    return Data(table, inputs=["time"], output="concentration", units=units, constants={"dose": 4.02})


def _simulated(route: str) -> Data:
    time = np.array([0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24])
    rate = 3.0 / 30.0
    at = (
        np.exp(-rate * time)
        if route == "bolus"
        else (np.exp(-rate * np.maximum(time - 2, 0)) * -np.expm1(-rate * np.minimum(time, 2.0)) / (2 * rate))
    )
    found = 500.0 / 30.0 * at + 0.3 * np.random.default_rng(1937).standard_normal(time.size)
    units = {"time": "h", "concentration": "mg/L", "dose": "mg", "duration": "h"}
    known = {"dose": 500.0} | ({"duration": 2.0} if route == "infusion" else {})
    units = {name: unit for name, unit in units.items() if name in ("time", "concentration", *known)}
    table = {"time": time, "concentration": found}
    return Data(table, inputs=["time"], output="concentration", units=units, constants=known)


def _form(data: Sequence[Data] | None, route: str) -> Form:
    refuse_impossible(data)
    parameters: dict[str, Parameter] = {
        "clearance": Positive(
            guess=1.0, unit=CLEARANCE, description="volume cleared in a unit of time, CL (CL/F if oral)"
        ),
        "volume": Positive(guess=10.0, unit=VOLUME, description="volume of distribution, V (V/F if oral)"),
    }
    derived: dict[str, object] = {
        "elimination_rate": _K,
        "half_life": f"log(2) / ({_K})",
        "log_clearance": "log(clearance)",
        "log_elimination_rate": f"log({_K})",
    }
    if route == "oral":
        parameters["absorption_rate"] = Positive(guess=1.0, unit="1/{time}", description="rate of absorption, ka")
        derived["log_absorption_rate"] = "log(absorption_rate)"
    priors = {name: around_guess(1.0) for name in parameters}
    return Form(
        {"concentration": _MODELS[route]}, parameters, **inputs_of(route == "infusion"), priors=priors, derived=derived
    )


def guess(data: Data, route: str) -> dict[str, float]:
    """The best of a grid of rates; of two solutions, that with the faster absorption."""
    time, found = by_dose(data)
    _, width = extent(time)
    rates: dict[str, Any] = {"rate": np.geomspace(0.02, 60.0, 40) / width}
    if route == "oral":
        rates["times"] = np.geomspace(1.2, 300.0, 40)

    def columns(rate: Any, times: Any = 1.0) -> list[Any]:
        if route == "oral":
            return [times / (times - 1) * (np.exp(-rate * time) - np.exp(-rate * times * time))]
        if route == "bolus":
            return [np.exp(-rate * time)]
        end = duration_of(data)
        return [np.exp(-rate * np.maximum(time - end, 0)) * -np.expm1(-rate * np.minimum(time, end)) / (rate * end)]

    best = best_shape(columns, rates, found, lambda factors: factors[:, 0] > 0)
    volume = 1 / lifted(best.factors[0], float(np.max(found)))
    rate = best.values["rate"]
    absorption = {"absorption_rate": rate * best.values["times"]} if route == "oral" else {}
    return {"clearance": rate * volume, "volume": volume, **absorption}


READY = ReadyMade(
    name="pharmacokinetics.one_compartment",
    summary="One compartment with first-order elimination, after an oral dose, an injection or an infusion",
    formula="""concentration = dose ka / (V (ka - k)) (exp(-k time) - exp(-ka time)),   k = CL / V      route = "oral"
concentration = dose / V exp(-k time)                                                     route = "bolus"
concentration = dose / (duration CL) (exp(-k max(time - duration, 0)) - exp(-k time))         route = "infusion\"""",
    good_for="a single dose whose concentration falls along one exponential in the end; oral clearance and volume are "
    'those divided by the bioavailability. Relative errors: noise=pm.Normal(sigma="estimated", proportional=True)',
    prefer_instead="pharmacokinetics.two_compartment where the logarithm of the fall bends; an ODE with events for "
    "many doses",
    form=_form,
    guess=guess,
    options={"route": Option("oral", "how the dose is given", tuple(_MODELS))},
    known=(
        Known(
            data=theophylline,
            about="theophylline after an oral dose",
            estimate={
                "log_elimination_rate": "-2.9196",
                "log_absorption_rate": "0.5752",
                "log_clearance": "-3.9159",
            },
            second_start={"clearance": 0.2, "volume": 1.5, "absorption_rate": 0.5},
            source=PINHEIRO_BATES,
        ),
        Known(
            data=lambda: _simulated("bolus"),
            options={"route": "bolus"},
            about="an injection, simulated",
            estimate={"clearance": 3.0, "volume": 30.0},
            second_start={"clearance": 10.0, "volume": 10.0},
            source=GABRIELSSON,
        ),
        Known(
            data=lambda: _simulated("infusion"),
            options={"route": "infusion"},
            about="an infusion of two hours, simulated",
            estimate={"clearance": 3.0, "volume": 30.0},
            second_start={"clearance": 10.0, "volume": 10.0},
            source=GABRIELSSON,
        ),
    ),
    sources=(GABRIELSSON, PINHEIRO_BATES),
)
