"""The problem of an alternative of an audit: the one that was stated, with what the alternative changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from parametra.nouns.data import as_data_sets
from parametra.nouns.derived import Derived
from parametra.nouns.errors import MethodError, ParametraError, did_you_mean
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import ReadyMade
from parametra.nouns.space import Space
from parametra.verbs._audit_choices import Alternative
from parametra.verbs._audit_merge import refuse_lost, together
from parametra.verbs._audit_rows import kept_rows, masks_of, weighted


def changed(problem: Problem, taken: tuple[Alternative, ...]) -> Problem:
    """The problem after these alternatives: a whole one first, then functions, then words.

    Raises:
        ParametraError: what the problem refuses, or two alternatives that cannot both hold.
    """
    told = together(taken)
    made = _by_functions(_whole(problem, taken), taken)
    parts = dict(told.change)
    parts.pop("rows", None)
    form = {word: parts.pop(word) for word in ("data", "model", "parameters", "noise") if word in parts}
    made = _restated_form(made, form) if form else made
    made = _with_rows(problem, made, told.rows)
    if "weights" in parts:
        data, noise = weighted(made, parts["weights"])
        made = made.restated(data=data, noise=noise)
    if "fixed" in parts:
        made = made.with_fixed(parts["fixed"])
    return _start(made, parts["start"]) if "start" in parts else made


def _whole(problem: Problem, taken: tuple[Alternative, ...]) -> Problem:
    wholes = [each for each in taken if each.whole is not None]
    if len(wholes) > 1:
        raise MethodError(
            f"{wholes[0].choice} and {wholes[1].choice} both replace the whole problem; combine them yourself."
        )
    if not wholes or wholes[0].whole is None:
        return problem
    refuse_lost(problem, wholes[0].whole, wholes[0], taken)
    return wholes[0].whole


def _by_functions(made: Problem, taken: tuple[Alternative, ...]) -> Problem:
    for each in taken:
        if each.function is not None:
            before, given = made, cast("Any", each.function(made))
            if not isinstance(given, Problem):
                raise MethodError(
                    f'the function "{each.name}" of "{each.choice}" returned {type(given).__name__}, where a Problem '
                    "is wanted."
                )
            refuse_lost(before, given, each, taken)
            made = given
    return made


def _restated_form(problem: Problem, form: Mapping[str, Any]) -> Problem:
    """Data, model, parameters and noise anew, all at once: each may need the others."""
    parts: dict[str, Any] = {word: form[word] for word in ("data", "noise") if word in form}
    added: Mapping[str, Any] = form.get("parameters", {})
    if "model" not in form:
        return problem.restated(**parts, parameters={**problem.stated_space.parameters, **added})
    data_sets = as_data_sets(form["data"]) if "data" in form else problem.data_sets
    stated, derived = form["model"], dict[str, Any]()
    parameters: dict[str, Any] = dict(problem.stated_space.parameters)
    parts |= {"folding": None, "doubts": None}  # which are of the model that gives way
    if isinstance(stated, ReadyMade):
        bare = stated.problem(data_sets)
        own = bare.stated_space.parameters
        parameters = {**own, **{name: parameters[name] for name in own if name in parameters}}
        stated, derived = bare.model, {d.name: d for d in bare.derived}
        parts |= {"folding": bare.folding, "doubts": bare.doubts}
        parts |= {"interchangeable": bare.interchangeable or problem.interchangeable}
    model = Model.of(stated)
    parameters |= added
    if model.arguments:
        tied = problem.stated_space.tied_to
        renamed = {name for data in data_sets for k, name in data.parameters.items() if k in model.arguments}
        used = {*model.arguments, *tied, *renamed, *added}
        parameters = {name: each for name, each in parameters.items() if name in used}
    at = Space(parameters).guess_named
    derived |= {d.name: d for d in problem.derived if _follows(d, at)}
    return problem.restated(**parts, model=model, parameters=parameters, derived=derived)


def _follows(derived: Derived, at: Mapping[str, Any]) -> bool:
    try:
        derived.compute(at)
    except (KeyError, ParametraError):
        return False
    return True


def _with_rows(stated: Problem, made: Problem, keeping: tuple[Alternative, ...]) -> Problem:
    """The rows that all of these keep; each counts those of its own data, or of the problem as stated."""
    for each in keeping:
        base = as_data_sets(each.change["data"]) if "data" in each.change else stated.data_sets
        masks = masks_of(base, each.change["rows"])
        rows = [data.rows for data in made.data_sets]
        if rows != [mask.size for mask in masks]:
            counted = ", ".join(str(mask.size) for mask in masks)
            raise MethodError(
                f'the rows of "{each.choice}: {each.name}" are stated for data of {counted} rows, and those here have '
                f"{', '.join(map(str, rows))}; state them in the alternative that brings the data."
            )
        made = kept_rows(made, masks)
    return made


def from_start(problem: Problem, start: Mapping[str, Any]) -> Problem:
    """The same problem, its first start at these values; those of noises and of fixed parameters are left out."""
    space = problem.stated_space
    free = {name: value for name, value in start.items() if name in space.free}
    moved = {name: dataclasses.replace(cast("Any", space[name]), guess=value) for name, value in free.items()}
    return problem.with_parameters({**space.parameters, **moved})


def _start(problem: Problem, start: Mapping[str, Any]) -> Problem:
    for name in start:
        if name not in problem.stated_space.names:
            raise ParametraError(f'a start names "{name}"; ' + did_you_mean(name, problem.stated_space.names))
    return from_start(problem, start)
