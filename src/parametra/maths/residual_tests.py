"""Tests of residuals that should be independent, normal and of one size: arrays in, a statistic and a p-value out.

    runs               signs change as often as by luck            Wald and Wolfowitz
    durbin_watson      neighbours do not remember each other       Durbin and Watson
    ljung_box          nor do those some steps apart               Ljung and Box
    normality          the shape is normal                         Shapiro and Wilk; Anderson and Darling
    breusch_pagan      the size does not follow other quantities   Koenker's studentised form

The order of the residuals is the order of the arrays. A p-value is two-sided where the statistic has two sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.quadratic_form import chance_below_zero

MOST_EXACT = 400
"""Residuals up to which runs and the Durbin-Watson statistic have their exact distributions."""

MOST_SHAPIRO = 5000


@dataclass(frozen=True)
class Tested:
    """One test.

    Arguments:
        statistic: its value.
        expected: what it is on average when nothing is wrong.
        p_value: the chance of one as far off or farther when nothing is wrong.
        method: how the p-value was made.
    """

    statistic: float
    expected: float
    p_value: float
    method: str


def runs(residuals: Float[np.ndarray, " n"]) -> Tested:
    """Wald and Wolfowitz's test of the number of runs of one sign.

    With a positive and b negative residuals in random order, the number R of runs has P(R = 2 k) = 2 C(a-1, k-1)
    C(b-1, k-1) / C(a+b, a) and P(R = 2 k + 1) = (C(a-1, k) C(b-1, k-1) + C(a-1, k-1) C(b-1, k)) / C(a+b, a). Exact up
    to 400 residuals, normal beyond; p is twice the smaller tail. Zeros have no sign and are left out.

    Good for a curve that misses the data's shape, whatever the noise. Few runs are long stretches on one side. A model
    with many parameters leaves somewhat more runs than this counts on, so p is a little too large. Prefer
    `durbin_watson` for normal residuals: it sees more.

    Arguments:
        residuals: in order; both signs must occur.

    Source: Wald and Wolfowitz (1940), doi:10.1214/aoms/1177731909.
    """
    signs = np.sign(residuals[residuals != 0])
    a, b = int((signs > 0).sum()), int((signs < 0).sum())
    found = 1 + int((signs[1:] != signs[:-1]).sum())
    n = a + b
    expected = 1 + 2 * a * b / n
    if n <= MOST_EXACT:
        chance = np.array([_chance_of_runs(a, b, r) for r in range(2, n + 1)])
        low, high = float(chance[: found - 1].sum()), float(chance[found - 2 :].sum())
        return Tested(float(found), expected, min(1.0, 2 * min(low, high)), "exact")
    variance = 2 * a * b * (2 * a * b - n) / (n**2 * (n - 1))
    return Tested(float(found), expected, _two_sided((found - expected) / math.sqrt(variance)), "normal approximation")


def _chance_of_runs(a: int, b: int, r: int) -> float:
    k, odd = divmod(r, 2)
    ways = 2 * math.comb(a - 1, k - 1) * math.comb(b - 1, k - 1)
    if odd:
        ways = math.comb(a - 1, k) * math.comb(b - 1, k - 1) + math.comb(a - 1, k - 1) * math.comb(b - 1, k)
    return ways / math.comb(a + b, a)


def durbin_watson(residuals: Float[np.ndarray, " n"], jacobian: Float[np.ndarray, "n d"]) -> Tested:
    """Durbin and Watson's test of first-order autocorrelation: d = sum (e_i - e_(i-1))^2 / sum e_i^2, about 2.

    For normal errors e = M u, M = I - J (J'J)^-1 J', d <= x exactly when sum (nu_i - x) z_i^2 <= 0, nu_i the
    eigenvalues of the differences' matrix within the space of M: Imhof's integral gives its probability, without the
    tables' zone of indecision. Exact for a linear model; to first order for others. Beyond 400 residuals the normal
    distribution with the exact mean and variance takes its place.

    Good for residuals along a time or an input. Prefer `runs` where residuals are far from normal.

    Arguments:
        residuals: in order, each over its standard deviation.
        jacobian: of these residuals, in the same order; (n, 0) where nothing was estimated.

    Source: Durbin and Watson (1950, 1951), doi:10.1093/biomet/37.3-4.409, doi:10.1093/biomet/38.1-2.159.
    """
    n = residuals.size
    d = float(np.sum(np.diff(residuals) ** 2) / (residuals @ residuals))
    basis = _column_space(jacobian)
    left = n - basis.shape[1]
    differences = np.diff(basis, axis=0)
    trace = 2.0 * (n - 1) - float(np.sum(differences**2))
    mean = trace / left
    if n <= MOST_EXACT:
        values = _eigenvalues_beside(basis, n)
        below = chance_below_zero(values - d)
        return Tested(d, mean, float(min(1.0, 2 * min(below, 1 - below))), "exact for a linear model")
    twice = _differenced(basis)
    squares = 6.0 * n - 8 - 2 * float(np.sum(twice**2)) + float(np.sum((basis.T @ twice) ** 2))
    variance = 2 / (left * (left + 2)) * (squares - trace * mean)
    return Tested(d, mean, _two_sided((d - mean) / math.sqrt(variance)), "normal approximation")


def _column_space(jacobian: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n, rank)."""
    if not jacobian.shape[1]:
        return jacobian
    length = np.linalg.norm(jacobian, axis=0)
    u, s, _ = np.linalg.svd(jacobian / np.where(length > 0, length, 1.0), full_matrices=False)
    return u[:, s > 1e-9 * s[0]]


def _differenced(columns: np.ndarray) -> np.ndarray:
    """A times the columns, where e'A e = sum (e_i - e_(i-1))^2."""
    steps = np.diff(columns, axis=0)
    return np.vstack([-steps[:1], steps[:-1] - steps[1:], steps[-1:]])


def _eigenvalues_beside(basis: np.ndarray, n: int) -> np.ndarray:
    """Eigenvalues of A within the space that is orthogonal to the basis."""
    whole, _ = np.linalg.qr(basis, mode="complete") if basis.shape[1] else (np.eye(n), None)
    rest = whole[:, basis.shape[1] :]
    return np.linalg.eigvalsh(rest.T @ _differenced(rest))


def ljung_box(residuals: Float[np.ndarray, " n"], lags: int) -> Tested:
    """Ljung and Box's portmanteau: Q = n (n + 2) sum_k r_k^2 / (n - k), chi-square with `lags` degrees of freedom.

    r_k = sum_i e_i e_(i+k) / sum_i e_i^2, about zero, which is where residuals should lie.

    Good for memory over several steps, such as an oscillation that the model lacks. Prefer `durbin_watson` for
    neighbours. For few residuals p is approximate.

    Arguments:
        residuals: in order.
        lags: the largest step k, below n.

    Source: Ljung and Box (1978), doi:10.1093/biomet/65.2.297.
    """
    from scipy.special import chdtrc

    n = residuals.size
    r = autocorrelation(residuals, lags)
    q = float(n * (n + 2) * np.sum(r**2 / (n - np.arange(1, lags + 1))))
    return Tested(q, float(lags), float(chdtrc(lags, q)), f"chi-square with {lags} degrees of freedom")


def autocorrelation(residuals: Float[np.ndarray, " n"], lags: int) -> Float[np.ndarray, " lags"]:
    """r_k = sum_i e_i e_(i+k) / sum_i e_i^2 for k from 1 to `lags`."""
    whole = float(residuals @ residuals)
    return np.array([float(residuals[k:] @ residuals[:-k]) / whole for k in range(1, lags + 1)])


def normality(residuals: Float[np.ndarray, " n"]) -> Tested:
    """Whether residuals look normal, whatever their mean and size: Shapiro and Wilk's W, up to 5000 of them.

    Beyond, Anderson and Darling's A^2 with Stephens' correction for an estimated mean and size. With many points a
    small departure is found that harms nothing: look at the picture too.

    Arguments:
        residuals: 8 or more, not all equal.

    Source: Shapiro and Wilk (1965), doi:10.1093/biomet/52.3-4.591; D'Agostino and Stephens (1986), Goodness-of-fit
        Techniques, table 4.9.
    """
    if residuals.size <= MOST_SHAPIRO:
        from scipy.stats import shapiro

        found = shapiro(residuals)
        return Tested(float(found.statistic), 1.0, float(found.pvalue), "Shapiro-Wilk")
    from scipy.special import log_ndtr

    n = residuals.size
    z = np.sort((residuals - residuals.mean()) / residuals.std(ddof=1))
    odd = 2 * np.arange(1, n + 1) - 1
    plain = float(-n - np.mean(odd * (log_ndtr(z) + log_ndtr(-z[::-1]))))
    return Tested(plain, 1.0, _anderson_darling(plain * (1 + 0.75 / n + 2.25 / n**2)), "Anderson-Darling")


def _anderson_darling(a: float) -> float:
    if a >= 0.6:
        return min(1.0, math.exp(1.2937 - 5.709 * a + 0.0186 * a**2)) if a < 13 else 0.0
    if a >= 0.34:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    if a >= 0.2:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a**2)


def breusch_pagan(residuals: Float[np.ndarray, " n"], beside: Float[np.ndarray, "n p"]) -> Tested:
    """Whether the size of residuals follows other quantities: n R^2 of e^2 on a constant and these, chi-square with p.

    Koenker's form of Breusch and Pagan's test, which holds for residuals that are not normal too.

    Good for a scatter that grows with the signal: give the predictions.

    Arguments:
        residuals: each over its standard deviation.
        beside: the quantities, (n, p); none may be constant.

    Source: Koenker (1981), A note on studentizing a test for heteroscedasticity, doi:10.1016/0304-4076(81)90062-2.
    """
    from scipy.special import chdtrc

    n, p = beside.shape
    squares = residuals**2 - np.mean(residuals**2)
    centred = beside - beside.mean(axis=0)
    scaled = centred / centred.std(axis=0)
    explained = scaled @ np.linalg.lstsq(scaled, squares, rcond=None)[0]
    statistic = float(n * (explained @ explained) / (squares @ squares))
    return Tested(
        statistic, float(p), float(chdtrc(p, statistic)), f"chi-square with {p} degree{'s' * (p > 1)} of freedom"
    )


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
