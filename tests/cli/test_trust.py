"""`parametra trust NAME` through the real command line: tables, promises, files, mistakes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from parametra.cli import main as program
from parametra.formats.result_file import load


@pytest.fixture(autouse=True)
def _there(monkeypatch):
    monkeypatch.setitem(program.COMMANDS, "trust", "Answers that hold.")


def run(*words):
    done = CliRunner().invoke(program.main, [str(word) for word in words])
    assert "Traceback" not in done.output
    return done


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    random = np.random.default_rng(1)
    X = random.normal(size=(250, 2))
    y = X.sum(axis=1) + 0.3 * random.normal(size=250)
    rows = [f"c{i},{a},{b},{a + b},{'' if i >= 200 else y[i]}" for i, (a, b) in enumerate(X)]
    (folder / "compounds.csv").write_text("\n".join(["id,a,b,m,y", *rows]), encoding="utf-8")
    p = random.uniform(size=200)
    rows = [f"{v},{'' if i > 190 else int(random.uniform() < v**2)}" for i, v in enumerate(p)]
    (folder / "stream.csv").write_text("\n".join(["p,hit", *rows]), encoding="utf-8")
    rows = [f"{random.normal() + (i % 2)},{'ab'[i % 2]}" for i in range(300)]
    (folder / "patients.csv").write_text("\n".join(["change,arm", *rows]), encoding="utf-8")
    return folder


SELECT = ("conformal_selection", "compounds.csv", "--outcome", "y", "--above", "1")
STREAM = ("online_calibration", "stream.csv", "--score", "p", "--outcome", "hit")
TEST = ("private_test", "patients.csv", "--test", "t_test", "--columns", "change")


def ask(tables, words, *more):
    name, table, *rest = words
    return run("trust", name, tables / table, *rest, *more)


def test_rows_are_selected_by_scores(tables, tmp_path):
    done = ask(tables, SELECT, "--scores", "m,a", "--level", "0.2", "--name", "id", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "50 new instances selected" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"trust.json", "trust.png"}
    found = load(tmp_path / "out" / "trust.json")
    assert all(name.startswith("c2") for name in found.names)
    assert len(found.selected) > 4


def test_rows_are_selected_by_what_is_learned_from_inputs(tables):
    done = ask(tables, SELECT, "--inputs", "a,b", "--level", "0.2", "--json")
    found = json.loads(done.stdout)
    assert found["kind"] == "trust_conformal_selection"
    assert len(found["selected"]) > 4
    assert found["selected"][0].endswith("of compounds.csv)")
    assert {one["judged by"] for one in found["instances"]} <= {"linear", "quadratic"}


def test_a_stream_is_calibrated(tables):
    done = ask(tables, STREAM, "--family", "beta", "--json")
    found = json.loads(done.stdout)
    assert found["family"] == "beta"
    assert len(found["forecasts"]["tracked"]) == 200
    assert found["outcomes"][-1] is None


def test_a_private_test_of_two_groups(tables):
    done = ask(tables, TEST, "--group", "arm", "--seed", "1")
    assert done.exit_code == 0
    assert "evidence against the null hypothesis" in done.stdout
    assert "not private" in done.stdout
    assert "not private" not in ask(tables, TEST, "--epsilon", "0.5").stdout


def test_quiet_prints_nothing(tables):
    done = ask(tables, TEST, "--quiet")
    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 0)


def test_a_promise_is_simulated_and_drawn(tmp_path):
    done = run("trust", "conformal_selection", "--promise", "--runs", "40", "--out", tmp_path)
    assert done.exit_code == 0
    assert "at most 10% of the selected are false on average" in done.stdout.replace("\n         ", " ")
    assert load(tmp_path / "trust.json").runs == 40
    assert (tmp_path / "trust.png").read_bytes()[1:4] == b"PNG"


MISTAKES = {
    "no name": ((), "Missing command"),
    "an unknown name": (("holdout",), "holdout"),
    "no table": (("conformal_selection",), "a table is wanted, or --promise"),
    "a file that is none": (("online_calibration", "none.csv", "--score", "p", "--outcome", "y"), "there is no file"),
    "the holdout without its promise": (("reusable_holdout",), "asked from Python"),
    "a table beside a promise": (("private_test", "x.csv", "--promise"), "leave x.csv out"),
    "an option beside a promise": (("private_test", "--test", "t_test", "--promise"), "leave --test out"),
    "runs without a promise": (("private_test", "x.csv", "--runs", "3"), "--runs belongs to --promise"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_and_exit_code_2(name):
    words, message = MISTAKES[name]
    done = run("trust", *words)
    assert done.exit_code == 2
    assert message in done.stderr


OF_TABLES = {
    "no outcome": (SELECT[:2], "--outcome is wanted"),
    "no scores": (SELECT, "columns of scores, or of inputs"),
    "an unknown column": ((*SELECT, "--scores", "mm"), 'there is no column "mm"'),
    "nothing blank": ((*SELECT[:3], "m", "--above", "1", "--scores", "m"), "250 are known and 0 blank"),
    "no groups": ((*TEST, "--group", "change"), "must hold two values, one a group; it holds 300"),
    "an unknown test": ((*TEST[:3], "z_test", "--columns", "change"), "z_test"),
    "no privacy": ((*TEST, "--epsilon", "0"), "epsilon"),
}


@pytest.mark.parametrize("name", OF_TABLES)
def test_a_mistake_about_a_table_is_told(name, tables):
    words, message = OF_TABLES[name]
    done = ask(tables, words)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_folder_that_cannot_be(tables, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    done = ask(tables, TEST, "--out", tmp_path / "taken")
    assert done.exit_code == 2
    assert "Choose another one with --out" in done.stderr
