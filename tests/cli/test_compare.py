"""`parametra compare` as it is typed: what it prints and writes, how it ends, what it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from parametra.cli.compare import compare
from parametra.nouns import storage
from parametra.nouns.errors import ParametraError

HEAD = """\
title = "a decay"
[parameters]
a = { lower = 0, upper = 10, guess = 4 }
b = { lower = 0.01, upper = 5, guess = 0.5 }
[data]
columns = { t = [0, 1, 2, 3, 4, 5, 6, 7, 8], y = [5.1, 3.9, 3.2, 2.4, 2.0, 1.5, 1.3, 1.0, 0.8] }
inputs = ["t"]
output = "y"
sigma = 0.1
"""


def stated(formula, text=HEAD, rest=""):
    return text.replace("[parameters]", f'[model]\nformula = "{formula}"\n[parameters]') + rest


@pytest.fixture
def folder(tmp_path):
    files = {
        "decay": stated("a * exp(-b * t)"),
        "hyperbola": stated("a / (1 + b * t)"),
        "line": stated("a - b * t"),
        "robust": stated("a * exp(-b * t)", rest='[fit]\nloss = "huber"\n'),
        "other": stated("a - b * t", HEAD.replace("0.8]", "0.7]")),
    }
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def run(folder, *words):
    names = [
        str(folder / f"{w}.toml") if not w.startswith("-") and (folder / f"{w}.toml").exists() else w for w in words
    ]
    return CliRunner().invoke(compare, names, standalone_mode=False, catch_exceptions=True)


def test_the_verdict_comes_first_and_nothing_is_written_unasked(folder):
    before = sorted(folder.iterdir())
    done = run(folder, "decay", "hyperbola", "--cross-validation", "no")
    assert done.return_value == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "decay, hyperbola"
    assert lines[1] == "converged: 2 models were fitted to the same 9 observations"
    assert "decay is better than hyperbola" in done.stdout
    assert sorted(folder.iterdir()) == before


def test_json_is_one_object_and_the_same_every_time(folder):
    first, again = (json.loads(run(folder, "decay", "line", "--json").stdout) for _ in "ab")
    assert (first["kind"], first["best"], first["criterion"]) == ("compare", "decay", "aicc")
    assert set(first["models"]) == {"decay", "line"}
    assert len(first["pairs"]) == 1
    assert first["models"]["line"]["checks"]["runs"]["p_value"] < 0.2
    first["receipt"].pop("seconds"), again["receipt"].pop("seconds")
    assert first == again


def test_out_holds_the_result_and_the_pictures(folder):
    out = folder / "out"
    done = run(folder, "decay", "line", "--criterion", "bic", "--out", str(out))
    assert {path.name for path in out.iterdir()} == {
        "compare.json",
        "criteria.png",
        "predictions.png",
        "residuals_decay.png",
        "residuals_line.png",
    }
    assert f"wrote {out / 'compare.json'}" in done.stdout
    assert storage.load(out / "compare.json").criterion == "bic"


def test_quiet_prints_nothing(folder):
    done = run(folder, "decay", "line", "--quiet")
    assert (done.stdout, done.stderr, done.return_value) == ("", "", 0)


def test_a_spent_budget_ends_with_3(folder):
    done = run(folder, "decay", "hyperbola", "--evaluations", "1", "--starts", "1", "--json")
    assert (done.return_value, json.loads(done.stdout)["status"]) == (3, "budget")


BAD = {
    ("decay",): "two problem files or more, and 1 came",
    ("decay", "decay"): "is named twice",
    ("decay", "other"): "differ in 1 of 9 rows, first in row 9: 0.8 in",
    ("decay", "robust"): "a robust loss has none",
    ("decay", "line", "--criterion", "dic"): 'criterion="dic"',
    ("decay", "line", "--cross-validation", "100"): "a number of folds from 2 to 9",
    ("decay", "missing.toml"): "missing.toml",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_is_told_in_a_sentence(folder, words):
    done = run(folder, *words)
    assert isinstance(done.exception, ParametraError)
    assert BAD[words] in str(done.exception)


def test_folds_are_a_word_or_a_number(folder):
    done = run(folder, "decay", "line", "--cross-validation", "some")
    assert "neither auto, yes, no nor a number" in str(done.exception)


def test_nesting_may_be_stated(folder):
    (folder / "flat.toml").write_text(
        stated("a + 0*t").replace("b = { lower = 0.01, upper = 5, guess = 0.5 }\n", ""), encoding="utf-8"
    )
    pairs = {
        word: json.loads(run(folder, "flat", "line", word, "--json").stdout)["pairs"][0]
        for word in ("--nested", "--not-nested")
    }
    assert pairs["--nested"]["nesting"]["how"] == "stated"
    assert pairs["--nested"]["ratio_test"]["p_value"] < 1e-10
    assert pairs["--not-nested"]["ratio_test"] is None
