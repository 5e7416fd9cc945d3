"""A table that prints itself: records with named columns, in a terminal, a notebook, or as a data frame."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

from parametra.nouns.errors import MissingExtraError

_MOST_DIGITS = 15
"""Significant digits that a number of 64 bits is sure to hold."""


@dataclass(frozen=True)
class ResultTable:
    """Columns by name and rows of values. `print` it, or turn it into a data frame with `to_pandas()`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """One dict for each row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_pandas(self) -> Any:
        """The same as a pandas data frame. Raises MissingExtraError without pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("pandas", "xarray", "A data frame") from None
        return pd.DataFrame(list(self.rows), columns=list(self.columns))

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        text = [self.columns, *([cell(v) for v in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in text) for i in range(len(self.columns))]
        right = [any(isinstance(row[i], (int, float)) for row in self.rows) for i in range(len(self.columns))]
        lines = [
            "  ".join(v.rjust(w) if r else v.ljust(w) for v, w, r in zip(row, widths, right, strict=True)).rstrip()
            for row in text
        ]
        return "\n".join([lines[0], "-" * max(len(line) for line in lines), *lines[1:]])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(c)}</th>" for c in self.columns)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell(v))}</td>" for v in row) + "</tr>" for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cell(value: Any) -> str:
    """A value as a person reads it: 6 digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def with_error(value: float, error: float | None) -> str:
    """A value to as many digits as its standard error supports: the error has two of them."""
    if error is None or not math.isfinite(error) or error <= 0 or not math.isfinite(value):
        return f"{value:.6g}"
    exponent = math.floor(math.log10(error))
    if value and abs(value) < 0.5 * 10.0 ** (exponent - 1):  # nothing would be left of the value
        return f"{value:.3g} ± {error:.2g}"
    top = max(exponent, math.floor(math.log10(abs(value)))) if value else exponent
    if -5 <= top <= 6 and exponent >= -8:
        digits = max(0, 1 - exponent)
        return f"{value:.{digits}f} ± {error:.{digits}f}"
    scale = 10.0**top
    digits = max(0, top - exponent + 1)
    return f"({value / scale:.{digits}f} ± {error / scale:.{digits}f})e{top:+03d}"


def interval_text(interval: tuple[float, float]) -> str:
    """An interval to as many digits as its width supports."""
    low, high = interval
    width = high - low
    if not math.isfinite(width) or width <= 0:
        return f"{low:.6g} .. {high:.6g}"
    digits = 2 - math.floor(math.log10(width))
    top = math.floor(math.log10(max(abs(low), abs(high))))
    if top <= 6 and digits <= 8:  # up to a Julian date as it stands
        return f"{low:.{max(digits, 0)}f} .. {high:.{max(digits, 0)}f}"
    significant = min(max(top + digits + 1, 6), _MOST_DIGITS)
    return f"{low:.{significant}g} .. {high:.{significant}g}"
