"""A period search to start from: which periods a light curve may have, how sure each is, and which are aliases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.periodogram import exponential_sums, false_alarm, harmonic_power
from parametra.models.eclipsing_binary._numbers import above_zero, numbers, whole_numbers
from parametra.models.eclipsing_binary._waves import waves
from parametra.nouns.errors import DataError

FREQUENCIES_A_PEAK = 2.5
"""Frequencies of the grid for each 1 / (span x harmonics), the width of the narrowest peak."""
_MOST_FREQUENCIES = 300_000
_MOST_WHEN_ASKED = 2_000_000
"""Frequencies that are searched for a shortest period that is stated: some hundred bytes each."""
_RARE = 0.01
"""The chance of a false alarm up to which a period is said to stand out."""
_CYCLES_A_POINT = 10.0
"""How short the periods are that unequally spaced data are searched for: up to so many cycles for each point."""
_DECISIVE = 10.0
"""The difference of the Bayesian information criterion from which a longer period is worth its further terms."""


@dataclass(frozen=True)
class Candidate:
    """One period that a search found.

    Arguments:
        period, frequency: 1 / frequency and frequency.
        frequency_error: its standard error, were the residuals independent.
        power: the share of the variance that the harmonics of this frequency explain.
        false_alarm: the chance that independent errors alone give such a power; see `maths.periodogram.false_alarm`.
        relation: what it is of the best period: "the best", "its double", "an alias ...", or "".
    """

    period: float
    frequency: float
    frequency_error: float
    power: float
    false_alarm: float
    relation: str


@dataclass(frozen=True, repr=False)
class PeriodSearch:
    """What a period search found.

    Arguments:
        period: the best guess of the period of the system, by whether odd and even cycles differ.
        period_error: its standard error, were the residuals independent.
        verdict: how the period was chosen among the candidate, its half and its double; or that no period stands out.
        candidates: the highest peaks, highest first.
        frequency, power: the whole periodogram.
        harmonics: how many harmonics were fitted at each frequency.
    """

    period: float
    period_error: float
    verdict: str
    candidates: tuple[Candidate, ...]
    frequency: Float[np.ndarray, " m"]
    power: Float[np.ndarray, " m"]
    harmonics: int

    @property
    def stands_out(self) -> bool:
        """Whether errors alone give so high a peak less often than once in a hundred times."""
        return self.candidates[0].false_alarm <= _RARE

    def table(self) -> list[dict[str, Any]]:
        """The candidates, one record each."""
        return [dict(vars(each)) for each in self.candidates]

    def __repr__(self) -> str:
        lines = [f"period {self.period:.8g} +- {self.period_error:.1g}: {self.verdict}"]
        if not self.stands_out:
            lines = [f"{self.verdict}; the highest peaks are"]
        lines += [
            f"  {each.period:<14.8g} power {each.power:.4f}   false alarm {each.false_alarm:.1e}   {each.relation}"
            for each in self.candidates
        ]
        return "\n".join(lines)


def period_search(
    time: Any,
    magnitude: Any,
    error: Any = None,
    *,
    shortest: Any = None,
    longest: Any = None,
    harmonics: Any = 6,
    candidates: Any = 5,
) -> PeriodSearch:
    """The periods of a light curve, from harmonics fitted at each frequency of a grid that the data's span sets.

    Good for: eclipsing and pulsating stars at any times, magnitudes or fluxes alike. A light curve of two minima that
    are nearly alike has its highest peak at half the orbital period; whether odd and even cycles differ is tested and
    told. Narrow eclipses want more harmonics: about the period over the length of an eclipse. Prefer `harmonics=1`,
    which is the generalised Lomb-Scargle periodogram, for few points and smooth curves.

    Arguments:
        time, magnitude: (n,) in any order.
        error: standard errors, (n,); None weighs all alike.
        shortest, longest: limits of the period. Left out: the span, and twice the spacing where the data are equally
            spaced, else a tenth of the mean spacing, or as short as 300 000 frequencies reach.
        harmonics: K of the sum over k = 1 ... K of cos(2 pi k t / P) and sin.
        candidates: how many peaks to report.

    Raises:
        DataError: what is no list of numbers, lengths that differ, values that are not finite or all the same, errors
            not above zero, fewer than 2 K + 4 points, limits that leave nothing to search, or too much.
        MethodError: harmonics or candidates that are no whole number of 1 or more, limits that are no numbers above
            zero.

    Sources: Zechmeister and Kuerster (2009), doi:10.1051/0004-6361:200811296; Schwarzenberg-Czerny (1996),
        doi:10.1086/309985; Baluev (2008), doi:10.1111/j.1365-2966.2008.12689.x
    """
    whole_numbers(harmonics=harmonics, candidates=candidates)
    above_zero(shortest=shortest, longest=longest)
    series = _Series.of(time, magnitude, error, harmonics)
    first, step, count = _grid(series, shortest, longest, harmonics)
    power = harmonic_power(series.time, series.value, series.weight, (first, step, count), harmonics)
    frequency = first + step * np.arange(count)
    rounds = _window_peaks(series, frequency[-1])
    spread = float(np.std(series.time))
    found: list[Candidate] = []
    limits = (first, 1 / shortest if shortest is not None else float(frequency[-1]))
    for place in _peaks(power, candidates, round(1.5 * FREQUENCIES_A_PEAK * harmonics)):
        best, height, width = _refined(series, float(frequency[place]), step, harmonics, limits)
        relation = _relation(best, found[0].frequency, series.span, rounds) if found else "the highest peak"
        chance = false_alarm(height, series.value.size, harmonics, spread, count * step)
        found.append(Candidate(1 / best, best, width, height, chance, relation))
    wider = (0.99 * first, 1.01 * float(frequency[-1]))
    highest_peak = found[0].frequency
    if highest_peak in limits:
        # no peak, but the flank of one that lies beyond: its multiples say nothing either
        side = "longest" if highest_peak == first else "shortest"
        verdict = f"the {side} period that was searched explains most, so a better one may lie beyond it: search wider"
        return PeriodSearch(1 / highest_peak, math.inf, verdict, tuple(found), frequency, power, harmonics)
    chosen, verdict = _orbital(series, found[0], wider)
    if found[0].false_alarm > _RARE:
        verdict = f"no period stands out (false alarm {found[0].false_alarm:.2g})"
    best, _, width = _refined(series, chosen, step, harmonics, wider)
    return PeriodSearch(1 / best, width / best**2, verdict, tuple(found), frequency, power, harmonics)


@dataclass(frozen=True)
class _Series:
    time: Float[np.ndarray, " n"]
    value: Float[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]

    @staticmethod
    def of(time: Any, value: Any, error: Any, harmonics: int) -> _Series:
        t, y = numbers(time, "times"), numbers(value, "values")
        sigma = np.ones_like(y) if error is None else numbers(error, "errors")
        if t.ndim != 1 or t.shape != y.shape or y.shape != sigma.shape:
            raise DataError(
                f"a period search wants times, values and errors of one length; they have the shapes {t.shape}, "
                f"{y.shape} and {sigma.shape}."
            )
        if not (np.isfinite(t).all() and np.isfinite(y).all() and np.isfinite(sigma).all() and (sigma > 0).all()):
            raise DataError(
                "a period search wants finite times and values, and errors above zero; leave out the rows without."
            )
        if t.size < 2 * harmonics + 4 or np.ptp(t) <= 0:
            raise DataError(
                f"a period search with harmonics={harmonics} wants at least "
                f"{2 * harmonics + 4} points at different times; {t.size} came. Take fewer harmonics."
            )
        if np.ptp(y) == 0:
            raise DataError(f"all {y.size} values are {y[0]:g}: what does not change has no period.")
        return _Series(t - 0.5 * (t.min() + t.max()), y, 1 / sigma**2)

    @property
    def span(self) -> float:
        return float(np.ptp(self.time))

    def unexplained(self, frequency: float, harmonics: int) -> float:
        """The share of the variance that the harmonics leave."""
        root = np.sqrt(self.weight / self.weight.sum())
        centred = (self.value - np.average(self.value, weights=self.weight)) * root
        columns = waves(frequency * self.time, harmonics) * root[:, None]
        normal = columns.T @ columns + 1e-12 * np.eye(columns.shape[1])
        fitted = columns @ np.linalg.solve(normal, columns.T @ centred)
        total = float(centred @ centred)
        return float(np.sum((centred - fitted) ** 2)) / total if total > 0 else 1.0


def _grid(series: _Series, shortest: float | None, longest: float | None, harmonics: int) -> tuple[float, float, int]:
    """The first frequency, the step, and how many."""
    gaps = np.diff(np.sort(series.time))
    usual = float(np.median(gaps[gaps > 0]))
    lowest, step = 1 / (longest or series.span), 1 / (FREQUENCIES_A_PEAK * harmonics * series.span)
    highest = min(lowest + step * _MOST_FREQUENCIES, max(_CYCLES_A_POINT * gaps.size / series.span, 4 * lowest))
    if shortest is not None:
        highest = 1 / shortest
    elif np.mean(np.abs(gaps - usual) < 0.005 * usual) > 0.8:
        highest = min(highest, 0.5 / usual)
    if not 0 < lowest < highest < math.inf:
        raise DataError(
            f"no period is left to search between shortest={1 / highest:g} and longest={1 / lowest:g}; the data span "
            f"{series.span:g}. State limits in the unit of time, the shorter one above zero."
        )
    count = int((highest - lowest) / step) + 1
    if count > _MOST_WHEN_ASKED:
        raise DataError(
            f"shortest={1 / highest:g} wants {count} frequencies for data that span {series.span:g}; "
            f"{_MOST_WHEN_ASKED} are searched at most, which with harmonics={harmonics} reach down to "
            f"{1 / (lowest + step * _MOST_WHEN_ASKED):.4g}. Take a longer one, fewer harmonics, or a part of the data."
        )
    return lowest, step, count


def _peaks(power: Float[np.ndarray, " m"], count: int, apart: int) -> list[int]:
    """The highest local maxima that are some places apart, highest first; the highest value where there is none."""
    padded = np.concatenate([[-1.0], power, [-1.0]])
    tops = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
    chosen: list[int] = []
    for place in tops[np.argsort(power[tops])[::-1]]:
        if all(abs(int(place) - other) > apart for other in chosen):
            chosen.append(int(place))
        if len(chosen) == count:
            break
    return chosen or [int(np.argmax(power))]


def _refined(
    series: _Series, frequency: float, step: float, harmonics: int, limits: tuple[float, float]
) -> tuple[float, float, float]:
    """The best frequency beside one of the grid, the share that it explains, and its standard error."""
    width = step
    left = np.ones(1)
    for _ in range(3):
        near = frequency + width * np.linspace(-1, 1, 11)
        near = np.unique(np.clip(near, *limits))
        left = np.array([series.unexplained(float(each), harmonics) for each in near])
        frequency = float(near[np.argmin(left)])
        width *= 0.2
    least = float(left.min())
    curve = [series.unexplained(frequency + shift * step / 4, harmonics) for shift in (-1, 0, 1)]
    bend = (curve[0] - 2 * curve[1] + curve[2]) / (step / 4) ** 2
    freedom = max(series.value.size - 2 * harmonics - 2, 1)
    error = math.sqrt(2 * least / (freedom * bend)) if bend > 0 else math.inf
    return frequency, 1 - least, error


def _window_peaks(series: _Series, highest: float) -> list[float]:
    """Frequencies of the sampling itself, such as one a day: where the sum of the data's own phases is large."""
    step = 0.3 / series.span
    count = int(min(highest / step, _MOST_FREQUENCIES)) + 2
    share = series.weight / series.weight.sum()
    power = np.abs(exponential_sums(step * series.time, share, count)) ** 2
    power[: min(10, count)] = 0.0
    places = _peaks(power, 4, 6)
    return [step * place for place in places if power[place] > 0.15]


