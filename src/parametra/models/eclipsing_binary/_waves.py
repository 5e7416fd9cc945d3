"""The terms of a sum of harmonics."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float


def waves(cycles: Float[np.ndarray, " n"], harmonics: int) -> Float[np.ndarray, "n k"]:
    """The columns 1, cos(2 pi j c) and sin(2 pi j c), j from 1 to K: cosines first, (n, 2 K + 1)."""
    angle = 2 * np.pi * cycles[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.ones((cycles.size, 1)), np.cos(angle), np.sin(angle)], axis=1)
