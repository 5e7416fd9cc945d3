"""The [model] of a problem file that states a command: an external program, see `Program`.

Its names are checked against the whole file: a placeholder must be a parameter or an input, and a parameter must be
used by a placeholder, by the noise, by a constraint or by another parameter. Files stay below the folder of the problem
file unless `outside = true` says that they need not; the program itself may be anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from parametra.formats._problem_keys import PROGRAM
from parametra.nouns._program_text import OWN
from parametra.nouns.errors import FileError, ModelError, did_you_mean
from parametra.nouns.program import Program
from parametra.nouns.statement import shown

_READ = ("templates", "files", "working_folder")
"""Keys that name places of this machine; names of results and inputs are below the working folder always."""

_USERS = ("noise", "constraints")
"""Tables, beside other parameters, whose texts can name a parameter."""


def program_from_table(table: Mapping[str, Any], tables: Mapping[str, Any], folder: Path) -> Program:
    """The program that [model] states with `command`.

    Arguments:
        table: the [model].
        tables: the whole file.
        folder: where the file is.

    Raises:
        FileError: no results, or a path outside the folder.
        ModelError: what `Program` refuses, a placeholder that nothing gives, or a parameter that nothing uses.
    """
    if "results" not in table:
        raise FileError('[model]: results is missing. Write where each output stands, results = { y = "out.csv:y" }.')
    outside = table.get("outside", False)
    if not isinstance(outside, bool):
        raise FileError(f"[model]: outside is true or false; {shown(outside)} came.")
    if not outside:
        for key in _READ:
            for name in _texts(table.get(key)):
                _stay_below(name, key, folder)
    stated = {key: value for key, value in table.items() if key in PROGRAM and key != "outside"}
    program = Program(**stated, folder=folder)
    _check_names(program, tables)
    return program


def _stay_below(name: str, key: str, folder: Path) -> None:
    here = folder.resolve()
    try:
        inside = (here / name).resolve().is_relative_to(here)
    except (OSError, ValueError):  # no path at all, which `Program` tells better
        return
    if not inside:
        raise FileError(
            f'[model]: {key} names "{name}", which is outside the folder of the problem file. Move it there, or write '
            "outside = true when you trust this file."
        )


def _check_names(program: Program, tables: Mapping[str, Any]) -> None:
    data = _data_tables(tables)
    parameters = _table(tables.get("parameters"))
    renamed = {key: value for each in data for key, value in _table(each.get("parameters")).items()}
    given = {*parameters, *renamed, *(name for each in data for name in _input_names(each))}
    for name in sorted(program.names - given):
        raise ModelError(
            f"[model]: the placeholder {{{name}}} is neither a parameter nor an input; "
            + did_you_mean(name, sorted({*given, *OWN}))
        )
    used = program.names | {str(value) for key, value in renamed.items() if key in program.names}
    for name in parameters:
        others = [value for other, value in parameters.items() if other != name]
        if name in used or _is_known(parameters[name]) or _is_named(name, [others, *(tables.get(k) for k in _USERS)]):
            continue
        raise ModelError(
            f'[model]: the parameter "{name}" is used by nothing: no word of the command and no template holds '
            f"{{{name}}}, so nothing can be learnt about it. Leave it out; " + did_you_mean(name, sorted(program.names))
        )


def _is_known(parameter: Any) -> bool:
    """Whether a parameter is fixed or tied, so that it is no mistake that nothing uses it."""
    return any(key in _table(parameter) for key in ("fixed", "tied"))


def _is_named(name: str, statements: Any) -> bool:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(word.search(text) for text in _texts(statements))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of TOML, without the keys of tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for each in cast("dict[str, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value):
            yield from _texts(each)


def _data_tables(tables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The data sets as they are stated; what is wrong with them is told where they are read."""
    stated = tables.get("data")
    return [_table(each) for each in (cast("list[Any]", stated) if isinstance(stated, list) else [stated])]


def _input_names(data: Mapping[str, Any]) -> list[str]:
    inputs = data.get("inputs", [])
    names = (
        [inputs] if isinstance(inputs, str) else list(cast("Any", inputs)) if isinstance(inputs, (list, dict)) else []
    )
    return [*map(str, names), *_table(data.get("constants"))]


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
