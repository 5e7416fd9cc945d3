"""Where results go: each problem file has a folder of its own, and no result of another problem is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import parametra
from parametra.cli.main import main

TABLE = "t,y\n0,1\n1,2.1\n2,2.9\n3,4.2\n"


def run(*words: object) -> object:
    return CliRunner().invoke(main, [str(word) for word in words])


def new(folder: Path, name: str, *options: object) -> Path:
    file = folder / f"{name}.toml"
    done = run("new", file, *options)
    assert done.exit_code == 0, done.output
    return file


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "measured.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def kinds(table: Path) -> dict[str, tuple[object, ...]]:
    return {
        "formula": (),
        "ode": ("--template", "ode"),
        "columns": ("--from", table),
        "model": ("--model", "kinetics.michaelis_menten"),
        "model of columns": ("--model", "kinetics.michaelis_menten", "--from", table),
        "survival": ("--model", "survival.accelerated_failure_time"),
    }


def test_every_new_file_has_a_folder_of_its_own(table, tmp_path):
    from parametra.formats.problem_file import read_problem_file

    for name, options in kinds(table).items():
        assert read_problem_file(new(tmp_path, name, *options)).out == tmp_path / "out" / name


def test_two_files_in_one_folder_keep_their_results(table, tmp_path):
    files = [new(tmp_path, "one", "--from", table), new(tmp_path, "two")]
    for file in files:
        assert run("fit", file, "--quiet", "--starts", 1).exit_code == 0
    found = [parametra.load(tmp_path / "out" / name / "fit.json").title for name in ("one", "two")]
    assert found == ["measured", "two"]


def test_a_report_without_a_stated_folder_goes_to_one_of_its_own(table, tmp_path):
    file = new(tmp_path, "one", "--from", table)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("[fit]")], encoding="utf-8")
    assert run("report", file, "--quiet", "--starts", 1).exit_code == 0
    assert (tmp_path / "out" / "one" / "report.html").exists()


def test_a_result_of_another_problem_in_the_same_folder_is_kept_and_told(table, tmp_path):
    first, second = new(tmp_path, "one", "--from", table), new(tmp_path, "two")
    out = ("--out", tmp_path / "both", "--starts", 1)
    assert run("fit", first, *out).stderr.count("is kept") == 0
    again = run("fit", first, *out)
    assert again.stderr.count("is kept") == 0  # the same problem writes over its own
    assert {path.name for path in (tmp_path / "both").glob("*.json")} == {"fit.json"}
    told = run("fit", second, *out).stderr
    (kept,) = (path for path in (tmp_path / "both").glob("fit-*.json"))
    assert f"it is kept as {kept.name}" in told
    assert parametra.load(kept).title == "measured"
    assert parametra.load(tmp_path / "both" / "fit.json").title == "two"


def test_another_file_of_that_name_is_kept_too(table, tmp_path):
    file = new(tmp_path, "one", "--from", table)
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "fit.json").write_text(json.dumps(["mine"]), encoding="utf-8")
    told = run("fit", file, "--out", tmp_path / "both", "--starts", 1).stderr
    (kept,) = (tmp_path / "both").glob("fit-*.json")
    assert f"it is kept as {kept.name}" in told
    assert kept.read_text(encoding="utf-8") == json.dumps(["mine"])
