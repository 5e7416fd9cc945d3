"""Integer and Choice: parameters whose values are separate, and which therefore have cube but no box coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.nouns._parameter_face import Free
from parametra.nouns.errors import ParameterError, did_you_mean
from parametra.nouns.statement import Numbers, Option, Options, Shape, Text, Whole, nested, shown, whole


@dataclass(frozen=True, repr=False)
class Integer(Free, kind="integer"):
    """A whole number from lower to upper, both included: `Integer(1, 5)`. All values are equally likely beforehand.

    Verbs that cannot search whole numbers ask for it to be fixed: `space.fix({"n": 3})`.

    Arguments:
        lower, upper: the smallest and the largest value.
        guess: where to begin; the middle unless stated.
        unit: of the values, for reports and axes.
        shape: of an array; () is one number.
        description: a few words for reports.

    Raises:
        ParameterError: what cannot be, with the call as typed.
    """

    discrete: ClassVar[bool] = True

    lower: Whole
    upper: Whole
    guess: Numbers | None = field(default=None, kw_only=True)
    unit: Text = field(default="", kw_only=True)
    shape: Shape = field(default=(), kw_only=True)
    description: Text = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        self.check_words()
        self.settle_shape()
        object.__setattr__(self, "lower", whole(self.lower, self, "lower"))
        object.__setattr__(self, "upper", whole(self.upper, self, "upper"))
        if self.lower > self.upper:
            self.refuse("lower must be below upper; swap them")
        if self.lower == self.upper:
            self.refuse(f"lower and upper are the same; take Fixed({self.lower}) for a known value")
        if self.guess is not None:
            try:
                stated = self.checked(self.guess if self.shape else whole(self.guess, self, "guess"))
            except ParameterError as error:
                text = str(error)
                raise ParameterError(text if text.startswith("Integer(") else f"{self!r}: guess: {text}") from None
            object.__setattr__(self, "guess", nested(np.asarray(stated).tolist()))

    @property
    def cube_dimension(self) -> int:
        return math.prod(self.shape)

    @property
    def values(self) -> int:
        """How many values there are."""
        return self.upper - self.lower + 1

    def guess_value(self) -> Any:
        middle = (self.lower + self.upper) // 2
        if self.shape:
            return np.array(np.broadcast_to(middle if self.guess is None else np.asarray(self.guess), self.shape))
        return middle if self.guess is None else self.guess

    def checked(self, value: Any) -> Any:
        array = np.asarray(value)
        rank = len(self.shape)
        if array.dtype.kind not in "iuf" or not np.all(array == np.floor(array)):
            raise ParameterError(f"a whole number is wanted; {shown(value)} came")
        if array.shape[:rank] != self.shape:
            raise ParameterError(f"an array of shape {self.shape} is wanted; one of shape {array.shape} came")
        if not np.all((array >= self.lower) & (array <= self.upper)):
            raise ParameterError(f"{shown(value)} lies outside [{self.lower}, {self.upper}]")
        return array.astype(int) if array.shape else int(array)

    def from_cube(self, u: np.ndarray) -> Any:
        value = np.minimum(self.lower + np.floor(u * self.values).astype(int), self.upper)
        return value.reshape(self.shape + u.shape[1:]) if self.shape or u.ndim > 1 else int(value[0])

    def to_cube(self, value: Any) -> np.ndarray:
        array = np.asarray(self.checked(value), dtype=float)
        # The middle of the stretch of the cube that this value has.
        middle = (array - self.lower + 0.5) / self.values
        return middle.reshape(self.cube_dimension, *array.shape[len(self.shape) :])

    def log_prior(self, value: Any, xp: Any) -> Any:
        inside = (value >= self.lower) & (value <= self.upper)
        each = xp.where(inside, -math.log(self.values), -math.inf)
        return xp.sum(each, axis=tuple(range(len(self.shape)))) if self.shape else each


@dataclass(frozen=True, repr=False)
class Choice(Free, kind="choice"):
    """One of several alternatives: `Choice(["linear", "log"])`. All are equally likely beforehand.

    Verbs that cannot choose ask for it to be fixed: `space.fix({"law": "linear"})`.

    Arguments:
        options: the alternatives, any hashable objects: text, numbers, tuples.
        guess: where to begin; the first option unless stated.
        unit: of the options, where they are numbers.
        description: a few words for reports.

    Raises:
        ParameterError: what cannot be, with the call as typed.
    """

    discrete: ClassVar[bool] = True

    options: Options
    guess: Option = field(default=None, kw_only=True)
    unit: Text = field(default="", kw_only=True)
    description: Text = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        self.check_words()
        options: Any = self.options
        if not isinstance(options, (list, tuple, np.ndarray)):
            self.refuse(f"options must be a list, such as Choice([1, 2]); {type(options).__name__} came")
        options = nested(options.tolist() if isinstance(options, np.ndarray) else list(options))
        object.__setattr__(self, "options", options)
        if not options:
            self.refuse("there is no option; list the alternatives")
        try:
            different = set(options)
        except TypeError:
            self.refuse("every option must be hashable: text, a number or a tuple")
        if len(different) < len(options):
            twice = next(each for i, each in enumerate(options) if each in options[:i])
            self.refuse(f"the option {shown(twice)} is there twice; leave one out")
        object.__setattr__(self, "guess", nested(self.guess))
        if self.guess is not None and self.guess not in options:
            self.refuse(f"the guess is no option; {did_you_mean(str(self.guess), map(str, options))}")

    @property
    def cube_dimension(self) -> int:
        return 1

    def guess_value(self) -> Any:
        return self.options[0] if self.guess is None else self.guess

    def checked(self, value: Any) -> Any:
        # The option itself, so that 1 and True, or "a" and NumPy's "a", come out as they were stated.
        value = value.item() if isinstance(value, np.generic) else value
        try:
            return self.options[self.options.index(value)]
        except ValueError:
            raise ParameterError(
                f"{shown(value)} is no option; {did_you_mean(str(value), map(str, self.options))}"
            ) from None

    def from_cube(self, u: np.ndarray) -> Any:
        count = len(self.options)
        index = np.minimum(np.floor(u[0] * count).astype(int), count - 1)
        if u.ndim == 1:
            return self.options[int(index)]
        chosen = np.empty(count, dtype=object)
        for i, option in enumerate(self.options):
            chosen[i] = option
        return chosen[index]

    def to_cube(self, value: Any) -> np.ndarray:
        if isinstance(value, np.ndarray):
            index = [self.options.index(self.checked(each)) for each in value.ravel().tolist()]
            return (np.array(index).reshape(1, *value.shape) + 0.5) / len(self.options)
        return np.array([(self.options.index(self.checked(value)) + 0.5) / len(self.options)])

    def log_prior(self, value: Any, xp: Any) -> Any:
        batch = value.shape if isinstance(value, np.ndarray) else ()
        return xp.zeros(batch) - math.log(len(self.options))
