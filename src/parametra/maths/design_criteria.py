"""What makes a design good: functions of the information that it gives, all concave, with what a Newton step needs.

    D                log phi = -1/r log det C                    the volume of the confidence ellipsoid
    A (and c)        log phi = -log trace C                      the mean variance; c is A of one quantity
    worst parameter  log phi = -log max_j C_jj                   the largest variance
    E                log phi = -log lambda_max(C)                the worst direction
    modified E       log phi = log lambda_min(F) - log lambda_max(F), F the information of the quantities

with C = K' M^-1 K, averaged over the draws. Each phi but the last grows in proportion to M (Pukelsheim's information
functions), so phi of a design over phi of the best is a share of the effort: its efficiency.

The last three are not smooth. Each has an unknown t below all of what it is the least of, which is kept there by a
logarithmic barrier; its multipliers are the weights of the equivalence theorem for a minimum that several share.

Source: F. Pukelsheim (2006), Optimal Design of Experiments, SIAM, doi:10.1137/1.9780898719109, chapters 5 to 7.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.design_pool import Pool


@dataclass(frozen=True)
class Climb:
    """Value and derivatives of a criterion by the weights w (n,) and by its own unknowns t (S or 0), means over draws.

    Arguments:
        value: of the criterion with its barrier.
        slope, curve: (n,), (n, n) by the weights.
        own_slope, own_curve: by t, which have no second derivatives in common.
        cross: (n, S or 0) by both.
    """

    value: float
    slope: Float[np.ndarray, " n"]
    curve: Float[np.ndarray, "n n"]
    own_slope: Float[np.ndarray, " t"]
    own_curve: Float[np.ndarray, " t"]
    cross: Float[np.ndarray, "n t"]


class Criterion(ABC):
    """A criterion of designs."""

    averages: ClassVar[bool] = True
    """Whether its mean over draws has one best design that can be proven; otherwise the mean information is used."""

    @abstractmethod
    def log_value(self, information: Float[np.ndarray, "... S d d"], wanted: Float[np.ndarray, "S r d"]) -> np.ndarray:
        """Log phi, its mean over draws: (...)."""

    def start(self, information: Float[np.ndarray, "S d d"], wanted: Float[np.ndarray, "S r d"]) -> np.ndarray:
        """A first t inside the barrier; empty where there is none."""
        del information, wanted
        return np.zeros(0)

    @abstractmethod
    def climb(self, pool: Pool, information: Float[np.ndarray, "S d d"], own: np.ndarray, barrier: float) -> Climb:
        """Value and derivatives. Raises LinAlgError outside the barrier, or where the information is singular."""

    @abstractmethod
    def sensitivity(
        self, pool: Pool, information: Float[np.ndarray, "S d d"], own: np.ndarray
    ) -> tuple[Float[np.ndarray, " N"], float]:
        """What the equivalence theorem compares: s_i for each candidate, and a factor q.

        phi of any design is at most q max_i s_i times phi of this one; s_i = q = 1 on the support of the best one.
        """


def variances(information: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M^-1 and C = K' M^-1 K."""
    inverse = np.linalg.inv(information)
    return inverse, wanted @ inverse @ np.swapaxes(wanted, -1, -2)


