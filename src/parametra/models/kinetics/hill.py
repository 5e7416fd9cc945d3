"""The Hill equation: saturation that sets in as a sigmoid, where sites cooperate."""

from __future__ import annotations

import numpy as np

from parametra.maths.first_look import best_shape, lifted
from parametra.models.kinetics._readings import curve
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_HILL = Source(
    "A. V. Hill",
    1910,
    "The possible effects of the aggregation of the molecules of haemoglobin on its dissociation curves",
    "doi:10.1113/jphysiol.1910.sp001386",
)
_WEISS = Source(
    "J. N. Weiss", 1997, "The Hill equation revisited: uses and misuses", "doi:10.1096/fasebj.11.11.9285481"
)
_SEVERINGHAUS = Source(
    "J. W. Severinghaus",
    1979,
    "Simple, accurate equations for human blood O2 dissociation computations",
    "doi:10.1152/jappl.1979.46.3.599",
)


def haemoglobin() -> Data:
    """Simulated saturation of blood with oxygen: half at 26.86 mmHg, a Hill coefficient of 2.7, scatter of 1 %."""
    pressure = np.repeat([5.0, 10, 15, 20, 25, 30, 35, 40, 50, 60, 80, 100], 2)
    bound = 1 / (1 + (26.86 / pressure) ** 2.7)
    table = {"substrate": pressure, "rate": bound + 0.01 * np.random.default_rng(1910).standard_normal(pressure.size)}
    return Data(table, inputs=["substrate"], output="rate", units={"substrate": "mmHg", "rate": "1"})


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of half saturations and coefficients."""
    substrate, rate = curve(data, "substrate", "rate")
    highest = lifted(float(substrate[-1]), float(np.max(np.abs(substrate))))
    grid = {
        "half": highest * np.geomspace(1e-3, 3.0, 40),
        "cooperativity": np.array([0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8]),
    }
    positive = np.maximum(substrate, 1e-9 * highest)
    best = best_shape(
        lambda half, cooperativity: [1 / (1 + (half / positive) ** cooperativity)], grid, rate, lambda f: f[:, 0] > 0
    )
    return {
        "V": lifted(best.factors[0], float(np.max(rate))),
        "K": best.values["half"],
        "n": best.values["cooperativity"],
    }


READY = ReadyMade(
    name="kinetics.hill",
    summary="The Hill equation: saturation that sets in as a sigmoid",
    formula="rate = V substrate^n / (K^n + substrate^n)",
    good_for="cooperative binding and enzymes, and the occupancy of receptors; n is no number of sites",
    prefer_instead="kinetics.michaelis_menten where n = 1; growth.four_parameter_logistic where the lower level is "
    "not zero",
    form=Form(
        # at a concentration of zero the logarithm is asked for, and the rate is 0
        model={"rate": "V * expit(n * log(maximum(substrate, 1e-300) / K))"},
        parameters={
            "V": Positive(guess=1.0, unit="{rate}", description="the rate at saturation"),
            "K": Positive(guess=1.0, unit="{substrate}", description="the concentration at half of it"),
            "n": Positive(
                guess=1.0, upper=50.0, unit="1", description="the Hill coefficient; above 1: sites help one another"
            ),
        },
        inputs={"substrate": "mmol/L"},
        outputs={"rate": "mmol/L/min"},
        priors={"V": around_guess(1.0), "K": around_guess(1.5), "n": around_guess(0.7)},
        derived={"ninety_to_ten": "81 ** (1 / n)"},
    ),
    guess=guess,
    known=(
        Known(
            data=haemoglobin,
            about="oxygen bound to haemoglobin, simulated",
            estimate={"V": 1.0, "K": 26.86, "n": 2.7},
            second_start={"V": 2.0, "K": 80.0, "n": 1.0},
            source=_SEVERINGHAUS,
        ),
    ),
    sources=(_HILL, _WEISS),
)
