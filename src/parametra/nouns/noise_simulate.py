"""Data that might have been observed: drawn around the predictions of a problem, as its noise says.

y* ~ noise(f(theta))        many data sets at once, of the shape of the problem's own
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns._noise_contract import Noise
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise_censored import Censored
from parametra.nouns.problem import Problem, maybe_64_bits

Observed = tuple[dict[str, Float[np.ndarray, "R n"]], ...]
"""For each data set and each of its outputs, R sets of values where there is an observation."""


def simulate(problem: Problem, named: Mapping[str, Any], count: int, generator: np.random.Generator) -> Observed:
    """Data sets of the shape of a problem's, drawn under parameters.

    Arguments:
        problem: whose model, inputs and noise are taken.
        named: every parameter by name, those of the noise among them.
        count: R, how many.
        generator: of the random numbers.

    Raises:
        NoiseError: a noise that cannot be drawn from; the sentence says why, and what to do.
    """
    refuse(problem)
    with np.errstate(all="ignore"), maybe_64_bits():
        compared = problem.compared(named, problem.arrays)
        drawn: tuple[dict[str, np.ndarray], ...] = tuple({} for _ in problem.data_sets)
        for i, output, value in compared:
            whole = np.asarray(value, dtype=np.float64)
            scatter = problem.scatter(i, output, whole, named, problem.arrays, np)
            many = np.broadcast_to(whole, (count, whole.size))
            drawn[i][output] = np.asarray(
                problem.noise[output].simulate(dataclasses.replace(scatter, predicted=many), generator)
            )
    return drawn


def refuse(problem: Problem) -> None:
    """Say why data cannot be simulated.

    Raises:
        NoiseError: values are censored at times that are known only where they were: a status column.
    """
    for output, noise in problem.noise.items():
        if _by_status(noise):
            raise NoiseError(
                f'data for "{output}" cannot be simulated: when the values that were seen would have been censored is '
                'not known. Resample cases instead (kind="case"), or state the limits: Censored(noise, above=...).'
            )


def _by_status(noise: Noise) -> bool:
    return isinstance(noise, Censored) and bool(noise.status)


def told_by_values(
    problem: Problem, i: int, output: str, values: Float[np.ndarray, "R n"]
) -> tuple[Noise, dict[str, Float[np.ndarray, "R n"]]] | None:
    """The noise of a data set's output, and columns, where they follow from the values: which of them are censored.

    Arguments:
        problem, i, output: whose noise.
        values: of R data sets.
    """
    noise = problem.noise[output]
    if not isinstance(noise, Censored):
        return None
    data_sets = [_data(problem.data_sets[i], {output: one}) for one in values]
    found = [noise.columns_of(data, output) for data in data_sets]
    columns = {name: np.stack([np.asarray(one[name]) for one in found]) for name in found[0]}
    return noise.settle([problem.data_sets[i], *data_sets], output), columns


def with_observed(problem: Problem, observed: tuple[Mapping[str, np.ndarray], ...]) -> Problem:
    """The same question asked of other observed values.

    Arguments:
        problem: the problem.
        observed: for each data set, output to its values (n,) where there is an observation.
    """
    return problem.with_data([_data(d, new) for d, new in zip(problem.data_sets, observed, strict=True)])


def _data(data: Data, observed: Mapping[str, np.ndarray]) -> Data:
    other = object.__new__(Data)
    outputs: dict[str, np.ndarray] = {}
    for output, values in observed.items():
        index = data.observed[output]
        whole = np.array(data.outputs[output])
        whole[slice(None) if index is None else index] = values
        whole.flags.writeable = False
        outputs[output] = whole
    for field, value in {**vars(data), "outputs": {**data.outputs, **outputs}}.items():
        object.__setattr__(other, field, value)
    return other
