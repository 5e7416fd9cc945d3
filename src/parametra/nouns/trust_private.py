"""The result of `private_test`: a noisy count of parts, and what may be concluded from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import storable
from parametra.nouns.trust_result import Panel, Trace, TrustResult


@storable
@dataclass(frozen=True, repr=False)
class PrivateTestResult(TrustResult):
    """All that a private test may tell. Nothing here depends on the rows but through `noisy_count`.

    Arguments:
        p_value: of the noisy count; small values speak against the null hypothesis.
        rejected: whether p_value <= size.
        noisy_count: how many parts came below the cut, plus noise.
        threshold: the noisy count at which p_value = size.
        epsilon, size: as asked.
        rows, parts, cut: rows, parts they were cut into, and below which p-value a part counts.
        effect: mean over standard deviation that a t-test would see with 80 % power by this plan; NaN: none.
        counts: 0 .. parts.
        null: probability of each count where the null hypothesis holds.
    """

    p_value: float
    rejected: bool
    noisy_count: float
    threshold: float
    epsilon: float
    size: float
    rows: int
    parts: int
    cut: float
    effect: float
    counts: np.ndarray
    null: np.ndarray

    def table(self) -> ResultTable:
        """One row."""
        columns = ("p-value", "rejected", "noisy count", "threshold", "parts", "cut", "rows", "epsilon", "size")
        row = (
            *(self.p_value, "yes" if self.rejected else "no", self.noisy_count, self.threshold, self.parts, self.cut),
            *(self.rows, self.epsilon, self.size),
        )
        return ResultTable(columns, (row,))

    def summary(self) -> str:
        words = (
            f"p = {self.p_value:.3g}: about {self.noisy_count:.1f} of {self.parts} parts are significant at "
            f"{self.cut:g}; {self.cut * self.parts:.1f} are expected by chance, and from {self.threshold:.1f} on it is "
            "evidence."
        )
        seen = f"{self.rows} rows in {self.parts} parts, epsilon {self.epsilon:g}: a t-test would see " + (
            f"an effect of {self.effect:.2g} standard deviations with 80 % power."
            if math.isfinite(self.effect)
            else "no effect, however large, with 80 % power; more rows or a larger epsilon are needed."
        )
        return f"{wrapped(words)}\n{wrapped(seen)}"

    def panels(self) -> tuple[Panel, ...]:
        top = float(np.max(self.null))
        upright = np.array([0.0, top])
        traces = (
            Trace("by chance", self.counts, self.null, np.zeros(0), "other"),
            Trace("evidence from here", np.full(2, self.threshold), upright, np.zeros(0), "promise"),
            Trace("found, with noise", np.full(2, self.noisy_count), upright, np.zeros(0), "delivered"),
        )
        return (Panel(self.title, "parts below the cut", "probability", traces),)

    def facts(self) -> dict[str, Any]:
        return {
            "p_value": self.p_value,
            "rejected": self.rejected,
            "noisy_count": self.noisy_count,
            "threshold": self.threshold,
            "epsilon": self.epsilon,
            "size": self.size,
            "rows": self.rows,
            "parts": self.parts,
            "cut": self.cut,
            "effect_seen_with_80_percent_power": self.effect,
        }
