"""What the kernels of a problem depend on, as a digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns.content_digest import Unknown, digest_of
from parametra.nouns.parameter import Bounded
from parametra.nouns.problem import Problem


def statement_digest(problem: Problem) -> str | None:
    """A digest of a problem without the numbers of its data, guesses and bounds."""
    noises = [(output, type(noise), noise.signature) for output, noise in sorted(problem.noise.items())]
    sets = [(d.signature, b.signature) for d, b in zip(problem.data_sets, problem.bindings, strict=True)]
    arrays = [_shapes(part) for part in problem.arrays]
    space = [(name, _parameter(problem.space[name])) for name in sorted(problem.space.names)]
    try:
        return digest_of(problem.model.signature, space, problem.fit_space.names, noises, sets, arrays)
    except Unknown:
        return None


def _parameter(parameter: Any) -> tuple[Any, ...]:
    """What a parameter's values are computed from: bounds and guesses are not among it, unless a prior is cut there."""
    if isinstance(parameter, Bounded) and parameter.prior is None:
        return (type(parameter), parameter.shape)
    return (type(parameter), parameter.key)


def _shapes(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _shapes(value) for name, value in part.items()}
    array = np.asarray(part)
    return (array.shape, array.dtype.str)
