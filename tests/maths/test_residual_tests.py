"""Tests of residuals: against statsmodels and SciPy, published tables, and every order written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from parametra.maths import residual_tests
from parametra.maths.quadratic_form import chance_below_zero, tail
from parametra.maths.residual_tests import (
    autocorrelation,
    breusch_pagan,
    durbin_watson,
    ljung_box,
    normality,
    runs,
)


def residuals(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


def as_signs(text):
    return np.array([1.0 if c == "+" else -1.0 for c in text])


def test_runs_are_counted_and_their_chances_are_those_of_all_orders():
    given = as_signs("+++--++--")
    a, b = 5, 4
    counts = [
        1 + sum(x != y for x, y in itertools.pairwise(order))
        for order in set(itertools.permutations([1] * a + [-1] * b))
    ]
    low, high = np.mean(np.array(counts) <= 4), np.mean(np.array(counts) >= 4)
    found = runs(given)
    assert found.statistic == 4
    assert found.p_value == pytest.approx(2 * min(low, high), rel=1e-12)
    assert found.expected == pytest.approx(np.mean(counts), rel=1e-12)


@pytest.mark.parametrize(("a", "b", "lower"), [(10, 10, 6), (12, 15, 8), (20, 20, 14), (8, 5, 3)])
def test_runs_have_the_critical_values_of_swed_and_eisenhart(a, b, lower):
    """The largest number of runs with a lower tail of at most 2.5 %, from the table of 1943."""

    def with_runs(r):  # any order with that many runs has the same chance
        half = [[1.0] * (a - (r + 1) // 2 + 1), [-1.0] * (b - r // 2 + 1)]
        rest = [[1.0], [-1.0]] * r
        return np.concatenate([*half, *rest[: r - 2]])

    inside, outside = runs(with_runs(lower)), runs(with_runs(lower + 1))
    assert (inside.statistic, outside.statistic) == (lower, lower + 1)
    assert inside.p_value <= 0.05 < outside.p_value


def test_many_runs_are_judged_by_the_normal_distribution_as_statsmodels_does():
    from statsmodels.sandbox.stats.runs import runstest_1samp

    e = residuals(1500)
    _, p = runstest_1samp(e, cutoff=0.0, correction=False)
    assert runs(e).p_value == pytest.approx(p, rel=1e-9)
    assert runs(e).method == "normal approximation"
    few = residuals(residual_tests.MOST_EXACT)
    assert runs(few).p_value == pytest.approx(runstest_1samp(few, cutoff=0.0, correction=False)[1], abs=0.06)


@pytest.mark.parametrize(
    ("n", "regressors", "lower", "upper"), [(15, 1, 1.08, 1.36), (30, 3, 1.21, 1.65), (100, 5, 1.57, 1.78)]
)
def test_durbin_watson_meets_the_published_table(n, regressors, lower, upper):
    """Durbin and Watson's 5 % bounds, reached by columns that are themselves the slowest, or fastest, waves."""
    waves = np.cos(np.pi * np.outer(np.arange(n) + 0.5, np.arange(n)) / n)
    fastest, slowest = waves[:, -regressors:], waves[:, 1 : regressors + 1]
    for columns, critical in ((fastest, lower), (slowest, upper)):
        space = np.column_stack([np.ones(n), columns])
        values = residual_tests._eigenvalues_beside(np.linalg.qr(space)[0], n)
        assert chance_below_zero(values - critical) == pytest.approx(0.05, abs=0.004)


def test_durbin_watson_is_statsmodels_and_its_p_value_is_that_of_simulations():
    from statsmodels.stats.stattools import durbin_watson as other

    x = np.column_stack([np.ones(12), np.arange(12.0) ** 2])
    project = np.eye(12) - x @ np.linalg.pinv(x)
    e = project @ np.cumsum(residuals(12, 3))
    found = durbin_watson(e, x)
    assert found.statistic == pytest.approx(other(e), rel=1e-12)
    drawn = np.random.default_rng(0).normal(size=(40000, 12)) @ project
    d = np.sum(np.diff(drawn, axis=1) ** 2, axis=1) / np.sum(drawn**2, axis=1)
    below = np.mean(d <= found.statistic)
    assert found.p_value == pytest.approx(2 * min(below, 1 - below), abs=0.01)  # 2 x 2 standard errors
    assert found.expected == pytest.approx(d.mean(), abs=0.01)


