"""Michaelis-Menten kinetics: the rate of an enzyme reaction that saturates with the concentration of its substrate."""

from __future__ import annotations

import numpy as np

from parametra.maths.first_look import best_shape, lifted
from parametra.models.kinetics._readings import curve
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess

_BATES_WATTS = Source(
    "D. M. Bates and D. G. Watts",
    1988,
    "Nonlinear Regression Analysis and Its Applications",
    "doi:10.1002/9780470316757",
)
_MICHAELIS_MENTEN = Source(
    "L. Michaelis and M. L. Menten", 1913, "Die Kinetik der Invertinwirkung", "doi:10.1021/bi201284u"
)


def puromycin() -> Data:
    """Rates of a reaction on cells treated with puromycin (Bates and Watts 1988, table A1.3)."""
    concentration = [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10]
    rate = [76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200]
    units = {"substrate": "ppm", "rate": "count/min**2"}
    return Data({"substrate": concentration, "rate": rate}, inputs=["substrate"], output="rate", units=units)


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of half saturations."""
    substrate, rate = curve(data, "substrate", "rate")
    highest = lifted(float(substrate[-1]), float(np.max(np.abs(substrate))))
    halves = {"half": highest * np.geomspace(1e-3, 30.0, 60)}
    positive = np.maximum(substrate, 0.0)
    best = best_shape(lambda half: [positive / (half + positive)], halves, rate, lambda factors: factors[:, 0] > 0)
    return {"V": lifted(best.factors[0], float(np.max(rate))), "K": best.values["half"]}


READY = ReadyMade(
    name="kinetics.michaelis_menten",
    summary="Michaelis-Menten kinetics: the rate of an enzyme reaction that saturates with its substrate",
    formula="rate = V substrate / (K + substrate)",
    good_for="initial rates of an enzyme with one substrate, and whatever saturates as a rectangular hyperbola",
    prefer_instead="kinetics.hill where the curve is sigmoid; the rates themselves, never their reciprocals, are "
    "fitted",
    form=Form(
        model={"rate": "V * substrate / (K + substrate)"},
        parameters={
            "V": Positive(guess=1.0, unit="{rate}", description="the rate at saturation"),
            "K": Positive(guess=1.0, unit="{substrate}", description="the concentration at half of it"),
        },
        inputs={"substrate": "mmol/L"},
        outputs={"rate": "mmol/L/min"},
        priors={"V": around_guess(1.0), "K": around_guess(1.5)},
    ),
    guess=guess,
    known=(
        Known(
            data=puromycin,
            about="an enzyme on cells treated with puromycin",
            estimate={"V": "212.7", "K": "0.06412"},
            standard_error={"V": "6.947", "K": "0.008281"},
            second_start={"V": 100.0, "K": 1.0},
            source=_BATES_WATTS,
        ),
    ),
    sources=(_MICHAELIS_MENTEN, _BATES_WATTS),
)
