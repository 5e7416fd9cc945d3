"""Lifetimes of which a share never ends, with hazards that add, as a noise.

    S(t) = 1 - p + p exp(-H(t)),   logit p = susceptible + sum_j odds_j z_j
    h(t) = h0(t) + sum_j excess_j x_j, at knots, with straight lines between them
    h0 = level at time 0, log h0 changes by rise + change_k from one knot to the next

A sum that falls below a hundredth of h0 goes on as delta^2 h0 / (2 delta - h / h0): smooth, and never below zero.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from parametra.maths.special import log1m_exp, log1p, log_sum
from parametra.models.survival._lifetimes import Covariate, at
from parametra.nouns._noise_contract import Noise, Scatter
from parametra.nouns._noise_positive import ABOVE_ZERO
from parametra.nouns._noise_settings import refuse_values
from parametra.nouns.data import Data

_FLOOR = 0.01
_KNOTS = "knots of the baseline"
"""Columns, so that data of other knots need no other compiled function."""


@dataclass(frozen=True)
class AdditiveCure(Covariate):
    """Lifetimes with additive hazards among the susceptible, and a logistic share of them.

    Arguments:
        knots: rising, the first is 0; beyond the last one the hazard stays what it is.
        excess, odds: covariates of the hazard, and of the chance to be susceptible.
        cure: False where everybody is susceptible.

    Raises:
        NoiseError: data that are not above zero.
    """

    knots: tuple[float, ...]
    excess: tuple[str, ...] = ()
    odds: tuple[str, ...] = ()
    cure: bool = True
    support: ClassVar[str] = "positive"

    @property
    def terms(self) -> dict[str, tuple[str, ...]]:
        return {"excess": self.excess, "odds": self.odds}

    @property
    def reads(self) -> frozenset[str] | None:
        own = {"level", "rise", "change"} | ({"susceptible"} if self.cure else set[str]())
        return self.effects | own

    def columns_of(self, data: Data, output: str) -> dict[str, np.ndarray]:
        found = super().columns_of(data, output)
        return {**found, _KNOTS: np.tile(np.asarray(self.knots), (len(data.observations(output)[0]), 1))}

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(data_sets, output, "lifetimes", wrong=lambda y: ~(y > 0), wanted=ABOVE_ZERO)
        return self

    def heights(self, scatter: Scatter) -> Any:
        """The hazard of each person at each knot, (*batch, n, knots)."""
        xp = scatter.xp
        level, change = xp.asarray(scatter.values["level"]), xp.moveaxis(xp.asarray(scatter.values["change"]), 0, -1)
        change = change + at(scatter, "rise")
        walk = xp.concatenate([xp.zeros_like(change[..., :1]), xp.cumsum(change, axis=-1)], axis=-1)
        base = (level[..., None] * xp.exp(walk))[..., None, :]
        ratio = 1 + xp.asarray(self.linear("excess", scatter))[..., None] / base
        low = xp.real(ratio) < _FLOOR
        return base * xp.where(low, _FLOOR**2 / (2 * _FLOOR - xp.where(low, ratio, 0.0)), ratio)

    def log_susceptible(self, scatter: Scatter) -> tuple[Any, Any]:
        """Log p and log (1 - p) of each person."""
        if not self.cure:
            return np.float64(0.0), np.float64(-np.inf)
        z = at(scatter, "susceptible") + self.linear("odds", scatter)
        return -_softplus(-z, scatter.xp), -_softplus(z, scatter.xp)

    def _hazard(self, scatter: Scatter) -> tuple[Any, Any]:
        """The hazard at each time, and the cumulative hazard up to it, of the susceptible.

        Both are the heights times weights above zero, which depend on the times alone.
        """
        xp, knots = scatter.xp, scatter.columns.get(_KNOTS, np.asarray(self.knots))
        time, widths = xp.asarray(scatter.observed)[..., None], knots[..., 1:] - knots[..., :-1]
        share = xp.clip((time - knots[..., :-1]) / widths, 0.0, 1.0)  # of each segment that has passed
        nothing, whole = xp.zeros_like(share[..., :1]), xp.ones_like(share[..., :1])
        falling = widths * (share - 0.5 * share * share)
        beyond = xp.maximum(time - knots[..., -1:], 0.0)
        summed = xp.concatenate([falling, beyond], axis=-1)
        summed = summed + xp.concatenate([nothing, widths * share - falling], axis=-1)
        there = xp.concatenate([whole, share], axis=-1) - xp.concatenate([share, nothing], axis=-1)
        height = self.heights(scatter)
        return xp.sum(there * height, axis=-1), xp.sum(summed * height, axis=-1)

    def log_density(self, scatter: Scatter) -> Any:
        hazard, passed = self._hazard(scatter)
        return self.log_susceptible(scatter)[0] + scatter.xp.log(hazard) - passed

    def log_survival(self, scatter: Scatter) -> Any:
        susceptible, cured = self.log_susceptible(scatter)
        passed = self._hazard(scatter)[1]
        return log_sum(susceptible - passed, cured + 0 * passed, scatter.xp) if self.cure else -passed

    def log_cdf(self, scatter: Scatter) -> Any:
        return self.log_susceptible(scatter)[0] + log1m_exp(-self._hazard(scatter)[1], scatter.xp)

    def log_between(self, scatter: Scatter, lower: Any, upper: Any) -> Any:
        """Give log p - H(a) + log(1 - exp(H(a) - H(b))): beside the cured, tails differ by less than rounding."""
        xp = scatter.xp
        before, after = (self._hazard(dataclasses.replace(scatter, observed=end))[1] for end in (lower, upper))
        return self.log_susceptible(scatter)[0] - before + log1m_exp(before - after, xp)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        """Lifetimes; infinity for those who are cured."""
        shape = np.shape(scatter.predicted)
        height = np.broadcast_to(np.asarray(self.heights(scatter)), (*shape, len(self.knots)))
        knots, drawn = np.asarray(self.knots), generator.standard_exponential(shape)
        widths = np.diff(knots)
        steps = 0.5 * (height[..., 1:] + height[..., :-1]) * widths
        passed = np.concatenate([np.zeros((*shape, 1)), np.cumsum(steps, axis=-1)], axis=-1)
        k = np.sum(passed[..., 1:] <= drawn[..., None], axis=-1)
        first = np.take_along_axis(height, k[..., None], axis=-1)[..., 0]
        rest = drawn - np.take_along_axis(passed, k[..., None], axis=-1)[..., 0]
        slopes = np.concatenate([np.diff(height, axis=-1) / widths, np.zeros((*shape, 1))], axis=-1)
        slope = np.take_along_axis(slopes, k[..., None], axis=-1)[..., 0]
        lifetime = knots[k] + 2 * rest / (first + np.sqrt(np.maximum(first**2 + 2 * slope * rest, 0.0)))
        touched = generator.uniform(size=shape) < np.exp(np.asarray(self.log_susceptible(scatter)[0]))
        return np.where(touched, lifetime, np.inf)

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("additive_cure", len(self.knots), self.excess, self.odds, self.cure)

    def describe(self) -> str:
        cured = ", a share that is cured" if self.cure else ""
        return f"additive hazards, the baseline between {len(self.knots)} knots{cured}"


def _softplus(z: Any, xp: Any) -> Any:
    """log(1 + e^z) without overflow."""
    above = xp.real(z) > 0
    return xp.where(above, z, 0.0) + log1p(xp.exp(xp.where(above, -z, z)), xp=xp)


def knots_of(events: np.ndarray, last: float, pieces: int) -> tuple[float, ...]:
    """0, equal shares of the events, and the last event or, where that is no event, the last time."""
    inside = np.quantile(events, np.arange(1, pieces) / pieces) if events.size else np.empty(0)
    end = float(events.max()) if events.size else last
    knots = np.unique(np.concatenate([[0.0], inside[(inside > 0) & (inside < end)], [end]]))
    return tuple(knots.tolist()) if knots.size > 1 else (0.0, max(last, math.ulp(1.0)))
