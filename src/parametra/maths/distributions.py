"""Probability distributions of one number, as priors need them: density, cumulative probability, quantile.

    Distribution    support                 Distribution    support                  Distribution   support
    Uniform         [lower, upper]          Normal          R                        HalfNormal     [0, inf)
    LogUniform      [lower, upper], > 0     LogNormal       (0, inf)                 Exponential    [0, inf)
    Beta            (lower, upper)          StudentT        R                        Gamma          (0, inf)
    Truncated       what is left of another distribution   Cauchy   R

`log_density` is normalised, minus infinity outside the support, and written for NumPy and jax.numpy alike; complex
NumPy arrays pass, so that a complex step through it is exact. `quantile` and `cdf` are NumPy's and use scipy.special,
which is loaded by the first that needs it. Each has a `median`, and a `mean` where that is a closed form. The
distribution of weights that sum to one is in `dirichlet.py`.

Source: Johnson, Kotz, Balakrishnan (1994, 1995), Continuous Univariate Distributions, vol. 1 and 2, 2nd ed., Wiley.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from numbers import Real as RealNumber
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Number = float
else:
    # What comes is checked by the distribution itself, whose message says what to do.
    Number = Any

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, repr=False)
class Distribution(ABC):
    """What all distributions of one number can do."""

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, self._number(each.name))
        self._check()

    def __repr__(self) -> str:
        arguments = (f"{each.name}={_shown(getattr(self, each.name))}" for each in fields(self))
        return f"{type(self).__name__}({', '.join(arguments)})"

    def _number(self, name: str) -> float:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, RealNumber):
            raise ValueError(f"{self!r}: {name} must be a number, got {value!r}")  # noqa: TRY004  # a wrong value
        if not math.isfinite(value):
            raise ValueError(f"{self!r}: {name} must be finite")
        return float(value)

    def _positive(self, *names: str) -> None:
        for name in names:
            if getattr(self, name) <= 0:
                raise ValueError(f"{self!r}: {name} must be larger than 0")

    @abstractmethod
    def _check(self) -> None:
        """Refuse settings for which there is no such distribution."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The smallest interval that holds all probability."""

    @property
    def open_at(self) -> tuple[bool, bool]:
        """Whether the density vanishes, or has no finite value, at the lower and the upper end of the support."""
        return (False, False)

    @abstractmethod
    def _log_density(self, x: Any, xp: Any) -> Any: ...

    def log_density(self, x: Any, xp: Any = np) -> Any:
        """The logarithm of the normalised density at x, minus infinity outside the support (and at its open ends)."""
        lower, upper = self.support
        if math.isinf(lower) and math.isinf(upper):
            return self._log_density(x, xp)
        open_lower, open_upper = self.open_at
        real = xp.real(x)
        inside = (real > lower) if open_lower else (real >= lower)
        if math.isfinite(upper):
            inside = inside & ((real < upper) if open_upper else (real <= upper))
        # Both branches of `where` are evaluated: outside the support the density is taken at a harmless point.
        near = 1.0 if math.isinf(upper) or math.isinf(lower) else 0.5 * (upper - lower)
        harmless = upper - near if math.isinf(lower) else lower + near
        return xp.where(inside, self._log_density(xp.where(inside, x, harmless), xp), -math.inf)

    @abstractmethod
    def quantile(self, u: Any) -> Any:
        """The x below which the probability is u, for u in [0, 1]."""

    @abstractmethod
    def cdf(self, x: Any) -> Any:
        """The probability below x."""

    @property
    def median(self) -> float:
        """The point with half the probability on either side."""
        return float(self.quantile(0.5))


def _shown(value: Any) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else repr(value)


def _ordered(distribution: Any) -> None:
    if distribution.lower >= distribution.upper:
        raise ValueError(f"{distribution!r}: lower must be below upper")


@dataclass(frozen=True, repr=False)
class Uniform(Distribution):
    """p(x) = 1 / (upper - lower): all values between two bounds are equally likely.

    For a scale that may lie anywhere within orders of magnitude, prefer `LogUniform`.

    Arguments:
        lower, upper: the bounds, lower below upper.
    """

    lower: Number
    upper: Number

    def _check(self) -> None:
        _ordered(self)

    @property
    def support(self) -> tuple[float, float]:
        return (self.lower, self.upper)

    def _log_density(self, x: Any, xp: Any) -> Any:
        return xp.zeros_like(x) - math.log(self.upper - self.lower)

    def quantile(self, u: Any) -> Any:
        return np.clip(self.lower + np.asarray(u) * (self.upper - self.lower), self.lower, self.upper)

    def cdf(self, x: Any) -> Any:
        return np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0)

    @property
    def mean(self) -> float:
        return 0.5 * (self.lower + self.upper)

    @property
    def median(self) -> float:
        return self.mean


