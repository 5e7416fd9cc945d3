"""A mixture: most points scatter as stated, and a share of them much more widely."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from parametra.maths.special import log1p, log_sum
from parametra.nouns._noise_contract import Edge, Noise, Scatter, data_sets_with, parameter_name
from parametra.nouns._noise_spread import positive
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.parameter import Log, Parameter, Real

_SHARE = (1e-6, 0.5)


@dataclass(frozen=True)
class Outliers(Noise, kind="outliers"):
    """Most points scatter as `of` says, a share p of them widely: density = (1 - p) f + p g, g the broad one.

        values of      g
        any sign       Normal(sigma=width) around the prediction
        above zero     LogNormal(sigma=width) around the prediction, width a standard deviation of log y
        counts         NegativeBinomial(dispersion=width) of that mean
        shares         BetaBinomial(concentration=1/width) of that probability

    Good for data of which some are simply wrong: both kinds have a density, so the share comes with its error, and
    `chance_of_outlier` tells for each point how likely it is to be one. Prefer `StudentT` when tails are heavy without
    two kinds of points: it has fewer basins and is faster.

    Arguments:
        of: any noise, or its kind in a word: `Outliers(Normal(0.1))`.
        share: p, a number above 0 and below 1, or "estimated" (a parameter named share, at most 0.5).
        width: of g, a number above zero; "estimated" (a parameter named outlier_width); None: the standard deviation of
            the observed values (of their logarithms above zero), and 1 for counts and shares.
        guess: where an estimated share starts.

    Raises:
        NoiseError: a share that is not between 0 and 1, a width that is not above zero, a mixture of a mixture.

    Source: Hogg, Bovy and Lang (2010), Data analysis recipes: fitting a model to data, arXiv:1008.4686, section 3
    """

    of: Any = None
    share: Any = "estimated"
    width: Any = None
    guess: Any = field(default=0.05, kw_only=True)
    default_width: float = field(default=1.0, init=False, repr=False)
    broad: Any = field(default=None, init=False, repr=False)
    roles: ClassVar[tuple[str, ...]] = ("share", "outlier_width")

    def __post_init__(self) -> None:
        inner = Noise.of(self.of)
        if isinstance(inner.of, Noise):
            inside = type(inner).__name__
            raise NoiseError(
                f"outliers belong inside: {inside}(Outliers(...)), not Outliers({inside}(...))."
                if not isinstance(inner, Outliers)
                else "a mixture with outliers of a mixture with outliers cannot be told apart; state one."
            )
        if not inner.pointwise:
            raise NoiseError(
                f"outliers among errors that depend on one another are not known here; {inner.describe()} came. Use "
                "StudentT, or leave the wild points out."
            )
        object.__setattr__(self, "of", inner)
        for name, value in (("share", self.share), ("guess of the share", self.guess)):
            free = name == "share"
            number = None if isinstance(value, str) else positive(value)
            if not (free and value == "estimated") and (number is None or number >= 1):
                raise NoiseError(
                    f"the {name} of outliers is a number between 0 and 1"
                    + (', or "estimated"' if free else "")
                    + f"; came {value!r}."
                )
        if self.width is not None and self.width != "estimated" and positive(self.width) is None:
            raise NoiseError(
                f'the width of outliers is a number above zero, "estimated", or None for that of the data; came '
                f"{self.width!r}."
            )

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        inner = self.of.settle(data_sets, output)
        observed = np.concatenate([data.observations(output)[0] for data in data_sets_with(data_sets, output)])
        width = 1.0
        if inner.support in ("real", "positive"):
            width = float(np.std(np.log(observed) if inner.support == "positive" else observed)) or 1.0
        settled = dataclasses.replace(self, of=inner)
        object.__setattr__(settled, "default_width", width)
        object.__setattr__(settled, "broad", _broad(inner, data_sets, output))
        return settled

    def standard_errors(self, data: Data, output: str) -> Any:
        return self.of.standard_errors(data, output)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.of.columns

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        return self.of.columns_of(data, output)

    @property
    def reads(self) -> frozenset[str] | None:
        return self.of.reads

    @property
    def support(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Which values may come, as those of the noise inside."""
        return self.of.support

    @property
    def of_logarithms(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the noise inside scatters logarithms."""
        return self.of.of_logarithms

    @property
    def pointwise(self) -> bool:
        return self.of.pointwise

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        added = dict(self.of.parameters(output, alone))
        share, width = (parameter_name(role, output, alone) for role in self.roles)
        if self.share == "estimated":
            guess = min(float(self.guess), 0.4)
            added[share] = Real(*_SHARE, guess=guess, description=f"noise of {output}: share of outliers")
        if self.width == "estimated":
            added[width] = Log(guess=self.default_width, description=f"noise of {output}: width of outliers")
        return added

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        none = Edge("lower", "zero", "no point is needed to be an outlier", "the noise without Outliers")
        return {**self.of.edges(output, alone), parameter_name("share", output, alone): (none,)}

    def _parts(self, scatter: Scatter) -> tuple[Any, Any, Noise, Scatter]:
        """log(1 - p), log p, the broad noise, and what it is asked about."""
        xp = scatter.xp
        share = scatter.value("share") if self.share == "estimated" else float(self.share)
        name = parameter_name("outlier_width", scatter.output, scatter.alone)
        width = self.default_width if self.width is None else self.width
        width = scatter.values[name] if self.width == "estimated" else float(cast("float", width))
        _, role = _BROAD[self.support]
        setting = 1 / width if role == "concentration" else width
        # under the name of the broad noise's own parameter, beside which nothing else of that name is read
        values = {parameter_name(role, scatter.output, scatter.alone): setting}
        other = dataclasses.replace(scatter, sigma=None, values=values)
        return log1p(-share, xp=xp), xp.log(xp.asarray(share)), self.broad, other

    def log_density(self, scatter: Scatter) -> Any:
        most, few, broad, other = self._parts(scatter)
        return log_sum(most + self.of.log_density(scatter), few + broad.log_density(other), scatter.xp)

    def log_cdf(self, scatter: Scatter) -> Any | None:
        most, few, broad, other = self._parts(scatter)
        inner = self.of.log_cdf(scatter)
        return None if inner is None else log_sum(most + inner, few + broad.log_cdf(other), scatter.xp)

    def log_survival(self, scatter: Scatter) -> Any | None:
        most, few, broad, other = self._parts(scatter)
        inner = self.of.log_survival(scatter)
        return None if inner is None else log_sum(most + inner, few + broad.log_survival(other), scatter.xp)

    def chance_of_outlier(self, scatter: Scatter) -> np.ndarray:
        """The probability p g / ((1 - p) f + p g) of each point: (*batch, n)."""
        _, few, broad, other = self._parts(scatter)
        return np.exp(few + broad.log_density(other) - self.log_density(scatter))

    def per_prediction(self, scatter: Scatter) -> Any:
        return self.of.per_prediction(scatter)

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        return self.of.standard_deviation(scatter)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        _, few, broad, other = self._parts(scatter)
        usual, wild = self.of.simulate(scatter, generator), broad.simulate(other, generator)
        return np.where(generator.random(usual.shape) < np.exp(few), wild, usual)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (
            "outliers",
            self.of.signature,
            self.share,
            self.width,
            self.width is None and self.default_width,
            self.broad.signature,
        )

    def describe(self) -> str:
        share = "an estimated share" if self.share == "estimated" else f"a share of {self.share:g}"
        return f"{self.of.describe()}, with {share} of outliers"


def _broad(noise: Noise, data_sets: Sequence[Data], output: str) -> Noise:
    """The noise of outliers, whose own parameter is the width."""
    if noise.support == "shares":
        if max(noise.columns_of(data, output)["trials"].max() for data in data_sets_with(data_sets, output)) < 2:
            raise NoiseError(
                "outliers among single trials cannot be told from the others; state the share as part of the model."
            )
        return Noise.of_kind("beta_binomial", {"trials": cast("Any", noise).trials}).settle(data_sets, output)
    kind, role = _BROAD[noise.support]
    return Noise.of_kind(kind, {role: "estimated"})


_BROAD = {
    "real": ("normal", "sigma"),
    "positive": ("lognormal", "sigma"),
    "counts": ("negative_binomial", "dispersion"),
    "shares": ("beta_binomial", "concentration"),
}
