"""Real, Positive and Log: numbers, and arrays of numbers, between bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.distributions import Distribution, LogUniform, Truncated, Uniform
from parametra.nouns._parameter_face import Continuous
from parametra.nouns.errors import ParameterError
from parametra.nouns.statement import Numbers, Prior, Shape, Text, interval, numbers, shown

# exp(log(bound)) may miss the bound by some units in the last place.
_ROUNDING = 8.0 * float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True, repr=False)
class Bounded(Continuous):
    """What Real, Positive and Log share; the box coordinate of each element is its value, or the logarithm of it."""

    guess: Numbers | None = field(default=None, kw_only=True)
    prior: Prior | None = field(default=None, kw_only=True)
    unit: Text = field(default="", kw_only=True)
    shape: Shape = field(default=(), kw_only=True)
    description: Text = field(default="", kw_only=True)

    logarithmic: ClassVar[bool] = False
    domain_lower: ClassVar[float] = -math.inf
    bounds: ClassVar[tuple[str, ...]] = ("lower", "upper")

    def __post_init__(self) -> None:
        self.check_words()
        self.settle_shape()
        for name in (*self.bounds, "guess"):
            value = getattr(self, name)
            if value is not None:
                settled = self._settled(value, name)
                # No bound has one form only, so that equal statements compare equal.
                endless = settled == (-math.inf if name == "lower" else math.inf) and name != "guess"
                object.__setattr__(self, name, None if endless else settled)
        self._check_bounds()
        if self.prior is not None:
            self._check_prior()
        if self.guess is not None:
            self._check_guess()

    # ---- what was stated, element by element

    def _settled(self, value: object, name: str) -> float | tuple[Any, ...]:
        settled = numbers(value, self, name)
        if isinstance(settled, tuple):
            stated = np.shape(settled)
            try:
                fits = np.broadcast_shapes(stated, self.shape) == self.shape
            except ValueError:
                fits = False
            if not fits:
                self.refuse(
                    f"{name} has the shape {stated}, which does not fit shape={self.shape}; state shape={stated}"
                )
        return settled

    def _each(self, name: str, missing: float) -> list[float]:
        """A bound or the guess for each element, flat in C order."""
        value: Any = getattr(self, name, None)
        if not isinstance(value, tuple):
            return [missing if value is None else value] * self.dimension
        return np.broadcast_to(np.asarray(value), self.shape).ravel().tolist()

    def _where(self, element: int) -> str:
        return "" if not self.shape else f" in element {element}"

    def _check_bounds(self) -> None:
        lowers, uppers = self._each("lower", -math.inf), self._each("upper", math.inf)
        for i, (lower, upper) in enumerate(zip(lowers, uppers, strict=True)):
            if lower == math.inf or upper == -math.inf:
                wrong, way = ("lower", "inf") if lower == math.inf else ("upper", "-inf")
                self.refuse(f"{wrong} is {way}{self._where(i)}; leave it out where there is no bound")
            if self.logarithmic and lower <= 0 and lower != -math.inf:
                self.refuse(f"lower must be larger than 0{self._where(i)}; leave it out where there is no bound")
            if upper <= self.domain_lower:
                self.refuse(f"upper must be larger than 0{self._where(i)}; for other values take Real(...)")
            if lower > upper:
                self.refuse(f"lower must be below upper{self._where(i)}; swap them")
            if lower == upper:
                self.refuse(
                    f"lower and upper are the same{self._where(i)}; take Fixed({shown(lower)}) for a known value"
                )
            if math.isinf(upper - lower) and not math.isinf(upper) and not math.isinf(lower):
                self.refuse(f"the bounds are further apart than a number can be{self._where(i)}; leave them out")

    def _check_prior(self) -> None:
        prior: Any = self.prior
        if not isinstance(prior, Distribution):
            self.refuse("prior must be a distribution of one number, such as Normal(mean=70, sd=5)")
        lowers, uppers = self._stated_limits
        first, last = prior.support
        for lower, upper in zip(lowers, uppers, strict=True):
            if max(lower, first) >= min(upper, last):
                self.refuse(
                    f"the prior lives on {interval(first, last)} and the bounds allow {interval(lower, upper)} only; "
                    f"let them overlap"
                )
        try:
            _ = self._distributions
        except ValueError as error:
            self.refuse(f"{error}; widen the bounds or move the prior")

    def _check_guess(self) -> None:
        lowers, uppers = self._limits
        for i, guess in enumerate(self._each("guess", math.nan)):
            if math.isinf(guess):
                self.refuse(f"the guess must be finite{self._where(i)}")
            self._check_inside(guess, lowers[i], uppers[i], "the guess ", f"{self._where(i)}; move it, or the bounds")

    def _check_inside(self, value: float, lower: float, upper: float, what: str, remedy: str) -> None:
        is_open = lower == self.domain_lower
        if not lower <= value <= upper or (is_open and value == lower):
            self.refuse(f"{what}{shown(value)} lies outside {interval(lower, upper, is_open)}{remedy}")

    # ---- the domain

    @cached_property
    def _stated_limits(self) -> tuple[list[float], list[float]]:
        lowers = [max(lower, self.domain_lower) for lower in self._each("lower", -math.inf)]
        return lowers, self._each("upper", math.inf)

    @cached_property
    def _limits(self) -> tuple[list[float], list[float]]:
        """Bounds of the named value for each element: those stated, and where the prior has its support."""
        lowers, uppers = self._stated_limits
        if self.prior is not None:
            first, last = self.prior.support
            lowers, uppers = [max(each, first) for each in lowers], [min(each, last) for each in uppers]
        return lowers, uppers

    @cached_property
    def _limit_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self._limits[0]), np.array(self._limits[1])

    @cached_property
    def _uniform_limits(self) -> bool:
        lowers, uppers = self._stated_limits
        return len(set(lowers)) == 1 and len(set(uppers)) == 1

    @cached_property
    def _distributions(self) -> tuple[Distribution | None, ...]:
        """The prior of each element, one for all where they have the same bounds; None where it is improper."""
        lowers, uppers = self._stated_limits
        many = 1 if self._uniform_limits else len(lowers)
        return tuple(self._distribution(lowers[i], uppers[i]) for i in range(many))

    def _distribution(self, lower: float, upper: float) -> Distribution | None:
        if self.logarithmic:
            lower, upper = lower * (1.0 - _ROUNDING), upper * (1.0 + _ROUNDING)
        if self.prior is not None:
            first, last = self.prior.support
            cut = lower > first or upper < last
            return Truncated(self.prior, max(lower, first), min(upper, last)) if cut else self.prior
        if math.isinf(upper) or math.isinf(lower) or (self.logarithmic and lower <= 0):
            return None
        return LogUniform(lower, upper) if self.logarithmic else Uniform(lower, upper)

    @property
    def proper(self) -> bool:
        return all(each is not None for each in self._distributions)

    @property
    def dimension(self) -> int:
        return math.prod(self.shape)

    @cached_property
    def box_lower(self) -> Float[np.ndarray, " d"]:  # pyright: ignore[reportIncompatibleMethodOverride]  # read only
        return self._box_of(self._limit_arrays[0])

    @cached_property
    def box_upper(self) -> Float[np.ndarray, " d"]:  # pyright: ignore[reportIncompatibleMethodOverride]  # read only
        return self._box_of(self._limit_arrays[1])

    def _box_of(self, values: Any) -> Any:
        if not self.logarithmic:
            return values
        with np.errstate(divide="ignore"):
            return np.log(values)

    # ---- the guess

    @cached_property
    def _guesses(self) -> list[float]:
        lowers, uppers = self._limits
        if self.guess is not None:
            return self._each("guess", math.nan)
        return [
            self._default_guess(i, lower, upper) for i, (lower, upper) in enumerate(zip(lowers, uppers, strict=True))
        ]

    def _default_guess(self, element: int, lower: float, upper: float) -> float:
        if self.prior is not None:
            own = self.prior.median
            cut = self._distributions[0 if self._uniform_limits else element]
            return own if lower < own < upper or cut is None else cut.median
        one, low, high = 1.0, lower, upper
        if self.logarithmic:
            one, low, high = 0.0, -math.inf if lower <= 0 else math.log(lower), math.log(upper)
        if math.isfinite(low) and math.isfinite(high):
            box = 0.5 * (low + high)
        elif low < one < high:
            box = one
        else:
            # A step of 1, or a small fraction of a bound beside which 1 is nothing.
            box = low + max(1.0, 1e-6 * abs(low)) if math.isfinite(low) else high - max(1.0, 1e-6 * abs(high))
        return math.exp(box) if self.logarithmic else box

    def guess_value(self) -> Any:
        return np.array(self._guesses).reshape(self.shape) if self.shape else self._guesses[0]

    @cached_property
    def box_guess(self) -> Float[np.ndarray, " d"]:  # pyright: ignore[reportIncompatibleMethodOverride]  # read only
        guesses = list(self._guesses)
        if self.prior is not None:
            support = self.prior.support
            for i, (lower, upper) in enumerate(zip(*self._limits, strict=True)):
                inwards = 1e-6 * (upper - lower if math.isfinite(upper - lower) else max(1.0, abs(guesses[i])))
                for bound, end, is_open, step in zip(
                    (lower, upper), support, self.prior.open_at, (inwards, -inwards), strict=True
                ):
                    if is_open and guesses[i] == bound == end:
                        guesses[i] = bound + step
        return np.clip(self._box_of(np.array(guesses)), self.box_lower, self.box_upper)

    # ---- maps

    def from_box(self, box: Any, xp: Any) -> Any:
        value = xp.exp(box) if self.logarithmic else box
        return value.reshape(self.shape + value.shape[1:])

    def checked(self, value: Any) -> Any:
        flat = self._flat(value)
        return flat.reshape(np.shape(value)) if np.ndim(value) else float(flat[0])

    def to_box(self, value: Any) -> np.ndarray:
        flat = self._box_of(self._flat(value))
        if not self.logarithmic:
            return flat
        column = (-1, *(1,) * (flat.ndim - 1))
        return np.clip(flat, self.box_lower.reshape(column), self.box_upper.reshape(column))

    def _flat(self, value: Any) -> np.ndarray:
        """The value as (dimension, *batch), checked against the domain."""
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            raise ParameterError(f"a number is wanted; {shown(value)} came")
        rank = len(self.shape)
        if array.shape[:rank] != self.shape:
            raise ParameterError(f"an array of shape {self.shape} is wanted; one of shape {array.shape} came")
        array = array.astype(float).reshape(-1, *array.shape[rank:])
        column = (-1, *(1,) * (array.ndim - 1))
        lower, upper = (limit.reshape(column) for limit in self._limit_arrays)
        slack = _ROUNDING if self.logarithmic else 0.0
        inside = (array >= lower * (1.0 - slack)) & (array <= upper * (1.0 + slack))
        inside &= np.isfinite(array) & ~((lower == self.domain_lower) & (array <= lower))
        if not inside.all():
            where = np.unravel_index(int(np.argmin(inside)), inside.shape)
            i = int(where[0])
            lowest, highest = self._limits[0][i], self._limits[1][i]
            text = interval(lowest, highest, lowest == self.domain_lower)
            raise ParameterError(f"{shown(array[where])} lies outside {text}{self._where(i)}")
        return array

    def log_jacobian(self, box: Any, xp: Any) -> Any:
        return xp.sum(box, axis=0) if self.logarithmic else xp.zeros(box.shape[1:])

    def slopes(self, box: np.ndarray) -> Iterator[tuple[int, Any]]:
        slope: Any = np.exp(box) if self.logarithmic else 1.0
        if not self.shape:
            yield 0, slope[0] if self.logarithmic else 1.0
            return
        for k in range(self.dimension):
            tangent = np.zeros(box.shape)
            tangent[k] = slope[k] if self.logarithmic else 1.0
            yield k, tangent.reshape(self.shape + box.shape[1:])

    def _per_element(self, what: str, values: Any, stack: Any) -> Any:
        """A method of each element's prior, for values (dimension, *batch)."""
        if len(self._distributions) == 1:
            return getattr(self._distributions[0], what)(values)
        return stack([getattr(each, what)(row) for each, row in zip(self._distributions, values, strict=True)])

    def from_cube(self, u: np.ndarray) -> Any:
        column = (-1, *(1,) * (u.ndim - 1))
        lower, upper = (limit.reshape(column) for limit in self._limit_arrays)
        values = np.clip(self._per_element("quantile", u, np.stack), lower, upper)
        return values.reshape(self.shape + u.shape[1:]) if self.shape or u.ndim > 1 else values[0]

    def to_cube(self, value: Any) -> np.ndarray:
        return self._per_element("cdf", self._flat(value), np.stack)

    def log_prior(self, value: Any, xp: Any) -> Any:
        if not self.shape:
            return self._element_log_prior(self._distributions[0], value, xp)
        rows = xp.reshape(value, (self.dimension, *np.shape(value)[len(self.shape) :]))
        if len(self._distributions) == 1:
            return xp.sum(self._element_log_prior(self._distributions[0], rows, xp), axis=0)
        parts = [self._element_log_prior(each, rows[i], xp) for i, each in enumerate(self._distributions)]
        return xp.sum(xp.stack(parts), axis=0)

    def _element_log_prior(self, distribution: Distribution | None, value: Any, xp: Any) -> Any:
        if distribution is not None:
            return distribution.log_density(value, xp)
        # Flat in the logarithm is 1/value; flat is 1.
        return -xp.log(value) if self.logarithmic else xp.zeros(np.shape(value))

    # ---- random starts

    def draw(self, generator: np.random.Generator) -> Float[np.ndarray, " d"]:
        d, lower, upper, guess = self.dimension, self.box_lower, self.box_upper, self.box_guess
        u = np.clip(generator.random(d), 2.0**-53, 1.0 - 2.0**-53)
        if self.prior is not None:
            values = self.from_cube(u)
            values = np.maximum(values, _TINY) if self.domain_lower == 0.0 else values
            return self._box_of(np.reshape(values, d))
        finite = np.isfinite(lower) & np.isfinite(upper)
        with np.errstate(invalid="ignore"):
            between = np.where(finite, lower + u * (upper - lower), 0.0)
        if finite.all():
            return between
        if self.domain_lower == 0.0:
            step = 1.5 * generator.standard_normal(d)
            far = guess + step if self.logarithmic else guess * np.exp(step)
        else:
            far = guess + np.where(guess != 0.0, np.abs(guess), 1.0) * generator.standard_t(3.0, d)
        with np.errstate(invalid="ignore"):  # infinite bounds, which are not taken
            far = np.where(np.isfinite(lower), np.abs(far - lower) + lower, far)
            far = np.where(np.isfinite(upper), upper - np.abs(upper - far), far)
        return np.where(finite, between, far)


