"""Takes checked arrays for a data set out of a table; every mistake is told with its row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Int
from parametra.nouns.errors import DataError, did_you_mean
from parametra.nouns.table import Table, read_table


@dataclass(frozen=True)
class Reader:
    """Takes checked arrays out of the rows of a table; arrays given beside it follow the rows that `where` kept."""

    whole: Table
    table: Table

    def values(self, name: str, wanted: Any, role: str) -> np.ndarray:
        """A column by its name, or an array that goes with the rows of the whole table: float64, not infinite.

        An input may be plus infinity: the time of a steady state. `Problem` refuses it for a model that knows none.
        """
        if isinstance(wanted, str):
            array = self.table.numbers(wanted)
        else:
            array = read_table({name: wanted}).numbers(name)
            if len(array) != self.whole.rows:
                raise DataError(
                    f'{role} "{name}" must have {self.whole.rows} rows like the table; it has {len(array)}.'
                )
            array = array[np.searchsorted(self.whole.positions, self.table.positions)]
        infinite = by_row(np.isneginf(array) if role == "input" else np.isinf(array))
        if infinite.any():
            place = self.table.place(int(np.argmax(infinite)))
            raise DataError(
                f"{title(name, wanted, role)} holds an infinite value in {place}; correct it, or leave the row out."
            )
        return array

    def single(self, name: str, wanted: Any, role: str) -> np.ndarray:
        """Like `values`, with one number in each row."""
        array = self.values(name, wanted, role)
        if array.ndim != 1:
            raise DataError(
                f'{role} "{name}" must have one number in each row; it has {array.shape[1]}. Give each its own column.'
            )
        return array

    def sigma(self, output: str, wanted: Any) -> np.ndarray:
        """Standard deviations for every row, above zero where they are not missing."""
        if not isinstance(wanted, str) and np.ndim(wanted) == 0:
            number = as_number(wanted)
            if number is None or not 0 < number < math.inf:
                raise DataError(f'sigma of "{output}" must be a number above zero; came {wanted!r}.')
            return np.full(self.table.rows, number)
        array = self.single(output, wanted, "sigma of")
        wrong = array <= 0
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f'sigma of "{output}" must be above zero; it is {array[row]:g} in {self.table.place(row)}. Correct it, '
                f"or leave the row out."
            )
        return array

    def input_error(self, name: str, wanted: Any) -> np.ndarray:
        """Standard deviations of an input for every row, zero or above where they are not missing."""
        if not isinstance(wanted, str) and np.ndim(wanted) == 0:
            number = as_number(wanted)
            if number is None or not 0 <= number < math.inf:
                raise DataError(f'the input error of "{name}" must be a number, zero or above; came {wanted!r}.')
            return np.full(self.table.rows, number)
        array = self.single(name, wanted, "input error of")
        wrong = array < 0
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f'the input error of "{name}" must be zero or above; it is {array[row]:g} in {self.table.place(row)}.'
            )
        return array

    def refuse_gaps(self, values: Mapping[str, np.ndarray], stated: Mapping[str, Any], role: str) -> None:
        for name, array in values.items():
            missing = gap(array)
            if missing.any():
                count = int(missing.sum())
                words = "a missing value" if count == 1 else f"{count} missing values, first"
                place = self.table.place(int(np.argmax(missing)))
                raise DataError(
                    f"{title(name, stated[name], role)} holds {words} in {place}; "
                    f'pass missing="mask" to leave such values out.'
                )


def title(name: str, stated: Any, role: str) -> str:
    """How a message calls values: by the column that they come from, or by what they are."""
    return f'column "{stated}"' if isinstance(stated, str) else f'{role} "{name}"'


def rows_where(whole: Table, where: Mapping[str, Any] | None) -> Table:
    if not where:
        return whole
    table = whole.where(where)
    if table.rows == 0:
        held = {key: list(dict.fromkeys(whole.columns[key].tolist()))[:6] for key in where}
        shown = "; ".join(f'"{key}" holds {", ".join(f"{value}" for value in held[key])}' for key in where)
        raise DataError(f"no row has where = {dict(where)!r}; column {shown}.")
    return table


def column_names(stated: Any, role: str) -> list[str]:
    if not isinstance(stated, (str, list, tuple)):
        raise DataError(f"{role} takes the name of a column or a list of names; came {stated!r}.")
    names = [stated] if isinstance(stated, str) else list(stated)
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"{role} takes names of columns; came {type(name).__name__}.")
        if names.count(name) > 1:
            raise DataError(f'{role} names "{name}" twice; name each column once.')
    if role == "output" and not names:
        raise DataError('output names no column; name what was measured, such as output="y".')
    return names


def named_inputs(stated: Any) -> dict[str, Any]:
    if isinstance(stated, Mapping):
        return {str(name): wanted for name, wanted in stated.items()}
    return {name: name for name in column_names(stated, "inputs")}


def named_outputs(stated: Any) -> dict[str, str]:
    """Output to the column that was measured."""
    if not isinstance(stated, Mapping):
        return {name: name for name in column_names(stated, "output")}
    columns = column_names([*stated.values()], "output")
    return {str(name): column for name, column in zip(stated, columns, strict=True)}


def refuse_overlap(inputs: Mapping[str, Any], outputs: Mapping[str, str]) -> None:
    for name in dict.fromkeys((*outputs, *outputs.values())):
        if name in inputs or name in [wanted for wanted in inputs.values() if isinstance(wanted, str)]:
            raise DataError(f'"{name}" is listed as an input and as an output; a column is one or the other.')


def stated_sigma(stated: Any, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Output to what states its standard deviations, which may be stated by its name or by its column."""
    if stated is None:
        return {}
    if not isinstance(stated, Mapping):
        return dict.fromkeys(outputs, stated)
    by_column = {column: name for name, column in outputs.items()}
    found: dict[str, Any] = {}
    for key, wanted in stated.items():
        name = key if key in outputs else by_column.get(key)
        if name is None:
            raise DataError(f'sigma is given for "{key}", which is no output; {did_you_mean(str(key), outputs)}')
        if name in found:
            raise DataError(f'sigma of "{name}" is given twice, by its name and by its column "{outputs[name]}".')
        found[name] = wanted
    return {name: wanted for name, wanted in found.items() if wanted is not None}


