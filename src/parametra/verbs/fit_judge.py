"""From where the method ended to a result: errors, basins, goodness of fit, doubts. Never rosier than the numbers."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.chi_square import survival
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.fit_record import Row
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.starts import Starts
from parametra.nouns.status import Outcome, Status
from parametra.runs.drive import Drive
from parametra.verbs.fit_basins import is_settled, starts_of
from parametra.verbs.fit_choice import NO_METHOD, SOLVED_FOR, Choice
from parametra.verbs.fit_constrained import constrained_status, constraint_rows
from parametra.verbs.fit_doubts import doubts_of
from parametra.verbs.fit_equations import equations_of
from parametra.verbs.fit_left_over import LeftOver, left_over
from parametra.verbs.fit_minimax import as_minimax, no_curvature
from parametra.verbs.fit_no_minimum import look_around
from parametra.verbs.fit_rows import rows_of
from parametra.verbs.fit_tolerance import tolerance_doubts
from parametra.verbs.fit_uncertainty import Curvature, curvature
from parametra.verbs.fit_views import views_of

_MOST_STOPPED = 0.1
"""Share of the starts that may be stopped on their way without a word."""


def judge(
    problem: Problem,
    drive: Drive,
    solutions: Solutions,
    choice: Choice,
    starts_why: str,
    settings: Any,
    chosen: Mapping[str, Any],
) -> Fit:
    """The result of a run.

    Arguments:
        problem: what was fitted.
        drive: the run, with its counters; evaluates what is still needed.
        solutions: where the starts ended.
        choice: the method and why.
        starts_why: why so many starts.
        settings: the arguments of `fit`.
        chosen: values of discrete parameters in this run.
    """
    status = constrained_status(problem, drive, solutions) or drive.status(solutions)
    failed = solutions.best < 0
    x = problem.fit_space.guess if failed else solutions.points[solutions.best]
    cost = np.nan if failed else float(solutions.cost[solutions.best])
    with np.errstate(all="ignore"):
        look = no_curvature if problem.adversary else curvature
        around = look(problem, drive, x, cost, settings.covariance)
    if not failed:
        seen = look_around(problem, drive, x, cost, solutions.endings[solutions.best], around)
        around, status = seen.around, seen.status or status
    named, log_likelihood, chi_square = _at(problem, x, around)
    rows, labels, covariance = rows_of(problem, x, named, around, chosen)
    rows = tuple(dataclasses.replace(r, note=r.note or SOLVED_FOR) if r.label in choice.solved else r for r in rows)
    starts = _no_starts(solutions, starts_why) if failed else starts_of(problem, solutions, around, starts_why, status)
    freedom = problem.degrees_of_freedom
    cost_form = drive.evaluator.cost
    tests = problem.profiled is None and cost_form.least_squares and not cost_form.losses
    p_value = _p_value(chi_square, freedom) if tests and not problem.adversary else None
    share = drive.failed / max(drive.evaluations, 1)
    doubts: tuple[str, ...] = ()
    if not failed:
        own, shared = _of_free(rows, labels, covariance)
        whitened = around.residuals[: problem.size]
        left = LeftOver() if problem.adversary else left_over(problem, named, whitened, p_value)
        settled = is_settled(solutions, around, plain=left.plain)
        doubts = doubts_of(problem, status, rows, own, shared, around, starts, p_value, share, named, left, settled)
        doubts += () if settled else stopped_doubt(solutions, choice.method)
        doubts += tuple(tolerance_doubts(problem, drive, x, around))
    if status.ok and around.minimum:
        status = Status(Outcome.CONVERGED, f"{status.message}; but see the doubts: {around.minimum}")
    steps = _covariance_steps(around)
    held = constraint_rows(around.held, around.scale) if around.held is not None else ()
    along = "; along the constraints that hold the estimate" if any(row.active for row in held) else ""
    fit = Fit(
        status=status,
        title=problem.title,
        rows=tuple(sorted(rows, key=lambda r: ["free", "choice", "tied", "fixed", "noise", "derived"].index(r.role))),
        values=dict(named),
        covariance_labels=labels,
        covariance=covariance,
        estimator=_estimator(problem, drive),
        uncertainty=f"{around.words}{along}",
        points=problem.observations,
        masked=sum(d.masked for d in problem.data_sets),
        free=problem.size - freedom + (problem.profiled is not None) + len(chosen),
        log_likelihood=log_likelihood,
        chi_square=chi_square,
        chi_square_tests=tests,
        p_value=p_value,
        degrees_of_freedom=freedom,
        starts=starts,
        doubts=doubts,
        method=choice.method,
        choice=choice.reason,
        noise={k: n.describe() for k, n in problem.noise.items()},
        receipt=receipt_of(problem, drive, choice, settings),
        description=problem.description,
        constraints=held,
        equations=equations_of(problem),
        sources=problem.sources,
        view_source=lambda: views_of(problem, x, named, steps),
    )
    if problem.doubts is not None and not failed:
        fit = dataclasses.replace(fit, doubts=(*fit.doubts, *problem.doubts(fit, problem)))
    return as_minimax(problem, drive, x, cost, fit) if problem.adversary else fit


def stopped_doubt(solutions: Solutions, method: str) -> tuple[str, ...]:
    """Where many starts were stopped on their way, and how to let them go on."""
    stopped, count = sum(one is Ending.LIMIT for one in solutions.endings), len(solutions.endings)
    if count == 1 or stopped <= _MOST_STOPPED * count:
        return ()
    made = catalogue.method("fit", method)()
    option = next((name for name in ("lanes_iterations", "maximum_iterations") if hasattr(made, name)), "")
    remedy = f' Let them go on with options={{"{option}": {10 * getattr(made, option)}}}.' if option else ""
    return (f"{stopped} of {count} starts were stopped at the limit of the method before they converged.{remedy}",)


def _at(problem: Problem, x: np.ndarray, around: Curvature) -> tuple[dict[str, Any], float, float]:
    """The estimate by name, the log-likelihood there, and chi-square."""
    residuals = around.residuals[: problem.size]
    squares = float(residuals @ residuals) if residuals.size else np.nan
    named = dict(problem.fit_space.to_named(x))
    likeliest = dict(named)
    if problem.profiled is not None:
        # the likelihood is highest at RSS / n; what is reported is the unbiased RSS / (n - p)
        likeliest[problem.profiled] = float(np.sqrt(squares / problem.size)) if squares > 0 else np.nan
        freedom = problem.degrees_of_freedom
        named[problem.profiled] = float(np.sqrt(squares / freedom)) if freedom > 0 else np.nan
    with np.errstate(all="ignore"), maybe_64_bits():
        try:
            value = float(np.asarray(problem.log_likelihood(likeliest)))
        except Exception:  # noqa: BLE001  a model that fails here has failed everywhere, and the status says so
            value = np.nan
    if problem.profiled is not None and squares == 0:
        value = np.inf  # a scatter of zero, which is as likely as can be
    return named, value, squares


def _p_value(chi_square: float, freedom: int) -> float | None:
    if freedom <= 0 or not np.isfinite(chi_square):
        return None
    return survival(chi_square, freedom)


def _covariance_steps(around: Curvature) -> np.ndarray:
    """Columns whose outer products sum to the covariance."""
    values, vectors = np.linalg.eigh(np.nan_to_num(around.covariance))
    keep = values > 0
    return vectors[:, keep] * np.sqrt(values[keep])


def _of_free(
    rows: tuple[Row, ...], labels: tuple[str, ...], covariance: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """The covariance of what was estimated, without what is computed from it."""
    free = {r.label for r in rows if r.role in ("free", "noise")}
    keep = [i for i, label in enumerate(labels) if label in free]
    return tuple(labels[i] for i in keep), covariance[np.ix_(keep, keep)]


def _estimator(problem: Problem, drive: Drive) -> str:
    losses = {loss.name for _, _, loss in drive.evaluator.cost.losses}
    if losses - {"student_t"}:
        return f"M-estimate with the loss {', '.join(sorted(losses))}"
    priors = problem.space.explicit_priors
    return f"maximum a posteriori (priors on {', '.join(priors)})" if priors else "maximum likelihood"


def _no_starts(solutions: Solutions, why: str) -> Starts:
    n = len(solutions.cost)
    return Starts(n, 0, n, 0.0, (), None, tuple(float(c) for c in solutions.cost), why)


def receipt_of(problem: Problem, drive: Drive, choice: Choice, settings: Any) -> Receipt:
    """What a run cost and what it was made with."""
    evaluator: Any = drive.evaluator
    asked = {
        k: v if isinstance(v, (int, float, str, type(None))) else repr(v)
        for k, v in dataclasses.asdict(settings).items()
    }
    return Receipt(
        evaluations=drive.evaluations,
        model_calls=drive.calls,
        failures=dict(drive.failures),
        seconds=drive.seconds,
        seed=int(settings.seed),
        settings=asked,
        evaluator=f"{evaluator.kind}{_solver(problem)}{_derivatives(evaluator.derivative)}{_where(drive)}",
        problem_hash=hash_of(problem),
        citation=() if choice.method == NO_METHOD else _citation(choice),
        versions=versions("numpy", "scipy", *(["jax"] if evaluator.kind == "compiled" else [])),
        reused=0 if drive.model_calls is None else drive.model_calls.take_reused(),
    )


def _citation(choice: Choice) -> tuple[str, ...]:
    return tuple(str(s) for s in catalogue.card("fit", choice.method).sources)


def _solver(problem: Problem) -> str:
    """How a model of differential equations is integrated."""
    how = getattr(problem.model.function, "integrated", "")
    return f", {how}" if how else ""


def _derivatives(how: str) -> str:
    return f", derivatives by {how}" if how else ""


def _where(drive: Drive) -> str:
    calls = drive.model_calls
    return "" if calls is None or calls.pool.name == "serial" else f", calls on {calls.pool.name}"


def hash_of(problem: Problem) -> str:
    """A hash of the statement: model, parameters and data."""
    model = problem.model
    code = getattr(getattr(model.function, "__code__", None), "co_code", b"")
    code += str(getattr(model.function, "content_hash", "")).encode()
    parts = repr(
        (
            model.name,
            [(k, f.text) for k, f in model.formulas],
            sorted(map(repr, problem.stated_space.parameters.items())),
            *(c.label for c in problem.constraints),
        )
    )
    digest = hashlib.sha256(parts.encode() + code)
    for d in problem.data_sets:
        digest.update(d.content_hash().encode())
    return digest.hexdigest()[:16]
