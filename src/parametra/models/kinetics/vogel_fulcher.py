"""The law of Vogel, Fulcher and Tammann: an Arrhenius law whose zero of temperature is moved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.kelvin import refuse_celsius
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_FULCHER = Source(
    "G. S. Fulcher",
    1925,
    "Analysis of recent measurements of the viscosity of glasses",
    "doi:10.1111/j.1151-2916.1925.tb16731.x",
)
_NIST = Source(
    "NIST/ITL",
    2003,
    "Statistical Reference Datasets: MGH10",
    "https://www.itl.nist.gov/div898/strd/nls/data/mgh10.shtml",
)


def thermistor() -> Data:
    """Resistance of a thermistor by temperature (Meyer 1970; MGH10 of NIST)."""
    resistance = [34780.0, 28610, 23650, 19630, 16370, 13720, 11540, 9744]
    resistance += [8261.0, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
    table = {"temperature": np.arange(50.0, 126.0, 5.0), "response": resistance}
    return Data(table, inputs=["temperature"], output="response", units={"temperature": "K", "response": "ohm"})


def _form(data: Sequence[Data] | None) -> Form:
    # a moved zero of temperature moves the parameter zero alone, so only what no kelvin can be is refused
    refuse_celsius(data)
    middle, width = extent(*(each.inputs.get("temperature", np.zeros(0)) for each in data or ()))
    lowest = middle - 0.5 * width
    return Form(
        model={
            "response": "response_at_middle * exp(minimum(strength / (temperature - zero) - strength / "
            f"({middle!r} - zero), 150))"
        },
        parameters={
            "response_at_middle": Positive(guess=1.0, unit="{response}", description=f"the response at {middle:g}"),
            "strength": Real(guess=1000.0, unit="{temperature}", description="the strength of the dependence, B"),
            "zero": Real(
                upper=lowest - 1e-6 * width,
                guess=lowest - width,
                unit="{temperature}",
                description="where the response diverges, below all data",
            ),
        },
        inputs={"temperature": "K"},
        outputs={"response": "ohm"},
        priors={
            "response_at_middle": around_guess(1.0),
            "strength": Normal(0.0, 200.0 * width),
            "zero": Normal(lowest, 10.0 * width),
        },
        derived={
            "prefactor": f"response_at_middle * exp(-strength / ({middle!r} - zero))",
            "fragility": "strength / abs(zero)",
        },
    )


def guess(data: Data) -> dict[str, float]:
    """The best zero of a grid, the rest a straight line through the logarithms."""
    temperature, response = tidy(data.inputs["temperature"], data.outputs["response"])
    middle, width = extent(data.inputs["temperature"])
    highest = float(np.max(np.abs(response))) or 1.0
    logarithm = np.log(np.maximum(response, 1e-12 * highest))
    grid = {"zero": middle - 0.5 * width - width * np.geomspace(0.01, 100.0, 80)}
    best = best_shape(lambda zero: [np.ones(1), 1 / (temperature - zero) - 1 / (middle - zero)], grid, logarithm)
    level = lifted(float(np.exp(np.clip(best.factors[0], -700, 700))), highest, 1e-12)
    return {"response_at_middle": level, "strength": float(best.factors[1]), **best.values}


READY = ReadyMade(
    name="kinetics.vogel_fulcher",
    summary="The law of Vogel, Fulcher and Tammann: an Arrhenius law that diverges at a temperature above zero",
    formula="response = prefactor exp(strength / (temperature - zero))",
    good_for="viscosity and relaxation times of glass formers, thermistors, vapour pressures (the Antoine equation)",
    prefer_instead="kinetics.arrhenius where the logarithms lie on a straight line over 1 / T",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=thermistor,
            about="the resistance of a thermistor",
            estimate={"prefactor": "5.6096365e-3", "strength": "6181.3463", "zero": "-345.22363"},
            standard_error={"prefactor": "1.56879e-4", "strength": "23.30902", "zero": "0.784861"},
            second_start={"response_at_middle": 1e4, "strength": 2000.0, "zero": -50.0},
            source=_NIST,
        ),
    ),
    sources=(_FULCHER, _NIST),
)
