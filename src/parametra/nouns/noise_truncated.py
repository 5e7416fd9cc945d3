"""Values that could only be seen inside a window (lower, upper]."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.nouns._censoring_status import limit_of
from parametra.nouns._noise_contract import Noise, Scatter, data_sets_with
from parametra.nouns._noise_limited import Windowed, checked_limit, log_above, log_between, log_up_to, shown_limit
from parametra.nouns._noise_settings import row_of
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError

_FROM, _TO = "seen above", "seen up to"
_ROUNDS = 5000


@dataclass(frozen=True)
class Truncated(Windowed, kind="truncated"):
    """A noise whose values could be seen only inside a window: log density = log f(y) - log P(lower < Y <= upper).

    Good for lifetimes of those who had to live until they entered (delayed entry), sizes above a mesh, counts of which
    zeros were never written down (`Truncated(Poisson(), lower=0)`). Prefer `Censored` when values beyond the limit are
    known to be there; for both, censor the truncated one: `Censored(Truncated(Weibull(), lower="entry"), ...)`.

    Arguments:
        of: the noise, or its kind in a word.
        lower, upper: the window, numbers or names of columns; a missing value in a column is no limit. For counts the
            lower end itself cannot be seen, and the upper one can.

    Simulated data lie inside the window.

    Raises:
        NoiseError: a noise without a distribution function, no window or an empty one, values outside it.

    Source: Klein and Moeschberger (2003), Survival Analysis, section 3.4, doi:10.1007/b97377
    """

    of: Any = None
    lower: Any = None
    upper: Any = None
    _gaps: tuple[bool, bool] = field(default=(True, True), kw_only=True, repr=False)

    def __post_init__(self) -> None:
        self.take_inside("truncated")
        if isinstance(self.of, Truncated):
            raise NoiseError("a truncated noise cannot be truncated again; state the narrower window in one.")
        for word in ("lower", "upper"):
            object.__setattr__(self, word, checked_limit(getattr(self, word), word))
        if self.lower is None and self.upper is None:
            raise NoiseError('"truncated" wants a window: lower, upper or both, numbers or names of columns.')

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        gaps = [False, False]
        for data in data_sets_with(data_sets, output):
            observed, _ = data.observations(output)
            low, high = self._window(data, output)
            gaps = [gaps[0] or bool(np.isinf(low).any()), gaps[1] or bool(np.isinf(high).any())]
            empty = ~(low < high)
            if empty.any():
                first = int(np.argmax(empty))
                raise NoiseError(
                    f'the window of "{output}" is empty in row {row_of(data, output, first)} of the data set '
                    f'"{data.name}": lower {low[first]:g}, upper {high[first]:g}. Swap them.'
                )
            outside = (observed < low) | (observed > high) | ((observed == low) & self.counts)
            if outside.any():
                first = int(np.argmax(outside))
                raise NoiseError(
                    f'"{output}" is {observed[first]:g} in row {row_of(data, output, first)} of the data set '
                    f'"{data.name}", outside its window ({low[first]:g}, {high[first]:g}], where nothing can be seen. '
                    "Correct the window, or use Censored for values known to lie beyond a limit."
                )
        return dataclasses.replace(self, of=self.of.settle(data_sets, output), _gaps=(gaps[0], gaps[1]))

    def _window(self, data: Data, output: str) -> tuple[np.ndarray, np.ndarray]:
        n = len(data.observations(output)[0])
        low, high = limit_of(data, output, self.lower, "lower"), limit_of(data, output, self.upper, "upper")
        low = np.full(n, -np.inf) if low is None else np.where(np.isnan(low), -np.inf, low)
        high = np.full(n, np.inf) if high is None else np.where(np.isnan(high), np.inf, high)
        return low, high

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.of.columns, *(one for one in (self.lower, self.upper) if isinstance(one, str)))

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        low, high = self._window(data, output)
        return {**self.of.columns_of(data, output), _FROM: low, _TO: high}

    @property
    def pointwise(self) -> bool:
        return self.of.pointwise

    def log_window(self, scatter: Scatter) -> Any:
        xp, low, high = scatter.xp, scatter.columns[_FROM], scatter.columns[_TO]
        from_below, from_above = low > -np.inf, high < np.inf
        # Where an end is not there, another number stands for it, so that derivatives stay finite.
        low, high = xp.where(from_below, low, scatter.observed), xp.where(from_above, high, scatter.observed)
        if self.upper is None:
            return xp.where(from_below, log_above(self.of, scatter, low), 0.0)
        if self.lower is None:
            return xp.where(from_above, log_up_to(self.of, scatter, high), 0.0)
        result = log_between(self.of, scatter, low, high)
        if self._gaps[0]:
            alone = xp.where(from_above, log_up_to(self.of, scatter, high), 0.0)
            result = xp.where(from_below, result, alone)
        if self._gaps[1]:
            alone = xp.where(from_below, log_above(self.of, scatter, low), 0.0)
            result = xp.where(from_above, result, alone)
        return result

    def seen_up_to(self, scatter: Scatter, at: Any) -> Any:
        xp, low = scatter.xp, scatter.columns[_FROM]
        at = xp.minimum(at, scatter.columns[_TO])
        if self.lower is None:
            return log_up_to(self.of, scatter, at)
        from_below = low > -np.inf
        result = log_between(self.of, scatter, xp.where(from_below, low, at), at)
        return xp.where(from_below, result, log_up_to(self.of, scatter, at)) if self._gaps[0] else result

    def seen_above(self, scatter: Scatter, at: Any) -> Any:
        xp, high = scatter.xp, scatter.columns[_TO]
        at = xp.maximum(at, scatter.columns[_FROM])
        if self.upper is None:
            return log_above(self.of, scatter, at)
        from_above = high < np.inf
        result = log_between(self.of, scatter, at, xp.where(from_above, high, at))
        return xp.where(from_above, result, log_above(self.of, scatter, at)) if self._gaps[1] else result

    def seen_between(self, scatter: Scatter, lower: Any, upper: Any) -> Any:
        xp = scatter.xp
        inside = xp.maximum(lower, scatter.columns[_FROM]), xp.minimum(upper, scatter.columns[_TO])
        return log_between(self.of, scatter, *inside)

    def log_density(self, scatter: Scatter) -> Any:
        return self.of.log_density(scatter) - self.log_window(scatter)

    def log_cdf(self, scatter: Scatter) -> Any:
        return self.seen_up_to(scatter, scatter.observed) - self.log_window(scatter)

    def log_survival(self, scatter: Scatter) -> Any:
        return self.seen_above(scatter, scatter.observed) - self.log_window(scatter)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        low, high = np.asarray(scatter.columns[_FROM]), np.asarray(scatter.columns[_TO])
        drawn = self.of.simulate(scatter, generator)
        for _ in range(_ROUNDS):
            outside = (drawn <= low) | (drawn > high)
            if not outside.any():
                return drawn
            drawn = np.where(outside, self.of.simulate(scatter, generator), drawn)
        raise NoiseError(
            f'data for "{scatter.output}" cannot be simulated: its window holds next to none of what the noise gives. '
            "Choose other parameters, or a wider window."
        )

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("truncated", self.of.signature, self.lower is None, self.upper is None, self._gaps)

    def describe(self) -> str:
        ends = (("above", self.lower), ("up to", self.upper))
        seen = " and ".join(f"{word} {shown_limit(value)}" for word, value in ends if value is not None)
        return f"{self.of.describe()}, seen only {seen}"
