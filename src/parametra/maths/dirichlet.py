"""The Dirichlet distribution of positive weights that sum to one.

Source: Johnson, Kotz, Balakrishnan (2000), Continuous Multivariate Distributions, volume 1, 2nd edition, Wiley, ch. 49.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.distributions import Beta

SUM_TOLERANCE = 1e-8

if TYPE_CHECKING:
    Alpha = tuple[float, ...]
else:
    # What comes is checked below, with a message that says what to do.
    Alpha = Any


@dataclass(frozen=True)
class Dirichlet:
    """p(x) = Gamma(sum alpha) / prod Gamma(alpha_i) * prod x_i^(alpha_i - 1), a density in x_1 .. x_{k-1}.

    alpha = (1, .., 1) is uniform; larger ones draw towards alpha / sum(alpha), as if alpha_i cases had been counted.
    The cube's map is the sequence of conditional distributions: of what the ones before it have left, each weight takes
    a fraction that is Beta(alpha_i, alpha_{i+1} + .. + alpha_k).

    Arguments:
        alpha: two or more numbers larger than 0. Weights are (k, *batch), points of the cube (k - 1, *batch).

    Raises:
        ValueError: when alpha is not such a list.
    """

    alpha: Alpha

    def __post_init__(self) -> None:
        try:
            alpha = np.asarray(self.alpha, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"Dirichlet(alpha={self.alpha!r}): alpha must be a list of numbers") from None
        if alpha.ndim != 1 or alpha.size < 2 or not np.all(np.isfinite(alpha)) or not np.all(alpha > 0):
            raise ValueError(f"Dirichlet(alpha={self.alpha!r}): alpha must be two or more finite numbers larger than 0")
        object.__setattr__(self, "alpha", tuple(alpha.tolist()))

    @property
    def size(self) -> int:
        """How many weights there are."""
        return len(self.alpha)

    @property
    def mean(self) -> Float[np.ndarray, " k"]:
        """The mean weights, alpha / sum(alpha)."""
        return np.array(self.alpha) / math.fsum(self.alpha)

    def log_density(self, x: Any, xp: Any = np) -> Any:
        """The logarithm of the density at weights (k, *batch); minus infinity where they are not weights."""
        total = math.lgamma(math.fsum(self.alpha)) - math.fsum(math.lgamma(a) for a in self.alpha)
        inside = (xp.abs(xp.real(xp.sum(x, axis=0)) - 1.0) <= SUM_TOLERANCE) & xp.all(xp.real(x) >= 0.0, axis=0)
        for weight, a in zip(x, self.alpha, strict=True):
            # A weight of zero is an ordinary one where alpha is 1, and has no finite density otherwise.
            if a != 1.0:
                positive = xp.real(weight) > 0.0
                inside = inside & positive
                total = total + (a - 1.0) * xp.log(xp.where(positive, weight, 1.0))
        return xp.where(inside, total, -math.inf)

    def _fractions(self) -> list[Beta]:
        rest = np.cumsum(self.alpha[::-1])[::-1]
        return [Beta(a, float(after)) for a, after in zip(self.alpha[:-1], rest[1:], strict=True)]

    def quantile(self, u: Any) -> Any:
        """The weights (k, *batch) at points u (k - 1, *batch) of the cube."""
        left: Any = np.ones(np.shape(u)[1:])
        weights: list[Any] = []
        for each, beta in zip(u, self._fractions(), strict=True):
            weights.append(left * beta.quantile(each))
            left = left * Beta(beta.b, beta.a).quantile(1.0 - each)
        return np.stack([*weights, left])

    def cdf(self, x: Any) -> Any:
        """The point of the cube (k - 1, *batch) for weights (k, *batch): the inverse of `quantile`."""
        x = np.asarray(x, dtype=float)
        left = np.cumsum(x[::-1], axis=0)[::-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            fractions = np.where(left[:-1] > 0.0, x[:-1] / left[:-1], 0.0)
        return np.stack([beta.cdf(each) for each, beta in zip(fractions, self._fractions(), strict=True)])