def test_durbin_watson_of_many_is_what_the_exact_one_is(monkeypatch):
    n = 390
    x = np.column_stack([np.ones(n), np.linspace(0, 1, n), np.sin(np.arange(n) / 40)])
    e = residuals(n, 5)
    e = e - x @ np.linalg.lstsq(x, e, rcond=None)[0]
    exact = durbin_watson(e, x)
    monkeypatch.setattr(residual_tests, "MOST_EXACT", 10)
    about = durbin_watson(e, x)
    assert about.method == "normal approximation"
    assert about.p_value == pytest.approx(exact.p_value, abs=0.003)


def test_ljung_box_is_statsmodels_for_centred_residuals():
    from statsmodels.stats.diagnostic import acorr_ljungbox

    e = residuals(80)
    e = e - e.mean()
    other = acorr_ljungbox(e, lags=[7])
    found = ljung_box(e, 7)
    assert found.statistic == pytest.approx(other["lb_stat"].iloc[0], rel=1e-12)
    assert found.p_value == pytest.approx(other["lb_pvalue"].iloc[0], rel=1e-12)
    assert autocorrelation(np.array([1.0, 2.0, 2.0]), 1) == pytest.approx([6 / 9])


def test_normality_is_scipys_and_statsmodels():
    from statsmodels.stats.diagnostic import normal_ad

    few = residuals(50) ** 3
    assert normality(few).p_value == pytest.approx(stats.shapiro(few).pvalue, rel=1e-12)
    for bend in (0.0, 0.02, 0.03, 0.05, 0.2):
        many = residuals(6000, 2)
        many = many + bend * many**2
        statistic, p = normal_ad(many)
        found = normality(many)
        assert (found.method, found.statistic) == ("Anderson-Darling", pytest.approx(statistic, rel=1e-9))
        assert found.p_value == pytest.approx(p, rel=1e-6, abs=1e-12)


def test_breusch_pagan_is_statsmodels():
    from statsmodels.stats.diagnostic import het_breuschpagan

    x = np.random.default_rng(4).uniform(0, 3, (60, 2))
    e = residuals(60) * (0.2 + x[:, 0])
    statistic, p, _, _ = het_breuschpagan(e, np.column_stack([np.ones(60), x]), robust=True)
    found = breusch_pagan(e, x)
    assert found.statistic == pytest.approx(statistic, rel=1e-10)
    assert found.p_value == pytest.approx(p, rel=1e-10)
    assert breusch_pagan(e * 7, x * 1e9 + 5).p_value == pytest.approx(p, rel=1e-5)


@pytest.mark.parametrize("value", [0.01, 1.0, 8.0, 40.0])
def test_a_weighted_sum_has_the_tail_of_chi_square_and_of_exponentials(value):
    for m in (1, 2, 7):
        assert tail(np.full(m, 2.0), 2 * value) == pytest.approx(stats.chi2.sf(value, m), abs=1e-9)
    # two pairs are a sum of exponentials with means 2 and 10
    wanted = (10 * np.exp(-value / 10) - 2 * np.exp(-value / 2)) / 8
    assert tail(np.array([1.0, 1.0, 5.0, 5.0]), value) == pytest.approx(wanted, abs=1e-9)
    assert tail(np.array([1.0, 0.0]), value) == pytest.approx(stats.chi2.sf(value, 1), abs=1e-9)
    pairs = np.array([1.0, 1.0, 5.0, 5.0, 2.0, 2.0])
    assert tail(pairs, 1e5) == 0.0
    assert tail(pairs, -1.0) == 1.0


def test_a_ratio_of_sums_is_fishers_f():
    """P(chi_6 / 6 < 1.3 chi_8 / 8) in closed form."""
    weights = np.concatenate([np.full(6, 1 / 6), np.full(8, -1.3 / 8)])
    assert chance_below_zero(weights) == pytest.approx(stats.f.cdf(1.3, 6, 8), abs=1e-9)
