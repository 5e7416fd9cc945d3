"""SIR: an epidemic among susceptible, infectious and removed people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.models.epidemiology._compartments import (
    ANDERSON_MAY,
    KERMACK,
    OPTIONS,
    population_of,
    rough_fit,
)
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Fixed, Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import begin_of

_MURRAY = Source("J. D. Murray", 2002, "Mathematical Biology I: An Introduction, 3rd edition", "doi:10.1007/b98868")
_SEEN = {"infectious": "I", "removed": "population - S - I", "ever": "population - S"}


def boarding_school() -> Data:
    """Boys in bed with influenza, 22 January to 4 February, days since 21 January (Brit. Med. J. 1978, 1, 587)."""
    in_bed = [3.0, 8, 26, 76, 225, 298, 258, 233, 189, 128, 68, 29, 14, 4]
    table = {"time": np.arange(1.0, 15.0), "cases": in_bed}
    units = {"time": "day", "cases": "people", "population": "people"}
    return Data(table, inputs=["time"], output="cases", units=units, constants={"population": 763})


def _form(data: Sequence[Data] | None, observed: str, begin: Any) -> Form:
    people = max((population_of(each) for each in data or ()), default=1e12)
    return Form(
        model=ODE(
            {"S": "-infection", "I": "infection - recovery * I"},
            initial={"S": "population - first_infectious", "I": "first_infectious"},
            let={"infection": "contact * S * I / population"},
            observe={"cases": _SEEN[observed]},
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters={
            "contact": Positive(
                guess=1.0, unit="1/{time}", description="infections by one person in a unit of time, beta"
            ),
            "recovery": Positive(
                guess=0.3, unit="1/{time}", description="the reciprocal of the time of being infectious, gamma"
            ),
            "first_infectious": Positive(
                upper=people, guess=min(1.0, 0.1 * people), unit="{population}", description="infectious when it begins"
            ),
        },
        inputs={"time": "day", "population": "people"},
        outputs={"cases": "people"},
        priors={"contact": around_guess(1.0), "recovery": around_guess(1.0), "first_infectious": around_guess(1.5)},
        derived={"R0": "contact / recovery", "infectious_period": "1 / recovery", "growth_rate": "contact - recovery"},
    )


def guess(data: Data, observed: str, begin: Any) -> dict[str, float]:
    """The best of a grid of epidemics."""

    def slopes(contact: Any, recovery: Any) -> Any:
        return lambda s: (-contact * s[0] * s[1], contact * s[0] * s[1] - recovery * s[1])

    seen = {"infectious": lambda s: s[1], "removed": lambda s: 1 - s[0] - s[1], "ever": lambda s: 1 - s[0]}[observed]
    rates = np.geomspace(1.0, 60.0, 16)
    grid = {"contact": rates, "recovery": rates, "first_share": np.geomspace(1e-6, 0.1, 11)}
    return rough_fit(data, begin, grid, slopes, lambda share: (1 - share, share), seen)


READY = ReadyMade(
    name="epidemiology.sir",
    summary="SIR: an epidemic in a closed population of susceptible, infectious and removed people",
    formula="""dS/dt = -contact S I / population
dI/dt = contact S I / population - recovery I""",
    good_for='one outbreak whose infectious people, or all that ever were ill, are counted (noise="poisson", or '
    "pm.NegativeBinomial() where counts scatter more)",
    prefer_instead="epidemiology.seir where people are infected for long before they infect; daily new cases are "
    "differences "
    'of observed="ever", which an ODE of your own may give',
    form=_form,
    guess=guess,
    options=OPTIONS,
    known=(
        Known(
            data=boarding_school,
            options={"begin": 0.0},
            parameters={"first_infectious": Fixed(1.0, unit="people", description="the boy who brought it")},
            about="influenza in a boarding school; Murray's answer to two digits, for he read the counts off a figure",
            estimate={"recovery": "0.44", "R0": "3.8"},
            second_start={"contact": 1.0, "recovery": 0.2},
            source=_MURRAY,
        ),
    ),
    sources=(KERMACK, ANDERSON_MAY, _MURRAY),
)
