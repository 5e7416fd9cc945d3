"""The keys of a problem file, and what may stand behind each: every mistake is told with its table and its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from parametra.nouns.errors import FileError, did_you_mean
from parametra.nouns.statement import is_number, shown

TOP = (
    "title",
    "description",
    "model",
    "parameters",
    "data",
    "noise",
    "derived",
    "constraints",
    "penalty",
    "adversary",
    "interchangeable",
    "fit",
    "run",
    "design",
)
MODEL = ("formula", "formulas", "python", "name", "command", "ode")
READY = ("options", "priors")
"""What may stand beside the name of a ready-made model."""
ODE = (
    "states",
    "python",
    "initial",
    "observe",
    "let",
    "time",
    "begin",
    "events",
    "settle",
    "solver",
    "relative_tolerance",
    "absolute_tolerance",
    "most_steps",
)
PROGRAM = (
    "command",
    "results",
    "templates",
    "inputs",
    "files",
    "timeout",
    "memory",
    "output_limit",
    "environment",
    "infeasible",
    "retry",
    "keep",
    "keep_at_most",
    "working_folder",
    "precision",
    "outside",
)
DATA = (
    "file",
    "columns",
    "inputs",
    "output",
    "outputs",
    "sigma",
    "input_errors",
    "where",
    "missing",
    "units",
    "constants",
    "parameters",
    "name",
    "source",
)
FIT = (
    "method",
    "starts",
    "seed",
    "evaluations",
    "seconds",
    "loss",
    "loss_scale",
    "covariance",
    "screening",
    "workers",
    "options",
    "out",
)


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raises FileError for the first key that is not known."""
    names = list(known)
    for key in table:
        if key not in names:
            raise FileError(f'{where} has no key "{key}"; {did_you_mean(key, names)}')


def table_at(table: Mapping[str, Any], key: str, where: str, example: str) -> dict[str, Any]:
    """The table behind a key, {} when there is none. Raises FileError for anything but a table."""
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise FileError(f"{where} is a table; {shown(value)} came. Write {example}")
    return value


def text_at(table: Mapping[str, Any], key: str, where: str) -> str:
    """The text behind a key, "" when there is none. Raises FileError for anything but text."""
    value = table.get(key, "")
    if not isinstance(value, str):
        raise FileError(f"{where}: {key} is a text in quotes; {shown(value)} came.")
    return value


def texts_at(table: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    """A table of texts behind a key. Raises FileError for anything else."""
    values = table_at(table, key, f"{where}: {key}", f'{key} = {{ x = "..." }}')
    for name in values:
        text_at(values, name, f"{where}: {key}")
    return values


def number_at(table: Mapping[str, Any], key: str, where: str, *, whole: bool) -> Any:
    """The number behind a key, None when there is none. Raises FileError for anything but a number of that kind."""
    value = table.get(key)
    if value is None:
        return None
    if not is_number(value) or (whole and not isinstance(value, int)):
        wanted = "a whole number" if whole else "a number"
        raise FileError(f"{where}: {key} is {wanted}, without quotes; {shown(value)} came.")
    return value if whole else float(value)
