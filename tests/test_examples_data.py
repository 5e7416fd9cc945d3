"""The examples' tables are what their sources say, and every problem file is complete in itself."""

from __future__ import annotations

import ast
import csv
import runpy
import tomllib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
PROBLEMS = sorted(EXAMPLES.glob("*/problem.toml"))
FUNCTIONS = {"sqrt", "exp"}


def rows(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_there_are_four_examples():
    names = ["expansion_history", "external_program", "michaelis_menten", "two_exponentials"]
    assert [path.parent.name for path in PROBLEMS] == names


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.parent.name)
def test_a_problem_file_names_only_what_it_has(path):
    problem = tomllib.loads(path.read_text(encoding="utf-8"))
    data = problem["data"]
    columns = set(rows(path.parent / data["file"])[0])
    sigma = [data["sigma"]] if isinstance(data.get("sigma"), str) else []
    assert {*data["inputs"], data["output"], *data.get("where", {}), *data["units"], *sigma} <= columns

    if "formula" not in problem["model"]:  # a program; that its placeholders are parameters is checked when it is read
        return
    formulas = [problem["model"]["formula"], *problem.get("derived", {}).values()]
    names = {node.id for text in formulas for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert names - FUNCTIONS == {*problem["parameters"], *data["inputs"]}
    for parameter in problem["parameters"].values():
        assert parameter["lower"] < parameter.get("guess", parameter["upper"]) <= parameter["upper"]


@pytest.mark.external
def test_the_chronometers_are_those_of_the_compilation(external_data):
    certified = rows(external_data / "cosmology" / "cosmic_chronometers.csv")
    ours = rows(EXAMPLES / "expansion_history" / "hz.csv")
    assert len(ours) == 31
    assert [
        (float(row["z"]), float(row["H"]), float(row["sigma"]), row["source"].replace(" ", "")) for row in ours
    ] == [(float(row["z"]), float(row["Hz"]), float(row["sigma"]), row["ref"]) for row in certified]


def test_every_source_of_the_chronometers_is_cited_in_the_file():
    path = EXAMPLES / "expansion_history" / "hz.csv"
    comments = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    for source in {row["source"] for row in rows(path)}:
        assert any(line.startswith(f"# {source}: ") and "doi:" in line and "arXiv:" in line for line in comments), (
            source
        )


@pytest.mark.external
def test_puromycin_is_that_of_r(external_data):
    assert rows(EXAMPLES / "michaelis_menten" / "puromycin.csv") == rows(external_data / "nls" / "Puromycin.csv")


def test_the_decay_is_what_its_program_makes():
    folder = EXAMPLES / "two_exponentials"
    made = runpy.run_path(str(folder / "make_data.py"))["decay_table"]()
    assert made == (folder / "decay.csv").read_text(encoding="utf-8")
