"""Commands on problems whose model is an ODE: PEtab files, steady states, failures, pools, ledgers, kills."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import parametra
from parametra.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
DECAY = """\
title = "a decay"
[model.ode]
solver = "lsoda"
[model.ode.states]
A = "inflow - k * A"
[model.ode.initial]
A = 5
[parameters]
k = { lower = 0.05, upper = 5, guess = 0.8 }
inflow = { lower = 0, upper = 5, guess = 1 }
[data]
columns = { t = [0.5, 1, 2, 4], A = [4.3, 3.7, 3.0, 2.25] }
inputs = ["t"]
output = "A"
sigma = 0.05
[fit]
starts = 2
seed = 0
"""
GROWTH = """\
title = "a growth"
[model.ode]
most_steps = 300
solver = "SOLVER"
[model.ode.states]
A = "k * A**2"
[model.ode.initial]
A = 1
[parameters]
k = { lower = 0.01, upper = 2, guess = 0.1 }
[data]
columns = { t = [0.5, 1, 2], A = [1.0526, 1.1111, 1.25] }
inputs = ["t"]
output = "A"
sigma = 0.01
[fit]
starts = 10
seed = 0
"""


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert "Traceback" not in done.output
    return done


def fitted(*words):
    done = run("fit", *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def decay(tmp_path):
    path = tmp_path / "decay.toml"
    path.write_text(DECAY, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------------------------------- PEtab


@pytest.fixture
def petab(tmp_path):
    pytest.importorskip("libsbml")
    shutil.copytree(EXAMPLES / "petab_decay", tmp_path / "petab")
    return tmp_path / "petab" / "problem.yaml"


def test_a_petab_problem_is_checked_fitted_and_reported(petab):
    checked = run("check", petab)
    assert checked.exit_code == 0, checked.output
    assert re.search(r"^ok +gradient ", checked.stdout, re.MULTILINE)
    done = run("report", petab, "--starts", "1", "--json")
    assert done.exit_code == 0, done.output
    (page,) = [Path(each) for each in json.loads(done.stdout)["files"] if each.endswith(".html")]
    assert page.parent == petab.parent / "out" / petab.stem
    found = parametra.load(page.parent / "fit.json")
    for name, value in {"k1": 0.5, "k2": 0.2, "scale": 2.0}.items():
        assert found.estimate[name] == pytest.approx(value, rel=0.1), name
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in ("k1", "k2", "scale", "signal", "product", "forward sensitivities"))


def test_a_petab_problem_with_a_mistake_ends_with_2(petab):
    table = petab.parent / "measurements.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("signal\tlow", "signall\tlow", 1), encoding="utf-8")
    done = run("check", petab)
    assert done.exit_code == 2
    assert "measurements.tsv" in done.stderr
    assert "signall" in done.stderr


# ------------------------------------------------------------------------------------ steady state, report


def test_a_steady_state_goes_from_the_file_to_the_report(decay):
    rested = DECAY.replace("4], A", "4, inf], A").replace("2.25]", "2.25, 2.0]").replace('"lsoda"', '"explicit"')
    decay.write_text(rested, encoding="utf-8")
    found = fitted(decay, "--starts", "1", "--out", decay.parent / "out")
    assert found["estimate"]["inflow"] / found["estimate"]["k"] == pytest.approx(2.0, rel=0.03)
    assert run("report", decay.parent / "out").exit_code == 0
    page = (decay.parent / "out" / "report.html").read_text(encoding="utf-8")
    assert "inflow" in page
    assert "forward sensitivities" in page


# ------------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("solver", ["lsoda", pytest.param("explicit", marks=pytest.mark.slow)])
def test_failures_are_counted_by_reason_in_the_receipt_and_the_report(tmp_path, solver):
    """1 / (1 - k t) is infinite at t = 1 / k: half of the box blows up before the last of the data."""
    path = tmp_path / "growth.toml"
    path.write_text(GROWTH.replace("SOLVER", solver), encoding="utf-8")
    found = fitted(path, "--out", tmp_path / "out")
    assert found["estimate"]["k"] == pytest.approx(0.1, rel=0.01)
    failures = found["receipt"]["failures"]
    assert sum(failures.values()) > 0
    assert all(re.search("blow-up|more than 300 steps|NaN", reason) for reason in failures), failures
    assert run("report", tmp_path / "out").exit_code == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert any(reason in page for reason in failures), failures


# ------------------------------------------------------------------------------------ pools and ledgers


def the_answer(found):
    return {name: found[name] for name in ("estimate", "standard_error", "log_likelihood", "status")}


def test_a_pool_gives_the_same_bits_and_a_ledger_saves_the_calls(decay, tmp_path):
    ledger = tmp_path / "calls.db"
    plain = fitted(decay, "--pool", "serial")
    pooled = fitted(decay, "--pool", "2", "--ledger", ledger)
    again = fitted(decay, "--ledger", ledger)
    assert the_answer(pooled) == the_answer(plain)
    assert the_answer(again) == the_answer(plain)
    assert pooled["receipt"]["model_calls"] > 0
    assert again["receipt"]["model_calls"] == 0
    assert again["receipt"]["reused"] == pooled["receipt"]["model_calls"]
    listed = json.loads(run("runs", ledger, "--json").stdout)["runs"]
    assert [each["status"] for each in listed] == ["converged", "converged"]


def test_an_ode_that_takes_many_points_at_once_stays_in_this_process_and_says_so(decay, tmp_path):
    decay.write_text(DECAY.replace('"lsoda"', '"explicit"'), encoding="utf-8")
    plain = fitted(decay)
    pooled = fitted(decay, "--pool", "2", "--ledger", tmp_path / "calls.db")
    assert the_answer(pooled) == the_answer(plain)
    assert "in this process" in pooled["receipt"]["evaluator"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
def test_a_fit_that_is_killed_goes_on(decay, tmp_path):
    decay.write_text(DECAY.replace("starts = 2", "starts = 40"), encoding="utf-8")
    whole, ledger = fitted(decay, "--pool", "serial"), tmp_path / "calls.db"
    words = [sys.executable, "-m", "parametra", "fit", str(decay), "--ledger", str(ledger), "--json"]
    for seconds in (1.0, 2.5):  # after the ledger is there
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not ledger.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    killed = json.loads(run("runs", ledger, "--json").stdout)["runs"]
    assert killed
    assert {each["status"] for each in killed} <= {"interrupted", "converged"}
    found = fitted(decay, "--ledger", ledger)
    assert the_answer(found) == the_answer(whole)
    assert found["receipt"]["reused"] > 0
    assert found["receipt"]["model_calls"] + found["receipt"]["reused"] == whole["receipt"]["model_calls"]


# ------------------------------------------------------------------------------------------------------- parametra new


@pytest.mark.slow
def test_new_offers_an_ode(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("new", "doses.toml", "--template", "ode")
    assert done.exit_code == 0
    assert "differential equations" in done.stdout
    assert "formula|ode" in run("new", "--help").stdout
    assert run("check", "doses.toml").exit_code == 0
    assert run("fit", "doses.toml", "--quiet", "--starts", "1").exit_code == 0
    assert (tmp_path / "out" / "fit.json").exists()
    assert run("new", "other.toml", "--template", "odes").exit_code == 2


# ------------------------------------------------------------------------------------------------------------- examples

ANSWERS = {
    "ode_epidemic/epidemic.toml": {"contact": 1.870, "recovery": 0.526},
    "ode_hare_lynx/hare_lynx.toml": {"birth": 0.5402, "death": 0.7967, "hare_1900": 34.6},
    "ode_indomethacin/indomethacin.toml": {"volume": 11.0, "clearance": 10.96},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_the_examples_of_odes_give_their_answers(name, tmp_path):
    """Those of the hares lie within the published posterior, see tests/nouns/test_ode_fit.py."""
    shutil.copytree((EXAMPLES / name).parent, tmp_path / "example", ignore=shutil.ignore_patterns("out"))
    found = fitted(tmp_path / "example" / Path(name).name, "--starts", "2")
    for key, value in ANSWERS[name].items():
        assert found["estimate"][key] == pytest.approx(value, rel=2e-3), key
