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


def test_an_image_keeps_within_the_limits():
    fit = fitted({"share": stated("a / 4", 0, 1), "wide": stated("a / 4", 0, 2)})
    assert fit.interval["a"][0] < 0
    assert fit.interval["a"][1] > 4
    assert fit.interval["share"] == (0.0, 1.0)
    assert fit.interval["wide"] == pytest.approx((0.0, fit.interval["a"][1] / 4), rel=1e-9)


@pytest.mark.parametrize("formula", ["a", "a + b"])
def test_an_estimate_beyond_its_limit_has_no_interval_and_says_so(formula):
    fit = fitted({"above": stated(formula, upper=1), "below": stated(formula, lower=5)})
    for label, words in (("above", "above the limit 1"), ("below", "below the limit 5")):
        assert fit.interval[label] is None
        assert fit.notes[label] == f"no interval: the estimate lies {words} that is stated for it"
        assert fit.standard_error[label] > 0


@pytest.mark.parametrize("formula", ["1 / (a - {c})", "1 / (a - {c})**2", "tan(3.141592653589793 * (a - {c} + 0.5))"])
@pytest.mark.parametrize("place", [1.4, 0.37, -0.2, 3.123])
def test_a_pole_within_the_interval_leaves_none(formula, place):
    fit = fitted({"rate": stated(formula.format(c=place), lower=-1e9)})
    assert fit.interval["a"][0] < place < fit.interval["a"][1]
    assert fit.interval["rate"] is None
    assert fit.notes["rate"] == "no interval: it goes to infinity within the interval of a"


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("1 / (a + 5)", lambda a: 1 / (a + 5)),  # its pole is outside
        ("exp(9 * a)", lambda a: np.exp(9 * a)),
        ("sign(a - 1.4)", lambda a: np.sign(a - 1.4)),  # a jump is none
        ("(a - 1.4)**3", lambda a: (a - 1.4) ** 3),
    ],
)
def test_what_is_steep_or_jumps_has_no_pole(formula, values):
    fit = fitted({"rate": stated(formula, lower=-1e9)})
    ends = [values(end) for end in fit.interval["a"]]
    assert fit.interval["rate"] == pytest.approx((min(ends), max(ends)), rel=1e-6)


def test_a_peak_as_narrow_as_the_places_has_no_pole():
    fit = fitted({"line": stated("1 / ((a - 1.4)**2 + 1e-6)", 0)})
    assert fit.notes.get("line", "") == ""
    assert np.isfinite(fit.interval["line"]).all()


def test_of_the_estimated_sigma_alone_it_is_the_interval_of_sigma_carried_over():
    fit = fitted({"share": stated("sigma / (1 + sigma)", 0, 1), "variance": "sigma**2"})
    sigma, (low, high) = fit.estimate["sigma"], fit.interval["sigma"]
    assert fit.interval["share"] == pytest.approx((low / (1 + low), high / (1 + high)), rel=1e-9)
    assert fit.interval["variance"] == pytest.approx((low**2, high**2), rel=1e-9)
    assert fit.standard_error["share"] == pytest.approx(fit.standard_error["sigma"] / (1 + sigma) ** 2, rel=1e-6)
    assert fit.standard_error["variance"] == pytest.approx(2 * sigma * fit.standard_error["sigma"], rel=1e-6)


def test_sigma_and_parameters_together_bring_both_their_errors():
    """s and the parameters of a line scatter independently; the slope is that at the estimate, not at the guess."""
    fit = fitted({"ratio": "a / sigma", "line": "a + b"})
    a, s = fit.estimate["a"], fit.estimate["sigma"]
    of_a, of_s = fit.standard_error["a"], fit.standard_error["sigma"]
    assert fit.standard_error["ratio"] == pytest.approx(np.hypot(of_a / s, a * of_s / s**2), rel=1e-6)
    at = [fit.covariance_labels.index(each) for each in ("a", "ratio")]
    assert fit.covariance[at[1], at[1]] == pytest.approx(fit.standard_error["ratio"] ** 2, rel=1e-12)
    assert fit.covariance[at[0], at[1]] == pytest.approx(of_a**2 / s, rel=1e-6)


def test_what_is_no_number_at_the_estimate_says_so():
    fit = fitted({"root": "sqrt(a - 5)"})
    assert fit.notes["root"] == "no error: it or its slope is no finite number there"


@pytest.mark.parametrize(("low", "high"), [(1, 0), (0, 0), ("0", 1), (True, 2)])
def test_limits_that_are_none_are_refused(low, high):
    with pytest.raises(pm.ParametraError, match=r"derived share: lower and upper are numbers, lower the smaller one"):
        fitted({"share": stated("expit(a)", low, high)})
