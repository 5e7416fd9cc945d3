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
    import jax.numpy as jnp

    space, leaves = problem.fit_space, Leaves.of(problem.arrays)

    def asked(coordinates: Sequence[Any], flat: Sequence[Any]) -> tuple[dict[str, Any], Any]:
        return space.to_named(Coordinates(coordinates), jnp), leaves.restored(flat, problem.arrays)

    def value(coordinates: Sequence[Any], flat: Sequence[Any]) -> Any:
        named, arrays = asked(coordinates, flat)
        if not cost.least_squares:
            return -problem.log_density(named, arrays, jnp)
        rows = _residuals(problem, named, arrays)
        return cost.value(rows[0] if len(rows) == 1 else jnp.concatenate(rows), jnp)

    def rows(coordinates: Sequence[Any], flat: Sequence[Any]) -> list[Any]:
        named, arrays = asked(coordinates, flat)
        if kind == "predicted":
            return [jnp.asarray(f) for _, _, f in problem.compared(named, arrays, jnp)]
        if cost.scores:
            return [jnp.asarray(q) for q, _, _ in problem.working(named, arrays, jnp)]
        return _residuals(problem, named, arrays)

    def scales(coordinates: Sequence[Any], flat: Sequence[Any], values: list[Any]) -> dict[str, Any]:
        """What turns rows and columns into normal equations: J'WJ and J'pull; nothing for plain least squares."""
        if cost.scores:
            named, arrays = asked(coordinates, flat)
            working = problem.working(named, arrays, jnp)
            # where a density is impossible there is no information, and the point has failed
            weights = [jnp.broadcast_to(i, q.shape) for q, _, i in working]
            slopes = [jnp.broadcast_to(s, q.shape) for q, s, _ in working]
            pull = [jnp.where(w > 0, -s, jnp.nan) for w, s in zip(weights, slopes, strict=True)]
            return {"weights": weights, "pull": pull, "cost": value(coordinates, flat)}
        if cost.losses and kind == "normal":
            whole = jnp.concatenate(values)
            for_jacobian, for_residuals = cost.factors(whole, jnp)
            ends = np.cumsum([v.size for v in values])[:-1]
            return {
                "weights": jnp.split(for_jacobian**2, ends),
                "pull": jnp.split(for_jacobian * for_residuals * whole, ends),
                "cost": cost.value(whole, jnp),
            }
        return {}

    def score(coordinates: Sequence[Any], flat: Sequence[Any]) -> dict[str, Any]:
        named, arrays = asked(coordinates, flat)
        if problem.profiled is not None:
            named = {**named, problem.profiled: 1.0}  # as in the cost of residuals, which leaves the scale out
        predicted = [jnp.asarray(f) for _, _, f in problem.compared(named, arrays, jnp)]
        slope = _density_slope(problem, named, arrays, predicted)
        return {"cost": value(coordinates, flat), "predicted": predicted, "score": slope}

    def with_columns(coordinates: Sequence[Any], flat: Sequence[Any]) -> dict[str, Any]:
        values, columns = _differentiated(rows, coordinates, flat)
        return {
            "rows": values,
            "columns": columns,
            **({} if kind == "predicted" else scales(coordinates, flat, values)),
        }

    def slopes(coordinates: Sequence[Any], flat: Sequence[Any]) -> dict[str, Any]:
        import jax

        found, slope = jax.value_and_grad(lambda x: value(x, flat))(list(coordinates))
        return {"cost": found, "slopes": slope}

    if kind == "score":
        return score
    if kind == "value":
        return lambda x, flat: {"cost": value(x, flat)}
    if kind == "gradient":
        return slopes
    return (lambda x, flat: {"rows": rows(x, flat)}) if kind == "residuals" else with_columns


def _residuals(problem: Problem, named: Mapping[str, Any], arrays: Any) -> list[Any]:
    """The residuals of `Problem.residuals`, stretch by stretch."""
    import jax.numpy as jnp

    parts = [
        problem.noise[o].residuals(problem.scatter(i, o, f, named, arrays, jnp))
        for i, o, f in problem.compared(named, arrays, jnp)
    ]
    parts += [jnp.reshape((jnp.asarray(named[name]) - mean) / sd, (1,)) for name, mean, sd in problem.prior_rows]
    return parts


def _density_slope(problem: Problem, named: Mapping[str, Any], arrays: Any, predicted: list[Any]) -> list[Any]:
    """D log density / d prediction; with a profiled scale, that of a scale of 1."""
    import jax
    import jax.numpy as jnp

    order = [(i, o) for i, o, _ in problem.compared(named, arrays, jnp)]

    def density(values: list[Any]) -> Any:
        total: Any = 0.0
        for (i, o), f in zip(order, values, strict=True):
            scatter = problem.scatter(i, o, f, named, arrays, jnp)
            noise = problem.noise[o]
            if problem.profiled is not None:
                total = total - 0.5 * jnp.sum(noise.residuals(scatter) ** 2)
            else:
                total = total + jnp.sum(noise.log_density(scatter))
        return total

    return jax.grad(density)(predicted)


def _differentiated(
    function: Callable[[Sequence[Any], Sequence[Any]], list[Any]], coordinates: Sequence[Any], flat: Sequence[Any]
) -> tuple[list[Any], list[list[Any]] | list[Any]]:
    """The stretches, and for each coordinate its column in each; where that were too much to trace, all in one (d, m)."""
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
