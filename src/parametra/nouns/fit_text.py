"""A fit as text for a terminal: the answer first, then the doubts, then how it was come by."""

from __future__ import annotations

import math

from parametra.nouns.fit_record import FitRecord, Row
from parametra.nouns.paragraph import wrapped
from parametra.nouns.penalty_path import DROPPED
from parametra.nouns.result_table import ResultTable, interval_text, with_error

_MOST_DROPPED = 10
_MOST_REASONS = 3


def text(fit: FitRecord) -> str:
    """What `print(fit)` shows."""
    parts = [
        f"{fit.title}\n{wrapped(str(fit.status))}",
        str(_table(fit)),
        _constraints(fit),
        *(wrapped(f"doubt: {doubt}", "       ") for doubt in fit.doubts),
        _quality(fit),
        _correlations(fit),
        _starts(fit),
        "" if fit.method == "none" else wrapped(f"{fit.estimator} by {fit.method}: {fit.choice}"),
        wrapped(f"errors: {fit.uncertainty}"),
        _spent(fit),
    ]
    return "\n\n".join(p for p in parts if p)


def _table(fit: FitRecord) -> ResultTable:
    rows: list[tuple[str, ...]] = []
    dropped = [r for r in fit.rows if r.note == DROPPED]
    few = len(dropped) <= _MOST_DROPPED
    for r in fit.rows if few else [r for r in fit.rows if r.note != DROPPED]:
        interval = interval_text(r.interval) if r.interval else ""
        rows.append((r.label, _value(r), interval, r.unit, r.note or role_note(r)))
    if not few:
        rows.append((f"{len(dropped)} more terms", "0", "", "", DROPPED))
    keep = [i for i in range(5) if i < 2 or any(row[i] for row in rows)]
    names = ("parameter", "estimate", "95 % interval", "unit", "")
    return ResultTable(tuple(names[i] for i in keep), tuple(tuple(row[i] for i in keep) for row in rows))


def _constraints(fit: FitRecord) -> str:
    rows = tuple(
        (c.label, 0.0 if c.active else c.distance, c.state, c.multiplier if c.active else None) for c in fit.constraints
    )
    return str(ResultTable(("constraint", "distance", "", "multiplier"), rows)) if rows else ""


def _value(row: Row) -> str:
    if isinstance(row.value, float):
        return with_error(row.value, row.standard_error)
    return str(row.value)


def role_note(row: Row) -> str:
    """The role of a row where it is worth saying."""
    return row.role if row.role in ("fixed", "tied", "derived", "noise", "choice") else ""


def _quality(fit: FitRecord) -> str:
    name = "chi-square" if fit.chi_square_tests else "residual sum of squares"
    words = [f"{fit.degrees_of_freedom} degrees of freedom"]
    if math.isfinite(fit.chi_square):  # a likelihood without residuals has none
        words = [f"{name} {fit.chi_square:.6g} for {words[0]}"]
    if fit.p_value is not None:
        words.append(f"p = {fit.p_value:.2g}")
    words.append(f"log-likelihood {fit.log_likelihood:.6g}, AIC {fit.aic:.6g}, BIC {fit.bic:.6g}")
    masked = f", {fit.masked} left out as missing" if fit.masked else ""
    return wrapped(f"{fit.points} points{masked}; " + "; ".join(words))


def _correlations(fit: FitRecord) -> str:
    names = [label for label in fit.covariance_labels if fit.row(label).role == "free"]
    pairs = [
        (abs(rho := fit.correlation[a][b]), f"{a}, {b}: {rho:+.4g}") for i, a in enumerate(names) for b in names[:i]
    ]
    strong = sorted((p for p in pairs if math.isfinite(p[0]) and p[0] > 0.1), reverse=True)[:6]
    return wrapped("correlation " + "; ".join(words for _, words in strong)) if strong else ""


def _starts(fit: FitRecord) -> str:
    s = fit.starts
    if s.count == 1:
        return wrapped(f"one start: {s.why}")
    reached = round(s.best_share * s.count)
    missed = (
        "" if s.missed_chance is None else f"; chance that another start finds a new basin: {percent(s.missed_chance)}"
    )
    basins = f"{len(s.basins)} basin{'s' * (len(s.basins) != 1)} found"
    failed = f", {s.failed} failed" if s.failed else ""
    limited = s.count - s.converged - s.failed
    if limited > 0:
        failed = f", {limited} stopped before they converged{failed}"
    goal = "reached the best basin" if fit.status.ok else "ended at the best point"
    return wrapped(f"{s.count} starts ({s.why}): {reached} {goal}; {basins}{failed}{missed}")


def percent(share: float) -> str:
    """A share to two digits, never as a power of ten."""
    return f"{100 * share:.{0 if share >= 0.1 else 1 if share >= 0.01 else 2}f} %"


def _spent(fit: FitRecord) -> str:
    """What the run cost, and what a ledger saved of it."""
    r = fit.receipt
    known = f"\n{r.reused} of {r.reused + r.model_calls} calls of the model were known" if r.reused else ""
    count = f"{r.evaluations} evaluation{'s' * (r.evaluations != 1)}"
    spent = wrapped(f"{count} in {_seconds(r.seconds)} ({r.evaluator})")
    often = sorted(r.failures.items(), key=lambda one: -one[1])
    words = [f"{n} x {why}" for why, n in often[:_MOST_REASONS]]
    if len(often) > _MOST_REASONS:
        words.append(f"{sum(n for _, n in often[_MOST_REASONS:])} x other reasons")
    failed = "\n" + wrapped(f"failed evaluations of the model: {'; '.join(words)}") if words else ""
    return f"{spent}{known}{failed}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
