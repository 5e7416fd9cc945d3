"""What is doubtful about a fit of lifetimes: covariates that do not act, a status among them, the cured share."""

from __future__ import annotations

import numpy as np

from parametra.models.survival._lifetimes import effect
from parametra.models.survival._statement import limits
from parametra.nouns._status_names import like_status
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem

_PARTS = ("time", "hazard", "shape", "excess", "odds")
"""What covariates act on, as in `hazard_age`."""
_CURED = "cured"
_OF_CURED = "kappa"
"""The parameter below whose 0 some are cured."""
_LITTLE = 0.005
"""A share that nobody minds."""


def survival_doubts(fit: Fit, problem: Problem) -> tuple[str, ...]:
    """The sentences.

    Arguments:
        fit: of a survival model.
        problem: what was fitted.
    """
    return (*_status_as_covariate(problem), *_idle(fit, problem), *_cured(fit, problem))


def _status_as_covariate(problem: Problem) -> list[str]:
    """A covariate that is named like a status, and holds codes, where no time is known as a limit."""
    told: dict[str, str] = {}
    for data in problem.data_sets:
        (output,) = data.outputs
        codes, _, _ = limits(problem.noise[output], data)
        for name, values in data.inputs.items() if (codes == 0).all() else ():
            if like_status(name, np.asarray(values)):
                told[name] = (
                    f'every time counts as an event, and "{name}", which is named like what tells events from '
                    f'limits, is a covariate. If it does, take it out of the inputs and state status="{name}" with the '
                    "code of an event, event=1."
                )
    return [*told.values()]


def _idle(fit: Fit, problem: Problem) -> list[str]:
    """The inputs that no part of the model has a coefficient of."""
    idle: dict[str, None] = {}
    for data in problem.data_sets:
        for name in data.inputs:
            effects = [effect(part, name) for part in _PARTS]
            if not any(data.parameters.get(each, each) in fit.values for each in effects):
                idle[name] = None
    if not idle:
        return []
    words, it = ("is an input", "it") if len(idle) == 1 else ("are inputs", "them")
    told = (
        f"{', '.join(idle)} {words} that no part of the model uses. Name {it} in an option such as hazard_covariates, "
        f"or leave {it} out of the inputs."
    )
    return [told]


def _cured(fit: Fit, problem: Problem) -> list[str]:
    """Where the cured share has no slope, kappa above 0, and rests on more than kappa, so that it has no interval."""
    rows = {row.label: row for row in fit.rows}
    share = next((each for each in problem.derived if each.name == _CURED), None)
    of = rows.get(_OF_CURED)
    if share is None or of is None or of.interval is None or _CURED not in rows or rows[_CURED].interval is not None:
        return []
    low, high = of.interval
    ends = sorted(float(share.compute({**fit.values, of.label: each})) for each in (low, high))
    if ends[1] - ends[0] <= _LITTLE:
        return []
    sentence = (
        f"{_CURED} has no slope where {of.label} is above 0, and so no interval: {of.label} {low:.3g} .. {high:.3g} "
        f"means {_CURED} {ends[0]:.3g} .. {ends[1]:.3g}, all else held. Tell that, or the interval of a bootstrap of "
        "cases."
    )
    return [sentence]
