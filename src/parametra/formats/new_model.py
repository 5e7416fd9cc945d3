"""A problem file that names a ready-made model: with your table, or with the data of the model's known answer."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parametra import catalogue
from parametra.formats._new_columns import quoted, relative
from parametra.formats._new_model_columns import ModelColumns, bare_name, model_columns
from parametra.formats._new_survival import for_survival, survival_columns
from parametra.formats.fit_settings import own_folder
from parametra.nouns.data import Data, as_data_sets
from parametra.nouns.errors import FileError
from parametra.nouns.ready_made import Form, ReadyMade
from parametra.nouns.ready_made_text import domain_of, shown_form
from parametra.nouns.table import Table, read_table

_LONGEST = 40
"""Rows of a table that are written into the file itself; more go into a CSV file beside it."""

_CODED = {
    "image": "add a column image of 0 in the rows of the first curve and 1 in those of the second, or, in Python, give "
    "both curves to pm.models.time_delay.two_curves",
}
"""Inputs that are codes rather than quantities, and what to do where no column of numbers holds them."""

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
out = {out}   # the folder for fit.json, the figures and the report
"""


def model_text(path: Path, ready: ReadyMade, table: Path | None) -> tuple[str, str, dict[Path, str]]:
    """The text of a problem file with a ready-made model, what was written in words, and files beside it.

    Arguments:
        path: where the file will be.
        ready: the model.
        table: a CSV file to fit; None takes the data of a known answer.

    Raises:
        FileError: no known answer whose data can be written; a model whose data no problem file can hold.
        DataError: the table cannot be read, or lacks columns of numbers.
    """
    files: dict[Path, str] = {}
    options: Mapping[str, Any] = {}
    known = next((each for each in ready.known if not each.external), None)
    if known is not None:
        _refuse_arrays(ready, as_data_sets(known.data()))
    if table is not None and for_survival(ready):
        survival = survival_columns(ready, read_table(table))
        form, options = survival.form, survival.options
        data = _table_lines(survival.columns, form, relative(table, path.parent))
        words = f"with the model {ready.name} and the columns of {table.name}. Look at [data] and the options, which "
        words += f"are a guess: {survival.words}"
    elif table is not None:
        form = shown_form(ready)
        found = model_columns(ready.name, form, read_table(table))
        data = _table_lines(found, form, relative(table, path.parent))
        words = f"with the model {ready.name} and the columns of {table.name}. Look at [data]: the columns are a guess"
        if found.missing:
            words += f", and there is none for {', '.join(found.missing)}: {_to_fill_in(found, read_table(table))}"
        for column, reason in found.not_sigma.items():
            words += f'. "{column}" was not taken for sigma: {reason}'
        form = _with_defaults(ready, form)
    else:
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
        # bounds that follow from data would be those of other data than the table's
        parameters=_parameter_lines(form, ranges=table is None or not callable(ready.form)),
        data=data,
        out=quoted(own_folder(path)),
    )
    return text, words, files


def _with_defaults(ready: ReadyMade, form: Form) -> Form:
    """The model with the options that the file leaves as they are, whose parameters are shown; its inputs stay."""
    usual = ready.bare_form(None)
    if [*usual.inputs] != [*form.inputs] or [*usual.outputs] != [*form.outputs]:
        return form
    return usual.in_units({**usual.inputs, **usual.outputs})


def _to_fill_in(found: ModelColumns, table: Table) -> str:
    """What is to be done about inputs that no column of numbers holds."""
    told = [_CODED[name] for name in found.missing if name in _CODED]
    texts = [each for each in table.columns if table.is_text(each) and bare_name(each).lower() in found.missing]
    told += [
        f'the column "{each}" holds text, such as "{table.columns[each][0]}", and numbers are wanted' for each in texts
    ]
    rest = [name for name in found.missing if name not in _CODED]
    return "; ".join([*told, *(["fill in the numbers under constants"] if rest else [])])


