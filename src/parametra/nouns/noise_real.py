"""Noise on the whole real line around the prediction: Normal, and Student's t for a few wild points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from parametra.maths.losses import Loss
from parametra.maths.special import digamma, log_normal_cdf, log_student_density, log_student_tail, trigamma
from parametra.nouns._noise_contract import Edge, Scatter, Working, parameter_name
from parametra.nouns._noise_spread import Spread, positive
from parametra.nouns.errors import NoiseError
from parametra.nouns.parameter import Log, Parameter


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

    def _standardised(self, scatter: Scatter) -> tuple[Any, Any, Any]:
        """(y - prediction)/s, s, and where s is possible: a prediction of zero has none with proportional noise."""
        width = self.width(scatter)
        possible = scatter.xp.real(width) > 0
        # The 1 keeps NaN out of derivatives.
        width = scatter.xp.where(possible, width, 1.0)
        return (scatter.observed - scatter.predicted) / width, width, possible

    def log_density(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        standardised, width, possible = self._standardised(scatter)
        density = -0.5 * standardised**2 - xp.log(width) - 0.5 * math.log(2 * math.pi)
        return xp.where(possible, density, -math.inf)

    def log_cdf(self, scatter: Scatter) -> Any:
        standardised, _, possible = self._standardised(scatter)
        return scatter.xp.where(possible, log_normal_cdf(standardised, xp=scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        standardised, _, possible = self._standardised(scatter)
        return scatter.xp.where(possible, log_normal_cdf(-standardised, xp=scatter.xp), -math.inf)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """The mean and the width have no information in common: 1/s^2 and 2/s^2."""
        z, width, possible = self._standardised(scatter)
        xp, shape = scatter.xp, np.shape(scatter.predicted)
        mean = Working(scatter.predicted, z / width, xp.broadcast_to(xp.where(possible, 1 / width**2, 0.0), shape))
        if self.multiplies_prediction:
            stretched, by = width, width
        elif self.estimated_role is not None:
            by = xp.broadcast_to(scatter.value(self.estimated_role), shape)
            stretched = by
        else:
            return (mean,)
        return mean, Working(stretched, (z**2 - 1) / by, 2 / by**2)

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

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        normal = Edge("upper", "infinity", "the tails are no heavier than a normal distribution's", "Normal()")
        cauchy = Edge("lower", "Cauchy's", "the tails are as heavy as are let in", "StudentT(1)")
        return {parameter_name("degrees_of_freedom", output, alone): (normal, cauchy)}

    def _freedom(self, scatter: Scatter) -> Any:
        estimated = self.degrees_of_freedom == "estimated"
        return scatter.value("degrees_of_freedom") if estimated else self.degrees_of_freedom

    def log_density(self, scatter: Scatter) -> Any:
        width = self.width(scatter)
        standardised = (scatter.observed - scatter.predicted) / width
        return log_student_density(standardised, self._freedom(scatter), scatter.xp) - scatter.xp.log(width)

    def log_cdf(self, scatter: Scatter) -> Any:
        standardised = (scatter.predicted - scatter.observed) / self.width(scatter)
        return log_student_tail(standardised, self._freedom(scatter), xp=scatter.xp)

    def log_survival(self, scatter: Scatter) -> Any:
        standardised = (scatter.observed - scatter.predicted) / self.width(scatter)
        return log_student_tail(standardised, self._freedom(scatter), xp=scatter.xp)

    @property
    def offers_scores(self) -> bool:
        return True

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Lange, Little and Taylor (1989), appendix B.

        Width s and freedom v share the information -2 / (s (v+1)(v+3)); s (v+1)/v and v share none.
        """
        xp, shape = scatter.xp, np.shape(scatter.predicted)
        v, width = self._freedom(scatter), self.width(scatter)
        t = (scatter.observed - scatter.predicted) / width
        pull = (v + 1) / (v + t**2)
        information = xp.broadcast_to((v + 1) / (v + 3) / width**2, shape)
        rows = [Working(scatter.predicted, pull * t / width, information)]
        in_log_width = pull * t**2 - 1
        estimated, role = self.degrees_of_freedom == "estimated", self.estimated_role
        if role is not None:
            by = xp.broadcast_to(scatter.value(role) * ((v + 1) / v if estimated else 1.0), shape)
            rows.append(Working(by, in_log_width / by, 2 * v / (v + 3) / by**2))
        if estimated:
            score = digamma((v + 1) / 2, xp=xp) - digamma(v / 2, xp=xp) - 1 / v - xp.log(1 + t**2 / v)
            score = 0.5 * (score + pull * t**2 / v)
            expected = 0.25 * (trigamma(v / 2, xp=xp) - trigamma((v + 1) / 2, xp=xp))
            expected = expected - (v + 5) / (2 * v * (v + 1) * (v + 3))
            if role is not None:
                score = score + in_log_width / (v * (v + 1))
                expected = expected - 2 / (v * (v + 1) ** 2 * (v + 3))
            rows.append(Working(xp.broadcast_to(v, shape), score, xp.broadcast_to(expected, shape)))
        return tuple(rows)

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
