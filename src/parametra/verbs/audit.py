"""How does the answer move with each choice that was made in fitting?"""

from __future__ import annotations

import inspect
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.nouns.audit_result import Audit, AuditRow
from parametra.nouns.errors import MethodError, ParametraError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status
from parametra.nouns.units import parse_unit
from parametra.runs.progress import Progress
from parametra.verbs._audit_change import changed
from parametra.verbs._audit_checklist import checklist_of
from parametra.verbs._audit_choices import Alternative, alternatives_of
from parametra.verbs._audit_fits import errors_of, fitted, without_errors
from parametra.verbs._audit_merge import together
from parametra.verbs.fit import fit
from parametra.verbs.fit_judge import hash_of

STATED = "as stated"
"""The label of the problem with nothing changed."""

MOST = 1000
"""Fits of one audit."""

_STATEMENT = (
    "problem", "data", "parameters", "noise", "derived", "constraints", "penalty", "adversary", "title",
)  # fmt: skip
"""Arguments of `fit` that state the problem, which an audit has already."""

_CITATION = (
    "U. Simonsohn, J. P. Simmons and L. D. Nelson (2020), Specification curve analysis, doi:10.1038/s41562-020-0912-z",
)


def audit(
    problem: object,
    choices: Mapping[str, object],
    *,
    quantities: Sequence[str] = (),
    combinations: bool = False,
    settings: Mapping[str, Any] | None = None,
    replicates: int = 0,
    level: float = 0.95,
    seed: int = 0,
    progress: bool | None = None,
) -> Audit:
    """Fit again with each choice made otherwise, and tell how far the answer moves.

    Good for: seeing whether a conclusion rests on the data, or on a loss, a form, a start or five points that were
    left out. Prefer `compare` to decide between models by their likelihood, `bootstrap` for the scatter of the data.

    Arguments:
        problem: what is fitted as stated.
        choices: choice to its alternatives, each a name and what it changes: a mapping of words, another `Problem`, or
            a function from problem to problem. The words are noise, model, parameters, fixed, data, start (name to
            value), rows (a mask over the rows of the data set, or the indices from 0 of those that are kept; data set
            to these where there are several) and weights (of the rows); and of the fit loss ("absolute" is least
            absolute deviations), loss_scale, method, options, starts, seed, evaluations, seconds, covariance.
        quantities: labels of parameters and derived quantities; all of the problem as stated
            but those of its noise when left out.
        combinations: True takes every combination of alternatives too, not one at a time: names that several of them
            state are joined, rows are those that all of them keep, and what contradicts one another is a row that
            says so.
        settings: arguments of `fit` for all of them, where an alternative says nothing else.
        replicates: 0 takes standard errors and intervals from each fit, 50 and more from as many case refits.
        level: of the intervals of refits.
        seed: of random starts and refits.
        progress: False is silent.

    Raises:
        ParametraError: a choice that says nothing an audit knows, a quantity that there is not, a problem as stated
            that cannot be fitted. An alternative that cannot be fitted is a row that says so.
    """
    began = time.perf_counter()
    if not isinstance(problem, Problem):
        raise MethodError(f"audit takes a Problem; {type(problem).__name__} came. State model, data and parameters.")
    refits: Any = replicates
    if isinstance(refits, bool) or not isinstance(refits, int) or refits < 0 or 0 < refits < 50:
        raise MethodError(f"replicates={replicates!r}: 0, or 50 or more, is wanted.")
    if isinstance(quantities, str):
        raise MethodError(f'quantities is a list of labels: ["{quantities}"]; the text "{quantities}" came.')
    read = alternatives_of(choices)
    plans = _plans(read, combinations)
    asked: dict[str, Any] = {"seed": seed, "progress": False, **_settings(settings)}
    bar = Progress(f"audit {problem.title}"[:60], shown=progress is not False)
    bar.prepare(f"{len(plans)} fits")
    try:
        stated = fitted(problem, asked)
        told = _quantities(stated, quantities)
        runs = [_run(problem, taken, asked, replicates, level, stated) for taken in plans]
    finally:
        bar.close()
    units = {row.label: row.unit for row in stated.rows if row.label in told}
    rows = tuple(_row(run, told, runs[0], units) for run in runs)
    named = {choice: tuple(each.name for each in alternatives) for choice, alternatives in read.items()}
    return Audit(
        status=_status(rows),
        title=problem.title,
        quantities=told,
        units=units,
        rows=rows,
        choices=named,
        errors=f"{replicates} refits of rows drawn with replacement" if replicates else "of each fit",
        checklist=checklist_of(problem, stated, named),
        receipt=Receipt(
            evaluations=sum(run.fit.receipt.evaluations for run in runs if run.fit is not None),
            model_calls=sum(run.fit.receipt.model_calls for run in runs if run.fit is not None),
            failures={},
            seconds=time.perf_counter() - began,
            seed=seed,
            settings={"combinations": combinations, "replicates": replicates, "level": level},
            evaluator=stated.receipt.evaluator,
            problem_hash=hash_of(problem),
            citation=_CITATION,
            versions=versions("numpy", "scipy", "jax"),
        ),
    )


