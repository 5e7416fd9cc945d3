"""The likelihood of every delay, with all of its optima: how sure a delay is, and what else it may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.markov_process import KERNELS, whitened
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, did_you_mean

_MOST_LANES = 400
"""Delays that are computed side by side, limited by memory."""
_MOST_POINTS = 801
"""Delays of a profile."""


@dataclass(frozen=True)
class Optimum:
    """A local maximum of the likelihood of the delay.

    Arguments:
        delay: by how much B lags A.
        standard_error: from the likelihood about it, averaged over the maximum: half of what holds 68 % of it.
        log_likelihood: the best there, all other parameters free.
        share: of the posterior under a flat prior of the delay, among all optima.
        amplitude, timescale: of the process there.
    """

    delay: float
    standard_error: float
    log_likelihood: float
    share: float
    amplitude: float
    timescale: float


@dataclass(frozen=True, repr=False)
class DelayProfile:
    """The profile of the likelihood over the delay.

    Arguments:
        delay, log_likelihood: (m,), the process as at the best optimum, the means solved for at each delay.
        optima: the local maxima, most probable first, their processes estimated for each of them.
        kernel: of the process.
    """

    delay: Float[np.ndarray, " m"]
    log_likelihood: Float[np.ndarray, " m"]
    optima: tuple[Optimum, ...]
    kernel: str

    @property
    def best(self) -> Optimum:
        """The most probable one."""
        return self.optima[0]

    @property
    def alone(self) -> bool:
        """Whether no other optimum holds more than a hundredth of the probability."""
        return all(each.share < 0.01 for each in self.optima[1:])

    def table(self) -> list[dict[str, Any]]:
        """The optima, one record each."""
        return [dict(vars(each)) for each in self.optima]

    def __repr__(self) -> str:
        word = "one delay stands out" if self.alone else "more than one delay is possible"
        lines = [f"{word} ({self.kernel}; shares under a flat prior between {self.delay[0]:g} and {self.delay[-1]:g})"]
        lines += [
            f"  {each.delay:10.4g} +- {each.standard_error:<8.2g} log-likelihood {each.log_likelihood:.2f}   "
            f"{100 * each.share:.3g} %"
            for each in self.optima
        ]
        return "\n".join(lines)


def delay_profile(
    data: Data,
    *,
    delays: tuple[float, float] | None = None,
    kernel: str = "matern32",
    microlensing: int = 0,
    most: int = 8,
) -> DelayProfile:
    """The likelihood of each delay of two curves that are one Gaussian process, and its local optima.

    Good for: seeing whether a delay is the only one before it is quoted. Prefer the model
    `time_delay.gaussian_process` for errors, correlations and everything else about one of the optima.

    Arguments:
        data: with inputs `time` and `image`; `two_curves` makes such.
        delays: between which delays to look; None takes half the span to both sides.
        kernel: "matern32" or "damped_random_walk".
        microlensing: degree of the polynomial in time by which B differs from A beside its offset.
        most: how many optima to report.

    Raises:
        ModelError: an unknown kernel, a degree that is not 0 to 8, limits in the wrong order.
        DataError: data that are not two curves.

    Source: Tak and others (2017), doi:10.1214/17-AOAS1027
    """
    if kernel not in KERNELS:
        raise ModelError(f'kernel="{kernel}": ' + did_you_mean(kernel, KERNELS))
    if not 0 <= microlensing <= 8:
        raise ModelError(f"microlensing is the degree of a polynomial, 0 to 8; {microlensing!r} came.")
    curves = Curves.of(data)
    low, high = delays or (-0.5 * curves.span, 0.5 * curves.span)
    if not -math.inf < low < high < math.inf:
        raise ModelError(f"delays=({low:g}, {high:g}): the lower limit comes first, and both are finite.")
    scan = Scan(curves, kernel, microlensing)
    grid = scan.grid(low, high)
    peaks = scan.peaks(grid, 2 * most)
    best = peaks[int(np.argmax([each[3] for each in peaks]))]
    profile = scan.log_likelihood(grid, best[1], best[2])
    found = _merged([scan.weighed(each, float(grid[1] - grid[0])) for each in peaks])[:most]
    total = np.logaddexp.reduce([each[1] for each in found])
    optima = tuple(
        Optimum(float(np.clip(p[0], low, high)), error, p[3], float(np.exp(mass - total)), p[1], p[2])
        for (p, mass, error) in found
    )
    return DelayProfile(grid, profile, tuple(sorted(optima, key=lambda each: -each.share)), kernel)


@dataclass(frozen=True)
class Scan:
    """Likelihoods of many delays and processes side by side, means solved for."""

    curves: Curves
    kernel: str
    degree: int

    def log_likelihood(self, delay: Any, amplitude: Any, timescale: Any) -> Float[np.ndarray, " m"]:
        """The log-likelihood at each of m delays; amplitude and timescale are numbers or (m,)."""
        delay, amplitude, timescale = np.broadcast_arrays(*(np.atleast_1d(e) for e in (delay, amplitude, timescale)))
        parts = [
            self._some(delay[i : i + _MOST_LANES], amplitude[i : i + _MOST_LANES], timescale[i : i + _MOST_LANES])
            for i in range(0, delay.size, _MOST_LANES)
        ]
        return np.concatenate(parts)

    def _some(self, delay: np.ndarray, amplitude: np.ndarray, timescale: np.ndarray) -> np.ndarray:
        y, x, logarithms = self._whitened(delay, amplitude, timescale)
        normal = np.swapaxes(x, 1, 2) @ x
        normal += 1e-12 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(normal.shape[-1])
        right = np.swapaxes(x, 1, 2) @ y[..., None]
        explained = np.sum(right * np.linalg.solve(normal, right), axis=(1, 2))
        return -0.5 * (np.sum(y**2, axis=1) - explained) - 0.5 * logarithms

    def _whitened(
        self, delay: np.ndarray, amplitude: np.ndarray, timescale: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values (m, n) and columns of the means (m, n, k), whitened, and the logarithm of |2 pi C| (m,)."""
        curves = self.curves
        places = curves.time - delay[:, None] * curves.image
        order = np.argsort(places, axis=1)
        places = np.take_along_axis(places, order, axis=1)
        gaps = np.diff(places, axis=1, prepend=places[:, :1]) / timescale[:, None]
        rows = np.concatenate([curves.value[:, None], curves.design(self.degree)], axis=1)[order]
        left, spread = whitened(self.kernel, gaps, amplitude, curves.error[order] ** 2, rows)
        left = left / np.sqrt(spread)[..., None]
        return left[..., 0], left[..., 1:], np.sum(np.log(2 * math.pi * spread), axis=1)

    def grid(self, low: float, high: float) -> Float[np.ndarray, " m"]:
        """Delays closer than the observations, as far as there are not too many of them."""
        return np.linspace(low, high, int(min(_MOST_POINTS, max(41, 2 * (high - low) / self.curves.spacing))) | 1)

    def peaks(self, grid: Float[np.ndarray, " m"], count: int) -> list[tuple[float, float, float, float]]:
        """The highest local maxima over the grid, each followed uphill: (delay, amplitude, timescale, likelihood)."""
        process = self.process()
        tops = _tops(self.log_likelihood(grid, *process), count)
        return self.climb(grid[tops], process, (float(grid[0]), float(grid[-1])), float(grid[1] - grid[0]))

    def means(self, delay: float, amplitude: float, timescale: float) -> list[float]:
        """The coefficients of the means at one delay."""
        y, x, _ = self._whitened(*(np.array([each]) for each in (delay, amplitude, timescale)))
        return [float(each) for each in np.linalg.lstsq(x[0], y[0], rcond=None)[0]]

    def process(self) -> tuple[float, float]:
        """Amplitude and timescale of the two curves, each by itself."""
        curves = self.curves
        own = [np.var(v) - np.mean(e**2) for _, v, e in map(curves.of_image, (0, 1))]
        usual = math.sqrt(max(float(np.mean(own)), 1e-2 * float(np.mean(curves.error**2))))
        amplitudes = usual * np.geomspace(0.3, 3.0, 6)
        timescales = np.geomspace(max(curves.spacing, 1e-3 * curves.span), curves.span, 10)
        a, b = (each.ravel() for each in np.meshgrid(amplitudes, timescales))
        # far enough apart two curves know nothing of each other
        best = int(np.argmax(self.log_likelihood(np.full(a.size, 100 * curves.span), a, b)))
        return float(a[best]), float(b[best])

    def climb(
        self, delays: np.ndarray, process: tuple[float, float], limits: tuple[float, float], step: float
    ) -> list[tuple[float, float, float, float]]:
        """From each delay uphill, the process free: (delay, amplitude, timescale, log-likelihood)."""
        count = delays.size
        points = np.stack([delays, np.full(count, math.log(process[0])), np.full(count, math.log(process[1]))], axis=1)
        widths = np.tile([step, 0.3, 0.5], (count, 1))
        best = self._at(points)
        moves = np.concatenate([np.eye(3), -np.eye(3)])
        for _ in range(30):
            tried = points[:, None, :] + moves * widths[:, None, :]
            tried[..., 0] = np.clip(tried[..., 0], *limits)
            tried[..., 2] = np.clip(tried[..., 2], *np.log([0.1 * self.curves.spacing, 100 * self.curves.span]))
            values = self._at(tried.reshape(-1, 3)).reshape(count, len(moves))
            chosen = np.argmax(values, axis=1)
            gain = values[np.arange(count), chosen] > best + 1e-6
            # the better of both sides of each coordinate, where that is better still
            points = np.where(gain[:, None], tried[np.arange(count), chosen], points)
            best = np.where(gain, values[np.arange(count), chosen], best)
            widths = np.where(gain[:, None], widths, 0.5 * widths)
            if widths[:, 1].max() < 0.01:
                break
        rows = zip(points, best, strict=True)
        return [(float(p[0]), math.exp(p[1]), math.exp(p[2]), float(value)) for p, value in rows]

    def _at(self, points: np.ndarray) -> np.ndarray:
        return self.log_likelihood(points[:, 0], np.exp(points[:, 1]), np.exp(points[:, 2]))

    def weighed(
        self, peak: tuple[float, float, float, float], step: float
    ) -> tuple[tuple[float, float, float, float], float, float]:
        """The peak, the logarithm of the area below it, and half of what holds 68 % of that."""
        reach, near, drop = step, np.zeros(2), np.zeros(2)
        for _ in range(12):
            near = np.linspace(-reach, reach, 41)
            drop = self.log_likelihood(peak[0] + near, peak[1], peak[2]) - peak[3]
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
        higher = float(self.log_likelihood(peak[0] + moved, peak[1], peak[2])[0])
        if higher > peak[3]:
            near, drop = near - moved, drop + peak[3] - higher
            peak = (peak[0] + moved, peak[1], peak[2], higher)
        mass = np.exp(np.minimum(drop, 0.0))
        area = float(np.sum(mass)) * float(near[1] - near[0])
        share = np.cumsum(mass) / mass.sum()
        low, high = np.interp([0.16, 0.84], share, near)
        return peak, peak[3] + math.log(area), 0.5 * float(high - low)


def _tops(values: Float[np.ndarray, " m"], count: int) -> np.ndarray:
    """Places of the highest local maxima."""
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    tops = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
    return tops[np.argsort(values[tops])[::-1][:count]]


def _merged(found: list[tuple[Any, float, float]]) -> list[tuple[Any, float, float]]:
    """Each peak once: a climb that ended within the width of a higher one is that one."""
    kept: list[tuple[Any, float, float]] = []
    for each in sorted(found, key=lambda one: -one[0][3]):
        if all(abs(each[0][0] - other[0][0]) > 2 * max(each[2], other[2]) for other in kept):
            kept.append(each)
    return kept
