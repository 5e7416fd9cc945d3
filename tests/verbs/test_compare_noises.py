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