def _refuse_arrays(ready: ReadyMade, sets: tuple[Data, ...]) -> None:
    """Refuses a model with an input of many columns, of which the data of a known answer show an example."""
    arrays = {name: values for data in sets for name, values in {**data.inputs, **data.columns}.items()}
    wide = next((name for name, values in arrays.items() if values.ndim > 1), None)
    if wide is None:
        return
    field = ready.name.partition(".")[0]
    makers = [name for name, tool in catalogue.tools(field).items() if _gives_data(tool)]
    data = f"pm.models.{field}.{makers[0]}(table)" if makers else "data"
    raise FileError(
        f'the model {ready.name} is for Python: "{wide}" is a table of many columns, which a problem file cannot hold. '
        f'There: pm.fit(pm.model("{ready.name}"), {data}).'
    )


def _gives_data(tool: object) -> bool:
    return getattr(tool, "__annotations__", {}).get("return") in ("Data", Data)


def _option_lines(ready: ReadyMade, chosen: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for name, option in ready.options.items():
        said = f"# {option.about}" + (f": {', '.join(map(_toml, option.choices))}" if option.choices else "")
        if name in chosen:
            lines.append(f"options.{name} = {_toml(chosen[name])}   {said}")
        else:
            usual = "..." if option.default is None else _toml(option.default)
            lines.append(f"# options.{name} = {usual}   {said}")
    return "\n".join(lines)


def _parameter_lines(form: Form, *, ranges: bool) -> str:
    lines: list[str] = []
    for name, parameter in form.parameters.items():
        unit = getattr(parameter, "unit", "")
        place = " ".join(filter(None, [domain_of(parameter) if ranges else "", unit if unit != "1" else ""]))
        about = ", in ".join(filter(None, [parameter.description, place]))
        lines.append(f"# {name} = {{ guess = ... }}   # {about}")
    return "\n".join(lines)


def _table_lines(found: ModelColumns, form: Form, source: str) -> str:
    inputs = {name: found.of[name] for name in form.inputs if name in found.of}
    outputs = {name: found.of[name] for name in form.outputs if name in found.of}
    lines = ["[data]", f"file = {quoted(source)}"]
    lines += [f"inputs = {_inline(inputs)}   # what the model takes, and the columns that hold it"] if inputs else []
    lines += [f"# {_CODED[name]}" for name in found.missing if name in _CODED]
    if numbers := [name for name in found.missing if name not in _CODED]:
        blank = ", ".join(f"{_key(name)} = ..." for name in numbers)
        units = ", ".join(form.inputs[name] for name in numbers)
        lines.append(f"# fill in a number for each, in {units}, and take the # away: the table has no such column")
        lines.append(f"# constants = {{ {blank} }}")
    if len(form.outputs) == 1:
        lines.append(f"output = {quoted(*outputs.values())}   # the column that was measured")
    else:
        lines.append(f"outputs = {_inline(outputs)}   # what the model gives, and the columns that were measured")
    if found.sigma:
        shared = len(found.sigma) == len(outputs) and len({*found.sigma.values()}) == 1
        sigma = quoted(next(iter(found.sigma.values()))) if shared else _inline(found.sigma)
        lines.append(f"sigma = {sigma}   # its standard deviation: a column, or a number")
    else:
        lines.append('# sigma = "sigma"   # a column, or a number')
    lines += [f"# {quoted(column)} is not taken for sigma: {reason}" for column, reason in found.not_sigma.items()]
    if found.gaps:
        lines.append('missing = "mask"   # values that are missing are left out; "refuse" stops at them')
    if found.units:
        lines.append(f"units = {_inline(found.units)}   # as the header says")
    else:
        every = {**form.inputs, **form.outputs}
        own = {found.of[name]: unit for name, unit in every.items() if name in found.of}
        lines.append(f"# units = {_inline(own)}   # the model's own; state yours")
    lines += [f"# not used: {', '.join(map(quoted, found.unused))}"] if found.unused else []
    return "\n".join(lines)


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
    return {name: values.tolist() for name, values in {**arrays, **data.texts}.items()}


def _csv(columns: dict[str, list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    rows = zip(*columns.values(), strict=True)
    writer.writerows([["" if _missing(v) else v for v in row] for row in rows])
    return text.getvalue()


def _missing(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _inline(table: Any) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_toml(value)}" for name, value in table.items()) + " }"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "a").isalnum() else quoted(name)


def _toml(value: Any) -> str:
    """A value as TOML writes it; numbers and texts are those of JSON, but for what is no number."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    return json.dumps(value, ensure_ascii=False)
