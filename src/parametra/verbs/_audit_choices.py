"""The alternatives of an audit: what each changes in the problem, and in how it is fitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from parametra.nouns._noise_spread import Spread
from parametra.nouns.data import Data
from parametra.nouns.derived import Derived
from parametra.nouns.errors import MethodError, ParametraError, did_you_mean
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.nouns.space import Space
from parametra.verbs._penalised_folds import without

OF_FIT = ("loss", "loss_scale", "method", "options", "starts", "seed", "evaluations", "seconds", "covariance")
"""What is handed to the fit as it is."""

OF_PROBLEM = ("noise", "model", "parameters", "fixed", "rows", "weights", "start", "data")
"""What changes the problem."""

_FIRST = ("data", "rows", "noise", "weights")
"""The order in which changes of several choices are made: data before what is fitted to them."""


@dataclass(frozen=True)
class Alternative:
    """One alternative of a choice.

    Arguments:
        choice, name: what it is called.
        whole: a problem in place of the stated one, None for that one changed.
        change: what it changes in the problem, word to value.
        function: changes the problem by itself, None for nothing.
        settings: arguments of the fit.
    """

    choice: str
    name: str
    whole: Problem | None = None
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])
    function: Callable[[Problem], Problem] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def alternatives_of(choices: Mapping[str, Mapping[str, object]]) -> dict[str, tuple[Alternative, ...]]:
    """What was asked for, read.

    Raises:
        MethodError: no alternative, or one that says nothing that an audit knows.
    """
    if not choices:
        raise MethodError(
            'audit varies choices, and none came. Give {"loss": {"squares": {"loss": "linear"}}}, or further ones.'
        )
    return {
        choice: tuple(_read(choice, name, each) for name, each in named.items()) for choice, named in choices.items()
    }


def _read(choice: str, name: str, thing: object) -> Alternative:
    if isinstance(thing, Problem):
        return Alternative(choice, name, whole=thing)
    if isinstance(thing, Mapping):
        words = cast("Mapping[str, Any]", thing)
        known = (*OF_PROBLEM, *OF_FIT)
        for word in words:
            if word not in known:
                raise MethodError(f'the alternative "{name}" of "{choice}" says "{word}"; ' + did_you_mean(word, known))
        change = {k: v for k, v in words.items() if k in OF_PROBLEM}
        return Alternative(choice, name, change=change, settings={k: v for k, v in words.items() if k in OF_FIT})
    if callable(thing):
        return Alternative(choice, name, function=cast("Callable[[Problem], Problem]", thing))
    raise MethodError(
        f'the alternative "{name}" of "{choice}" is a problem, a function from problem to problem, or a mapping of '
        f"words such as noise, rows and loss to what they become; {type(thing).__name__} came."
    )


def changed(problem: Problem, taken: tuple[Alternative, ...]) -> Problem:
    """The problem after these alternatives.

    Raises:
        ParametraError: what the problem refuses.
    """
    wholes = [each for each in taken if each.whole is not None]
    if len(wholes) > 1:
        raise MethodError(
            f"{wholes[0].choice} and {wholes[1].choice} both replace the whole problem; combine them yourself."
        )
    made = wholes[0].whole if wholes and wholes[0].whole is not None else problem
    parts = {word: value for each in taken for word, value in each.change.items()}
    if "model" in parts:
        made = _model(made, parts.pop("model"), parts.pop("parameters", {}))
    for word in sorted(parts, key=lambda w: _FIRST.index(w) if w in _FIRST else len(_FIRST)):
        made = _CHANGES[word](made, parts[word])
    for each in taken:
        if each.function is not None:
            made = each.function(made)
    return made


def _model(problem: Problem, stated: object, added: Mapping[str, Any]) -> Problem:
    """Another form: what it does not use, and what is derived from that, is left out."""
    model = Model.of(stated)
    parameters: dict[str, Any] = {**problem.stated_space.parameters, **added}
    if model.arguments:
        tied = problem.stated_space.tied_to
        parameters = {k: v for k, v in parameters.items() if k in model.arguments or k in tied or k in added}
    at = Space(parameters).guess_named
    return restated(
        problem, model=model, parameters=parameters, derived={d.name: d for d in problem.derived if _follows(d, at)}
    )


def _follows(derived: Derived, at: Mapping[str, Any]) -> bool:
    try:
        derived.compute(at)
    except (KeyError, ParametraError):
        return False
    return True


def restated(problem: Problem, **parts: Any) -> Problem:
    """The same problem with other parts."""
    given: dict[str, Any] = {
        "model": problem.model,
        "data": problem.data_sets,
        "parameters": problem.stated_space.parameters,
        "noise": problem.noise,
        "derived": {d.name: d for d in problem.derived},
        **parts,
    }
    return Problem(
        given["model"],
        given["data"],
        given["parameters"],
        noise=given["noise"],
        derived=given["derived"],
        constraints=problem.constraints or None,
        penalty=problem.penalty,
        adversary=problem.adversary,
        title=problem.title,
        description=problem.description,
    )


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


def _rows(problem: Problem, kept: Any) -> Problem:
    """The observations that are kept: a mask over all of them, or their indices from 0."""
    mask = np.asarray(kept)
    if mask.dtype != bool:
        index = mask.astype(np.int64)
        mask = np.zeros(problem.size, dtype=bool)
        mask[index] = True
    if mask.shape != (problem.size,):
        raise ParametraError(
            f"rows is a mask over the {problem.size} observed values, or indices into them; {mask.shape} came."
        )
    if not mask.any():
        raise ParametraError("rows keeps no observation at all.")
    return problem.with_data(without(problem, ~mask))


def _weights(problem: Problem, weights: Any) -> Problem:
    """Weights of the rows of the only data set: standard deviations are divided by their roots."""
    if len(problem.data_sets) != 1 or len(problem.outputs) != 1:
        raise ParametraError("weights are for a problem of one data set with one output.")
    (data,), (output,) = problem.data_sets, problem.outputs
    noise = problem.noise[output]
    given = np.asarray(weights, dtype=np.float64)
    if not isinstance(noise, Spread):
        raise ParametraError(f"weights divide standard deviations, which the noise ({noise.describe()}) has none of.")
    if given.shape != (data.rows,) or not np.all((given > 0) & np.isfinite(given)):
        raise ParametraError(f"weights are {data.rows} numbers above zero, one a row; {given.shape} came.")
    estimated = noise.sigma == "estimated"
    base = data.sigma[output] if noise.sigma == "column" else 1.0 if estimated else np.asarray(noise.sigma)
    other = object.__new__(Data)
    replaced = {"sigma": {output: np.broadcast_to(base, given.shape) / np.sqrt(given)}, "sigma_columns": {}}
    for name, value in {**vars(data), **replaced}.items():
        object.__setattr__(other, name, value)
    scale = "estimated" if estimated else noise.scale
    stated = dataclasses.replace(cast("Any", noise), sigma=None, scale=scale, guess=None, column="")
    return restated(problem, data=[other], noise=stated)


_CHANGES: dict[str, Callable[[Problem, Any], Problem]] = {
    "data": lambda problem, value: problem.with_data(value),
    "rows": _rows,
    "weights": _weights,
    "noise": lambda problem, value: restated(problem, noise=value),
    "parameters": lambda problem, value: problem.with_parameters({**problem.stated_space.parameters, **value}),
    "fixed": lambda problem, value: problem.with_fixed(value),
    "start": _start,
}
