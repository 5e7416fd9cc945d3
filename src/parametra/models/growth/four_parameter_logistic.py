"""The four-parameter logistic: a sigmoid between two levels, as assays and dose-response curves have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.models.growth._curves import DNASE_CONCENTRATION, DNASE_DENSITY, PINHEIRO_BATES, place
from parametra.models.growth._picture import dose_picture
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_RITZ = Source(
    "C. Ritz, F. Baty, J. C. Streibig and D. Gerhard",
    2015,
    "Dose-response analysis using R",
    "doi:10.1371/journal.pone.0146021",
)
_MODELS = {
    # a dose of zero is a control: its logarithm is asked for, and its response is the lower level
    "logarithmic": "at_zero + (at_infinity - at_zero) * expit(slope * log(maximum(dose, 1e-300) / half))",
    "linear": "at_zero + (at_infinity - at_zero) * expit((dose - half) / scale)",
}


def assay() -> Data:
    """Optical density by concentration, an assay for DNase in rat serum (run 1 of R's DNase)."""
    table = {"dose": DNASE_CONCENTRATION, "response": DNASE_DENSITY}
    return Data(table, inputs=["dose"], output="response", units={"dose": "ng/mL", "response": "1"})


def logarithm_of_assay() -> Data:
    """The same by the logarithm of the concentration."""
    table = {"dose": np.log(DNASE_CONCENTRATION), "response": DNASE_DENSITY}
    return Data(table, inputs=["dose"], output="response", units={"dose": "1", "response": "1"})


def _form(data: Sequence[Data] | None, axis: str) -> Form:
    far = place(data, "response")
    parameters: dict[str, Parameter] = {
        "at_zero": Real(guess=0.0, unit="{response}", description="the response far below the half dose"),
        "at_infinity": Real(guess=1.0, unit="{response}", description="the response far above it"),
    }
    priors: dict[str, Any] = {"at_zero": far, "at_infinity": far}
    if axis == "logarithmic":
        parameters["half"] = Positive(guess=1.0, unit="{dose}", description="the dose of half the effect, EC50 or IC50")
        parameters["slope"] = Positive(guess=1.0, upper=50.0, unit="1", description="the Hill slope")
        derived = {"log_half": "log(half)", "scale_of_log": "1 / slope"}
        priors |= {"half": around_guess(2.0), "slope": around_guess(0.7)}
    else:
        parameters["half"] = Real(guess=1.0, unit="{dose}", description="the dose of half the effect")
        parameters["scale"] = Positive(guess=1.0, unit="{dose}", description="from 50 to 73 % of the effect")
        derived = {"effect": "at_infinity - at_zero"}
        priors |= {"half": place(data, "dose"), "scale": around_guess(1.0)}
    units: dict[str, Any] = {"inputs": {"dose": "ng/mL"}, "outputs": {"response": "1"}}
    return Form({"response": _MODELS[axis]}, parameters, **units, priors=priors, derived=derived)


def guess(data: Data, axis: str) -> dict[str, float]:
    """The best of a grid of half doses and slopes; both levels are linear."""
    dose, response = tidy(data.inputs["dose"], data.outputs["response"])
    given = dose[dose > 0] if axis == "logarithmic" else dose
    x = np.log(np.maximum(dose, float(given[0]) * 1e-3 if given.size else 1e-3)) if axis == "logarithmic" else dose
    middle, width = extent(np.log(given) if axis == "logarithmic" else given)
    grid = {"half": middle + width * np.linspace(-0.75, 0.75, 31), "scale": width * np.geomspace(0.02, 1.0, 14)}
    best = best_shape(
        lambda half, scale: [1 / (1 + np.exp((x - half) / scale)), 1 / (1 + np.exp((half - x) / scale))], grid, response
    )
    levels = {"at_zero": float(best.factors[0]), "at_infinity": float(best.factors[1])}
    half, scale = best.values["half"], best.values["scale"]
    if axis == "linear":
        return {**levels, "half": half, "scale": scale}
    return {**levels, "half": lifted(float(np.exp(half)), 1.0, 1e-300), "slope": float(np.clip(1 / scale, 1e-3, 20.0))}


READY = ReadyMade(
    name="growth.four_parameter_logistic",
    summary="The four-parameter logistic: a sigmoid between two levels, rising or falling",
    formula="""response = at_zero + (at_infinity - at_zero) / (1 + (half / dose)^slope)            axis = "logarithmic"
response = at_zero + (at_infinity - at_zero) / (1 + exp((half - dose) / scale))     axis = "linear\"""",
    good_for="dose-response curves (EC50, IC50), immunoassays, and titrations; a dose of zero is a control",
    prefer_instead="growth.logistic where the lower level is zero and the axis is time; kinetics.hill for rates",
    form=_form,
    guess=guess,
    options={"axis": Option("logarithmic", "whether doses act by their logarithm", tuple(_MODELS))},
    known=(
        Known(
            data=assay,
            about="an assay for an enzyme",
            estimate={
                "at_zero": "-0.007897",
                "at_infinity": "2.377239",
                "log_half": "1.507403",
                "scale_of_log": "1.062579",
            },
            standard_error={
                "at_zero": "0.0172",
                "at_infinity": "0.10952",
                "log_half": "0.10208",
                "scale_of_log": "0.0570",
            },
            second_start={"at_zero": 0.3, "at_infinity": 1.5, "half": 1.5, "slope": 2.0},
            source=PINHEIRO_BATES,
        ),
        Known(
            data=logarithm_of_assay,
            options={"axis": "linear"},
            about="the same by the logarithm of its concentration",
            estimate={"at_zero": "-0.007897", "at_infinity": "2.377239", "half": "1.507403", "scale": "1.062579"},
            second_start={"at_zero": 0.3, "at_infinity": 1.5, "half": 0.5, "scale": 0.5},
            source=PINHEIRO_BATES,
        ),
    ),
    sources=(_RITZ, PINHEIRO_BATES),
    picture=dose_picture,
)
