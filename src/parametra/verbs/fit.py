"""What are the parameters? Choose a method, drive it from many starts, judge what it found."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.losses import Loss
from parametra.nouns.errors import MethodError, ModelError, ParametraError
from parametra.nouns.fit_result import Fit
from parametra.nouns.objective import Objective
from parametra.nouns.parameter import Integer
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import ReadyMade
from parametra.nouns.status import Outcome
from parametra.nouns.units_check import any_unit, check_units
from parametra.runs.budget import Budget
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.drive import Drive
from parametra.runs.progress import Progress
from parametra.verbs.fit_choice import (
    choose_method,
    cost_of,
    how_many_starts,
    most_starts,
    stated_loss,
    with_options,
    with_solved,
)
from parametra.verbs.fit_constrained import nothing_found
from parametra.verbs.fit_feasibility import unmeetable
from parametra.verbs.fit_guess import drawn_again, start_points, where_it_works
from parametra.verbs.fit_judge import judge
from parametra.verbs.fit_nothing_free import ONE_POINT, fit_nothing_free, stated_choice
from parametra.verbs.fit_order import in_order
from parametra.verbs.fit_penalised import fit_penalised, plan_penalised
from parametra.verbs.fit_running import MOST_FAILURES, Running, running
from parametra.verbs.fit_screening import run_screened, screening_for
from parametra.verbs.fit_spread import spread_of
from parametra.verbs.fit_tolerance import Ran, until_it_holds

MOST_COMBINATIONS = 1000
"""Settings of discrete parameters that are all tried."""


@dataclass(frozen=True)
class Plan:
    """What `fit` would do with a problem, and why: the answer of `choose`.

    Arguments:
        method, reason: the method and why it was taken.
        starts, starts_reason: how many starts and why.
        evaluator: "direct" or "compiled".
        derivative: how the model is differentiated.
        combinations: settings of discrete parameters, each of which is fitted.
    """

    method: str
    reason: str
    starts: int
    starts_reason: str
    evaluator: str
    derivative: str
    combinations: int = 1


@dataclass(frozen=True)
class Settings:
    """How a fit is to be run; the arguments of `fit`."""

    method: str = "auto"
    starts: int | str = "auto"
    seed: int = 0
    evaluations: int | None = None
    seconds: float | None = None
    loss: str | Loss | None = None
    loss_scale: float = 1.0
    covariance: str = "auto"
    evaluator: str = "auto"
    progress: bool | None = None
    options: tuple[tuple[str, object], ...] = ()
    screening: str = "auto"
    workers: int = 1


def fit(
    problem: object,
    data: object = None,
    parameters: Mapping[str, object] | None = None,
    *,
    noise: object = None,
    derived: Mapping[str, object] | None = None,
    constraints: object = None,
    penalty: object = None,
    adversary: object = (),
    title: str = "",
    method: str = "auto",
    options: Mapping[str, object] | None = None,
    starts: int | str = "auto",
    seed: int = 0,
    evaluations: int | None = None,
    seconds: float | None = None,
    loss: str | Loss | None = None,
    loss_scale: float = 1.0,
    covariance: str = "auto",
    evaluator: str = "auto",
    screening: str = "auto",
    workers: int = 1,
    pool: object = None,
    ledger: str | Path | None = None,
    fresh: bool = False,
    timeout: float | None = None,
    memory: int | str | None = None,
    most_failures: float = MOST_FAILURES,
    take_over: bool = False,
    progress: bool | None = None,
) -> Fit:
    """Find the parameters under which the data are most likely, and say how far each can be trusted.

    theta = argmax sum_i log p(y_i | f(theta, x_i)) + the log density of stated priors; with normal noise that is least
    squares, argmin 1/2 sum ((f_i - y_i) / sigma_i)^2.

    Good for: any model with data. Standard errors hold where the likelihood is parabolic within them; the result says
    where it is not.

    Arguments:
        problem: a `Problem`; or the model (a formula, a function), with `data` and `parameters` beside it; or a
            ready-made one, `pm.model("peaks.gaussian")`, with `data`.
        data, parameters, noise, derived, constraints, penalty, adversary, title: as for `Problem`, when a model is
            given.
        method: a name from `parametra methods`, or "auto".
        options: settings of the method by name, such as {"maximum_iterations": 50}; its page lists them.
        starts: how many; the first is the guess, the others are drawn inside the bounds. "auto": one where the model
            is linear in its parameters, 20 or more elsewhere.
        seed: of the random starts; the same seed gives the same answer.
        evaluations, seconds: the budget; None is no limit. It is looked at between batches, so a run may exceed it
            by one batch (the starts that run side by side). When it is spent, the best so far is returned.
        loss: a robust loss, "huber", "soft_l1", "cauchy" or "arctan".
        loss_scale: the standardised residual from which the loss differs from squares.
        covariance: "jacobian", "sandwich", "hessian" or "auto".
        evaluator: "direct", "compiled" or "auto".
        screening: "auto" runs many starts on a part of many data first, and what they find on all; "off" never does.
        workers: processes that share the starts, 64 at a time; they take about a second to begin, so they are for runs
            that are longer. The answer is the same for any number. In a script, call under
            `if __name__ == "__main__":`.
        pool: where the calls of a model run that take long, a function or a `Program`: a number of processes,
            "dask://host:port", "ray://auto", or an executor of `concurrent.futures`. The answer is the same for any.
        ledger: a file in which every call of the model is kept. What it holds is not computed again: the same fit goes
            on where it was killed, and another one uses what fits.
        fresh: True computes all anew, and keeps it.
        timeout: seconds that one call may take; then it is ended and has failed.
        memory: bytes that the process of a call may take, such as "2 GB".
        most_failures: share of the calls that may fail before the run is stopped.
        take_over: True uses a ledger that a run on another machine seems to hold, which you know to be gone.
        progress: False is silent; None and True tell of runs that take longer than a second.

    Returns:
        The result. How the run ended is its `status`, never an exception.

    Raises:
        ParametraError: what was stated wrongly, and what to do.
    """
    beside = {
        "noise": noise,
        "derived": derived,
        "constraints": constraints,
        "penalty": penalty,
        "adversary": adversary or None,
    }
    stated = stated_problem(problem, data, parameters, {k: v for k, v in beside.items() if v is not None}, title)
    chosen = tuple((options or {}).items())
    settings = Settings(
        method,
        starts,
        seed,
        evaluations,
        seconds,
        loss,
        loss_scale,
        covariance,
        evaluator,
        progress,
        chosen,
        screening,
        workers,
    )
    if screening not in ("auto", "off"):
        raise MethodError(f'screening="{screening}": give "auto" or "off".')
    if isinstance(workers, bool) or workers < 1:
        raise MethodError(f"workers={workers!r}: a whole number of processes, 1 or more, is wanted.")
    stated_seed: Any = seed
    if isinstance(seed, bool) or not isinstance(stated_seed, (int, np.integer)) or seed < 0:
        raise MethodError(f"seed={seed!r}: a whole number, 0 or more, is wanted.")
    if any_unit(stated):
        check_units(stated)
    wish = Running(pool, ledger, fresh, timeout, memory, most_failures, take_over)
    if workers > 1 and wish.applies_to(stated):
        raise MethodError(
            f"workers={workers} share the starts of a fast model; pool, ledger, timeout and memory are for calls that "
            "take long. Give pool alone."
        )
    with running(stated, wish, settings) as run:
        return run.done(found_by(run.problem, settings))


def found_by(problem: Problem, settings: Settings) -> Fit:
    """What a fit with these settings finds; every setting of discrete parameters is tried."""
    return _every_combination(problem, settings) if problem.space.discrete else _one(problem, settings, {})


def choose(
    problem: Problem,
    *,
    method: str = "auto",
    starts: int | str = "auto",
    loss: str | Loss | None = None,
    evaluator: str = "auto",
) -> Plan:
    """What `fit` would do with this problem, and why, without doing it.

    Arguments:
        problem: the problem.
        method, starts, loss, evaluator: as for `fit`.

    Raises:
        ParametraError: as `fit` would.
    """
    combinations = _combinations(problem)
    first = problem.with_fixed(combinations[0]) if problem.space.discrete else problem
    first, _ = where_it_works(first, _most_starts(first, starts), 0)
    found = stated_loss(loss, 1.0)
    choice = choose_method(first, method, found)
    if not first.fit_space.dimension:
        choice = stated_choice(first, combinations[0])
        there = choose_evaluator(first, cost_of(first, found), 1, evaluator)
        return Plan(choice.method, choice.reason, 1, ONE_POINT, there.kind, there.derivative, len(combinations))
    cost = cost_of(first, found, catalogue.card("fit", choice.method))
    if first.penalty is not None:
        count, why, final = plan_penalised(first, cost, starts, evaluator)
        return Plan(choice.method, choice.reason, count, why, final.kind, final.derivative, len(combinations))
    single = choose_evaluator(first, cost, 1, evaluator)
    count, why = how_many_starts(first, starts, single, catalogue.card("fit", choice.method))
    final = choose_evaluator(first, cost, count, evaluator)
    screening = screening_for(first, with_options(choice.method, ()), cost, count, "auto")
    if screening is not None:
        why = f"{why}; first on {screening.rows} of {screening.of} rows, then what they found on all"
    return Plan(choice.method, choice.reason, count, why, final.kind, final.derivative, len(combinations))


def stated_problem(
    problem: object, data: object, parameters: Any, beside: Mapping[str, Any], title: str, verb: str = "fit"
) -> Problem:
    """The problem that a verb was given, or made of a model, data and parameters; a ready-made model has its own.

    Raises:
        ParametraError: what was given is none, or too much.
    """
    if isinstance(problem, Objective):
        raise MethodError(
            f"{verb} compares a model with data; this is an objective, which has none. Minimise it with a search, or "
            "state model, data and parameters."
        )
    if isinstance(problem, Problem):
        if data is not None or parameters is not None or beside:
            raise ModelError(
                f"{verb}(problem) takes no {', '.join(beside) or 'data or parameters'} beside the problem, which has "
                f"its own. Use problem.with_data(data), or {verb}(model, data, parameters=...)."
            )
        return problem
    if isinstance(getattr(problem, "problem", None), Problem):
        raise ModelError(
            f"this is a problem file, with settings of its own: use pm.{verb}(file.problem, **file.settings.for_fit())."
        )
    if isinstance(problem, ReadyMade):
        if data is None:
            raise ModelError(f'{verb}(model, data): the ready-made model "{problem.name}" has no data. Give some.')
        return problem.problem(data, parameters=parameters, **beside, title=title)
    if data is None or parameters is None:
        missing = "data" if data is None else "parameters"
        raise ModelError(f"{verb}(model, data, parameters=...) has no {missing}. Give all three, or one Problem.")
    return Problem(problem, data, parameters, **beside, title=title)


def _one(problem: Problem, settings: Settings, chosen: Mapping[str, Any]) -> Fit:
    progress = Progress(f"fit {problem.title}"[:60], shown=settings.progress is not False)
    progress.prepare("trying the model, and compiling it where that pays")
    try:
        return _fitted(problem, settings, chosen, progress)
    finally:
        progress.close()


def _fitted(stated: Problem, settings: Settings, chosen: Mapping[str, Any], progress: Progress) -> Fit:
    began = time.perf_counter()
    problem, lost = where_it_works(stated, _most_starts(stated, settings.starts), settings.seed)
    if problem.penalty is not None:
        return fit_penalised(problem, settings, chosen, progress)
    loss = stated_loss(settings.loss, settings.loss_scale)
    choice = choose_method(problem, settings.method, loss)
    if not problem.fit_space.dimension:
        with_options(choice.method, settings.options)
        return fit_nothing_free(problem, settings, loss, chosen)
    cost = cost_of(problem, loss, catalogue.card("fit", choice.method))
    single = choose_evaluator(problem, cost, 1, settings.evaluator)
    count, why = how_many_starts(problem, settings.starts, single, catalogue.card("fit", choice.method))
    why = f"{why}; at the guess the model failed: {lost.rstrip('.')}" if lost else why
    evaluator = single if count == 1 else choose_evaluator(problem, cost, count, settings.evaluator)
    budget = Budget(settings.evaluations, settings.seconds)
    drive = Drive(evaluator, budget, progress, wish=settings.evaluator, began=began)
    method = with_options(choice.method, settings.options)
    spread = spread_of(stated, drive, single, count)
    starts = start_points(stated, count, settings.seed, spread)
    differences = evaluator.derivative.startswith("central differences")
    space = replace(problem.search_space(settings.seed), differences=differences)
    choice = with_solved(choice, method, space)
    if settings.workers > 1 and "workers" not in method.card.honours:
        raise MethodError(f"`{choice.method}` runs in one process; leave workers={settings.workers} out.")
    screening = screening_for(problem, method, cost, count, settings.screening)
    if unmet := unmeetable(problem, settings.seed):
        return judge(stated, drive, nothing_found(starts, unmet), choice, why, settings, chosen)
    starts = drawn_again(problem, drive, starts, settings.seed, spread)
    workers = drive.workers = _workers(settings.workers)
    try:
        if screening is None:
            solutions = drive.run(method, space, starts)
        else:
            why = f"{why}; first on {screening.rows} of {screening.of} rows, then what they found on all"
            solutions = run_screened(screening, drive, method, space, starts, settings.evaluator)
    finally:
        if workers is not None:
            workers.close()
    progress.prepare("errors, doubts and pictures")
    judged = lambda asked, ends: judge(asked, drive, ends, choice, why, settings, chosen)  # noqa: E731
    return until_it_holds(Ran(stated, drive, method, space, in_order(stated, solutions), judged))


def _most_starts(problem: Problem, starts: int | str) -> int:
    """How many starts there will be, before it is known whether one serves."""
    return starts if isinstance(starts, int) else most_starts(problem)


def _workers(count: int) -> Any:
    if count == 1:
        return None
    from parametra.runs.workers import Workers  # processes take a while to load, and few fits want them

    return Workers(count)


def _combinations(problem: Problem) -> list[dict[str, Any]]:
    names = problem.space.discrete
    levels = [_levels(problem.space[name]) for name in names]
    count = int(np.prod([len(level) for level in levels])) if levels else 1
    if count > MOST_COMBINATIONS:
        raise ParametraError(
            f"{', '.join(names)} have {count} combinations, and fit tries them all, {MOST_COMBINATIONS} at most. Fix "
            "some of them or narrow their ranges."
        )
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*levels)]


def _levels(parameter: Any) -> list[Any]:
    if parameter.shape:
        raise ParametraError(
            f"{parameter!r}: fit tries all values of a discrete parameter, which arrays have too many of."
        )
    if isinstance(parameter, Integer):
        return list(range(parameter.lower, parameter.upper + 1))
    return list(parameter.options)


def _unlikeliness(found: Fit) -> float:
    """Minus the log-likelihood; a fit without any residual, whose scatter has no likelihood, is likeliest of all."""
    if np.isfinite(found.log_likelihood):
        return -found.log_likelihood
    return -np.inf if found.chi_square == 0 else np.inf


def _every_combination(problem: Problem, settings: Settings) -> Fit:
    """Fit the continuous parameters for every setting of the discrete ones, and keep the likeliest."""
    results: list[tuple[dict[str, Any], Fit]] = []
    left = settings
    for chosen in _combinations(problem):
        found = _one(problem.with_fixed(chosen), left, chosen)
        results.append((chosen, found))
        if left.evaluations is not None:
            left = replace(left, evaluations=max(left.evaluations - found.receipt.evaluations, 1))
        if left.seconds is not None:
            left = replace(left, seconds=max(left.seconds - found.receipt.seconds, 1e-3))
    ranked = sorted(  # a setting under which nothing was found stands behind all others
        results,
        key=lambda item: (
            item[1].status.outcome is Outcome.FAILED,
            _unlikeliness(item[1]),
        ),
    )
    best = ranked[0][1]
    receipt = replace(
        best.receipt,
        evaluations=sum(f.receipt.evaluations for _, f in results),
        model_calls=sum(f.receipt.model_calls for _, f in results),
        reused=sum(f.receipt.reused for _, f in results),
        seconds=sum(f.receipt.seconds for _, f in results),
    )
    doubts = list(best.doubts)
    unfinished = [f for _, f in results if not f.status.ok]
    if unfinished:
        doubts.append(f"{len(unfinished)} of {len(results)} settings of {', '.join(ranked[0][0])} did not converge.")
    if len(ranked) > 1:
        lead = best.log_likelihood - ranked[1][1].log_likelihood
        if lead < 2:
            words = ", ".join(f"{k}={v}" for k, v in ranked[1][0].items())
            doubts.append(f"{words} is hardly less likely: the log-likelihood is {lead:.2g} lower.")
    return replace(
        best,
        receipt=receipt,
        doubts=tuple(doubts),
        uncertainty=f"{best.uncertainty}; for the chosen {', '.join(ranked[0][0])}, whose own is not in them",
    )
