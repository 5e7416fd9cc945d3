"""Penalties that choose among many terms: their values and proximal operators, coordinate by coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float


@dataclass(frozen=True)
class CoordinatePenalty:
    """A penalty on each coordinate, already in units of the cost.

    Arguments:
        kind: "lasso", "scad" or "mcp".
        strengths: (d,) zero where nothing is penalised.
        shape: the second parameter of scad (a > 2) and mcp (gamma > 1).
    """

    kind: str
    strengths: Float[np.ndarray, " d"]
    shape: float = 3.7
