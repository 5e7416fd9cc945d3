"""Whether the constraints can be met at all, looked at before a fit runs and without its model.

Constraints that are linear in the parameters, with their bounds, are a linear program, which tells for certain; of
those that cannot be met together, a smallest set is found by leaving out one after the other (the deletion filter of
Chinneck and Dravnieks 1991, doi:10.1287/ijoc.3.2.157). For the others a point that meets them is searched from many
starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.constraint import limits_of
from parametra.nouns.keys import generator
from parametra.nouns.limits import Limits
from parametra.nouns.paragraph import listed_and
from parametra.nouns.parameter import Bounded, Parameter, Real, Simplex
from parametra.nouns.problem import Problem
from parametra.nouns.space import Space

_STARTS = 40
_MET = 1e-8
_CERTAIN = 1e-8


def unmeetable(problem: Problem, seed: int) -> str:
    """Why no parameters meet the constraints, in a sentence with the nearest miss; "" where some do.

    Arguments:
        problem: has constraints, or has not.
        seed: of the random starts of the search.
    """
    if not problem.constraints:
        return ""
    limits = problem.limits
    if limits is None:
        return ""
    told, all_linear = _linear(problem)
    if told or all_linear:
        return told
    return _search(problem, limits, seed)


# ---- linear ones


@dataclass(frozen=True)
class _Program:
    """Limits on rows of A z and on z itself; `keep` says which are there."""

    rows: Float[np.ndarray, "k n"]
    lower: Float[np.ndarray, " k"]
    upper: Float[np.ndarray, " k"]
    sizes: Float[np.ndarray, " k"]
    low: Float[np.ndarray, " n"]
    high: Float[np.ndarray, " n"]

    def miss(self, keep: Bool[np.ndarray, " all"]) -> tuple[float, Float[np.ndarray, " k"]]:
        """The least sum of relative misses of the rows, within the bounds, and by how much each is missed."""
        from scipy.optimize import linprog

        k, n = self.rows.shape
        on, below, above = keep[:k], keep[k : k + n], keep[k + n :]
        rows = np.flatnonzero(on)
        a, identity = self.rows[rows], np.eye(rows.size)
        # slack above, slack below: lower <= A z + up - down <= upper
        both = np.hstack([a, identity, -identity])
        matrix = np.vstack([both, -both])
        limits = np.concatenate([self.upper[rows], -self.lower[rows]])
        finite = np.isfinite(limits)
        bounds = list(zip(np.where(below, self.low, -np.inf), np.where(above, self.high, np.inf), strict=True))
        cost = np.concatenate([np.zeros(n), 1 / self.sizes[rows], 1 / self.sizes[rows]])
        found = linprog(
            cost, A_ub=matrix[finite], b_ub=limits[finite], bounds=[*bounds, *[(0, None)] * (2 * rows.size)]
        )
        gaps = np.zeros(k)
        if found.x is None:
            return 0.0, gaps  # the solver gave up, so nothing is certain
        gaps[rows] = found.x[n : n + rows.size] + found.x[n + rows.size :]
        return float(found.fun), gaps


def _linear(problem: Problem) -> tuple[str, bool]:
    """What the linear program tells, and whether it covers all constraints."""
    space = problem.fit_space
    natural, sums = _natural(space)
    limits = limits_of(problem.constraints, natural)
    if limits is None:
        return "", True
    at = np.asarray(natural.guess)[None]
    values, slopes = limits.values(at)[0], limits.jacobian(at)[0]
    kept = np.flatnonzero(limits.linear & np.isfinite(values) & np.isfinite(slopes).all(axis=1))
    offsets = values[kept] - slopes[kept] @ at[0]
    names = [*(limits.names[i] for i in kept), *(f"the sum of {name} is 1" for name, _ in sums)]
    ones = np.array([row for _, row in sums]).reshape(len(sums), natural.dimension)
    rows = np.vstack([slopes[kept], ones])
    lower = np.concatenate([limits.lower[kept] - offsets, np.ones(len(sums))])
    upper = np.concatenate([limits.upper[kept] - offsets, np.ones(len(sums))])
    low, high = np.asarray(natural.lower), np.asarray(natural.upper)
    program = _Program(rows, lower, upper, _row_sizes(rows, lower, upper, low, high), low, high)
    return _told(program, names, natural), kept.size == limits.lower.size


def _row_sizes(rows: np.ndarray, lower: np.ndarray, upper: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The size of the terms of each row, which a miss is relative to."""
    reach = np.maximum(np.where(np.isfinite(low), np.abs(low), 0), np.where(np.isfinite(high), np.abs(high), 0))
    sizes = np.abs(rows) @ reach
    for limit in (lower, upper):
        sizes = np.maximum(sizes, np.where(np.isfinite(limit), np.abs(limit), 0))
    return np.where(sizes > 0, sizes, 1.0)


