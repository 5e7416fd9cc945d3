"""A design as text for a terminal: what to do first, then what comes of it, then how good that is."""

from __future__ import annotations

import math
from typing import Any

from parametra.nouns.paragraph import listed_and, wrapped
from parametra.nouns.result_table import ResultTable, cell, interval_text

_MOST_POINTS = 30


def text(design: Any) -> str:
    """What `print(design)` shows."""
    spent = f"{design.receipt.evaluations} evaluations, {design.receipt.model_calls} calls of the model"
    parts = [
        f"{design.title}\n{wrapped(str(design.status))}",
        *(wrapped(sentence) for sentence in design.verdict),
        str(_points(design)) if design.points else "",
        str(_rows(design)) if design.rows else "",
        _quality(design) if design.points else "",
        *(wrapped(f"note: {note}", "      ") for note in design.notes),
        wrapped(f"{spent} in {design.receipt.seconds:.2g} s ({design.receipt.evaluator})"),
    ]
    return "\n\n".join(part for part in parts if part)


def places(points: Any, *, counted: bool = True) -> str:
    """Points in words: "2 at c = 0.31 and 1 at c = 10"."""
    found: list[str] = []
    several = len({point.data_set for point in points}) > 1
    for point in points:
        at = ", ".join(f"{name} = {_number(value)}" for name, value in point.inputs.items()) or "the same settings"
        where = f" in {point.data_set}" if several else ""
        what = f" of {point.output}" if point.output else ""
        found.append(f"{point.count}{what} at {at}{where}" if counted else f"{at}{where}{what}")
    return listed_and(found)


def share(value: float) -> str:
    """A relative error as a person reads it."""
    if not math.isfinite(value):
        return "nothing"
    percent = 100 * value
    if percent < 1e4:
        return f"{percent:.2g} %" if percent < 100 else f"{percent:.0f} %"
    return f"{value:.0f} times its size" if value < 1e4 else f"{value:.1e} times its size"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else cell(value)


def _points(design: Any) -> ResultTable:
    whole = design.points_table()
    rows = tuple(tuple(f"{v:.4g}" if isinstance(v, float) else v for v in row) for row in whole.rows[:_MOST_POINTS])
    return ResultTable(whole.columns, rows)


def _rows(design: Any) -> ResultTable:
    rows: list[tuple[str, ...]] = []
    for r in design.rows:
        before = "" if r.before is None else _error(r.before)
        intervals = ["" if i is None else interval_text(i) for i in (r.interval_before, r.interval_after)]
        rows.append((r.label, f"{r.value:.6g}", before, _error(r.after), *intervals, r.unit, r.note))
    names = ("parameter", "value", "error now", "error then", "95 % now", "95 % then", "unit", "")
    keep = [i for i in range(len(names)) if i < 2 or any(row[i] for row in rows)]
    return ResultTable(tuple(names[i] for i in keep), tuple(tuple(row[i] for i in keep) for row in rows))


def _error(error: float) -> str:
    return f"{error:.3g}" if math.isfinite(error) else "unknown"


def _quality(design: Any) -> str:
    count = sum(one.weight.size for one in design.candidates)
    loss = 1 - design.proven
    proof = "to rounding" if loss < 1e-12 else f"to {loss:.1g}"
    words = (
        f"Of {count} candidates the best weights are proven to be the best {proof} (equivalence theorem); in whole "
        f"numbers {100 * design.efficiency:.1f} % of their efficiency is left."
    )
    if loss > 1e-3:
        words = (
            f"The weights have at least {100 * design.proven:.1f} % of the efficiency of the best of {count} "
            f"candidates (equivalence theorem); in whole numbers {100 * design.efficiency:.1f} % of theirs is left."
        )
    return wrapped(words)
