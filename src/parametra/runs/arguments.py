"""The arguments of many calls as one matrix: a row is a call, and its bytes are what the call is known by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

_NUMBERS = "fiubc"


@dataclass(frozen=True)
class Arguments:
    """N calls.

    Arguments:
        names: of the arguments that are numbers, sorted, so that no order of a file or a function matters.
        shapes: of each of them in one call.
        kinds: the type of each: whole numbers reach the model whole, real ones real beside complex ones.
        matrix: (N, p), all numbers of a call in a row, float64 or complex128.
        others: arguments that are no numbers, the same in all calls.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    kinds: tuple[np.dtype[Any], ...]
    matrix: np.ndarray
    others: Mapping[str, Any]

    @staticmethod
    def of(points: Sequence[Mapping[str, Any]]) -> Arguments:
        """From the arguments of each call by name, of the same shapes."""
        first = points[0]
        names, others = _split(first)
        rows = [np.concatenate([np.ravel(p[name]) for name in names]) if names else np.empty(0) for p in points]
        shapes = tuple(np.shape(first[name]) for name in names)
        return Arguments(names, shapes, _kinds(names, first), _matrix(np.stack(rows)), others)

    @staticmethod
    def of_columns(columns: Mapping[str, Any], count: int) -> Arguments:
        """From a number, or a column (N, 1) of them, for each argument."""
        names, others = _split(columns)
        parts = [np.broadcast_to(np.reshape(columns[name], (-1, 1)), (count, 1)) for name in names]
        matrix = np.concatenate(parts, axis=1) if parts else np.empty((count, 0))
        return Arguments(names, ((),) * len(names), _kinds(names, columns), _matrix(matrix), others)

    @cached_property
    def _single_numbers(self) -> bool:
        """Whether a row is the arguments just as they are."""
        return not any(self.shapes) and all(kind == self.matrix.dtype for kind in self.kinds)

    @property
    def keys(self) -> list[bytes]:
        """What each call is known by among calls of the same model, inputs and other arguments."""
        width, data = self.matrix.dtype.itemsize * self.matrix.shape[1], self.matrix.tobytes()
        return [data[i * width : (i + 1) * width] for i in range(len(self.matrix))]

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each number of a row."""
        found: list[str] = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            found += [name] if shape == () else [f"{name}[{i}]" for i in range(math.prod(shape))]
        return tuple(found)

    def call(self, i: int) -> dict[str, Any]:
        """The arguments of one call by name."""
        row, at = self.matrix[i], 0
        found: dict[str, Any] = dict(self.others)
        if self._single_numbers:
            found.update(zip(self.names, row, strict=True))
            return found
        for name, shape, kind in zip(self.names, self.shapes, self.kinds, strict=True):
            size = math.prod(shape)
            value = row[at : at + size].reshape(shape)
            found[name] = (value if kind.kind == "c" else value.real).astype(kind)[()]
            at += size
        return found


def _split(values: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    names = tuple(sorted(n for n, value in values.items() if np.asarray(value).dtype.kind in _NUMBERS))
    return names, {n: value for n, value in values.items() if n not in names}


def _kinds(names: tuple[str, ...], values: Mapping[str, Any]) -> tuple[np.dtype[Any], ...]:
    return tuple(np.asarray(values[name]).dtype for name in names)


def _matrix(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows, dtype=np.complex128 if np.iscomplexobj(rows) else np.float64)
