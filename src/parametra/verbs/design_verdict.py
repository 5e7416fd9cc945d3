"""What a design says in words: how it ended, what to do, what comes of it, and what was taken for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from parametra.nouns.design_result import DesignPoint, DesignRow
from parametra.nouns.design_text import places, share
from parametra.nouns.paragraph import listed_and
from parametra.nouns.status import Outcome, Status
from parametra.verbs.design_search import Found

_SIZELESS = 1e4
"""Relative errors above this say only that the value is about zero."""


def aim_words(found: Found) -> str:
    """What the criterion makes small."""
    method, names = found.search.aim.method, found.search.aim.names
    return method.aim + (f" {names[0]}" if method.looks_at == "one" and names else "")


def status_of(found: Found, points: Sequence[DesignPoint], remaining: Sequence[str]) -> Status:
    """How it ended: failed where no design does what was asked."""
    if not points:
        return Status(Outcome.FAILED, "no measurement is worth its cost, or none can be paid for. Raise the budget.")
    if not found.reached:
        missing = listed_and([found.search.found[i].label for i in found.goals])
        return Status(
            Outcome.FAILED,
            f"{int(found.counts.sum())} measurements at these candidates are not enough for {missing}. Widen the "
            "ranges of the inputs, or ask for less.",
        )
    if remaining:
        return Status(
            Outcome.CONVERGED,
            f"the best of these candidates leaves {listed_and(list(remaining))} undetermined. Measure more, widen the "
            "ranges of the inputs, or measure another output.",
        )
    return Status(Outcome.CONVERGED, f"designed for {aim_words(found)}")


def verdict_of(
    found: Found,
    points: tuple[DesignPoint, ...],
    rows: tuple[DesignRow, ...],
    completing: tuple[DesignPoint, ...],
    undetermined: tuple[str, ...],
    remaining: tuple[str, ...],
    *,
    existing: bool,
) -> tuple[str, ...]:
    """What to do and what comes of it, a sentence each.

    Arguments:
        found: what the search found.
        points: where to measure.
        rows: the errors before and after.
        completing: the fewest points that make the information invertible.
        undetermined, remaining: labels that are not determined before and after.
        existing: whether the data count.
    """
    if not points:
        return ()
    by_label = {row.label: row for row in rows}
    gained = [label for label in undetermined if label not in remaining]
    said = [_to_do(points, existing=existing), _gained(gained, by_label)]
    if completing and existing:
        n = len(completing)
        said.append(
            f"{'One' if n == 1 else n} more point{'s' * (n != 1)} at {places(completing, counted=False)} would just do "
            "to make the Fisher information invertible."
        )
    said.append(_worst([r for r in rows if r.role == "free"], gained))
    said += _targets(found, by_label)
    said.append(_closed(found))
    return tuple(sentence for sentence in said if sentence)


def _to_do(points: tuple[DesignPoint, ...], *, existing: bool) -> str:
    count = sum(point.count for point in points)
    more = " more" if existing else ""
    if count == 1:
        return f"Measure one{more} point, at {places(points, counted=False)}."
    return f"Measure {count}{more} points: {places(points)}."


def _gained(gained: list[str], by_label: Mapping[str, DesignRow]) -> str:
    if not gained:
        return ""
    known = [share(by_label[label].relative_after or np.inf) for label in gained]
    several = len(gained) > 1
    verb, whose, error = ("become", "their", "errors are") if several else ("becomes", "its", "error is")
    return (
        f"{listed_and(gained)}, which the data hardly determine, {verb} identifiable: {whose} expected standard "
        f"{error} {listed_and(known)} of {whose} value{'s' * several}."
    )


def _worst(rows: list[DesignRow], gained: list[str]) -> str:
    # what is zero has no relative error worth a word
    known = [r for r in rows if r.relative_after is not None and np.isfinite(r.after) and r.relative_after < _SIZELESS]
    if not known:
        return ""
    worst = max(known, key=lambda r: r.relative_after or 0.0)
    if worst.label in gained:
        return ""
    before = worst.relative_before
    was = "" if before is None or not np.isfinite(before) else f", from {share(before)}"
    name = f"{worst.label}, the parameter that is known worst then," if len(rows) > 1 else worst.label
    return f"The expected relative standard error of {name} is {share(worst.relative_after or 0.0)}{was}."


def _targets(found: Found, by_label: Mapping[str, DesignRow]) -> list[str]:
    said: list[str] = []
    for i, allowed in found.goals.items() if found.search.aim.allowed else ():
        q = found.search.found[i]
        wanted, then = share(allowed / (abs(q.value) or 1.0)), by_label[q.label].after / (abs(q.value) or 1.0)
        kept = by_label[q.label].after <= allowed * (1 + 1e-9)
        said.append(f"{q.label} was to be known to {wanted}: it is{'' if kept else ' not'}, at {share(then)}.")
    return said


def _closed(found: Found) -> str:
    """Parameters that take part in a direction of which no candidate tells anything."""
    given = found.search
    _, closed = given.basis
    if not closed.shape[1]:
        return ""
    labels = given.place.problem.fit_space.labels
    size = np.abs(closed).max(axis=1) / max(float(np.abs(closed).max()), 1e-300)
    open_ = [label for label, part in zip(labels, size, strict=True) if part > 1e-4]
    if len(open_) == 1:
        return f"Nothing that can be measured here tells anything of {open_[0]}: fix it, or measure something else."
    return (
        f"Nothing that can be measured here tells {listed_and(open_)} apart: fix {_some(closed.shape[1])} of them, or "
        "measure something else."
    )


def _some(n: int) -> str:
    return "one" if n == 1 else str(n)


def notes_of(found: Found, over: str) -> tuple[str, ...]:
    """What was taken for granted."""
    given, ground = found.search, found.ground
    notes = list(ground.informant.notes)
    if ground.lost:
        notes.append(f"{ground.lost} candidates were left out, because the model gives no finite derivatives there.")
    problem = given.place.problem
    if problem.constraints:
        notes.append("constraints are not counted in: they may make parameters known better than is told here.")
    if problem.profiled is not None:
        notes.append(
            f"new measurements are taken to scatter like the data, with {problem.profiled} = {given.place.scale:.4g}."
        )
    if over != "estimate":
        notes.append(
            f"the design is the best on average over {len(given.base) - 1} draws of the parameters; the errors in the "
            "table are those at the estimate."
        )
    if not given.criterion.averages:
        notes.append("this criterion looks at the shape of the confidence region alone, and may leave it large.")
    zero = [q.label for q in given.found if q.role == "free" and q.value == 0]
    if zero and given.aim.relative and given.aim.method.looks_at == "values":
        notes.append(f"{listed_and(zero)} is zero, so its error is looked at in its own unit and not as a share.")
    space = problem.fit_space
    ends = zip(space.labels, given.place.x, space.lower, space.upper, strict=True)
    at = [label for label, x, low, high in ends if x in (low, high)]
    if at:
        notes.append(
            f"{listed_and(at)} is at a bound, where errors are not symmetric; they are told as if it were inside."
        )
    return tuple(notes)
