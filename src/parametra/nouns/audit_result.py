"""The result of an audit: how the answer moves with each choice that was made in fitting."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.nouns.audit_text import audit_text, checklist_text
from parametra.nouns.errors import MissingExtraError, ParametraError, did_you_mean
from parametra.nouns.fit_json import plain
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View

STILL = 0.01
"""Standard errors of the problem as stated below which nothing has moved."""

_STILL_SHARE = 1e-6
"""The same as a share of the value, where there is no standard error."""


@storable
@dataclass(frozen=True)
class AuditRow:
    """One fit of an audit.

    Arguments:
        label: what differs from the problem as stated, "loss: squares"; "as stated" for nothing.
        changed: choice to the alternative that was taken, {} for the problem as stated.
        status: how the fit ended; a fit that was refused has failed, with the reason.
        values: quantity to estimate, None where this form has no such quantity or nothing was found.
        errors: quantity to standard error, None where there is none.
        intervals: quantity to its interval, None where there is none.
        differences: quantity to its difference from the problem as stated, in the standard errors of that one.
        points: observed values used.
        doubts: what made the fit less certain than its numbers look, and why something is missing.
        units: quantity to its unit where that is not the one of the problem as stated; such values are not compared.
    """

    label: str
    changed: dict[str, str]
    status: Status
    values: dict[str, float | None]
    errors: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]
    differences: dict[str, float | None]
    points: int
    doubts: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict[str, str])

    def compared(self, quantity: str) -> float | None:
        """The value in the unit of the problem as stated; None where there is none."""
        return None if quantity in self.units else self.values.get(quantity)


@storable
@dataclass(frozen=True)
class ChecklistItem:
    """What a report of a fit should tell.

    Arguments:
        topic: under which heading.
        question: what should be told.
        answer: what the problem and the fit tell; "" where only the person knows.
    """

    topic: str
    question: str
    answer: str


@storable
@dataclass(frozen=True, repr=False)
class Audit:
    """The result of an audit. `print` it, or ask for `table()`, `plot()`, `checklist_text()`, `save(path)`.

    Arguments:
        status: how the run ended.
        title: of the problem.
        quantities: that were looked at, with their units in `units`.
        rows: the problem as stated first, then each alternative.
        choices: choice to its alternatives.
        errors: how standard errors and intervals were made.
        checklist: what a report of the fit should tell.
        receipt: what it cost and what it was made with.
    """

    status: Status
    title: str
    quantities: tuple[str, ...]
    units: dict[str, str]
    rows: tuple[AuditRow, ...]
    choices: dict[str, tuple[str, ...]]
    errors: str
    checklist: tuple[ChecklistItem, ...]
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """An audit keeps no data beside a prediction."""
        return ()

    @property
    def stated(self) -> AuditRow:
        """The problem as stated."""
        return self.rows[0]

    def row(self, label: str) -> AuditRow:
        """The fit of a label, such as "loss: squares". Raises ParametraError for an unknown one."""
        for row in self.rows:
            if row.label == label:
                return row
        raise ParametraError(f'this audit has no "{label}"; ' + did_you_mean(label, [r.label for r in self.rows]))

    def range(self, quantity: str) -> tuple[float, float]:
        """The lowest and the highest value that any choice gives, of those in the unit of the problem as stated.

        Raises:
            ParametraError: a quantity that was not looked at, or that no fit gave.
        """
        if quantity not in self.quantities:
            raise ParametraError(f'this audit has no "{quantity}"; ' + did_you_mean(quantity, self.quantities))
        found = [value for row in self.rows if (value := row.compared(quantity)) is not None]
        if not found:
            raise ParametraError(f'no fit of this audit gave "{quantity}".')
        return min(found), max(found)

    def moves_most(self, quantity: str) -> AuditRow | None:
        """The fit whose value lies furthest from that of the problem as stated.

        None where none can be told, or where all lie within a hundredth of its standard error.
        """
        start = self.stated.values.get(quantity)
        if start is None:
            return None
        found = [(abs(v - start), row) for row in self.rows[1:] if (v := row.compared(quantity)) is not None]
        error = self.stated.errors.get(quantity)
        least = STILL * error if error else _STILL_SHARE * abs(start)
        moved = [pair for pair in found if pair[0] > least]
        return max(moved, key=lambda pair: pair[0])[1] if moved else None

    def table(self) -> ResultTable:
        """Every fit: the estimates, their errors, how far they lie from the problem as stated, and the doubts."""
        names = [n for q in self.quantities for n in (q, f"{q} error", f"{q} difference in errors")]
        rows = tuple(
            (
                row.label,
                row.status.outcome.value,
                row.points,
                *(n for q in self.quantities for n in (row.values[q], row.errors[q], row.differences[q])),
                " ".join(row.doubts),
            )
            for row in self.rows
        )
        return ResultTable(("choice", "status", "points", *names, "doubts"), rows)

    def checklist_text(self) -> str:
        """The checklist as a text to be completed and put into a report."""
        return checklist_text(self)

    def plot(self, *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure: each quantity with its interval, choice by choice."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._audit_figure").draw(self, size=size)

    def to_xarray(self) -> Any:
        """An xarray.Dataset by `choice` and `quantity`. Raises MissingExtraError without xarray."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "audit.to_xarray()") from None

        def array(of: str) -> Any:
            values = [[getattr(row, of)[q] for q in self.quantities] for row in self.rows]
            return ("choice", "quantity"), np.array([[np.nan if v is None else v for v in row] for row in values])

        coordinates = {"choice": [row.label for row in self.rows], "quantity": list(self.quantities)}
        parts = {"estimate": "values", "standard_error": "errors", "difference": "differences"}
        return xr.Dataset({k: array(v) for k, v in parts.items()}, coords=coordinates, attrs={"title": self.title})

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain dicts; infinity and NaN are null."""
        found = {
            "kind": "audit",
            "title": self.title,
            "status": self.status.outcome.value,
            "message": self.status.message,
            "quantities": list(self.quantities),
            "errors": self.errors,
            "choices": {name: list(each) for name, each in self.choices.items()},
            "rows": [
                {**vars(row), "status": row.status.outcome.value, "message": row.status.message} for row in self.rows
            ],
            "checklist": [vars(item) for item in self.checklist],
            "receipt": vars(self.receipt),
        }
        return plain(found)

    def __str__(self) -> str:
        return audit_text(self)

    __repr__ = __str__
