"""A table that lacks an input of a model still makes a file: the input is one number, which is to be filled in."""

import pytest

import parametra as pm
from parametra.formats.new_model import model_text
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.errors import FileError, ParametraError


def _table(path, head):
    path.write_text(head + "\n" + "\n".join(f"{t},{10 * 0.8**t:.4f}" for t in range(8)) + "\n")
    return path


@pytest.mark.parametrize("head", ["time,concentration", "t (h),C", "hours,measured"])
def test_a_dose_that_no_column_holds_is_filled_in(tmp_path, head):
    table = _table(tmp_path / "table.csv", head)
    path = tmp_path / "problem.toml"
    text, words, _ = model_text(path, pm.model("pharmacokinetics.one_compartment"), table)
    assert "there is none for dose: fill in the numbers under constants" in words
    path.write_text(text)
    with pytest.raises(ParametraError, match='needs the input "dose"'):
        read_problem_file(path)
    path.write_text(text.replace("# constants = { dose = ... }", "constants = { dose = 100.0 }"))
    assert pm.fit(read_problem_file(path).problem, starts=1).status.ok


def test_a_table_may_hold_some_of_the_outputs(tmp_path):
    table = _table(tmp_path / "table.csv", "time,nuclear")
    text, _, _ = model_text(tmp_path / "problem.toml", pm.model("oscillators.hes1"), table)
    assert 'outputs = { nuclear = "nuclear" }' in text


def test_a_table_without_any_input_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("rate\n1\n2\n3\n")
    with pytest.raises(FileError, match="takes substrate and gives rate"):
        model_text(tmp_path / "problem.toml", pm.model("kinetics.michaelis_menten"), path)
