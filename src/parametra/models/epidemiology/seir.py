"""SEIR: an epidemic whose infected people are not infectious at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import paths
from parametra.models.epidemiology._compartments import ANDERSON_MAY, OPTIONS, population_of, rough_fit
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Positive
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import begin_of

_CHOWELL = Source(
    "G. Chowell, N. W. Hengartner, C. Castillo-Chavez, P. W. Fenimore and J. M. Hyman",
    2004,
    "The basic reproductive number of Ebola and the effects of public health measures: the cases of Congo and Uganda",
    "doi:10.1016/j.jtbi.2004.03.006",
)
_SEEN = {"infectious": "I", "removed": "population - S - E - I", "ever": "population - S"}


def outbreak() -> Data:
    """A simulated outbreak of Ebola without control: beta 0.33, incubation 5.3 days, infectious for 5.61 days.

    Half a year of daily counts, with an error of 5 people each.
    """
    time = np.arange(0.0, 181.0)
    states = paths(
        lambda s: (-0.33 * s[0] * s[2], 0.33 * s[0] * s[2] - s[1] / 5.3, s[1] / 5.3 - s[2] / 5.61),
        (0.998, 0.0, 0.002),
        time,
        40,
    )
    cases = 5000 * states[2][0] + 5 * np.random.default_rng(1995).standard_normal(time.size)
    units = {"time": "day", "cases": "people", "population": "people"}
    return Data(
        {"time": time, "cases": cases}, inputs=["time"], output="cases", units=units, constants={"population": 5000}
    )


def _form(data: Sequence[Data] | None, observed: str, begin: Any) -> Form:
    people = max((population_of(each) for each in data or ()), default=1e12)
    return Form(
        model=ODE(
            {"S": "-infection", "E": "infection - onset * E", "I": "onset * E - recovery * I"},
            initial={"S": "population - first_infectious", "E": 0, "I": "first_infectious"},
            let={"infection": "contact * S * I / population"},
            observe={"cases": _SEEN[observed]},
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters={
            "contact": Positive(
                guess=1.0, unit="1/{time}", description="infections by one person in a unit of time, beta"
            ),
            "onset": Positive(guess=0.3, unit="1/{time}", description="the reciprocal of the time before, sigma"),
            "recovery": Positive(
                guess=0.3, unit="1/{time}", description="the reciprocal of the time of being infectious, gamma"
            ),
            "first_infectious": Positive(
                upper=people, guess=min(1.0, 0.1 * people), unit="{population}", description="infectious when it begins"
            ),
        },
        inputs={"time": "day", "population": "people"},
        outputs={"cases": "people"},
        priors=dict.fromkeys(("contact", "onset", "recovery"), around_guess(1.0))
        | {"first_infectious": around_guess(1.5)},
        derived={"R0": "contact / recovery", "latent_period": "1 / onset", "infectious_period": "1 / recovery"},
    )


def guess(data: Data, observed: str, begin: Any) -> dict[str, float]:
    """The best of a grid of epidemics."""

    def slopes(contact: Any, onset: Any, recovery: Any) -> Any:
        return lambda s: (
            -contact * s[0] * s[2],
            contact * s[0] * s[2] - onset * s[1],
            onset * s[1] - recovery * s[2],
        )

    seen = {
        "infectious": lambda s: s[2],
        "removed": lambda s: 1 - s[0] - s[1] - s[2],
        "ever": lambda s: 1 - s[0],
    }[observed]
    rates = np.geomspace(2.0, 120.0, 10)
    grid = {"contact": rates, "onset": rates, "recovery": rates, "first_share": np.geomspace(1e-5, 0.1, 5)}
    return rough_fit(data, begin, grid, slopes, lambda share: (1 - share, 0.0, share), seen)


READY = ReadyMade(
    name="epidemiology.seir",
    summary="SEIR: an epidemic in a closed population, with a time between infection and being infectious",
    formula="""dS/dt = -contact S I / population
dE/dt = contact S I / population - onset E
dI/dt = onset E - recovery I""",
    good_for="outbreaks with a latent period, such as measles, Ebola, COVID-19; a study of the latent period as a "
    "prior helps",
    prefer_instead="epidemiology.sir where the latent period is short, or where one curve cannot tell it",
    form=_form,
    guess=guess,
    options=OPTIONS,
    known=(
        Known(
            data=outbreak,
            about="an outbreak of Ebola, simulated",
            estimate={"contact": 0.33, "latent_period": 5.3, "infectious_period": 5.61, "first_infectious": 10.0},
            second_start={"contact": 0.5, "onset": 0.3, "recovery": 0.25, "first_infectious": 20.0},
            source=_CHOWELL,
        ),
    ),
    sources=(ANDERSON_MAY, _CHOWELL),
)
