"""The contract of a noise: what every one of them answers, and the one record of what they are asked about."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.losses import Loss
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.parameter import Parameter


def parameter_name(role: str, output: str, alone: bool) -> str:
    """What a noise parameter is called: its role, with the output's name when there are several outputs."""
    return role if alone else f"{role}_{output}"


@dataclass(frozen=True)
class Scatter:
    """One output at some points: all that a noise needs to know of them.

    Arguments:
        output: the output's name.
        alone: True when the problem has no other output, which keeps the names of noise parameters short.
        predicted: (*batch, n).
        observed: (n,); may be None for `simulate` and `standard_deviation`.
        sigma: (n,), from `Noise.standard_errors`; None when the noise needs none.
        values: the problem's parameters by name, scalars of shape () or (*batch,).
        xp: numpy or jax.numpy.
        columns: the data's columns that the noise reads (see `Noise.columns`), name to (n,).
        input_variance: what errors of inputs add to the variance of the prediction, (*batch, n); None for nothing.
    """

    output: str
    alone: bool
    predicted: Any
    observed: Any
    sigma: Any
    values: Mapping[str, Any]
    xp: Any
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    input_variance: Any = None

    def value(self, role: str) -> Any:
        """A noise parameter, shaped to go with (*batch, n)."""
        return self.xp.asarray(self.values[parameter_name(role, self.output, self.alone)])[..., None]


@dataclass(frozen=True)
class Working:
    """One quantity that a density depends on, with what Fisher scoring needs of it; all of shape (*batch, n).

    Arguments:
        quantity: the prediction, a noise parameter repeated for each point, or a function of both, computed from them
            as they came (it is differentiated).
        score: d log density / d quantity.
        information: its expected square, above zero. Quantities of one noise must have no expected information in
            common.
    """

    quantity: Any
    score: Any
    information: Any


@dataclass(frozen=True)
class Edge:
    """A bound of a noise's own parameter at which the noise is a simpler one: an answer, where it is the best value.

    Arguments:
        side: "lower" or "upper".
        towards: what the bound stands for: "zero", "infinity".
        means: what a best value there says of the data, in words.
        instead: the simpler noise, in words that follow "state".
    """

    side: str
    towards: str
    means: str
    instead: str

    @property
    def words(self) -> str:
        """As it is told of a parameter that is there."""
        return f"at its {self.side} bound, towards {self.towards}: {self.means}"


