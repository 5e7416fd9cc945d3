"""A bootstrap as text for a terminal: intervals first, then the bias, then what went wrong."""

from __future__ import annotations

from typing import Any

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable, interval_text, with_error

_WORDS = {
    "parametric": "data simulated from the fit",
    "residual": "errors drawn from the residuals",
    "case": "rows of the data drawn with replacement",
}


def bootstrap_text(result: Any) -> str:
    """What `print(bootstrap)` shows."""
    count = len(result.replicates)
    spent = f"{result.receipt.evaluations} evaluations in {result.receipt.seconds:.2g} s"
    failed = "; ".join(f"{n} x {why}" for why, n in result.failed.items())
    parts = [
        f"{result.title}\n{wrapped(str(result.status))}",
        str(_table(result)) if result.rows else "",
        _explained(result) if result.rows else "",
        wrapped(f"refits that failed: {failed}") if failed else "",
        f"{count} data sets, {_WORDS[result.kind]}; {spent}",
    ]
    return "\n\n".join(part for part in parts if part)


def _table(result: Any) -> ResultTable:
    share = f"{100 * result.level:g} %"
    rows: list[tuple[str, ...]] = []
    for r in result.rows:
        bca = interval_text(r.accelerated) if r.accelerated is not None else ""
        told = "" if r.negligible else f"{r.corrected:.6g}"
        bias = f"{r.bias / r.standard_error:+.2f}" if r.standard_error > 0 else ""
        rows.append(
            (r.label, with_error(r.estimate, r.standard_error), interval_text(r.percentile), bca, bias, told, r.note)
        )
    names = ("parameter", "estimate", f"{share} percentile", f"{share} BCa", "bias / error", "corrected", "")
    keep = [i for i in range(len(names)) if i < 5 or any(row[i] for row in rows)]
    return ResultTable(tuple(names[i] for i in keep), tuple(tuple(row[i] for i in keep) for row in rows))


def _explained(result: Any) -> str:
    leaning = [r.label for r in result.rows if not r.negligible]
    if not leaning:
        return wrapped(
            "Every bias is below a quarter of its standard error, which is negligible: nothing is corrected."
        )
    words = f"The bias of {', '.join(leaning)} is more than a quarter of the standard error"
    if not result.rounds:
        return wrapped(f"{words}; it was not corrected, as asked for.")
    how = "" if result.rounds == 1 else f" in {result.rounds} rounds"
    doubt = (
        "" if result.settled or result.rounds == 1 else ", and still changes: more rounds or more data sets would help"
    )
    return wrapped(
        f"{words}; the corrected value has it taken out{how}{doubt}. Correcting widens the scatter a little."
    )
