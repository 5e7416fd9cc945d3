"""The verb: its result, its words, what it does with other noises, budgets, bounds and mistakes."""

import json
import re

import numpy as np
import pytest

import parametra as pm
from parametra.maths.distributions import Normal
from parametra.nouns.identification_rows import Word
from parametra.nouns.status import Outcome

X = np.linspace(0.2, 6, 30)
RNG = np.random.default_rng(5)
DECAY = 2 * np.exp(-0.5 * X) + 0.05 * RNG.normal(size=30)


def decay(**settings):
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y")
    return pm.identify(
        "a * exp(-b * x)", data, {"a": pm.Positive(guess=1.0), "b": pm.Log(0.01, 10, guess=1)}, **settings
    )


def test_the_answer_reads_well_and_comes_back_from_its_file(tmp_path):
    found = decay(bootstrap=60, coverage=100, seed=1)
    said = str(found)
    assert "All 3 parameters are identifiable." in said
    assert re.search(r"a +1\.\d+ +1\.\d+ \.\. 2\.\d+ +identifiable", said)
    assert "intervals side by side" in said and "they agree" in said
    found.save(tmp_path / "identify.json")
    back = pm.load(tmp_path / "identify.json")
    assert str(back) == said
    assert back.verdicts["b"] == found.verdicts["b"]
    assert np.array_equal(back.profile("a").rise, found.profile("a").rise)
    assert json.dumps(found.to_json(), allow_nan=False)
    assert len(found.table()) == 3
    assert found.to_xarray()["verdict"].values[0] == "identifiable"


def test_the_same_seed_gives_the_same_answer():
    one, other = decay(bootstrap=50, seed=3), decay(bootstrap=50, seed=3)
    assert one.rows == other.rows
    assert one.bootstrap.interval == other.bootstrap.interval


def test_a_fit_that_is_there_is_not_made_again():
    first = decay()
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y")
    problem = pm.Problem("a * exp(-b * x)", data, {"a": pm.Positive(guess=1.0), "b": pm.Log(0.01, 10, guess=1)})
    again = pm.identify(problem, fit=first.fit)
    assert again.fit is first.fit
    assert again.intervals == first.intervals


def test_poisson_counts_have_likelihood_intervals():
    # one rate: the profile of n log m - n m is known in closed form
    counts = np.array([3.0, 5, 2, 4, 6, 1])
    data = pm.Data({"x": np.ones(6), "n": counts}, inputs=["x"], output="n")
    found = pm.identify("rate * x", data, {"rate": pm.Positive(guess=2.0)}, noise=pm.Poisson())
    mean = counts.mean()

    def rise(m):
        return 2 * 6 * (m - mean - mean * np.log(m / mean))

    low, high = found.intervals["rate"]
    assert rise(low) == pytest.approx(3.841458820694124, rel=1e-5)
    assert rise(high) == pytest.approx(3.841458820694124, rel=1e-5)


def test_a_likelihood_of_ones_own_has_intervals_too():
    counts = np.array([3.0, 5, 2, 4, 6, 1])
    data = pm.Data({"x": np.ones(6), "n": counts}, inputs=["x"], output="n")
    plain = pm.identify("rate * x", data, {"rate": pm.Positive(guess=2.0)}, noise=pm.Poisson())
    own = pm.identify(
        "rate * x",
        data,
        {"rate": pm.Positive(guess=2.0)},
        noise=pm.LogLikelihood("observed * log(predicted) - predicted"),
    )
    assert own.intervals["rate"] == pytest.approx(plain.intervals["rate"], rel=1e-4)
    assert "curvature by differences" in own.receipt.evaluator


def test_at_a_bound():
    y = 3 - 0.2 * X + 0.01 * np.cos(9 * X)
    data = pm.Data({"x": X, "y": y}, inputs=["x"], output="y", sigma=0.05)
    found = pm.identify("c + s * x", data, {"c": 1.0, "s": pm.Real(-0.1, 1, guess=0.5)})
    verdict = found.verdicts["s"]
    assert verdict.word == "at a bound"
    assert verdict.interval[0] == -0.1 and -0.1 < verdict.interval[1] < -0.05
    assert "-0.1" in verdict.why and verdict.remedy


