"""Mixture cure with additive hazards: some never have the event, and covariates add to the hazard of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.kaplan_meier import product_limit
from parametra.models.survival._additive_cure import AdditiveCure, knots_of
from parametra.models.survival._curves import survival_picture
from parametra.models.survival._doubts import survival_doubts
from parametra.models.survival._roughness import USUAL, Likelihood, chosen
from parametra.models.survival._statement import OPTIONS, censored, covariates, effects, limits, outputs
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.noise import Scatter
from parametra.nouns.parameter import Log, Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_LI_MA = Source(
    "J. Li and J. Ma",
    2024,
    "Mixture cure semiparametric additive hazard models under partly interval censoring",
    "arXiv:2401.01234",
)

_MA_COUTURIER_HERITIER_MARSCHNER = Source(
    "J. Ma, D.-L. Couturier, S. Heritier and I. C. Marschner",
    2021,
    "Penalized likelihood estimation of the proportional hazards model for survival data with interval censoring",
    "doi:10.1515/ijb-2020-0104",
)

CHOSEN = "chosen"
"""The roughness that the data choose."""
_CHANGE = 10.0
"""Bound of the change of the log hazard from knot to knot beside the rise."""
_RISE = 5.0
"""Bound of the rise."""
_LEVELS = 1e9
"""How far the hazard at time 0 may be from the overall rate of events."""
_RATES = 50.0
"""How many times the overall rate of events a covariate may add."""


def form(
    data: Sequence[Data] | None,
    *,
    hazard_covariates: Any = None,
    cure_covariates: Any = None,
    cure: bool = True,
    pieces: Any = 5,
    roughness: Any = CHOSEN,
    **status: Any,
) -> Form:
    """The hazard at knots with its penalty, the covariates that add to it, and those of who is susceptible."""
    on_hazard = covariates(data, hazard_covariates, "hazard_covariates", every=True)
    on_cure = covariates(data, cure_covariates, "cure_covariates")
    _check(pieces, roughness, cure, on_cure)
    (output,) = made = outputs(data)
    events, last, _ = _events(data[0], status) if data else (np.empty(0), 1.0, 1.0)
    knots, rate = knots_of(events, last, pieces), max(len(events), 1) / _at_risk(data)
    family = AdditiveCure(knots, on_hazard, on_cure, cure)
    noise = censored(family, data, **status)
    if roughness == CHOSEN:
        found = guess(data[0], cure=cure, **status) if data else {}
        spread, by = (chosen(Likelihood(data, output, family, noise, **found)), " by the data") if data else (USUAL, "")
    else:
        spread, by = float(roughness), ""
    parameters: dict[str, Parameter] = {
        "level": Log(
            rate / _LEVELS,
            rate * _LEVELS,
            guess=rate,
            unit=f"1/{{{output}}}",
            description="hazard at time 0, covariates of 0",
        ),
        "rise": Real(
            -_RISE, _RISE, guess=0.0, unit="1", description="change of the log hazard from knot to knot, all the same"
        ),
        "change": Real(
            -_CHANGE,
            _CHANGE,
            guess=0.0,
            shape=(len(knots) - 1,),
            unit="1",
            prior=Normal(0.0, spread),
            description=f"change of the log hazard beside the rise; its prior, {spread:.3g}{by}, is the penalty",
        ),
    }
    parameters |= _excess(data, output, on_hazard, rate)
    derived: dict[str, object] = {}
    if cure:
        about = "logarithm of the factor on the odds of being susceptible"
        parameters["susceptible"] = Real(
            -30.0, 30.0, guess=0.0, unit="1", description="log odds of being susceptible where covariates are 0"
        )
        parameters |= effects(data, "odds", on_cure, about)
        derived["cured"] = {"formula": "1 - expit(susceptible)", "lower": 0, "upper": 1}
    return Form(
        model={output: "1 / (" + " + ".join(["level", *(f"excess_{n} * {n}" for n in on_hazard)]) + ")"},
        parameters=parameters,
        inputs=dict.fromkeys((*on_hazard, *on_cure), "1"),
        outputs=made,
        noise=noise,
        priors=_priors(parameters, spread),
        derived=derived,
    )


def _priors(parameters: dict[str, Parameter], roughness: float) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, parameter in parameters.items():
        upper: Any = getattr(parameter, "upper", 1.0)
        wide = 0.2 * float(upper) if name.startswith("excess_") else 2.5
        made[name] = Normal(0.0, wide)
    return {**made, "level": around_guess(3.0), "rise": Normal(0.0, 1.0), "change": Normal(0.0, roughness)}


def _check(pieces: Any, roughness: Any, cure: bool, on_cure: Sequence[str]) -> None:
    if not isinstance(pieces, int) or isinstance(pieces, bool) or pieces < 1:
        raise ModelError(f"pieces is a whole number, 1 or more; {pieces!r} came.")
    stated = isinstance(roughness, (int, float)) and not isinstance(roughness, bool)
    if roughness != CHOSEN and not (stated and roughness > 0):
        raise ModelError(
            f'roughness is "{CHOSEN}" or a number above zero; {roughness!r} came. 0.1 is nearly a constant hazard.'
        )
    if on_cure and not cure:
        raise ModelError(f"cure=False leaves nobody cured, so cure_covariates={on_cure!r} say nothing; leave one out.")


def _excess(data: Sequence[Data] | None, output: str, names: Sequence[str], rate: float) -> dict[str, Parameter]:
    """Hazards that covariates add per unit, none more than `_RATES` times the overall rate."""
    made: dict[str, Parameter] = {}
    for name in names:
        largest = max((float(np.abs(one.inputs[name]).max()) for one in data or ()), default=1.0) or 1.0
        reach = _RATES * rate / largest
        made[f"excess_{name}"] = Real(
            -reach, reach, guess=0.0, unit=f"1/{{{output}}}/{{{name}}}", description=f"added hazard per unit of {name}"
        )
    return made


def _events(data: Data, status: dict[str, Any]) -> tuple[np.ndarray, float, float]:
    """Times of events, the middle of intervals; the last time; and the share of cured by the product-limit estimate."""
    codes, lower, upper = limits(censored("exponential", [data], **status), data)
    middle = np.select([codes == 3, codes == 2], [0.5 * (lower + upper), 0.5 * upper], lower)
    happened = codes != 1
    curve = product_limit(middle, happened)
    cured = float(curve.survival[-1]) if curve.survival.size else 1.0
    return middle[happened], float(middle.max()), cured


def _at_risk(data: Sequence[Data] | None) -> float:
    total = float(sum(np.sum(np.nan_to_num(next(iter(one.outputs.values())))) for one in data or ()))
    return total if total > 0 else 1.0


def guess(data: Data, *, cure: bool, **options: Any) -> dict[str, Any]:
    """The cured share from the end of the product-limit curve, the level from events per time of the others."""
    events, _, cured = _events(data, {name: options[name] for name in OPTIONS})
    share = float(np.clip(1 - cured, 0.05, 0.95)) if cure else 1.0
    level = max(len(events), 1) / (share * _at_risk([data])) * (1 + cured if cure else 1.0)
    found = {"level": float(level)}
    return {**found, "susceptible": float(np.log(share / (1 - share)))} if cure else found


TRUTH = {"excess_treated": 0.3, "susceptible": 0.8, "odds_treated": -0.6, "odds_marker": 0.5}
"""Of the simulated data."""


def simulated(people: int = 500, seed: int = 63, *, intervals: bool = False) -> Data:
    """Simulated: a third cured; the hazard rises as 0.5 + 0.5 t, and treatment adds 0.3.

    Arguments:
        people, seed: how many, and of which random numbers.
        intervals: True where four in ten are seen only at visits, so that their times are known as intervals.
    """
    generator = np.random.default_rng(seed)
    treated, marker = generator.integers(0, 2, people).astype(float), generator.normal(0, 1, people)
    family = AdditiveCure((0.0, 4.0), ("treated",), ("treated", "marker"))
    values = {**TRUTH, "level": 0.5, "rise": 0.0, "change": np.array([np.log(5.0)])}
    columns = {"treated": treated, "marker": marker}
    lifetime = family.simulate(Scatter("time", True, np.ones(people), None, None, values, np, columns), generator)
    end = generator.uniform(1.5, 5.0, people)
    status = np.where(lifetime <= end, 1.0, 0.0)
    time, upper = np.minimum(lifetime, end), np.full(people, np.nan)
    if intervals:
        gap = generator.uniform(0.1, 0.6, people)
        before, after = gap * np.floor(time / gap), gap * np.floor(time / gap) + gap
        visited = (generator.uniform(size=people) < 0.4) & (status == 1)
        left = visited & (before == 0)
        status = np.select([left, visited], [2.0, 3.0], status)
        time, upper = np.select([left, visited], [after, before], time), np.where(visited & ~left, after, np.nan)
    table = {"time": time, "upper": upper, "status": status, "end": end, **columns}
    return Data(table, inputs=["treated", "marker"], output="time", units={"time": "year"})


READY = ReadyMade(
    name="survival.mixture_cure_additive_hazards",
    summary="Mixture cure with additive hazards: some never have the event, covariates add to the hazard of the others",
    formula=(
        "S(t) = 1 - p + p exp(-H(t)),  logit p = susceptible + sum_j odds_j z_j\n"
        "h(t) = h0(t) + sum_j excess_j x_j,  log h0 in steps rise + change_k between knots: "
        "sum (change_k / roughness)^2 / 2 is the penalty\n"
        "roughness^2 = sum change_k^2 / nu,  nu the effective number of changes"
    ),
    good_for=(
        "a share that is cured, told apart from those who are only watched too short; differences of hazards, such as "
        "events per thousand years; times known exactly, right-, left- and interval-censored"
    ),
    prefer_instead=(
        "survival.flexible where covariates multiply, or follow-up is too short to see the curve level off; "
        "cure=False where everybody has the event in the end"
    ),
    form=form,
    guess=guess,
    options={
        "hazard_covariates": Option(None, "the inputs that add to the hazard; None takes all"),
        "cure_covariates": Option(None, "the inputs that tell who is susceptible; None takes none"),
        "cure": Option(True, "whether some never have the event", (True, False)),
        "pieces": Option(5, "how many pieces the baseline hazard has, with equal shares of the events"),
        "roughness": Option(
            CHOSEN,
            "prior standard deviation of a change of the log hazard; less is smoother. As the data choose, or a "
            "number: 1 where who is cured matters more than the hazard",
            words=(CHOSEN,),
        ),
        **OPTIONS,
    },
    known=(
        Known(
            data=simulated,
            about="500 simulated lifetimes, a third cured, a treatment that adds to the hazard and to cure",
            estimate=TRUTH,
            second_start={"level": 5.0, "excess_treated": -0.2, "susceptible": -1.0, "odds_treated": 1.0},
            options={"hazard_covariates": "treated", "cure_covariates": ("treated", "marker"), "end": "end"},
            source=_LI_MA,
        ),
    ),
    sources=(_LI_MA, _MA_COUTURIER_HERITIER_MARSCHNER),
    picture=survival_picture,
    doubts=survival_doubts,
)
