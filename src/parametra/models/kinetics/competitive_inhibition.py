"""Enzyme inhibition: competitive, uncompetitive, noncompetitive or mixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted
from parametra.models.kinetics._picture import inhibition_picture
from parametra.models.kinetics._readings import CORNISH_BOWDEN
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_CLELAND = Source(
    "W. W. Cleland",
    1963,
    "The kinetics of enzyme-catalyzed reactions with two or more substrates or products. II. Inhibition",
    "doi:10.1016/0926-6569(63)90226-8",
)
_MODELS = {
    "competitive": "V * substrate / (K * (1 + inhibitor / Ki) + substrate)",
    "uncompetitive": "V * substrate / (K + substrate * (1 + inhibitor / Ku))",
    "noncompetitive": "V * substrate / ((K + substrate) * (1 + inhibitor / Ki))",
    "mixed": "V * substrate / (K * (1 + inhibitor / Ki) + substrate * (1 + inhibitor / Ku))",
}


def _simulated(mechanism: str) -> Data:
    substrate, inhibitor = (each.ravel() for each in np.meshgrid([0.5, 1, 2, 4, 8, 16], [0.0, 1, 2, 4]))
    for_substrate = 1 + (inhibitor / 1.5 if mechanism != "uncompetitive" else 0)
    for_complex = 1 + (inhibitor / {"uncompetitive": 3.0, "mixed": 3.0, "noncompetitive": 1.5}.get(mechanism, np.inf))
    rate = 12.0 * substrate / (2.0 * for_substrate + substrate * for_complex)
    rate = rate + 0.1 * np.random.default_rng(1963).standard_normal(rate.size)
    table = {"substrate": substrate, "inhibitor": inhibitor, "rate": rate}
    units = {"substrate": "mmol/L", "inhibitor": "mmol/L", "rate": "umol/min"}
    return Data(table, inputs=["substrate", "inhibitor"], output="rate", units=units)


def _form(_: object, mechanism: str) -> Form:
    parameters: dict[str, Parameter] = {
        "V": Positive(guess=1.0, unit="{rate}", description="the rate at saturation without inhibitor"),
        "K": Positive(guess=1.0, unit="{substrate}", description="the Michaelis constant without inhibitor"),
    }
    if mechanism != "uncompetitive":
        parameters["Ki"] = Positive(guess=1.0, unit="{inhibitor}", description="dissociation of inhibitor and enzyme")
    if mechanism in ("uncompetitive", "mixed"):
        parameters["Ku"] = Positive(guess=1.0, unit="{inhibitor}", description="dissociation of inhibitor and complex")
    units: dict[str, Any] = {
        "inputs": {"substrate": "mmol/L", "inhibitor": "mmol/L"},
        "outputs": {"rate": "umol/min"},
    }
    return Form({"rate": _MODELS[mechanism]}, parameters, **units, priors=dict.fromkeys(parameters, around_guess(1.5)))


def guess(data: Data, mechanism: str) -> dict[str, float]:
    """The best of a grid of the constants, for the mechanism asked for."""
    values = {**{k: np.full(data.rows, v) for k, v in data.constants.items()}, **data.inputs}
    substrate, inhibitor, rate = values["substrate"], values["inhibitor"], data.outputs["rate"]
    known = np.isfinite(rate)
    substrate, inhibitor, rate = (each[known][:600] for each in (substrate, inhibitor, rate))
    constants = extent(substrate)[1] * np.geomspace(1e-3, 10.0, 16)
    stops = extent(inhibitor)[1] * np.geomspace(1e-2, 30.0, 12)
    names = ["Ki"] * (mechanism != "uncompetitive") + ["Ku"] * (mechanism in ("uncompetitive", "mixed"))

    def columns(K: Any, **stop: Any) -> list[Any]:
        on_enzyme = 1 + inhibitor / stop.get("Ki", np.inf)
        on_complex = on_enzyme if mechanism == "noncompetitive" else 1 + inhibitor / stop.get("Ku", np.inf)
        return [substrate / (K * on_enzyme + substrate * on_complex)]

    best = best_shape(columns, {"K": constants, **dict.fromkeys(names, stops)}, rate)
    return {"V": lifted(best.factors[0], float(np.max(rate, initial=0.0))), **best.values}


def _known(mechanism: str, estimate: dict[str, str | float]) -> Known:
    return Known(
        data=lambda: _simulated(mechanism),
        options={"mechanism": mechanism},
        about=f"{mechanism} inhibition, simulated",
        estimate={"V": 12.0, "K": 2.0, **estimate},
        second_start={"V": 5.0, "K": 8.0, **dict.fromkeys(estimate, 12.0)},
        source=CORNISH_BOWDEN,
    )


READY = ReadyMade(
    name="kinetics.competitive_inhibition",
    summary="An enzyme with an inhibitor: competitive, uncompetitive, noncompetitive or mixed inhibition",
    formula="""rate = V substrate / (K (1 + inhibitor / Ki) + substrate)                            competitive
rate = V substrate / (K + substrate (1 + inhibitor / Ku))                            uncompetitive
rate = V substrate / ((K + substrate) (1 + inhibitor / Ki))                          noncompetitive
rate = V substrate / (K (1 + inhibitor / Ki) + substrate (1 + inhibitor / Ku))       mixed""",
    good_for="initial rates at several concentrations of substrate and of a reversible inhibitor, all fitted at once; "
    "pm.compare tells the mechanisms apart",
    prefer_instead="kinetics.michaelis_menten without inhibitor; growth.four_parameter_logistic for an IC50 alone",
    form=_form,
    guess=guess,
    options={"mechanism": Option("competitive", "what the inhibitor binds to", tuple(_MODELS))},
    known=(
        _known("competitive", {"Ki": 1.5}),
        _known("uncompetitive", {"Ku": 3.0}),
        _known("noncompetitive", {"Ki": 1.5}),
        _known("mixed", {"Ki": 1.5, "Ku": 3.0}),
    ),
    sources=(_CLELAND, CORNISH_BOWDEN),
    picture=inhibition_picture,
)
