"""Which model? Fit each to the same data, compare them in pairs, look at what each leaves over, and say how sure."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.methods.compare.information_criterion import InformationCriterion
from parametra.nouns.comparison import Comparison
from parametra.nouns.comparison_parts import Candidate, Nesting, Pair
from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status
from parametra.runs.progress import Progress
from parametra.verbs.at_estimate import AtEstimate, at_estimate
from parametra.verbs.compare_data import refuse_different_data
from parametra.verbs.compare_evidence import evidence_of
from parametra.verbs.compare_folds import folds_of, held_out, is_cheap, why_no_folds
from parametra.verbs.compare_models import Stated, doubts_of, stated_models
from parametra.verbs.compare_nesting import nesting_of, stated_nesting
from parametra.verbs.compare_pairs import Side, pair_of
from parametra.verbs.compare_points import bends, likeliest, log_density, standard_errors
from parametra.verbs.compare_residuals import checks_of, residuals_of
from parametra.verbs.compare_search import Spent, Stopped
from parametra.verbs.compare_simulation import simulated_p
from parametra.verbs.compare_words import CRITERIA, verdict
from parametra.verbs.fit import fit

_ROUNDING = 1e-11
"""Residuals, as a share of the data, that are rounding."""

_LESS = 1e-6
"""How much lower the log-likelihood of a model may be than that of its special case before it is fitted again."""


@dataclass(frozen=True)
class Wish:
    """The arguments of `compare`; `fit` holds those of each model's fit."""

    criterion: str
    nested: bool | None
    cross_validation: str | int | bool
    seed: int
    fit: Mapping[str, dict[str, Any]]
    progress: bool | None


@dataclass
class _Run:
    """What a comparison has by now."""

    wish: Wish
    progress: Progress
    spent: Spent = field(default_factory=Spent)
    began: float = field(default_factory=time.perf_counter)
    problems: dict[str, Problem] = field(default_factory=dict)
    fits: dict[str, Fit] = field(default_factory=dict)
    made: list[Fit] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    sides: dict[str, Side] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    simulated: dict[tuple[str, str], float] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    folds: str = "cross-validation was not asked for"
    stopped: bool = False