@dataclass(frozen=True, repr=False)
class LogUniform(Distribution):
    """p(x) = 1 / (x log(upper / lower)): the logarithm of x is uniform; also known as reciprocal or Jeffreys prior.

    Good for scales, rates and other positive numbers of unknown order of magnitude.

    Arguments:
        lower, upper: the bounds, 0 < lower < upper.
    """

    lower: Number
    upper: Number

    def _check(self) -> None:
        self._positive("lower")
        _ordered(self)

    @property
    def support(self) -> tuple[float, float]:
        return (self.lower, self.upper)

    @property
    def _log_ratio(self) -> float:
        # Of the logarithms, because upper / lower may be too large for a number.
        return math.log(self.upper) - math.log(self.lower)

    def _log_density(self, x: Any, xp: Any) -> Any:
        return -xp.log(x) - math.log(self._log_ratio)

    def quantile(self, u: Any) -> Any:
        x = np.exp(math.log(self.lower) + np.asarray(u) * self._log_ratio)
        return np.clip(x, self.lower, self.upper)

    def cdf(self, x: Any) -> Any:
        inside = np.clip(x, self.lower, self.upper)
        return (np.log(inside) - math.log(self.lower)) / self._log_ratio

    @property
    def mean(self) -> float:
        return (self.upper - self.lower) / self._log_ratio


@dataclass(frozen=True, repr=False)
class Normal(Distribution):
    """p(x) = exp(-(x - mean)^2 / (2 sd^2)) / (sd sqrt(2 pi)): a value known as "mean plus or minus sd".

    For a value that may turn out many sd away, prefer `StudentT`.

    Arguments:
        mean: the centre.
        sd: the standard deviation, larger than 0.
    """

    mean: Number
    sd: Number

    def _check(self) -> None:
        self._positive("sd")

    @property
    def support(self) -> tuple[float, float]:
        return (-math.inf, math.inf)

    def _log_density(self, x: Any, xp: Any) -> Any:
        del xp
        z = (x - self.mean) / self.sd
        return -0.5 * z * z - (math.log(self.sd) + _LOG_SQRT_2PI)

    def quantile(self, u: Any) -> Any:
        from scipy.special import ndtri

        return self.mean + self.sd * ndtri(u)

    def cdf(self, x: Any) -> Any:
        from scipy.special import ndtr

        return ndtr((np.asarray(x) - self.mean) / self.sd)

    @property
    def median(self) -> float:
        return self.mean


@dataclass(frozen=True, repr=False)
class LogNormal(Distribution):
    """log x is Normal(mu, sigma): a positive value known "to a factor of exp(sigma)".

    Arguments:
        mu: mean of log x; the median of x is exp(mu).
        sigma: standard deviation of log x, larger than 0.
    """

    mu: Number
    sigma: Number

    def _check(self) -> None:
        self._positive("sigma")

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    @property
    def open_at(self) -> tuple[bool, bool]:
        return (True, False)

    def _log_density(self, x: Any, xp: Any) -> Any:
        log_x = xp.log(x)
        z = (log_x - self.mu) / self.sigma
        return -0.5 * z * z - log_x - (math.log(self.sigma) + _LOG_SQRT_2PI)

    def quantile(self, u: Any) -> Any:
        from scipy.special import ndtri

        return np.exp(self.mu + self.sigma * ndtri(u))

    def cdf(self, x: Any) -> Any:
        from scipy.special import ndtr

        with np.errstate(divide="ignore"):
            return ndtr((np.log(np.maximum(x, 0.0)) - self.mu) / self.sigma)

    @property
    def mean(self) -> float:
        return math.exp(self.mu + 0.5 * self.sigma**2)

    @property
    def median(self) -> float:
        return math.exp(self.mu)


@dataclass(frozen=True, repr=False)
class HalfNormal(Distribution):
    """p(x) = sqrt(2 / pi) exp(-x^2 / (2 scale^2)) / scale for x >= 0: a positive value, rarely beyond 2 scale.

    Arguments:
        scale: the standard deviation of the whole normal, larger than 0.
    """

    scale: Number

    def _check(self) -> None:
        self._positive("scale")

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    def _log_density(self, x: Any, xp: Any) -> Any:
        del xp
        z = x / self.scale
        return -0.5 * z * z - (math.log(self.scale) + _LOG_SQRT_2PI - math.log(2.0))

    def quantile(self, u: Any) -> Any:
        from scipy.special import erfinv

        return self.scale * math.sqrt(2.0) * erfinv(u)

    def cdf(self, x: Any) -> Any:
        from scipy.special import erf

        return erf(np.maximum(x, 0.0) / (self.scale * math.sqrt(2.0)))

    @property
    def mean(self) -> float:
        return self.scale * math.sqrt(2.0 / math.pi)


