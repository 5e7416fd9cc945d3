"""Gradients of whole problems backwards: those of forward sensitivities whatever the noise, and told as they are."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.maths import ode_gradient
from parametra.maths.distributions import Gamma, Normal
from parametra.nouns.asker import Want
from parametra.nouns.ode import ODE, Event
from parametra.nouns.problem import Problem
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.verbs.fit_choice import cost_of

T = np.linspace(0.5, 9.0, 12)
DOSED = ODE(
    {"A": "-k * A"},
    {"A": "first"},
    observe={"y": "A / V + drift[0] * t", "z": "shift + slope * t + drift[1] * A"},
    events=Event(["lag", "lag + 4"], add={"A": "dose"}),
    solver="explicit",
)
AT = {"k": 0.4, "first": 2.0, "V": 1.5, "lag": 1.2, "shift": 0.3, "slope": 0.05, "drift": np.array([0.1, 0.5])}
FREE = {
    "k": pm.Log(0.05, 5, guess=0.5),
    "k_other": pm.Log(0.05, 5, guess=0.6),
    "first": pm.Positive(guess=1.7),
    "half": pm.Real(0.1, 10, guess=1.3),
    "V": pm.Tied("half * 1.2"),
    "lag": pm.Real(0.6, 1.4, guess=1.1, prior=Normal(1.0, 0.3)),
    "shift": pm.Real(guess=0.2, prior=Normal(0.0, 1.0)),
    "slope": 0.04,
    "drift": pm.Real(-3, 3, shape=2, guess=[0.2, 0.4]),
}

CAUCHY = "-log(1 + ((observed - predicted) / wide)**2) - log(3 * wide)"


def table(dose, seed, missing=False):
    rng = np.random.default_rng(seed)
    found = DOSED(AT, {"t": T, "dose": dose})
    y, z = (value + 0.05 * rng.normal(size=T.size) for value in (found["y"], found["z"]))
    if missing:
        y[[2, 7]] = np.nan
    return {"t": T, "y": y, "z": z}


def study(sigma=None, outputs=("y", "z")):
    more = {"inputs": "t", "output": list(outputs), "sigma": sigma, "missing": "mask"}
    return [
        pm.Data(table(3.0, 1, missing=True), **more, constants={"dose": 3.0}, name="one"),
        pm.Data(table(1.0, 2), **more, constants={"dose": 1.0}, parameters={"k": "k_other"}, name="two"),
    ]


def points(problem, count=3):
    space = problem.fit_space
    return np.clip(space.guess + 0.05 * np.random.default_rng(0).normal(size=(count, space.dimension)), space.lower, 20)


def both(problem, monkeypatch, cost=None):
    """Cost and gradient backwards and forwards, by evaluators that choose by size."""
    found = []
    for most in (0, 1000):
        monkeypatch.setattr(ode_gradient, "FORWARD_UP_TO", most)
        evaluator = Direct(problem, cost_of(problem, None) if cost is None else cost)
        answers = evaluator.evaluate(points(problem), Want.GRADIENT)
        found.append((answers, evaluator.derivative))
    (back, how), (forth, other) = found
    assert how == f"adjoint ({problem.fit_space.dimension} parameters)"
    assert other == "forward sensitivities"
    np.testing.assert_array_equal(back.ok, forth.ok)
    assert back.ok.any()
    np.testing.assert_allclose(back.cost, forth.cost, rtol=1e-10)
    for mine, its in zip(back.gradient[back.ok], forth.gradient[back.ok], strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-10, atol=1e-10 * np.abs(its).max())


@pytest.mark.parametrize(
    "noise",
    [
        {"y": pm.StudentT(sigma="estimated"), "z": pm.Normal(sigma="estimated", proportional=True)},
        {"y": pm.AR1(sigma="estimated"), "z": pm.LogLikelihood(CAUCHY)},
    ],
    ids=["estimated", "correlated"],
)
def test_any_density(noise, monkeypatch):
    """Several experiments, parameters of their own, priors, tied and logarithmic parameters, arrays."""
    wide = {"wide": pm.Positive(guess=0.2, prior=Gamma(2.0, 4.0))} if "formula" in noise["z"].signature else {}
    both(Problem(DOSED, study(), {**FREE, **wide}, noise=noise), monkeypatch)


@pytest.mark.parametrize("noise", [pm.StudentT(), pm.AR1(correlation=0.4)], ids=["robust", "correlated"])
def test_sums_of_squares(noise, monkeypatch):
    problem = Problem(DOSED, study(sigma=0.05), FREE, noise=noise)
    assert cost_of(problem, None).least_squares
    both(problem, monkeypatch)


def test_a_scale_that_is_profiled_and_one_output_without_a_name(monkeypatch):
    ode = ODE({"A": "-k * A"}, {"A": "first"}, observe="A / V", solver="explicit")
    data = pm.Data({"t": T, "y": table(1.0, 1)["y"]}, inputs="t", output="y")
    problem = Problem(ode, data, {"k": (0.01, 3), "first": (0, 5), "V": 1.0})
    assert problem.profiled == "sigma"
    both(problem, monkeypatch)


def test_a_point_that_fails_is_counted_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr(ode_gradient, "FORWARD_UP_TO", 0)
    ode = ODE({"A": "growth * A**2"}, {"A": "first"}, solver="explicit")
    data = pm.Data({"t": [0.5, 2.0], "A": [1.1, 1.3]}, inputs="t", output="A")
    problem = Problem(ode, data, {"growth": pm.Real(0, 5, guess=0.1), "first": (0, 2)}, noise=pm.Normal(sigma=0.1))
    evaluator = Direct(problem, Cost(False))
    x = np.array([problem.fit_space.guess] * 3)
    x[:, list(problem.fit_space.labels).index("growth")] = [0.1, 3.0, 0.2]
    x[:, list(problem.fit_space.labels).index("first")] = 1.0
    answers = evaluator.evaluate(x, Want.GRADIENT)
    assert evaluator.derivative.startswith("adjoint")
    np.testing.assert_array_equal(answers.ok, [True, False, True])
    assert answers.cost[1] == np.inf
    assert np.isnan(answers.gradient[1]).all()
    assert np.isfinite(answers.gradient[[0, 2]]).all()
    ((_, count),) = evaluator.failures.items()
    assert count == 1


def test_few_parameters_and_jacobians_are_differentiated_forwards(monkeypatch):
    few = Problem(DOSED, study(sigma=0.05), FREE)
    assert Direct(few, Cost(True)).derivative == "forward sensitivities"
    monkeypatch.setattr(ode_gradient, "FORWARD_UP_TO", 0)
    evaluator = Direct(few, Cost(True))
    evaluator.evaluate(points(few), Want.JACOBIAN)
    assert evaluator.derivative == "forward sensitivities"


def test_what_does_not_agree_with_forward_sensitivities_is_not_believed(monkeypatch):
    monkeypatch.setattr(ode_gradient, "FORWARD_UP_TO", 0)
    true = ODE.pull_back

    def wrong(self, *arguments):
        pulled = true(self, *arguments)
        pulled.gradient["k"] *= 1.001
        return pulled

    monkeypatch.setattr(ODE, "pull_back", wrong)
    problem = Problem(DOSED, study(), FREE, noise=pm.StudentT(sigma="estimated"))
    assert Direct(problem, Cost(False)).derivative == "forward sensitivities"


def test_what_has_no_way_back_is_differentiated_forwards(monkeypatch):
    monkeypatch.setattr(ode_gradient, "FORWARD_UP_TO", 0)
    ode = ODE({"A": "-k * A"}, {"A": "first"}, solver="lsoda")
    data = pm.Data({"t": T, "A": np.exp(-T)}, inputs="t", output="A")
    problem = Problem(ode, data, {"k": (0.01, 3), "first": (0, 5)}, noise=pm.StudentT(sigma="estimated"))
    evaluator = Direct(problem, Cost(False))
    assert evaluator.evaluate(points(problem), Want.GRADIENT).ok.all()
    assert "adjoint" not in evaluator.derivative


def test_a_fit_by_gradients_tells_how_they_came(monkeypatch):
    """Each offset takes up its own point of z, so that y alone is left to tell the rest, as in a fit of it."""
    monkeypatch.setattr(ode_gradient, "FORWARD_UP_TO", 12)
    offsets = [f"b{i}" for i in range(12)]
    seen = " + ".join(f"where(abs(t - {t}) < 0.01, {name}, 0)" for name, t in zip(offsets, T, strict=True))
    ode = ODE({"A": "-k * A"}, {"A": "first"}, observe={"y": "A", "z": f"A + {seen}"}, solver="explicit")
    rng = np.random.default_rng(3)
    A = 2 * np.exp(-0.4 * T)
    columns = {"t": T, "y": A + 0.05 * rng.normal(size=12), "z": A + rng.normal(size=12)}
    data = pm.Data(columns, inputs="t", output=["y", "z"], sigma=0.05)
    of_y = {"k": pm.Real(0.01, 3, guess=0.5), "first": pm.Real(0, 5, guess=1.0)}
    free = {**of_y, **{name: pm.Real(guess=0.0) for name in offsets}}
    fit = pm.fit(ode, data, free, method="lbfgs", starts=1)
    assert fit.receipt.evaluator.endswith("derivatives by adjoint (14 parameters)")
    assert fit.status.outcome is pm.Outcome.CONVERGED
    y = pm.Data({name: columns[name] for name in "ty"}, inputs="t", output="y", sigma=0.05)
    alone = pm.fit("first * exp(-k * t)", y, of_y, starts=1)
    for name in of_y:
        assert fit.estimate[name] == pytest.approx(alone.estimate[name], rel=1e-5)
