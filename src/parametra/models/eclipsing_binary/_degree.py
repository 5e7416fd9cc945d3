"""The degree of a trigonometric polynomial that the data ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.eclipsing_binary._numbers import numbers
from parametra.nouns.errors import DataError

MOST = 60
"""The highest degree that is tried."""

_CLOSE = 1.5
"""How much larger than the least residual that of a degree may be which is thought of."""


@dataclass(frozen=True)
class Degree:
    """The degree at which the smoothing curve is most accurate, and how accurate it is at every degree.

    Arguments:
        best: the degree of the least error.
        errors: root mean square error of the curve by degree, from 0 on, in the unit of the values.
        residual: standard deviation of the residuals by degree.
    """

    best: int
    errors: tuple[float, ...]
    residual: tuple[float, ...]

    @property
    def parameters(self) -> int:
        """How many coefficients the best polynomial has."""
        return 2 * self.best + 1

    def table(self) -> list[dict[str, float | int]]:
        """One row a degree."""
        rows = zip(self.errors, self.residual, strict=True)
        return [{"degree": k, "parameters": 2 * k + 1, "error": e, "residual": r} for k, (e, r) in enumerate(rows)]

    def __repr__(self) -> str:
        return f"Degree(best={self.best}, error={self.errors[self.best]:.4g}, tried=0..{len(self.errors) - 1})"


def optimal_degree(
    phase: Any,
    values: Any,
    sigma: Any = None,
    most: int = MOST,
) -> Degree:
    """The trigonometric polynomial of the statistically optimal degree (Andronov): the least error of the curve.

        error(s)^2 = m / n * residual(s)^2,     residual(s)^2 = RSS(s) / (n - m),     m = 2 s + 1

    More terms bring the curve nearer to the data and make it noisier; the error has its minimum between. It tells only
    of noise, so that a flat line may seem accurate beside narrow eclipses: degrees that leave residuals 1.5 times the
    least do not count. Prefer `pm.compare` where models of other kinds are at hand.

    Arguments:
        phase: (n,), in cycles.
        values: magnitudes, say.
        sigma: standard deviations, of which only the ratios count.
        most: the highest degree to try; never more than leaves as many points as parameters over.

    Raises:
        DataError: what is no list of numbers, lengths that differ, values that are not finite, standard deviations not
            above zero, fewer than 3 points.
    """
    phase, values = numbers(phase, "phases"), numbers(values, "values")
    sigma = np.ones(values.shape) if sigma is None else numbers(sigma, "standard deviations")
    if phase.ndim != 1 or not phase.shape == values.shape == sigma.shape:
        raise DataError(
            "a degree is chosen from phases, values and standard deviations of one length; they have the shapes "
            f"{phase.shape}, {values.shape} and {sigma.shape}."
        )
    if not (np.isfinite([phase, values, sigma]).all() and (sigma > 0).all()):
        raise DataError(
            "a degree is chosen from finite phases and values, and standard deviations above zero; leave out the rows "
            "without."
        )
    count = values.size
    if count < 3:
        raise DataError(f"a degree is chosen from 3 points at least; {count} came.")
    most = max(0, min(most, (count - 2) // 4))
    root = 1 / sigma
    root = root * np.sqrt(count / np.sum(root**2))
    wanted = (values - np.average(values, weights=root**2)) * root
    orthogonal, _ = np.linalg.qr(terms(phase, most) * root[:, None])
    explained = np.cumsum((orthogonal.T @ wanted) ** 2)[::2]
    m = 2 * np.arange(most + 1) + 1
    variance = np.maximum(np.sum(wanted**2) - explained, 0.0) / (count - m)
    errors, residual = np.sqrt(variance * m / count), np.sqrt(variance)
    best = int(np.argmin(np.where(residual <= _CLOSE * residual.min(), errors, np.inf)))
    return Degree(best, tuple(map(float, errors)), tuple(map(float, residual)))


def terms(phase: Float[np.ndarray, " n"], degree: int) -> Float[np.ndarray, "n m"]:
    """Columns 1, cos 2 pi f, sin 2 pi f, cos 4 pi f, ... up to a degree."""
    angle = 2 * np.pi * phase[:, None] * np.arange(1, degree + 1)
    waves = np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(phase.size, -1)
    return np.concatenate([np.ones((phase.size, 1)), waves], axis=1)
