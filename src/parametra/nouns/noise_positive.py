"""Noise of values above zero: times, sizes, concentrations, costs.

    noise          prediction          parameter     log y is                       least squares
    LogNormal      the median          sigma         normal around log prediction   yes, of logs
    Gamma          the mean            shape                                        no
    Weibull        the scale           shape         prediction + Gumbel / shape    no
    Exponential    the scale, the mean                                              no
    LogLogistic    the scale, median   shape         logistic                       no

The scale is what survival analysis models: `survreg`'s fits are exp(b0 + b1 x) here, with shape = 1 / its scale.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.special import (
    expm1,
    log1m_exp,
    log1p,
    log_gamma,
    log_gamma_lower,
    log_gamma_upper,
    log_minus_digamma,
    log_normal_cdf,
    stirling_rest,
    trigamma_minus_inverse,
)
from parametra.nouns._noise_contract import Noise, Scatter, Working
from parametra.nouns._noise_settings import (
    checked_guess,
    estimated,
    number_or_estimated,
    refuse_to_simulate,
    refuse_values,
    setting,
    settled_guess,
    told,
)
from parametra.nouns._noise_spread import Spread
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter

_EULER = 0.57721566490153286
_ABOVE_ZERO = "values above zero"


def _log_ratio(scatter: Scatter) -> tuple[Any, Any, Any]:
    """log(observed / predicted), log observed, and where both are above zero; 0 elsewhere, to keep NaN away."""
    xp = scatter.xp
    observed = xp.asarray(scatter.observed)
    possible = (xp.real(scatter.predicted) > 0) & (observed > 0)
    log_observed = xp.log(xp.where(possible, observed, 1.0))
    return log_observed - xp.log(xp.where(possible, scatter.predicted, 1.0)), log_observed, possible


def _probability(scatter: Scatter, possible: Any, value: Any, nothing: float) -> Any:
    """`value` where possible; below zero what is certain there; minus infinity for an impossible prediction."""
    xp = scatter.xp
    return xp.where(possible, value, xp.where(xp.real(scatter.predicted) > 0, nothing, -math.inf))


@dataclass(frozen=True)
class LogNormal(Spread, kind="lognormal"):
    """Log-normal scatter: log density = -1/2 (log(y/prediction)/s)^2 - log s - log y - 1/2 log(2 pi).

    The prediction is the median; s is the standard deviation of log y, about the relative error where it is small.
    Good for positive values whose errors multiply: concentrations, masses, prices. It is least squares of logs, and is
    fitted so. Prefer `Normal(proportional=True)` when errors are relative but may be negative.

    Arguments:
        sigma, scale, guess: as in `Normal`, all for log y: a column of standard deviations holds those of log y.

    Raises:
        NoiseError: sigma that is not above zero, contradicting settings, data that are not above zero.
    """

    sigma: Any = None
    scale: str = "known"
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    width_word: ClassVar[str] = "standard deviation of the logarithm"
    support: ClassVar[str] = "positive"

    def __post_init__(self) -> None:
        self.validate()

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, "lognormal", wrong=lambda y: ~(y > 0), wanted=_ABOVE_ZERO)
        return super().settle(data_sets, output)

    def typical_scatter(self, observed: np.ndarray) -> float:
        return float(np.std(np.log(observed)))

    @property
    def affine(self) -> bool:
        return False

    @property
    def profiles_scale(self) -> bool:
        return self.estimated_role is not None

    def residuals(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        return scatter.xp.where(possible, -ratio, math.inf) / self._given(scatter)

    def log_density(self, scatter: Scatter) -> Any:
        ratio, log_observed, possible = _log_ratio(scatter)
        width = self.width(scatter)
        density = -0.5 * (ratio / width) ** 2 - scatter.xp.log(width) - log_observed - 0.5 * math.log(2 * math.pi)
        return scatter.xp.where(possible, density, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        return _probability(scatter, possible, log_normal_cdf(ratio / self.width(scatter), xp=scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        return _probability(scatter, possible, log_normal_cdf(-ratio / self.width(scatter), xp=scatter.xp), 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        xp, shape = scatter.xp, np.shape(scatter.predicted)
        ratio, _, possible = _log_ratio(scatter)
        width = self.width(scatter)
        z, median = ratio / width, xp.where(possible, scatter.predicted, 1.0)
        information = xp.broadcast_to(xp.where(possible, 1 / (width * median) ** 2, 0.0), shape)
        rows = [Working(scatter.predicted, z / (width * median), information)]
        if self.estimated_role is not None:
            by = xp.broadcast_to(scatter.value(self.estimated_role), shape)
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
        return ("lognormal", self.sigma_kind, self.scale)

    def describe(self) -> str:
        return f"log-normal, {self.describewidth()}"


class Waiting(Noise):
    """What Gamma, Weibull, Exponential and LogLogistic share: values above zero, and a shape."""

    shape: Any
    guess: Any
    support: ClassVar[str] = "positive"
    kind: ClassVar[str]
    word: ClassVar[str]

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, self.kind, wrong=lambda y: ~(y > 0), wanted=_ABOVE_ZERO)
        if self.shape != "estimated":
            return self
        guess = settled_guess(self.guess, data_sets, output, self.shape_of)
        return dataclasses.replace(self, guess=guess)  # pyright: ignore[reportArgumentType]

    def check_settings(self) -> None:
        object.__setattr__(self, "shape", number_or_estimated("shape", self.shape))
        object.__setattr__(self, "guess", checked_guess("shape", self.guess))

    @staticmethod
    def shape_of(observed: np.ndarray) -> float:
        """A shape that gives the observed values about their whole variation."""
        raise NotImplementedError

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        return estimated("shape", self.shape, self.guess, output=output, alone=alone)

    def shape_at(self, scatter: Scatter) -> Any:
        return setting("shape", self.shape, scatter)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind, self.shape)

    def describe(self) -> str:
        return f"{self.word}, {told('shape', self.shape)}"

    def _shape_row(self, scatter: Scatter, score: Any, information: Any) -> tuple[Working, ...]:
        """The shape's own row, when it is estimated."""
        if self.shape != "estimated":
            return ()
        xp, like = scatter.xp, np.shape(scatter.predicted)
        shape = xp.broadcast_to(self.shape_at(scatter), like)
        return (Working(shape, xp.broadcast_to(score, like), xp.broadcast_to(information, like)),)


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
        ratio, log_observed, possible = _log_ratio(scatter)
        # y/mu - 1 - log(y/mu) has no cancellation, nor has what is left of log Gamma
        excess = expm1(ratio, xp=xp) - ratio
        return xp.where(possible, _log_peak(k, xp) - log_observed - k * excess, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        k = self.shape_at(scatter)
        value = log_gamma_lower(k, k * scatter.xp.exp(ratio), xp=scatter.xp)
        return _probability(scatter, possible, value, -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        k = self.shape_at(scatter)
        value = log_gamma_upper(k, k * scatter.xp.exp(ratio), xp=scatter.xp)
        return _probability(scatter, possible, value, 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Mean and shape have no information in common: k/mu^2 and trigamma(k) - 1/k."""
        xp, k = scatter.xp, self.shape_at(scatter)
        ratio, _, possible = _log_ratio(scatter)
        mean = xp.where(possible, scatter.predicted, 1.0)
        beyond = expm1(ratio, xp=xp)
        score = log_minus_digamma(k, xp) - (beyond - ratio)
        return (
            Working(scatter.predicted, k * beyond / mean, xp.where(possible, k / mean**2, 0.0)),
            *self._shape_row(scatter, score, trigamma_minus_inverse(k, xp)),
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
        ratio, log_observed, possible = _log_ratio(scatter)
        k = self.shape_at(scatter)
        return k, k * ratio, scatter.xp.exp(k * ratio), log_observed, possible

    def log_density(self, scatter: Scatter) -> Any:
        k, power, passed, log_observed, possible = self._powers(scatter)
        return scatter.xp.where(possible, scatter.xp.log(k) - log_observed + power - passed, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        _, _, passed, _, possible = self._powers(scatter)
        return _probability(scatter, possible, log1m_exp(-passed, scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        _, _, passed, _, possible = self._powers(scatter)
        return _probability(scatter, possible, -passed, 0.0)

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
        return (centre, *self._shape_row(scatter, in_shape, math.pi**2 / 6 / k**2))

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
        return _probability(scatter, possible, log1m_exp(-passed, scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        passed, _, possible = self._passed(scatter)
        return _probability(scatter, possible, -passed, 0.0)

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
        ratio, log_observed, possible = _log_ratio(scatter)
        z = k * ratio
        return xp.where(possible, xp.log(k) - log_observed - _log1p_exp(z, xp) - _log1p_exp(-z, xp), -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        value = -_log1p_exp(-self.shape_at(scatter) * ratio, scatter.xp)
        return _probability(scatter, possible, value, -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        ratio, _, possible = _log_ratio(scatter)
        value = -_log1p_exp(self.shape_at(scatter) * ratio, scatter.xp)
        return _probability(scatter, possible, value, 0.0)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Scale and shape have no information in common: k^2/(3 b^2) and (3 + pi^2)/(9 k^2)."""
        xp, k = scatter.xp, self.shape_at(scatter)
        ratio, _, possible = _log_ratio(scatter)
        scale, z = xp.where(possible, scatter.predicted, 1.0), k * ratio
        twist = xp.tanh(z / 2)
        return (
            Working(scatter.predicted, k * twist / scale, xp.where(possible, (k / scale) ** 2 / 3, 0.0)),
            *self._shape_row(scatter, (1 - z * twist) / k, (3 + math.pi**2) / (9 * k**2)),
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
