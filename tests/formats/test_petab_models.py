"""SBML models of every kind, read and integrated, against solutions by hand."""

from __future__ import annotations

import numpy as np
import pytest

from parametra.formats.petab import read_petab
from parametra.nouns.errors import FileError
from petab_files import problem

TIMES = np.array([0.0, 0.5, 1.0, 2.5, 4.0])


def predicted(folder, observables, model, times=TIMES, **more):
    """Observable to its predictions at some times, at nominal parameters."""
    measurements = [{"observableId": name, "time": t} for name in observables for t in times]
    stated = problem(folder, observables=observables, measurements=measurements, model=model, **more)
    read = read_petab(stated, fixed=True, solver="lsoda")
    found = read.compared(read.space.guess_named, read.arrays)
    return {output: values for _, output, values in found}


DECAY = {"loss": ({"A": 1}, {}, "k * A * box")}


@pytest.mark.parametrize("level", [(2, 1), (2, 4), (3, 1), (3, 2)])
def test_a_species_is_a_concentration_or_an_amount(tmp_path, level):
    compartments = {"box": {"size": 4.0}}
    species = {
        "A": {"initialConcentration": 3.0},
        "B": {"initialAmount": 8.0},
        "C": {"initialAmount": 0.0, "hasOnlySubstanceUnits": True},
    }
    reactions = {"r": ({"A": 1}, {"B": 2}, "k * A * box"), "s": ({"B": 1}, {"C": 1}, "0.2 * B * box")}
    model = {"compartments": compartments, "species": species, "parameters": {"k": 0.5}, "reactions": reactions}
    found = predicted(tmp_path, {"a": "A", "b": "B", "c": "C"}, {**model, "level": level})
    a, fast, slow = 3 * np.exp(-0.5 * TIMES), np.exp(-0.5 * TIMES), np.exp(-0.2 * TIMES)
    b = 2 * slow + 2 * 3 * 0.5 / (0.2 - 0.5) * (fast - slow)
    np.testing.assert_allclose(found["a"], a, rtol=1e-6)
    np.testing.assert_allclose(found["b"], b, rtol=1e-6)
    np.testing.assert_allclose(found["c"], 4 * (2 * (3 - a) + 2 - b), rtol=1e-6, atol=1e-6)  # amounts


def test_a_compartment_that_grows_dilutes(tmp_path):
    model = {
        "compartments": {"box": {"size": 2.0}},
        "species": {
            "A": {"initialConcentration": 3.0},
            "B": {"initialConcentration": 0.0},
            "still": {"initialAmount": 1},
        },
        "parameters": {"k": 0.5},
        "rates": {"box": "0.1 * box"},
        "reactions": {"r": ({"A": 1}, {"B": 1}, "k * A * box")},
    }
    found = predicted(tmp_path, {"a": "A", "size": "box", "both": "(A + B) * box"}, model)
    size = 2 * np.exp(0.1 * TIMES)
    np.testing.assert_allclose(found["size"], size, rtol=1e-6)
    np.testing.assert_allclose(found["a"], 6 * np.exp(-0.5 * TIMES) / size, rtol=1e-6)
    np.testing.assert_allclose(found["both"], 6.0, rtol=1e-6)


def test_boundary_and_constant_species_are_not_changed_by_reactions(tmp_path):
    species = {
        "A": {"initialConcentration": 1.0},
        "held": {"initialConcentration": 2.0, "boundaryCondition": True},
        "known": {"initialConcentration": 3.0, "constant": True, "boundaryCondition": True},
        "ruled": {"initialConcentration": 9.0, "boundaryCondition": True},
    }
    model = {
        "species": species,
        "assign": {"ruled": "2 * time"},
        "reactions": {"r": ({"held": 1, "known": 1, "ruled": 1}, {"A": 1}, "held * known")},
    }
    found = predicted(tmp_path, {"a": "A", "h": "held", "k": "known", "r": "ruled"}, model)
    np.testing.assert_allclose(found["a"], 1 + 6 * TIMES, rtol=1e-6)
    np.testing.assert_allclose(found["h"], 2.0)
    np.testing.assert_allclose(found["k"], 3.0)
    np.testing.assert_allclose(found["r"], 2 * TIMES)


def test_local_parameters_shadow_others_and_functions_are_put_in(tmp_path):
    model = {
        "species": {"A": {"initialConcentration": 1.0}},
        "parameters": {"k": 99.0, "n": 1.0},
        "functions": {"linear": "lambda(x, y, x * y)", "twice": "lambda(x, linear(2, x))"},
        "reactions": {"r": ({"A": 1}, {}, "twice(k) * A")},
        "local": {"r": {"k": 0.25}},
    }
    np.testing.assert_allclose(predicted(tmp_path, {"a": "A"}, model)["a"], np.exp(-0.5 * TIMES), rtol=1e-6)


