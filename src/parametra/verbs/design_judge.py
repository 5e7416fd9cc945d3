"""From the best points to a result: errors before and after, candidates, and curves for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns.design_result import Design, DesignCurve, DesignField, DesignPoint, DesignRow
from parametra.nouns.errors import ParametraError
from parametra.nouns.receipt import Receipt, versions
from parametra.verbs.design_candidates import Candidates
from parametra.verbs.design_errors import quantile, row_of, standard_errors, unknown
from parametra.verbs.design_ground import Ground
from parametra.verbs.design_quantities import Quantity
from parametra.verbs.design_search import Found
from parametra.verbs.design_verdict import aim_words, notes_of, status_of, verdict_of
from parametra.verbs.fit_judge import hash_of

_ALONG = 160
"""Points of a curve."""


def judged_design(
    found: Found, asked: dict[str, Any], seed: int, seconds: float, *, over: str, existing: bool
) -> Design:
    """The result of a search.

    Arguments:
        found: what the search found.
        asked: the arguments of `design`.
        seed: of the draws.
        seconds: how long it took.
        over, existing: as for `design`.
    """
    given, ground = found.search, found.ground
    points = _points(found, ground, found.counts)
    rows, undetermined, remaining = _rows(found, existing=existing)
    completing = tuple(_point(ground, n, 1, 0.0) for n in found.completing)
    method = given.aim.method
    notes = notes_of(found, over)
    informant = ground.informant
    curves = _curves(found, existing=existing)
    return Design(
        status=status_of(found, points, remaining),
        title=given.place.problem.title,
        verdict=verdict_of(found, points, rows, completing, undetermined, remaining, existing=existing),
        criterion=method.card.name,
        aim=aim_words(found),
        over=over,
        draws=len(given.base) - 1,
        existing=existing,
        points=points,
        weights=_points(found, ground, np.zeros(ground.size, dtype=np.int64)),
        proven=found.weights.efficiency,
        efficiency=found.efficiency,
        rows=rows,
        completing=completing if existing else (),
        undetermined=undetermined,
        remaining=remaining,
        candidates=_fields(found),
        curves=curves,
        spent=float(found.counts @ ground.costs),
        notes=notes,
        receipt=Receipt(
            evaluations=informant.evaluations,
            model_calls=informant.calls,
            failures=dict(informant.failures),
            seconds=seconds,
            seed=seed,
            settings={k: _plain(v) for k, v in asked.items()},
            evaluator=informant.derivative,
            problem_hash=hash_of(given.place.problem),
            citation=tuple(str(source) for source in method.card.sources),
            versions=versions("numpy", "scipy", *(["jax"] if informant.derivative.startswith("compiled") else [])),
        ),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return list(value) if isinstance(value, (tuple, list)) else value


def _point(ground: Ground, n: int, count: int, weight: float) -> DesignPoint:
    data = ground.problem.data_sets[int(ground.data_set[n])]
    output = list(data.outputs)[int(ground.output[n])] if ground.output[n] >= 0 else ""
    return DesignPoint(data.name, output, ground.settings(n), count, weight, float(ground.costs[n]))


def _points(found: Found, ground: Ground, counts: np.ndarray) -> tuple[DesignPoint, ...]:
    """Those that are measured, or those with weight where nothing is; in the order of their inputs."""
    weights = found.weights.weights
    index = np.flatnonzero(counts) if counts.any() else np.flatnonzero(weights)
    points = [_point(ground, int(n), int(counts[n]), float(weights[n])) for n in index]
    return tuple(sorted(points, key=lambda p: (p.data_set, p.output, [float(np.sum(v)) for v in p.inputs.values()])))


def _rows(found: Found, *, existing: bool) -> tuple[tuple[DesignRow, ...], tuple[str, ...], tuple[str, ...]]:
    """The rows, and the labels that are not determined before and after."""
    given = found.search
    before = standard_errors(given.base[0], given.gradients)
    after = given.errors(found.ground, found.counts)
    freedom = given.place.freedom
    t = quantile(freedom)
    t_after = quantile(freedom + float(found.counts.sum()) if existing else freedom)
    rows: list[DesignRow] = []
    undetermined: list[str] = []
    remaining: list[str] = []
    for q, now, then in zip(given.found, before, after, strict=True):
        if not q.gradient.any():
            continue
        note = _row_note(q, float(now), float(then), t, t_after, existing=existing)
        rows.append(row_of(q, float(now) if existing else None, float(then), t, t_after, note))
        if q.role == "free" and existing and unknown(q, float(now), t):
            undetermined.append(q.label)
        if q.role == "free" and unknown(q, float(then), t_after):
            remaining.append(q.label)
    return tuple(rows), tuple(undetermined), tuple(remaining)


def _row_note(q: Quantity, now: float, then: float, t: float, t_after: float, *, existing: bool) -> str:
    if unknown(q, then, t_after):
        return "stays undetermined" if existing else "stays undetermined with these points"
    if existing and unknown(q, now, t):
        return "becomes identifiable"
    return q.role if q.role in ("noise", "derived", "tied") else ""


def _fields(found: Found) -> tuple[DesignField, ...]:
    ground, weights = found.ground, found.weights
    fields: list[DesignField] = []
    for i, data in enumerate(ground.problem.data_sets):
        chosen = ground.sets[i]
        if chosen is None:
            continue
        for o in np.unique(ground.output[ground.data_set == i]):
            index = np.flatnonzero((ground.data_set == i) & (ground.output == o))
            rows = ground.row[index]
            order = np.lexsort([np.ravel(v[rows]) for v in chosen.inputs.values() if v.ndim == 1][::-1] or [rows])
            index, rows = index[order], rows[order]
            fields.append(
                DesignField(
                    data.name,
                    list(data.outputs)[int(o)] if o >= 0 else "",
                    {name: np.asarray(values[rows]) for name, values in chosen.inputs.items()},
                    {name: data.units[name] for name in chosen.inputs if name in data.units},
                    weights.sensitivity[index],
                    weights.weights[index],
                    found.counts[index].astype(np.float64),
                )
            )
    return tuple(fields)


def _curves(found: Found, *, existing: bool) -> tuple[DesignCurve, ...]:
    """Predictions along the one input that varies, where there is one and the model is quick."""
    given, ground = found.search, found.ground
    problem = given.place.problem
    if hasattr(problem.model.function, "costly"):
        return ()
    along: list[Candidates | None] = []
    names: list[str] = []
    for chosen in ground.sets:
        name = _only_range(chosen)
        names.append(name)
        along.append(None if chosen is None or not name else _grid(chosen, name))
    if all(one is None for one in along):
        return ()
    try:
        values, slopes = ground.informant.slopes(along)
    except ParametraError:  # a model that knows only its own inputs: the candidates could be asked for, a curve cannot
        return ()
    after = given.information(ground, found.counts)
    curves: list[DesignCurve] = []
    for i, data in enumerate(problem.data_sets):
        one = along[i]
        if one is None:
            continue
        for output in values[i]:
            gradient = slopes[i][output]
            if not np.isfinite(gradient).all():
                continue
            index = data.observed[output]
            x = data.inputs[names[i]]
            now = standard_errors(given.base[0], gradient) if existing else np.full(len(gradient), np.nan)
            curves.append(
                DesignCurve(
                    data.name,
                    output,
                    data.units.get(output, ""),
                    names[i],
                    data.units.get(names[i], ""),
                    one.inputs[names[i]],
                    values[i][output],
                    now,
                    standard_errors(after, gradient),
                    np.array(x if index is None else x[index]),
                    np.array(data.observations(output)[0]),
                )
            )
    return tuple(curves)


def _only_range(chosen: Candidates | None) -> str:
    if chosen is None:
        return ""
    varying = [n for n, v in chosen.inputs.items() if v.ndim > 1 or np.ptp(v) > 0]
    return varying[0] if len(varying) == 1 and chosen.inputs[varying[0]].ndim == 1 else ""


def _grid(chosen: Candidates, name: str) -> Candidates:
    values = chosen.inputs[name]
    values = values[np.isfinite(values)]
    stated = chosen.ranges.get(name)
    spaced = np.geomspace if stated is not None and stated.log else np.linspace
    grid = spaced(values.min(), values.max(), _ALONG)
    rows = np.zeros(_ALONG, dtype=np.int64)
    return Candidates(
        {n: grid if n == name else v[rows] for n, v in chosen.inputs.items()},
        {},
        {n: v[rows] for n, v in chosen.columns.items()},
    )
