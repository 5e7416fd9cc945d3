"""Which columns of a table a survival model takes: the time, what tells events from limits, and covariates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.formats._new_columns import number_columns
from parametra.formats._new_model_columns import ModelColumns, bare_name, counts_rows, unit_of
from parametra.nouns._formula_functions import FUNCTIONS
from parametra.nouns._status_names import event_code, like_status, named_after_events
from parametra.nouns.errors import FileError, ParametraError
from parametra.nouns.ready_made import Form, ReadyMade
from parametra.nouns.statement import check_name
from parametra.nouns.table import Table

_TIMES = (
    *("time", "times", "t", "duration", "lifetime", "survival", "survtime", "futime", "stime", "days", "months"),
    *("weeks", "years", "followup"),
)
_LIMITS = ("upper", "lower", "end", "stop", "start", "entry")
"""Names of columns that hold other times, and no covariates."""
_OWN = ("time", "scale", "shape", "hazard", "kappa", "level", "rise", "change", "susceptible", "cured", "intercept")
"""What the models call something else."""


@dataclass(frozen=True)
class SurvivalColumns:
    """What a table is to a survival model.

    Arguments:
        columns: the time, and covariates under names of their own.
        options: of the model: where the status is, what is an event, which covariates act.
        form: the model with these covariates.
        words: how the status was read, or that there is none.
    """

    columns: ModelColumns
    options: dict[str, Any]
    form: Form
    words: str


def for_survival(ready: ReadyMade) -> bool:
    """Whether a model is one of survival: its times may be limits, which a status column tells."""
    return {"status", "event"} <= {*ready.options}


def survival_columns(ready: ReadyMade, table: Table) -> SurvivalColumns:
    """By their names and what they hold.

    Raises:
        FileError: no column of numbers beside a status.
        DataError: no columns of numbers, or numbers that are written in another way.
    """
    numbers = number_columns(table)
    status = _status(table)
    plain = [each for each in numbers if each != status and not counts_rows(each, table)]
    if not plain:
        raise FileError(
            f"{ready.name} takes times until an event; {table.source} has only the columns {', '.join(table.columns)}."
        )
    time = _time(plain)
    names = _names(each for each in plain if each != time and not _of_limits(each))
    used = [time, *names.values()]
    taken = [*used, *([status] if status else [])]
    acting = "hazard_covariates" if "hazard_covariates" in ready.options else "covariate_names"
    options: dict[str, Any] = {acting: list(names)} if names else {}
    options |= _coding(status, table) if status else {}
    form = ready.bare_form(None, **({acting: tuple(names)} if names else {}))
    (output,) = form.outputs
    columns = ModelColumns(
        {output: time, **names},
        {},
        {each: unit for each in used if (unit := unit_of(each, ("month", "year")))},
        tuple(each for each in table.columns if each not in taken),
        any(not np.isfinite(table.columns[each]).all() for each in used),
    )
    return SurvivalColumns(columns, options, form, _words(status, options, table))


def _status(table: Table) -> str:
    """The column that tells events from limits; "" where none looks like it. A whole name goes before a part of one."""
    found = [c for c, v in table.columns.items() if v.ndim == 1 and like_status(bare_name(c), v)]
    return min(found, key=lambda c: (bare_name(c).lower() != "status", len(_parts(bare_name(c)))), default="")


def _time(plain: list[str]) -> str:
    whole = [column for column in plain if bare_name(column).lower() in _TIMES]
    part = [column for column in plain if not {*_TIMES}.isdisjoint(_parts(bare_name(column).lower()))]
    return (whole or part or plain)[0]


def _parts(name: str) -> list[str]:
    return re.split(r"[\s_.-]+", name)


def _of_limits(column: str) -> bool:
    return bare_name(column).lower() in _LIMITS


def _coding(status: str, table: Table) -> dict[str, Any]:
    event = event_code(bare_name(status), table.columns[status])
    return {"status": status, **({} if event is None else {"event": event})}


def _names(columns: Iterable[str]) -> dict[str, str]:
    """Each covariate by a name that a formula can say."""
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"\W+", "_", bare_name(column), flags=re.ASCII).strip("_") or "x"
        name = name if _sayable(name) else f"{name}_x" if name[0].isalpha() else f"x_{name}"
        while name in names:
            name += "_x"
        names[name] = column
    return names


def _sayable(name: str) -> bool:
    try:
        return check_name(name) not in FUNCTIONS and name not in _OWN
    except ParametraError:
        return False


def _words(status: str, options: dict[str, Any], table: Table) -> str:
    if not status:
        return (
            "no column is named like a status, so every time counts as an event. Where some are censored, name the "
            "column that tells: options.status"
        )
    if "event" not in options:
        return f'"{status}" tells times from limits, by the codes of R\'s Surv'
    event, values = options["event"], table.columns[status]
    share = int(np.sum(values == event))
    words = f'{event} in "{status}" is an event ({share} of {table.rows}), all else right-censored'
    doubtful = named_after_events(bare_name(status)) is False
    return words + (", as its name says; look whether that is so" if doubtful else "")
