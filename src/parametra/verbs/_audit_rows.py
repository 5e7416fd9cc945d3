"""The rows that an alternative of an audit keeps, and how it weighs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from parametra.maths.arrays import Bool
from parametra.nouns._noise_spread import Spread
from parametra.nouns.data import Data
from parametra.nouns.errors import ParametraError, did_you_mean
from parametra.nouns.problem import Problem
from parametra.verbs._penalised_folds import without

Masks = tuple[Bool[np.ndarray, " rows"], ...]
"""For each data set, which of its rows are kept."""


def masks_of(data_sets: Sequence[Data], kept: object) -> Masks:
    """Which rows of each data set are kept.

    Arguments:
        data_sets: whose rows they are.
        kept: a mask over the rows of the only data set, or their indices from 0; data set to these where there are
            several, of which those that are not named keep all.

    Raises:
        ParametraError: what is neither, a row that there is not, one named twice, or nothing kept.
    """
    if isinstance(kept, Mapping):
        named = cast("Mapping[str, object]", kept)
        names = [data.name for data in data_sets]
        for name in named:
            if name not in names:
                raise ParametraError(f'rows names the data set "{name}"; ' + did_you_mean(name, names))
        return tuple(
            _mask(data, named[data.name]) if data.name in named else np.ones(data.rows, dtype=bool)
            for data in data_sets
        )
    if len(data_sets) != 1:
        first = data_sets[0].name
        raise ParametraError(
            f'there are {len(data_sets)} data sets, so rows must say whose they are: {{"rows": {{"{first}": [...]}}}}. '
            "Those that are not named keep all their rows."
        )
    return (_mask(data_sets[0], kept),)


def _mask(data: Data, kept: Any) -> Bool[np.ndarray, " rows"]:
    """A mask over the rows of one data set."""
    wanted = f'rows of "{data.name}" are a mask over its {data.rows} rows, or their indices from 0 to {data.rows - 1}'
    try:
        given = np.asarray(kept)
    except ValueError:
        raise ParametraError(f"{wanted}; a list of unequal lengths came.") from None
    if given.size == 0 and given.ndim == 1:
        raise ParametraError("rows keeps no observation at all.")
    if given.ndim != 1 or given.dtype.kind not in "biu":
        raise ParametraError(f"{wanted}; {kept!r:.60} came.")
    if given.dtype.kind == "b":
        if given.size != data.rows:
            raise ParametraError(f"{wanted}; a mask of {given.size} came.{_gone(data)}")
        if not given.any():
            raise ParametraError("rows keeps no observation at all.")
        return given
    return _of_indices(data, given, wanted)


def _of_indices(data: Data, given: np.ndarray, wanted: str) -> Bool[np.ndarray, " rows"]:
    if given.size == data.rows and np.isin(given, (0, 1)).all():
        raise ParametraError(f"{wanted}; {given.size} numbers 0 and 1 came. For a mask give True and False.")
    outside = given[(given < 0) | (given >= data.rows)]
    if outside.size:
        raise ParametraError(f"{wanted}; {int(outside[0])} came.{_gone(data)}")
    found, counts = np.unique(given, return_counts=True)
    if (counts > 1).any():
        twice = int(found[np.argmax(counts > 1)])
        raise ParametraError(
            f"{wanted}, each once; {twice} came {int(counts.max())} times. For more weight use weights."
        )
    if _gone(data):
        raise ParametraError(f"{wanted}, and indices of the table are not these.{_gone(data)}")
    mask = np.zeros(data.rows, dtype=bool)
    mask[given] = True
    return mask


def _gone(data: Data) -> str:
    """What is said where rows of the table are no rows of the data set."""
    unobserved = sum(data.rows - len(data.observations(output)[0]) for output in data.outputs)
    if data.masked <= unobserved:
        return ""
    return " Rows of the table without an input were left out, so the count is another one: drop them from the table."


def kept_rows(problem: Problem, masks: Masks) -> Problem:
    """The problem with these rows of its data sets, all outputs of a row together.

    Raises:
        ParametraError: nothing observed is left.
    """
    left_out = np.concatenate(
        [
            ~mask if index is None else ~mask[np.asarray(index)]
            for data, mask in zip(problem.data_sets, masks, strict=True)
            for index in data.observed.values()
        ]
    )
    if left_out.all():
        raise ParametraError("rows keeps no observation at all.")
    return problem.with_data(without(problem, left_out))


def weighted(problem: Problem, weights: Any) -> tuple[list[Data], Any]:
    """The data and the noise under weights of the rows: standard deviations are divided by their roots.

    Raises:
        ParametraError: several data sets or outputs, a noise without standard deviations, weights not above zero.
    """
    if len(problem.data_sets) != 1 or len(problem.outputs) != 1:
        raise ParametraError("weights are for a problem of one data set with one output.")
    (data,), (output,) = problem.data_sets, problem.outputs
    noise = problem.noise[output]
    if not isinstance(noise, Spread):
        raise ParametraError(f"weights divide standard deviations, which the noise ({noise.describe()}) has none of.")
    given = _numbers(weights, data.rows)
    estimated = noise.sigma == "estimated"
    base = data.sigma[output] if noise.sigma == "column" else 1.0 if estimated else np.asarray(noise.sigma)
    other = object.__new__(Data)
    replaced = {"sigma": {output: np.broadcast_to(base, given.shape) / np.sqrt(given)}, "sigma_columns": {}}
    for name, value in {**vars(data), **replaced}.items():
        object.__setattr__(other, name, value)
    scale = "estimated" if estimated else noise.scale
    return [other], dataclasses.replace(cast("Any", noise), sigma=None, scale=scale, guess=None, column="")


def _numbers(weights: Any, rows: int) -> np.ndarray:
    wanted = f"weights are {rows} numbers above zero, one a row"
    try:
        given = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParametraError(f"{wanted}; {weights!r:.60} came.") from None
    if given.shape != (rows,):
        raise ParametraError(f"{wanted}; {given.shape} came.")
    bad = np.flatnonzero(~((given > 0) & np.isfinite(given)))
    if bad.size:
        raise ParametraError(f"{wanted}; that of row {int(bad[0])} is {given[bad[0]]:g}. To leave a row out use rows.")
    return given
