"""What a comparison of models is made of: each model, each pair, and each look at residuals."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.fit_result import Fit
from parametra.nouns.storage import storable


@storable
@dataclass(frozen=True)
class Check:
    """One test of a model's residuals.

    Arguments:
        name: "runs", "neighbours", "memory", "shape", "spread by prediction", "spread by input".
        method: the test, and how its p-value was made.
        statistic, expected: its value, and what it is on average when nothing is wrong; None where it does not apply.
        p_value: the chance of one as far off when nothing is wrong; None where it does not apply.
        words: what it says, or why it does not apply.
    """

    name: str
    method: str
    statistic: float | None
    expected: float | None
    p_value: float | None
    words: str

    @property
    def applies(self) -> bool:
        """Whether it was made."""
        return self.p_value is not None


@storable
@dataclass(frozen=True)
class Residuals:
    """Residuals of a model that are standard normal when the model and its noise are right, in the order of an input.

    Arguments:
        kind: "standardised" by the noise's standard deviation; "quantile": Dunn and Smyth's, from the distribution
            function of the noise, randomised where it has steps; "none".
        why: why there are none, or what must be known about them; "" when nothing.
        along: the input that orders them, "" for the order of the rows.
        values, x, predicted: (n,) residuals, that input, and the prediction there.
        groups: one for each output of each data set: how many of these residuals are its; they stand one after another.
    """

    kind: str
    why: str
    along: str
    values: Float[np.ndarray, " n"]
    x: Float[np.ndarray, " n"]
    predicted: Float[np.ndarray, " n"]
    groups: tuple[int, ...] = ()


@storable
@dataclass(frozen=True)
class HeldOut:
    """How well a model foretells data that it was not fitted to.

    Arguments:
        log_density: (n,) of each observation, under the fit to the folds that do not hold it; NaN where that failed.
        failed: folds without a fit.
    """

    log_density: Float[np.ndarray, " n"]
    failed: int

    @property
    def total(self) -> float:
        """The sum over all observations; NaN when one is missing."""
        return float(self.log_density.sum())


@storable
@dataclass(frozen=True)
class Evidence:
    """The probability of the data under a model with its priors, p(y | model).

    Arguments:
        log: its logarithm, None where there is none.
        method: "Laplace's approximation", "" where there is none.
        words: which priors it rests on and what must be known; or why there is none.
    """

    log: float | None
    method: str
    words: str


@storable
@dataclass(frozen=True)
class Candidate:
    """One of the models.

    Arguments:
        name: what it is called here.
        fit: what was found.
        log_density: (n,) of each observation at the likeliest parameters; they sum to the log-likelihood.
        residuals, checks: what is left over, and what tests say of it.
        evidence, held_out: None for what was not asked for or could not be had.
        doubts: what speaks against comparing it by its likelihood.
    """

    name: str
    fit: Fit
    log_density: Float[np.ndarray, " n"]
    residuals: Residuals
    checks: tuple[Check, ...]
    evidence: Evidence
    held_out: HeldOut | None = None
    doubts: tuple[str, ...] = ()

    def criterion(self, name: str) -> float:
        """AIC, AICc or BIC by its name in small letters; NaN for AICc where the points are too few."""
        value = {"aic": self.fit.aic, "aicc": self.fit.aicc, "bic": self.fit.bic}[name]
        return float("nan") if value is None else value

    def check(self, name: str) -> Check:
        """One test by its name. Raises KeyError for another one."""
        return {c.name: c for c in self.checks}[name]


@storable
@dataclass(frozen=True)
class Nesting:
    """Whether a model is a special case of another.

    Arguments:
        small, large: the names, small the special case; "" when neither is.
        how: "stated", "tried", or "not tried".
        words: how it comes about ("d = 0"), or why it is not known.
        bounds: labels of the parameters of the large one that the small one holds at a bound.
        freedom: parameters that the large one has more.
        weights: chances of 0, 1, ... of those at bounds to be off them when the small model is right.
        regular: False where the null distribution is not known: a parameter loses its meaning in the small model.
    """

    small: str
    large: str
    how: str
    words: str
    bounds: tuple[str, ...] = ()
    freedom: int = 0
    weights: tuple[float, ...] = (1.0,)
    regular: bool = True


@storable
@dataclass(frozen=True)
class RatioTest:
    """The likelihood-ratio test of a model against a special case of it.

    Arguments:
        statistic: 2 (log L large - log L small).
        p_value: the chance of a larger one when the small model is right; None where its distribution is not known.
        f_statistic, f_freedom, f_p_value: Fisher's F where one sigma is estimated: exact for a linear model.
        words: the distribution, and what must be known of it.
    """

    statistic: float
    p_value: float | None
    words: str
    f_statistic: float | None = None
    f_freedom: tuple[int, int] | None = None
    f_p_value: float | None = None

    @property
    def best_p(self) -> float | None:
        """That of F where there is one, which does not need many points; else that of chi-square."""
        return self.p_value if self.f_p_value is None else self.f_p_value


@storable
@dataclass(frozen=True)
class Pair:
    """Two models beside one another.

    Arguments:
        better, other: their names; better is the one with the lower criterion.
        difference: of the criterion, other - better.
        error: its standard error, 2 sqrt(n) n / (n - k) times the scatter of the points' differences; None where the
            points are too few.
        log_ratio: log L better - log L other.
        nesting: whether one is a special case of the other.
        ratio_test: for nested models; None otherwise.
        distinguishable: p-value of the hypothesis that both say the same of every point; None where it is not known.
        vuong, vuong_p: the criterion's difference over its error, and its two-sided p by Student's t, for models that
            are not nested.
        held_out, held_out_error: difference of the held-out log density, better - other, and its standard error.
        strength: "clearly", "probably", "hardly" or "not": how surely the first is better.
        words: the verdict on this pair.
    """

    better: str
    other: str
    difference: float
    error: float | None
    log_ratio: float
    nesting: Nesting
    ratio_test: RatioTest | None
    distinguishable: float | None
    vuong: float | None
    vuong_p: float | None
    held_out: float | None
    held_out_error: float | None
    strength: str
    words: str
    notes: tuple[str, ...] = field(default=())
