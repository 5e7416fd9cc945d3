"""How far the maximum likelihood estimate of an exponential family is from its information projection.

    g(x; theta) = exp(theta . T(x) - psi(theta)),   eta = psi'(theta) = E T

The projection theta* is the member nearest to the truth, which need not be a member: E_truth T = eta*. The estimate has
the mean of T over n points as its eta. The risk is the expected divergence from one to the other,

    risk = E D[g(theta*) | g(theta^)] = a / n + b / n^2 + O(n^-3)
    a    = 1/2 tr(G^-1 S)                                       p / 2 where the model is right
    b    = 1/3 phi_ijk K_ijk + 3/8 phi_ijkl S_ij S_kl
    phi_ijk  = -P_abc G^ai G^bj G^ck                            third derivative of the dual of psi, the fourth alike

G, P, Q are the second to fourth cumulants of T under g(theta*), S and K the second and third under the truth. No
normalising constant is needed, only cumulants, which draws from the model give as well.

The paper's abstract announces the expansion to this order; the formula here is derived anew, by Taylor's theorem of the
divergence in the mean of T. Source: Sheena, MLE convergence speed to information projection of exponential family,
arXiv:2105.08947.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float


@dataclass(frozen=True)
class Cumulants:
    """Cumulants of T under one distribution, p statistics.

    Arguments:
        mean: (p,).
        covariance: (p, p).
        third: (p, p, p).
        points, weights: (k, p) and (k,), values of T that have these cumulants and the fourth; None where the
            statistics are independent.
        fourth: (p,) of independent statistics, None otherwise.
    """

    mean: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    third: Float[np.ndarray, "p p p"]
    points: Float[np.ndarray, "k p"] | None = None
    weights: Float[np.ndarray, " k"] | None = None
    fourth: Float[np.ndarray, " p"] | None = None

    @staticmethod
    def of_points(values: Float[np.ndarray, "k p"], weights: Float[np.ndarray, " k"] | None = None) -> Cumulants:
        """Of a distribution on points, or of draws, all with the same weight."""
        count = len(values)
        shares = np.full(count, 1 / count) if weights is None else weights / weights.sum()
        mean = shares @ values
        away = values - mean
        weighted = away * shares[:, None]
        covariance = weighted.T @ away
        third = np.einsum("ka,kb,kc->abc", weighted, away, away, optimize=True)
        return Cumulants(mean, covariance, third, away, shares)

    @staticmethod
    def independent(
        mean: Float[np.ndarray, " p"],
        variance: Float[np.ndarray, " p"],
        third: Float[np.ndarray, " p"],
        fourth: Float[np.ndarray, " p"],
    ) -> Cumulants:
        """Of independent statistics."""
        p = mean.size
        tensor = np.zeros((p, p, p))
        index = np.arange(p)
        tensor[index, index, index] = third
        return Cumulants(mean, np.diag(variance), tensor, fourth=fourth)

    def fourth_with(self, whiten: Float[np.ndarray, "p p"], spread: Float[np.ndarray, "p p"]) -> float:
        """Q_abcd S_ab S_cd in coordinates W T in which the covariance is the identity.

        E (t'St)^2 - (tr S)^2 - 2 tr S^2 for t = W (T - E T).
        """
        if self.fourth is not None:  # W is diagonal
            return float(np.sum(self.fourth * np.diag(whiten) ** 4 * np.diag(spread) ** 2))
        if self.points is None or self.weights is None:
            return float("nan")
        t = self.points @ whiten.T
        square = self.weights @ np.einsum("ka,ab,kb->k", t, spread, t, optimize=True) ** 2
        return float(square - np.trace(spread) ** 2 - 2 * np.sum(spread * spread))


@dataclass(frozen=True)
class Risk:
    """The expansion risk = first / n + second / n^2."""

    first: float
    second: float

    def at(self, n: int) -> float:
        """The risk of a sample of n."""
        return self.first / n + self.second / n**2

    def sample_for(self, risk: float) -> float:
        """The sample size from which the risk is below this: a / n + b / n^2 = risk, solved for n."""
        root = self.first**2 + 4 * self.second * risk
        return (self.first + float(np.sqrt(max(root, 0.0)))) / (2 * risk)


def risk_expansion(model: Cumulants, truth: Cumulants | None = None) -> Risk:
    """The terms of the risk.

    Arguments:
        model: under the projection, or under the estimate in its place.
        truth: under the truth, or of the sample in its place; the model itself when left out.
    """
    factor = np.linalg.cholesky(model.covariance)
    whiten = np.linalg.inv(factor)
    actual = model if truth is None else truth
    spread = whiten @ actual.covariance @ whiten.T
    own = np.einsum("ai,bj,ck,ijk->abc", whiten, whiten, whiten, model.third, optimize=True)
    theirs = np.einsum("ai,bj,ck,ijk->abc", whiten, whiten, whiten, actual.third, optimize=True)
    # the fourth derivative of the dual: minus Q, plus the three ways to join two P by one index
    along = np.einsum("abe,ab->e", own, spread)
    across = np.einsum("ace,bde,ab,cd->", own, own, spread, spread, optimize=True)
    fourth = -model.fourth_with(whiten, spread) + float(along @ along) + 2 * float(across)
    third = -float(np.sum(own * theirs))
    return Risk(0.5 * float(np.trace(spread)), third / 3 + 3 * fourth / 8)
