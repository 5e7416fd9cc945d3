"""All candidates side by side with what each would tell, and more of them where a closer look is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.maths.design_pool import Pool
from parametra.nouns.errors import DataError
from parametra.nouns.problem import Problem
from parametra.verbs.design_accuracy import costs_of
from parametra.verbs.design_candidates import Candidates
from parametra.verbs.design_information import Informant

_MOSTLY = 0.9
"""Share of the candidates at which a draw of the parameters must give something."""


@dataclass(frozen=True)
class Ground:
    """Candidates of all data sets, numbered from 0 to N - 1.

    Arguments:
        informant: tells what new ones would tell.
        sets: the settings of the inputs, a data set each.
        data_set, row, output: (N,) of each candidate; output is -1 where all outputs are measured together.
        rows: (S, N, k, d) square roots of the information of one measurement.
        costs: (N,) of one measurement.
        cost: as it was stated.
        lost: candidates at which the model gave no finite derivatives, left out.
    """

    informant: Informant
    sets: tuple[Candidates | None, ...]
    data_set: Int[np.ndarray, " N"]
    row: Int[np.ndarray, " N"]
    output: Int[np.ndarray, " N"]
    rows: Float[np.ndarray, "S N k d"]
    costs: Float[np.ndarray, " N"]
    cost: Any
    lost: int = 0

    @staticmethod
    def of(informant: Informant, sets: Sequence[Candidates | None], cost: Any) -> Ground:
        """The candidates with what they would tell.

        Raises:
            DataError: the model gives nothing at any of them.
        """
        _without_failed_draws(informant, tuple(sets))
        found = _evaluated(informant, tuple(sets), cost)
        if not found.rows.shape[1]:
            raise DataError("the model gives no finite derivatives at any candidate. State other candidates.")
        return found

    @property
    def size(self) -> int:
        """How many there are."""
        return self.row.size

    @property
    def problem(self) -> Problem:
        """What is asked."""
        return self.informant.problem

    def with_more(self, more: Sequence[Candidates | None]) -> Ground:
        """The same and these candidates behind them."""
        new = _evaluated(self.informant, tuple(more), self.cost)
        offsets = np.array([0 if one is None else one.size for one in self.sets])
        sets = tuple(_joined(a, b) for a, b in zip(self.sets, more, strict=True))
        width = max(self.rows.shape[2], new.rows.shape[2])
        return replace(
            self,
            sets=sets,
            data_set=np.concatenate([self.data_set, new.data_set]),
            row=np.concatenate([self.row, new.row + offsets[new.data_set]]),
            output=np.concatenate([self.output, new.output]),
            rows=np.concatenate([_wide(self.rows, width), _wide(new.rows, width)], axis=1),
            costs=np.concatenate([self.costs, new.costs]),
        )

    def only(self, index: np.ndarray) -> Ground:
        """Some of them; the settings stay as they are."""
        return replace(
            self,
            data_set=self.data_set[index],
            row=self.row[index],
            output=self.output[index],
            rows=self.rows[:, index],
            costs=self.costs[index],
        )

    def pool(self, base: np.ndarray, wanted: np.ndarray, effort: float | None, *, local: bool) -> Pool:
        """What maths sees of them.

        Arguments:
            base: (S, d, d) information that is there.
            wanted: (S, r, d).
            effort: all that is spent, so that weights are shares of it; None for single measurements.
            local: whether the first point is looked at alone; otherwise all but the first.
        """
        chosen = slice(0, 1) if local else slice(1, None)
        size = np.ones(self.size) if effort is None else np.sqrt(effort / self.costs)
        return Pool(self.rows[chosen] * size[:, None, None], base[chosen], wanted[chosen])

    def at_draws(self, good: np.ndarray) -> Ground:
        """The same at some of the points of the parameters."""
        self.informant.points = self.informant.points[good]
        return replace(self, rows=self.rows[good])

    def settings(self, n: int) -> dict[str, Any]:
        """The inputs of one candidate."""
        chosen = self.sets[int(self.data_set[n])]
        if chosen is None:
            return {}
        found = {name: values[int(self.row[n])] for name, values in chosen.inputs.items()}
        return {name: float(v) if np.ndim(v) == 0 else np.asarray(v) for name, v in found.items()}


def _without_failed_draws(informant: Informant, sets: tuple[Candidates | None, ...]) -> None:
    """Draws of the parameters at which the model fails are left out, rather than the candidates."""
    if len(informant.points) == 1:
        return
    finite = np.concatenate([np.isfinite(block).all(axis=(2, 3)) for block in informant.rows(sets)], axis=1)
    good = finite[:, finite[0]].mean(axis=1) > _MOSTLY
    good[0] = True
    if not good.all():
        informant.notes.append(f"{int((~good).sum())} draws of the parameters were left out, where the model fails.")
        informant.points = informant.points[good]


def _evaluated(informant: Informant, sets: tuple[Candidates | None, ...], cost: Any) -> Ground:
    blocks = informant.rows(sets)
    problem = informant.problem
    data_set: list[np.ndarray] = []
    row: list[np.ndarray] = []
    output: list[np.ndarray] = []
    costs: list[np.ndarray] = []
    width = max(block.shape[2] for block in blocks)
    for i, (data, chosen) in enumerate(zip(problem.data_sets, sets, strict=True)):
        if chosen is None:
            continue
        each = costs_of(cost, data, chosen)
        for o in range(len(data.outputs)) if informant.separate else (-1,):
            data_set.append(np.full(chosen.size, i))
            row.append(np.arange(chosen.size))
            output.append(np.full(chosen.size, o))
            costs.append(each)
    rows = np.concatenate([_wide(block, width) for block in blocks], axis=1)
    finite = np.asarray(np.isfinite(rows).all(axis=(0, 2, 3)))
    ground = Ground(
        informant,
        sets,
        np.concatenate(data_set),
        np.concatenate(row),
        np.concatenate(output),
        rows,
        np.concatenate(costs),
        cost,
        int((~finite).sum()),
    )
    return ground if finite.all() else ground.only(np.flatnonzero(finite))


def _wide(rows: np.ndarray, width: int) -> np.ndarray:
    return np.pad(rows, ((0, 0), (0, 0), (0, width - rows.shape[2]), (0, 0)))


def _joined(first: Candidates | None, second: Candidates | None) -> Candidates | None:
    if first is None or second is None:
        return first
    return replace(
        first,
        inputs={n: np.concatenate([v, second.inputs[n]]) for n, v in first.inputs.items()},
        columns={n: np.concatenate([v, second.columns[n]]) for n, v in first.columns.items()},
    )
