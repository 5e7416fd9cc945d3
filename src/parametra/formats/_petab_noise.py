"""Noise whose width is a formula of the prediction, parameters and columns, as PEtab states it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns._noise_contract import Noise, Scatter, Working, data_sets_with
from parametra.nouns._noise_settings import refuse_values
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.formula import Formula

PREDICTED = "predicted"
"""What the prediction is called in a width."""


@dataclass(frozen=True)
class ByRow:
    """A name in a width that stands for something else in each row.

    Arguments:
        name: the name.
        parameters: those that it stands for in some rows.
        output: the output that the width belongs to.
    """

    name: str
    parameters: tuple[str, ...]
    output: str

    @property
    def numbers(self) -> str:
        """The column of its values, where it stands for a number."""
        return f"{self.name} of {self.output}"

    @property
    def which(self) -> str:
        """The column that tells which of the parameters it stands for, from 1 on; 0 for a number."""
        return f"{self.name} of {self.output}, which"


@dataclass(frozen=True)
class Width(Noise):
    """Normal or Laplace scatter of y, log y or log10 y around that of the prediction, with a width that is a formula.

    Arguments:
        formula: the width, of `predicted`, parameters, and the names of `by_row`.
        family: "normal" (the width is a standard deviation) or "laplace" (it is the mean absolute deviation).
        scale: "lin", "log" or "log10": what scatters is y, log y or log10 y. The density is that of y always.
        by_row: the names in it that stand for something else in each row.
    """

    formula: str
    family: str = "normal"
    scale: str = "lin"
    by_row: tuple[ByRow, ...] = ()

    @cached_property
    def _parsed(self) -> Formula:
        return Formula.parse(self.formula, where="the formula of the noise")

    @property
    def _logarithm(self) -> float:
        """By how much a logarithm of the scale is smaller than the natural one, 0 for plain values."""
        return {"lin": 0.0, "log": 1.0, "log10": math.log(10.0)}[self.scale]

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        having = data_sets_with(data_sets, output)
        if self._logarithm:
            refuse_values(having, output, self.scale, wrong=lambda y: ~(y > 0), wanted="values above zero")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column for each in self.by_row for column in (each.numbers, each.which))

    @property
    def reads(self) -> frozenset[str] | None:
        by_row = {each.name for each in self.by_row}
        chosen = {parameter for each in self.by_row for parameter in each.parameters}
        return self._parsed.names.difference({PREDICTED}, by_row) | chosen

    def _width(self, scatter: Scatter) -> tuple[Any, Any]:
        """The width, 1 where it is impossible, and where it is possible."""
        xp = scatter.xp
        values: dict[str, Any] = {PREDICTED: scatter.predicted}
        for each in self.by_row:
            which, value = scatter.columns[each.which], scatter.columns[each.numbers]
            for number, parameter in enumerate(each.parameters, start=1):
                value = xp.where(which == number, _shaped(scatter.values[parameter], scatter), value)
            values[each.name] = value
        for name in self._parsed.names.difference(values):
            values[name] = _shaped(scatter.values[name], scatter)
        width = xp.broadcast_to(self._parsed.evaluate(values, xp), np.shape(scatter.predicted))
        possible = xp.real(width) > 0
        # The 1 keeps NaN out of derivatives.
        return xp.where(possible, width, 1.0), possible

    def _standardised(self, scatter: Scatter) -> tuple[Any, Any, Any, Any]:
        """(y - prediction) / width on the scale, the width, the prediction on the scale, and where all are possible."""
        xp, unit = scatter.xp, self._logarithm
        width, possible = self._width(scatter)
        if not unit:
            return (scatter.observed - scatter.predicted) / width, width, scatter.predicted, possible
        possible = possible & (xp.real(scatter.predicted) > 0)
        predicted = xp.log(xp.where(possible, scatter.predicted, 1.0)) / unit
        return (xp.log(scatter.observed) / unit - predicted) / width, width, predicted, possible

    def log_density(self, scatter: Scatter) -> Any:
        xp, unit = scatter.xp, self._logarithm
        z, width, _, possible = self._standardised(scatter)
        if self.family == "normal":
            density = -0.5 * z**2 - xp.log(width) - 0.5 * math.log(2 * math.pi)
        else:
            density = -_absolute(z, xp) - xp.log(2 * width)
        if unit:
            density = density - xp.log(unit * scatter.observed)
        return xp.where(possible, density, -math.inf)

    @property
    def offers_scores(self) -> bool:
        return self.family == "normal"

    def working(self, scatter: Scatter) -> tuple[Working, ...] | None:
        """The mean and the width of a normal have no information in common: 1/s^2 and 2/s^2."""
        if self.family != "normal":
            return None
        xp = scatter.xp
        z, width, predicted, possible = self._standardised(scatter)
        mean = Working(predicted, z / width, xp.where(possible, 1 / width**2, 0.0))
        return mean, Working(width, (z**2 - 1) / width, xp.where(possible, 2 / width**2, 0.0))

    def standard_deviation(self, scatter: Scatter) -> Float[np.ndarray, "..."] | Any:
        width, _ = self._width(scatter)
        width = width * math.sqrt(2.0) if self.family == "laplace" else width
        return width * self._logarithm * scatter.predicted if self._logarithm else width

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        width, possible = self._width(scatter)
        if not np.all(possible):
            raise NoiseError(
                f'data for "{scatter.output}" cannot be simulated: the width {self.formula} is not above 0.'
            )
        shape = predicted.shape
        z = generator.standard_normal(shape) if self.family == "normal" else generator.laplace(size=shape)
        unit = self._logarithm
        return predicted * np.exp(unit * np.asarray(width) * z) if unit else predicted + np.asarray(width) * z

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("width", self.formula, self.family, self.scale, self.by_row)

    def describe(self) -> str:
        of = {"lin": "", "log": " of the logarithm", "log10": " of the decimal logarithm"}[self.scale]
        word = "standard deviation" if self.family == "normal" else "mean absolute deviation"
        stated = ", ".join(f"{each.name}: {' or '.join(each.parameters)}" for each in self.by_row if each.parameters)
        return f"{self.family}{of}, {word} {self.formula}" + (f" ({stated})" if stated else "")


def _absolute(z: Any, xp: Any) -> Any:
    return xp.where(xp.real(z) < 0, -z, z)  # abs() would end a complex step


def _shaped(value: Any, scatter: Scatter) -> Any:
    """A parameter, shaped to go with (*batch, n)."""
    wanted = np.ndim(scatter.predicted)
    return value[..., None] if 0 < np.ndim(value) < wanted else value
