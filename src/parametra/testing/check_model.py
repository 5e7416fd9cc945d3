"""The conformance suite of ready-made models: every model must pass it, a third party's too.

units named; guess within bounds; finite in the corners of its space; gradient = finite differences;
priors that allow what is known; simulate, fit, recover;
every known answer met, from its guess and from a second start, both required
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns.asker import Want
from parametra.nouns.data import Data, as_data_sets
from parametra.nouns.errors import NoiseError
from parametra.nouns.fit_result import Fit
from parametra.nouns.noise import Normal
from parametra.nouns.noise_simulate import simulate, with_observed
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import Form, Known, ReadyMade
from parametra.runs.direct import Direct
from parametra.verbs.fit import fit
from parametra.verbs.fit_choice import cost_of

_RECOVERED = 5.0
"""Standard errors that a recovered parameter may lie off; a normal error is further off with a chance of 6e-7."""

_TRUTH = 4.0
"""Standard errors that the truth of simulated data may lie off: the data are fixed, so this is no matter of chance."""


def check_model(ready: ReadyMade) -> list[str]:
    """All that is wrong with a model, in sentences; empty when it conforms.

    Known answers whose data are not at hand (see `Known.external`) are left out.

    Arguments:
        ready: the model.
    """
    known = [each for each in ready.known if at_hand(each)]
    if not known:
        return [f"{ready.name}: no known answer that needs no data from elsewhere"]
    wrong = [*_words(ready), *_units(ready.bare_form(known[0].data(), **known[0].options))]
    for each in known:
        problem = ready.known_problem(each)
        found = fit_known(problem, each)
        again = fit_known(ready.from_start(problem, each.second_start), each)
        wrong += [*_guess(problem), *_corners(problem), *_gradient(problem), *_priors(ready, each, found)]
        wrong += [*_met(found, each, "its guess"), *_met(again, each, "the second start")]
        wrong += _second_start(problem, each)
    wrong += [*_guess_names(ready, known[0]), *_recovers(ready, known[0])]
    return [f"{ready.name}: {each}" for each in wrong]


def at_hand(known: Known) -> bool:
    """Whether the data of a known answer can be read here."""
    return not known.external or (Path(os.environ.get("PARAMETRA_DATA", "")) / known.external).is_dir()


def fit_known(problem: Problem, known: Known) -> Fit:
    """The fit that must come to the known answer: from one start, where it does not say otherwise."""
    settings: dict[str, Any] = {"starts": 1, **known.settings}
    return fit(problem, **settings)


def _words(ready: ReadyMade) -> Iterator[str]:
    for name in ("summary", "formula", "good_for", "prefer_instead"):
        if not getattr(ready, name).strip():
            yield f"{name} is empty"
    if not ready.sources:
        yield "it has no source"


def _units(form: Form) -> Iterator[str]:
    named = {**{k: getattr(p, "unit", "1") for k, p in form.parameters.items()}, **form.inputs, **form.outputs}
    for name, unit in named.items():
        if not unit:
            yield f'"{name}" has no unit; write "1" for a pure number'
    if isinstance(form.noise, Normal) and form.noise.sigma == "estimated":
        yield "its noise refuses data that have a sigma; leave it out: None takes theirs, and estimates one otherwise"
    for name, parameter in form.parameters.items():
        if not parameter.description:
            yield f'"{name}" has no description'


def _guess(problem: Problem) -> Iterator[str]:
    space = problem.fit_space
    inside = (space.guess >= space.lower) & (space.guess <= space.upper)
    for i in np.flatnonzero(~inside):
        yield f"the guess of {space.labels[i]} is outside its bounds"
    if not Direct(problem, cost_of(problem, None)).evaluate(space.guess[None], Want.COST).ok.all():
        yield "it is not finite at its guess"


def _guess_names(ready: ReadyMade, known: Known) -> Iterator[str]:
    """What the guess tells is of parameters that the model has."""
    if ready.guess is None:
        return
    data = as_data_sets(known.data())
    options = {**{name: each.default for name, each in ready.options.items()}, **known.options}
    form = ready.bare_form(data, **known.options)
    for name in ready.guess_of(data[0], options):
        if name not in form.parameters:
            yield f'its guess tells of "{name}", which is no parameter'


def _second_start(problem: Problem, known: Known) -> Iterator[str]:
    if not known.second_start:
        yield f'"{known.about}" has no second start'
    for name, value in known.second_start.items():
        if np.allclose(value, problem.stated_space.guess_named[name], rtol=0.05, atol=0.0):
            yield f"the second start of {name} is its guess, so it tells nothing"


def _corners(problem: Problem) -> Iterator[str]:
    """Corners of the box, an infinite side taken at 100 times the guess, an open one a little inside."""
    space = problem.fit_space
    far = 100 * np.maximum(np.abs(space.guess), 1.0)
    low = np.where(np.isfinite(space.lower), space.lower + 1e-9 * np.maximum(np.abs(space.guess), 1e-3), -far)
    high = np.where(np.isfinite(space.upper), space.upper, far)
    # not more than 2^8 corners: of many coordinates the first eight are moved each by itself, the others together
    picks = np.array(list(itertools.product([False, True], repeat=min(space.dimension, 8))))
    rest = np.repeat(picks[:, -1:], max(space.dimension - 8, 0), axis=1)
    corners = np.where(np.concatenate([picks, rest], axis=1), high, low)
    answers = Direct(problem, cost_of(problem, None)).evaluate(corners, Want.COST)
    for i in np.flatnonzero(~answers.ok):
        yield f"not finite in the corner {dict(zip(space.labels, corners[i].tolist(), strict=True))}"


def _gradient(problem: Problem) -> Iterator[str]:
    direct = Direct(problem, cost_of(problem, None))
    space = problem.fit_space
    # a guess may be the optimum itself, where there is nothing to compare
    x = space.guess + 1e-3 * np.maximum(np.abs(space.guess), 1e-3)
    x = np.where(x < space.upper, x, space.guess)
    exact = direct.evaluate(x[None], Want.GRADIENT).gradient
    step = 1e-6 * np.maximum(np.abs(x), 1e-3)
    points = np.concatenate([x + np.diag(step), x - np.diag(step)])
    cost = direct.evaluate(points, Want.COST).cost
    rough = (cost[: x.size] - cost[x.size :]) / (2 * step)
    inside = (x - step >= space.lower) & (x + step <= space.upper)
    if not inside.any():
        yield "its guess lies on a bound in every coordinate, where no gradient can be tried"
    elif exact is None or not np.allclose(exact[0][inside], rough[inside], rtol=1e-4, atol=1e-4 * np.abs(rough).max()):
        yield f"its gradient {exact} is not that of finite differences {rough}"


def _priors(ready: ReadyMade, known: Known, found: Fit) -> Iterator[str]:
    """Every parameter has a prior, and what is known lies in its central 99.9 %."""
    form = ready.form_of(known.data(), **known.options)
    for name, parameter in form.parameters.items():
        if parameter.free and name not in form.priors and name not in known.parameters:
            yield f'"{name}" has no prior'
    space = ready.problem(known.data(), priors=True, **known.options).stated_space
    for name in space.explicit_priors:
        prior: Any = space[name].prior
        if name not in found.estimate or not hasattr(prior, "cdf"):
            continue
        low, high = prior.quantile(5e-4), prior.quantile(1 - 5e-4)
        if not np.all((np.asarray(found.estimate[name]) >= low) & (np.asarray(found.estimate[name]) <= high)):
            yield f"the prior of {name} does not allow {found.estimate[name]}, which is known"


def _recovers(ready: ReadyMade, known: Known) -> Iterator[str]:
    """Data simulated from the fit of known data give the same answer, by the guess that is read off them."""
    problem = ready.known_problem(known)
    truth = fit_known(problem, known)
    try:
        simulated = simulated_data(problem, truth, np.random.default_rng(20))
    except NoiseError as error:
        # when values would have been censored is not known; then a known truth must take the place of this check
        if not any(isinstance(value, float) for each in ready.known for value in each.estimate.values()):
            yield f"no known answer is the truth of simulated data, and none can be simulated: {error}"
        return
    changed = dict(known.parameters)
    again = fit_known(ready.problem(simulated, noise=known.noise, parameters=changed, **known.options), known)
    for row in again.rows:
        if row.role == "free" and row.standard_error is None and truth.row(row.label).standard_error is None:
            yield f"neither the known data nor data simulated from their fit give {row.label} an error"
        elif row.role == "free" and row.standard_error:
            off = abs(row.value - truth.row(row.label).value) / row.standard_error
            if off > _RECOVERED:
                yield f"from simulated data {row.label} came back {off:.1f} standard errors off"


def simulated_data(problem: Problem, truth: Fit, generator: np.random.Generator) -> tuple[Data, ...]:
    """Data sets like those of the problem, drawn from its noise around the predictions of a fit.

    Raises:
        NoiseError: a noise that cannot be drawn from.
    """
    drawn = simulate(problem, truth.values, 1, generator)
    return with_observed(problem, tuple({k: v[0] for k, v in each.items()} for each in drawn)).data_sets


def _met(found: Fit, known: Known, start: str) -> Iterator[str]:
    if not found.status.ok:
        yield f"from {start} the fit of {known.about} ended so: {found.status.message}"
    if not known.estimate:
        yield f'nothing is known of "{known.about}"'
    for what, wanted in (("", known.estimate), ("standard error of ", known.standard_error)):
        for name, value in wanted.items():
            row = found.row(name)
            got = row.standard_error if what else row.value
            if not _close(got, value, row.standard_error):
                yield f"from {start} the {what}{name} is {got}; {value} is known"


def _close(got: float | None, wanted: str | float, error: float | None) -> bool:
    if got is None or not math.isfinite(got):
        return False
    if isinstance(wanted, str):
        return abs(got - float(wanted)) <= 0.5001 * last_digit(wanted)
    return error is not None and bool(abs(got - wanted) <= _TRUTH * error)


def last_digit(printed: str) -> float:
    """The unit of the last digit of a printed number: 0.01 of "3.14", 100 of "1.2e3"."""
    digits, _, power = printed.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return 10.0 ** (int(power or 0) - decimals)
