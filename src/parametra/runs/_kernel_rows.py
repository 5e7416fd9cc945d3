"""What a kernel computes at one point, stated plainly; how it is computed fast is told elsewhere.

Coordinates come as separate numbers, not as one vector, so that a derivative by one of them keeps its zeros.

    residuals   rows           of least squares
    value       cost
    gradient    cost, slopes   reverse mode
    normal      rows, columns  forward mode, one coordinate at a time
    jacobian    rows, columns
    predicted   rows, columns  of the predictions
    score       cost, rows     the predictions, and the slope of the log density in each of them

Rows come in stretches, one for each output of each data set and one for each stated prior: a parameter that belongs to
one data set has no column in the stretches of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.problem import Problem
from parametra.runs.cost import Cost

KINDS = ("residuals", "value", "gradient", "normal", "jacobian", "predicted", "score")

MOST_STEPS = 20_000
"""Coordinates times operations up to which each coordinate is differentiated on its own; all at once beyond."""


class Coordinates:
    """Separate numbers that can be read like a vector (d,), which is all that `Space.to_named` does with them."""

    def __init__(self, numbers: Sequence[Any]) -> None:
        self.numbers = list(numbers)
        self.shape = (len(self.numbers),)

    def __getitem__(self, index: Any) -> Any:
        import jax.numpy as jnp

        if isinstance(index, slice):
            chosen = self.numbers[index]
            return jnp.stack(chosen) if chosen else jnp.zeros(0)
        return self.numbers[index]


@dataclass(frozen=True)
class Leaves:
    """The arrays of a problem as a flat list, and back. The order is that of the sorted names.

    Arguments:
        paths: where each array stands: number of the data set, then names.
        arrays: the arrays.
    """

    paths: tuple[tuple[Any, ...], ...]
    arrays: tuple[np.ndarray, ...]

    @staticmethod
    def of(arrays: Sequence[Mapping[str, Any]]) -> Leaves:
        found = [item for i, part in enumerate(arrays) for item in _walk((i,), part)]
        return Leaves(tuple(p for p, _ in found), tuple(np.asarray(a) for _, a in found))

    def restored(self, flat: Sequence[Any], empty: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
        """The structure with other arrays in it; `empty` tells of parts without any."""
        whole: list[dict[str, Any]] = [{key: {} for key in part} for part in empty]
        for path, value in zip(self.paths, flat, strict=True):
            place: Any = whole[path[0]]
            for name in path[1:-1]:
                place = place.setdefault(name, {})
            place[path[-1]] = value
        return tuple(whole)


def _walk(path: tuple[Any, ...], part: Mapping[str, Any]) -> list[tuple[tuple[Any, ...], Any]]:
    found: list[tuple[tuple[Any, ...], Any]] = []
    for name in sorted(part):
        value = part[name]
        found += _walk((*path, name), value) if isinstance(value, Mapping) else [((*path, name), value)]
    return found


Function = Callable[[Sequence[Any], Sequence[Any]], dict[str, Any]]
"""From coordinates and leaves to named outputs, traceable by JAX."""


def function_of(kind: str, problem: Problem, cost: Cost) -> Function:
    """What the kernel of a kind computes at one point.

    Arguments:
        kind: one of `KINDS`.
        problem: the problem, its model traceable.
        cost: the cost.
    """
    point = _Point(kind, problem, cost, Leaves.of(problem.arrays))
    alone: dict[str, Function] = {
        "residuals": lambda x, flat: {"rows": point.rows(x, flat)},
        "value": lambda x, flat: {"cost": point.cost_of(x, flat)},
        "gradient": point.slopes,
        "score": point.score,
    }
    return alone.get(kind, point.with_columns)


@dataclass(frozen=True)
class _Point:
    """All that may be asked of one point: coordinates, and the leaves of the problem's arrays."""

    kind: str
    problem: Problem
    cost: Cost
    leaves: Leaves

    def asked(self, x: Sequence[Any], flat: Sequence[Any]) -> tuple[dict[str, Any], Any]:
        """Named values and arrays."""
        import jax.numpy as jnp

        arrays = self.leaves.restored(flat, self.problem.arrays)
        return self.problem.fit_space.to_named(Coordinates(x), jnp), arrays

    def cost_of(self, x: Sequence[Any], flat: Sequence[Any]) -> Any:
        """The cost."""
        import jax.numpy as jnp

        named, arrays = self.asked(x, flat)
        if not self.cost.least_squares:
            return -self.problem.log_density(named, arrays, jnp)
        return self.cost.value(jnp.concatenate(self.residuals(named, arrays)), jnp)

    def residuals(self, named: Mapping[str, Any], arrays: Any) -> list[Any]:
        """The residuals of `Problem.residuals`, stretch by stretch."""
        import jax.numpy as jnp

        problem = self.problem
        parts: list[Any] = [
            problem.noise[o].residuals(problem.scatter(i, o, f, named, arrays, jnp))
            for i, o, f in problem.compared(named, arrays, jnp)
        ]
        priors = [(jnp.asarray(named[name]) - mean) / sd for name, mean, sd in problem.prior_rows]
        return [*parts, *(jnp.reshape(row, (1,)) for row in priors)]

    def rows(self, x: Sequence[Any], flat: Sequence[Any]) -> list[Any]:
        """What is differentiated: residuals, quantities that a density depends on, or predictions."""
        import jax.numpy as jnp

        named, arrays = self.asked(x, flat)
        if self.kind == "predicted":
            return [jnp.asarray(f) for _, _, f in self.problem.compared(named, arrays, jnp)]
        if self.cost.scores:
            return [jnp.asarray(q) for q, _, _ in self.problem.working(named, arrays, jnp)]
        return self.residuals(named, arrays)

    def with_columns(self, x: Sequence[Any], flat: Sequence[Any]) -> dict[str, Any]:
        """Rows and columns, and what turns them into normal equations."""
        values, columns = _differentiated(self.rows, x, flat)
        return {"rows": values, "columns": columns, **self.scales(x, flat, values)}

    def scales(self, x: Sequence[Any], flat: Sequence[Any], values: list[Any]) -> dict[str, Any]:
        """Weights W of J'WJ, and what J' is multiplied by for the gradient; nothing for plain least squares."""
        import jax.numpy as jnp

        if self.kind == "predicted":
            return {}
        if self.cost.scores:
            named, arrays = self.asked(x, flat)
            working = self.problem.working(named, arrays, jnp)
            weights = [jnp.broadcast_to(i, q.shape) for q, _, i in working]
            slopes = [jnp.broadcast_to(s, q.shape) for q, s, _ in working]
            # where a density is impossible there is no information, and the point has failed
            pull = [jnp.where(w > 0, -s, jnp.nan) for w, s in zip(weights, slopes, strict=True)]
            return {"weights": weights, "pull": pull, "cost": self.cost_of(x, flat)}
        if self.cost.losses and self.kind == "normal":
            whole = jnp.concatenate(values)
            for_jacobian, for_residuals = self.cost.factors(whole, jnp)
            ends = np.cumsum([v.size for v in values])[:-1]
            return {
                "weights": jnp.split(for_jacobian * for_jacobian, ends),
                "pull": jnp.split(for_jacobian * for_residuals * whole, ends),
                "cost": self.cost.value(whole, jnp),
            }
        return {}

    def slopes(self, x: Sequence[Any], flat: Sequence[Any]) -> dict[str, Any]:
        """The cost and its derivative by each coordinate."""
        import jax

        found, slope = jax.value_and_grad(lambda z: self.cost_of(z, flat))(list(x))
        return {"cost": found, "slopes": slope}

    def score(self, x: Sequence[Any], flat: Sequence[Any]) -> dict[str, Any]:
        """The cost, the predictions, and the slope of the log density in each of them."""
        import jax
        import jax.numpy as jnp

        problem = self.problem
        named, arrays = self.asked(x, flat)
        if problem.profiled is not None:
            named = {**named, problem.profiled: 1.0}  # as in the cost of residuals, which leaves the scale out
        compared = problem.compared(named, arrays, jnp)

        def density(values: list[Any]) -> Any:
            total: Any = 0.0
            for (i, o, _), f in zip(compared, values, strict=True):
                scatter = problem.scatter(i, o, f, named, arrays, jnp)
                total = total + jnp.sum(problem.noise[o].log_density(scatter))
            return total

        predicted = [jnp.asarray(f) for _, _, f in compared]
        return {"cost": self.cost_of(x, flat), "predicted": predicted, "score": jax.grad(density)(predicted)}


def _differentiated(
    function: Callable[[Sequence[Any], Sequence[Any]], list[Any]], coordinates: Sequence[Any], flat: Sequence[Any]
) -> tuple[list[Any], list[list[Any]] | list[Any]]:
    """The stretches, and for each coordinate its column in each; all columns in one (d, m) where those are too many."""
    import jax
    import jax.numpy as jnp
    from jax.extend.core import jaxpr_as_fun

    d = len(coordinates)
    traced = jax.make_jaxpr(function)(list(coordinates), list(flat))
    plain = jaxpr_as_fun(traced)

    def moved(index: int) -> list[Any]:
        def along(number: Any) -> list[Any]:
            return plain(*[number if k == index else c for k, c in enumerate(coordinates)], *flat)

        return jax.jvp(along, (coordinates[index],), (jnp.ones(()),))[1]

    values = plain(*coordinates, *flat)
    if d * len(traced.jaxpr.eqns) <= MOST_STEPS:
        return values, [moved(i) for i in range(d)]
    together = jnp.stack(list(coordinates))
    all_at_once = jax.vmap(lambda v: jax.jvp(lambda x: plain(*[x[i] for i in range(d)], *flat), (together,), (v,))[1])
    return values, all_at_once(jnp.eye(d))
