"""What the columns of a table are, by a guess at their names and order; and texts as a problem file writes them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from parametra.nouns._cells import cell_number
from parametra.nouns.errors import DataError
from parametra.nouns.table import Table

_SIGMA = ("sigma", "err", "error", "std", "se", "sd", "stderr", "std_err", "standard_error", "uncertainty", "unc")


@dataclass(frozen=True)
class Columns:
    """Which column is what, by a guess at their names and order.

    Arguments:
        input: the first column of numbers, "" when there is only one.
        output: the second.
        sigma: a column that is named like a standard deviation and is above zero, "" when there is none.
        unused: the others.
        gaps: True when one of these has missing values.
    """

    input: str
    output: str
    sigma: str
    unused: tuple[str, ...]
    gaps: bool


def guess_columns(table: Table) -> Columns:
    """Which column is what: first numbers the input, then the output, and the standard deviation by its name.

    Raises:
        DataError: no column of numbers, or one whose numbers are written in another way, such as 1,5.
    """
    numbers = number_columns(table)
    plain = [name for name in numbers if not like_sigma(name, numbers)] or numbers
    output = plain[1] if len(plain) > 1 else plain[0]
    named = [name for name in numbers if like_sigma(name, numbers) and name != output]
    mine = [name for name in named if output.lower() in name.lower()] or named
    sigma = next((name for name in mine if np.nanmin(table.columns[name]) > 0), "")
    along = plain[0] if len(plain) > 1 else ""
    taken = [name for name in (along, output, sigma) if name]
    gaps = any(not np.isfinite(table.columns[name]).all() for name in taken)
    return Columns(along, output, sigma, tuple(name for name in table.columns if name not in taken), gaps)


def number_columns(table: Table) -> list[str]:
    """The columns that hold numbers.

    Raises:
        DataError: no such column, or one whose numbers are written in another way, such as 1,5.
    """
    for name in table.columns:
        if table.is_text(name) and _with_commas(table.columns[name].tolist()):
            table.numbers(name)  # which says where, and how numbers are written
    numbers = [name for name, values in table.columns.items() if values.dtype.kind == "f" and values.ndim == 1]
    numbers = [name for name in numbers if np.isfinite(table.columns[name]).any()]
    if not numbers:
        raise DataError(f"{table.source} has no column of numbers, so there is nothing to fit.")
    return numbers


def _with_commas(cells: list[str]) -> bool:
    """Whether a column is one of numbers that have commas where points are wanted."""
    rest = [cell for cell in cells if cell_number(cell) is None]
    return bool(rest) and all(cell_number(cell.replace(",", ".", 1)) is not None for cell in rest)


def like_sigma(name: str, others: list[str]) -> bool:
    """Whether a column is named like a standard deviation."""
    low = name.lower().strip()
    parts = low.replace("-", "_").split("_")
    return low in _SIGMA or any(part in _SIGMA for part in parts) or any(low == f"d{o.lower()}" for o in others)


def relative(source: Path, folder: Path) -> str:
    """The file as it is named from a folder, with slashes."""
    try:
        return Path(os.path.relpath(source.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return source.resolve().as_posix()


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
