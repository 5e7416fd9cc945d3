"""Huber's noise: normal in the middle, with the tails of a Laplace distribution; of values, or of their logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from parametra.maths.losses import Loss
from parametra.maths.special import log_normal_cdf
from parametra.nouns._noise_contract import Noise, Scatter, Working
from parametra.nouns._noise_positive import ABOVE_ZERO, log_ratio, probability_or
from parametra.nouns._noise_settings import refuse_to_simulate, refuse_values
from parametra.nouns._noise_spread import Spread, positive
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError


@dataclass(frozen=True)
class Huber(Spread, kind="huber"):
    """Huber's scatter: log density = -rho(z) - log s - log Z, z = (y - prediction)/s.

    rho(z) = z^2/2 up to the threshold c, c |z| - c^2/2 beyond. Z is what makes the density integrate to 1. A point
    further off than c s pulls as much as one at c s, and no more. Good where a few points are wild and must neither
    decide the fit nor be left out. Prefer `StudentT` where wild points should hardly pull at all, `Normal` where none
    is wild.

    Arguments:
        threshold: c, in widths: 1.345 loses 5 % of the precision where the scatter is normal after all; a small one is
            near the absolute value, whose scale is s/c.
        sigma, scale, guess: as in `Normal`, for the width s of the normal middle.

    Raises:
        NoiseError: a threshold or sigma that is not above zero, contradicting settings.

    Source: Huber (1964), Robust estimation of a location parameter, doi:10.1214/aoms/1177703732
    """

    threshold: Any = 1.345
    sigma: Any = None
    scale: str = "known"
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    width_word: ClassVar[str] = "width of the middle"
    word: ClassVar[str] = "Huber's"

    def __post_init__(self) -> None:
        number = positive(self.threshold)
        if number is None:
            raise NoiseError(f"the threshold of Huber's noise is a number above zero; came {self.threshold!r}.")
        object.__setattr__(self, "threshold", number)
        self.validate()

    @cached_property
    def _tail(self) -> float:
        """What either tail weighs: the integral of exp(-rho) from c to infinity."""
        return math.exp(-0.5 * self.threshold**2) / self.threshold

    @cached_property
    def _middle(self) -> float:
        """What the middle weighs."""
        return math.sqrt(2 * math.pi) * math.erf(self.threshold / math.sqrt(2))

    @cached_property
    def _norm(self) -> float:
        return self._middle + 2 * self._tail

    def _standardised(self, scatter: Scatter) -> tuple[Any, Any, Any, Any]:
        """z, s, what the change of variable adds to the log density, and where the prediction is possible."""
        width = self.width(scatter)
        return (scatter.observed - scatter.predicted) / width, width, 0.0, True

    def _rho(self, z: Any, xp: Any) -> tuple[Any, Any]:
        """The loss and its slope; without abs(), which would end a complex-step derivative."""
        c = self.threshold
        sign = xp.where(xp.real(z) < 0, -1.0, 1.0)
        inside = xp.real(sign * z) <= c
        return xp.where(inside, 0.5 * z**2, c * sign * z - 0.5 * c**2), xp.where(inside, z, c * sign)

    def log_density(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        z, width, added, possible = self._standardised(scatter)
        rho, _ = self._rho(z, xp)
        return xp.where(possible, -rho - xp.log(width) - math.log(self._norm) + added, -math.inf)

    def _log_below(self, z: Any, xp: Any) -> Any:
        """Log of the probability below z, exact in the lower tail."""
        c = self.threshold
        real = xp.real(z)
        lower, upper = real < -c, real > c
        held = xp.where(lower | upper, 0.0, z)
        below = self._tail + math.sqrt(2 * math.pi) * (
            xp.exp(log_normal_cdf(held, xp=xp)) - 0.5 * math.erfc(c / math.sqrt(2))
        )
        down, up = xp.where(lower, z, -c), xp.where(upper, z, c)
        far = math.log(self._tail) + c * (down + c) - math.log(self._norm)
        above = xp.log1p(-self._tail / self._norm * xp.exp(-c * (up - c)))
        return xp.where(lower, far, xp.where(upper, above, xp.log(below / self._norm)))

    def log_cdf(self, scatter: Scatter) -> Any:
        return self._log_below(self._standardised(scatter)[0], scatter.xp)

    def log_survival(self, scatter: Scatter) -> Any:
        return self._log_below(-self._standardised(scatter)[0], scatter.xp)

    @property
    def offers_scores(self) -> bool:
        return True

    def _slope_of_middle(self, scatter: Scatter, width: Any, possible: Any) -> Any:
        """How fast z falls with the prediction."""
        del scatter, possible
        return 1 / width

    def working(self, scatter: Scatter) -> tuple[Working, ...]:
        """Prediction and width have no information in common, the density being even in z."""
        xp, shape = scatter.xp, np.shape(scatter.predicted)
        z, width, _, possible = self._standardised(scatter)
        _, pull = self._rho(z, xp)
        fall = self._slope_of_middle(scatter, width, possible)
        square = self._middle / self._norm  # E[psi^2] = E[psi'] = the share of the middle
        rows = [
            Working(scatter.predicted, pull * fall, xp.broadcast_to(xp.where(possible, square * fall**2, 0.0), shape))
        ]
        role = self.estimated_role
        if role is not None:
            by = xp.broadcast_to(scatter.value(role), shape)
            rows.append(Working(by, (z * pull - 1) / by, self._width_information / by**2))
        return tuple(rows)

    @cached_property
    def _width_information(self) -> float:
        """E[(z psi)^2] - 1."""
        c = self.threshold
        return (3 * self._middle + self._tail * (4 - 2 * c**2)) / self._norm - 1

    @property
    def offers_residuals(self) -> bool:
        return self.robust_loss is not None

    @property
    def robust_loss(self) -> Loss | None:
        return None if self.estimated_role is not None else Loss("huber", self.threshold)

    @property
    def variance(self) -> float:
        """Of z."""
        c = self.threshold
        # the middle's second moment, and that of both tails
        middle = self._middle - 2 * c * math.exp(-0.5 * c**2)
        return (middle + 2 * self._tail * (c**2 + 2 + 2 / c**2)) / self._norm

    def standard_deviation(self, scatter: Scatter) -> Any:
        return self.width(scatter) * math.sqrt(self.variance)

    def _draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        """Draws of z: from a truncated normal in the middle, from an exponential beyond."""
        from scipy.special import ndtri  # loads only where it is drawn

        c = self.threshold
        u, far, sign = generator.uniform(size=(3, *shape))
        below = 0.5 * math.erfc(c / math.sqrt(2))
        middle = ndtri(below + (1 - 2 * below) * far)
        tail = np.where(sign < 0.5, -1.0, 1.0) * (c - np.log1p(-far) / c)
        return np.where(u < self._middle / self._norm, middle, tail)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        return predicted + np.asarray(self.width(scatter)) * self._draw(predicted.shape, generator)

    @property
    def signature(self) -> tuple[Any, ...]:
        return (self.word, self.sigma_kind, self.scale, self.threshold)

    def describe(self) -> str:
        return f"{self.word}, threshold {self.threshold:g}, {self.describewidth()}"


@dataclass(frozen=True)
class LogHuber(Huber, kind="log_huber"):
    """Huber's scatter of logarithms: log density = -rho(z) - log s - log Z - log y, z = log(y/prediction)/s.

    The prediction is the median. Good for positive values whose errors multiply, a few of them wild: losses of trained
    networks, prices. Prefer `LogNormal` where none is wild.

    Arguments:
        threshold: as in `Huber`.
        sigma, scale, guess: as in `Huber`, for log y.

    Raises:
        NoiseError: as for `Huber`; data that are not above zero.
    """

    width_word: ClassVar[str] = "width of the middle of the logarithm"
    word: ClassVar[str] = "Huber's of the logarithm"
    support: ClassVar[str] = "positive"
    of_logarithms: ClassVar[bool] = True

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, "log_huber", wrong=lambda y: ~(y > 0), wanted=ABOVE_ZERO)
        return super().settle(data_sets, output)

    def typical_scatter(self, observed: np.ndarray) -> float:
        return float(np.std(np.log(observed))) or 1.0

    @property
    def affine(self) -> bool:
        return False

    def residuals(self, scatter: Scatter) -> Any:
        ratio, _, possible = log_ratio(scatter)
        return scatter.xp.where(possible, -ratio, math.inf) / self._given(scatter)

    def _standardised(self, scatter: Scatter) -> tuple[Any, Any, Any, Any]:
        ratio, log_observed, possible = log_ratio(scatter)
        width = self.width(scatter)
        return ratio / width, width, -log_observed, possible

    def _slope_of_middle(self, scatter: Scatter, width: Any, possible: Any) -> Any:
        return 1 / (width * scatter.xp.where(possible, scatter.predicted, 1.0))

    def log_cdf(self, scatter: Scatter) -> Any:
        z, _, _, possible = self._standardised(scatter)
        return probability_or(scatter, possible, self._log_below(z, scatter.xp), -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        z, _, _, possible = self._standardised(scatter)
        return probability_or(scatter, possible, self._log_below(-z, scatter.xp), 0.0)

    def standard_deviation(self, scatter: Scatter) -> Any:
        """About, by the first order: the variance of exp(s z) is infinite where the tails are heavier than 1/y^3."""
        return scatter.predicted * self.width(scatter) * math.sqrt(self.variance)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate("log_huber", scatter, predicted > 0, "above zero")
        return predicted * np.exp(np.asarray(self.width(scatter)) * self._draw(predicted.shape, generator))