def checked_input_errors(stated: Any, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Input to what states its standard deviations."""
    if stated is None:
        return {}
    if not isinstance(stated, Mapping):
        raise DataError(
            f'input_errors is a mapping of input to its standard deviations, {{"x": "sx"}}; came {stated!r}.'
        )
    for name in stated:
        if name not in inputs:
            raise DataError(f'input_errors names "{name}", which is no input; {did_you_mean(str(name), inputs)}')
        if inputs[name].ndim != 1:
            raise DataError(
                f'input_errors names "{name}", which has {inputs[name].shape[1]} numbers a row; give each its input.'
            )
    return {str(name): wanted for name, wanted in stated.items() if wanted is not None}


def as_number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def by_row(flags: Bool[np.ndarray, "..."]) -> Bool[np.ndarray, " n"]:
    return flags if flags.ndim == 1 else np.any(flags, axis=1, keepdims=True)[:, 0]


def any_of(flags: Iterable[Bool[np.ndarray, " n"]], rows: int) -> Bool[np.ndarray, " n"]:
    missing = np.zeros(rows, dtype=bool)
    for flag in flags:
        missing |= flag
    return missing


def gap(array: np.ndarray) -> Bool[np.ndarray, " n"]:
    return by_row(np.isnan(array))


def observed_index(present: Bool[np.ndarray, " n"], kept: Int[np.ndarray, " m"]) -> Int[np.ndarray, " observed"] | None:
    index = np.flatnonzero(present[kept])
    index.flags.writeable = False
    return None if len(index) == len(kept) else index


def refuse_nothing_left(rows: int, kept: Int[np.ndarray, " m"], observed: Mapping[str, Any]) -> None:
    if len(kept) == 0:
        raise DataError(f"all {rows} rows miss an input, so that nothing is left; check the columns of the inputs.")
    for output, index in observed.items():
        if index is not None and len(index) == 0:
            raise DataError(f'output "{output}" is missing, or its sigma is, in all {rows} rows; check its columns.')


def taken(values: Mapping[str, np.ndarray], kept: Int[np.ndarray, " m"]) -> dict[str, np.ndarray]:
    taken = {key: np.ascontiguousarray(array[kept]) for key, array in values.items()}
    for array in taken.values():
        array.flags.writeable = False
    return taken


def checked_constants(constants: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, float]:
    for name, value in constants.items():
        number = as_number(value)
        if number is None or not math.isfinite(number):
            raise DataError(f'constant "{name}" must be a finite number; came {value!r}.')
        if name in taken:
            raise DataError(f'"{name}" is a constant and also an input or output; give it once.')
    return {name: float(value) for name, value in constants.items()}


def checked_parameters(parameters: Mapping[str, Any], inputs: set[str]) -> dict[str, str]:
    for argument, parameter in parameters.items():
        if argument in inputs:
            raise DataError(f'parameters maps "{argument}", which is an input or constant of this data set; drop one.')
        if not isinstance(parameter, str):
            raise DataError(f'parameters maps "{argument}" to the name of a parameter; came {parameter!r}.')
    return dict(parameters)


def checked_units(units: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    for name in units:
        if name not in known:
            raise DataError(f'units names "{name}", which is no column; {did_you_mean(name, known)}')
    return dict(units)