@dataclass(frozen=True, repr=False)
class Real(Bounded, kind="real"):
    """A number, or an array of numbers: `Real(0, 10, unit="km/s", guess=3)`.

    For rates, scales and other numbers above zero prefer `Positive`, or `Log` when not even the order of magnitude is
    known.

    Arguments:
        lower, upper: bounds; None, -inf and inf are no bound. Numbers, or arrays that broadcast to the shape.
        guess: where to begin; the prior's median, the middle of the bounds, or 1 unless stated.
        prior: a distribution of one number, the same and independent for each element. Where it reaches beyond the
            bounds, what lies inside is normalised again. Without one, finite bounds mean a uniform prior.
        unit: of the values, for reports and axes.
        shape: of an array; () is one number.
        description: a few words for reports.

    Raises:
        ParameterError: what cannot be, with the call as typed.
    """

    lower: Numbers | None = None
    upper: Numbers | None = None


@dataclass(frozen=True, repr=False)
class Positive(Bounded, kind="positive"):
    """A number above zero, searched on its own scale: `Positive(unit="s")`.

    When not even the order of magnitude is known, prefer `Log`.

    Arguments:
        upper: the largest value; None is no bound. The domain is (0, upper].
        guess, prior, unit, shape, description: as for `Real`.

    Raises:
        ParameterError: what cannot be, with the call as typed.
    """

    domain_lower: ClassVar[float] = 0.0
    bounds: ClassVar[tuple[str, ...]] = ("upper",)

    upper: Numbers | None = None


@dataclass(frozen=True, repr=False)
class Log(Bounded, kind="log"):
    """A number above zero of unknown order of magnitude: methods move in its logarithm. `Log(1e-6, 1e3)`.

    Without a stated prior it is flat in the logarithm, p(value) ~ 1/value, whether or not the bounds are finite.

    Arguments:
        lower, upper: bounds of the value itself, larger than 0; None is no bound.
        guess: the value itself; the geometric middle of the bounds, or 1, unless stated.
        prior: a distribution of the value itself, not of its logarithm.
        unit, shape, description: as for `Real`.

    Raises:
        ParameterError: what cannot be, with the call as typed.
    """

    logarithmic: ClassVar[bool] = True
    domain_lower: ClassVar[float] = 0.0

    lower: Numbers | None = None
    upper: Numbers | None = None
