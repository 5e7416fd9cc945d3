"""The result of a fit with a penalty: which terms are kept, and why none of them has a standard error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.covariance import Geometry
from parametra.nouns.asker import Solutions, Want
from parametra.nouns.fit_record import Row
from parametra.nouns.fit_result import Fit
from parametra.nouns.parameter import Tied
from parametra.nouns.penalty_path import DROPPED, PenaltyPath
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.nouns.starts import Starts
from parametra.nouns.status import Status
from parametra.verbs._penalised_search import Terms, columns_of_terms
from parametra.verbs.fit_basins import starts_of
from parametra.verbs.fit_choice import Choice
from parametra.verbs.fit_doubts import failures_doubt
from parametra.verbs.fit_equations import equations_of
from parametra.verbs.fit_judge import receipt_of
from parametra.verbs.fit_uncertainty import Curvature
from parametra.verbs.fit_views import views_of

_NO_ERRORS = (
    "none: which terms are kept was decided with the same data, and the usual standard errors, which know nothing of "
    "that, would be too small. For errors, fit the kept terms alone to new data"
)

_ALIKE = 0.95
"""Cosine of two columns above which one term can stand in for the other."""

_CONSTANT = 1e-9


def penalised_fit(
    terms: Terms,
    solutions: Solutions,
    strength: float | None,
    path: PenaltyPath | None,
    choice: Choice,
    settings: Any,
    chosen: Mapping[str, Any],
) -> Fit:
    """The result of a run.

    Arguments:
        terms: the search.
        solutions: of the fit at the strength.
        strength: at which; None when there was none to begin with.
        path: where the data have chosen it.
        choice: the method and why.
        settings: the arguments of `fit`.
        chosen: values of discrete parameters in this run.
    """
    problem, drive = terms.problem, terms.drive
    status = drive.status(solutions)
    x = problem.fit_space.guess if solutions.best < 0 else solutions.points[solutions.best]
    kept = int((x[terms.on] != 0).sum())
    free = kept + int((~terms.on).sum())
    named, likelihood, squares = _at(problem, terms.evaluator, x, free)
    freedom = problem.size - free
    around = _flat(x, float(np.sqrt(squares / freedom)) if problem.profiled and freedom > 0 else 1.0)
    why = _why_one_start(terms, path)
    tests = problem.profiled is None and terms.evaluator.cost.least_squares and not terms.evaluator.cost.losses
    rows = _rows(terms, named, chosen)
    return Fit(
        status=status,
        title=problem.title,
        rows=tuple(sorted(rows, key=lambda r: ["free", "choice", "tied", "fixed", "noise", "derived"].index(r.role))),
        values=dict(named),
        covariance_labels=(),
        covariance=np.zeros((0, 0)),
        estimator=_estimator(terms, strength, path, kept),
        uncertainty=_NO_ERRORS,
        points=problem.size,
        masked=sum(d.masked for d in problem.data_sets),
        free=free + (problem.profiled is not None) + len(chosen),
        log_likelihood=likelihood,
        chi_square=squares,
        chi_square_tests=tests,
        p_value=None,
        degrees_of_freedom=freedom,
        starts=_no_starts(solutions, why) if solutions.best < 0 else starts_of(problem, solutions, around, why),
        doubts=() if solutions.best < 0 else (*_too_many(terms, free, strength), *_doubts(terms, x, status, path)),
        method=choice.method,
        choice=choice.reason,
        noise={k: n.describe() for k, n in problem.noise.items()},
        receipt=receipt_of(problem, drive, choice, settings),
        description=problem.description,
        path=path,
        equations=equations_of(problem),
        sources=problem.sources,
        view_source=lambda: views_of(problem, x, named, np.zeros((x.size, 0))),
    )


def profiled_log_likelihood(problem: Problem, evaluator: Any, x: np.ndarray) -> float:
    """The log-likelihood at x, at its largest in the scale that is common to all residuals, where there is one."""
    named = dict(problem.fit_space.to_named(x))
    if problem.profiled is not None:
        squares = _squares(problem, evaluator, x)
        named[problem.profiled] = float(np.sqrt(squares / problem.size)) if squares > 0 else np.nan
    with np.errstate(all="ignore"), maybe_64_bits():
        try:
            return float(np.asarray(problem.log_likelihood(named)))
        except Exception:  # noqa: BLE001  a model that fails here counts as impossible
            return float("nan")


def _squares(problem: Problem, evaluator: Any, x: np.ndarray) -> float:
    if not evaluator.cost.least_squares:
        return float("nan")
    rows = np.asarray(evaluator.evaluate(x[None], Want.RESIDUALS).residuals)[0]
    return float(rows[: problem.size] @ rows[: problem.size])


def _at(problem: Problem, evaluator: Any, x: np.ndarray, free: int) -> tuple[dict[str, Any], float, float]:
    """The estimate by name, the log-likelihood, and the sum of squares."""
    squares = _squares(problem, evaluator, x)
    named = dict(problem.fit_space.to_named(x))
    if problem.profiled is not None:
        freedom = problem.size - free
        named[problem.profiled] = float(np.sqrt(squares / freedom)) if freedom > 0 else float("nan")
        named = {name: named[name] for name in problem.space.names}
    return named, profiled_log_likelihood(problem, evaluator, x), squares


def _flat(x: np.ndarray, scale: float) -> Curvature:
    """Nothing known of the surroundings but the scale of the residuals."""
    no, empty = np.zeros(x.size, dtype=bool), np.zeros((x.size, 0))
    geometry = Geometry(np.zeros((x.size, x.size)), empty, np.ones(x.size), empty, np.inf)
    inside = np.arange(x.size)
    return Curvature(np.zeros((x.size, x.size)), no, no, geometry, inside, scale, "", 1.0, np.zeros(x.size), "none")


def _rows(terms: Terms, named: Mapping[str, Any], chosen: Mapping[str, Any]) -> list[Row]:
    problem, rows = terms.problem, list[Row]()
    space = problem.fit_space
    penalised = set(terms.penalty.on_which(space))
    for name in problem.space.names:
        value, unit = named[name], getattr(problem.space[name], "unit", "")
        role = _role(problem, name, chosen)
        if role in ("choice", "fixed") and not isinstance(value, (int, float, np.ndarray, np.generic)):
            rows.append(Row(name, name, role, value, unit=unit))
            continue
        shape = np.shape(value)
        for place in np.ndindex(shape) if shape else [()]:
            label = name + (f"[{','.join(map(str, place))}]" if place else "")
            number = float(np.asarray(value)[place])
            rows.append(Row(label, name, role, number, unit=unit, note=_note(role, name in penalised, number)))
    for derived in problem.derived:
        number = float(np.asarray(derived.compute(named)))
        note = "no error: it depends on terms that the same data have chosen"
        rows.append(Row(derived.name, derived.name, "derived", number, unit=derived.unit, note=note))
    return rows


def _note(role: str, penalised: bool, number: float) -> str:
    if role not in ("free", "noise"):
        return ""
    if penalised:
        return DROPPED if number == 0 else "kept; no error: chosen by the same data"
    return "no error: the terms beside it were chosen by the same data"


def _role(problem: Problem, name: str, chosen: Mapping[str, Any]) -> str:
    if name in chosen:
        return "choice"
    if name not in problem.stated_space.names:
        return "noise"
    if name in problem.space.free:
        return "free"
    return "tied" if isinstance(problem.space[name], Tied) else "fixed"


def _estimator(terms: Terms, strength: float | None, path: PenaltyPath | None, kept: int) -> str:
    losses = {loss.name for _, _, loss in terms.evaluator.cost.losses} - {"student_t"}
    what = f"M-estimate with the loss {', '.join(sorted(losses))}" if losses else "maximum likelihood"
    words = {"cross_validation": "cross-validation", "extended_bic": "the extended BIC"}
    how = ""
    if path is not None:
        by = words.get(path.chosen_by, path.chosen_by.upper())
        how = f" chosen by {by} among {len(path.strengths)}"
    many = int(terms.on.sum())
    measured = ", terms measured by their columns" if terms.penalty.scale == "columns" else ""
    size = "no strength" if strength is None else f"strength {strength:.4g}{how}"
    return f"{what} with {terms.penalty.describe()}, {size}{measured}: {kept} of {many} terms kept"


def _why_one_start(terms: Terms, path: PenaltyPath | None) -> str:
    way = "the path" if path is not None else "a path"
    words = f"the strengths are followed down {way} from the one that drops every term"
    if terms.penalty.kind == "lasso":
        return words
    return f"{words}; {terms.penalty.kind} is not convex, and starts=20 looks for other optima"


def _no_starts(solutions: Solutions, why: str) -> Starts:
    n = len(solutions.cost)
    return Starts(n, 0, n, 0.0, (), None, tuple(float(c) for c in solutions.cost), why)


# ---- doubts


def _too_many(terms: Terms, free: int, strength: float | None) -> list[str]:
    """More kept terms than data: the fit runs through every point, whatever the data are."""
    size = terms.problem.size
    if free < size:
        return []
    many = "no" if strength == 0 else "too small a"
    doubt = (
        f"{free} parameters are kept for {size} observed values, with {many} penalty to choose among them: the fit "
        "would go through any data, its residuals tell nothing, and the terms are one choice of many that do as well. "
        "State a larger strength, or let the data choose it."
    )
    return [doubt]


def _doubts(terms: Terms, x: np.ndarray, status: Status, path: PenaltyPath | None) -> tuple[str, ...]:
    found: list[str] = []
    if not status.ok:
        found.append("this is not an established optimum: terms may still come and go. Give the run more time.")
    if path is not None:
        found += _of_the_path(path, terms.size)
    found += _of_columns(terms, x)
    found += failures_doubt(terms.drive.failed / max(terms.drive.evaluations, 1))
    return tuple(found)


def _of_the_path(path: PenaltyPath, size: int) -> list[str]:
    found = _of_its_end(path)
    if path.chosen_by in ("aic", "bic") and len(path.labels) >= size:
        found.append(
            f"with {len(path.labels)} terms and {size} observed values, {path.chosen_by} keeps terms by chance alone: "
            '"extended_bic" counts how many could have been chosen.'
        )
    return found


def _of_its_end(path: PenaltyPath) -> list[str]:
    last = len(path.strengths) - 1
    if not np.isfinite(path.criterion).any():
        return [f"{path.chosen_by} is finite at no strength, so the largest was taken. State a number."]
    if path.certain and path.kept[path.chosen] == path.kept[last]:
        doubt = (
            "with more terms every yes and no is foretold, where estimates run away to infinity and errors end: the "
            "path stops before. Use the lasso or a larger shape, fewer terms, or more data."
        )
        return [doubt]
    if path.chosen == last and last > 0 and path.kept[last] < len(path.labels):
        doubt = (
            f"{path.chosen_by} still falls where the path ends, at {int(path.kept[last])} terms: more terms may be "
            "wanted than these data can tell apart. State a smaller strength, or bring more data."
        )
        return [doubt]
    if path.kept[path.chosen] == 0:
        return ["no term is kept: the data speak for none of them at this sample size."]
    return []


def _of_columns(terms: Terms, x: np.ndarray) -> list[str]:
    """What the columns of the Jacobian tell: a constant that is penalised, and terms that replace one another."""
    evaluator = terms.evaluator
    want = Want.JACOBIAN if evaluator.cost.least_squares else Want.PREDICTED
    answers = evaluator.evaluate(x[None], want)
    if answers.jacobian is None or not answers.ok[0]:
        return []
    jacobian = answers.jacobian[0][: terms.problem.size]
    labels = np.array(terms.problem.fit_space.labels)[terms.on]
    found: list[str] = []
    spread = np.ptp(jacobian[:, terms.on], axis=0) <= _CONSTANT * np.abs(jacobian[:, terms.on]).max(axis=0)
    constant = np.flatnonzero(spread & (np.abs(jacobian[:, terms.on]).max(axis=0) > 0))
    if constant.size:
        label = str(labels[constant[0]])
        name = label.partition("[")[0]
        found.append(
            f"{label} adds the same to every prediction and is penalised, which pulls the level towards zero. Name it "
            f'in unpenalised=["{name}"] unless that is meant.'
        )
    found += _bent(terms, jacobian) if evaluator.cost.least_squares else []
    return found + _alike(columns_of_terms(jacobian, terms.on), labels, x[terms.on])


def _bent(terms: Terms, jacobian: np.ndarray) -> list[str]:
    """SCAD and MCP take the curvature of the cost for more than their own."""
    penalty = terms.penalty.on(terms.problem.fit_space, terms.size, 1.0, terms.scales)
    curvature = (columns_of_terms(jacobian, terms.on) ** 2).sum(axis=0)
    if np.median(penalty.concavity[terms.on] - curvature) <= 0:
        return []
    doubt = (
        f"the {terms.penalty.kind} penalty bends more than the cost of most terms does, so that terms come and go in "
        'jumps. Use scale="columns", or a larger shape.'
    )
    return [doubt]


def _alike(columns: np.ndarray, labels: np.ndarray, values: np.ndarray) -> list[str]:
    lengths = np.linalg.norm(columns, axis=0)
    unit = columns / np.where(lengths > 1e-10 * lengths.max(initial=0.0), lengths, np.inf)
    kept, dropped = np.flatnonzero(values != 0), np.flatnonzero(values == 0)
    if not kept.size or not dropped.size:
        return []
    cosine = np.abs(unit[:, kept].T @ unit[:, dropped])
    pairs = np.argwhere(cosine > _ALIKE)
    if not len(pairs):
        return []
    pairs = pairs[np.argsort(-cosine[pairs[:, 0], pairs[:, 1]])]
    shown = "; ".join(f"{labels[dropped[j]]} for {labels[kept[i]]} ({cosine[i, j]:.3f})" for i, j in pairs[:3])
    more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return [f"terms that were dropped could stand in for kept ones, their columns being alike: {shown}{more}."]
