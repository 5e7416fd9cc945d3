"""Lifetimes of the flexible parametric family, as a noise around a scale: the density, its tails, what they read.

    S(t) = exp(-hazard H(z)),   z = shape log(t / scale)
    log hazard = log(hazard) + sum_j hazard_j x_j      likewise the shape; the scale is the prediction of the model

H is that of `maths.power_weibull`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.power_weibull import power_weibull_cumulative, power_weibull_inverse, power_weibull_log_slope
from parametra.maths.special import log1m_exp
from parametra.nouns._noise_contract import Noise, Scatter
from parametra.nouns._noise_positive import ABOVE_ZERO, log_ratio, probability_or
from parametra.nouns._noise_settings import column_of, refuse_to_simulate, refuse_values
from parametra.nouns.data import Data

_TINY = -30.0
"""Below this logarithm of a cumulative hazard the chance of an event is the hazard itself, to 13 digits."""

ESTIMATED = "estimated"


def effect(part: str, covariate: str) -> str:
    """The name of a coefficient: hazard_age."""
    return f"{part}_{covariate}"


class Covariate(Noise):
    """A noise that reads covariates from the data, each with a coefficient that the problem states."""

    @property
    def terms(self) -> dict[str, tuple[str, ...]]:
        """The covariates of each part, by the part's name."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for names in self.terms.values() for name in names))

    def columns_of(self, data: Data, output: str) -> dict[str, np.ndarray]:
        return {name: column_of(data, output, name, f'the covariate "{name}"') for name in self.columns}

    def linear(self, part: str, scatter: Scatter) -> Any:
        """The sum of a part's coefficients times covariates: (*batch, n), or 0."""
        return sum(
            (at(scatter, effect(part, name)) * scatter.columns[name] for name in self.terms[part]),
            start=np.float64(0.0),
        )

    @property
    def effects(self) -> frozenset[str]:
        """The names of all coefficients."""
        return frozenset(effect(part, name) for part, names in self.terms.items() for name in names)

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        del scatter
        return None


def at(scatter: Scatter, name: str) -> Any:
    """A parameter of the problem, shaped to go with (*batch, n)."""
    return scatter.xp.asarray(scatter.values[name])[..., None]


@dataclass(frozen=True)
class Lifetimes(Covariate):
    """Lifetimes of the adapted power generalised Weibull family.

    Arguments:
        shape, hazard, kappa: a number, or "estimated": the parameter of that name. kappa may be math.inf.
        shape_by, hazard_by: covariates of the logarithm of the shape, and of the hazard.

    Raises:
        NoiseError: data that are not above zero.

    Source: Burke, Jones and Noufaily (2020), arXiv:1901.03212
    """

    shape: float | str = ESTIMATED
    hazard: float | str = 1.0
    kappa: float | str = ESTIMATED
    shape_by: tuple[str, ...] = ()
    hazard_by: tuple[str, ...] = ()
    support: ClassVar[str] = "positive"

    @property
    def terms(self) -> dict[str, tuple[str, ...]]:
        return {"shape": self.shape_by, "hazard": self.hazard_by}

    @property
    def reads(self) -> frozenset[str] | None:
        own = {name for name in ("shape", "hazard", "kappa") if getattr(self, name) == ESTIMATED}
        return self.effects | own

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, "lifetimes", wrong=lambda y: ~(y > 0), wanted=ABOVE_ZERO)
        return self

    def _number(self, name: str, scatter: Scatter) -> Any:
        stated = getattr(self, name)
        return at(scatter, name) if stated == ESTIMATED else stated

    def _log_part(self, name: str, scatter: Scatter) -> Any:
        """Log of the shape or of the hazard of each point."""
        return scatter.xp.log(self._number(name, scatter)) + self.linear(name, scatter)

    def _parts(self, scatter: Scatter) -> tuple[Any, Any, Any, Any, Any]:
        """z, log hazard, log shape, log y, and where they are possible."""
        ratio, log_observed, possible = log_ratio(scatter)
        log_shape = self._log_part("shape", scatter)
        return scatter.xp.exp(log_shape) * ratio, self._log_part("hazard", scatter), log_shape, log_observed, possible

    def log_density(self, scatter: Scatter) -> Any:
        xp, kappa = scatter.xp, self._number("kappa", scatter)
        z, log_hazard, log_shape, log_observed, possible = self._parts(scatter)
        passed = xp.exp(log_hazard) * power_weibull_cumulative(z, kappa, xp)
        slope = power_weibull_log_slope(z, kappa, xp)
        return xp.where(possible, log_hazard + log_shape - log_observed + slope - passed, -math.inf)

    def log_survival(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        z, log_hazard, _, _, possible = self._parts(scatter)
        passed = xp.exp(log_hazard) * power_weibull_cumulative(z, self._number("kappa", scatter), xp)
        return probability_or(scatter, possible, -passed, 0.0)

    def log_cdf(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        z, log_hazard, _, _, possible = self._parts(scatter)
        passed = xp.exp(log_hazard) * power_weibull_cumulative(z, self._number("kappa", scatter), xp)
        tiny = xp.real(z + log_hazard) < _TINY
        value = xp.where(tiny, z + log_hazard, log1m_exp(-xp.where(tiny, 1.0, passed), xp))
        return probability_or(scatter, possible, value, -math.inf)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        """Lifetimes; infinity for those who are cured."""
        predicted = np.asarray(scatter.predicted)
        refuse_to_simulate("lifetimes", scatter, predicted > 0, "above zero")
        drawn = generator.standard_exponential(predicted.shape)
        kappa = self.kappa if isinstance(self.kappa, float) else float(scatter.values["kappa"])
        log_shape, log_hazard = (np.asarray(self._log_part(name, scatter)) for name in ("shape", "hazard"))
        with np.errstate(over="ignore"):
            return predicted * np.exp(power_weibull_inverse(drawn * np.exp(-log_hazard), kappa) / np.exp(log_shape))

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("lifetimes", self.shape, self.hazard, self.kappa, self.shape_by, self.hazard_by)

    def describe(self) -> str:
        kappa = f"kappa {self.kappa:g}" if isinstance(self.kappa, float) else "estimated kappa"
        return f"power generalised Weibull around the scale, {kappa}"
