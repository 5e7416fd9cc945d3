"""The evaluations of a ledger as a table: a CSV file, or a Parquet file for many.

One row an evaluation: which run made it and when, the arguments of the call by name, how it ended, the outputs number
by number. Calls at complex points, which some derivatives need, say nothing that a person could use and are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns.errors import FileError, LedgerError, MissingExtraError
from parametra.nouns.evaluation import Evaluation
from parametra.runs._ledger_file import damaged, reading
from parametra.runs._ledger_reader import EVALUATION_COLUMNS, Cells, Reader, Statement, statements
from parametra.runs._ledger_rows import Damaged, Layout

_ROWS_AT_ONCE = 5000
_BEFORE = ("id", "run", "model", "time")
_AFTER = ("outcome", "reason", "seconds")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Arguments:
        to: the file.
        rows: how many evaluations.
        complex_points: how many were left out, because their arguments are complex.
    """

    to: Path
    rows: int
    complex_points: int


@dataclass(frozen=True)
class _Columns:
    """The names of all columns; which of them a parameter or an output has."""

    names: tuple[str, ...]
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


def export_evaluations(path: str | PathLike[str], to: str | PathLike[str], run: int | None = None) -> Exported:
    """Write evaluations as a table; a file that is there is replaced when all is written.

    Arguments:
        path: the ledger.
        to: a name that ends in .csv or .parquet.
        run: only what this run computed; None for all.

    Raises:
        LedgerError: the ledger cannot be read.
        FileError: the table cannot be written, or its name ends in something else.
        MissingExtraError: Parquet is asked for and pyarrow is not installed.
    """
    target = Path(to)
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    write = writers.get(target.suffix.lower())
    if write is None:
        raise FileError(f"{target}: an export ends in .csv or .parquet.")
    place, part = Path(path), target.with_name(f"{target.name}.part")
    with reading(place) as connection:
        try:
            table = _Table(connection, run)
            write(part, table)
            part.replace(target)
        except Damaged as found:
            raise LedgerError(damaged(place, str(found))) from found
        except OSError as error:
            raise FileError(f"{target} cannot be written ({error.strerror}). Name another file.") from error
        finally:
            part.unlink(missing_ok=True)
    return Exported(target, table.rows, table.complex_points)


class _Table:
    """The rows to write, a few thousand at once; what is counted is known when all were taken."""

    def __init__(self, connection: Any, run: int | None) -> None:
        self.rows = self.complex_points = 0
        self._where, self._values = ("", ()) if run is None else ("WHERE run = ?", (run,))
        self._connection = connection
        self._reader = Reader(connection)
        self._statements = statements(connection)
        self.columns = self._named()  # known before the first row is written, so that no row waits in memory

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """Rows as values by column."""
        query = f"SELECT {EVALUATION_COLUMNS} FROM evaluations {self._where} ORDER BY id"  # noqa: S608  our own columns
        cursor = self._connection.execute(query, self._values)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            block = [made for row in rows if (made := self._row(Cells(*row))) is not None]
            self.rows += len(block)
            self.complex_points += len(rows) - len(block)
            yield block

    def _row(self, cells: Cells) -> dict[str, Any] | None:
        statement = self._statement(cells.statement)
        point = statement.point(cells.key)
        if point.dtype.kind == "c":
            return None
        found = self._reader.evaluation(cells)
        row: dict[str, Any] = {"id": cells.id, "run": cells.run, "model": statement.title, "time": cells.time}
        row.update(zip((self.columns.parameters[name] for name in statement.names), point.tolist(), strict=True))
        row.update({"outcome": found.fate.value, "reason": found.reason, "seconds": found.seconds})
        row.update((self.columns.outputs[name], value) for name, value in _numbers(found))
        return row

    def _statement(self, number: int) -> Statement:
        found = self._statements.get(number)
        if found is None:
            raise Damaged(f"an evaluation of statement {number}, which is not there")
        return found

    def _named(self) -> _Columns:
        """All columns: arguments and outputs in the order in which the ledger came to know them."""
        kinds = self._connection.execute(
            f"SELECT DISTINCT statement, layout, length(key) FROM evaluations {self._where} ORDER BY 1, 2",  # noqa: S608
            self._values,
        ).fetchall()
        used = [(number, layout) for number, layout, size in kinds if size == 8 * len(self._statement(number).names)]
        parameters = list(dict.fromkeys(name for number, _ in used for name in self._statement(number).names))
        texts = dict(self._connection.execute("SELECT id, text FROM layouts"))
        layouts = [Layout.read(texts[number]) for number in dict.fromkeys(n for _, n in used) if number in texts]
        outputs = list(dict.fromkeys(name for layout in layouts for name in _labels(layout)))
        taken = {*_BEFORE, *_AFTER}
        named_parameters = {name: f"parameter {name}" if name in taken else name for name in parameters}
        taken |= set(named_parameters.values())
        named_outputs = {name: f"output {name}" if name in taken else name for name in outputs}
        names = (*_BEFORE, *named_parameters.values(), *_AFTER, *named_outputs.values())
        return _Columns(names, named_parameters, named_outputs)


def _labels(layout: Layout) -> list[str]:
    found: list[str] = []
    for name, shape, dtype, _ in layout.parts:
        for place in _places(name, shape):
            found += [place] if dtype.kind == "f" else [f"{place}.real", f"{place}.imag"]
    return found


def _places(name: str, shape: Sequence[int]) -> Iterator[str]:
    name = name or "output"  # of a function that returns one array, the output has no name
    if not shape:
        yield name
        return
    for index in np.ndindex(*shape):
        yield f"{name}[{','.join(str(i) for i in index)}]"


def _numbers(evaluation: Evaluation) -> Iterator[tuple[str, float]]:
    for name, value in evaluation.outputs.items():
        if value.dtype.kind == "f":
            yield from zip(_places(name, value.shape), value.ravel().tolist(), strict=True)
            continue
        for place, number in zip(_places(name, value.shape), value.ravel().tolist(), strict=True):
            yield f"{place}.real", number.real
            yield f"{place}.imag", number.imag


def _write_csv(to: Path, table: _Table) -> None:
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.columns.names, restval="", lineterminator="\n")
        writer.writeheader()
        for block in table.blocks():
            for row in block:
                row["time"] = datetime.fromtimestamp(row["time"], UTC).isoformat(timespec="milliseconds")
            writer.writerows(block)


def _write_parquet(to: Path, table: _Table) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "A Parquet file") from None
    kinds: dict[str, Any] = dict.fromkeys(table.columns.names, pa.float64())
    kinds |= {"id": pa.int64(), "run": pa.int64(), "model": pa.string(), "time": pa.timestamp("us", "UTC")}
    kinds |= {"outcome": pa.string(), "reason": pa.string()}
    schema = pa.schema(list(kinds.items()))
    with pq.ParquetWriter(to, schema) as writer:
        for block in table.blocks():
            for row in block:
                row["time"] = round(1e6 * row["time"])
            writer.write_table(pa.Table.from_pylist(block, schema))
