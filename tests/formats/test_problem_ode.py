"""A problem file whose model is an ODE: what it may state, and what is refused with which words."""

from __future__ import annotations

import numpy as np
import pytest

from parametra.formats.problem_file import read_problem_file
from parametra.nouns.errors import FileError, FormulaError, ModelError
from parametra.nouns.ode import ODE, Event
from parametra.verbs.fit import fit

GOOD = """\
[model.ode]
time = "h"
begin = 0
solver = "explicit"
relative_tolerance = 1e-7
absolute_tolerance = 1e-9
most_steps = 5000
[model.ode.states]
gut = "-uptake"
blood = "uptake - k * blood"
[model.ode.initial]
gut = 0
blood = "0 * gut"
[model.ode.let]
uptake = "ka * gut"
[model.ode.observe]
c = "blood / V"
[[model.ode.events]]
time = ["lag", 12]
add = { gut = "dose" }
[[model.ode.events]]
time = 20
set = { blood = "0.5 * blood" }
[model.ode.settle]
dose = 0
[parameters]
ka = { lower = 0.1, upper = 5, guess = 1 }
k = { lower = 0.01, upper = 1, guess = 0.1 }
V = { lower = 1, upper = 50, guess = 9 }
lag = { fixed = 0.5 }
[data]
columns = { h = [1, 2, 4, 8, 13, 16, 24], c = [3.73, 6.47, 5.83, 2.78, 6.66, 5.95, 0.62] }
inputs = ["h"]
output = "c"
sigma = 0.3
constants = { dose = 100 }
[fit]
starts = 1
"""
FUNCTION = """\
def rhs(gut, blood, ka, k):
    return -ka * gut, ka * gut - k * blood
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "model.py").write_text(FUNCTION, encoding="utf-8")

    def reading(*replaced):
        text = GOOD
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "problem.toml"
        path.write_text(text, encoding="utf-8")
        return read_problem_file(path)

    return reading


def test_the_tables_are_the_arguments(read):
    found = read().problem.model.function
    wanted = ODE(
        {"gut": "-uptake", "blood": "uptake - k * blood"},
        initial={"gut": 0, "blood": "0 * gut"},
        let={"uptake": "ka * gut"},
        observe={"c": "blood / V"},
        time="h",
        begin=0,
        events=[Event(["lag", 12], add={"gut": "dose"}), Event(20, set={"blood": "0.5 * blood"})],
        settle={"dose": 0},
        solver="explicit",
        relative_tolerance=1e-7,
        absolute_tolerance=1e-9,
        most_steps=5000,
    )
    assert found == wanted


def test_it_is_fitted(read):
    found = fit(read(("[model.ode.settle]\ndose = 0\n", "")).problem, starts=1)
    assert found.estimate["V"] == pytest.approx(10, rel=0.01)
    assert found.estimate["k"] == pytest.approx(0.2, rel=0.01)


def test_a_function_may_stand_for_the_states(read):
    states = '[model.ode.states]\ngut = "-uptake"\nblood = "uptake - k * blood"\n'
    lsoda = ('solver = "explicit"', 'solver = "lsoda"')
    file = read((states, ""), ('time = "h"', 'time = "h"\npython = "model.py:rhs"'), lsoda)
    other = read(lsoda).problem
    at = {"ka": 1.0, "k": 0.2, "V": 10.0, "lag": 0.5}
    inputs = {"h": np.array([1.0, 5.0]), "dose": np.float64(100)}
    one, two = (p.model.function(at, inputs)["c"] for p in (file.problem, other))
    np.testing.assert_allclose(one, two, rtol=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "kind", "message"),
    [
        ("[model.ode.states]", "[model.ode.slopes]", FileError, '[model.ode] has no key "slopes"'),
        ('time = "h"', "time = 1", FileError, "time is a text in quotes"),
        ('time = "h"', 'time = "hour"', ModelError, 'time is called "hour", and no input of [data] is'),
        ('time = "h"', 'time = "h"\npython = "model.py:rhs"', FileError, "it has both"),
        ("time = 20", "when = 20", FileError, '[[model.ode.events]] number 2 has no key "when"'),
        ("time = 20\n", "", FileError, "[[model.ode.events]] number 2 has no time"),
        (
            'add = { gut = "dose" }',
            'add = { gat = "dose" }',
            ModelError,
            'changes "gat", which is no state; did you me',
        ),
        ("k * blood", "ke * blood", ModelError, '"ke" has no value: state it in [parameters], or as a constant or '),
        ("k * blood", "k blood", FormulaError, "[model.ode]: the slope of blood"),
        ("constants = { dose = 100 }", "", ModelError, '"dose" has no value: state it in [parameters]'),
        ("lag = {", "lug = { guess = 1 }\nlag = {", ModelError, 'the parameter "lug" is used by nothing'),
        ("begin = 0", "rtol = 0.001", FileError, 'no key "rtol"; did you mean "relative_tolerance"?'),
        ("[model.ode.observe]", "[model.ode.outputs]", FileError, 'no key "outputs"; did you mean "observe"?'),
        ("lag = {", "gut = { guess = 1 }\nlag = {", ModelError, '"gut" is a state of the ODE and a parameter too'),
        ("[model.ode.let]", "[model.ode.lets]", FileError, 'did you mean "let"?'),
        ("begin = 0", "formula = 0", FileError, 'no key "formula"'),
        ("[model.ode]", '[model]\nformula = "a"\n[model.ode]', FileError, "it has formula and ode"),
    ],
)
def test_what_is_stated_wrongly_is_told(read, old, new, kind, message):
    with pytest.raises(kind) as error:
        read((old, new))
    assert message in str(error.value)
    assert str(error.value).startswith("problem.toml: ")


def test_kinds_that_are_no_tables_are_told(tmp_path):
    for text, message in {
        "[model]\node = 3": "[model.ode] is a table; 3 came",
        '[model.ode]\nstates = "A"': '[model.ode.states] is a table; "A" came',
        "[model.ode]\nstates = { A = 1 }\ninitial = 1": "[model.ode.initial] is a table; 1 came",
        "[model.ode]\nstates = { A = 1 }\ninitial = { A = 1 }\nevents = 3": "[[model.ode.events]] is a list of tables",
        "[model.ode]": "it has neither",
    }.items():
        path = tmp_path / "problem.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises((FileError, ModelError)) as error:
            read_problem_file(path)
        assert message in str(error.value)


def test_a_renamed_parameter_and_one_of_the_noise_are_used(read):
    file = read(
        ("k * blood", "elimination * blood"),
        ("constants = { dose = 100 }", 'constants = { dose = 100 }\nparameters = { elimination = "k" }'),
        ("[fit]", '[noise]\nkind = "formula"\nformula = "-s * (observed - predicted)**2"\n[fit]'),
        ("lag = {", "s = { lower = 0, upper = 9 }\nlag = {"),
    )
    assert "elimination" in file.problem.bindings[0].parameters
