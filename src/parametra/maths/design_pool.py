"""What can be measured, as information: the candidates of a design, the data that are there, and what is to be known.

    M(w) = M_0 + sum_i w_i G_i' G_i          C = K' M^-1 K, the covariance of what is to be known

Symbols: S draws of the parameters (1: at the estimate alone), N candidates, k observations of each, d coordinates, r
quantities that are to be known. A row of G is the derivative of one observation, in units of its noise, for the whole
effort spent on that candidate, so that the weights are shares of the effort.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.arrays import Float


@dataclass(frozen=True)
class Pool:
    """Candidates of a design.

    Arguments:
        rows: (S, N, k, d) square roots of the candidates' information.
        base: (S, d, d) information that is there already; zero for a design from nothing.
        wanted: (S, r, d) gradients of the quantities that are to be known.
    """

    rows: Float[np.ndarray, "S N k d"]
    base: Float[np.ndarray, "S d d"]
    wanted: Float[np.ndarray, "S r d"]

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return self.rows.shape[1]

    @property
    def each(self) -> Float[np.ndarray, "S N d d"]:
        """The information of every candidate."""
        return np.swapaxes(self.rows, 2, 3) @ self.rows

    def information(self, weights: Float[np.ndarray, " N"]) -> Float[np.ndarray, "S d d"]:
        """M(w)."""
        draws, _, _, d = self.rows.shape
        flat = (self.rows * np.sqrt(weights)[:, None, None]).reshape(draws, -1, d)
        return self.base + np.swapaxes(flat, 1, 2) @ flat

    def only(self, index: np.ndarray) -> Pool:
        """Some of the candidates."""
        return replace(self, rows=self.rows[:, index])

    def stretched(self, effort: float) -> Pool:
        """The same candidates, with so many times the effort."""
        return replace(self, rows=self.rows * np.sqrt(effort))

    def mixed(self) -> Pool:
        """One draw in the place of many: the mean information, for criteria that cannot be averaged."""
        draws, n, k, d = self.rows.shape
        if draws == 1:
            return self
        rows = np.moveaxis(self.rows, 0, 1).reshape(1, n, draws * k, d) / np.sqrt(draws)
        wanted = self.wanted.mean(axis=0, keepdims=True)
        return Pool(rows, self.base.mean(axis=0, keepdims=True), wanted)

    def seen_from(self, basis: Float[np.ndarray, "d e"]) -> Pool:
        """The same in coordinates u with x = basis u."""
        return Pool(self.rows @ basis, basis.T @ self.base @ basis, self.wanted @ basis)


def determinable(pool: Pool, tolerance: float = 1e-12) -> tuple[Float[np.ndarray, "d e"], Float[np.ndarray, "d f"]]:
    """What data and all candidates together can tell: columns that span it, and those of what nothing here can tell.

    The columns are scaled so that all candidates together have the information 1 along each coordinate, which makes the
    numbers of a design alike whatever the units.

    Arguments:
        pool: the candidates.
        tolerance: eigenvalues of the scaled information below this share of the largest count as zero.
    """
    whole = pool.information(np.full(pool.size, 1.0 / pool.size)).mean(axis=0)
    length = np.sqrt(np.diag(whole))
    length = np.where(length > 1e-150, length, 1.0)
    values, vectors = np.linalg.eigh(whole / np.outer(length, length))
    known = values > tolerance * max(values[-1], 1e-300)
    if known.all():
        return np.diag(1 / length), np.zeros((length.size, 0))
    return vectors[:, known] / length[:, None], vectors[:, ~known] / length[:, None]
