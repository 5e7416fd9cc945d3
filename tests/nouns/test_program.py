"""What a program states: words, templates, settings; what is refused, and what makes it another model."""

from __future__ import annotations

import json
import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import parametra as pm
from parametra.nouns._program_text import Text
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed
from parametra.nouns.model import Model

PYTHON = [sys.executable, "-I", "-S"]
SHOW = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "show.py").write_text(SHOW, encoding="utf-8")
    (tmp_path / "line.py").write_text(
        "import sys\na, b, n = map(float, sys.argv[1:])\nprint(*(repr(a + b * t) for t in range(int(n))))\n",
        encoding="utf-8",
    )
    return tmp_path


def words_of(folder, words, values, **settings):
    """The words that a program sees, of which there is one number in addition."""
    program = pm.Program(
        [*PYTHON, "show.py", *words], r'stdout~(1)"\]$', folder=folder, keep="all", working_folder="work", **settings
    )
    program({**values, "one": 1}, {})
    (kept,) = (folder / "work" / "kept").iterdir()
    return json.loads((kept / "stdout").read_text(encoding="utf-8"))[:-1]


# ---- placeholders

FILLED = {
    "{a}": "0.1",
    "--a={a}": "--a=0.1",
    "{{{a}}}": "{0.1}",
    "{{a}}": "{a}",
    "{a:.3e}": "1.000e-01",
    "{a:8.2f}": "    0.10",
    "{third}": repr(1 / 3),
    "{n}": "7",
    "{n:03d}": "007",
    "{n:.1f}": "7.0",
    "{law}": "linear",
    "{numpy}": "2.5",
    "{zero_dimensional}": "4.0",
    "{yes}": "True",
    "{a} {n}": "0.1 7",
    "a b; rm -rf $HOME `id` |": "a b; rm -rf $HOME `id` |",
    "Ünïcödé {ß}": "Ünïcödé 5.0",
    "": "",
}
VALUES = {
    "a": 0.1, "third": 1 / 3, "n": 7, "law": "linear", "numpy": np.float64(2.5), "zero_dimensional": np.array(4.0),
    "yes": True, "ß": 5.0,
}  # fmt: skip


def test_words_arrive_as_they_are_filled(folder):
    assert words_of(folder, [*FILLED, "{one}"], VALUES) == list(FILLED.values())


@pytest.mark.parametrize("number", [1 / 3, 1e-300, -1.7976931348623157e308, 5e-324, 0.1 + 0.2, 123456789.123456789])
def test_a_number_is_written_with_all_its_digits(number):
    assert float(Text.read("{x}", "word", arrays=False).filled({"x": np.float64(number)})) == number


def test_folders_are_placeholders(folder):
    (seen, problem) = words_of(folder, ["{workdir}/out.csv", "{problem_folder}", "{one}"], {})
    assert problem == str(folder)
    assert Path(seen).parent.parent == folder / "work"


NO_PLACEHOLDERS = {
    "{a.b}": "{a.b} is no placeholder",
    "{a[0]}": "{a[0]} is no placeholder",
    "{a.__class__}": "is no placeholder",
    "{0}": "{0} is no placeholder",
    "{}": "{} is no placeholder",
    "{a!r}": "{a!r} is no placeholder",
    "{a b}": "{a b} is no placeholder",
    "{a:{b}}": "has an unknown form",
    "{a:99999999d}": "has an unknown form",
    "{a:x}": "has an unknown form",
    "{workdir:.3e}": "has an unknown form",
    "{a": "expected '}' before end of string; write a brace that is meant twice",
    "a}": "single '}' encountered",
}


@pytest.mark.parametrize("word", NO_PLACEHOLDERS)
def test_anything_else_in_braces_is_refused(word, folder):
    with pytest.raises(ModelError) as caught:
        pm.Program([*PYTHON, "show.py", word], "stdout", folder=folder)
    assert NO_PLACEHOLDERS[word] in str(caught.value)
    assert str(caught.value).startswith(f'command "{word}": ')


CANNOT_BE_WRITTEN = {
    "no value": ("{rat}", {"rate": 1.0}, 'neither a parameter nor an input; did you mean "rate"?'),
    "an array": ("{a}", {"a": np.arange(3.0)}, "is an array, and a word of a command takes one value"),
    "complex": ("{a}", {"a": 1j}, "is complex128; a real number"),
    "a column of many points": ("{a}", {"a": np.ones((3, 1))}, "is an array of shape (3, 1)"),
    "an object": ("{a}", {"a": {}}, "is object; a real number"),
    "text with a form": ("{a:.3e}", {"a": "x"}, "is for numbers, and text came"),
    "text that ends words": ("{a}", {"a": "x\0y"}, "text came"),
    "half": ("{a:d}", {"a": 0.5}, "is for whole numbers"),
}


