"""Files and disks that do not do what is wanted: one sentence, nothing corrupted, nothing lost that was committed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing, contextmanager

import numpy as np
import pytest

from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs import _ledger_schema
from parametra.runs._ledger_check import check_ledger
from parametra.runs._ledger_reader import stored_runs
from parametra.runs.ledger import Ledger

RUN = StatedRun("fit", "a decay")


def key(number):
    return np.array([number], dtype="<f8").tobytes()


def answer(number, size=1):
    return Evaluation(Fate.OK, {"y": np.full(size, float(number))})


def fill(path, count=3):
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
        statement = ledger.statement("model", ("a",))
        ledger.record(statement, [key(i) for i in range(count)], [answer(i) for i in range(count)])


def known(path, count):
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
        found = ledger.lookup(ledger.statement("model", ("a",)), [key(i) for i in range(count)])
    return [None if each is None else each.outputs["y"][0] for each in found]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


def test_a_file_says_what_it_is(path):
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        }
    assert pragmas == {"application_id": 0x70726D74, "user_version": 1, "journal_mode": "wal"}
    assert sorted(each.name for each in path.parent.iterdir()) == ["study.db", "study.db.lock"]


def older(path):
    """A ledger of a version 0 that never was: two columns had other names."""
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE runs RENAME COLUMN heard TO seen")
        connection.execute("ALTER TABLE evaluations RENAME COLUMN seconds_limit TO most_seconds")
        connection.execute("PRAGMA user_version = 0")


STEP = (
    "ALTER TABLE runs RENAME COLUMN seen TO heard",
    "ALTER TABLE evaluations RENAME COLUMN most_seconds TO seconds_limit",
)


def test_an_older_file_is_brought_up_to_date(path, monkeypatch):
    older(path)
    monkeypatch.setitem(_ledger_schema.STEPS, 0, STEP)
    assert known(path, 3) == [0, 1, 2]
    assert check_ledger(path).sound


def test_a_reader_brings_an_older_file_up_to_date(path, monkeypatch):
    older(path)
    monkeypatch.setitem(_ledger_schema.STEPS, 0, STEP)
    assert [run.stated.title for run in stored_runs(path)] == ["a decay"]


def test_a_step_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    older(path)
    monkeypatch.setitem(_ledger_schema.STEPS, 0, (STEP[0], "ALTER TABLE missing RENAME TO found"))
    with pytest.raises(LedgerError, match="no such table"):
        Ledger.open(path)
    monkeypatch.setitem(_ledger_schema.STEPS, 0, STEP)
    assert known(path, 3) == [0, 1, 2]


def test_an_older_file_that_nothing_leads_on_from_is_told(path):
    older(path)
    with pytest.raises(LedgerError, match=r"older parametra \(ledger version 0\)"):
        Ledger.open(path)


def test_a_newer_file_is_told(path):
    fill(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    for look in (Ledger.open, stored_runs, check_ledger):
        with pytest.raises(LedgerError, match=r"newer parametra .*Update parametra"):
            look(path)


def a_database_of_something_else(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")


NO_LEDGERS = {
    "text": (lambda path: path.write_text("a,b\n" * 500), "is no ledger of parametra"),
    "a short text": (lambda path: path.write_text("a,b\n1,2\n"), "is no ledger of parametra"),
    "another database": (a_database_of_something_else, "a database of something else"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
}


@pytest.mark.parametrize("name", NO_LEDGERS)
@pytest.mark.parametrize("look", [Ledger.open, stored_runs, check_ledger])
def test_what_is_no_ledger_is_told_and_left_alone(path, name, look):
    make, said = NO_LEDGERS[name]
    make(path)
    before = None if path.is_dir() else path.read_bytes()
    with pytest.raises(LedgerError, match=said):
        look(path)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("size", [1, 16, 24, 50, 99, 100, 300, 511])
@pytest.mark.parametrize("look", [Ledger.open, stored_runs, check_ledger])
def test_the_first_bytes_of_a_ledger_are_no_new_one(path, size, look):
    fill(path)
    begun = path.read_bytes()[:size]
    path.write_bytes(begun)
    with pytest.raises(LedgerError, match=f"or the first {size} bytes of one"):
        look(path)
    assert path.read_bytes() == begun


def test_what_is_not_there(path):
    for look in (stored_runs, check_ledger):
        with pytest.raises(LedgerError, match="there is no file"):
            look(path)
    with pytest.raises(LedgerError, match="there is no folder"):
        Ledger.open(path.parent / "nowhere" / "study.db")
    path.touch()
    with pytest.raises(LedgerError, match="it is empty"):
        stored_runs(path)
    assert known(path, 1) == [None]  # an empty file is as good as none


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
@pytest.mark.parametrize("look", [Ledger.open, stored_runs, check_ledger])
def test_a_name_that_no_file_can_have(tmp_path, name, look):
    with pytest.raises(LedgerError, match="cannot be opened as a ledger"):
        look(tmp_path / name)


def test_a_new_file_that_another_process_is_just_making_is_waited_for(path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.close)
    timer.start()
    Ledger.open(path).close()
    timer.join()


def test_names_that_mean_something_in_an_address(tmp_path):
    path = tmp_path / "100% of a?b#c d.db"
    fill(path)
    assert [run.id for run in stored_runs(path)] == [1]


@contextmanager
def read_only(place):
    """A file or a folder that nobody can write; the administrator neither, where the disk has that."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        tool = shutil.which("chattr")
        if tool is None or subprocess.run([tool, "+i", place], check=False, capture_output=True).returncode:
            pytest.skip("for the administrator, nothing on this disk can be made read-only")
        try:
            yield
        finally:
            subprocess.run([tool, "-i", place], check=True)
    else:
        before = place.stat().st_mode
        place.chmod(before & ~0o222)
        try:
            yield
        finally:
            place.chmod(before)


