"""How does the answer move with each choice that was made in fitting?"""

from __future__ import annotations

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
from parametra.runs.progress import Progress
from parametra.verbs._audit_checklist import checklist_of
from parametra.verbs._audit_choices import Alternative, alternatives_of, changed
from parametra.verbs._audit_fits import errors_of, fitted
from parametra.verbs.fit_judge import hash_of

STATED = "as stated"
"""The label of the problem with nothing changed."""

MOST = 1000
"""Fits of one audit."""

_CITATION = (
    "U. Simonsohn, J. P. Simmons and L. D. Nelson (2020), Specification curve analysis, doi:10.1038/s41562-020-0912-z",
)


def audit(
    problem: Problem,
    choices: Mapping[str, Mapping[str, object]],
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
            value), rows (a mask over the observations, or the indices that are kept) and weights (of the rows); and of
            the fit loss ("absolute" is least absolute deviations), loss_scale, method, options, starts, seed,
            evaluations, seconds, covariance.
        quantities: labels of parameters and derived quantities; all of the problem as stated
            but those of its noise when left out.
        combinations: True takes every combination of alternatives too, not one at a time.
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
    given: Any = problem
    if not isinstance(given, Problem):
        raise MethodError(f"audit takes a Problem; {type(given).__name__} came. State model, data and parameters.")
    if isinstance(replicates, bool) or replicates < 0 or 0 < replicates < 50:
        raise MethodError(f"replicates={replicates!r}: 0, or 50 or more, is wanted.")
    read = alternatives_of(choices)
    plans = _plans(read, combinations)
    asked: dict[str, Any] = {"seed": seed, "progress": False, **(settings or {})}
    bar = Progress(f"audit {problem.title}"[:60], shown=progress is not False)
    bar.prepare(f"{len(plans)} fits")
    try:
        stated = fitted(problem, asked)
        told = _quantities(stated, quantities)
        runs = [_run(problem, taken, asked, replicates, level, stated) for taken in plans]
    finally:
        bar.close()
    rows = tuple(_row(run, told, runs[0]) for run in runs)
    named = {choice: tuple(each.name for each in alternatives) for choice, alternatives in read.items()}
    return Audit(
        status=_status(rows),
        title=problem.title,
        quantities=told,
        units={row.label: row.unit for row in stated.rows if row.label in told},
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


def _quantities(stated: Fit, asked: Sequence[str]) -> tuple[str, ...]:
    known = [row.label for row in stated.rows if row.role not in ("fixed", "choice")]
    for name in asked:
        if name not in known:
            raise ParametraError(f'the problem as stated has no "{name}"; ' + did_you_mean(name, known))
    # the widths of different noises are not the same quantity
    return tuple(asked) or tuple(row.label for row in stated.rows if row.role in ("free", "tied", "derived"))


def _run(
    problem: Problem,
    taken: tuple[Alternative, ...],
    asked: Mapping[str, Any],
    replicates: int,
    level: float,
    stated: Fit,
) -> _Run:
    run = _Run(taken)
    settings = dict(asked)
    for each in taken:
        settings.update(each.settings)
    try:
        made = changed(problem, taken) if taken else problem
        run.fit = fitted(made, settings) if taken else stated
        run.errors, run.intervals = errors_of(made, run.fit, settings, replicates, level, int(asked["seed"]))
    except ParametraError as error:
        run.refused = str(error)
        if not taken:
            raise
    return run


def _row(run: _Run, told: tuple[str, ...], first: _Run) -> AuditRow:
    changed_words = {each.choice: each.name for each in run.taken}
    if run.fit is None:
        nothing: dict[str, Any] = dict.fromkeys(told)
        status = Status(Outcome.FAILED, f"refused: {run.refused}")
        return AuditRow(run.label, changed_words, status, nothing, dict(nothing), dict(nothing), dict(nothing), 0)
    values, start = _values(run.fit, told), _values(first.fit, told) if first.fit is not None else {}
    errors = {name: _finite(run.errors.get(name)) for name in told}
    differences = {name: _difference(values[name], start.get(name), _finite(first.errors.get(name))) for name in told}
    # errors may be refused where the estimate stands, such as refits of a problem with constraints
    status = run.fit.status if not run.refused else Status(Outcome.STOPPED, f"estimated, without errors: {run.refused}")
    intervals = {name: run.intervals.get(name) for name in told}
    return AuditRow(
        run.label, changed_words, status, values, errors, intervals, differences, run.fit.points, run.fit.doubts
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
    if not bad:
        return Status(Outcome.CONVERGED, f"all {len(rows)} fits converged")
    names = "; ".join(row.label for row in bad[:5]) + ("; ..." if len(bad) > 5 else "")
    return Status(Outcome.BUDGET, f"{len(bad)} of {len(rows)} fits did not end as they should: {names}")
