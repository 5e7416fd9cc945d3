"""Noise of lifetimes, whose prediction is the scale, as survival analysis has it.

    noise          prediction               parameter    log y is
    Weibull        the scale                shape        log prediction + Gumbel / shape
    Exponential    the scale, the mean                   the same with shape 1
    LogLogistic    the scale, the median    shape        log prediction + logistic / shape

R's `survreg` fits are exp(b0 + b1 x) here, with shape = 1 / its scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.special import (
    log1m_exp,
    log1p,
    log_gamma,
)
from parametra.nouns._noise_contract import Noise, Scatter, Working
from parametra.nouns._noise_positive import Waiting, log_ratio, probability_or
from parametra.nouns._noise_settings import (
    refuse_to_simulate,
    refuse_values,
)
from parametra.nouns.data import Data

_EULER = 0.57721566490153286


@dataclass(frozen=True)
class Weibull(Waiting, kind="weibull"):
    """Weibull scatter: log density = log k - log y + k log(y/b) - (y/b)^k, b the prediction.

    The prediction is the scale, which 63 % of the values lie below, and not the mean: `survreg`'s Weibull models are
    exp(b0 + b1 x) here, with k = 1 / its scale. Good for lifetimes whose hazard rises (k > 1) or falls as a power of
    time. Prefer `Gamma` when the mean is what the model predicts.

    Arguments:
        shape: k, a number above zero, or "estimated" (a parameter named shape). 1 is `Exponential`.
        guess: where an estimated shape starts; from the data when left out.

    Raises:
        NoiseError: a shape that is not above zero, data that are not above zero.

    Source: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, doi:10.1002/9781118032985
    """

    shape: Any = "estimated"
    guess: Any = field(default=None, kw_only=True)
    kind: ClassVar[str] = "weibull"
    word: ClassVar[str] = "Weibull around the scale"

    def __post_init__(self) -> None:
        self.check_settings()

    @staticmethod
    def shape_of(observed: np.ndarray) -> float:
        return float(math.pi / (math.sqrt(6) * np.std(np.log(observed))))

    def _powers(self, scatter: Scatter) -> tuple[Any, Any, Any, Any, Any]:
        """k, k log(y/b), (y/b)^k, log y, and where they are possible."""
        ratio, log_observed, possible = log_ratio(scatter)
        k = self.shape_at(scatter)
        return k, k * ratio, scatter.xp.exp(k * ratio), log_observed, possible

    def log_density(self, scatter: Scatter) -> Any:
        k, power, passed, log_observed, possible = self._powers(scatter)
        return scatter.xp.where(possible, scatter.xp.log(k) - log_observed + power - passed, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        _, _, passed, _, possible = self._powers(scatter)
        return probability_or(scatter, possible, log1m_exp(-passed, scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        _, _, passed, _, possible = self._powers(scatter)
        return probability_or(scatter, possible, -passed, 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """The mean of log y, log b - euler/k, has information k^2; with 1 - euler in its place, k shares none with it.

        That is q = log b + (1 - euler)/k; the information of k at a given q is pi^2/6 / k^2.
        """
        xp = scatter.xp
        k, power, passed, _, possible = self._powers(scatter)
        scale = xp.where(possible, scatter.predicted, 1.0)
        beyond = passed - 1
        if self.shape != "estimated":
            information = xp.where(possible, (k / scale) ** 2, 0.0)
            return (Working(scatter.predicted, k * beyond / scale, information),)
        rest = 1 - _EULER
        centre = Working(xp.log(scale) + rest / k, k * beyond, xp.where(possible, k**2 + 0 * beyond, 0.0))
        in_shape = (1 - power * beyond) / k + beyond * rest / k
        return (centre, *self.shape_row(scatter, in_shape, math.pi**2 / 6 / k**2))

    def standard_deviation(self, scatter: Scatter) -> Any:
        xp, k = scatter.xp, self.shape_at(scatter)
        first, second = (xp.exp(log_gamma(1 + i / k, xp=xp)) for i in (1, 2))
        return scatter.predicted * xp.sqrt(second - first**2)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate(self.kind, scatter, predicted > 0, "above zero")
        return predicted * generator.standard_exponential(predicted.shape) ** (1 / np.asarray(self.shape_at(scatter)))


@dataclass(frozen=True)
class Exponential(Weibull, kind="exponential"):
    """Exponential scatter: log density = -log b - y/b, b the prediction, which is the mean and the standard deviation.

    Good for waiting times of events that do not age: decays, arrivals; values of zero may be. Prefer `Weibull` when
    the hazard may change with time.

    Raises:
        NoiseError: data below zero.
    """

    shape: Any = field(default=1.0, init=False, repr=False)
    guess: Any = field(default=None, init=False, repr=False)
    kind: ClassVar[str] = "exponential"

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, self.kind, wrong=lambda y: ~(y >= 0), wanted="values of zero or above")
        return self

    def _passed(self, scatter: Scatter) -> tuple[Any, Any, Any]:
        """y/b, b, and where both are possible."""
        xp = scatter.xp
        observed = xp.asarray(scatter.observed)
        possible = (xp.real(scatter.predicted) > 0) & (observed >= 0)
        scale = xp.where(possible, scatter.predicted, 1.0)
        return xp.where(possible, observed, 0.0) / scale, scale, possible

    def log_density(self, scatter: Scatter) -> Any:
        passed, scale, possible = self._passed(scatter)
        return scatter.xp.where(possible, -scatter.xp.log(scale) - passed, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        passed, _, possible = self._passed(scatter)
        return probability_or(scatter, possible, log1m_exp(-passed, scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        passed, _, possible = self._passed(scatter)
        return probability_or(scatter, possible, -passed, 0.0)

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        passed, scale, possible = self._passed(scatter)
        information = scatter.xp.where(possible, 1 / scale**2, 0.0)
        return (Working(scatter.predicted, (passed - 1) / scale, information),)

    def standard_deviation(self, scatter: Scatter) -> Any:
        return scatter.predicted

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind,)

    def describe(self) -> str:
        return "exponential around the mean"


@dataclass(frozen=True)
class LogLogistic(Waiting, kind="loglogistic"):
    """Log-logistic scatter: log density = log k - log y + z - 2 log(1 + exp(z)), z = k log(y/b), b the prediction.

    The prediction is the scale, which is the median: `survreg`'s models are exp(b0 + b1 x) here, with k = 1 / its
    scale. Good for lifetimes whose hazard rises and then falls. Prefer `LogNormal` for lighter tails.

    Arguments:
        shape: k, a number above zero, or "estimated" (a parameter named shape).
        guess: where an estimated shape starts; from the data when left out.

    `standard_deviation` gives the prediction times that of log y, pi / (k sqrt(3)), because the other is infinite for
    k <= 2.

    Raises:
        NoiseError: a shape that is not above zero, data that are not above zero.

    Source: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, doi:10.1002/9781118032985
    """

    shape: Any = "estimated"
    guess: Any = field(default=None, kw_only=True)
    kind: ClassVar[str] = "loglogistic"
    word: ClassVar[str] = "log-logistic around the median"

    def __post_init__(self) -> None:
        self.check_settings()

    @staticmethod
    def shape_of(observed: np.ndarray) -> float:
        return float(math.pi / (math.sqrt(3) * np.std(np.log(observed))))

    def log_density(self, scatter: Scatter) -> Any:
        xp, k = scatter.xp, self.shape_at(scatter)
        ratio, log_observed, possible = log_ratio(scatter)
        z = k * ratio
        return xp.where(possible, xp.log(k) - log_observed - _log1p_exp(z, xp) - _log1p_exp(-z, xp), -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        value = -_log1p_exp(-self.shape_at(scatter) * ratio, scatter.xp)
        return probability_or(scatter, possible, value, -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        value = -_log1p_exp(self.shape_at(scatter) * ratio, scatter.xp)
        return probability_or(scatter, possible, value, 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Scale and shape have no information in common: k^2/(3 b^2) and (3 + pi^2)/(9 k^2)."""
        xp, k = scatter.xp, self.shape_at(scatter)
        ratio, _, possible = log_ratio(scatter)
        scale, z = xp.where(possible, scatter.predicted, 1.0), k * ratio
        twist = xp.tanh(z / 2)
        return (
            Working(scatter.predicted, k * twist / scale, xp.where(possible, (k / scale) ** 2 / 3, 0.0)),
            *self.shape_row(scatter, (1 - z * twist) / k, (3 + math.pi**2) / (9 * k**2)),
        )

    def standard_deviation(self, scatter: Scatter) -> Any:
        return scatter.predicted * math.pi / (math.sqrt(3) * self.shape_at(scatter))

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate("loglogistic", scatter, predicted > 0, "above zero")
        return predicted * np.exp(generator.logistic(size=predicted.shape) / np.asarray(self.shape_at(scatter)))


def _log1p_exp(z: Any, xp: Any) -> Any:
    """log(1 + exp(z)) without overflow."""
    above = xp.real(z) > 0
    return xp.where(above, z, 0.0) + log1p(xp.exp(xp.where(above, -z, z)), xp=xp)
