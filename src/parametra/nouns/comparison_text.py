"""A comparison as text for a terminal: the verdict first, then the numbers, then what must be known about them."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import Any

from parametra.nouns.comparison_parts import Candidate, Pair
from parametra.nouns.result_table import ResultTable

_WIDTH = 100
_FEW = 4
_WORDS = {"aic": "AIC", "aicc": "AICc", "bic": "BIC"}


def text(comparison: Any) -> str:
    """What `print(comparison)` shows."""
    parts = [
        f"{comparison.title}\n{_wrapped(str(comparison.status))}",
        _wrapped(comparison.verdict),
        str(_table(comparison)) if comparison.candidates else "",
        *_pairs(comparison),
        _checks(comparison.candidates),
        _evidence(comparison.candidates),
        *(_wrapped(f"doubt: {doubt}", "       ") for doubt in comparison.doubts),
        *(_wrapped(f"left out: {name}: {why}", "          ") for name, why in comparison.left_out.items()),
        _wrapped(f"{comparison.choice}; {comparison.folds}") if comparison.candidates else "",
        f"{comparison.receipt.evaluations} evaluations in {comparison.receipt.seconds:.2g} s",
    ]
    return "\n\n".join(part for part in parts if part)


def _table(comparison: Any) -> ResultTable:
    lowest = {key: min(c.criterion(key) for c in comparison.candidates) for key in _WORDS}
    held = any(c.held_out is not None for c in comparison.candidates)
    columns = ("model", "free", "log-likelihood", *(f"{word} above best" for word in _WORDS.values()), "weight")
    columns += ("held-out",) if held else ()
    rows: list[tuple[Any, ...]] = []
    for name in comparison.ranking():
        c: Candidate = comparison.candidate(name)
        apart = (c.criterion(key) - lowest[key] for key in _WORDS)
        row = (name, c.fit.free, f"{c.fit.log_likelihood:.3f}", *(_number(value) for value in apart))
        row += (f"{comparison.weights[comparison.criterion][name]:.3f}",)
        rows.append((*row, "" if c.held_out is None else _number(c.held_out.total)) if held else row)
    return ResultTable(columns, tuple(rows))


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "none"


def _pairs(comparison: Any) -> list[str]:
    """All pairs of a few models; of many, those with the best."""
    pairs, word = comparison.pairs, _WORDS[comparison.criterion]
    if len(comparison.candidates) <= _FEW:
        return [_pair(pair, word) for pair in pairs]
    mine = [pair for pair in pairs if comparison.best in (pair.better, pair.other)]
    return [*(_pair(pair, word) for pair in mine), f"and {len(pairs) - len(mine)} more pairs: comparison.pair(a, b)"]


def _pair(pair: Pair, criterion: str) -> str:
    lines = [f"{pair.better} and {pair.other}"]
    error = "" if pair.error is None else f" ± {pair.error:.3g}"
    lines.append(f"  {criterion} lower by {pair.difference:.3g}{error}, log-likelihood {_apart(pair.log_ratio)}")
    if pair.nesting.words:
        lines.append(f"  nested: {pair.nesting.words}" if pair.nesting.small else f"  not nested: {pair.nesting.words}")
    test = pair.ratio_test
    if test is not None:
        told = "" if test.p_value is None else f", {_p_text(test.p_value)}"
        lines.append(f"  likelihood ratio {test.statistic:.4g}{told}: {test.words}")
        if test.f_statistic is not None and test.f_freedom is not None and test.f_p_value is not None:
            k, n = test.f_freedom
            lines.append(f"  F({k}, {n}) = {test.f_statistic:.4g}, {_p_text(test.f_p_value)}: exact for a linear model")
    if pair.distinguishable is not None:
        lines.append(f"  that both say the same of every point: {_p_text(pair.distinguishable)} (Vuong)")
    if pair.vuong is not None and pair.vuong_p is not None:
        lines.append(f"  that both are equally near the truth: z = {pair.vuong:.3g}, {_p_text(pair.vuong_p)} (Vuong)")
    if pair.held_out is not None and pair.held_out_error is not None:
        lines.append(f"  held-out log density {_apart(pair.held_out)} ± {pair.held_out_error:.2g}")
    lines += [f"  note: {note}" for note in pair.notes]
    lines.append(f"  -> {pair.words}")
    return "\n".join(_wrapped(line, "     ") for line in lines)


def _p_text(p: float) -> str:
    return f"p = {p:.3g}" if p >= 1e-12 else "p < 1e-12"


def _apart(value: float) -> str:
    return f"{'higher' if value >= 0 else 'lower'} by {abs(value):.4g}"


def _checks(candidates: tuple[Candidate, ...]) -> str:
    """One row a test, one column a model: the p-values, and what is clear in words beneath."""
    if not candidates:
        return ""
    names = list(dict.fromkeys(check.name for c in candidates for check in c.checks))
    rows = [(name, *(_p(c, name) for c in candidates)) for name in names]
    table = ResultTable(("p-value of the residuals'", *(c.name for c in candidates)), tuple(rows))
    words = [
        _wrapped(f"{c.name}: {check.words}", "      ")
        for c in candidates
        for check in c.checks
        if check.p_value is not None and check.p_value < 0.05
    ]
    without = [
        _wrapped(f"{c.name}: no residuals: {c.residuals.why}", "      ")
        for c in candidates
        if c.residuals.kind == "none"
    ]
    return "\n".join([str(table), *words, *without])


def _p(c: Candidate, name: str) -> str:
    found = {check.name: check for check in c.checks}.get(name)
    if found is None or found.p_value is None:
        return ""
    return f"{found.p_value:.2g}" if found.p_value >= 1e-12 else "< 1e-12"


def _evidence(candidates: tuple[Candidate, ...]) -> str:
    known = [c for c in candidates if c.evidence.log is not None]
    if not candidates:
        return ""
    if not known:
        why = "; ".join(dict.fromkeys(c.evidence.words for c in candidates))
        remedy = "; state priors or finite bounds of all parameters, and sigma" if "proper prior" in why else ""
        return _wrapped(f"no evidence: {why}{remedy}")
    told = [f"{c.name} {c.evidence.log:.2f} ({c.evidence.method}: {c.evidence.words})" for c in known]
    told += [f"{c.name} none ({c.evidence.words})" for c in candidates if c.evidence.log is None]
    return _wrapped(f"log evidence: {'; '.join(told)}")


def _wrapped(line: str, indent: str = "") -> str:
    first = line[: len(line) - len(line.lstrip())]
    return "\n".join(wrap(line.lstrip(), _WIDTH, initial_indent=first, subsequent_indent=indent)) if line else ""