def test_a_read_only_folder(path):
    fill(path)
    path.with_name("study.db.lock").unlink()
    with read_only(path.parent):
        for name in ("study.db", "new.db"):
            with pytest.raises(LedgerError, match=r"cannot be (opened or )?written .*Name a"):
                Ledger.open(path.with_name(name)).begin(RUN)
        assert [run.id for run in stored_runs(path)] == [1]
        assert check_ledger(path).sound
        assert [each.name for each in path.parent.iterdir()] == ["study.db"]


def test_a_read_only_file(path):
    fill(path)
    with read_only(path):
        with pytest.raises(LedgerError, match="read-only, or belongs to someone else"):
            Ledger.open(path)
        assert [run.id for run in stored_runs(path)] == [1]


def test_a_full_disk_keeps_what_waits_and_a_later_commit_succeeds(path):
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
        statement = ledger.statement("model", ("a",))
        ledger.record(statement, [key(0)], [answer(0)])
        ledger.commit()
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        ledger.record(statement, [key(i) for i in range(1, 50)], [answer(i, 1000) for i in range(1, 50)])
        ledger.record(statement, [key(50)], [Evaluation(Fate.FAILED, reason="a reason that is new")])
        for _ in range(2):
            with pytest.raises(LedgerError, match=r"the disk is full.* 50 evaluations wait in memory"):
                ledger.commit()
            assert ledger.waiting == 50
            assert ledger.lookup(statement, [key(7)])[0].outputs["y"].shape == (1000,)
        ledger._connection.execute("PRAGMA max_page_count = 1000000")
        ledger.commit()
        assert ledger.waiting == 0
        assert ledger.lookup(statement, [key(50)])[0].reason == "a reason that is new"
    assert known(path, 50) == list(range(50))
    assert check_ledger(path).sound


