"""From profiles and the curvature to words: how far each parameter is determined, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.nouns.estimate import Estimate
from parametra.nouns.identification_rows import Word
from parametra.nouns.information import Determined, FisherInformation
from parametra.nouns.paragraph import listed_and

MANY_TIMES = 10.0
"""Upper over lower end of a positive parameter above which an interval is wide."""

ASYMMETRY = 3.0
"""Longer over shorter side above which an interval is asymmetric."""

NEAR = 3.0
"""An open end at a bound no further than so many times the other side is a limit, as good as one from the data.

On a logarithmic scale it must also be within the factor that makes an interval wide."""

_MEND = "Mend the model there, or bound the parameter; what the data would say beyond is not known."

FLAT = 1e-4
"""Share of the threshold below which a profile does not rise at all."""


@dataclass(frozen=True)
class Ends:
    """An interval of one coordinate, in the box, and how it ended.

    Arguments:
        low, high: the ends.
        open: below and above: no limit by the data.
        risen: how far the profile rose on its flatter side, in thresholds; infinite where nobody walked.
        wall: below and above: the model fails there.
        borrowed: below and above: the parameter whose far bound is all that ended it there, "" for none.
    """

    low: float
    high: float
    open: tuple[bool, bool]
    risen: float = np.inf
    wall: tuple[bool, bool] = (False, False)
    borrowed: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Judged:
    """A verdict before it is put beside others: the word, why, and the remedy."""

    kind: Word
    why: str
    remedy: str


def judged(estimate: Estimate, i: int, ends: Ends | None, info: FisherInformation, *, walked: bool = True) -> Judged:
    """The verdict on one coordinate.

    Arguments:
        estimate: where all this is about.
        i: the coordinate.
        ends: its interval; None where none could be made.
        info: the information at the estimate.
        walked: whether the ends are those of a profile; those of the curvature alone tell less.
    """
    label = estimate.labels[i]
    block = next((c for c in info.combinations if label in c.names), None)
    if info.structural[i] and (ends is None or ends.risen <= FLAT or not np.isfinite(ends.risen)):
        return _structural(label, block)
    if estimate.held[i] and (ends is None or not all(ends.open)):
        return _at_bound(estimate, i, ends)
    if ends is None:
        if info.flat[i]:
            return _not_told(label)
        return Judged(Word.UNKNOWN, "no interval could be made.", "Look at the doubts.")
    if not walked and estimate.logarithmic[i] and info.metric[i] < 1:
        return _not_sized(estimate, i, ends)
    if all(ends.open):
        return _open_both(estimate, i, ends)
    if any(ends.open):
        return _open_one(estimate, i, ends)
    return _closed(estimate, i, ends)


def _structural(label: str, block: Determined | None) -> Judged:
    others = () if block is None else tuple(n for n in block.names if n != label)
    if block is None or not others:
        return Judged(Word.STRUCTURAL, "it changes no prediction.", "Fix it, or measure something that depends on it.")
    why = f"{listed_and(others)} can make good any change of it, whatever the data."
    return Judged(Word.STRUCTURAL, why, f"{block.words[0].upper()}{block.words[1:]}.")


def _not_told(label: str) -> Judged:
    del label
    return Judged(
        Word.PRACTICAL,
        "the predictions do not change with it at the estimate.",
        "Fix it, state a prior, or measure where the predictions depend on it.",
    )


def _at_bound(estimate: Estimate, i: int, ends: Ends | None) -> Judged:
    lower = estimate.x[i] - estimate.lower[i] <= estimate.upper[i] - estimate.x[i]
    side, bound = ("lower", estimate.lower[i]) if lower else ("upper", estimate.upper[i])
    value = float(estimate.natural(i, float(bound)))
    limit = ""
    if ends is not None:
        far_open = ends.open[1] if lower else ends.open[0]
        far = float(estimate.natural(i, ends.high if lower else ends.low))
        limit = "; nor do they limit it on the other side" if far_open else f"; they allow it up to {far:.4g}"
        if not lower and not far_open:
            limit = f"; they allow it down to {far:.4g}"
    return Judged(
        Word.BOUND,
        f"the data want it at its {side} bound {value:.4g} or beyond{limit}.",
        "Widen the bound if it is not a law of nature; if it is, this is a limit, and a model without this parameter "
        "may do.",
    )


def _not_sized(estimate: Estimate, i: int, ends: Ends) -> Judged:
    """The curvature of a logarithm with an error above one: a factor of seven each way, which no parabola holds for."""
    factor = float(np.exp(ends.high - estimate.x[i]))
    return Judged(
        Word.PRACTICAL,
        f"by the curvature its relative error is above one (a factor of {factor:.3g} upwards): no size is told.",
        "Walk its profile to see which side is open; measure where the predictions depend on it, fix it, or state a "
        "prior.",
    )


def _open_both(estimate: Estimate, i: int, ends: Ends) -> Judged:
    low, high = (f"{float(estimate.natural(i, e)):.4g}" for e in (ends.low, ends.high))
    if all(ends.wall):
        return Judged(Word.PRACTICAL, f"the model fails below {low} and above {high}.", _MEND)
    told = "; beyond, the model fails" if any(ends.wall) else ""
    return Judged(
        Word.PRACTICAL,
        f"from {low} to {high} no value is refused by the data{told}.",
        _MEND if told else "Measure where the predictions depend on it (design tells where), fix it, or state a prior.",
    )


def _open_one(estimate: Estimate, i: int, ends: Ends) -> Judged:
    below = ends.open[0]
    limit = float(estimate.natural(i, ends.high if below else ends.low))
    end = float(estimate.natural(i, ends.low if below else ends.high))
    side, other = ("upper", "below") if below else ("lower", "above")
    side_open = 0 if below else 1
    if is_near(estimate, i, ends, side_open):
        return Judged(
            Word.WEAK,
            f"the data set only the {side} limit {limit:.4g}; {other} it is limited by its bound {end:.4g}.",
            "Take it as a limit; more or other data would be needed for a value.",
        )
    until = f"looked at until {end:.4g}"
    if ends.wall[side_open]:
        until = f"the model fails beyond {end:.4g}"
    elif ends.borrowed[side_open]:
        until = f"what ends it at {end:.4g} is the bound of {ends.borrowed[side_open]}"
    return Judged(
        Word.PRACTICAL,
        f"the data set the {side} limit {limit:.4g} and none {other} ({until}).",
        _MEND
        if ends.wall[side_open]
        else "Measure where the predictions depend on it (design tells where), fix it, or state a prior.",
    )


def is_near(estimate: Estimate, i: int, ends: Ends, side: int) -> bool:
    """Whether an end that is open at a bound is a limit as good as one from the data: about as near as the other one.

    Arguments:
        estimate, i, ends: as for `judged`.
        side: 0 below, 1 above.
    """
    x, bound = float(estimate.x[i]), float(estimate.upper[i] if side else estimate.lower[i])
    if ends.wall[side] or ends.borrowed[side] or ends.open[1 - side] or not np.isfinite(bound):
        return False
    closed = x - ends.low if side else ends.high - x
    most = np.log(MANY_TIMES) if estimate.logarithmic[i] else np.inf
    return bool(abs(bound - x) <= min(NEAR * closed, most))


def _closed(estimate: Estimate, i: int, ends: Ends) -> Judged:
    x = float(estimate.x[i])
    below, above = x - ends.low, ends.high - x
    low, high = float(estimate.natural(i, ends.low)), float(estimate.natural(i, ends.high))
    longer, shorter = max(below, above), max(min(below, above), 1e-300)
    wide = low > 0 and high / low > MANY_TIMES and (estimate.logarithmic[i] or estimate.lower[i] >= 0)
    width = float(estimate.upper[i] - estimate.lower[i])
    reasons: list[str] = []
    if wide:
        reasons.append(f"its upper limit is {high / low:.2g} times the lower one")
    elif not estimate.logarithmic[i] and np.isfinite(width) and ends.high - ends.low > 0.5 * width:
        reasons.append("its interval fills more than half of its bounds")
    if longer > ASYMMETRY * shorter:
        side = "above" if above > below else "below"
        reasons.append(
            f"its interval reaches {longer / shorter:.2g} times as far {side} the estimate as to the other side"
        )
    if not reasons:
        return Judged(Word.IDENTIFIABLE, "", "")
    return Judged(
        Word.WEAK, f"{' and '.join(reasons)}.", "Quote the interval rather than a standard error; more data narrow it."
    )


def disagreement(
    curvature: tuple[float, float] | None,
    profile: tuple[float, float] | None,
    is_open: tuple[bool, bool],
    bootstrap: tuple[float, float] | None,
    posterior: tuple[float, float] | None,
    estimate: float,
) -> str:
    """Where intervals disagree and what that means; "" where they agree within a quarter of a half width."""
    said: list[str] = []
    if profile is not None and curvature is not None:
        if any(is_open):
            said.append("the curvature hides that the interval is open: use the profile")
        else:
            apart = _apart(curvature, profile)
            if apart > 0.25:
                skewed = abs((profile[1] - estimate) - (estimate - profile[0])) > 0.25 * (profile[1] - profile[0]) / 2
                what = "the likelihood is lopsided" if skewed else "the likelihood is no parabola"
                said.append(f"{what}: use the profile")
    elif profile is not None and curvature is None:
        said.append("no curvature there: only the profile tells")
    main = profile if profile is not None and not any(is_open) else curvature
    for name, other, most, meaning in (
        # a bootstrap of few data is short by itself: it knows no Student's t, nor priors
        ("bootstrap", bootstrap, 0.5, "few data, a skewed or a biased estimate"),
        ("posterior", posterior, 0.25, "the prior tells"),
    ):
        if other is not None and main is not None and _apart(main, other) > most:
            said.append(f"the {name} differs: {meaning}")
    return "; ".join(said)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The larger distance of two ends, in half widths of the narrower interval."""
    half = 0.5 * min(one[1] - one[0], other[1] - other[0])
    gap = max(abs(one[0] - other[0]), abs(one[1] - other[1]))
    return gap / half if half > 0 else np.inf
