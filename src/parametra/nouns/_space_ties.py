"""In which order tied parameters have to be computed, and which ties cannot be."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from typing import Any

from parametra.nouns.errors import ParameterError
from parametra.nouns.formula import Formula
from parametra.nouns.parameter import Choice, Fixed, Parameter, Tied
from parametra.nouns.statement import is_number, shown


def in_order(tied: Mapping[str, Tied], names: tuple[str, ...]) -> tuple[tuple[str, Formula], ...]:
    """Each tied parameter behind those that it is computed from, with its formula.

    Raises:
        FormulaError: a formula that names what is no parameter.
        ParameterError: parameters tied in a circle.
    """
    for name, parameter in tied.items():
        parameter.formula.check_names(names, where=name)
    # Sorted, so that the order of statement changes nothing.
    needs = {name: sorted(tied[name].formula.names & tied.keys()) for name in sorted(tied)}
    try:
        order = list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1]
        text = " -> ".join(reversed(circle))
        raise ParameterError(
            f"{circle[-1]}: the tied parameters go in a circle, {text}; state one of them without the others"
        ) from None
    return tuple((name, tied[name].formula) for name in order)


def check_numbers(tied: Mapping[str, Tied], parameters: Mapping[str, Parameter]) -> None:
    """Raises ParameterError when a parameter is tied to one whose values are not numbers."""
    for name, parameter in tied.items():
        for other in sorted(parameter.formula.names & parameters.keys()):
            for value in _objects(parameters[other]):
                if not is_number(value):
                    raise ParameterError(
                        f'{name}: {parameter!r} computes with "{other}", which may be {shown(value)}, not a number'
                    )


def _objects(parameter: Parameter) -> tuple[Any, ...]:
    """The values of a parameter that may be something else than numbers."""
    if isinstance(parameter, Choice):
        return tuple(parameter.options)
    if isinstance(parameter, Fixed) and (parameter.verbatim or isinstance(parameter.value, str)):
        return (parameter.value,)
    return ()
