"""What a compute budget should buy under the Chinchilla law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parametra.models.scaling_law._wanted import law, number

FLOP_PER_PARAMETER_AND_TOKEN = 6
"""Of a training step, forwards and backwards: Kaplan and others (2020), section 2.1, arXiv:2001.08361."""

CHINCHILLA = ("E", "A", "B", "alpha", "beta")


@dataclass(frozen=True)
class ComputeOptimal:
    """The best split of a compute budget.

    Arguments:
        compute: in FLOP.
        parameters, tokens: of the best run.
        tokens_per_parameter: their ratio.
        loss: expected of it.
    """

    compute: float
    parameters: float
    tokens: float
    tokens_per_parameter: float
    loss: float

    def __str__(self) -> str:
        return (
            f"{self.compute:.4g} FLOP: {self.parameters:.4g} parameters on {self.tokens:.4g} tokens "
            f"({self.tokens_per_parameter:.3g} a parameter), loss {self.loss:.4f}"
        )


def compute_optimal(estimate: Mapping[str, Any], compute: float) -> ComputeOptimal:
    """The size and number of tokens of lowest loss at a compute budget C = 6 N D.

    N = G (C/6)^(beta/(alpha+beta)), D = (C/6)^(alpha/(alpha+beta)) / G, G = (alpha A / (beta B))^(1/(alpha+beta)).

    Arguments:
        estimate: E, A, B, alpha and beta by name, such as `fit.estimate`.
        compute: the budget in FLOP.

    Raises:
        ModelError: a budget or a parameter that is not a number above zero, or an estimate without these names.

    Source: Hoffmann and others (2022), equation (4), arXiv:2203.15556
    """
    e, a, b, alpha, beta = law("compute_optimal", estimate, CHINCHILLA, "scaling_law.chinchilla")
    compute = number("a compute budget in FLOP", compute)
    share = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    volume = compute / FLOP_PER_PARAMETER_AND_TOKEN
    parameters = share * volume ** (beta / (alpha + beta))
    tokens = volume / parameters
    loss = e + a / parameters**alpha + b / tokens**beta
    return ComputeOptimal(float(compute), parameters, tokens, tokens / parameters, loss)