@dataclass(frozen=True, repr=False)
class Exponential(Distribution):
    """p(x) = exp(-x / scale) / scale for x >= 0: a positive value of which only the mean is known.

    Arguments:
        scale: the mean, larger than 0 (the rate is 1 / scale).
    """

    scale: Number

    def _check(self) -> None:
        self._positive("scale")

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    def _log_density(self, x: Any, xp: Any) -> Any:
        del xp
        return -x / self.scale - math.log(self.scale)

    def quantile(self, u: Any) -> Any:
        with np.errstate(divide="ignore"):
            return -self.scale * np.log1p(-np.asarray(u))

    def cdf(self, x: Any) -> Any:
        return -np.expm1(-np.maximum(x, 0.0) / self.scale)

    @property
    def mean(self) -> float:
        return self.scale


@dataclass(frozen=True, repr=False)
class Gamma(Distribution):
    """p(x) = x^(shape - 1) exp(-x / scale) / (Gamma(shape) scale^shape) for x > 0: rates, variances, waiting times.

    Arguments:
        shape: larger than 0; the mean is shape * scale.
        scale: larger than 0, in the unit of x (the rate is 1 / scale).
    """

    shape: Number
    scale: Number

    def _check(self) -> None:
        self._positive("shape", "scale")

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    @property
    def open_at(self) -> tuple[bool, bool]:
        return (True, False)

    def _log_density(self, x: Any, xp: Any) -> Any:
        norm = math.lgamma(self.shape) + self.shape * math.log(self.scale)
        return (self.shape - 1.0) * xp.log(x) - x / self.scale - norm

    def quantile(self, u: Any) -> Any:
        from scipy.special import gammaincinv

        return self.scale * gammaincinv(self.shape, u)

    def cdf(self, x: Any) -> Any:
        from scipy.special import gammainc

        return gammainc(self.shape, np.maximum(x, 0.0) / self.scale)

    @property
    def mean(self) -> float:
        return self.shape * self.scale


@dataclass(frozen=True, repr=False)
class Beta(Distribution):
    """p(t) = t^(a - 1) (1 - t)^(b - 1) / B(a, b) for t = (x - lower) / (upper - lower): fractions and probabilities.

    Arguments:
        a, b: larger than 0; the mean of t is a / (a + b), as if a successes and b failures had been seen.
        lower, upper: the ends of the support, 0 and 1 unless stated.
    """

    a: Number
    b: Number
    lower: Number = 0.0
    upper: Number = 1.0

    def _check(self) -> None:
        self._positive("a", "b")
        _ordered(self)

    @property
    def support(self) -> tuple[float, float]:
        return (self.lower, self.upper)

    @property
    def open_at(self) -> tuple[bool, bool]:
        return (True, True)

    def _log_density(self, x: Any, xp: Any) -> Any:
        log_beta = math.lgamma(self.a) + math.lgamma(self.b) - math.lgamma(self.a + self.b)
        norm = log_beta + (self.a + self.b - 1.0) * math.log(self.upper - self.lower)
        return (self.a - 1.0) * xp.log(x - self.lower) + (self.b - 1.0) * xp.log(self.upper - x) - norm

    def quantile(self, u: Any) -> Any:
        from scipy.special import betaincinv

        x = self.lower + (self.upper - self.lower) * betaincinv(self.a, self.b, u)
        return np.clip(x, self.lower, self.upper)

    def cdf(self, x: Any) -> Any:
        from scipy.special import betainc

        return betainc(self.a, self.b, np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0))

    @property
    def mean(self) -> float:
        return self.lower + (self.upper - self.lower) * self.a / (self.a + self.b)