def _told(program: _Program, names: list[str], natural: Space) -> str:
    k, n = program.rows.shape
    if not k:
        return ""
    keep = np.concatenate([np.ones(k, dtype=bool), np.isfinite(program.low), np.isfinite(program.high)])
    if program.miss(keep)[0] <= _CERTAIN:
        return ""
    for i in np.flatnonzero(keep):
        without = keep.copy()
        without[i] = False
        if program.miss(without)[0] > _CERTAIN:
            keep = without
    _, gaps = program.miss(keep)
    clash = [names[i] for i in np.flatnonzero(keep[:k])]
    bounds = [f"{natural.labels[c]} >= {program.low[c]:g}" for c in np.flatnonzero(keep[k : k + n])]
    bounds += [f"{natural.labels[c]} <= {program.high[c]:g}" for c in np.flatnonzero(keep[k + n :])]
    miss = f"the nearest miss is {gaps.max():.3g}"
    if len(clash) == 1 and not bounds:
        return f"{clash[0]} cannot be met: {miss}. Change it."
    beside = f" together with {listed_and(bounds)}" if bounds else " together" if len(clash) > 1 else ""
    return f"{listed_and(clash)} cannot be met{beside}: {miss}. Change one of them."


def _natural(space: Space) -> tuple[Space, list[tuple[str, np.ndarray]]]:
    """The same parameters searched as they are, and for each Simplex the row that sums its weights."""
    parameters: dict[str, Parameter] = dict(space.parameters)
    for name, p in space.parameters.items():
        if isinstance(p, Bounded) and p.logarithmic:
            low = np.reshape(np.exp(p.box_lower), p.shape)
            high = np.reshape(np.exp(p.box_upper), p.shape)
            parameters[name] = Real(low.tolist(), high.tolist(), shape=p.shape)
        elif isinstance(p, Simplex):
            parameters[name] = Real(0.0, 1.0, shape=(p.size,))
    natural = Space(parameters)
    sums: list[tuple[str, np.ndarray]] = []
    for name, p in space.parameters.items():
        if isinstance(p, Simplex):
            row = np.zeros(natural.dimension)
            row[natural.slices[name]] = 1.0
            sums.append((name, row))
    return natural, sums


# ---- the others


def _search(problem: Problem, limits: Limits, seed: int) -> str:
    """Minimise what is missed from many starts; tell of the nearest where none meets all."""
    space = problem.fit_space
    starts = [np.asarray(space.guess), *(space.draw_start(generator(seed, "feasible", i)) for i in range(1, _STARTS))]
    nearest, least = starts[0], np.inf
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    for start in starts:
        x = _nearest(limits, np.clip(start, lower, upper), lower, upper)
        gap = _worst(limits, x)
        if gap <= _MET:
            return ""
        if gap < least:
            nearest, least = x, gap
    if not np.isfinite(least):
        return f"no point was found where {listed_and(list(limits.names))} can be computed, from {_STARTS} starts."
    gaps = limits.missed(limits.values(nearest[None])[0])
    i = int(np.argmax(gaps))
    named = space.to_named(nearest)
    where = ", ".join(f"{k}={v:.4g}" for k, v in named.items() if np.ndim(v) == 0 and not isinstance(v, str))
    wanted = listed_and(list(dict.fromkeys(limits.names)))
    return (
        f"no point was found that meets {wanted}, from {_STARTS} starts; the nearest "
        f"({where}) misses {limits.names[i]} by {gaps[i]:.3g}. Change one of them, or guess where they hold."
    )


def _worst(limits: Limits, x: np.ndarray) -> float:
    values, slopes = limits.values(x[None])[0], limits.jacobian(x[None])[0]
    return float(np.max(limits.missed(values) / limits.sizes(x, values, np.nan_to_num(slopes)), initial=0.0))


def _nearest(limits: Limits, x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Levenberg-Marquardt in the box on what is missed, each constraint relative to its size at the start."""
    values, slopes = limits.values(x[None])[0], limits.jacobian(x[None])[0]
    if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        return x
    sizes = limits.sizes(x, values, slopes)
    misses = _misses(limits, sizes)
    (residual, jacobian), damping = misses(x), 1e-6
    for _ in range(200):
        if np.abs(residual).max(initial=0.0) <= 1e-12 or damping > 1e8:
            break
        moved = _step(x, residual, jacobian, damping, lower, upper)
        after, slopes = misses(moved)
        fallen = residual @ residual - after @ after
        if not fallen > 0:  # nor where it is no number
            damping *= 10
            continue
        enough = fallen > 1e-8 * (residual @ residual)
        x, residual, jacobian, damping = moved, after, slopes, max(damping / 10, 1e-12)
        if not enough:
            break
    return x


def _misses(limits: Limits, sizes: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def of(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = limits.values(x[None])[0], limits.jacobian(x[None])[0]
        with np.errstate(invalid="ignore"):
            signed = np.maximum(values - limits.upper, 0.0) - np.maximum(limits.lower - values, 0.0)
        return signed / sizes, np.where((signed != 0)[:, None], slopes / sizes[:, None], 0.0)

    return of


def _step(
    x: np.ndarray, residual: np.ndarray, jacobian: np.ndarray, damping: float, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """A damped Gauss-Newton step; coordinates that it would push through a bound stay there."""
    gradient = jacobian.T @ residual
    held = ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))
    free = ~held
    if not free.any():
        return x
    j = jacobian[:, free]
    weight = np.sqrt((j * j).sum(axis=0))
    weight = np.where(weight > 0, weight, 1.0)
    stacked = np.vstack([j / weight, np.sqrt(damping) * np.eye(j.shape[1])])
    target = np.concatenate([-residual, np.zeros(j.shape[1])])
    moved = x.copy()
    moved[free] += np.linalg.lstsq(stacked, target, rcond=None)[0] / weight
    return np.clip(moved, lower, upper)
