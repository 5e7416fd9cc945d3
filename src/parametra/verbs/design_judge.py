"""From the best points to a result: errors before and after, what becomes known, and how good the design is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.nouns.design_result import Design, DesignCurve, DesignField, DesignPoint, DesignRow
from parametra.nouns.design_text import listed, places, share
from parametra.nouns.errors import ParametraError
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status
from parametra.verbs.design_candidates import Candidates
from parametra.verbs.design_errors import quantile, row_of, standard_errors, unknown
from parametra.verbs.design_ground import Ground
from parametra.verbs.design_quantities import Quantity
from parametra.verbs.design_search import Found
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
    aim = method.aim + (f" {given.aim.names[0]}" if method.looks_at == "one" and given.aim.names else "")
    notes = _notes(found, existing=existing, over=over)
    informant = ground.informant
    curves = _curves(found, existing=existing)
    design = Design(
        status=_status(found, points, remaining),
        title=given.place.problem.title,
        verdict=_verdict(found, points, rows, completing, undetermined, remaining, existing=existing),
        criterion=method.card.name,
        aim=aim,
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
    return design


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


def _status(found: Found, points: Sequence[DesignPoint], remaining: Sequence[str]) -> Status:
    given = found.search
    if not points:
        return Status(
            Outcome.FAILED,
            "no measurement could be paid for. Raise the budget above the cost of the cheapest candidate.",
        )
    if not found.reached:
        missing = listed([given.found[i].label for i in found.goals])
        return Status(
            Outcome.FAILED,
            f"{int(found.counts.sum())} measurements at these candidates are not enough for {missing}. Widen the ranges of "
            "the inputs, or ask for less.",
        )
    if remaining:
        return Status(
            Outcome.CONVERGED,
            f"the best of these candidates leaves {listed(list(remaining))} undetermined. Measure more, widen the ranges "
            "of the inputs, or measure another output.",
        )
    return Status(Outcome.CONVERGED, f"designed for {_aim(found)}")


def _aim(found: Found) -> str:
    method, names = found.search.aim.method, found.search.aim.names
    return method.aim + (f" {names[0]}" if method.looks_at == "one" and names else "")


def _verdict(
    found: Found,
    points: tuple[DesignPoint, ...],
    rows: tuple[DesignRow, ...],
    completing: tuple[DesignPoint, ...],
    undetermined: tuple[str, ...],
    remaining: tuple[str, ...],
    *,
    existing: bool,
) -> tuple[str, ...]:
    if not points:
        return ()
    count = sum(point.count for point in points)
    more = " more" if existing else ""
    said = [
        f"Measure one{more} point, at {places(points, counted=False)}."
        if count == 1
        else f"Measure {count}{more} points: {places(points)}."
    ]
    gained = [label for label in undetermined if label not in remaining]
    by_label = {row.label: row for row in rows}
    if gained:
        known = [f"{label} to {share(by_label[label].relative_after or np.inf)}" for label in gained]
        what = (
            "which the data do not determine, become" if len(gained) > 1 else "which the data do not determine, becomes"
        )
        said.append(f"{listed(gained)}, {what} identifiable: {listed(known)}.")
    if completing and existing:
        n = len(completing)
        said.append(
            f"{n} more point{'s' * (n != 1)} at {places(completing, counted=False)} would just do to make the Fisher "
            "information invertible."
        )
    worst = max(
        (r for r in rows if r.role == "free" and r.relative_after is not None and np.isfinite(r.after)),
        key=lambda r: r.relative_after or 0.0,
        default=None,
    )
    if worst is not None and worst.label not in gained:
        before = worst.relative_before
        was = "" if before is None or not np.isfinite(before) else f", from {share(before)}"
        name = f"{worst.label}, the parameter that is known worst then," if len(rows) > 1 else worst.label
        said.append(f"The expected standard error of {name} is {share(worst.relative_after or 0.0)} of its value{was}.")
    for i in found.goals if found.search.aim.allowed else ():
        q = found.search.found[i]
        said.append(
            f"{q.label} was to be known to {share(found.goals[i] / (abs(q.value) or 1.0))}: "
            f"{'it is' if found.reached else 'it is not'}, at {share(by_label[q.label].relative_after or np.inf)}."
        )
    closed = _closed(found)
    if closed:
        said.append(
            f"Nothing that can be measured here tells {listed(closed)} apart: fix one of them, or measure something else."
            if len(closed) > 1
            else f"Nothing that can be measured here tells anything of {closed[0]}: fix it, or measure something else."
        )
    return tuple(said)


def _closed(found: Found) -> list[str]:
    """Parameters that take part in a direction of which no candidate tells anything."""
    given = found.search
    _, closed = given.basis
    if not closed.shape[1]:
        return []
    labels = given.place.problem.fit_space.labels
    size = np.abs(closed).max(axis=1) / max(float(np.abs(closed).max()), 1e-300)
    return [label for label, part in zip(labels, size, strict=True) if part > 1e-4]


def _notes(found: Found, *, existing: bool, over: str) -> tuple[str, ...]:
    given, ground = found.search, found.ground
    notes = list(ground.informant.notes)
    if ground.lost:
        notes.append(f"{ground.lost} candidates were left out, because the model gives no finite derivatives there.")
    problem = given.place.problem
    if problem.constraints:
        notes.append("constraints are not counted in: they may make parameters known better than is told here.")
    if existing and problem.profiled is not None and np.isfinite(given.place.freedom):
        notes.append(
            f"new measurements are taken to scatter like the data, with {problem.profiled} = {given.place.scale:.4g}."
        )
    if over != "estimate":
        notes.append(
            f"the design is the best on average over {len(given.base) - 1} draws of the parameters; the errors in the "
            "table are those at the estimate."
        )
    zero = [q.label for q in given.found if q.role == "free" and q.value == 0]
    if zero and given.aim.relative and given.aim.method.looks_at == "values":
        notes.append(f"{listed(zero)} is zero, so its error is looked at in its own unit and not as a share.")
    values = given.place.x
    space = problem.fit_space
    at = [label for label, x, a, b in zip(space.labels, values, space.lower, space.upper, strict=True) if x in (a, b)]
    if at:
        notes.append(f"{listed(at)} is at a bound, where errors are not symmetric; they are told as if it were inside.")
    return tuple(notes)


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
