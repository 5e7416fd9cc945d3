"""A part of a problem's data, to look at many starts quickly."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.arrays import Int
from parametra.nouns.data import Data
from parametra.nouns.problem import Problem, maybe_64_bits

_KNOWN = {"inputs", "observed", "sigma", "index", "columns"}


def part_of(problem: Problem, rows: Sequence[Int[np.ndarray, " r"]]) -> Problem | None:
    """The same problem with these rows of each data set; None where a part does not predict what the whole does.

    A model may look at other rows than its own (a cumulative sum, a normalisation by the largest input, a matrix of
    the whole data in a closure); then the part is another problem, which is found out at the guess and beside it.

    Arguments:
        problem: the whole.
        rows: for each data set, the rows to keep, in increasing order.
    """
    if any(set(a) - _KNOWN for a in problem.arrays) or not all(n.pointwise for n in problem.noise.values()):
        return None
    other = copy.copy(problem)
    derived = ("arrays", "signature", "_guess_predictions")
    for name in derived:
        other.__dict__.pop(name, None)
    other.data_sets = tuple(_data(d, r) for d, r in zip(problem.data_sets, rows, strict=True))
    parts = zip(problem.data_sets, problem.arrays, rows, strict=True)
    other.__dict__["arrays"] = tuple(_arrays(d, a, r) for d, a, r in parts)
    return other if _predicts_the_same(problem, other, rows) else None


def _data(data: Data, rows: np.ndarray) -> Data:
    other = object.__new__(Data)
    for field, value in vars(data).items():
        object.__setattr__(other, field, value)
    sliced = {name: {k: v[rows] for k, v in getattr(data, name).items()} for name in ("inputs", "outputs", "sigma")}
    sliced["columns"] = {k: v[rows] for k, v in data.columns.items()}
    sliced["observed"] = {k: _observed(i, rows)[1] for k, i in data.observed.items()}
    for field, value in sliced.items():
        object.__setattr__(other, field, value)
    return other


def _observed(index: np.ndarray | None, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Which observations are kept, and where they stand among the rows that are kept."""
    if index is None:
        return rows, None
    kept = np.flatnonzero(np.isin(index, rows))
    return kept, np.searchsorted(rows, index[kept])


def _arrays(data: Data, arrays: Any, rows: np.ndarray) -> dict[str, dict[str, Any]]:
    found = {k: _observed(i, rows) for k, i in data.observed.items()}

    def observed(values: Any, output: str) -> Any:
        return values[found[output][0]] if np.ndim(values) else values

    return {
        "inputs": {k: v[rows] if np.ndim(v) else v for k, v in arrays["inputs"].items()},
        "observed": {k: observed(v, k) for k, v in arrays["observed"].items()},
        "sigma": {k: observed(v, k) for k, v in arrays["sigma"].items()},
        "index": {k: i for k, (_, i) in found.items() if i is not None},
        "columns": {k: {c: observed(v, k) for c, v in by.items()} for k, by in arrays["columns"].items()},
    }


def _predicts_the_same(whole: Problem, part: Problem, rows: Sequence[np.ndarray]) -> bool:
    space = whole.fit_space
    guess = space.guess
    beside = np.clip(guess + 0.03 * np.where(guess == 0, 0.1, np.abs(guess)), space.lower, space.upper)
    for x in (guess, beside):
        named = space.to_named(x)
        try:
            with np.errstate(all="ignore"), maybe_64_bits():
                all_rows = whole.predictions(named, whole.arrays)
                some_rows = part.predictions(named, part.arrays)
        except Exception:  # noqa: BLE001  a model that cannot do with fewer rows may say so in any way
            return False
        for entire, some, kept, data in zip(all_rows, some_rows, rows, whole.data_sets, strict=True):
            for output in entire:
                wanted = np.asarray(entire[output])
                wanted = wanted[..., kept] if wanted.shape[-1:] == (data.rows,) else wanted
                came = np.asarray(some[output])
                if came.shape != wanted.shape or not np.allclose(came, wanted, rtol=1e-12, atol=0, equal_nan=True):
                    return False
    return True
