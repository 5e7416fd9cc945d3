"""Where should be measured next, so that the parameters become known? Weigh what each measurement would tell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from parametra.nouns.card import Ability
from parametra.nouns.design_result import Design
from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.statement import is_number, shown
from parametra.runs.progress import Progress
from parametra.verbs.design_accuracy import unknown_output
from parametra.verbs.design_candidates import candidates_of
from parametra.verbs.design_ground import Ground
from parametra.verbs.design_information import Informant, cost_of_information, with_readable_priors
from parametra.verbs.design_judge import judged_design
from parametra.verbs.design_search import Search, Spending, search
from parametra.verbs.design_task import OVER, Place, aim_of, draws_of, place_of
from parametra.verbs.fit import Settings, found_by

if TYPE_CHECKING:
    Number = float
    NumberOrFormula = float | str
else:
    # What comes is checked where it is read, and refused with a message that says what to do.
    Number = NumberOrFormula = Any


def design(
    problem: object,
    candidates: object = None,
    *,
    criterion: str | None = None,
    quantities: Sequence[str] | None = None,
    relative: bool = True,
    points: int | None = None,
    budget: Number | None = None,
    cost: NumberOrFormula = 1.0,
    sigma: object = None,
    target: Mapping[str, Any] | None = None,
    existing: bool = True,
    over: str = "estimate",
    draws: int = 32,
    data_sets: Sequence[str] | None = None,
    separate: bool = False,
    refine: bool | None = None,
    fit: Fit | None = None,
    values: Mapping[str, Any] | None = None,
    seed: int = 0,
    evaluator: str = "auto",
    progress: bool | None = None,
) -> Design:
    """Where to measure next, how often, and how well everything will then be known.

    The expected information of new measurements is M = M_0 + sum_i n_i g_i g_i' / sigma_i^2 with the sensitivities
    g_i = df(x_i)/dtheta at the estimate. A criterion of M (D, A, E, ...) is made as good as it can be, first in shares
    of the effort, for which the equivalence theorem proves that none is better, then in whole measurements.

    Good for: any model with data, also where the data leave parameters undetermined: then the fewest measurements that
    mend that are told. The errors are those of the linearised model; after a large step, fit again and ask again.

    Prefer instead: `identify`, to learn what the data that are there can tell.

    Arguments:
        problem: what is to be known better.
        candidates: what can be measured: a mapping of input to a number, a list of values, (lower, upper), (lower,
            upper, how many) or {"lower", "upper", "points", "log"}, whose product is taken; or a table with a column
            for each input. None: over the range of the inputs of the data.
        criterion: "D", "A", "E", "modified_E", "worst" (the worst parameter) or "c" (one quantity). None: D, and the
            worst parameter where there is a target.
        quantities: labels or names of what is wanted, parameters or derived quantities; None for all free parameters.
        relative: whether the criteria see errors as shares of the values; D is the same either way.
        points: how many new measurements. None: as few as make each parameter known that is not, or as there are
            parameters.
        budget: what they may cost together, where `cost` is stated.
        cost: of one measurement, a number or a formula of the inputs, such as "1 + 0.1 * t".
        sigma: standard deviation of new measurements, where the data have theirs: a number, a formula of inputs and
            outputs, or a mapping of output to these. None: the median of the data's.
        target: name to the largest relative standard error, {"K": 0.1}; so many measurements are asked for that it is
            reached.
        existing: whether the data that are there count; False designs from nothing.
        over: "estimate": at the fitted values; "uncertainty": averaged over what they may be; "priors": over the
            priors.
        draws: of the average.
        data_sets: those in which can be measured; None for all.
        separate: whether each output is measured alone; otherwise a measurement gives all of them.
        refine: whether points between the candidates of a range are looked at. None: unless the model is a program.
        fit: a fit of this problem. None fits first.
        values: all parameters by name, instead of a fit.
        seed: of the fit and of the draws.
        evaluator: "auto", "direct" or "compiled".
        progress: False is silent.

    Returns:
        The design. How it ended is its `status`, never an exception.

    Raises:
        ParametraError: what was stated wrongly, and what to do.

    Source: J. Kiefer and J. Wolfowitz (1960), doi:10.4153/CJM-1960-030-4; averages: K. Chaloner and I. Verdinelli
    (1995), doi:10.1214/ss/1177009939; singular information: S. Wang and W. Hao (2025), arXiv:2501.01283.
    """
    stated = _refuse(problem, draws=draws, over=over, seed=seed, separate=separate, existing=existing)
    spending = _spending(points, budget, cost, target)
    cost_of_information(with_readable_priors(stated))  # refused before the fit, which may take long
    began = time.perf_counter()
    bar = Progress(f"design {stated.title}"[:60], shown=progress is not False)
    try:
        place = _place(stated, fit, values, seed, progress)
        unknown_output(place.problem, sigma)
        aim = aim_of(place.problem, place.x, criterion, quantities, relative, target)
        sets = candidates_of(place.problem, candidates, data_sets)
        bar.prepare(f"the model at {sum(one.size for one in sets if one is not None)} candidates")
        informant = Informant(place.problem, place.x[None], place.scale, sigma, separate, evaluator)
        with_data = informant.base(existing=True)
        more = draws_of(place.problem, place.x, with_data[0], over, draws, seed)
        informant.points = np.concatenate([place.x[None], more])
        ground = Ground.of(informant, sets, cost)
        if budget is not None and budget < float(np.min(ground.costs)):
            raise MethodError(
                f"budget={budget:g}: the cheapest measurement costs {float(np.min(ground.costs)):g}. Give more."
            )
        base = informant.base(existing=existing)
        costly = hasattr(place.problem.model.function, "costly")
        bar.prepare("the best design of weights, then of whole measurements")
        asking = Search(place, aim, ground, base, spending, not costly if refine is None else refine)
        found = search(asking if over == "estimate" else asking.without_singular_draws())
        asked = {"criterion": aim.method.card.name, "quantities": quantities, "relative": relative, "points": points}
        asked |= {"budget": budget, "cost": cost, "sigma": sigma, "target": target, "existing": existing, "over": over}
        asked |= {"draws": draws, "data_sets": data_sets, "separate": separate, "refine": refine}
        return judged_design(found, asked, seed, time.perf_counter() - began, over=over, existing=existing)
    finally:
        bar.close()


def _place(
    problem: Problem, fit: Fit | None, values: Mapping[str, Any] | None, seed: int, progress: bool | None
) -> Place:
    if fit is not None and values is not None:
        raise MethodError("a design is made at a fit or at stated values; give one of fit and values.")
    if fit is None and values is None:
        fit = found_by(problem, Settings(seed=seed, progress=progress))
    return place_of(problem, fit, values)


def _refuse(problem: object, *, draws: Any, over: Any, seed: Any, separate: Any, existing: Any) -> Problem:
    if not isinstance(problem, Problem):
        raise ModelError(
            f"design asks where a Problem needs more data; {type(problem).__name__} came. State one with "
            "Problem(model, data, parameters), or give the problem of a file: read_problem(path).problem."
        )
    for ability, word in ((Ability.PENALTY, "a penalty"), (Ability.ADVERSARY, "an adversary")):
        if ability in problem.offers:
            raise MethodError(f"design knows no errors of parameters under {word}. Leave it out.")
    for word, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise MethodError(f"{word}={value!r}: a whole number, {least} or more, is wanted.")
    if over not in OVER:
        raise MethodError(f"over={shown(over)}: known here: {', '.join(OVER)}.")
    for word, value in (("separate", separate), ("existing", existing)):
        if not isinstance(value, bool):
            raise MethodError(f"{word} is True or False; {shown(value)} came.")
    if not problem.fit_space.dimension:
        raise ModelError("nothing is free that measurements could tell: free a parameter, or drop what holds it.")
    return problem


def _spending(points: Any, budget: Any, cost: Any, target: Any) -> Spending:
    if points is not None and (isinstance(points, bool) or not isinstance(points, (int, np.integer)) or points < 1):
        raise MethodError(f"points={points!r}: a whole number of measurements, 1 or more, is wanted.")
    if budget is not None and (not is_number(budget) or not 0 < budget < np.inf):
        raise MethodError(f"budget={budget!r}: a number above 0 is wanted.")
    if sum(one is not None for one in (points, budget, target)) > 1:
        raise MethodError("points, budget and target each say how much is measured; give one of them.")
    if budget is None and cost not in (1, 1.0) and not is_number(cost):
        raise MethodError("measurements of different cost need a budget: give budget, what they may cost together.")
    return Spending(None if points is None else int(points), None if budget is None else float(budget))
