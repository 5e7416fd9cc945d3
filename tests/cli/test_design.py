"""`parametra design` through the real command line: what it prints and writes, how it ends, what it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from parametra.cli.main import main
from parametra.nouns import storage

GOOD = """\
title = "An enzyme"
[model]
formula = "V * c / (K + c)"
[parameters]
V = { type = "positive", guess = 2 }
K = { type = "positive", guess = 1 }
[data]
columns = { c = [0.02, 0.05, 0.1, 0.2, 0.3], v = [0.031, 0.072, 0.144, 0.271, 0.392] }
inputs = ["c"]
output = "v"
sigma = 0.01
"""
TABLE = """\
[design]
criterion = "worst"
points = 5
cost = 1
[design.inputs]
c = { lower = 0, upper = 10, points = 41 }
"""


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "problem.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert "Traceback" not in done.output
    return done


def test_the_verdict_is_printed_and_nothing_written_unasked(good):
    done = run("design", good, "--input", "c=0:10", "--points", "2")
    assert done.exit_code == 0
    assert done.stdout.startswith("An enzyme\nconverged: designed for")
    assert "Measure 2 more points: " in done.stdout
    assert [path.name for path in good.parent.iterdir()] == ["problem.toml"]


def test_json_is_one_object_and_the_same_every_time(good):
    words = ("design", good, "--input", "c=0:10:21", "--points", "4", "--from-nothing", "--json")
    first, again = (json.loads(run(*words).stdout) for _ in "ab")
    assert first["kind"] == "design"
    assert sum(point["count"] for point in first["points"]) == 4
    assert first["parameters"]["K"]["standard_error_before"] is None
    assert first["parameters"]["K"]["standard_error_after"] > 0
    first["receipt"].pop("seconds"), again["receipt"].pop("seconds")
    assert first == again


def test_the_table_of_the_file_is_followed_and_options_override_it(good):
    good.write_text(GOOD + TABLE, encoding="utf-8")
    stated = json.loads(run("design", good, "--json").stdout)
    assert stated["criterion"] == "worst_parameter"
    assert sum(point["count"] for point in stated["points"]) == 5
    assert max(point["inputs"]["c"] for point in stated["points"]) == 10
    typed = json.loads(run("design", good, "--json", "--criterion", "D", "--target", "K=0.5").stdout)
    assert typed["criterion"] == "d_optimal"
    assert typed["receipt"]["settings"]["points"] is None


def test_out_holds_the_result_and_the_pictures(good, tmp_path):
    done = run("design", good, "--input", "c=0:10", "--points", "2", "--out", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"design.json", "design_weights.png", "design_intervals.png", "design_band.png"}
    assert f"wrote {tmp_path / 'out' / 'design.json'}" in done.stdout
    assert storage.load(tmp_path / "out" / "design.json").size == 2


def test_quiet_prints_nothing(good):
    done = run("design", good, "--points", "2", "--quiet")
    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 0)


def test_what_cannot_be_reached_ends_with_5(good):
    done = run("design", good, "--input", "c=0.01:0.02:3", "--target", "K=0.0001", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (5, "failed")


def test_a_folder_that_cannot_be(good, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    done = run("design", good, "--points", "2", "--out", tmp_path / "taken")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


MISTAKES = {
    "an unknown criterion": (("--criterion", "G"), 'there is no criterion "G"'),
    "an input that is none": (("--input", "d=0:1"), 'no input "d"'),
    "an input without numbers": (("--input", "c=low:high"), '"c=low:high" is not NAME=LOWER:UPPER'),
    "a target without a share": (("--target", "K"), '"K" is not NAME=SHARE'),
    "no points": (("--points", "0"), "points=0"),
    "points and budget": (("--points", "2", "--budget", "3"), "give one of them"),
    "a cost of nobody": (("--budget", "3", "--cost", "1 + d"), '"d" in the formula'),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_and_exit_code_2(name, good):
    words, message = MISTAKES[name]
    done = run("design", good, *words, "--json")
    assert done.exit_code == 2
    assert message in done.stderr
    assert message in json.loads(done.stdout)["error"]["message"]


BAD_TABLES = {
    "an unknown key": ("critrion = 'D'", 'did you mean "criterion"?'),
    "a number in quotes": ("points = '3'", "points is a whole number"),
    "names that are none": ("quantities = 'K'", "quantities is a list of names"),
    "a cost that is none": ("cost = [1]", "cost is a number or a formula in quotes"),
    "no truth": ("existing = 'no'", "existing is true or false"),
    "inputs twice": ("file = 'a.csv'\ninputs = { c = [1] }", "keep one of them"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_mistake_in_the_table_is_told(name, good):
    text, message = BAD_TABLES[name]
    good.write_text(f"{GOOD}[design]\n{text}\n", encoding="utf-8")
    done = run("design", good)
    assert done.exit_code == 2
    assert message in done.stderr
