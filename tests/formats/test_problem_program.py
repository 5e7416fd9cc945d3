"""A problem file whose model is a program: what it may state, and that all of it is checked against the file."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from parametra.formats.problem_file import read_problem_file
from parametra.formats.run_settings import run_settings
from parametra.nouns.errors import FileError, ModelError
from parametra.nouns.program import Program
from parametra.verbs.fit import fit

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "external_program"
SIM = """\
import csv, sys
rows = list(csv.DictReader(open("in.csv")))
print("u,v")
for row in rows:
    x = float(row["t"])
    print(f"{float(sys.argv[1]) + float(sys.argv[2]) * x},{open('c').read().strip()}")
"""
TABLE = "t,u,v\n0,1.0,3\n1,2.1,3\n2,2.9,3\n3,4.2,3.1\n"
GOOD = f"""\
[model]
command = [{sys.executable!r}, "-I", "-S", "sim.py", "{{a}}", "{{b:.12e}}"]
results = {{ u = "stdout.csv:u", v = "stdout.csv:v" }}
templates = {{ c = "c.tmpl" }}
inputs = "in.csv"
timeout = 60
memory = "2 GB"
environment = {{ OMP_NUM_THREADS = "1" }}
[parameters]
a = [0, 5]
b = [0, 5]
c = [0, 5]
[data]
file = "rates.csv"
inputs = ["t"]
outputs = ["u", "v"]
sigma = 0.1
[fit]
starts = 1
"""


@pytest.fixture
def read(tmp_path):
    folder = tmp_path / "problem"
    folder.mkdir()
    for name, text in {"rates.csv": TABLE, "sim.py": SIM, "c.tmpl": "{c}\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "outside.tmpl").write_text("{c}\n", encoding="utf-8")

    def reading(*replaced):
        text = GOOD
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (folder / "problem.toml").write_text(text, encoding="utf-8")
        return read_problem_file(folder / "problem.toml")

    return reading


def test_a_program_is_stated_and_fitted(read, tmp_path):
    file = read()
    program = file.problem.model.function
    assert isinstance(program, Program)
    assert program.folder == tmp_path / "problem"
    assert (program.timeout, program.memory, program.names) == (60, "2 GB", {"a", "b", "c"})
    found = fit(file.problem, **file.settings.for_fit())
    np.testing.assert_allclose([found.estimate[k] for k in "abc"], [0.99, 1.04, 3.025], rtol=1e-4)


STATED = {
    "a constant is an input": ((', "{b', ', "{T}", "{b'), ("sigma = 0.1", "sigma = 0.1\nconstants = { T = 300 }")),
    "a parameter of a constraint": (
        ("c = [0, 5]", "c = [0, 5]\ns = [0.01, 1]"),
        ("[model]", 'constraints = ["a + s <= 9"]\n[model]'),
    ),
    "a parameter of another": (
        ("c = [0, 5]", 'c = { tied = "2 * half" }\nhalf = [0, 3]'),
    ),
    "a fixed parameter": (("c = [0, 5]", "c = [0, 5]\ng = { fixed = 9.81 }"),),
    "a parameter under another name": (
        ("a = [0, 5]", "a_2 = [0, 5]"),
        ("sigma = 0.1", 'sigma = 0.1\nparameters = { a = "a_2" }'),
    ),
    "a template outside": (('"c.tmpl" }', '"../outside.tmpl" }\noutside = true'),),
}  # fmt: skip


@pytest.mark.parametrize("case", STATED)
def test_what_may_be_stated(case, read):
    assert isinstance(read(*STATED[case]).problem.model.function, Program)


REFUSED = {
    "an unused parameter": (
        [("c = [0, 5]", "c = [0, 5]\ncc = [0, 5]")],
        ModelError,
        'the parameter "cc" is used by nothing: no word of the command and no template holds {cc}',
    ),
    "an unused name of a derived quantity": (
        [("c = [0, 5]", "c = [0, 5]\nd = [0, 5]"), ("[fit]", '[derived]\ne = "2 * d"\n[fit]')],
        ModelError,
        'the parameter "d" is used by nothing',
    ),
    "an unknown placeholder": (
        [("{a}", "{aa}")],
        ModelError,
        "the placeholder {aa} is neither a parameter nor an input",
    ),
    "no results": (
        [('results = { u = "stdout.csv:u", v = "stdout.csv:v" }', "")],
        FileError,
        "results is missing. Write where each output stands",
    ),
    "a misspelt key": ([("timeout", "time_out")], FileError, '[model] has no key "time_out"; did you mean "timeout"?'),
    "a shell's line": (
        [('"-I", ', ""), ("command = [", 'command = "sim.py {a}" # [')],
        ModelError,
        "command is a list",
    ),
    "a second model": (
        [("timeout = 60", 'formula = "a + b * t + c"')],
        FileError,
        "[model] takes one of",
    ),
    "keys without a command": (
        [("command = [", 'python = "sim.py:f" # ['), ('results = { u = "stdout.csv:u", v = "stdout.csv:v" }', "")],
        FileError,
        "templates goes with command, a program; python is stated",
    ),
    "no way to a model": ([("command = [", "# [")], FileError, "it has none of them"),
    "a template above": ([('"c.tmpl"', '"../outside.tmpl"')], FileError, 'templates names "../outside.tmpl", which is'),
    "a template elsewhere": ([('"c.tmpl"', '"/etc/hostname"')], FileError, "write outside = true when you trust"),
    "a working folder elsewhere": (
        [("timeout = 60", 'working_folder = "/tmp"')],
        FileError,
        'working_folder names "/tmp", which is outside',
    ),
    "outside in words": ([("timeout = 60", 'outside = "yes"')], FileError, "outside is true or false"),
    "a timeout in words": ([("timeout = 60", 'timeout = "1 min"')], ModelError, "timeout is a number of seconds"),
    "inputs above": ([('inputs = "in.csv"', 'inputs = "../in.csv"')], ModelError, "no name below the working folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_stated_wrongly_is_told(case, read):
    replaced, kind, said = REFUSED[case]
    with pytest.raises(kind) as caught:
        read(*replaced)
    assert said in str(caught.value)
    assert str(caught.value).startswith("problem.toml: [model]")
    assert str(caught.value).count("[model]: ") <= 1


def test_a_link_leads_nowhere_else(read, tmp_path):
    (tmp_path / "problem" / "c.tmpl").unlink()
    (tmp_path / "problem" / "c.tmpl").symlink_to(tmp_path / "outside.tmpl")
    with pytest.raises(FileError, match="outside the folder of the problem file"):
        read()


def test_a_ledger_that_no_file_can_be_is_told(tmp_path):
    with pytest.raises(FileError, match="can be no name of a file"):
        run_settings({"run": {"ledger": "a\0b"}}, tmp_path)


def test_the_example_finds_what_its_data_were_made_with(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("out", "__pycache__"))
    file = read_problem_file(tmp_path / "example" / "problem.toml")
    found = fit(file.problem, **{**file.settings.for_fit(), "starts": 1})
    truth = {"frequency": 2.4, "damping": 0.15, "release": 2.0}
    assert found.status.ok
    for name, value in truth.items():
        assert abs(found.estimate[name] - value) < 2.5 * found.standard_error[name]


def test_the_data_of_the_example_are_what_its_program_makes(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.delitem(sys.modules, "sim", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = runpy.run_path(str(EXAMPLE / "make_data.py"))["pendulum_table"]()
    monkeypatch.delitem(sys.modules, "sim", raising=False)
    assert made == (EXAMPLE / "pendulum.csv").read_text(encoding="utf-8")
