"""Errors in the inputs: what they add to the variance of a prediction, and the noise that counts them in.

    effective variance   s_i^2 = sy_i^2 + sum over inputs x of (df/dx_i)^2 sx_i^2
    residual             r_i = (f_i - y_i) / s_i, which depends on the parameters through the slope too
    log density          -1/2 r_i^2 - log sy_i - 1/2 log(2 pi): without log s_i

The true inputs are unknown numbers, fitted too. For a straight line the sum of r_i^2 is what is left when the best of
them are put in, exactly; for a curve it is so to first order in sx. Their likelihood holds no log s_i, and with it the
slope of a line would be drawn towards zero.

Source: York (1969), Least squares fitting of a straight line with correlated errors,
doi:10.1016/S0012-821X(68)80059-7; Orear (1982), Least squares when both variables have uncertainties,
doi:10.1119/1.12972
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.losses import Loss
from parametra.nouns._noise_contract import Edge, Noise, Scatter
from parametra.nouns._noise_spread import Spread
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError
from parametra.nouns.model import ONLY, Model
from parametra.nouns.parameter import Parameter

_STEP = 0.01
"""Of the differences, in units of the input's error: the slope is wanted over that error, and no closer."""


@dataclass(frozen=True)
class WithInputErrors(Noise):
    """A noise with known standard deviations, widened by the errors of inputs. `Problem` makes it; nobody states it.

    Arguments:
        inner: Normal or StudentT.
        inputs: the inputs that have errors, in any data set.
    """

    inner: Any
    inputs: tuple[str, ...]

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        return self.inner.settle(data_sets, output)

    def standard_errors(self, data: Data, output: str) -> Any:
        return self.inner.standard_errors(data, output)

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        return self.inner.parameters(output, alone)

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        return self.inner.edges(output, alone)

    def _share(self, scatter: Scatter) -> Any:
        """Of a whole standard deviation, that of the output alone."""
        if scatter.input_variance is None:
            return 1.0
        return scatter.sigma / scatter.xp.sqrt(scatter.sigma**2 + scatter.input_variance)

    def _drawn_near(self, scatter: Scatter) -> Scatter:
        """The prediction as far from the data, in units of sigma, as it is in units of the effective one."""
        nearer = scatter.observed + (scatter.predicted - scatter.observed) * self._share(scatter)
        return dataclasses.replace(scatter, predicted=nearer)

    def log_density(self, scatter: Scatter) -> Any:
        return self.inner.log_density(self._drawn_near(scatter))

    def residuals(self, scatter: Scatter) -> Any | None:
        return self.inner.residuals(self._drawn_near(scatter))

    @property
    def affine(self) -> bool:
        return False

    @property
    def through_predictions(self) -> bool:
        return False

    @property
    def offers_residuals(self) -> bool:
        return self.inner.offers_residuals

    @property
    def profiles_scale(self) -> bool:
        return self.inner.profiles_scale

    @property
    def robust_loss(self) -> Loss | None:
        return self.inner.robust_loss

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        return self.inner.standard_deviation(scatter) / self._share(scatter)

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        """Outputs that might have been observed at the inputs that were observed."""
        predicted = np.asarray(scatter.predicted)
        return predicted + (self.inner.simulate(scatter, generator) - predicted) / np.asarray(self._share(scatter))

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("input errors", self.inputs, self.inner.signature)

    def describe(self) -> str:
        return f"{self.inner.describe()}; errors of {', '.join(self.inputs)} added through the slope of the model"


def with_input_errors(noise: Noise, data_sets: Sequence[Data], output: str) -> Noise:
    """The settled noise, widened where data sets with this output have errors in their inputs.

    Raises:
        NoiseError: a noise that errors of inputs cannot be added to.
    """
    having = [data for data in data_sets if output in data.outputs and data.input_errors]
    if not having:
        return noise
    inputs = tuple(dict.fromkeys(name for data in having for name in data.input_errors))
    spread = isinstance(noise, Spread) and noise.estimated_role != "sigma" and not noise.multiplies_prediction
    if not (spread and noise.support == "real" and noise.affine and noise.pointwise):
        raise NoiseError(
            f'the data set "{having[0].name}" gives errors of {", ".join(inputs)}, which are added to known standard '
            f'deviations of "{output}"; its noise is {noise.describe()}. Give sigma, Data(..., sigma="sigma"), with '
            'Normal(), Normal(scale="estimated") or StudentT().'
        )
    return WithInputErrors(noise, inputs)


def input_variance(
    model: Model,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
    errors: Mapping[str, Any],
    output: str,
    xp: Any,
) -> Any:
    """What errors of inputs add to the variance of an output: sum of (df/dx)^2 sx^2, (*batch, rows).

    Each prediction must depend on the inputs of its own row only.

    Arguments:
        model: what is differentiated: a formula by its own tangents, traced models by JAX, functions of NumPy by
            differences over a hundredth of the input's error.
        parameters: arguments of the model by name.
        inputs: all inputs by name.
        errors: input to standard deviations, (rows,).
        output: of the model; it may be its only one.
        xp: numpy or jax.numpy.
    """
    total: Any = 0.0
    for name, error in errors.items():
        total = total + (_slope(model, parameters, inputs, name, output, error, xp) * error) ** 2
    return total


def bend_over_errors(
    model: Model,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Any],
    errors: Mapping[str, Any],
    sigma: Any,
    output: str,
) -> float:
    """How far the curve leaves its tangent within the errors of the inputs, in effective standard deviations.

    The root mean square over points and inputs of |f(x + sx) + f(x - sx) - 2 f(x)| / (2 s). The effective variance is
    good where this is small; near 1 and above, it grows with the steepness of the curve, and chi-square falls.

    Arguments:
        model, parameters, inputs, errors, output: as for `input_variance`.
        sigma: of the output, (rows,).
    """
    here = _output_of(model.predict(parameters, inputs, np), output)
    total = np.sqrt(np.square(sigma) + input_variance(model, parameters, inputs, errors, output, np))
    bends: list[Any] = []
    for name, error in errors.items():
        up, down = (
            _output_of(model.predict(parameters, {**inputs, name: inputs[name] + side * error}, np), output)
            for side in (1, -1)
        )
        bends.append(0.5 * np.abs(up + down - 2 * here) / total)
    return float(np.sqrt(np.nanmean(np.square(bends))))


def _output_of(found: Mapping[str, Any], output: str) -> Any:
    return np.asarray(found[output if output in found else ONLY])


def _slope(
    model: Model, parameters: Mapping[str, Any], inputs: Mapping[str, Any], name: str, output: str, error: Any, xp: Any
) -> Any:
    x = inputs[name]

    def at(moved: Any) -> Any:
        found = model.predict(parameters, {**inputs, name: moved}, xp)
        return found[output if output in found else ONLY]

    if xp is not np:
        import jax

        return jax.jvp(at, (x,), (xp.ones_like(x),))[1]
    if model.function is None:
        formulas = dict(model.formulas)
        formula = formulas[output if output in formulas else ONLY]
        slopes = formula.evaluate_with_tangents({**parameters, **inputs}, {name: {0: np.ones_like(x)}})[1]
        return slopes.get(0, np.zeros_like(x))
    h = _STEP * np.where(error > 0, error, np.maximum(np.abs(x), 1e-3))
    difference = 8 * (np.asarray(at(x + h)) - np.asarray(at(x - h)))
    difference = difference - (np.asarray(at(x + 2 * h)) - np.asarray(at(x - 2 * h)))
    return np.where(error > 0, difference / (12 * h), 0.0)
