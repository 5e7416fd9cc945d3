"""What a problem file may state, and that it arrives as stated."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import parametra as pm
from parametra.formats.fit_settings import FitSettings
from parametra.formats.problem_file import read_problem_file

TABLE = "t,T,u,v,s_u,group\n0,300,1.0,9.0,0.1,one\n1,300,2.1,8.1,0.1,one\n2,310,2.9,,0.2,two\n3,310,4.2,6.2,0.2,two\n"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "rates.csv").write_text(TABLE, encoding="utf-8")

    def reading(text, encoding="utf-8", name="problem.toml"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return read_problem_file(path)

    return reading


BASIC = """\
[model]
formula = "a + b * t"
[parameters]
a = 1
b = [0, 5]
[data]
file = "rates.csv"
inputs = ["t"]
output = "u"
"""


def test_the_least_that_a_file_needs(read):
    found = read(BASIC)
    assert found.problem.title == "problem"
    assert found.settings == FitSettings()
    assert found.out is None
    assert found.problem.space["b"] == pm.Real(0, 5)
    assert found.problem.size == 4


FULL = """\
title = " Two rates "
description = '''
First paragraph.
'''
[model.formulas]
u = "a + b * t * T / T0"
v = "c - b * t"
[parameters]
a = { lower = 0, upper = 9, guess = 1, unit = "mol" }
b = { type = "positive", guess = 1 }
c = { type = "log", lower = 1, upper = 100 }
T0 = { fixed = 300 }
[data]
name = "run 7"
file = "rates.csv"
inputs = { t = "t", T = "T" }
outputs = ["u", "v"]
sigma = { u = "s_u", v = 0.3 }
where = { group = ["one", "two"] }
missing = "mask"
units = { u = "mol" }
source = "the notebook"
[noise.u]
kind = "student_t"
[derived]
ratio = "a / b"
sum = { formula = "a + c", unit = "" }
[fit]
method = "lbfgs"
starts = 3
seed = 4
evaluations = 1000
seconds = 60
loss_scale = 2
covariance = "hessian"
out = "results/first"
[fit.options]
memory = 7
"""


def test_everything_that_a_file_may_state(read, tmp_path):
    found = read(FULL)
    problem = found.problem
    assert (problem.title, problem.description) == ("Two rates", "First paragraph.")
    assert problem.outputs == ("u", "v")
    assert isinstance(problem.noise["u"], pm.StudentT)
    assert isinstance(problem.noise["v"], pm.Normal)
    (data,) = problem.data_sets
    assert (data.name, data.source, data.masked) == ("run 7", "the notebook", 1)
    assert data.sigma["v"][0] == 0.3
    assert [derived.name for derived in problem.derived] == ["ratio", "sum"]
    wanted = FitSettings("lbfgs", 3, 4, 1000, 60.0, None, 2.0, "hessian", "results/first", "auto", 1, {"memory": 7})
    assert found.settings == wanted
    assert found.out == tmp_path / "results" / "first"
    assert set(found.settings.for_fit()) == {
        "method", "starts", "seed", "evaluations", "seconds", "loss", "loss_scale", "covariance",
        "screening", "workers", "options",
    }  # fmt: skip
    pm.fit(problem, **found.settings.for_fit())


def test_the_same_as_in_python(read):
    file = read(BASIC)
    data = pm.Data({"t": [0, 1, 2, 3], "u": [1.0, 2.1, 2.9, 4.2]}, inputs=["t"], output="u")
    fit = pm.fit("a + b * t", data, parameters={"a": 1, "b": (0, 5)})
    assert pm.fit(file.problem).estimate == fit.estimate


def test_several_data_sets_share_parameters(read):
    text = (
        BASIC[: BASIC.index("[data]")]
        + """\
a2 = 1
[[data]]
name = "one"
columns = { t = [0, 1, 2], u = [1, 2, 3.1] }
inputs = ["t"]
output = "u"
[[data]]
name = "two"
columns = { t = [0, 1, 2], u = [5, 6, 7.1] }
inputs = ["t"]
output = "u"
parameters = { a = "a2" }
"""
    )
    estimate = pm.fit(read(text).problem).estimate
    assert abs(estimate["a2"] - estimate["a"] - 4) < 1e-6


def test_a_constant_of_a_data_set(read):
    text = BASIC.replace("b * t", "b * t * g").replace('output = "u"', 'output = "u"\nconstants = { g = 2 }')
    assert read(text).problem.data_sets[0].constants == {"g": 2.0}


def test_outputs_under_other_names(read):
    text = """
