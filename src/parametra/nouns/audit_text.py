"""An audit as text: the table of choices, what moves each quantity most, and the checklist."""

from __future__ import annotations

from typing import Any

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable, with_error

_MOST_DOUBTS = 20


def audit_text(result: Any) -> str:
    """What `print(audit)` shows."""
    spent = f"{len(result.rows)} fits in {result.receipt.seconds:.2g} s; errors: {result.errors}"
    parts = [
        f"{result.title}\n{wrapped(str(result.status))}",
        str(_table(result)),
        "\n".join(wrapped(line, "  ") for line in _movers(result)),
        "\n".join(wrapped(f"{row.label}: {row.status}", "  ") for row in result.rows if not row.status.ok),
        "\n".join(wrapped(line, "  ") for line in _doubts(result)),
        spent,
    ]
    return "\n\n".join(part for part in parts if part)


def _table(result: Any) -> ResultTable:
    rows = [(row.label, str(row.points), *(_cell(row, name) for name in result.quantities)) for row in result.rows]
    return ResultTable(("choice", "points", *result.quantities), tuple(rows))


def _cell(row: Any, name: str) -> str:
    value = row.values[name]
    if value is None:
        return "-"
    far = row.differences[name]
    told = f" ({far:+.1f})" if far is not None and row.changed else ""
    unit = f" {row.units[name] or '(no unit)'}" if name in row.units else ""
    return with_error(value, row.errors[name]) + unit + told


def _movers(result: Any) -> list[str]:
    if len(result.rows) < 2:
        return []
    lines = ["In brackets: the difference from the problem as stated, in its standard errors."]
    for name in result.quantities:
        if sum(row.compared(name) is not None for row in result.rows) < 2 or result.stated.values[name] is None:
            continue
        row = result.moves_most(name)
        low, high = result.range(name)
        by = "moved by none" if row is None else f"moved most by {row.label}"
        lines.append(f"{name}: {low:.4g} to {high:.4g} over all choices; {by}")
    return lines


def _doubts(result: Any) -> list[str]:
    """Each doubt once, with the fits that have it."""
    having: dict[str, list[str]] = {}
    for row in result.rows:
        for doubt in row.doubts:
            having.setdefault(doubt, []).append(row.label)
    lines = [f"doubt of {_few(labels)}: {doubt}" for doubt, labels in having.items()]
    more = len(lines) - _MOST_DOUBTS
    return lines if more <= 0 else [*lines[:_MOST_DOUBTS], f"... and {more} further doubts, see table()"]


def _few(labels: list[str]) -> str:
    shown = "; ".join(labels[:4])
    return shown + (f" and {len(labels) - 4} more" if len(labels) > 4 else "")


def checklist_text(result: Any) -> str:
    """The checklist, topic by topic: [x] what the problem and the fit tell, [ ] what only the person knows."""
    lines: list[str] = [f"Checklist: {result.title}"]
    topic = ""
    for item in result.checklist:
        if item.topic != topic:
            topic = item.topic
            lines += ["", topic]
        mark, answer = ("x", item.answer) if item.answer else (" ", "to be told by you")
        lines.append(wrapped(f"[{mark}] {item.question}: {answer}", "    "))
    return "\n".join(lines)