def _relation(frequency: float, best: float, span: float, rounds: list[float]) -> str:
    near = 1.5 / span
    words = {2: "double", 3: "triple", 4: "fourfold"}
    for m, word in words.items():
        if abs(frequency * m - best) < near:
            return f"{word} the highest peak's period"
        if abs(frequency - m * best) < near * m:
            return f"1/{m} of the highest peak's period"
    for m in (1, 2, 3):
        for cycle in rounds:
            for alias in (best * m + cycle, abs(best * m - cycle)):
                if abs(frequency - alias) < near * m:
                    return f"alias of {'' if m == 1 else f'1/{m} of '}it by the sampling, {cycle:.4g} a unit of time"
    for a, b in ((3, 2), (2, 3), (4, 3), (3, 4)):
        if abs(frequency * b - best * a) < near * b:
            return f"{b}/{a} of the highest peak's period"
    return ""


def _orbital(series: _Series, top: Candidate, limits: tuple[float, float]) -> tuple[float, str]:
    """The frequency of the system among simple multiples of the highest peak's: the lower one only where it is needed.

    Each is given the number of harmonics that the Bayesian information criterion likes best, so that a lower frequency
    wins where the cycles that it tells apart differ, and not because it has more terms.
    """
    n = series.value.size
    numbers = [k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24) if k <= max(n // 8, 1)]
    tried: dict[float, float] = {}
    for ratio in (1 / 3, 1 / 2, 1.0, 2.0, 3.0):
        frequency = top.frequency * ratio
        # the peak itself is one whatever the limits: its top may lie a little beyond them
        if ratio == 1 or limits[0] <= frequency <= limits[1]:
            left = [(k, max(series.unexplained(frequency, k), 1e-300)) for k in numbers]
            tried[ratio] = min(n * math.log(share) + 2 * k * math.log(n) for k, share in left)
    least = min(tried.values())
    ratio = max(ratio for ratio, criterion in tried.items() if criterion < least + _DECISIVE)
    frequency = top.frequency * ratio
    if ratio < 1:
        return frequency, f"{round(1 / ratio)} times that of the highest peak, for the cycles told apart by it differ"
    what = (
        "that of the highest peak" if ratio == 1 else f"1/{ratio:g} of that of the highest peak, which repeats itself"
    )
    return frequency, f"{what}; an eclipsing binary of two equal minima has twice this, {2 / frequency:.8g}"
