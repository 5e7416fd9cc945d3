"""Designs of whole points: weights rounded, then exchanged point by point until no exchange helps.

    rounding   n_i = the apportionment of sum n_i = n that keeps min n_i / w_i largest
    exchange   the pair (i out, j in) that raises phi most, as long as one does

Source: F. Pukelsheim and S. Rieder (1992), Efficient rounding of approximate designs, doi:10.1093/biomet/79.4.763; the
exchange is V. V. Fedorov (1972), Theory of Optimal Experiments, compared with others by R. D. Cook and C. J. Nachtsheim
(1980), doi:10.1080/00401706.1980.10486162.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.maths.design_criteria import Criterion
from parametra.maths.design_pool import Pool

_RIDGE = 1e-12
"""Information along each scaled coordinate that lets a singular design be compared: more directions come first."""

_GAIN = 1e-9
"""Of log phi; less is no reason to exchange."""

_MOST_EXCHANGES = 300
_GREEDY = 60
"""Points that are also chosen one by one; of more, rounded weights are close to the best."""

_LANES = 20_000
"""Matrices that are looked at together."""


@dataclass(frozen=True)
class Purse:
    """What points cost and what there is to spend.

    Arguments:
        costs: (N,) of one point at each candidate.
        budget: the most that all points may cost.
        saves: whether what tells nothing more is not bought.
    """

    costs: Float[np.ndarray, " N"]
    budget: float
    saves: bool = False

    def left(self, counts: Int[np.ndarray, " N"]) -> float:
        """What is not spent."""
        return self.budget * (1 + 1e-12) - float(counts @ self.costs)


def rounded(weights: Float[np.ndarray, " N"], n: int) -> Int[np.ndarray, " N"]:
    """Whole numbers of points near n w_i that sum to n: the method of smallest divisors.

    Each candidate with weight gets a point, if n allows; of more candidates than points those with most weight do.

    Arguments:
        weights: summing to one.
        n: the number of points.
    """
    support = np.flatnonzero(weights > 0)
    if support.size >= n:
        counts = np.zeros(weights.size, dtype=np.int64)
        counts[support[np.argsort(-weights[support], kind="stable")[:n]]] = 1
        return counts
    w = weights[support]
    part = np.maximum(np.ceil((n - support.size / 2) * w - 1e-9), 1).astype(np.int64)
    while part.sum() > n:
        part[np.argmax(np.where(part > 1, (part - 1) / w, -np.inf))] -= 1
    while part.sum() < n:
        part[np.argmin(part / w)] += 1
    counts = np.zeros(weights.size, dtype=np.int64)
    counts[support] = part
    return counts


def exact_design(
    criterion: Criterion, pool: Pool, weights: Float[np.ndarray, " N"], purse: Purse
) -> Int[np.ndarray, " N"]:
    """How many points at each candidate, from the rounded weights and from a greedy choice, whichever ends better.

    An exchange finds no better neighbour, which is no proof that there is no better design; its efficiency against the
    weights tells how much could be won at most.

    Arguments:
        criterion: what makes a design good.
        pool: the candidates, rows for a single point of each.
        weights: of the best design of weights, shares of the budget.
        purse: costs and budget.
    """
    if not criterion.averages:
        pool = pool.mixed()
    each = pool.each
    none = np.zeros(pool.size, dtype=np.int64)
    starts = [none] if purse.budget <= _GREEDY * purse.costs.min() else []
    if np.ptp(purse.costs) == 0:
        starts.insert(0, rounded(weights, int(purse.budget * (1 + 1e-12) // purse.costs[0])))
    else:
        starts.insert(0, np.floor(weights * purse.budget / purse.costs).astype(np.int64))
    best, value = none, -np.inf
    for start in starts:
        counts = _exchanged(criterion, pool, each, _filled(criterion, pool, each, start, purse), purse)
        now = float(_values(criterion, pool, _information(pool, each, counts)[None])[0])
        if now > value + _GAIN:
            best, value = counts, now
    return best


def _information(pool: Pool, each: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return pool.base + np.einsum("n,snij->sij", counts.astype(np.float64), each, optimize=True)


def _values(criterion: Criterion, pool: Pool, information: np.ndarray) -> np.ndarray:
    """Log phi of many designs, (B, S, d, d)."""
    # a ridge would be the roundest of all shapes
    ridge = (_RIDGE if criterion.averages else 0.0) * np.eye(information.shape[-1])
    parts: list[np.ndarray] = []
    lanes = max(1, _LANES // information.shape[1])
    with np.errstate(all="ignore"):
        for first in range(0, len(information), lanes):
            part = information[first : first + lanes] + ridge
            # an information of exact zeros has no inverse at all
            solid = np.abs(np.linalg.det(part)).min(axis=1) > 0
            found = np.full(len(part), -1e300)
            if solid.any():
                found[solid] = criterion.log_value(part[solid], pool.wanted)
            parts.append(np.where(np.isfinite(found), found, -1e300))
    return np.concatenate(parts)


def _filled(criterion: Criterion, pool: Pool, each: np.ndarray, counts: np.ndarray, purse: Purse) -> np.ndarray:
    """Points added one by one, each the best for its cost, while the purse allows."""
    counts = counts.copy()
    here = _information(pool, each, counts)
    value = float(_values(criterion, pool, here[None])[0])
    while True:
        can = np.flatnonzero(purse.costs <= purse.left(counts))
        if not can.size:
            return counts
        found = _values(criterion, pool, here + np.moveaxis(each[:, can], 1, 0))
        if purse.saves and found.max() <= value + _GAIN:
            return counts
        best = int(can[np.argmax((found - value) / purse.costs[can])])
        counts[best] += 1
        here = here + each[:, best]
        value = float(found[can == best][0])


def _exchanged(criterion: Criterion, pool: Pool, each: np.ndarray, counts: np.ndarray, purse: Purse) -> np.ndarray:
    counts = counts.copy()
    here = _information(pool, each, counts)
    value = float(_values(criterion, pool, here[None])[0])
    for _ in range(_MOST_EXCHANGES):
        best: tuple[float, int, int] | None = None
        for i in np.flatnonzero(counts):
            can = np.flatnonzero(purse.costs <= purse.left(counts) + purse.costs[i])
            found = _values(criterion, pool, here - each[:, i] + np.moveaxis(each[:, can], 1, 0))
            j = int(np.argmax(found))
            if found[j] > value + _GAIN and (best is None or found[j] > best[0]):
                best = (float(found[j]), int(i), int(can[j]))
        if best is None:
            break
        value, out, into = best
        counts[out] -= 1
        counts[into] += 1
        # summed anew: what is taken away again and again leaves rounding behind
        here = _information(pool, each, counts)
        if purse.left(counts) >= purse.costs.min():
            counts = _filled(criterion, pool, each, counts, purse)
            here = _information(pool, each, counts)
            value = float(_values(criterion, pool, here[None])[0])
    return counts


def completing(pool: Pool, tolerance: float = 1e-10) -> list[int]:
    """Candidates, one after the other, that make a singular information invertible; fewest first.

    Each is the one whose sensitivities reach furthest into the directions that are still undetermined (the optimal data
    collection of Wang and Hao, arXiv:2501.01283, whose practical identifiability is that the information is
    invertible).

    Arguments:
        pool: the candidates, in coordinates of about the same scale; the first draw is looked at.
        tolerance: eigenvalues below this are zero.
    """
    information, rows = pool.base[0].copy(), pool.rows[0]
    chosen: list[int] = []
    for _ in range(information.shape[0]):
        values, vectors = np.linalg.eigh(information)
        open_ = vectors[:, values <= tolerance]
        if not open_.shape[1]:
            break
        reach = ((rows @ open_) ** 2).sum(axis=(1, 2))
        best = int(np.argmax(reach))
        if reach[best] <= tolerance:
            break
        chosen.append(best)
        information = information + rows[best].T @ rows[best]
    return chosen
