"""Data in which nothing varies, of which a fit says nothing, whatever its numbers look like."""

from __future__ import annotations

import numpy as np

from parametra.nouns.problem import Problem

_LEAST = 3
"""Rows below which equal values are no sign of anything."""


def unvarying_doubts(problem: Problem) -> list[str]:
    """Which output has one value everywhere, and which inputs, where no input varies.

    Arguments:
        problem: what was fitted.
    """
    found: list[str] = []
    for output in problem.outputs:
        values = np.concatenate([d.observations(output)[0] for d in problem.data_sets if output in d.outputs])
        if values.size >= _LEAST and np.ptp(values) == 0:
            found.append(
                f"{output} does not vary: all {values.size} values are {values[0]:.6g}. Such data tell nothing but "
                "this level; look whether the right column was read."
            )
    return found + _inputs(problem)


def _inputs(problem: Problem) -> list[str]:
    """Inputs and constants of all data sets together: one that differs from set to set varies."""
    rows = sum(d.rows for d in problem.data_sets)
    seen: dict[str, list[np.ndarray]] = {}
    for data in problem.data_sets:
        for name, values in data.inputs.items():
            seen.setdefault(name, []).append(np.asarray(values).reshape(data.rows, -1))
        for name, value in data.constants.items():
            seen.setdefault(name, []).append(np.full((1, 1), value))
    names = list(dict.fromkeys(name for data in problem.data_sets for name in data.inputs))
    if not names or rows < _LEAST or any(_varies(parts) for parts in seen.values()):
        return []
    told = ", ".join(f"{name} = {float(seen[name][0].flat[0]):.6g}" for name in names)
    verb = "does" if len(names) == 1 else "do"
    doubt = (
        f"{', '.join(names)} {verb} not vary: all {rows} rows have {told}. How {', '.join(problem.outputs)} depends on "
        f"{'it' if len(names) == 1 else 'them'} cannot be told from such data."
    )
    return [doubt]


def _varies(parts: list[np.ndarray]) -> bool:
    if len({part.shape[1] for part in parts}) > 1:
        return True
    return bool((np.ptp(np.concatenate(parts), axis=0) > 0).any())
