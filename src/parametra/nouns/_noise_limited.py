"""What noises of censored and of truncated values share: the noise inside, its tails, and limits as they are stated."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import Any

import numpy as np

from parametra.maths.special import log_difference
from parametra.nouns._noise_contract import Edge, Noise, Scatter
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.parameter import Parameter


class Limited(Noise):
    """What Censored and Truncated share: a noise inside, which answers for all but the density."""

    of: Any

    def take_inside(self, kind: str) -> None:
        inner = Noise.of(self.of)
        if isinstance(inner, Limited) and not isinstance(inner, Windowed):
            raise NoiseError(
                f"a censored noise cannot be {kind}; state all limits in one Censored(...), and censor the truncated "
                "noise, not the other way round: Censored(Truncated(...), ...)."
            )
        if type(inner).log_cdf is Noise.log_cdf or type(inner).log_survival is Noise.log_survival:
            raise NoiseError(
                f'"{kind}" wants a noise with a distribution function, such as Normal(), LogNormal(), Weibull() or '
                f"Poisson(); came {inner.describe()}."
            )
        object.__setattr__(self, "of", inner)

    def standard_errors(self, data: Data, output: str) -> Any:
        return self.of.standard_errors(data, output)

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
    def counts(self) -> bool:
        """True when values are whole numbers."""
        return self.of.support in ("counts", "shares")

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        return self.of.parameters(output, alone)

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        return self.of.edges(output, alone)

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        return self.of.standard_deviation(scatter)


class Windowed(Limited):
    """A noise seen only inside a window: its parts are those of the noise inside, still to be divided by the window.

    So the window is computed once, whatever else is asked of a point.
    """

    @abstractmethod
    def log_window(self, scatter: Scatter) -> Any:
        """Log of the probability of the window, of the noise inside."""

    @abstractmethod
    def seen_up_to(self, scatter: Scatter, at: Any) -> Any:
        """Log P(Y <= at and inside the window)."""

    @abstractmethod
    def seen_above(self, scatter: Scatter, at: Any) -> Any:
        """Log P(Y > at and inside the window)."""

    @abstractmethod
    def seen_between(self, scatter: Scatter, lower: Any, upper: Any) -> Any:
        """Log P(lower < Y <= upper and inside the window)."""


def log_up_to(noise: Noise, scatter: Scatter, at: Any) -> Any:
    """Log P(Y <= at), inside the window where there is one."""
    if isinstance(noise, Windowed):
        return noise.seen_up_to(scatter, at)
    return _known(noise, scatter, noise.log_cdf(dataclasses.replace(scatter, observed=at)))


def log_above(noise: Noise, scatter: Scatter, at: Any) -> Any:
    """Log P(Y > at), inside the window where there is one."""
    if isinstance(noise, Windowed):
        return noise.seen_above(scatter, at)
    return _known(noise, scatter, noise.log_survival(dataclasses.replace(scatter, observed=at)))


def log_between(noise: Noise, scatter: Scatter, lower: Any, upper: Any) -> Any:
    """Log P(lower < Y <= upper), from whichever tail is the smaller, where nothing cancels; in a window likewise."""
    if isinstance(noise, Windowed):
        return noise.seen_between(scatter, lower, upper)
    own = noise.log_between(scatter, lower, upper)
    if own is not None:
        return own
    xp = scatter.xp
    below_a, below_b = (log_up_to(noise, scatter, at) for at in (lower, upper))
    above_a, above_b = (log_above(noise, scatter, at) for at in (lower, upper))
    low = xp.real(below_b) <= xp.real(above_a)
    return xp.where(low, log_difference(below_b, below_a, xp), log_difference(above_a, above_b, xp))


def _known(noise: Noise, scatter: Scatter, value: Any) -> Any:
    if value is None:
        raise NoiseError(
            f'the noise of "{scatter.output}" ({noise.describe()}) has no distribution function, which censoring and '
            "truncation need; choose another noise."
        )
    return value


def checked_limit(stated: Any, word: str) -> Any:
    """A number as float, the name of a column, or None. Raises NoiseError for anything else."""
    if stated is None or (isinstance(stated, str) and stated):
        return stated
    if (
        isinstance(stated, (int, float, np.integer, np.floating))
        and not isinstance(stated, bool)
        and np.isfinite(stated)
    ):
        return float(stated)
    raise NoiseError(f"{word} is a number or the name of a column; came {stated!r}.")


def shown_limit(limit: Any) -> str:
    return f"the column {limit}" if isinstance(limit, str) else f"{limit:g}"
