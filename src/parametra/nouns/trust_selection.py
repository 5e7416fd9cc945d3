"""The result of `conformal_selection`: which new instances are selected, and at what rate of false ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.paragraph import wrapped
from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import storable
from parametra.nouns.trust_result import Panel, Trace, TrustResult

_SHOWN = 20


@storable
@dataclass(frozen=True, repr=False)
class SelectedInstances(TrustResult):
    """The selection among m new instances.

    Arguments:
        selected: positions of the selected ones, from 0, the smallest p-value first.
        names: (m,) what the instances are called.
        p_values: (m,) of "the outcome is not above the cutoff".
        candidates: (m,) the score by which each was judged.
        scores: (m,) its value.
        level: the false-discovery rate that was asked for.
        labelled: how many labelled rows there are; `interesting` of them are above the cutoff.
    """

    selected: tuple[int, ...]
    names: tuple[str, ...]
    p_values: np.ndarray
    candidates: tuple[str, ...]
    scores: np.ndarray
    level: float
    labelled: int
    interesting: int

    def table(self) -> ResultTable:
        """One row a new instance, the selected ones first, by p-value."""
        inside = set(self.selected)
        rest = sorted((j for j in range(len(self.names)) if j not in inside), key=lambda j: (self.p_values[j], j))
        rows = (
            (
                *(self.names[j], "yes" if j in inside else "no"),
                *(float(self.p_values[j]), self.candidates[j], float(self.scores[j])),
            )
            for j in (*self.selected, *rest)
        )
        return ResultTable(("instance", "selected", "p-value", "judged by", "score"), tuple(rows))

    def summary(self) -> str:
        table = self.table()
        count = len(self.selected)
        shown = ResultTable(table.columns, table.rows[: min(count, _SHOWN)])
        more = f"\n... and {count - _SHOWN} more" if count > _SHOWN else ""
        words = (
            f"{count} of {len(self.names)} selected. Of such selections at most {100 * self.level:g} % are false on "
            f"average over repetitions; {self.interesting} of {self.labelled} labelled rows are above the cutoff."
        )
        return "\n\n".join(part for part in (f"{shown}{more}" if count else "", wrapped(words)) if part)

    def panels(self) -> tuple[Panel, ...]:
        order = np.argsort(self.p_values, kind="stable")
        inside = np.isin(order, np.array(self.selected, dtype=np.int64))
        place = np.arange(1.0, len(order) + 1.0)
        nothing = np.zeros(0)
        traces = [Trace("Benjamini and Hochberg's line", place, self.level * place / len(order), nothing, "promise")]
        for name, mine, role in (("selected", inside, "delivered"), ("not selected", ~inside, "other")):
            if mine.any():
                traces.append(Trace(name, place[mine], self.p_values[order][mine], nothing, role, joined=False))
        return (Panel(self.title, "new instances by p-value", "p-value", tuple(traces)),)

    def facts(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "labelled": self.labelled,
            "interesting": self.interesting,
            "selected": [self.names[j] for j in self.selected],
            "instances": self.table().records(),
        }
