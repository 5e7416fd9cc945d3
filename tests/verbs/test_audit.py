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
        ({"loss": {}}, {}, "none came"),
        ({"loss": "absolute"}, {}, "str came"),
        ({"start": {"x": {"start": [1, 2]}}}, {}, "a mapping of names"),
        ({"loss": {"x": {}}}, {"settings": {"start": 1}}, 'did you mean "starts"'),
        ({"loss": {"x": {}}}, {"settings": {"noise": 1}}, "settings are arguments of a fit"),
        ({"loss": {"x": {}}}, {"quantities": "rate"}, "a list of labels"),
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
        ({"rows": [True]}, "a mask over its 40 rows"),
        ({"rows": [100]}, "indices from 0 to 39; 100 came"),
        ({"rows": [-1]}, "-1 came"),
        ({"rows": [0.9, 1.7]}, "[0.9, 1.7] came"),
        ({"rows": "first"}, "'first' came"),
        ({"rows": [3, 3]}, "3 came 2 times"),
        ({"rows": [1, 0] * 20}, "For a mask give True and False"),
        ({"rows": [[1], [1, 2]]}, "unequal lengths"),
        ({"rows": []}, "no observation at all"),
        ({"rows": {"dta": [1]}}, 'did you mean "data"'),
        ({"weights": "x"}, "'x' came"),
        ({"weights": [0.0] + [1.0] * 39}, "that of row 0 is 0. To leave a row out use rows"),
        ({"data": "abc.csv"}, "Data"),
        ({"loss": "absolute", "loss_scale": -1}, "loss_scale=-1: a number above zero"),
        ({"loss_scale": "x"}, "loss_scale='x'"),
        (lambda problem: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda problem: None, "returned NoneType, where a Problem is wanted"),
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
    with pytest.raises(MethodError, match="audit takes a Problem; str came"):
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


LINE = {"a": pm.Real(guess=1), "b": pm.Real(guess=1)}


def _line(data=None, **more):
    if data is None:
        x = np.arange(8.0)
        y = 1 + 2 * x + 0.1 * np.random.default_rng(1).standard_normal(8)
        data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y")
    return pm.Problem("a + b * x", data, more.pop("parameters", LINE), title="line", **more)


def _all(choices, problem=None, **more):
    return audit(problem or _line(), choices, combinations=True, settings={"starts": 1, **more})


def test_combined_choices_join_what_goes_together():
    told = _all(
        {
            "a": {"held": {"fixed": {"a": 0.5}}},
            "b": {"held": {"fixed": {"b": 2.5}}, "free": {"start": {"b": 9.0}}},
            "late": {"out": {"rows": np.arange(7)}},
            "early": {"out": {"rows": np.arange(1, 8)}},
        }
    )
    both = told.row("a: held, b: held")
    assert (both.values["a"], both.values["b"]) == (0.5, 2.5)
    assert told.row("a: held, b: free").values["a"] == 0.5
    assert told.row("late: out, early: out").points == 6
    assert told.row("a: held, b: held, late: out, early: out").points == 6


@pytest.mark.parametrize(
    ("first", "second", "subject"),
    [
        ({"fixed": {"a": 0.5}}, {"fixed": {"a": 0.6}}, 'the parameter "a"'),
        ({"parameters": {"a": pm.Positive(guess=1)}}, {"fixed": {"a": 0.6}}, 'the parameter "a"'),
        ({"start": {"a": 0.5}}, {"start": {"a": 0.6}}, 'start of "a"'),
        ({"loss": "huber"}, {"loss": "cauchy"}, "loss"),
        ({"weights": np.ones(8)}, {"weights": np.arange(1.0, 9)}, "weights"),
        ({"options": {"maximum_iterations": 50}}, {"options": {"maximum_iterations": 60}}, "options"),
        ({"noise": pm.Normal(sigma=0.1)}, {"noise": {"y": pm.Normal(sigma=0.2)}}, "noise"),
        ({"noise": {"y": pm.Normal(sigma=0.2)}}, {"noise": pm.Normal(sigma=0.1)}, "noise"),
        (_line(parameters={**LINE, "a": pm.Positive(guess=1)}), {"fixed": {"a": 0.6}}, 'the parameter "a"'),
        (lambda problem: problem.with_model("a - b * x"), {"model": "b + a * x"}, "model"),
        (lambda problem: pm.Problem("a + b * x", problem.data_sets, LINE, noise=pm.Normal(sigma=0.1)),
         {"noise": {"y": pm.StudentT(4)}}, "noise"),
    ],
)  # fmt: skip
def test_choices_that_contradict_one_another_are_a_row_that_says_so(first, second, subject):
    told = _all({"one": {"x": first}, "two": {"y": second}})
    row = told.row("one: x, two: y")
    assert row.status.outcome is Outcome.FAILED
    assert f'"one: x" and "two: y" both change {subject}' in row.status.message
    assert row.values["a"] is None


