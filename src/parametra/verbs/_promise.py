"""What a simulation of a promise gives, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.trust_promise import Claim
from parametra.nouns.trust_result import Panel


@dataclass(frozen=True)
class Simulated:
    """The figures and pictures of some simulations.

    Arguments:
        promise: one sentence.
        claims, pictures, runs: see `Promise`.
        notes: what must be known about them.
    """

    promise: str
    claims: tuple[Claim, ...]
    pictures: tuple[Panel, ...]
    runs: int
    notes: tuple[str, ...] = ()


def mean_and_error(values: Float[np.ndarray, "r ..."]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the runs, and its standard error; the error is zero for one run."""
    runs = len(values)
    spread = values.std(axis=0, ddof=1) if runs > 1 else np.zeros(values.shape[1:])
    return np.asarray(values.mean(axis=0)), np.asarray(spread / np.sqrt(runs))
