"""Measured data: inputs, outputs and their standard deviations, checked once and never changed afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.nouns._data_reader import (
    Reader,
    any_of,
    checked_constants,
    checked_input_errors,
    checked_parameters,
    checked_units,
    gap,
    named_inputs,
    named_outputs,
    observed_index,
    refuse_nothing_left,
    refuse_overlap,
    rows_where,
    stated_sigma,
    taken,
)
from parametra.nouns.errors import DataError
from parametra.nouns.table import read_table

_DEFAULT_NAME = "data"
_HOW_TO_BUILD = 'build one with Data(table, inputs=["x"], output="y", sigma="sigma")'


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Data:
    """One data set. Many of them may share parameters by name.

    Arguments:
        table: a mapping of columns, a data frame, a CSV file's path, or anything else that `read_table` reads.
        inputs: names of columns; or name to column name, or name to values of shape (n,) or (n, k).
        output: the measured column, or several; or the name of an output to its column.
        sigma: standard deviations: a column, a number or values (n,), for all outputs, or a mapping of output to these.
        input_errors: standard deviations of inputs that were measured too, a mapping of input to column, number or
            values (n,); see the page on noise structures.
        name: what results call this data set.
        missing: "refuse" raises for a missing value; "mask" leaves it out, and `masked` counts what was left out.
        where: column to value, keeps the rows with that value; see `Table.where`.
        units: column, input, output or constant to unit, such as {"H": "km/s/Mpc"}.
        parameters: model argument to the problem's parameter that it takes in this data set.
        constants: further inputs of the model that are one number in this data set.
        source: where the data come from; the file's name when left out.

    Attributes:
        inputs, outputs: name to values, all rows, float64, read-only. An output that is left out is NaN there.
        sigma: output to standard deviations, all rows, for the outputs that have them.
        sigma_columns: output to the column that its standard deviations come from, where they come from one.
        input_errors: input to the standard deviations of its values, all rows, for the inputs that have them.
        observed: output to the index of the rows that have it, None for all of them.
        columns: the other columns that hold numbers, which may have missing values.
        texts: the columns that hold text.
        masked: how many output values were left out for missing values; a row without an input loses all its outputs.

    Raises:
        DataError: a column that is not there, text, missing or infinite values, sigma not above zero, lengths that
            differ, names that contradict one another, no rows.
    """

    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    sigma: dict[str, np.ndarray]
    sigma_columns: dict[str, str]
    input_errors: dict[str, np.ndarray]
    observed: dict[str, Int[np.ndarray, " observed"] | None]
    columns: dict[str, np.ndarray]
    texts: dict[str, np.ndarray]
    masked: int
    name: str
    units: dict[str, str]
    parameters: dict[str, str]
    constants: dict[str, float]
    source: str

    def __init__(
        self,
        table: Any,
        *,
        inputs: Sequence[str] | Mapping[str, Any] = (),
        output: str | Sequence[str] | Mapping[str, str],
        sigma: Any = None,
        input_errors: Any = None,
        name: str = _DEFAULT_NAME,
        missing: str = "refuse",
        where: Mapping[str, Any] | None = None,
        units: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        constants: Mapping[str, Any] | None = None,
        source: str = "",
    ) -> None:
        if missing not in ("refuse", "mask"):
            raise DataError(f'missing is "refuse" or "mask"; came "{missing}".')
        whole = read_table(table)
        reader = Reader(whole, rows_where(whole, where))
        stated_inputs = named_inputs(inputs)
        stated_outputs = named_outputs(output)
        refuse_overlap(stated_inputs, stated_outputs)
        values = {key: reader.values(key, wanted, "input") for key, wanted in stated_inputs.items()}
        measured = {key: reader.single(key, wanted, "output") for key, wanted in stated_outputs.items()}
        stated = stated_sigma(sigma, stated_outputs)
        deviations = {key: reader.sigma(key, wanted) for key, wanted in stated.items()}
        stated_errors = checked_input_errors(input_errors, values)
        errors = {key: reader.input_error(key, wanted) for key, wanted in stated_errors.items()}
        if missing == "refuse":
            reader.refuse_gaps(values, stated_inputs, "input")
            reader.refuse_gaps(errors, stated_errors, "input error of")
            reader.refuse_gaps(measured, stated_outputs, "output")
            reader.refuse_gaps(deviations, stated, "sigma of")
        named = (*stated_inputs.values(), *stated_outputs.values(), *stated.values(), *stated_errors.values())
        used = {wanted for wanted in named if isinstance(wanted, str)}
        others = [key for key in whole.columns if key not in used and not whole.is_text(key)]
        fields = _kept(reader.table.rows, values, measured, deviations, errors)
        kept = fields.pop("kept")
        fields |= {
            "columns": taken({key: reader.table.columns[key] for key in others}, kept),
            "texts": taken({key: reader.table.columns[key] for key in whole.columns if whole.is_text(key)}, kept),
            "sigma_columns": {key: wanted for key, wanted in stated.items() if isinstance(wanted, str)},
            "name": name,
            "constants": checked_constants(constants or {}, {**values, **measured}),
            "parameters": checked_parameters(parameters or {}, {*values, *(constants or {})}),
            "units": _by_name(
                checked_units(units or {}, [*values, *measured, *(constants or {}), *whole.columns]),
                {**stated_inputs, **stated_outputs},
            ),
            "source": source or whole.source,
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @property
    def rows(self) -> int:
        """How many rows a prediction for this data set has."""
        return len(next(iter(self.outputs.values())))

    @property
    def size(self) -> int:
        """How many values were observed, over all outputs."""
        return sum(len(self.observations(output)[0]) for output in self.outputs)

    def observations(self, output: str) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"] | None]:
        """What was observed of an output, and its standard deviations, without the rows that were left out."""
        index = self.observed[output]
        index = slice(None) if index is None else index
        sigma = self.sigma.get(output)
        return self.outputs[output][index], None if sigma is None else sigma[index]

    @property
    def signature(self) -> tuple[Any, ...]:
        """All but the values, hashable: data sets with equal signatures can share one compiled function."""
        counts = {key: -1 if index is None else len(index) for key, index in self.observed.items()}
        return (
            tuple(sorted((key, value.shape) for key, value in self.inputs.items())),
            tuple(sorted((key, value.shape, counts[key], key in self.sigma) for key, value in self.outputs.items())),
            tuple(sorted(self.input_errors)),
            tuple(sorted(self.constants)),
            tuple(sorted(self.parameters.items())),
            tuple(sorted(self.units.items())),
        )

    def content_hash(self) -> str:
        """A sha256 of names and values, whatever the order of columns; the name of the data set is no part of it."""
        digest = hashlib.sha256()
        parts: list[tuple[str, Mapping[str, Any]]] = [
            ("input", self.inputs),
            ("output", self.outputs),
            ("sigma", self.sigma),
            ("input error", self.input_errors),
            ("constant", self.constants),
        ]
        for role, values in parts:
            for key in sorted(values):
                array = np.asarray(values[key], dtype="<f8") + 0.0  # -0.0 is 0.0
                digest.update(repr((role, key, array.shape)).encode())
                digest.update(np.where(np.isnan(array), np.nan, array).astype("<f8").tobytes())
        digest.update(repr((sorted(self.parameters.items()), sorted(self.units.items()))).encode())
        return digest.hexdigest()

    def renamed(self, name: str) -> Data:
        """The same data set with another name."""
        other = object.__new__(Data)
        for field, value in {**vars(self), "name": name}.items():
            object.__setattr__(other, field, value)
        return other

    def called(self, output: str) -> Data:
        """The same data set, its only output under another name."""
        (mine,) = self.outputs
        other = object.__new__(Data)
        for field, value in vars(self).items():
            by_output = field in ("outputs", "sigma", "sigma_columns", "observed", "units")
            renamed = {output if k == mine else k: v for k, v in value.items()} if by_output else value
            object.__setattr__(other, field, renamed)
        return other

    @staticmethod
    def of(thing: Any) -> Data:
        """The data set that `thing` is. Raises DataError, which tells how to build one, for anything else."""
        if isinstance(thing, Data):
            return thing
        raise DataError(f"a data set is wanted and {type(thing).__name__} came; {_HOW_TO_BUILD}.")

    def __repr__(self) -> str:
        words = [f"{self.rows} rows", *(["inputs " + ", ".join(self.inputs)] if self.inputs else [])]
        words.append("output " + ", ".join(self.outputs))
        words += ["sigma given"] if self.sigma else []
        words += ["errors of " + ", ".join(self.input_errors)] if self.input_errors else []
        words += [f"{self.masked} values left out"] if self.masked else []
        return f"<Data {self.name}: {'; '.join(words)}>"


def _kept(
    rows: int,
    inputs: dict[str, np.ndarray],
    outputs: dict[str, np.ndarray],
    sigma: dict[str, np.ndarray],
    errors: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Rows with all their inputs, and of each output the index of those that have it, with a sigma if there is one."""
    kept = np.flatnonzero(~any_of((gap(array) for array in (*inputs.values(), *errors.values())), rows))
    observed = {
        key: observed_index(np.isfinite(array) & np.isfinite(sigma.get(key, array)), kept)
        for key, array in outputs.items()
    }
    refuse_nothing_left(rows, kept, observed)
    size = sum(len(kept) if index is None else len(index) for index in observed.values())
    return {
        "inputs": taken(inputs, kept),
        "outputs": taken(outputs, kept),
        "sigma": taken(sigma, kept),
        "input_errors": taken(errors, kept),
        "observed": observed,
        "kept": kept,
        "masked": rows * len(outputs) - size,
    }


