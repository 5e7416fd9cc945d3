"""Every mistake through the real command line: a sentence, exit code 2, and never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from parametra.cli.main import main

GOOD = """\
title = "a decay"
[model]
formula = "a * exp(-b * t)"
[parameters]
a = { lower = 0, upper = 10, guess = 4 }
b = { lower = 0.01, upper = 5, guess = 0.5 }
[data]
file = "decay.csv"
inputs = ["t"]
output = "y"
sigma = "s"
[fit]
starts = 2
"""
TABLE = "t,y,s,note\n0,5.1,0.1,one\n1,3.9,0.1,two\n2,3.2,0.1,one\n3,2.4,0.1,two\n4,2.0,0.1,one\n"


@dataclass
class Mistake:
    """One mistake: what is replaced in the good file or its table, and what the message must hold."""

    said: str
    kind: str
    replace: tuple[str, str] = ("", "")
    table: tuple[str, str] = ("", "")
    options: tuple[str, ...] = ()
    add: str = ""


MODEL = "a * exp(-b * t)"
A = "a = { lower = 0, upper = 10, guess = 4 }"
MISTAKES = {
    "a column that is not there": Mistake('did you mean "s"?', "DataError", ('sigma = "s"', 'sigma = "ss"')),
    "an output that is not there": Mistake('no column "yy"', "DataError", ('output = "y"', 'output = "yy"')),
    "text among numbers": Mistake('"many" in line 3', "DataError", table=("1,3.9", "1,many")),
    "sigma zero": Mistake("must be above zero; it is 0", "DataError", table=("3.9,0.1", "3.9,0")),
    "sigma a number below zero": Mistake("number above zero", "DataError", ('sigma = "s"', "sigma = -1")),
    "NaN in the data": Mistake("missing value", "DataError", table=("1,3.9", "1,nan")),
    "infinity in the data": Mistake("infinite value", "DataError", table=("1,3.9", "1,inf")),
    "fewer points than parameters": Mistake(
        "1 observed values cannot determine 2 parameters",
        "DataError",
        table=("1,3.9,0.1,two\n2,3.2,0.1,one\n3,2.4,0.1,two\n4,2.0,0.1,one\n", ""),
    ),
    "rows that are not there": Mistake("no row has where", "DataError", ('sigma = "s"', 'where = { note = "three" }')),
    "a data file that is not there": Mistake("there is no file", "DataError", ("decay.csv", "decy.csv")),
    "a guess outside its bounds": Mistake(
        "the guess 40 lies outside", "ParameterError", (A, A.replace("= 4 ", "= 40 "))
    ),
    "lower above upper": Mistake("swap them", "ParameterError", (A, "a = { lower = 10, upper = 0 }")),
    "text for a bound": Mistake("without quotes", "ParameterError", (A, 'a = { lower = "0" }')),
    "a key of a parameter": Mistake('did you mean "lower"?', "ParameterError", (A, "a = { lowr = 0 }")),
    "a name that cannot be": Mistake("a constant in formulas", "ParameterError", (A, f"{A}\npi = 3")),
    "a parameter that is not used": Mistake('"c" is used by nothing', "ModelError", (A, f"{A}\nc = 1")),
    "a parameter twice": Mistake("a second time, in: a = 1", "FileError", (A, f"{A}\na = 1")),
    "an unknown name in the formula": Mistake('did you mean "b"?', "FormulaError", (MODEL, "a * exp(-bb * t)")),
    "an attribute in the formula": Mistake("t.size", "FormulaError", (MODEL, "a * b * t.size")),
    "a call in the formula": Mistake("__import__", "FormulaError", (MODEL, "a * b * __import__('os')")),
    "a tower of powers": Mistake("9**9**9", "FormulaError", (MODEL, "a * b * t * 9**9**9**9**9**9")),
    "a formula nested deep": Mistake("deep", "FormulaError", (MODEL, "(" * 4000 + "a*b*t" + ")" * 4000)),
    "a formula that is too long": Mistake("characters", "FormulaError", (MODEL, "a*b*t+" * 5000 + "a")),
    "half a formula": Mistake("a * exp(-b *", "FormulaError", (MODEL, "a * exp(-b * t")),
    "an empty formula": Mistake("the formula is empty", "FormulaError", (MODEL, "")),
    "a formula that is NaN at the guess": Mistake("at the guess", "ModelError", (MODEL, "a * log(-b * (t + 1))")),
    "a formula of another output": Mistake(
        'no formula gives the output "y"',
        "ModelError",
        ('formula = "a * exp(-b * t)"', 'formulas = { z = "a * b * t" }'),
    ),
    "two models": Mistake(
        "it has formula and python", "FileError", ("[parameters]", 'python = "m.py:f"\n[parameters]')
    ),
    "no way to a model": Mistake("it is empty", "FileError", ('formula = "a * exp(-b * t)"', "")),
    "a table that is unknown": Mistake('did you mean "model"?', "FileError", ("[model]", "[modell]")),
    "a key of the data": Mistake('did you mean "output"?', "FileError", ('output = "y"', 'outpt = "y"')),
    "a key of the fit": Mistake('did you mean "starts"?', "FileError", ("starts = 2", "strats = 2")),
    "a key of the noise": Mistake('has no setting "sigm"', "NoiseError", add="[noise]\nsigm = 1\n"),
    "a noise that is unknown": Mistake("no noise of the kind", "NoiseError", add='[noise]\nkind = "norml"\n'),
    "a noise for no output": Mistake("which is no output", "NoiseError", add='[noise.z]\nkind = "normal"\n'),
    "a noise for all and for one": Mistake(
        "beside the latter", "FileError", add='[noise]\nkind="normal"\n[noise.y]\nsigma=1'
    ),
    "a noise against the data": Mistake("sigma", "NoiseError", add="[noise]\nsigma = -1\n"),
    "a derived name that is taken": Mistake("already a parameter", "FormulaError", add='[derived]\na = "b"\n'),
    "a derived quantity of nothing": Mistake(
        "is not known; known here: a, b.", "FormulaError", add='[derived]\nq = "zz + 1"\n'
    ),
    "a title that is no text": Mistake("title is a text", "FileError", ('title = "a decay"', "title = 3")),
    "inputs that are numbers": Mistake("inputs is a list of columns", "FileError", ('inputs = ["t"]', "inputs = [1]")),
    "no output": Mistake("it has neither", "FileError", ('output = "y"\n', "")),
    "no data file": Mistake("it has neither", "FileError", ('file = "decay.csv"\n', "")),
    "a method that is unknown": Mistake('did you mean "lbfgs"?', "MethodError", options=("--method", "lbfg")),
    "no starts": Mistake("starts = 0", "MethodError", options=("--starts", "0")),
    "no starts in the file": Mistake("starts = 0", "MethodError", ("starts = 2", "starts = 0")),
    "starts that are a word": Mistake("neither a whole number nor auto", "UsageError", options=("--starts", "many")),
    "a seed below zero": Mistake("seed = -1", "MethodError", options=("--seed", "-1")),
    "a seed that is no number": Mistake("not a valid integer", "UsageError", options=("--seed", "x")),
    "a seed that is text": Mistake("seed is a whole number", "FileError", ("starts = 2", 'seed = "1"')),
    "no evaluations": Mistake("evaluations=0", "MethodError", options=("--evaluations", "0")),
    "no seconds": Mistake("seconds=-1", "MethodError", options=("--seconds", "-1")),
    "a loss that is unknown": Mistake('did you mean "huber"?', "MethodError", options=("--loss", "hubr")),
    "a loss without a scale": Mistake(
        "loss_scale = 0", "MethodError", options=("--loss", "huber", "--loss-scale", "0")
    ),
    "a covariance that is unknown": Mistake("no covariance", "MethodError", options=("--covariance", "hesian")),
    "an option that is unknown": Mistake("--strats", "UsageError", options=("--strats", "3")),
    "a folder that cannot be": Mistake("cannot be made", "FileError", options=("--out", "decay.csv/out")),
    "a line that is not TOML": Mistake("line 3", "FileError", (f'formula = "{MODEL}"', f"formula = {MODEL}")),
    "brackets thousands deep": Mistake("nested too deep", "FileError", add="x = " + "[" * 100000 + "]" * 100000),
    "a ready-made model that is unknown": Mistake(
        'did you mean "kinetics.michaelis_menten"?',
        "ModelError",
        (f'formula = "{MODEL}"', 'name = "kinetics.michaelis_mentn"'),
    ),
}


def run(*words, cwd=None, monkeypatch=None):
    if cwd is not None:
        monkeypatch.chdir(cwd)
    return CliRunner().invoke(main, [str(word) for word in words])


def told(done, kind, said):
    """The mistake was told as it should be: sentence on standard error, JSON on standard output, exit code 2."""
    assert done.exit_code == 2, (done.stdout, done.stderr, done.exception)
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == kind, error
    assert said in error["message"], error
    assert error["message"] in done.stderr
    assert "Traceback" not in done.output
    assert error["message"].strip() == error["message"]


def written(folder, text, table=TABLE):
    (folder / "decay.csv").write_text(table, encoding="utf-8")
    path = folder / "problem.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_good_file_is_good(tmp_path):
    done = run("fit", written(tmp_path, GOOD), "--json")
    assert done.exit_code == 0, done.stderr
    assert abs(json.loads(done.stdout)["estimate"]["a"] - 5.0) < 0.3


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told(name, tmp_path, monkeypatch):
    mistake = MISTAKES[name]
    assert mistake.replace[0] in GOOD
    assert mistake.table[0] in TABLE
    text = GOOD.replace(*mistake.replace, 1) if mistake.replace[0] else GOOD
    table = TABLE.replace(*mistake.table, 1) if mistake.table[0] else TABLE
    path = written(tmp_path, text + mistake.add, table)
    done = run("fit", path, "--json", *mistake.options, cwd=tmp_path, monkeypatch=monkeypatch)
    told(done, mistake.kind, mistake.said)


@pytest.mark.parametrize("command", ["check", "fit", "report"])
def test_each_command_tells_it(command, tmp_path):
    path = written(tmp_path, GOOD.replace('sigma = "s"', 'sigma = "ss"'))
    told(run(command, path, "--json"), "DataError", "problem.toml: [data]: ")
    done = run(command, path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: problem.toml: [data]: there is no column")


UNITS = """\
[model]
formula = "{formula}"
[parameters]
v = {{ guess = 1, unit = "m/s" }}
[data]
columns = {{ t = [1, 2, 3], y = [1, 2, 3.1] }}
inputs = ["t"]
output = "y"
units = {{ t = "{time}", y = "m" }}
"""


@pytest.mark.parametrize(
    ("formula", "time", "said"),
    [
        ("v * t**2", "s", "is stated in m"),
        ("v * t", "min", "is stated in m"),
        ("v + t", "s", "m/s and s"),
        ("exp(v) * t", "s", "pure number"),
    ],
)
def test_units_that_do_not_fit(formula, time, said, tmp_path):
    told(run("fit", written(tmp_path, UNITS.format(formula=formula, time=time)), "--json"), "UnitError", said)


def test_units_that_fit(tmp_path):
    assert run("fit", written(tmp_path, UNITS.format(formula="v * t", time="s")), "--json").exit_code == 0


FILES = {
    "there is no file": None,
    "is empty": b"# nothing\n",
    "is not UTF-8": GOOD.replace("decay", "d\xe9cay").encode("latin-1"),
    "[model] is missing": b'title = "x"\n',
    "[parameters] is missing": b'[model]\nformula = "a * t"\n',
    "[parameters] is empty": b'[model]\nformula = "a * t"\n[parameters]\n',
    "[data] is missing": b'[model]\nformula = "a * t"\n[parameters]\na = 1\n',
    "[data] is a table": b'data = "x.csv"\n[model]\nformula = "a * t"\n[parameters]\na = 1\n',
    "[model] is a table": b'model = "a * t"\n',
    "[model.formulas] is empty": b"[model]\nformulas = {}\n",
}


@pytest.mark.parametrize("said", FILES)
def test_a_file_that_is_none(said, tmp_path):
    path = tmp_path / "problem.toml"
    if FILES[said] is not None:
        path.write_bytes(FILES[said])
    told(run("fit", path, "--json"), "FileError", said)


def test_a_folder_is_no_file(tmp_path):
    told(run("fit", tmp_path, "--json"), "FileError", "is a folder")


PYTHON = {
    "there is no module nowhere_at_all": ("nowhere_at_all:f", ""),
    "there is no file": ("mdel.py:f", ""),
    'did you mean "predict"?': ("model.py:predct", "def predict(t, a, b): return a * t + b"),
    "has no function": ("math:nothing_like_it", ""),
    'write "file.py:function"': ("model.py", ""),
    "imports nowhere_at_all": ("model.py:f", "import nowhere_at_all"),
    "line 2 of model.py is not Python": ("model.py:f", "x = 1\ndef f(:"),
    "raised RuntimeError while it was imported (line 1": ("model.py:f", "raise RuntimeError('no')"),
    "raised SystemExit": ("model.py:f", "import sys; sys.exit(3)"),
    "a function is wanted": ("model.py:f", "f = 3"),
    "returned an array of shape (2,)": ("model.py:f", "def f(t, a, b): return [a, b]"),
    "raised ZeroDivisionError at the guess": ("model.py:f", "def f(t, a, b): return a * b * t / 0 + 1 // 0"),
    "is neither a parameter nor an input": ("model.py:f", "def f(t, a, b, c): return a * t + b"),
    "whose names cannot be told": ("model.py:f", "def f(*args): return args"),
}


@pytest.mark.parametrize("said", PYTHON)
def test_a_python_model_that_cannot_be(said, tmp_path):
    stated, code = PYTHON[said]
    (tmp_path / "model.py").write_text(code, encoding="utf-8")
    path = written(tmp_path, GOOD.replace(f'formula = "{MODEL}"', f'python = "{stated}"'))
    told(run("fit", path, "--json"), "ModelError", said)


def test_a_model_that_prints_does_not_spoil_the_json(tmp_path):
    (tmp_path / "model.py").write_text("print('hello')\ndef f(t, a, b):\n    print('again')\n    return a - b * t\n")
    done = run("fit", written(tmp_path, GOOD.replace(f'formula = "{MODEL}"', 'python = "model.py:f"')), "--json")
    assert json.loads(done.stdout)["status"] == "converged"
    assert "hello" in done.stderr


def test_two_files_of_one_name_are_two_modules(tmp_path):
    for folder, sign in (("up", "+"), ("down", "-")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.py").write_text(f"def f(t, a, b):\n    return a {sign} b * t\n")
        path = written(
            tmp_path / folder,
            GOOD.replace(f'formula = "{MODEL}"', 'python = "model.py:f"').replace("lower = 0.01", "lower = -9"),
        )
        slope = json.loads(run("fit", path, "--json").stdout)["estimate"]["b"]
        assert (slope > 0) == (sign == "-")


def test_an_unknown_command():
    told(run("fti", "--json"), "UsageError", 'did you mean "fit"?')


def test_a_file_is_wanted():
    told(run("fit", "--json"), "UsageError", "Missing argument 'FILE'")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "nowhere.toml", "--json"], "there is no file nowhere.toml"),
        (["fit", "--nonsense", "--json"], "--nonsense"),
    ],
)
def test_in_a_program_of_its_own(words, said, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "parametra", *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert said in json.loads(done.stdout)["error"]["message"]
    assert said in done.stderr
    assert "Traceback" not in done.stderr
