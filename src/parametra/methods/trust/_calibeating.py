"""Forecasts from the past outcomes of one bin: by tracking their frequency, or by hedging between two forecasts.

Hedging is Foster's rule (D. P. Foster (1999), A proof of calibration via Blackwell's approachability theorem,
doi:10.1006/game.1999.0719): it forecasts the middle m_i of one of 1/width intervals. With n_i forecasts of m_i so far
and s_i ones among their outcomes, forecast m_i where s_i lies between n_i l_i and n_i r_i, the ends of the interval; if
there is none, there is an i that was too low (excess s_i - n_i r_i > 0) and an i + 1 that was too high (deficit
n_{i+1} l_{i+1} - s_{i+1} > 0): draw between the two so that the expected gain of an adversary vanishes.

So the sum of squared excesses and deficits grows by 1 at most with each outcome, on average; with 1/width such rules,
one for each bin of another forecast, and T outcomes,

    E[calibration error] <= width / 2 + 1 / (width sqrt(T))        for any sequence of outcomes.
"""

from __future__ import annotations

import numpy as np


class Hedge:
    """Foster's rule for one bin.

    Arguments:
        count: 1 / width, how many forecasts there are.
    """

    def __init__(self, count: int) -> None:
        self.low = np.arange(count) / count
        self.high = self.low + 1.0 / count
        self.middle = self.low + 0.5 / count
        self.shown = np.zeros(count)
        self.ones = np.zeros(count)

    def lottery(self, near: float) -> tuple[tuple[int, float], ...]:
        """Which forecasts to draw from, with their probabilities; of several that are right, the one nearest `near`."""
        excess = self.ones - self.high * self.shown
        deficit = self.low * self.shown - self.ones
        right = np.flatnonzero((excess <= 0.0) & (deficit <= 0.0))
        if right.size:
            return ((int(right[np.argmin(np.abs(self.middle[right] - near))]), 1.0),)
        # l_1 = 0 and r_last = 1: the first is never too high, the last never too low, so there is a change between
        i = int(np.flatnonzero((excess[:-1] > 0.0) & (deficit[1:] > 0.0))[0])
        share = float(deficit[i + 1] / (excess[i] + deficit[i + 1]))
        return ((i, share), (i + 1, 1.0 - share))

    def tell(self, index: int, outcome: float) -> None:
        """The outcome of a forecast."""
        self.shown[index] += 1.0
        self.ones[index] += outcome


def bin_of(forecast: float, count: int) -> int:
    """Which of `count` equal bins of [0, 1] a forecast lies in."""
    return min(int(forecast * count), count - 1)
