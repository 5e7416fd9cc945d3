"""The sparsity of lowest loss, and the weight decay of a timescale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.models.scaling_law._compute_optimal import FLOP_PER_PARAMETER_AND_TOKEN
from parametra.models.scaling_law._wanted import number
from parametra.nouns.errors import ModelError

_NAMES = (
    "E", "A", "B", "C", "G", "alpha", "beta", "sparsity_exponent", "joint_sparsity_exponent", "joint_exponent",
)  # fmt: skip


@dataclass(frozen=True)
class OptimalSparsity:
    """The best mixture of experts at a number of parameters and a compute budget.

    Arguments:
        sparsity: the share of inactive parameters.
        tokens: that the budget then buys.
        loss: expected.
        at_edge: whether it is the sparsest, or the densest, that was looked at.
    """

    sparsity: float
    tokens: float
    loss: float
    at_edge: bool


def optimal_sparsity(
    estimate: Mapping[str, Any], parameters: float, compute: float, *, highest: float = 0.999
) -> OptimalSparsity:
    """The sparsity of lowest loss for N parameters and a budget C = 6 (1 - S) N D.

    Sparser networks see more tokens for the same compute, and lose what their active parameters would have told.

    Arguments:
        estimate: the ten parameters of scaling_law.sparsity by name, such as `fit.estimate`.
        parameters: all of them, active or not.
        compute: the budget in FLOP.
        highest: the sparsest network to be looked at.

    Raises:
        ModelError: names that are missing, or numbers that cannot be.

    Source: Abnar and others (2025), arXiv:2501.12370
    """
    missing = [name for name in _NAMES if name not in estimate]
    if missing:
        raise ModelError(f"optimal_sparsity needs the parameters of scaling_law.sparsity; {', '.join(missing)} lack.")
    parameters = number("optimal_sparsity: parameters", parameters)
    compute = number("optimal_sparsity: compute, in FLOP,", compute)
    if not 0 < highest < 1:
        raise ModelError(f"optimal_sparsity needs highest between 0 and 1; {highest!r} came.")
    e, a, b, c, g, alpha, beta, own, joint, power = (float(estimate[name]) for name in _NAMES)

    def loss(log_dense: Any) -> Any:
        tokens = compute / (FLOP_PER_PARAMETER_AND_TOKEN * parameters * np.exp(log_dense))
        sparse = c * np.exp(-own * log_dense) + g * np.exp(-joint * log_dense) / parameters**power
        return e + a / parameters**alpha + b / tokens**beta + sparse

    # a grid finds the basin, another one its bottom: the loss is smooth in the logarithm of the active share
    low, high = np.log1p(-highest), 0.0
    grid = np.linspace(low, high, 401)
    at_edge = int(np.argmin(loss(grid))) in (0, 400)
    for _ in range(6):
        where = int(np.argmin(loss(grid)))
        grid = np.linspace(grid[max(where - 1, 0)], grid[min(where + 1, 400)], 401)
    best = float(grid[np.argmin(loss(grid))])
    tokens = compute / (FLOP_PER_PARAMETER_AND_TOKEN * parameters * np.exp(best))
    return OptimalSparsity(-float(np.expm1(best)), float(tokens), float(loss(best)), at_edge)


def best_weight_decay(timescale: float, *, batch: float, learning_rate: float, tokens: float) -> float:
    """The weight decay of an AdamW timescale: batch / (learning_rate timescale tokens).

    Arguments:
        timescale: in passes over the data, such as a fit of scaling_law.timescale foretells.
        batch, tokens: of a step, and in all, in the same unit.
        learning_rate: at its peak.

    Raises:
        ModelError: a number that is not above zero.

    Source: Bergsma and others (2025), arXiv:2505.13738
    """
    given = {"timescale": timescale, "batch": batch, "learning_rate": learning_rate, "tokens": tokens}
    for name, value in given.items():
        number(f"best_weight_decay: {name}", value)
    return float(batch / (learning_rate * timescale * tokens))
