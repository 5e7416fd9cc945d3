"""`parametra runs`: what it prints, and what it runs again."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from click.testing import CliRunner

from parametra.cli.main import main
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs.ledger import Ledger

PROBLEM = """\
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
def study(tmp_path):
    """A run that converged, and one from Python that was interrupted."""
    (tmp_path / "problem.toml").write_text(PROBLEM, encoding="utf-8")
    file = tmp_path / "study.db"
    with Ledger.open(file) as ledger:
        command = ("fit", "problem.toml", "--quiet")
        stated = StatedRun(
            "fit", "a decay", "abc", 3, {"starts": 4, "loss": None}, str(tmp_path / "problem.toml"), command
        )
        first = ledger.begin(stated)
        statement = ledger.statement("hash", ("a", "b"), "decay")
        keys = [np.array([n, 1], dtype="<f8").tobytes() for n in range(5)]
        ledger.record(statement, keys[:3], [Evaluation(Fate.OK, {"y": np.arange(2.0)})] * 3)
        ledger.record(statement, keys[3:], [Evaluation(Fate.FAILED, reason="no convergence")] * 2)
        ledger.progress(first, 5, 1.25, {"no convergence": 2})
        ledger.finish(first, "converged", "the cost stands still", reused=7, best=1.25, seconds=60.0)
        ledger.begin(StatedRun("fit", "from Python"))
    return file


