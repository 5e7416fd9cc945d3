"""The private binomial test: the noise that makes a count private, and the p-value of the noisy count.

A count of how many of m independent trials succeeded changes by at most 1 when one person's row changes. With

    Z = count + G1 - G2 + U,    G1, G2 geometric with success 1 - b,  b = exp(-epsilon),  U uniform in (-1/2, 1/2)

Z is epsilon-differentially private, and rejecting for large Z is the most powerful private test of "a trial succeeds
with probability c or less" that there is. J. Awan, A. Slavkovic (2018), Differentially private uniformly most powerful
tests for binomial data, arXiv:1805.09236; the noise is called Tulap there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.arrays import Float

_HALVINGS = 60


def noise(random: np.random.Generator, epsilon: float, count: int = 1) -> Float[np.ndarray, " n"]:
    """Draws of G1 - G2 + U. The whole numbers carry the privacy; U is only added to what is private already."""
    first, second = random.geometric(-np.expm1(-epsilon), size=(2, count))
    return (first - second) + random.uniform(-0.5, 0.5, size=count)


def at_most(x: Any, epsilon: float) -> Any:
    """P(noise <= x), elementwise, with relative precision in the lower tail.

    For x in [k - 1/2, k + 1/2], k <= 0:  b^-k (b + (x - k + 1/2)(1 - b)) / (1 + b);  by symmetry above.
    """
    b = np.exp(-epsilon)
    below = -np.abs(x)
    k = np.rint(below)
    tail = np.exp(epsilon * k) * (b + (below - k + 0.5) * (1.0 - b)) / (1.0 + b)
    return np.where(np.asarray(x) <= 0, tail, 1.0 - tail)


def binomial(trials: int, chance: Any) -> Any:
    """P(count = k), k = 0 .. trials along the last axis, for an array of chances."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.arange(trials + 1)
    p = np.asarray(chance, dtype=np.float64)[..., None]
    ways = gammaln(trials + 1) - gammaln(k + 1) - gammaln(trials - k + 1)
    return np.exp(ways + xlogy(k, p) + xlog1py(trials - k, -p))


def p_value(noisy: Any, trials: int, chance: Any, epsilon: float) -> Any:
    """P(count + noise >= noisy) when a trial succeeds with this chance: uniform under it, smaller for larger counts.

    Arguments:
        noisy: a number or an array (...,).
        trials: m.
        chance: c, of the same shape.
        epsilon: of the noise.
    """
    k = np.arange(trials + 1)
    tail = at_most(k - np.asarray(noisy, dtype=np.float64)[..., None], epsilon)
    return np.sum(binomial(trials, chance) * tail, axis=-1)


def critical(trials: int, chance: Float[np.ndarray, " c"], epsilon: float, size: float) -> Float[np.ndarray, " c"]:
    """The noisy count at which the p-value is `size`, by halving."""
    reach = 4.0 - np.log(size) / epsilon
    low, high = np.full(chance.shape, -reach), np.full(chance.shape, trials + reach)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        over = p_value(middle, trials, chance, epsilon) > size
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high


def power(share: Any, trials: int, threshold: Float[np.ndarray, " c"], epsilon: float) -> Float[np.ndarray, " c"]:
    """P(noisy count >= threshold) when a trial succeeds with chance `share`."""
    return p_value(threshold, trials, share, epsilon)


def share_needed(
    trials: int, threshold: Float[np.ndarray, " c"], epsilon: float, wanted: float
) -> Float[np.ndarray, " c"]:
    """The chance of success of a trial at which the power is `wanted`; NaN where even 1 does not reach it."""
    low, high = np.zeros(threshold.shape), np.ones(threshold.shape)
    never = power(high, trials, threshold, epsilon) < wanted
    for _ in range(_HALVINGS // 2):
        middle = 0.5 * (low + high)
        enough = power(middle, trials, threshold, epsilon) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(never, np.nan, high)
