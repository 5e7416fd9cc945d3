"""The chance of a right answer, with what a likelihood needs of it.

P = guessing + (1 - guessing) s,   s = 1 / (1 + exp(-step)),   step = discrimination (ability - difficulty)
"""

from __future__ import annotations

from typing import Any

import numpy as np


def expit(step: Any) -> Any:
    """1 / (1 + exp(-step)) without overflow."""
    small = np.exp(-np.abs(step))
    return np.where(step > 0, 1.0, small) / (1 + small)


def log_chances(step: Any, guessing: Any = None) -> tuple[Any, Any]:
    """Logarithms of the chances of a right and of a wrong answer.

    Arguments:
        step: discrimination (ability - difficulty).
        guessing: the chance of a right answer where ability is very low; None for 0.
    """
    above = step > 0
    small = np.exp(np.where(above, -step, step))
    whole = np.log1p(small)
    log_wrong = -whole - np.where(above, step, 0.0)
    if guessing is None:
        return log_wrong + step, log_wrong
    # the inner `where` keeps infinite values out of the branch that is not taken
    low = np.where(guessing > 0, np.log(np.where(above | (guessing <= 0), 1.0, small + guessing)), step)
    return np.where(above, np.log1p(guessing * small), low) - whole, log_wrong + np.log1p(-guessing)


def slopes(step: Any, guessing: Any = None) -> tuple[Any, Any, Any, Any]:
    """Derivatives of both logarithms by the step, then of both by the guessing (0 without any).

    Arguments:
        step, guessing: as in `log_chances`.
    """
    s, rest = expit(step), expit(-step)
    if guessing is None:
        return rest, -s, 0.0, 0.0
    chance = np.maximum(guessing + (1 - guessing) * s, 1e-300)
    share = np.where(guessing > 0, (1 - guessing) * s / chance, 1.0)
    return share * rest, -s, rest / chance, -1 / (1 - guessing)
