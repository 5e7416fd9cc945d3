"""The best weights of a design, by Newton's method inside a barrier, and the proof that they are the best.

    max over w    log phi(M_0 + sum_i w_i M_i) + b sum_i log w_i     sum_i w_i = 1,    b -> 0

A few candidates take part at first; those whose sensitivity exceeds its bound join, until none does. By the equivalence
theorem of Kiefer and Wolfowitz that is the proof: phi of no design exceeds phi of this one by more than the factor that
the largest sensitivity is. Each step is a Newton step, so weights are found to ten digits; the multiplicative algorithm
needs thousands of steps for four.

Source: Z. Lu and T. K. Pong (2013), Computing optimal experimental designs via interior point method,
doi:10.1137/120895731; J. Kiefer and J. Wolfowitz (1960), The equivalence of two extremum problems,
doi:10.4153/CJM-1960-030-4; the growing set of candidates is V. V. Fedorov's (1972) exchange with all weights corrected.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.design_criteria import Climb, Criterion
from parametra.maths.design_minimax import Condition
from parametra.maths.design_pool import Pool

_FIRST = 60
"""Candidates that take part at first."""

_JOIN = 20
"""Candidates that join at once."""

_BARRIERS = 10.0 ** np.arange(-1, -13, -1)
_LEAST_BARRIER_OF_MINIMAX = 1e-8
"""Below it, room in a barrier is lost in rounding."""

_CUTS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
"""Weights below which candidates are left out, when that loses nothing."""

_LOST = 1e-9
"""Of log phi, that is nothing."""

_ROUNDING = 1e-14
"""Of a value, that a step may lose."""


@dataclass(frozen=True)
class Weights:
    """A design of weights.

    Arguments:
        weights: (N,) shares of the effort, summing to one.
        sensitivity: (N,) of each candidate; at most 1 for the best design, and 1 where it has weight.
        bound: phi of the best design over phi of this one is at most this.
        log_value: log phi of this design.
    """

    weights: Float[np.ndarray, " N"]
    sensitivity: Float[np.ndarray, " N"]
    bound: float
    log_value: float

    @property
    def efficiency(self) -> float:
        """The least efficiency that is proven, 1 for the best design."""
        return 1 / max(self.bound, 1.0)


def best_weights(
    criterion: Criterion, pool: Pool, *, accuracy: float = 1e-8, always: np.ndarray | None = None
) -> Weights:
    """The best weights of the candidates.

    Good for up to some thousands of candidates and some ten coordinates: milliseconds to a second.

    Arguments:
        criterion: what makes a design good.
        pool: the candidates, which together determine all coordinates, of about the same scale.
        accuracy: the proven efficiency is 1 less this, or what rounding allows.
        always: candidates that take part from the beginning, such as the support found before.

    Raises:
        LinAlgError: the candidates do not determine all coordinates.
    """
    if not criterion.averages:
        pool = pool.mixed()
        told = _telling(pool)
        if told.size < pool.size:
            renumbered = None if always is None else np.searchsorted(told, np.intersect1d(always, told))
            found = best_weights(criterion, pool.only(told), accuracy=accuracy, always=renumbered)
            weights, sensitivity = np.zeros(pool.size), np.zeros(pool.size)
            weights[told], sensitivity[told] = found.weights, found.sensitivity
            return Weights(weights, sensitivity, found.bound, found.log_value)
    active = _first(pool, always)
    while True:
        weights, sensitivity, factor = _on(criterion, pool, active)
        new = np.setdiff1d(np.flatnonzero(factor * sensitivity > 1 + accuracy), active)
        if not new.size:
            return _cleaned(criterion, pool, weights, sensitivity, factor)
        # not only the neighbours of one peak
        best = new[np.argsort(-sensitivity[new], kind="stable")]
        peaks = best[_peak(sensitivity, best)]
        join = np.unique(np.concatenate([peaks[:_JOIN], best[:_JOIN]]))
        active = np.union1d(active, join)


def weights_on(criterion: Criterion, pool: Pool, support: np.ndarray) -> Weights:
    """The best weights of some candidates alone, with the sensitivity of all.

    Arguments:
        criterion, pool: as for `best_weights`.
        support: numbers of the candidates that may have weight.

    Raises:
        LinAlgError: these candidates do not determine all coordinates.
    """
    if not criterion.averages:
        pool = pool.mixed()
    weights, sensitivity, factor = _on(criterion, pool, support)
    value = float(criterion.log_value(pool.information(weights), pool.wanted))
    return Weights(weights, sensitivity, float(factor * sensitivity.max()), value)


def _on(criterion: Criterion, pool: Pool, active: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    found, own = _inside(criterion, pool.only(active))
    weights = np.zeros(pool.size)
    weights[active] = found
    sensitivity, factor = criterion.sensitivity(pool, pool.information(weights), own)
    return weights, sensitivity, factor


def judged(criterion: Criterion, pool: Pool, weights: Float[np.ndarray, " N"]) -> float:
    """Log phi of a design; minus infinity where it leaves a quantity undetermined."""
    if not criterion.averages:
        pool = pool.mixed()
    with np.errstate(all="ignore"):
        try:
            value = float(criterion.log_value(pool.information(weights), pool.wanted))
        except np.linalg.LinAlgError:
            return -np.inf
    return value if np.isfinite(value) else -np.inf


def _telling(pool: Pool) -> np.ndarray:
    """Candidates that tell anything: a criterion of shapes could give all weight to those that tell nothing."""
    size = np.einsum("snki->n", pool.rows**2) + np.trace(pool.base, axis1=1, axis2=2).sum()
    return np.flatnonzero(size > 1e-8 * size.max())


def _first(pool: Pool, always: np.ndarray | None) -> np.ndarray:
    if pool.size <= _FIRST:
        return np.arange(pool.size)
    # some steps of the multiplicative algorithm for D, which asks little and finds the right region
    d = pool.rows.shape[-1]
    weights = np.full(pool.size, 1.0 / pool.size)
    each = pool.rows.mean(axis=0)
    for _ in range(10):
        inverse = np.linalg.inv(pool.information(weights).mean(axis=0))
        gain = np.einsum("nki,ij,nkj->n", each, inverse, each, optimize=True) / d
        weights = weights * np.maximum(gain, 1e-12)
        weights /= weights.sum()
    best = np.argsort(-weights, kind="stable")[: _FIRST // 2]
    spread = np.unique(np.linspace(0, pool.size - 1, _FIRST // 2).round().astype(int))
    chosen = np.union1d(best, spread)
    return chosen if always is None else np.union1d(chosen, always)


def _peak(sensitivity: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Which of these are no lower than their neighbours in the list of candidates."""
    padded = np.concatenate([[-np.inf], sensitivity, [-np.inf]])
    return (padded[index + 1] >= padded[index]) & (padded[index + 1] >= padded[index + 2])


