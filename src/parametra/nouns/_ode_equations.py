"""A differential equation as people read it, line by line, in the words in which it was stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from parametra.nouns.equation import Equation, readable
from parametra.nouns.model import ONLY

_MOST_TIMES = 6
"""Times of an event that are written out."""


def equations_of(ode: Any) -> tuple[Equation, ...]:
    """Slopes, quantities, first values, events and outputs.

    Arguments:
        ode: an `ODE`.
    """
    time = "t" if len(ode.time) > 1 else ode.time
    begin = _text(ode.begin)
    lines = [*_slopes(ode, time)]
    lines += [Equation("quantity", name, _text(value)) for name, value in _table(ode.let)]
    settles = ode.settle is not None
    where = "before it settles" if settles else begin
    lines += [Equation("first value", f"[{name}]({where})", _text(value)) for name, value in _table(ode.initial)]
    if settles:
        held = ", ".join(f"{name} = {_text(value)}" for name, value in _table(ode.settle))
        lines.append(Equation("before it begins", "at rest", f"with {held}" if held else "with all as it is"))
    for event in ode.events:
        when = f"{time} = {_times(event.time)}"
        lines += [Equation("event", when, f"{name} becomes {_text(value)}") for name, value in _table(event.set)]
        lines += [Equation("event", when, f"{name} rises by {_text(value)}") for name, value in _table(event.add)]
    return (*lines, *_outputs(ode.observe))


def _slopes(ode: Any, time: str) -> list[Equation]:
    if callable(ode.states):
        return [Equation("slope", f"d[{', '.join(ode.initial)}]/d{time}", f"the function {ode.__name__}")]
    return [Equation("slope", f"d[{name}]/d{time}", _text(value)) for name, value in _table(ode.states)]


def _outputs(observe: Any) -> list[Equation]:
    if observe is None:
        return []
    if callable(observe):
        return [Equation("output", "outputs", f"the function {getattr(observe, '__name__', 'of observe')}")]
    if isinstance(observe, str):
        return [Equation("output", ONLY, readable(observe))]
    return [Equation("output", name, _text(value)) for name, value in _table(observe)]


def _table(stated: Any) -> list[tuple[str, Any]]:
    return list(cast("Mapping[str, Any]", stated or {}).items())


def _text(value: Any) -> str:
    return readable(str(value))


def _times(stated: Any) -> str:
    several = isinstance(stated, (list, tuple, np.ndarray))
    times = [_text(each) for each in cast("Sequence[Any]", stated if several else [stated])]
    left_out = len(times) - _MOST_TIMES
    return ", ".join(times) if left_out <= 0 else f"{', '.join(times[:_MOST_TIMES])} and {left_out} more"
