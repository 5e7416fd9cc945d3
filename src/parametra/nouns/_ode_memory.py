"""Answers that were computed together and are asked for one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_LARGEST = 64 * 2**20
"""Bytes that are kept: what one batch asks for, not a second ledger."""

Answer = tuple[dict[str, np.ndarray], str]
"""Outputs of one point, and why it has none, "" where it has."""


class Memory:
    """Answers by the bits of what was asked.

    Arguments:
        names: the parameters and inputs that an answer depends on.
    """

    def __init__(self, names: frozenset[str], time: str) -> None:
        self.names = tuple(sorted({*names, time}))
        self._kept: dict[tuple[Any, ...], Answer] = {}
        self._bytes = 0

    def find(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Answer | None:
        """The answer to this point, None where it is not known."""
        return self._kept.get(self._key(parameters, inputs)) if self._kept else None

    def keep(self, points: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any], answers: Sequence[Answer]) -> None:
        """Keep the answers to these points; what was kept before may go."""
        if self._bytes > _LARGEST:
            self._kept.clear()
            self._bytes = 0
        for point, answer in zip(points, answers, strict=True):
            self._kept[self._key(point, inputs)] = answer
            self._bytes += 500 + sum(value.nbytes for value in answer[0].values())

    def _key(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        given = [inputs[name] if name in inputs else parameters.get(name) for name in self.names]
        return tuple((array.dtype.str, array.shape, array.tobytes()) for array in map(np.asarray, given))
