"""Penalised regression splines: noise is smoothed away, a line stays a line, and SciPy's smoothing spline agrees."""

import numpy as np
import pytest
from scipy.interpolate import make_smoothing_spline
from scipy.special import erf

from parametra.maths.regression_spline import regression_spline

X = np.linspace(-3, 3, 81)


def test_a_line_stays_a_line_however_strong():
    spline = regression_spline(X)
    line = 2 - 0.3 * X
    for strength in (1e-6, 1.0, 1e6):
        found = spline.coefficients(line, strength)
        np.testing.assert_allclose(spline.curve(found, X), line, atol=1e-9)
        np.testing.assert_allclose(spline.curve(found, X, 1), -0.3, atol=1e-8)


def test_as_smooth_as_the_smoothing_spline_of_scipy():
    # the same minimum: sum of squares + lam * integral of the squared second derivative
    values = erf(X) + 0.05 * np.random.default_rng(1).standard_normal(X.size)
    spline = regression_spline(X)
    lam = 0.02
    ours = spline.curve(spline.coefficients(values, lam * X.size / 6**3), X)
    theirs = make_smoothing_spline(X, values, lam=lam)(X)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_cross_validation_finds_the_noise():
    draw = np.random.default_rng(2)
    spline = regression_spline(X)
    found = []
    for _ in range(20):
        values = erf(X) + 0.05 * draw.standard_normal(X.size)
        strength = spline.strength(values)
        found.append(spline.scatter(values, strength))
        curve = spline.curve(spline.coefficients(values, strength), X)
        assert np.sqrt(np.mean((curve - erf(X)) ** 2)) < 0.03
    assert np.mean(found) == pytest.approx(0.05, rel=0.06)


def test_many_sets_at_once_are_each_by_itself():
    spline = regression_spline(X)
    sets = np.stack([np.sin(X), np.cos(X)], axis=1)
    both = spline.curve(spline.coefficients(sets, 1e-3), X)
    for i in range(2):
        np.testing.assert_allclose(
            both[:, i], spline.curve(spline.coefficients(sets[:, i].copy(), 1e-3), X), atol=1e-12
        )


def test_many_points_share_knots():
    x = np.linspace(0, 1, 1000)
    spline = regression_spline(x)
    assert spline.basis.shape[1] < 160
    found = spline.coefficients(np.sin(6 * x), 1e-9)
    np.testing.assert_allclose(spline.curve(found, x), np.sin(6 * x), atol=1e-6)


@pytest.mark.parametrize("x", [np.arange(5.0), np.array([0.0, 1, 1, 2, 3, 4, 5])])
def test_too_few_points(x):
    with pytest.raises(ValueError, match=f"wants 6 points or more that rise; {x.size} came"):
        regression_spline(x)
