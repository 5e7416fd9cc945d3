"""What a person stated of an ODE, read and checked once: sheets of formulas for everything that is computed of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from parametra.nouns._ode_breakpoints import Condition, hold_conditions
from parametra.nouns._ode_function import NamedFunction
from parametra.nouns._ode_sheet import Sheet, in_order
from parametra.nouns.errors import ModelError, ParametraError, did_you_mean
from parametra.nouns.formula import Formula
from parametra.nouns.model import ONLY
from parametra.nouns.statement import check_name, is_number, shown

_STATES = 'states = {"A": "-k * A"}, or a function def rhs(t, A, k): return {"A": -k * A}'


@dataclass(frozen=True, eq=False)
class Slot:
    """One time at which states change.

    Arguments:
        time: gives the time.
        change: gives the new values of the states that change, from those before.
        states: the numbers of these states.
    """

    time: Sheet
    change: Sheet
    states: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Statement:
    """An ODE as it is computed.

    Arguments:
        states: their names, in the order of all arrays.
        let: the names of quantities that formulas use.
        time: the name of time.
        slopes: gives the slope of each state; conditions that are linear in time are names in it.
        conditions: these.
        initial: gives the first value of each state.
        begin: gives the time at which it begins.
        slots: where states change.
        settle: gives what the names `settled` are before it begins; None where it does not settle.
        settled: these names.
        observe: gives the outputs; None where these are the states.
        names: parameters and inputs that are used.
        optional: those of them that may be missing, because a function has a default.
        moving: those of them that the integration depends on: all but those that only the outputs use.
        text: all of it, as JSON knows it.
    """

    states: tuple[str, ...]
    let: tuple[str, ...]
    time: str
    slopes: Sheet
    conditions: tuple[Condition, ...]
    initial: Sheet
    begin: Sheet
    slots: tuple[Slot, ...]
    settle: Sheet | None
    settled: tuple[str, ...]
    observe: Sheet | None
    names: frozenset[str]
    optional: frozenset[str]
    moving: frozenset[str]
    text: list[Any]

    @cached_property
    def single(self) -> frozenset[str]:
        """The names that formulas use as one number, not by their elements."""
        sheets = [self.slopes, self.initial, self.begin, self.settle, self.observe]
        sheets += [sheet for slot in self.slots for sheet in (slot.time, slot.change)]
        formulas = [formula for sheet in sheets if sheet is not None for _, formula in sheet.lines]
        return frozenset(step.name for formula in formulas for step in formula.tape.steps if step.operation == "name")

    def advice(self, name: str) -> str:
        """What else may be wrong where a name has no value, a sentence with a blank before it, or ""."""
        function = self.slopes.function
        if function is None or name not in function.names or function.names.intersection(self.states):
            return ""
        example = f"def {function.name}({', '.join([self.time, *self.states[:3]])}, ...)"
        return f" States are arguments by name, {example}, not one array as for solve_ivp."


def statement_of(
    states: object,
    initial: object,
    observe: object,
    let: object,
    time: object,
    begin: object,
    events: Sequence[Any],
    settle: object,
) -> Statement:
    """Read a statement.

    Raises:
        ModelError: what is stated wrongly.
        FormulaError: a formula that cannot be read.
    """
    return _Reader(states, initial, let, time).statement(observe, begin, events, settle)


def formula_of(value: object, where: str) -> Formula:
    """A formula from a text or a number.

    Raises:
        ModelError: it is neither.
        FormulaError: it cannot be read.
    """
    if isinstance(value, str):
        return Formula.parse(value, where=where)
    if is_number(value) and math.isfinite(value):
        return Formula.parse(repr(float(value)), where=where)
    raise ModelError(f"{where} is a number or a formula in quotes; {shown(value)} came.")


def table_of(value: object, where: str, example: str) -> dict[str, Any]:
    """A mapping of names, {} for None. Raises ModelError for anything else."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ModelError(f"{where} is a mapping, such as {example}; {type(value).__name__} came.")
    return {_name(key, where): each for key, each in cast("Mapping[Any, Any]", value).items()}


