"""The bootstrap: errors, intervals and bias beside closed forms and SciPy; the template's bias (arXiv:1610.01502)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from parametra import catalogue
from parametra.maths.bootstrap_intervals import bias_corrected_accelerated, bias_of, corrected_statistic, percentile
from parametra.nouns import storage
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.data import Data
from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.keys import generator
from parametra.nouns.noise import Normal
from parametra.nouns.parameter import Real
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome
from parametra.verbs.bootstrap import bootstrap
from parametra.verbs.fit import fit

X = np.arange(12.0)
Y = 1 + 0.5 * X + np.random.default_rng(3).standard_normal(12)


def line(**more) -> Problem:
    return Problem("a + b * x", Data({"x": X, "y": Y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0}, **more)


def fitted(problem: Problem):
    return fit(problem, progress=False, starts=1)


def constant(y: np.ndarray, **more) -> Problem:
    data = Data({"x": np.zeros(y.size), "y": y}, inputs=["x"], output="y")
    return Problem("m + 0 * x", data, {"m": 1.0}, **more)


@pytest.fixture(scope="module")
def of_line() -> Bootstrap:
    problem = line(derived={"at zero": "a", "ratio": "a / b"})
    return bootstrap(problem, fitted(problem), replicates=2000)


def test_errors_and_intervals_of_a_line_are_those_of_theory(of_line):
    """The standard deviation of 2000 refits is known to 1.6 %, ends of intervals to 4 % of an error."""
    problem = line()
    expected = fitted(problem)
    for label in ("a", "b"):
        row, error = of_line.row(label), expected.standard_error[label]
        assert error is not None
        assert row.standard_error == pytest.approx(error, rel=0.06)
        half = 1.96 * error
        for low, high in (row.percentile, row.accelerated):
            assert abs(low - (row.estimate - half)) < 0.25 * error
            assert abs(high - (row.estimate + half)) < 0.25 * error
        assert row.negligible
        assert row.corrected == row.estimate
        assert abs(row.bias) < 1e-9  # a line has none, and its linear part is all there is


def test_the_bias_of_an_estimated_sigma_is_the_known_one(of_line):
    """E s = c4 sigma; 2000 data sets tell it to 2 % of an error."""
    row = of_line.row("sigma")
    freedom = 10
    c4 = math.sqrt(2 / freedom) * math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    assert abs(row.bias - (c4 - 1) * row.estimate) < 4 * row.bias_error


def test_the_bias_of_a_curved_quantity_is_found_with_its_error():
    """E exp(mean) = exp(m + s^2 / 2n) exactly; without its linear part the bias is known ten times better."""
    y = np.random.default_rng(1).standard_normal(8) * 0.6
    problem = constant(y, noise=Normal(sigma=0.6), derived={"e": "exp(m)"})
    result = bootstrap(problem, fitted(problem), replicates=1000)
    row = result.row("e")
    expected = row.estimate * np.expm1(0.6**2 / 16)
    assert abs(row.bias - expected) < 4 * row.bias_error
    assert row.bias_error < 0.25 * row.standard_error / np.sqrt(1000)


def test_percentile_and_bca_are_scipys():
    """The same draws and the same acceleration give the same ends."""
    sample = np.random.default_rng(2).exponential(size=25)
    found = stats.bootstrap((sample,), np.mean, n_resamples=999, method="BCa", rng=np.random.default_rng(0))
    values = found.bootstrap_distribution
    jackknife = (sample.sum() - sample) / 24
    away = jackknife.mean() - jackknife
    a = float((away**3).sum() / (6 * (away**2).sum() ** 1.5))
    low, high, _ = bias_corrected_accelerated(values, float(sample.mean()), a, 0.95)
    assert (low, high) == pytest.approx(tuple(found.confidence_interval), rel=1e-10)
    plain = stats.bootstrap((sample,), np.mean, n_resamples=999, method="percentile", rng=np.random.default_rng(0))
    assert percentile(values, 0.95) == pytest.approx(tuple(plain.confidence_interval), rel=1e-10)


def test_bca_comes_near_the_exact_interval_of_an_exponential_mean():
    """Efron (1987): t* ~ t Gamma(n) / n has a = 1 / (3 sqrt n), and exact ends, 1 / quantiles of Gamma(n) / n."""
    n = 10
    values = generator(0, "test", 0).standard_gamma(n, 200_000) / n
    exact = 1 / stats.gamma.ppf([0.95, 0.05], n, scale=1 / n)
    found = bias_corrected_accelerated(values, 1.0, 1 / (3 * np.sqrt(n)), 0.9)[:2]
    assert np.max(np.abs(np.array(found) / exact - 1)) < 0.015
    assert abs(percentile(values, 0.9)[1] / exact[1] - 1) > 0.1


def test_the_case_bootstrap_tells_the_acceleration_of_a_skewed_sample():
    """Of a mean: skewness of the sample / (6 sqrt n), in closed form; 4000 data sets tell skewness to 4 %."""
    y = np.random.default_rng(2).exponential(size=25)
    problem = constant(y)
    result = bootstrap(problem, fitted(problem), kind="case", replicates=4000)
    a = float(stats.skew(y)) / (6 * 5)
    values = result.replicates[:, result.labels.index("m")]
    low, high, _ = bias_corrected_accelerated(values, float(y.mean()), a, 0.95)
    assert result.row("m").accelerated == pytest.approx((low, high), abs=0.1 * values.std())
    assert values.std() == pytest.approx(y.std() / 5, rel=0.06)


def test_residual_and_case_bootstrap_see_errors_that_are_not_alike():
    """Scatter that grows along x: case errors are those of White's sandwich, residual errors those of the line."""
    x = np.linspace(0, 1, 200)
    y = 1 + x + (0.1 + 2 * x**2) * np.random.default_rng(0).standard_normal(200)
    problem = Problem("a + b * x", Data({"x": x, "y": y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0})
    plain = fitted(problem)
    robust = fit(problem, progress=False, starts=1, covariance="sandwich")
    case = bootstrap(problem, plain, kind="case", replicates=2000)
    residual = bootstrap(problem, plain, kind="residual", replicates=2000)
    assert case.standard_error["a"] == pytest.approx(robust.standard_error["a"], rel=0.08)
    assert residual.standard_error["a"] == pytest.approx(plain.standard_error["a"], rel=0.08)
    assert abs(plain.standard_error["a"] / robust.standard_error["a"] - 1) > 0.3  # type: ignore[operator]


def test_resampling_does_not_call_its_own_shrinkage_a_bias():
    """Drawn residuals scatter less than errors; the truth of that world is their own scatter."""
    problem = line()
    for kind in ("residual", "case"):
        row = bootstrap(problem, fitted(problem), kind=kind, replicates=4000).row("sigma")
        assert abs(row.bias) < 0.3 * row.standard_error
        assert row.bias < 0


# ---- arXiv:1610.01502: the template's bias (planar rotations)

SIGMA = 0.4
TRUE_BIAS = float(stats.rice.mean(1 / SIGMA, scale=SIGMA)) - 1
"""The mean radius of points at distance 1 with this noise, less 1."""


def radii(radius: float, count: int, size: int, sigma: float = SIGMA) -> np.ndarray:
    """Template estimates: the mean radius of `size` noisy points, whatever they were rotated by."""
    drawn = generator(0, "test.template", size).standard_normal((2, count, size)) * sigma
    return np.hypot(drawn[0] + radius, drawn[1]).mean(axis=1)[:, None]


def test_the_templates_bias_is_that_of_theory():
    assert pytest.approx(0.084, abs=5e-4) == TRUE_BIAS
    assert pytest.approx(0.080) == SIGMA**2 / 2
    assert abs(float(radii(1.0, 2000, 500).mean()) - 1 - TRUE_BIAS) < 5 * 0.38 / np.sqrt(1e6)


def test_the_iterated_bootstrap_takes_the_templates_bias_away():
    """From 0.084 to below 0.001, and one round does not get there."""
    estimate = np.array([1 + TRUE_BIAS])
    once = corrected_statistic(lambda r: radii(float(r[0]), 2000, 400), estimate, rounds=1)
    assert 0.004 < abs(once.corrected[0] - 1) < 0.02
    found = corrected_statistic(lambda r: radii(float(r[0]), 2000, 400), estimate)
    assert abs(found.corrected[0] - 1) < 1e-3
    assert found.settled
    assert len(found.biases) < 10
    assert not found.skipped


def test_a_negligible_bias_of_the_template_is_left_alone():
    """At sigma 0.02 it is 2e-4 where the error of 100 points is 2e-3: the rule of thumb says leave it."""
    estimate = radii(1.0, 1, 100, 0.02)[0]
    found = corrected_statistic(lambda r: radii(float(r[0]), 2000, 100, 0.02), estimate)
    assert found.skipped
    assert np.array_equal(found.corrected, estimate)


def test_the_template_as_a_fitted_problem():
    """Radius and five rotations are parameters; the bootstrap finds the bias of the radius and takes it away."""
    size, rng = 5, np.random.default_rng(4)
    angle = rng.uniform(-3, 3, size)
    points = np.stack([np.cos(angle), np.sin(angle)]) + SIGMA * rng.standard_normal((2, size))
    points *= (1 + TRUE_BIAS) / np.hypot(*points).mean()
    found = np.arctan2(points[1], points[0])
    data = [
        Data(
            {"x": [points[0, i]], "y": [points[1, i]]}, output=["x", "y"], sigma=SIGMA, parameters={"angle": f"turn{i}"}
        )
        for i in range(size)
    ]
    space = {"radius": (0.01, 10.0), **{f"turn{i}": Real(-20, 20, guess=float(found[i])) for i in range(size)}}
    problem = Problem({"x": "radius * cos(angle)", "y": "radius * sin(angle)"}, data, space)
    result = fitted(problem)
    assert result.estimate["radius"] == pytest.approx(1 + TRUE_BIAS, rel=1e-6)
    row = bootstrap(problem, result, rounds=3, replicates=200).row("radius")
    assert not row.negligible
    assert abs(row.corrected - 1) < 0.012


# ---- what is told


def test_the_bias_is_corrected_only_where_it_is_worth_it():
    y = np.random.default_rng(1).standard_normal(4) * 2
    problem = constant(y, noise=Normal(sigma=2.0), derived={"e": "exp(m)"})
    result = bootstrap(problem, fitted(problem), replicates=500)
    row = result.row("e")
    assert not row.negligible
    assert row.corrected == pytest.approx(row.estimate - row.bias)
    assert result.row("m").corrected == result.row("m").estimate
    assert "bias of e is more than a quarter" in str(result)
    off = bootstrap(problem, fitted(problem), replicates=500, rounds=0)
    assert off.row("e").corrected == off.row("e").estimate
    assert "not corrected, as asked for" in str(off)


def test_the_same_seed_gives_the_same_numbers_and_another_others(of_line):
    problem = line(derived={"at zero": "a", "ratio": "a / b"})
    again = bootstrap(problem, fitted(problem), replicates=2000)
    assert np.array_equal(again.replicates, of_line.replicates)
    assert again.rows == of_line.rows
    other = bootstrap(problem, fitted(problem), replicates=100, seed=1)
    assert not np.array_equal(other.replicates, of_line.replicates[:100])


def test_a_bound_is_told():
    problem = Problem(
        "a + b * x",
        Data({"x": X, "y": Y}, inputs=["x"], output="y"),
        {"a": (1.2, 9.0), "b": 0.0},
        noise=Normal(sigma=1.0),
    )
    result = bootstrap(problem, fitted(problem), replicates=200)
    assert "of the refits end at its lower bound" in result.row("a").note


def test_a_result_can_be_kept_drawn_and_read(of_line, tmp_path):
    path = tmp_path / "bootstrap.json"
    of_line.save(path)
    again = storage.load(path)
    assert again.rows == of_line.rows
    assert np.array_equal(again.replicates, of_line.replicates)
    assert again.receipt == of_line.receipt
    assert of_line.labels == ("a", "b", "sigma", "at zero", "ratio")
    assert of_line.interval["a"] == of_line.row("a").accelerated
    assert of_line.table().records()[0]["name"] == "a"
    assert of_line.to_json()["parameters"]["a"]["estimate"] == of_line.row("a").estimate
    assert len(of_line.plot().axes) == 6
    assert float(of_line.to_xarray()["standard_error"].sel(parameter="a")) == of_line.standard_error["a"]
    assert of_line.corrected["a"] == of_line.row("a").estimate
    assert of_line.bias["a"] == of_line.row("a").bias
    assert "2000 data sets, data simulated from the fit" in str(of_line)
    with pytest.raises(ParametraError, match='did you mean "ratio"'):
        of_line.row("ration")


def test_a_run_that_is_cut_short_says_so():
    problem = line()
    result = bootstrap(problem, fitted(problem), replicates=3000, seconds=1e-6)
    assert result.status.outcome is Outcome.BUDGET
    assert "is spent" in result.status.message


def test_few_refits_say_nothing():
    """Two rows at two places: half of all draws determine no line, and with 60 draws too few are left."""
    x, y = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    problem = Problem(
        "a + b * x", Data({"x": x, "y": y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0}, noise=Normal(sigma=1.0)
    )
    result = bootstrap(problem, fitted(problem), kind="case", replicates=60)
    assert result.status.outcome is Outcome.FAILED
    assert result.rows == ()
    assert "too few to say anything" in result.status.message
    with pytest.raises(ParametraError, match="nothing to draw"):
        result.plot()
    many = bootstrap(problem, fitted(problem), kind="case", replicates=400)
    assert many.status.ok
    assert "errors and intervals are too small" in many.status.message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "wild"}, "known here|did you mean"),
        ({"replicates": 10}, "50 or more"),
        ({"rounds": 3, "kind": "case"}, 'only kind="parametric"'),
        ({"level": 1.0}, "below 1"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    problem = line()
    with pytest.raises(MethodError, match=words):
        bootstrap(problem, fitted(problem), **settings)


def test_the_catalogue_knows_the_method():
    card = catalogue.card("identify", "bootstrap")
    assert card.name == "bootstrap"
    assert card.verb == "identify"


def test_one_sided_refits_have_no_accelerated_interval():
    low, high, _ = bias_corrected_accelerated(np.arange(1.0, 101.0), 0.0, 0.0, 0.95)
    assert np.isnan(low)
    assert np.isnan(high)


def test_the_bias_without_its_linear_part_has_the_same_mean():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((500, 1))
    bias, error = bias_of(1 + z + 0.1 * z**2, np.array([1.0]), z)
    plain, wide = bias_of(1 + z + 0.1 * z**2, np.array([1.0]), None)
    assert abs(bias[0] - 0.1) < 4 * error[0]
    assert abs(plain[0] - 0.1) < 4 * wide[0]
    assert error[0] < 0.25 * wide[0]
