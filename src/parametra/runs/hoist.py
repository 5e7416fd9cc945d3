"""Taking out of a traced function what does not depend on its first argument, so that many lanes share it.

In a light curve, cos(2 pi t) is the same for every set of parameters; a loop over lanes would compute it anew for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def hoisted(function: Callable[[Any, Any], Any], x: Any, shared: Any) -> Callable[[Any], Any]:
    """The function of x alone that equals function(x, shared), with all that needs only `shared` computed here.

    Arguments:
        function: traceable, of (x, shared); returns one array.
        x: an example of the first argument, for its shape.
        shared: the second argument, a tree of arrays.
    """
    import jax
    from jax.extend.core import Literal

    leaves, tree = jax.tree.flatten(shared)
    closed = jax.make_jaxpr(lambda a, *b: function(a, jax.tree.unflatten(tree, b)))(x, *leaves)
    jaxpr = closed.jaxpr
    known: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    known.update(zip(jaxpr.invars[1:], leaves, strict=True))
    later: list[Any] = []
    for equation in jaxpr.eqns:
        if all(isinstance(v, Literal) or v in known for v in equation.invars):
            _run(equation, known)
        else:
            later.append(equation)

    def rest(value: Any) -> Any:
        env = {**known, jaxpr.invars[0]: value}
        for equation in later:
            _run(equation, env)
        (out,) = jaxpr.outvars
        return out.val if isinstance(out, Literal) else env[out]

    return rest


def _run(equation: Any, env: dict[Any, Any]) -> None:
    from jax.extend.core import Literal

    inputs = [v.val if isinstance(v, Literal) else env[v] for v in equation.invars]
    results = equation.primitive.bind(*inputs, **equation.primitive.get_bind_params(equation.params))
    env.update(zip(equation.outvars, results if equation.primitive.multiple_results else [results], strict=True))
