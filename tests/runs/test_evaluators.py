"""Compiled and direct evaluators agree to rounding; derivatives are exact; the second problem compiles nothing."""

import math

import numpy as np
import pytest

import parametra as pm
from parametra.maths.losses import Loss
from parametra.nouns.asker import Want
from parametra.nouns.errors import MethodError, ModelError
from parametra.runs.choose_evaluator import Both, choose_evaluator
from parametra.runs.compiled import Compiled, compilations, traceable
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct

T = np.linspace(0.1, 5, 40)
PARAMETERS = {"a": pm.Real(0, 10, guess=3), "k": pm.Log(0.01, 10, guess=1), "c": pm.Real(guess=0.5)}


def plain(t, a, k, c):
    return a * np.exp(-k * t) + c * np.sqrt(t)


def branching(t, a, k, c):
    return a * np.exp(-k * t) + (c if c > 0 else -c) * np.sqrt(t)


def data(seed=0, rows=T):
    y = plain(rows, 4.0, 0.8, 0.3) + 0.01 * np.random.default_rng(seed).normal(size=rows.size)
    return pm.Data({"t": rows, "y": y}, inputs=["t"], output="y", sigma=0.01)


def points(problem, count=7):
    return np.stack([problem.fit_space.draw_start(np.random.default_rng(i)) for i in range(count)])


MODELS = {"formula": "a * exp(-k * t) + c * sqrt(t)", "numpy": plain, "branching": branching}


@pytest.mark.parametrize("want", list(Want))
@pytest.mark.parametrize("loss", [None, Loss("huber", 2.0), Loss("cauchy", 1.0)])
@pytest.mark.parametrize("name", ["formula", "numpy"])
def test_compiled_and_direct_agree(name, loss, want):
    problem = pm.Problem(MODELS[name], data(), PARAMETERS)
    cost = Cost(True, problem.losses(loss))
    direct, compiled = Direct(problem, cost), Compiled(traceable(problem), cost)
    x = points(problem)
    a, b = direct.evaluate(x, want), compiled.evaluate(x, want)
    for field in ("cost", "gradient", "residuals", "jacobian", "normal"):
        one, other = getattr(a, field), getattr(b, field)
        if one is not None and other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(one).max(), err_msg=field)
    assert a.ok.all() and b.ok.all()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_jacobian_is_that_of_differences(name):
    problem = pm.Problem(MODELS[name], data(), PARAMETERS)
    direct = Direct(problem, Cost(True))
    x = points(problem, 2)
    found = direct.evaluate(x, Want.JACOBIAN)
    h = 1e-6
    for i in range(problem.fit_space.dimension):
        move = h * np.eye(3)[i]
        up, down = (direct.evaluate(x + s * move, Want.RESIDUALS).residuals for s in (1, -1))
        np.testing.assert_allclose(found.jacobian[:, :, i], (up - down) / (2 * h), rtol=1e-5, atol=1e-4)


def test_what_is_found_out_of_a_function():
    assert Direct(pm.Problem(MODELS["formula"], data(), PARAMETERS), Cost(True)).derivative == "formula"
    smooth = Direct(pm.Problem(plain, data(), PARAMETERS), Cost(True))
    assert (smooth.derivative, smooth.vectorised) == ("complex step", True)

    def absolute(t, a, k, c):
        return np.abs(a) * np.exp(-k * t) + c * np.sqrt(t)

    kinked = Direct(pm.Problem(absolute, data(), PARAMETERS), Cost(True))
    assert kinked.derivative == "central differences"
    assert not Direct(pm.Problem(branching, data(), PARAMETERS), Cost(True)).vectorised

    def scalar(t, a, k, c):
        return [a * math.exp(-k * ti) + c * math.sqrt(ti) for ti in t]

    slow = Direct(pm.Problem(scalar, data(), PARAMETERS), Cost(True))
    assert (slow.derivative, slow.vectorised) == ("central differences", False)


def test_differences_stay_inside_the_bounds():
    seen = []

    def watched(t, a):
        seen.append(float(np.real(a)))
        return abs(a) * np.ones_like(t)

    problem = pm.Problem(watched, data(), {"a": pm.Real(2, 3, guess=2)})
    Direct(problem, Cost(True)).evaluate(np.array([[2.0], [3.0]]), Want.JACOBIAN)
    assert min(seen) >= 2 and max(seen) <= 3


