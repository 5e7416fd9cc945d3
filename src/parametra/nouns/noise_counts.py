"""Noise of counts: whole numbers of zero or more.

noise               prediction          variance
Poisson             the mean mu         mu
NegativeBinomial    the mean mu         mu + dispersion mu^2
Binomial            the probability p   trials p (1 - p)
BetaBinomial        the probability p   trials p (1 - p) (c + trials) / (c + 1), c the concentration
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.special import (
    log1p,
    log1p_minus,
    log_beta_lower,
    log_beta_upper,
    log_gamma,
    log_gamma_lower,
    log_gamma_upper,
    log_rising,
    log_rising_slope,
    trigamma_minus_inverse,
)
from parametra.nouns._noise_contract import Edge, Noise, Scatter, Working, data_sets_with, parameter_name
from parametra.nouns._noise_settings import (
    NEXT_TO_NOTHING,
    checked_guess,
    estimated,
    number_or_estimated,
    refuse_to_simulate,
    refuse_values,
    setting,
    settled_guess,
    told,
)
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter


def not_counts(values: np.ndarray) -> np.ndarray:
    """Which values are no whole numbers of zero or more."""
    return ~((values >= 0) & (values == np.floor(values)))


class Counting(Noise):
    """What noises of counts share."""

    kind: ClassVar[str]
    support: ClassVar[str] = "counts"
    predictions: ClassVar[str] = "above zero"

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(
            data_sets, output, self.kind, wrong=not_counts, wanted="counts, which are whole numbers of zero or more"
        )
        return self

    def counted(self, scatter: Scatter) -> tuple[Any, Any]:
        """The whole counts at or below `observed`, zero where that is negative, and where it is not."""
        whole = scatter.xp.floor(scatter.xp.asarray(scatter.observed))
        return scatter.xp.where(whole >= 0, whole, 0.0), whole >= 0


def _mean(scatter: Scatter) -> tuple[Any, Any]:
    """The predicted means, 1 in place of those that are not above zero, and where they are."""
    possible = scatter.xp.real(scatter.predicted) > 0
    return scatter.xp.where(possible, scatter.predicted, 1.0), possible


@dataclass(frozen=True)
class Poisson(Counting, kind="poisson"):
    """Poisson scatter: log probability = y log mu - mu - log y!, mu the prediction.

    Good for counts of independent events: photons, decays, cases. Where the time or the area differs, let the model
    multiply by it: `exposure * exp(a + b*x)`. Prefer `NegativeBinomial` when the counts scatter more than sqrt(mu).

    Raises:
        NoiseError: data that are no counts.

    Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 6, doi:10.1007/978-1-4899-3242-6
    """

    kind: ClassVar[str] = "poisson"

    def log_density(self, scatter: Scatter) -> Any:
        xp, y = scatter.xp, scatter.observed
        mean, possible = _mean(scatter)
        # a mean of zero is possible too, where nothing was counted
        nothing = (xp.real(scatter.predicted) == 0) & (xp.asarray(y) == 0)
        density = y * xp.log(mean) - xp.where(possible | nothing, scatter.predicted, 1.0) - log_gamma(y + 1.0, xp=xp)
        return xp.where(possible | nothing, density, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        (mean, possible), (y, counts) = _mean(scatter), self.counted(scatter)
        return scatter.xp.where(possible & counts, log_gamma_upper(y + 1.0, mean, xp=scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        (mean, possible), (y, counts) = _mean(scatter), self.counted(scatter)
        value = xp.where(counts, log_gamma_lower(y + 1.0, mean, xp=xp), 0.0)
        return xp.where(possible, value, -math.inf)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        mean, possible = _mean(scatter)
        score = scatter.observed / mean - 1
        return (Working(scatter.predicted, score, scatter.xp.where(possible, 1 / mean, 0.0)),)

    def standard_deviation(self, scatter: Scatter) -> Any:
        return scatter.xp.sqrt(scatter.predicted)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate(self.kind, scatter, predicted >= 0, "of zero or above")
        return generator.poisson(predicted).astype(np.float64)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind,)

    def describe(self) -> str:
        return "Poisson counts"


@dataclass(frozen=True)
class NegativeBinomial(Counting, kind="negative_binomial"):
    """Counts whose variance is mu + a mu^2, mu the prediction and a the dispersion (NB2).

        log probability = log Gamma(y + r) - log Gamma(r) - log y! + r log(r/(r + mu)) + y log(mu/(r + mu)),   r = 1/a

    A Poisson whose mean varies as a gamma distribution. Good for counts that scatter more than Poisson's. Prefer
    `Poisson` when the dispersion comes out near zero.

    Arguments:
        dispersion: a, a number above zero, or "estimated" (a parameter named dispersion).
        guess: where an estimated dispersion starts; from the data when left out.

    Raises:
        NoiseError: a dispersion that is not above zero, data that are no counts.

    Source: Lawless (1987), Negative binomial and mixed Poisson regression, doi:10.2307/3314912
    """

    dispersion: Any = "estimated"
    guess: Any = field(default=None, kw_only=True)
    least: float | None = field(default=None, init=False, repr=False)
    kind: ClassVar[str] = "negative_binomial"

    def __post_init__(self) -> None:
        object.__setattr__(self, "dispersion", number_or_estimated("dispersion", self.dispersion))
        object.__setattr__(self, "guess", checked_guess("dispersion", self.guess))

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        super().settle(data_sets, output)
        settled = dataclasses.replace(self, guess=settled_guess(self.guess, data_sets, output, _over_poisson))
        observed = np.concatenate([data.observations(output)[0] for data in data_sets_with(data_sets, output)])
        # near zero the information of a is half the sum of mu^2
        object.__setattr__(settled, "least", NEXT_TO_NOTHING * math.sqrt(2 / max(float(observed @ observed), 1.0)))
        return settled

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        return estimated("dispersion", self.dispersion, self.guess, output=output, alone=alone, lower=self.least)

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        poisson = Edge("lower", "zero", "the counts scatter no more than Poisson's", "Poisson()")
        return {parameter_name("dispersion", output, alone): (poisson,)}

    def _dispersion(self, scatter: Scatter) -> Any:
        return setting("dispersion", self.dispersion, scatter)

    def log_density(self, scatter: Scatter) -> Any:
        xp, y = scatter.xp, scatter.observed
        mean, possible = _mean(scatter)
        a = self._dispersion(scatter)
        # with log_rising nothing cancels when a is small, where this is Poisson's
        density = y * xp.log(mean) + log_rising(1 / a, y, xp) - (1 / a + y) * log1p(a * mean, xp=xp)
        return xp.where(possible, density - log_gamma(y + 1.0, xp=xp), -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        (mean, possible), (y, counts) = _mean(scatter), self.counted(scatter)
        share, rest, r = self._shares(scatter, mean)
        return xp.where(possible & counts, log_beta_upper(y + 1.0, r, share, rest, xp=xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        (mean, possible), (y, counts) = _mean(scatter), self.counted(scatter)
        share, rest, r = self._shares(scatter, mean)
        value = xp.where(counts, log_beta_lower(y + 1.0, r, share, rest, xp=xp), 0.0)
        return xp.where(possible, value, -math.inf)

    def _shares(self, scatter: Scatter, mean: Any) -> tuple[Any, Any, Any]:
        """mu/(r + mu), r/(r + mu), and r."""
        r = 1 / self._dispersion(scatter)
        return mean / (r + mean), r / (r + mean), r + 0 * mean

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Mean and dispersion share no information; that of the mean is 1/(mu (1 + a mu)).

        That of the dispersion is an infinite sum. In its place stands (A^-1/2 + B^-1/2)^-2 of its limits for small and
        large means, A = mu^2 / (2 + 2 a) and B = r^4 (trigamma(r) - 1/r). It is exact for a near zero, 3 % off for
        a = 0.3, 17 % for a = 1, a factor of 2 for a = 3: steps are shorter then, and end at the same place.
        """
        xp, y = scatter.xp, scatter.observed
        mean, possible = _mean(scatter)
        a, shape = self._dispersion(scatter), np.shape(scatter.predicted)
        variance = mean * (1 + a * mean)
        row = Working(scatter.predicted, (y - mean) / variance, xp.where(possible, 1 / variance, 0.0))
        if self.dispersion != "estimated":
            return (row,)
        r, part = 1 / a, a * mean
        # d/da of log_rising(1/a, y) - (1/a + y) log(1 + a mu), without its cancellations for small a
        beyond = log1p_minus(part, xp) + part**2 / (1 + part)
        score = r**2 * (beyond - log_rising_slope(r, y, xp)) - y * mean / (1 + part)
        small, large = mean / xp.sqrt(2 + 2 * a), r**2 * xp.sqrt(trigamma_minus_inverse(r, xp))
        expected = (small * large / (small + large)) ** 2
        return row, Working(xp.broadcast_to(a, shape), score, xp.broadcast_to(expected, shape))

    def standard_deviation(self, scatter: Scatter) -> Any:
        mean = scatter.predicted
        return scatter.xp.sqrt(mean + self._dispersion(scatter) * mean**2)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate(self.kind, scatter, predicted > 0, "above zero")
        r = np.broadcast_to(1 / np.asarray(self._dispersion(scatter)), predicted.shape)
        return generator.poisson(generator.standard_gamma(r) * predicted / r).astype(np.float64)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind, self.dispersion)

    def describe(self) -> str:
        return f"negative binomial counts, {told('dispersion', self.dispersion)}"


def _over_poisson(observed: np.ndarray) -> float:
    """The dispersion of counts around one mean."""
    return float((np.var(observed) - np.mean(observed)) / np.mean(observed) ** 2)
