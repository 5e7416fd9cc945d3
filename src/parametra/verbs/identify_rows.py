"""The verdicts of an identification as rows: intervals side by side, in the values that people see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.combinations import best_known
from parametra.maths.profile_level import quantile
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.estimate import Estimate
from parametra.nouns.identification_rows import Verdict, Word
from parametra.nouns.information import Determined, FisherInformation
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.identify_verdicts import Ends, Judged, disagreement, judged

_ENOUGH = 200
"""Replicates from which the ends of a bootstrap interval are compared with others."""


def verdict_row(
    at: AtEstimate,
    estimate: Estimate,
    i: int,
    info: FisherInformation,
    walked: Ends | None,
    parabola: Ends | None,
    booted: Bootstrap | None,
) -> Verdict:
    """The verdict on one coordinate, its intervals side by side.

    Arguments:
        at, estimate: the fitted problem, and what methods are told of it.
        i: the coordinate.
        info: the information at the estimate.
        walked, parabola: its intervals by profile and by curvature; None where there is none.
        booted: the bootstrap, None where none was asked for.
    """
    label = estimate.labels[i]
    found = judged(estimate, i, parabola if walked is None else walked, info, walked=walked is not None)
    if no_minimum(at) and found.kind in (Word.IDENTIFIABLE, Word.WEAK, Word.BOUND):
        found = Judged(Word.UNKNOWN, "the fit has not come to an established minimum.", "Let the fit go on.")
    curvature = None if parabola is None else _natural(estimate, i, parabola)
    profile = None if walked is None else _natural(estimate, i, walked)
    value = float(estimate.natural(i, estimate.x[i]))
    is_open = (False, False) if walked is None else walked.open
    # a bootstrap of few replicates scatters itself
    enough = booted is not None and len(booted.replicates) >= _ENOUGH
    boot = None if booted is None else booted.interval.get(label)
    if found.kind is Word.STRUCTURAL:
        bounds = Ends(float(estimate.lower[i]), float(estimate.upper[i]), (True, True))
        return Verdict(
            label,
            found.kind,
            value,
            _unit(at, label),
            _natural(estimate, i, bounds),
            (True, True),
            None,
            None,
            boot,
            None,
            found.why,
            found.remedy,
            "",
        )
    unit = _unit(at, label)
    best = profile if profile is not None else curvature
    if found.kind is Word.UNKNOWN and no_minimum(at):
        best = curvature = profile = None
    flag = disagreement(curvature, profile, is_open, boot if enough else None, None, value)
    return Verdict(
        label, found.kind, value, unit, best, is_open, curvature, profile, boot, None, found.why, found.remedy, flag
    )


def no_minimum(at: AtEstimate) -> bool:
    """Whether the fit ended where nothing says that it is a minimum: then no interval is worth its name."""
    return bool(at.around.minimum) or not at.fit.status.ok


def _unit(at: AtEstimate, label: str) -> str:
    return next((r.unit for r in at.fit.rows if r.label == label), "")


def _natural(estimate: Estimate, i: int, ends: Ends) -> tuple[float, float]:
    """An interval as people see it; where it is open without a bound, infinite."""
    low, high = float(estimate.natural(i, ends.low)), float(estimate.natural(i, ends.high))
    if ends.open[0] and not ends.wall[0] and not np.isfinite(estimate.lower[i]):
        low = 0.0 if estimate.logarithmic[i] else -np.inf
    if ends.open[1] and not ends.wall[1] and not np.isfinite(estimate.upper[i]):
        high = np.inf
    return low, high


def curvature_ends(estimate: Estimate, i: int, at: AtEstimate, level: float) -> Ends | None:
    """The interval by the parabola, within the bounds; an end that a bound cuts off is open."""
    variance = float(at.around.covariance[i, i])
    flat = bool(at.around.flat(np.eye(estimate.dimension)[i : i + 1])[0])
    if estimate.held[i] or flat or not (np.isfinite(variance) and variance > 0):
        return None
    half = float(np.sqrt(variance * quantile(level, estimate.freedom)))
    low, high = estimate.x[i] - half, estimate.x[i] + half
    cut = (bool(low <= estimate.lower[i]), bool(high >= estimate.upper[i]))
    return Ends(float(max(low, estimate.lower[i])), float(min(high, estimate.upper[i])), cut)


def noise_row(at: AtEstimate, level: float) -> Verdict | None:
    """The one sigma that follows from the residuals."""
    name = at.problem.profiled
    row = next((r for r in at.fit.rows if r.name == name), None) if name is not None else None
    if row is None or row.interval is None or not isinstance(row.value, float):
        return None
    from scipy.special import chdtri

    freedom, s = at.freedom, row.value
    low, high = (float(s * np.sqrt(freedom / chdtri(freedom, p))) for p in ((1 - level) / 2, (1 + level) / 2))
    ratio = f"its upper limit is {high / low:.2g} times the lower one." if high > 10 * low else ""
    if no_minimum(at):
        return None
    kind = Word.WEAK if ratio else Word.IDENTIFIABLE
    remedy = "More data narrow it." if ratio else ""
    return Verdict(
        row.label, kind, s, row.unit, (low, high), (False, False), (low, high), None, None, None, ratio, remedy, ""
    )


def hardly_told(
    at: AtEstimate, estimate: Estimate, rows: Sequence[Verdict], info: FisherInformation
) -> tuple[Determined, ...]:
    """What the data tell much better than the parameters that they hardly tell."""
    bad = [
        i
        for i in range(estimate.dimension)
        if rows[i].kind in (Word.PRACTICAL, Word.WEAK)
        and not info.flat[i]
        and not estimate.held[i]
        and estimate.plain[i]
    ]
    values = np.where(estimate.logarithmic, np.exp(np.where(estimate.logarithmic, estimate.x, 0.0)), estimate.x)
    bad = [i for i in bad if values[i] != 0]
    if len(bad) < 2:
        return ()
    relative = np.where(estimate.logarithmic, 1.0, 1 / np.where(values != 0, values, 1.0))
    covariance = at.around.covariance * np.outer(relative, relative)
    known = best_known(bad, values, covariance)
    if not known:
        return ()
    members = sorted({i for one, _ in known for i in one.members})
    return (
        Determined(
            tuple(estimate.labels[i] for i in members),
            tuple(one.words(estimate.labels) for one, _ in known),
            0,
            0,
            exact=False,
            errors=tuple(error for _, error in known),
        ),
    )
