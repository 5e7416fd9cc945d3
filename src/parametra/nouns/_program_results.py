r"""The rules by which the results of a program are read: FILE, FILE:PLACE or FILE~PATTERN.

    out.csv:y             the column y; out.csv alone has one column
    out.json:result.y     keys and positions, with dots between
    out.npy, out.npz:y    NumPy's own files
    out.txt, stdout       all numbers, with spaces, commas or lines between
    out.txt:last, :3      those of one line
    stdout~cost = (\S+)    the first group of every match of a regular expression

What the program prints is the file stdout; stdout.csv:y and stdout.json:y say how it is read.
"""

from __future__ import annotations

import csv
import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

import numpy as np

from parametra.nouns._cells import shortened
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.evaluation import EvaluationFailed

STREAMS = ("stdout", "stderr")

_LARGEST_TEXT = 256 * 2**20
"""Bytes of a text that are read: Python's numbers take ten times as much. Larger results are for .npy."""

_KINDS = {".csv": "table", ".tsv": "table", ".json": "json", ".npy": "npy", ".npz": "npz"}
_EXAMPLES = '"out.csv:column", "out.json:result.y", "out.npy", "stdout" or "stdout~cost = (\\\\S+)"'
_BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Rule:
    """Where one result stands.

    Arguments:
        text: the rule as stated.
        file: the file below the working folder.
        kind: "table", "json", "npy", "npz" or "text".
        place: the column, keys, key or line; "" for the whole.
        pattern: the regular expression, None without one.
    """

    text: str
    file: str
    kind: str
    place: str = ""
    pattern: re.Pattern[str] | None = None

    @staticmethod
    def read(text: object, where: str) -> Rule:
        """Read a rule. Raises ModelError, with an example, for what is none."""
        if not isinstance(text, str) or not text.strip():
            raise ModelError(f"{where}: a rule is a text such as {_EXAMPLES}.")
        file, sign, rest = _parted(text.strip())
        stream, kind = PurePosixPath(file).stem in STREAMS, _KINDS.get(PurePosixPath(file).suffix.lower(), "text")
        if not below(file) or (stream and file not in STREAMS and kind in ("text", "npy", "npz")):
            raise ModelError(f'{where}: "{shortened(file)}" is no file in the working folder; write {_EXAMPLES}.')
        file = PurePosixPath(file).stem if stream else file
        if sign and not rest:
            raise ModelError(f'{where}: "{shortened(text)}" ends with "{sign}"; write {_EXAMPLES}.')
        if sign == "~":
            if kind in ("npy", "npz"):
                raise ModelError(f"{where}: {file} is no text, and a pattern is for text; write {file} or {file}:key.")
            return Rule(text, file, "text", pattern=_pattern(rest, where))
        if rest and kind == "npy":
            raise ModelError(f'{where}: {file} holds one array; write "{file}".')
        if rest and kind == "text" and not re.fullmatch(r"last|[1-9][0-9]*", rest):
            raise ModelError(
                f'{where}: "{rest}" is no line of {file}; write "{file}:last", "{file}:1", or a .csv file.'
            )
        return Rule(text, file, kind, rest)

    def numbers(self, folder: Path) -> np.ndarray:
        """The numbers that a program left in its working folder, as one row.

        Raises:
            EvaluationFailed: no such file, nothing at that place, or something that is no number.
        """
        path = folder / self.file
        size = _size(path, self.file)
        if self.kind in ("npy", "npz"):
            return self._row(self._array(path))
        if size > _LARGEST_TEXT:
            raise EvaluationFailed(f"{self.file} is larger than {_LARGEST_TEXT // 2**20} MiB; write a .npy file")
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
        if not text.strip():
            raise EvaluationFailed(f"{self.file} is empty")
        if self.pattern is not None:
            return self._matches(text, self.pattern)
        return {"table": self._column, "json": self._json, "text": self._line}[self.kind](text)

    def _array(self, path: Path) -> Any:
        try:
            with path.open("rb") as file:  # NumPy leaves a damaged archive open
                loaded = np.load(file, allow_pickle=False)
                if isinstance(loaded, np.ndarray):
                    return loaded
                keys = list(loaded.files)
                key = keys[0] if not self.place and len(keys) == 1 else self.place
                if key in keys:
                    return loaded[key]
        except Exception as error:  # a damaged archive fails in many ways
            raise EvaluationFailed(f"{self.file} cannot be read by NumPy ({type(error).__name__})") from error
        raise EvaluationFailed(f'{self.file} has no array "{key}"; {did_you_mean(key, keys)}')

    def _matches(self, text: str, pattern: re.Pattern[str]) -> np.ndarray:
        found = [match.group(1) for match in pattern.finditer(text)]
        if not found:
            raise EvaluationFailed(f"nothing in {self.file} matches {pattern.pattern}")
        return self._parsed(["" if each is None else each for each in found])

    def _line(self, text: str) -> np.ndarray:
        if self.place:
            lines = [line for line in text.splitlines() if line.strip()]
            number = len(lines) if self.place == "last" else int(self.place)
            if number > len(lines):
                raise EvaluationFailed(f"{self.file} has no line {number}")
            text = lines[number - 1]
        return self._parsed([each for each in _BETWEEN.split(text) if each])

    def _column(self, text: str) -> np.ndarray:
        lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if not lines:
            raise EvaluationFailed(f"{self.file} is empty")
        separator = next((each for each in "\t;," if each in re.sub(r'"[^"]*"', "", lines[0])), ",")
        try:
            rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True))
        except csv.Error as error:
            raise EvaluationFailed(f"{self.file} is no table: {error}") from None
        header = [name.strip() for name in rows[0]]
        if self.place:
            if self.place not in header:
                titles = [each for each in header if _number(each) is None]  # none where rows begin at once
                raise EvaluationFailed(f'{self.file} has no column "{self.place}"{_known_of(self.place, titles)}')
            column, rows = header.index(self.place), rows[1:]
        elif len(header) > 1:
            raise EvaluationFailed(f'{self.file} has {len(header)} columns; name one, "{self.file}:column"')
        else:
            column, rows = 0, rows if _number(header[0]) is not None else rows[1:]
        if not rows:
            raise EvaluationFailed(f"{self.file} has a header and no rows")
        if any(len(row) <= column for row in rows):
            raise EvaluationFailed(f"{self.file} has a row that is shorter than its header")
        return self._parsed([row[column] for row in rows])

    def _json(self, text: str) -> np.ndarray:
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            raise EvaluationFailed(f"{self.file} is not JSON") from None
        for key in self.place.split(".") if self.place else ():
            if isinstance(value, list):
                items = cast("list[Any]", value)
                known = [str(i) for i in range(len(items))]
                members = dict(zip(known, items, strict=True))
            else:
                members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
            if key not in members:
                raise EvaluationFailed(f'{self.text} stops at "{key}"{_known_of(key, list(members)[:12])}')
            value = members[key]
        try:
            return self._row(np.asarray(value))
        except ValueError:
            raise EvaluationFailed(f"{self.text} has rows of different lengths") from None

    def _parsed(self, cells: list[str]) -> np.ndarray:
        numbers = [_number(cell) for cell in cells]
        if None in numbers:
            cell = cells[numbers.index(None)].strip()
            came = "a cell without a value" if not cell else "text"
            # a reason is counted over all points, so it quotes words and no digits
            words = cell and cell.isprintable() and not any(c.isdigit() for c in cell)
            quoted = f' ("{shortened(cell)}")' if words else ""
            raise EvaluationFailed(f"{self.text} holds {came}{quoted} where numbers are wanted")
        return np.array(numbers, dtype=np.float64)

    def _row(self, array: Any) -> np.ndarray:
        if array.dtype.kind not in "fiubc":
            raise EvaluationFailed(f"{self.text} holds {array.dtype} where numbers are wanted")
        row = np.atleast_1d(np.squeeze(array))
        if row.ndim > 1:
            raise EvaluationFailed(f"{self.text} has {row.ndim} dimensions, where one row of numbers is wanted")
        if not row.size:
            raise EvaluationFailed(f"{self.text} is empty")
        return row.astype(np.complex128 if row.dtype.kind == "c" else np.float64)


