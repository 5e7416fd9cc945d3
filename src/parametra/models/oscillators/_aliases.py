"""Aliases: frequencies that the times of a series cannot tell from a given one, or hardly."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.periodogram import exponential_sums
from parametra.nouns.errors import DataError
from parametra.nouns.statement import is_number, shown

_EQUAL = 1e-3
"""Gaps that are multiples of the shortest one to this share of it are those of an even series with gaps."""
_FINE = 8
"""Frequencies of the grid for each 1 / span, the width of a peak of the window."""
_MOST = 400_000
"""Frequencies of the grid at most; a long and dense series is then searched less far."""
_TURNS_A_POINT = 5.0
"""How high unequally spaced data are searched: up to so many cycles for each point."""


@dataclass(frozen=True)
class Alias:
    """One frequency that looks like another one at the times of a series.

    Arguments:
        frequency, period: of the alias.
        likeness: 1 where no data at these times can tell the two apart, near 0 where they do at once.
        sampling: the frequency of the sampling, whose sum with the one given, or difference, the alias is.
    """

    frequency: float
    period: float
    likeness: float
    sampling: float


@dataclass(frozen=True, repr=False)
class Aliases:
    """The aliases of a frequency, the most alike first.

    Arguments:
        frequency: the one that was asked about.
        nyquist: where aliases begin, half the sampling frequency of an even series; None for an uneven one.
        found: the aliases.
    """

    frequency: float
    nyquist: float | None
    found: tuple[Alias, ...]

    def table(self) -> list[dict[str, Any]]:
        """The aliases, one record each."""
        return [asdict(each) for each in self.found]

    def __repr__(self) -> str:
        head = f"frequency {self.frequency:.6g}, period {1 / self.frequency:.6g}: "
        if not self.found:
            return head + "no alias"
        even = "" if self.nyquist is None else f" (even times, Nyquist frequency {self.nyquist:.6g})"
        lines = [
            f"  {each.frequency:<12.6g} period {each.period:<12.6g} likeness {each.likeness:.3f}   sampled at "
            f"{each.sampling:.6g}"
            for each in self.found
        ]
        return "\n".join([head + "looks like" + even, *lines])


def aliases(time: Any, frequency: float, *, most: int = 6) -> Aliases:
    """Which other frequencies look like this one at given times.

        likeness = |sum_n exp(2 pi i s t_n)|^2 / n^2,  s the frequency of the sampling

    A wave of frequency f that is seen at times t_n looks like one of |f + s| and |f - s|, the more the higher the
    spectral window is at s. At even times, s = 1 / gap has a likeness of 1, and no data can tell them apart.

    Arguments:
        time: (n,), in any order.
        frequency: what was found, above zero.
        most: how many are told.

    Raises:
        DataError: fewer than three different times, or what is no list of numbers; a frequency not above zero.

    Sources: Deeming (1975), Fourier analysis with unequally-spaced data, doi:10.1007/BF00681947; VanderPlas (2018),
        Understanding the Lomb-Scargle periodogram, doi:10.3847/1538-4365/aab766
    """
    try:
        times = np.unique(np.asarray(time, dtype=float))
    except (TypeError, ValueError):
        raise DataError(f"aliases takes a list of times; {shown(time)} came.") from None
    times = times[np.isfinite(times)]
    if times.size < 3:
        raise DataError(f"aliases needs three different times or more; {times.size} came.")
    if not is_number(frequency) or not 0 < float(frequency) < np.inf:
        raise DataError(f"aliases asks about a frequency above zero; {shown(frequency)} came.")
    gap = even_gap(times)
    reach = 2.2 / gap if gap is not None else max(2.2 * float(frequency), highest_frequency(times))
    found = [
        Alias(other, 1.0 / other, likeness, sampling)
        for sampling, likeness in _window(times, reach, gap)
        for other in (abs(float(frequency) - sampling), float(frequency) + sampling)
        if other > 1e-9 * sampling
    ]
    found.sort(key=lambda each: (-round(each.likeness, 6), each.frequency))
    return Aliases(float(frequency), None if gap is None else 0.5 / gap, tuple(found[:most]))


def even_gap(times: Float[np.ndarray, " n"]) -> float | None:
    """The spacing of times in order that lie on an even grid, be it with gaps; None for any others."""
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    if not gaps.size:
        return None
    shortest = float(gaps.min())
    steps = np.round(gaps / shortest)
    if steps.sum() > 1e7 or np.any(np.abs(gaps / shortest - steps) > _EQUAL):
        return None
    return float(gaps.sum() / steps.sum())


def highest_frequency(times: Float[np.ndarray, " n"]) -> float:
    """How high a search goes: half the sampling frequency of even times, else some cycles for each point."""
    gap = even_gap(times)
    if gap is not None:
        return 0.5 / gap
    return min(_TURNS_A_POINT * times.size, _MOST / _FINE) / float(np.ptp(times))


def _window(times: Float[np.ndarray, " n"], reach: float, gap: float | None) -> list[tuple[float, float]]:
    """The highest peaks of the spectral window beside the one at zero: frequency and height."""
    width = 1.0 / float(np.ptp(times))
    if gap is not None and times.size - 1 == round(float(np.ptp(times)) / gap):
        return [(1.0 / gap, 1.0), (2.0 / gap, 1.0)]
    step = width / _FINE
    count = int(min(reach / step, _MOST)) + 2
    share = np.full(times.size, 1.0 / times.size)
    height = np.abs(exponential_sums(step * (times - times[0]), share, count)) ** 2
    inner = np.arange(_FINE, count - 1)
    peaks = inner[(height[inner] >= height[inner - 1]) & (height[inner] > height[inner + 1])]
    best = peaks[np.argsort(-height[peaks], kind="stable")][:6]
    return [(float(step * k), float(min(height[k], 1.0))) for k in best]
