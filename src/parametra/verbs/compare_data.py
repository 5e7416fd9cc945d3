"""Whether models speak of the same data: only then do their likelihoods compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, MethodError
from parametra.nouns.problem import Problem

_TRANSFORMS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("the logarithm", np.log),
    ("the logarithm to base 10", np.log10),
    ("the logarithm to base 2", np.log2),
    ("the square root", np.sqrt),
    ("the inverse", np.reciprocal),
    ("the square", np.square),
)


def refuse_different_data(problems: Mapping[str, Problem]) -> None:
    """All models must predict the same observations; inputs, constants and noise may differ.

    Raises:
        DataError: what differs between two of them, and what to do.
        MethodError: a problem whose fit maximises no likelihood.
    """
    (first, here), *others = problems.items()
    for name, problem in problems.items():
        if problem.adversary:
            raise MethodError(
                f'"{name}" has parameters that are chosen against the fit, so its likelihood is not the highest one. '
                "Compare models without an adversary."
            )
    for name, problem in others:
        _same_sets(first, here, name, problem)
        for mine, theirs in zip(here.data_sets, problem.data_sets, strict=True):
            where = f' of the data set "{mine.name}"' if len(here.data_sets) > 1 else ""
            for output in mine.outputs:
                _same_observations(first, mine, name, theirs, output, where)
        _same_kind(first, here, name, problem)


def _same_sets(first: str, here: Problem, name: str, problem: Problem) -> None:
    mine, theirs = len(here.data_sets), len(problem.data_sets)
    if mine != theirs:
        raise DataError(
            f'"{first}" has {mine} data set{"s" * (mine != 1)} and "{name}" has {theirs}; models are compared on the '
            "same data. Give both the same."
        )
    for i, (one, other) in enumerate(zip(here.data_sets, problem.data_sets, strict=True), 1):
        if set(one.outputs) == set(other.outputs):
            continue
        a, b = ", ".join(one.outputs), ", ".join(other.outputs)
        told = _transformed(one, other)
        told = told or "Models are compared by how likely the same observations are. Give both the same outputs."
        where = f" in data set {i}" if mine > 1 else ""
        raise DataError(f'"{first}" is fitted to {a} and "{name}" to {b}{where}. {told}')
    if here.outputs != problem.outputs:
        raise DataError(
            f'the outputs of "{first}" stand in the order {", ".join(here.outputs)} and those of "{name}" in the order '
            f"{', '.join(problem.outputs)}; state them in the same order."
        )


def _transformed(one: Data, other: Data) -> str:
    """What is to be said where an output of the one is a function of an output of the other."""
    for (a, _), (b, _) in ((p, q) for p in one.outputs.items() for q in other.outputs.items()):
        x, y = one.observations(a)[0], other.observations(b)[0]
        if x.size == y.size and (word := _which(x, y)):
            return _not_comparable(f"{b} is {word} of {a}")
        if x.size == y.size and (word := _which(y, x)):
            return _not_comparable(f"{a} is {word} of {b}")
    return ""


def _not_comparable(what: str) -> str:
    return (
        f"{what}: likelihoods of a quantity and of a function of it do not compare. Fit both to the same column; "
        "LogNormal() is the noise of a quantity whose logarithm is normal."
    )


def _which(x: np.ndarray, y: np.ndarray) -> str:
    with np.errstate(all="ignore"):
        return next((word for word, f in _TRANSFORMS if np.allclose(f(x), y, rtol=1e-4, atol=1e-6)), "")


def _same_observations(first: str, mine: Data, name: str, theirs: Data, output: str, where: str) -> None:
    x, y = mine.observations(output)[0], theirs.observations(output)[0]
    if x.size != y.size:
        left_out = mine.masked or theirs.masked
        why = " Values are left out as missing in one of them." * bool(left_out)
        raise DataError(
            f'"{first}" is fitted to {x.size} values of {output}{where} and "{name}" to {y.size}; models are compared '
            f"on the same rows.{why} Keep the same rows in both."
        )
    differ = np.flatnonzero(x != y)
    if not differ.size:
        return
    if np.array_equal(np.sort(x), np.sort(y)):
        raise DataError(
            f'"{first}" and "{name}" have the values of {output}{where} in another order, from row {differ[0] + 1} on. '
            "Sort both tables alike."
        )
    word = _which(x, y)
    what = f"that of {name} is {word} of that of {first}" if word else ""
    if not what and (word := _which(y, x)):
        what = f"that of {first} is {word} of that of {name}"
    if what:
        raise DataError(f"{output}{where} is not the same in both: {_not_comparable(what)}")
    row = int(differ[0])
    raise DataError(
        f"the values of {output}{where} differ in {differ.size} of {x.size} rows, first in row {row + 1}: {x[row]:g} "
        f'in "{first}", {y[row]:g} in "{name}". Models are compared on the same data.'
    )


def _same_kind(first: str, here: Problem, name: str, problem: Problem) -> None:
    """A density of a real number and a probability of a count have different units; so have a value and its limit."""
    for output in here.outputs:
        mine, theirs = here.noise[output], problem.noise[output]
        discrete = [one.support in ("counts", "shares") for one in (mine, theirs)]
        if discrete[0] != discrete[1]:
            counting, other = (first, name) if discrete[0] else (name, first)
            raise DataError(
                f'the noise of {output} counts in "{counting}" and is a density of real numbers in "{other}"; '
                "probabilities and densities do not compare. Give both a noise of counts, or both none."
            )
        if not np.array_equal(_codes(here, output), _codes(problem, output)):
            raise DataError(
                f'other values of {output} are censored in "{first}" than in "{name}"; models are compared on the same '
                "data. State the same censoring in both."
            )


def _codes(problem: Problem, output: str) -> np.ndarray:
    """0 for every exact value, and how the others are censored."""
    found: list[np.ndarray] = []
    for i, data in enumerate(problem.data_sets):
        if output in data.outputs:
            observed = problem.arrays[i]["observed"][output]
            scatter = problem.scatter(i, output, observed, problem.space.guess_named, _without_errors(problem), np)
            told = problem.noise[output].censoring(scatter)
            found.append(np.zeros(observed.size) if told is None else np.asarray(told[0]))
    return np.concatenate(found)


def _without_errors(problem: Problem) -> tuple[Mapping[str, Mapping[str, object]], ...]:
    """The arrays without errors of inputs, which would call the model."""
    return tuple({k: v for k, v in a.items() if k != "input_errors"} for a in problem.arrays)