def compare(
    *models: object,
    criterion: str = "auto",
    nested: bool | None = None,
    cross_validation: str | int | bool = "auto",
    seed: int = 0,
    fit_settings: Mapping[str, object] | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Compare models of the same data: which one, how surely, and whether the best is any good.

    Each model is fitted. Then come AIC, AICc and BIC with the standard errors of their differences, the
    likelihood-ratio test where one model is a special case of another (that is found out), Vuong's tests where none is,
    cross-validation, the evidence where all parameters have priors, and tests of the residuals of each.

    Good for: a choice among a few models that were thought of before. Who looks at hundreds should leave data aside for
    the last word.

    Arguments:
        models: problems, or pairs (problem, fit) of those that are fitted already; or one mapping of name to these. All
            must predict the same observations; inputs, parameters and noise may differ.
        criterion: what ranks them: "aic", "aicc", "bic"; "auto" is AICc, or AIC where the points are too few for it.
        nested: True when the model with fewer parameters is a special case of the other, none of whose further
            parameters is then at a bound; False when none is; None finds out.
        cross_validation: True, False, a number of folds, or "auto": done where it takes no time to speak of. Each point
            is left out alone up to 40 points, in 10 folds beyond.
        seed: of the fits, the folds and all else that is drawn; the same seed gives the same answer.
        fit_settings: other arguments of `fit` by name, such as {"starts": 50}; or model to these.
        progress: False is silent.

    Returns:
        The comparison. How the run ended is its `status`, never an exception.

    Raises:
        ParametraError: what was stated wrongly, models of different data among it, and what to do.

    Source: Akaike (1974), doi:10.1109/TAC.1974.1100705; Vuong (1989), doi:10.2307/1912557; Self and Liang (1987),
        doi:10.1080/01621459.1987.10478472.
    """
    stated = stated_models(models)
    each = _by_model(dict(fit_settings or {}), tuple(stated), seed)
    wish = _checked(Wish(criterion, nested, cross_validation, seed, each, progress))
    refuse_different_data({name: one.problem for name, one in stated.items()})
    folds_of(next(iter(stated.values())).problem.size, wish.cross_validation, seed)
    run = _Run(wish, Progress(f"compare {', '.join(stated)}"[:60], shown=progress is not False))
    try:
        _fit_all(run, stated)
        _look(run)
    except Stopped:
        run.stopped = True
    finally:
        run.progress.close()
    return _result(run, tuple(stated))


def _checked(wish: Wish) -> Wish:
    if wish.criterion not in ("auto", *CRITERIA):
        raise MethodError(f'criterion="{wish.criterion}": {did_you_mean(wish.criterion, ("auto", *CRITERIA))}')
    seed: Any = wish.seed
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise MethodError(f"seed={seed!r}: a whole number, 0 or more, is wanted.")
    for name, settings in wish.fit.items():
        for word in ("problem", "data", "parameters", "noise", "progress"):
            if word in settings:
                raise MethodError(f'fit_settings has "{word}", which is stated beside it, or in the problems.')
        if settings.get("loss") is not None:
            raise MethodError(
                f"{name}: compare rests on likelihoods, and a robust loss has none. Leave the loss out, and state the "
                'noise of data with wild points: StudentT(), in a file [noise] kind = "student_t".'
            )
    return wish


def _by_model(given: dict[str, Any], names: tuple[str, ...], seed: int) -> dict[str, dict[str, Any]]:
    """Arguments of the fit of each model."""
    single = not (given and all(isinstance(value, Mapping) for value in given.values()) and set(given) <= set(names))
    each = {name: given if single else dict(given.get(name, {})) for name in names}
    if single and "seed" in given:
        raise MethodError('fit_settings has "seed", which is an argument of compare.')
    return {name: {"seed": seed, **settings} for name, settings in each.items()}


def _fit_all(run: _Run, stated: Mapping[str, Stated]) -> None:
    for name, one in stated.items():
        found = one.fit
        if found is None:
            found = fit(one.problem, **run.wish.fit[name], progress=run.wish.progress)
            run.made.append(found)
        if found.status.outcome is Outcome.STOPPED and one.fit is None:
            run.stopped = True
        _keep(run, name, one.problem, found)
        if run.stopped:
            return


def _keep(run: _Run, name: str, problem: Problem, found: Fit) -> None:
    if found.status.outcome is Outcome.FAILED or not found.starts.basins:
        run.left_out[name] = f"its fit failed: {found.status.message}"
    elif not np.isfinite(found.log_likelihood) or _no_residuals(problem, found):
        run.left_out[name] = "it leaves no residuals at all, so that its likelihood has no bound; state a known sigma"
    else:
        run.problems[name], run.fits[name] = problem, found


def _no_residuals(problem: Problem, found: Fit) -> bool:
    """Whether an estimated sigma has nothing to be estimated from: what is left of the data is rounding."""
    if problem.profiled is None:
        return False
    size = sum(float(np.sum(d.observations(output)[0] ** 2)) for d in problem.data_sets for output in d.outputs)
    return found.degrees_of_freedom <= 0 or found.chi_square <= _ROUNDING**2 * size


def _look(run: _Run) -> None:
    """All that is asked of the fits."""
    if len(run.fits) < 2:
        return
    ats = {name: at_estimate(run.problems[name], found) for name, found in run.fits.items()}
    nestings = _nestings(run, ats)
    parts = _folds(run, next(iter(ats.values())), ats)
    for name, at in ats.items():
        run.progress.prepare(f"residuals of {name}")
        named = likeliest(at.problem, at.fit)
        residuals = residuals_of(at, run.wish.seed)
        candidate = Candidate(
            name=name,
            fit=at.fit,
            log_density=log_density(at.problem, named),
            residuals=residuals,
            checks=checks_of(at, residuals),
            evidence=evidence_of(at),
            held_out=None if parts is None else held_out(at, parts, run.spent),
            doubts=doubts_of(at),
        )
        costly = hasattr(at.problem.model.function, "costly") or not at.x.size
        bent = None if costly else bends(at.problem, named, standard_errors(at))
        run.sides[name] = Side(candidate, at, bent)
    used = _criterion(run)[0]
    names = list(run.sides)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            nesting = nestings[one, other]
            simulated = run.simulated.get((nesting.small, nesting.large))
            run.pairs.append(pair_of(run.sides[one], run.sides[other], used, nesting, simulated))


def _nestings(run: _Run, ats: dict[str, AtEstimate]) -> dict[tuple[str, str], Nesting]:
    found: dict[tuple[str, str], Nesting] = {}
    names = list(ats)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            run.progress.prepare(f"is {one} a special case of {other}, or the other way round")
            small, large = sorted((one, other), key=lambda name: ats[name].fit.free)
            found[one, other] = _nesting(run, ats, small, large)
    return found


def _nesting(run: _Run, ats: dict[str, AtEstimate], small: str, large: str) -> Nesting:
    pair = (small, ats[small]), (large, ats[large])
    if run.wish.nested is False:
        return Nesting("", "", "stated", "as stated")
    if ats[small].fit.free == ats[large].fit.free:
        return Nesting("", "", "not tried", "both have as many parameters")
    if run.wish.nested:
        return stated_nesting(*pair)
    special = nesting_of(*pair, run.spent, run.wish.seed)
    lower = ats[large].fit.log_likelihood < ats[small].fit.log_likelihood - _LESS
    if special.x is not None and lower:
        _again(run, ats, small, large, ats[large].named(special.x))
    if special.x is not None and not special.nesting.regular:
        run.progress.prepare(f"simulating data from {small}")
        statistic = 2 * (ats[large].fit.log_likelihood - ats[small].fit.log_likelihood)
        p = simulated_p(ats[small], ats[large], special.x, statistic, run.spent, run.wish.seed)
        if p is not None:
            run.simulated[small, large] = p
    return special.nesting


def _again(run: _Run, ats: dict[str, AtEstimate], small: str, large: str, named: Mapping[str, Any]) -> None:
    """A model can never be worse than its special case: its fit missed the maximum, and is made again from there."""
    problem = run.problems[large]
    guesses = {name: p for name, p in problem.stated_space.parameters.items() if name in problem.fit_space.slices}
    moved = {name: dataclasses.replace(p, guess=_as_stated(named[name])) for name, p in guesses.items()}  # pyright: ignore[reportArgumentType, reportCallIssue]
    again = problem.restated(parameters={**problem.stated_space.parameters, **moved})
    run.progress.close()
    arguments: dict[str, Any] = {**run.wish.fit[large], "starts": 1}
    found = fit(again, **arguments, progress=run.wish.progress)
    run.made.append(found)
    run.doubts.append(
        f"the fit of {large} was worse than that of its special case {small}, which cannot be at a maximum; it was "
        "made again from there. Give it more starts."
    )
    if found.log_likelihood > ats[large].fit.log_likelihood:
        run.fits[large] = found
        ats[large] = at_estimate(problem, found)


def _as_stated(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else np.asarray(value).tolist()


def _folds(run: _Run, first: AtEstimate, ats: dict[str, AtEstimate]) -> Any:
    """Which fold each observation is in; None where there is no cross-validation, and `run.folds` says why."""
    wanted = run.wish.cross_validation
    if wanted is False:
        return None
    parts = folds_of(first.problem.size, wanted, run.wish.seed)
    count = int(parts.max()) + 1
    for name, at in ats.items():
        why = why_no_folds(at.problem)
        if not why and wanted == "auto" and not is_cheap(at.problem, count):
            why = "it would take long; ask for it with cross_validation=True"
        if why:
            run.folds = f"no cross-validation: {name}: {why}"
            return None
    run.progress.prepare("cross-validation")
    run.folds = f"cross-validation in {count} folds" if count < parts.size else "cross-validation, each point left out"
    return parts


def _criterion(run: _Run) -> tuple[str, str]:
    """What ranks, and why."""
    candidates = [side.candidate for side in run.sides.values()]
    enough = all(np.isfinite(c.criterion("aicc")) for c in candidates)
    if run.wish.criterion == "aicc" and not enough:
        return "aic", "AIC ranks: there are too few points for AICc, which was asked for"
    if run.wish.criterion != "auto":
        return run.wish.criterion, f"{CRITERIA[run.wish.criterion]} ranks, as asked for"
    if enough:
        return "aicc", "AICc ranks: AIC with a correction for few points"
    return "aic", "AIC ranks: there are too few points for AICc"


def _result(run: _Run, asked: tuple[str, ...]) -> Comparison:
    complete = len(run.sides) == len(run.fits) >= 2 and bool(run.pairs)
    candidates = tuple(side.candidate for side in run.sides.values()) if complete else ()
    criterion, choice = _criterion(run) if candidates else ("aicc", "")
    failed = sum(c.held_out.failed for c in candidates if c.held_out is not None)
    doubts = [*run.doubts, *(f"{c.name}: {doubt}" for c in candidates for doubt in c.doubts)]
    if failed:
        doubts.append(f"{failed} folds of the cross-validation could not be fitted; their points are left out of it.")
    weighted = {
        key: dict(
            zip(
                run.sides,
                InformationCriterion().weights(np.array([c.criterion(key) for c in candidates])).tolist(),
                strict=True,
            )
        )
        for key in CRITERIA
        if candidates
    }
    views = [c.fit for c in candidates]
    return Comparison(
        status=_status(run, asked, candidates),
        title=", ".join(asked),
        verdict=verdict(candidates, tuple(run.pairs), criterion) if candidates else "",
        criterion=criterion,
        choice=choice,
        points=candidates[0].log_density.size if candidates else 0,
        candidates=candidates,
        pairs=tuple(run.pairs) if candidates else (),
        weights=weighted,
        left_out=run.left_out,
        folds=run.folds,
        doubts=tuple(doubts),
        receipt=_receipt(run),
        view_source=lambda: tuple(view for found in views for view in found.views),
    )


def _status(run: _Run, asked: tuple[str, ...], candidates: tuple[Candidate, ...]) -> Status:
    if run.stopped:
        done = len(run.fits)
        return Status(Outcome.STOPPED, f"it was stopped; {done} of {len(asked)} models were fitted by then.")
    if not candidates:
        why = "; ".join(f"{name}: {reason}" for name, reason in run.left_out.items())
        return Status(Outcome.FAILED, f"fewer than two models could be fitted. {why}")
    short = [c for c in candidates if c.fit.status.outcome is not Outcome.CONVERGED]
    if short:
        names = ", ".join(c.name for c in short)
        return Status(
            Outcome.BUDGET,
            f"the fit of {names} did not converge ({short[0].fit.status.message}), so that the comparison is unfair. "
            "Give it more evaluations or starts.",
        )
    n = candidates[0].log_density.size
    return Status(Outcome.CONVERGED, f"{len(candidates)} models were fitted to the same {n} observations")


def _receipt(run: _Run) -> Receipt:
    failures: dict[str, int] = {}
    for found in run.made:
        for reason, count in found.receipt.failures.items():
            failures[reason] = failures.get(reason, 0) + count
    wish = run.wish
    asked: dict[str, Any] = {name: repr(settings) for name, settings in wish.fit.items()}
    asked |= {"criterion": wish.criterion, "nested": wish.nested, "cross_validation": wish.cross_validation}
    beside = sum(side.at.drive.evaluations for side in run.sides.values())
    cards = [catalogue.card("compare", name) for name in catalogue.methods("compare")]
    return Receipt(
        evaluations=sum(f.receipt.evaluations for f in run.made) + beside + run.spent.evaluations,
        model_calls=sum(f.receipt.model_calls for f in run.made) + run.spent.calls,
        failures=failures,
        seconds=time.perf_counter() - run.began,
        seed=int(wish.seed),
        settings=asked,
        evaluator="; ".join(dict.fromkeys(f.receipt.evaluator for f in run.fits.values())),
        problem_hash="+".join(f.receipt.problem_hash for f in run.fits.values()),
        citation=tuple(str(source) for card in cards for source in card.sources),
        versions=versions("numpy", "scipy"),
        reused=sum(f.receipt.reused for f in run.made),
    )
