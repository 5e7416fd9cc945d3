"""What the commands do when nothing is wrong: what they print, what they write, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import parametra
from parametra.cli.main import COMMANDS, main

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD = """\
title = "a decay"
[model]
formula = "a * exp(-b * t)"
[parameters]
a = { lower = 0, upper = 10, guess = 4 }
b = { lower = 0.01, upper = 5, guess = 0.5 }
[data]
columns = { t = [0, 1, 2, 3, 4], y = [5.1, 3.9, 3.2, 2.4, 2.0] }
inputs = ["t"]
output = "y"
sigma = 0.1
"""


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert "Traceback" not in done.output
    return done


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "problem.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_fit_prints_the_result_and_writes_nothing_unasked(good):
    done = run("fit", good)
    assert done.exit_code == 0
    assert done.stdout.startswith("a decay\nconverged: ")
    assert "b " in done.stdout
    assert [path.name for path in good.parent.iterdir()] == ["problem.toml"]


def test_fit_json_is_one_object_with_everything_by_name(good):
    done = run("fit", good, "--json", "--starts", "3", "--seed", "7")
    found = json.loads(done.stdout)
    wanted = {
        "kind", "title", "status", "message", "estimate", "standard_error", "interval", "unit", "role", "notes",
        "correlation", "doubts", "log_likelihood", "chi_square", "p_value", "degrees_of_freedom", "points", "starts",
        "method", "choice", "estimator", "uncertainty", "noise", "receipt", "files",
    }  # fmt: skip
    assert wanted <= set(found)
    assert found["kind"] == "fit"
    assert found["status"] == "converged"
    assert set(found["estimate"]) == {"a", "b"} == set(found["correlation"])
    assert found["starts"]["count"] == 3
    assert found["receipt"]["seed"] == 7
    assert found["files"] == []
    assert done.stderr == ""


def test_quiet_prints_nothing(good, tmp_path):
    done = run("fit", good, "--quiet", "--out", tmp_path / "there")
    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 0)
    assert (tmp_path / "there" / "fit.json").exists()


def test_options_override_the_file(good):
    good.write_text(GOOD + '[fit]\nmethod = "lbfgs"\nstarts = 2\n', encoding="utf-8")
    assert json.loads(run("fit", good, "--json").stdout)["method"] == "lbfgs"
    found = json.loads(run("fit", good, "--json", "--method", "levenberg_marquardt", "--starts", "5").stdout)
    assert (found["method"], found["starts"]["count"]) == ("levenberg_marquardt", 5)
    found = json.loads(run("fit", good, "--json", "--method", "auto", "--starts", "auto", "--loss", "huber").stdout)
    assert (found["method"], found["starts"]["count"]) == ("levenberg_marquardt", 20)
    assert "huber" in found["estimator"]


def test_out_goes_beside_the_file_or_where_it_is_told(good, tmp_path, monkeypatch):
    good.write_text(GOOD + '[fit]\nstarts = 4\nout = "results"\n', encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    names = {"fit.json", "fit.png", "waterfall.png"}
    done = run("fit", good)
    assert {path.name for path in (tmp_path / "results").iterdir()} == names
    assert f"wrote {tmp_path / 'results' / 'fit.json'}" in done.stdout
    files = json.loads(run("fit", good, "--out", "here", "--json").stdout)["files"]
    assert {Path(file).name for file in files} == names == {path.name for path in (elsewhere / "here").iterdir()}
    assert parametra.load(elsewhere / "here" / "fit.json").title == "a decay"


def test_one_start_has_no_waterfall(good, tmp_path):
    run("fit", good, "--starts", "1", "--out", tmp_path / "one")
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"fit.json", "fit.png"}


def test_a_spent_budget_ends_with_3(good):
    done = run("fit", good, "--evaluations", "1", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (3, "budget")


FAILING = """\
def f(t, a, b):
    f.calls += 1
    return a * t if f.calls < 3 else a * t * float("nan")
