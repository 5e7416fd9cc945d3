"""A reaction of first order: a concentration that falls exponentially."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.first_look import best_shape, extent, lifted
from parametra.models.kinetics._readings import curve
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import refuse_far_zero

_DANIELS = Source(
    "F. Daniels and E. H. Johnston",
    1921,
    "The thermal decomposition of gaseous nitrogen pentoxide: a monomolecular reaction",
    "doi:10.1021/ja01434a005",
)


def nitrogen_pentoxide() -> Data:
    """Concentration of N2O5 in carbon tetrachloride at 45 degrees, as textbooks print it."""
    time = [0.0, 184, 319, 526, 867, 1198, 1877, 2315, 3144]
    left = [2.33, 2.08, 1.91, 1.67, 1.36, 1.11, 0.72, 0.55, 0.34]
    units = {"time": "s", "concentration": "mol/L"}
    return Data({"time": time, "concentration": left}, inputs=["time"], output="concentration", units=units)


def guess(data: Data) -> dict[str, float]:
    """The best of a grid of rate constants."""
    time, concentration = curve(data, "time", "concentration")
    rates = {"rate": np.geomspace(0.01, 300.0, 90) / extent(time)[1]}
    best = best_shape(lambda rate: [np.exp(-rate * time)], rates, concentration, lambda factors: factors[:, 0] > 0)
    return {"initial": lifted(best.factors[0], float(np.max(concentration))), **best.values}


def _form(data: Sequence[Data] | None) -> Form:
    refuse_far_zero(data, "initial is the concentration at time zero")
    return Form(
        model={"concentration": "initial * exp(-rate * time)"},
        parameters={
            "initial": Positive(guess=1.0, unit="{concentration}", description="the concentration at time zero"),
            "rate": Positive(guess=1.0, unit="1/{time}", description="the rate constant"),
        },
        inputs={"time": "s"},
        outputs={"concentration": "mol/L"},
        priors={"initial": around_guess(1.0), "rate": around_guess(2.0)},
        derived={"half_life": "log(2) / rate"},
    )


READY = ReadyMade(
    name="kinetics.first_order",
    summary="A reaction of first order: a concentration that falls exponentially",
    formula="concentration = initial exp(-rate time)",
    good_for="decompositions, hydrolysis and radioactive decay without background",
    prefer_instead="decay.exponential with a background or several terms; kinetics.second_order where halving takes "
    "ever longer",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=nitrogen_pentoxide,
            about="decomposition of nitrogen pentoxide",
            estimate={"rate": "6.2e-4"},
            second_start={"initial": 1.0, "rate": 3e-3},
            source=_DANIELS,
        ),
    ),
    sources=(_DANIELS,),
)
