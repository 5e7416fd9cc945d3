"""The path of a penalty: what is kept of many terms at every strength that was tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import storable

DROPPED = "dropped by the penalty"
"""The note of a term that is not in the model."""


@storable
@dataclass(frozen=True)
class PenaltyPath:
    """k strengths from the smallest that drops every term downwards, t terms.

    Arguments:
        labels: (t,) the penalised terms.
        strengths: (k,) falling.
        values: (k, t) the estimate of every term at every strength.
        kept: (k,) how many terms are not zero.
        log_likelihood: (k,) of all data.
        criterion: (k,) what was to be small: the information criterion, or minus the log-likelihood of one left-out
            observation, on average.
        criterion_error: (k,) standard error of the latter over the parts; zeros otherwise.
        chosen: index of the strength that was taken.
        chosen_by: "bic", "aic", "extended_bic" or "cross_validation".
        certain: whether the path ends because with the next strength the terms would foretell every yes and no.
    """

    labels: tuple[str, ...]
    strengths: np.ndarray
    values: np.ndarray
    kept: np.ndarray
    log_likelihood: np.ndarray
    criterion: np.ndarray
    criterion_error: np.ndarray
    chosen: int
    chosen_by: str
    certain: bool = False

    @property
    def strength(self) -> float:
        """The strength that was taken."""
        return float(self.strengths[self.chosen])

    def table(self) -> ResultTable:
        """A row for each strength: terms kept, log-likelihood, criterion."""
        columns = ("strength", "terms kept", "log-likelihood", self.chosen_by, "standard error", "")
        rows = [
            (float(s), int(k), float(ll), float(c), float(e) or None, "chosen" if i == self.chosen else "")
            for i, (s, k, ll, c, e) in enumerate(
                zip(self.strengths, self.kept, self.log_likelihood, self.criterion, self.criterion_error, strict=True)
            )
        ]
        keep = [i for i in range(len(columns)) if i != 4 or any(row[4] for row in rows)]
        return ResultTable(tuple(columns[i] for i in keep), tuple(tuple(row[i] for i in keep) for row in rows))

    def terms(self) -> ResultTable:
        """A row for each term: the strength below which it is in the model first, and its value where chosen."""
        first = [np.flatnonzero(self.values[:, j]) for j in range(len(self.labels))]
        rows = sorted(
            (
                (label, float(self.strengths[at[0]]) if at.size else None, float(self.values[self.chosen, j]))
                for j, (label, at) in enumerate(zip(self.labels, first, strict=True))
            ),
            key=lambda row: -(row[1] or 0.0),
        )
        return ResultTable(("term", "enters at", "value where chosen"), tuple(rows))
