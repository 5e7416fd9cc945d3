"""A problem file with an ODE: its units, steady states as data, names that nothing uses, infinite values."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.formats.new_file import write_new
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.errors import DataError, FileError, ModelError, UnitError
from parametra.nouns.units_check import check_units

MIXING = """\
[model.ode]
solver = "lsoda"
[model.ode.states]
A = "inflow - loss * A"
[model.ode.initial]
A = "first"
[model.ode.observe]
y = "A / volume"
[parameters]
inflow = { lower = 0, upper = 50, guess = 3, unit = "mg/h" }
loss = { lower = 0.01, upper = 5, guess = 0.4, unit = "1/h" }
volume = { fixed = 2, unit = "L" }
[data]
file = "measured.csv"
inputs = ["t"]
output = "y"
sigma = 0.05
constants = { first = 12 }
units = { t = "h", y = "mg/L", first = "mg" }
[fit]
starts = 1
out = "out"
"""
INFLOW, LOSS = 4.0, 0.5


def curve(t):
    rest = INFLOW / LOSS
    return (rest + (12 - rest) * np.exp(-LOSS * np.array(t))) / 2


@pytest.fixture
def read(tmp_path):
    def reading(*replaced, times=(0.5, 1, 2, 4, np.inf)):
        text = MIXING
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new, 1)
        rows = [f"{t},{y:.8f}" for t, y in zip(times, curve(times), strict=True)]
        (tmp_path / "measured.csv").write_text("\n".join(["t,y", *rows]) + "\n", encoding="utf-8")
        path = tmp_path / "problem.toml"
        path.write_text(text, encoding="utf-8")
        return read_problem_file(path)

    return reading


# ---------------------------------------------------------------------------------------------------------------- units


def test_units_that_fit_are_told(read):
    problem = read(times=(0.5, 1, 2)).problem
    told = check_units(problem)
    assert "the slope of A is in mg/h" in told
    assert "the formula gives y in mg/L" in told
    (finding,) = [each for each in pm.check(problem, starts=1).findings if "slope of A" in str(each)]
    assert finding.level == "ok"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('unit = "mg/h"', 'unit = "mg"', "cannot subtract"),
        ('t = "h"', 't = "min"', 'the slope of "A"'),
        ('y = "mg/L"', 'y = "g/L"', 'the output "y" is stated in g/L; multiply the formula by 0.001'),
        ('first = "mg"', 'first = "mol"', "cannot subtract"),
        ('unit = "L"', 'unit = "h"', 'the output "y"'),
    ],
)
def test_units_that_do_not_fit_are_refused_when_the_file_is_read(read, old, new, message):
    with pytest.raises(UnitError) as error:
        read((old, new))
    assert str(error.value).startswith("problem.toml: ")
    assert message in str(error.value)


# -------------------------------------------------------------------------------------------------------- steady states


def test_a_steady_state_is_one_of_the_data(read):
    """Without it, inflow and loss could hardly be told apart; with it their ratio is known."""
    fit = pm.fit(read(times=(0.1, 0.2, np.inf)).problem, starts=1)
    assert fit.estimate["inflow"] == pytest.approx(INFLOW, rel=1e-4)
    assert fit.estimate["loss"] == pytest.approx(LOSS, rel=1e-4)
    without = pm.fit(read(times=(0.1, 0.2, 0.3)).problem, starts=1)
    assert not without.standard_error["loss"] < 3 * fit.standard_error["loss"]


@pytest.mark.slow
def test_steady_states_alone_are_data(read):
    columns = 'columns = { t = [inf, inf, inf], dose = [1, 2, 4], y = [1, 2, 4] }\ninputs = ["t", "dose"]'
    file = read(
        ('file = "measured.csv"\ninputs = ["t"]', columns),
        ('A = "inflow - loss * A"', 'A = "dose * inflow - loss * A"'),
        ('loss = { lower = 0.01, upper = 5, guess = 0.4, unit = "1/h" }', 'loss = { fixed = 0.5, unit = "1/h" }'),
    )
    fit = pm.fit(file.problem, starts=1)
    assert fit.estimate["inflow"] == pytest.approx(1.0, rel=1e-5)


def test_a_system_that_never_rests_has_failed_at_infinity(read):
    file = read(('A = "inflow - loss * A"', 'A = "inflow + 0 * loss * A"'))
    with pytest.raises(ModelError, match="gives nothing at the guess"):
        pm.fit(file.problem, starts=1)


# ------------------------------------------------------------------------------------ what does not belong here


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('inputs = ["t"]', 'columns = { t = [1, 2], d = [1, inf], y = [1, 2] }\ninputs = ["t", "d"]'),
        ("constants = { first = 12 }", "constants = { first = inf }"),
    ],
)
def test_only_time_may_be_infinite(read, old, new):
    changes = [(old, new), ("inflow - loss * A", "inflow - loss * A + 0 * d")] if "d = " in new else [(old, new)]
    if "d = " in new:
        changes.append(('file = "measured.csv"\n', ""))
    with pytest.raises((DataError, ModelError, FileError)) as error:
        read(*changes)
    assert "infinite value" in str(error.value) or "must be a finite number; came inf" in str(error.value)
    assert '"d"' in str(error.value) or '"first"' in str(error.value)


def test_time_is_never_minus_infinite(read):
    with pytest.raises(DataError, match=r'"t" holds an infinite value in row 1 .line 2 of measured.csv.'):
        read(times=(-np.inf, 1.0))


def test_only_an_ode_may_have_an_infinite_time():
    data = pm.Data({"t": [1.0, np.inf], "y": [1.0, 0.0]}, inputs="t", output="y")
    with pytest.raises((DataError, ModelError), match=r'input "t" .* holds an infinite value'):
        pm.fit("exp(-k * t)", data, {"k": (0, 2)})


def test_a_parameter_that_the_ode_does_not_use_is_refused_by_name(read):
    with pytest.raises(ModelError, match='the parameter "unused" is used by nothing'):
        read(("volume =", "unused = { lower = 0, upper = 1 }\nvolume ="))
    ode = pm.ODE({"A": "-k * A"}, {"A": 1}, solver="lsoda")
    data = pm.Data({"t": [1.0, 2.0], "A": [0.5, 0.2]}, inputs="t", output="A")
    with pytest.raises(ModelError, match='"unused"'):
        pm.fit(ode, data, {"k": (0, 2), "unused": (0, 1)})


# ------------------------------------------------------------------------------------------------------- parametra new


def test_the_example_of_an_ode_runs_as_it_stands(tmp_path):
    words = write_new(tmp_path / "doses.toml", template="ode")
    assert "differential equations" in words
    file = read_problem_file(tmp_path / "doses.toml")
    assert file.problem.title == "doses"
    fit = pm.fit(file.problem, starts=1)
    assert fit.doubts == ()
    assert fit.estimate["volume"] == pytest.approx(11, rel=0.1)
    assert fit.estimate["elimination"] == pytest.approx(0.15, rel=0.1)


def test_a_template_that_cannot_be(tmp_path):
    with pytest.raises(FileError, match=r'no template "ades".*ode'):
        write_new(tmp_path / "a.toml", template="ades")
    with pytest.raises(FileError, match="the template ode has no use"):
        write_new(tmp_path / "a.toml", tmp_path / "table.csv", template="ode")
    assert not (tmp_path / "a.toml").exists()
