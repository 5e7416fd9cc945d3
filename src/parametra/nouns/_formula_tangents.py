"""Forward-mode derivatives of every operation of a formula, in NumPy.

A quantity u carries its tangents {coordinate: du/dcoordinate} for those coordinates only that it depends on, so
what does not depend on anything costs nothing. For f(u), the slope f'(u) is computed once for all coordinates.

At a kink the slope is the mean of both sides: sign(0) = 0 for |u|, where JAX has 1, and half of each for min and max of
equals, as in JAX.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.nouns._formula_functions import computes, whole_power

Tangents = Mapping[int, Any]
Rule = Callable[[Any, list[Any], list[Tangents]], Tangents]

_LN2, _LN10 = math.log(2.0), math.log(10.0)
_ERF = 2.0 / math.sqrt(math.pi)


def _digamma(x: Any) -> Any:
    return computes("digamma", for_jax=False)(x)


SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda _x, y: y,
    "expm1": lambda x, _y: np.exp(x),  # not y + 1, which cancels for x << 0
    "log": lambda x, _y: 1.0 / x,
    "log1p": lambda x, _y: 1.0 / (1.0 + x),
    "log2": lambda x, _y: 1.0 / (_LN2 * x),
    "log10": lambda x, _y: 1.0 / (_LN10 * x),
    "sqrt": lambda _x, y: 0.5 / y,
    "cbrt": lambda _x, y: 1.0 / (3.0 * y * y),
    "abs": lambda x, _y: np.sign(x),
    "sin": lambda x, _y: np.cos(x),
    "cos": lambda x, _y: -np.sin(x),
    "tan": lambda _x, y: 1.0 + y * y,
    "arcsin": lambda x, _y: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
    "arccos": lambda x, _y: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)),
    "arctan": lambda x, _y: 1.0 / (1.0 + x * x),
    "sinh": lambda x, _y: np.cosh(x),
    "cosh": lambda x, _y: np.sinh(x),
    "tanh": lambda x, _y: np.cosh(x) ** -2.0,  # not 1 - y^2, which cancels for large |x|
    "arcsinh": lambda x, _y: 1.0 / np.hypot(1.0, x),
    "arccosh": lambda x, _y: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)),
    "arctanh": lambda x, _y: 1.0 / ((1.0 - x) * (1.0 + x)),
    "erf": lambda x, _y: _ERF * np.exp(-x * x),
    "erfc": lambda x, _y: -_ERF * np.exp(-x * x),
    "gamma": lambda x, y: y * _digamma(x),
    "gammaln": lambda x, _y: _digamma(x),
    "expit": lambda x, y: y * computes("expit", for_jax=False)(-x),
}
"""f'(x), from x and y = f(x)."""

FLAT = frozenset({"sign", "floor", "ceil", "rint"})
"""Functions whose slope is zero wherever they have one."""


def scaled(slope: Any, tangents: Tangents) -> Tangents:
    """The chain rule: slope times every tangent."""
    return {k: slope * t for k, t in tangents.items()}


def _sum(a: Tangents, b: Tangents) -> Tangents:
    if not a or not b:
        return a or b
    result = dict(a)
    for k, t in b.items():
        result[k] = result[k] + t if k in result else t
    return result


def _add(_y: Any, _u: list[Any], t: list[Tangents]) -> Tangents:
    return _sum(t[0], t[1])


def _subtract(_y: Any, _u: list[Any], t: list[Tangents]) -> Tangents:
    result = dict(t[0])
    for k, slope in t[1].items():
        result[k] = result[k] - slope if k in result else -slope
    return result


def _negative(_y: Any, _u: list[Any], t: list[Tangents]) -> Tangents:
    return {k: -slope for k, slope in t[0].items()}


def _multiply(_y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    return _sum(scaled(u[1], t[0]), scaled(u[0], t[1]))


def _divide(y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    over = {k: slope / u[1] for k, slope in t[0].items()}
    return _sum(over, scaled(-y / u[1], t[1])) if t[1] else over


def _power(y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    base, exponent = u
    by_base: Tangents = {}
    if t[0] and isinstance(exponent, float):
        by_base = scaled(exponent * np.power(base, exponent - 1.0), t[0])  # 0 was dealt with while reading
    elif t[0]:
        # 0 * base**-1 at exponent 0 would be NaN for base 0, and the slope of a constant is 0
        none = exponent == 0.0
        by_base = scaled(np.where(none, 0.0, exponent * np.power(base, np.where(none, 1.0, exponent - 1.0))), t[0])
    if not t[1]:
        return by_base
    slope = np.where(y == 0.0, 0.0, y * np.log(base))  # 0**b stays 0 for every b > 0
    return _sum(by_base, scaled(slope, t[1]))


def _hypot(y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    length = np.where(y == 0.0, 1.0, y)  # at the origin the slope is 0, as that of |u| is
    parts = [scaled(u[i] / length, t[i]) if t[i] else t[i] for i in (0, 1)]
    return _sum(parts[0], parts[1])


def _arctan2(_y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    square = u[0] * u[0] + u[1] * u[1]
    by_y = scaled(u[1] / square, t[0]) if t[0] else t[0]
    return _sum(by_y, scaled(-u[0] / square, t[1])) if t[1] else by_y


def _chosen(first: Any, a: Tangents, b: Tangents) -> dict[int, Any]:
    return {k: np.where(first, a.get(k, 0.0), b.get(k, 0.0)) for k in (*a, *(k for k in b if k not in a))}


def _where(_y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    return _chosen(u[0], t[1], t[2])


def _extreme(first: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    result = _chosen(first, t[0], t[1])
    equal = u[0] == u[1]
    if np.any(equal):
        return {k: np.where(equal, 0.5 * (t[0].get(k, 0.0) + t[1].get(k, 0.0)), slope) for k, slope in result.items()}
    return result


def _minimum(_y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    return _extreme(u[0] < u[1], u, t)


def _maximum(_y: Any, u: list[Any], t: list[Tangents]) -> Tangents:
    return _extreme(u[0] > u[1], u, t)


RULES: dict[str, Rule] = {
    "add": _add,
    "subtract": _subtract,
    "negative": _negative,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "hypot": _hypot,
    "arctan2": _arctan2,
    "where": _where,
    "minimum": _minimum,
    "maximum": _maximum,
}
"""Operations of several quantities: result, operands and their tangents to the result's tangents."""


def whole_power_slope(x: Any, y: Any, exponent: int) -> Any:
    """The slope of x ** exponent, exponent not 0 and not 1."""
    if exponent == 2:
        return x + x
    return exponent * whole_power(x, exponent - 1) if exponent > 0 else exponent * y / x
