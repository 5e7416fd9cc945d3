"""Which argument of the model is which parameter or input, found by name, for one data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parametra.nouns.data import Data
from parametra.nouns.errors import FormulaError, ModelError, did_you_mean
from parametra.nouns.model import ONLY, Model
from parametra.nouns.space import Space


@dataclass(frozen=True)
class Binding:
    """How one data set meets the model.

    Arguments:
        parameters: argument of the model to name in the space; every name of the space for a model of two dicts.
        output: the output that a model with a single unnamed one gives.
    """

    parameters: Mapping[str, str]
    output: str

    @property
    def signature(self) -> tuple[Any, ...]:
        """Hashable: what a compiled kernel depends on."""
        return (tuple(sorted(self.parameters.items())), self.output)

    def parameters_of(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """The values that the model's arguments take."""
        return {argument: named[name] for argument, name in self.parameters.items()}


def bind(model: Model, data: Data, space: Space) -> Binding:
    """Match the model's arguments with the inputs of a data set and the parameters of a space.

    Raises:
        ModelError: an argument of a function that is neither, or an output that is not clear.
        FormulaError: a name in a formula that is neither.
    """
    output = _single_output(model, data)
    for renamed in data.parameters.values():
        if renamed not in space.names:
            raise ModelError(
                f'data set "{data.name}" takes its parameter from "{renamed}", which is not stated; '
                + did_you_mean(renamed, space.names)
            )
    if model.takes_dicts:
        # a program says which names it uses: a call is known by these, and no other parameter needs another call
        used = getattr(model.function, "names", None)
        _refuse_own(model, space)
        if used is None:
            return Binding({**{name: name for name in space.names}, **data.parameters}, output)
        _refuse_unknown(model, data, used)
        given = {*data.inputs, *data.constants}
        names = {name: name for name in space.names if name in used and name not in given}
        return Binding({**names, **data.parameters}, output)
    found: dict[str, str] = {}
    for argument in sorted(model.arguments):
        if argument in data.inputs or argument in data.constants:
            continue
        name = data.parameters.get(argument, argument)
        if name in space.names:
            found[argument] = name
        elif argument not in model.optional:
            _refuse(model, argument, data, space)
    _refuse_unknown(model, data, model.arguments)
    return Binding(found, output)


def _refuse_own(model: Model, space: Space) -> None:
    """Refuse a parameter that is called like something that the model makes itself."""
    own: Mapping[str, str] = getattr(model.function, "own_names", {})
    for name in space.names:
        if name in own:
            raise ModelError(f'"{name}" is {own[name]} of the ODE and a parameter too; rename one.')


def _refuse_unknown(model: Model, data: Data, arguments: frozenset[str]) -> None:
    """Refuse a data set that names a parameter for what the model does not have."""
    for argument in data.parameters:
        if argument not in arguments:
            raise ModelError(
                f'data set "{data.name}" names a parameter for the argument "{argument}", which {model.name} does not '
                "have; " + did_you_mean(argument, sorted(arguments))
            )


def _single_output(model: Model, data: Data) -> str:
    outputs = list(data.outputs)
    if model.function is None:
        names = [name for name, _ in model.formulas]
        if names == [ONLY] and len(outputs) > 1:
            raise ModelError(
                f"the data have the outputs {', '.join(outputs)}, but the model is one formula. "
                "Give a mapping of output to formula."
            )
        missing = [o for o in outputs if names != [ONLY] and o not in names]
        if missing:
            raise ModelError(
                f'no formula gives the output "{missing[0]}" of the data; ' + did_you_mean(missing[0], names)
            )
    return outputs[0]


def _refuse(model: Model, argument: str, data: Data, space: Space) -> None:
    known = [*space.names, *data.inputs]
    message = (
        f'"{argument}" in the model {model.name} is neither a parameter nor an input of data set "{data.name}"; '
        + did_you_mean(argument, known)
    )
    raise (FormulaError if model.function is None else ModelError)(message)