def test_a_better_optimum_is_taken_and_told():
    # cos(w x) with one start in a neighbouring valley of w
    x = np.linspace(0, 3, 40)
    y = np.cos(2 * x) + 0.5 * x + 0.3 * RNG.normal(size=40)
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=3.0)
    found = pm.identify(
        "cos(w * x) + s * x", data, {"w": pm.Real(0.1, 9, guess=4.5), "s": pm.Real(-2, 2, guess=0.5)}, starts=1
    )
    assert found.fit.values["w"] == pytest.approx(2.0, abs=0.3)
    assert any("better optimum" in doubt for doubt in found.doubts)


def test_constraints_leave_the_curvature_and_say_so():
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y")
    found = pm.identify(
        "a * exp(-b * x)", data, {"a": pm.Real(0, 9, guess=1), "b": pm.Real(0, 9, guess=1)}, constraints="a + b <= 2"
    )
    assert found.profiles == ()
    assert any("know no constraints" in doubt for doubt in found.doubts)


def test_a_spent_budget_keeps_what_is_known():
    assert decay(evaluations=2000, starts=4).status.outcome is Outcome.CONVERGED
    short = decay(evaluations=4, starts=1)
    assert short.status.outcome is Outcome.BUDGET
    assert "what is known until here is told" in short.message or "best point so far" in short.message
    assert set(short.verdicts) >= {"a", "b"}


def test_a_fit_that_finds_nothing_has_no_verdicts():
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y")
    nowhere = pm.LogLikelihood("log(predicted - 9 - observed**2)")
    found = pm.identify("a * exp(-b * x)", data, {"a": pm.Real(0, 1), "b": pm.Real(0, 1)}, noise=nowhere, starts=3)
    assert found.status.outcome is Outcome.FAILED
    assert found.rows == ()
    assert "Nothing is known." in str(found)


def test_discrete_parameters_are_held_at_their_best():
    data = pm.Data({"x": X, "y": 2 * X**2 + 0.01 * RNG.normal(size=30)}, inputs=["x"], output="y")
    found = pm.identify("a * x**n", data, {"a": pm.Positive(guess=1.0), "n": pm.Integer(1, 3)})
    assert found.verdicts["a"].word == "identifiable"
    assert found.fit.values["n"] == 2


def test_arrays_have_a_verdict_for_each_element():
    data = pm.Data({"x": X, "y": 1 + 0.5 * X}, inputs=["x"], output="y", sigma=0.1)

    def line(x, beta):
        return beta[0] + beta[1] * x

    found = pm.identify(line, data, {"beta": pm.Real(shape=(2,), guess=[0.5, 0.5])})
    assert set(found.verdicts) == {"beta[0]", "beta[1]"}
    curvature, profile = found.verdicts["beta[1]"].curvature, found.verdicts["beta[1]"].profile
    assert profile == pytest.approx(curvature, rel=1e-5)


def test_the_level_is_kept():
    wide, narrow = decay(level=0.99), decay(level=0.68)
    for label in ("a", "b"):
        assert (
            wide.intervals[label][0]
            < narrow.intervals[label][0]
            < narrow.intervals[label][1]
            < wide.intervals[label][1]
        )
    assert "99 % interval" in str(wide)


def test_every_kind_of_verdict_has_its_words():
    assert {w.value for w in Word} == {
        "identifiable",
        "weakly identifiable",
        "at a bound",
        "practically unidentifiable",
        "structurally unidentifiable",
        "not known",
    }


@pytest.mark.parametrize("kind", ["profiles", "intervals", "spectrum", "correlation", "contour"])
def test_figures(kind, tmp_path):
    found = decay(contour=("a", "b"))
    figure = found.plot(kind)
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_the_contour_is_a_curve_of_equal_likelihood():
    found = decay(contour=("a", "b"))
    (contour,) = found.contours
    from scipy import stats

    fit = found.fit
    best = np.sum((fit.values["a"] * np.exp(-fit.values["b"] * X) - DECAY) ** 2)
    s2 = best / 28
    for a, b in contour.points:
        rise = (np.sum((a * np.exp(-b * X) - DECAY) ** 2) - best) / s2
        assert rise == pytest.approx(2 * stats.f.ppf(0.95, 2, 28), rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"method": "profile_likelihod"}, 'identify has no method "profile_likelihod"; did you mean'),
        ({"method": "bootstrap"}, "gives no verdicts by itself"),
        ({"level": 1.5}, "level=1.5: a share such as 0.95"),
        ({"contour": "all"}, 'contour="all": give "auto", "off" or two labels'),
        ({"contour": ("a", "z")}, 'contour: there is no "z"; '),
        ({"contour": ("a", "a")}, '"a" stands there twice'),
        ({"contour": ("a",)}, "a contour is of two parameters"),
        ({"bootstrap": 5}, "bootstrap=5: give a number of replicates, 50 or more"),
        ({"coverage": 5}, "coverage=5: give a number of data sets, 100 or more"),
        ({"start": 5}, 'identify takes no "start"; did you mean "starts"'),
    ],
)
def test_bad_input(settings, words):
    with pytest.raises(pm.ParametraError, match=re.escape(words)):
        decay(**settings)