def _name(name: object, where: str) -> str:
    try:
        return check_name(name)
    except ParametraError as error:
        raise ModelError(f"{where}: {str(error).replace('name of a parameter', 'name')}") from None


def number_of(sheet: Sheet) -> float | None:
    """What a sheet of one result gives where it is written in numbers alone, None where it has a name in it."""
    if sheet.names or len(sheet.lines) > 1:
        return None
    with np.errstate(all="ignore"):
        return float(sheet.values({}, ())[0])


class _Reader:
    """Reads the parts of a statement that others refer to: states, their first values, let and time."""

    def __init__(self, states: object, initial: object, let: object, time: object) -> None:
        self.time = _name(time, "time")
        self.function = cast("Callable[..., Any]", states) if callable(states) else None
        self.initial = table_of(initial, "initial", '{"A": 1}')
        if self.function is not None:
            if not self.initial:
                raise ModelError(
                    'initial names the states of a function in their order: initial={"A": "dose", "B": 0}.'
                )
            self.states, self.formulas = tuple(self.initial), {}
        else:
            if not isinstance(states, Mapping):
                raise ModelError(f"the states of an ODE are {_STATES}; {type(states).__name__} came.")
            stated = table_of(cast("object", states), "states", '{"A": "-k * A"}')
            if not stated:
                raise ModelError(f"an ODE has at least one state: {_STATES}.")
            self.states = tuple(stated)
            self.formulas = {name: formula_of(each, f"the slope of {name}") for name, each in stated.items()}
        self.let = {n: formula_of(v, f"let {n}") for n, v in table_of(let, "let", '{"rate": "k * A"}').items()}
        self._check()
        self.first = {n: formula_of(self.initial[n], f"the initial value of {n}") for n in self.states}

    def _check(self) -> None:
        for name in self.let:
            if name in self.states:
                raise ModelError(f'"{name}" is a state and stands in let too; give one of them another name.')
        if self.time in self.states or self.time in self.let:
            what = "a state" if self.time in self.states else "a quantity of let"
            raise ModelError(f'time is called "{self.time}", and {what} is called so too; time="..." gives it another.')
        for name in self.states:
            if name not in self.initial:
                raise ModelError(
                    f'the state "{name}" has no initial value. Write one, initial = {{ {name} = 0 }}: a number or a '
                    "formula."
                )
        for name in self.initial:
            if name not in self.states:
                raise ModelError(
                    f'initial states a value for "{name}", which is no state; ' + did_you_mean(name, self.states)
                )

    def statement(self, observe: object, begin: object, events: Sequence[Any], settle: object) -> Statement:
        where = "the ODE"
        if self.function is not None:
            function = NamedFunction(self.function, self.states, "the function of the slopes")
            lets = in_order({}, self.let, function.names, where=where)
            slopes = Sheet(lets.lines, self.states, function)
        else:
            slopes = in_order(self.formulas, self.let, where=where)
        # every let is checked, whether it is used or not
        everything = in_order({}, self.let, self.let, where=where)
        lines, conditions = hold_conditions(slopes.lines, self.time, frozenset(self.states))
        held = Sheet(lines, slopes.results, slopes.function)
        initial = in_order(self.first, {**self.let, **self.first}, where="the initial values")
        begun = in_order({"begin": formula_of(begin, "begin")}, self.let, where="begin")
        self._refuse(begun.names, "begin")
        slots = tuple(slot for event in events for slot in self._slots(event))
        _refuse_early(slots, begun)
        outputs = self._outputs(observe)
        sheets = [slopes, initial, begun, *(s for slot in slots for s in (slot.time, slot.change))]
        own = {*self.states, self.time}
        moving = {name for sheet in sheets for name in sheet.names} - own
        names = moving | ((outputs.names - own) if outputs else set())
        settled, settling = self._settle(settle, names)
        if settling is not None:
            self._refuse(settling.names, "settle")
            names, moving = names | settling.names, moving | settling.names
        functions = [sheet.function for sheet in (slopes, outputs) if sheet and sheet.function]
        optional = {name for function in functions for name in function.optional}
        required = {name for sheet in sheets[1:] for name in sheet.names}
        text = [list(self.states), self.time, slopes.text, everything.text, initial.text, begun.text]
        text += [[slot.time.text, slot.change.text, list(slot.states)] for slot in slots]
        text += [settling.text if settling else None, list(settled), outputs.text if outputs else None]
        return Statement(
            self.states,
            tuple(self.let),
            self.time,
            held,
            conditions,
            initial,
            begun,
            slots,
            settling,
            settled,
            outputs,
            frozenset(names),
            frozenset(optional - required),
            frozenset(moving),
            text,
        )

    def _refuse(self, names: Iterable[str], where: str) -> None:
        for name in names:
            if name in self.states or name == self.time:
                what = "the state" if name in self.states else "time,"
                raise ModelError(
                    f'{where} uses {what} "{name}"; it may use parameters, inputs and numbers only: it is known before '
                    "anything is integrated."
                )

    def _slots(self, event: Any) -> list[Slot]:
        what = "the event at " + (shown(event.time) if not isinstance(event.time, np.ndarray) else "several times")
        formulas: dict[str, Formula] = {}
        for kind in ("set", "add"):
            for name, value in table_of(getattr(event, kind), f"{what}: {kind}", '{"A": "dose"}').items():
                if name not in self.states:
                    raise ModelError(f'{what} changes "{name}", which is no state; ' + did_you_mean(name, self.states))
                if name in formulas:
                    raise ModelError(f'{what} both sets "{name}" and adds to it; write one of the two.')
                formula = formula_of(value, f"{what}: {name}")
                formulas[name] = formula if kind == "set" else _added(name, formula, what)
        if not formulas:
            raise ModelError(f'{what} changes nothing; write set={{"A": 0}} or add={{"A": "dose"}}.')
        change = in_order(formulas, self.let, where=what)
        numbers = tuple(self.states.index(name) for name in formulas)
        times = event.time if isinstance(event.time, (list, tuple, np.ndarray)) else [event.time]
        if not len(cast("Sequence[Any]", times)):
            raise ModelError("the event has no time: an empty list came. State its time, or leave the event out.")
        slots: list[Slot] = []
        for time in cast("Sequence[Any]", times):
            sheet = in_order({"time": formula_of(time, "the time of an event")}, self.let, where=what)
            self._refuse(sheet.names, "the time of an event")
            slots.append(Slot(sheet, change, numbers))
        return slots

    def _outputs(self, observe: object) -> Sheet | None:
        if observe is None:
            return None
        if callable(observe):
            function = NamedFunction(cast("Callable[..., Any]", observe), (), "the function of observe")
            return Sheet(in_order({}, self.let, function.names, where="observe").lines, (), function)
        if isinstance(observe, str):
            return in_order({ONLY: formula_of(observe, "observe")}, self.let, where="observe")
        stated = table_of(observe, "observe", '{"y": "scale * A"}')
        if not stated:
            raise ModelError('observe is empty; leave it out for the states, or write {"y": "scale * A"}.')
        return in_order({n: formula_of(v, f"observe {n}") for n, v in stated.items()}, self.let, where="observe")

    def _settle(self, settle: object, names: Iterable[str]) -> tuple[tuple[str, ...], Sheet | None]:
        if settle is None:
            return (), None
        stated = table_of(settle, "settle", '{"dose": 0}')
        for name in stated:
            if name not in names:
                raise ModelError(
                    f'settle replaces "{name}", which the ODE does not use; ' + did_you_mean(name, sorted(names))
                )
        formulas = {n: formula_of(v, f"settle {n}") for n, v in stated.items()}
        return tuple(stated), in_order(formulas, {}, where="settle")


def _refuse_early(slots: Iterable[Slot], begin: Sheet) -> None:
    """Refuse an event before the begin where both are plain numbers; of computed ones only a point can tell."""
    start = number_of(begin)
    for slot in slots:
        time = number_of(slot.time)
        if start is not None and time is not None and time < start:
            raise ModelError(
                f"the event at {time:.10g} lies before the ODE begins, at {start:.10g}: it would not happen. State "
                f"begin={time:.10g}, or leave it out."
            )


def _added(name: str, formula: Formula, where: str) -> Formula:
    return Formula.parse(f"{name} + ({formula.text})", where=where)
