"""The files of a PEtab problem as rows of text, each of which knows where it stands."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from parametra.nouns._csv_file import read_csv
from parametra.nouns.errors import DataError, FileError, MissingExtraError, did_you_mean
from parametra.nouns.statement import shown

_EMPTY = frozenset({"", "nan", "na"})


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Arguments:
        place: "line 3 of conditions.tsv".
        cells: column to text, without blanks around it.
    """

    place: str
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """The text of a column that must not be empty. Raises FileError when it is."""
        found = self.optional(column)
        if not found:
            raise FileError(f'{self.place}: "{column}" is empty. Fill it in.')
        return found

    def optional(self, column: str, missing: str = "") -> str:
        """The text of a column that may be empty, or not there."""
        found = self.cells.get(column, "")
        return missing if found.lower() in _EMPTY else found

    def number(self, column: str) -> float:
        """A number. Raises FileError for an empty cell and for text."""
        text = self.text(column)
        number = as_number(text)
        if number is None:
            raise FileError(f'{self.place}: "{column}" must be a number; "{text}" came.')
        return number

    def one_of(self, column: str, words: Sequence[str], missing: str) -> str:
        """One of some words. Raises FileError for another one."""
        text = self.optional(column, missing)
        if text not in words:
            raise FileError(f'{self.place}: "{column}" is one of {", ".join(words)}; "{text}" came.')
        return text

    def several(self, column: str) -> list[str]:
        """The parts of a cell between semicolons, none of an empty cell."""
        text = self.optional(column)
        return [part.strip() for part in text.split(";")] if text else []


def as_number(text: str) -> float | None:
    """A cell as a number, infinite ones among them; None for text and for NaN."""
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return None
    return None if math.isnan(number) else number


def read_rows(paths: Iterable[Path], wanted: Sequence[str]) -> list[Row]:
    """The rows of tables of one kind.

    Raises:
        FileError: a file that is not there or cannot be read, or that lacks a column.
    """
    rows: list[Row] = []
    for path in paths:
        if not path.is_file():
            raise FileError(f"there is no file {path}, which the problem names.")
        try:
            cells = read_csv(path)
        except DataError as error:
            raise FileError(str(error)) from None
        for column in wanted:
            if column not in cells.header:
                raise FileError(f'{path.name} has no column "{column}"; {did_you_mean(column, cells.header)}')
        for line, values in zip(cells.lines, cells.rows, strict=True):
            stripped = (value.strip() for value in values)
            rows.append(Row(f"line {line} of {path.name}", dict(zip(cells.header, stripped, strict=True))))
    return rows


def by_identifier(rows: Iterable[Row], column: str) -> dict[str, Row]:
    """Rows by the identifier in a column. Raises FileError for one that comes twice, or that is no identifier."""
    found: dict[str, Row] = {}
    for row in rows:
        identifier = row.text(column)
        if identifier in found:
            raise FileError(f'{row.place}: "{identifier}" is stated in {found[identifier].place} already.')
        found[identifier] = row
    return found


@dataclass(frozen=True)
class Files:
    """The files that a PEtab problem names, with their whole paths."""

    parameters: tuple[Path, ...]
    sbml: Path
    measurements: tuple[Path, ...]
    conditions: tuple[Path, ...]
    observables: tuple[Path, ...]


def read_yaml(path: Path) -> Files:
    """The YAML file of a PEtab problem.

    Raises:
        FileError: no such file, not YAML, another version, or a file that it does not name.
        MissingExtraError: PyYAML is not installed.
    """
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise MissingExtraError("PyYAML", "petab", "a PEtab problem") from None
    try:
        stated: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}."
        ) from None
    except yaml.YAMLError as error:
        raise FileError(f"{path.name} is no YAML{_place(error)}.") from None
    if stated is None:
        raise FileError(f"{path.name} is empty; the YAML file of a PEtab problem is wanted.")
    if not isinstance(stated, dict) or "format_version" not in stated:
        raise FileError(f"{path.name} is no PEtab problem: it has no format_version.")
    table = cast("dict[str, Any]", stated)
    version = str(table["format_version"])
    if version.split(".", maxsplit=1)[0] != "1":
        raise FileError(f"{path.name}: format_version is {version}; PEtab version 1 is read here.")
    problems: Any = table.get("problems")
    if not isinstance(problems, list) or len(cast("list[Any]", problems)) != 1 or not isinstance(problems[0], dict):
        raise FileError(f"{path.name}: problems must be a list with one problem; put others into files of their own.")
    problem = cast("dict[str, Any]", problems[0])
    sbml = _paths(problem, "sbml_files", path)
    if len(sbml) != 1:
        raise FileError(f"{path.name}: sbml_files names {len(sbml)} files; one is read here.")
    return Files(
        _paths(table, "parameter_file", path),
        sbml[0],
        _paths(problem, "measurement_files", path),
        _paths(problem, "condition_files", path),
        _paths(problem, "observable_files", path),
    )


def _place(error: Any) -> str:
    """What PyYAML says and where, as far as it tells: its exceptions have a problem and a mark with a line from 0."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    said = f": {problem}" if problem else ""
    return f"{said} (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else said


def _paths(table: dict[str, Any], key: str, path: Path) -> tuple[Path, ...]:
    stated: Any = table.get(key)
    listed = cast("list[Any]", stated) if isinstance(stated, list) else [stated]
    if not listed or not all(isinstance(each, str) and each for each in listed):
        came = "it is missing" if stated is None else f"{shown(stated)} came"
        raise FileError(f"{path.name}: {key} names one file or a list of files; {came}.")
    return tuple(path.parent / each for each in listed)
