"""The evaluator for many parameters: a traceable model, differentiated backwards, one point at a time.

A gradient costs a few runs of the model however many parameters there are, where forward derivatives cost a run each;
and what is compiled does not grow with their number.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.nouns.asker import Answers, Want
from parametra.nouns.problem import Problem
from parametra.runs.cost import Cost, answers_from_residuals


class Reverse:
    """Evaluates a problem whose model JAX can trace.

    Good for hundreds of parameters and more. Prefer `Compiled` for few parameters and many starts.

    Arguments:
        problem: what to evaluate; its model must be traceable, see `compiled.traceable`.
        cost: which cost; not one by scores.
    """

    kind = "compiled"
    derivative = "automatic differentiation, backwards"
    vectorised = False

    def __init__(self, problem: Problem, cost: Cost) -> None:
        self.problem = problem
        self.cost = cost
        self.calls = 0
        self.failures: Counter[str] = Counter()
        self._made: dict[str, Callable[..., Any]] = {}

    def with_cost(self, cost: Cost) -> Reverse:
        """The same evaluator of another cost of the same form."""
        other = copy.copy(self)
        other.__dict__.update(cost=cost, _made={})
        return other

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        self.calls += len(points)
        if want is Want.COST:
            cost = self._each("value", points)[0]
            return Answers(cost=np.where(np.isfinite(cost), cost, np.inf), ok=np.isfinite(cost))
        if want is Want.GRADIENT:
            cost, gradient = self._each("gradient", points)
            ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
            return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient)
        if want is Want.PREDICTED:
            predicted, jacobian = self._each("predicted", points)
            ok = np.isfinite(predicted.sum(axis=1)) & np.isfinite(jacobian.sum(axis=(1, 2)))
            return Answers(cost=np.where(ok, 0.0, np.inf), ok=ok, predicted=predicted, jacobian=jacobian)
        if want is Want.RESIDUALS:
            return answers_from_residuals(self._each("residuals", points)[0], None, self.cost, want)
        residuals, jacobian = self._each("jacobian", points)
        return answers_from_residuals(residuals, jacobian, self.cost, want)

    def _each(self, kind: str, points: np.ndarray) -> tuple[np.ndarray, ...]:
        import jax

        with jax.enable_x64(True):
            if kind not in self._made:
                self._made[kind] = self._build(kind)
            rows = [self._made[kind](x, self.problem.arrays) for x in points]
        return tuple(np.stack([np.asarray(row[i]) for row in rows]) for i in range(len(rows[0])))

    def _build(self, kind: str) -> Callable[..., Any]:
        import jax
        import jax.numpy as jnp

        problem, cost, space = self.problem, self.cost, self.problem.fit_space

        def residuals(x: Any, arrays: Any) -> Any:
            return problem.residuals(space.to_named(x, jnp), arrays, jnp)

        def predicted(x: Any, arrays: Any) -> Any:
            parts = [jnp.ravel(f) for _, _, f in problem.compared(space.to_named(x, jnp), arrays, jnp)]
            return jnp.concatenate(parts)

        def value(x: Any, arrays: Any) -> Any:
            if cost.least_squares:
                return cost.value(residuals(x, arrays), jnp)
            return -problem.log_density(space.to_named(x, jnp), arrays, jnp)

        if kind == "value":
            return jax.jit(lambda x, arrays: (value(x, arrays),))
        if kind == "gradient":
            return jax.jit(jax.value_and_grad(value))
        if kind == "residuals":
            return jax.jit(lambda x, arrays: (residuals(x, arrays),))
        of_x = predicted if kind == "predicted" else residuals
        slopes = jax.jacrev(of_x) if problem.size < space.dimension else jax.jacfwd(of_x)
        return jax.jit(lambda x, arrays: (of_x(x, arrays), slopes(x, arrays)))