f.calls = 0
"""


def test_a_model_that_fails_everywhere_ends_with_5(good, tmp_path):
    (tmp_path / "model.py").write_text(FAILING, encoding="utf-8")
    good.write_text(GOOD.replace('formula = "a * exp(-b * t)"', 'python = "model.py:f"'), encoding="utf-8")
    done = run("fit", good, "--json", "--out", tmp_path / "out")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (5, "failed")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["fit.json"]
    done = run("report", tmp_path / "out")
    assert done.exit_code == 5
    assert "The fit failed" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


SLOW = """\
import pathlib, time
def f(t, a, b):
    pathlib.Path(__file__).with_name("running").touch()
    time.sleep(0.05)
    return a * (1 + b) ** (-t)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_keeps_the_best_and_ends_with_4(good, tmp_path):
    (tmp_path / "model.py").write_text(SLOW, encoding="utf-8")
    good.write_text(GOOD.replace('formula = "a * exp(-b * t)"', 'python = "model.py:f"'), encoding="utf-8")
    words = [sys.executable, "-m", "parametra", "fit", str(good), "--json", "--starts", "500", "--method", "lbfgs"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "running").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(3.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, err
    assert json.loads(out)["status"] == "stopped"
    assert "Traceback" not in err


def test_report_of_a_problem_and_of_a_result(good, tmp_path):
    there = tmp_path / "out" / "problem"
    done = run("report", good, "--starts", "3")
    assert done.exit_code == 0
    names = {path.name for path in there.iterdir()}
    assert names == {"fit.json", "fit.png", "waterfall.png", "report.html"}
    page = (there / "report.html").read_text(encoding="utf-8")
    (there / "report.html").unlink()
    found = json.loads(run("report", there, "--json").stdout)
    assert found["files"] == [str(there / "report.html")]
    assert (found["kind"], found["status"]) == ("report", "converged")
    assert (there / "report.html").read_text(encoding="utf-8") == page
    run("report", there / "fit.json", "--out", tmp_path / "else", "--quiet")
    assert (tmp_path / "else" / "report.html").read_text(encoding="utf-8") == page


def test_a_result_is_not_fitted_again(good, tmp_path):
    run("fit", good, "--out", tmp_path)
    done = run("report", tmp_path / "fit.json", "--loss-scale", "3")
    assert done.exit_code == 2
    assert "--loss-scale has no use" in done.stderr


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"parametra": 1, "result": {"class": "os.system"}, "views": []}'])
def test_what_is_no_result_is_refused(text, tmp_path):
    (tmp_path / "fit.json").write_text(text, encoding="utf-8")
    done = run("report", tmp_path)
    assert done.exit_code == 2
    assert "fit.json" in done.stderr


def test_check_says_what_a_fit_would_do(good):
    done = run("check", good)
    assert done.exit_code == 0
    assert done.stdout.startswith("a decay: nothing speaks against a fit")
    found = json.loads(run("check", good, "--json").stdout)
    assert set(found) == {"kind", "title", "ok", "findings", "plan", "cost"}
    assert found["plan"]["method"] == "levenberg_marquardt"
    assert set(found["cost"]) == {"evaluations", "seconds_each", "seconds", "calls", "at_once", "words"}
    assert {finding["level"] for finding in found["findings"]} == {"ok"}
    assert run("check", good, "--quiet").stdout == ""