def test_the_rate_of_a_reaction_can_be_observed(tmp_path):
    model = {"species": {"A": {"initialConcentration": 2.0}}, "parameters": {"k": 0.5}, "reactions": DECAY}
    found = predicted(tmp_path, {"rate": "loss"}, model)
    np.testing.assert_allclose(found["rate"], np.exp(-0.5 * TIMES), rtol=1e-6)


@pytest.mark.parametrize("level", [(2, 4), (3, 2)])
def test_stoichiometries_may_be_formulas(tmp_path, level):
    model = {
        "species": {"A": {"initialConcentration": 1.0}},
        "parameters": {"n": 3.0},
        "reactions": {"r": ({}, {"A": "n / 2" if level[0] < 3 else "many"}, "0.1")},
        "level": level,
    }
    if level[0] > 2:
        model["assign"] = {"many": "n / 2"}
    np.testing.assert_allclose(predicted(tmp_path, {"a": "A"}, model)["a"], 1 + 0.15 * TIMES, rtol=1e-6)


def test_conversion_factors(tmp_path):
    model = {
        "compartments": {"box": {"size": 2.0}},
        "species": {"A": {"initialConcentration": 1.0}, "B": {"initialConcentration": 1.0, "conversionFactor": "own"}},
        "parameters": {"whole": 10.0, "own": 0.5},
        "reactions": {"r": ({}, {"A": 1, "B": 1}, "0.3")},
        "conversion": "whole",
    }
    found = predicted(tmp_path, {"a": "A", "b": "B"}, model)
    np.testing.assert_allclose(found["a"], 1 + 1.5 * TIMES, rtol=1e-6)
    np.testing.assert_allclose(found["b"], 1 + 0.075 * TIMES, rtol=1e-6)


def test_initial_assignments_follow_one_another(tmp_path):
    model = {
        "compartments": {"box": {"size": 2.0}},
        "species": {"A": {}, "B": {"initialConcentration": 7.0}, "C": {}},
        "parameters": {"p": None, "q": 3.0, "r": None},
        "initial": {"A": "B + p", "p": "2 * q", "C": "r + time"},
        "assign": {"r": "A * 10"},
        "rates": {"A": "p * 0", "B": "-1", "C": "0"},
    }
    found = predicted(tmp_path, {"a": "A", "p_": "p", "c": "C"}, model)
    np.testing.assert_allclose(found["a"], 13.0)
    np.testing.assert_allclose(found["p_"], 6.0)  # of the first moment, not of later ones
    np.testing.assert_allclose(found["c"], 130.0)


def test_pieces_and_other_mathematics(tmp_path):
    pieces = "piecewise(1, time < 1, 2, time < 2 && !(time < 0), 3)"
    model = {
        "species": {"A": {"initialConcentration": 0.0}},
        "parameters": {"stimulus": None},
        "assign": {"stimulus": pieces},
        "reactions": {"r": ({}, {"A": 1}, "stimulus")},
    }
    observables = {
        "a": "A",
        "power": "-2^2 + 2**3 - 1 - -2",
        "logs": "log(exp(2)) + ln(exp(1)) + log10(100) + log2(8) + log(9, 3)",
        "roots": "sqrt(16) + min(3, 2) + max(1, 5, 2) + abs(-1) + pow(2, 3) + ceil(0.5) + floor(1.5)",
        "angles": "sin(0) + cos(0) + arctan(0) + sec(0) + coth(50)",
        "pieces": "piecewise(1, time >= 2 || time < 0.1, 0)",
    }
    found = predicted(tmp_path, observables, model)
    np.testing.assert_allclose(found["a"], [0, 0.5, 1, 1 + 2 + 1.5, 3 + 6], rtol=1e-6)
    for name, value in {
        "power": 5.0,
        "logs": 2 + 1 + 2 + 3 + 2,
        "roots": 4 + 2 + 5 + 1 + 8 + 1 + 1,
        "angles": 3.0,
    }.items():
        np.testing.assert_allclose(found[name], value, err_msg=name)
    np.testing.assert_array_equal(found["pieces"], [1, 0, 0, 1, 1])


def test_events_at_stated_times(tmp_path):
    model = {
        "species": {"A": {"initialConcentration": 1.0}},
        "parameters": {"k": 0.5, "dose": 3.0, "when": 1.5},
        "reactions": DECAY,
        "events": [("time >= when", {"A": "A + dose"}), ("time >= 3", {"k": "0"}), ("time >= 0", {"A": "100"})],
    }
    found = predicted(tmp_path, {"a": "A"}, model)
    after = np.exp(-0.75) + 3
    wanted = [1, np.exp(-0.25), np.exp(-0.5), after * np.exp(-0.5), after * np.exp(-0.75)]
    np.testing.assert_allclose(found["a"], wanted, rtol=1e-6)


