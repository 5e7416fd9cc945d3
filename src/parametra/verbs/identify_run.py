"""One identification: the information, the profiles, what stands beside them, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parametra.methods.identify._rays import End
from parametra.methods.identify.fisher_information import FisherInformationMethod, unknown
from parametra.nouns.asker import Request, Want
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.errors import MethodError, ParametraError, did_you_mean
from parametra.nouns.estimate import Estimate
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification import Identification
from parametra.nouns.identification_rows import Contour, Profile, Verdict
from parametra.nouns.information import FisherInformation
from parametra.nouns.parameter import Bounded
from parametra.nouns.problem import Problem
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status
from parametra.runs.budget import Budget
from parametra.runs.curved import Curved
from parametra.runs.lengths import lengths
from parametra.runs.progress import Progress
from parametra.verbs.at_estimate import AtEstimate, at_estimate
from parametra.verbs.fit import Settings
from parametra.verbs.fit_choice import choose_method, stated_loss, with_options
from parametra.verbs.fit_judge import hash_of, judge
from parametra.verbs.identify_profiles import Walks, all_ends, contour_of, profile_of, rough_ends, walk_profiles
from parametra.verbs.identify_rows import curvature_ends, hardly_told, no_minimum, noise_row, verdict_row

_REFITS = 2
_MOSTLY_PRIOR = 0.5
"""Share of a prior's variance that is left, from which the prior tells more than the data."""
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
        lower, upper, around = np.asarray(space.lower), np.asarray(space.upper), np.full(at.x.size, np.nan)
        if at.drive.model_calls is None:

            def asked(points: np.ndarray) -> np.ndarray:
                return at.drive.evaluate(Request(points, Want.COST, np.full(len(points), -1))).cost

            around = lengths(asked, at.x, 1e-3 * np.maximum(np.abs(at.x), 1e-2 * space.sizes), lower, upper)
        at.drive.evaluator = Curved(at.drive.evaluator, lower, upper, around)
    return at


def _walks(at: AtEstimate, estimate: Estimate, wish: Wish, doubts: list[str]) -> Walks | None:
    """The profiles, or why there are none."""
    why = ""
    losses = [loss.name for _, _, loss in at.drive.evaluator.cost.losses if loss.name != "student_t"]
    if at.fit.starts.basins and no_minimum(at) and at.drive.is_over():
        return None
    if losses:
        why = "the threshold of a profile is not known with a robust loss; these verdicts rest on the curvature"
    elif at.problem.constraints:
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
    # a region that is open has no picture
    closed = [
        all(end is End.CROSSED for end in walks.walked.ends[2 * i : 2 * i + 2]) for i in range(estimate.dimension)
    ]
    free = [i for i in range(estimate.dimension) if sd[i] > 0 and estimate.plain[i] and closed[i]]
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
    booted, covered = _beside(at, estimate, wish, settings, doubts)
    walked_ends = [None] * estimate.dimension if walks is None else all_ends(estimate, walks)
    lost = [label for label, ends in zip(estimate.labels, walked_ends, strict=True) if ends is None]
    for i in range(estimate.dimension):
        parabola = curvature_ends(estimate, i, at, wish.level)
        walked = walked_ends[i]
        if walks is not None:
            profiles.append(profile_of(estimate, walks, i))
        rows.append(verdict_row(at, estimate, i, info, walked, parabola, booted))
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
    if walks is not None and (rough := rough_ends(estimate, walks)):
        doubts.append(
            f"the profile of {', '.join(rough)} jumps where it ends, or the model fails just beyond: that end is known "
            "to some 2 % of its distance from the estimate."
        )
    if (noise := noise_row(at, wish.level)) is not None:
        rows.append(noise)
    if not at.fit.status.ok:
        doubts.append(f"the fit itself did not converge: {at.fit.status.message}")
    doubts += _of_the_statement(at, estimate)
    doubts += [d for d in at.fit.doubts if d not in doubts]
    combos = (*info.combinations, *hardly_told(at, estimate, rows, info))
    methods = ("fisher_information", *(("profile_likelihood",) if walks is not None else ()))
    methods += ("likelihood_contour",) * bool(contours) + ("bootstrap",) * (booted is not None)
    methods += ("simulation_coverage",) * (covered is not None)
    return Identification(
        status=_status(at, walks, lost),
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
        coverage=covered,
    )


def _of_the_statement(at: AtEstimate, estimate: Estimate) -> list[str]:
    """What was stated and tells as the data do: priors, settings that were chosen; and solutions that are as good."""
    said = [
        f"{r.label} = {_shown(r.value)} was chosen among its settings and is held: nothing is said of it."
        for r in at.fit.rows
        if r.role == "choice"
    ]
    for name, _, sd in at.problem.prior_rows:
        where = at.problem.fit_space.slices.get(name)
        if where is not None and not estimate.logarithmic[where.start]:
            share = float(estimate.covariance[where.start, where.start]) / sd**2
            if share > _MOSTLY_PRIOR:
                said.append(f"the interval of {name} is mostly its prior's: the data alone tell it less.")
    others = sum(basin.same_as_best for basin in at.fit.starts.basins[1:])
    if others and not any("more solution" in doubt for doubt in at.fit.doubts):
        said.append(f"{others} other solutions are as good: these verdicts are about the one that is told.")
    return said


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _beside(
    at: AtEstimate, estimate: Estimate, wish: Wish, settings: Settings, doubts: list[str]
) -> tuple[Bootstrap | None, Coverage | None]:
    """The bootstrap and the coverage that were asked for; one that cannot be made is a doubt, and costs no verdict."""
    if not (wish.bootstrap or wish.coverage):
        return None, None
    from parametra.verbs.identify_beside import bootstrapped, covered  # many refits, which few ask for

    booted: Bootstrap | None = None
    counted: Coverage | None = None
    try:
        booted = bootstrapped(at, wish.bootstrap, wish.level, settings.seed) if wish.bootstrap else None
        counted = covered(at, estimate, wish.coverage, wish.level, settings.seed) if wish.coverage else None
    except ParametraError as error:
        doubts.append(f"no {'bootstrap' if booted is None and wish.bootstrap else 'coverage'}: {error}")
    return booted, counted


def _status(at: AtEstimate, walks: Walks | None, lost: Sequence[str]) -> Status:
    if at.drive.ended:
        remedy = "Give it more to go on" if at.drive.outcome is Outcome.BUDGET else "Run it again to go on"
        return Status(at.drive.outcome, f"{at.drive.ended}. {remedy}; what is known until here is told.")
    if not at.fit.status.ok:
        return replace(at.fit.status)
    if walks is None:
        return Status(Outcome.CONVERGED, "the curvature was looked at")
    but = f", but those of {', '.join(lost)} not to their ends" if lost else ""
    return Status(Outcome.CONVERGED, f"the profiles of all parameters were walked{but}")


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