def test_what_has_no_profile_is_refused_where_one_is_asked_for():
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y")
    with pytest.raises(pm.ParametraError, match="know no constraints"):
        pm.identify(
            "a * exp(-b * x)",
            data,
            {"a": pm.Real(0, 9, guess=1), "b": pm.Real(0, 9, guess=1)},
            constraints="a + b <= 2",
            method="profile_likelihood",
        )
    with pytest.raises(pm.ParametraError, match="a penalty tells too"):
        pm.identify(
            "a + b * x", data, {"a": 1.0, "b": 1.0}, penalty={"kind": "lasso", "parameters": ["b"], "strength": 1.0}
        )


def test_unknown_labels_are_refused():
    found = decay()
    with pytest.raises(pm.ParametraError, match='nothing is said here of "A"'):
        found.verdict("A")
    with pytest.raises(pm.ParametraError, match='there is no profile of "A"'):
        found.profile("A")
    with pytest.raises(pm.ParametraError, match='there is no figure "profile"'):
        found.plot("profile")


def test_a_fit_of_another_problem_is_refused():
    found = decay()
    other = pm.Problem("c * x", pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y"), {"c": 1.0})
    with pytest.raises(pm.ParametraError, match="it is of another problem"):
        pm.identify(other, fit=found.fit)


def test_a_fit_that_is_no_minimum_has_no_rosy_verdict():
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y")
    found = pm.identify(
        "a * exp(-b * x)", data, {"a": pm.Positive(guess=9.0), "b": pm.Log(0.01, 10, guess=5)}, starts=1, evaluations=2
    )
    assert {row.word for row in found.rows} == {"not known"}
    assert all(row.interval is None for row in found.rows)


def test_a_fit_of_other_data_is_refused():
    found = decay()
    other = pm.Data({"x": X, "y": 2 * DECAY}, inputs=["x"], output="y")
    problem = pm.Problem("a * exp(-b * x)", other, {"a": pm.Positive(guess=1.0), "b": pm.Log(0.01, 10, guess=1)})
    for verb in (pm.bootstrap, pm.coverage, pm.identify):
        with pytest.raises(pm.ParametraError, match="gives other residuals"):
            verb(problem, fit=found.fit)


def test_a_bootstrap_that_cannot_be_costs_no_verdict():
    counts = np.array([3.0, 5, 2, 4, 6, 1])
    data = pm.Data({"x": np.ones(6), "n": counts}, inputs=["x"], output="n")
    own = pm.LogLikelihood("observed * log(predicted) - predicted")
    found = pm.identify("rate * x", data, {"rate": pm.Positive(guess=2.0)}, noise=own, bootstrap=60)
    assert found.bootstrap is None
    assert any(doubt.startswith("no bootstrap: ") for doubt in found.doubts)
    assert found.verdicts["rate"].profile is not None


def test_what_is_held_and_what_a_prior_tells_is_told():
    data = pm.Data({"x": X, "y": 2 * X**2 + 0.01 * RNG.normal(size=30)}, inputs=["x"], output="y")
    found = pm.identify("a * x**n", data, {"a": pm.Positive(guess=1.0), "n": pm.Integer(1, 3)})
    assert any(doubt.startswith("n = 2 was chosen") for doubt in found.doubts)
    told = pm.Data({"x": X, "y": 6 * X}, inputs=["x"], output="y", sigma=0.1)
    prior = pm.identify("a * b * x", told, {"a": pm.Real(prior=Normal(2.0, 0.1)), "b": pm.Real(guess=2.0)})
    assert any("the interval of a is mostly its prior's" in doubt for doubt in prior.doubts)


def test_a_robust_loss_has_no_profiles():
    found = decay(loss="huber")
    assert found.profiles == ()
    assert any("not known with a robust loss" in doubt for doubt in found.doubts)


def test_nothing_free_is_said():
    data = pm.Data({"x": X, "y": DECAY}, inputs=["x"], output="y", sigma=0.05)
    found = pm.identify("a * exp(-b * x)", data, {"a": pm.Fixed(2.0), "b": pm.Fixed(0.5)})
    assert "nothing is free" in str(found)
