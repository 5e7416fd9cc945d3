"""Noise of values above zero: sizes, concentrations, costs. Lifetimes are in noise_lifetimes.py.

noise        prediction    parameter    least squares
LogNormal    the median    sigma        yes, of logs
Gamma        the mean      shape        no
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.special import (
    expm1,
    log_gamma,
    log_gamma_lower,
    log_gamma_upper,
    log_minus_digamma,
    log_normal_cdf,
    stirling_rest,
    trigamma_minus_inverse,
)
from parametra.nouns._noise_contract import Noise, Scatter, Working
from parametra.nouns._noise_positive import ABOVE_ZERO, Waiting, log_ratio, probability_or
from parametra.nouns._noise_settings import (
    refuse_to_simulate,
    refuse_values,
)
from parametra.nouns._noise_spread import Spread
from parametra.nouns.data import Data

_ALIKE = 1e-3
"""What logarithms are guessed to scatter by when all values are the same."""


@dataclass(frozen=True)
class LogNormal(Spread, kind="lognormal"):
    """Log-normal scatter: log density = -1/2 (log(y/prediction)/s)^2 - log s - log y - 1/2 log(2 pi).

    The prediction is the median; s is the standard deviation of log y, about the relative error where it is small.
    Good for positive values whose errors multiply: concentrations, masses, prices. It is least squares of logs, and is
    fitted so. Prefer `Normal(proportional=True)` when errors are relative but may be negative.

    Arguments:
        sigma, scale, guess: as in `Normal`, all for log y: a column of standard deviations holds those of log y.
        common: True for one estimated sigma, or scale, of all outputs that say so: logarithms have no unit, so outputs
            of different units may scatter alike. It is then solved for in closed form, as that of a single output is.
            A problem refuses it where the standard deviations are given, and where outputs that say so differ in their
            guess, or in what is estimated.

    Raises:
        NoiseError: sigma that is not above zero, contradicting settings, data that are not above zero.
    """

    sigma: Any = None
    scale: str = "known"
    guess: Any = field(default=None, kw_only=True)
    common: bool = field(default=False, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    _sharing: tuple[str, ...] = field(default=(), kw_only=True, repr=False)
    width_word: ClassVar[str] = "standard deviation of the logarithm"
    support: ClassVar[str] = "positive"
    of_logarithms: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.validate()

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, "lognormal", wrong=lambda y: ~(y > 0), wanted=ABOVE_ZERO)
        return super().settle(data_sets, output)

    def typical_scatter(self, observed: np.ndarray) -> float:
        return float(np.std(np.log(observed))) or _ALIKE

    @property
    def affine(self) -> bool:
        return False

    @property
    def profiles_scale(self) -> bool:
        return self.estimated_role is not None

    def residuals(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        return scatter.xp.where(possible, -ratio, math.inf) / self._given(scatter)

    def log_density(self, scatter: Scatter) -> Any:
        ratio, log_observed, possible = log_ratio(scatter)
        width = self.width(scatter)
        density = -0.5 * (ratio / width) ** 2 - scatter.xp.log(width) - log_observed - 0.5 * math.log(2 * math.pi)
        return scatter.xp.where(possible, density, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        return probability_or(scatter, possible, log_normal_cdf(ratio / self.width(scatter), xp=scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        return probability_or(scatter, possible, log_normal_cdf(-ratio / self.width(scatter), xp=scatter.xp), 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        xp, shape = scatter.xp, np.shape(scatter.predicted)
        ratio, _, possible = log_ratio(scatter)
        width = self.width(scatter)
        z, median = ratio / width, xp.where(possible, scatter.predicted, 1.0)
        information = xp.broadcast_to(xp.where(possible, 1 / (width * median) ** 2, 0.0), shape)
        rows = [Working(scatter.predicted, z / (width * median), information)]
        if self.estimated_role is not None:
            by = xp.broadcast_to(self.estimated_width(scatter, self.estimated_role), shape)
            rows.append(Working(by, (z**2 - 1) / by, 2 / by**2))
        return tuple(rows)

    def standard_deviation(self, scatter: Scatter) -> Any:
        square = self.width(scatter) ** 2
        return scatter.predicted * scatter.xp.sqrt(expm1(square, xp=scatter.xp) * scatter.xp.exp(square))

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate("lognormal", scatter, predicted > 0, "above zero")
        return predicted * np.exp(np.asarray(self.width(scatter)) * generator.standard_normal(predicted.shape))

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("lognormal", self.sigma_kind, self.scale, self.common)

    def describe(self) -> str:
        return f"log-normal, {self.describewidth()}"


@dataclass(frozen=True)
class Gamma(Waiting, kind="gamma"):
    """Gamma scatter: log density = k log(k/mu) + (k - 1) log y - k y/mu - log Gamma(k), mu the prediction.

    The prediction is the mean, and the standard deviation is mu / sqrt(k): errors in proportion, skewed. Good for
    costs, rainfall, waiting times of several steps; a generalised linear model has dispersion = 1/k. Prefer `LogNormal`
    for a heavier tail and for speed.

    Arguments:
        shape: k, a number above zero, or "estimated" (a parameter named shape). 1 is `Exponential`.
        guess: where an estimated shape starts; from the data when left out.

    Raises:
        NoiseError: a shape that is not above zero, data that are not above zero.

    Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 8, doi:10.1007/978-1-4899-3242-6
    """

    shape: Any = "estimated"
    guess: Any = field(default=None, kw_only=True)
    kind: ClassVar[str] = "gamma"
    word: ClassVar[str] = "gamma around the mean"

    def __post_init__(self) -> None:
        self.check_settings()

    @staticmethod
    def shape_of(observed: np.ndarray) -> float:
        return float(np.mean(observed) ** 2 / np.var(observed))

    def log_density(self, scatter: Scatter) -> Any:
        xp, k = scatter.xp, self.shape_at(scatter)
        ratio, log_observed, possible = log_ratio(scatter)
        # y/mu - 1 - log(y/mu) has no cancellation, nor has what is left of log Gamma
        excess = expm1(ratio, xp=xp) - ratio
        return xp.where(possible, _log_peak(k, xp) - log_observed - k * excess, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        k = self.shape_at(scatter)
        value = log_gamma_lower(k, k * scatter.xp.exp(ratio), xp=scatter.xp)
        return probability_or(scatter, possible, value, -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        k = self.shape_at(scatter)
        value = log_gamma_upper(k, k * scatter.xp.exp(ratio), xp=scatter.xp)
        return probability_or(scatter, possible, value, 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Mean and shape have no information in common: k/mu^2 and trigamma(k) - 1/k."""
        xp, k = scatter.xp, self.shape_at(scatter)
        ratio, _, possible = log_ratio(scatter)
        mean = xp.where(possible, scatter.predicted, 1.0)
        beyond = expm1(ratio, xp=xp)
        score = log_minus_digamma(k, xp) - (beyond - ratio)
        return (
            Working(scatter.predicted, k * beyond / mean, xp.where(possible, k / mean**2, 0.0)),
            *self.shape_row(scatter, score, trigamma_minus_inverse(k, xp)),
        )

    def standard_deviation(self, scatter: Scatter) -> Any:
        return scatter.predicted / scatter.xp.sqrt(self.shape_at(scatter))

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate("gamma", scatter, predicted > 0, "above zero")
        k = np.broadcast_to(np.asarray(self.shape_at(scatter)), predicted.shape)
        return predicted / k * generator.standard_gamma(k)


def _log_peak(k: Any, xp: Any) -> Any:
    """The log density at the mean, less -log y: k log k - k - log Gamma(k), near 1/2 log(k / 2 pi) for large k."""
    large = xp.real(k) > 20.0
    far, near = xp.where(large, k, 40.0), xp.where(large, 1.0, k)
    series = 0.5 * xp.log(far / (2 * math.pi)) - stirling_rest(far)
    return xp.where(large, series, near * xp.log(near) - near - log_gamma(near, xp=xp))
