"""What a compute budget should buy under the Chinchilla law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parametra.nouns.errors import ModelError

FLOP_PER_PARAMETER_AND_TOKEN = 6
"""Of a training step, forwards and backwards: Kaplan and others (2020), section 2.1, arXiv:2001.08361."""


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
        ModelError: a budget that is not above zero, or an estimate without these names.

    Source: Hoffmann and others (2022), equation (4), arXiv:2203.15556
    """
    missing = [name for name in ("E", "A", "B", "alpha", "beta") if name not in estimate]
    if missing:
        raise ModelError(
            f"compute_optimal needs E, A, B, alpha and beta by name; {', '.join(missing)} did not come. Give the "
            "estimate of a fit of scaling_law.chinchilla."
        )
    if not compute > 0:
        raise ModelError(f"a compute budget is a number of FLOP above zero; came {compute!r}.")
    e, a, b, alpha, beta = (float(estimate[name]) for name in ("E", "A", "B", "alpha", "beta"))
    share = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    volume = compute / FLOP_PER_PARAMETER_AND_TOKEN
    parameters = share * volume ** (beta / (alpha + beta))
    tokens = volume / parameters
    loss = e + a / parameters**alpha + b / tokens**beta
    return ComputeOptimal(float(compute), parameters, tokens, tokens / parameters, loss)
