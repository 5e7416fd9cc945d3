"""The p-n criterion: is the sample large enough for the estimate to be close to what the model can do at best?"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.information_projection import Cumulants, Risk, risk_expansion
from parametra.nouns.card import Card, Source
from parametra.nouns.errors import DataError, MethodError
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import Range, check_settings
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.sample_size_result import SampleSize
from parametra.nouns.status import Outcome, Status

FAMILIES = ("normal", "normal_mean", "poisson", "exponential", "bernoulli", "multinomial", "statistics")

TRUTHS = ("data", "model")

_MOST_VARIABLES = 6
"""Variables of a normal distribution whose moments are taken exactly, by 5 points a variable; draws beyond."""

_DRAWS = 40_000
_MOST_PARAMETERS = 120


@dataclass(frozen=True)
class METHOD:
    """Accept the sample where a / n + b / n^2 <= 8 gap^2.

    The left side is the expected Kullback-Leibler divergence from the information projection, the member of the family
    nearest to the truth, to the maximum likelihood estimate, expanded to order n^-2 with the cumulants of the
    statistics at the estimate. The right side is ours: by Pinsker's inequality a divergence of 8 gap^2 or less keeps
    the error of the best guess which of the two a point came from above 1/2 - gap; its expectation does so on average.

    Good for: whether n observations are enough for p parameters, before the model is believed in detail; it says
    nothing of whether the model is right. Prefer simulation_coverage for a regression, where the inputs are given.

    Arguments:
        family: "normal" (means and covariances), "normal_mean" (covariances known), "poisson", "exponential",
            "bernoulli" (independent columns), "multinomial" (a column of categories), or "statistics": any
            exponential family, given by its statistics and draws of them from the fitted model.
        gap: above 0, below 1/2.
        truth: "data" takes the spread of the statistics from the sample, so that the model need not be right; "model"
            takes the model's own, and the first term is p / (2 n).

    Raises:
        MethodError: a setting that cannot be.
    """

    family: str = "normal"
    gap: float = 0.05
    truth: str = "data"

    card: ClassVar[Card] = Card(
        name="sample_size_criterion",
        verb="identify",
        summary="The p-n criterion: whether a sample is large enough for a model of an exponential family.",
        good_for="whether n observations are enough for p parameters of a distribution; how many would be",
        prefer_instead="simulation_coverage for a regression: it tells how far refits are from the truth",
        needs=frozenset(),
        honours=frozenset(),
        cost="no evaluation of a model; p^4 operations",
        sources=(
            Source(
                "Y. Sheena",
                2021,
                "MLE convergence speed to information projection of exponential family: Criterion for model dimension "
                "and sample size",
                "arXiv:2105.08947",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self, ranges={"gap": Range(below=0.5)}, one_of={"family": FAMILIES, "truth": TRUTHS})

    def solve(
        self, data: Float[np.ndarray, "n ..."], *, draws: Float[np.ndarray, "k p"] | None = None, seed: int = 0
    ) -> SampleSize:
        """Judge a sample.

        Arguments:
            data: (n,) or (n, d) observations; for "multinomial" (n,) categories 0, 1, ...; for "statistics" (n, p).
            draws: for "statistics": (k, p) of them drawn from the fitted model, some 10 000.
            seed: of draws, for normal distributions of more than six variables.

        Raises:
            DataError: data that the family cannot have, or whose estimate lies at the edge of the family.
        """
        began = time.perf_counter()
        sample = np.asarray(data, dtype=np.float64)
        if sample.ndim not in (1, 2) or len(sample) < 2 or not np.isfinite(sample).all():
            raise DataError(f"(n,) or (n, d) finite observations are wanted, two or more; came {sample.shape}.")
        statistics, model = self._model(sample.reshape(len(sample), -1), draws, seed)
        n, p = statistics.shape
        if p > _MOST_PARAMETERS:
            raise DataError(f"{p} parameters are too many for this criterion; {_MOST_PARAMETERS} are its limit.")
        risk = risk_expansion(model, Cumulants.of_points(statistics) if self.truth == "data" else None)
        return self._result(n, p, risk, time.perf_counter() - began, seed)

    def _model(
        self, x: Float[np.ndarray, "n d"], draws: Float[np.ndarray, "k p"] | None, seed: int
    ) -> tuple[Float[np.ndarray, "n p"], Cumulants]:
        """The statistics of the sample, and their cumulants at the estimate."""
        if self.family == "statistics":
            if draws is None or draws.ndim != 2 or draws.shape[1] != x.shape[1]:
                raise DataError('family="statistics" needs draws (k, p) of the same statistics from the fitted model.')
            return x, Cumulants.of_points(np.asarray(draws, dtype=np.float64))
        if draws is not None:
            raise DataError(f'draws belong to family="statistics"; "{self.family}" knows its own cumulants.')
        if self.family in ("normal", "normal_mean"):
            return _normal(x, seed, whole=self.family == "normal")
        if self.family == "multinomial":
            return _multinomial(x)
        return x, _independent(self.family, x)

    def _result(self, n: int, p: int, risk: Risk, seconds: float, seed: int) -> SampleSize:
        threshold = 8 * self.gap**2
        made = SampleSize(
            status=Status(Outcome.CONVERGED, ""),
            family=self.family,
            n=n,
            p=p,
            first=risk.first,
            second=risk.second,
            gap=self.gap,
            threshold=threshold,
            receipt=Receipt(
                evaluations=0,
                model_calls=0,
                failures={},
                seconds=seconds,
                seed=seed,
                settings={"method": "sample_size_criterion", "gap": self.gap, "truth": self.truth},
                evaluator="",
                problem_hash="",
                citation=tuple(str(source) for source in self.card.sources),
                versions=versions("numpy"),
            ),
        )
        return replace(made, status=Status(Outcome.CONVERGED, _words(made)))


def _words(made: SampleSize) -> str:
    guess = f"{100 * (0.5 - made.gap):g} %"
    if not made.holds:
        return (
            f"{made.n} observations are far too few for {made.p} parameters: not even the expansion of the risk holds. "
            f"Some {made.needed} would be needed, or fewer parameters."
        )
    if made.enough:
        return (
            f"{made.n} observations are enough for {made.p} parameters: the best guess whether a point came from the "
            f"estimate or from the nearest member would still err in {guess} or more. {made.needed} would do."
        )
    return (
        f"{made.n} observations are too few for {made.p} parameters: the estimate may be told from the nearest member "
        f"by a guess that errs in less than {guess}. {made.needed} are needed, or fewer parameters."
    )


def _normal(x: np.ndarray, seed: int, *, whole: bool) -> tuple[np.ndarray, Cumulants]:
    """In coordinates where the estimate is the standard normal distribution: the risk is the same in all."""
    n, d = x.shape
    away = x - x.mean(axis=0)
    covariance = away.T @ away / n
    if n <= d or np.linalg.matrix_rank(covariance) < d:
        raise DataError(
            f"{n} observations of {d} variables have no regular covariance; bring more, or fewer variables."
        )
    z = np.linalg.solve(np.linalg.cholesky(covariance), away.T).T
    if d <= _MOST_VARIABLES:
        nodes, weights = np.polynomial.hermite_e.hermegauss(5)  # exact to degree 9
        points = np.array(list(itertools.product(nodes, repeat=d)))
        shares = np.array(list(itertools.product(weights, repeat=d))).prod(axis=1)
    else:
        points = generator(seed, "identify.sample_size", 0).standard_normal((_DRAWS, d))
        shares = np.ones(_DRAWS)
    if not whole:
        return z, Cumulants.of_points(points, shares)
    pairs = np.triu_indices(d)
    with_squares = [np.concatenate([a, a[:, pairs[0]] * a[:, pairs[1]]], axis=1) for a in (z, points)]
    return with_squares[0], Cumulants.of_points(with_squares[1], shares)


def _multinomial(x: np.ndarray) -> tuple[np.ndarray, Cumulants]:
    """Indicators of all categories but the last."""
    if x.shape[1] != 1 or np.any(x < 0) or np.any(x != np.round(x)):
        raise DataError('family="multinomial" wants one column of categories 0, 1, 2, ...')
    seen = x[:, 0].astype(np.int64)
    counts = np.bincount(seen)
    if counts.size < 2 or np.any(counts == 0):
        raise DataError(
            "a category was never seen, so that the estimate calls it impossible and the risk is infinite. Join "
            "categories, or bring more data."
        )
    indicators = np.eye(counts.size)[:, :-1]
    return indicators[seen], Cumulants.of_points(indicators, counts / counts.sum())


def _independent(family: str, x: np.ndarray) -> Cumulants:
    mean = x.mean(axis=0)
    if family == "poisson":
        if np.any(x < 0) or np.any(x != np.round(x)):
            raise DataError('family="poisson" wants counts: whole numbers, zero or more.')
        _refuse_edge(mean > 0, "a column holds zeros only")
        return Cumulants.independent(mean, mean, mean, mean)
    if family == "exponential":
        _refuse_edge(x.min(axis=0) > 0, "values of an exponential distribution are above zero")
        return Cumulants.independent(mean, mean**2, 2 * mean**3, 6 * mean**4)
    if np.any((x != 0) & (x != 1)):
        raise DataError('family="bernoulli" wants zeros and ones.')
    _refuse_edge((mean > 0) & (mean < 1), "a column holds one value only")
    v = mean * (1 - mean)
    return Cumulants.independent(mean, v, v * (1 - 2 * mean), v * (1 - 6 * v))


def _refuse_edge(fine: np.ndarray, why: str) -> None:
    if not fine.all():
        raise DataError(f"{why}, so that the estimate lies at the edge of the family and the risk is infinite.")


def criterion(
    data: Float[np.ndarray, "n ..."],
    family: str,
    *,
    gap: float = 0.05,
    truth: str = "data",
    draws: Float[np.ndarray, "k p"] | None = None,
) -> SampleSize:
    """Whether a sample is large enough for a family of distributions; see the class for what is compared.

    Arguments:
        data: (n,) or (n, d).
        family, gap, truth: settings of the method.
        draws: statistics drawn from the fitted model, for family="statistics".

    Raises:
        MethodError: a setting that cannot be.
        DataError: data that the family cannot have.
    """
    if family not in FAMILIES:
        raise MethodError(f'family="{family}": known here: {", ".join(FAMILIES)}.')
    return METHOD(family, gap, truth).solve(data, draws=draws)
