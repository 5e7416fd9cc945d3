"""The [model.ode] of a problem file: a table for the states, one for their first values, and what else an `ODE` takes.

[model.ode]                    [model.ode.initial]          [[model.ode.events]]
time = "t"                     gut = 0                      time = [0, 24]
[model.ode.states]             central = 0                  add = { gut = "dose" }
gut = "-ka * gut"              [model.ode.observe]          [model.ode.settle]
central = "ka * gut - k * ..." y = "central / V"            dose = 0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from parametra.formats._problem_keys import ODE as KEYS
from parametra.formats._problem_keys import refuse_unknown, table_at, text_at
from parametra.formats._problem_names import check_names
from parametra.formats._problem_names import table as names_table
from parametra.nouns.errors import FileError, ModelError, ParametraError, did_you_mean
from parametra.nouns.ode import ODE, Event
from parametra.nouns.statement import shown

_WHERE = "[model.ode]"
_TABLES = ("states", "initial", "let", "settle")
_MEANT = {
    "rtol": "relative_tolerance",
    "atol": "absolute_tolerance",
    "max_steps": "most_steps",
    "output": "observe",
    "outputs": "observe",
    "observables": "observe",
    "equations": "states",
    "slopes": "states",
    "rhs": "python",
    "y0": "initial",
    "t0": "begin",
    "dosing": "events",
    "method": "solver",
}
"""What other programs call the keys."""

_EVENT = '[[model.ode.events]] and below it time = [0, 24] and add = { gut = "dose" }'


def ode_from_table(stated: Any, tables: Mapping[str, Any], function_at: Callable[[str], Callable[..., Any]]) -> ODE:
    """The ODE that [model.ode] states.

    Arguments:
        stated: the table.
        tables: the whole file.
        function_at: finds the function that "file.py:function" names.

    Raises:
        FileError: an unknown key, or a value of the wrong kind.
        ModelError: what `ODE` refuses, a name that nothing gives, or a parameter that nothing uses.
        FormulaError: a formula that cannot be read.
    """
    example = '[model.ode.states] and below it A = "-k * A"'
    if not isinstance(stated, dict):
        raise FileError(f"{_WHERE} is a table; {shown(stated)} came. Write {example}.")
    table = cast("dict[str, Any]", stated)
    _refuse_keys(table)
    given = {key: value for key, value in table.items() if key not in ("python", "states", "events")}
    for key in _TABLES:
        if key in table:
            table_at(table, key, f"[model.ode.{key}]", f'[model.ode.{key}] and below it A = "..."')
    for key in ("time", "solver", "python"):
        text_at(table, key, _WHERE)
    if ("states" in table) == ("python" in table):
        came = "it has both" if "states" in table else "it has neither"
        raise FileError(f'{_WHERE} takes {example}, or python = "file.py:function"; {came}.')
    states = function_at(table["python"]) if "python" in table else table["states"]
    try:
        ode = ODE(states, events=_events(table), **given)
    except FileError:
        raise
    except ParametraError as error:
        raise type(error)(f"{_WHERE}: {error}") from error.__cause__
    _refuse_own(ode, tables)
    check_names(
        ode.names,
        ode.optional,
        tables,
        lambda name, given: _unknown(name, f"{did_you_mean(name, given)}{ode.advice(name)}"),
    )
    if ode.time not in ode_inputs(tables):
        raise ModelError(
            f'{_WHERE}: time is called "{ode.time}", and no input of [data] is. Write inputs = ["{ode.time}"], or '
            'time = "..." in [model.ode].'
        )
    return ode


def ode_inputs(tables: Mapping[str, Any]) -> set[str]:
    """The inputs of all data sets."""
    found: set[str] = set()
    stated: Any = tables.get("data")
    for each in cast("list[Any]", stated if isinstance(stated, list) else [stated]):
        inputs: Any = cast("dict[str, Any]", each).get("inputs", []) if isinstance(each, dict) else []
        found |= {inputs} if isinstance(inputs, str) else set(inputs) if isinstance(inputs, (list, dict)) else set()
    return found


def _refuse_keys(table: Mapping[str, Any]) -> None:
    for key in table:
        if key in _MEANT:
            raise FileError(f'{_WHERE} has no key "{key}"; did you mean "{_MEANT[key]}"?')
    refuse_unknown(table, KEYS, _WHERE)


def _refuse_own(ode: ODE, tables: Mapping[str, Any]) -> None:
    for name in names_table(tables.get("parameters")):
        if name in ode.own_names:
            raise ModelError(f'{_WHERE}: "{name}" is {ode.own_names[name]} of the ODE and a parameter too; rename one.')


def _unknown(name: str, hint: str) -> str:
    return (
        f'{_WHERE}: "{name}" has no value: state it in [parameters], or as a constant or input of [data]. It is no '
        f"state and no quantity of let either; {hint}"
    )


def _events(table: Mapping[str, Any]) -> list[Event]:
    stated = table.get("events", [])
    if not isinstance(stated, list) or not all(isinstance(each, dict) for each in cast("list[Any]", stated)):
        raise FileError(f"[[model.ode.events]] is a list of tables; {shown(stated)} came. Write {_EVENT}.")
    events: list[Event] = []
    for number, each in enumerate(cast("list[dict[str, Any]]", stated), start=1):
        where = f"[[model.ode.events]] number {number}"
        refuse_unknown(each, ("time", "set", "add"), where)
        if "time" not in each:
            raise FileError(f"{where} has no time. Write {_EVENT}.")
        events.append(Event(**each))
    return events
