"""Columns of numbers and text, from arrays, a data frame or a CSV file, with the place of every row for messages.

A cell that is blank, NA, NaN or - is missing and becomes NaN. A column with any other cell that is not a number is
text: it is kept as it stands, good for `where`, and refused with its line only when it is used as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Int
from parametra.nouns._cells import cell_number, refuse_duplicates, shortened
from parametra.nouns._csv_file import read_csv
from parametra.nouns.errors import DataError, did_you_mean


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, read-only.

    Arguments:
        columns: name to values: float64 of shape (n,) or (n, k), NaN where missing, or text of shape (n,).
        source: the file's name, empty for arrays.
        positions: which row of the source each row was, from 0.
        lines: which line of the file each row of the source was, from 1; None for arrays.
    """

    columns: dict[str, np.ndarray]
    source: str
    positions: Int[np.ndarray, " n"]
    lines: Int[np.ndarray, " rows"] | None = None

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.positions)

    def place(self, row: int) -> str:
        """How a message calls a row: "row 7 (line 8 of hz.csv)"."""
        position = int(self.positions[row])
        line = "" if self.lines is None else f" (line {self.lines[position]} of {self.source})"
        return f"row {position + 1}{line}"

    def column(self, name: str) -> np.ndarray:
        """The values of a column, numbers or text. Raises DataError for an unknown name."""
        if name not in self.columns:
            where = f" in {self.source}" if self.source else ""
            raise DataError(f'there is no column "{name}"{where}; {did_you_mean(name, self.columns)}')
        return self.columns[name]

    def is_text(self, name: str) -> bool:
        """True for a column that holds anything but numbers and missing cells."""
        return self.column(name).dtype.kind == "U"

    def numbers(self, name: str) -> np.ndarray:
        """The values of a column of numbers, NaN where missing. Raises DataError for an unknown name, and for text."""
        column = self.column(name)
        if not self.is_text(name):
            return column
        cell = column.tolist()[self._first_text(name)]
        how = "and a missing one is left blank or written NA."
        if cell_number(cell.replace(",", ".", 1)) is not None:
            how = (
                f"with a point: a decimal comma is not read. Write {cell.strip().replace(',', '.')} for it, and so on."
            )
        raise DataError(f"{self.text_in(name)}; numbers are written like 0.15 or 1.5e-1, {how}")

    def text_in(self, name: str) -> str:
        """How a message says that a column is text: its first cell that is no number, and where that stands."""
        row = self._first_text(name)
        where = self.place(row) if self.lines is None else f"line {self.lines[self.positions[row]]} of {self.source}"
        return f'column "{name}" holds text: "{shortened(str(self.columns[name].tolist()[row]))}" in {where}'

    def _first_text(self, name: str) -> int:
        cells = self.columns[name].tolist()
        return next((row for row, cell in enumerate(cells) if cell_number(cell) is None), 0)

    def rows_at(self, index: Int[np.ndarray, " m"]) -> Table:
        """The table with these rows only, which still know their places in the source."""
        columns = {name: _frozen(values[index]) for name, values in self.columns.items()}
        return Table(columns, self.source, self.positions[index], self.lines)

    def where(self, conditions: Mapping[str, Any]) -> Table:
        """The rows in which every named column equals its value, or any of the values when they are a list.

        Arguments:
            conditions: column to value, `{"state": "treated", "dose": [1, 2.5]}`; numbers are compared as numbers.

        Returns:
            A table, which may have no rows.

        Raises:
            DataError: an unknown column, a text asked of a column of numbers, a column of arrays.
        """
        keep = np.ones(self.rows, dtype=bool)
        for name, wanted in conditions.items():
            several = isinstance(wanted, (list, tuple, set, frozenset, np.ndarray))
            keep &= self._equals(name, list(wanted) if several else [wanted])
        return self.rows_at(np.flatnonzero(keep))

    def _equals(self, name: str, wanted: list[Any]) -> Bool[np.ndarray, " n"]:
        column = self.column(name)
        if column.ndim != 1:
            raise DataError(f'where = {{"{name}": ...}} wants one value a row; it has {column.shape[1]}.')
        text = self.is_text(name)
        matches = np.zeros(self.rows, dtype=bool)
        for value in wanted:
            number = cell_number(value) if isinstance(value, str) else _real(value)
            if text and isinstance(value, str):
                matches |= column == value.strip()
            elif text:
                cells = [
                    cell == str(value) or (number is not None and cell_number(cell) == number)
                    for cell in column.tolist()
                ]
                matches |= np.array(cells, dtype=bool)
            elif number is None:
                raise DataError(f'where = {{"{name}": {value!r}}} asks for text, and column "{name}" holds numbers.')
            else:
                matches |= column == number
        return matches


