"""An identification as text for a terminal: the verdicts first, then why, then what to do."""

from __future__ import annotations

import math
from typing import Any

from parametra.nouns.identification_rows import Verdict, Word
from parametra.nouns.paragraph import listed_and, wrapped
from parametra.nouns.result_table import ResultTable, interval_text


def text(found: Any) -> str:
    """What `print(identification)` shows."""
    parts = [
        f"{found.title}\n{wrapped(str(found.status))}",
        wrapped(headline(found)),
        str(_verdicts(found)),
        *(wrapped(f"{c.words[0].upper()}{c.words[1:]}.") for c in found.combinations),
        *(wrapped(f"{r.label}: {_reason(r)}", "    ") for r in found.rows if _said(r)),
        _cross(found),
        "" if found.bootstrap is None else f"bootstrap\n{found.bootstrap}",
        "" if found.coverage is None else f"coverage\n{found.coverage}",
        *(wrapped(f"doubt: {doubt}", "       ") for doubt in found.doubts),
        wrapped(_how(found)),
    ]
    return "\n\n".join(part for part in parts if part)


def headline(found: Any) -> str:
    """The answer in a sentence."""
    by: dict[Word, list[str]] = {}
    for row in found.rows:
        by.setdefault(row.kind, []).append(row.label)
    if not by:
        return "There is nothing to judge: nothing is free." if found.fit.starts.basins else "Nothing is known."
    if set(by) == {Word.IDENTIFIABLE}:
        if len(found.rows) <= 2:
            return f"{listed_and(tuple(by[Word.IDENTIFIABLE]))} {'are' if len(found.rows) > 1 else 'is'} identifiable."
        return f"All {len(found.rows)} parameters are identifiable."
    order = [Word.STRUCTURAL, Word.PRACTICAL, Word.BOUND, Word.WEAK, Word.UNKNOWN, Word.IDENTIFIABLE]
    said = [f"{listed_and(tuple(by[w]))} {'is' if len(by[w]) == 1 else 'are'} {w.value}" for w in order if w in by]
    return "; ".join(said) + "."


def _reason(row: Verdict) -> str:
    """Why, and what to do; for structure the combinations have said that already."""
    return f"{row.why} {row.remedy}" if row.remedy and row.kind is not Word.STRUCTURAL else row.why


def _said(row: Verdict) -> bool:
    return row.kind is not Word.IDENTIFIABLE and bool(row.why)


def _verdicts(found: Any) -> ResultTable:
    name = f"{100 * found.level:g} % interval"
    rows = [(r.label, f"{r.estimate:.5g}", open_interval(r.interval, r.open), r.unit, r.word) for r in found.rows]
    keep = [i for i in range(5) if i < 3 or any(row[i] for row in rows)]
    names = ("parameter", "estimate", name, "unit", "verdict")
    return ResultTable(tuple(names[i] for i in keep), tuple(tuple(row[i] for i in keep) for row in rows))


def open_interval(interval: tuple[float, float] | None, is_open: tuple[bool, bool] = (False, False)) -> str:
    """An interval in words, with what is open told: `above 3.2`, `below 7`, `open`."""
    if interval is None:
        return ""
    low, high = interval
    if is_open[0] and is_open[1]:
        return "open" if not (math.isfinite(low) and math.isfinite(high)) else f"open ({interval_text(interval)})"
    if is_open[1]:
        return f"above {low:.4g}"
    if is_open[0]:
        return f"below {high:.4g}"
    return interval_text(interval)


def _cross(found: Any) -> str:
    """The intervals side by side, where there are several and some disagree."""
    columns = [
        ("curvature", "curvature"),
        ("profile", "profile"),
        ("bootstrap", "bootstrap"),
        ("posterior", "posterior"),
    ]
    made = [(name, word) for name, word in columns if any(getattr(r, name) is not None for r in found.rows)]
    if len(made) < 2:
        return ""
    rows = [
        (r.label, *(_cell(r, name) for name, _ in made), r.flag or "they agree")
        for r in found.rows
        if sum(getattr(r, name) is not None for name, _ in made) > 1 or r.flag
    ]
    if not rows:
        return ""
    return "intervals side by side\n" + str(ResultTable(("", *(word for _, word in made), ""), tuple(rows)))


def _cell(row: Verdict, name: str) -> str:
    interval = getattr(row, name)
    return open_interval(interval, row.open if name == "profile" else (False, False))


def _how(found: Any) -> str:
    r = found.receipt
    seconds = f"{r.seconds:.0f} s" if r.seconds >= 10 else f"{r.seconds:.2g} s"
    failed = sum(r.failures.values())
    lost = f", {failed} of them failed" if failed else ""
    return (
        f"by {listed_and(found.methods)}; {r.evaluations} evaluations{lost} in {seconds} beside the fit ({r.evaluator})"
    )
