"""Reads a CSV file into cells of text: a header, rows of equal length, and the line of each row."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from parametra.nouns._cells import cell_number, refuse_duplicates, shortened
from parametra.nouns.errors import DataError

_SEPARATORS = ("\t", ";", ",")  # in this order when the header could be read in two ways: tabs are never part of a name


@dataclass(frozen=True)
class Cells:
    """The names of the columns, the rows, and the line of the file that each row stands in, from 1."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_csv(path: Path) -> Cells:
    """The cells of a CSV file. Raises DataError, with the line, for a file that cannot be read."""
    numbered = [
        (number, line)
        for number, line in enumerate(io.StringIO(_read_text(path), newline=None), start=1)
        if not line.lstrip().startswith("#") and line.strip()
    ]
    if not numbered:
        raise DataError(f"{path.name} is empty; its first line must name the columns, and the rows follow.")
    lines = [line for _, line in numbered]
    numbers = [number for number, _ in numbered]
    separator = _sniff(lines, path.name)
    header, rows, places = _split(lines, numbers, separator, path.name)
    _check_header(header, numbers[0], path.name)
    if not rows:
        raise DataError(f"{path.name} has a header and no rows; write one row of values on each line below it.")
    wanted = len(header)
    for row, place in zip(rows, places, strict=True):
        if len(row) != wanted:
            raise DataError(
                f"line {place} of {path.name} holds {len(row)} values where the header names {wanted} columns "
                f"({shortened(', '.join(header))}); correct the line, and put text that holds a separator in quotes."
            )
    return Cells(header, rows, places)


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise DataError(f'"{path}" is a directory; give the path of a CSV file.')
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f'there is no file "{shortened(str(path))}" (looked in {path.parent.absolute()}); give the path of a file.'
        ) from None
    except OSError as problem:
        raise DataError(f'"{shortened(str(path))}" cannot be read: {problem.strerror}; give a CSV file.') from None
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise DataError(
            f"{path.name} is not UTF-8: byte 0x{content[problem.start]:02x} in line {line}; save it as UTF-8."
        ) from None


def _sniff(lines: list[str], source: str) -> str:
    """The separator: found in the header outside quotes, and giving the first row as many cells where two are."""
    plain = [re.sub(r'"[^"]*"', "", line) for line in lines[:2]]
    found = [separator for separator in _SEPARATORS if separator in plain[0]]
    agreeing = [separator for separator in found if plain[0].count(separator) == plain[-1].count(separator)]
    words = len(plain[0].split())
    if not found and words > 1 and len(plain) > 1 and words == len(plain[1].split()):
        raise DataError(
            f'{source} is separated by spaces: "{shortened(lines[0].strip())}"; separate by commas, semicolons or tabs.'
        )
    return (agreeing or found or [","])[0]


def _split(
    lines: list[str], numbers: list[int], separator: str, source: str
) -> tuple[list[str], list[list[str]], list[int]]:
    """The names, the rows that are not blank, and the line of each."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    places: list[int] = []
    header: list[str] = []
    try:
        header = [name.strip() for name in next(reader)]
        for row in reader:
            if any(row):
                rows.append(row)
                places.append(numbers[reader.line_num - 1])
    except csv.Error as problem:
        place = numbers[max(reader.line_num, 1) - 1]
        raise DataError(
            f"line {place} of {source} cannot be read: {problem}; look for a quote that is not closed."
        ) from None
    return header, rows, places


def _check_header(header: list[str], line: int, source: str) -> None:
    if all(cell_number(name) is not None for name in header):
        raise DataError(
            f'line {line} of {source} must name the columns; came "{shortened(", ".join(header))}". Write a line '
            f"such as x, y, sigma above the numbers."
        )
    refuse_duplicates([name for name in header if name], source)
