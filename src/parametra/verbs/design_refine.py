"""Support points off the grid: halved steps around each as long as they win, then Newton's method on the positions.

At the best design of weights the sensitivity touches its bound at each support point, so its slope is zero there inside
the range. These equations are solved for the positions, the weights being the best for them at every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.design_criteria import Criterion
from parametra.maths.design_pool import Pool
from parametra.maths.optimal_design import Weights, best_weights, weights_on
from parametra.verbs.design_candidates import Candidates
from parametra.verbs.design_ground import Ground

_HALVINGS = 4
_NEWTON_STEPS = 4
_DELTA = 1e-3
"""Of the range: between the points whose sensitivities tell the slope, by a rule of fourth order."""

AsPool = Callable[[Ground], Pool]
"""From candidates to what the criterion sees of them."""


@dataclass(frozen=True)
class _Support:
    """Support points: the data set and output of each, its row, and where its ranged inputs lie between 0 and 1."""

    data_set: np.ndarray
    output: np.ndarray
    rows: list[Candidates]
    unit: list[Float[np.ndarray, " m"]]

    def names(self, p: int) -> list[str]:
        return sorted(self.rows[p].ranges)


def refined(ground: Ground, criterion: Criterion, as_pool: AsPool, found: Weights) -> tuple[Ground, Weights]:
    """Candidates with better support points behind them, and weights on those; as they came where nothing is won.

    Arguments:
        ground: the candidates.
        criterion: what makes a design good.
        as_pool: how the criterion sees candidates.
        found: the best weights on them.
    """
    support = _support(ground, np.flatnonzero(found.weights))
    # a criterion of shapes alone may run away to points that tell next to nothing
    if not criterion.averages or not any(unit.size for unit in support.unit):
        return ground, found
    try:
        support, _ = _halved(ground, criterion, as_pool, support, found.weights[found.weights > 0])
        support = _newton(ground, criterion, as_pool, support)
        return _behind(ground, criterion, as_pool, support, found)
    except np.linalg.LinAlgError:  # a support that leaves a direction open, as that for one quantity may
        return ground, found


def _behind(
    ground: Ground, criterion: Criterion, as_pool: AsPool, support: _Support, found: Weights
) -> tuple[Ground, Weights]:
    rest = ground.only(np.flatnonzero(~_met(ground, support)))
    whole = rest.with_more(_as_sets(ground, support))
    places = _places(whole, rest.size, support)
    pool = as_pool(whole)
    better = weights_on(criterion, pool, places)
    if better.bound > 1 + 1e-6:
        better = best_weights(criterion, pool, always=places)
    return (whole, better) if better.log_value >= found.log_value - 1e-10 else (ground, found)


def beside(ground: Ground, support: np.ndarray) -> np.ndarray:
    """Which candidates are neighbours of these on the grid, and not among them; no person would tell them apart."""
    near = np.zeros(ground.size, dtype=bool)
    for n in support:
        chosen = ground.sets[int(ground.data_set[n])]
        if chosen is None or not chosen.ranges:
            continue
        same = (ground.data_set == ground.data_set[n]) & (ground.output == ground.output[n])
        for name, values in chosen.inputs.items():
            here, there = values[ground.row[n : n + 1]], values[ground.row[same]]
            if name in chosen.ranges:
                one = chosen.ranges[name]
                close = np.abs(one.to_unit(there) - one.to_unit(here)) <= 1.01 / (one.points - 1)
            else:
                close = np.isclose(there, here, rtol=1e-12, atol=0)
            same[same] = close if close.ndim == 1 else close.all(axis=1)
        near |= same
    near[support] = False
    return near


def _met(ground: Ground, support: _Support) -> np.ndarray:
    """Which candidates are support points themselves."""
    met = np.zeros(ground.size, dtype=bool)
    for row, s, o in zip(support.rows, support.data_set, support.output, strict=True):
        chosen = ground.sets[int(s)]
        same = (ground.data_set == s) & (ground.output == o)
        for name, values in (chosen.inputs if chosen is not None else {}).items():
            equal = np.isclose(values[ground.row[same]], row.inputs[name], rtol=1e-12, atol=0)
            same[same] = equal if equal.ndim == 1 else equal.all(axis=1)
        met |= same
    return met


def _support(ground: Ground, index: np.ndarray) -> _Support:
    rows: list[Candidates] = []
    unit: list[np.ndarray] = []
    for n in index:
        chosen = ground.sets[int(ground.data_set[n])] or Candidates({})
        one = chosen.at(ground.row[n : n + 1])
        rows.append(one)
        unit.append(np.array([float(r.to_unit(one.inputs[name])[0]) for name, r in sorted(one.ranges.items())]))
    return _Support(ground.data_set[index], ground.output[index], rows, unit)


def _moved(support: _Support, p: int, unit: np.ndarray) -> Candidates:
    one = support.rows[p]
    moved = {name: one.ranges[name].from_unit(unit[j : j + 1]) for j, name in enumerate(support.names(p))}
    return replace(one, inputs={**one.inputs, **moved})


def _with(support: _Support, points: list[tuple[int, np.ndarray]]) -> _Support:
    """Points (number of the support point that each is made of, where it lies)."""
    which = np.array([p for p, _ in points])
    rows = [_moved(support, p, unit) for p, unit in points]
    return _Support(support.data_set[which], support.output[which], rows, [unit for _, unit in points])


def _as_sets(ground: Ground, support: _Support) -> list[Candidates | None]:
    sets: list[Candidates | None] = []
    for i, stated in enumerate(ground.sets):
        mine = [row for row, s in zip(support.rows, support.data_set, strict=True) if s == i]
        if stated is None or not mine:
            sets.append(None)
            continue
        inputs = {name: np.concatenate([one.inputs[name] for one in mine]) for name in stated.inputs}
        columns = {name: np.concatenate([one.columns[name] for one in mine]) for name in stated.columns}
        sets.append(replace(stated, inputs=inputs, columns=columns))
    return sets


def _places(whole: Ground, first: int, support: _Support) -> np.ndarray:
    """The numbers of the support points among those behind `first`; outputs that were not asked for are passed over."""
    offsets = {
        i: int(whole.row[first:][whole.data_set[first:] == i].min(initial=10**9)) for i in range(len(whole.sets))
    }
    seen = dict.fromkeys(range(len(whole.sets)), 0)
    found: list[int] = []
    for s, o in zip(support.data_set, support.output, strict=True):
        row = offsets[int(s)] + seen[int(s)]
        seen[int(s)] += 1
        at = (whole.data_set == s) & (whole.row == row) & (whole.output == o)
        found += [int(n) for n in np.flatnonzero(at)]
    if len(found) != len(support.rows):
        raise np.linalg.LinAlgError("the model gives nothing at a support point")
    return np.array(found)


def _evaluated(ground: Ground, as_pool: AsPool, support: _Support) -> tuple[Pool, np.ndarray]:
    alone = ground.only(np.zeros(0, dtype=np.int64)).with_more(_as_sets(ground, support))
    places = _places(alone, 0, support)
    return as_pool(alone.only(places)), places


def _halved(
    ground: Ground, criterion: Criterion, as_pool: AsPool, support: _Support, weights: np.ndarray
) -> tuple[_Support, np.ndarray]:
    steps = [
        np.array([1 / (support.rows[p].ranges[n].points - 1) for n in support.names(p)]) for p in range(len(weights))
    ]
    step = max((float(s.max()) for s in steps if s.size), default=0.0)
    for _ in range(_HALVINGS):
        support, weights = _merged(support, weights, 1.01 * step)
        step /= 2
        points: list[tuple[int, np.ndarray]] = []
        for p, unit in enumerate(support.unit):
            points.append((p, unit))
            for j in range(unit.size):
                for sign in (-step, step):
                    beside = unit.copy()
                    beside[j] = np.clip(unit[j] + sign, 0, 1)
                    if beside[j] != unit[j]:
                        points.append((p, beside))
        support = _with(support, points)
        pool, _ = _evaluated(ground, as_pool, support)
        found = best_weights(criterion, pool)
        kept = np.flatnonzero(found.weights)
        support = _with(support, [(int(p), support.unit[p]) for p in kept])
        weights = found.weights[kept]
    return _merged(support, weights, 1.01 * step)


def _merged(support: _Support, weights: np.ndarray, reach: float) -> tuple[_Support, np.ndarray]:
    """Neighbours of the same kind joined at their centre of weight."""
    left = [int(p) for p in np.argsort(-weights, kind="stable")]
    points: list[tuple[int, np.ndarray]] = []
    sums: list[float] = []
    while left:
        p = left.pop(0)
        close = [q for q in left if _beside(support, p, q, reach)]
        left = [q for q in left if q not in close]
        group = [p, *close]
        share = weights[group] / weights[group].sum()
        middle = share @ np.stack([support.unit[q] for q in group])
        ends = np.stack([support.unit[q] for q in group])
        # who touches an end of the range stays there
        middle = np.where(ends[0] <= 0, 0.0, np.where(ends[0] >= 1, 1.0, middle))
        points.append((p, middle))
        sums.append(float(weights[group].sum()))
    return _with(support, points), np.array(sums)


def _beside(support: _Support, p: int, q: int, reach: float) -> bool:
    same = support.data_set[p] == support.data_set[q] and support.output[p] == support.output[q]
    if not same or not support.unit[p].size:
        return False
    fixed = [n for n in support.rows[p].inputs if n not in support.rows[p].ranges]
    if any(not np.array_equal(support.rows[p].inputs[n], support.rows[q].inputs[n]) for n in fixed):
        return False
    return bool(np.all(np.abs(support.unit[p] - support.unit[q]) <= reach))


def _newton(ground: Ground, criterion: Criterion, as_pool: AsPool, support: _Support) -> _Support:
    free = [
        (p, j) for p, unit in enumerate(support.unit) for j in range(unit.size) if 2 * _DELTA < unit[j] < 1 - 2 * _DELTA
    ]
    if not free:
        return support
    best, value = support, -np.inf
    for _ in range(_NEWTON_STEPS):
        trials = [support, *(_shifted(support, {pj: _DELTA}) for pj in free)]
        slopes, values = _slopes(ground, criterion, as_pool, trials, free)
        if values[0] > value:
            best, value = support, values[0]
        jacobian = (slopes[1:] - slopes[0]).T / _DELTA
        step, *_ = np.linalg.lstsq(jacobian, -slopes[0], rcond=1e-10)
        if not np.isfinite(step).all() or np.abs(step).max() > 0.02:
            break
        support = _shifted(support, dict(zip(free, step, strict=True)))
        if np.abs(step).max() < 1e-9:
            break
    _, values = _slopes(ground, criterion, as_pool, [support], free)
    return support if values[0] >= value - 1e-13 else best


def _shifted(support: _Support, by: dict[tuple[int, int], float]) -> _Support:
    unit = [one.copy() for one in support.unit]
    for (p, j), step in by.items():
        unit[p][j] = np.clip(unit[p][j] + step, 0, 1)
    return _with(support, list(enumerate(unit)))


def _slopes(
    ground: Ground, criterion: Criterion, as_pool: AsPool, trials: list[_Support], free: list[tuple[int, int]]
) -> tuple[np.ndarray, list[float]]:
    """The slope of the sensitivity at each free coordinate, and log phi, for each trial."""
    together = _joined([part for trial in trials for part in (trial, *_around(trial, free))])
    pool, _ = _evaluated(ground, as_pool, together)
    size, width = len(trials[0].rows), len(trials[0].rows) + 4 * len(free)
    slopes, values = np.empty((len(trials), len(free))), []
    for t in range(len(trials)):
        found = weights_on(criterion, pool.only(np.arange(t * width, (t + 1) * width)), np.arange(size))
        beside = found.sensitivity[size:].reshape(len(free), 4)
        slopes[t] = (8 * (beside[:, 2] - beside[:, 1]) - (beside[:, 3] - beside[:, 0])) / (12 * _DELTA)
        values.append(found.log_value)
    return slopes, values


def _around(support: _Support, free: list[tuple[int, int]]) -> list[_Support]:
    points: list[tuple[int, np.ndarray]] = []
    for p, j in free:
        for step in (-2 * _DELTA, -_DELTA, _DELTA, 2 * _DELTA):
            unit = support.unit[p].copy()
            unit[j] += step
            points.append((p, unit))
    return [_with(support, points)]


def _joined(parts: list[_Support]) -> _Support:
    return _Support(
        np.concatenate([one.data_set for one in parts]),
        np.concatenate([one.output for one in parts]),
        [row for one in parts for row in one.rows],
        [unit for one in parts for unit in one.unit],
    )
