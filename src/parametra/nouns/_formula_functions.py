"""The functions that formulas may call, and what computes each in NumPy and in JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from parametra.maths.special import expit, log_gamma


class Listed(NamedTuple):
    """The operation behind a function's name, and how many arguments it takes (most = 0: any number from least on)."""

    operation: str
    least: int = 1
    most: int = 1


_ONE_ARGUMENT = (
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "abs", "sign", "floor", "ceil",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    "erf", "erfc", "gamma", "expit",
)  # fmt: skip

FUNCTIONS: dict[str, Listed] = {
    **{name: Listed(name) for name in _ONE_ARGUMENT},
    "round": Listed("rint"),
    "lgamma": Listed("gammaln"),
    "gammaln": Listed("gammaln"),
    "sigmoid": Listed("expit"),
    "asin": Listed("arcsin"),
    "acos": Listed("arccos"),
    "atan": Listed("arctan"),
    "atan2": Listed("arctan2", 2, 2),
    "arctan2": Listed("arctan2", 2, 2),
    "hypot": Listed("hypot", 2, 2),
    "power": Listed("power", 2, 2),
    "minimum": Listed("minimum", 2, 2),
    "maximum": Listed("maximum", 2, 2),
    "min": Listed("minimum", 2, 0),
    "max": Listed("maximum", 2, 0),
    "where": Listed("where", 3, 3),
}

SPECIAL = frozenset({"erf", "erfc", "gamma", "gammaln", "expit", "digamma"})
"""Those that come from scipy.special or jax.scipy.special."""

_NOT_COMPLEX = {"expit": expit, "gammaln": log_gamma}
"""Those that SciPy has for real numbers only, taken from where complex steps through them are known."""

Computes = Callable[..., Any]


@lru_cache(maxsize=256)
def computes(operation: str, for_jax: bool) -> Computes:
    """What computes an operation in NumPy, or in JAX."""
    if operation in SPECIAL:
        return _special(operation, for_jax)
    if not for_jax:
        return getattr(np, operation)
    import jax.numpy as jnp

    return getattr(jnp, operation)


def _special(operation: str, for_jax: bool) -> Computes:
    if for_jax:
        import jax.scipy.special

        return getattr(jax.scipy.special, operation)
    import scipy.special

    if operation in _NOT_COMPLEX:
        return partial(_NOT_COMPLEX[operation], xp=np)
    return getattr(scipy.special, operation)


def whole_power(x: Any, exponent: int) -> Any:
    """The power x ** exponent as products, exponent not 0, for numbers and arrays of either kind."""
    result: Any = None
    square, left = x, abs(exponent)
    while left:
        if left & 1:
            result = square if result is None else result * square
        left >>= 1
        if left:
            square = square * square
    return result if exponent > 0 else np.float64(1.0) / result