class _Run:
    """A fit of an audit with its errors, or why there is none."""

    def __init__(self, taken: tuple[Alternative, ...]) -> None:
        self.taken = taken
        self.fit: Fit | None = None
        self.errors: dict[str, float | None] = {}
        self.intervals: dict[str, tuple[float, float] | None] = {}
        self.refused = ""
        self.without: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What differs from the problem as stated."""
        return ", ".join(f"{each.choice}: {each.name}" for each in self.taken) or STATED


def _plans(read: Mapping[str, tuple[Alternative, ...]], combinations: bool) -> list[tuple[Alternative, ...]]:
    if not combinations:
        plans: list[tuple[Alternative, ...]] = [
            (),
            *((each,) for alternatives in read.values() for each in alternatives),
        ]
    else:
        every = itertools.product(*([None, *alternatives] for alternatives in read.values()))
        plans = [tuple(each for each in taken if each is not None) for taken in every]
        plans.sort(key=len)
    if len(plans) > MOST:
        raise MethodError(f"these choices have {len(plans)} combinations, and an audit fits {MOST} at most. Drop some.")
    return plans


def _settings(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Arguments of `fit`, by names that it has."""
    known = [name for name in inspect.signature(fit).parameters if name not in _STATEMENT]
    settings = given or {}
    for name in settings:
        if name not in known:
            raise MethodError(f'settings are arguments of a fit, and "{name}" is none; ' + did_you_mean(name, known))
    return settings


def _quantities(stated: Fit, asked: Sequence[str]) -> tuple[str, ...]:
    known = [row.label for row in stated.rows if row.role not in ("fixed", "choice")]
    for name in asked:
        if name not in known:
            raise ParametraError(f'the problem as stated has no "{name}"; ' + did_you_mean(name, known))
    # the widths of different noises are not the same quantity
    return tuple(dict.fromkeys(asked)) or tuple(
        row.label for row in stated.rows if row.role in ("free", "tied", "derived")
    )


def _run(
    problem: Problem,
    taken: tuple[Alternative, ...],
    asked: Mapping[str, Any],
    replicates: int,
    level: float,
    stated: Fit,
) -> _Run:
    run = _Run(taken)
    try:
        settings = {**asked, **together(taken).settings}
        made = changed(problem, taken) if taken else problem
        run.fit = fitted(made, settings) if taken else stated
        run.errors, run.intervals = errors_of(made, run.fit, settings, replicates, level, int(asked["seed"]))
        run.without = without_errors(run.fit, run.errors, settings, replicates)
    except Exception as error:  # a person's function may raise anything, and so may what a fit was given
        if not taken:
            raise
        run.refused = str(error) if isinstance(error, ParametraError) else f"{type(error).__name__}: {error}"
    return run


def _row(run: _Run, told: tuple[str, ...], first: _Run, units: Mapping[str, str]) -> AuditRow:
    changed_words = {each.choice: each.name for each in run.taken}
    if run.fit is None:
        nothing: dict[str, Any] = dict.fromkeys(told)
        status = Status(Outcome.FAILED, f"refused: {run.refused}")
        return AuditRow(run.label, changed_words, status, nothing, dict(nothing), dict(nothing), dict(nothing), 0)
    values, start = _values(run.fit, told), _values(first.fit, told) if first.fit is not None else {}
    errors = {name: _finite(run.errors.get(name)) for name in told}
    other = _other_units(run.fit, units)
    differences = {
        name: None if name in other else _difference(values[name], start.get(name), _finite(first.errors.get(name)))
        for name in told
    }
    # errors may be refused where the estimate stands, such as refits of a problem with constraints
    status = run.fit.status if not run.refused else Status(Outcome.STOPPED, f"estimated, without errors: {run.refused}")
    intervals = {name: run.intervals.get(name) for name in told}
    doubts = (*run.fit.doubts, *_unit_doubts(other, units), *run.without)
    return AuditRow(
        run.label, changed_words, status, values, errors, intervals, differences, run.fit.points, doubts, other
    )


def _other_units(found: Fit, units: Mapping[str, str]) -> dict[str, str]:
    """The units of quantities that are not those of the problem as stated."""
    return {row.label: row.unit for row in found.rows if row.label in units and not _same(row.unit, units[row.label])}


def _same(a: str, b: str) -> bool:
    """Whether two texts are one unit, such as "s" and "second"."""
    if a == b:
        return True
    try:
        first, second = parse_unit(a), parse_unit(b)
    except ParametraError:
        return False
    if first is None or second is None:
        return False
    return (first.dimension, first.factor, first.offset) == (second.dimension, second.factor, second.offset)


def _unit_doubts(other: Mapping[str, str], units: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{name} is in {unit or 'no stated unit'} here and in {units[name] or 'no stated unit'} as stated, so the two "
        "are not compared."
        for name, unit in other.items()
    )


def _values(found: Fit, told: tuple[str, ...]) -> dict[str, float | None]:
    by_label = {row.label: row.value for row in found.rows}
    return {name: _finite(by_label.get(name)) for name in told}


def _finite(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if np.isfinite(number) else None


def _difference(value: float | None, start: float | None, error: float | None) -> float | None:
    if value is None or start is None or not error:
        return None
    return (value - start) / error


def _status(rows: tuple[AuditRow, ...]) -> Status:
    bad = [row for row in rows if not row.status.ok]
    doubted = sum(bool(row.doubts) for row in rows)
    doubts = f"; {doubted} of them with doubts" if doubted else ""
    if not bad:
        return Status(Outcome.CONVERGED, f"all {len(rows)} fits converged{doubts}")
    doubts = f"; {doubted} of the {len(rows)} with doubts" if doubted else ""
    names = "; ".join(row.label for row in bad[:5]) + ("; ..." if len(bad) > 5 else "")
    return Status(Outcome.BUDGET, f"{len(bad)} of {len(rows)} fits did not end as they should: {names}{doubts}")
