"""Goodwin's oscillator: a gene whose product, two steps later, shuts it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal
from parametra.maths.trajectory_search import System
from parametra.models.oscillators._trajectories import (
    BEGIN,
    first_box,
    first_limits,
    rows_of,
    search_or_middle,
    simulated,
    within,
)
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Fixed, Log, Parameter, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade
from parametra.nouns.zero_of_time import begin_of

_GOODWIN = Source(
    "B. C. Goodwin", 1965, "Oscillatory behavior in enzymatic control processes", "doi:10.1016/0065-2571(65)90067-1"
)
_GRIFFITH = Source(
    "J. S. Griffith",
    1968,
    "Mathematics of cellular control processes I: negative feedback to one gene",
    "doi:10.1016/0022-5193(68)90189-6",
)
_CALDERHEAD = Source(
    "B. Calderhead and M. Girolami",
    2009,
    "Estimating Bayes factors via thermodynamic integration and population MCMC",
    "doi:10.1016/j.csda.2009.07.025",
)
_OUTPUTS = ("mrna", "protein", "inhibitor")
_TRUTH = {
    "translation": 2.0,
    "activation": 4.0,
    "mrna_loss": 0.12,
    "protein_loss": 0.08,
    "inhibitor_loss": 0.1,
    "first_mrna": 0.0054,
    "first_protein": 0.053,
    "first_inhibitor": 1.93,
}
_CLASSIC = {"production": 1.0, "threshold": 1.0, "hill": 10.0}
_RATES = {
    "translation": "protein made by each mRNA in a unit of time, k2",
    "activation": "inhibitor made by each protein in a unit of time, k3",
    "mrna_loss": "loss of mRNA, m1",
    "protein_loss": "loss of protein, m2",
    "inhibitor_loss": "loss of inhibitor, m3",
}
_MAKING = ("translation", "activation")
_LIMITS = {name: (0.01, 100.0) if name in _MAKING else (0.003, 3.0) for name in _RATES}
"""In units of production and threshold, what may come is known; further out the equations are stiff."""
_UNSEEN = 10.0


def gene(seed: int = 1965) -> Data:
    """A gene that shuts itself off, 200 points with errors of about a twentieth of the swing, simulated."""
    sigma = {"mrna": 0.0003, "protein": 0.003, "inhibitor": 0.06}
    truth = {**_TRUTH, **_CLASSIC}
    return simulated(_form(None, 0.0).model, truth, np.linspace(0.0, 100.0, 200), sigma, seed)


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    parameters: dict[str, Parameter] = {
        name: Log(*_LIMITS[name], guess=1.0 if name in _MAKING else 0.1, unit="1/{time}", description=about)
        for name, about in _RATES.items()
    }
    for name in _OUTPUTS:
        about = f"{name} when it begins"
        low, high = first_limits(data, name, _UNSEEN)
        parameters[f"first_{name}"] = Real(low, high, guess=0.3 * high, unit="1", description=about)
    parameters |= {
        "production": Fixed(1.0, unit="1/{time}", description="mRNA made in a unit of time without inhibitor"),
        "threshold": Fixed(1.0, unit="1", description="the inhibitor that halves it"),
        "hill": Fixed(10.0, unit="1", description="how steeply the inhibitor acts; above 8 it may oscillate"),
    }
    return Form(
        model=ODE(
            {
                "X": "production / (1 + (maximum(Z, 0) / threshold)**hill) - mrna_loss * X",
                "Y": "translation * X - protein_loss * Y",
                "Z": "activation * Y - inhibitor_loss * Z",
            },
            initial={"X": "first_mrna", "Y": "first_protein", "Z": "first_inhibitor"},
            observe=dict(zip(_OUTPUTS, "XYZ", strict=True)),
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters=parameters,
        inputs={"time": "1"},
        outputs=dict.fromkeys(_OUTPUTS, "1"),
        priors={
            "translation": LogNormal(0.0, 2.0),
            "activation": LogNormal(0.0, 2.0),
            **dict.fromkeys(("mrna_loss", "protein_loss", "inhibitor_loss"), LogNormal(-2.0, 1.5)),
            **dict.fromkeys((f"first_{name}" for name in _OUTPUTS), LogNormal(-1.0, 3.0)),
        },
    )


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """A search on the first part of the data, carried on to all of them, with production and threshold of one."""
    time, rows = rows_of(data, _OUTPUTS, begin)

    def slopes(at: Mapping[str, Any], states: Any) -> tuple[Any, Any, Any]:
        x, y, z = states
        return (
            1 / (1 + np.maximum(z, 0.0) ** 10) - at["mrna_loss"] * x,
            at["translation"] * x - at["protein_loss"] * y,
            at["activation"] * y - at["inhibitor_loss"] * z,
        )

    losses = dict.fromkeys(("mrna_loss", "protein_loss", "inhibitor_loss"), (0.01, 1.0))
    box = {
        "translation": (0.1, 20.0),
        "activation": (0.1, 20.0),
        **losses,
        **{f"first_{name}": first_box(rows, name, (0.0, 3.0)) for name in _OUTPUTS},
    }
    bounds = {f"first_{name}": first_limits((data,), name, _UNSEEN) for name in _OUTPUTS}
    system = System(
        slopes,
        lambda at: [at[f"first_{name}"] for name in _OUTPUTS],
        lambda _, states: dict(zip(_OUTPUTS, states, strict=True)),
        within(box, bounds),
    )
    return search_or_middle(system, time, rows)


READY = ReadyMade(
    name="oscillators.goodwin",
    summary="Goodwin's oscillator: a gene whose product, two steps later, shuts it off",
    formula="""dX/dt = production / (1 + (Z / threshold)^hill) - m1 X
dY/dt = k2 X - m2 Y
dZ/dt = k3 Y - m3 Z""",
    good_for="negative feedback by one gene, circadian clocks; times and amounts are in units of production and "
    "threshold unless these are estimated. Some of mrna, protein and inhibitor may be all that is seen",
    prefer_instead="oscillators.repressilator for several genes, oscillators.hes1 for cytoplasm and nucleus; it "
    "oscillates by itself only with a Hill coefficient above 8",
    form=_form,
    guess=guess,
    options={"begin": BEGIN},
    known=(
        Known(
            data=gene,
            about="a gene that shuts itself off, simulated with the values of Calderhead and Girolami",
            estimate={name: _TRUTH[name] for name in _RATES},
            second_start={
                "translation": 1.5,
                "activation": 5.0,
                "mrna_loss": 0.1,
                "protein_loss": 0.1,
                "inhibitor_loss": 0.12,
            },
            source=_CALDERHEAD,
        ),
    ),
    sources=(_GOODWIN, _GRIFFITH, _CALDERHEAD),
)
