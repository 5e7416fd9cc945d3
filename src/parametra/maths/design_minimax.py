"""Criteria of designs that look at the worst alone: the largest variance, the worst direction, the condition number.

    worst parameter   max mean_s t_s + b sum_j log(-log C_jj - t_s)
    E                 max mean_s log t_s + b log det(M_s - t_s K K')          M >= t K K'  <=>  lambda_max(C) <= 1/t
    modified E        max log t + b log det(M - t K K') + b log det(K K' - M)

with b the barrier. The last one is stated in weights that need not sum to one: K K' - M >= 0 takes the place of that.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from parametra.maths.design_criteria import (
    Climb,
    Criterion,
    by_candidate,
    positive,
    rows_of,
    together,
    traces,
    variances,
)
from parametra.maths.design_pool import Pool


class LargestVariance(Criterion):
    """The worst parameter: -log max_j C_jj."""

    def log_value(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        worst = np.diagonal(c, axis1=-2, axis2=-1)
        found = np.where((worst > 0).all(axis=-1), -np.log(np.abs(worst).max(axis=-1)), -np.inf)
        return np.asarray(found.mean(axis=-1))

    def start(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        return -np.log(np.diagonal(c, axis1=1, axis2=2).max(axis=1)) - 1.0

    def climb(self, pool: Pool, information: np.ndarray, own: np.ndarray, barrier: float) -> Climb:
        positive(information)
        draws = len(own)
        rows, k = rows_of(pool)
        inverse, c = variances(information, pool.wanted)
        v = np.diagonal(c, axis1=1, axis2=2)
        room = -np.log(v) - own[:, None]
        if not (room > 0).all():
            raise np.linalg.LinAlgError("outside the barrier")
        share = barrier / room
        y = rows @ inverse @ np.swapaxes(pool.wanted, 1, 2)
        slopes = by_candidate(y * y, k) / v[:, None, :]
        weighted = (y * (share / v)[:, None, :]) @ np.swapaxes(y, 1, 2)
        whole = rows @ inverse @ np.swapaxes(rows, 1, 2)
        bent = share * share / barrier
        outer = (slopes * (share - bent)[:, None, :]) @ np.swapaxes(slopes, 1, 2)
        return Climb(
            float((own + barrier * np.log(room).sum(axis=1)).mean()),
            (slopes @ share[:, :, None])[:, :, 0].mean(axis=0),
            (outer - 2 * together(whole * weighted, k)).mean(axis=0),
            (1 - share.sum(axis=1)) / draws,
            -bent.sum(axis=1) / draws,
            (slopes @ bent[:, :, None])[:, :, 0].T / draws,
        )

    def sensitivity(self, pool: Pool, information: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, float]:
        inverse, c = variances(information, pool.wanted)
        v = np.diagonal(c, axis1=1, axis2=2)
        least = -np.log(v)
        room = least - np.minimum(own, least.min(axis=1) - 1e-14)[:, None]
        share = 1 / room
        share = share / share.sum(axis=1, keepdims=True)
        half = inverse @ np.swapaxes(pool.wanted, 1, 2)
        each, base = traces(pool, (half * (share / v)[:, None, :]) @ np.swapaxes(half, 1, 2))
        slack = (share * least).sum(axis=1) - least.min(axis=1)
        return each + base, float(np.exp(slack.mean()))


class SmallestEigenvalue(Criterion):
    """E: -log lambda_max(C)."""

    def log_value(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        values = np.linalg.eigvalsh(c)
        found = np.where(values[..., 0] >= -1e-9 * values[..., -1], -np.log(np.abs(values[..., -1])), -np.inf)
        return np.asarray(found.mean(axis=-1))

    def start(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        return 0.5 / np.linalg.eigvalsh(c)[:, -1]

    def climb(self, pool: Pool, information: np.ndarray, own: np.ndarray, barrier: float) -> Climb:
        if not (own > 0).all():
            raise np.linalg.LinAlgError("outside the barrier")
        draws = len(own)
        rows, k = rows_of(pool)
        wanted = pool.wanted
        room = information - own[:, None, None] * (np.swapaxes(wanted, 1, 2) @ wanted)
        log = positive(room)
        inverse = np.linalg.inv(room)
        whole = rows @ inverse @ np.swapaxes(rows, 1, 2)
        across = rows @ inverse @ np.swapaxes(wanted, 1, 2)
        inner = wanted @ inverse @ np.swapaxes(wanted, 1, 2)
        return Climb(
            float((np.log(own) + barrier * log).mean()),
            barrier * by_candidate(np.diagonal(whole, axis1=1, axis2=2), k).mean(axis=0),
            -barrier * together(whole * whole, k).mean(axis=0),
            (1 / own - barrier * np.trace(inner, axis1=1, axis2=2)) / draws,
            (-1 / own**2 - barrier * (inner * inner).sum(axis=(1, 2))) / draws,
            barrier * by_candidate((across * across).sum(axis=2), k).T / draws,
        )

    def sensitivity(self, pool: Pool, information: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, float]:
        wanted = pool.wanted
        _, c = variances(information, wanted)
        value = 1 / np.linalg.eigvalsh(c)[:, -1]
        inside = np.minimum(own, value * (1 - 1e-14))
        square = np.swapaxes(wanted, 1, 2) @ wanted
        inverse = np.linalg.inv(information - inside[:, None, None] * square)
        size = np.einsum("sij,sij->s", inverse, square) * value
        each, base = traces(pool, inverse / size[:, None, None])
        return each + base, 1.0


class Condition(Criterion):
    """Modified E: log lambda_min(F) - log lambda_max(F) of the information F = K^-1 M K'^-1 of the quantities.

    The ratio of two eigenvalues does not grow with M, and its mean over draws can have several best designs; the mean
    information is used instead.
    """

    averages: ClassVar[bool] = False

    def log_value(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        d = information.shape[-1]
        values = np.linalg.eigvalsh(c)[..., -d:]
        found = np.where(values[..., 0] > 0, np.log(np.abs(values[..., 0])) - np.log(np.abs(values[..., -1])), -np.inf)
        return np.asarray(found.mean(axis=-1))

    def start(self, information: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        _, c = variances(information, wanted)
        return 0.5 / np.linalg.eigvalsh(c)[:, -1]

    def climb(self, pool: Pool, information: np.ndarray, own: np.ndarray, barrier: float) -> Climb:
        if not (own > 0).all():
            raise np.linalg.LinAlgError("outside the barrier")
        rows, k = rows_of(pool)
        wanted = pool.wanted
        square = np.swapaxes(wanted, 1, 2) @ wanted
        below, above = information - own[:, None, None] * square, square - information
        log = positive(below) + positive(above)
        first, second = np.linalg.inv(below), np.linalg.inv(above)
        one, two = (rows @ matrix @ np.swapaxes(rows, 1, 2) for matrix in (first, second))
        across = rows @ first @ np.swapaxes(wanted, 1, 2)
        inner = wanted @ first @ np.swapaxes(wanted, 1, 2)
        difference = np.diagonal(one - two, axis1=1, axis2=2)
        return Climb(
            float((np.log(own) + barrier * log).mean()),
            barrier * by_candidate(difference, k).mean(axis=0),
            -barrier * together(one * one + two * two, k).mean(axis=0),
            1 / own - barrier * np.trace(inner, axis1=1, axis2=2),
            -1 / own**2 - barrier * (inner * inner).sum(axis=(1, 2)),
            barrier * by_candidate((across * across).sum(axis=2), k).T,
        )

    def sensitivity(self, pool: Pool, information: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, float]:
        wanted = pool.wanted
        d = information.shape[-1]
        square = np.swapaxes(wanted, 1, 2) @ wanted
        _, c = variances(information, wanted)
        values = np.linalg.eigvalsh(c)[:, -d:]
        ratio = float((values[:, 0] / values[:, -1])[0])
        # the multipliers of both barriers, at the scale at which the weights were found
        least, total = own
        above = np.linalg.inv(total * information - least * square)
        below = np.linalg.inv(square - total * information)
        sums: list[np.ndarray] = []
        for matrix in (above, below):
            each, base = traces(pool, matrix / np.einsum("sij,sij->s", matrix, square)[:, None, None])
            sums.append(each + base)
        return sums[0] / sums[1] / ratio, 1.0
