"""Forward Jacobians in JAX that do no work for derivatives that are zero.

The model is linearised once. Its linear part is then walked once for each coordinate, with zeros known as zeros, so
that a coordinate costs only the operations that it reaches: in a light curve of two eclipses the depth of one passes
through a single product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def value_and_columns(function: Callable[[Any], Any], x: Any, d: int) -> tuple[Any, Any]:
    """f(x) of shape (m,) and the transposed Jacobian, one row a coordinate: (d, m)."""
    import jax
    import jax.numpy as jnp

    value, push = jax.linearize(lambda *parts: function(jnp.stack(parts)), *(x[i] for i in range(d)))
    one = jnp.ones((), dtype=x.dtype)
    traced = jax.make_jaxpr(push)(*(one for _ in range(d)))
    zeros = jnp.zeros_like(value)
    rows = []
    for c in range(d):
        (row,) = _walk(traced.jaxpr, traced.consts, [one if i == c else None for i in range(d)], [True] * d)
        rows.append(zeros if row is None else row)
    return value, jnp.stack(rows)


def _walk(jaxpr: Any, consts: Any, inputs: list[Any], tangents: list[bool]) -> list[Any]:
    """Evaluate a linear program. `tangents` says which inputs it is linear in; of those, None stands for zero."""
    from jax.extend.core import Literal

    env: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    zero: set[Any] = set()
    for variable, value in zip(jaxpr.invars, inputs, strict=True):
        if value is None:
            zero.add(variable)
        else:
            env[variable] = value
    moving = {v for v, is_tangent in zip(jaxpr.invars, tangents, strict=True) if is_tangent}
    for equation in jaxpr.eqns:
        linear = [v for v in equation.invars if not isinstance(v, Literal) and v in moving]
        if linear and all(v in zero for v in linear):
            zero.update(equation.outvars)
        else:
            results = _apply(equation, env, zero, moving)
            env.update(zip(equation.outvars, results, strict=True))
        if linear:
            moving.update(equation.outvars)
    return [None if v in zero else _read(v, env) for v in jaxpr.outvars]


def _read(variable: Any, env: dict[Any, Any]) -> Any:
    from jax.extend.core import Literal

    return variable.val if isinstance(variable, Literal) else env[variable]


def _apply(equation: Any, env: dict[Any, Any], zero: set[Any], moving: set[Any]) -> list[Any]:
    import jax.numpy as jnp
    from jax.extend.core import Literal

    def known_zero(v: Any) -> bool:
        return not isinstance(v, Literal) and v in zero

    name = equation.primitive.name
    if name in ("add_any", "add") and any(known_zero(v) for v in equation.invars):
        (other,) = [v for v in equation.invars if not known_zero(v)]
        value = _read(other, env)
        return [jnp.broadcast_to(value, equation.outvars[0].aval.shape)]
    if name == "sub" and known_zero(equation.invars[1]):
        return [jnp.broadcast_to(_read(equation.invars[0], env), equation.outvars[0].aval.shape)]
    if name == "sub" and known_zero(equation.invars[0]):
        return [-jnp.broadcast_to(_read(equation.invars[1], env), equation.outvars[0].aval.shape)]
    inputs = [jnp.zeros(v.aval.shape, v.aval.dtype) if known_zero(v) else _read(v, env) for v in equation.invars]
    if name in ("pjit", "jit"):
        closed = equation.params["jaxpr"]
        inner = [None if known_zero(v) else _read(v, env) for v in equation.invars]
        linear_in = [not isinstance(v, Literal) and v in moving for v in equation.invars]
        results = _walk(closed.jaxpr, closed.consts, inner, linear_in)
        blank = [jnp.zeros(v.aval.shape, v.aval.dtype) for v in equation.outvars]
        return [b if r is None else r for b, r in zip(blank, results, strict=True)]
    parameters = equation.primitive.get_bind_params(equation.params)
    results = equation.primitive.bind(*inputs, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]
