"""What a fit says where the best value is a limit, a kink, nowhere, or hardly moved from."""

import warnings

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.result_table import with_error

LINE = {"a": pm.Real(guess=0.0), "b": pm.Real(guess=0.0)}
X = np.linspace(0, 2, 60)


def table(x, y, **more):
    return pm.Data({"x": x, "y": y}, inputs="x", output="y", **more)


def towards(fit, name):
    (row,) = (r for r in fit.rows if r.label == name)
    return row.note


@pytest.mark.parametrize("seed", [2, 3, 4, 6])
def test_counts_without_more_scatter_than_poisson(seed):
    data = table(X, np.random.default_rng(seed).poisson(np.exp(1 + 0.8 * X)))
    plain = pm.fit("exp(a + b*x)", data, LINE, noise=pm.Poisson(), starts=3)
    fit = pm.fit("exp(a + b*x)", data, LINE, noise=pm.NegativeBinomial(), starts=3)
    assert fit.status.ok
    assert towards(fit, "dispersion") == ("at its lower bound, towards zero: the counts scatter no more than Poisson's")
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-5)
    for name in "ab":
        assert fit.estimate[name] == pytest.approx(plain.estimate[name], abs=1e-5)
        assert fit.standard_error[name] == pytest.approx(plain.standard_error[name], rel=1e-4)
    assert any("Poisson() says the same" in doubt for doubt in fit.doubts)


