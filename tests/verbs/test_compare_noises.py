"""Models that differ in their noise, and those that leave nothing to compare by."""

import numpy as np
import pytest
from scipy import optimize, stats

import parametra as pm

TIMES = 2 * np.random.default_rng(1).weibull(1.35, 120)
DATA = pm.Data({"x": np.ones(120), "t": TIMES}, inputs=["x"], output="t")


def scale(noise):
    return pm.Problem("b * x", DATA, {"b": pm.Positive(guess=1.0)}, noise=noise)


def test_exponential_is_weibull_and_gamma_with_shape_one():
    found = pm.compare(
        {"exp": scale(pm.Exponential()), "wei": scale(pm.Weibull()), "gam": scale(pm.Gamma())}, cross_validation=False
    )
    alone = stats.expon(scale=TIMES.mean()).logpdf(TIMES).sum()
    shape, _, width = stats.weibull_min.fit(TIMES, floc=0)
    best = optimize.minimize(lambda p: -stats.weibull_min(p[0], scale=p[1]).logpdf(TIMES).sum(), [shape, width]).fun
    pair = found.pair("wei", "exp")
    assert pair.nesting.words == "exp is wei with shape = 1"
    assert pair.ratio_test.statistic == pytest.approx(2 * (-best - alone), rel=1e-4)
    assert pair.ratio_test.p_value == pytest.approx(stats.chi2.sf(2 * (-best - alone), 1), rel=1e-3)
    assert found.pair("gam", "exp").nesting.words == "exp is gam with shape = 1"


def test_a_model_that_meets_all_data_is_left_out():
    data = pm.Data({"x": [1.0, 2.0], "y": [1.0, 2.5]}, inputs=["x"], output="y")
    found = pm.compare(
        {
            "line": pm.Problem("a + b * x", data, {"a": 1.0, "b": 1.0}),
            "level": pm.Problem("a + 0 * x", data, {"a": 1.0}),
        }
    )
    assert "leaves no residuals at all" in str(found)


def two(noise, model=None, more=None):
    """Two outputs in different units, which scatter by 5 % and by 15 %."""
    draw = np.random.default_rng(4)
    x = np.linspace(0.1, 4.0, 18)
    columns = {"x": x, "mass": 3 * np.exp(-0.4 * x + 0.05 * draw.standard_normal(18))}
    columns["price"] = 500 * np.exp(0.3 * x + 0.15 * draw.standard_normal(18))
    data = pm.Data(columns, inputs="x", output=["mass", "price"])
    model = model or {"mass": "a * exp(-k * x)", "price": "b * exp(c * x)"}
    free = {"a": pm.Positive(guess=2.0), "b": pm.Positive(guess=300.0), "k": 0.5, "c": 0.2, **(more or {})}
    return pm.Problem(model, data, free, noise=noise)


def of_logs(problem):
    """Twice the ratio by hand: sums of squares of straight lines through the logarithms."""
    x = problem.data_sets[0].inputs["x"]
    squares = [
        np.polyfit(x, np.log(problem.data_sets[0].outputs[name]), 1, full=True)[1][0] for name in ("mass", "price")
    ]
    n = len(x)
    return 2 * n * np.log(sum(squares) / (2 * n)) - sum(n * np.log(each / n) for each in squares)


@pytest.mark.parametrize("wrap", [lambda noise: noise, lambda noise: pm.Truncated(noise, lower=1e-9)])
def test_one_common_width_is_the_special_case_of_equal_ones(wrap):
    common, each = two(wrap(pm.LogNormal(common=True))), two(wrap(pm.LogNormal()))
    found = pm.compare({"common": common, "each": each}, cross_validation=False).pair("each", "common")
    assert found.nesting.words == "common is each with sigma_mass = sigma_price"
    assert found.nesting.freedom == 1
    assert found.ratio_test.statistic == pytest.approx(of_logs(each), rel=1e-6)
    assert found.ratio_test.p_value == pytest.approx(stats.chi2.sf(of_logs(each), 1), rel=1e-5)


def test_widths_of_their_own_are_no_special_case_of_a_common_one():
    bent = {"mass": "a * exp(-k * x + d * x**2)", "price": "b * exp(c * x + e * x**2)"}
    small, large = two(pm.LogNormal()), two(pm.LogNormal(common=True), bent, {"d": 0.0, "e": 0.0})
    found = pm.compare({"small": small, "large": large}, cross_validation=False).pair("small", "large")
    assert found.nesting.words == "their noises are of different kinds"
