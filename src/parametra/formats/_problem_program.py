"""The [model] of a problem file that states a command: an external program, see `Program`.

Its names are checked against the whole file: a placeholder must be a parameter or an input, and a parameter must be
used by a placeholder, by the noise, by a constraint or by another parameter. Files stay below the folder of the problem
file unless `outside = true` says that they need not; the program itself may be anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parametra.formats._problem_keys import PROGRAM
from parametra.formats._problem_names import check_names, texts
from parametra.nouns._program_text import OWN
from parametra.nouns.errors import FileError, did_you_mean
from parametra.nouns.program import Program
from parametra.nouns.statement import shown

_READ = ("templates", "files", "working_folder")
"""Keys that name places of this machine; names of results and inputs are below the working folder always."""


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
            for name in texts(table.get(key)):
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
    check_names(
        frozenset(program.names),
        frozenset(),
        tables,
        lambda name, given: (
            f"[model]: the placeholder {{{name}}} is neither a parameter nor an input; "
            + did_you_mean(name, sorted({*given, *OWN}))
        ),
        lambda name: f"no word of the command and no template holds {{{name}}}",
    )
