"""Events of an SBML model that happen at stated times; others are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from parametra.formats._sbml_math import Names, Writer, libsbml
from parametra.nouns.errors import FileError
from parametra.nouns.formula import Formula


@dataclass(frozen=True)
class SbmlEvent:
    """A change at a stated time.

    Arguments:
        name: what messages call it.
        time: when, a formula.
        assignments: (name of what changes, formula of its value after).
    """

    name: str
    time: str
    assignments: tuple[tuple[str, str], ...]

    @property
    def time_names(self) -> frozenset[str]:
        """The names that its time depends on."""
        return Formula.parse(self.time, where=f'the event "{self.name}"').names


def events_of(model: Any, writer: Writer, names: Names) -> tuple[SbmlEvent, ...]:
    """The events of a model that take place, in the order of the file.

    Raises:
        FileError: an event with a delay, a priority, or a trigger that is not time >= (a number or formula).
        FormulaError: a formula that cannot be read.
    """
    events: list[SbmlEvent] = []
    for number, event in enumerate(model.getListOfEvents(), start=1):
        name = event.getId() or f"number {number}"
        if event.isSetDelay():
            raise FileError(
                f'the event "{name}" has a delay, which is not done here; add it to the time of the trigger.'
            )
        if event.isSetPriority():
            raise FileError(f'the event "{name}" has a priority, which is not done here.')
        writing = replace(writer, where=f'the event "{name}"')
        when = _time_of(event.getTrigger(), writing, name)
        listed = [
            (names(each.getVariable()), writing.number(each.getMath()))
            for each in event.getListOfEventAssignments()
            if each.getMath() is not None
        ]
        before = not model.getLevel() > 2 or event.getTrigger().getInitialValue()
        happened = _is_number(when) and float(when.strip("()")) <= 0
        if happened and before:
            continue  # true from the beginning, so that it never becomes true
        events.append(SbmlEvent(name, "0" if happened else when, tuple(listed)))
    return tuple(events)


def _time_of(trigger: Any, writer: Writer, name: str) -> str:
    library = libsbml()
    math = None if trigger is None else trigger.getMath()
    known = f'the event "{name}" is not triggered by time alone; only triggers such as time >= 10 are done here.'
    if math is None or math.getNumChildren() != 2:
        raise FileError(known)
    left, right = math.getChild(0), math.getChild(1)
    if math.getType() in (library.AST_RELATIONAL_LEQ, library.AST_RELATIONAL_LT):
        left, right = right, left
    elif math.getType() not in (library.AST_RELATIONAL_GEQ, library.AST_RELATIONAL_GT):
        raise FileError(known)
    if left.getType() != library.AST_NAME_TIME:
        raise FileError(known)
    text = writer.number(right)
    if writer.time in Formula.parse(text, where=writer.where).names:
        raise FileError(known)
    return text


def _is_number(text: str) -> bool:
    try:
        float(text.strip("()"))
    except ValueError:
        return False
    return True
