"""Constraints through the real command line: what is told, and with which exit code."""

import json

import pytest
from click.testing import CliRunner

from parametra.cli.main import main

FILE = """\
{top}
[model]
formula = "a * exp(-b * t) + c"
[parameters]
a = {{ lower = 0, upper = 10, guess = 4 }}
b = {{ lower = 0.01, upper = 5, guess = 0.5 }}
c = {{ lower = -1, upper = 3, guess = 0.1 }}
k = {{ fixed = 2 }}
[data]
columns = {{ t = [0, 1, 2, 3, 4, 6], y = [5.1, 3.9, 3.2, 2.4, 2.0, 1.4] }}
inputs = ["t"]
output = "y"
sigma = 0.1
{below}
[fit]
starts = 3
"""

MISTAKES = {
    "strict": ('["a < 1"]', "FormulaError", 'write "<="'),
    "no comparison": ('["a + b"]', "FormulaError", "nothing is compared"),
    "an unknown name": ('["aa <= 1"]', "FormulaError", 'did you mean "a"?'),
    "only fixed": ('["k <= 3"]', "ParameterError", "of which nothing is to be determined, so it always holds"),
    "numbers alone": ('["1 <= 2"]', "FormulaError", "always true"),
    "half a formula": ('["a * (b <= 1"]', "FormulaError", "a constraint compares"),
    "a number": ("[1]", "ParameterError", "a constraint is text such as"),
    "ordered of one": ('{ ordered = ["a"] }', "ParameterError", "must be an array of two or more"),
    "simplex of strangers": ('{ simplex = ["a", "q"] }', "ParameterError", 'there is no parameter "q"'),
    "code": ("[\"__import__('os') <= a\"]", "FormulaError", "__import__"),
    "nothing between": ('["3 <= a <= 2"]', "FormulaError", "nothing is at least 3 and at most 2"),
}


def run(folder, top="", below="", *options):
    path = folder / "problem.toml"
    path.write_text(FILE.format(top=top, below=below))
    return CliRunner().invoke(main, ["fit", str(path), "--json", *options])


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told(name, tmp_path):
    stated, kind, said = MISTAKES[name]
    done = run(tmp_path, f"constraints = {stated}")
    assert done.exit_code == 2, done.output
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == kind
    assert said in error["message"]
    assert error["message"].startswith("problem.toml: ")
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("top", "below"),
    [
        ('constraints = ["a + c == 5", "c >= b"]', ""),
        ("", '[constraints]\ntotal = "a + c == 5"\norder = "b <= c"'),
        ("", '[constraints]\ntotal = "a + c == 5"\nordered = [["b", "c"]]'),
    ],
)
def test_ways_to_state_them(top, below, tmp_path):
    done = run(tmp_path, top, below)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert abs(found["estimate"]["a"] + found["estimate"]["c"] - 5) < 1e-9
    assert next(row["state"] for row in found["constraints"]) == "equation"
    assert found["estimate"]["c"] >= found["estimate"]["b"] - 1e-9


def test_what_cannot_be_met_ends_with_exit_code_5(tmp_path):
    done = run(tmp_path, 'constraints = ["a + c <= 1", "a >= 3"]')
    assert done.exit_code == 5, done.output
    found = json.loads(done.stdout)
    assert found["status"] == "failed"
    assert "a + c <= 1 and a >= 3 cannot be met together with c >= -1: the nearest miss is 1" in found["message"]


def test_settings_of_the_method(tmp_path):
    done = run(tmp_path, 'constraints = ["a + c == 5"]', "", "--option", "solver=sketched")
    assert done.exit_code == 0, done.output
    done = run(tmp_path, 'constraints = ["a + c == 5"]', "", "--option", "solver=sketchd")
    assert done.exit_code == 2
    assert 'did you mean "sketched"?' in done.output
