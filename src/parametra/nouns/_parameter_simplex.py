"""Simplex: positive weights that sum to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.dirichlet import Dirichlet
from parametra.maths.transforms import StickBreaking
from parametra.nouns._parameter_face import Continuous
from parametra.nouns.errors import ParameterError
from parametra.nouns.statement import Numbers, Text, Weights, Whole, numbers, shown, whole

# Typed weights such as (0.333, 0.333, 0.334) are not held to the last place.
_SUM_TOLERANCE = 1e-6
_NUDGE = 1e-6


@dataclass(frozen=True, repr=False)
class Simplex(Continuous, kind="simplex"):
    """Weights w_1 .. w_k > 0 that sum to one, such as fractions of a mixture: `Simplex(3)`.

    The box coordinates are the k - 1 unbounded numbers of stick breaking, called `w~0`, `w~1`, ...; all zero is equal
    weights. For one fraction alone, `Real(0, 1)` is simpler.

    Arguments:
        size: k, the number of weights, 2 or more.
        guess: k weights; the prior's mean, or equal weights, unless stated.
        prior: a `Dirichlet` of k numbers; uniform over all weights unless stated.
        unit, description: for reports.

    Raises:
        ParameterError: what cannot be, with the call as typed.
    """

    size: Whole
    guess: Numbers | None = field(default=None, kw_only=True)
    prior: Weights | None = field(default=None, kw_only=True)
    unit: Text = field(default="", kw_only=True)
    description: Text = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        self.check_words()
        object.__setattr__(self, "size", whole(self.size, self, "size"))
        if self.size < 2:
            self.refuse("a simplex has 2 or more weights; a single one is always 1")
        prior: Any = self.prior
        if prior is not None and not (isinstance(prior, Dirichlet) and prior.size == self.size):
            self.refuse(f"prior must be a Dirichlet of {self.size} numbers; {shown(prior)} came")
        if self.guess is None:
            return
        guess = numbers(self.guess, self, "guess")
        object.__setattr__(self, "guess", guess)
        if np.shape(guess) != (self.size,):
            self.refuse(f"guess must be {self.size} weights; an array of shape {np.shape(guess)} came")
        total = float(np.sum(guess))
        if not abs(total - 1.0) <= _SUM_TOLERANCE:
            self.refuse(f"the guess must sum to one; it sums to {total:.6g}; divide each weight by that")
        if min(np.ravel(guess)) < 0.0:
            self.refuse("the weights of the guess must not be negative")

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]  # stated by size
        return (self.size,)

    @property
    def dimension(self) -> int:
        return self.size - 1

    @property
    def box_lower(self) -> Float[np.ndarray, " d"]:
        return np.full(self.size - 1, -np.inf)

    @property
    def box_upper(self) -> Float[np.ndarray, " d"]:
        return np.full(self.size - 1, np.inf)

    @cached_property
    def _stick(self) -> StickBreaking:
        return StickBreaking(self.size)

    @cached_property
    def _distribution(self) -> Dirichlet:
        return Dirichlet((1.0,) * self.size) if self.prior is None else self.prior

    def guess_value(self) -> Any:
        if self.guess is None:
            return self._distribution.mean
        guess = np.asarray(self.guess)
        return guess / guess.sum()

    @property
    def box_guess(self) -> Float[np.ndarray, " d"]:
        # A weight of zero lies at infinity in the box.
        weights = np.maximum(self.guess_value(), _NUDGE)
        return self._stick.inverse(weights / weights.sum())

    def labels(self, name: str) -> list[str]:
        return [f"{name}~{k}" for k in range(self.size - 1)]

    def cube_labels(self, name: str) -> list[str]:
        return self.labels(name)

    def from_box(self, box: Any, xp: Any) -> Any:
        return self._stick.forward(box, xp)

    def to_box(self, value: Any) -> np.ndarray:
        return self._stick.inverse(self.checked(value))

    def checked(self, value: Any) -> Any:
        weights = np.asarray(value)
        if weights.dtype.kind not in "iuf" or weights.shape[:1] != (self.size,):
            raise ParameterError(f"{self.size} weights are wanted; {shown(value)} came")
        weights = weights.astype(float)
        total = weights.sum(axis=0)
        if not np.all(np.abs(total - 1.0) <= _SUM_TOLERANCE) or not np.all(weights > 0.0):
            raise ParameterError(f"weights are positive and sum to one; {shown(value)} came")
        return weights / total

    def log_jacobian(self, box: Any, xp: Any) -> Any:
        return self._stick.log_jacobian(box, xp)

    def slopes(self, box: np.ndarray) -> Iterator[tuple[int, Any]]:
        jacobian = self._stick.jacobian(box)
        for k in range(self.size - 1):
            yield k, jacobian[:, k]

    def from_cube(self, u: np.ndarray) -> Any:
        return self._distribution.quantile(u)

    def to_cube(self, value: Any) -> np.ndarray:
        return self._distribution.cdf(self.checked(value))

    def log_prior(self, value: Any, xp: Any) -> Any:
        return self._distribution.log_density(value, xp)

    def draw(self, generator: np.random.Generator) -> Float[np.ndarray, " d"]:
        weights = np.maximum(generator.dirichlet(self._distribution.alpha), 1e-300)
        return self._stick.inverse(weights)
