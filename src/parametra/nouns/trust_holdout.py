"""The record of a reusable holdout: what was asked, answered and is left. The holdout itself is not in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import storable
from parametra.nouns.trust_result import Panel, Trace, TrustResult

_SHOWN = 12


@storable
@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Arguments:
        value: the mean that may be relied on; NaN when it was refused.
        source: "training" (the holdout agrees), "holdout" (the training mean misleads), "refused" (nothing is left).
        left: answers from the holdout that are left.
    """

    value: float
    source: str
    left: int

    def __float__(self) -> float:
        return self.value


@storable
@dataclass(frozen=True, repr=False)
class HoldoutAnswers(TrustResult):
    """All questions so far, in their order.

    Arguments:
        names: of the questions.
        train: (q,) training means.
        values: (q,) answers, NaN where refused.
        sources: "training", "holdout" or "refused".
        budget, left: answers from the holdout at the beginning, and now.
        rows: of training and holdout.
        thresholds: (q,) T of each question.
        noise: s, as a share of T.
        tolerance: how far the holdout mean of any of these questions is from the truth at most, with 95 % probability,
            proven for every way of asking; NaN where the bounds of the values are not known.
    """

    names: tuple[str, ...]
    train: np.ndarray
    values: np.ndarray
    sources: tuple[str, ...]
    budget: int
    left: int
    rows: tuple[int, int]
    thresholds: np.ndarray
    noise: float
    tolerance: float

    def table(self) -> ResultTable:
        """One row a question."""
        columns = ("question", "training mean", "answer", "source")
        values = (None if math.isnan(v) else v for v in self.values.tolist())
        return ResultTable(columns, tuple(zip(self.names, self.train.tolist(), values, self.sources, strict=True)))

    def summary(self) -> str:
        table = self.table()
        shown = ResultTable(table.columns, table.rows[-_SHOWN:])
        before = len(table) - len(shown)
        head = f"the last {_SHOWN} of {len(table)} questions\n" if before > 0 else ""
        proven = (
            "nothing is proven about how near they are: the bounds of the values are not known (bounds=(low, high))"
            if math.isnan(self.tolerance)
            else f"proven with 95 % probability, whatever was asked: every holdout mean is within {self.tolerance:.2g} "
            "of the truth"
        )
        typical = float(np.median(self.thresholds)) if len(self.thresholds) else math.nan
        words = (
            f"{self.rows[0]} training and {self.rows[1]} holdout rows; answers from the training rows may be off by "
            f"the threshold, {typical:.2g} in the middle; {proven}."
        )
        return "\n\n".join(part for part in (f"{head}{shown}" if len(shown) else "", wrapped(words)) if part)

    def panels(self) -> tuple[Panel, ...]:
        place = np.arange(1.0, len(self.names) + 1.0)
        of = np.array(self.sources)
        nothing = np.zeros(0)
        traces = [Trace("training mean", place, self.train, nothing, "other", joined=False)]
        for source, role in (("training", "delivered"), ("holdout", "promise")):
            mine = of == source
            if mine.any():
                name = f"answer from the {source}"
                traces.append(Trace(name, place[mine], self.values[mine], nothing, role, joined=False))
        return (Panel(self.title, "question", "mean", tuple(traces)),)

    def facts(self) -> dict[str, Any]:
        return {
            "questions": self.table().records(),
            "budget": self.budget,
            "left": self.left,
            "rows": {"training": self.rows[0], "holdout": self.rows[1]},
            "thresholds": self.thresholds,
            "noise": self.noise,
            "tolerance_95_percent": self.tolerance,
        }
