"""An audit as a person meets it: what each choice changes, what is refused, what is kept and drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.audit_result import Audit
from parametra.nouns.errors import MethodError, ParametraError
from parametra.nouns.noise_huber import Huber
from parametra.nouns.noise_positive import LogNormal
from parametra.nouns.status import Outcome
from parametra.nouns.storage import load
from parametra.verbs.audit import MOST, audit


def _data(wild=True):
    x = np.linspace(0.1, 4, 40)
    y = 0.5 + 3 * np.exp(-0.9 * x) + 0.02 * np.random.default_rng(7).standard_normal(40)
    if wild:
        y[[5, 20]] += [1.5, 2.0]
    return pm.Data({"x": x, "y": y}, inputs=["x"], output="y")


@pytest.fixture(scope="module")
def problem():
    free = {"floor": pm.Positive(guess=1), "size": pm.Positive(guess=2), "rate": pm.Log(0.05, 20, guess=1)}
    return pm.Problem("floor + size * exp(-rate * x)", _data(), free, derived={"half": "log(2) / rate"}, title="decay")


GOOD = np.delete(np.arange(40), [5, 20])
CHOICES = {
    "rows": {"without the wild ones": {"rows": GOOD}},
    "loss": {"absolute": {"loss": "absolute"}, "huber": {"loss": "huber", "loss_scale": 0.03}},
    "scale": {"logarithms": {"noise": LogNormal()}},
    "form": {"no floor": {"model": "size * exp(-rate * x)"}},
    "start": {"far": {"start": {"rate": 15.0, "size": 0.1}, "starts": 1}},
    "method": {"lbfgs": {"method": "lbfgs"}},
    "weighting": {"late": {"weights": np.linspace(0.1, 2, 40)}},
    "held": {"floor 0.5": {"fixed": {"floor": 0.5}}},
    "one's own": {"half the data": lambda problem: problem.with_data(_data(wild=False))},
}


@pytest.fixture(scope="module")
def told(problem):
    return audit(problem, CHOICES, settings={"starts": 4})


def test_every_choice_is_fitted_and_measured_in_errors_of_the_problem_as_stated(told, problem):
    assert [row.label for row in told.rows] == [
        "as stated",
        *(f"{c}: {a}" for c, each in CHOICES.items() for a in each),
    ]
    assert told.status.ok, told.status
    assert told.quantities == ("floor", "size", "rate", "half")
    plain = pm.fit(problem, starts=4)
    assert told.stated.values["rate"] == plain.estimate["rate"]
    assert told.stated.differences["rate"] == 0
    without = pm.fit(problem.with_data(_data_of(GOOD)), starts=4)
    row = told.row("rows: without the wild ones")
    assert row.values["rate"] == pytest.approx(without.estimate["rate"], rel=1e-6)
    assert row.points == 38
    assert row.differences["size"] == pytest.approx(
        (without.estimate["size"] - plain.estimate["size"]) / plain.standard_error["size"], rel=1e-5
    )


def _data_of(rows):
    whole = _data()
    return pm.Data({"x": whole.inputs["x"][rows], "y": whole.outputs["y"][rows]}, inputs=["x"], output="y")


def test_absolute_deviations_are_those_of_linear_programming(told):
    """The minimum of a sum of absolute values goes through as many points as there are parameters."""
    row, data = told.row("loss: absolute"), _data()
    x, y = data.inputs["x"], data.outputs["y"]

    def total(floor, size, rate):
        return np.abs(y - floor - size * np.exp(-rate * x)).sum()

    best = tuple(row.values[name] for name in ("floor", "size", "rate"))
    residuals = np.abs(y - best[0] - best[1] * np.exp(-best[2] * x))
    assert np.count_nonzero(residuals < 1e-6) == 3
    for i in range(3):
        for step in (-1e-4, 1e-4):
            assert total(*(v + step * (j == i) for j, v in enumerate(best))) > total(*best)
    assert row.errors["rate"] is None
    assert abs(row.values["rate"] - 0.9) < 0.1


def test_weights_divide_the_standard_deviations(told):
    x, weights = _data().inputs["x"], np.linspace(0.1, 2, 40)
    table = {"x": x, "y": _data().outputs["y"], "s": 1 / np.sqrt(weights)}
    free = {"floor": pm.Positive(guess=1), "size": pm.Positive(guess=2), "rate": pm.Log(0.05, 20, guess=1)}
    data = pm.Data(table, inputs=["x"], output="y", sigma="s")
    fit = pm.fit("floor + size * exp(-rate * x)", data, free, noise=pm.Normal(scale="estimated"), starts=4)
    assert told.row("weighting: late").values["rate"] == pytest.approx(fit.estimate["rate"], rel=1e-6)


def test_a_form_without_a_quantity_leaves_it_out(told):
    row = told.row("form: no floor")
    assert row.values["floor"] is None
    assert row.differences["floor"] is None
    assert row.values["half"] == pytest.approx(np.log(2) / row.values["rate"])
    held = told.row("held: floor 0.5")
    assert held.values["floor"] == 0.5
    assert held.errors["floor"] is None


def test_text_table_and_checklist_tell_what_moved_and_what_only_the_person_knows(told):
    text = str(told)
    assert "rate: " in text and "over all choices; moved most by" in text
    low, high = told.range("rate")
    assert low <= told.stated.values["rate"] <= high
    assert told.moves_most("rate").label in text
    assert len(told.table()) == len(told.rows)
    assert "rate difference in errors" in told.table().columns
    listed = told.checklist_text()
    assert "[x] The form of the law: y = floor + size * exp(-rate * x)" in listed
    assert "[ ] Where data and code are: to be told by you" in listed
    assert "method (lbfgs)" in listed


def test_it_is_kept_number_by_number_and_drawn(told, tmp_path):
    told.save(tmp_path / "audit.json")
    again = load(tmp_path / "audit.json")
    assert isinstance(again, Audit)
    assert again.rows == told.rows
    assert again.views == ()
    assert json.loads(json.dumps(told.to_json()))["rows"][0]["label"] == "as stated"
    assert told.to_xarray()["estimate"].sel(quantity="rate").values[0] == told.stated.values["rate"]
    assert len(told.plot().axes) == 4


def test_combinations_refits_and_a_refused_alternative(problem):
    choices = {
        "rows": {"without": {"rows": GOOD}},
        "noise": {"huber": {"noise": Huber(1.0, sigma=0.02)}},
        "model": {"wrong": {"model": "size * exp(-rate * time)"}},
    }
    told = audit(problem, choices, combinations=True, quantities=["rate"], settings={"starts": 1}, replicates=50)
    assert len(told.rows) == 8
    assert told.status.outcome is Outcome.BUDGET
    bad = told.row("model: wrong")
    assert bad.status.outcome is Outcome.FAILED
    assert "time" in bad.status.message
    both = told.row("rows: without, noise: huber")
    assert both.changed == {"rows": "without", "noise": "huber"}
    low, high = both.intervals["rate"]
    assert low < both.values["rate"] < high
    assert told.errors.startswith("50 refits")
    assert "refused" in str(told)
    assert len(told.plot().axes) == 1


@pytest.mark.parametrize(
    ("choices", "more", "words"),
    [
        ({}, {}, "none came"),
        ({"loss": {"x": {"lose": 1}}}, {}, 'says "lose"'),
        ({"loss": {"x": 3}}, {}, "int came"),
        ({"loss": {"x": {}}}, {"quantities": ["rat"]}, 'has no "rat"'),
        ({"loss": {"x": {}}}, {"replicates": 10}, "0, or 50 or more"),
        ({f"c{i}": {"x": {}} for i in range(10)}, {"combinations": True}, f"an audit fits {MOST} at most"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(problem, choices, more, words):
    with pytest.raises(ParametraError, match=words):
        audit(problem, choices, **more)


@pytest.mark.parametrize(
    ("alternative", "words"),
    [
        ({"rows": [True]}, "mask over the 40"),
        ({"rows": np.zeros(40, dtype=bool)}, "no observation at all"),
        ({"weights": [1.0, 2.0]}, "40 numbers above zero"),
        ({"start": {"rat": 1.0}}, 'a start names "rat"'),
        ({"noise": pm.LogLikelihood("-(observed - predicted)**2"), "loss": "absolute"}, "needs residuals"),
        ({"noise": pm.LogLikelihood("-(observed - predicted)**2"), "weights": np.ones(40)}, "standard deviations"),
    ],
)
def test_an_alternative_that_cannot_be_is_a_row_that_says_so(problem, alternative, words):
    told = audit(problem, {"it": {"is": alternative}}, quantities=["rate"], settings={"starts": 1})
    assert words in told.row("it: is").status.message


def test_it_takes_a_problem_and_two_whole_ones_do_not_combine(problem):
    with pytest.raises((MethodError, Exception), match="Problem"):
        audit("a + b*x", {"loss": {"x": {}}})
    told = audit(
        problem, {"a": {"one": problem}, "b": {"two": problem}}, combinations=True, quantities=["rate"],
        settings={"starts": 1},
    )  # fmt: skip
    assert "both replace the whole problem" in told.row("a: one, b: two").status.message
    with pytest.raises(ParametraError, match='has no "c"'):
        told.row("c")
    with pytest.raises(ParametraError, match='has no "size"'):
        told.range("size")
