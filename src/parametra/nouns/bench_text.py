"""A comparison of methods as text for a terminal: the ranking first, then what must be known about it."""

from __future__ import annotations

import math
from typing import Any

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable

_MOST = 60


def text(bench: Any) -> str:
    """What `print(bench)` shows."""
    refused = [f"not here: {name}: {why}" for name, why in bench.refused.items()]
    parts = [
        f"{bench.title}\n{wrapped(str(bench.status))}",
        str(_table(bench)) if bench.contestants else "",
        _explained(bench) if bench.contestants else "",
        *(wrapped(f"note: {note}", "      ") for note in bench.notes),
        "\n".join(wrapped(line, "      ") for line in refused),
        f"{bench.receipt.evaluations} evaluations in {bench.receipt.seconds:.2g} s ({bench.receipt.evaluator})",
    ]
    return "\n\n".join(part for part in parts if part)


def counted(value: float) -> str:
    """A number of evaluations as a person reads it."""
    return "never" if not math.isfinite(value) else f"{value:.0f}" if value < 1e5 else f"{value:.2g}"


def _table(bench: Any) -> ResultTable:
    last = len(bench.accuracies) - 1
    columns = ("method", *(f"{a:.0e}" for a in bench.accuracies), "median", "runs", "exact derivatives")
    rows: list[tuple[str, ...]] = []
    for name in bench.ranking():
        one = bench.contestant(name)
        low, middle, high = one.quartiles(last)
        rows.append(
            (
                _shortened(name) + (" (auto)" if one.auto else ""),
                *(counted(one.expected(i)) for i in range(last + 1)),
                "" if not math.isfinite(middle) else f"{counted(middle)} ({counted(low)} .. {counted(high)})",
                f"{round(one.share(last) * bench.runs)}/{bench.runs}",
                counted(one.expected(last, exact=True)),
            )
        )
    return ResultTable(columns, tuple(rows))


def _explained(bench: Any) -> str:
    finest = f"{bench.accuracies[-1]:.0e}"
    return wrapped(
        f"Expected evaluations of the model until the cost is within a share of {bench.scale:.6g}, what the guess has "
        f"to lose, of the best, {bench.reference:.8g} ({bench.reference_by}); a run that ends before is followed by "
        f"another one. A derivative counts as {bench.dimension} evaluations. Median, quartiles and runs that got there "
        f"are for {finest}; so is the last column, where derivatives are exact and cost nothing more."
    )


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST else f"{name[: _MOST - 1]}…"
