"""Priors of PEtab's parameter tables as distributions of the value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.formats._petab_tables import Row, as_number
from parametra.maths.distributions import Distribution, LogNormal, Normal, Uniform
from parametra.nouns.errors import FileError

KINDS = (
    "uniform", "normal", "laplace", "logNormal", "logLaplace",
    "parameterScaleUniform", "parameterScaleNormal", "parameterScaleLaplace",
)  # fmt: skip
LN10 = math.log(10.0)


@dataclass(frozen=True, repr=False)
class Laplace(Distribution):
    """p(x) = exp(-|x - loc| / scale) / (2 scale): a value that is near loc, or rather far from it.

    Arguments:
        loc: the median.
        scale: the mean distance from it, larger than 0.
    """

    loc: Any
    scale: Any

    def _check(self) -> None:
        self._positive("scale")

    @property
    def support(self) -> tuple[float, float]:
        return (-math.inf, math.inf)

    def _log_density(self, x: Any, xp: Any) -> Any:
        z = (x - self.loc) / self.scale
        return -z * xp.sign(xp.real(z)) - math.log(2 * self.scale)  # abs() would end a complex step

    def quantile(self, u: Any) -> Any:
        below = np.minimum(u, 1.0 - np.asarray(u))
        with np.errstate(divide="ignore"):
            return self.loc + self.scale * np.sign(0.5 - np.asarray(u)) * np.log(2 * below)

    def cdf(self, x: Any) -> Any:
        z = (np.asarray(x) - self.loc) / self.scale
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0, tail, 1.0 - tail)

    @property
    def median(self) -> float:
        return self.loc


@dataclass(frozen=True, repr=False)
class LogLaplace(Distribution):
    """log x is Laplace(loc, scale).

    Arguments:
        loc: the median of log x.
        scale: the mean distance of log x from it, larger than 0.
    """

    loc: Any
    scale: Any

    def _check(self) -> None:
        self._positive("scale")

    @property
    def _of_logarithm(self) -> Laplace:
        return Laplace(self.loc, self.scale)

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    @property
    def open_at(self) -> tuple[bool, bool]:
        return (True, False)

    def _log_density(self, x: Any, xp: Any) -> Any:
        log_x = xp.log(x)
        return self._of_logarithm.log_density(log_x, xp) - log_x

    def quantile(self, u: Any) -> Any:
        return np.exp(self._of_logarithm.quantile(u))

    def cdf(self, x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return self._of_logarithm.cdf(np.log(np.maximum(x, 0.0)))

    @property
    def median(self) -> float:
        return math.exp(self.loc)


@dataclass(frozen=True)
class Known:
    """What a row says beforehand of a parameter: a distribution, or no more than where it lies.

    Arguments:
        prior: the distribution of the value; None for one that is flat on the parameter's scale.
        lower, upper: where it lies then, in the units of the value.
    """

    prior: Distribution | None = None
    lower: float = -math.inf
    upper: float = math.inf


def known_of(row: Row, scale: str) -> Known:
    """The prior of the objective that a row of the parameter table states.

    Arguments:
        row: the row; its objectivePriorType and objectivePriorParameters.
        scale: "lin", "log" or "log10".

    Raises:
        FileError: an unknown kind, or other than two numbers.
    """
    if not row.optional("objectivePriorType") and not row.optional("objectivePriorParameters"):
        return Known()
    kind = row.one_of("objectivePriorType", KINDS, "parameterScaleUniform")
    stated = row.several("objectivePriorParameters")
    if not stated and kind.lower().endswith("uniform"):
        return Known()  # between the bounds
    numbers = [as_number(part) for part in stated]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        came = ";".join(stated) or "nothing"
        raise FileError(f"{row.place}: objectivePriorParameters are two numbers, such as 0;1; {came} came.")
    first, second = numbers[0], numbers[1]
    try:
        return _known(kind, scale, first, second)
    except (ValueError, OverflowError) as error:
        raise FileError(f"{row.place}: the prior {kind} of {first:g};{second:g} cannot be: {error}.") from None


def _known(kind: str, scale: str, first: float, second: float) -> Known:
    unit = {"lin": 0.0, "log": 1.0, "log10": LN10}[scale]
    if kind == "parameterScaleUniform":
        if not first < second:
            raise ValueError("the lower end must be below the upper one")
        return Known(None, *(value if not unit else math.exp(unit * value) for value in (first, second)))
    if kind.startswith("parameterScale"):
        word = kind.removeprefix("parameterScale").lower()
        kind = word if not unit else f"log{word.capitalize()}"
        first, second = (first, second) if not unit else (unit * first, unit * second)
    if kind == "uniform" and scale == "lin":
        return Known(None, Uniform(first, second).lower, second)  # which refuses what is no interval
    made: dict[str, Any] = {
        "uniform": Uniform,
        "normal": Normal,
        "laplace": Laplace,
        "logNormal": LogNormal,
        "logLaplace": LogLaplace,
    }
    return Known(made[kind](first, second))
