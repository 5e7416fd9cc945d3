"""The differential equation of a PEtab problem: the SBML model, with what conditions and parameters replace in it.

A column of the condition table becomes an argument of the equation: a parameter of the model keeps its name, a state
gets one for its initial value. Where a condition leaves a cell empty the model's own value stands; is that a formula, a
second argument tells which of the two to take.

Data sets that begin in a steady state need a second equation, which settles under the preequilibration condition (all
replaced names have a twin for it), begins there, and then sets the states that the simulation condition states.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parametra.formats._petab_tables import as_number
from parametra.formats._sbml_model import SbmlModel
from parametra.nouns.errors import FileError

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w*\s*\()")


@dataclass(frozen=True)
class Argument:
    """What stands for one column of the condition table in an equation.

    Arguments:
        value: the name that takes a number or a parameter.
        given: the name that is 1 where a condition states a value and 0 where not, "" where that needs no telling.
    """

    value: str
    given: str = ""

    def choice(self, otherwise: str) -> str:
        """The formula of what it stands for."""
        return f"where({self.given} > 0, {self.value}, {otherwise})" if self.given else self.value


@dataclass(frozen=True)
class Column:
    """One column of the condition table.

    Arguments:
        name: what it replaces, by our name.
        state: the state whose symbol that is, "" for what does not change in time.
        default: the number that stands where a cell is empty; None where there is none, or a formula.
        now: its argument under the simulation condition (of a state: its initial value).
        before: its argument under the preequilibration condition.
        reset: of a state: what it is set to when the simulation begins after a preequilibration.
        optional: whether an empty cell may be left out: a parameter of the problem stands there.
    """

    name: str
    state: str
    default: float | None
    now: Argument
    before: Argument
    reset: Argument | None = None
    optional: bool = False


@dataclass(frozen=True)
class Statement:
    """The arguments of an ODE, by our names.

    Arguments:
        states, initial, let, observe: name to formula.
        events: (time, {state: formula of its value after}).
        settle: name to what replaces it while it settles; None where it does not.
        time: what time is called.
    """

    states: dict[str, str]
    initial: dict[str, str]
    let: dict[str, str]
    observe: dict[str, str]
    events: tuple[tuple[str, dict[str, str]], ...]
    settle: dict[str, str] | None
    time: str


@dataclass
class Composer:
    """Writes statements.

    Arguments:
        model: the SBML model.
        columns: the columns of the condition table, by our name.
        given: further names that come from outside: the parameter table's.
        observe: observable to formula.
    """

    model: SbmlModel
    columns: Mapping[str, Column]
    given: frozenset[str]
    observe: dict[str, str]
    _open: list[str] = field(default_factory=list[str], init=False)

    def statement(self, settled: bool) -> Statement:
        """The equation of data sets that begin as stated, or in a steady state."""
        model, symbols = self.model, self.model.symbols
        let = {**self._constants(), **model.rules}
        initial = {name: self._start_of_state(name) for name in model.states}
        events = [(event.time, self._set(dict(event.assignments))) for event in model.events]
        slopes = {name: state.slope for name, state in model.states.items()}
        if settled:
            resets = {
                symbols[column.name]: self._sized(symbols[column.name], column.reset.choice(column.name))
                for column in self.columns.values()
                if column.reset is not None
            }
            events = [*([("0", resets)] if resets else []), *events]
        outside = [text for time, values in events for text in (time, *values.values())]
        used = _used([*slopes.values(), *initial.values(), *self.observe.values(), *outside], let)
        for name in sorted(used.intersection(model.values).difference(let, self.columns, self.given)):
            self._resolved("", name)
        pairs = {
            now: before
            for column in self.columns.values()
            if not column.state
            for now, before in zip(_names(column.now), _names(column.before), strict=True)
            if now in used
        }
        settle = pairs if settled else None
        if not slopes:  # all is known at any time, and an equation has a state
            still = model.names.fresh("still")
            slopes, initial = {still: "0"}, {still: "0"}
        return Statement(slopes, initial, let, self.observe, tuple(events), settle, model.time)

    def constant(self, name: str) -> str | None:
        """The formula of what does not change in time; None for what does, and for what is not in the model."""
        return self._start(name) if name in self.model.values else None

    def _constants(self) -> dict[str, str]:
        """What does not change in time and does not come from outside."""
        found: dict[str, str] = {}
        for name, start in self.model.values.items():
            column = self.columns.get(name)
            if column is not None:
                if column.now.given:
                    found[name] = column.now.choice(self._resolved(start, name))
            elif name not in self.given and start:
                found[name] = self._resolved(start, name)
        return found

    def _set(self, assignments: dict[str, str]) -> dict[str, str]:
        symbols = self.model.symbols
        return {symbols[name]: self._sized(symbols[name], text) for name, text in assignments.items()}

    def _sized(self, state: str, text: str) -> str:
        size = self.model.states[state].size
        return f"({text}) * {size}" if size else text

    def _start_of_state(self, name: str) -> str:
        state = self.model.states[name]
        text = self._start(state.symbol)
        return f"({text}) * ({self._start(state.size)})" if state.size else text

    def _start(self, name: str) -> str:
        """What a name is when the equation begins, as a formula of parameters and constants alone."""
        model, symbols = self.model, self.model.symbols
        column = self.columns.get(name)
        if column is not None:
            if not column.now.given:
                return column.now.value
            own = model.states[symbols[name]].start if column.state else model.values.get(name, "")
            return f"({column.now.choice(self._resolved(own, name))})"
        if name in self.given:
            return name
        if name == model.time:
            return "0"
        if name in symbols:
            return self._resolved(model.states[symbols[name]].start, name)
        if name in model.values:
            return self._resolved(model.values[name], name)
        return self._resolved(model.rules[name], name) if name in model.rules else name

    def _resolved(self, text: str, whose: str) -> str:
        if not text:
            raise FileError(
                f'"{whose}" has no value: neither the SBML model, nor the parameter table, nor every condition gives '
                "one. Add it to one of them."
            )
        if as_number(text) is not None:
            return text
        if whose in self._open:
            raise FileError(f'the initial value of "{whose}" depends on itself.')
        self._open.append(whose)
        try:
            texts = {name: self._of_name(name) for name in names_in(text)}
            return f"({put_in(text, texts)})"
        finally:
            self._open.pop()

    def _of_name(self, name: str) -> str:
        known = name in self.columns or name in self.model.values or name in self.model.rules
        changing = name in self.model.symbols or name in self.model.states or name == self.model.time
        return self._start(name) if known or changing else name


def put_in(text: str, texts: Mapping[str, str]) -> str:
    """A formula with other texts in place of some names."""
    return _NAME.sub(lambda found: texts.get(found[0], found[0]), text)


def _names(argument: Argument) -> list[str]:
    return [argument.value, *([argument.given] if argument.given else [])]


def names_in(text: str) -> set[str]:
    """The names in a formula, without those of functions."""
    return set(_NAME.findall(text)).difference(("if", "else", "and", "or", "not"))


def _used(texts: Iterable[str], let: Mapping[str, str]) -> set[str]:
    """The names that formulas depend on, through `let` too."""
    found: set[str] = set()
    left = {name for text in texts for name in names_in(text)}
    while left:
        name = left.pop()
        found.add(name)
        left |= names_in(let.get(name, "")) - found
    return found


def columns_of(table: Mapping[str, bool], model: SbmlModel, given: frozenset[str]) -> dict[str, Column]:
    """The columns of the condition table that replace something, by our name.

    Arguments:
        table: the name of each column to whether a condition leaves its cell empty.
        model: the SBML model.
        given: what the parameter table gives.

    Raises:
        FileError: a column of what a rule determines.
    """
    found: dict[str, Column] = {}
    names, symbols = model.names, model.symbols
    for name, gaps in table.items():
        state = symbols.get(name, "")
        if name in model.rules and not state:
            raise FileError(f'the condition table has a column "{name}", which a rule of the model determines.')
        start = model.states[state].start if state else model.values.get(name, "")
        optional = name in given and not state
        default = None if optional else as_number(start.strip("()"))
        told = gaps and default is None and bool(start) and not optional
        if state:
            now = Argument(names.fresh(f"initial_{name}"), names.fresh(f"initial_{name}_is_given") if told else "")
            reset = Argument(names.fresh(f"{name}_set"), names.fresh(f"{name}_is_set") if gaps else "")
            found[name] = Column(name, state, default, now, now, reset)
        else:
            now = Argument(names.fresh(f"{name}_given"), names.fresh(f"{name}_is_given")) if told else Argument(name)
            before = Argument(names.fresh(f"{name}_before"), names.fresh(f"{name}_before_is_given") if told else "")
            found[name] = Column(name, "", default, now, before, None, optional)
    return found
