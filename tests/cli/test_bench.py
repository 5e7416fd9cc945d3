"""`parametra bench fit` through the real command line: what it prints and writes, how it ends, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import parametra
from parametra.cli.main import main

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
FEW = ("--methods", "levenberg_marquardt,nelder_mead", "--seeds", "2", "--evaluations", "100")


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "problem.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert "Traceback" not in done.output
    return done


def test_the_table_is_printed_and_nothing_written_unasked(good):
    done = run("bench", "fit", good, *FEW)
    assert done.exit_code == 0
    assert done.stdout.startswith("a decay\nconverged: 2 methods ran from 2 starts each, 100 evaluations a run at most")
    assert "levenberg_marquardt (auto)" in done.stdout
    assert [path.name for path in good.parent.iterdir()] == ["problem.toml"]


def test_json_is_one_object_and_the_same_every_time(good):
    first, again = (
        json.loads(run("bench", "fit", good, *FEW, "--accuracy", "0.1,1e-3", "--json").stdout) for _ in "ab"
    )
    assert first["kind"] == "bench_fit"
    assert first["accuracies"] == [0.1, 1e-3]
    assert first["ranking"] == ["levenberg_marquardt", "nelder_mead"]
    assert first["methods"]["levenberg_marquardt"]["0.001"]["times_the_best"] == 1
    first["receipt"].pop("seconds"), again["receipt"].pop("seconds")
    assert first == again


def test_out_holds_the_result_and_the_picture(good, tmp_path):
    done = run("bench", "fit", good, *FEW, "--out", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"bench.json", "bench.png"}
    assert f"wrote {tmp_path / 'out' / 'bench.png'}" in done.stdout
    assert parametra.load(tmp_path / "out" / "bench.json").runs == 2


def test_quiet_prints_nothing(good):
    done = run("bench", "fit", good, *FEW, "--quiet")
    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 0)


def test_spent_time_ends_with_3(good):
    done = run("bench", "fit", good, "--methods", "nelder_mead", "--seconds", "0.001", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (3, "budget")


def test_a_folder_that_cannot_be(good, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    done = run("bench", "fit", good, *FEW, "--out", tmp_path / "taken")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
    assert "Choose another one with --out" in done.stderr


MISTAKES = {
    "an unknown method": (("--methods", "nelder_maed"), 'did you mean "nelder_mead"?'),
    "accuracy zero": (("--accuracy", "0"), "0.0 is no share between 0 and 1"),
    "accuracy a word": (("--accuracy", "fine"), '"fine" is not a list of numbers'),
    "no methods": (("--methods", ","), "methods: none came"),
    "no seeds": (("--seeds", "0"), "seeds=0: a whole number, 1 or more"),
    "no time": (("--seconds", "0"), "seconds=0"),
    "no evaluations": (("--evaluations", "0"), "evaluations=0"),
    "a method that cannot": (("--methods", "brent"), "`brent` needs a single parameter"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_and_exit_code_2(name, good):
    words, message = MISTAKES[name]
    done = run("bench", "fit", good, *words, "--json")
    assert done.exit_code == 2
    assert message in done.stderr
    assert message in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize(("words", "message"), [(("bench",), "Missing command"), (("bench", "fut"), "'fut'")])
def test_a_missing_word_is_told(words, message):
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_process_of_its_own(good):
    done = subprocess.run(
        [sys.executable, "-m", "parametra", "bench", "fit", str(good), "--methods", "nope"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('error: fit has no method "nope"')