def _inside(criterion: Criterion, pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a few candidates, and the criterion's own unknowns."""
    free = isinstance(criterion, Condition)
    if free:
        pool = _with_base(pool)
    weights = np.full(pool.size, 1.0 / pool.size)
    if free:
        values = np.linalg.eigvalsh(np.linalg.inv(_square(pool)) @ pool.information(weights)[0])
        weights = weights / (2 * np.abs(values).max() + np.trace(pool.information(weights)[0]))
        weights = _shrunk_inside(criterion, pool, weights)
    own = criterion.start(pool.information(weights), pool.wanted)
    least = _LEAST_BARRIER_OF_MINIMAX if own.size else 0.0
    barriers = [float(barrier) for barrier in _BARRIERS if barrier >= 0.99 * least]
    for barrier in barriers:
        # the multipliers of a minimum that several share need the very centre
        close = 1e-9 if barrier == barriers[-1] else 1e-3
        weights, own = _centre(criterion, pool, weights, own, barrier, close, free=free)
    total = weights.sum()
    return weights / total, np.append(own, total) if free else own


def _square(pool: Pool) -> np.ndarray:
    return pool.wanted[0].T @ pool.wanted[0]


def _with_base(pool: Pool) -> Pool:
    """The data that are there as a part of every candidate, for weights that need not sum to one."""
    values, vectors = np.linalg.eigh(pool.base[0])
    there = values > 1e-15 * max(values[-1], 1e-300)
    if not there.any():
        return pool
    root = (vectors[:, there] * np.sqrt(values[there])).T
    wide = np.broadcast_to(root, (1, pool.size, *root.shape))
    return Pool(np.concatenate([pool.rows, wide], axis=2), np.zeros_like(pool.base), pool.wanted)


def _shrunk_inside(criterion: Criterion, pool: Pool, weights: np.ndarray) -> np.ndarray:
    for _ in range(60):
        information = pool.information(weights)
        try:
            criterion.climb(pool, information, criterion.start(information, pool.wanted), 1.0)
        except np.linalg.LinAlgError:
            weights = weights / 2
        else:
            return weights
    raise np.linalg.LinAlgError("the candidates do not determine all coordinates")


def _centre(
    criterion: Criterion, pool: Pool, weights: np.ndarray, own: np.ndarray, barrier: float, close: float, *, free: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method at one barrier, until what a step promises is a small share of it."""
    here = criterion.climb(pool, pool.information(weights), own, barrier)
    value = here.value + barrier * np.log(weights).sum()
    for _ in range(60):
        step, own_step, rise = _step(here, weights, barrier, free=free)
        if not np.isfinite(rise) or rise <= max(close * barrier, 1e-18 * (1 + abs(value))):
            break
        back = step < 0
        length = min(1.0, 0.99 * float(np.min(-weights[back] / step[back], initial=np.inf)))
        for _ in range(40):
            there, there_own = weights + length * step, own + length * own_step
            try:
                new = criterion.climb(pool, pool.information(there), there_own, barrier)
            except np.linalg.LinAlgError:
                length *= 0.5
                continue
            now = new.value + barrier * np.log(there).sum()
            if now >= value + 1e-4 * length * rise - _ROUNDING * (1 + abs(value)):
                break
            length *= 0.5
        else:
            break
        weights, own, here, value = there, there_own, new, now
    return weights, own


def _step(here: Climb, weights: np.ndarray, barrier: float, *, free: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """The Newton step, in weights relative to what they are, and how much it promises."""
    slope = here.slope + barrier / weights
    curve, reduced = here.curve, slope
    if here.own_slope.size:
        curve = curve - (here.cross / here.own_curve) @ here.cross.T
        reduced = slope - here.cross @ (here.own_slope / here.own_curve)
    n = weights.size
    scaled = -curve * np.outer(weights, weights)
    scaled[np.diag_indices(n)] += barrier
    right = reduced * weights
    try:
        if free:
            step = weights * np.linalg.solve(scaled, right)
        else:
            # weights that sum to one: a multiplier for that
            both = np.linalg.solve(scaled, np.stack([right, weights], axis=1))
            step = weights * (both[:, 0] - both[:, 1] * (weights @ both[:, 0]) / (weights @ both[:, 1]))
    except np.linalg.LinAlgError:
        return np.zeros(n), np.zeros_like(here.own_slope), np.nan
    own = -(here.own_slope + here.cross.T @ step) / here.own_curve if here.own_slope.size else here.own_slope
    return step, own, float(slope @ step + here.own_slope @ own)


def _cleaned(criterion: Criterion, pool: Pool, weights: np.ndarray, sensitivity: np.ndarray, factor: float) -> Weights:
    """Without weights that are there for the barrier's sake, or split among neighbours, where that loses nothing."""
    value = before = float(criterion.log_value(pool.information(weights), pool.wanted))
    for cut in _CUTS:
        kept = np.flatnonzero(weights > cut)
        if not kept.size:
            continue
        clean = np.zeros(pool.size)
        clean[kept] = weights[kept] / weights[kept].sum()
        # a design that leaves some direction open, as one for a single quantity may, is kept as it was found
        with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError):
            clean[kept] = _inside(criterion, pool.only(kept))[0]
        now = judged(criterion, pool, clean)
        if now >= before - _LOST:
            weights, value = clean, now
            break
    return Weights(weights, sensitivity, float(factor * sensitivity.max() * np.exp(before - value)), value)
