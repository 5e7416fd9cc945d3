"""Two models beside one another: the difference, how sure it is, and the verdict on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.compare.cross_validation import CrossValidation
from parametra.methods.compare.likelihood_ratio import LikelihoodRatio
from parametra.methods.compare.vuong import Vuong
from parametra.nouns.comparison_parts import Candidate, Nesting, Pair, RatioTest
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.compare_simulation import DRAWS
from parametra.verbs.compare_words import Verdict, pair_verdict

_SAME = 1e-7
"""Difference of log densities, point by point, that is nothing."""


@dataclass(frozen=True)
class Side:
    """One model with all that a pair asks of it.

    Arguments:
        candidate: what is told of it.
        at: the fitted problem.
        bends: scores and curvature; None where there are none.
    """

    candidate: Candidate
    at: AtEstimate
    bends: tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "k k"]] | None


def pair_of(one: Side, two: Side, criterion: str, nesting: Nesting, simulated: float | None = None) -> Pair:
    """The comparison of two models.

    Arguments:
        one, two: the models.
        criterion: "aic", "aicc" or "bic".
        nesting: whether one is a special case of the other.
        simulated: p-value of the likelihood ratio by simulation, where no distribution of it is known.
    """
    a, b = one.candidate, two.candidate
    if b.criterion(criterion) < a.criterion(criterion):
        one, two, a, b = two, one, b, a
    difference = b.criterion(criterion) - a.criterion(criterion)
    apart = a.log_density - b.log_density
    same = bool(np.abs(apart).max() <= _SAME)
    freedom = apart.size - max(a.fit.free, b.fit.free)
    test = Vuong()
    error = 2 * test.standard_error(apart, apart.size - freedom) if freedom > 0 else None
    ratio = None if not nesting.small else _ratio_test(nesting, one, two, simulated)
    distinct = None if nesting.small or same else _distinguishable(apart, one, two)
    z = None if nesting.small or same or not error else difference / error
    held, held_error = _held_out(a, b)
    p = None if z is None else test.p_value(z, freedom)
    verdict = pair_verdict(
        Verdict(
            better=a.name,
            other=b.name,
            criterion=criterion,
            difference=difference,
            error=error,
            p=p,
            p_likelihood=1.0 if not error else test.p_value(2 * float(apart.sum()) / error, max(freedom, 1)),
            log_ratio=float(apart.sum()),
            fewer=b.fit.free - a.fit.free,
            nesting=nesting,
            ratio=ratio,
            distinguishable=distinct,
            same=same,
            held_out=held,
            held_out_error=held_error,
        )
    )
    return Pair(
        better=a.name,
        other=b.name,
        difference=difference,
        error=error,
        log_ratio=float(apart.sum()),
        nesting=nesting,
        ratio_test=ratio,
        distinguishable=distinct,
        vuong=z,
        vuong_p=p,
        held_out=held,
        held_out_error=held_error,
        strength=verdict.strength,
        words=verdict.words,
        notes=_notes(one, two),
    )


def _held_out(a: Candidate, b: Candidate) -> tuple[float | None, float | None]:
    if a.held_out is None or b.held_out is None:
        return None, None
    both = np.isfinite(a.held_out.log_density) & np.isfinite(b.held_out.log_density)
    if both.sum() < 2:
        return None, None
    return CrossValidation().difference(a.held_out.log_density[both], b.held_out.log_density[both])


def _distinguishable(apart: np.ndarray, one: Side, two: Side) -> float | None:
    if one.bends is None or two.bends is None:
        return None
    scores, curvatures = zip(one.bends, two.bends, strict=True)
    return Vuong().distinguishable(apart, (scores[0], scores[1]), (curvatures[0], curvatures[1]))


def _ratio_test(nesting: Nesting, one: Side, two: Side, simulated: float | None) -> RatioTest:
    small, large = (one, two) if one.candidate.name == nesting.small else (two, one)
    inner, outer = small.at.fit, large.at.fit
    statistic = 2 * (outer.log_likelihood - inner.log_likelihood)
    bounds = len(nesting.bounds)
    regular = nesting.freedom - bounds
    if not nesting.regular:
        if simulated is not None:
            return RatioTest(statistic, simulated, f"by up to {DRAWS} data sets simulated from {nesting.small}")
        return RatioTest(statistic, None, "its distribution under the smaller model is not known")
    if nesting.freedom < 1:
        return RatioTest(statistic, None, "both have as many parameters")
    test = LikelihoodRatio()
    p = test.p_value(statistic, regular, nesting.weights)
    words = _distribution(regular, nesting.weights)
    if bounds > 1 and outer.noise != inner.noise:
        words += "; the chances take the further parameters for independent"
    f = _f_test(small, large)
    if f is None:
        return RatioTest(statistic, p, words)
    reduction, freedom = f
    f_p = test.f_p_value(reduction, regular, nesting.weights, freedom)
    return RatioTest(statistic, p, words, reduction / nesting.freedom, (nesting.freedom, freedom), f_p)


def _f_test(small: Side, large: Side) -> tuple[float, int] | None:
    """(RSS small - RSS large) / (RSS large / freedom) and freedom; None unless both estimate one normal sigma alike."""
    inner, outer = small.at, large.at
    both = inner.problem.profiled is not None and outer.problem.profiled is not None
    freedom = outer.fit.degrees_of_freedom
    if not both or inner.fit.noise != outer.fit.noise or freedom < 1 or outer.fit.chi_square <= 0:
        return None
    return (inner.fit.chi_square - outer.fit.chi_square) / (outer.fit.chi_square / freedom), freedom


def _distribution(regular: int, weights: tuple[float, ...]) -> str:
    """The mixture in words, as "0.5 chi-square(0) + 0.5 chi-square(1)"."""
    if len(weights) == 1:
        return f"chi-square({regular})"
    terms = [f"{w:.3g} chi-square({regular + j})" for j, w in enumerate(weights)]
    count = len(weights) - 1
    verb = "the further parameter is" if count == 1 and not regular else f"{count} further parameters are"
    verb = "one further parameter is" if count == 1 and regular else verb
    return f"{' + '.join(terms)}, because {verb} at a bound in the smaller model"


def _notes(one: Side, two: Side) -> tuple[str, ...]:
    notes: list[str] = []
    if not all(n.pointwise for side in (one, two) for n in side.at.problem.noise.values()):
        notes.append("observations depend on each other, so that the standard error of the difference is rough")
    n = one.candidate.log_density.size
    if n < 20:
        notes.append(f"{n} points tell little of how sure the difference is")
    if any(not math.isfinite(c.criterion("aicc")) for c in (one.candidate, two.candidate)):
        notes.append("there are too few points for AICc")
    return tuple(notes)