@pytest.mark.parametrize("case", CANNOT_BE_WRITTEN)
def test_a_value_that_cannot_be_written_runs_nothing(case, folder):
    word, values, said = CANNOT_BE_WRITTEN[case]
    program = pm.Program([*PYTHON, "show.py", word], "stdout", folder=folder, working_folder="work")
    with pytest.raises(ModelError) as caught:
        program(values, {})
    assert said in str(caught.value)
    assert not (folder / "work").exists()


def test_what_a_compiler_tries_is_refused(folder):
    import jax

    program = pm.Program([*PYTHON, "show.py", "{a}"], "stdout", folder=folder, working_folder="work")
    with pytest.raises(ModelError, match="where a number is wanted"):
        jax.eval_shape(lambda a: program({"a": a}, {})[""], jax.ShapeDtypeStruct((), np.float32))
    assert not (folder / "work").exists()


# ---- files of a run


def test_templates_inputs_and_files(folder):
    (folder / "sim").mkdir()
    (folder / "sim" / "config.tmpl").write_text("k = {k:.3f} µ\nv = {v}\nT = {T}\n{{}}\n", encoding="utf-8")
    (folder / "mesh").mkdir()
    (folder / "mesh" / "nodes.dat").write_bytes(b"\x00nodes")
    (folder / "read.py").write_text(
        "from pathlib import Path\n"
        "parts = 'deep/config.in', 'inputs.csv', 'mesh/nodes.dat'\n"
        "print([Path(p).read_bytes().decode() for p in parts])\nPath('y.txt').write_text('1 2')\n",
        encoding="utf-8",
    )
    program = pm.Program(
        [*PYTHON, "read.py"],
        {"y": "y.txt"},
        templates={"deep/config.in": "sim/config.tmpl"},
        inputs="inputs.csv",
        files=["mesh"],
        folder=folder,
        keep="all",
        working_folder="work",
    )
    assert program.names == {"k", "v", "T"}
    inputs = {"t": np.array([0.1, 1 / 3]), "T": np.float64(300)}
    program({"k": 2.0, "v": np.array([0.5, 1e-20]), "T": 1.0}, inputs)
    (kept,) = (folder / "work" / "kept").iterdir()
    assert eval((kept / "stdout").read_text(encoding="utf-8")) == [  # noqa: S307  our own list
        "k = 2.000 µ\nv = 0.5 1e-20\nT = 300.0\n{}\n",
        "t,T\n0.1,300.0\n0.3333333333333333,300.0\n",
        "\x00nodes",
    ]


def test_a_template_is_read_once(folder):
    (folder / "c.tmpl").write_text("{a}")
    (folder / "cat.py").write_text("print(open('c').read())")
    program = pm.Program([*PYTHON, "cat.py"], "stdout", templates={"c": "c.tmpl"}, folder=folder)
    hashed = program.content_hash
    (folder / "c.tmpl").write_text("7")
    assert program({"a": 3.0}, {})[""].tolist() == [3.0]
    assert program.content_hash == hashed
    assert replace(program).content_hash != hashed


def test_names_with_spaces_and_beyond_ascii(tmp_path):
    folder = tmp_path / "my simulations Ω"
    folder.mkdir()
    (folder / "the sim.py").write_text("import sys\nopen('my out.csv', 'w').write('y,z z\\n1,' + sys.argv[1])\n")
    program = pm.Program([*PYTHON, "the sim.py", "{a}"], {"y": "my out.csv:z z"}, folder=folder, working_folder="w w")
    assert program({"a": 2.5}, {})["y"].tolist() == [2.5]
    assert program.__name__ == "the sim.py"


def test_rows_must_fit_the_data(folder):
    program = pm.Program([*PYTHON, "line.py", "{a}", "{b}", "{n}"], "stdout", folder=folder)
    t = {"t": np.arange(3.0)}
    assert program({"a": 1.0, "b": 2.0, "n": 3}, t)[""].tolist() == [1, 3, 5]
    assert program({"a": 1.0, "b": 2.0, "n": 1}, t)[""].tolist() == [1]
    with pytest.raises(EvaluationFailed, match=r"^stdout has 2 values, where the data have 3 rows$"):
        program({"a": 1.0, "b": 2.0, "n": 2}, t)
    assert program({"a": 1.0, "b": 2.0, "n": 2}, {})[""].tolist() == [1, 3]


