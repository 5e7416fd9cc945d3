"""How far a profile may rise: the usual quantiles, and those of an estimate that a bound holds back."""

import numpy as np
import pytest
from scipy import stats

from parametra.maths.profile_level import from_bound, near_bound, quantile, towards_bounds


def test_away_from_bounds():
    assert quantile(0.95, np.inf) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-12)
    assert quantile(0.95, 10.0) == pytest.approx(stats.t.ppf(0.975, 10) ** 2, rel=1e-10)
    assert quantile(0.9, np.inf, 2) == pytest.approx(stats.chi2.ppf(0.9, 2), rel=1e-12)
    assert quantile(0.9, 7.0, 2) == pytest.approx(2 * stats.f.ppf(0.9, 2, 7), rel=1e-10)


def test_on_the_bound_it_is_one_sided_and_far_from_it_the_usual():
    found = near_bound(np.array([0.0, 1.95997, 5.0, np.inf]), 0.95, np.inf)
    assert found[0] == pytest.approx(stats.norm.ppf(0.95) ** 2, rel=1e-9)
    assert found[1:] == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-4)


@pytest.mark.parametrize("truth", [0.0, 0.4, 1.0, 1.6, 2.5])
def test_it_covers_as_it_says(truth):
    # 400 000 draws: the standard error of a coverage of 0.95 is 0.00034; five of them, one false alarm in 1.7 million
    x = np.random.default_rng(7).normal(truth, 1, 400_000)
    ratio = (x - truth) ** 2 - (x - np.maximum(x, 0)) ** 2
    covered = np.mean(ratio <= near_bound(np.array([truth]), 0.95, np.inf)[0])
    assert abs(covered - 0.95) < 5 * 0.00034


@pytest.mark.parametrize("x", [-1.5, 0.0, 0.3, 1.0, 2.0, 3.0])
def test_intervals_are_those_of_feldman_and_cousins(x):
    # the interval {mu : ratio(mu) <= q(mu)} of a normal estimate x of mu >= 0, by a fine grid
    mu = np.linspace(0, 8, 800_001)
    ratio = (x - mu) ** 2 - min(x, 0) ** 2
    inside = mu[ratio <= near_bound(mu, 0.95, np.inf)]
    best = max(x, 0.0)
    if x > 0:
        down = towards_bounds(x, np.inf, 0.95, np.inf)
        low = 0.0 if np.isinf(down) else x - np.sqrt(down)
        assert low == pytest.approx(inside.min(), abs=2e-5)
        high = x + np.sqrt(towards_bounds(np.inf, x, 0.95, np.inf))
    else:
        rise = from_bound(-x, 0.95, np.inf)
        high = x + np.sqrt(x * x + rise)
    assert high == pytest.approx(inside.max(), abs=2e-5)
    assert best <= high


@pytest.mark.parametrize(
    ("level", "x", "low", "high"),
    [
        *((0.9, -1, 0, 0.81), (0.9, 0, 0, 1.64), (0.9, 1, 0, 2.64), (0.9, 2, 0.58, 3.64), (0.9, 3, 1.37, 4.64)),
        *((0.95, -1, 0, 1.10), (0.95, 0, 0, 1.96), (0.95, 1, 0, 2.96), (0.95, 2, 0.35, 3.96), (0.95, 3, 1.14, 4.96)),
    ],
)
def test_published_limits(level, x, low, high):
    # Feldman and Cousins 1998, table X: the mean of a normal distribution that cannot be negative
    mu = np.linspace(0, 8, 80_001)
    inside = mu[(x - mu) ** 2 - min(x, 0) ** 2 <= near_bound(mu, level, np.inf)]
    assert (inside.min(), inside.max()) == pytest.approx((low, high), abs=0.006)
