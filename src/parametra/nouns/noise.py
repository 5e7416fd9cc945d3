"""Noise: how one output's data scatter around its prediction.

    Noise               the contract; counts, censoring and the like subclass it
    ├── Normal          the usual one
    ├── StudentT        a few wild points, with a likelihood
    └── LogLikelihood   the person's own function

A noise is stated before the data are known, so it is settled against them once: `noise.settle(data_sets, output)`
refuses what does not fit, and returns the noise that knows where its standard deviations come from. All else is asked
of that one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.losses import Loss
from parametra.nouns._noise_contract import Noise, Scatter, parameter_name
from parametra.nouns._noise_spread import Spread, positive
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.parameter import Log, Parameter

__all__ = [
    "LogLikelihood",
    "Noise",
    "Normal",
    "Scatter",
    "StudentT",
    "noise_by_output",
    "noise_from_table",
    "parameter_name",
]


@dataclass(frozen=True)
class Normal(Spread, kind="normal"):
    """Normal scatter: log density = -1/2 ((y - prediction)/s)^2 - log s - 1/2 log(2 pi).

    Good for most measurements. Prefer `StudentT` when a few points are wild.

    Arguments:
        sigma: where s comes from: a number, values (n,), "column" (the data's), "estimated" (a parameter named sigma),
            or None: the data's when they have them, estimated otherwise.
        scale: "estimated" when the given standard deviations are only relative; a parameter named scale multiplies
            them.
        proportional: True when s is sigma |prediction|, as for instruments with a relative error. Such a noise has no
            least-squares structure; its whole likelihood is used, with log s.
        guess: where an estimated sigma or scale starts; from the data when left out.

    Raises:
        NoiseError: sigma that is not above zero, contradicting settings.
    """

    sigma: Any = None
    scale: str = "known"
    proportional: bool = False
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    width_word: ClassVar[str] = "standard deviation"

    def __post_init__(self) -> None:
        self.validate()

    @property
    def multiplies_prediction(self) -> bool:
        return self.proportional

    def log_density(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        width = self.width(scatter)
        # A prediction of exactly zero has no density with proportional noise; the 1 keeps NaN out of derivatives.
        possible = xp.real(width) > 0
        width = xp.where(possible, width, 1.0)
        standardised = (scatter.observed - scatter.predicted) / width
        density = -0.5 * standardised**2 - xp.log(width) - 0.5 * math.log(2 * math.pi)
        return xp.where(possible, density, -math.inf)

    @property
    def profiles_scale(self) -> bool:
        return self.estimated_role is not None and not self.proportional

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        return predicted + np.asarray(self.width(scatter)) * generator.standard_normal(predicted.shape)

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("normal", self.sigma_kind, self.scale, self.proportional)

    def describe(self) -> str:
        return f"normal, {self.describewidth()}"


@dataclass(frozen=True)
class StudentT(Spread, kind="student_t"):
    """Student's t scatter: log density = log G((v+1)/2)/G(v/2) - 1/2 log(pi v) - log s - (v+1)/2 log(1 + t^2/v).

    t = (y - prediction)/s, v the degrees of freedom, s the width. Good when a few points lie far off: their pull falls
    off as 1/distance. Prefer `Normal` when the scatter is known to be normal, for its narrower intervals.

    Arguments:
        degrees_of_freedom: a number above zero, 4 is usual and 1 is Cauchy; or "estimated", between 1 and 200.
        sigma, scale, guess: as in `Normal`, for the width s, which is smaller than the standard deviation
            s sqrt(v/(v - 2)). `standard_deviation` gives s, because the other is infinite for v <= 2.

    Raises:
        NoiseError: degrees of freedom or sigma that are not above zero, contradicting settings.

    Source: Lange, Little and Taylor (1989), Robust statistical modeling using the t distribution, doi:10.2307/2290063
    """

    degrees_of_freedom: Any = 4.0
    sigma: Any = None
    scale: str = "known"
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    width_word: ClassVar[str] = "width"

    def __post_init__(self) -> None:
        if self.degrees_of_freedom != "estimated":
            number = positive(self.degrees_of_freedom)
            if number is None:
                raise NoiseError(
                    f'degrees_of_freedom is a number above zero or "estimated"; came {self.degrees_of_freedom!r}.'
                )
            object.__setattr__(self, "degrees_of_freedom", number)
        self.validate()

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        added = super().parameters(output, alone)
        if self.degrees_of_freedom == "estimated":
            # Below 1 the likelihood can grow without end around one point; above 200 it is normal.
            name = parameter_name("degrees_of_freedom", output, alone)
            added[name] = Log(1.0, 200.0, guess=4.0, description=f"noise of {output}: degrees of freedom")
        return added

    def _freedom(self, scatter: Scatter) -> Any:
        estimated = self.degrees_of_freedom == "estimated"
        return scatter.value("degrees_of_freedom") if estimated else self.degrees_of_freedom

    def log_density(self, scatter: Scatter) -> Any:
        xp, freedom = scatter.xp, self._freedom(scatter)
        width = self.width(scatter)
        squared = ((scatter.observed - scatter.predicted) / width) ** 2
        return (
            _log_gamma_ratio(freedom / 2, xp)
            - 0.5 * xp.log(math.pi * freedom)
            - xp.log(width)
            - (freedom + 1) / 2 * xp.log1p(squared / freedom)
        )

    @property
    def offers_residuals(self) -> bool:
        return self.robust_loss is not None

    @property
    def robust_loss(self) -> Loss | None:
        if self.estimated_role is not None or self.degrees_of_freedom == "estimated":
            return None
        return Loss("student_t", 1.0, self.degrees_of_freedom)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        freedom = np.broadcast_to(np.asarray(self._freedom(scatter)), predicted.shape)
        return predicted + np.asarray(self.width(scatter)) * generator.standard_t(freedom)

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("student_t", self.sigma_kind, self.scale, self.degrees_of_freedom)

    def describe(self) -> str:
        freedom = self.degrees_of_freedom if self.degrees_of_freedom == "estimated" else f"{self.degrees_of_freedom:g}"
        return f"Student's t, {freedom} degrees of freedom, {self.describewidth()}"


@dataclass(frozen=True)
class LogLikelihood(Noise):
    """The person's own log density of each point.

    Good for scatter that no other noise describes. Prefer the others where they fit: they offer residuals and can be
    simulated.

    Arguments:
        function: function(observed, predicted) or function(observed, predicted, parameters) -> log density of each
            point, shaped like predicted; `parameters` are all of the problem's, by name. Normalise it where results are
            compared between noises. Written with jax.numpy or plain arithmetic, it can be compiled.

    Raises:
        NoiseError: not a function of two or three arguments; a result of another shape, such as the sum.
    """

    function: Callable[..., Any]

    def __post_init__(self) -> None:
        if self._count() not in (2, 3):
            raise NoiseError(
                "LogLikelihood takes function(observed, predicted) or function(observed, predicted, parameters); came "
                f"{getattr(self.function, '__name__', repr(self.function))}."
            )

    def _count(self) -> int:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        try:
            stated = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError):  # not a function, or a built-in one that does not tell
            return 0
        return sum(one.kind in kinds and one.default is inspect.Parameter.empty for one in stated)

    @property
    def wants_parameters(self) -> bool:
        """True when the function takes the problem's parameters, so that some may be used by it alone."""
        return self._count() == 3

    def log_density(self, scatter: Scatter) -> Any:
        arguments = (scatter.observed, scatter.predicted)
        if self.wants_parameters:
            batch = scatter.xp.ndim(scatter.predicted) - 1
            shaped = {
                name: scatter.xp.asarray(value)[..., None] if batch and np.ndim(value) == batch else value
                for name, value in scatter.values.items()
            }
            arguments = (*arguments, shaped)
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
        raise NoiseError(
            f'data for "{scatter.output}" cannot be simulated from a log likelihood; Normal and StudentT can be.'
        )

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("log_likelihood", self.function)

    def describe(self) -> str:
        return f"the log likelihood {getattr(self.function, '__name__', 'given')}"


def noise_from_table(table: Mapping[str, Any]) -> Noise:
    """The noise that the [noise] table of a problem file states.

    Arguments:
        table: kind = "normal" (the default) or "student_t", and the settings of that kind by name.

    Raises:
        NoiseError: an unknown kind or setting, or a setting's wrong value.
    """
    settings = {name: value for name, value in table.items() if name != "kind"}
    proportional = settings.get("proportional", False)
    if not isinstance(proportional, bool):
        raise NoiseError(f"proportional is true or false; came {proportional!r}.")
    return Noise.of_kind(table.get("kind", "normal"), settings)


def noise_by_output(thing: Any, outputs: Sequence[str]) -> dict[str, Noise]:
    """One noise for each output: `thing` is one for all (see `Noise.of`), or a mapping of output to noise.

    Raises:
        NoiseError: a name that is no output; what `Noise.of` raises. Outputs that are not named have normal noise.
    """
    if not isinstance(thing, Mapping):
        return dict.fromkeys(outputs, Noise.of(thing))
    for name in thing:
        if name not in outputs:
            raise NoiseError(f'a noise is given for "{name}", which is no output; {did_you_mean(str(name), outputs)}')
    return {name: Noise.of(thing.get(name)) for name in outputs}


def _log_gamma_ratio(a: Any, xp: Any) -> Any:
    """The log of Gamma(a + 1/2) / Gamma(a), by its series where the difference of the two would lose digits."""
    if isinstance(a, float) and a > 100:
        return 0.5 * math.log(a) - 1 / (8 * a) + 1 / (192 * a**3)
    if isinstance(a, float):
        return math.lgamma(a + 0.5) - math.lgamma(a)
    if xp is np:
        from scipy.special import gammaln
    else:
        from jax.scipy.special import gammaln
    return gammaln(a + 0.5) - gammaln(a)
