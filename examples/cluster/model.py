"""A model that takes a while, as a simulation does, and that has no answer at some points."""

import time

import numpy as np

from parametra import Infeasible


def two_decays(t: np.ndarray, first: float, second: float, share: float) -> np.ndarray:
    """The light that is left after the time t, from two kinds of molecules."""
    if first < second:
        raise Infeasible("the first decay is the faster one")
    time.sleep(0.02)
    return share * np.exp(-first * t) + (1 - share) * np.exp(-second * t)
