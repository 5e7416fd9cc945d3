"""The flexible parametric family: Weibull, log-logistic, Burr XII, Gompertz and cure in one, each part regressed."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal, Truncated
from parametra.models.survival._curves import survival_picture
from parametra.models.survival._doubts import survival_doubts
from parametra.models.survival._lifetimes import ESTIMATED, Lifetimes
from parametra.models.survival._statement import (
    OPTIONS,
    censored,
    covariates,
    effects,
    outputs,
    scale,
    scale_guess,
    stretched_scale,
)
from parametra.models.survival._veteran import veteran
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.noise import Scatter
from parametra.nouns.parameter import Log, Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_BURKE_JONES_NOUFAILY = Source(
    "K. Burke, M. C. Jones and A. Noufaily",
    2020,
    "A flexible parametric modelling framework for survival analysis",
    "arXiv:1901.03212",
)
_VENABLES_RIPLEY = Source(
    "W. N. Venables and B. D. Ripley",
    2002,
    "Modern Applied Statistics with S (the data Melanoma of R's package MASS; answers of R's survreg)",
    "doi:10.1007/978-0-387-21706-2",
)

_KALBFLEISCH_PRENTICE = Source(
    "J. D. Kalbfleisch and R. L. Prentice",
    2002,
    "The Statistical Analysis of Failure Time Data (data: the Veterans' Administration lung cancer trial)",
    "doi:10.1002/9781118032985",
)

CELLS = ("karnofsky", "small", "adeno", "large")
"""What tells in the lung cancer trial."""
_KAPPA = (-0.99, 100.0)
"""Where kappa is searched: at the upper end H is that of infinity to a percent."""


def form(
    data: Sequence[Data] | None,
    *,
    time_covariates: Any = None,
    hazard_covariates: Any = None,
    shape_covariates: Any = None,
    kappa: Any = ESTIMATED,
    shape: Any = ESTIMATED,
    hazard: Any = 1.0,
    **status: Any,
) -> Form:
    """The formula of the scale, and the family of lifetimes around it."""
    on_time = covariates(data, time_covariates, "time_covariates")
    by_hazard = covariates(data, hazard_covariates, "hazard_covariates")
    by_shape = covariates(data, shape_covariates, "shape_covariates")
    kept = {
        "kappa": _number("kappa", kappa, -1.0),
        "shape": _number("shape", shape, 0.0),
        "hazard": _number("hazard", hazard, 0.0),
    }
    _refuse_what_is_one(kept, on_time, by_hazard)
    (output,) = made = outputs(data)
    parameters: dict[str, Parameter] = {
        "scale": scale(output),
        "shape": Log(0.01, 100.0, guess=1.0, unit="1", description="steepness in the logarithm of time"),
        "hazard": Log(1e-9, 1e9, guess=1.0, unit="1", description="factor on the cumulative hazard"),
        "kappa": Real(*_KAPPA, guess=1.0, unit="1", description="1 Weibull, 0 log-logistic, below 0 some are cured"),
    }
    parameters = {name: one for name, one in parameters.items() if kept.get(name, ESTIMATED) == ESTIMATED}
    parameters |= effects(data, "time", on_time, "logarithm of the factor on time")
    parameters |= effects(data, "hazard", by_hazard, "logarithm of the factor on the hazard")
    parameters |= effects(data, "shape", by_shape, "logarithm of the factor on the shape")
    priors: dict[str, Any] = {
        "scale": around_guess(3.0),
        "shape": LogNormal(0.0, 1.0),
        "hazard": LogNormal(0.0, 2.0),
        "kappa": Truncated(Normal(1.0, 5.0), *_KAPPA),
    }
    return Form(
        model={output: stretched_scale(on_time)},
        parameters=parameters,
        inputs=dict.fromkeys((*on_time, *by_hazard, *by_shape), "1"),
        outputs=made,
        noise=censored(Lifetimes(**kept, shape_by=by_shape, hazard_by=by_hazard), data, **status),
        priors={name: priors.get(name, Normal(0.0, 2.5)) for name in parameters},
        derived=_cured(kept),
    )


def _cured(kept: dict[str, Any]) -> dict[str, object]:
    """The share that never has the event, at covariates of 0: exp(-hazard H(infinity))."""
    if kept["kappa"] != ESTIMATED and kept["kappa"] >= 0:
        return {}
    kappa = "kappa" if kept["kappa"] == ESTIMATED else f"({kept['kappa']:.17g})"
    hazard = "hazard" if kept["hazard"] == ESTIMATED else f"{kept['hazard']:.17g}"
    share = f"where({kappa} < 0, exp({hazard} * ({kappa} + 1) / minimum({kappa}, -1e-9)), 0)"
    return {"cured": {"formula": share, "lower": 0, "upper": 1}}


def _number(name: str, stated: Any, least: float) -> float | str:
    """The option as it is kept. Raises ModelError for what it does not take."""
    if isinstance(stated, str) and stated == ESTIMATED:
        return stated
    if isinstance(stated, (int, float)) and not isinstance(stated, bool):
        number = float(stated)
        if number > least and (name == "kappa" or number < math.inf):
            return number
    raise ModelError(f'the option "{name}" is "estimated" or a number above {least:g}; {stated!r} came.')


def _refuse_what_is_one(kept: dict[str, Any], on_time: Sequence[str], by_hazard: Sequence[str]) -> None:
    """For Weibull lifetimes a factor on time is a factor on the hazard, and the data cannot tell them apart."""
    if kept["kappa"] != 1.0:
        return
    both = sorted(set(on_time) & set(by_hazard))
    if both or kept["hazard"] == ESTIMATED:
        what = f"the covariate {both[0]}" if both else 'hazard="estimated"'
        raise ModelError(
            f"with kappa 1, which is Weibull, a factor on time and one on the hazard are the same, so {what} cannot be "
            "in both; keep one of them, or leave kappa free."
        )


def guess(data: Data, **options: Any) -> dict[str, float]:
    """The scale from the time at risk per event; Weibull of shape 1, no effects."""
    return {"scale": scale_guess(data, {name: options[name] for name in OPTIONS})}


def simulated(seed: int = 73) -> Data:
    """Simulated: 1000 lifetimes of kappa -0.4, of which some are cured, by two covariates, right-censored."""
    generator = np.random.default_rng(seed)
    treated, marker = generator.integers(0, 2, 1000).astype(float), generator.normal(0, 1, 1000)
    family = Lifetimes(kappa=-0.4, hazard_by=("treated",), shape_by=("marker",))
    truth = {"shape": 1.6, "hazard_treated": -0.6, "shape_marker": 0.2}
    return _drawn(family, np.full(1000, 24.0), {"treated": treated, "marker": marker}, truth, generator)


def _drawn(
    family: Lifetimes, scales: np.ndarray, table: dict[str, np.ndarray], truth: dict[str, float], generator: Any
) -> Data:
    """Lifetimes of the family, of people who are watched for 30 to 120 months."""
    scatter = Scatter("time", True, scales, None, None, truth, np, table)
    lifetime, end = family.simulate(scatter, generator), generator.uniform(30, 120, scales.size)
    seen = {"time": np.minimum(lifetime, end), "status": (lifetime <= end).astype(float), "end": end}
    return Data({**seen, **table}, inputs=list(table), output="time", units={"time": "month"})


def burr() -> Data:
    """Simulated: 800 lifetimes of Burr XII, whose factor on the hazard is 0.5, with a treatment that stretches time."""
    generator = np.random.default_rng(12)
    treated = generator.integers(0, 2, 800).astype(float)
    family = Lifetimes(shape=2.0, hazard=0.5, kappa=0.0)
    return _drawn(family, 10.0 * np.exp(0.7 * treated), {"treated": treated}, {}, generator)


def melanoma() -> Data:
    """Death from melanoma in 205 patients (R's MASS::Melanoma)."""
    path = Path(os.environ["PARAMETRA_DATA"]) / "survival" / "R_Melanoma.csv"
    return Data(path, inputs=["sex", "age", "thickness", "ulcer"], output="time", units={"time": "day", "age": "year"})


READY = ReadyMade(
    name="survival.flexible",
    summary="Flexible parametric survival: hazards that rise, fall or turn, cure, covariates in each part",
    formula=(
        "S(t) = exp(-hazard H(z)),  z = shape log(t / scale)\n"
        "H(z) = (kappa + 1) / kappa ((1 + exp(z) / (kappa + 1))^kappa - 1)\n"
        "log scale, log hazard and log shape linear in covariates"
    ),
    good_for=(
        "letting the data choose among Weibull (kappa 1), log-logistic and Burr XII (0), Gompertz (infinity, with "
        "shape 1) and cure (below 0); covariates that act on time, on the hazard, and on how it changes with time"
    ),
    prefer_instead=(
        "survival.accelerated_failure_time where the family is known; survival.mixture_cure_additive_hazards where "
        "covariates tell who is cured, or add to the hazard"
    ),
    form=form,
    guess=guess,
    options={
        "time_covariates": Option(None, "inputs that stretch time (accelerated failure time); None takes none"),
        "hazard_covariates": Option(None, "inputs that multiply the hazard (proportional hazards); None takes none"),
        "shape_covariates": Option(None, "inputs that change the shape; None takes none"),
        "kappa": Option(ESTIMATED, '"estimated", or a number above -1: 1, 0, math.inf'),
        "shape": Option(ESTIMATED, '"estimated", or a number above 0'),
        "hazard": Option(
            1.0, 'the factor on the cumulative hazard: a number above 0, or "estimated"', words=(ESTIMATED,)
        ),
        **OPTIONS,
    },
    known=(
        Known(
            data=simulated,
            about="1000 simulated lifetimes with a cured share, a treatment on the hazard and a marker on the shape",
            estimate={"scale": 24.0, "shape": 1.6, "kappa": -0.4, "hazard_treated": -0.6, "shape_marker": 0.2},
            second_start={"scale": 5.0, "shape": 0.5, "kappa": 3.0, "hazard_treated": 1.0},
            options={"hazard_covariates": "treated", "shape_covariates": "marker", "end": "end"},
            source=_BURKE_JONES_NOUFAILY,
        ),
        Known(
            data=burr,
            about="800 simulated Burr XII lifetimes",
            estimate={"scale": 10.0, "shape": 2.0, "hazard": 0.5, "time_treated": 0.7},
            second_start={"scale": 100.0, "shape": 0.5, "hazard": 4.0, "time_treated": -1.0},
            options={"time_covariates": "treated", "kappa": 0.0, "hazard": ESTIMATED},
            source=_BURKE_JONES_NOUFAILY,
        ),
        Known(
            data=veteran,
            about="137 men with lung cancer, log-logistic, as lifelines 0.30.3 has it",
            estimate={
                "time_karnofsky": "0.036",
                "time_small": "-0.69",
                "time_adeno": "-0.78",
                "time_large": "-0.03",
            },
            standard_error={"time_karnofsky": "0.0044", "time_small": "0.243", "time_adeno": "0.265"},
            second_start={"scale": 1000.0, "shape": 0.5, "time_karnofsky": 0.1, "time_small": 1.0},
            options={"time_covariates": CELLS, "kappa": 0.0},
            source=_KALBFLEISCH_PRENTICE,
        ),
        Known(
            data=melanoma,
            about="death from melanoma in 205 patients, Weibull, as R's survreg has it",
            estimate={
                "time_sex": "-0.33334",
                "time_age": "-0.013439",
                "time_thickness": "-0.084760",
                "time_ulcer": "-0.97594",
            },
            standard_error={"time_sex": "0.22162", "time_age": "0.0065235"},
            second_start={"scale": 300.0, "shape": 3.0, "time_sex": 1.0, "time_ulcer": 1.0},
            options={"time_covariates": ("sex", "age", "thickness", "ulcer"), "kappa": 1.0, "event": 1},
            source=_VENABLES_RIPLEY,
            external="survival",
        ),
    ),
    sources=(_BURKE_JONES_NOUFAILY,),
    picture=survival_picture,
    doubts=survival_doubts,
)