def test_check_ends_with_2_when_it_cannot_be_fitted(good):
    good.write_text(GOOD.replace("exp(-b", "log(-b"), encoding="utf-8")
    done = run("check", good, "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["ok"] is False
    assert "this cannot be fitted yet" in run("check", good).stdout


def test_new_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("new")
    assert done.stdout.startswith("wrote problem.toml")
    assert run("check", "problem.toml").exit_code == 0
    assert run("fit", "problem.toml", "--quiet").exit_code == 0
    before = Path("problem.toml").read_bytes()
    assert run("new").exit_code == 2
    assert Path("problem.toml").read_bytes() == before
    assert run("new", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("table", "columns"),
    [("expansion_history/hz.csv", ("z", "H", "sigma")), ("michaelis_menten/puromycin.csv", ("conc", "rate", None))],
)
def test_new_from_a_table(table, columns, tmp_path):
    path = tmp_path / "sub" / "mine.toml"
    found = json.loads(run("new", path, "--from", EXAMPLES / table, "--json").stdout)
    assert found["kind"] == "new"
    data = tomllib.loads(path.read_text(encoding="utf-8"))["data"]
    assert (data["inputs"], data["output"], data.get("sigma")) == ([columns[0]], *columns[1:])
    assert run("fit", path, "--quiet").exit_code == 0


def test_new_from_a_table_that_is_not_there(tmp_path):
    done = run("new", tmp_path / "p.toml", "--from", tmp_path / "nothing.csv")
    assert done.exit_code == 2
    assert "nothing.csv" in done.stderr
    assert not (tmp_path / "p.toml").exists()


def test_methods_are_listed_and_described():
    assert "levenberg_marquardt" in run("methods").stdout
    found = json.loads(run("methods", "--json").stdout)
    assert {"lbfgs", "least_squares", "levenberg_marquardt"} <= {card["name"] for card in found["methods"]}
    assert "residuals" in run("methods", "levenberg_marquardt").stdout
    card = json.loads(run("methods", "lbfgs", "--json").stdout)
    assert set(card) == {
        "kind",
        "name",
        "verb",
        "summary",
        "good_for",
        "prefer_instead",
        "needs",
        "honours",
        "cost",
        "sources",
        "settings",
    }
    done = run("methods", "lbfg")
    assert done.exit_code == 2
    assert 'did you mean "lbfgs"?' in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command):
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"parametra {command}" in done.stdout
    assert "Example" in done.stdout


def test_version():
    assert run("--version").stdout.split()[0] == "parametra"


def test_no_command_shows_the_help():
    assert "Commands:" in run().output


def test_the_examples_give_their_answers(tmp_path):
    """The published values, and the doubts that the third must raise."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("out"))
    found = {
        name: json.loads(run("fit", tmp_path / "examples" / name / "problem.toml", "--json").stdout)
        for name in ("expansion_history", "michaelis_menten", "two_exponentials")
    }
    assert abs(found["expansion_history"]["estimate"]["H0"] - 68.1) < 0.1
    assert abs(found["michaelis_menten"]["estimate"]["Vm"] - 212.7) < 0.05
    assert found["two_exponentials"]["doubts"]


def test_stopped_before_there_is_a_result(good, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("parametra.cli.fit.read_problem_file", interrupted)
    done = run("fit", good, "--json")
    assert done.exit_code == 4
    assert json.loads(done.stdout)["error"]["kind"] == "Stopped"
    assert "stopped before there was a result" in done.stderr


def test_the_bare_name_prints_the_help():
    bare = run()
    assert bare.exit_code == 0
    assert bare.stdout == run("--help").stdout
    assert "error" not in bare.output


def test_a_method_lists_its_settings():
    text = run("methods", "lbfgs").stdout
    assert "memory = 20  pairs of steps and gradients that are kept." in text
    found = json.loads(run("methods", "lbfgs", "--json").stdout)
    assert found["settings"][0] == {
        "name": "memory",
        "default": 20,
        "about": "pairs of steps and gradients that are kept.",
    }


def test_an_option_that_cannot_be_is_refused_in_words(good):
    for option, said in (("memory=-1", "a whole number above zero"), ("memory=x", 'lbfgs(memory="x")')):
        done = run("fit", good, "--method", "lbfgs", "--option", option)
        assert done.exit_code == 2
        assert said in done.stderr