@dataclass(frozen=True, repr=False)
class StudentT(Distribution):
    """p(z) = (1 + z^2 / df)^(-(df + 1) / 2) / (sqrt(df) B(1/2, df/2)), z = (x - loc) / scale: normal with heavy tails.

    Good for a value that is probably near loc and may well be far away; df = 1 is `Cauchy`, df -> inf is `Normal`.

    Arguments:
        df: degrees of freedom, larger than 0; 3 to 7 is usual.
        loc: the centre.
        scale: the width, larger than 0; the standard deviation is scale * sqrt(df / (df - 2)) for df > 2.
    """

    df: Number
    loc: Number
    scale: Number

    def _check(self) -> None:
        self._positive("df", "scale")

    @property
    def support(self) -> tuple[float, float]:
        return (-math.inf, math.inf)

    def _log_density(self, x: Any, xp: Any) -> Any:
        z = (x - self.loc) / self.scale
        norm = math.lgamma(0.5 * (self.df + 1.0)) - math.lgamma(0.5 * self.df)
        norm -= 0.5 * math.log(math.pi * self.df) + math.log(self.scale)
        return norm - 0.5 * (self.df + 1.0) * xp.log1p(z * z / self.df)

    def quantile(self, u: Any) -> Any:
        from scipy.special import betaincinv

        # z^2 / (df + z^2) is Beta(1/2, df/2) with probability |2u - 1|. Taken from the nearer end of that: scipy's
        # stdtrit gives +inf for u -> 0, the wrong end of the line.
        u = np.asarray(u, dtype=float)
        outside = 2.0 * np.minimum(u, 1.0 - u)
        with np.errstate(divide="ignore"):
            far = 1.0 / betaincinv(0.5 * self.df, 0.5, np.minimum(outside, 0.5)) - 1.0
            near = betaincinv(0.5, 0.5 * self.df, 1.0 - np.maximum(outside, 0.5))
            z = np.sqrt(self.df * np.where(outside < 0.5, far, near / (1.0 - near)))
        return self.loc + self.scale * np.where(u < 0.5, -z, z)

    def cdf(self, x: Any) -> Any:
        from scipy.special import stdtr

        return stdtr(self.df, (np.asarray(x) - self.loc) / self.scale)

    @property
    def mean(self) -> float:
        return self.loc if self.df > 1.0 else math.nan

    @property
    def median(self) -> float:
        return self.loc


@dataclass(frozen=True, repr=False)
class Cauchy(Distribution):
    """p(x) = 1 / (pi scale (1 + ((x - loc) / scale)^2)): so heavy in its tails that it has no mean.

    Prefer `StudentT` with 3 or more degrees of freedom unless such tails are meant.

    Arguments:
        loc: the centre.
        scale: half the probability lies within loc plus or minus scale; larger than 0.
    """

    loc: Number
    scale: Number

    def _check(self) -> None:
        self._positive("scale")

    @property
    def support(self) -> tuple[float, float]:
        return (-math.inf, math.inf)

    def _log_density(self, x: Any, xp: Any) -> Any:
        z = (x - self.loc) / self.scale
        return -xp.log1p(z * z) - math.log(math.pi * self.scale)

    def quantile(self, u: Any) -> Any:
        u = np.asarray(u, dtype=float)
        with np.errstate(divide="ignore"):
            # From the nearer end, where the tangent keeps its digits.
            distance = 1.0 / np.tan(math.pi * np.minimum(u, 1.0 - u))
        return self.loc + self.scale * np.where(u < 0.5, -distance, distance)

    def cdf(self, x: Any) -> Any:
        # arctan2(1, -z) / pi is 1/2 + arctan(z) / pi without cancellation for z -> -inf.
        return np.arctan2(1.0, -(np.asarray(x) - self.loc) / self.scale) / math.pi

    @property
    def median(self) -> float:
        return self.loc


@dataclass(frozen=True, repr=False)
class Truncated(Distribution):
    """What is left of a distribution between two bounds, normalised again.

    Arguments:
        base: the distribution to cut.
        lower, upper: where to cut; minus and plus infinity leave that side as it is.

    Raises:
        ValueError: when the bounds hold less than 1e-12 of the probability, where nothing can be computed reliably.
    """

    base: Distribution
    lower: Number
    upper: Number

    def __post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        _ordered(self)
        # Bounds around the median hold enough whatever the tails do; the question costs scipy.special otherwise.
        cheap = "median" in type(self.base).__dict__
        if not (cheap and self.lower < self.base.median < self.upper) and not self._mass[1] > 1e-12:
            raise ValueError(
                f"{self.base!r} has next to no probability between {_shown(self.lower)} and {_shown(self.upper)}"
            )

    @cached_property
    def _mass(self) -> tuple[float, float]:
        """The probability below the lower bound, and between the bounds."""
        below = float(self.base.cdf(self.lower))
        return below, float(self.base.cdf(self.upper)) - below

    @property
    def support(self) -> tuple[float, float]:
        lower, upper = self.base.support
        return (max(lower, self.lower), min(upper, self.upper))

    @property
    def open_at(self) -> tuple[bool, bool]:
        lower, upper = self.base.support
        open_lower, open_upper = self.base.open_at
        return (open_lower and self.lower <= lower, open_upper and self.upper >= upper)

    def _log_density(self, x: Any, xp: Any) -> Any:
        return self.base.log_density(x, xp) - math.log(self._mass[1])

    def quantile(self, u: Any) -> Any:
        below, between = self._mass
        return np.clip(self.base.quantile(below + np.asarray(u) * between), *self.support)

    def cdf(self, x: Any) -> Any:
        below, between = self._mass
        return np.clip((self.base.cdf(np.clip(x, self.lower, self.upper)) - below) / between, 0.0, 1.0)
