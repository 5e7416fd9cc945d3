"""The four answers of `trust` as a person meets them: what they say, keep, refuse and never tell."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, ttest_1samp

from parametra.formats.result_file import load
from parametra.methods.trust.conformal_selection import Found
from parametra.nouns.errors import DataError, MethodError, ParametraError
from parametra.nouns.status import Outcome
from parametra.nouns.trust_promise import Claim
from parametra.verbs._named_tests import named_test
from parametra.verbs.trust import (
    _selected,
    calibrator,
    conformal_selection,
    online_calibration,
    private_test,
    reusable_holdout,
)
from parametra.verbs.trust_promise import promise


def t_test(rows):
    return ttest_1samp(rows, 0.0).pvalue


@pytest.fixture(scope="module")
def holdout():
    random = np.random.default_rng(0)
    X = random.choice([-1.0, 1.0], size=(2000, 30))
    y = np.where(random.uniform(size=2000) < 0.5 + 0.2 * X[:, 0], 1.0, -1.0)
    return (X[:1000], y[:1000]), (X[1000:], y[1000:])


def selection(**settings):
    random = np.random.default_rng(1)
    y = random.normal(size=140)
    scores = {"good": y + random.normal(0, 0.3, 140), "noise": random.normal(size=140)}
    old, new = ({k: v[part] for k, v in scores.items()} for part in (slice(100), slice(100, 140)))
    return conformal_selection(y[:100], old, new, **{"cutoff": 0.5, "level": 0.2} | settings), y[100:]


def stream(n=300):
    random = np.random.default_rng(2)
    p = random.uniform(size=n)
    return p, (random.uniform(size=n) < p**2).astype(float)


def results():
    keeper = reusable_holdout(budget=3, bounds=(0, 1))
    keeper.ask_values([0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], "first")
    p, y = stream(60)
    return {
        "reusable_holdout": keeper.record(),
        "conformal_selection": selection()[0],
        "online_calibration": online_calibration(p, y[:50]),
        "private_test": private_test(t_test, np.random.default_rng(0).normal(1, 1, 60), seed=1),
        "promise": promise("conformal_selection", runs=3),
    }


@pytest.fixture(scope="module", params=list(results()))
def result(request):
    return results()[request.param]


def test_a_result_prints_draws_and_is_read_back(result, tmp_path):
    assert str(result).startswith(f"{result.title}\n{result.status.outcome.value}: ")
    assert max(len(line) for line in str(result).splitlines() if "--" not in line) <= 130
    assert result.plot().axes
    result.save(tmp_path / "result.json")
    again = load(tmp_path / "result.json")
    assert str(again) == str(result)
    assert again.to_json() == result.to_json()
    json.dumps(result.to_json(), allow_nan=False)
    assert result.to_json()["receipt"]["citation"]
    assert len(result.to_xarray().row) == len(result.table())


def test_the_same_seed_gives_the_same_answers():
    for first, again in zip(results().values(), results().values(), strict=True):
        one, two = first.to_json(), again.to_json()
        one["receipt"].pop("seconds"), two["receipt"].pop("seconds")
        assert one == two


# the reusable holdout


def test_questions_are_answered_and_the_holdout_is_not_in_the_record(holdout):
    keeper = reusable_holdout(*holdout, budget=5, bounds=(-1, 1))
    answers = keeper.ask_each(lambda rows: rows[0] * rows[1][:, None], names=[f"x{i}" for i in range(30)])
    assert answers[0] == pytest.approx(0.4, abs=0.13)
    assert np.abs(answers[1:]).max() < 0.15
    right = keeper.ask(lambda rows: rows[0][:, 0] == rows[1], "rule")
    assert (right.value, right.source) == (pytest.approx(0.7, abs=0.05), "training")
    record = keeper.record()
    kept = (holdout[1][0] * holdout[1][1][:, None]).mean(axis=0)
    assert not set(kept[1:].tolist()) & set(json.dumps(record.to_json()).replace(",", " ").split())
    assert record.names[-1] == "rule"
    assert 0.1 < record.tolerance < 1.0


def test_a_question_that_fits_only_the_training_rows_costs_an_answer(holdout):
    keeper = reusable_holdout(*holdout, budget=1)
    rote = {row.tobytes() for row in holdout[0][0]}
    found = keeper.ask(lambda rows: [row.tobytes() in rote for row in rows[0]])
    assert (found.source, found.left) == ("holdout", 0)
    assert float(found) < 0.1
    assert keeper.record().status.outcome is Outcome.BUDGET
    refused = keeper.ask(lambda rows: rows[1] > 0)
    assert refused.source == "refused"
    assert math.isnan(refused.value)
    assert "fresh rows" in str(keeper)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (lambda rows: rows[0], "one number a row"),
        (lambda rows: ["yes"] * len(rows[1]), "must be numbers"),
        (lambda rows: np.where(rows[1] > 0, np.nan, 1.0), "NaN"),
        (lambda rows: 3.0 * rows[1], "between -1 and 1"),
        (lambda rows: rows[1][:-1], "questions before gave 1000"),
    ],
)
def test_a_question_without_an_answer_is_refused(holdout, question, message):
    keeper = reusable_holdout(*holdout, bounds=(-1, 1))
    keeper.ask(lambda rows: rows[1])
    with pytest.raises(DataError, match=message):
        keeper.ask(question)
    assert len(keeper.record().names) == 1


def test_bounds_and_names_must_fit(holdout):
    with pytest.raises(DataError, match="bounds"):
        reusable_holdout(*holdout, bounds=(1, 0))
    with pytest.raises(DataError, match="30 questions came with 1 names"):
        reusable_holdout(*holdout).ask_each(lambda rows: rows[0], names=["x"])


# conformal selection


def test_the_better_score_is_chosen_and_the_selected_are_mostly_wanted():
    found, truth = selection()
    assert {found.candidates[j] for j in found.selected} == {"good"}
    assert len(found.selected) >= 5
    assert np.mean(truth[list(found.selected)] > 0.5) > 0.6
    assert found.table().records()[0]["selected"] == "yes"
    assert found.labelled == 100


def test_sklearn_learners_and_functions_do_alike():
    from sklearn.linear_model import LinearRegression

    random = np.random.default_rng(3)
    X = random.normal(size=(90, 2))
    y = X[:, 0] + 0.3 * random.normal(size=90)

    def line(X, excess):
        X1 = np.column_stack([X, np.ones(len(X))])
        slopes = np.linalg.lstsq(X1, excess, rcond=None)[0]
        return lambda at: np.column_stack([at, np.ones(len(at))]) @ slopes

    one, two = (
        conformal_selection(y[:60], learners=learner, inputs=X[:60], new_inputs=X[60:], cutoff=0.7, level=0.3)
        for learner in (LinearRegression(), line)
    )
    assert one.selected == two.selected
    assert len(one.selected) > 3
    assert one.scores == pytest.approx(two.scores)


def test_why_none_was_selected_is_told():
    found = conformal_selection([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [1.0, 3.0], cutoff=0.5, level=0.1)
    assert found.selected == ()
    assert "with 3 labelled rows no p-value can be below 0.25; label 10 rows or more" in found.status.message
    assert "outscore" in str(conformal_selection(np.zeros(30), np.arange(30.0), [5.0, 3.0], cutoff=0.5, level=0.1))
    noise = np.random.default_rng(0).normal(size=(2, 50))
    assert "smallest p-value" in str(conformal_selection(noise[0], noise[1], [-3.0, -2.0], cutoff=0.5))
    unlucky = Found(np.full(5, 0.01), np.zeros(5), np.zeros(5), np.full(5, 3.0), np.zeros(5, dtype=bool))
    message = _selected(unlucky, np.ones(99, dtype=bool), 0.1).message
    assert "5 had p-values that are small enough, and the draw that keeps the rate dropped them all" in message


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({}, MethodError, "either scores and new_scores, or learners"),
        ({"scores": [1, 2], "new_scores": [1], "learners": len}, MethodError, "either"),
        ({"scores": [1, 2, 3], "new_scores": [1]}, DataError, r"n = 2"),
        ({"scores": {"a": [1, 2]}, "new_scores": [1]}, DataError, "both by name"),
        ({"scores": {"a": [1, 2]}, "new_scores": {"b": [1]}}, DataError, "same candidates; came a and b"),
        ({"scores": {"a": [1, 2], "b": [1, 2]}, "new_scores": {"a": [1], "b": [1, 2]}}, DataError, "differ in length"),
        ({"scores": [1, np.nan], "new_scores": [1]}, DataError, "NaN"),
        ({"scores": ["a", "b"], "new_scores": [1]}, DataError, "numbers are wanted"),
        ({"scores": [1, 2], "new_scores": [1], "names": ["a", "b"]}, DataError, "1 new instances came with 2 names"),
        ({"scores": [1, 2], "new_scores": [1], "cutoff": [1, 2, 3]}, DataError, "cutoff"),
        ({"learners": lambda X, e: 3, "inputs": [[1], [2]], "new_inputs": [[1]]}, MethodError, "fitting gave int"),
        ({"learners": {}, "inputs": [[1], [2]], "new_inputs": [[1]]}, MethodError, "none came"),
        ({"learners": len, "inputs": [[1], [2]], "new_inputs": [[1, 2]]}, DataError, "same columns"),
    ],
)
def test_a_selection_that_cannot_be_made_is_refused(settings, kind, message):
    with pytest.raises(kind, match=message):
        conformal_selection([0.0, 1.0], **{"cutoff": 0.5} | settings)


# online calibration


def test_a_stream_is_put_right_and_every_forecast_is_from_before():
    p, y = stream(2000)
    found = online_calibration(p, y)
    assert found.calibration_error("as it came") > 0.12
    for kind in ("scaled", "tracked", "hedged"):
        assert found.calibration_error(kind) < 0.07
    half = online_calibration(p[:1001], y[:1000])
    assert half.forecasts["tracked"].tolist() == found.forecasts["tracked"][:1001].tolist()


def test_one_by_one_gives_what_the_whole_stream_gives():
    p, y = stream(50)
    whole = online_calibration(p, y, seed=4)
    running, said = calibrator(seed=4), []
    for score, outcome in zip(p, y, strict=True):
        said.append(running.forecast(float(score)).hedged)
        running.tell(float(outcome))
    assert whole.forecasts["hedged"].tolist() == said


def test_without_outcomes_there_are_forecasts_and_no_errors():
    found = online_calibration([0.2, 0.9], [])
    assert found.forecasts["scaled"] == pytest.approx([0.2, 0.9])
    assert math.isnan(found.log_loss("scaled"))
    assert "0 outcomes are few" in str(found)


@pytest.mark.parametrize(
    ("scores", "outcomes", "message"),
    [
        ([0.2, 1.4], [0, 1], r"0.2 \.\. 1.4"),
        ([0.2], [2], "0 or 1 each"),
        ([0.2], [0, 1], "one for each of 1 scores"),
        ([0.2], ["yes"], "0 or 1 each"),
        ([], [], "no numbers came"),
    ],
)
def test_a_stream_that_is_none_is_refused(scores, outcomes, message):
    with pytest.raises(DataError, match=message):
        online_calibration(scores, outcomes)


# the private test


def test_a_clear_effect_is_seen_and_nothing_but_the_noisy_count_is_told():
    rows = np.random.default_rng(0).normal(1.0, 1.0, 100)
    found = private_test(t_test, rows, seed=3)
    assert found.rejected
    assert found.p_value < 0.05
    assert "not private" in str(found)
    other = private_test(t_test, rows + 1e-9, seed=3)
    assert found.to_json()["receipt"]["problem_hash"] == other.to_json()["receipt"]["problem_hash"] == ""


def test_without_a_seed_the_noise_is_new_each_time_and_its_seed_is_not_told():
    rows = np.random.default_rng(0).normal(1.0, 1.0, 50)
    several = [private_test(t_test, rows) for _ in range(4)]
    assert len({one.noisy_count for one in several}) == 4
    assert {one.receipt.seed for one in several} == {-1}
    assert not several[0].notes


def test_rows_of_every_kind_are_cut():
    x = np.random.default_rng(1).normal(0.8, 1.0, 80)
    kinds = {
        "array": (x, t_test),
        "tuple": ((x, x), lambda part: t_test(part[1])),
        "mapping": ({"x": x}, lambda part: t_test(part["x"])),
        "frame": (pd.DataFrame({"x": x}), lambda part: t_test(part["x"])),
    }
    found = {name: private_test(function, rows, seed=5).noisy_count for name, (rows, function) in kinds.items()}
    assert len(set(found.values())) == 1


def test_a_function_that_warns_on_some_rows_says_nothing():
    def warns(part):
        warnings.warn("there is someone of 103 years", stacklevel=1)
        return 0.5

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        private_test(warns, np.ones(20), seed=0)
    assert heard == []


@pytest.mark.parametrize(
    ("function", "settings", "message"),
    [
        (lambda part: 1 / 0, {}, "fails on 4 made-up rows: ZeroDivisionError"),
        (lambda part: "small", {}, "must return one number"),
        (lambda part: 2.0, {}, "from 0 to 1; it returned 2"),
        (t_test, {"epsilon": -1.0}, "epsilon"),
        (t_test, {"rehearsal": ["a", "b"]}, "fails on"),
    ],
)
def test_mistakes_show_before_the_function_meets_the_rows(function, settings, message):
    def spy(part):
        met.append(part)
        return function(part)

    rows, met = np.arange(20.0), []
    with pytest.raises(ParametraError, match=message):
        private_test(spy, rows, **settings)
    assert not any(np.isin(part, rows[3:]).any() for part in met)


@pytest.mark.parametrize("rows", [(np.ones(3), np.ones(4)), 3.0, {}])
def test_rows_that_are_none_are_refused(rows):
    with pytest.raises(DataError, match="rows:"):
        private_test(t_test, rows)


def test_named_tests_are_those_of_scipy():
    from parametra.nouns.table import read_table

    random = np.random.default_rng(0)
    x, g = random.normal(size=40), np.where(random.uniform(size=40) < 0.5, "a", "b")
    table = read_table({"x": x, "z": x**2, "g": g})
    p_value, rows = named_test("mann_whitney", table, ("x",), "g", 0.0)
    assert p_value(rows) == pytest.approx(mannwhitneyu(x[g == "a"], x[g == "b"]).pvalue)
    p_value, rows = named_test("t_test", table, ("x",), None, 0.3)
    assert p_value(rows) == pytest.approx(ttest_1samp(x, 0.3).pvalue)
    for name, columns, group, message in (
        ("z_test", ("x",), None, "did you mean"),
        ("correlation", ("x",), None, "takes 2"),
        ("correlation", ("x", "z"), "g", "no group"),
        ("mann_whitney", ("x",), None, "two groups"),
        ("t_test", ("x",), "z", "must hold two values"),
        ("t_test", ("g",), None, "holds text"),
    ):
        with pytest.raises(ParametraError, match=message):
            named_test(name, table, columns, group, 0.0)


# promises


def test_a_promise_that_is_not_kept_is_said_to_be(monkeypatch):
    monkeypatch.setattr("parametra.verbs._promise_conformal_selection.LEVEL", 0.9)
    monkeypatch.setattr("parametra.verbs._promise_conformal_selection.Claim", _strict)
    found = promise("conformal_selection", runs=2)
    assert found.status.outcome is Outcome.FAILED
    assert not found.kept
    assert "not kept: optimised, false-discovery rate" in str(found)


def _strict(what, promised, sense, delivered, error=None, allowance=0.0):
    return Claim(what, None if promised is None else -1.0, sense, delivered, error)


def test_what_chance_allows_is_told_beside_the_promise():
    claim = Claim("error", 0.05, "at most", 0.06, 0.01, 0.02)
    assert claim.kept
    assert claim.words == "at most 0.05, by chance 0.07"
    assert not Claim("error", 0.05, "at most", 0.08, 0.01, 0.02).kept
    assert Claim("power", 0.8, "at least", 0.79, 0.01, 0.02).kept
    assert not Claim("power", 0.8, "at least", 0.77, 0.01, 0.02).kept


def test_a_promise_of_nobody_is_refused():
    with pytest.raises(MethodError, match='did you mean "private_test"'):
        promise("private_tets")
    with pytest.raises(MethodError, match="one run or more"):
        promise("private_test", runs=0)