def test_the_same_said_twice_is_no_contradiction():
    told = _all({"one": {"x": {"fixed": {"a": 0.5}, "loss": "huber"}}, "two": {"y": {"fixed": {"a": 0.5}}}})
    assert told.row("one: x, two: y").values["a"] == 0.5


def _masked():
    x = np.linspace(0.1, 4, 40)
    y = _data().outputs["y"].copy()
    y[0] = np.nan
    return pm.Data({"x": x, "y": y}, inputs=["x"], output="y", missing="mask")


def test_rows_are_those_of_the_table_where_some_are_masked(problem):
    mask = np.ones(40, dtype=bool)
    mask[[5, 20]] = False
    masked = problem.with_data(_masked())
    told = audit(masked, {"rows": {"indices": {"rows": GOOD}, "mask": {"rows": mask}}}, settings={"starts": 4})
    right = pm.fit(problem.with_data(_data_of(GOOD[1:])), starts=4)
    for name in ("indices", "mask"):
        row = told.row(f"rows: {name}")
        assert row.points == 37
        assert row.values["size"] == pytest.approx(right.estimate["size"], rel=1e-6)


def test_rows_of_a_table_that_lost_some_are_refused():
    table = {"x": [0.0, np.nan, 2, 3, 4], "y": [1.0, 2, 3, 4, 5.1]}
    lost = _line(pm.Data(table, inputs=["x"], output="y", missing="mask"))
    told = audit(lost, {"rows": {"indices": {"rows": [0, 1, 2]}, "mask": {"rows": [True, True, True, False]}}})
    assert "drop them from the table" in told.row("rows: indices").status.message
    assert told.row("rows: mask").points == 3


def test_rows_of_several_data_sets_and_outputs():
    x, scatter = np.arange(6.0), np.random.default_rng(2).standard_normal((2, 6))
    table = {"x": x, "u": 1 + 2 * x + scatter[0], "v": 1 - 2 * x + scatter[1]}
    sets = {k: pm.Data(table, inputs=["x"], output=["u", "v"]) for k in ("one", "two")}
    both = pm.Problem({"u": "a + b * x", "v": "a - b * x"}, sets, LINE, noise=pm.Normal(sigma=1.0))
    told = audit(both, {"rows": {"named": {"rows": {"two": [0, 1, 2, 3]}}, "unnamed": {"rows": [0, 1]}}})
    assert told.row("rows: named").points == 12 + 8
    assert "rows must say whose they are" in told.row("rows: unnamed").status.message


def test_rows_do_not_go_over_to_other_data():
    short = pm.Data({"x": [0.0, 1, 2, 3], "y": [1.0, 3, 5.1, 7]}, inputs=["x"], output="y")
    told = _all({"rows": {"late": {"rows": [4, 5, 6, 7]}}, "data": {"short": {"data": short}}})
    assert "stated for data of 8 rows, and those here have 4" in told.row("rows: late, data: short").status.message
    own = audit(_line(), {"data": {"part": {"data": short, "rows": [0, 2, 3]}}})
    assert own.row("data: part").points == 3


