"""Who writes: one driver, whatever the clocks say; a killed one blocks nobody and loses what it had not committed."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest

from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs import _ledger_lock, _ledger_runs
from parametra.runs._ledger_check import check_ledger
from parametra.runs._ledger_reader import stored_runs
from parametra.runs.ledger import Ledger

RUN = StatedRun("fit", "a decay")
posix = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed as Unix does it")

HOLD = """
import sys
from parametra.nouns.errors import LedgerError
from parametra.nouns.stored_run import StatedRun
from parametra.runs.ledger import Ledger

print("ready", flush=True)
sys.stdin.readline()
try:
    with Ledger.open(sys.argv[1]) as ledger:
        ledger.begin(StatedRun("fit", "the other"))
        print("runs", flush=True)
        sys.stdin.readline()
except LedgerError as error:
    print(error, flush=True)
"""

WRITE = """
import sys
import numpy as np
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs.ledger import Ledger

i = int(sys.argv[2])
ledger = Ledger.open(sys.argv[1])
run = ledger.begin(StatedRun("fit"))
statement = ledger.statement("model", ("a",))
while True:
    keys = [np.array([n], "<f8").tobytes() for n in range(i, i + 3)]
    ledger.record(statement, keys, [Evaluation(Fate.OK, {"y": np.full(30, n / 7)}) for n in range(i, i + 3)])
    i += 3
    ledger.progress(run, i, None, {})
    ledger.commit()
    print(i, flush=True)
