"""The ways to compare, by themselves: weights at bounds, Vuong's tests under their null, folds, and evidence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from parametra import catalogue
from parametra.methods.compare.cross_validation import CrossValidation
from parametra.methods.compare.information_criterion import InformationCriterion
from parametra.methods.compare.laplace_evidence import LaplaceEvidence
from parametra.methods.compare.likelihood_ratio import LikelihoodRatio
from parametra.methods.compare.vuong import Vuong


def covariance(b, seed=2):
    root = np.random.default_rng(seed).normal(size=(b, b))
    return root @ root.T + 0.3 * np.eye(b)


@pytest.mark.parametrize("b", [1, 2, 3, 4])
def test_weights_are_the_chances_of_projections_onto_the_cone(b):
    """4000 normal vectors projected by non-negative least squares; 0.035 is 4.4 standard errors of a share."""
    there = covariance(b)
    weights = LikelihoodRatio().weights(there)
    root = np.linalg.cholesky(np.linalg.inv(there)).T  # |root (z - x)|^2 is the distance
    drawn = np.random.default_rng(1).multivariate_normal(np.zeros(b), there, 4000)
    off = np.array([int((optimize.nnls(root, root @ z)[0] > 1e-12).sum()) for z in drawn])
    assert weights == pytest.approx(np.bincount(off, minlength=b + 1) / 4000, abs=0.035)
    assert sum(weights) == pytest.approx(1, abs=1e-12)


def test_one_and_two_at_a_bound_are_those_of_self_and_liang():
    """Their cases 5 and 7: halves; and (1/2 - q, 1/2, q) with q = angle / (2 pi) of independent estimates, 1/4."""
    assert LikelihoodRatio().weights(np.array([[3.0]])) == (0.5, 0.5)
    assert LikelihoodRatio().weights(np.eye(2)) == pytest.approx((0.25, 0.5, 0.25), abs=1e-12)
    correlated = np.array([[1.0, 0.6], [0.6, 1.0]])
    angle = np.arccos(-0.6)  # of the cone, in the metric of the information
    assert LikelihoodRatio().weights(correlated) == pytest.approx(
        (0.5 - angle / (2 * np.pi), 0.5, angle / (2 * np.pi)), abs=1e-12
    )


def test_p_values_are_mixtures_of_tails():
    test = LikelihoodRatio()
    assert test.p_value(3.0, 2, (1.0,)) == pytest.approx(stats.chi2.sf(3, 2), rel=1e-12)
    assert test.p_value(3.0, 0, (0.5, 0.5)) == pytest.approx(stats.chi2.sf(3, 1) / 2, rel=1e-12)
    mixed = 0.25 * stats.chi2.sf(3, 1) + 0.5 * stats.chi2.sf(3, 2) + 0.25 * stats.chi2.sf(3, 3)
    assert test.p_value(3.0, 1, (0.25, 0.5, 0.25)) == pytest.approx(mixed, rel=1e-12)
    assert test.p_value(-1e-9, 0, (0.5, 0.5)) == 1.0
    assert test.f_p_value(3.0, 2, (1.0,), 9) == pytest.approx(stats.f.sf(1.5, 2, 9), rel=1e-12)
    assert test.f_p_value(3.0, 0, (0.5, 0.5), 9) == pytest.approx(stats.t.sf(np.sqrt(3), 9), rel=1e-9)  # one-sided t


def test_a_one_sided_test_has_the_size_that_it_says():
    """Exact for the F form: 4000 lines through 8 points with a slope of 0 or above; 5 % +- 1.3 % is 3.8 s.e."""
    x = np.linspace(-1, 1, 8)
    y = np.random.default_rng(3).normal(size=(4000, 8))
    apart = y - y.mean(axis=1, keepdims=True)
    slope = np.maximum(apart @ x / (x @ x), 0.0)
    small = np.sum(apart**2, axis=1)
    large = np.sum((apart - slope[:, None] * x) ** 2, axis=1)
    ratio = (small - large) / (large / 6)
    below = np.mean([LikelihoodRatio().f_p_value(float(t), 0, (0.5, 0.5), 6) < 0.05 for t in ratio])
    assert below == pytest.approx(0.05, abs=0.013)
    plain = np.mean([LikelihoodRatio().f_p_value(float(t), 1, (1.0,), 6) < 0.05 for t in ratio])
    assert plain < 0.037  # what the bound would cost if it were overlooked


def overlapping(y, x, z):
    """y on x, and y on z, sigma 1: differences, scores and curvatures."""
    a, b = (y @ c / (c @ c) for c in (x, z))
    left, right = y - a * x, y - b * z
    differences = 0.5 * (right**2 - left**2)
    return differences, ((left * x)[:, None], (right * z)[:, None]), (np.array([[x @ x]]), np.array([[z @ z]]))


def test_models_that_say_the_same_are_rarely_told_apart():
    """1500 samples without any slope; twice the smaller p makes 5 % an upper bound, and 7.3 % is 4 s.e. above it."""
    rng = np.random.default_rng(7)
    x, z = rng.normal(size=(2, 100))
    p = np.array([Vuong().distinguishable(*overlapping(rng.normal(size=100), x, z)) for _ in range(1500)])
    assert 0.01 < np.mean(p < 0.05) < 0.073
    with_slope = np.array([Vuong().distinguishable(*overlapping(x + rng.normal(size=100), x, z)) for _ in range(50)])
    assert np.mean(with_slope < 0.05) > 0.95


def test_models_that_differ_alike_at_every_point_are_told_apart():
    rng = np.random.default_rng(8)
    x, z = rng.normal(size=(2, 100))
    _, scores, curvatures = overlapping(rng.normal(size=100), x, z)
    assert Vuong().distinguishable(0.5 + 0.01 * rng.normal(size=100), scores, curvatures) < 1e-10


def test_the_standard_error_of_a_sum_of_differences():
    differences = np.array([1.0, 2.0, 4.0, 5.0])
    assert Vuong().standard_error(differences) == pytest.approx(2 * np.sqrt(2.5))
    assert Vuong().standard_error(differences, 2) == pytest.approx(4 * np.sqrt(2.5))
    assert Vuong().p_value(-2.0, 7) == pytest.approx(2 * stats.t.sf(2, 7), rel=1e-9)


def test_intervals_of_the_difference_cover_with_few_points():
    """1500 samples of 12 points, two wrong models with an estimated sigma; 95 % - 2.5 % is 4.4 standard errors."""
    x = np.linspace(0, 3, 12)
    truth, models = 2 * np.exp(-x) + 0.3 * np.sin(2 * x), [np.column_stack([np.ones(12), c]) for c in (np.exp(-x), x)]
    beside = [np.eye(12) - X @ np.linalg.pinv(X) for X in models]
    variance = [0.09 + truth @ p @ truth / 12 for p in beside]
    wanted = -6 * (np.log(variance[0]) - np.log(variance[1]))
    y = truth + 0.3 * np.random.default_rng(2).normal(size=(1500, 12))
    left = [y @ p for p in beside]
    squares = [np.mean(r**2, axis=1, keepdims=True) for r in left]
    each = [stats.norm.logpdf(r, 0, np.sqrt(v)) for r, v in zip(left, squares, strict=True)]
    errors = np.array([Vuong().standard_error(d, 3) for d in each[0] - each[1]])
    inside = np.abs((each[0] - each[1]).sum(axis=1) - wanted) < stats.t.ppf(0.975, 9) * errors
    assert 0.925 < inside.mean() < 0.975


def test_weights_of_a_criterion_leave_out_what_has_none():
    assert InformationCriterion().weights(np.array([10.0, 12.0, np.nan])) == pytest.approx(
        [1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0.0]
    )
    assert np.isnan(InformationCriterion().weights(np.array([np.nan]))).all()


def test_folds_are_even_and_of_the_seed():
    parts = CrossValidation(folds=7).parts(100, 3)
    assert sorted(np.bincount(parts)) == [14, 14, 14, 14, 14, 15, 15]
    assert np.array_equal(parts, CrossValidation(folds=7).parts(100, 3))
    assert not np.array_equal(parts, CrossValidation(folds=7).parts(100, 4))
    assert np.array_equal(CrossValidation().parts(40, 0), np.arange(40))


def test_laplace_is_exact_for_a_normal_density():
    there = covariance(3) * 1e-8
    assert LaplaceEvidence().log_evidence(2.5, there) == pytest.approx(
        2.5 - stats.multivariate_normal(np.zeros(3), there).logpdf(np.zeros(3)), rel=1e-12
    )


@pytest.mark.parametrize("name", catalogue.methods("compare"))
def test_every_card_is_complete(name):
    card = catalogue.card("compare", name)
    assert (card.name, card.verb) == (name, "compare")
    assert card.sources
    assert all(word.endswith(".") for word in (card.summary, card.good_for, card.prefer_instead, card.cost))