def test_names_that_formulas_refuse_are_renamed(tmp_path):
    model = {
        "species": {"lambda": {"initialConcentration": 1.0}},
        "parameters": {"None": 0.5, "lambda_": 1.0, "gamma": 1.0},
        "reactions": {"if": ({"lambda": 1}, {}, "None * lambda * gamma * lambda_")},
    }
    parameters = [{"parameterId": "None", "nominalValue": 0.25}]
    measurements = [{"observableId": "del", "time": t} for t in TIMES]
    stated = problem(
        tmp_path, observables={"del": "lambda * gamma"}, measurements=measurements, model=model, parameters=parameters
    )
    read = read_petab(stated, solver="lsoda")
    assert read.space.free == ("None_",)
    assert read.outputs == ("del_",)
    ((_, _, values),) = read.compared(read.space.guess_named, read.arrays)
    np.testing.assert_allclose(values, np.exp(-0.25 * TIMES), rtol=1e-6)


REFUSED = {
    "delay": (
        {"species": {"A": {"initialConcentration": 1.0}}, "reactions": {"r": ({"A": 1}, {}, "delay(A, 1)")}},
        r"model.xml: the rate of the reaction \"r\": delay\(...\) makes it a delay differential equation",
    ),
    "state trigger": (
        {"species": {"A": {"initialConcentration": 1.0}}, "parameters": {"k": 1.0}, "reactions": DECAY,
         "events": [("A < 0.5", {"A": "1"})]},
        "is not triggered by time alone",
    ),
    "trigger at a changing time": (
        {"species": {"A": {"initialConcentration": 1.0}}, "parameters": {"k": 1.0}, "reactions": DECAY,
         "events": [("time > 2 * A", {"A": "1"})]},
        'is triggered by "A", which changes in time',
    ),
    "unknown function": (
        {"species": {"A": {"initialConcentration": 1.0}}, "reactions": {"r": ({"A": 1}, {}, "f(A)")}},
        'there is no function "f"',
    ),
    "unknown name": (
        {"species": {"Aa": {"initialConcentration": 1.0}}, "reactions": {"r": ({"Aa": 1}, {}, "A")}},
        '"A" is not in the model',
    ),
    "a compartment without a size": (
        {"species": {"A": {"initialConcentration": 1.0}}, "parameters": {"k": 1.0}, "reactions": DECAY,
         "compartments": {"box": {"size": None}}},
        '"box" has no value',
    ),
    "a fast reaction": (
        {"species": {"A": {"initialConcentration": 1.0}}, "reactions": {"r": ({"A": 1}, {}, "A")}, "level": (3, 1),
         "fast": True},
        'the reaction "r" is fast',
    ),
    "level 1": ({"species": {"A": {"initialConcentration": 1.0}}, "level": (1, 2)}, "it is SBML level 1"),
    "a circle": (
        {"species": {"A": {}, "B": {}}, "initial": {"A": "B", "B": "A"}, "rates": {"A": "1", "B": "1"}},
        'the initial value of "A" depends on itself',
    ),
    "no value": (
        {"species": {"A": {}}, "rates": {"A": "1"}},
        '"A" has no value: neither the SBML model, nor the parameter table',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_refused(tmp_path, case):
    model, message = REFUSED[case]
    with pytest.raises(FileError, match=message):
        predicted(tmp_path, {"y": "1"}, model)


def replaced(folder, old, new):
    """The usual model with a piece of its text replaced."""
    model = {"species": {"A": {"initialConcentration": 1.0}}, "parameters": {"k": 1.0}, "reactions": DECAY}
    stated = problem(folder, observables={"y": "A"}, measurements=[{"observableId": "y"}], model=model)
    text = (folder / "model.xml").read_text()
    assert old in text
    (folder / "model.xml").write_text(text.replace(old, new))
    return stated


ALGEBRAIC = "<algebraicRule><math xmlns='http://www.w3.org/1998/Math/MathML'><ci>A</ci></math></algebraicRule>"
TEXTS = {
    "algebraic": ("<listOfReactions>", f"<listOfRules>{ALGEBRAIC}</listOfRules><listOfReactions>", "algebraic rule"),
    "not XML": ("</sbml>", "", "is no valid SBML"),
    "no rate": ("kineticLaw", "annotation", "has no kinetic law"),
    "level 1": ('level="3" version="2"', 'level="1" version="2"', "is no valid SBML"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_files_that_are_not_as_they_should_be(tmp_path, case):
    old, new, message = TEXTS[case]
    stated = replaced(tmp_path, old, new)
    with pytest.raises(FileError, match=message) as caught:
        read_petab(stated)
    assert len(str(caught.value)) < 600


def test_a_package_that_must_be_known_is_refused(tmp_path):
    space = 'xmlns="http://www.sbml.org/sbml/level3/version2/core"'
    comp = f'{space} xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1" comp:required="true"'
    with pytest.raises(FileError, match='needs the SBML package "comp"'):
        read_petab(replaced(tmp_path, space, comp))
