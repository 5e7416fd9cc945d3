"""How far can each parameter be trusted? Fit, look at the information, walk the profiles, and say it in words."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification import Identification
from parametra.nouns.problem import Problem
from parametra.runs.budget import Budget
from parametra.runs.progress import Progress
from parametra.verbs.fit import Settings, found_by, stated_problem
from parametra.verbs.fit import fit as fit_verb
from parametra.verbs.fit_running import Running, running
from parametra.verbs.identify_run import Wish, identified, nothing_to_look_at

_OWN = ("method", "progress")


def identify(
    problem: object,
    data: object = None,
    parameters: Mapping[str, object] | None = None,
    *,
    fit: Fit | None = None,
    method: str = "auto",
    level: float = 0.95,
    contour: str | Sequence[str] = "auto",
    bootstrap: int = 0,
    coverage: int = 0,
    check: bool = True,
    fit_method: str = "auto",
    progress: bool | None = None,
    **settings: Any,
) -> Identification:
    """A verdict for each parameter: how far the data determine it, with its interval, and what to do where they do not.

    identifiable: a finite interval. weakly identifiable: finite, but wide (a positive parameter's upper limit above 10
    times the lower one, or more than half of the bounds), asymmetric (one side above 3 times the other), or with a
    bound in the place of one limit. practically unidentifiable: open on one side or both: the likelihood does not fall
    to the threshold. structurally unidentifiable: other parameters can make good any change, whatever the data of this
    design. at a bound: the data want it beyond.

    Good for: every fit whose numbers somebody will use. Prefer `design` for what to measure next, `compare` for which
    model.

    Arguments:
        problem, data, parameters: as for `fit`.
        fit: what `fit` found for this problem; None fits first.
        method: "auto" looks at the information and walks the profiles; "fisher_information" only looks, at the price of
            one Jacobian; "profile_likelihood" is what "auto" does, and refuses what it cannot do.
        level: of the intervals.
        contour: "auto" draws the region of the two parameters that hang together most, where the model is fast; "off";
            or two labels.
        bootstrap: how many replicates to refit for bootstrap intervals beside the others; 0 for none.
        coverage: how many data sets to simulate from the fit, to count how often the intervals of each kind hold the
            truth; 0 for none, 2000 tell 95 % to half a per cent.
        check: whether a second walk, from beside each crossing, looks whether a profile is the lowest.
        fit_method: the method of the fit.
        progress: False is silent.
        settings: what else `fit` takes: starts, seed, evaluations, seconds, noise, pool, ledger, ...

    Returns:
        The verdicts. How the run ended is its `status`, never an exception.

    Raises:
        ParametraError: what was stated wrongly, and what to do.
    """
    wish = Wish(method, level, contour if isinstance(contour, str) else tuple(contour), bootstrap, coverage, check)
    _check(wish)
    known = [name for name in inspect.signature(fit_verb).parameters if name not in _OWN]
    for name in settings:
        if name not in known:
            raise MethodError(f'identify takes no "{name}"; ' + did_you_mean(name, [*known, "fit", "method", "level"]))
    beside = {k: v for k in ("noise", "derived", "constraints", "penalty", "adversary") if (v := settings.get(k))}
    stated = stated_problem(problem, data, parameters, beside, str(settings.get("title", "")), "identify")
    _refuse(stated)
    asked = _Asked.of(settings, fit_method, progress)
    with running(stated, asked.running, asked.settings, "identify") as run:
        found = _found(run.problem, fit, asked.settings, wish)
        run.ended(found.status.outcome.value, found.status.message, found.receipt)
        return found


@dataclass(frozen=True)
class _Asked:
    """The settings of the fit, and where its calls run."""

    settings: Settings
    running: Running

    @staticmethod
    def of(given: Mapping[str, Any], method: str, progress: bool | None) -> _Asked:
        own: dict[str, Any] = {f.name: given[f.name] for f in dataclasses.fields(Settings) if f.name in given}
        own |= {"method": method, "progress": progress, "options": tuple((given.get("options") or {}).items())}
        where: dict[str, Any] = {f.name: given[f.name] for f in dataclasses.fields(Running) if f.name in given}
        return _Asked(Settings(**own), Running(**where))


def _found(problem: Problem, fit: Fit | None, settings: Settings, wish: Wish) -> Identification:
    found = fit if fit is not None else found_by(problem, settings)
    if not found.starts.basins:
        return nothing_to_look_at(problem, found, wish)
    left = settings
    if fit is None:
        spent = found.receipt
        if settings.evaluations is not None:
            left = replace(left, evaluations=max(settings.evaluations - spent.evaluations, 1))
        if settings.seconds is not None:
            left = replace(left, seconds=max(settings.seconds - spent.seconds, 1e-3))
    progress = Progress(f"identify {problem.title}"[:60], shown=settings.progress is not False)
    progress.prepare("the information at the estimate")
    try:
        with np.errstate(all="ignore"):
            return identified(problem, found, settings, wish, progress, Budget(left.evaluations, left.seconds))
    finally:
        progress.close()


def _check(wish: Wish) -> None:
    methods = ("auto", "fisher_information", "profile_likelihood")
    if wish.method not in methods:
        others = [m for m in catalogue.methods("identify") if m not in methods]
        if wish.method in others:
            raise MethodError(
                f'method="{wish.method}" gives no verdicts by itself; it stands beside them: see its page. Known here: '
                f"{', '.join(methods)}."
            )
        raise MethodError(f'identify has no method "{wish.method}"; ' + did_you_mean(wish.method, methods))
    if isinstance(wish.level, (str, bool)) or not 0.5 <= wish.level < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise MethodError(f"level={wish.level}: a share such as 0.95 is wanted, from 0.5 up to below 1.")
    if isinstance(wish.contour, str) and wish.contour not in ("auto", "off"):
        raise MethodError(f'contour="{wish.contour}": give "auto", "off" or two labels.')
    if not isinstance(wish.contour, str) and len(wish.contour) != 2:
        raise MethodError(f"contour={wish.contour!r}: a contour is of two parameters.")
    if isinstance(wish.bootstrap, bool) or wish.bootstrap < 0 or wish.bootstrap in range(1, 50):
        raise MethodError(f"bootstrap={wish.bootstrap!r}: give a number of replicates, 50 or more, or 0 for none.")
    if isinstance(wish.coverage, bool) or wish.coverage < 0 or wish.coverage in range(1, 100):
        raise MethodError(f"coverage={wish.coverage!r}: give a number of data sets, 100 or more, or 0 for none.")


def _refuse(problem: Problem) -> None:
    if problem.penalty is not None:
        raise MethodError("identify asks what data tell; a penalty tells too. Fit the terms that it keeps, without it.")
    if problem.adversary:
        raise MethodError("identify knows no parameters that are chosen against the fit. Fix them, or leave them free.")
