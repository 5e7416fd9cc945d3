"""Intervals of derived quantities that say where they lie: within it, and those of their parameter carried over."""

import numpy as np
import pytest

import parametra as pm

T = 2.4469118511449692  # the 97.5 % quantile of Student's t of 6 degrees of freedom


def fitted(derived):
    """Of a line whose sigma is estimated: 8 points, 6 degrees of freedom."""
    x = np.linspace(-1, 1, 8)
    y = 2.0 + 0.7 * x + 2.4 * np.array([1, -1, -1, 1, 1, -1, 1, -1])
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y")
    return pm.fit("a + b * x", data, parameters={"a": 1.0, "b": 1.0}, derived=derived, starts=1, progress=False)


def stated(formula, lower=-np.inf, upper=np.inf):
    return {"formula": formula, "lower": lower, "upper": upper}


def test_of_one_parameter_it_is_that_parameters_interval_carried_over():
    fit = fitted({"free": "1 - expit(a)", "share": stated("1 - expit(a)", 0, 1)})
    low, high = fit.interval["a"]
    assert fit.interval["share"] == pytest.approx((1 / (1 + np.exp(high)), 1 / (1 + np.exp(low))), rel=1e-9)
    assert fit.standard_error["share"] == fit.standard_error["free"]
    # what does not say where it lies keeps a straight line, which leaves the range here
    assert fit.interval["free"][0] == pytest.approx(fit.estimate["free"] - T * fit.standard_error["free"], rel=1e-6)
    assert fit.interval["free"][0] < 0


def test_a_quantity_that_turns_within_the_interval_has_its_lowest_value_inside():
    fit = fitted({"square": stated("(a - 1.9)**2", 0)})
    low, high = fit.interval["a"]
    assert low < 1.9 < high
    assert fit.interval["square"][0] == pytest.approx(0, abs=1e-3)
    assert fit.interval["square"][1] == pytest.approx(max((low - 1.9) ** 2, (high - 1.9) ** 2), rel=1e-9)


def test_where_it_has_no_slope_it_has_an_interval_but_no_error():
    fit = fitted({"above": stated("maximum(a - 2.2, 0)", 0), "bare": "maximum(a - 2.2, 0)"})
    row = fit.row("above")
    assert (row.value, row.standard_error) == (0.0, None)
    assert row.interval == pytest.approx((0.0, fit.interval["a"][1] - 2.2), rel=1e-9)
    assert fit.row("bare").interval is None


def test_of_several_it_is_a_straight_line_in_the_logit_or_the_logarithm():
    fit = fitted(
        {
            "share": stated("expit(a + b)", 0, 1),
            "percent": stated("100 * expit(a + b)", 0, 100),
            "odds": stated("exp(a + b)", 0),
            "debt": stated("5 - exp(a + b)", upper=5),
        }
    )
    at = [fit.covariance_labels.index(each) for each in ("a", "b")]
    reach = T * np.sqrt(fit.covariance[np.ix_(at, at)].sum())
    middle = fit.estimate["a"] + fit.estimate["b"]
    ends = np.array([middle - reach, middle + reach])
    assert fit.interval["share"] == pytest.approx(1 / (1 + np.exp(-ends)), rel=1e-6)
    assert fit.interval["percent"] == pytest.approx(100 / (1 + np.exp(-ends)), rel=1e-6)
    assert fit.interval["odds"] == pytest.approx(np.exp(ends), rel=1e-6)
    assert fit.interval["debt"] == pytest.approx(5 - np.exp(ends[::-1]), rel=1e-6)


def test_a_value_at_its_limit_stays_within_it():
    fit = fitted({"share": stated("minimum(expit(40 * a + b), 1)", 0, 1)})
    assert fit.estimate["share"] == 1.0
    assert fit.interval["share"] is None or fit.interval["share"][1] <= 1.0


@pytest.mark.parametrize(("low", "high"), [(1, 0), (0, 0), ("0", 1), (True, 2)])
def test_limits_that_are_none_are_refused(low, high):
    with pytest.raises(pm.ParametraError, match=r"derived share: lower and upper are numbers, lower the smaller one"):
        fitted({"share": stated("expit(a)", low, high)})
