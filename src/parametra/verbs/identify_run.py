"""One identification: the information, the profiles, what stands beside them, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.combinations import best_known
from parametra.maths.profile_level import quantile
from parametra.methods.identify.fisher_information import FisherInformationMethod, unknown
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.estimate import Estimate
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification import Identification
from parametra.nouns.identification_rows import Contour, Profile, Verdict, Word
from parametra.nouns.information import Determined, FisherInformation
from parametra.nouns.parameter import Bounded
from parametra.nouns.problem import Problem
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status
from parametra.runs.budget import Budget
from parametra.runs.curved import Curved
from parametra.runs.progress import Progress
from parametra.verbs.at_estimate import AtEstimate, at_estimate
from parametra.verbs.fit import Settings
from parametra.verbs.fit_choice import choose_method, stated_loss, with_options
from parametra.verbs.fit_judge import hash_of, judge
from parametra.verbs.identify_profiles import Walks, all_ends, contour_of, profile_of, walk_profiles
from parametra.verbs.identify_verdicts import Ends, disagreement, judged

_REFITS = 2
_TIED = 0.5
"""Correlation from which the region of a pair is worth a look."""


@dataclass(frozen=True)
class Wish:
    """What was asked of `identify`; its arguments of the same names."""

    method: str = "auto"
    level: float = 0.95
    contour: str | tuple[str, ...] = "auto"
    bootstrap: int = 0
    coverage: int = 0
    check: bool = True


def estimate_of(at: AtEstimate, seed: int = 0) -> Estimate:
    """What methods are told of a fitted problem."""
    space = at.problem.fit_space
    d = space.dimension
    logarithmic, plain = np.zeros(d, dtype=bool), np.zeros(d, dtype=bool)
    for name, part in space.slices.items():
        parameter = space[name]
        if isinstance(parameter, Bounded):
            plain[part], logarithmic[part] = True, parameter.logarithmic
    return Estimate(
        x=at.x,
        cost=at.cost,
        lower=np.asarray(space.lower),
        upper=np.asarray(space.upper),
        labels=at.labels,
        logarithmic=logarithmic,
        plain=plain,
        scale=float(at.scale),
        freedom=at.freedom,
        held=at.around.at_lower | at.around.at_upper,
        covariance=at.around.covariance,
        tolerance=_tolerance(at),
        seed=seed,
    )


def _tolerance(at: AtEstimate) -> float:
    """How exactly singular values of the Jacobian are known."""
    how = at.drive.evaluator.derivative
    if isinstance(at.drive.evaluator, Curved):
        return 1e-4
    if "differences" in how:
        return 1e-6
    # what a solver integrates is as exact as its tolerance
    return 1e-10 if getattr(at.problem.model.function, "precision", None) is None else 1e-6


def identified(
    problem: Problem, fit: Fit, settings: Settings, wish: Wish, progress: Progress, budget: Budget
) -> Identification:
    """The verdicts on a fitted problem.

    Arguments:
        problem, fit: what was fitted, and what was found.
        settings: of the fit.
        wish: what is asked.
        progress, budget: of the run.

    Raises:
        MethodError: what was asked cannot be.
    """
    at = _with_curvature(at_estimate(problem, fit, evaluator=settings.evaluator, progress=progress, budget=budget))
    doubts: list[str] = []
    estimate = estimate_of(at, settings.seed)
    walks = _walks(at, estimate, wish, doubts)
    for _ in range(_REFITS):
        if walks is None or walks.better is None or at.drive.ended:
            break
        at = _refitted(at, walks.better, settings, doubts)
        estimate = estimate_of(at, settings.seed)
        walks = _walks(at, estimate, wish, [])
    info = FisherInformationMethod().solve(estimate, at.drive.evaluate) if estimate.dimension else unknown(estimate)
    pair = _pair(at, estimate, wish, walks)
    contours = () if pair is None else (contour_of(estimate, pair, at.drive, wish.level),)
    return _told(at, estimate, info, walks, contours, settings, wish, doubts)


def _with_curvature(at: AtEstimate) -> AtEstimate:
    cost = at.drive.evaluator.cost
    if not (cost.least_squares or cost.scores):
        space = at.problem.fit_space
        at.drive.evaluator = Curved(at.drive.evaluator, np.asarray(space.lower), np.asarray(space.upper))
    return at


def _walks(at: AtEstimate, estimate: Estimate, wish: Wish, doubts: list[str]) -> Walks | None:
    """The profiles, or why there are none."""
    why = ""
    if at.problem.constraints:
        why = "profiles know no constraints; these verdicts rest on the curvature along them"
    elif not (np.isfinite(estimate.scale) and estimate.scale > 0):
        why = "there is no scatter to measure a rise by: no degrees of freedom are left, or the model meets all data"
    elif not np.isfinite(estimate.cost):
        why = "the cost is not finite at the estimate"
    if why and wish.method == "profile_likelihood":
        raise MethodError(f'method="profile_likelihood": {why}. Use method="fisher_information".')
    if why:
        doubts.append(f"{why}.")
    if why or wish.method == "fisher_information" or not estimate.dimension:
        return None
    if at.drive.evaluator.cost.losses:
        doubts.append("with a robust loss the threshold of the profiles is that of plain squares, which is only near.")
    every = range(estimate.dimension)
    return walk_profiles(estimate, every, at.drive, wish.level, check=wish.check)


def _refitted(at: AtEstimate, better: np.ndarray, settings: Settings, doubts: list[str]) -> AtEstimate:
    """Fit again from where a profile was lower than the estimate."""
    problem, loss = at.problem, stated_loss(settings.loss, settings.loss_scale)
    choice = choose_method(problem, "auto", loss)
    plain = at.drive.evaluator
    at.drive.evaluator = plain.inner if isinstance(plain, Curved) else plain
    space = problem.search_space(settings.seed)
    solutions = at.drive.run(with_options(choice.method, ()), space, better[None])
    chosen = {n: at.fit.values[n] for n in at.fit.values if n not in problem.space.free and n in problem.space}
    chosen = {n: v for n, v in chosen.items() if any(r.name == n and r.role == "choice" for r in at.fit.rows)}
    found = judge(problem, at.drive, solutions, choice, "begun where a profile was lower", settings, chosen)
    gain = found.log_likelihood - at.fit.log_likelihood
    doubts.append(
        f"a profile led to a better optimum than the fit had found (log-likelihood {gain:.3g} higher); all verdicts "
        f"are about that one. There may be more: give the fit more starts than {at.fit.starts.count}."
    )
    if not found.starts.basins:
        return at
    drive = at.drive
    again = at_estimate(problem, found, evaluator=settings.evaluator, progress=drive.progress, budget=drive.budget)
    again.drive.evaluations += drive.evaluations
    again.drive.began = drive.began
    return _with_curvature(again)


def _pair(at: AtEstimate, estimate: Estimate, wish: Wish, walks: Walks | None) -> tuple[int, int] | None:
    """The two coordinates whose region is drawn; None for none."""
    if wish.contour == "off" or walks is None or at.drive.ended:
        return None
    if not isinstance(wish.contour, str):
        for label in wish.contour:
            if label not in estimate.labels:
                raise MethodError(f'contour: there is no "{label}"; ' + did_you_mean(label, estimate.labels))
        first, second = (estimate.labels.index(label) for label in wish.contour)
        if first == second:
            raise MethodError(f'contour: "{wish.contour[0]}" stands there twice; give two parameters.')
        return first, second
    costly = at.drive.model_calls is not None or hasattr(at.problem.model.function, "costly")
    covariance = at.around.covariance
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    free = [i for i in range(estimate.dimension) if sd[i] > 0 and estimate.plain[i]]
    if costly or len(free) < 2:
        return None
    ties = [(abs(covariance[i, j]) / (sd[i] * sd[j]), i, j) for k, i in enumerate(free) for j in free[k + 1 :]]
    tied, i, j = max(ties)
    return (i, j) if tied > _TIED else None


def _told(
    at: AtEstimate,
    estimate: Estimate,
    info: FisherInformation,
    walks: Walks | None,
    contours: tuple[Contour, ...],
    settings: Settings,
    wish: Wish,
    doubts: list[str],
) -> Identification:
    rows: list[Verdict] = []
    profiles: list[Profile] = []
    booted = _bootstrap(at, wish, settings)
    walked_ends = [None] * estimate.dimension if walks is None else all_ends(estimate, walks)
    for i in range(estimate.dimension):
        parabola = _curvature_ends(estimate, i, at, wish.level)
        walked = walked_ends[i]
        if walks is not None:
            profiles.append(profile_of(estimate, walks, i))
        rows.append(_row(at, estimate, i, info, walked, parabola, booted))
        if walks is not None and walked is None and not at.drive.ended:
            doubts.append(
                f"the profile of {estimate.labels[i]} could not be walked to its ends "
                f"(below: {profiles[-1].below or 'crossed'}; above: {profiles[-1].above or 'crossed'}); its verdict "
                "rests on the curvature."
            )
    if walks is not None and walks.repaired:
        doubts.append(
            f"the profile of {', '.join(walks.repaired)} has branches; a second walk found a lower one, which is what "
            "is told."
        )
    if (noise := _noise_row(at, wish.level)) is not None:
        rows.append(noise)
    if not at.fit.status.ok:
        doubts.append(f"the fit itself did not converge: {at.fit.status.message}")
    doubts += [d for d in at.fit.doubts if d not in doubts]
    combos = (*info.combinations, *_hardly(at, estimate, rows, info))
    methods = ("fisher_information", *(("profile_likelihood",) if walks is not None else ()))
    methods += ("likelihood_contour",) * bool(contours) + ("bootstrap",) * (booted is not None)
    methods += ("simulation_coverage",) * bool(wish.coverage)
    return Identification(
        status=_status(at, walks),
        title=at.problem.title,
        level=wish.level,
        rows=tuple(rows),
        combinations=combos,
        information=info,
        profiles=tuple(profiles),
        contours=contours,
        fit=at.fit,
        doubts=tuple(doubts),
        methods=methods,
        receipt=_receipt(at, settings, wish),
        bootstrap=booted,
        coverage=_coverage(at, estimate, wish, settings),
    )


def _row(
    at: AtEstimate,
    estimate: Estimate,
    i: int,
    info: FisherInformation,
    walked: Ends | None,
    parabola: Ends | None,
    booted: Bootstrap | None,
) -> Verdict:
    label = estimate.labels[i]
    found = judged(estimate, i, parabola if walked is None else walked, info, walked=walked is not None)
    curvature = None if parabola is None else _natural(estimate, i, parabola)
    profile = None if walked is None else _natural(estimate, i, walked)
    value = float(estimate.natural(i, estimate.x[i]))
    is_open = (False, False) if walked is None else walked.open
    boot = None if booted is None else booted.interval.get(label)
    if found.kind is Word.STRUCTURAL:
        bounds = Ends(float(estimate.lower[i]), float(estimate.upper[i]), (True, True))
        return Verdict(
            label,
            found.kind,
            value,
            _unit(at, label),
            _natural(estimate, i, bounds),
            (True, True),
            None,
            None,
            boot,
            None,
            found.why,
            found.remedy,
            "",
        )
    flag = disagreement(curvature, profile, is_open, boot, None, value)
    unit = _unit(at, label)
    best = profile if profile is not None else curvature
    return Verdict(
        label, found.kind, value, unit, best, is_open, curvature, profile, boot, None, found.why, found.remedy, flag
    )


def _unit(at: AtEstimate, label: str) -> str:
    return next((r.unit for r in at.fit.rows if r.label == label), "")


def _natural(estimate: Estimate, i: int, ends: Ends) -> tuple[float, float]:
    """An interval as people see it; where it is open without a bound, infinite."""
    low, high = float(estimate.natural(i, ends.low)), float(estimate.natural(i, ends.high))
    if ends.open[0] and not ends.wall[0] and not np.isfinite(estimate.lower[i]):
        low = 0.0 if estimate.logarithmic[i] else -np.inf
    if ends.open[1] and not ends.wall[1] and not np.isfinite(estimate.upper[i]):
        high = np.inf
    return low, high


def _curvature_ends(estimate: Estimate, i: int, at: AtEstimate, level: float) -> Ends | None:
    """The interval by the parabola, within the bounds; an end that a bound cuts off is open."""
    variance = float(at.around.covariance[i, i])
    flat = bool(at.around.flat(np.eye(estimate.dimension)[i : i + 1])[0])
    if estimate.held[i] or flat or not (np.isfinite(variance) and variance > 0):
        return None
    half = float(np.sqrt(variance * quantile(level, estimate.freedom)))
    low, high = estimate.x[i] - half, estimate.x[i] + half
    cut = (bool(low <= estimate.lower[i]), bool(high >= estimate.upper[i]))
    return Ends(float(max(low, estimate.lower[i])), float(min(high, estimate.upper[i])), cut)


def _noise_row(at: AtEstimate, level: float) -> Verdict | None:
    """The one sigma that follows from the residuals."""
    name = at.problem.profiled
    row = next((r for r in at.fit.rows if r.name == name), None) if name is not None else None
    if row is None or row.interval is None or not isinstance(row.value, float):
        return None
    from scipy.special import chdtri

    freedom, s = at.freedom, row.value
    low, high = (float(s * np.sqrt(freedom / chdtri(freedom, p))) for p in ((1 - level) / 2, (1 + level) / 2))
    ratio = f"its upper limit is {high / low:.2g} times the lower one." if high > 10 * low else ""
    kind = Word.WEAK if ratio else Word.IDENTIFIABLE
    remedy = "More data narrow it." if ratio else ""
    return Verdict(
        row.label, kind, s, row.unit, (low, high), (False, False), (low, high), None, None, None, ratio, remedy, ""
    )


def _hardly(
    at: AtEstimate, estimate: Estimate, rows: Sequence[Verdict], info: FisherInformation
) -> tuple[Determined, ...]:
    """What the data tell much better than the parameters that they hardly tell."""
    bad = [
        i
        for i in range(estimate.dimension)
        if rows[i].kind in (Word.PRACTICAL, Word.WEAK)
        and not info.flat[i]
        and not estimate.held[i]
        and estimate.plain[i]
    ]
    values = np.where(estimate.logarithmic, np.exp(np.where(estimate.logarithmic, estimate.x, 0.0)), estimate.x)
    bad = [i for i in bad if values[i] != 0]
    if len(bad) < 2:
        return ()
    relative = np.where(estimate.logarithmic, 1.0, 1 / np.where(values != 0, values, 1.0))
    covariance = at.around.covariance * np.outer(relative, relative)
    known = best_known(bad, values, covariance)
    if not known:
        return ()
    members = sorted({i for one, _ in known for i in one.members})
    return (
        Determined(
            tuple(estimate.labels[i] for i in members),
            tuple(one.words(estimate.labels) for one, _ in known),
            0,
            0,
            exact=False,
            errors=tuple(error for _, error in known),
        ),
    )


def _bootstrap(at: AtEstimate, wish: Wish, settings: Settings) -> Bootstrap | None:
    if not wish.bootstrap:
        return None
    from parametra.verbs.identify_beside import bootstrapped  # many refits, which few ask for

    return bootstrapped(at, wish.bootstrap, wish.level, settings.seed)


def _coverage(at: AtEstimate, estimate: Estimate, wish: Wish, settings: Settings) -> Coverage | None:
    if not wish.coverage:
        return None
    from parametra.verbs.identify_beside import covered

    return covered(at, estimate, wish.coverage, wish.level, settings.seed)


def _status(at: AtEstimate, walks: Walks | None) -> Status:
    if at.drive.ended:
        remedy = "Give it more to go on" if at.drive.outcome is Outcome.BUDGET else "Run it again to go on"
        return Status(at.drive.outcome, f"{at.drive.ended}. {remedy}; what is known until here is told.")
    if not at.fit.status.ok:
        return replace(at.fit.status)
    how = "the profiles of all parameters were walked" if walks is not None else "the curvature was looked at"
    return Status(Outcome.CONVERGED, how)


def _receipt(at: AtEstimate, settings: Settings, wish: Wish) -> Receipt:
    evaluator = at.drive.evaluator
    asked = {
        "method": wish.method,
        "level": wish.level,
        "bootstrap": wish.bootstrap,
        "coverage": wish.coverage,
        "check": wish.check,
    }
    cited = tuple(str(s) for s in FisherInformationMethod.card.sources)
    return Receipt(
        evaluations=at.drive.evaluations,
        model_calls=at.drive.calls,
        failures=dict(at.drive.failures),
        seconds=at.drive.seconds,
        seed=settings.seed,
        settings=asked,
        evaluator=f"{evaluator.kind}, derivatives by {evaluator.derivative}"
        if evaluator.derivative
        else evaluator.kind,
        problem_hash=hash_of(at.problem),
        citation=cited,
        versions=versions("numpy", "scipy"),
    )


def nothing_to_look_at(problem: Problem, fit: Fit, wish: Wish) -> Identification:
    """What is left where the fit found nothing."""
    empty = np.empty(0)
    no = np.zeros(0, dtype=bool)
    square = np.empty((0, 0))
    info = FisherInformation((), square, empty, square, empty, float("inf"), no, no, no, ())
    return Identification(fit.status, problem.title, wish.level, (), (), info, (), (), fit, fit.doubts, (), fit.receipt)
