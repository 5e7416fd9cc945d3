"""Verdicts of a comparison in words, never rosier than the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from parametra.nouns.comparison_parts import Candidate, Check, Nesting, Pair, RatioTest
from parametra.verbs.compare_residuals import CLEAR, WEAK

CRITERIA = {"aic": "AIC", "aicc": "AICc", "bic": "BIC"}

_HARDLY = 0.3173
"""The p-value of a difference of one standard error."""


@dataclass(frozen=True)
class Verdict:
    """What a verdict on a pair rests on; `strength` and `words` are the verdict.

    Arguments:
        better, other: names.
        criterion: "aic", "aicc" or "bic".
        difference, error: of the criterion.
        p: of the difference, for models that are not nested; None otherwise.
        p_likelihood, log_ratio: the same of the likelihoods alone, and log L better - log L other.
        fewer: parameters that the better one has less.
        nesting, ratio, distinguishable: as in `Pair`.
        same: whether both say exactly the same of every point.
        held_out, held_out_error: of the held-out log density, better - other; None without cross-validation.
    """

    better: str
    other: str
    criterion: str
    difference: float
    error: float | None
    p: float | None
    p_likelihood: float
    log_ratio: float
    fewer: int
    nesting: Nesting
    ratio: RatioTest | None
    distinguishable: float | None
    same: bool
    held_out: float | None = None
    held_out_error: float | None = None
    strength: str = ""
    words: str = ""


def pair_verdict(v: Verdict) -> Verdict:
    """The verdict on a pair of models."""
    if v.ratio is not None:
        strength, words = _nested(v, v.ratio)
    elif v.same:
        strength, words = "not", f"{v.better} and {v.other} say the same of every point"
    else:
        strength, words = _beside(v)
    return replace(v, strength=strength, words=words)


def _by(v: Verdict) -> str:
    error = "" if v.error is None else f" ± {shown(v.error)}"
    return f"by {shown(v.difference)}{error} in {CRITERIA[v.criterion]}"


def shown(value: float) -> str:
    """A difference of a criterion: no more digits than it is worth."""
    size = abs(value)
    return f"{value:.0f}" if size >= 99.5 else f"{value:.1f}" if size >= 0.95 else f"{value:.2g}"


def p_shown(p: float) -> str:
    """A p-value of two digits."""
    return "p < 1e-12" if p < 1e-12 else f"p = {p:.2g}"


def _beside(v: Verdict) -> tuple[str, str]:
    """Models of which neither is a special case of the other."""
    if v.distinguishable is not None and v.distinguishable >= WEAK:
        told = p_shown(v.distinguishable)
        return (
            "not",
            f"{v.better} and {v.other} say nearly the same of every point ({told}): these data cannot tell them apart",
        )
    p = 1.0 if v.p is None else v.p
    head = f"{v.better} is better than {v.other} {_by(v)}"
    if v.fewer > 0 and p < WEAK and (v.log_ratio <= 0 or v.p_likelihood >= WEAK):
        # what is sure of the difference is the charge for parameters, not that the data speak for one of them
        less = f"{v.fewer} parameter{'s' * (v.fewer > 1)} fewer"
        return "hardly", f"{v.better} is enough: {v.other} is not surely likelier, and {v.better} has {less}"
    if p < CLEAR and v.held_out is not None and v.held_out_error and v.held_out < 2 * v.held_out_error:
        doubt = f"held-out data are less sure, {shown(v.held_out)} ± {shown(v.held_out_error)} in log density"
        return "probably", f"{head}: probably; {doubt}"
    if p < CLEAR:
        return "clearly", f"{head}: clearly"
    if p < WEAK:
        return "probably", f"{head}: probably"
    if p < _HARDLY:
        return "hardly", f"{head}: hardly more than luck"
    return "not", f"{v.better} and {v.other} differ {_by(v)}: these data cannot tell them apart"


def _nested(v: Verdict, ratio: RatioTest) -> tuple[str, str]:
    """A model and a special case of it."""
    small, large, p = v.nesting.small, v.nesting.large, ratio.best_p
    if p is None:
        head = f"{v.better} is better than {v.other} {_by(v)}"
        return "hardly", f"{head}; how sure that is, is not known: {v.nesting.words}"
    told, more = p_shown(p), v.nesting.freedom
    what = "further parameter" if more == 1 else f"{more} further parameters"
    if v.better == large:
        if p < WEAK:
            word = "clearly" if p < CLEAR else "probably"
            return (
                word,
                f"{large} is better than its special case {small}: the {what} {_is(more)} {word} needed ({told})",
            )
        return (
            "hardly",
            f"{large} is hardly better than its special case {small}: nothing shows a need of the {what} ({told})",
        )
    if p < WEAK:
        word = "needed" if p < CLEAR else "probably needed"
        criterion = CRITERIA[v.criterion]
        return "hardly", f"{small} is better by {criterion}, yet the {what} of {large} {_is(more)} {word} ({told})"
    return "not", f"{small} is enough: nothing shows a need of the {what} of {large} ({told})"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def verdict(candidates: tuple[Candidate, ...], pairs: tuple[Pair, ...], criterion: str) -> str:
    """The whole verdict, two to five sentences: the best, against whom how surely, and whether it is any good."""
    best = min(candidates, key=lambda c: c.criterion(criterion))
    mine = [pair for pair in pairs if best.name in (pair.better, pair.other)]
    sentences = [f"{best.name} has the lowest {CRITERIA[criterion]} of {len(candidates)}."]
    if len(candidates) == 2:
        sentences = [f"{mine[0].words}."]
    else:
        order = ("clearly", "probably", "hardly", "not")
        for strength in order:
            told = [pair for pair in mine if pair.strength == strength]
            if len(told) > 2 and strength in ("clearly", "probably"):
                names = ", ".join(_against(pair, best.name) for pair in told)
                sentences.append(f"It is {strength} better than {names}.")
            else:
                sentences += [f"{pair.words}." for pair in told]
    sentences += _others(candidates, pairs, best, criterion)
    sentences.append(_residual_words(best))
    return " ".join(s for s in sentences if s)


def _against(pair: Pair, best: str) -> str:
    return pair.other if pair.better == best else pair.better


def _surely(one: str, other: str, pairs: tuple[Pair, ...]) -> bool:
    """Whether the held-out density of two models differs by more than its standard error."""
    pair = next(p for p in pairs if {p.better, p.other} == {one, other})
    return pair.held_out is not None and abs(pair.held_out) > (pair.held_out_error or 0.0)


def _others(candidates: tuple[Candidate, ...], pairs: tuple[Pair, ...], best: Candidate, criterion: str) -> list[str]:
    """Where another measure has another favourite."""
    said: list[str] = []
    for other, word in CRITERIA.items():
        values = {c.name: c.criterion(other) for c in candidates}
        if other != criterion and all(math.isfinite(v) for v in values.values()):
            first = min(values, key=lambda name: values[name])
            if first != best.name and values[best.name] - values[first] > 0.5:
                said.append(f"{word} prefers {first}, by {shown(values[best.name] - values[first])}.")
    if all(c.held_out is not None and math.isfinite(c.held_out.total) for c in candidates):
        totals = {c.name: c.held_out.total for c in candidates if c.held_out is not None}
        first = max(totals, key=lambda name: totals[name])
        if first != best.name and _surely(first, best.name, pairs):
            said.append(
                f"Cross-validation prefers {first}, by {shown(totals[first] - totals[best.name])} in log density."
            )
    if all(c.evidence.log is not None for c in candidates):
        logs = {c.name: c.evidence.log or 0.0 for c in candidates}
        first = max(logs, key=lambda name: logs[name])
        if first != best.name:
            said.append(f"The evidence prefers {first}, by {shown(logs[first] - logs[best.name])} in its logarithm.")
    return said


def _residual_words(best: Candidate) -> str:
    """Whether the best is any good: being the best of a few wrong models is not much.

    Of m tests the smallest p-value counts m times (Bonferroni), because one of six is small by luck often enough.
    """
    made = [(c.p_value, c) for c in best.checks if c.p_value is not None]
    fit = best.fit
    if fit.p_value is not None and fit.p_value < CLEAR:
        return f"Yet chi-square is too large for {best.name} (p = {fit.p_value:.2g}): it does not describe these data."
    if not made:
        return f"Whether {best.name} is right is not tested: {best.checks[0].words.removeprefix('not made: ')}."
    clear = [c for p, c in made if p * len(made) < CLEAR]
    weak = [c for p, c in made if p * len(made) < WEAK]
    if clear:
        return f"Yet the residuals of {best.name} show clearly that it is not right either: {_signs(clear)}."
    if weak:
        return f"The residuals of {best.name} hint that something is missing: {_signs(weak)}."
    return f"Nothing in the residuals of {best.name} speaks against it."


def _signs(checks: list[Check]) -> str:
    return "; ".join(c.words.partition(" sign of ")[2] for c in checks)
