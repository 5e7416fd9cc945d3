"""A NumPy function turned into one that JAX can trace, and the checks that say whether to believe it.

The function is not changed: a copy of it sees jax.numpy where the original sees numpy (or math). Whether the copy
computes the same is found out by running both.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np


def lift(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """A copy of `function` with numpy and math replaced by jax.numpy; None when it is not a plain Python function.

    Modules, their members (`from numpy import exp`) and plain functions that the function calls are replaced too,
    wherever it reaches them: as globals or in its closure.
    """
    if not isinstance(function, types.FunctionType):
        return None
    return _lift(function, {})


def _lift(function: types.FunctionType, seen: dict[types.FunctionType, types.FunctionType]) -> types.FunctionType:
    if function in seen:
        return seen[function]
    namespace = dict(function.__globals__)
    closure = function.__closure__ or ()
    # the cells are filled after the function is known, because it may refer to itself
    cells = tuple(types.CellType() for _ in closure)
    lifted = types.FunctionType(function.__code__, namespace, function.__name__, function.__defaults__, cells)
    lifted.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(lifted, function)
    seen[function] = lifted
    for cell, original in zip(cells, closure, strict=True):
        cell.cell_contents = _replaced(original.cell_contents, function, seen)
    for name in function.__code__.co_names:
        if name in namespace:
            namespace[name] = _replaced(namespace[name], function, seen)
    return lifted


def _replaced(value: Any, inside: types.FunctionType, seen: dict[types.FunctionType, types.FunctionType]) -> Any:
    import jax.numpy as jnp

    if value is np or value is math:
        return jnp
    if isinstance(value, types.FunctionType) and value.__module__ == inside.__module__:
        return _lift(value, seen)
    name = getattr(value, "__name__", None)
    home = getattr(value, "__module__", None)
    from_numpy = isinstance(value, np.ufunc) or home in ("numpy", "math")
    if from_numpy and isinstance(name, str) and not isinstance(value, type):
        return getattr(jnp, name, value)
    return value
