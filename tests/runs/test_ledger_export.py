"""A ledger as a table: arguments and outputs by name, in CSV and in Parquet."""

from __future__ import annotations

import csv
import sys
from datetime import datetime

import numpy as np
import pytest

from parametra.nouns.errors import FileError, LedgerError, MissingExtraError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.nouns.stored_run import StatedRun
from parametra.runs import _ledger_export
from parametra.runs._ledger_export import export_evaluations
from parametra.runs.ledger import Ledger


def ok(**outputs):
    return Evaluation(Fate.OK, {name: np.asarray(value) for name, value in outputs.items()}, seconds=0.5)


def key(*numbers, dtype="<f8"):
    return np.array(numbers, dtype=dtype).tobytes()


@pytest.fixture
def path(tmp_path):
    """Two runs, two models; a failure, a call at a complex point, and names that clash."""
    path = tmp_path / "study.db"
    with Ledger.open(path) as ledger:
        run = ledger.begin(StatedRun("fit"))
        one = ledger.statement("hash of one", ("a", "seconds"), "one")
        ledger.record(one, [key(0.1, 1)], [ok(y=[1 / 3, np.nan])])
        ledger.record(one, [key(0.2, 2)], [Evaluation(Fate.FAILED, reason='no, "never"\nagain', seconds=2.0)])
        ledger.record(one, [key(0.1 + 1e-20j, 1, dtype="<c16")], [ok(y=[1 + 1e-20j, 2])])
        ledger.finish(run, "converged")
        ledger.begin(StatedRun("fit"))
        two = ledger.statement("hash of the other", ("a", "b"))
        ledger.record(two, [key(-0.0, np.inf)], [ok(a=5.0, z=[[1 + 2j]])])
    return path


COLUMNS = [
    "id", "run", "model", "time", "a", "parameter seconds", "b", "outcome", "reason", "seconds",
    "y[0]", "y[1]", "output a", "z[0,0].real", "z[0,0].imag",
]  # fmt: skip


def test_csv_by_name(path, tmp_path):
    done = export_evaluations(path, tmp_path / "study.csv")
    assert (done.rows, done.complex_points) == (3, 1)
    text = (tmp_path / "study.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert list(rows[0]) == COLUMNS
    first, failed, other = rows
    assert float(first["y[0]"]) == 1 / 3
    assert first["y[1]"] == "nan"
    assert (first["a"], first["parameter seconds"], first["b"], first["model"], first["outcome"]) == (
        "0.1", "1.0", "", "one", "ok",
    )  # fmt: skip
    assert (failed["outcome"], failed["reason"], failed["seconds"]) == ("failed", 'no, "never"\nagain', "2.0")
    assert failed["y[0]"] == ""
    assert (other["a"], other["b"], other["output a"], other["model"]) == ("-0.0", "inf", "5.0", "hash of the ")
    assert (other["z[0,0].real"], other["z[0,0].imag"], other["run"]) == ("1.0", "2.0", "2")
    assert datetime.fromisoformat(first["time"]).tzinfo is not None


def test_one_run_alone_has_its_own_columns(path, tmp_path):
    done = export_evaluations(path, tmp_path / "two.csv", run=2)
    assert (done.rows, done.complex_points) == (1, 0)
    header = (tmp_path / "two.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == 'id,run,model,time,a,b,outcome,reason,seconds,output a,"z[0,0].real","z[0,0].imag"'


@pytest.mark.parametrize("at_once", [1, 5000])
def test_parquet_by_name(path, tmp_path, monkeypatch, at_once):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(_ledger_export, "_ROWS_AT_ONCE", at_once)
    export_evaluations(path, tmp_path / "study.parquet")
    table = parquet.read_table(tmp_path / "study.parquet")
    assert table.column_names == COLUMNS
    first, failed, other = table.to_pylist()
    assert first["y[0]"] == 1 / 3
    assert np.isnan(first["y[1]"])
    assert failed["y[0]"] is None
    assert (other["b"], other["z[0,0].imag"]) == (np.inf, 2.0)
    assert first["time"].tzinfo is not None


def test_parquet_without_its_package_is_one_sentence(path, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "parametra\[parquet\]"'):
        export_evaluations(path, tmp_path / "study.parquet")
    assert list(tmp_path.glob("*.part")) == []


def test_other_endings_and_places_are_told(path, tmp_path):
    with pytest.raises(FileError, match=r"ends in .csv or .parquet"):
        export_evaluations(path, tmp_path / "study.xlsx")
    with pytest.raises(FileError, match="cannot be written"):
        export_evaluations(path, tmp_path / "nowhere" / "study.csv")
    with pytest.raises(LedgerError, match="there is no file"):
        export_evaluations(tmp_path / "other.db", tmp_path / "study.csv")


def test_an_export_that_breaks_off_leaves_the_one_before(path, tmp_path, monkeypatch):
    target = tmp_path / "study.csv"
    export_evaluations(path, target)
    before = target.read_bytes()

    def full(block):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_ledger_export, "_numbers", full)
    with pytest.raises(FileError, match="No space left"):
        export_evaluations(path, target)
    assert target.read_bytes() == before
    assert list(tmp_path.glob("*.part")) == []


def test_an_output_without_a_name_is_called_output(tmp_path):
    with Ledger.open(tmp_path / "study.db") as ledger:
        ledger.begin(StatedRun("fit"))
        ledger.record(ledger.statement("hash", ("a",)), [key(1)], [Evaluation(Fate.OK, {"": np.zeros(2)})])
    export_evaluations(tmp_path / "study.db", tmp_path / "study.csv")
    assert (
        (tmp_path / "study.csv")
        .read_text(encoding="utf-8")
        .startswith("id,run,model,time,a,outcome,reason,seconds,output[0],output[1]\n")
    )


def test_an_empty_ledger_is_a_header(tmp_path):
    Ledger.open(tmp_path / "study.db").close()
    assert export_evaluations(tmp_path / "study.db", tmp_path / "study.csv").rows == 0
    assert (tmp_path / "study.csv").read_text(encoding="utf-8") == "id,run,model,time,outcome,reason,seconds\n"
