"""Which method needs the fewest evaluations of this model? Run them all from the same starts, and count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.losses import Loss
from parametra.nouns.bench_result import Bench, Contestant
from parametra.nouns.card import Ability
from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.problem import Problem
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status
from parametra.runs.budget import Budget
from parametra.runs.progress import Progress
from parametra.verbs._bench_match import Match
from parametra.verbs._bench_run import AND, Run
from parametra.verbs.fit_choice import choose_method, refuse_what_cannot_work, stated_loss
from parametra.verbs.fit_judge import hash_of

FINDER = "monte_carlo"
"""What goes before the method that "auto" takes, in the combination that is always shown."""


def bench_fit(
    problem: object,
    *,
    accuracies: Sequence[float] = (1e-2, 1e-4, 1e-6),
    methods: Sequence[str] | None = None,
    seeds: int = 11,
    evaluations: int = 2000,
    seconds: float | None = None,
    loss: str | Loss | None = None,
    loss_scale: float = 1.0,
    seed: int = 0,
    progress: bool | None = None,
) -> Bench:
    """Compare methods of fit on a problem by the evaluations of the model that each needs to come near the best.

    An accuracy a is reached where cost <= best + a (cost at the guess - best): a share of what the guess has to lose
    (the test of More and Wild). The best is the lowest cost that anything found here. Evaluations are expected ones: a
    run that ends before it gets there is followed by another one, as a person would do it.

    Good for: choosing a method for a model that is slow and will be fitted many times. Costs thousands of evaluations.

    Prefer instead: `fit`, whose "auto" needs no comparison.

    Arguments:
        problem: what is to be fitted, with parameters that are not discrete.
        accuracies: shares, between 0 and 1.
        methods: names, two of them joined by a plus for one after the other ("monte_carlo+levenberg_marquardt"); None
            for all that can work on this problem.
        seeds: how many runs each method gets; run i begins at start i of `fit`, the first of which is the guess.
        evaluations: what one run may use, derivatives counted as by forward differences.
        seconds: wall-clock time for everything; what is complete by then is compared.
        loss, loss_scale: as for `fit`.
        seed: of the starts and of everything random in the methods; the same seed gives the same table.
        progress: False is silent; None and True tell of comparisons that take longer than a second.

    Returns:
        The comparison. How it ended is its `status`, never an exception.

    Raises:
        ParametraError: what was stated wrongly, and what to do.

    Source: J. J. More and S. M. Wild (2009), doi:10.1137/080724083; expected evaluations: doi:
    10.1080/10556788.2020.1808977.
    """
    stated = _refuse(problem, seeds, evaluations, seed)
    Budget(seconds=seconds)
    stated.looked_at()
    robust = stated_loss(loss, loss_scale)
    auto = choose_method(stated, "auto", robust).method
    names, refused = _names(stated, methods, auto, robust)
    match = Match(
        problem=stated,
        accuracies=_checked(accuracies),
        names=names,
        refused=refused,
        auto=auto,
        seeds=seeds,
        budget=evaluations,
        seconds=seconds,
        seed=seed,
        loss=robust,
        progress=Progress(f"bench {stated.title}"[:60], shown=progress is not False),
    )
    try:
        runs = match.play()
    finally:
        match.progress.close()
    asked = {"accuracies": accuracies, "methods": methods, "seeds": seeds, "evaluations": evaluations}
    asked |= {"seconds": seconds, "loss": None if loss is None else str(loss), "loss_scale": loss_scale, "seed": seed}
    plain = {k: list(v) if isinstance(v, (tuple, list)) else v for k, v in asked.items()}
    return _result(match, runs, plain)


_MORE_WILD = (
    "J. J. More and S. M. Wild (2009). Benchmarking derivative-free optimization algorithms. doi:10.1137/080724083"
)
_HANSEN = (
    "N. Hansen, A. Auger, R. Ros, O. Mersmann, T. Tusar and D. Brockhoff (2021). COCO: a platform for comparing "
    "continuous optimizers in a black-box setting. doi:10.1080/10556788.2020.1808977"
)


def _refuse(problem: object, seeds: Any, evaluations: Any, seed: Any) -> Problem:
    """The problem, when it and these numbers can be."""
    if not isinstance(problem, Problem):
        raise ModelError(
            f"bench_fit compares methods on a Problem; {type(problem).__name__} came. State one with "
            "Problem(model, data, parameters), or give the problem of a file: read_problem(path).problem."
        )
    if problem.space.discrete:
        raise ModelError(
            f"bench_fit compares methods for continuous parameters; {', '.join(problem.space.discrete)} are not. "
            "Fix them with problem.with_fixed({...})."
        )
    if Ability.PENALTY in problem.offers:
        raise MethodError(
            "bench_fit compares how low the cost gets, and a penalty adds what depends on a strength that fit chooses. "
            "Leave the penalty out."
        )
    if Ability.ADVERSARY in problem.offers:
        raise MethodError(
            "bench_fit compares how low the cost gets, which says nothing where some parameters are chosen against the "
            "fit. Leave the adversary out."
        )
    for word, value, least in (("seeds", seeds, 1), ("evaluations", evaluations, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise MethodError(f"{word}={value!r}: a whole number, {least} or more, is wanted.")
    return problem


def _checked(accuracies: Sequence[Any]) -> tuple[float, ...]:
    found: list[float] = []
    for accuracy in accuracies:
        if isinstance(accuracy, bool) or not isinstance(accuracy, (int, float)) or not 0 < accuracy < 1:
            raise MethodError(
                f"accuracies: {accuracy!r} is no share between 0 and 1; 1e-4 is a ten-thousandth of what the guess has "
                "to lose."
            )
        found.append(float(accuracy))
    if not found:
        raise MethodError("accuracies: none came. Give one or more, such as (1e-2, 1e-4, 1e-6).")
    return tuple(sorted(set(found), reverse=True))


def _names(
    problem: Problem, wanted: Sequence[str] | None, auto: str, loss: Loss | None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The methods that run, in alphabetical order, and why the others do not."""
    if wanted is None:
        alone = catalogue.methods("fit")
        both = f"{FINDER}{AND}{auto}"
        asked = (*alone, both) if FINDER in alone and auto != FINDER else alone
    else:
        asked = tuple(dict.fromkeys(wanted))
        if not asked:
            raise MethodError("methods: none came. Name one or more, or leave it out for all.")
    names: list[str] = []
    refused: dict[str, str] = {}
    for name in asked:
        try:
            for each in name.split(AND):
                refuse_what_cannot_work(problem, catalogue.card("fit", each), loss)
        except MethodError as error:
            if any(each not in catalogue.methods("fit") for each in name.split(AND)):
                raise
            refused[name] = str(error).partition(" Use method=")[0].partition(";")[0]
        else:
            names.append(name)
    if not names:
        raise MethodError(f"none of these methods can work on this problem: {' '.join(refused.values())}")
    return tuple(sorted(names)), refused


