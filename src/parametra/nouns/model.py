"""A model: named parameters and named inputs in, one predicted array per output out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.errors import ModelError
from parametra.nouns.formula import Formula

ONLY = ""
"""The name of the output of a model that has just one and does not name it."""


@dataclass(frozen=True)
class Model:
    """What predicts the data: formulas, or a function of Python.

    `Model.of` makes one from what a person has:

    - a formula as text, `"H0 * sqrt(Om * (1 + z)**3 + 1 - Om)"`, or a mapping of output name to formula;
    - a function whose arguments are named like the parameters and the inputs, `def model(z, H0, Om): ...`, in any
      order, written with NumPy or with jax.numpy; or `def model(parameters, inputs): ...`, which gets two dicts.
      It returns an array, or a dict of arrays by output.

    Which arguments are parameters and which are inputs is found by name, so a model says nothing of it.

    Arguments:
        name: how it is called in messages and reports.
        formulas: output name to formula, empty for a function.
        function: the function, None for formulas.
        arguments: the names that it wants; empty when it takes the two dicts.
        optional: those of the arguments that have a default.
    """

    name: str
    formulas: tuple[tuple[str, Formula], ...] = ()
    function: Callable[..., Any] | None = None
    arguments: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    @staticmethod
    def of(thing: object, *, name: str | None = None) -> Model:
        """A model from a formula, a mapping of formulas, a function, or a model.

        Raises:
            ModelError: it is none of these, or a function whose arguments cannot be told by name.
            FormulaError: a formula that cannot be read.
        """
        if isinstance(thing, Model):
            return thing
        if isinstance(thing, str):
            formula = Formula.parse(thing, where="model")
            return Model(name or thing.strip(), ((ONLY, formula),), None, formula.names)
        if isinstance(thing, Mapping) and thing:
            formulas = tuple((str(k), Formula.parse(str(v), where=f"model {k}")) for k, v in thing.items())
            return Model(name or "formulas", formulas, None, frozenset().union(*(f.names for _, f in formulas)))
        if callable(thing):
            return _from_function(thing, name)
        raise ModelError(
            f"a model is a formula, a mapping of output to formula, or a function; {type(thing).__name__} came. "
            'For example: fit("a * exp(-b * t)", data, parameters={"a": 1, "b": 0.5})'
        )

    @property
    def takes_dicts(self) -> bool:
        """True for a function of the two dicts `parameters` and `inputs`."""
        return self.function is not None and not self.arguments

    @property
    def signature(self) -> tuple[Any, ...]:
        """What tells this model from another one, without running it."""
        return tuple((k, f.text) for k, f in self.formulas) if self.function is None else ("function", self.function)

    def predict(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any], xp: Any = np) -> dict[str, Any]:
        """Predicted arrays by output, `ONLY` for a single unnamed one. Inputs win over parameters of the same name.

        Raises:
            ModelError: a function wanted to end the process. Whatever else it raises passes.
        """
        if self.function is None:
            values = {**parameters, **inputs}
            return {output: formula.evaluate(values, xp) for output, formula in self.formulas}
        try:
            if self.takes_dicts:
                result = self.function(dict(parameters), dict(inputs))
            else:
                wanted = {k: v for k, v in {**parameters, **inputs}.items() if k in self.arguments}
                result = self.function(**wanted)
        except SystemExit as error:
            raise ModelError(f"the model called sys.exit({error.code!r})") from error
        return dict(result) if isinstance(result, Mapping) else {ONLY: result}


def _from_function(function: Callable[..., Any], name: str | None) -> Model:
    shown = name or getattr(function, "__name__", type(function).__name__)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"the arguments of {shown} cannot be read ({error}). Wrap it in a function whose arguments are named like "
            "the parameters and the inputs."
        ) from None
    odd = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if odd:
        raise ModelError(
            f"{shown} takes {odd[0]}, whose names cannot be told. Name every parameter and every input as an argument, "
            "or write def model(parameters, inputs) to get two dicts."
        )
    names = [p.name for p in parameters]
    if names == ["parameters", "inputs"]:
        return Model(shown, (), function)
    if not names:
        raise ModelError(f"{shown} takes no arguments: it needs the parameters and the inputs, by name.")
    optional = frozenset(p.name for p in parameters if p.default is not p.empty)
    return Model(shown, (), function, frozenset(names), optional)
