"""The units of states that nothing states: told from the formulas, as those of A and B in B' = k * A.

A state of unknown unit gets one of its own, and each formula says which products must be pure numbers. Those with one
unknown give its unit, and so on until none is left that gives one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from parametra.nouns._formula_units import pure_in
from parametra.nouns._ode_sheet import Sheet
from parametra.nouns._ode_statement import Statement
from parametra.nouns.units import Unit

Units = Mapping[str, Unit | None]

_INVERSE = Fraction(-1)


@dataclass(frozen=True)
class Told:
    """The unit of a state, and which formula told it."""

    unit: Unit
    by: str


@dataclass(frozen=True)
class _Pure:
    """What must be a pure number."""

    unit: Unit
    by: str

    def unknowns(self, names: Iterable[str]) -> list[str]:
        dimension = dict(self.unit.dimension)
        return [name for name in names if _marker(name) in dimension]

    def power(self, name: str) -> Fraction:
        return dict(self.unit.dimension)[_marker(name)]

    def without(self, name: str) -> Unit:
        return self.unit.times(_unknown(name), -self.power(name))

    def replaced(self, name: str, unit: Unit) -> _Pure:
        return _Pure(self.without(name).times(unit, self.power(name)), self.by)


def units_of_states(statement: Statement, known: Units, outputs: Units) -> dict[str, Told]:
    """The units of states that formulas tell: events first, then outputs, then slopes.

    Arguments:
        statement: the ODE.
        known: the units of parameters, inputs and states, None where they are not known.
        outputs: the units that outputs should have.
    """
    names = [name for name in statement.states if known.get(name) is None]
    found: dict[str, Told] = {}
    pure = _equations(statement, {**known, **{name: _unknown(name) for name in names}}, outputs) if names else []
    while True:
        solvable = [(each, left[0]) for each in pure if len(left := each.unknowns(names)) == 1]
        # a state itself tells more than its square does
        solvable.sort(key=lambda pair: abs(pair[0].power(pair[1])) != 1)
        if not solvable:
            return found
        equation, name = solvable[0]
        unit = equation.without(name).power(-1 / equation.power(name))
        found[name] = Told(unit, equation.by)
        pure = [each.replaced(name, unit) if name in each.unknowns(names) else each for each in pure]
        names.remove(name)


def _equations(statement: Statement, known: dict[str, Unit | None], outputs: Units) -> list[_Pure]:
    states: Units = {name: known[name] for name in statement.states}
    found = _of_sheet(statement.initial, known, {}, "its first value")
    for slot in statement.slots:
        found += _of_sheet(slot.change, known, states, "an event")
    if statement.observe is not None:
        found += _of_sheet(statement.observe, known, outputs, "observe")
    time = known.get(statement.time)
    slopes: Units = {} if time is None else {n: u.times(time, _INVERSE) for n, u in states.items() if u is not None}
    return found + _of_sheet(statement.slopes, known, slopes, "the slope of {}")


def _of_sheet(sheet: Sheet, known: Units, wanted: Units, by: str) -> list[_Pure]:
    """What must be pure for the lines of a sheet to hold together and to give what is wanted."""
    inside, found = dict(known), list[_Pure]()
    for name, formula in sheet.lines:
        result = name.removesuffix(" =")
        unit, pure = pure_in(formula.tape, inside, formula.text)
        if result == name:
            inside[name] = unit
        elif unit is not None and (expected := wanted.get(result)) is not None:
            found.append(_Pure(unit.times(expected, _INVERSE), by.format(result)))
        found += [_Pure(each, by.format(result)) for each in pure]
    return found


def _unknown(name: str) -> Unit:
    marker = ((_marker(name), Fraction(1)),)
    return Unit(_marker(name), marker, 1.0, 0.0, marker)


def _marker(name: str) -> str:
    return f"the unit of {name}"
