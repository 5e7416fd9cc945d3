"""A model without an answer at the guess: the other starts go on; one that is broken is refused at once."""

import dataclasses

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.keys import generator
from parametra.verbs.at_estimate import at_estimate
from parametra.verbs.fit_guess import DRAWS, guessed_at, start_points, where_it_works
from parametra.verbs.fit_judge import hash_of

T = np.linspace(0.0, 1.0, 11)
DATA = pm.Data({"t": T, "y": 1 / (1 - 0.4 * T)}, inputs="t", output="y", sigma=0.01)


def explosion(t, k):
    """x' = k x^2 from 1 blows up at t = 1 / k."""
    if k >= 1:
        raise pm.EvaluationFailed("a blow-up")
    return 1 / (1 - k * t)


def logarithm(t, a, b):
    return a * np.log(b - t)


def draws(problem, number):
    """The values that a start may have: the first and those that are drawn again."""
    drawn = generator(0, "fit", number)
    return [float(problem.fit_space.draw_start(drawn)[0]) for _ in range(DRAWS + 1)]


LOGS = pm.Data({"t": T, "y": 2 * np.log(3 - T)}, inputs="t", output="y", sigma=0.01)


def test_a_blow_up_at_the_guess_is_a_failed_start_with_its_reason():
    ode = pm.ODE({"x": "k * x**2"}, initial={"x": 1.0}, observe="x", solver="explicit")
    problem = pm.Problem(ode, DATA, {"k": pm.Real(0, 3, guess=2.5)})
    fit = pm.fit(problem, starts=12, progress=False)
    assert fit.status.ok
    assert abs(fit.estimate["k"] - 0.4) < 1e-5
    assert fit.starts.failed == 1 + sum(min(draws(problem, i)) >= 1 for i in range(1, 12))
    assert fit.starts.failed < sum(x[0] >= 1 for x in start_points(problem, 12, 0))
    assert fit.starts.costs[-1] == np.inf
    assert "at the guess the model failed: " in fit.starts.why
    assert "blow-up" in fit.starts.why
    assert sum(fit.receipt.failures.values()) >= 1
    assert fit.receipt.problem_hash == hash_of(problem)
    assert at_estimate(problem, fit).cost == pytest.approx(fit.chi_square / 2, abs=1e-9)


def test_what_is_not_finite_at_the_guess_is_so_too():
    box = {"a": (0, 10), "b": pm.Real(-5, 5, guess=-1)}
    for model in ("a * log(b - t)", logarithm):
        fit = pm.fit(model, LOGS, box, progress=False)
        assert "at the guess the model failed: the model, or what follows from it, gave NaN" in fit.starts.why
        assert abs(fit.estimate["b"] - 3) < 1e-6
        assert fit.receipt.evaluator.startswith("direct, derivatives by ")
        assert "differences" not in fit.receipt.evaluator  # found out where the model has an answer


def test_numbers_that_overflow_are_a_failure_and_other_errors_are_none():
    import math

    def steep(t, a):
        return np.array([a * t_ * math.exp(a * 100) * 1e-30 for t_ in t])

    def odd(t, a):
        if a > 5:
            raise TypeError("no")
        return a * t

    data = pm.Data({"t": T, "y": T}, inputs="t", output="y", sigma=0.01)
    fit = pm.fit(steep, data, {"a": pm.Real(0, 10, guess=9)}, progress=False)
    assert "OverflowError" in fit.starts.why
    with pytest.raises(pm.ParametraError, match="raised TypeError at the guess"):
        pm.fit(odd, data, {"a": pm.Real(0, 10, guess=9)}, progress=False)
    with pytest.raises(pm.ParametraError, match="shape"):
        pm.fit(lambda t, a: np.full(3, a * np.nan), data, {"a": (0, 10)}, progress=False)


@pytest.mark.parametrize("settings", [{"starts": 1}, {"starts": 5}])
def test_where_nothing_goes_on_the_guess_is_refused(settings):
    bounds = pm.Real(1.1, 5, guess=3) if settings["starts"] > 1 else pm.Real(0, 5, guess=3)
    with pytest.raises(pm.ParametraError, match="gives nothing at the guess"):
        pm.fit(explosion, DATA, {"k": bounds}, progress=False, **settings)


def test_calls_that_take_long_are_not_tried_until_one_works(tmp_path):
    calls = []

    def dear(t, a):
        calls.append(a)
        return np.full(t.size, np.nan if a > 5 else a)

    with pytest.raises(pm.ParametraError, match="gives nan"):
        pm.fit(dear, DATA, {"a": pm.Real(0, 10, guess=9)}, ledger=tmp_path / "calls.db", progress=False)
    assert set(calls) == {9.0}


def test_the_plan_is_made_where_the_model_has_an_answer():
    problem = pm.Problem("a * log(b - t)", LOGS, {"a": (0, 10), "b": pm.Real(-5, 5, guess=-1)})
    assert pm.choose(problem).starts == 20
    with pytest.raises(pm.ParametraError, match="gives nan"):
        pm.choose(problem, starts=1)


def test_the_guess_is_moved_to_the_first_start_with_an_answer():
    parameters = {
        "a": pm.Positive(guess=1.0),
        "b": pm.Real(-5, 5, guess=-1),
        "w": pm.Simplex(2),
        "r": pm.Log(0.1, 10, shape=(2,)),
        "c": pm.Tied("2 * a"),
        "d": 1.0,
    }
    model = "a * log(b - t) + w[0] + r[1] + c + d"
    problem = pm.Problem(model, LOGS, parameters, title="logs", derived={"ab": "a * b"})
    moved, why = where_it_works(problem, 20, 3)
    assert why
    starts = start_points(problem, 20, 3)
    works = next(i for i, x in enumerate(starts) if problem.space.to_named(x)["b"] > 1)
    np.testing.assert_allclose(moved.fit_space.guess, starts[works], rtol=1e-12)
    assert moved.title == "logs"
    assert [d.name for d in moved.derived] == ["ab"]
    np.testing.assert_array_equal(moved.fit_space.lower, problem.fit_space.lower)
    assert where_it_works(moved, 20, 3) == (moved, "")
    assert dataclasses.replace(parameters["b"], guess=2.0) == guessed_at(problem, {"b": 2.0}).stated_space["b"]
