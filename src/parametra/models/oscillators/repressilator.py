"""The repressilator: three genes, each of which shuts off the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
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

_ELOWITZ = Source(
    "M. B. Elowitz and S. Leibler",
    2000,
    "A synthetic oscillatory network of transcriptional regulators",
    "doi:10.1038/35002125",
)
_TONI = Source(
    "T. Toni, D. Welch, N. Strelkowa, A. Ipsen and M. P. H. Stumpf",
    2009,
    "Approximate Bayesian computation scheme for parameter inference and model selection in dynamical systems",
    "doi:10.1098/rsif.2008.0172",
)
_MRNA = ("mrna_1", "mrna_2", "mrna_3")
_PROTEIN = ("protein_1", "protein_2", "protein_3")
_OUTPUTS = (*_MRNA, *_PROTEIN)
_FIRST = dict(zip((f"first_{name}" for name in _OUTPUTS), (0.0, 0.0, 0.0, 2.0, 1.0, 3.0), strict=True))
_TRUTH = {"leak": 1.0, "production": 1000.0, "ratio": 5.0, "hill": 2.0}
_ABOUT = {
    "leak": "mRNA made in spite of the repressor, alpha_0",
    "production": "mRNA made without repressor beyond that, alpha",
    "ratio": "how much faster protein is lost than mRNA, beta",
    "hill": "how steeply the repressor acts, n",
}
_LIMITS = {"leak": (5e-3, 50.0), "production": (5.0, 2e4), "ratio": (0.1, 30.0), "hill": (1.0, 5.0)}
_UNSEEN = 10.0


def three_genes(seed: int = 2000) -> Data:
    """The mRNA of three genes, 100 points with a standard deviation of 5, simulated with the values of Toni et al."""
    truth = {**_TRUTH, **_FIRST, "rate": 1.0}
    return simulated(_form(None, 0.0).model, truth, np.linspace(0.0, 40.0, 100), dict.fromkeys(_MRNA, 5.0), seed)


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    guesses = {"leak": 1.0, "production": 300.0, "ratio": 2.0, "hill": 2.0}
    parameters: dict[str, Parameter] = {
        name: Log(*_LIMITS[name], guess=guesses[name], unit="1", description=about) for name, about in _ABOUT.items()
    }
    for name in _OUTPUTS:
        about = f"{name.replace('_', ' of gene ')} when it begins"
        low, high = first_limits(data, name, _UNSEEN)
        parameters[f"first_{name}"] = Real(low, high, guess=0.1 * high, unit="1", description=about)
    parameters["rate"] = Fixed(1.0, unit="1/{time}", description="the rate at which mRNA is lost")
    repressor = {1: 3, 2: 1, 3: 2}
    slopes = {
        f"m{k}": f"rate * (leak + production / (1 + maximum(p{repressor[k]}, 0)**hill) - m{k})" for k in repressor
    }
    slopes |= {f"p{k}": f"rate * ratio * (m{k} - p{k})" for k in repressor}
    return Form(
        model=ODE(
            slopes,
            initial={state: f"first_{name}" for state, name in zip(slopes, _OUTPUTS, strict=True)},
            observe={name: state for state, name in zip(slopes, _OUTPUTS, strict=True)},
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters=parameters,
        inputs={"time": "1"},
        outputs=dict.fromkeys(_OUTPUTS, "1"),
        priors={
            "leak": LogNormal(0.0, 2.0),
            "production": LogNormal(5.5, 1.5),
            "ratio": LogNormal(0.7, 1.2),
            "hill": LogNormal(0.7, 0.4),
            "rate": LogNormal(0.0, 1.5),
            **{f"first_{name}": Normal(0.0, 0.5 * first_limits(data, name, _UNSEEN)[1]) for name in _OUTPUTS},
        },
    )


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """A search on the first part of the data, carried on to all of them; any of the outputs may be all that is seen."""
    time, rows = rows_of(data, _OUTPUTS, begin)
    heights = [float(np.nanmax(each)) for each in rows.values() if np.isfinite(each).any()]
    highest = max([*heights, 1.0])

    def slopes(at: Mapping[str, Any], states: Any) -> tuple[Any, ...]:
        m, p = states[:3], states[3:]
        made = at["leak"] + at["production"] / (1 + np.maximum(p, 0.0) ** at["hill"])
        return (*(made[(2, 0, 1)[k]] - m[k] for k in range(3)), *(at["ratio"] * (m[k] - p[k]) for k in range(3)))

    box = {
        "leak": (0.01, 10.0),
        "production": (max(highest, 2.0), 100.0 * max(highest, 2.0)),
        "ratio": (0.1, 20.0),
        "hill": (1.2, 4.0),
        **{f"first_{name}": first_box(rows, name, (0.0, 10.0)) for name in _OUTPUTS},
    }
    system = System(
        slopes,
        lambda at: [at[f"first_{name}"] for name in _OUTPUTS],
        lambda _, states: dict(zip(_OUTPUTS, states, strict=True)),
        within(box, {**_LIMITS, **{f"first_{name}": first_limits((data,), name, _UNSEEN) for name in _OUTPUTS}}),
    )
    return search_or_middle(system, time, rows, grid=240)


READY = ReadyMade(
    name="oscillators.repressilator",
    summary="The repressilator: three genes, each of which shuts off the next one",
    formula="""d mrna_k/dt = leak + production / (1 + protein_(k-1)^hill) - mrna_k
d protein_k/dt = ratio (mrna_k - protein_k),  k = 1, 2, 3 in a ring""",
    good_for="a ring of repressors with equal constants, in the units of Elowitz and Leibler: time by the life of "
    "mRNA, protein by what half represses, mRNA by what makes that. Any of the six may be all that is seen",
    prefer_instead="oscillators.goodwin for one gene; an ODE of your own where the three genes differ",
    form=_form,
    guess=guess,
    options={"begin": BEGIN},
    known=(
        Known(
            data=three_genes,
            about="mRNA of three genes, simulated with the values of Toni et al.",
            estimate=_TRUTH,
            parameters={name: Fixed(value, unit="1") for name, value in _FIRST.items()},
            second_start={"leak": 2.0, "production": 700.0, "ratio": 3.5, "hill": 1.8},
            source=_TONI,
        ),
    ),
    sources=(_ELOWITZ, _TONI),
)
