"""What one step of any method comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Trial:
    """A step that was tried, in each lane.

    Arguments:
        ends: the states (n, L) after it.
        moved: their derivatives (n, Q, L), or None.
        error: the estimate of the error (n, L).
        second: another estimate, where the method weighs two; or None.
        moved_error: of the derivatives, or None.
        trusted: where its linear systems were solved, (L,) or True.
        left: what the next step takes over, if this one is accepted.
        apart: two slopes at the end of the step less one another, and the states that they belong to (n, L): how
            much faster the slope changes than the states tells whether stability holds the step short; or None.
        moved_apart: the same of their derivatives (n, Q, L).
        parts: what the values within the step are made of (see `within`), and the same of their derivatives.
    """

    ends: Any
    moved: Any
    error: Any
    second: Any
    moved_error: Any
    trusted: Any
    left: tuple[Any, ...]
    parts: Callable[[], tuple[list[Any], list[Any]]]
    apart: tuple[Any, Any] | None = None
    moved_apart: tuple[Any, Any] | None = None


def within(shares: Sequence[Any], parts: Sequence[Any]) -> Any:
    """A value within a step: its parts, each with its share (L,) at that place."""
    total: Any = None
    for share, part in zip(shares, parts, strict=True):
        term = share * part
        total = term if total is None else total + term
    return total


def square(rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Rows of growing length, filled up with zeros to a square."""
    full = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        full[i, : len(row)] = row
    return full


def mixed(weights: Any, stages: Any, shape: tuple[int, ...]) -> Any:
    """The sum of the stages (S, size) times weights (S,), in a shape."""
    return (weights @ stages).reshape(shape)


def each_direction(function: Callable[..., Any], rows: int, together: bool, *moved: Any) -> Any:
    """A function of one direction for all of them.

    Arguments:
        function: of arrays (k, L), giving (rows, L); or of (k, Q, L), giving (rows, Q, L).
        rows: how many.
        together: whether it is called once with all directions, which is faster, or in a loop over them, of which much
            less is compiled.
        moved: the arrays of all directions (k, Q, L).

    Returns:
        (rows, Q, L).
    """
    import jax
    import jax.numpy as jnp

    directions, lanes = moved[0].shape[1:]
    if together:
        return function(*moved)

    def one(q: Any, made: Any) -> Any:
        here = [jax.lax.dynamic_index_in_dim(of, q, 1, keepdims=False) for of in moved]
        return jax.lax.dynamic_update_index_in_dim(made, function(*here), q, 1)

    return jax.lax.fori_loop(0, directions, one, jnp.zeros((rows, directions, lanes)))
