"""The noise of two curves that are one random process, seen twice: the second time later."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from parametra.maths.markov_process import KERNELS, correlation, log_densities, whitened
from parametra.maths.triangular import cholesky
from parametra.nouns._noise_contract import Noise, Scatter
from parametra.nouns._noise_spread import Spread
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.noise_correlated import values_along

_LEAST = 1e-5
"""The least independent error, in amplitudes."""
_READS = frozenset({"delay", "amplitude", "timescale"})


@dataclass(frozen=True)
class DelayedProcess(Spread):
    """Errors of covariance amplitude^2 k(|s_i - s_j| / timescale) + sigma_i^2 (i = j), s = time - delay * image.

    The prediction is the mean of each curve; what it leaves is the random process that both curves share. delay,
    amplitude and timescale are parameters of the problem. One evaluation costs n, not n^3: the process is Markovian, so
    that a Kalman filter gives its exact likelihood.

    Arguments:
        kernel: "matern32", once differentiable, or "damped_random_walk".
        sigma, scale, guess: as in `Normal`, for the independent errors.

    Raises:
        NoiseError: an unknown kernel, data without columns `time` and `image`, what `Normal` raises.

    Source: Tak and others (2017), Bayesian estimates of astronomical time delays between gravitationally lensed
        stochastic light curves, doi:10.1214/17-AOAS1027
    """

    kernel: str = "matern32"
    sigma: Any = field(default=None, kw_only=True)
    scale: str = field(default="known", kw_only=True)
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    width_word: ClassVar[str] = "independent standard deviation"

    def __post_init__(self) -> None:
        self.validate()
        if self.kernel not in KERNELS:
            raise NoiseError(
                f'there is no kernel "{self.kernel}" of a time delay; {did_you_mean(self.kernel, KERNELS)}'
            )

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        settled = cast("DelayedProcess", super().settle(data_sets, output))
        return settled if self.guess is not None else dataclasses.replace(settled, guess=_tenth(settled.guess))

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        return {name: values_along(data, output, name) for name in ("time", "image")}

    @property
    def reads(self) -> frozenset[str] | None:
        return _READS

    def _read(self, scatter: Scatter) -> tuple[Any, Any, Any, Any]:
        """Places of the points (*batch, n), amplitude and timescale (*batch,), and variances (*batch, n)."""
        xp = scatter.xp
        delay, amplitude, timescale = (xp.asarray(scatter.values[each]) for each in ("delay", "amplitude", "timescale"))
        places = scatter.columns["time"] - delay[..., None] * scatter.columns["image"]
        # without any independent error, two observations of one moment would contradict each other
        variance = (
            self.width(scatter) ** 2 + (_LEAST * amplitude[..., None]) ** 2 + xp.zeros(scatter.predicted.shape[-1])
        )
        return places, amplitude, timescale, variance

    def log_density(self, scatter: Scatter) -> Any:
        """Log p of each point given those that are earlier at the source, whose sum is the joint log density."""
        xp = scatter.xp
        places, amplitude, timescale, variance = self._read(scatter)
        errors = scatter.observed - scatter.predicted
        batch = np.broadcast_shapes(places.shape, variance.shape, errors.shape)
        places, variance, errors = (xp.broadcast_to(each, batch) for each in (places, variance, errors))
        order = xp.argsort(xp.real(places), axis=-1)
        places, variance, errors = (xp.take_along_axis(each, order, axis=-1) for each in (places, variance, errors))
        gaps = xp.concatenate([xp.zeros_like(places[..., :1]), places[..., 1:] - places[..., :-1]], axis=-1)
        left, spread = whitened(self.kernel, gaps / timescale[..., None], amplitude, variance, errors[..., None], xp)
        rows = log_densities(left[..., 0], spread, xp)
        return xp.take_along_axis(rows, xp.argsort(order, axis=-1), axis=-1)

    @property
    def affine(self) -> bool:
        return False

    @property
    def pointwise(self) -> bool:
        return False

    @property
    def offers_residuals(self) -> bool:
        return False

    def residuals(self, scatter: Scatter) -> Any | None:
        del scatter
        return None

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        return scatter.xp.sqrt(
            self.width(scatter) ** 2 + scatter.xp.asarray(scatter.values["amplitude"])[..., None] ** 2
        )

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        places, amplitude, timescale, variance = (np.asarray(each) for each in self._read(scatter))
        apart = np.abs(places[..., :, None] - places[..., None, :]) / timescale[..., None, None]
        n = places.shape[-1]
        process = amplitude[..., None, None] ** 2 * correlation(self.kernel, apart)
        factor = np.asarray(cholesky(process + np.eye(n) * variance[..., None, :]))
        predicted = np.asarray(scatter.predicted)
        return predicted + np.einsum("...ij,...j->...i", factor, generator.standard_normal(predicted.shape))

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("delayed process", self.kernel, self.sigma_kind, self.scale)

    def describe(self) -> str:
        return f"one {self.kernel} process seen twice with a delay, and {self.describewidth()}"


def _tenth(guess: Any) -> Any:
    """Most of the scatter is the process: the independent errors start at a tenth of it."""
    return guess if guess is None else 0.1 * float(guess)
