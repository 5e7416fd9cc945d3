"""What all results of `trust` share: how they print, draw, are written, and which pictures they consist of."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.nouns.errors import MissingExtraError
from parametra.nouns.fit_json import plain
from parametra.nouns.paragraph import wrapped
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View


@storable
@dataclass(frozen=True)
class Trace:
    """One line or one row of points of a picture.

    Arguments:
        label: what the legend calls it.
        x, y: (n,) its points.
        error: (n,) half the height of their bars, empty for none.
        role: "promise", "delivered", "naive", "other" or "bound"; it decides the colour.
        joined: drawn as a line, otherwise as points.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    error: np.ndarray
    role: str
    joined: bool = True


@storable
@dataclass(frozen=True)
class Panel:
    """One pair of axes of a picture.

    Arguments:
        title, x_label, y_label: its words.
        traces: what is drawn.
        categories: names of the places 0, 1, ... of the x axis; empty where x is a number.
        logarithmic: which axes are: "", "x", "y" or "xy".
        y_range: ends of the y axis; empty where the numbers decide.
    """

    title: str
    x_label: str
    y_label: str
    traces: tuple[Trace, ...]
    categories: tuple[str, ...] = ()
    logarithmic: str = ""
    y_range: tuple[float, ...] = ()


@dataclass(frozen=True, repr=False)
class TrustResult(ABC):
    """What every result of `trust` can do. `print` it, or ask for `table()`, `plot()`, `to_json()`, `save(path)`.

    Arguments:
        status: how it ended, and what to do.
        title: what was looked at.
        notes: what must be known about these numbers.
        receipt: what it cost and what it was made with.
    """

    status: Status
    title: str
    notes: tuple[str, ...]
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False, kw_only=True)

    @property
    def views(self) -> tuple[View, ...]:
        """There are no data beside a prediction here."""
        return ()

    @abstractmethod
    def table(self) -> ResultTable:
        """The numbers, one row a thing."""

    @abstractmethod
    def summary(self) -> str:
        """The answer in words and a short table, as `print` shows it under the status."""

    @abstractmethod
    def panels(self) -> tuple[Panel, ...]:
        """What `plot()` draws."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What `to_json()` adds to the title, the status, the notes and the receipt."""

    def plot(self, *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure, which belongs to no window: `result.plot().savefig("trust.png")`."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._trust_figure").draw(self, size=size)

    def to_xarray(self) -> Any:
        """An xarray.Dataset of the table's columns of numbers. Raises MissingExtraError without xarray."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "to_xarray()") from None
        table = self.table()
        columns = dict(zip(table.columns, zip(*table.rows, strict=True), strict=True)) if table.rows else {}
        numbers = {
            name: ("row", np.array([np.nan if v is None else v for v in values], dtype=np.float64))
            for name, values in columns.items()
            if all(v is None or isinstance(v, (bool, int, float)) for v in values)
        }
        words = {
            name: ("row", np.array([str(v) for v in values])) for name, values in columns.items() if name not in numbers
        }
        return xr.Dataset(numbers, coords=words, attrs={"title": self.title, "status": self.status.outcome.value})

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra trust NAME --json` prints; infinity and NaN are null."""
        found = {
            "kind": f"trust_{self.receipt.settings.get('method', '')}",
            "title": self.title,
            "status": self.status.outcome.value,
            "message": self.status.message,
            **self.facts(),
            "notes": list(self.notes),
            "receipt": vars(self.receipt),
        }
        return plain(found)

    def __str__(self) -> str:
        parts = [
            f"{self.title}\n{wrapped(str(self.status))}",
            self.summary(),
            *(wrapped(f"note: {note}", "      ") for note in self.notes),
        ]
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__
