"""The picture of an audit: each quantity with its interval, choice by choice, beside that of the problem as stated."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.nouns.audit_result import Audit, AuditRow
from parametra.nouns.errors import ParametraError
from parametra.report._style import BLACK, BLUE, GREY, SKY, VERMILION, labelled, plain, shortened, styled

_MOST = 6
_WIDE = 4.0
"""Times the spread of all estimates by which an interval may stretch an axis."""

_DECADES = 30.0
"""Ratio of the ends from which an axis is logarithmic."""


def draw(result: Audit, *, size: tuple[float, float] | None = None) -> Any:
    """Estimates and intervals of the first six quantities, a column each; a line a choice.

    Combinations of choices are drawn in the order of the first quantity, as a specification curve.

    Raises:
        ParametraError: no fit gave a number.
    """
    from matplotlib.figure import Figure

    names = [q for q in result.quantities if any(row.compared(q) is not None for row in result.rows)][:_MOST]
    if not names:
        raise ParametraError("there is nothing to draw: no fit of this audit gave a number.")
    rows = _ordered(result, names[0])
    curve = len(rows) > 40
    height = 1.2 + (0.05 if curve else 0.27) * len(rows)
    with styled():
        figure = Figure(figsize=size or (2.2 + 2.1 * len(names), height), layout="constrained")
        axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for ax, name in zip(axes, names, strict=True):
            _column(ax, rows, name)
            ax.set_xlabel(labelled(name, result.units.get(name, "")))
        _words(axes[0], rows, curve)
    return figure


def _ordered(result: Audit, name: str) -> list[AuditRow]:
    """As they came; where choices are combined, by the value of the first quantity."""
    if all(len(row.changed) < 2 for row in result.rows):
        return list(result.rows)
    found = [row for row in result.rows if row.compared(name) is not None]
    return sorted(found, key=lambda row: row.compared(name) or 0.0)


def _column(ax: Any, rows: list[AuditRow], name: str) -> None:
    values = np.array([np.nan if (v := row.compared(name)) is None else v for row in rows])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    stated = next((row.values[name] for row in rows if not row.changed), None)
    if stated is not None:
        ax.axvline(stated, color=GREY, lw=1.0, zorder=0)
    spread = (high - low) or abs(high) or 1.0
    for i, (row, value) in enumerate(zip(rows, values, strict=True)):
        colour = BLACK if not row.changed else BLUE if row.status.ok else VERMILION
        interval = None if name in row.units else row.intervals[name]
        if interval is not None:
            ends = np.clip(interval, low - _WIDE * spread, high + _WIDE * spread)
            ends = np.maximum(ends, 0.1 * low) if low > 0 else ends
            ax.plot(ends, [i, i], color=SKY if row.changed else GREY, lw=2.0, solid_capstyle="butt", zorder=1)
        ax.plot(value, i, "o", color=colour, ms=4, zorder=2)
    if low > 0 and high > _DECADES * low:
        ax.set_xscale("log")
    else:
        ax.locator_params(axis="x", nbins=4)


def _words(ax: Any, rows: list[AuditRow], curve: bool) -> None:
    ax.set_ylim(len(rows) - 0.4, -0.6)
    if curve:
        ax.set_yticks([])
        ax.set_ylabel(f"{len(rows)} combinations, in order")
        return
    ax.set_yticks(range(len(rows)), [plain(shortened(row.label, 48)) for row in rows])