def test_the_second_problem_of_the_same_shape_compiles_nothing():
    cost = Cost(True)
    first, second = (Compiled(traceable(pm.Problem(plain, data(s), PARAMETERS)), cost) for s in (1, 2))
    x = points(first.problem, 40)
    one = first.evaluate(x, Want.NORMAL)
    before = compilations()
    two = second.evaluate(x, Want.NORMAL)
    assert compilations() == before
    assert not np.array_equal(one.cost, two.cost)


def test_a_batch_is_verified_before_it_is_believed():
    calls = []

    def impure(t, a, k, c):
        calls.append(1)
        return a * np.exp(-k * t) + c * np.sqrt(t) + 1e-3 * len(calls)

    problem = pm.Problem(impure, data(), PARAMETERS)
    both = Both(Direct(problem, Cost(True)), Compiled(traceable(problem), Cost(True)))
    both.evaluate(points(problem), Want.NORMAL)
    assert both.kind == "direct"
    assert "same answer twice" in both.derivative

    honest = pm.Problem(plain, data(), PARAMETERS)
    both = Both(Direct(honest, Cost(True)), Compiled(traceable(honest), Cost(True)))
    both.evaluate(points(honest), Want.NORMAL)
    assert both.kind == "compiled"


def test_choice_by_size_alone():
    small = pm.Problem(plain, data(), PARAMETERS)
    assert choose_evaluator(small, Cost(True), 20).kind == "direct"
    large = pm.Problem(plain, data(rows=np.linspace(0.1, 5, 4000)), PARAMETERS)
    assert choose_evaluator(large, Cost(True), 100).kind == "compiled"
    assert choose_evaluator(large, Cost(True), 1).kind == "direct"
    with pytest.raises(MethodError, match='evaluator="compield": did you mean "compiled"'):
        choose_evaluator(small, Cost(True), 1, "compield")
    with pytest.raises(ModelError, match="cannot be traced"):
        choose_evaluator(pm.Problem(branching, data(), PARAMETERS), Cost(True), 1, "compiled")


def test_a_model_in_jax_is_compiled_and_leaves_the_settings_of_jax_alone():
    import jax
    import jax.numpy as jnp

    def model(t, a, k, c):
        return a * jnp.exp(-k * t) + c * jnp.sqrt(t)

    problem = pm.Problem(model, data(), PARAMETERS)
    evaluator = choose_evaluator(problem, Cost(True), 1)
    assert evaluator.kind == "compiled"
    other = Direct(pm.Problem(plain, data(), PARAMETERS), Cost(True))
    x = points(problem)
    np.testing.assert_allclose(evaluator.evaluate(x, Want.COST).cost, other.evaluate(x, Want.COST).cost, rtol=1e-12)
    assert not jax.config.jax_enable_x64


def test_a_failing_point_fails_alone():
    def model(t, a, k, c):
        if np.any(np.real(a) > 5):
            raise ArithmeticError("too much")
        return a * np.exp(-k * t) + c * np.sqrt(t)

    problem = pm.Problem(model, data(), PARAMETERS)
    direct = Direct(problem, Cost(True))
    x = np.stack([problem.fit_space.guess] * 3)
    x[1, 0] = 7.0
    answers = direct.evaluate(x, Want.NORMAL)
    np.testing.assert_array_equal(answers.ok, [True, False, True])
    assert answers.cost[1] == np.inf
    assert dict(direct.failures)
    assert all("ArithmeticError: too much" in reason for reason in direct.failures)


def test_a_log_likelihood_that_jax_cannot_trace_is_run_as_it_is():
    def cauchy(observed, predicted):
        return -np.log1p(np.asarray((observed - predicted) / 0.1) ** 2)

    x = np.linspace(0, 3, 30)
    measured = pm.Data({"x": x, "y": 1 + 2 * x + 0.1 * np.sin(9 * x)}, inputs=["x"], output="y")
    fit = pm.fit("a + b * x", measured, parameters={"a": 0, "b": 1}, noise=pm.LogLikelihood(cauchy), starts=2)
    assert fit.estimate["b"] == pytest.approx(2.0, abs=0.1)
    assert fit.receipt.evaluator.startswith("direct")
    with pytest.raises(
        pm.ParametraError, match=r"the log likelihood cannot be traced by JAX\. Write it with jax\.numpy"
    ):
        pm.fit(
            "a + b * x",
            measured,
            parameters={"a": 0, "b": 1},
            noise=pm.LogLikelihood(cauchy),
            evaluator="compiled",
        )
