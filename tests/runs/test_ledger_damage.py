"""A ledger that was cut or overwritten is told as damaged, and what can be read of it is saved, value by value."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs._ledger_check import _readable, check_ledger, rescue
from parametra.runs._ledger_reader import stored_runs
from parametra.runs.ledger import Ledger

COUNT = 1000


def key(number):
    return np.array([number, -number], dtype="<f8").tobytes()


def answer(number):
    if number % 7 == 0:
        return Evaluation(Fate.FAILED, reason="no")
    return Evaluation(Fate.OK, {"y": np.full(1500 if number % 100 == 50 else 20, number / 3)})


def filled(path, rounds):
    ledger = Ledger.open(path)
    ledger.begin(StatedRun("fit", "a decay"))
    statement = ledger.statement("model", ("a", "b"))
    for first in range(0, COUNT, COUNT // rounds):
        numbers = range(first, first + COUNT // rounds)
        ledger.record(statement, [key(n) for n in numbers], [answer(n) for n in numbers])
        ledger.commit()
    return ledger


def right_ones(path):
    """How many of all evaluations a sound ledger holds; each must be the right one."""
    assert check_ledger(path).sound
    with Ledger.open(path) as ledger:
        ledger.begin(StatedRun("fit"))
        statement = ledger.statement("model", ("a", "b"))
        found = ledger.lookup(statement, [key(n) for n in range(COUNT)])
    for number, each in enumerate(found):
        wanted = answer(number)
        if each is not None:
            assert (each.fate, each.reason) == (wanted.fate, wanted.reason)
            assert not wanted.ok or np.array_equal(each.outputs["y"], wanted.outputs["y"])
    return sum(each is not None for each in found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "study.db"
    filled(path, 10).close()
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(30))
def test_cut_at_any_byte(whole, tmp_path, seed):
    cut = int(np.random.default_rng(seed).integers(len(whole)))
    path, new = tmp_path / "study.db", tmp_path / "new.db"
    path.write_bytes(whole[:cut])
    with pytest.raises(LedgerError, match=r"is damaged .*--rescue new.db|the first .* bytes of one"):
        Ledger.open(path)
    try:
        report = check_ledger(path)
        saved = rescue(path, new)
    except LedgerError:
        if cut >= 16_384:  # there the first pages are, without which nothing can be read
            raise
        return
    assert not report.sound
    assert saved.evaluations == sum(report.evaluations.values()) == right_ones(new)
    if cut > 0.7 * len(whole):
        assert saved.evaluations > 0.5 * COUNT
        run = stored_runs(new)[0]
        assert (run.stated.title, run.status) == ("a decay", "interrupted")
    assert path.read_bytes() == whole[:cut]


@pytest.mark.parametrize("seed", range(12))
def test_overwritten_in_the_middle(whole, tmp_path, seed):
    chance = np.random.default_rng(seed)
    first, size = int(chance.integers(20_000, len(whole) - 9000)), int(chance.choice([64, 4096, 9000]))
    path, new = tmp_path / "study.db", tmp_path / "new.db"
    path.write_bytes(whole[:first] + (bytes(size) if seed % 2 else chance.bytes(size)) + whole[first + size :])
    report = check_ledger(path)
    saved = rescue(path, new)
    found = right_ones(new)
    assert saved.evaluations == found >= 0.7 * COUNT
    assert found == COUNT or not report.sound  # damage of the index alone costs no row


@pytest.mark.parametrize("seed", range(10))
def test_a_log_that_was_cut_gives_what_was_committed_before(tmp_path, seed):
    path, copy = tmp_path / "study.db", tmp_path / "copy.db"
    with closing(filled(path, 10)):
        log = path.with_name("study.db-wal").read_bytes()
        shutil.copy(path, copy)
    cut = int(np.random.default_rng(seed).integers(len(log)))
    copy.with_name("copy.db-wal").write_bytes(log[:cut])
    found = 0
    try:
        found = right_ones(copy)
    except LedgerError as error:
        if "is empty" not in str(error):  # not even the tables were committed
            raise
    assert found % (COUNT // 10) == 0
    assert found < COUNT


def test_changed_bytes_are_counted_and_left_behind(whole, tmp_path):
    path, new = tmp_path / "study.db", tmp_path / "new.db"
    path.write_bytes(whole)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE evaluations SET outputs = zeroblob(160) WHERE id BETWEEN 10 AND 13")
    report = check_ledger(path)
    assert report.problems == ("4 evaluations have bytes that changed since they were written",)
    assert rescue(path, new).evaluations == COUNT - 4 == sum(report.evaluations.values())
    assert right_ones(new) == COUNT - 4


def test_a_sound_ledger_is_rescued_whole(whole, tmp_path):
    path, new = tmp_path / "study.db", tmp_path / "new.db"
    path.write_bytes(whole)
    report, saved = check_ledger(path), rescue(path, new)
    assert (report.sound, report.runs, report.statements, report.size) == (True, 1, 1, len(whole))
    assert (saved.evaluations, saved.runs, saved.statements, saved.lost) == (COUNT, 1, 1, 0)
    assert right_ones(new) == COUNT


def test_a_run_that_was_going_on_is_interrupted_in_the_rescued_ledger(whole, tmp_path):
    path, new = tmp_path / "study.db", tmp_path / "new.db"
    path.write_bytes(whole)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET status = 'running'")
    rescue(path, new)
    assert [(run.status, run.message) for run in stored_runs(new)] == [("interrupted", "rescued")]


class Wild(sqlite3.Connection):
    """A damaged file, some of whose rows have ids that do not follow one another."""

    def execute(self, query, values=()):
        if "FROM evaluations WHERE id >= ?" not in query:
            return super().execute(query.replace("max(id) FROM evaluations", "3"))
        row = {1: "1 UNION ALL SELECT -5"}.get(values[0], "99")
        return super().execute(f"SELECT {row}")


def test_ids_that_lead_back_or_away_lead_nowhere():
    with closing(Wild(":memory:")) as connection:
        assert list(_readable(connection, "evaluations", "id")) == [(1,)]


def test_a_rescue_writes_over_nothing(whole, tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(whole)
    with pytest.raises(LedgerError, match="is there already"):
        rescue(path, path)
    with pytest.raises(LedgerError, match="there is no file"):
        rescue(tmp_path / "other.db", tmp_path / "new.db")


def test_a_beginning_that_cannot_be_read_is_told(whole, tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(whole[:100] + bytes(4000) + whole[4100:])
    with pytest.raises(LedgerError, match=r"the beginning of .* cannot be read .*Take a backup"):
        rescue(path, tmp_path / "new.db")
    assert not check_ledger(path).sound