def read_table(source: Any) -> Table:
    """A table from whatever holds columns.

    Arguments:
        source: a mapping of name to values (n,) or (n, k), a data frame, a NumPy structured array, a `Table`, or the
            path of a CSV file: UTF-8, a header, then commas, semicolons or tabs; lines that begin with # are skipped.

    Raises:
        DataError: a file or columns that cannot be read; the message says where and what to do.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, Path)):
        return _read_file(Path(source))
    if isinstance(source, Mapping):
        return _from_columns((str(name), values) for name, values in source.items())
    if isinstance(source, np.ndarray) and source.dtype.names is not None:
        return _from_columns((name, source[name]) for name in source.dtype.names)
    frame: Any = source
    if hasattr(frame, "columns") and hasattr(frame, "__getitem__"):
        labels = list(frame.columns)
        refuse_duplicates([str(label) for label in labels], "the data frame")
        return _from_columns((str(label), frame[label].to_numpy()) for label in labels)
    raise DataError(
        f"a table is a mapping of column names to values, a data frame, a structured array or the path of a CSV file; "
        f"came {type(source).__name__}. Name the columns: {{'x': x, 'y': y}}."
    )


def _from_columns(named: Iterable[tuple[str, Any]]) -> Table:
    columns = {name: _frozen(_as_column(name, values)) for name, values in named}
    if not columns:
        raise DataError("the table has no columns; give at least one, such as {'y': y}.")
    lengths = {name: len(values) for name, values in columns.items()}
    first, rows = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != rows:
            raise DataError(f'columns must be of one length; "{first}" has {rows} values and "{name}" has {length}.')
    if rows == 0:
        raise DataError(f'the table has no rows; column "{first}" is empty.')
    return Table(columns, "", np.arange(rows))


def _as_column(name: str, values: Any) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        kind = values.dtype.kind
        values = np.ma.filled(values, "") if kind in "USO" else np.ma.filled(values.astype(float), np.nan)
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f'column "{name}" holds rows of different lengths; give one value for each row.') from None
    if array.ndim not in (1, 2):
        raise DataError(f'column "{name}" must hold one value for each row; came an array of shape {array.shape}.')
    kind = array.dtype.kind
    if kind == "c":
        raise DataError(f'column "{name}" holds complex numbers; give real and imaginary parts as two columns.')
    if kind in "biuf":
        return np.array(array, dtype=np.float64)
    if array.ndim != 1:
        raise DataError(f'column "{name}" has several values a row, which must be numbers; came {array.dtype}.')
    if kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    return _from_cells(["" if _is_nothing(cell) else str(cell) for cell in array])


def _is_nothing(cell: Any) -> bool:
    """True for None, NaN and pandas' NA and NaT, which are known by name so that pandas need not be there."""
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell)  # noqa: PLR0124


def _from_cells(cells: Sequence[str]) -> np.ndarray:
    """Numbers where every cell is one or is missing, the text as it stands otherwise."""
    numbers: list[float] | None
    try:
        numbers = list(map(float, cells))  # the fast way, for a column without missing cells
        if any("_" in cell for cell in cells):
            numbers = None
    except ValueError:
        numbers = []
        for cell in cells:
            number = cell_number(cell)
            if number is None:
                numbers = None
                break
            numbers.append(number)
    if numbers is None:
        return np.array([cell.strip() for cell in cells], dtype=np.str_)
    return np.array(numbers, dtype=np.float64)


def _real(value: Any) -> float | None:
    return float(value) if isinstance(value, (Real, np.bool_)) else None


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _read_file(path: Path) -> Table:
    cells = read_csv(path)
    named = zip(cells.header, zip(*cells.rows, strict=True), strict=True)
    # A column without a name cannot be asked for: saved indexes and trailing separators make them.
    columns = {name: _frozen(_from_cells(column)) for name, column in named if name}
    return Table(columns, path.name, np.arange(len(cells.rows)), np.array(cells.lines))
