"""The models that a comparison was given, by name, and what speaks against comparing one by its likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.fit_judge import hash_of

_LONGEST_NAME = 40


@dataclass(frozen=True)
class Stated:
    """A problem, and its fit where it was given."""

    problem: Problem
    fit: Fit | None = None


def stated_models(models: tuple[object, ...]) -> dict[str, Stated]:
    """Name to model. Models without names are called by their titles, or model 1, model 2 where these do not differ.

    Raises:
        ParametraError: fewer than two models, what is no model, a fit of another problem.
    """
    if len(models) == 1 and isinstance(models[0], Mapping):
        named = {str(name): _stated(thing, str(name)) for name, thing in cast("Mapping[Any, Any]", models[0]).items()}
    else:
        found = [_stated(thing, f"model {i}") for i, thing in enumerate(models, 1)]
        titles = [one.problem.title for one in found]
        good = len(set(titles)) == len(titles) and all(0 < len(title) <= _LONGEST_NAME for title in titles)
        named = dict(zip(titles if good else [f"model {i}" for i in range(1, len(found) + 1)], found, strict=True))
    if len(named) < 2:
        raise MethodError(
            f"compare takes two models or more, and {len(named)} came. Give compare(problem_a, problem_b), or "
            'compare({"a": problem_a, "b": problem_b}).'
        )
    return named


def _stated(thing: object, name: str) -> Stated:
    if isinstance(thing, Problem):
        return Stated(thing)
    if isinstance(thing, tuple) and len(cast("tuple[Any, ...]", thing)) == 2:
        problem, found = cast("tuple[Any, Any]", thing)
        if isinstance(problem, Problem) and isinstance(found, Fit):
            _check_fit(problem, found, name)
            return Stated(problem, found)
    if isinstance(thing, Fit):
        raise ModelError(f'"{name}" is a fit alone, which does not hold its model. Give the pair (problem, fit).')
    if isinstance(getattr(thing, "problem", None), Problem):
        raise ModelError(f'"{name}" is a problem file; give its problem: file.problem.')
    raise ModelError(
        f'"{name}" is to be a Problem, or a pair (problem, fit); {type(thing).__name__} came. State one with '
        "Problem(model, data, parameters)."
    )


def _check_fit(problem: Problem, found: Fit, name: str) -> None:
    if found.receipt.settings.get("loss") is not None:
        raise MethodError(
            f'the fit of "{name}" has a robust loss, which has no likelihood. Fit it without, with a noise for wild '
            "points: StudentT(), or Outliers()."
        )
    known = [n for n in problem.space.discrete if n in found.values]
    same = {hash_of(problem), hash_of(problem.with_fixed({n: found.values[n] for n in known}))}
    noise = {output: n.describe() for output, n in problem.noise.items()}
    if found.receipt.problem_hash not in same or found.noise != noise:
        raise MethodError(
            f'the fit of "{name}" is of another problem: its model, parameters, data or noise differ. Fit this one, or '
            "leave the fit out."
        )


def doubts_of(at: AtEstimate) -> tuple[str, ...]:
    """What makes the criteria of a fit less than they look."""
    problem, found = at.problem, at.fit
    said: list[str] = []
    if problem.space.explicit_priors:
        names = ", ".join(problem.space.explicit_priors)
        said.append(
            f"the fit is where the density with the priors of {names} is highest, not the likelihood, and its "
            "parameters count in full: the criteria are a little too high. The evidence takes priors into account."
        )
    if problem.penalty is not None:
        said.append("a penalty has chosen its terms: the criteria count those that were kept, and not the choosing.")
    held = at.around.at_lower | at.around.at_upper
    if held.any():
        names = ", ".join(label for label, one in zip(at.labels, held, strict=True) if one)
        said.append(f"{names} at a bound is counted as a parameter all the same.")
    if at.around.held is not None and at.around.held.active.size:
        said.append("a constraint holds the estimate; the parameters are counted as if it did not.")
    if at.around.geometry.flat.shape[1]:
        said.append("a combination of its parameters is not determined, and is counted all the same.")
    if at.around.minimum:
        said.append(f"its estimate is no minimum: {at.around.minimum}")
    several = found.starts.count > 1 and found.starts.best_share * found.starts.count < 2
    if several and np.isfinite(found.starts.best_share):
        said.append(f"only one of {found.starts.count} starts found its best fit; there may be a better one.")
    return tuple(said)