def test_doubts_are_counted_and_listed(told):
    row = told.row("loss: absolute")
    assert any(doubt.startswith("errors: none, because least absolute deviations") for doubt in row.doubts)
    count = sum(bool(row.doubts) for row in told.rows)
    assert told.status.message == f"all {len(told.rows)} fits converged; {count} of them with doubts"
    text = " ".join(str(told).split())
    for each in told.rows:
        for doubt in each.doubts:
            assert " ".join(doubt.split()) in text
    at = told.table().columns.index("doubts")
    assert told.table().rows[2][at] == " ".join(row.doubts)


def test_nothing_moves_where_nothing_is_changed():
    told = audit(_line(), {"start": {"there": {"start": {"a": 1.1}}}})
    assert told.moves_most("a") is None
    assert "over all choices; moved by none" in str(told)


def test_values_in_other_units_are_not_compared():
    def timed(factor, unit):
        x = np.arange(8.0)
        y = 1 + 2 * x + 0.1 * np.random.default_rng(1).standard_normal(8)
        data = pm.Data({"x": x * factor, "y": y}, inputs=["x"], output="y", units={"x": unit, "y": "m"})
        free = {"a": pm.Real(guess=1, unit="m"), "b": pm.Real(guess=1, unit=f"m/{unit}")}
        return pm.Problem("a + b * x", data, free, title="line")

    told = audit(timed(60.0, "s"), {"time": {"minutes": timed(1.0, "min"), "seconds": timed(60.0, "second")}})
    row = told.row("time: minutes")
    assert row.differences["b"] is None and row.differences["a"] == pytest.approx(0, abs=1e-6)
    assert any("b is in m/min here and in m/s as stated" in doubt for doubt in row.doubts)
    assert told.row("time: seconds").differences["b"] == pytest.approx(0, abs=1e-6)
    low, high = told.range("b")
    assert high == pytest.approx(low)
    assert told.moves_most("b") is None
    assert len(told.plot().axes) == 2


def test_a_ready_made_model_is_a_form():
    ready = pm.model("kinetics.michaelis_menten")
    free = {"V": pm.Positive(guess=200), "K": pm.Positive(guess=0.1)}
    power = pm.Problem("V * substrate / (K + substrate)", ready.known[0].data(), free, derived={"slope": "V / K"})
    told = audit(power, {"model": {"ready": {"model": ready}, "held": {"model": ready, "fixed": {"K": 0.06}}}})
    assert told.row("model: ready").values["slope"] == pytest.approx(told.stated.values["slope"], rel=1e-6)
    assert told.row("model: held").values["K"] == 0.06


@pytest.mark.parametrize("noise", [pm.Normal(sigma=0.1), None])
def test_errors_of_absolute_deviations_are_those_of_medians_drawn_again(noise):
    """Of a constant, the least absolute deviation is the median, and its refits are medians of drawn rows."""
    y = 3 + np.random.default_rng(5).standard_t(2, 41)
    data = pm.Data({"x": np.arange(41.0), "y": y}, inputs=["x"], output="y")
    constant = pm.Problem("a", data, {"a": pm.Real(guess=1)}, noise=noise, title="constant")
    told = audit(constant, {"loss": {"absolute": {"loss": "absolute"}}}, replicates=400)
    row = told.row("loss: absolute")
    assert told.status.ok and row.values["a"] == pytest.approx(np.median(y), rel=1e-5)
    drawn = np.median(np.random.default_rng(0).choice(y, (20000, 41)), axis=1)
    assert row.errors["a"] == pytest.approx(drawn.std(), rel=0.12)  # of 400 refits, 3.5 % is one standard error
    assert row.intervals["a"] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.5 * drawn.std())


def test_robust_refits_beside_an_estimated_sigma_say_why_there_are_no_errors(problem):
    row = audit(_line(), {"loss": {"huber": {"loss": "huber"}}}, replicates=50).row("loss: huber")
    assert row.values["a"] is not None
    assert row.status.message.startswith("estimated, without errors: refits know no robust loss beside")