def test_it_is_a_model(folder):
    program = pm.Program([*PYTHON, "line.py", "{a}", "{b}", "3"], "stdout", folder=folder, parameters=["a", "b"])
    model = Model.of(program)
    assert model.takes_dicts and model.name == "line.py"
    data = pm.Data({"t": [0, 1, 2], "y": [1.0, 3.0, 5.1]}, inputs="t", output="y", sigma=0.1)
    fit = pm.fit(program, data, {"a": (0, 5), "b": (0, 5)}, starts=1)
    np.testing.assert_allclose([fit.estimate["a"], fit.estimate["b"]], [0.98333333, 2.05], rtol=1e-6)


def test_it_travels(folder):
    program = pm.Program([*PYTHON, "line.py", "{a}", "{b}", "2"], {"y": "stdout"}, folder=folder, timeout=9)
    other = pickle.loads(pickle.dumps(program))
    assert other == program and hash(other) == hash(program)
    assert other.content_hash == program.content_hash
    assert other({"a": 1.0, "b": 2.0}, {})["y"].tolist() == [1, 3]


def test_python_is_the_one_that_runs_this(folder):
    (folder / "which.py").write_text("import sys\nprint(int(sys.executable == sys.argv[1]))")
    words = ["python", "-I", "-S", "which.py", sys.executable]
    program = pm.Program(words, "stdout", folder=folder, environment={"PATH": "/nowhere"})
    assert program({}, {})[""].tolist() == [1]


# ---- what makes it another model


def test_the_hash_follows_all_that_gives_the_answer(folder):
    (folder / "c.tmpl").write_text("{a}")
    (folder / "mesh.dat").write_text("1")
    (folder / "case").mkdir()
    (folder / "case" / "x").write_text("1")
    stated = {"results": {"y": "stdout"}, "folder": folder, "files": ["case"], "templates": {"c": "c.tmpl"}}
    command = [*PYTHON, "show.py", "{a}", "--mesh={problem_folder}/mesh.dat"]

    def make(command=tuple(command), **changed):
        return pm.Program(command, **{**stated, **changed}).content_hash

    first = make()
    assert first == make() and len(first) == 64
    same = {"timeout": 5, "memory": "1 GB", "keep": "never", "working_folder": "w", "retry": 9, "precision": 1e-6}
    assert make(**same) == first
    others = {
        make((*command, "x")),
        make(results={"z": "stdout"}),
        make(results={"y": "stdout:last"}),
        make(templates={"d": "c.tmpl"}),
        make(inputs="i.csv"),
        make(environment={"A": "1"}),
        make(infeasible=3),
        make(files=[]),
    }
    for path in ("show.py", "mesh.dat", "case/x", "c.tmpl"):
        before = (folder / path).read_text()
        (folder / path).write_text(before + "\n#")
        others.add(make())
        (folder / path).write_text(before)
    assert len(others) == 12 and first not in others
    assert make() == first
    program = pm.Program(command, **stated)
    (folder / "show.py").unlink()
    with pytest.raises(ModelError, match=r"show.py is part of the model and cannot be read"):
        _ = program.content_hash


def test_the_hash_is_the_same_wherever_the_folder_is(tmp_path):
    hashes = set()
    for place in ("one", "two"):
        folder = tmp_path / place
        folder.mkdir()
        (folder / "show.py").write_text(SHOW)
        words = [*PYTHON, "show.py", "{problem_folder}/show.py", "--a={problem_folder}/show.py"]
        hashes.add(pm.Program(words, "stdout", folder=folder).content_hash)
    assert len(hashes) == 1


def test_a_program_on_the_path_is_part_of_the_hash(folder, monkeypatch):
    tool = folder / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent) + os.pathsep + os.environ["PATH"])
    program = pm.Program(["tool"], "stdout", folder=folder)
    first = program.content_hash
    assert program({}, {})[""].tolist() == [1]
    tool.write_text("#!/bin/sh\necho 2\n")
    assert program.content_hash != first


# ---- settings

