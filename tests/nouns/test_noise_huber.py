"""Huber's noise against quadrature, against the laws that it lies between, and in fits."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

import parametra as pm
from parametra.nouns._noise_contract import Scatter
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise_huber import Huber, LogHuber


def _at(observed, predicted, **values):
    observed = np.atleast_1d(np.asarray(observed, dtype=float))
    return Scatter("y", True, np.broadcast_to(predicted, observed.shape), observed, None, values, np)


def _density(noise, predicted):
    return lambda y: math.exp(float(noise.log_density(_at(y, predicted))[0]))


@pytest.mark.parametrize("threshold", [0.05, 0.46, 1.345, 4.0])
@pytest.mark.parametrize("made", [Huber, LogHuber])
def test_density_probability_and_variance_agree_with_quadrature(made, threshold):
    noise, middle = made(threshold, sigma=0.2), 1.7
    density = _density(noise, middle)
    edge = 0.2 * threshold
    edges = [middle * math.exp(s * edge) for s in (-1, 1)] if made is LogHuber else [middle - edge, middle + edge]
    far = 0.2 * (threshold + 40 / threshold)
    low, high = (0.0, 30 * middle) if made is LogHuber else (middle - far, middle + far)
    cuts = [low, *edges, high]
    mass = sum(integrate.quad(density, a, b, limit=400)[0] for a, b in itertools.pairwise(cuts))
    tail = math.exp(float(noise.log_survival(_at(high, middle))[0]))
    assert abs(mass + tail - 1) < 1e-5
    for y in (0.9 * edges[0], middle, 0.5 * (middle + edges[1]), 1.3 * edges[1]):
        below = math.exp(float(noise.log_cdf(_at(y, middle))[0]))
        parts = sorted({low, y, *(e for e in edges if e < y)})
        area = sum(integrate.quad(density, a, b, limit=400)[0] for a, b in itertools.pairwise(parts))
        away = math.exp(float(noise.log_cdf(_at(low, middle))[0])) if made is Huber else 0.0
        assert abs(area + away - below) < 1e-5
        assert abs(below + math.exp(float(noise.log_survival(_at(y, middle))[0])) - 1) < 1e-12
    if made is Huber:
        second = sum(
            integrate.quad(lambda y: (y - middle) ** 2 * density(y), a, b, limit=400)[0]
            for a, b in itertools.pairwise(cuts)
        )
        assert second == pytest.approx(0.2**2 * noise.variance, rel=1e-4)


def test_its_limits_are_the_normal_and_the_laplace_law():
    y = np.array([-0.7, 0.1, 2.4])
    wide = Huber(40.0, sigma=0.5).log_density(_at(y, 0.3))
    np.testing.assert_allclose(wide, stats.norm.logpdf(y, 0.3, 0.5), rtol=1e-12)
    narrow = Huber(1e-6, sigma=0.5e-6).log_density(_at(y, 0.3))
    np.testing.assert_allclose(narrow, stats.laplace.logpdf(y, 0.3, 0.5), rtol=1e-5)


@pytest.mark.parametrize("made", [Huber, LogHuber])
def test_scores_are_slopes_and_information_is_their_expected_square(made):
    noise, middle, width = made(0.8, sigma="estimated"), 1.7, 0.3
    values = {"sigma": np.asarray(width)}
    at = _at([0.9, 1.65, 1.8, 3.0], middle, **values)
    rows = noise.working(at)
    step = 1e-6
    by_prediction = (
        noise.log_density(_at(at.observed, middle + step, **values))
        - noise.log_density(_at(at.observed, middle - step, **values))
    ) / (2 * step)
    up, down = ({"sigma": np.asarray(width + s)} for s in (step, -step))
    by_width = (
        noise.log_density(_at(at.observed, middle, **up)) - noise.log_density(_at(at.observed, middle, **down))
    ) / (2 * step)
    np.testing.assert_allclose(rows[0].score, by_prediction, rtol=1e-6)
    np.testing.assert_allclose(rows[1].score, by_width, rtol=1e-6)
    many = noise.simulate(_at(np.zeros(400_000), middle, **values), np.random.default_rng(1))
    drawn = noise.working(_at(many, middle, **values))
    for row in drawn:
        information = float(np.asarray(row.information).ravel()[0])
        assert float(np.mean(row.score)) == pytest.approx(0.0, abs=5 * math.sqrt(information / len(many)))
        assert float(np.mean(row.score**2)) == pytest.approx(information, rel=0.02)


def test_a_fit_with_it_is_hubers_estimate_and_one_wild_point_hardly_moves_it():
    x = np.linspace(0, 2, 60)
    y = 1 + 2 * x + 0.1 * np.random.default_rng(4).standard_normal(60)
    y[[7, 30]] += [5, 9]
    data = pm.Data({"x": x, "y": y}, inputs="x", output="y")
    free = {"a": 0.0, "b": 1.0}
    known = pm.fit("a + b*x", data, free, noise=Huber(1.345, sigma=0.1))
    loss = pm.fit("a + b*x", data, free, noise=pm.Normal(0.1), loss="huber", loss_scale=1.345)
    assert known.estimate["a"] == pytest.approx(loss.estimate["a"], rel=1e-9)
    assert abs(known.estimate["b"] - 2) < 0.1
    found = pm.fit("a + b*x", data, free, noise=Huber())
    assert found.status.ok
    assert found.method == "fisher_scoring"
    assert abs(found.estimate["b"] - 2) < 4 * found.standard_error["b"]
    assert found.log_likelihood > known.log_likelihood


def test_logarithms_and_values_are_the_same_law():
    y = np.array([0.4, 1.1, 7.0])
    of_logs = Huber(0.7, sigma=0.3).log_density(_at(np.log(y), math.log(1.2)))
    np.testing.assert_allclose(LogHuber(0.7, sigma=0.3).log_density(_at(y, 1.2)), of_logs - np.log(y), rtol=1e-12)
    assert float(LogHuber(0.7, sigma=0.3).log_density(_at(1.0, -0.1))[0]) == -math.inf


@pytest.mark.parametrize("threshold", [0, -1.0, "wide", True])
def test_a_threshold_that_cannot_be_is_refused(threshold):
    with pytest.raises(NoiseError, match="threshold of Huber's noise is a number above zero"):
        Huber(threshold)


def test_data_below_zero_have_no_logarithm():
    data = Data({"x": [1.0, 2.0], "y": [1.0, -2.0]}, inputs="x", output="y")
    with pytest.raises(NoiseError, match="above zero"):
        LogHuber().settle([data], "y")
    assert "threshold 1.345" in str(LogHuber().describe())
