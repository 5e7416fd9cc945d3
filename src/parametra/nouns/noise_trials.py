"""Noise of counts out of a known number of trials; the prediction is the probability p.

noise           variance
Binomial        trials p (1 - p)
BetaBinomial    trials p (1 - p) (c + trials) / (c + 1), c the concentration
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
    log_beta_lower,
    log_beta_upper,
    log_gamma,
    log_rising,
)
from parametra.nouns._noise_contract import Edge, Noise, Scatter, Working, data_sets_with, parameter_name
from parametra.nouns._noise_settings import (
    NEXT_TO_NOTHING,
    checked_guess,
    column_of,
    estimated,
    number_or_estimated,
    refuse_to_simulate,
    row_of,
    setting,
    told,
)
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise_counts import Counting, not_counts
from parametra.nouns.parameter import Parameter


class Trying(Counting):
    """What Binomial and BetaBinomial share: counts out of trials, the prediction being a probability."""

    trials: Any
    support: ClassVar[str] = "shares"
    predictions: ClassVar[str] = "between 0 and 1"

    def check_trials(self) -> None:
        trials = self.trials
        if isinstance(trials, str):
            return
        if isinstance(trials, bool) or not isinstance(trials, (int, float, np.number)) or not 1 <= trials < math.inf:
            raise NoiseError(f"trials is the name of a data column or a whole number, 1 or more; came {trials!r}.")
        if trials != int(trials):
            raise NoiseError(f"trials is a whole number, or the name of a data column; came {trials!r}.")
        object.__setattr__(self, "trials", int(trials))

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        super().settle(data_sets, output)
        for data in data_sets_with(data_sets, output):
            trials, (observed, _) = self._trials_of(data, output), data.observations(output)
            without = not_counts(trials) | (trials < 1)
            if without.any():
                first = int(np.argmax(without))
                raise NoiseError(
                    f'the column "{self.trials}" of trials of the data set "{data.name}" has {trials[first]:g} in row '
                    f"{row_of(data, output, first)}; whole numbers of 1 or more are wanted. Leave out rows without "
                    "trials."
                )
            above = observed > trials
            if above.any():
                first = int(np.argmax(above))
                raise NoiseError(
                    f'the data set "{data.name}" counts {observed[first]:g} in {trials[first]:g} trials in row '
                    f'{row_of(data, output, first)} of "{output}"; no count can be above its trials. Correct the data '
                    f"or the trials={self.trials!r}."
                )
        return self

    def _trials_of(self, data: Data, output: str) -> np.ndarray:
        if isinstance(self.trials, str):
            return column_of(data, output, self.trials, f'trials="{self.trials}"')
        return np.full(data.observations(output)[0].size, float(self.trials))

    @property
    def columns(self) -> tuple[str, ...]:
        return ("trials",)

    def columns_of(self, data: Data, output: str) -> dict[str, np.ndarray]:
        return {"trials": self._trials_of(data, output)}

    def trials_at(self, scatter: Scatter) -> Any:
        if "trials" in scatter.columns:
            return scatter.columns["trials"]
        if isinstance(self.trials, int):
            return float(self.trials)
        raise NoiseError(
            f'the trials of "{scatter.output}" are known at the data only; give trials a number for these points.'
        )

    def per_prediction(self, scatter: Scatter) -> Any:
        return self.trials_at(scatter)

    def chances(self, scatter: Scatter) -> tuple[Any, Any]:
        """The predicted probabilities, 1/2 in place of those not between 0 and 1, and where they are."""
        xp = scatter.xp
        possible = (xp.real(scatter.predicted) > 0) & (xp.real(scatter.predicted) < 1)
        return xp.where(possible, scatter.predicted, 0.5), possible

    def choices(self, scatter: Scatter) -> Any:
        """Log of trials over y."""
        n, y, xp = self.trials_at(scatter), scatter.observed, scatter.xp
        return log_gamma(n + 1.0, xp=xp) - log_gamma(y + 1.0, xp=xp) - log_gamma(n - y + 1.0, xp=xp)

    def told_trials(self) -> str:
        if isinstance(self.trials, str):
            return f"trials from the column {self.trials}"
        return f"{self.trials} trial{'s' if self.trials > 1 else ''}"


@dataclass(frozen=True)
class Binomial(Trying, kind="binomial"):
    """Binomial scatter: log probability = log (n over y) + y log p + (n - y) log(1 - p), p the prediction.

    The data are counts y out of n trials, and the model predicts the probability p, for instance
    `1/(1 + exp(-(a + b*x)))` or `expit(a + b*x)`, which is logistic regression. Good for shares of a known number of
    independent trials. Prefer `BetaBinomial` when the shares scatter more than that.

    Arguments:
        trials: n: the name of a data column, or a number; 1 for yes-or-no data.

    Raises:
        NoiseError: trials that are no whole numbers of 1 or more, counts above their trials, data that are no counts.

    Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 4, doi:10.1007/978-1-4899-3242-6
    """

    trials: Any = 1
    kind: ClassVar[str] = "binomial"

    def __post_init__(self) -> None:
        self.check_trials()

    def log_density(self, scatter: Scatter) -> Any:
        xp, y, n = scatter.xp, scatter.observed, self.trials_at(scatter)
        p, possible = self.chances(scatter)
        density = self.choices(scatter) + y * xp.log(p) + (n - y) * log1p(-p, xp=xp)
        # a probability of 0 or 1 is possible too, where nothing contradicts it
        certain = ((scatter.predicted == 0) & (y == 0)) | ((scatter.predicted == 1) & (y == n))
        return xp.where(possible, density, xp.where(certain, 0.0, -math.inf))

    def log_cdf(self, scatter: Scatter) -> Any:
        xp, n = scatter.xp, self.trials_at(scatter)
        (p, possible), (y, counts) = self.chances(scatter), self.counted(scatter)
        all_of_them = y >= n
        value = log_beta_upper(y + 1.0, xp.where(all_of_them, 1.0, n - y), p, 1 - p, xp=xp)
        return xp.where(possible & counts, xp.where(all_of_them, 0.0, value), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        xp, n = scatter.xp, self.trials_at(scatter)
        (p, possible), (y, counts) = self.chances(scatter), self.counted(scatter)
        none_more = y >= n
        value = log_beta_lower(y + 1.0, xp.where(none_more, 1.0, n - y), p, 1 - p, xp=xp)
        value = xp.where(counts, xp.where(none_more, -math.inf, value), 0.0)
        return xp.where(possible, value, -math.inf)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        n = self.trials_at(scatter)
        p, possible = self.chances(scatter)
        variance = p * (1 - p)
        score = (scatter.observed - n * p) / variance
        return (Working(scatter.predicted, score, scatter.xp.where(possible, n / variance, 0.0)),)

    def standard_deviation(self, scatter: Scatter) -> Any:
        p = scatter.predicted
        return scatter.xp.sqrt(self.trials_at(scatter) * p * (1 - p))

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        p = np.asarray(scatter.predicted)
        refuse_to_simulate(self.kind, scatter, (p >= 0) & (p <= 1), "between 0 and 1")
        trials = np.asarray(self.trials_at(scatter)).astype(np.int64)
        return generator.binomial(trials, p).astype(np.float64)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind,)

    def describe(self) -> str:
        return f"binomial counts, {self.told_trials()}"


@dataclass(frozen=True)
class BetaBinomial(Trying, kind="beta_binomial"):
    """Binomial scatter whose probability itself varies, as Beta(p c, (1 - p) c) around the prediction p.

        log probability = log (n over y) + log B(y + p c, n - y + (1 - p) c) - log B(p c, (1 - p) c)

    c is the concentration: large for no more scatter than `Binomial`, small for much more. Good for shares in groups
    that differ: litters, schools, batches. Prefer `Binomial` when the concentration comes out very large; with one
    trial in each row the two cannot be told apart.

    Arguments:
        trials: n: the name of a data column, or a number of 2 or more.
        concentration: c, a number above zero, or "estimated" (a parameter named concentration).
        guess: where an estimated concentration starts, 10 when left out.

    Raises:
        NoiseError: as in `Binomial`; a concentration that is not above zero, one to estimate from single trials.

    Source: Griffiths (1973), Maximum likelihood estimation for the beta-binomial distribution, doi:10.2307/2529131
    """

    trials: Any = 2
    concentration: Any = "estimated"
    guess: Any = field(default=None, kw_only=True)
    most: int = field(default=0, init=False, repr=False)
    highest: float | None = field(default=None, init=False, repr=False)
    kind: ClassVar[str] = "beta_binomial"

    def __post_init__(self) -> None:
        self.check_trials()
        object.__setattr__(self, "concentration", number_or_estimated("concentration", self.concentration))
        object.__setattr__(self, "guess", checked_guess("concentration", self.guess))

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        super().settle(data_sets, output)
        trials = np.concatenate([self._trials_of(data, output) for data in data_sets_with(data_sets, output)])
        most = int(trials.max())
        if self.concentration == "estimated" and most < 2:
            raise NoiseError(
                f'the concentration of "{output}" cannot be estimated from single trials, which tell a probability and '
                "no more. Use Binomial(...), or group the data."
            )
        settled = dataclasses.replace(self)
        object.__setattr__(settled, "most", most)
        if most > 1:  # near zero the information of 1/c is half the sum of n (n - 1)
            highest = math.sqrt(0.5 * float(trials @ (trials - 1))) / NEXT_TO_NOTHING
            object.__setattr__(settled, "highest", highest)
        return settled

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        guess = 10.0 if self.guess is None else self.guess
        return estimated("concentration", self.concentration, guess, output=output, alone=alone, upper=self.highest)

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        binomial = Edge("upper", "infinity", "the shares scatter no more than Binomial's", "Binomial(trials=...)")
        return {parameter_name("concentration", output, alone): (binomial,)}

    def _concentration(self, scatter: Scatter) -> Any:
        return setting("concentration", self.concentration, scatter)

    def log_density(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        p, possible = self.chances(scatter)
        density = self.choices(scatter) + self._log_kernel(scatter, p, scatter.observed)
        return xp.where(possible, density, -math.inf)

    def _log_kernel(self, scatter: Scatter, p: Any, y: Any) -> Any:
        """Log B(y + p c, n - y + (1 - p) c) - log B(p c, (1 - p) c); nothing cancels when c is large."""
        xp, n, c = scatter.xp, self.trials_at(scatter), self._concentration(scatter)
        rest = log_rising(p * c, y, xp) + log_rising((1 - p) * c, n - y, xp) - log_rising(c + 0 * p, n, xp)
        return y * xp.log(p) + (n - y) * log1p(-p, xp=xp) + rest

    def log_cdf(self, scatter: Scatter) -> Any:
        return self._log_sum_over(scatter, below=True)

    def log_survival(self, scatter: Scatter) -> Any:
        return self._log_sum_over(scatter, below=False)

    def _log_sum_over(self, scatter: Scatter, *, below: bool) -> Any:
        """The log of the sum of probabilities at or below the count, or above it: no closed form is known."""
        xp = scatter.xp
        p, possible = self.chances(scatter)
        y, counts = self.counted(scatter)
        n = xp.asarray(self.trials_at(scatter))
        most = self.most or int(np.max(n))
        k = xp.arange(most + 1.0).reshape((-1,) + (1,) * np.ndim(p))
        counted = dataclasses.replace(scatter, observed=xp.minimum(k, n))
        each = self.choices(counted) + self._log_kernel(counted, p, counted.observed)
        among = (k <= n) & possible & (((k <= y) & counts) if below else ((k > y) | ~counts))
        highest = xp.max(xp.where(among, xp.real(each), -math.inf), axis=0)
        some = highest > -math.inf
        highest = xp.where(some, highest, 0.0)
        total = xp.sum(xp.where(among, xp.exp(xp.where(among, each, highest) - highest), 0.0), axis=0)
        return xp.where(some, highest + xp.log(xp.where(some, total, 1.0)), -math.inf)

    def standard_deviation(self, scatter: Scatter) -> Any:
        p, n, c = scatter.predicted, self.trials_at(scatter), self._concentration(scatter)
        return scatter.xp.sqrt(n * p * (1 - p) * (c + n) / (c + 1))

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        p = np.asarray(scatter.predicted)
        refuse_to_simulate(self.kind, scatter, (p > 0) & (p < 1), "between 0 and 1")
        c = np.asarray(self._concentration(scatter))
        trials = np.asarray(self.trials_at(scatter)).astype(np.int64)
        return generator.binomial(trials, generator.beta(p * c, (1 - p) * c)).astype(np.float64)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind, self.concentration, self.most)

    def describe(self) -> str:
        return f"beta-binomial counts, {self.told_trials()}, {told('concentration', self.concentration)}"