"""


def key(number):
    return np.array([number], dtype="<f8").tobytes()


def started(program, *words):
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", program, *map(str, words)], stdin=pipe, stdout=pipe, text=True)


def say(process, word="\n"):
    process.stdin.write(word)
    process.stdin.flush()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


def written(path, change, *values):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(change, values)


def test_a_second_driver_is_told_who_holds_the_ledger(path):
    with started(HOLD, path) as other:
        say(other)
        assert [other.stdout.readline() for _ in range(2)] == ["ready\n", "runs\n"]
        (run,) = stored_runs(path)
        assert (run.running, run.pid) == (True, other.pid)
        with Ledger.open(path) as ledger:
            said = rf'held by process {other.pid} on {run.host} since 2.*: run 1, fit of "the other"; end it'
            for take_over in (False, True):  # a living process of this machine is not taken over from
                with pytest.raises(LedgerError, match=said):
                    ledger.begin(RUN, take_over=take_over)
            say(other)
            other.wait()
            assert ledger.begin(RUN) == 2


def test_of_drivers_that_start_at_once_one_runs(path):
    others = [started(HOLD, path) for _ in range(4)]
    try:
        for other in others:
            assert other.stdout.readline() == "ready\n"
        for other in others:
            say(other)
        told = [other.stdout.readline() for other in others]
        assert told.count("runs\n") == 1
        assert sum("held by process" in line or "just being opened" in line for line in told) == 3
    finally:
        for other in others:
            other.communicate("\n")
    assert check_ledger(path).sound


def test_two_ledgers_in_one_process_are_two_drivers(path):
    with Ledger.open(path) as one, Ledger.open(path) as two:
        run = one.begin(RUN)
        with pytest.raises(LedgerError, match=f"held by process {os.getpid()} "):
            two.begin(RUN)
        one.finish(run, "converged")
        two.begin(RUN)


def test_a_link_to_the_ledger_is_the_same_ledger(path):
    link = path.with_name("link.db")
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("links cannot be made here")
    with Ledger.open(path) as one, Ledger.open(link) as two:
        one.begin(RUN)
        with pytest.raises(LedgerError, match="held by process"):
            two.begin(RUN)


def count_of_whole(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT count(*) FROM evaluations").fetchone()[0]


@posix
def test_killed_ten_times_and_nothing_lost_that_was_committed(path):
    delays, committed = np.random.default_rng(0), 0
    for _ in range(10):
        with started(WRITE, path, committed) as driver:
            driver.stdout.readline()
            time.sleep(delays.uniform(0, 0.05))
            driver.kill()
            said = [int(line) for line in driver.stdout.read().split()]
        with Ledger.open(path) as ledger:
            ledger.begin(RUN)
            statement = ledger.statement("model", ("a",))
            before, committed = committed, count_of_whole(path)
            found = ledger.lookup(statement, [key(n) for n in range(before, committed)])
        assert all((each.outputs["y"] == n / 7).all() for n, each in enumerate(found, start=before))
        assert committed % 3 == 0
        assert committed >= max(said, default=0)
    assert committed > 100
    assert check_ledger(path).sound
    told = [(run.status, run.message) for run in stored_runs(path)]
    assert told[::2] == [("interrupted", "its process ended without a word")] * 10


@posix
def test_a_run_that_was_killed_is_told_as_interrupted(path):
    with started(WRITE, path, 0) as driver:
        driver.stdout.readline()
        assert stored_runs(path)[0].status == "running"
        driver.kill()
    (run,) = stored_runs(path)
    assert (run.status, run.holder) == ("interrupted", "")
    assert run.evaluations >= 3


FORK = HOLD.replace('        print("runs", flush=True)', '        print("runs", os.fork() or os.pause(), flush=True)')


@posix
def test_a_forked_child_does_not_hold_the_lock_of_a_killed_driver(path):
    program = "import os\nos.pause = lambda: __import__('time').sleep(60)\n" + FORK
    with started(program, path) as driver:
        say(driver)
        driver.stdout.readline()
        child = int(driver.stdout.readline().split()[1])
        driver.kill()
        driver.wait()
        try:
            os.kill(child, 0)
            with Ledger.open(path) as ledger:
                ledger.begin(RUN)
        finally:
            os.kill(child, signal.SIGKILL)


def elsewhere(path, heard):
    """A run of another machine, over a network disk that passes no locks on."""
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
    change = "UPDATE runs SET status = 'running', host = 'node7', pid = 5, heard = ?"
    written(path, change, time.time() + heard)


@pytest.mark.parametrize("heard", [0, -60, 7200])
def test_a_run_on_another_machine_is_taken_over_only_when_asked(path, heard):
    elsewhere(path, heard)
    assert stored_runs(path)[0].running
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerError, match=r"held by process 5 on node7 .*--take-over \(take_over=True\)"):
            ledger.begin(RUN)
        ledger.begin(RUN, take_over=True)
    assert [run.status for run in stored_runs(path)] == ["taken over", "interrupted"]


def test_a_run_on_another_machine_that_is_silent_is_dead(path):
    elsewhere(path, -180)
    assert stored_runs(path)[0].status == "interrupted"
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
    assert [run.status for run in stored_runs(path)] == ["interrupted", "interrupted"]


def test_who_was_taken_over_from_is_told_and_writes_no_more(path, monkeypatch):
    with Ledger.open(path) as one, Ledger.open(path) as two:
        monkeypatch.setattr(_ledger_runs, "this_host", lambda: "node1")
        one.begin(RUN)
        statement = one.statement("model", ("a",))
        monkeypatch.setattr(_ledger_runs, "this_host", lambda: "node2")
        with pytest.raises(LedgerError, match=r"on node1 .*--take-over"):
            two.begin(RUN)
        two.begin(RUN, take_over=True)
        one.record(statement, [key(1)], [Evaluation(Fate.FAILED, reason="no")])
        with pytest.raises(LedgerError, match=f"run 1 no longer holds .*taken over by process {os.getpid()} on node2"):
            one.commit()
        assert two.lookup(statement, [key(1)]) == [None]
        with pytest.raises(LedgerError, match="no longer holds"):
            one.close()


@pytest.mark.parametrize("alive", [True, False])
def test_a_disk_without_locks_goes_by_the_process(path, monkeypatch, alive):
    monkeypatch.setattr(_ledger_lock, "_asked", lambda descriptor, shared=False: _ledger_lock.Outcome.UNKNOWN)
    with Ledger.open(path) as one, Ledger.open(path) as two:
        one.begin(RUN)
        monkeypatch.setattr(_ledger_runs, "is_alive", lambda pid: alive)
        assert stored_runs(path)[0].running == alive
        if alive:
            with pytest.raises(LedgerError, match="--take-over"):
                two.begin(RUN)
        two.begin(RUN, take_over=alive)
        with pytest.raises(LedgerError, match="no longer holds"):
            one.close()


@posix
def test_a_disk_that_refuses_locks_is_written_all_the_same(path, monkeypatch):
    import fcntl

    def refused(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
        assert stored_runs(path)[0].running
    assert stored_runs(path)[0].status == "interrupted"


def test_a_clock_that_is_set_back_breaks_nothing(path, monkeypatch):
    now = time.time()
    for run, moved in enumerate((0, -86_400, -172_800), start=1):
        monkeypatch.setattr(time, "time", lambda moved=moved: now + moved)
        with Ledger.open(path) as ledger:
            assert ledger.begin(RUN) == run
            statement = ledger.statement("model", ("a",))
            known = ledger.lookup(statement, [key(n) for n in range(run)])
            assert [each is None for each in known] == [False] * (run - 1) + [True]
            ledger.record(statement, [key(run - 1)], [Evaluation(Fate.OK, {"y": np.zeros(1)})])
            ledger.commit()
            assert [each.running for each in stored_runs(path)] == [False] * (run - 1) + [True]
        written(path, "UPDATE runs SET status = 'running' WHERE id = ?", run)  # as if it had been killed
        assert stored_runs(path)[-1].status == "interrupted"
    assert [run.id for run in stored_runs(path)] == [1, 2, 3]
    assert check_ledger(path).sound