FULL = """
import resource, sys
import numpy as np
from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs.ledger import Ledger

limited = sys.argv[2] == "limit"
ledger = Ledger.open(sys.argv[1])
ledger.begin(StatedRun("fit"))
statement = ledger.statement("model", ("a",))
if limited:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
committed, told = 0, ""
try:
    for i in range(1000):
        ledger.record(statement, [np.array([i], "<f8").tobytes()], [Evaluation(Fate.OK, {"y": np.full(100, float(i))})])
        ledger.commit()
        committed = i + 1
except LedgerError as error:
    told = str(error)
if limited:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    ledger.commit()
    committed += 1
    ledger.close()
else:
    try:
        ledger.close()
    except LedgerError:
        pass
print(committed, told)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_file_that_may_not_grow(path):
    done = subprocess.run([sys.executable, "-c", FULL, path, "limit"], capture_output=True, text=True, check=True)
    committed, _, told = done.stdout.partition(" ")
    assert "the disk is full, failing, or gone" in told
    assert "1 evaluations wait in memory" in told
    assert 10 < int(committed) < 1000
    assert known(path, int(committed) + 1) == [*range(int(committed)), None]
    assert check_ledger(path).sound


def test_a_disk_that_is_really_full(tmp_path):
    tool = shutil.which("unshare")
    shell = "mount -t tmpfs -o size=600k none {0} && {1} -c '{2}' {0}/study.db disk && cp {0}/study.db* {3}"
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()
    if tool is None or subprocess.run([tool, "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("a small disk of its own can be mounted by the administrator of Linux only")
    words = shell.format(disk, sys.executable, FULL, out)
    done = subprocess.run([tool, "-m", "sh", "-c", words], capture_output=True, text=True, check=False)
    if "mount" in done.stderr:
        pytest.skip("a small disk cannot be mounted here")
    assert done.returncode == 0, done.stderr
    committed, _, told = done.stdout.partition(" ")
    assert "the disk is full" in told
    assert int(committed) > 10
    assert known(out / "study.db", int(committed) + 1) == [*range(int(committed)), None]
    assert check_ledger(out / "study.db").sound


LARGE = textwrap.dedent(
    """
    import sys, time
    import numpy as np
    from parametra.nouns.evaluation import Evaluation, Fate
    from parametra.nouns.stored_run import StatedRun
    from parametra.runs.ledger import Ledger

    def batch(random):
        numbers, data = random.random((1000, 20)), random.random((1000, 3)).tobytes()
        keys = [data[24 * i : 24 * i + 24] for i in range(1000)]
        return keys, [Evaluation(Fate.OK, {"y": numbers[i]}) for i in range(1000)]

    def memory():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    count, what = int(sys.argv[2]), sys.argv[3]
    began = time.perf_counter()
    ledger = Ledger.open(sys.argv[1])
    ledger.begin(StatedRun("fit"))
    statement = ledger.statement("model", ("a", "b", "c"))
    print(time.perf_counter() - began)
    random, memories, seconds = np.random.default_rng(0), [], 0.0
    for i in range(count // 1000):
        keys, evaluations = batch(random)
        began = time.perf_counter()
        if what == "record":
            ledger.record(statement, keys, evaluations)
            ledger.commit()
        else:
            assert None not in ledger.lookup(statement, keys)
        seconds += time.perf_counter() - began
        memories.append(memory())
    print(seconds)
    print(memories[len(memories) // 2], memories[-1])
    ledger.close()
    """
)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the memory of a process is read as Linux tells it")  # noqa: PTH110
def test_a_million_evaluations(path):
    """The limits are generous, for a busy machine; the page on runs tells what was measured."""
    count = 1_000_000
    for what, most in (("record", 40e-6), ("lookup", 30e-6)):
        began = time.perf_counter()
        words = [sys.executable, "-c", LARGE, str(path), str(count), what]
        opened, seconds, memory = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        assert float(opened) < 1
        assert float(seconds) / count < most
        half, end = (float(word) for word in memory.split())
        assert end - half < 20, "megabytes in the second half of the evaluations"
        assert time.perf_counter() - began < 250
