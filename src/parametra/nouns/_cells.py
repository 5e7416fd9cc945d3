"""Cells of text: which of them are numbers, which are missing, and how they are quoted in messages."""

from __future__ import annotations

import math

from parametra.nouns.errors import DataError

_MISSING = frozenset({"", "na", "nan", "-"})
_SHOWN = 40


def cell_number(cell: str) -> float | None:
    """A cell as a number, NaN when missing, None when it is text. Python's 1_000 is text here."""
    text = cell.strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def shortened(text: str) -> str:
    """A text cut to what fits into a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def refuse_duplicates(names: list[str], source: str) -> None:
    """Raises DataError when two columns have one name."""
    for name in names:
        if names.count(name) > 1:
            raise DataError(f'{source} names {names.count(name)} columns "{name}"; give every column its own name.')
