"""Robust losses: a few wild points pull less on a fit than their squares would.

    cost = 1/2 sum scale^2 rho(z),   z = (r / scale)^2,   rho'(0) = 1

    linear      z                       least squares, every point pulls with its full residual
    soft_l1     2 (sqrt(1 + z) - 1)     smooth, pulls like the absolute value far out
    huber       z, then 2 sqrt(z) - 1   least squares up to |r| = scale, the absolute value beyond
    cauchy      log(1 + z)              far points hardly pull; may have several minima
    arctan      arctan(z)               bounds what one point may cost; may have several minima
    student_t   (df + 1) log(1 + z/df)  the likelihood of Student's t with df degrees of freedom; rho'(0) = (df + 1)/df

Names and formulas are those of `scipy.optimize.least_squares`, student_t added. All work on NumPy and JAX arrays.

Source: Triggs, McLauchlan, Hartley and Fitzgibbon (1999), Bundle adjustment, a modern synthesis, section 4.3 and
appendix B, doi:10.1007/3-540-44480-7_21. Huber (1964), doi:10.1214/aoms/1177703732. Hampel, Ronchetti, Rousseeuw and
Stahel (1986), Robust statistics, doi:10.1002/9781118186435.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_Rho = Callable[[Any, float, Any], tuple[Any, Any, Any]]
_EPSILON = float(np.finfo(np.float64).eps)


def _linear(z: Any, _: float, xp: Any) -> tuple[Any, Any, Any]:
    return z, xp.ones_like(z), xp.zeros_like(z)


def _soft_l1(z: Any, _: float, xp: Any) -> tuple[Any, Any, Any]:
    root = xp.sqrt(1 + z)
    # 2 (root - 1) loses all its digits for small z; this form loses none.
    return 2 * z / (root + 1), 1 / root, -0.5 / root**3


def _huber(z: Any, _: float, xp: Any) -> tuple[Any, Any, Any]:
    inside = z <= 1
    # The branch that is not taken must stay finite, or its NaN would reach JAX's derivatives.
    root = xp.sqrt(xp.where(inside, 1.0, z))
    return (
        xp.where(inside, z, 2 * root - 1),
        xp.where(inside, 1.0, 1 / root),
        xp.where(inside, 0.0, -0.5 / root**3),
    )


def _cauchy(z: Any, _: float, xp: Any) -> tuple[Any, Any, Any]:
    slope = 1 / (1 + z)
    return xp.log1p(z), slope, -(slope**2)


def _arctan(z: Any, _: float, xp: Any) -> tuple[Any, Any, Any]:
    slope = 1 / (1 + z**2)
    return xp.arctan(z), slope, -2 * z * slope**2


def _student_t(z: Any, degrees_of_freedom: float, xp: Any) -> tuple[Any, Any, Any]:
    weight = degrees_of_freedom + 1
    return (
        weight * xp.log1p(z / degrees_of_freedom),
        weight / (degrees_of_freedom + z),
        -weight / (degrees_of_freedom + z) ** 2,
    )


_RHO: dict[str, _Rho] = {
    "linear": _linear,
    "soft_l1": _soft_l1,
    "huber": _huber,
    "cauchy": _cauchy,
    "arctan": _arctan,
    "student_t": _student_t,
}
LOSSES = tuple(_RHO)


@dataclass(frozen=True)
class Loss:
    """A robust loss with its scale; see the table at the top of this file for the formulas.

    Good for data with a few wild points whose cause is unknown. Prefer a noise that describes the scatter (Student's t)
    when intervals are wanted: a loss is not a likelihood, except for linear and student_t.

    Arguments:
        name: one of `LOSSES`.
        scale: the residual beyond which a point counts as wild, in units of the residuals (1 = one standard error
            when they are whitened).
        parameter: degrees of freedom of student_t; the other losses have none.

    Raises:
        ValueError: an unknown name, a scale that is not a positive number, a parameter too many or missing.

    Source: doi:10.1007/3-540-44480-7_21
    """

    name: str
    scale: float = 1.0
    parameter: float | None = None

    def __post_init__(self) -> None:
        if self.name not in _RHO:
            raise ValueError(f'there is no loss "{self.name}"; known here: {", ".join(LOSSES)}.')
        if not 0 < self.scale < math.inf:
            raise ValueError(f"the scale of a loss is a number above zero; came {self.scale!r}.")
        if self.name != "student_t" and self.parameter is not None:
            raise ValueError(f'the loss "{self.name}" has no parameter besides its scale; came {self.parameter!r}.')
        if self.name == "student_t" and (self.parameter is None or not 0 < self.parameter < math.inf):
            raise ValueError(
                f'the loss "student_t" needs degrees of freedom above zero as parameter; came {self.parameter!r}.'
            )

    def rho(self, z: Any, xp: Any) -> tuple[Any, Any, Any]:
        """The loss and its first two derivatives by z.

        Arguments:
            z: (residual / scale)^2, any shape, real.
            xp: numpy or jax.numpy.

        Returns:
            rho, rho', rho'', each with the shape of z.
        """
        return _RHO[self.name](xp.asarray(z), self.parameter or 0.0, xp)

    def cost(self, residuals: Any, xp: Any) -> Any:
        """The cost 1/2 sum scale^2 rho((r/scale)^2) over the last axis of `residuals` (*batch, m) -> (*batch,)."""
        rho, _, _ = self.rho((residuals / self.scale) ** 2, xp)
        return 0.5 * self.scale**2 * xp.sum(rho, axis=-1)


def loss_by_name(name: str, scale: Any = 1.0, parameter: Any = None) -> Loss:
    """The loss of that name. Raises ValueError for an unknown name or an impossible scale; see `Loss`."""
    return Loss(name, float(scale), None if parameter is None else float(parameter))


def weights(residuals: Any, loss: Loss, xp: Any) -> tuple[Any, Any]:
    """Factors that turn residuals and Jacobian into those of a least-squares problem with the same gradient.

    Gauss-Newton on (factor_J J, factor_r r) has the gradient J' (rho' r) of the robust cost exactly, and its Hessian
    J' (rho' + 2 rho'' z) J but for second derivatives of the residuals. Where that curvature is not positive, it is
    clipped, which leaves the gradient as it is.

    Arguments:
        residuals: (*batch, m), unscaled.
        loss: the robust loss.
        xp: numpy or jax.numpy.

    Returns:
        Factor for each row of the Jacobian, and factor for each residual, both (*batch, m).

    Source: Triggs et al. (1999), equation (11) of section 4.3, in SciPy's form; doi:10.1007/3-540-44480-7_21
    """
    z = (residuals / loss.scale) ** 2
    _, slope, bend = loss.rho(z, xp)
    jacobian_factor = xp.sqrt(xp.maximum(slope + 2 * bend * z, _EPSILON))
    return jacobian_factor, slope / jacobian_factor