class Noise(ABC):
    """How data scatter around a prediction, for one output. Subclasses are frozen, and hold settings only."""

    kinds: ClassVar[dict[str, Callable[..., Noise]]] = {}
    support: ClassVar[str] = "real"
    """Which values may come: "real", "positive", "counts", or "shares" (counts out of trials)."""

    of_logarithms: ClassVar[bool] = False
    """Whether it scatters logarithms, so that standard deviations which go with it are those of log y."""

    def __init_subclass__(cls, kind: str = "") -> None:
        if kind:
            Noise.kinds[kind] = cls

    @staticmethod
    def of(thing: Any) -> Noise:
        """The noise that `thing` states: None is Normal(), a word is that kind with its defaults, a Noise is itself.

        Raises:
            NoiseError: an unknown kind, or something else.
        """
        if thing is None:
            return Noise.kinds["normal"]()
        if isinstance(thing, Noise):
            return thing
        if isinstance(thing, str):
            return Noise.of_kind(thing, {})
        raise NoiseError(
            f"a noise is Normal(...), StudentT(...), LogLikelihood(function), or one of the words "
            f"{', '.join(Noise.kinds)}; came {type(thing).__name__}."
        )

    @staticmethod
    def of_kind(kind: str, settings: Mapping[str, Any]) -> Noise:
        """The noise of that kind with these settings. Raises NoiseError for an unknown kind or setting."""
        if kind not in Noise.kinds:
            raise NoiseError(f'there is no noise of the kind "{kind}"; {did_you_mean(str(kind), Noise.kinds)}')
        made = Noise.kinds[kind]
        stated = [one.name for one in dataclasses.fields(cast("Any", made)) if one.init]
        known = [name for name in stated if name != "column" and not name.startswith("_")]
        for name in settings:
            if name not in known:
                raise NoiseError(f'the noise "{kind}" has no setting "{name}"; {did_you_mean(name, known)}')
        return made(**settings)

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        """The same noise, knowing what these data sets offer for this output.

        Raises:
            NoiseError: the data do not have what the noise needs, or contradict it.
        """
        data_sets_with(data_sets, output)
        return self

    def check(self, data_sets: Sequence[Data], output: str) -> None:
        """Raises NoiseError when the noise does not go with these data sets."""
        self.settle(data_sets, output)

    def standard_errors(self, data: Data, output: str) -> Float[np.ndarray, " n"] | None:
        """What goes into `Scatter.sigma` for the observed points of a data set; None when there is nothing to give."""
        return data.observations(output)[1]

    @property
    def columns(self) -> tuple[str, ...]:
        """The data's columns that are read besides the output and its standard deviations."""
        return ()

    def columns_of(self, data: Data, output: str) -> dict[str, Float[np.ndarray, " n"]]:
        """Those columns where there is an observation; what goes into `Scatter.columns`."""
        index = data.observed[output]
        rows = slice(None) if index is None else index
        return {name: data.columns[name][rows] for name in self.columns}

    def repeats(self, data: Data, output: str) -> Float[np.ndarray, " n"] | None:
        """How many observations each value stands for, such as a count of persons; None for one each."""
        del data, output

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        """The parameters that this noise adds to the problem, by name."""
        del output, alone
        return {}

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        """The bounds of those parameters at which the noise is a simpler one, by name."""
        del output, alone
        return {}

    def doubts(self, output: str) -> tuple[str, ...]:
        """What the data cannot tell under this noise whatever the model, each as a sentence with what to do."""
        del output
        return ()

    @property
    def reads(self) -> frozenset[str] | None:
        """The problem's other parameters that the density reads by itself; None when that may be any of them."""
        return frozenset()

    @abstractmethod
    def log_density(self, scatter: Scatter) -> Any:
        """The log density of each observed point, normalised over what might have been observed: (*batch, n)."""

    def residuals(self, scatter: Scatter) -> Any | None:
        """Residuals r (*batch, n), None for a noise without such structure.

        -log density = 1/2 rho(r^2) + const, rho the identity unless `robust_loss` says otherwise. With
        `profiles_scale`: -log density = 1/2 r^2/s^2 + log s + const, with one unknown s.
        """
        del scatter
        return None

    @property
    def affine(self) -> bool:
        """True when each residual is affine in its own prediction, with a slope that does not depend on parameters."""
        return True

    @property
    def through_predictions(self) -> bool:
        """True when residuals depend on parameters through the observed predictions alone."""
        return True

    @property
    def pointwise(self) -> bool:
        """True when the density of a point depends on its own prediction alone."""
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...] | None:
        """Scores and expected information of each quantity that is unknown; None when there is no closed form."""
        del scatter
        return None

    @property
    def offers_scores(self) -> bool:
        """True when `working` gives some."""
        return False

    def log_cdf(self, scatter: Scatter) -> Any | None:
        """Give log P(Y <= observed) of each point, for censoring and truncation; None where it is not known."""
        del scatter
        return None

    def log_survival(self, scatter: Scatter) -> Any | None:
        """Give log P(Y > observed) of each point; None where it is not known."""
        del scatter
        return None

    def log_between(self, scatter: Scatter, lower: Any, upper: Any) -> Any | None:
        """Give log P(lower < Y <= upper) where the tails are too near to be told apart; None takes their difference."""
        del scatter, lower, upper
        return None

    @property
    def offers_residuals(self) -> bool:
        """True when `residuals` gives some."""
        return False

    @property
    def profiles_scale(self) -> bool:
        """True when one unknown scale multiplies all residuals, so that least squares need not know it."""
        return False

    @property
    def robust_loss(self) -> Loss | None:
        """The loss that makes the cost of `residuals` the negative log density; None for plain squares."""
        return None

    def per_prediction(self, scatter: Scatter) -> Any:
        """What is observed per unit of the prediction: 1, or the trials where it is a probability; for plots."""
        del scatter
        return 1.0

    @abstractmethod
    def standard_deviation(self, scatter: Scatter) -> Any | None:
        """How far points scatter, for plots: broadcasts to (*batch, n); None when unknown."""

    def censoring(self, scatter: Scatter) -> tuple[np.ndarray, np.ndarray] | None:
        """For pictures: 0 for exact values, 1 right-, 2 left-, 3 interval-censored, and their upper ends, (n,) each."""
        del scatter
        return None

    @abstractmethod
    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        """Data that might have been observed, (*batch, n)."""

    @property
    @abstractmethod
    def signature(self) -> tuple[Any, ...]:
        """All but the values, hashable: noises with equal signatures can share one compiled function."""

    @abstractmethod
    def describe(self) -> str:
        """A phrase for reports."""


def data_sets_with(data_sets: Sequence[Data], output: str) -> list[Data]:
    """The data sets that have this output. Raises NoiseError when none has."""
    having = [data for data in data_sets if output in data.outputs]
    if not having:
        known = [name for data in data_sets for name in data.outputs]
        raise NoiseError(f'a noise is given for "{output}", which no data set has; {did_you_mean(output, known)}')
    return having
