"""What a ledger gives back: the same bits, the right one of two answers, and nothing that was not written."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs._ledger_reader import outcomes, stored_run, stored_runs
from parametra.runs._ledger_rows import Damaged, Layout
from parametra.runs.ledger import Ledger

RUN = StatedRun("fit", "a decay", "abc", 7, {"starts": 3, "method": "auto"}, "/there/problem.toml", ("fit", "p.toml"))


def ok(*values, seconds=0.25):
    return Evaluation(Fate.OK, {"y": np.array(values, dtype=float)}, seconds=seconds)


def key(*numbers):
    return np.array(numbers, dtype="<f8").tobytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


@pytest.fixture
def ledger(path):
    with Ledger.open(path) as opened:
        opened.begin(RUN)
        yield opened


def same(one, other):
    assert (one.fate, one.reason, one.retry, one.seconds) == (other.fate, other.reason, other.retry, other.seconds)
    assert one.outputs.keys() == other.outputs.keys()
    for name, value in one.outputs.items():
        found = other.outputs[name]
        assert (value.dtype, value.shape, value.tobytes()) == (found.dtype, found.shape, found.tobytes())


numbers = st.sampled_from([np.float64, np.complex128]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
answers = st.builds(
    lambda outputs, seconds: Evaluation(Fate.OK, outputs, seconds=seconds),
    st.dictionaries(st.text(max_size=8), numbers, max_size=3),
    st.floats(0, 1e6),
)
refusals = st.builds(
    lambda fate, reason: Evaluation(fate, reason=reason),
    st.sampled_from([Fate.FAILED, Fate.INFEASIBLE, Fate.TIMED_OUT]),
    st.text(max_size=30),
)


@given(
    st.lists(st.tuples(st.binary(max_size=200), answers | refusals), max_size=8, unique_by=lambda pair: pair[0]),
    st.none() | st.floats(0, 1e6),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_recorded_is_found_bit_by_bit(pairs, limit):
    keys, evaluations = [one for one, _ in pairs], [one for _, one in pairs]
    with tempfile.TemporaryDirectory() as folder:
        with Ledger.open(Path(folder) / "study.db") as first:
            first.begin(RUN)
            statement = first.statement("model", ("a",))
            first.record(statement, keys, evaluations, limit)
            for written, found in zip(evaluations, first.lookup(statement, keys, limit), strict=True):
                same(written, found)
        with Ledger.open(Path(folder) / "study.db") as second:
            for written, found in zip(evaluations, second.lookup(statement, keys, limit), strict=True):
                same(written, found)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308])
def test_numbers_that_are_easily_lost(ledger, value):
    statement = ledger.statement("model", ("a",))
    written = Evaluation(Fate.OK, {"y": np.array(value), "z": np.array([complex(value, -0.0)])})
    ledger.record(statement, [key(value)], [written])
    ledger.commit()
    same(written, ledger.lookup(statement, [key(value)])[0])
    assert ledger.lookup(statement, [key(0.0)]) == [None]  # -0.0 is another call than 0.0


def test_a_reason_that_is_no_text_of_unicode_is_kept_readable(ledger):
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1)], [Evaluation(Fate.FAILED, reason="no \udcff file\0")])
    ledger.commit()
    assert ledger.lookup(statement, [key(1)])[0].reason == "no \\udcff file\0"


def test_what_is_found_may_be_changed_and_what_was_recorded_too(ledger):
    statement, written = ledger.statement("model", ("a",)), ok(1, 2)
    ledger.record(statement, [key(1)], [written])
    written.outputs["y"][:] = 9
    for _ in range(2):
        found = ledger.lookup(statement, [key(1)])[0].outputs["y"]
        assert found.tolist() == [1, 2]
        found[:] = 5
        ledger.commit()


def test_calls_are_known_by_statement_and_key(ledger):
    one, two = ledger.statement("model", ("a",)), ledger.statement("other", ("a",))
    assert one != two
    assert ledger.statement("model", ("a",), "again") == one
    assert ledger.statement("model", ("b",)) not in (one, two)
    ledger.record(one, [key(1), key(2)], [ok(1), ok(2)])
    ledger.commit()
    found = ledger.lookup(one, [key(2), key(3), key(1), key(2)])
    assert [None if each is None else each.outputs["y"][0] for each in found] == [2, None, 1, 2]
    assert ledger.lookup(two, [key(1)]) == [None]
    assert ledger.lookup(one, []) == []


@pytest.mark.parametrize("count", [1, 2, 8, 9, 1000, 1001, 2500])
def test_any_number_of_calls_is_looked_up_at_once(ledger, count):
    statement = ledger.statement("model", ("a",))
    keys = [key(i) for i in range(count)]
    ledger.record(statement, keys, [ok(i) for i in range(count)])
    ledger.commit()
    assert [each.outputs["y"][0] for each in ledger.lookup(statement, keys)] == list(range(count))


def test_two_calls_of_one_digest_are_never_taken_for_each_other(ledger, monkeypatch):
    monkeypatch.setattr("parametra.runs.ledger.digest_of", lambda statement, key: 5)
    monkeypatch.setattr("parametra.runs._ledger_rows.digest_of", lambda statement, key: 5)
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1), key(2)], [ok(1), ok(2)])
    assert ledger.lookup(statement, [key(2)]) == [None]  # the price: it is computed again
    ledger.commit()
    ledger.record(statement, [key(2)], [ok(2)])
    ledger.commit()
    first, second = ledger.lookup(statement, [key(1), key(2)])
    assert first.outputs["y"][0] == 1
    assert second is None


def test_a_digest_that_waits_for_another_call_is_not_replaced(ledger, monkeypatch):
    monkeypatch.setattr("parametra.runs.ledger.digest_of", lambda statement, key: 5)
    monkeypatch.setattr("parametra.runs._ledger_rows.digest_of", lambda statement, key: 5)
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1), key(2)], [RETRY, ok(2)])
    assert ledger.lookup(statement, [key(2)]) == [None]


FAILED = Evaluation(Fate.FAILED, reason="no")
RETRY = Evaluation(Fate.FAILED, reason="no licence", retry=True)
SLOW = Evaluation(Fate.TIMED_OUT, reason="longer than allowed")
SECOND = {
    "the first of two answers": ((ok(1), None), (ok(2), None), "ok 1"),
    "an answer after a failure": ((FAILED, None), (ok(2), None), "failed"),
    "an answer after a failure worth another try": ((RETRY, None), (ok(2), None), "ok 2"),
    "the same failure again": ((RETRY, None), (RETRY, None), "nothing"),
    "more time, and an answer": ((SLOW, 10.0), (ok(2), 20.0), "ok 2"),
    "more time, and still too slow": ((SLOW, 10.0), (SLOW, 20.0), "timed out"),
    "no limit, and a failure": ((SLOW, 10.0), (FAILED, None), "failed"),
    "less time": ((SLOW, 20.0), (SLOW, 10.0), "timed out"),
    "too slow by its own limit": ((SLOW, None), (SLOW, 10.0), "timed out"),
    "a licence lost after too little time": ((SLOW, 10.0), (RETRY, 20.0), "nothing"),
}


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("name", SECOND)
def test_the_first_stays_unless_another_try_was_worth_it(ledger, name, committed):
    (first, had), (second, has), wanted = SECOND[name]
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1)], [first], had)
    if committed:
        ledger.commit()
    ledger.record(statement, [key(1)], [second], has)
    ledger.commit()
    (found,) = ledger.lookup(statement, [key(1)], 20.0)
    told = "nothing" if found is None else found.fate.value + (f" {found.outputs['y'][0]:g}" if found.ok else "")
    assert told == wanted


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_licence_does_not_hide_that_a_call_was_too_slow(ledger, committed):
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1)], [SLOW], 10.0)
    if committed:
        ledger.commit()
    ledger.record(statement, [key(1)], [RETRY], 20.0)
    ledger.commit()
    assert ledger.lookup(statement, [key(1)], 10.0)[0].fate is Fate.TIMED_OUT


def test_a_failure_worth_another_try_is_kept_and_not_found(ledger, path):
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1)], [RETRY])
    assert ledger.lookup(statement, [key(1)]) == [None]
    ledger.commit()
    assert ledger.lookup(statement, [key(1)]) == [None]
    assert outcomes(path, 1) == [("failed", "no licence", 1)]


@pytest.mark.parametrize(("limit", "known"), [(5.0, True), (10.0, True), (10.5, False), (None, False)])
@pytest.mark.parametrize("committed", [True, False])
def test_a_longer_limit_tries_again(ledger, limit, known, committed):
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1)], [SLOW], 10.0)
    if committed:
        ledger.commit()
    assert (ledger.lookup(statement, [key(1)], limit)[0] is not None) == known


def test_what_was_too_slow_by_itself_is_not_tried_again(ledger):
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1)], [SLOW])
    ledger.commit()
    assert ledger.lookup(statement, [key(1)], 1e9)[0].fate is Fate.TIMED_OUT


def test_a_run_is_told_as_it_was_stated_and_as_it_went(path):
    with Ledger.open(path) as ledger:
        run = ledger.begin(RUN)
        assert stored_run(path, run).running
        ledger.progress(run, 5, float("inf"), {"no": 2})
        ledger.commit()
        told = stored_run(path, run)
        assert (told.evaluations, told.best, dict(told.failures), told.status) == (5, None, {"no": 2}, "running")
        assert told.holder.startswith("process ")
        ledger.progress(run, 8, 3.5, {"no": 3})
        ledger.finish(run, "converged", "all is well", reused=4, seconds=1.5)
        told = stored_run(path, run)
        assert (told.evaluations, told.reused, told.best, told.seconds) == (8, 4, 3.5, 1.5)
        assert (told.status, told.message, told.holder) == ("converged", "all is well", "")
        assert (told.stated.title, told.stated.seed, dict(told.stated.settings)) == ("a decay", 7, dict(RUN.settings))
        assert list(told.stated.command) == ["fit", "p.toml"]
        assert told.folder == str(Path.cwd())
        assert ledger.begin(StatedRun("fit", seed=2**70)) == run + 1
    assert [(each.id, each.status) for each in stored_runs(path)] == [(1, "converged"), (2, "interrupted")]
    assert (stored_run(path, 2).stated.seed, stored_run(path, 2).message) == (2**70, "it was closed before it finished")


def test_nothing_is_on_disk_before_the_commit_and_all_of_it_after(ledger, path):
    statement = ledger.statement("model", ("a",))
    ledger.record(statement, [key(1), key(2)], [ok(1), FAILED])
    assert ledger.waiting == 2
    assert outcomes(path, 1) == []
    ledger.commit()
    assert ledger.waiting == 0
    assert sorted(outcomes(path, 1)) == [("failed", "no", 1), ("ok", "", 1)]


def test_a_second_run_finds_what_the_first_computed(path):
    for _ in range(2):
        with Ledger.open(path) as ledger:
            ledger.begin(RUN)
            statement = ledger.statement("model", ("a",))
            known = ledger.lookup(statement, [key(1)])[0]
            if known is None:
                ledger.record(statement, [key(1)], [ok(1)])
    assert known.outputs["y"][0] == 1


def test_an_empty_commit_says_now_and_then_that_the_run_is_alive(ledger, path, monkeypatch):
    before = stored_run(path, 1).heard
    ledger.commit()
    assert stored_run(path, 1).heard == before
    monkeypatch.setattr("parametra.runs.ledger._HEARTBEAT_SECONDS", -1.0)
    ledger.commit()
    assert stored_run(path, 1).heard > before


def test_writing_wants_a_run(path):
    with Ledger.open(path) as ledger:
        for write in (lambda: ledger.record(1, [key(1)], [ok(1)]), lambda: ledger.statement("m", ("a",))):
            with pytest.raises(LedgerError, match="none has begun"):
                write()
        run = ledger.begin(RUN)
        with pytest.raises(LedgerError, match="one run after the other"):
            ledger.begin(RUN)
        with pytest.raises(LedgerError, match="run 9 is not the one that writes"):
            ledger.finish(run + 8, "converged")


def test_settings_are_what_json_can_hold(path):
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerError, match="JSON can hold"):
            ledger.begin(StatedRun("fit", settings={"loss": object()}))
        ledger.begin(RUN)  # the lock was given back


def test_changed_bytes_are_told_and_never_used(path):
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
        statement = ledger.statement("model", ("a",))
        ledger.record(statement, [key(1), key(2)], [ok(1), FAILED])
    with sqlite3.connect(path) as connection:
        (outputs,) = connection.execute("SELECT outputs FROM evaluations WHERE fate = 'ok'").fetchone()
        changed = bytes([outputs[0] ^ 1]) + outputs[1:]
        connection.execute("UPDATE evaluations SET outputs = ? WHERE fate = 'ok'", (changed,))
        connection.execute("UPDATE reasons SET text = 'yes'")
    connection.close()
    with Ledger.open(path) as ledger:
        for one in (key(1), key(2)):
            with pytest.raises(LedgerError, match=r"is damaged \(bytes that have changed.*--rescue"):
                ledger.lookup(statement, [one])


STRANGE = {
    "a layout that is no JSON": "UPDATE layouts SET text = '['",
    "a layout of another kind": "UPDATE layouts SET text = '{\"y\": 3}'",
    "a dtype that is an object": 'UPDATE layouts SET text = \'[["y", "O", [1]]]\'',
    "a shape below zero": 'UPDATE layouts SET text = \'[["y", "f8", [-1]]]\'',
    "no layout": "DELETE FROM layouts",
    "outputs that are text": "UPDATE evaluations SET outputs = 'abc'",
    "no outputs": "UPDATE evaluations SET outputs = NULL",
    "a fate that there is not": "UPDATE evaluations SET fate = 'great'",
    "another fate": "UPDATE evaluations SET fate = 'failed'",
    "seconds that are text": "UPDATE evaluations SET seconds = 'long'",
}


@pytest.mark.parametrize("name", STRANGE)
def test_nothing_that_was_never_written_is_believed(path, name):
    with Ledger.open(path) as ledger:
        ledger.begin(RUN)
        statement = ledger.statement("model", ("a",))
        ledger.record(statement, [key(1)], [ok(1)])
    with sqlite3.connect(path) as connection:
        connection.execute(STRANGE[name])
    connection.close()
    with Ledger.open(path) as ledger, pytest.raises(LedgerError, match="is damaged"):
        ledger.lookup(statement, [key(1)])


@pytest.mark.parametrize("data", [bytes(8), bytes(24)])
def test_a_layout_takes_its_own_number_of_bytes_alone(data):
    with pytest.raises(Damaged, match="where 16 are stated"):
        Layout.read('[["y", "f8", [2]]]').outputs(data)


def test_a_ledger_can_be_read_by_hand(ledger, path):
    statement = ledger.statement("model", ("a", "b"))
    ledger.record(statement, [key(1, 2)], [ok(3, 4)])
    ledger.commit()
    connection = sqlite3.connect(path)
    names, numbers, layout, outputs = connection.execute(
        "SELECT names, key, text, outputs FROM evaluations JOIN statements ON statements.id = statement "
        "JOIN layouts ON layouts.id = layout"
    ).fetchone()
    connection.close()
    assert dict(zip(json.loads(names), np.frombuffer(numbers, "<f8"), strict=True)) == {"a": 1, "b": 2}
    assert json.loads(layout) == [["y", "f8", [2]]]
    assert np.frombuffer(outputs, "<f8").tolist() == [3, 4]


def test_what_is_read_ahead_is_what_is_there_and_is_forgotten_when_it_changes(ledger):
    one, other = ledger.statement("model", ["a"]), ledger.statement("another", ["a"])
    keys = [key(float(i)) for i in range(300)]
    answers = [ok(float(i)) for i in range(300)]
    answers[100] = Evaluation(Fate.FAILED, reason="a lost licence", retry=True)
    ledger.record(one, keys, answers)
    ledger.record(other, keys, [ok(-1.0)] * 300)
    ledger.commit()
    statements = []
    ledger._connection.set_trace_callback(statements.append)
    for first in (0, 64, 128):
        here = slice(first, first + 64)
        for found, wanted in zip(ledger.lookup(one, keys[here]), answers[here], strict=True):
            assert found is None if wanted.retry else found.outputs["y"] == wanted.outputs["y"]
    assert sum(" IN (" in each for each in statements) == 1  # the first 64; all others were read behind them
    assert ledger.lookup(other, keys[:1])[0].outputs["y"] == -1.0
    ledger.record(one, keys[100:101], [ok(7.0)])
    assert ledger.lookup(one, keys[100:101])[0].outputs["y"] == 7.0
    ledger.commit()
    assert ledger.lookup(one, keys[100:101])[0].outputs["y"] == 7.0
