"""FitzHugh and Nagumo's nerve: a fast voltage that fires, and a slow recovery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.maths.trajectory_search import System
from parametra.models.oscillators._trajectories import BEGIN, first_box, rows_of, search_or_middle, simulated, within
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Fixed, Log, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade
from parametra.nouns.zero_of_time import begin_of

_FITZHUGH = Source(
    "R. FitzHugh",
    1961,
    "Impulses and physiological states in theoretical models of nerve membrane",
    "doi:10.1016/S0006-3495(61)86902-6",
)
_NAGUMO = Source(
    "J. Nagumo, S. Arimoto and S. Yoshizawa",
    1962,
    "An active pulse transmission line simulating nerve axon",
    "doi:10.1109/JRPROC.1962.288235",
)
_RAMSAY = Source(
    "J. O. Ramsay, G. Hooker, D. Campbell and J. Cao",
    2007,
    "Parameter estimation for differential equations: a generalized smoothing approach",
    "doi:10.1111/j.1467-9868.2007.00610.x",
)
_TRUTH = {"a": 0.2, "b": 0.2, "c": 3.0, "first_voltage": -1.0, "first_recovery": 1.0}
_OUTPUTS = ("voltage", "recovery")
_BOUNDS = {"first_voltage": (-4.0, 4.0), "first_recovery": (-4.0, 4.0)}
_VOLTAGE = "c * (V - V**3 / 3 + R)"
_RECOVERY = "-(V - a + b * R) / c"


def nerve(seed: int = 2007) -> Data:
    """Both states of a nerve that fires, 401 points with a standard deviation of 0.5, as Ramsay et al. simulate it."""
    truth = {**_TRUTH, "rate": 1.0}
    return simulated(_form(None, 0.0).model, truth, np.linspace(0.0, 20.0, 401), dict.fromkeys(_OUTPUTS, 0.5), seed)


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    return Form(
        model=ODE(
            {"V": f"rate * {_VOLTAGE}", "R": f"rate * {_RECOVERY}"},
            initial={"V": "first_voltage", "R": "first_recovery"},
            observe={"voltage": "V", "recovery": "R"},
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters={
            "a": Real(-1.5, 1.5, guess=0.2, unit="1", description="where the recovery rests: how excitable it is"),
            "b": Real(-0.5, 1.5, guess=0.3, unit="1", description="how fast the recovery decays by itself"),
            "c": Log(0.2, 20.0, guess=2.0, unit="1", description="how much faster the voltage is than the recovery"),
            "first_voltage": Real(
                *_BOUNDS["first_voltage"], guess=-1.0, unit="1", description="the voltage when it begins"
            ),
            "first_recovery": Real(
                *_BOUNDS["first_recovery"], guess=1.0, unit="1", description="the recovery when it begins"
            ),
            "rate": Fixed(1.0, unit="1/{time}", description="the unit of its time"),
        },
        inputs={"time": "1"},
        outputs={"voltage": "1", "recovery": "1"},
        priors={
            "a": Normal(0.3, 0.5),
            "b": Normal(0.3, 0.5),
            "c": LogNormal(1.0, 0.7),
            "first_voltage": Normal(0.0, 1.5),
            "first_recovery": Normal(0.0, 1.5),
            "rate": LogNormal(0.0, 1.5),
        },
    )


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """A search on the first part of the data, carried on to all of them; either output may be all that is seen."""
    time, rows = rows_of(data, _OUTPUTS, begin)

    def slopes(at: Mapping[str, Any], states: Any) -> tuple[Any, Any]:
        v, r = states
        return at["c"] * (v - v**3 / 3 + r), -(v - at["a"] + at["b"] * r) / at["c"]

    box = {
        "a": (-1.0, 1.0),
        "b": (-0.3, 1.2),
        "c": (0.5, 8.0),
        "first_voltage": first_box(rows, "voltage", (-2.0, 2.0)),
        "first_recovery": first_box(rows, "recovery", (-1.2, 1.2)),
    }
    system = System(
        slopes,
        lambda at: (at["first_voltage"], at["first_recovery"]),
        lambda _, states: dict(zip(_OUTPUTS, states, strict=True)),
        within(box, _BOUNDS),
    )
    return search_or_middle(system, time, rows)


READY = ReadyMade(
    name="oscillators.fitzhugh_nagumo",
    summary="FitzHugh and Nagumo's nerve: a fast voltage that fires, and a slow recovery",
    formula="""dV/dt = c (V - V^3 / 3 + R)
dR/dt = -(V - a + b R) / c""",
    good_for="relaxation oscillations and excitable media, and as the test of methods for differential equations that "
    "it became; either output may be all that is seen",
    prefer_instead="an ODE of your own with the currents of the cell for millivolts; voltages and times are pure "
    "numbers here, but the unit of time may be estimated: parameters={'rate': pm.Log(0.1, 10)}",
    form=_form,
    guess=guess,
    options={"begin": BEGIN},
    known=(
        Known(
            data=nerve,
            about="a nerve that fires, simulated as by Ramsay et al.",
            estimate=_TRUTH,
            second_start={"a": 0.0, "b": 0.5, "c": 2.5, "first_voltage": -0.5, "first_recovery": 0.7},
            source=_RAMSAY,
        ),
    ),
    sources=(_FITZHUGH, _NAGUMO, _RAMSAY),
)