def below(name: str) -> bool:
    """Whether a path in a statement stays below the folder that it is named from."""
    parts = re.split(r"[/\\]", name)
    return (
        bool(name) and not name.startswith(("/", "\\")) and ".." not in parts and ":" not in name and "\0" not in name
    )


def _parted(text: str) -> tuple[str, str, str]:
    found = re.search(r"[:~]", text)
    return (text, "", "") if found is None else (text[: found.start()], found.group(), text[found.end() :])


def _pattern(text: str, where: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, re.MULTILINE)
    except re.error as error:
        raise ModelError(f'{where}: "{shortened(text)}" is no regular expression: {error}.') from None
    if not pattern.groups:
        raise ModelError(
            f'{where}: "{shortened(text)}" has no group; put what is read in parentheses, "cost = (\\S+)".'
        )
    return pattern


def _known_of(name: str, known: list[str]) -> str:
    """What is there instead of a name, where that is names: reasons are counted, and shown on a terminal."""
    names = all(each.isprintable() and "\N{REPLACEMENT CHARACTER}" not in each for each in known)
    return f"; {did_you_mean(name, known)}" if names else ""


def _size(path: Path, name: str) -> int:
    """The size of a file; a pipe or a device, which could be read for ever, is none."""
    try:
        found = path.stat()
    except OSError:
        raise EvaluationFailed(f"{name} was not written") from None
    if not stat.S_ISREG(found.st_mode):
        raise EvaluationFailed(f"{name} is no file")
    if not found.st_size:
        raise EvaluationFailed(f"{name} is empty")
    return found.st_size


def _number(cell: str) -> float | None:
    """A cell as a number, also as Fortran writes it, 1.5D+03; None for text. Python's 1_000 is text."""
    text = cell.strip()
    try:
        return None if "_" in text else float(text)
    except ValueError:
        pass
    if re.fullmatch(r"[-+]?[0-9]*\.?[0-9]*[dD][-+]?[0-9]+", text):
        try:
            return float(re.sub("[dD]", "e", text))
        except ValueError:
            return None
    return None
