"""Every noise family once, with the distribution of SciPy that it must be: one list for all laws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from parametra.nouns.data import Data
from parametra.nouns.noise import (
    BetaBinomial,
    Binomial,
    Exponential,
    Gamma,
    LogLogistic,
    LogNormal,
    NegativeBinomial,
    Noise,
    Normal,
    Outliers,
    Poisson,
    Scatter,
    StudentT,
    Weibull,
)

MEANS = np.array([0.4, 2.0, 3.5, 8.0, 2.5])
ANY = np.array([1.3, 2.0, -3.5, 8.0, 0.2])
CHANCES = np.array([0.1, 0.35, 0.5, 0.8, 0.95])
SIGMA = np.array([0.5, 1.0, 0.3, 2.0, 0.7])
TRIALS = np.array([1.0, 4.0, 9.0, 30.0, 12.0])


def _data(values: list[float], **more: Any) -> Data:
    return Data({"x": [1, 2, 3, 4, 5], "y": values, "n": TRIALS, "s": SIGMA}, inputs="x", output="y", **more)


REAL = _data([1.0, 2.5, -3.0, 4.2, 0.1])
WIDE = _data([1.0, 2.5, -3.0, 4.2, 0.1], sigma="s")
POSITIVE = _data([0.7, 2.5, 0.03, 9.0, 2.6])
COUNTS = _data([0, 3, 1, 12, 2])
SHARES = _data([1, 0, 4, 27, 12])


@dataclass(frozen=True)
class Family:
    """A noise with its settings, data, parameters, and what SciPy calls the same."""

    noise: Noise
    data: Data
    predicted: np.ndarray
    law: Callable[[Any, dict[str, Any]], Any]
    values: dict[str, float] = field(default_factory=dict)
    impossible: tuple[float, ...] = ()
    scored: bool = True
    cumulative: bool = True

    @property
    def settled(self) -> Noise:
        """The noise that knows its data."""
        return self.noise.settle([self.data], "y")

    @property
    def discrete(self) -> bool:
        """True for counts."""
        return self.noise.support in ("counts", "shares")

    def scatter(self, xp: Any = np, **changes: Any) -> Scatter:
        """What the noise is asked about at its data."""
        noise = self.settled
        parts: dict[str, Any] = {
            "output": "y",
            "alone": True,
            "predicted": self.predicted,
            "observed": self.data.observations("y")[0],
            "sigma": noise.standard_errors(self.data, "y"),
            "values": self.values,
            "columns": noise.columns_of(self.data, "y"),
        }
        return Scatter(**{**parts, **changes}, xp=xp)


def _lognormal(m: Any, width: Any) -> Any:
    return stats.lognorm(width, scale=m)


def _weibull(m: Any, shape: Any) -> Any:
    return stats.weibull_min(shape, scale=m)


def _fisk(m: Any, shape: Any) -> Any:
    return stats.fisk(shape, scale=m)


def _gamma(m: Any, shape: Any) -> Any:
    return stats.gamma(shape, scale=m / shape)


def _nb(m: Any, a: Any) -> Any:
    return stats.nbinom(1 / a, 1 / (1 + a * m))


def _bb(p: Any, c: Any) -> Any:
    return stats.betabinom(TRIALS.astype(int), p * c, (1 - p) * c)


class Mixture:
    """(1 - p) f + p g of two laws of SciPy."""

    def __init__(self, share: float, usual: Any, wild: Any) -> None:
        self.share, self.parts = share, (usual, wild)

    def _mixed(self, name: str, y: Any) -> Any:
        usual, wild = (getattr(part, name)(y) for part in self.parts)
        return (1 - self.share) * usual + self.share * wild

    def logpdf(self, y: Any) -> Any:
        return np.log(self._mixed("pdf", y))

    def logpmf(self, y: Any) -> Any:
        return np.log(self._mixed("pmf", y))

    def cdf(self, y: Any) -> Any:
        return self._mixed("cdf", y)

    def logcdf(self, y: Any) -> Any:
        return np.log(self.cdf(y))

    def logsf(self, y: Any) -> Any:
        return np.log(self._mixed("sf", y))


_N, _L = TRIALS.astype(int), np.log(POSITIVE.outputs["y"])
_MINUS, _OUT = (0.0, -1.0, np.nan), (0.0, 1.0, -0.1, 1.1, np.nan)
FAMILIES = [
    Family(Normal(), WIDE, ANY, lambda m, v: stats.norm(m, SIGMA)),
    Family(Normal(0.7), REAL, ANY, lambda m, v: stats.norm(m, 0.7)),
    Family(Normal("estimated"), REAL, ANY, lambda m, v: stats.norm(m, v["sigma"]), {"sigma": 0.7}),
    Family(Normal(scale="estimated"), WIDE, ANY, lambda m, v: stats.norm(m, v["scale"] * SIGMA), {"scale": 1.4}),
    Family(
        Normal(proportional=True), REAL, ANY, lambda m, v: stats.norm(m, v["sigma"] * np.abs(m)), {"sigma": 0.4}, (0.0,)
    ),
    Family(Normal(0.4, proportional=True), REAL, ANY, lambda m, v: stats.norm(m, 0.4 * np.abs(m)), impossible=(0.0,)),
    Family(StudentT(3), WIDE, ANY, lambda m, v: stats.t(3, m, SIGMA)),
    Family(StudentT(4, "estimated"), REAL, ANY, lambda m, v: stats.t(4, m, v["sigma"]), {"sigma": 0.7}),
    Family(
        StudentT("estimated"),
        WIDE,
        ANY,
        lambda m, v: stats.t(v["degrees_of_freedom"], m, SIGMA),
        {"degrees_of_freedom": 5.5},
    ),
    Family(
        StudentT("estimated", scale="estimated"),
        WIDE,
        ANY,
        lambda m, v: stats.t(v["degrees_of_freedom"], m, v["scale"] * SIGMA),
        {"degrees_of_freedom": 5.5, "scale": 1.4},
    ),
    Family(LogNormal(0.6), POSITIVE, MEANS, lambda m, v: _lognormal(m, 0.6), impossible=_MINUS),
    Family(LogNormal("estimated"), POSITIVE, MEANS, lambda m, v: _lognormal(m, v["sigma"]), {"sigma": 0.6}, _MINUS),
    Family(Gamma(2.5), POSITIVE, MEANS, lambda m, v: _gamma(m, 2.5), impossible=_MINUS),
    Family(Gamma(), POSITIVE, MEANS, lambda m, v: _gamma(m, v["shape"]), {"shape": 1.7}, _MINUS),
    Family(Gamma(), POSITIVE, MEANS, lambda m, v: _gamma(m, v["shape"]), {"shape": 30.0}, _MINUS),
    Family(Weibull(1.8), POSITIVE, MEANS, lambda m, v: _weibull(m, 1.8), impossible=_MINUS),
    Family(Weibull(), POSITIVE, MEANS, lambda m, v: _weibull(m, v["shape"]), {"shape": 1.3}, _MINUS),
    Family(Exponential(), POSITIVE, MEANS, lambda m, v: stats.expon(scale=m), impossible=_MINUS),
    Family(LogLogistic(2.2), POSITIVE, MEANS, lambda m, v: _fisk(m, 2.2), impossible=_MINUS),
    Family(LogLogistic(), POSITIVE, MEANS, lambda m, v: _fisk(m, v["shape"]), {"shape": 1.6}, _MINUS),
    Family(Poisson(), COUNTS, MEANS, lambda m, v: stats.poisson(m), impossible=(-1.0, np.nan)),
    Family(NegativeBinomial(0.7), COUNTS, MEANS, lambda m, v: _nb(m, 0.7), impossible=_MINUS),
    Family(
        NegativeBinomial(), COUNTS, MEANS, lambda m, v: _nb(m, v["dispersion"]), {"dispersion": 0.2}, impossible=_MINUS
    ),
    Family(
        NegativeBinomial(), COUNTS, MEANS, lambda m, v: _nb(m, v["dispersion"]), {"dispersion": 0.02}, impossible=_MINUS
    ),
    Family(Binomial("n"), SHARES, CHANCES, lambda p, v: stats.binom(_N, p), impossible=(-0.1, 1.1, np.nan)),
    Family(Binomial(40), COUNTS, CHANCES, lambda p, v: stats.binom(40, p), impossible=(-0.1, 1.1, np.nan)),
    Family(
        BetaBinomial("n"),
        SHARES,
        CHANCES,
        lambda p, v: _bb(p, v["concentration"]),
        {"concentration": 4.0},
        _OUT,
        scored=False,
    ),
    Family(BetaBinomial("n", 60.0), SHARES, CHANCES, lambda p, v: _bb(p, 60.0), impossible=_OUT, scored=False),
    Family(
        Outliers(Normal(0.7), share=0.1, width=20.0),
        REAL,
        ANY,
        lambda m, v: Mixture(0.1, stats.norm(m, 0.7), stats.norm(m, 20.0)),
        scored=False,
    ),
    Family(
        Outliers(StudentT(3), width="estimated"),
        WIDE,
        ANY,
        lambda m, v: Mixture(v["share"], stats.t(3, m, SIGMA), stats.norm(m, v["outlier_width"])),
        {"share": 0.2, "outlier_width": 9.0},
        scored=False,
    ),
    Family(
        Outliers("gamma"),
        POSITIVE,
        MEANS,
        lambda m, v: Mixture(v["share"], _gamma(m, v["shape"]), _lognormal(m, np.std(_L))),
        {"share": 0.2, "shape": 3.0},
        _MINUS,
        scored=False,
    ),
    Family(
        Outliers("poisson"),
        COUNTS,
        MEANS,
        lambda m, v: Mixture(v["share"], stats.poisson(m), _nb(m, 1.0)),
        {"share": 0.2},
        (-1.0, np.nan),
        scored=False,
    ),
    Family(
        Outliers(Binomial("n"), width=0.5),
        SHARES,
        CHANCES,
        lambda p, v: Mixture(v["share"], stats.binom(_N, p), _bb(p, 2.0)),
        {"share": 0.2},
        (-0.1, 1.1, np.nan),
        scored=False,
    ),
]
NAMES = [f"{i}-{one.noise.describe()}" for i, one in enumerate(FAMILIES)]
