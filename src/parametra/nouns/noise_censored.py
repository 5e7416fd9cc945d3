"""Values of which only a limit is known.

    exact      the value itself          log f(y)
    right      it is above y             log (1 - F(y))
    left       it is y or less           log F(y)
    interval   above a, and b or less    log (F(b) - F(a))

F is the distribution function of the noise inside, which is any that offers `log_cdf` and `log_survival`. For counts
the same rules hold: right-censored at 5 says 6 or more, left-censored at 5 says 5 or fewer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from parametra.nouns._censoring_status import (
    EXACT,
    INTERVAL,
    LEFT,
    RIGHT,
    USUAL,
    WORDS,
    Told,
    as_codes,
    between,
    checked_meaning,
    counted,
    intervals,
    limit_of,
    read_status,
    refuse_strange_events,
)
from parametra.nouns._noise_contract import Noise, Scatter, data_sets_with
from parametra.nouns._noise_limited import (
    Limited,
    Windowed,
    checked_limit,
    log_above,
    log_between,
    log_up_to,
    shown_limit,
)
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError

_CODES, _LOWER, _UPPER = "censored how", "censored above", "censored up to"
_BELOW, _ABOVE = "detected above", "detected below"


@dataclass(frozen=True)
class Censored(Limited, kind="censored"):
    """A noise of which some values are known as limits only: above y, y or less, or between two ends.

    Good for survival times of those who still live, concentrations below a limit of detection, readings at the end of
    a scale, dates known to a year. Leaving such values out, or taking them for exact, biases every estimate. Fits of
    Weibull, Exponential, LogNormal and LogLogistic are those of R's `survreg`. Prefer `Truncated` when values beyond a
    limit are missing altogether, and not even counted.

    Arguments:
        of: the noise, `Weibull()`, or its kind in a word.
        status: the column that tells exact values from limits, of numbers or words.
        event: the code, or codes, of exact values in it; all others are right-censored.
        meaning: all codes, in place of `event`: {"exact": 1, "right": 0, "left": 2, "interval": 3}, each one code or
            several. Left out with `event`, it is this one, and the words themselves.
        upper: the column of upper ends of interval-censored values; the observed column holds the lower ends.
        below: a limit of detection, a number or a column of them: an exact value at or below it is left-censored at the
            limit.
        above: the end of the scale, likewise: an exact value at or above it is right-censored at it. For counts that
            says the limit or more.

    Simulated data are those that might have come without a status column, cut off at the limits `below` and `above`:
    when those who were right-censored would have been, had they lived, is not known.

    Raises:
        NoiseError: a noise without a distribution function, nothing that says what is censored, a column that is not
            there, a code without a meaning, an upper end that is missing or not above the lower one.

    Source: Kalbfleisch and Prentice (2002), The Statistical Analysis of Failure Time Data, chapter 3,
        doi:10.1002/9781118032985; Tobin (1958), doi:10.2307/1907382
    """

    of: Any = None
    status: str = ""
    event: Any = None
    meaning: Any = None
    upper: str = ""
    below: Any = None
    above: Any = None
    _counts: tuple[int, int, int, int] = field(default=(0, 0, 0, 0), kw_only=True, repr=False)

    def __post_init__(self) -> None:
        self.take_inside("censored")
        if not self.status and self.below is None and self.above is None:
            raise NoiseError(
                'nothing says which values are censored: name a status column, Censored(noise, status="status", '
                "event=1), or limits of detection, Censored(noise, below=0.1)."
            )
        if not self.status and (self.event is not None or self.meaning is not None or self.upper):
            raise NoiseError('event, meaning and upper belong to a status column; name it, status="status".')
        if self.event is not None and self.meaning is not None:
            raise NoiseError("event says that all other codes are right-censored, and meaning states all; keep one.")
        for word in ("below", "above"):
            object.__setattr__(self, word, checked_limit(getattr(self, word), word))
        if self.event is not None:
            object.__setattr__(self, "event", as_codes(self.event))
        if self.meaning is not None:
            object.__setattr__(self, "meaning", checked_meaning(self.meaning))

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        having = data_sets_with(data_sets, output)
        if self.event is not None and not any(self._counts):  # what was settled once may be asked about fewer rows
            refuse_strange_events(having, output, self.status, self.event)
        told = [self._told(data, output) for data in having]
        # Limits are values too, for the guesses of the noise inside and for what it refuses.
        as_exact = [_with_values(d, output, _representative(t, self.of)) for d, t in zip(having, told, strict=True)]
        inner = self.of.settle(as_exact, output)
        return dataclasses.replace(self, of=inner, _counts=counted([one.codes for one in told]))

    def _told(self, data: Data, output: str) -> Told:
        observed, _ = data.observations(output)
        codes = np.zeros(len(observed))
        if self.status:
            meaning = USUAL if self.meaning is None else self.meaning
            if self.event is not None:
                meaning = (("exact", self.event),)
            codes = read_status(data, output, self.status, meaning, None if self.event is None else RIGHT)
        told = intervals(Told(codes, observed, observed), data, output, self.upper)
        below, above = (
            limit_of(data, output, one, word) for one, word in ((self.below, "below"), (self.above, "above"))
        )
        return between(told, below, above, data, output, counts=self.counts)

    @property
    def columns(self) -> tuple[str, ...]:
        own = (self.status, self.upper, self.below, self.above)
        return (*self.of.columns, *(one for one in own if isinstance(one, str) and one))

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        told = self._told(data, output)
        found = {_CODES: told.codes, _LOWER: told.lower, _UPPER: told.upper}
        for name, stated, word, nothing in (
            (_BELOW, self.below, "below", -np.inf),
            (_ABOVE, self.above, "above", np.inf),
        ):
            limit = limit_of(data, output, stated, word)
            if limit is not None:
                found[name] = np.where(np.isnan(limit), nothing, limit)
        return {**self.of.columns_of(data, output), **found}

    @property
    def pointwise(self) -> bool:
        return self.of.pointwise

    def log_density(self, scatter: Scatter) -> Any:
        xp, codes = scatter.xp, scatter.columns[_CODES]
        if xp is np and np.ndim(codes) == 1:
            return self._kind_by_kind(scatter)
        # Each part is kept where it holds; elsewhere it is asked at the exact value, or at a limit, which is as good.
        density: Any = 0.0
        for kind in self._kinds:
            part = self._of_kind(kind, scatter)
            density = part if kind == self._kinds[0] else xp.where(codes == kind, part, density)
        return density - self.of.log_window(scatter) if isinstance(self.of, Windowed) else density

    @property
    def _kinds(self) -> tuple[int, ...]:
        return tuple(kind for kind, count in enumerate(self._counts) if count > 0)

    def _kind_by_kind(self, scatter: Scatter) -> Any:
        """Every part at its own rows alone, which are the same in all batches."""
        codes = scatter.columns[_CODES]
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        for kind in self._kinds:
            rows = np.flatnonzero(codes == kind)
            own = _rows_of(scatter, rows) if rows.size < codes.size else scatter
            part = self._of_kind(kind, own)
            parts.append((rows, part - self.of.log_window(own) if isinstance(self.of, Windowed) else part))
        if len(parts) == 1 and parts[0][0].size == codes.size:
            return parts[0][1]
        batch = np.broadcast_shapes(*(np.shape(part)[:-1] for _, part in parts))
        density = np.empty((*batch, codes.size), dtype=np.result_type(*(part for _, part in parts)))
        for rows, part in parts:
            density[..., rows] = part
        return density

    def _of_kind(self, kind: int, scatter: Scatter) -> Any:
        """What each row is worth if it is of this kind."""
        lower, upper = scatter.columns[_LOWER], scatter.columns[_UPPER]
        if kind == RIGHT:
            return log_above(self.of, scatter, lower)
        if kind == LEFT:
            return log_up_to(self.of, scatter, upper)
        if kind == INTERVAL:
            return log_between(self.of, scatter, lower, upper)
        inner = self.of.of if isinstance(self.of, Windowed) else self.of
        own = scatter.xp.where(scatter.columns[_CODES] == EXACT, scatter.observed, upper)
        return inner.log_density(dataclasses.replace(scatter, observed=own))

    def doubts(self, output: str) -> tuple[str, ...]:
        exact, right, left, interval = self._counts
        if exact or interval or not (right or left) or (right and left):
            return self.of.doubts(output)
        words = "right-censored, so that nothing keeps the estimate from growing without end"
        if left:
            words = "left-censored, so that nothing keeps the estimate from falling without end"
        here = f'all {right + left} values of "{output}" are {words}. Look at the status and the limits of detection.'
        return (here, *self.of.doubts(output))

    def censoring(self, scatter: Scatter) -> tuple[np.ndarray, np.ndarray] | None:
        if _CODES not in scatter.columns:
            return None
        return np.asarray(scatter.columns[_CODES]), np.asarray(scatter.columns[_UPPER])

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        drawn = self.of.simulate(scatter, generator)
        lowest, highest = scatter.columns.get(_BELOW, -np.inf), scatter.columns.get(_ABOVE, np.inf)
        return np.clip(drawn, np.asarray(lowest), np.asarray(highest))

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("censored", self.of.signature, *(count > 0 for count in self._counts))

    def describe(self) -> str:
        total = sum(self._counts)
        words = [f"{n} {w}-censored" for n, w in zip(self._counts[1:], WORDS[1:], strict=True) if n]
        told = f"{', '.join(words) or 'none censored'} of {total} values" if total else "censored"
        where = [f"by the column {self.status}"] if self.status else []
        where += [
            f"{word} {shown_limit(value)}"
            for word, value in (("below", self.below), ("above", self.above))
            if value is not None
        ]
        return f"{self.of.describe()}; {told}, {' and '.join(where)}"


def _rows_of(scatter: Scatter, rows: np.ndarray) -> Scatter:
    """The same of some rows."""
    spread, own = scatter.input_variance, scatter.sigma
    return dataclasses.replace(
        scatter,
        predicted=scatter.predicted[..., rows],
        observed=None if scatter.observed is None else scatter.observed[rows],
        sigma=None if own is None else own[rows],
        columns={name: column[rows] for name, column in scatter.columns.items()},
        input_variance=None if spread is None else spread[..., rows],
    )


def _representative(told: Told, noise: Any) -> np.ndarray:
    """One value for each point: itself, or its limit; for positive values one above zero where a limit is not."""
    values = np.where(told.codes == EXACT, told.lower, told.upper)
    if noise.support == "positive":
        wrong = (values <= 0) & (told.codes != EXACT) & (told.codes != LEFT)
        if wrong.any() and (values > 0).any():
            values = np.where(wrong, values[values > 0].min(), values)
    return values


def _with_values(data: Data, output: str, values: np.ndarray) -> Data:
    """The same data set with these values of an output where it was observed."""
    index = data.observed[output]
    whole = data.outputs[output].copy()
    whole[slice(None) if index is None else index] = values
    other = object.__new__(Data)
    fields: Mapping[str, Any] = {**vars(data), "outputs": {**data.outputs, output: whole}}
    for name, value in cast("Mapping[str, Any]", fields).items():
        object.__setattr__(other, name, value)
    return other