def together(squares: Float[np.ndarray, "S m m"], k: int) -> Float[np.ndarray, "S n n"]:
    """Sums over the k rows of each candidate."""
    if k == 1:
        return squares
    draws, m, _ = squares.shape
    return squares.reshape(draws, m // k, k, m // k, k).sum(axis=(2, 4))


def by_candidate(values: np.ndarray, k: int) -> np.ndarray:
    """Sums over the k rows of each candidate: (S, m, ...) to (S, n, ...)."""
    draws, m = values.shape[:2]
    return values.reshape(draws, m // k, k, *values.shape[2:]).sum(axis=2)


def rows_of(pool: Pool) -> tuple[np.ndarray, int]:
    """The rows of all candidates, (S, n k, d), and k."""
    draws, n, k, d = pool.rows.shape
    return pool.rows.reshape(draws, n * k, d), k


def traces(pool: Pool, matrix: Float[np.ndarray, "S d d"]) -> tuple[np.ndarray, float]:
    """Means over draws of trace(B M_i) for each candidate, and of trace(B M_0)."""
    each = np.einsum("snki,sij,snkj->n", pool.rows, matrix, pool.rows, optimize=True) / len(matrix)
    return each, float(np.einsum("sij,sij->", matrix, pool.base) / len(matrix))


def _plain(value: np.ndarray, slope: np.ndarray, curve: np.ndarray) -> Climb:
    none = np.zeros(0)
    return Climb(float(value.mean()), slope.mean(axis=0), curve.mean(axis=0), none, none, np.zeros((slope.shape[1], 0)))


def positive(matrix: np.ndarray) -> np.ndarray:
    """Log determinants. Raises LinAlgError for matrices that are not positive definite."""
    factor = np.linalg.cholesky(matrix)
    return 2 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)


class LogDeterminant(Criterion):
    """D: -1/r log det C. With fewer quantities than coordinates it is the D_s-criterion."""

    def log_value(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        sign, log = np.linalg.slogdet(c)
        return np.asarray(np.where(sign > 0, -log / c.shape[-1], -np.inf).mean(axis=-1))

    def climb(self, pool: Pool, information: np.ndarray, own: np.ndarray, barrier: float) -> Climb:
        del own, barrier
        positive(information)
        rows, k = rows_of(pool)
        inverse, c = variances(information, pool.wanted)
        r = c.shape[-1]
        y = rows @ inverse @ np.swapaxes(pool.wanted, 1, 2)
        inner = y @ np.linalg.inv(c) @ np.swapaxes(y, 1, 2)
        whole = rows @ inverse @ np.swapaxes(rows, 1, 2)
        slope = by_candidate(np.diagonal(inner, axis1=1, axis2=2), k) / r
        return _plain(-positive(c) / r, slope, together(inner * (inner - 2 * whole), k) / r)

    def sensitivity(self, pool: Pool, information: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, float]:
        del own
        inverse, c = variances(information, pool.wanted)
        half = inverse @ np.swapaxes(pool.wanted, 1, 2)
        each, base = traces(pool, half @ np.linalg.inv(c) @ np.swapaxes(half, 1, 2) / c.shape[-1])
        return each + base, 1.0


class Trace(Criterion):
    """A: -log trace C; of one quantity it is the c-criterion."""

    def log_value(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        total = np.trace(c, axis1=-2, axis2=-1)
        return np.asarray(np.where(total > 0, -np.log(np.abs(total)), -np.inf).mean(axis=-1))

    def climb(self, pool: Pool, information: np.ndarray, own: np.ndarray, barrier: float) -> Climb:
        del own, barrier
        positive(information)
        rows, k = rows_of(pool)
        inverse, c = variances(information, pool.wanted)
        total = np.trace(c, axis1=1, axis2=2)
        y = rows @ inverse @ np.swapaxes(pool.wanted, 1, 2)
        inner = y @ np.swapaxes(y, 1, 2) / total[:, None, None]
        whole = rows @ inverse @ np.swapaxes(rows, 1, 2)
        slope = by_candidate(np.diagonal(inner, axis1=1, axis2=2), k)
        curve = -2 * together(whole * inner, k) + slope[:, :, None] * slope[:, None, :]
        return _plain(-np.log(total), slope, curve)

    def sensitivity(self, pool: Pool, information: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, float]:
        del own
        inverse, c = variances(information, pool.wanted)
        half = inverse @ np.swapaxes(pool.wanted, 1, 2)
        total = np.trace(c, axis1=1, axis2=2)[:, None, None]
        each, base = traces(pool, half @ np.swapaxes(half, 1, 2) / total)
        return each + base, 1.0
