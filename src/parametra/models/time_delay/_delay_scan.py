"""The likelihood of delays of two curves that are one Gaussian process: a grid, its maxima, and what is below them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.markov_process import whitened
from parametra.models.time_delay._two_curves import Curves

_MOST_LANES = 400
"""Delays that are computed side by side, limited by memory."""
_MOST_POINTS = 801
"""Delays of a profile."""
_FACTORS = (0.05, 200.0)
"""Between which a factor of the errors is looked for."""
_FIRMEST = 0.1
"""The least curvature of the log-likelihood along the logarithm of amplitude, timescale or factor: a prior of e^3."""


class Peak(NamedTuple):
    """A point of the likelihood.

    Arguments:
        delay, amplitude, timescale: where.
        factor: of all standard errors.
        height: the log-likelihood.
    """

    delay: float
    amplitude: float
    timescale: float
    factor: float
    height: float


@dataclass(frozen=True)
class Scan:
    """Likelihoods of many delays and processes side by side, means solved for."""

    curves: Curves
    kernel: str
    degree: int
    scaled: bool = False

    def log_likelihood(self, delay: Any, amplitude: Any, timescale: Any, factor: Any = 1.0) -> Float[np.ndarray, " m"]:
        """The log-likelihood at each of m delays; amplitude, timescale and factor of the errors are numbers or (m,)."""
        lanes = np.broadcast_arrays(*(np.atleast_1d(each) for each in (delay, amplitude, timescale, factor)))
        starts = range(0, lanes[0].size, _MOST_LANES)
        return np.concatenate([self._some(*(each[i : i + _MOST_LANES] for each in lanes)) for i in starts])

    def _some(self, *lanes: np.ndarray) -> np.ndarray:
        y, x, logarithms = self._whitened(*lanes)
        normal = np.swapaxes(x, 1, 2) @ x
        normal += 1e-12 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(normal.shape[-1])
        right = np.swapaxes(x, 1, 2) @ y[..., None]
        explained = np.sum(right * np.linalg.solve(normal, right), axis=(1, 2))
        return -0.5 * (np.sum(y**2, axis=1) - explained) - 0.5 * logarithms

    def _whitened(
        self, delay: np.ndarray, amplitude: np.ndarray, timescale: np.ndarray, factor: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values (m, n) and columns of the means (m, n, k), whitened, and the logarithm of |2 pi C| (m,)."""
        curves = self.curves
        places = curves.time - delay[:, None] * curves.image
        order = np.argsort(places, axis=1)
        places = np.take_along_axis(places, order, axis=1)
        gaps = np.diff(places, axis=1, prepend=places[:, :1]) / timescale[:, None]
        rows = np.concatenate([curves.value[:, None], curves.design(self.degree)], axis=1)[order]
        left, spread = whitened(self.kernel, gaps, amplitude, (factor[:, None] * curves.error[order]) ** 2, rows)
        left = left / np.sqrt(spread)[..., None]
        return left[..., 0], left[..., 1:], np.sum(np.log(2 * math.pi * spread), axis=1)

    def grid(self, low: float, high: float) -> Float[np.ndarray, " m"]:
        """Delays closer than the observations, as far as there are not too many of them."""
        return np.linspace(low, high, int(min(_MOST_POINTS, max(41, 2 * (high - low) / self.curves.spacing))) | 1)

    def peaks(self, grid: Float[np.ndarray, " m"], count: int) -> list[Peak]:
        """The highest local maxima over the grid, each followed uphill."""
        process = self.process()
        tops = _tops(self.log_likelihood(grid, *process), count)
        return self.climb(grid[tops], process, (float(grid[0]), float(grid[-1])), float(grid[1] - grid[0]))

    def means(self, peak: Peak) -> list[float]:
        """The coefficients of the means there."""
        y, x, _ = self._whitened(*(np.array([each]) for each in peak[:4]))
        return [float(each) for each in np.linalg.lstsq(x[0], y[0], rcond=None)[0]]

    def residual(self, peak: Peak) -> float:
        """The root mean square of the whitened residuals, for their degrees of freedom."""
        y, x, _ = self._whitened(*(np.array([each]) for each in peak[:4]))
        left = y[0] - x[0] @ np.linalg.lstsq(x[0], y[0], rcond=None)[0]
        return math.sqrt(float(left @ left) / max(left.size - x.shape[-1], 1))

    def process(self) -> tuple[float, float, float]:
        """Amplitude and timescale of the two curves, each by itself, and the factor of the errors."""
        curves = self.curves
        own = [np.var(v) - np.mean(e**2) for _, v, e in map(curves.of_image, (0, 1))]
        usual = math.sqrt(max(float(np.mean(own)), 1e-2 * float(np.mean(curves.error**2))))
        amplitudes = usual * np.geomspace(0.3, 3.0, 6)
        timescales = np.geomspace(max(curves.spacing, 1e-3 * curves.span), curves.span, 10)
        factors = np.geomspace(0.5, 8.0, 5) if self.scaled else np.ones(1)
        a, b, c = (each.ravel() for each in np.meshgrid(amplitudes, timescales, factors))
        # far enough apart two curves know nothing of each other
        best = int(np.argmax(self.log_likelihood(np.full(a.size, 100 * curves.span), a, b, c)))
        return float(a[best]), float(b[best]), float(c[best])

    def climb(
        self, delays: np.ndarray, process: tuple[float, float, float], limits: tuple[float, float], step: float
    ) -> list[Peak]:
        """From each delay uphill, the process free, and the factor of the errors where it is."""
        count = delays.size
        points = np.concatenate([delays[:, None], np.tile(np.log(process), (count, 1))], axis=1)
        widths = np.tile([step, 0.3, 0.5, 0.3], (count, 1))
        best = self._at(points)
        moves = np.concatenate([np.eye(4)[: 3 + self.scaled], -np.eye(4)[: 3 + self.scaled]])
        for _ in range(40 if self.scaled else 30):
            tried = points[:, None, :] + moves * widths[:, None, :]
            tried[..., 0] = np.clip(tried[..., 0], *limits)
            tried[..., 2] = np.clip(tried[..., 2], *np.log([0.1 * self.curves.spacing, 100 * self.curves.span]))
            tried[..., 3] = np.clip(tried[..., 3], *np.log(_FACTORS))
            values = self._at(tried.reshape(-1, 4)).reshape(count, len(moves))
            chosen = np.argmax(values, axis=1)
            gain = values[np.arange(count), chosen] > best + 1e-6
            # the better of both sides of each coordinate, where that is better still
            points = np.where(gain[:, None], tried[np.arange(count), chosen], points)
            best = np.where(gain, values[np.arange(count), chosen], best)
            widths = np.where(gain[:, None], widths, 0.5 * widths)
            if widths[:, 1].max() < 0.01:
                break
        rows = zip(points, best, strict=True)
        return [Peak(float(p[0]), math.exp(p[1]), math.exp(p[2]), math.exp(p[3]), float(v)) for p, v in rows]

    def _at(self, points: np.ndarray) -> np.ndarray:
        return self.log_likelihood(points[:, 0], *np.exp(points[:, 1:]).T)

    def weighed(self, peak: Peak, step: float) -> tuple[Peak, float, float]:
        """The peak, the logarithm of the volume below it, and the standard error of its delay."""
        peak, area, error = self._along(peak, step)
        wider, volume = self._open(peak, error)
        return peak, peak.height + math.log(area * wider) + volume, error * wider

    def _open(self, peak: Peak, error: float) -> tuple[float, float]:
        """What a free process adds: how many times wider the delay is, and the logarithm of its volume."""
        free = 2 + self.scaled
        at = np.array([peak.delay, *np.log(peak[1:4])])
        units = np.diag([error or 1e-6 * self.curves.span, 0.05, 0.05, 0.05])[: 1 + free]
        pairs = [(i, j) for i in range(1 + free) for j in range(i + 1)]
        corners = [(units[i] + units[j], units[i] - units[j]) for i, j in pairs]
        values = self._at(np.array([at + sign * each for both in corners for each in both for sign in (1, -1)]))
        bend = np.zeros((1 + free, 1 + free))
        for (i, j), four in zip(pairs, values.reshape(-1, 4), strict=True):
            bend[i, j] = bend[j, i] = -(four[0] + four[1] - four[2] - four[3]) / 4
        bend[1:] /= 0.05
        bend[:, 1:] /= 0.05
        firm, turned = np.linalg.eigh(bend[1:, 1:])
        firm = np.maximum(firm, _FIRMEST)
        # in units of its own error the delay has the curvature 1, of which the others take this away
        taken = float(np.sum((turned.T @ bend[1:, 0]) ** 2 / firm))
        return 1 / math.sqrt(1 - min(taken, 0.96)), -0.5 * float(np.sum(np.log(firm)))

    def _along(self, peak: Peak, step: float) -> tuple[Peak, float, float]:
        """The peak, the area below it along the delay, and half of what holds 68 % of that."""
        process = peak[1:4]
        reach, near, drop = step, np.zeros(2), np.zeros(2)
        for _ in range(12):
            near = np.linspace(-reach, reach, 41)
            drop = self.log_likelihood(peak.delay + near, *process) - peak.height
            outer = drop[np.abs(near) > 0.8 * reach]
            if outer.max() < -6 and (drop > -2).sum() > 8:
                break
            reach *= 0.5 if (drop > -2).sum() <= 8 else 1.5
            # beyond the valley another peak begins, which counts by itself
            if reach > 0.1 * self.curves.span:
                break
        top = int(np.clip(np.argmax(drop), 1, near.size - 2))
        bend = float(drop[top - 1] - 2 * drop[top] + drop[top + 1])
        shift = 0.5 * float(drop[top - 1] - drop[top + 1]) / bend if bend < 0 else 0.0
        moved = float(near[top] + np.clip(shift, -1, 1) * (near[1] - near[0]))
        higher = float(self.log_likelihood(peak.delay + moved, *process)[0])
        if higher > peak.height:
            near, drop = near - moved, drop + peak.height - higher
            peak = Peak(peak.delay + moved, *process, higher)
        mass = np.exp(np.minimum(drop, 0.0))
        area = float(np.sum(mass)) * float(near[1] - near[0])
        share = np.cumsum(mass) / mass.sum()
        low, high = np.interp([0.16, 0.84], share, near)
        return peak, area, 0.5 * float(high - low)


def _tops(values: Float[np.ndarray, " m"], count: int) -> np.ndarray:
    """Places of the highest local maxima."""
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    tops = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
    return tops[np.argsort(values[tops])[::-1][:count]]
