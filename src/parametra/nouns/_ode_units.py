"""Whether the units of an ODE fit one another: a slope is in the unit of its state by that of time, and so on."""

from __future__ import annotations

from fractions import Fraction

from parametra.nouns._ode_sheet import Sheet
from parametra.nouns._ode_statement import Statement
from parametra.nouns._ode_unit_flow import Units, units_of_states
from parametra.nouns.errors import UnitError
from parametra.nouns.model import ONLY
from parametra.nouns.units import Unit, check_fits


def check_ode_units(statement: Statement, units: Units, outputs: Units) -> list[str]:
    """Check all formulas of an ODE; functions cannot be followed.

    A state has the unit of its first value; where that has none, the one that follows from what events add, from
    outputs, or from slopes.

    Arguments:
        statement: the ODE.
        units: of parameters and inputs by name.
        outputs: the units that outputs should have.

    Returns:
        What was found to fit, in clauses.

    Raises:
        UnitError: what does not fit.
    """
    known: dict[str, Unit | None] = dict(units)
    for name, formula in statement.initial.lines:  # in the order in which they use one another
        state = name.removesuffix(" =")
        known[state] = formula.unit(known) or known.get(state)
    own = outputs if statement.observe is None else {}
    for name in statement.states:
        known[name] = known.get(name) or own.get(name)
    told = units_of_states(statement, known, outputs)
    known |= {name: each.unit for name, each in told.items()}
    try:
        return _checked(statement, known, outputs)
    except UnitError as error:
        if not told:
            raise
        taken = "; ".join(f"{name} in {each.unit}, by {each.by}" for name, each in told.items())
        raise UnitError(f"{error} Units of states were told by formulas: {taken}.") from None


def _checked(statement: Statement, known: dict[str, Unit | None], outputs: Units) -> list[str]:
    time, told = known.get(statement.time), list[str]()
    inside = dict(known)
    for name, formula in statement.slopes.lines:
        state = name.removesuffix(" =")
        if state == name:
            inside[name] = formula.unit(inside)
            continue
        unit = known[state]
        wanted = None if unit is None or time is None else unit.times(time, Fraction(-1))
        check_fits(formula, inside, wanted, f'the slope of "{state}"')
        if wanted is not None and formula.unit(inside) is not None:
            told.append(f"the slope of {state} is in {wanted}")
    for slot in statement.slots:
        _fits(slot.time, known, {"time": time}, "the time of an event,")
        _fits(slot.change, known, {name: known[name] for name in statement.states}, "the state")
    _fits(statement.begin, known, {"begin": time}, "the time at which the ODE")
    if statement.observe is not None:
        told += [
            f"the formula gives {name} in {outputs[name]}" for name in _observed(statement.observe, known, outputs)
        ]
    return told


def _fits(sheet: Sheet, known: Units, wanted: Units, what: str) -> None:
    inside = dict(known)
    for name, formula in sheet.lines:
        result = name.removesuffix(" =")
        if result == name:
            inside[name] = formula.unit(inside)
        else:
            check_fits(formula, inside, wanted.get(result), f'{what} "{result}"')


def _observed(sheet: Sheet, known: Units, outputs: Units) -> list[str]:
    """The outputs whose unit could be told."""
    _fits(sheet, known, outputs, "the output")
    inside = dict(known)
    found: list[str] = []
    for name, formula in sheet.lines:
        unit = formula.unit(inside)
        output = name.removesuffix(" =")
        if output == name:
            inside[name] = unit
        elif unit is not None and outputs.get(output) is not None and output != ONLY:
            found.append(output)
    return found
