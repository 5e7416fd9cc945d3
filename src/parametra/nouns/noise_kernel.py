"""Errors that are alike at near points: a Gaussian process of which only the kind of correlation is known.

k(d) with d = |t_i - t_j| / length

squared_exponential   exp(-d^2 / 2)                                smooth
matern52              (1 + sqrt(5) d + 5 d^2 / 3) exp(-sqrt(5) d)  twice differentiable
matern32              (1 + sqrt(3) d) exp(-sqrt(3) d)              once differentiable
matern12              exp(-d)                                      rough: AR(1) at any spacing
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from parametra.maths.triangular import cholesky, solve_lower
from parametra.nouns._noise_contract import Edge, Noise, Scatter, data_sets_with, parameter_name
from parametra.nouns._noise_spread import Spread, positive
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.noise_correlated import values_along
from parametra.nouns.parameter import Log, Parameter, Real

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_DISTANCE, _FACTOR = "kernel distance", "kernel factor"

KERNELS: dict[str, Callable[[Any, Any], Any]] = {
    "squared_exponential": lambda d, xp: xp.exp(-0.5 * d * d),
    "matern52": lambda d, xp: (1 + math.sqrt(5) * d + 5 / 3 * d * d) * xp.exp(-math.sqrt(5) * d),
    "matern32": lambda d, xp: (1 + math.sqrt(3) * d) * xp.exp(-math.sqrt(3) * d),
    "matern12": lambda d, xp: xp.exp(-d),
}


@dataclass(frozen=True)
class KernelNoise(Spread, kind="kernel"):
    """Normal errors of covariance C_ij = amplitude^2 k(|t_i - t_j| / length) + sigma_i^2 (i = j).

    A smooth error that the model does not explain, and beside it independent errors sigma. Good for drifts of an
    instrument, for light curves, for a model known to be a little wrong. Prefer `AR1` for long series, which costs n
    where this costs n^3 (2000 points are many), and `Covariance` when the matrix is known.

    Arguments:
        kernel: "squared_exponential", "matern12", "matern32" (the default) or "matern52".
        length: over which errors are alike, in the unit of `along`; or "estimated", a parameter kernel_length.
        amplitude: the standard deviation of the correlated error; or "estimated", a parameter kernel_amplitude.
        along: the input or column that tells how far apart points are; may be left out when the data have one input.
        sigma, scale, guess: as in `Normal`, for the independent errors. They must not be zero.

    With numbers for length, amplitude and sigma the noise gives whitened residuals, which least squares can serve. With
    "estimated" it is a likelihood, and each of its evaluations factorises an n x n matrix.

    Raises:
        NoiseError: an unknown kernel, numbers not above zero, a column that is not there, what `Normal` raises.

    Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, chapters 2 and 4,
        doi:10.7551/mitpress/3206.001.0001
    """

    kernel: str = "matern32"
    length: Any = "estimated"
    amplitude: Any = "estimated"
    along: str = ""
    sigma: Any = field(default=None, kw_only=True)
    scale: str = field(default="known", kw_only=True)
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    _reach: tuple[float, float] = field(default=(0.0, 0.0), kw_only=True, repr=False)
    _spread: float = field(default=1.0, kw_only=True, repr=False)
    width_word: ClassVar[str] = "independent standard deviation"

    def __post_init__(self) -> None:
        self.validate()
        if self.kernel not in KERNELS:
            raise NoiseError(f'there is no kernel "{self.kernel}"; {did_you_mean(str(self.kernel), KERNELS)}')
        for word, value in (("length", self.length), ("amplitude", self.amplitude)):
            if value != "estimated":
                if positive(value) is None:
                    raise NoiseError(f'{word} of a kernel is a number above zero, or "estimated"; came {value!r}.')
                object.__setattr__(self, word, float(value))

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        settled = cast("KernelNoise", super().settle(data_sets, output))
        having = data_sets_with(data_sets, output)
        along = self.along
        if not along:
            inputs = {name for data in having for name in data.inputs}
            if len(inputs) != 1:
                raise NoiseError(
                    f'the noise of "{output}" goes along one input, and the data have {len(inputs) or "none"}; name '
                    'it: KernelNoise(along="t").'
                )
            (along,) = inputs
        gaps = np.concatenate([np.diff(np.sort(values_along(data, output, along))) for data in having])
        longest = max(float(np.ptp(values_along(data, output, along))) for data in having)
        if not longest > 0:
            raise NoiseError(f'the noise of "{output}" goes along "{along}", which has the same value everywhere.')
        observed = np.concatenate([data.observations(output)[0] for data in having])
        spread = float(np.std(observed)) or float(np.mean(np.abs(observed))) or 1.0
        return dataclasses.replace(settled, along=along, _reach=(float(gaps[gaps > 0].min()), longest), _spread=spread)

    @property
    def hyperparameters(self) -> bool:
        """True when anything of the covariance is estimated."""
        return "estimated" in (self.length, self.amplitude, self.sigma, self.scale)

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        where = values_along(data, output, self.along)
        distance = np.abs(where[:, None] - where)
        if self.hyperparameters:
            return {_DISTANCE: distance}
        sigma = self.standard_errors(data, output)
        covariance = self.amplitude**2 * KERNELS[self.kernel](distance / self.length, np)
        covariance += np.diag(np.broadcast_to(np.asarray(sigma), where.shape) ** 2)
        try:
            return {_FACTOR: np.linalg.cholesky(covariance)}
        except np.linalg.LinAlgError:
            raise NoiseError(
                f'the covariance of the noise of "{output}" is singular in floating point: sigma is too small '
                f"beside amplitude={self.amplitude:g}, or length={self.length:g} too long. Make sigma larger, or take "
                "a rougher kernel such as matern32."
            ) from None

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        added = super().parameters(output, alone)
        if self.amplitude == "estimated":
            words = f"noise of {output}: standard deviation of the correlated error"
            name = parameter_name("kernel_amplitude", output, alone)
            # Not in its logarithm: without any correlated error it is 0, which a logarithm never reaches.
            added[name] = Real(0.0, guess=0.5 * self._spread, description=words)
        if self.length == "estimated":
            words = f"noise of {output}: over which errors are alike along {self.along}"
            # Below the smallest distance errors are independent, beyond the longest they are one offset.
            near, far = self._reach if self._reach[1] else (1.0, 1.0)
            middle = math.sqrt(near * far) if far > near else near
            name = parameter_name("kernel_length", output, alone)
            added[name] = Log(0.1 * near, 10 * far, guess=middle, description=words)
        return added

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        none = Edge("lower", "zero", "the data show no correlated error", "Normal()")
        apart = Edge("lower", "zero", "errors are alike over less than the distance of points", "Normal()")
        offset = Edge(
            "upper", "infinity", "the correlated error is one offset for all points", "an offset in the model"
        )
        amplitude, length = (parameter_name(f"kernel_{role}", output, alone) for role in ("amplitude", "length"))
        return {amplitude: (none,), length: (apart, offset)}

    def _stated(self, scatter: Scatter, role: str, value: Any) -> Any:
        return scatter.value(f"kernel_{role}") if value == "estimated" else value

    def _factor(self, scatter: Scatter) -> Any:
        if _FACTOR in scatter.columns:
            return scatter.columns[_FACTOR]
        xp = scatter.xp
        length, amplitude = (
            self._stated(scatter, "length", self.length),
            self._stated(scatter, "amplitude", self.amplitude),
        )
        # (*batch, 1) becomes (*batch, 1, 1)
        length, amplitude = (xp.asarray(one)[..., None] for one in (length, amplitude))
        n = scatter.predicted.shape[-1]
        own = self.width(scatter) ** 2 + xp.zeros(n)
        smooth = amplitude**2 * KERNELS[self.kernel](scatter.columns[_DISTANCE] / length, xp)
        return cholesky(smooth + xp.eye(n) * own[..., None], xp)

    def residuals(self, scatter: Scatter) -> Any | None:
        if not self.offers_residuals:
            return None
        return solve_lower(scatter.columns[_FACTOR], scatter.predicted - scatter.observed, scatter.xp)

    def log_density(self, scatter: Scatter) -> Any:
        """Log p(y_i | y_1 ... y_(i-1)) of each point, whose sum is the joint log density."""
        xp, factor = scatter.xp, self._factor(scatter)
        rows = solve_lower(factor, scatter.predicted - scatter.observed, xp)
        return -0.5 * rows**2 - xp.log(xp.diagonal(factor, axis1=-2, axis2=-1)) - _HALF_LOG_2PI

    @property
    def affine(self) -> bool:
        return False

    @property
    def pointwise(self) -> bool:
        return False

    @property
    def offers_residuals(self) -> bool:
        return not self.hyperparameters

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        amplitude = self._stated(scatter, "amplitude", self.amplitude)
        return scatter.xp.sqrt(self.width(scatter) ** 2 + amplitude**2)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        factor = np.asarray(self._factor(scatter))
        drawn = generator.standard_normal(predicted.shape)
        return predicted + np.einsum("...ij,...j->...i", factor, drawn)

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("kernel", self.kernel, self.length, self.amplitude, self.sigma_kind, self.scale)

    def describe(self) -> str:
        parts = [
            f"{word} {value if value == 'estimated' else format(value, 'g')}"
            for word, value in (("length", self.length), ("amplitude", self.amplitude))
        ]
        where = f" along {self.along}" if self.along else ""
        return f"normal, correlated by a {self.kernel} kernel{where} ({', '.join(parts)}), and {self.describewidth()}"
