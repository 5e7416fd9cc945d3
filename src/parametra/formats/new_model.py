"""A problem file that names a ready-made model: with your table, or with the data of the model's known answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from parametra.formats._new_columns import guess_columns, quoted, relative
from parametra.nouns.data import Data, as_data_sets
from parametra.nouns.errors import FileError
from parametra.nouns.ready_made import Form, ReadyMade
from parametra.nouns.ready_made_text import domain_of, shown_form
from parametra.nouns.table import Table, read_table

_LONGEST = 40
"""Rows of a table that are written into the file itself; more go into a CSV file beside it."""

_TEXT = """\
# A problem for parametra. Look at it with `parametra check {file}`, run it with `parametra fit {file}`.
# What the model is, needs and gives: parametra models {name}

title = {title}

[model]
name = {quoted}
# priors = true           # take the model's priors, which a fit ignores otherwise
{options}
# The model states its parameters and reads guesses off the data. State one here to change it:
# [parameters]
{parameters}

{data}

# [noise]
# How the data scatter. Without this: as the model says.
# kind = "normal"

[fit]
# starts = 20             # how many starting points; left out, parametra decides and says why
seed = 0
out = "out"               # the folder for fit.json, the figures and the report
"""


def model_text(path: Path, ready: ReadyMade, table: Path | None) -> tuple[str, str, dict[Path, str]]:
    """The text of a problem file with a ready-made model, what was written in words, and files beside it.

    Arguments:
        path: where the file will be.
        ready: the model.
        table: a CSV file to fit; None takes the data of a known answer.

    Raises:
        FileError: no known answer whose data can be written.
        DataError: the table cannot be read, or lacks columns of numbers.
    """
    files: dict[Path, str] = {}
    options: Mapping[str, Any] = {}
    if table is not None:
        form = shown_form(ready)
        data = _table_lines(ready, form, read_table(table), relative(table, path.parent))
        words = f"with the model {ready.name} and the columns of {table.name}. Look at [data]: the columns are a guess"
    else:
        known = next((each for each in ready.known if not each.external), None)
        if known is None:
            raise FileError(f"the model {ready.name} comes without data of its own. Give yours: --from data.csv.")
        options = known.options
        form = ready.bare_form(known.data(), **options)
        form = form.in_units({**form.inputs, **form.outputs})
        data, files = _known_lines(path, as_data_sets(known.data()))
        words = f"with the model {ready.name} and data with a known answer: {known.about}"
    text = _TEXT.format(
        file=path.name,
        name=ready.name,
        quoted=quoted(ready.name),
        title=quoted(ready.summary),
        options=_option_lines(ready, options),
        parameters="\n".join(_parameter_line(name, each) for name, each in form.parameters.items()),
        data=data,
    )
    return text, words, files


def _option_lines(ready: ReadyMade, chosen: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for name, option in ready.options.items():
        said = f"# {option.about}" + (f": {', '.join(map(_toml, option.choices))}" if option.choices else "")
        if name in chosen:
            lines.append(f"options.{name} = {_toml(chosen[name])}   {said}")
        else:
            lines.append(f"# options.{name} = {_toml(option.default)}   {said}")
    return "\n".join(lines)


def _parameter_line(name: str, parameter: Any) -> str:
    unit = getattr(parameter, "unit", "")
    about = f"{getattr(parameter, 'description', '')}, in {domain_of(parameter)} {unit if unit != '1' else ''}".strip()
    return f"# {name} = {{ guess = ... }}   # {about}"


def _table_lines(ready: ReadyMade, form: Form, table: Table, source: str) -> str:
    """Columns of the same name, whatever their case; for the others what is left, in order."""
    found = guess_columns(table)
    numbers = [name for name in table.columns if not table.is_text(name) and name != found.sigma]
    chosen: dict[str, str] = {}
    for wanted in (*form.inputs, *form.outputs):
        same = next((name for name in numbers if name.lower() == wanted.lower() and name not in chosen.values()), None)
        if same is not None:
            chosen[wanted] = same
    for wanted in (*form.inputs, *form.outputs):
        if wanted not in chosen:
            left = next((name for name in numbers if name not in chosen.values()), None)
            if left is None:
                raise FileError(
                    f"{ready.name} takes {', '.join(form.inputs) or 'no input'} and gives {', '.join(form.outputs)}; "
                    f"{table.source} has only the columns of numbers {', '.join(numbers)}."
                )
            chosen[wanted] = left
    inputs = ", ".join(f"{name} = {quoted(chosen[name])}" for name in form.inputs)
    lines = ["[data]", f"file = {quoted(source)}"]
    lines += [f"inputs = {{ {inputs} }}   # what the model takes, and the columns that hold it"] if inputs else []
    outputs = [chosen[name] for name in form.outputs]
    if len(outputs) > 1 and outputs != list(form.outputs):
        renamed = ", ".join(f"{a} as {b}" for a, b in zip(outputs, form.outputs, strict=True) if a != b)
        lines.append(f"# of several outputs the model goes by the names: rename the column {renamed} in your table")
        outputs = [*form.outputs]
    lines.append(f"outputs = {_toml(outputs)}   # what was measured")
    lines.append(f"sigma = {quoted(found.sigma)}" if found.sigma else '# sigma = "sigma"   # a column, or a number')
    both = {**form.inputs, **dict(zip(outputs, form.outputs.values(), strict=True))}
    units = ", ".join(f"{_key(name)} = {quoted(unit)}" for name, unit in both.items())
    return "\n".join([*lines, f"# units = {{ {units} }}   # the model's own; state yours"])


def _known_lines(path: Path, sets: tuple[Data, ...]) -> tuple[str, dict[Path, str]]:
    files: dict[Path, str] = {}
    parts: list[str] = []
    for data in sets:
        columns = _columns(data)
        lines = ["[data]" if len(sets) == 1 else "[[data]]"]
        lines += [f"name = {quoted(data.name)}"] if len(sets) > 1 else []
        if data.rows > _LONGEST:
            beside = path.with_name(f"{path.stem}.csv" if len(sets) == 1 else f"{path.stem}_{data.name}.csv")
            files[beside] = _csv(columns)
            lines.append(f"file = {quoted(beside.name)}")
        else:
            lines.append(f"columns = {_inline(columns)}")
        lines += [f"inputs = {_toml([*data.inputs])}"] if data.inputs else []
        lines.append(f"outputs = {_toml([*data.outputs])}")
        if data.sigma:
            lines.append("sigma = " + _inline({name: f"sigma_{name}" for name in data.sigma}))
        named = {"units": data.units, "parameters": data.parameters, "constants": data.constants}
        lines += [f"{key} = {_inline(value)}" for key, value in named.items() if value]
        lines += ['missing = "mask"'] if data.masked else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts), files


def _columns(data: Data) -> dict[str, list[Any]]:
    arrays = {**data.inputs, **data.outputs, **{f"sigma_{k}": v for k, v in data.sigma.items()}, **data.columns}
    wide = next((name for name, values in arrays.items() if values.ndim > 1), None)
    if wide is not None:
        raise FileError(f'the model\'s own data hold several columns in "{wide}", which no table shows. Use --from.')
    return {name: values.tolist() for name, values in {**arrays, **data.texts}.items()}


def _csv(columns: dict[str, list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    rows = zip(*columns.values(), strict=True)
    writer.writerows([["" if _missing(v) else v for v in row] for row in rows])
    return text.getvalue()


def _missing(value: Any) -> bool:
    return isinstance(value, float) and np.isnan(value)


def _inline(table: Any) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_toml(value)}" for name, value in table.items()) + " }"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "a").isalnum() else quoted(name)


def _toml(value: Any) -> str:
    """A value as TOML writes it; numbers and texts are those of JSON, but for what is no number."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float) and np.isnan(value):
        return "nan"
    return json.dumps(value, ensure_ascii=False)
