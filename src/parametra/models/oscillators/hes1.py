"""Hes1: a protein that is made in the cytoplasm, enters the nucleus and there shuts off its own gene."""

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
from parametra.nouns.parameter import Fixed, Log, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade
from parametra.nouns.zero_of_time import begin_of

_HIRATA = Source(
    "H. Hirata, S. Yoshiura, T. Ohtsuka, Y. Bessho, T. Harada, K. Yoshikawa and R. Kageyama",
    2002,
    "Oscillatory expression of the bHLH factor Hes1 regulated by a negative feedback loop",
    "doi:10.1126/science.1074560",
)
_SILK = Source(
    "D. Silk, P. D. W. Kirk, C. P. Barnes, T. Toni, A. Rose, S. Moon, M. J. Dallman and M. P. H. Stumpf",
    2011,
    "Designing attractive models via automated identification of chaotic and oscillatory dynamical regimes",
    "doi:10.1038/ncomms1496",
)
_OUTPUTS = ("mrna", "cytosolic", "nuclear")
_TRUTH = {"threshold": 2.4, "translation": 0.025, "transport": 0.11, "hill": 6.9, "first_mrna": 2.0}
_IMPLICIT = {"production": 1.0, "degradation": 0.03, "first_cytosolic": 5.0, "first_nuclear": 3.0}


def serum() -> Data:
    """Hes1 mRNA every half hour after a serum shock (Hirata et al. 2002, as tabulated in the toy problems of PINTS)."""
    mrna = [2.0, 1.20, 5.90, 4.58, 2.64, 5.38, 6.42, 5.60, 4.48]
    return Data({"time": 30.0 * np.arange(9), "mrna": mrna}, inputs=["time"], output="mrna", units={"time": "min"})


def dense(seed: int = 2011) -> Data:
    """Eighty measurements of mRNA in eight hours, simulated with the values of Silk et al."""
    truth = {**_TRUTH, **_IMPLICIT}
    time = np.linspace(0.0, 474.0, 80)
    return simulated(_form(None, 0.0).model, truth, time, {"mrna": 0.3}, seed, {"time": "min"})


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    limits = first_limits(data, "mrna", 20.0)
    return Form(
        model=ODE(
            {
                "m": "production / (1 + (maximum(p2, 0) / threshold)**hill) - degradation * m",
                "p1": "translation * m - (transport + degradation) * p1",
                "p2": "transport * p1 - degradation * p2",
            },
            initial={"m": "first_mrna", "p1": "first_cytosolic", "p2": "first_nuclear"},
            observe={"mrna": "m", "cytosolic": "p1", "nuclear": "p2"},
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters={
            "threshold": Log(0.05, 50.0, guess=2.0, unit="1", description="the nuclear protein that halves it, P0"),
            "translation": Log(1e-3, 1.0, guess=0.03, unit="1/{time}", description="protein made by each mRNA, nu"),
            "transport": Log(3e-3, 3.0, guess=0.1, unit="1/{time}", description="from the cytoplasm inwards, k1"),
            "hill": Log(1.0, 20.0, guess=5.0, unit="1", description="how steeply the protein acts"),
            "first_mrna": Real(*limits, guess=0.2 * limits[1], unit="1", description="mRNA when it begins"),
            "first_cytosolic": Fixed(5.0, unit="1", description="protein in the cytoplasm when it begins"),
            "first_nuclear": Fixed(3.0, unit="1", description="protein in the nucleus when it begins"),
            "production": Fixed(1.0, unit="1/{time}", description="mRNA made in a unit of time without protein"),
            "degradation": Fixed(0.03, unit="1/{time}", description="loss of mRNA and protein alike"),
        },
        inputs={"time": "min"},
        outputs=dict.fromkeys(_OUTPUTS, "1"),
        priors={
            "threshold": LogNormal(0.7, 1.0),
            "translation": LogNormal(-3.5, 1.5),
            "transport": LogNormal(-2.5, 1.5),
            "hill": LogNormal(1.6, 0.6),
            "first_mrna": LogNormal(0.7, 1.0),
        },
    )


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """A search on the first part of the data, carried on to all of them, with what is fixed at its usual values."""
    time, rows = rows_of(data, _OUTPUTS, begin)
    loss = _IMPLICIT["degradation"]

    def slopes(at: Mapping[str, Any], states: Any) -> tuple[Any, Any, Any]:
        m, p1, p2 = states
        return (
            1 / (1 + (np.maximum(p2, 0.0) / at["threshold"]) ** at["hill"]) - loss * m,
            at["translation"] * m - (at["transport"] + loss) * p1,
            at["transport"] * p1 - loss * p2,
        )

    box = {
        "threshold": (0.3, 20.0),
        "translation": (0.003, 0.3),
        "transport": (0.01, 1.0),
        "hill": (2.0, 15.0),
        "first_mrna": first_box(rows, "mrna", (0.0, 8.0)),
    }
    system = System(
        slopes,
        lambda at: (at["first_mrna"], _IMPLICIT["first_cytosolic"], _IMPLICIT["first_nuclear"]),
        lambda _, states: dict(zip(_OUTPUTS, states, strict=True)),
        within(box, {"first_mrna": first_limits((data,), "mrna", 20.0)}),
    )
    return search_or_middle(system, time, rows)


READY = ReadyMade(
    name="oscillators.hes1",
    summary="Hes1: a protein that enters the nucleus and there shuts off its own gene",
    formula="""dm/dt = production / (1 + (p2 / P0)^h) - degradation m
dp1/dt = nu m - (k1 + degradation) p1
dp2/dt = k1 p1 - degradation p2""",
    good_for="ultradian clocks whose mRNA is measured. Production is the unit of amounts; degradation and the first "
    "amounts of protein are known, and fixed, unless you state them free",
    prefer_instead="oscillators.goodwin where mRNA, protein and inhibitor are lost at rates of their own",
    form=_form,
    guess=guess,
    options={"begin": BEGIN},
    known=(
        Known(
            data=dense,
            about="eight hours of mRNA, simulated with the values of Silk et al.",
            estimate=_TRUTH,
            second_start={"threshold": 2.2, "translation": 0.03, "transport": 0.08, "hill": 5.0, "first_mrna": 2.6},
            source=_SILK,
        ),
    ),
    sources=(_HIRATA, _SILK),
)
