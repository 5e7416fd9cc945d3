"""The guess which column is what, and that what is written can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

import parametra as pm
from parametra.formats.new_file import guess_columns, write_new
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.errors import FileError
from parametra.nouns.table import read_table

ONE = [1.0, 2.0, 3.0]
TABLES = {
    "in order": ({"x": ONE, "y": ONE}, ("x", "y", "")),
    "with a sigma": ({"x": ONE, "y": ONE, "sigma": ONE}, ("x", "y", "sigma")),
    "a sigma before": ({"x": ONE, "y_err": ONE, "y": ONE}, ("x", "y", "y_err")),
    "a sigma of another": ({"x": ONE, "x_err": ONE, "y": ONE, "y_err": ONE}, ("x", "y", "y_err")),
    "a d before": ({"x": ONE, "y": ONE, "dy": ONE}, ("x", "y", "dy")),
    "a sigma that is zero": ({"x": ONE, "y": ONE, "std": [0.0, 1, 1]}, ("x", "y", "")),
    "text between": ({"label": ["a", "b", "c"], "x": ONE, "y": ONE}, ("x", "y", "")),
    "one column only": ({"y": ONE}, ("", "y", "")),
    "named like a sigma only": ({"error": ONE}, ("", "error", "")),
}


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_guessed(name):
    table, wanted = TABLES[name]
    found = guess_columns(read_table(table))
    assert (found.input, found.output, found.sigma) == wanted


def test_no_numbers_at_all():
    with pytest.raises(pm.ParametraError, match="no column of numbers"):
        guess_columns(read_table({"a": ["x", "y"]}))


CSV = {
    "an ordinary one": "t,y,sigma\n0,1,0.1\n1,2.1,0.1\n2,2.9,0.1\n",
    "units in the names": "time [s],rate (1/s)\n0,1\n1,2.1\n2,2.9\n",
    "names of functions": "log,exp\n0,1\n1,2.1\n2,2.9\n",
    "names of the line": "slope,level\n0,1\n1,2.1\n2,2.9\n",
    "quotes in the names": '"a ""b"" \\ c",y\n0,1\n1,2.1\n2,2.9\n',
    "missing values": "t,y\n0,1\n1,\n2,2.9\n3,4.1\n",
    "one column": "y\n1\n2\n2.5\n",
    "an input that does not vary": "t,y\n1,1\n1,2\n1,2.5\n",
}


@pytest.mark.parametrize("name", CSV)
def test_what_is_written_runs(name, tmp_path):
    table = tmp_path / "data" / "measured.csv"
    table.parent.mkdir()
    table.write_text(CSV[name], encoding="utf-8")
    write_new(tmp_path / "problems" / "mine.toml", table)
    found = read_problem_file(tmp_path / "problems" / "mine.toml")
    assert found.problem.title == "measured"
    pm.fit(found.problem, starts=1)


def test_the_example_runs(tmp_path):
    write_new(tmp_path / "mine.toml")
    found = read_problem_file(tmp_path / "mine.toml")
    assert pm.fit(found.problem).doubts == ()
    assert found.out == tmp_path / "out" / "mine"


@pytest.mark.parametrize(
    ("name", "said"), [("there.toml", "is there already"), ("", "is a folder"), ("x.toml/y", "cannot be written")]
)
def test_where_it_cannot_be_written(name, said, tmp_path):
    (tmp_path / "there.toml").touch()
    (tmp_path / "x.toml").touch()
    with pytest.raises(pm.ParametraError, match=said):
        write_new(tmp_path / name)


def test_the_table_is_named_from_the_files_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "measured.csv").write_text(CSV["an ordinary one"], encoding="utf-8")
    write_new(Path("problems/mine.toml"), Path("data/measured.csv"))
    assert 'file = "../data/measured.csv"' in Path("problems/mine.toml").read_text(encoding="utf-8")
    assert read_problem_file("problems/mine.toml").problem.size == 3


def test_numbers_with_commas_are_no_text_to_be_left_out(tmp_path):
    table = tmp_path / "measured.csv"
    table.write_text("x;y\n1;2\n1,5;3\n2;4\n", encoding="utf-8")
    with pytest.raises(pm.ParametraError, match=r'"x" holds text: "1,5" in line 3 .* written like 0\.15'):
        write_new(tmp_path / "mine.toml", table)
    assert not (tmp_path / "mine.toml").exists()
    table.write_text("x;y;note\n1;2;a, b\n2;3;c\n", encoding="utf-8")
    write_new(tmp_path / "mine.toml", table)


def test_a_table_is_not_written_over_by_a_problem_file(tmp_path):
    table = tmp_path / "mine.csv"
    with pytest.raises(FileError, match=r"is a table by its name.*parametra new mine\.toml --from .*mine\.csv"):
        write_new(table)
    assert not table.exists()
