"""Formulas in an order in which each finds what it needs, with a function at the end where a person wrote one.

A sheet is evaluated for many lanes at once: every name has an array that broadcasts to the lanes, an array of elements
has them along its first axis, before those of the lanes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns._ode_function import NamedFunction
from parametra.nouns.errors import ModelError
from parametra.nouns.formula import Formula

Tangents = dict[str, dict[int, Any]]
"""For each name its derivative by each direction that it depends on."""

Lines = tuple[tuple[str, Formula], ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """What is computed from names.

    Arguments:
        lines: name and formula, in an order in which each uses only what is given or above it.
        results: the names that are wanted; with a function those of what it returns.
        function: computes the results from all of these, None where they are lines.
    """

    lines: Lines
    results: tuple[str, ...]
    function: NamedFunction | None = None

    @property
    def names(self) -> frozenset[str]:
        """What must be given."""
        made = {name for name, _ in self.lines}
        wanted = {name for _, formula in self.lines for name in formula.names}
        return frozenset((wanted | (self.function.names if self.function else set())) - made)

    @property
    def text(self) -> list[Any]:
        """What tells it from another one."""
        stated: list[Any] = [[name, formula.text] for name, formula in self.lines]
        return [stated, list(self.results), self.function.digest if self.function else ""]

    def values(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> list[np.ndarray]:
        """The results, of that shape."""
        found = dict(given)
        for name, formula in self.lines:
            found[name] = formula.evaluate(found)
        if self.function is not None:
            return self.function.values(found, shape)
        return [_shaped(found[name], shape) for name in self.results]

    def with_tangents(
        self, given: Mapping[str, Any], tangents: Tangents, shape: tuple[int, ...]
    ) -> tuple[list[np.ndarray], list[dict[int, np.ndarray]]]:
        """The results and their exact derivatives by each direction."""
        found, moved = dict(given), dict(tangents)
        for name, formula in self.lines:
            found[name], moved[name] = formula.evaluate_with_tangents(found, moved)
        if self.function is not None:
            return self.function.with_tangents(found, moved, shape)
        slopes = [{q: _shaped(t, shape) for q, t in moved[name].items()} for name in self.results]
        return [_shaped(found[name], shape) for name in self.results], slopes

    def traced(self, given: Mapping[str, Any], lanes: int) -> list[Any]:
        """The results in JAX, each (lanes,)."""
        import jax.numpy as jnp

        found = dict(given)
        for name, formula in self.lines:
            found[name] = formula.evaluate(found, jnp)
        if self.function is not None:
            return self.function.traced(found, lanes)
        return [jnp.broadcast_to(jnp.asarray(found[name], dtype=float), (lanes,)) for name in self.results]


def _shaped(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(value)
    return array if array.shape == shape else np.broadcast_to(array, shape)


def in_order(
    wanted: Mapping[str, Formula], definitions: Mapping[str, Formula], more: Iterable[str] = (), *, where: str
) -> Sheet:
    """A sheet of the formulas that are wanted, and of the definitions that they use.

    Arguments:
        wanted: result to formula; results are kept apart from other names.
        definitions: name to formula.
        more: names that are used by others than these.
        where: opens the message.

    Raises:
        ModelError: definitions that use one another in a circle.
    """
    lines: dict[str, Formula] = {}
    open_names: list[str] = []

    def define(name: str) -> None:
        if name in lines or name not in definitions:
            return
        if name in open_names:
            circle = " -> ".join([*open_names[open_names.index(name) :], name])
            raise ModelError(f"{where}: {circle} goes round in a circle. State one of them without the others.")
        open_names.append(name)
        for used in sorted(definitions[name].names):
            define(used)
        open_names.pop()
        lines[name] = definitions[name]

    for name in sorted({*more, *(name for formula in wanted.values() for name in formula.names)}):
        define(name)
    results = {f"{name} =": formula for name, formula in wanted.items()}
    return Sheet((*lines.items(), *results.items()), tuple(results))