def test_shares_without_more_scatter_than_binomial():
    x = np.linspace(-2, 4, 20)
    data = table(x, np.round(12 / (1 + np.exp(1 - x))))
    plain = pm.fit("expit(a + b*x)", data, LINE, noise=pm.Binomial(12), starts=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = pm.fit("expit(a + b*x)", data, LINE, noise=pm.BetaBinomial(12), starts=2, evaluator="direct")
    assert fit.status.ok
    assert "towards infinity: the shares scatter no more than Binomial's" in towards(fit, "concentration")
    assert fit.standard_error["b"] == pytest.approx(plain.standard_error["b"], rel=1e-4)


def test_every_noise_tells_its_simpler_one():
    y = 1 + X + 0.1 * np.cos(7 * np.arange(60))  # tails shorter than a normal distribution's
    tails = pm.fit("a + b*x", table(X, y), LINE, noise=pm.StudentT("estimated"), starts=3)
    assert "towards infinity" in towards(tails, "degrees_of_freedom")
    wild = pm.fit("a + b*x", table(X, y), LINE, noise=pm.Outliers(pm.Normal(0.1)), starts=2, evaluator="direct")
    assert "towards zero: no point is needed to be an outlier" in towards(wild, "share")


def test_an_error_of_any_size_has_an_interval_without_warnings():
    from parametra.verbs.fit_rows import _Quantity

    quantity = _Quantity("c", "c", "noise", 3.0, np.ones(1), "")
    quantity.logarithmic = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert quantity.interval(1e30, 2.0) == (0.0, np.inf)


@pytest.mark.parametrize("formula", ["exp(a)", "exp(a + b*x)"])
def test_counts_that_are_all_zero_have_no_best_mean(formula):
    parameters = {name: LINE[name] for name in "ab" if name in formula.replace("exp", "")}
    fit = pm.fit(formula, table(X, 0 * X), parameters, noise="poisson")
    assert not fit.status.ok
    assert "goes on rising while a falls" in fit.status.message
    assert all(row.standard_error is None and "without end" in row.note for row in fit.rows)
    assert "More starts do not help" in fit.doubts[0]
    assert fit.starts.missed_chance is None
    assert "20 ended at the best point; 1 basin found" in str(fit)
    assert "failed" not in str(fit).split("20 starts")[1].split("\n\n")[0]


def test_separation_is_told():
    x = np.arange(6.0)
    fit = pm.fit("expit(a + b*x)", table(x, np.array([0, 0, 0, 1, 1, 1])), LINE, noise="binomial")
    assert "goes on rising while a falls and b grows" in fit.status.message
    assert "separates all successes" in fit.doubts[0]
    assert "try more starts" not in str(fit)


def test_a_value_is_told_whatever_its_error():
    assert with_error(-48.95, 9.3e9) == "-49 ± 9.3e+09"
    assert with_error(3.0, 40.0) == "3 ± 40"
    assert with_error(0.0, 40.0) == "0 ± 40"


LAPLACE = pm.LogLikelihood("-abs(observed - predicted) / 0.5")


def test_a_kink_is_a_minimum_without_errors():
    data = table(np.arange(6.0), np.array([1, 2, 3, 4.3, 5, 6]))
    fit = pm.fit("a + b*x", data, LINE, noise=LAPLACE, evaluator="direct", starts=8)
    assert fit.status.ok
    assert fit.estimate["a"] == pytest.approx(1, abs=1e-6)
    assert all(row.note == "no error: the density has a kink here, and no curvature" for row in fit.rows)
    assert "a minimum without curvature" in fit.doubts[0]
    assert "saddle" not in str(fit)
    assert fit.starts.converged + fit.starts.failed <= 8


def test_a_kink_that_is_no_minimum_is_not_called_one():
    from parametra.nouns.asker import Ending
    from parametra.runs.budget import Budget
    from parametra.runs.choose_evaluator import choose_evaluator
    from parametra.runs.cost import Cost
    from parametra.runs.drive import Drive
    from parametra.runs.progress import Progress
    from parametra.verbs.fit_no_minimum import look_around
    from parametra.verbs.fit_uncertainty import unknown

    data = table(np.arange(6.0), np.array([1, 2, 3, 4.3, 5, 6]))
    problem = pm.Problem("a + b*x", data, LINE, noise=LAPLACE)
    evaluator = choose_evaluator(problem, Cost(least_squares=False), 1, "direct")
    drive = Drive(evaluator, Budget(None, None), Progress("", shown=False))
    x = np.array([1.0, 1.1])  # through the first point alone: turning about it leads down
    cost = float(drive.evaluator.evaluate(x[None], pm.nouns.asker.Want.COST).cost[0])
    seen = look_around(problem, drive, x, cost, Ending.FAILED, unknown(2, "a saddle"))
    assert seen.status is None or not seen.status.ok


def test_starts_are_counted_once_and_two_that_agree_tell_nothing():
    t = np.linspace(0, 6, 20)
    decay = table(t, 3 * np.exp(-t) + 0.1 * np.cos(9 * t), sigma=0.1)
    fit = pm.fit("a * exp(-b * x)", decay, {"a": pm.Real(0, 10), "b": pm.Real(0.1, 10)}, starts=2)
    assert fit.starts.converged == 2
    assert fit.starts.missed_chance is None
    assert not any("new basin" in doubt for doubt in fit.doubts)
    assert "e+02 %" not in str(fit)


def test_exact_data_are_no_reason_to_withhold_errors():
    t = np.linspace(0, 6, 40)
    wave = table(t, np.sin(2.2 * t), sigma=0.1)
    fit = pm.fit("sin(f * x)", wave, {"f": pm.Real(0.1, 10)}, method="brent", options={"scan": 60}, starts=1)
    plain = pm.fit("sin(f * x)", wave, {"f": pm.Real(2.0, 2.4)}, starts=1)
    assert fit.standard_error["f"] == pytest.approx(plain.standard_error["f"], rel=1e-4)
    assert not any("minimum" in doubt for doubt in fit.doubts)


def test_a_point_beside_the_minimum_still_has_no_errors():
    t = np.linspace(0, 6, 40)
    wave = table(t, np.sin(2.2 * t), sigma=0.001)
    drawn = {"box": "whole", "maximum_draws": 300}
    rough = pm.fit("sin(f * x)", wave, {"f": pm.Real(0.1, 10)}, method="monte_carlo", starts=1, options=drawn)
    assert rough.standard_error["f"] is None


def steep(sx, seed=0):
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 2, 30)
    y, seen = np.exp(x) + 0.1 * rng.standard_normal(30), x + sx * rng.standard_normal(30)
    columns = {"x": seen, "y": y, "sx": np.full(30, sx)}
    return pm.Data(columns, inputs="x", output="y", sigma=0.1, input_errors={"x": "sx"})


def test_errors_of_inputs_that_are_longer_than_the_bends_are_doubted():
    bounded = {"a": pm.Real(0, 10, guess=1), "b": pm.Real(0, 10, guess=1)}
    fit = pm.fit("a * exp(b * x)", steep(0.3), bounded)
    (doubt,) = (d for d in fit.doubts if "long beside the bends" in d)
    assert "near a=0.97" in doubt  # what one who knows would take
    near = pm.fit("a * exp(b * x)", steep(0.1), bounded, starts=1)
    assert not any("long beside" in d for d in near.doubts)


def test_without_log_s_slopes_are_not_drawn_to_zero():
    slopes = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = np.linspace(0, 2, 30)
        columns = {"x": x + 0.3 * rng.standard_normal(30), "y": 1 + x + 0.1 * rng.standard_normal(30)}
        data = pm.Data({**columns, "sx": np.full(30, 0.3)}, inputs="x", output="y", sigma=0.1, input_errors={"x": "sx"})
        slopes.append(pm.fit("a + b*x", data, {"a": 1, "b": 1}, starts=1).estimate["b"])
    assert abs(np.median(slopes) - 1) < 0.06  # with log s it is 0.83