def moved(study, folder, words=None):
    """Where and how the first run was typed."""
    with closing(sqlite3.connect(study, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET folder = ? WHERE id = 1", (str(folder),))
        if words is not None:
            connection.execute("UPDATE runs SET command = ? WHERE id = 1", (json.dumps(words),))


@pytest.mark.parametrize("words", [(), ("list",)])
def test_a_ledger_is_listed(study, words):
    done = run("runs", *words, study)
    assert done.exit_code == 0
    head, _, first, second = done.stdout.splitlines()
    assert head.split() == [
        "id", "title", "verb", "status", "evaluations", "reused", "best", "failures", "began", "held", "by",
    ]  # fmt: skip
    assert first.split()[:9] == ["1", "a", "decay", "fit", "converged", "5", "7", "1.25", "2"]
    assert second.split()[:5] == ["2", "from", "Python", "fit", "interrupted"]


def test_the_list_as_json(study):
    for words in ((study, "--json"), ("--json", study)):
        found = json.loads(run("runs", *words).stdout)
        assert (found["kind"], len(found["runs"])) == ("runs", 2)
        first = found["runs"][0]
        assert (first["id"], first["best"], first["failures"], first["held_by"]) == (
            1,
            1.25,
            {"no convergence": 2},
            None,
        )
        assert first["command"] == ["fit", "problem.toml", "--quiet"]


def test_who_holds_it_is_told(study):
    with Ledger.open(study) as ledger:
        ledger.begin(StatedRun("fit"))
        assert f"process {os.getpid()} on {socket.gethostname()}" in run("runs", study).stdout
        held = json.loads(run("runs", study, "--json").stdout)["runs"][-1]["held_by"]
        assert held == {"pid": os.getpid(), "host": socket.gethostname()}
        done = run("runs", "resume", study, 3)
        assert done.exit_code == 2
        assert "is still going on" in done.stderr


def test_an_empty_ledger(tmp_path):
    Ledger.open(tmp_path / "study.db").close()
    assert "holds no run yet" in run("runs", tmp_path / "study.db").stdout


def test_one_run_is_shown(study):
    shown = run("runs", "show", study, 1).stdout
    for line in ("converged: the cost stands still", "starts = 4", "parametra fit problem.toml --quiet"):
        assert line in shown
    assert "3  ok" in shown
    assert "2  failed: no convergence" in shown
    found = json.loads(run("runs", "show", study, 1, "--json").stdout)
    assert found["outcomes"] == [
        {"outcome": "ok", "reason": "", "count": 3},
        {"outcome": "failed", "reason": "no convergence", "count": 2},
    ]
    assert (found["kind"], found["seed"], found["settings"]) == ("run", 3, {"starts": 4, "loss": None})


def test_a_ledger_cannot_steer_the_terminal(study):
    with closing(sqlite3.connect(study)) as connection:
        connection.execute("UPDATE runs SET title = ?, folder = ?", ("a\x1b]0;b\x07\x9b2Jc", "nowhere\x1b[2J"))
        connection.commit()
    for words in (("runs", study), ("runs", "show", study, 1), ("runs", "resume", study, 1)):
        done = run(*words)
        assert "b?" in done.stdout or "nowhere?" in done.stderr
        assert not {"\x1b", "\x07", "\x9b"} & {*done.stdout, *done.stderr}


def test_export_writes_a_table(study, tmp_path):
    done = run("runs", "export", study, "--to", tmp_path / "out.csv")
    assert done.stdout == f"wrote {tmp_path / 'out.csv'}: 5 evaluations\n"
    found = json.loads(run("runs", "export", study, "--run", 1, "--to", tmp_path / "out.csv", "--json").stdout)
    assert (found["rows"], found["left_out"]) == (5, {"complex_points": 0})
    assert run("runs", "export", study, "--run", 7, "--to", tmp_path / "out.csv").exit_code == 2


def test_check_and_rescue(study, tmp_path):
    done = run("runs", "check", study)
    assert done.exit_code == 0
    assert "whole" in done.stdout
    assert "2 failed, 3 ok" in done.stdout
    with closing(sqlite3.connect(study, isolation_level=None)) as connection:
        connection.execute("UPDATE evaluations SET outputs = zeroblob(3) WHERE id = 1")
    done = run("runs", "check", study)
    assert done.exit_code == 2
    assert "damaged" in done.stdout
    assert "--rescue new.db" in done.stdout
    done = run("runs", "check", study, "--rescue", tmp_path / "new.db")
    assert done.exit_code == 0
    assert "4 evaluations of 2 runs; 1 are lost" in done.stdout
    found = json.loads(run("runs", "check", tmp_path / "new.db", "--json").stdout)
    assert (found["sound"], found["evaluations"], found["rescued"]) == (True, {"failed": 2, "ok": 2}, None)


def test_resume_types_the_command_again_where_it_was_typed(study, tmp_path):
    moved(study, tmp_path, ["fit", "problem.toml", "--out", "there"])
    done = run("runs", "resume", study, 1)
    assert done.exit_code == 0
    assert done.stdout.startswith("a decay\nconverged: ")
    assert "parametra fit problem.toml --out there" in done.stderr
    assert (tmp_path / "there" / "fit.json").exists()


def test_resume_ends_as_the_command_ends(study, tmp_path):
    moved(study, tmp_path, ["fit", "problem.toml", "--evaluations", "1", "--method", "nelder_mead", "--quiet"])
    assert run("runs", "resume", study, 1).exit_code == 3
    moved(study, tmp_path, ["fit", "problem.toml"])
    assert json.loads(run("runs", "resume", study, 1, "--json").stdout)["kind"] == "fit"
    moved(study, tmp_path, ["fit", "other.toml"])
    done = run("runs", "resume", study, 1)
    assert done.exit_code == 2
    assert "other.toml" in done.stderr


REFUSED = {
    "a run from Python": (2, None, "begun from Python"),
    "a run that is not there": (9, None, "has no run 9; it has: 1, 2"),
    "a command that is none": (1, ["rm", "-rf", "/"], 'the command "rm", which is none'),
    "a command that resumes": (1, ["runs", "resume", "study.db", "1"], "none that can be resumed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_resumed_is_told(study, tmp_path, name):
    number, words, said = REFUSED[name]
    moved(study, tmp_path, words)
    done = run("runs", "resume", study, number)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_folder_or_a_file_that_is_gone_is_told(study, tmp_path):
    moved(study, tmp_path / "gone")
    assert "which is not there any more" in run("runs", "resume", study, 1).stderr
    moved(study, tmp_path)
    (tmp_path / "problem.toml").unlink()
    assert "problem.toml, is not there any more" in run("runs", "resume", study, 1).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Missing argument 'FILE'"),
        (("nothing.db",), "there is no file nothing.db"),
        (("shwo", "study.db", "1"), 'there is no command "shwo"; did you mean "show"?'),
        (("show", "study.db", "first"), "is not a valid integer"),
        (("export", "study.db"), "Missing option '--to'"),
    ],
)
def test_mistakes(words, said):
    done = run("runs", *words)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize("word", ["list", "show", "export", "check", "resume"])
def test_each_word_has_help_with_an_example(word):
    shown = run("runs", word, "--help").stdout
    assert f"parametra runs {'' if word == 'list' else word}" in shown
    assert "Example" in shown


def test_a_list_loads_no_science(study):
    program = (
        "import sys\nfrom parametra.cli.main import main\n"
        f"main(['runs', {str(study)!r}], standalone_mode=False)\n"
        "print([name for name in ('jax', 'scipy', 'pandas', 'matplotlib', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
