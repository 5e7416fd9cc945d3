"""Optax's gradient transformations as rules on NumPy arrays: compiled once, 64 bits, their memory plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from parametra.nouns.errors import MissingExtraError


def optax_for(method: str) -> Any:
    """The package optax.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import optax
    except ImportError:
        raise MissingExtraError("optax", "optax", f"The method {method}") from None
    return optax


@cache
def compiled(make: Callable[..., Any], settings: tuple[Any, ...]) -> Callable[..., Any]:
    """The update of `make(*settings)`, from (gradient, leaves, parameters) to (direction, leaves), compiled.

    Arguments:
        make: makes a transformation; hashable, so that the next run of the same settings compiles nothing.
        settings: its arguments.
    """
    import jax

    transformation = make(*settings)

    @jax.jit
    def update(gradient: Any, leaves: tuple[Any, ...], parameters: Any) -> tuple[Any, tuple[Any, ...]]:
        structure = jax.tree.structure(jax.eval_shape(transformation.init, parameters))
        state = jax.tree.unflatten(structure, leaves)
        direction, state = transformation.update(gradient, state, parameters)
        return direction, tuple(jax.tree.leaves(state))

    return update


@cache
def begin(make: Callable[..., Any], settings: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """The transformation's first memory for parameters of a shape, which is all that it depends on."""
    import jax

    with jax.enable_x64(True):
        state = make(*settings).init(np.zeros(shape))
        return tuple(np.asarray(leaf) for leaf in jax.tree.leaves(state))


def turn(
    make: Callable[..., Any],
    settings: tuple[Any, ...],
    gradient: np.ndarray,
    memory: tuple[np.ndarray, ...],
    parameters: np.ndarray,
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The transformed gradient and the new memory, as NumPy arrays."""
    import jax

    with jax.enable_x64(True):
        direction, leaves = compiled(make, settings)(gradient, memory, parameters)
        return np.asarray(direction), tuple(np.asarray(leaf) for leaf in leaves)
