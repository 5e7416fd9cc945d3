"""A person's own log density: a function, or a formula typed as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parametra.nouns._noise_contract import Noise, Scatter, data_sets_with
from parametra.nouns._noise_settings import column_of
from parametra.nouns.data import Data
from parametra.nouns.errors import FormulaError, NoiseError, did_you_mean
from parametra.nouns.formula import Formula

_OWN = ("observed", "predicted")


@dataclass(frozen=True)
class LogLikelihood(Noise):
    """The person's own log density of each point.

    Good for scatter that no other noise describes. Prefer the others where they fit: they offer residuals or scores and
    can be simulated.

    Arguments:
        function: function(observed, predicted) or function(observed, predicted, parameters) -> log density of each
            point, shaped like predicted; `parameters` are all of the problem's, by name. Normalise it where results are
            compared between noises. Written with jax.numpy or plain arithmetic, it can be compiled. A text is a
            formula, see `FormulaLikelihood`: LogLikelihood("-abs(observed - predicted) / b - log(2 * b)").

    Raises:
        NoiseError: not a function of two or three arguments; a result of another shape, such as the sum.
    """

    function: Any

    def __new__(cls, function: Any = None) -> Any:
        return FormulaLikelihood(function) if isinstance(function, str) else super().__new__(cls)

    def __post_init__(self) -> None:
        if self._count() not in (2, 3):
            raise NoiseError(
                "LogLikelihood takes function(observed, predicted) or function(observed, predicted, parameters), or a "
                f"formula; came {getattr(self.function, '__name__', repr(self.function))}."
            )

    def _count(self) -> int:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        function: Callable[..., Any] = self.function
        try:
            stated = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):  # not a function, or a built-in one that does not tell
            return 0
        return sum(one.kind in kinds and one.default is inspect.Parameter.empty for one in stated)

    @property
    def reads(self) -> frozenset[str] | None:
        return None if self._count() == 3 else frozenset()

    def log_density(self, scatter: Scatter) -> Any:
        arguments = (scatter.observed, scatter.predicted)
        if self._count() == 3:
            arguments = (*arguments, {name: _shaped(value, scatter) for name, value in scatter.values.items()})
        density = self.function(*arguments)
        if np.shape(density) != np.shape(scatter.predicted):
            raise NoiseError(
                f'the log likelihood of "{scatter.output}" must give one log density for each point, shape '
                f"{np.shape(scatter.predicted)}; it gave shape {np.shape(density)}. Return them before summing."
            )
        return density

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        del scatter
        return None

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        del generator
        return _cannot_be_simulated(scatter)

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("log_likelihood", self.function)

    def describe(self) -> str:
        return f"the log likelihood {getattr(self.function, '__name__', 'given')}"


@dataclass(frozen=True)
class FormulaLikelihood(Noise, kind="formula"):
    """The person's own log density of each point, as a formula: "-abs(observed - predicted) / b - log(2 * b)".

    Its names are `observed`, `predicted`, columns of the data that hold numbers, and parameters of the problem. Good
    for problem files, which hold no code: it is parsed against a list of what is allowed, never run. Normalise it where
    results are compared between noises. Prefer a function, `LogLikelihood(function)`, where loops are needed.

    Arguments:
        formula: the log density of one point, see `Formula`.

    Raises:
        NoiseError: a formula that names neither `observed` nor `predicted`.
        FormulaError: what no formula may hold.
    """

    formula: Any
    from_data: tuple[str, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.formula, str):
            raise NoiseError(f"the formula of a noise is a text; came {type(self.formula).__name__}.")
        names = self._parsed.names
        for name in _OWN:
            if name not in names:
                raise NoiseError(
                    f'the log density "{self.formula}" does not name "{name}"; it is a formula of observed and '
                    "predicted, such as -abs(observed - predicted)."
                )

    @property
    def _parsed(self) -> Formula:
        return Formula.parse(self.formula, where="the formula of the noise")

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        having = data_sets_with(data_sets, output)
        names = sorted(self._parsed.names.difference(_OWN))
        present = {name: [data for data in having if name in data.columns or name in data.inputs] for name in names}
        for name, there in present.items():
            if there and len(there) < len(having):
                without = next(data.name for data in having if data not in there)
                raise NoiseError(
                    f'the formula of the noise of "{output}" names the column "{name}", which the data set "{without}" '
                    "does not have; give all data sets that column."
                )
        settled = replace(self)
        object.__setattr__(settled, "from_data", tuple(name for name, there in present.items() if there))
        return settled

    @property
    def columns(self) -> tuple[str, ...]:
        return self.from_data

    def columns_of(self, data: Data, output: str) -> dict[str, np.ndarray]:
        return {name: column_of(data, output, name, f'"{name}" in the formula') for name in self.from_data}

    @property
    def reads(self) -> frozenset[str] | None:
        return self._parsed.names.difference(_OWN, self.from_data)

    def log_density(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        values: dict[str, Any] = {"observed": scatter.observed, "predicted": scatter.predicted}
        for name in self.reads or ():
            if name not in scatter.values:
                raise FormulaError(
                    f'the formula of the noise of "{scatter.output}" names "{name}", which is neither a parameter nor '
                    f"a column of numbers; {did_you_mean(name, [*_OWN, *scatter.values])}"
                )
            values[name] = _shaped(scatter.values[name], scatter)
        values |= {name: scatter.columns[name] for name in self.from_data}
        return xp.broadcast_to(self._parsed.evaluate(values, xp), np.shape(scatter.predicted))

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        del scatter
        return None

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        del generator
        return _cannot_be_simulated(scatter)

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("formula", self.formula, self.from_data)

    def describe(self) -> str:
        return f"the log density {self.formula}"


def _shaped(value: Any, scatter: Scatter) -> Any:
    """A parameter, shaped to go with (*batch, n)."""
    batch = scatter.xp.ndim(scatter.predicted) - 1
    return scatter.xp.asarray(value)[..., None] if batch and np.ndim(value) >= batch else value


def _cannot_be_simulated(scatter: Scatter) -> np.ndarray:
    raise NoiseError(
        f'data for "{scatter.output}" cannot be simulated from a log likelihood; Normal and StudentT can be.'
    )
