"""The conformance suite of ready-made models: every model must pass it, a third party's too.

units named; finite in the corners of its space; guess in bounds; gradient = finite differences;
simulate, fit, recover; the published answer met to the published digits, from two starts, both required
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping

import numpy as np

from parametra.nouns.asker import Want
from parametra.nouns.data import Data
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import ReadyMade
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.verbs.fit import fit

_STANDARD_ERRORS = 5.0
"""How far a recovered parameter may lie off; a normal error is further off with a chance of 6e-7."""


def check_model(ready: ReadyMade) -> list[str]:
    """All that is wrong with a model, in sentences; empty when it conforms.

    Arguments:
        ready: the model.
    """
    checks: tuple[Callable[[ReadyMade], list[str]], ...] = (_units, _guess, _corners, _gradient, _recovers, _published)
    return [f"{ready.name}: {wrong}" for check in checks for wrong in check(ready)]


def _problem(ready: ReadyMade) -> Problem:
    return ready.problem(ready.published.data(), noise=ready.published.noise)


def _units(ready: ReadyMade) -> list[str]:
    named = {**{k: p.unit for k, p in ready.parameters.items()}, **ready.inputs, **ready.outputs}
    return [f'"{name}" has no unit; write "1" for a pure number' for name, unit in named.items() if not unit]


def _guess(ready: ReadyMade) -> list[str]:
    space = _problem(ready).fit_space
    inside = (space.guess >= space.lower) & (space.guess <= space.upper)
    return [f"the guess of {space.labels[i]} is outside its bounds" for i in np.flatnonzero(~inside)]


def _corners(ready: ReadyMade) -> list[str]:
    """Corners of the box, an infinite side taken at 100 times the guess, an open one a little inside."""
    problem = _problem(ready)
    space = problem.fit_space
    far = 100 * np.maximum(np.abs(space.guess), 1.0)
    low = np.where(np.isfinite(space.lower), space.lower + 1e-9 * np.maximum(np.abs(space.guess), 1e-3), -far)
    high = np.where(np.isfinite(space.upper), space.upper, far)
    corners = [np.where(pick, high, low) for pick in itertools.product([False, True], repeat=min(space.dimension, 8))]
    answers = Direct(problem, Cost(True)).evaluate(np.stack(corners), Want.COST)
    return [f"not finite in the corner {corners[i]}" for i in np.flatnonzero(~answers.ok)]


def _gradient(ready: ReadyMade) -> list[str]:
    problem = _problem(ready)
    direct = Direct(problem, Cost(True))
    x = problem.fit_space.guess
    exact = direct.evaluate(x[None], Want.GRADIENT).gradient
    step = 1e-6 * np.maximum(np.abs(x), 1e-3)
    points = np.concatenate([x + np.diag(step), x - np.diag(step)])
    cost = direct.evaluate(points, Want.COST).cost
    rough = (cost[: x.size] - cost[x.size :]) / (2 * step)
    if exact is None or not np.allclose(exact[0], rough, rtol=1e-4, atol=1e-4 * np.abs(rough).max()):
        return [f"its gradient {exact} is not that of finite differences {rough}"]
    return []


def _recovers(ready: ReadyMade) -> list[str]:
    problem = _problem(ready)
    truth = fit(problem, seed=1)
    generator = np.random.default_rng(20)
    data = problem.data_sets[0]
    (_, output, predicted), *_ = problem.compared(truth.values, problem.arrays)
    scatter = problem.scatter(0, output, predicted, truth.values, problem.arrays, np)
    simulated = problem.noise[output].simulate(scatter, generator)
    table = {**data.inputs, output: simulated}
    again = fit(problem.with_data(Data(table, inputs=list(data.inputs), output=output)), seed=1)
    wrong: list[str] = []
    for row in again.rows:
        if row.role == "free" and row.standard_error:
            off = abs(row.value - truth.row(row.label).value) / row.standard_error
            if off > _STANDARD_ERRORS:
                wrong.append(f"from simulated data {row.label} came back {off:.1f} standard errors off")
    return wrong


def _published(ready: ReadyMade) -> list[str]:
    answer = ready.published
    second = {k: dataclasses.replace(ready.parameters[k], guess=v) for k, v in answer.second_start.items()}
    wrong: list[str] = []
    for start, parameters in (("its guess", {}), ("the second start", second)):
        problem = ready.problem(answer.data(), noise=answer.noise, parameters=parameters)
        found = fit(problem, starts=1)
        wrong += _compare(found, answer.estimate, answer.standard_error, answer.digits, start)
    return wrong


def _compare(
    found: Fit, estimate: Mapping[str, float], errors: Mapping[str, float], digits: int, start: str
) -> list[str]:
    wrong: list[str] = []
    for what, wanted in (("", estimate), ("standard error of ", errors)):
        for name, value in wanted.items():
            row = found.row(name)
            got = row.standard_error if what else row.value
            unit = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
            if got is None or abs(got - value) > 0.5001 * unit:
                wrong.append(f"from {start} the {what}{name} is {got}; published is {value}")
    return wrong
