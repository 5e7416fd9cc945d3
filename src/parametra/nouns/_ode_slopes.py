"""The slopes of an ODE as solvers call them: time, states and rows of numbers in, slopes out, lanes last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns._ode_sheet import Tangents
from parametra.nouns._ode_statement import Statement


@dataclass(frozen=True, eq=False)
class Slopes:
    """Slopes of n states in B lanes.

    Arguments:
        statement: the ODE.
        widths: parameters and inputs that it uses, with how many elements each has, 0 for a single number.
        held: whether time is the last row of the numbers and does not run.
    """

    statement: Statement
    widths: tuple[tuple[str, int], ...]
    held: bool = False

    @property
    def n(self) -> int:
        """How many states."""
        return len(self.statement.states)

    @cached_property
    def rows(self) -> int:
        """How many rows of numbers: elements of the names, conditions, and time where it is held."""
        return sum(max(1, width) for _, width in self.widths) + len(self.statement.conditions) + self.held

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Hashable: equal for slopes that compute the same. A function is known by itself alone."""
        sheet = self.statement.slopes
        lines = tuple((name, formula.text) for name, formula in sheet.lines)
        function = sheet.function.function if sheet.function else None
        hidden = tuple(condition.name for condition in self.statement.conditions)
        return (
            lines,
            sheet.results,
            function,
            self.statement.states,
            self.statement.time,
            hidden,
            self.widths,
            self.held,
        )

    def numbers(
        self, values: Mapping[str, np.ndarray], conditions: np.ndarray, time: np.ndarray | None, lanes: int
    ) -> Float[np.ndarray, "P B"]:
        """The rows of numbers for values by name, (B,) or (elements, B)."""
        parts = [np.broadcast_to(values[n], (w, lanes) if w else (lanes,)).reshape(-1, lanes) for n, w in self.widths]
        parts.append(conditions.reshape(-1, lanes))
        if self.held and time is not None:
            parts.append(time[None])
        return np.concatenate(parts) if parts else np.zeros((0, lanes))

    def tangents(
        self, tangents: Tangents, time: np.ndarray | None, directions: int, lanes: int
    ) -> Float[np.ndarray, "P Q B"]:
        """Their derivatives; `time` (Q, B) where it is held."""
        found = np.zeros((self.rows, directions, lanes))
        first = 0
        for name, width in self.widths:
            count = max(1, width)
            for q, tangent in tangents.get(name, {}).items():
                found[first : first + count, q] = tangent
            first += count
        if self.held and time is not None:
            found[-1] = time
        return found

    def given(self, t: Any, y: Any, p: Any) -> dict[str, Any]:
        """Everything by name, for rows in NumPy or in JAX."""
        found: dict[str, Any] = {name: y[i] for i, name in enumerate(self.statement.states)}
        first = 0
        for name, width in self.widths:
            found[name] = p[first : first + width] if width else p[first]
            first += max(1, width)
        for condition in self.statement.conditions:
            found[condition.name] = p[first]
            first += 1
        found[self.statement.time] = p[first] if self.held else t
        return found

    def traced(self, t: Any, y: Any, p: Any) -> Any:
        """Slopes (n, B) in JAX."""
        import jax.numpy as jnp

        return jnp.stack(self.statement.slopes.traced(self.given(t, y, p), y.shape[-1]))

    def values(self, t: np.ndarray, y: np.ndarray, p: np.ndarray) -> Float[np.ndarray, "n B"]:
        """Slopes in NumPy."""
        with np.errstate(all="ignore"):
            return np.stack(self.statement.slopes.values(self.given(t, y, p), t.shape))

    def values_and_tangents(
        self, t: np.ndarray, y: np.ndarray, p: np.ndarray, dy: np.ndarray, dp: np.ndarray
    ) -> tuple[Float[np.ndarray, "n B"], Float[np.ndarray, "n Q B"]]:
        """Slopes in NumPy and their derivatives, at fixed time, for those of y (n, Q, B) and of p (P, Q, B)."""
        directions = dy.shape[1]
        states = {name: {q: dy[i, q] for q in range(directions)} for i, name in enumerate(self.statement.states)}
        first = 0
        moved: Tangents = dict(states)
        for name, width in self.widths:
            rows = slice(first, first + width) if width else first
            each = {q: dp[rows, q] for q in range(directions)}
            moved[name] = {q: part for q, part in each.items() if part.any()}
            first += max(1, width)
        if self.held:
            moved[self.statement.time] = {q: dp[-1, q] for q in range(directions)}
        with np.errstate(all="ignore"):
            values, slopes = self.statement.slopes.with_tangents(self.given(t, y, p), moved, t.shape)
        found = np.zeros((self.n, directions, *t.shape))
        for i, by_direction in enumerate(slopes):
            for q, slope in by_direction.items():
                found[i, q] = slope
        return np.stack(values), found
