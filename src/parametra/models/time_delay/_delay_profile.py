"""The likelihood of every delay, with all of its optima: how sure a delay is, and what else it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.markov_process import KERNELS
from parametra.models.time_delay._delay_scan import Peak, Scan
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, did_you_mean

_ERRORS = ("auto", "stated", "scaled")
_GAIN = 2.0
"""By how much a factor of the errors has to raise the log-likelihood so that they are not taken as stated."""


@dataclass(frozen=True)
class Optimum:
    """A local maximum of the likelihood of the delay.

    Arguments:
        delay: by how much B lags A.
        standard_error: from the likelihood about it, averaged over the maximum: half of what holds 68 % of it, widened
            by what the process and the factor of the errors leave open.
        log_likelihood: the best there, all other parameters free.
        share: of the posterior under a flat prior of the delay, among all optima.
        amplitude, timescale: of the process there.
        error_factor: by which the errors are multiplied there.
    """

    delay: float
    standard_error: float
    log_likelihood: float
    share: float
    amplitude: float
    timescale: float
    error_factor: float


@dataclass(frozen=True, repr=False)
class DelayProfile:
    """The profile of the likelihood over the delay.

    Arguments:
        delay, log_likelihood: (m,), the process as at the best optimum, the means solved for at each delay.
        optima: the local maxima, most probable first, their processes estimated for each of them.
        kernel: of the process.
        microlensing: degree of the polynomial between the images.
        errors: "stated", or "scaled" where a factor of them was free.
        residual: the root mean square of the whitened residuals at the best optimum, 1 where the model holds.
        stated_factor: the best factor of the stated errors, whether it was used or not; about 1 where they are right.
    """

    delay: Float[np.ndarray, " m"]
    log_likelihood: Float[np.ndarray, " m"]
    optima: tuple[Optimum, ...]
    kernel: str
    microlensing: int
    errors: str
    residual: float
    stated_factor: float

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

    def _of_errors(self) -> str:
        if self.errors == "stated":
            words = "errors as stated"
            # a factor that the data ask for and that the caller forbade
            return words if self.stated_factor < 1.1 else f"{words}; {self.stated_factor:.2f} times as large fit best"
        return f"errors scaled by {self.stated_factor:.2f}, the best factor"

    def __repr__(self) -> str:
        word = "one delay stands out under this model" if self.alone else "more than one delay is possible"
        lines = [f"{word} ({self.kernel}; shares under a flat prior between {self.delay[0]:g} and {self.delay[-1]:g})"]
        lines.append(f"  {self._of_errors()}; whitened residuals {self.residual:.2f}, where 1 is expected")
        apart = "only an offset" if self.microlensing == 0 else f"a polynomial of degree {self.microlensing}"
        lines.append(f"  the images differ by {apart} in this model; try others before quoting an error")
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
    errors: str = "auto",
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
        errors: "stated" takes the standard errors as they are, "scaled" leaves one factor of all of them free, and
            "auto" does so where the data state none, or where larger ones make the data clearly likelier.
        most: how many optima to report.

    Amplitude, timescale and the factor are integrated over at each optimum, in Gaussian approximation.

    Raises:
        ModelError: an unknown kernel or treatment of errors, a degree that is not 0 to 8, limits in the wrong order.
        DataError: data that are not two curves, delays at which they do not overlap.

    Source: Tak and others (2017), doi:10.1214/17-AOAS1027
    """
    if kernel not in KERNELS:
        raise ModelError(f'kernel="{kernel}": ' + did_you_mean(kernel, KERNELS))
    if not 0 <= microlensing <= 8:
        raise ModelError(f"microlensing is the degree of a polynomial, 0 to 8; {microlensing!r} came.")
    if errors not in _ERRORS:
        raise ModelError(f'errors="{errors}": ' + did_you_mean(errors, _ERRORS))
    if most < 1:
        raise ModelError(f"most is how many optima to report, 1 or more; {most!r} came.")
    curves = Curves.of(data)
    low, high = curves.limits(delays)
    scan, grid, peaks, factor = _chosen(curves, kernel, microlensing, errors, (low, high), 2 * most)
    best = max(peaks, key=lambda each: each.height)
    profile = scan.log_likelihood(grid, best.amplitude, best.timescale, best.factor)
    found = _merged([scan.weighed(each, float(grid[1] - grid[0])) for each in peaks])[:most]
    total = np.logaddexp.reduce([each[1] for each in found])
    optima = tuple(
        Optimum(
            float(np.clip(p.delay, low, high)), error, p.height, float(np.exp(mass - total)), p.amplitude, p.timescale,
            p.factor,
        )
        for (p, mass, error) in found
    )  # fmt: skip
    optima = tuple(sorted(optima, key=lambda each: -each.share))
    treated, size = "scaled" if scan.scaled else "stated", scan.residual(best)
    return DelayProfile(grid, profile, optima, kernel, microlensing, treated, size, factor)


def _chosen(
    curves: Curves, kernel: str, degree: int, errors: str, limits: tuple[float, float], count: int
) -> tuple[Scan, Float[np.ndarray, " m"], list[Peak], float]:
    """The scan with errors as they are to be taken, its grid and peaks, and the best factor of the errors."""
    free = Scan(curves, kernel, degree, scaled=True)
    grid = free.grid(*limits)
    if errors == "scaled" or (errors == "auto" and not curves.stated):
        peaks = free.peaks(grid, count)
        return free, grid, peaks, max(peaks, key=lambda each: each.height).factor
    scan = Scan(curves, kernel, degree)
    peaks = scan.peaks(grid, count)
    best = max(peaks, key=lambda each: each.height)
    # the process that errors too small ask for is a rough one, so the factor begins from both
    starts = [(best.amplitude, best.timescale, 1.0), free.process()]
    step = float(grid[1] - grid[0])
    wider = max((free.climb(np.array([best.delay]), s, limits, step)[0] for s in starts), key=lambda each: each.height)
    if errors == "auto" and wider.factor > 1 and wider.height > best.height + _GAIN:
        peaks = free.peaks(grid, count)
        return free, grid, peaks, max(peaks, key=lambda each: each.height).factor
    return scan, grid, peaks, wider.factor


def _merged(found: list[tuple[Peak, float, float]]) -> list[tuple[Peak, float, float]]:
    """Each peak once: a climb that ended within the width of a higher one is that one."""
    kept: list[tuple[Peak, float, float]] = []
    for each in sorted(found, key=lambda one: -one[0].height):
        if all(abs(each[0].delay - other[0].delay) > 2 * max(each[2], other[2]) for other in kept):
            kept.append(each)
    return kept
