"""The [data] of a problem file: one data set, or [[data]] for each of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parametra.formats._problem_keys import DATA, refuse_unknown, table_at, text_at, texts_at
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, FileError, did_you_mean
from parametra.nouns.statement import is_number, shown

_EXAMPLE = '[data] and below it file = "data.csv", inputs = ["x"], output = "y", sigma = "sigma"'


def data_from_tables(tables: Mapping[str, Any], folder: Path) -> tuple[Data, ...]:
    """The data sets that [data] or [[data]] states.

    Arguments:
        tables: the whole file.
        folder: where the file is; data files are named from there.

    Raises:
        FileError: no data, an unknown key, or a value of the wrong type.
        DataError: a table that cannot be read, or that holds what cannot be fitted; see `Data`.
    """
    stated = tables.get("data")
    if stated is None or stated in ({}, []):
        raise FileError(f"[data] is missing. Add {_EXAMPLE}.")
    if isinstance(stated, dict):
        return (_data(stated, "[data]", folder),)
    if not isinstance(stated, list) or not all(isinstance(each, dict) for each in stated):
        raise FileError(f"[data] is a table; {shown(stated)} came. Write {_EXAMPLE}.")
    return tuple(_data(each, f"[[data]] number {n}", folder) for n, each in enumerate(stated, start=1))


def _data(table: dict[str, Any], where: str, folder: Path) -> Data:
    refuse_unknown(table, DATA, where)
    settings: dict[str, Any] = {
        "inputs": _inputs(table, where),
        "output": _output(table, where),
        "sigma": _sigma(table, where),
        "input_errors": table_at(table, "input_errors", f"{where}: input_errors", 'input_errors = { x = "sx" }'),
        "where": table_at(table, "where", f"{where}: where", 'where = { state = "treated" }') or None,
        "units": texts_at(table, "units", where),
        "parameters": texts_at(table, "parameters", where),
        "constants": table_at(table, "constants", f"{where}: constants", "constants = { T = 300 }"),
    }
    settings |= {key: text_at(table, key, where) for key in ("missing", "name", "source") if key in table}
    try:
        return Data(_source(table, where, folder), **settings)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _source(table: dict[str, Any], where: str, folder: Path) -> Any:
    stated = [key for key in ("file", "columns") if key in table]
    if len(stated) != 1:
        came = "it has both" if stated else "it has neither"
        raise FileError(f'{where} takes file = "data.csv" or columns = {{ x = [1, 2], y = [3, 4] }}; {came}.')
    if stated == ["columns"]:
        return table_at(table, "columns", f"{where}: columns", "columns = { x = [1, 2], y = [3, 4] }")
    path = folder / text_at(table, "file", where)
    if not path.exists():
        near = sorted(each.name for each in path.parent.glob("*") if each.is_file()) if path.parent.is_dir() else []
        raise DataError(f"{where}: there is no file {path}; " + did_you_mean(path.name, near))
    return path


def _inputs(table: dict[str, Any], where: str) -> Any:
    value = table.get("inputs", [])
    if isinstance(value, dict):
        return texts_at(table, "inputs", where)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise FileError(
            f'{where}: inputs is a list of columns, ["x"], or a table, {{ x = "column" }}; {shown(value)} came.'
        )
    return names


def _output(table: dict[str, Any], where: str) -> Any:
    stated = [key for key in ("output", "outputs") if key in table]
    if len(stated) != 1:
        came = "it has both" if stated else "it has neither"
        raise FileError(f'{where} names what was measured, output = "y" or outputs = ["u", "v"]; {came}.')
    value = table[stated[0]]
    if isinstance(value, dict):
        return texts_at(table, stated[0], where)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise FileError(
            f'{where}: {stated[0]} is the name of a column, a list of them, or a table, {{ y = "column" }}; '
            f"{shown(value)} came."
        )
    return names


def _sigma(table: dict[str, Any], where: str) -> Any:
    value = table.get("sigma")
    parts = list(value.values()) if isinstance(value, dict) else [value]
    if value is not None and not all(isinstance(each, str) or is_number(each) for each in parts):
        raise FileError(
            f"{where}: sigma is the name of a column, a number, or a table of these by output; {shown(value)} came."
        )
    return value
