"""Nothing to fit is still an answer: chi-square, log-likelihood and p-value of the model as it is stated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import parametra as pm

T = np.arange(4.0)
Y = np.array([5.1, 3.3, 2.3, 1.5])
FIXED = {"A": pm.Fixed(5.0), "k": pm.Fixed(0.4)}
PREDICTED = 5 * np.exp(-0.4 * T)


def decay(t, A, k):
    return A * np.exp(-k * t)


def data(sigma=0.1, y=Y):
    return pm.Data({"t": T, "y": y}, inputs=["t"], output="y", sigma=sigma)


@pytest.mark.parametrize("model", ["A * exp(-k * t)", decay])
@pytest.mark.parametrize("method", ["auto", "levenberg_marquardt", "lbfgs", "nelder_mead"])
def test_all_fixed_is_the_model_as_stated(model, method):
    found = pm.fit(model, data(), FIXED, method=method, derived={"life": "1 / k"}, starts=3)
    assert found.status.outcome is pm.Outcome.CONVERGED
    assert "nothing is free: this is the model as stated" in found.message
    expected = float((((PREDICTED - Y) / 0.1) ** 2).sum())
    assert found.chi_square == pytest.approx(expected)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 4))
    assert found.log_likelihood == pytest.approx(stats.norm.logpdf(Y, PREDICTED, 0.1).sum())
    assert (found.free, found.degrees_of_freedom, found.starts.count, found.doubts) == (0, 4, 1, ())
    assert found.estimate["life"] == 2.5
    assert all(row.standard_error is None for row in found.rows)
    assert "1 evaluation in" in str(found)
    assert len(found.views[0].curve_x)


def test_sigma_alone_is_estimated():
    found = pm.fit("A * exp(-k * t)", data(None), FIXED)
    s = np.sqrt(np.mean((PREDICTED - Y) ** 2))
    assert found.status.ok
    assert "sigma follows from the residuals" in found.message
    assert found.estimate["sigma"] == pytest.approx(s)
    assert found.row("sigma").standard_error == pytest.approx(s / np.sqrt(8))
    assert found.free == 1


def test_counts_have_a_likelihood():
    counts = np.array([5, 3, 2, 1.0])
    found = pm.fit("A * exp(-k * t)", data(None, counts), FIXED, noise=pm.Poisson())
    assert found.status.ok
    assert found.log_likelihood == pytest.approx(stats.poisson.logpmf(counts, PREDICTED).sum())


def test_the_parameter_of_a_noise_alone_is_searched():
    found = pm.fit("A * exp(-k * t)", data(None), FIXED, noise=pm.Gamma())
    assert found.status.ok
    assert found.row("shape").standard_error > 0


def test_whole_numbers_alone_are_all_tried():
    found = pm.fit("A * exp(-k * t)", data(), {**FIXED, "A": pm.Integer(1, 9)})
    assert found.status.ok
    assert found.estimate["A"] == 5
    assert "nothing is free but A" in found.message


def test_a_combination_that_misses_a_constraint_is_not_taken():
    found = pm.fit("A * exp(-k * t)", data(), {**FIXED, "A": pm.Integer(1, 9)}, constraints=["A <= 4"])
    assert found.estimate["A"] == 4


def test_a_model_that_the_data_refuse_is_doubted():
    found = pm.fit("A * exp(-k * t)", data(), {**FIXED, "A": pm.Fixed(6.0)})
    assert any("does not describe the data" in doubt for doubt in found.doubts)


def test_check_and_choose_say_the_same():
    found = pm.check(pm.Problem("A * exp(-k * t)", data(), FIXED))
    assert found.ok
    assert "nothing is free: this is the model as stated" in str(found)
    assert found.cost.evaluations == 1
    assert pm.choose(pm.Problem("A * exp(-k * t)", data(), FIXED)).method == "none"


def test_an_unknown_method_and_option_are_still_refused():
    with pytest.raises(pm.ParametraError, match="did you mean"):
        pm.fit("A * exp(-k * t)", data(), FIXED, method="lbfg")
    with pytest.raises(pm.ParametraError, match="no option"):
        pm.fit("A * exp(-k * t)", data(), FIXED, method="lbfgs", options={"bogus": 1})