def _by_name(units: dict[str, str], stated: Mapping[str, Any]) -> dict[str, str]:
    """Units by the names of inputs and outputs too, where they were stated by the columns that these are."""
    named = {key: units[wanted] for key, wanted in stated.items() if isinstance(wanted, str) and wanted in units}
    return {**named, **units}


def as_data_sets(thing: Any) -> tuple[Data, ...]:
    """All data sets in one `Data`, a sequence of them, or a mapping of name to `Data`, with names all different.

    Data sets without a name of their own are numbered: data_1, data_2.

    Raises:
        DataError: something else came, none came, or two of them were given the same name.
    """
    if isinstance(thing, Mapping):
        data_sets = tuple(Data.of(data).renamed(str(name)) for name, data in thing.items())
    elif isinstance(thing, (list, tuple)):
        data_sets = tuple(Data.of(data) for data in thing)
    else:
        data_sets = (Data.of(thing),)
    if not data_sets:
        raise DataError(f"at least one data set is wanted and none came; {_HOW_TO_BUILD}.")
    names = [data.name for data in data_sets]
    if names.count(_DEFAULT_NAME) > 1:
        data_sets = tuple(
            data.renamed(f"{_DEFAULT_NAME}_{number}") if data.name == _DEFAULT_NAME else data
            for number, data in enumerate(data_sets, start=1)
        )
        names = [data.name for data in data_sets]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f'{names.count(name)} data sets are named "{name}"; give each its own: Data(..., name="...").'
            )
    return data_sets
