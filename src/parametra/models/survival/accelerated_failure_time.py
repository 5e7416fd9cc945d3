"""Accelerated failure time regression: covariates stretch or shrink lifetimes, of Weibull and other families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.models.survival._curves import survival_picture
from parametra.models.survival._doubts import survival_doubts
from parametra.models.survival._lifetimes import Lifetimes
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
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.noise import LogNormal as LogNormalNoise
from parametra.nouns.parameter import Log, Parameter
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_KALBFLEISCH_PRENTICE = Source(
    "J. D. Kalbfleisch and R. L. Prentice",
    2002,
    "The Statistical Analysis of Failure Time Data",
    "doi:10.1002/9781118032985",
)
_THERNEAU_GRAMBSCH = Source(
    "T. M. Therneau and P. M. Grambsch",
    2000,
    "Modeling Survival Data: Extending the Cox Model (data: ovarian of R's survival; answers: its survreg)",
    "doi:10.1007/978-1-4757-3294-8",
)

_KAPPA = {"weibull": 1.0, "loglogistic": 0.0}


def form(
    data: Sequence[Data] | None, *, distribution: str = "weibull", covariate_names: Any = None, **status: Any
) -> Form:
    """The formula of the scale, and the family of lifetimes around it."""
    names = covariates(data, covariate_names, "covariate_names", every=True)
    (output,) = made = outputs(data)
    about = "logarithm of the factor on time"
    parameters: dict[str, Parameter] = {
        "scale": scale(output),
        **effects(data, "time", names, about),
    }
    derived: dict[str, object] = {"intercept": "log(scale)"}
    noise: Any = LogNormalNoise(sigma="estimated")
    if distribution == "exponential":
        noise = Lifetimes(shape=1.0, kappa=1.0)
    elif distribution != "lognormal":
        noise = Lifetimes(shape="estimated", kappa=_KAPPA[distribution])
        parameters["shape"] = Log(0.01, 100.0, guess=1.0, unit="1", description="steepness; 1 / survreg's scale")
        derived["log_scale"] = "-log(shape)"
    return Form(
        model={output: stretched_scale(names)},
        parameters=parameters,
        inputs=dict.fromkeys(names, "1"),
        outputs=made,
        noise=censored(noise, data, **status),
        priors={
            "scale": around_guess(3.0),
            **{f"time_{name}": Normal(0.0, 2.5) for name in names},
            **({"shape": LogNormal(0.0, 1.0)} if "shape" in parameters else {}),
        },
        derived=derived,
    )


def guess(data: Data, **options: Any) -> dict[str, float]:
    """The scale from the time at risk per event; no effects."""
    return {"scale": scale_guess(data, {name: options[name] for name in OPTIONS})}


def ovarian() -> Data:
    """Survival of 26 women with ovarian cancer under two treatments."""
    days = [59, 115, 156, 421, 431, 448, 464, 475, 477, 563, 638, 744, 769]
    days += [770, 803, 855, 1040, 1106, 1129, 1206, 1227, 268, 329, 353, 365, 377]
    died = [1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    treatment = [1, 1, 1, 2, 1, 1, 2, 2, 1, 2, 1, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 1, 1, 2, 2, 2]
    performance = [1, 1, 2, 1, 1, 2, 2, 2, 1, 2, 2, 1, 2, 1, 1, 2, 2, 1, 1, 1, 2, 2, 1, 2, 1, 1]
    return Data(
        {"time": [float(d) for d in days], "status": died, "rx": treatment, "ecog": performance},
        inputs=["ecog", "rx"],
        output="time",
        units={"time": "day"},
    )


def stretched() -> Data:
    """Simulated: 300 Weibull lifetimes of shape 1.5, stretched by two covariates, a third of them right-censored."""
    generator = np.random.default_rng(63)
    dose, age = generator.integers(0, 2, 300).astype(float), generator.normal(60, 10, 300)
    lifetime = np.exp(4.0 + 0.5 * dose - 0.02 * age) * generator.standard_exponential(300) ** (1 / 1.5)
    end = generator.uniform(5, 60, 300)
    seen = {"time": np.minimum(lifetime, end), "status": (lifetime <= end).astype(float), "end": end}
    table = {**seen, "dose": dose, "age": age}
    return Data(table, inputs=["dose", "age"], output="time", units={"time": "month"})


_SURVREG = {
    "exponential": ({"intercept": "6.96184", "time_ecog": "-0.43313", "time_rx": "0.58150"}, "1.32188"),
    "weibull": (
        {"intercept": "6.89669", "time_ecog": "-0.38504", "time_rx": "0.52865", "log_scale": "-0.12344"},
        "1.17755",
    ),
}

READY = ReadyMade(
    name="survival.accelerated_failure_time",
    summary="Accelerated failure time regression of lifetimes that may be known as limits only",
    formula="log T = intercept + sum_j time_j x_j + W / shape,  W: Gumbel (Weibull), logistic, or normal",
    good_for="effects of covariates as factors on time, from censored lifetimes; what R's survreg fits",
    prefer_instead=(
        "survival.flexible where the family is not known, hazards rather than times are multiplied, or covariates "
        "change the shape; survival.mixture_cure_additive_hazards where some are cured"
    ),
    form=form,
    guess=guess,
    options={
        "distribution": Option(
            "weibull", "the family of lifetimes", ("weibull", "exponential", "loglogistic", "lognormal")
        ),
        "covariate_names": Option(None, "the inputs that act on time; None takes all"),
        **OPTIONS,
    },
    known=(
        Known(
            data=stretched,
            about="300 simulated Weibull lifetimes, right-censored, two covariates",
            estimate={"intercept": 4.0, "time_dose": 0.5, "time_age": -0.02, "shape": 1.5},
            second_start={"scale": 2.0, "time_dose": -2.0, "time_age": 0.1, "shape": 0.4},
            options={"end": "end"},
            source=_KALBFLEISCH_PRENTICE,
        ),
        *(
            Known(
                data=ovarian,
                about=f"26 women with ovarian cancer, {distribution} lifetimes, as R's survreg has them",
                estimate=estimate,
                standard_error={"intercept": error},
                second_start={"scale": 20.0, "time_ecog": 1.0, "time_rx": -1.0},
                options={"distribution": distribution},
                source=_THERNEAU_GRAMBSCH,
            )
            for distribution, (estimate, error) in reversed(_SURVREG.items())
        ),
    ),
    sources=(_KALBFLEISCH_PRENTICE,),
    picture=survival_picture,
    doubts=survival_doubts,
)