def _result(match: Match, runs: dict[str, list[Run]], asked: dict[str, Any]) -> Bench:
    contestants = tuple(_contestant(match, name, mine) for name, mine in sorted(runs.items()) if mine)
    count = max((len(one.cost) for one in contestants), default=0)
    evaluator = match.evaluator
    return Bench(
        status=_status(match, contestants, count),
        title=match.problem.title,
        accuracies=match.accuracies,
        reference=match.reference,
        reference_by=match.found_by,
        scale=match.scale,
        dimension=match.problem.fit_space.dimension,
        contestants=contestants,
        refused=match.refused,
        runs=count,
        budget=match.budget,
        notes=_notes(match, contestants),
        receipt=Receipt(
            evaluations=match.evaluations,
            model_calls=evaluator.calls,
            failures=dict(evaluator.failures),
            seconds=match.seconds_used,
            seed=match.seed,
            settings=asked,
            evaluator=f"{evaluator.kind}, derivatives by {evaluator.derivative}",
            problem_hash=hash_of(match.problem),
            citation=(_MORE_WILD, _HANSEN),
            versions=versions("numpy", "scipy", *(["jax"] if evaluator.kind == "compiled" else [])),
        ),
    )


def _contestant(match: Match, name: str, runs: list[Run]) -> Contestant:
    until = np.array([[run.until(match.target(a)) for run in runs] for a in match.accuracies])
    return Contestant(
        name=name,
        auto=name == match.auto,
        evaluations=until[:, :, 0],
        requests=until[:, :, 1],
        spent=np.array([float(run.spent) for run in runs]),
        spent_requests=np.array([float(run.spent_requests) for run in runs]),
        cost=np.array([run.lowest for run in runs]),
        ends=tuple(run.ended for run in runs),
    )


def _status(match: Match, contestants: tuple[Contestant, ...], count: int) -> Status:
    if not np.isfinite(match.reference):
        return Status(
            Outcome.FAILED,
            "no method could evaluate the model at any start. Check the bounds and the guess with `parametra check`.",
        )
    ran = f"{len(contestants)} method{'s' * (len(contestants) != 1)} ran from {count} start{'s' * (count != 1)} each"
    if match.stop is Outcome.STOPPED:
        return Status(Outcome.STOPPED, f"it was stopped; {ran} by then. Run it again for all {match.seeds} starts.")
    if match.stop is Outcome.BUDGET:
        return Status(
            Outcome.BUDGET,
            f"the budget of {match.seconds:g} seconds is spent; {ran} by then. Give it more, fewer methods or fewer "
            f"evaluations a run for all {match.seeds} starts.",
        )
    return Status(Outcome.CONVERGED, f"{ran}, {match.budget} evaluations a run at most")


def _notes(match: Match, contestants: tuple[Contestant, ...]) -> tuple[str, ...]:
    notes: list[str] = []
    elsewhere = match.target(match.accuracies[0])
    stuck: list[str] = []
    blind = [one.name for one in contestants if not np.isfinite(one.cost).any()]
    if blind:
        notes.append(f"found no point that can be evaluated: {', '.join(blind)}.")
    for one in contestants:
        ended = sum(c > elsewhere and end != "budget" for c, end in zip(one.cost, one.ends, strict=True))
        if ended and one.name not in blind:
            stuck.append(f"{one.name} {ended} of {len(one.ends)}")
    if stuck:
        notes.append(
            f"runs that ended by themselves above the coarsest accuracy, in another basin or stuck: {', '.join(stuck)}."
        )
    never = [one.name for one in contestants if not np.isfinite(one.expected(len(match.accuracies) - 1))]
    if never:
        notes.append(f"never within {match.accuracies[-1]:.0e} here: {', '.join(never)}.")
    return tuple(notes)
