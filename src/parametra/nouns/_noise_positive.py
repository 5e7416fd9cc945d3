"""What noises of values above zero share: logarithms that cannot fail, and a shape."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from parametra.nouns._noise_contract import Noise, Scatter, Working
from parametra.nouns._noise_settings import (
    checked_guess,
    estimated,
    number_or_estimated,
    refuse_values,
    setting,
    settled_guess,
    told,
)
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter

ABOVE_ZERO = "values above zero"


def log_ratio(scatter: Scatter) -> tuple[Any, Any, Any]:
    """log(observed / predicted), log observed, and where both are above zero; 0 elsewhere, to keep NaN away."""
    xp = scatter.xp
    observed = xp.asarray(scatter.observed)
    possible = (xp.real(scatter.predicted) > 0) & (observed > 0)
    log_observed = xp.log(xp.where(possible, observed, 1.0))
    return log_observed - xp.log(xp.where(possible, scatter.predicted, 1.0)), log_observed, possible


def probability_or(scatter: Scatter, possible: Any, value: Any, nothing: float) -> Any:
    """`value` where possible; below zero what is certain there; minus infinity for an impossible prediction."""
    xp = scatter.xp
    return xp.where(possible, value, xp.where(xp.real(scatter.predicted) > 0, nothing, -math.inf))


class Waiting(Noise):
    """What Gamma, Weibull, Exponential and LogLogistic share: values above zero, and a shape."""

    shape: Any
    guess: Any
    support: ClassVar[str] = "positive"
    kind: ClassVar[str]
    word: ClassVar[str]

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, self.kind, wrong=lambda y: ~(y > 0), wanted=ABOVE_ZERO)
        if self.shape != "estimated":
            return self
        guess = settled_guess(self.guess, data_sets, output, self.shape_of)
        return dataclasses.replace(self, guess=guess)  # pyright: ignore[reportArgumentType]

    def check_settings(self) -> None:
        object.__setattr__(self, "shape", number_or_estimated("shape", self.shape))
        object.__setattr__(self, "guess", checked_guess("shape", self.guess))

    @staticmethod
    def shape_of(observed: np.ndarray) -> float:
        """A shape that gives the observed values about their whole variation."""
        raise NotImplementedError

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        return estimated("shape", self.shape, self.guess, output=output, alone=alone)

    def shape_at(self, scatter: Scatter) -> Any:
        return setting("shape", self.shape, scatter)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.kind, self.shape)

    def describe(self) -> str:
        return f"{self.word}, {told('shape', self.shape)}"

    def shape_row(self, scatter: Scatter, score: Any, information: Any) -> tuple[Working, ...]:
        """The shape's own row, when it is estimated."""
        if self.shape != "estimated":
            return ()
        xp, like = scatter.xp, np.shape(scatter.predicted)
        shape = xp.broadcast_to(self.shape_at(scatter), like)
        return (Working(shape, xp.broadcast_to(score, like), xp.broadcast_to(information, like)),)
