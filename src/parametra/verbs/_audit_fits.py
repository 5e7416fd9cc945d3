"""One fit of an audit: as asked for, or by least absolute deviations, with its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parametra.nouns.asker import Want
from parametra.nouns.card import Ability
from parametra.nouns.errors import MethodError
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome, Status
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.verbs._audit_absolute import absolute_spread
from parametra.verbs._audit_change import from_start
from parametra.verbs.bootstrap import bootstrap
from parametra.verbs.fit import fit

ABSOLUTE = "absolute"
"""The word for least absolute deviations, of the residuals as the noise makes them."""

_SHRINK = 0.3
_LAST = 1e-6
"""The loss is Huber's; its scale shrinks step by step from the middle residual to this share of it."""

_STILL = 1e-4
"""Relative change of the parameters that is none."""


def fitted(problem: Problem, settings: Mapping[str, Any]) -> Fit:
    """The fit that was asked for.

    Raises:
        ParametraError: as `fit` would.
    """
    scale = settings.get("loss_scale", 1.0)
    number = isinstance(scale, (int, float, np.integer, np.floating)) and not isinstance(scale, bool)
    if not number or not 0 < scale < np.inf:
        raise MethodError(f"loss_scale={scale!r}: a number above zero is wanted.")
    if settings.get("loss") != ABSOLUTE:
        return fit(problem, **settings)
    rest = {name: value for name, value in settings.items() if name not in ("loss", "loss_scale")}
    return least_absolute(problem, rest, settings.get("loss_scale"))


def least_absolute(problem: Problem, settings: Mapping[str, Any], last: float | None = None) -> Fit:
    """Least absolute deviations, by Huber's loss with a scale that goes to nothing.

    Each step begins where the last one ended. A fit that began with the last scale would stall: nearly all of its
    curvature is gone from the start.

    Arguments:
        problem: what is fitted.
        settings: further arguments of `fit`.
        last: the last scale, in residuals as the noise makes them; a small share of their middle when left out.

    Raises:
        MethodError: a noise that has no residuals.
    """
    if Ability.RESIDUALS not in problem.offers:
        raise MethodError('loss="absolute" needs residuals; this problem gives only a log-likelihood. Leave it out.')
    scale = _middle(problem, fit(problem, **settings))
    found = fit(problem, loss="huber", loss_scale=scale, **settings)
    last = _LAST * scale if last is None else last
    once: dict[str, Any] = {**settings, "starts": 1}
    moved = np.inf
    while scale > last and found.starts.basins:
        scale = max(_SHRINK * scale, last)
        before, found = found, fit(from_start(problem, found.values), loss="huber", loss_scale=scale, **once)
        moved = _moved(problem, before, found)
    if moved > _STILL:
        return found
    words = f"the loss is the absolute value but for residuals below {scale:.1g}, and its last step moved nothing"
    return replace(found, status=Status(Outcome.CONVERGED, words))


def _moved(problem: Problem, before: Fit, after: Fit) -> float:
    """The largest relative change of a parameter of the search."""
    x, y = (_point(problem, f) for f in (before, after))
    return float(np.max(np.abs(y - x) / np.maximum(np.abs(y), 1e-3), initial=0.0))


def _point(problem: Problem, found: Fit) -> np.ndarray:
    return np.asarray(problem.fit_space.from_named({n: found.values[n] for n in problem.fit_space.names}))


def _middle(problem: Problem, found: Fit) -> float:
    x = _point(problem, found)
    residuals = Direct(problem, Cost(True)).evaluate(x[None], Want.RESIDUALS).residuals
    return float(np.median(np.abs(np.asarray(residuals)[0]))) or 1.0


def errors_of(
    problem: Problem, found: Fit, settings: Mapping[str, Any], replicates: int, level: float, seed: int
) -> tuple[dict[str, float | None], dict[str, tuple[float, float] | None]]:
    """Standard errors and intervals by label: of case refits where replicates are asked for, otherwise of the fit.

    Least absolute deviations have no curvature that errors could follow from, so they have those of refits only.

    Raises:
        ParametraError: as `bootstrap` would.
    """
    absolute = settings.get("loss") == ABSOLUTE
    if absolute:
        if not replicates:
            return {}, {}
        return absolute_spread(problem, _point(problem, found), replicates, level, seed)
    if not replicates:
        return found.standard_error, found.interval
    drawn = bootstrap(
        problem, found, kind="case", replicates=replicates, level=level, rounds=0, seed=seed, progress=False
    )
    return {r.label: r.standard_error for r in drawn.rows}, {r.label: r.percentile for r in drawn.rows}


def without_errors(
    found: Fit, errors: Mapping[str, float | None], settings: Mapping[str, Any], replicates: int
) -> tuple[str, ...]:
    """Why there are no standard errors, as a doubt; nothing where there are some, or nothing is free."""
    free = [row.label for row in found.rows if row.role == "free"]
    if not free or any(errors.get(name) is not None for name in free):
        return ()
    if replicates:
        return ("errors: none, because too few refits converged.",)
    if settings.get("loss") == ABSOLUTE:
        return ("errors: none, because least absolute deviations have no curvature; ask for replicates.",)
    return ("errors: none, because the curvature at the estimate gives none.",)
