"""Which columns of a table a ready-made model takes, by a guess at their names and order; and units in the header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from parametra.formats._new_columns import like_sigma, number_columns
from parametra.nouns._unit_registry import OWN
from parametra.nouns.errors import FileError, UnitError
from parametra.nouns.ready_made import Form
from parametra.nouns.table import Table
from parametra.nouns.units import parse_unit

_COUNTERS = ("", "#", "id", "index", "no", "no.", "nr", "nr.", "number", "obs", "row", "unnamed: 0")
"""Names of columns that count the rows."""

_SHORT = {
    "concentration": ("c", "conc"),
    "dose": ("d",),
    "fraction": ("c", "x"),
    "inhibitor": ("i",),
    "luminosity_distance": ("dl", "d_l"),
    "magnitude": ("m", "mag"),
    "parameters": ("n", "params"),
    "population": ("n",),
    "position": ("x",),
    "rate": ("k", "v", "v0", "velocity"),
    "response": ("y",),
    "signal": ("y", "intensity", "counts"),
    "substrate": ("s", "c", "conc", "concentration"),
    "temperature": ("t", "temp"),
    "time": ("t",),
    "tokens": ("d",),
    "z": ("redshift",),
}
"""What columns are called in tables, by the name that a model has for it."""

_HEADER = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<square>.+)\]|\((?P<round>.+)\))\s*")


@dataclass(frozen=True)
class ModelColumns:
    """Which column is what.

    Arguments:
        of: input or output to column. An output that the table does not hold is left out.
        sigma: output to the column of its standard deviations, for those that have one.
        units: column to the unit in its header, for those that state one.
        unused: the other columns.
        gaps: True when one that is used has missing values.
        missing: inputs that no column holds: each is one number for the whole table.
        not_sigma: columns named like standard deviations that are none, each with the reason.
    """

    of: dict[str, str]
    sigma: dict[str, str]
    units: dict[str, str]
    unused: tuple[str, ...]
    gaps: bool
    missing: tuple[str, ...] = ()
    not_sigma: Mapping[str, str] = field(default_factory=dict[str, str])


def model_columns(name: str, form: Form, table: Table) -> ModelColumns:
    """By name where a name tells; of what is left the first are the inputs, and the last the outputs.

    Arguments:
        name: the model, for messages.
        form: what it is.
        table: to be fitted.

    Raises:
        FileError: too few columns of numbers for an input and the outputs.
        DataError: no columns of numbers, or numbers that are written in another way.
    """
    numbers = number_columns(table)
    bare = {column: bare_name(column).lower() for column in numbers}
    spread = [column for column in numbers if like_sigma(bare[column], [*bare.values()])]
    wanted = [*form.inputs, *form.outputs]
    found = _by_name(wanted, bare, spread)
    _by_place(found, form, table, [column for column in numbers if column not in spread])
    missing = tuple(name for name in form.inputs if name not in found)
    if not any(name in found for name in form.outputs) or (missing and len(missing) == len(form.inputs)):
        raise FileError(
            f"{name} takes {', '.join(form.inputs) or 'no input'} and gives {', '.join(form.outputs)}; "
            f"{table.source} has only the columns of numbers {', '.join(numbers)}.{_told_as_text(table)}"
        )
    left = [column for column in spread if column not in found.values()]
    free = [column for column in left if np.nanmin(table.columns[column]) > 0]
    sigma = _sigma(form, {each: bare[column] for each, column in found.items()}, {each: bare[each] for each in free})
    used = [*found.values(), *sigma.values()]
    own = {*form.inputs.values(), *form.outputs.values()}
    return ModelColumns(
        {each: found[each] for each in wanted if each in found},
        sigma,
        {column: unit for column in dict.fromkeys(used) if (unit := unit_of(column, own))},
        tuple(column for column in table.columns if column not in used),
        any(not np.isfinite(table.columns[column]).all() for column in used),
        missing,
        {column: _why_no_sigma(column, table) for column in left if column not in free},
    )


def _why_no_sigma(column: str, table: Table) -> str:
    values = table.columns[column]
    row = int(np.flatnonzero(values <= 0)[0])
    return f"standard deviations are above zero, and {values[row]:g} stands in {_line(table, row)}"


def _line(table: Table, row: int) -> str:
    return table.place(row) if table.lines is None else f"line {table.lines[table.positions[row]]}"


def _told_as_text(table: Table) -> str:
    """Which columns are none of numbers, and since which cell; "" where all are."""
    texts = [table.text_in(column) for column in table.columns if table.is_text(column)]
    return f" The {'; the '.join(texts[:3])}." if texts else ""


def _by_name(wanted: list[str], bare: Mapping[str, str], spread: list[str]) -> dict[str, str]:
    """Name to the column that is called so, whatever its case; then to one called by a habit, or with more words."""
    ways: tuple[Callable[[str, str], bool], ...] = (
        lambda name, column: column == name,
        lambda name, column: column in _SHORT.get(name, ()),
        lambda name, column: name in re.split(r"[\s_.-]+", column),
    )
    found: dict[str, str] = {}
    for number, told in enumerate(ways):
        for name in wanted:
            free = [c for c in bare if c not in found.values() and (number == 0 or c not in spread)]
            column = next((c for c in free if told(name.lower(), bare[c])), None)
            if name not in found and column is not None:
                found[name] = column
    return found


def _by_place(found: dict[str, str], form: Form, table: Table, plain: list[str]) -> None:
    """Give what no name told the columns that are left, those that count the rows only where others do not suffice.

    Where columns are too few, one that is left is the only output, and the others are the first inputs: an input may be
    one number for the whole table, as a dose is. Of several outputs a table may hold those that its columns name.
    """
    inputs = [name for name in form.inputs if name not in found]
    outputs = [name for name in form.outputs if name not in found]
    every = [column for column in plain if column not in found.values()]
    left = [column for column in every if not counts_rows(column, table)]
    left = left if len(left) >= len(inputs) + len(outputs) else every
    if len(left) < len(inputs) + len(outputs):
        named = len(outputs) < len(form.outputs)
        outputs = [] if named or len(form.outputs) > 1 or not left else outputs
        inputs = inputs if outputs or named else []
    found.update(zip(inputs, left[: len(left) - len(outputs)], strict=False))
    found.update(zip(outputs, left[len(left) - len(outputs) :], strict=True))


def counts_rows(column: str, table: Table) -> bool:
    """Whether a column does nothing but number the rows, by its name."""
    values = table.columns[column]
    return column.strip().lower() in _COUNTERS and bool(np.all(values == np.floor(values)))


def _sigma(form: Form, called: Mapping[str, str], free: Mapping[str, str]) -> dict[str, str]:
    """Output to the column named after its own; to one that is named after none, where there is no such column."""
    mine = {
        output: column
        for output in form.outputs
        if (column := next((c for c, low in free.items() if _belongs(low, called[output])), None)) is not None
    }
    alone = [c for c, low in free.items() if not any(_belongs(low, called[name]) for name in called)]
    return mine or (dict.fromkeys(form.outputs, alone[0]) if alone else {})


def _belongs(sigma: str, column: str) -> bool:
    return sigma == f"d{column}" or column in re.split(r"[\s_.-]+", sigma) or (len(column) > 2 and column in sigma)


def bare_name(header: str) -> str:
    """A header without the brackets at its end."""
    found = _HEADER.fullmatch(header)
    return found["name"] if found and found["name"] else header.strip()


def unit_of(header: str, own: Iterable[str]) -> str:
    """The unit in brackets at the end of a header; "" where there is none, or nobody knows it."""
    found = _HEADER.fullmatch(header)
    text = (found["square"] or found["round"]).strip() if found else ""
    if text in own or not text:
        return text
    try:
        unit = parse_unit(text)
    except UnitError:
        return ""
    return "" if unit is None or any(name.startswith(OWN) for name, _ in unit.dimension) else text