REFUSED = {
    "a shell's line": ({"command": "python show.py"}, "command is a list of texts"),
    "no words": ({"command": []}, "command is empty"),
    "an empty program": ({"command": [""]}, "command is empty"),
    "a number among words": ({"command": ["python", 5]}, "command is a list of texts"),
    "a word that ends": ({"command": ["python", "a\0b"]}, "command is a list of texts"),
    "a program by parameter": ({"command": ["{a}"]}, "cannot be a parameter"),
    "no such program": ({"command": ["sho.py"]}, 'there is no program "sho.py", neither in'),
    "not executable": ({"command": ["show.py"]}, "is not executable; chmod +x"),
    "results of another type": ({"results": 5}, "results is a table"),
    "no results": ({"results": {}}, "results is empty"),
    "a rule of another type": ({"results": {"y": 5}}, "results: y: a rule is a text"),
    "a template that is missing": ({"templates": {"c": "show.pi"}}, 'did you mean "show.py"?'),
    "a template of another type": ({"templates": {"c": 5}}, "c is written from a file"),
    "templates as a list": ({"templates": ["c"]}, "templates is a table"),
    "a template outside": ({"templates": {"../c": "show.py"}}, '"../c" is no name below the working folder'),
    "a template at the root": ({"templates": {"/c": "show.py"}}, '"/c" is no name below the working folder'),
    "inputs outside": ({"inputs": "../i.csv"}, '"../i.csv" is no name below the working folder'),
    "inputs of another type": ({"inputs": 5}, "inputs is the name of a file"),
    "files outside": ({"files": ["../x"]}, '"../x" is no name below the working folder'),
    "the folder itself": ({"files": ["."]}, '"." is no name below the working folder'),
    "a file that is missing": ({"files": ["mesh"]}, "files: there is no file"),
    "one name twice": ({"inputs": "show.py", "files": ["show.py"]}, "is written by inputs already"),
    "a name of the run": ({"inputs": "stdout"}, '"stdout" is written by the run itself already'),
    "a timeout of none": ({"timeout": 0}, "timeout is a number of seconds above zero"),
    "a timeout in words": ({"timeout": "60 s"}, 'such as 60; "60 s" came'),
    "a size without a unit": ({"memory": "2"}, 'memory is a number of bytes, such as "2 GB"'),
    "a size of none": ({"memory": 0}, "memory is a number of bytes"),
    "an endless size": ({"output_limit": float("inf")}, "output_limit is a number of bytes"),
    "a variable with =": ({"environment": {"A=B": "1"}}, "environment: A=B is a text"),
    "a variable of another type": ({"environment": {"A": 1.5}}, "environment: A is a text"),
    "exit code 0": ({"infeasible": 0}, "infeasible is an exit code from 1 to 255"),
    "exit code 256": ({"retry": [1, 256]}, "retry is an exit code from 1 to 255"),
    "one code twice": ({"infeasible": [3, 4], "retry": 4}, "the exit code 4 is both infeasible and retry"),
    "keep": ({"keep": "fail"}, 'did you mean "failed"?'),
    "keep_at_most": ({"keep_at_most": -1}, "keep_at_most is a whole number from zero"),
    "working_folder": ({"working_folder": 5}, "working_folder is a path"),
    "precision": ({"precision": 0}, "precision is the relative error"),
    "an unused parameter": ({"parameters": ["a", "rat"]}, 'the parameter "rat" is used by nothing'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_stated_wrongly_is_told(case, folder):
    stated, said = REFUSED[case]
    good = {"command": [*PYTHON, "show.py", "{a}"], "results": "stdout", "folder": folder}
    assert pm.Program(**good)
    with pytest.raises(ModelError) as caught:
        pm.Program(**{**good, **stated})
    assert said in str(caught.value)


def test_a_template_must_be_text(folder):
    (folder / "c.tmpl").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match=r"templates: c.tmpl is not UTF-8"):
        pm.Program([*PYTHON, "show.py"], "stdout", templates={"c": "c.tmpl"}, folder=folder)
    (folder / "c.tmpl").write_text("{a.b}")
    with pytest.raises(ModelError, match=r"^template c.tmpl: \{a.b\} is no placeholder"):
        pm.Program([*PYTHON, "show.py"], "stdout", templates={"c": "c.tmpl"}, folder=folder)


def test_inputs_that_are_not_there_are_told(folder):
    program = pm.Program([*PYTHON, "show.py"], "stdout", inputs="i.csv", folder=folder)
    with pytest.raises(ModelError, match="the data have no inputs to write there"):
        program({}, {})


SIZES = {"2 GB": 2 * 10**9, "1.5kB": 1500, "500 MiB": 500 * 2**20, "7 b": 7, 12: 12, "1 TiB": 2**40}


@pytest.mark.parametrize("stated", SIZES)
def test_sizes(stated):
    from parametra.nouns._program_settings import size

    assert size(stated, "memory") == SIZES[stated]
