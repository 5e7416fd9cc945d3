"""The noise of PEtab's observables against SciPy, its scores against its density, and its simulated data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import parametra as pm
from parametra.formats._petab_noise import ByRow, Width
from parametra.nouns._noise_contract import Scatter
from parametra.nouns.errors import NoiseError

F = np.array([0.5, 1.0, 2.0, 4.0])
Y = np.array([0.7, 0.8, 2.5, 3.0])
VALUES = {"a": 0.2, "b": 0.1}
FORMULA = "a + b * predicted"
WIDTH = 0.2 + 0.1 * F
KINDS = [(family, scale) for family in ("normal", "laplace") for scale in ("lin", "log", "log10")]


def scatter(predicted=F, observed=Y, values=VALUES, columns=None):
    return Scatter("y", True, predicted, observed, None, values, np, columns or {})


@pytest.mark.parametrize(("family", "scale"), KINDS)
def test_the_density_is_that_of_scipy(family, scale):
    unit = {"lin": None, "log": 1.0, "log10": math.log(10)}[scale]
    law = stats.norm if family == "normal" else stats.laplace
    of = (lambda x: x) if unit is None else (lambda x: np.log(x) / unit)
    wanted = law.logpdf(of(Y), of(F), WIDTH) - (0 if unit is None else np.log(Y * unit))
    np.testing.assert_allclose(Width(FORMULA, family, scale).log_density(scatter()), wanted, rtol=1e-13)


@pytest.mark.parametrize("scale", ["lin", "log", "log10"])
def test_scores_are_slopes_of_the_density_and_information_their_variance(scale):
    noise = Width(FORMULA, "normal", scale)
    for name, moved in (("a", {**VALUES, "a": 0.2 + 1e-30j}), ("b", {**VALUES, "b": 0.1 + 1e-30j})):
        slope = np.imag(noise.log_density(scatter(values=moved))) / 1e-30
        rows = noise.working(scatter())
        quantities = [np.imag(row.quantity) / 1e-30 for row in noise.working(scatter(values=moved))]
        total = sum(row.score * quantity for row, quantity in zip(rows, quantities, strict=True))
        np.testing.assert_allclose(total, slope, rtol=1e-12, err_msg=name)
    drawn = noise.simulate(scatter(np.full(200_000, 2.0), None), np.random.default_rng(1))
    for row in noise.working(scatter(np.full(200_000, 2.0), drawn)):
        assert abs(np.mean(row.score)) < 5 * np.std(row.score) / math.sqrt(200_000)
        assert np.mean(row.score**2) == pytest.approx(row.information[0], rel=0.02)


@pytest.mark.parametrize(("family", "scale"), KINDS)
def test_many_points_at_once_give_what_each_gives_alone(family, scale):
    noise = Width(FORMULA, family, scale)
    points = [{"a": 0.2, "b": 0.1}, {"a": 0.5, "b": 0.0}, {"a": 0.3, "b": 0.4}]
    alone = [noise.log_density(scatter(F * k, values=values)) for k, values in enumerate(points, start=1)]
    predicted = F * np.arange(1, 4)[:, None]
    for shape in ((3,), (3, 1)):
        values = {name: np.array([point[name] for point in points]).reshape(shape) for name in VALUES}
        np.testing.assert_array_equal(noise.log_density(scatter(predicted, values=values)), alone)


def test_a_name_may_stand_for_a_number_or_a_parameter_in_each_row():
    by_row = ByRow("w", ("a", "b"), "y")
    noise = Width("w", by_row=(by_row,))
    assert noise.reads == {"a", "b"}
    assert noise.columns == (by_row.numbers, by_row.which)
    columns = {by_row.numbers: np.array([0.5, 1, 1, 0.7]), by_row.which: np.array([0.0, 1, 2, 0])}
    width = np.array([0.5, 0.2, 0.1, 0.7])
    wanted = stats.norm.logpdf(Y, F, width)
    np.testing.assert_allclose(noise.log_density(scatter(columns=columns)), wanted, rtol=1e-13)
    np.testing.assert_allclose(noise.standard_deviation(scatter(columns=columns)), width)


def test_a_width_that_is_not_above_zero_is_impossible_and_not_nan():
    noise = Width("a - predicted", "normal", "log")
    here = scatter(np.array([0.1, 0.5, -1.0, 0.1]))
    density = noise.log_density(here)
    assert np.isfinite(density[[0, 3]]).all()
    assert (density[[1, 2]] == -math.inf).all()
    assert noise.working(here)[0].information[1] == 0
    with pytest.raises(NoiseError, match="the width a - predicted is not above 0"):
        noise.simulate(here, np.random.default_rng(0))


def test_a_fit_with_such_a_noise():
    t = np.linspace(0, 5, 60)
    generator = np.random.default_rng(3)
    f = 4 * np.exp(-0.7 * t)
    data = pm.Data({"t": t, "y": f + (0.05 + 0.1 * f) * generator.standard_normal(60)}, inputs="t", output="y")
    parameters = {name: pm.Log(1e-3, 100) for name in ("A", "k", "a", "b")}
    fit = pm.fit("A * exp(-k * t)", data, parameters, noise=Width(FORMULA), starts=5)
    assert fit.method == "fisher_scoring"
    for name, true in {"A": 4, "k": 0.7, "a": 0.05, "b": 0.1}.items():
        assert abs(fit.estimate[name] - true) < 3 * fit.standard_error[name]


def test_what_it_says_of_itself():
    noise = Width("sd", "laplace", "log10", (ByRow("sd", ("a", "b"), "y"),))
    assert noise.describe() == "laplace of the decimal logarithm, mean absolute deviation sd (sd: a or b)"
    assert not noise.offers_scores
    assert noise.working(scatter()) is None
    assert noise.signature != Width("sd").signature
    data = pm.Data({"y": [1.0, -1.0]}, output="y")
    with pytest.raises(NoiseError, match="wants values above zero"):
        noise.settle([data], "y")