[model.formulas]
prey = "a + b * t"
predator = "a - b * t"
[parameters]
a = 1
b = 1
[data]
columns = { t = [0, 1, 2], hares = [3, 4, 5], lynx = [3, 2, 1], sd = [1, 1, 2] }
inputs = ["t"]
outputs = { prey = "hares", predator = "lynx" }
sigma = { hares = "sd", predator = 0.5 }
units = { hares = "1/km**2" }
"""
    (data,) = read(text).problem.data_sets
    assert data.outputs["predator"].tolist() == [3, 2, 1]
    assert {name: values.tolist() for name, values in data.sigma.items()} == {"prey": [1, 1, 2], "predator": [0.5] * 3}
    assert data.units["prey"] == "1/km**2"
    with pytest.raises(pm.ParametraError, match="outputs: predator is a text in quotes; 3 came"):
        read(text.replace('"lynx" }', "3 }"))
    with pytest.raises(pm.ParametraError, match=r'a list of them, or a table, \{ y = "column" \}; 3 came'):
        read(text.replace('{ prey = "hares", predator = "lynx" }', "3"))


def test_one_word_may_stand_for_a_list(read):
    assert read(BASIC.replace('["t"]', '"t"')).problem.size == 4


def test_a_python_file_may_import_its_neighbours(read, tmp_path):
    (tmp_path / "constants_of_mine.py").write_text("SHIFT = 1.5\n")
    (tmp_path / "model.py").write_text(
        "from constants_of_mine import SHIFT\ndef line(t, a, b):\n    return a + b * t + SHIFT\n"
    )
    found = read(BASIC.replace('formula = "a + b * t"', 'python = "model.py:line"'))
    assert np.allclose(found.problem.predictions({"a": 1, "b": 1}, found.problem.arrays)[0]["u"], [2.5, 3.5, 4.5, 5.5])


def test_a_module_beside_the_file(read, tmp_path):
    (tmp_path / "module_of_mine.py").write_text("def line(t, a, b):\n    return a + b * t\n")
    assert read(BASIC.replace('formula = "a + b * t"', 'python = "module_of_mine:line"')).problem.model.name == "line"


def test_reading_leaves_the_import_path_as_it_was(read, tmp_path):
    import sys

    before = list(sys.path)
    (tmp_path / "model.py").write_text("def line(t, a, b):\n    return a + b * t\n")
    read(BASIC.replace('formula = "a + b * t"', 'python = "model.py:line"'))
    assert sys.path == before


READY = """\
[model]
name = "kinetics.michaelis_menten"
[data]
columns = { conc = [0.02, 0.06, 0.11, 0.22, 0.56, 1.1], rate = [60, 102, 131, 155, 195, 204] }
inputs = { INPUT = "conc" }
output = "OUTPUT"
"""


def test_a_ready_made_model_brings_its_parameters(read):
    text = READY.replace("INPUT", "substrate").replace("OUTPUT", "rate")
    found = read(text)
    assert set(found.problem.stated_space.names) == {"V", "K"}
    assert found.problem.title == pm.model("kinetics.michaelis_menten").summary
    assert pm.fit(found.problem, starts=1).status.ok


def test_a_ready_made_model_takes_what_the_file_states(read):
    text = READY.replace("INPUT", "substrate").replace("OUTPUT", "rate")
    stated = 'title = "mine"\n' + text + '[parameters]\nV = { fixed = 212 }\n[derived]\ntwice = "2 * K"\n'
    found = read(stated + '[noise]\nkind = "lognormal"\n').problem
    assert found.title == "mine"
    assert found.stated_space.free == ("K",)
    assert [each.name for each in found.derived] == ["twice"]
    assert type(found.noise["rate"]).__name__ == "LogNormal"


def test_the_priors_of_a_ready_made_model_are_asked_for(read):
    text = READY.replace("INPUT", "substrate").replace("OUTPUT", "rate")
    assert read(text).problem.stated_space.explicit_priors == ()
    asked = read(text.replace("[data]", "priors = true\n[data]")).problem
    assert asked.stated_space.explicit_priors == ("K", "V")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[data]", "options.degree = 3\n[data]"), 'has no option "degree"; it has none'),
        (("[data]", "priors = 1\n[data]"), "priors is true or false; 1 came"),
        (("[data]", "timeout = 3\n[data]"), "timeout goes with command, a program; name is stated"),
        (('name = "kinetics.michaelis_menten"', 'formula = "a"\npriors = true'), "priors goes with name, a ready-made"),
        (("INPUT", "conc"), 'needs the input "substrate"'),
    ],
)
def test_what_a_ready_made_model_does_not_take(read, change, said):
    text = READY.replace(*change).replace("INPUT", "substrate").replace("OUTPUT", "rate")
    with pytest.raises(pm.ParametraError, match=re.escape(said)):
        read(text)


PEAKS = """\
STATED
[model]
formula = "h1 * exp(-(x - c1)**2) + h2 * exp(-(x - c2)**2)"
[parameters]
c1 = { lower = 0, upper = 9, guess = 6 }
c2 = { lower = 0, upper = 9, guess = 2 }
h1 = { lower = 0, upper = 9, guess = 1 }
h2 = { lower = 0, upper = 9, guess = 1 }
[data]
columns = { x = [0, 1, 2, 3, 4, 5, 6, 7, 8], y = [0.02, 0.37, 1, 0.37, 0.06, 0.74, 2, 0.74, 0.04] }
inputs = ["x"]
output = "y"
sigma = 0.01
"""


def test_what_may_be_exchanged(read):
    told = 'interchangeable = [["c1", "h1"], ["c2", "h2"]]'
    problem = read(PEAKS.replace("STATED", told)).problem
    assert problem.interchangeable.groups == (("c1", "h1"), ("c2", "h2"))
    swapped = pm.fit(problem, starts=1, progress=False).estimate
    assert (swapped["c1"], swapped["c2"]) == pytest.approx((2, 6), abs=0.1)
    assert read(PEAKS.replace("STATED", "")).problem.interchangeable is None


def test_a_file_may_say_it_of_a_ready_made_model(read):
    text = READY.replace("INPUT", "substrate").replace("OUTPUT", "rate")
    problem = read('interchangeable = [["V"], ["K"]]\n' + text).problem
    assert problem.interchangeable.groups == (("V",), ("K",))


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ('[["c1", "h1"], ["c3", "h2"]]', 'interchangeable: "c3" is no parameter'),
        ('[["c1", "h1"], ["c1", "h2"]]', 'interchangeable: "c1" comes twice'),
        ('[["c1", "h1"], ["c2"]]', "two groups of names or more are wanted, all of one length"),
        ('["c1", "c2"]', "two groups of names or more are wanted"),
        ('"c1"', "two groups of names or more are wanted"),
        ("[[1], [2]]", "two groups of names or more are wanted"),
    ],
)
def test_what_cannot_be_exchanged(read, stated, said):
    with pytest.raises(pm.ParametraError, match=re.escape(said)) as caught:
        read(PEAKS.replace("STATED", f"interchangeable = {stated}"))
    assert str(caught.value).startswith("problem.toml: ")


def test_a_mark_of_windows_and_its_line_ends(read):
    assert read(BASIC.replace("\n", "\r\n"), encoding="utf-8-sig").problem.size == 4


def test_nothing_of_a_formula_runs(read, tmp_path):
    with pytest.raises(pm.ParametraError, match="__import__"):
        read(BASIC.replace("b * t", f"b * t * __import__('pathlib').Path('{tmp_path}/made').touch()"))
    assert not (tmp_path / "made").exists()


def test_a_message_begins_with_the_file(read):
    with pytest.raises(pm.ParametraError, match=r"^mine\.toml: \[noise\]: there is no noise"):
        read(BASIC + '[noise]\nkind = "nrmal"\n', name="mine.toml")


@pytest.mark.parametrize(
    ("line", "plainer"),
    [
        ("a = 2", "a second time, in: a = 2"),
        ("[parameters]", "opened a second time"),
        ("x = nothing", "no number, no text in quotes"),
        ("x 3", "a key, then =, then a value"),
        ("x = 3 4", "one key on a line"),
        ("µ = 3", "and - in quotes"),
        ('x = "open', "line 6"),
    ],
)
def test_what_toml_refuses_is_told_with_its_line(line, plainer, read):
    with pytest.raises(pm.ParametraError, match=r"problem\.toml, line 6: ") as told:
        read(BASIC.replace("b = [0, 5]\n", f"b = [0, 5]\n{line}\n"))
    assert plainer in str(told.value)


def test_an_end_that_is_missing(read):
    with pytest.raises(pm.ParametraError, match="line "):
        read(BASIC + "x = [1, 2")


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"starts": True}, "starts = True"), ({"starts": 2.0}, "starts = 2:"), ({"seconds": float("nan")}, "seconds=nan")],
)
def test_settings_that_cannot_be(settings, said):
    with pytest.raises(pm.ParametraError, match=said):
        FitSettings(**settings)


def test_the_example_of_the_documentation_runs(read, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "problem-file.md").read_text(encoding="utf-8")
    text, design = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    rows = "".join(f"{t},{5 * np.exp(-0.3 * t) + 0.05 * np.cos(5 * t)},0.05\n" for t in range(9))
    (tmp_path / "decay.csv").write_text("t,y,sigma\n" + rows, encoding="utf-8")
    found = read(text)
    fit = pm.fit(found.problem, **found.settings.for_fit())
    assert fit.row("half_life").unit == "s"
    assert pm.check(found.problem).ok
    read(text + "\n" + design)  # a table of another command may stand beside


def test_units_are_checked_when_the_file_is_read(read):
    units = 'output = "u"\nunits = { t = "s", u = "m" }'
    with pytest.raises(pm.ParametraError, match=r"^problem\.toml: "):
        read(BASIC.replace('output = "u"', units).replace("b = [0, 5]", 'b = { unit = "s" }'))
