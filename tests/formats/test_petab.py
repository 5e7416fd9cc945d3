"""PEtab tables as parameters, data sets and noise, and what is told when something in them is wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

import parametra as pm
from parametra.formats.petab import read_petab
from parametra.maths import distributions
from parametra.nouns.errors import FileError
from parametra.nouns.parameter import Fixed, Log, Real
from petab_files import EXAMPLE, example, problem

DECAY = {
    "species": {"A": {"initialConcentration": 2.0}, "B": {}},
    "parameters": {"k": 0.5, "kb": 0.1, "b0": 4.0},
    "initial": {"B": "b0 / k"},
    "reactions": {"loss": ({"A": 1}, {}, "k * A * box"), "other": ({"B": 1}, {}, "kb * B * box")},
}
TIMES = np.array([0.0, 1.0, 3.0])


def read(folder, **more):
    """A problem about the decay of A (rate k = 0.5) and B (rate 0.1), integrated by SciPy, which needs no compiler."""
    fixed, tolerance = more.pop("fixed", True), more.pop("absolute", None)
    file = problem(folder, **{"model": DECAY, "observables": {"a": "A"}, **more})
    return read_petab(file, fixed=fixed, solver="lsoda", absolute_tolerance=tolerance)


def rows(observable="a", times=TIMES, **more):
    return [{"observableId": observable, "time": t, **more} for t in times]


def predictions(made):
    """(name of the data set, output) to predictions."""
    found = made.compared(made.space.guess_named, made.arrays)
    return {(made.data_sets[i].name, output): values for i, output, values in found}


# ---- parameters


def parameter(folder, **row):
    row = {"parameterId": "k", **row}
    return read(folder, measurements=rows(), parameters=[row], fixed=False).stated_space["k"]


def test_scales_bounds_and_nominal_values(tmp_path):
    assert parameter(tmp_path, lowerBound=-1, upperBound=3, nominalValue=2) == Real(-1, 3, guess=2)
    assert parameter(tmp_path, parameterScale="log10", lowerBound=0.1, upperBound=3, nominalValue=2) == Log(
        0.1, 3, guess=2
    )
    assert parameter(tmp_path, parameterScale="log", lowerBound="", upperBound="inf", nominalValue="") == Log()
    assert parameter(tmp_path, lowerBound="-inf", upperBound="", nominalValue="") == Real()
    assert parameter(tmp_path, estimate=0, nominalValue=7) == Fixed(7)


PRIORS = {
    ("lin", "normal", "1;2"): distributions.Normal(1, 2),
    ("log10", "normal", "1;2"): distributions.Normal(1, 2),
    ("log", "parameterScaleNormal", "1;2"): distributions.LogNormal(1, 2),
    ("log10", "parameterScaleNormal", "1;2"): distributions.LogNormal(math.log(10), 2 * math.log(10)),
    ("lin", "parameterScaleNormal", "1;2"): distributions.Normal(1, 2),
    ("lin", "logNormal", "1;2"): distributions.LogNormal(1, 2),
    ("log", "uniform", "1;2"): distributions.Uniform(1, 2),
}


@pytest.mark.parametrize("case", PRIORS)
def test_priors(tmp_path, case):
    scale, kind, numbers = case
    stated = {"objectivePriorType": kind, "objectivePriorParameters": numbers, "lowerBound": 0.01}
    assert parameter(tmp_path, parameterScale=scale, **stated).prior == PRIORS[case]


def test_priors_that_are_flat_on_the_scale_only_narrow_the_bounds(tmp_path):
    stated = {"objectivePriorType": "parameterScaleUniform", "nominalValue": ""}
    found = parameter(tmp_path, parameterScale="log10", objectivePriorParameters="-1;2", lowerBound=1e-5, **stated)
    assert (found.lower, found.upper) == pytest.approx((0.1, 100))
    assert isinstance(found, Log)
    assert found.prior is None
    stated["objectivePriorType"] = "uniform"
    assert parameter(tmp_path, objectivePriorParameters="2;200", **stated) == Real(2, 100)


@pytest.mark.parametrize("scale", ["lin", "log10"])
def test_laplace_priors(tmp_path, scale):
    stated = {"objectivePriorType": "parameterScaleLaplace", "objectivePriorParameters": "1;0.5", "lowerBound": 0.01}
    prior = parameter(tmp_path, parameterScale=scale, **stated).prior
    u = np.array([0.01, 0.2, 0.5, 0.7, 0.99])
    x = prior.quantile(u)
    np.testing.assert_allclose(prior.cdf(x), u, rtol=1e-12)
    step = 1e-6 * x
    slope = (prior.cdf(x + step) - prior.cdf(x - step)) / (2 * step)
    np.testing.assert_allclose(np.exp(prior.log_density(x))[[0, 1, 3, 4]], slope[[0, 1, 3, 4]], rtol=1e-6)
    assert prior.median == pytest.approx(10 if scale == "log10" else 1)
    turned = np.imag(prior.log_density(x + 1e-30j)) / 1e-30
    wanted = (prior.log_density(x + step) - prior.log_density(x - step)) / (2 * step)
    np.testing.assert_allclose(turned[[0, 1, 3, 4]], wanted[[0, 1, 3, 4]], rtol=1e-5)


# ---- conditions


def test_conditions_put_numbers_and_parameters_in_place(tmp_path):
    conditions = [
        {"conditionId": "one", "k": 0.25, "A": 3},
        {"conditionId": "two", "k": "rate", "A": ""},
        {"conditionId": "three", "k": "", "A": "start"},
    ]
    parameters = [{"parameterId": "rate", "nominalValue": 0.75}, {"parameterId": "start", "nominalValue": 9}]
    measurements = [row for c in ("one", "two", "three") for row in rows(simulationConditionId=c)]
    made = read(tmp_path, measurements=measurements, conditions=conditions, parameters=parameters)
    found = predictions(made)
    for name, start, rate in (("one", 3, 0.25), ("two", 2, 0.75), ("three", 9, 0.5)):
        np.testing.assert_allclose(found[name, "a"], start * np.exp(-rate * TIMES), rtol=1e-6)
    assert type(made.model.function) is pm_ode()


def pm_ode():
    from parametra.nouns.ode import ODE

    return ODE


def test_an_empty_cell_leaves_the_models_own_formula(tmp_path):
    conditions = [{"conditionId": "own", "k": 0.25}, {"conditionId": "stated", "k": 0.25, "B": 7}]
    measurements = [row for c in ("own", "stated") for row in rows("b", simulationConditionId=c)]
    found = predictions(read(tmp_path, observables={"b": "B"}, measurements=measurements, conditions=conditions))
    np.testing.assert_allclose(found["own", "b"], 4 / 0.25 * np.exp(-0.1 * TIMES), rtol=1e-6)
    np.testing.assert_allclose(found["stated", "b"], 7 * np.exp(-0.1 * TIMES), rtol=1e-6)


def test_a_parameter_with_a_formula_of_its_own_may_be_replaced(tmp_path):
    model = {**DECAY, "initial": {**DECAY["initial"], "kb": "2 * k"}}
    conditions = [{"conditionId": "own", "kb": "nan"}, {"conditionId": "stated", "kb": 0.3}]
    measurements = [row for c in ("own", "stated") for row in rows("b", simulationConditionId=c)]
    found = predictions(
        read(tmp_path, observables={"b": "B"}, measurements=measurements, conditions=conditions, model=model)
    )
    np.testing.assert_allclose(found["own", "b"], 8 * np.exp(-1.0 * TIMES), rtol=1e-6)
    np.testing.assert_allclose(found["stated", "b"], 8 * np.exp(-0.3 * TIMES), rtol=1e-6)


TURNING = {
    "species": {"A": {"initialConcentration": 1.0}, "B": {"initialConcentration": 1.0}},
    "parameters": {"k": 0.5, "back": 0.5},
    "reactions": {"to": ({"A": 1}, {"B": 1}, "k * A"), "fro": ({"B": 1}, {"A": 1}, "back * B")},
}


def test_some_data_sets_begin_in_a_steady_state(tmp_path):
    conditions = [
        {"conditionId": "before", "k": 1.5},
        {"conditionId": "after", "k": 0.5},
        {"conditionId": "set", "k": 0.5, "A": 3},
    ]
    measurements = [
        *rows(simulationConditionId="after", preequilibrationConditionId="before"),
        *rows(simulationConditionId="set", preequilibrationConditionId="before"),
        *rows(simulationConditionId="after"),
        *rows(times=["inf"], simulationConditionId="set"),
    ]
    made = read(tmp_path, measurements=measurements, conditions=conditions, model=TURNING)
    found = predictions(made)
    relaxing = np.exp(-TIMES)
    np.testing.assert_allclose(found["after after before", "a"], 1 - 0.5 * relaxing, rtol=1e-6)
    np.testing.assert_allclose(found["set after before", "a"], 2.25 + 0.75 * relaxing, rtol=1e-6)  # B stays at 1.5
    np.testing.assert_allclose(found["after", "a"], 1.0, rtol=1e-6)
    np.testing.assert_allclose(found["set in steady state", "a"], 2.0, rtol=1e-6)
    model = made.model.function
    assert model.names >= {"k", "k_before", "begins_settled"}
    assert model.content_hash != model.tightened(0.1).content_hash
    assert model.precision == pytest.approx(1e-7)
    assert not model.take_failures()
    assert model.tolerances_open
    assert not read(
        tmp_path, measurements=measurements, conditions=conditions, model=TURNING, absolute=1e-9
    ).model.function.tolerances_open
    assert model.begins({}, {"begins_settled": 1.0}) == 0.0
    kinds = {each.kind for each in model.equations}
    assert {"slope", "output", "event, where it begins at rest", "before it begins, where it begins at rest"} <= kinds
    assert len(model.equations) == len(set(model.equations))


def test_before_a_preequilibration_the_first_values_are_those_of_its_condition(tmp_path):
    model = {**TURNING, "initial": {"A": "4 * k"}}
    conditions = [{"conditionId": "before", "k": 1.5, "width": 1}, {"conditionId": "after", "k": 0.5, "width": 2}]
    observables = [{"observableId": "a", "observableFormula": "A", "noiseFormula": "width"}]
    measurements = rows(simulationConditionId="after", preequilibrationConditionId="before")
    made = read(tmp_path, observables=observables, measurements=measurements, conditions=conditions, model=model)
    total = 4 * 1.5 + 1
    wanted = total / 2 - total / 4 * np.exp(-TIMES)
    np.testing.assert_allclose(predictions(made)["after after before", "a"], wanted, rtol=1e-6)
    np.testing.assert_array_equal(made.data_sets[0].sigma["a"], 2.0)


def test_a_steady_state_is_not_set_again(tmp_path):
    conditions = [{"conditionId": "c", "A": 3}]
    made = read(tmp_path, measurements=rows(times=["inf"]), conditions=conditions, model=TURNING)
    np.testing.assert_allclose(predictions(made)["c in steady state", "a"], 2.0, rtol=1e-6)


def test_an_empty_cell_of_a_parameter_leaves_the_parameter(tmp_path):
    conditions = [{"conditionId": "c", "k": ""}, {"conditionId": "d", "k": 2}]
    measurements = [row for c in "cd" for row in rows(simulationConditionId=c)]
    parameters = [{"parameterId": "k", "nominalValue": 0.75}]
    found = predictions(read(tmp_path, measurements=measurements, conditions=conditions, parameters=parameters))
    np.testing.assert_allclose(found["c", "a"], 2 * np.exp(-0.75 * TIMES), rtol=1e-6)
    np.testing.assert_allclose(found["d", "a"], 2 * np.exp(-2 * TIMES), rtol=1e-6)


# ---- measurements


def test_replicates_and_several_outputs_share_rows(tmp_path):
    measurements = [
        *rows(measurement=5),
        {"observableId": "a", "time": 1, "measurement": 6},
        *rows("b", times=[1.0, 9.0]),
    ]
    made = read(tmp_path, observables={"a": "A", "b": "B"}, measurements=measurements)
    (data,) = made.data_sets
    np.testing.assert_array_equal(data.inputs["time"], [0, 1, 1, 3, 9])
    np.testing.assert_array_equal(data.observations("a")[0], [5, 5, 6, 5])
    assert made.size == 6
    found = predictions(made)
    np.testing.assert_allclose(found["c", "a"], 2 * np.exp(-0.5 * np.array([0, 1, 1, 3])), rtol=1e-6)
    np.testing.assert_allclose(found["c", "b"], 8 * np.exp(-0.1 * np.array([1.0, 9.0])), rtol=1e-6)


def test_numbers_in_rows_become_columns_and_parameters_data_sets(tmp_path):
    observables = {"a": "observableParameter1_a * A + observableParameter2_a", "b": "B"}
    parameters = [{"parameterId": "s", "nominalValue": 3}, {"parameterId": "t", "nominalValue": 5}]
    given = ["2;0", "7;1", "s;0", "t;1", "s;10"]
    measurements = [
        {"observableId": "a", "observableParameters": each, "measurement": i} for i, each in enumerate(given)
    ]
    made = read(tmp_path, observables=observables, measurements=[*measurements, *rows("b")], parameters=parameters)
    assert [data.name for data in made.data_sets] == ["c (1)", "c (2)", "c (3)"]
    found = {}
    for i, output, values in made.compared(made.space.guess_named, made.arrays):
        observed, _ = made.data_sets[i].observations(output)
        found |= {(output, float(y)): float(f) for y, f in zip(observed, values, strict=True)}
    assert [found["a", i] for i in range(5)] == pytest.approx([4, 15, 6, 11, 16])
    assert made.data_sets[1].parameters == {"observableParameter1_a": "s"}


# ---- noise


def noises(folder, width, parameters=(), conditions=({"conditionId": "c"},), model=DECAY, **row):
    observables = [{"observableId": "a", "observableFormula": "A", "noiseFormula": width}]
    per_row = row.pop("per_row", [{}] * 3)
    measurements = [{**each, **more} for each, more in zip(rows(**row), per_row, strict=True)]
    return read(
        folder, observables=observables, measurements=measurements, parameters=parameters, conditions=conditions,
        model=model, fixed=False,
    )  # fmt: skip


def test_known_standard_deviations_keep_the_residuals(tmp_path):
    per_row = [{"noiseParameters": each} for each in ("0.5;2", "1;known", "2;0")]
    parameters = [{"parameterId": "known", "nominalValue": 3, "estimate": 0}]
    made = noises(tmp_path, "noiseParameter1_a + 2 * noiseParameter2_a + kb", parameters, per_row=per_row)
    assert isinstance(made.noise["a"], pm.Normal)
    np.testing.assert_allclose(made.data_sets[0].sigma["a"], [4.6, 7.1, 2.1])


def test_logarithms_with_known_standard_deviations(tmp_path):
    f = 2 * np.exp(-0.5 * TIMES)
    for scale, unit in (("log", 1.0), ("log10", np.log(10))):
        observables = [
            {"observableId": "a", "observableFormula": "A", "noiseFormula": 0.3, "observableTransformation": scale}
        ]
        made = read(tmp_path, observables=observables, measurements=rows(measurement=1.5))
        z = (np.log(1.5) - np.log(f)) / unit / 0.3
        wanted = np.sum(-0.5 * z**2 - np.log(0.3 * np.sqrt(2 * np.pi)) - np.log(1.5 * unit))
        assert made.log_likelihood(made.space.guess_named) == pytest.approx(wanted, rel=1e-7)


def test_a_width_of_parameters_and_the_observable(tmp_path):
    per_row = [{"noiseParameters": each} for each in ("sd", "0.5", "second")]
    parameters = [{"parameterId": "sd", "nominalValue": 3}, {"parameterId": "second", "nominalValue": 7}]
    made = noises(tmp_path, "noiseParameter1_a + 0.1 * a", parameters, per_row=per_row, measurement=1.5)
    f = 2 * np.exp(-0.5 * TIMES)
    width = np.array([3, 0.5, 7]) + 0.1 * f
    wanted = np.sum(-0.5 * ((1.5 - f) / width) ** 2 - np.log(width) - 0.5 * np.log(2 * np.pi))
    assert made.log_likelihood(made.space.guess_named) == pytest.approx(wanted, rel=1e-7)


def test_a_width_may_differ_between_conditions(tmp_path):
    parameters = [{"parameterId": "sd", "nominalValue": 3}]
    conditions = [{"conditionId": "c", "width": "sd"}, {"conditionId": "d", "width": 0.5}]
    per_row = [{"simulationConditionId": each} for each in "cdd"]
    made = noises(tmp_path, "width", parameters, conditions, per_row=per_row)
    f, width = 2 * np.exp(-0.5 * TIMES), np.array([3, 0.5, 0.5])
    wanted = np.sum(-0.5 * ((1 - f) / width) ** 2 - np.log(width) - 0.5 * np.log(2 * np.pi))
    assert made.log_likelihood(made.space.guess_named) == pytest.approx(wanted, rel=1e-7)


def test_a_width_that_changes_with_the_states_is_refused(tmp_path):
    with pytest.raises(FileError, match=r'line 2 of observables\.tsv: the noise of "a" names "B", which changes'):
        noises(tmp_path, "1 + B")


# ---- the whole of it


def test_the_example():
    made = read_petab(EXAMPLE / "problem.yaml")
    assert [data.name for data in made.data_sets] == ["low", "high"]
    assert made.outputs == ("signal", "product")
    assert made.title == "decay"  # what the SBML file calls it
    assert {name: type(noise).__name__ for name, noise in made.noise.items()} == {
        "signal": "Normal",
        "product": "LogNormal",
    }
    fit = pm.fit(made, starts=1)
    for name, true in {"k1": 0.5, "k2": 0.2, "scale": 2.0}.items():
        assert abs(fit.estimate[name] - true) < 3 * fit.standard_error[name]


def test_a_scale_on_a_logarithmic_scale_is_solved_for(tmp_path):
    file = example(tmp_path)
    table = tmp_path / "parameters.tsv"
    stated = table.read_text(encoding="utf-8").replace("scale\tlin\t0\t10", "scale\tlog10\t1e-05\t100000")
    table.write_text(stated, encoding="utf-8")
    made = read_petab(file)
    assert made.stated_space["scale"] == Log(1e-5, 1e5, guess=1.0)
    fit = pm.fit(made, method="variable_projection", starts=2, progress=False)
    plain = pm.fit(made, starts=2, progress=False)
    assert fit.notes == {"scale": "solved for"}
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-6)
    for name in ("k1", "k2", "scale"):
        assert abs(fit.estimate[name] - plain.estimate[name]) < 1e-3 * plain.standard_error[name]
        assert fit.standard_error[name] == pytest.approx(plain.standard_error[name], rel=1e-4)
