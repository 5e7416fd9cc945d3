"""What could be measured: settings of the inputs, as a person states them or over the range that the data have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, did_you_mean
from parametra.nouns.problem import Problem
from parametra.nouns.statement import is_number, shown
from parametra.nouns.table import read_table

MOST = 4000
"""Candidates in all."""

_LEVELS = {1: 101, 2: 25, 3: 11, 4: 6, 5: 5}
"""Values of each input in a grid of so many inputs, where none are stated; 3 for more inputs."""

_LOGARITHMIC = 300.0
"""Largest over smallest value from which a grid is even in the logarithm."""

_WANTED = (
    "Give a number, a list of values, a pair (lower, upper), a triple (lower, upper, how many), or a table {lower, "
    "upper, points, log}"
)


@dataclass(frozen=True)
class Range:
    """An input that may take any value between two.

    Arguments:
        lower, upper: the ends.
        points: how many candidates.
        log: whether they are even in the logarithm.
    """

    lower: float
    upper: float
    points: int
    log: bool = False

    @property
    def values(self) -> np.ndarray:
        """The candidates."""
        spaced = np.geomspace if self.log else np.linspace
        return spaced(self.lower, self.upper, self.points)

    def to_unit(self, value: np.ndarray) -> np.ndarray:
        """Where values lie, 0 at the lower and 1 at the upper end."""
        if self.log:
            return np.log(value / self.lower) / np.log(self.upper / self.lower)
        return (value - self.lower) / (self.upper - self.lower)

    def from_unit(self, unit: np.ndarray) -> np.ndarray:
        """The values there; the ends are met exactly."""
        unit = np.clip(unit, 0.0, 1.0)
        if self.log:
            found = self.lower * (self.upper / self.lower) ** unit
        else:
            found = self.lower + (self.upper - self.lower) * unit
        return np.where(unit >= 1, self.upper, np.where(unit <= 0, self.lower, found))


@dataclass(frozen=True)
class Candidates:
    """The candidates of one data set.

    Arguments:
        inputs: name to values (n,).
        ranges: the inputs between whose candidates more may be looked at.
        columns: what a table of candidates holds besides.
    """

    inputs: dict[str, np.ndarray]
    ranges: dict[str, Range] = field(default_factory=dict[str, Range])
    columns: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])

    @property
    def size(self) -> int:
        """How many there are."""
        return len(next(iter(self.inputs.values()))) if self.inputs else 1

    def at(self, index: np.ndarray) -> Candidates:
        """Some of them."""
        return replace(
            self,
            inputs={k: v[index] for k, v in self.inputs.items()},
            columns={k: v[index] for k, v in self.columns.items()},
        )


def candidates_of(problem: Problem, stated: object, data_sets: Sequence[str] | None) -> list[Candidates | None]:
    """The candidates for each data set; None for those that are left out.

    Arguments:
        problem: what is asked.
        stated: None, a mapping of input to what it may be, a `Data`, or a table with a column for each input.
        data_sets: names of those in which more can be measured; None for all.

    Raises:
        DataError: a statement that cannot be read, or too many candidates.
    """
    known = [d.name for d in problem.data_sets]
    for name in data_sets or ():
        if name not in known:
            raise DataError(f'design: there is no data set "{name}"; {did_you_mean(str(name), known)}')
    found = [
        _of_data_set(data, stated) if data_sets is None or data.name in data_sets else None
        for data in problem.data_sets
    ]
    total = sum(one.size for one in found if one is not None)
    if total > MOST:
        raise DataError(
            f"there would be {total} candidates, and {MOST} are the most. State fewer values of the inputs, or a table "
            "of the settings that can be measured."
        )
    return found


def _of_data_set(data: Data, stated: object) -> Candidates:
    wide = [name for name, values in data.inputs.items() if values.ndim > 1]
    if stated is None or isinstance(stated, Mapping):
        if wide:
            raise DataError(
                f'the input "{wide[0]}" has several columns, so candidates are no grid of it. Give the settings that '
                "can be measured as a Data with the same inputs."
            )
        return _grid(data, dict(stated or {}))
    if isinstance(stated, Data):
        missing = sorted(set(data.inputs) - set(stated.inputs))
        if missing:
            raise DataError(f'the candidates have no input "{missing[0]}"; it is needed in "{data.name}".')
        return Candidates({name: stated.inputs[name] for name in data.inputs}, {}, dict(stated.columns))
    return _table(data, stated)


def _table(data: Data, stated: object) -> Candidates:
    table = read_table(stated)
    for name in data.inputs:
        if name not in table.columns:
            raise DataError(
                f'the table of candidates has no column "{name}", an input of "{data.name}"; '
                + did_you_mean(name, table.columns)
            )
    inputs = {name: np.asarray(table.numbers(name), dtype=np.float64) for name in data.inputs}
    for name, values in inputs.items():
        if not np.isfinite(values).all():
            raise DataError(f'the table of candidates has a missing value of "{name}"; leave the row out.')
    others = [n for n in table.columns if n not in inputs and not table.is_text(n)]
    return Candidates(inputs, {}, {n: np.asarray(table.numbers(n), dtype=np.float64) for n in others})


def _grid(data: Data, stated: dict[str, Any]) -> Candidates:
    for name in stated:
        if name not in data.inputs:
            raise DataError(f'candidates: there is no input "{name}"; {did_you_mean(str(name), data.inputs)}')
    if not data.inputs:
        return Candidates({})
    open_ = [name for name in data.inputs if name not in stated and _spread(data.inputs[name])]
    ranged = [name for name, thing in stated.items() if not is_number(thing) and not isinstance(thing, list)]
    levels = _LEVELS.get(len(open_) + len(ranged), 3)
    axes: dict[str, Range | np.ndarray] = {}
    for name, values in data.inputs.items():
        if name in stated:
            axes[name] = _axis(name, stated[name], levels)
        elif name in open_:
            known = values[np.isfinite(values)]
            low, high = float(known.min()), float(known.max())
            axes[name] = Range(low, high, levels, low > 0 and high > _LOGARITHMIC * low)
        else:
            axes[name] = values[:1]
    parts = [axis.values if isinstance(axis, Range) else axis for axis in axes.values()]
    count = int(np.prod([float(len(part)) for part in parts]))
    if count > MOST:
        raise DataError(
            f"the product of the inputs has {count:.3g} candidates, and {MOST} are the most. State fewer values "
            "of some, or a table of the settings that can be measured."
        )
    product = np.meshgrid(*parts, indexing="ij")
    inputs = {name: one.ravel().astype(np.float64) for name, one in zip(axes, product, strict=True)}
    return Candidates(inputs, {name: axis for name, axis in axes.items() if isinstance(axis, Range)})


def _spread(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size and np.ptp(known) > 0)


def _axis(name: str, thing: Any, levels: int) -> Range | np.ndarray:
    where = f"candidates of {name}"
    if is_number(thing):
        return np.array([float(thing)])
    if isinstance(thing, Mapping):
        unknown = [str(k) for k in thing if k not in ("lower", "upper", "points", "log")]
        if unknown:
            raise DataError(f'{where}: "{unknown[0]}" is unknown. {_WANTED}.')
        if "lower" not in thing or "upper" not in thing:
            raise DataError(f"{where}: lower or upper is missing. {_WANTED}.")
        return _range(where, thing["lower"], thing["upper"], thing.get("points", levels), log=thing.get("log", False))
    if isinstance(thing, tuple):
        if len(thing) not in (2, 3):
            raise DataError(f"{where}: {len(thing)} numbers in brackets came. {_WANTED}.")
        return _range(where, thing[0], thing[1], thing[2] if len(thing) == 3 else levels, log=False)
    if isinstance(thing, (str, bytes)) or not hasattr(thing, "__iter__"):
        raise DataError(f"{where}: {shown(thing)} came. {_WANTED}.")
    values = list(thing)
    wrong = next((v for v in values if not is_number(v) or not np.isfinite(v)), None)
    if wrong is not None or not values:
        raise DataError(f"{where}: {shown(wrong) if values else 'no value'} came among the values. {_WANTED}.")
    return np.array(values, dtype=np.float64)


def _range(where: str, lower: Any, upper: Any, points: Any, *, log: Any) -> Range:
    if not (is_number(lower) and is_number(upper) and np.isfinite([lower, upper]).all() and lower < upper):
        raise DataError(
            f"{where}: from {shown(lower)} to {shown(upper)} is no range; give a lower and a higher number."
        )
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or points < 2:
        raise DataError(f"{where}: {shown(points)} points; a whole number, 2 or more, is wanted.")
    if not isinstance(log, bool):
        raise DataError(f"{where}: log is true or false; {shown(log)} came.")
    if log and lower <= 0:
        raise DataError(f"{where}: a logarithmic range begins above 0; {lower:g} came.")
    return Range(float(lower), float(upper), int(points), log)
