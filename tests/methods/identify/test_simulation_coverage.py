"""Coverage: intervals that are right by theory or wrong by a known amount, and what is told of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from parametra.methods.identify.simulation_coverage import count_row, wilson
from parametra.nouns import storage
from parametra.nouns.bootstrap_data import parametric_data
from parametra.nouns.data import Data
from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.noise import Normal
from parametra.nouns.parameter import Log, Real
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome
from parametra.verbs.at_estimate import at_estimate
from parametra.verbs.bootstrap import coverage, refitter
from parametra.verbs.fit import fit
from parametra.verbs.identify_beside import covered, profile_ends
from parametra.verbs.identify_run import estimate_of

X = np.arange(8.0)
Y = 1 + 0.5 * X + 0.3 * np.random.default_rng(3).standard_normal(8)


def line(**more) -> Problem:
    return Problem("a + b * x", Data({"x": X, "y": Y}, inputs=["x"], output="y"), {"a": 0.0, "b": 0.0}, **more)


def half(_, refits):
    """Intervals of half the width that they should have."""
    spread = 0.5 * stats.t.ppf(0.975, 6) * np.sqrt(np.diagonal(refits.covariance(), axis1=1, axis2=2))
    return refits.points - spread, refits.points + spread


def double(_, refits):
    spread = 2 * stats.t.ppf(0.975, 6) * np.sqrt(np.diagonal(refits.covariance(), axis1=1, axis2=2))
    return refits.points - spread, refits.points + spread


@pytest.fixture(scope="module")
def of_line():
    problem = line()
    return coverage(problem, fit(problem, progress=False), intervals={"half": half, "double": double})


def test_a_line_of_eight_points_covers_as_stated(of_line):
    """Student's t is exact here: 95 % of 2000 to four standard errors, which fails by chance in 1 of 15 000."""
    for label in ("a", "b"):
        row = of_line.row(label)
        assert abs(row.share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000)
        assert row.of == 2000
        assert row.verdict == "as stated"
        assert row.covered + row.below + row.above == 2000
        assert row.error == pytest.approx(np.sqrt(row.share * (1 - row.share) / 2000))


def test_intervals_that_are_too_short_cover_by_the_known_amount(of_line):
    expected = 1 - 2 * stats.t.sf(0.5 * stats.t.ppf(0.975, 6), 6)
    row = of_line.row("b", "half")
    assert abs(row.share - expected) < 4 * np.sqrt(expected * (1 - expected) / 2000)
    assert row.verdict == "too short"
    assert row.words.startswith("nominal 95 %: covers ")
    assert row.words.endswith("too short")
    assert of_line.row("b", "double").verdict == "too long"
    assert "too short: a (half), b (half)" in of_line.status.message
    assert "too long: a (double), b (double)" in of_line.status.message


def test_the_risk_of_a_line_is_the_exact_one():
    """With sigma known each refit is chi-square(2) / (2 n) away: mean p / (2 n)."""
    problem = line(noise=Normal(sigma=0.3))
    found = coverage(problem, fit(problem, progress=False), replicates=2000)
    assert found.thumb == pytest.approx(2 / 16)
    assert abs(found.risk - 2 / 16) < 4 * found.risk_error
    assert found.risk_error == pytest.approx(1 / 8 / np.sqrt(2000), rel=0.1)


def test_a_bound_nearby_is_warned_of():
    """Intervals by curvature know no bound: theirs are too short, and there is none for what lies on it."""
    x = np.array([0.5, 1, 1.5, 2, 3, 4, 6, 8])
    y = np.array([0.91, 1.76, 2.13, 1.98, 3.70, 4.18, 4.79, 5.95])
    space = {"v": (0, 10.5), "k": Log(0.1, 100, guess=5)}
    problem = Problem("v * x / (k + x)", Data({"x": x, "y": y}, inputs=["x"], output="y"), space)
    found = coverage(problem, fit(problem, progress=False))
    assert found.row("k").verdict == "too short"
    assert found.row("v").without > 500
    assert "there is no interval at all: v" in found.status.message
    assert "none in" in found.row("v").words


def test_wilsons_interval_is_that_of_statsmodels():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for inside, of in ((95, 100), (0, 30), (1900, 2000)):
        expected = proportion.proportion_confint(inside, of, alpha=0.01, method="wilson")
        assert wilson(inside, of) == pytest.approx(expected, abs=1e-12)


def test_counting():
    """NaN is no interval, infinity an open end."""
    lower = np.array([-1.0, 0.5, -np.inf, np.nan, -3.0])
    upper = np.array([1.0, 2.0, np.inf, np.nan, -1.0])
    row = count_row("a", "mine", 0.95, lower, upper, 0.0)
    assert (row.covered, row.of, row.below, row.above, row.without) == (2, 4, 1, 1, 1)
    assert row.verdict in ("too short", "cannot tell")
    none = count_row("a", "mine", 0.95, np.full(3, np.nan), np.full(3, np.nan), 0.0)
    assert none.of == 0
    assert none.verdict == "cannot tell"


