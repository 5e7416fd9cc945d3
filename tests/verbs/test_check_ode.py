"""What `check` finds of differential equations."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.verbs._check_gradient import compare

T = np.linspace(0.25, 4, 8)
BOX = {"A0": pm.Log(0.1, 1e4, guess=3), "k": pm.Log(0.01, 100, guess=0.7)}


def problem(states=None, initial="A0", t=T, noise=None, **settings):
    model = pm.ODE({"A": "-k * A"} if states is None else states, {"A": initial}, **{"solver": "explicit", **settings})
    table = {"t": t, "A": 2 * np.exp(-0.5 * t) + 0.01 * np.cos(9 * t)}
    sigma = None if noise is not None else 1e-3
    box = {name: each for name, each in BOX.items() if name in model.names}
    return pm.Problem(model, pm.Data(table, inputs="t", output="A", sigma=sigma), box, noise=noise)


def finding(found, subject, level=None):
    (one,) = (each for each in found.findings if each.subject == subject and level in (None, each.level))
    return one


@pytest.mark.parametrize("noise", [None, pm.Normal(proportional=True)])
def test_sensitivities_are_named_and_compared(noise):
    found = finding(pm.check(problem(noise=noise)), "gradient")
    assert found.level == "ok", found.message
    assert found.message.startswith("forward sensitivities against central differences: ")


@pytest.mark.parametrize("tolerance", [1e-10, 1e-6, 1e-4, 1e-3])
@pytest.mark.parametrize("solver", ["explicit", "lsoda"])
def test_what_differences_are_off_by_themselves_is_no_error_of_sensitivities(solver, tolerance):
    one = problem(solver=solver, relative_tolerance=tolerance)
    evaluator = Direct(one, Cost(least_squares=True))
    evaluator._way = "complex step"
    found = compare(one, evaluator)
    assert found.difference <= found.good == 1e-5, found


def test_a_kink_at_the_guess_is_no_error():
    model = pm.ODE({"A": "k * where(t > lag, 1, 0)"}, {"A": 0}, solver="lsoda")
    box = {"k": pm.Log(0.01, 100, guess=0.7), "lag": pm.Real(0.1, 1.9, guess=1.25)}
    data = pm.Data({"t": np.r_[1.25, T + 1], "A": np.ones(9)}, inputs="t", output="A", sigma=0.1)
    one = pm.Problem(model, data, box)
    evaluator = Direct(one, Cost(least_squares=True))
    evaluator._way = "complex step"
    found = compare(one, evaluator)
    assert found.difference <= found.good, found


def test_check_looks_at_the_derivatives_that_the_fit_follows(monkeypatch):
    """Those of predictions: the slope of a density is nothing at an optimum, and tells nothing there."""
    costs = []

    def chosen(problem, cost, starts):
        costs.append(cost)
        return Direct(problem, cost)

    monkeypatch.setattr("parametra.verbs.check.choose_evaluator", chosen)
    pm.check(problem(noise=pm.Normal(proportional=True)))
    pm.check(problem())
    assert [(each.least_squares, each.scores) for each in costs] == [(False, True), (True, False)]


class Printed:
    """A model as a program gives it, to six digits, that cannot be differentiated."""

    precision = 1e-6
    names = frozenset({"A0", "k"})
    __name__ = "printed"

    def __call__(self, parameters, inputs):
        values = float(parameters["A0"]) * np.exp(-float(parameters["k"]) * inputs["t"])
        return {"A": np.array([float(f"{value:.6e}") for value in values])}


def test_differences_of_few_digits_are_as_right_as_they_can_be():
    table = {"t": T, "A": 2 * np.exp(-0.5 * T)}
    made = pm.Problem(Printed(), pm.Data(table, inputs="t", output="A", sigma=0.1), BOX)
    found = finding(pm.check(made), "gradient")
    assert found.level == "ok", found.message
    assert found.message.startswith("by central differences, checked against differences of the model's values")


class Wrong(Direct):
    """An evaluator whose derivative by the second coordinate is 1 % off."""

    def evaluate(self, points, want):
        answers = super().evaluate(points, want)
        if answers.jacobian is not None:
            answers.jacobian[:, :, 1] *= 1.01
        return answers


@pytest.mark.parametrize("tolerance", [1e-8, 1e-6])
def test_sensitivities_that_are_wrong_are_seen(tolerance):
    one = problem(relative_tolerance=tolerance)
    evaluator = Wrong(one, Cost(least_squares=True))
    evaluator._way = "complex step"
    found = compare(one, evaluator)
    assert found.label == "k"
    assert 0.005 < found.difference < 0.015
    assert found.good == 1e-5


def test_what_jax_cannot_trace_is_told_once():
    def slopes(A, k):
        return [-k * A if A > 0 else 0.0]

    found = pm.check(problem(slopes, solver="auto"))
    assert finding(found, "gradient").level == "ok", finding(found, "gradient").message
    told = finding(found, "model", "warning").message
    assert told.startswith("slopes cannot be traced by JAX (a Python if on numbers?), so LSODA integrates it point by")
    assert "numpy.where" in told
    assert not [each for each in pm.check(problem()).findings if each.level == "warning"]


def test_a_proportional_sigma_of_nothing_is_told():
    zero = problem({"A": "k - 0.1 * A"}, 0, t=np.r_[0.0, T], noise=pm.Normal(proportional=True))
    told = finding(pm.check(zero), "noise").message
    assert told.startswith("output A is predicted 0 at the guess at t = 0 (row 1): a proportional sigma is 0 there")
    later = problem({"A": "k - 0.1 * A"}, 0, noise=pm.Normal(proportional=True))
    assert "noise" not in {each.subject for each in pm.check(later).findings}