def near_a_bound():
    """An amplitude whose bound at zero is a few errors away, so that thresholds near bounds take part."""
    x = np.linspace(0.0, 3.0, 9)
    y = 0.25 * np.exp(-0.8 * x) + 0.05 * np.random.default_rng(8).standard_normal(9)
    parameters = {"size": Real(0.0, 5.0, guess=0.3), "rate": Real(0.0, 4.0, guess=1.0)}
    return Problem("size * exp(-rate * x)", Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=0.05), parameters)


@pytest.mark.parametrize("problem", [line(), near_a_bound()], ids=["line", "near a bound"])
def test_whether_a_profile_interval_holds_the_truth_is_told_without_its_ends(problem):
    """The second route: both ends of every interval, looked for to the last."""
    at = at_estimate(problem, fit(problem, progress=False), lanes=200)
    refitting, estimate = refitter(at), estimate_of(at)
    data = parametric_data(problem, refitting.named(refitting.x), 200, np.random.default_rng(5))
    refits = refitting.refit(data)
    low, high = profile_ends(refitting, estimate, data, refits, 0.95)
    lower, upper = profile_ends(refitting, estimate, data, refits, 0.95, holding=refitting.x)
    np.testing.assert_array_equal(np.isnan(low), np.isnan(lower))
    np.testing.assert_array_equal(low > refitting.x, lower > refitting.x)
    np.testing.assert_array_equal(high < refitting.x, upper < refitting.x)
    before = lower > refitting.x
    assert before.any()
    np.testing.assert_allclose(lower[before], low[before], rtol=1e-4)


def test_each_data_set_may_have_a_truth_of_its_own():
    problem = line()
    at = at_estimate(problem, fit(problem, progress=False), lanes=200)
    refitting, estimate = refitter(at), estimate_of(at)
    draw = np.random.default_rng(6)
    data = parametric_data(problem, refitting.named(refitting.x), 200, draw)
    refits = refitting.refit(data)
    truth = refits.points + 2.5 * np.sqrt(np.diag(estimate.covariance)) * draw.standard_normal(refits.points.shape)
    low, high = profile_ends(refitting, estimate, data, refits, 0.95)
    lower, upper = profile_ends(refitting, estimate, data, refits, 0.95, holding=truth)
    held = (low <= truth) & (truth <= high)
    assert 0.4 < held.mean() < 0.8
    np.testing.assert_array_equal((lower <= truth) & (truth <= upper), held)


def test_the_shares_are_those_of_both_ends():
    at = at_estimate(line(), fit(line(), progress=False), lanes=500)
    found = covered(at, estimate_of(at), 500, 0.95, seed=0)
    for label in ("a", "b"):
        profile, curvature = found.row(label, "profile"), found.row(label)
        assert (profile.covered, profile.below, profile.above) == (curvature.covered, curvature.below, curvature.above)


def test_too_few_data_sets_cannot_tell():
    problem = line()
    found = coverage(problem, fit(problem, progress=False), replicates=150)
    assert {row.verdict for row in found.rows} == {"cannot tell"}
    assert "too few data sets" in found.status.message


def test_mistakes_and_budgets_are_told():
    problem = line()
    fitted = fit(problem, progress=False)
    with pytest.raises(MethodError, match="100 or more"):
        coverage(problem, fitted, replicates=20)
    with pytest.raises(MethodError, match='the intervals "mine" have the shapes'):
        coverage(problem, fitted, replicates=100, intervals={"mine": lambda _, r: (r.points[:, 0], r.points[:, 0])})
    short = coverage(problem, fitted, replicates=3000, seconds=1e-6)
    assert short.status.outcome is Outcome.BUDGET
    with pytest.raises(ParametraError, match="nothing to draw"):
        short.plot()


def test_a_result_can_be_kept_drawn_and_read(of_line, tmp_path):
    path = tmp_path / "coverage.json"
    of_line.save(path)
    again = storage.load(path)
    assert again.rows == of_line.rows
    assert again.receipt == of_line.receipt
    assert len(of_line.plot().axes) == 1
    assert len(of_line.table()) == 6
    assert of_line.to_json()["rows"][0]["words"] == of_line.rows[0].words
    assert of_line.to_xarray().sizes["row"] == 6
    assert "2000 data sets simulated from the fit and fitted" in str(of_line)
    with pytest.raises(ParametraError, match="known here: a"):
        of_line.row("c")
