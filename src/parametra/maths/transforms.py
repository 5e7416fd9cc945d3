"""One-to-one maps between the unbounded line and a natural domain, with the logarithm of their Jacobian.

    forward(line, xp) -> natural     inverse(natural, xp) -> line     log_jacobian(line, xp) = log |d natural / d line|

    Identity        natural = line                                        R
    LowerBounded    natural = lower + exp(line)                           (lower, inf)
    UpperBounded    natural = upper - exp(line)                           (-inf, upper)
    Interval        natural = lower + (upper - lower) * logistic(line)    (lower, upper)
    Box             one of the four for each coordinate of a vector       chosen by which bounds are finite
    StickBreaking   k-1 numbers -> k positive weights that sum to one     0 -> equal weights

All are written for NumPy and jax.numpy alike (`xp`), take arrays with the coordinate first and any batch behind it, and
accept complex NumPy arrays, so that a complex step through them is exact. A natural value on a bound has its line value
at infinity.

Source: Stan Development Team, Stan Reference Manual, chapter "Constraint transforms",
https://mc-stan.org/docs/reference-manual/transforms.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Bound = float | np.ndarray


def _magnitude(line: Any, xp: Any) -> Any:
    """|line|, continued analytically to complex arguments."""
    return xp.where(xp.real(line) > 0, line, -line)


def _log_logistic(line: Any, xp: Any) -> Any:
    """log(1 / (1 + exp(-line))) without overflow or cancellation in either tail."""
    return xp.where(xp.real(line) > 0, 0.0, line) - xp.log1p(xp.exp(-_magnitude(line, xp)))


def _log(value: Any, xp: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return xp.log(value)


@dataclass(frozen=True)
class Identity:
    """natural = line, for a domain without bounds."""

    def forward(self, line: Any, xp: Any = np) -> Any:
        del xp
        return line

    def inverse(self, natural: Any, xp: Any = np) -> Any:
        del xp
        return natural

    def log_jacobian(self, line: Any, xp: Any = np) -> Any:
        """Zero for each coordinate."""
        return xp.zeros_like(line)


@dataclass(frozen=True)
class LowerBounded:
    """natural = lower + exp(line).

    Arguments:
        lower: a number, or an array that broadcasts against the line.
    """

    lower: Bound = 0.0

    def forward(self, line: Any, xp: Any = np) -> Any:
        return self.lower + xp.exp(line)

    def inverse(self, natural: Any, xp: Any = np) -> Any:
        return _log(natural - self.lower, xp)

    def log_jacobian(self, line: Any, xp: Any = np) -> Any:
        """The line itself, for each coordinate."""
        del xp
        return line


@dataclass(frozen=True)
class UpperBounded:
    """natural = upper - exp(line).

    Arguments:
        upper: a number, or an array that broadcasts against the line.
    """

    upper: Bound = 0.0

    def forward(self, line: Any, xp: Any = np) -> Any:
        return self.upper - xp.exp(line)

    def inverse(self, natural: Any, xp: Any = np) -> Any:
        return _log(self.upper - natural, xp)

    def log_jacobian(self, line: Any, xp: Any = np) -> Any:
        """The line itself, for each coordinate."""
        del xp
        return line


@dataclass(frozen=True)
class Interval:
    """natural = lower + (upper - lower) / (1 + exp(-line)), measured from the nearer bound in both tails.

    Arguments:
        lower, upper: numbers, or arrays that broadcast against the line.
    """

    lower: Bound = 0.0
    upper: Bound = 1.0

    def forward(self, line: Any, xp: Any = np) -> Any:
        small = xp.exp(-_magnitude(line, xp))
        from_bound = (self.upper - self.lower) * (small / (1.0 + small))
        return xp.where(xp.real(line) > 0, self.upper - from_bound, self.lower + from_bound)

    def inverse(self, natural: Any, xp: Any = np) -> Any:
        return _log(natural - self.lower, xp) - _log(self.upper - natural, xp)

    def log_jacobian(self, line: Any, xp: Any = np) -> Any:
        """log(upper - lower) - |line| - 2 log(1 + exp(-|line|)), for each coordinate."""
        magnitude = _magnitude(line, xp)
        return np.log(np.subtract(self.upper, self.lower)) - magnitude - 2.0 * xp.log1p(xp.exp(-magnitude))


Elementwise = Identity | LowerBounded | UpperBounded | Interval


@dataclass(frozen=True, eq=False)
class Box:
    """The map of each coordinate of a vector by its own bounds; infinite bounds are no bounds.

    Arguments:
        lower, upper: arrays (d,); the line and natural arrays are (d, *batch).
    """

    lower: np.ndarray
    upper: np.ndarray

    @cached_property
    def _groups(self) -> tuple[tuple[np.ndarray, type[Elementwise], tuple[np.ndarray, ...]], ...]:
        """For each kind that occurs: its coordinates, its class, and their bounds."""
        has_lower, has_upper = np.isfinite(self.lower), np.isfinite(self.upper)
        kinds: list[tuple[np.ndarray, type[Elementwise], tuple[np.ndarray, ...]]] = [
            (~has_lower & ~has_upper, Identity, ()),
            (has_lower & ~has_upper, LowerBounded, (self.lower,)),
            (~has_lower & has_upper, UpperBounded, (self.upper,)),
            (has_lower & has_upper, Interval, (self.lower, self.upper)),
        ]
        return tuple(
            (np.flatnonzero(mask), kind, tuple(bound[mask] for bound in bounds))
            for mask, kind, bounds in kinds
            if mask.any()
        )

    @cached_property
    def _order(self) -> np.ndarray:
        """Puts the groups, one behind the other, back into the order of the coordinates."""
        return np.argsort(np.concatenate([indices for indices, _, _ in self._groups]))

    def _apply(self, method: str, values: Any, xp: Any) -> Any:
        column = (-1, *(1,) * (values.ndim - 1))
        transforms = [(i, kind(*(bound.reshape(column) for bound in bounds))) for i, kind, bounds in self._groups]
        if not transforms:
            return values
        if len(transforms) == 1:
            return getattr(transforms[0][1], method)(values, xp)
        parts = [getattr(transform, method)(values[indices], xp) for indices, transform in transforms]
        return xp.concatenate(parts)[self._order]

    def forward(self, line: Any, xp: Any = np) -> Any:
        return self._apply("forward", line, xp)

    def inverse(self, natural: Any, xp: Any = np) -> Any:
        return self._apply("inverse", natural, xp)

    def log_jacobian(self, line: Any, xp: Any = np) -> Any:
        """The logarithm of the derivative of each coordinate, (d, *batch)."""
        return self._apply("log_jacobian", line, xp)


@dataclass(frozen=True)
class StickBreaking:
    """Positive weights that sum to one: each takes a fraction of what the ones before it have left.

    x_i = z_i * prod_{j<i} (1 - z_j),   z_i = logistic(line_i - log(k - i)),   i = 1 .. k-1;   x_k = prod_j (1 - z_j)

    The shift by log(k - i) makes line = 0 the equal weights. Evaluated in logarithms, so that small weights keep all
    their digits.

    Arguments:
        size: k, the number of weights, 2 or more. The line is (k - 1, *batch), the weights are (k, *batch).
    """

    size: int

    def _stick(self, line: Any) -> Any:
        rest = np.arange(self.size - 1, 0, -1, dtype=float).reshape(-1, *(1,) * (line.ndim - 1))
        return line - np.log(rest)

    def _log_left(self, stick: Any, xp: Any) -> Any:
        """Sum of log(1 - z_j) over j <= i, for i = 1 .. k-1."""
        return xp.cumsum(_log_logistic(-stick, xp), axis=0)

    def forward(self, line: Any, xp: Any = np) -> Any:
        stick = self._stick(line)
        left = self._log_left(stick, xp)
        before = xp.concatenate([xp.zeros_like(left[:1]), left[:-1]])
        return xp.exp(xp.concatenate([_log_logistic(stick, xp) + before, left[-1:]]))

    def inverse(self, natural: Any, xp: Any = np) -> Any:
        after = xp.flip(xp.cumsum(xp.flip(natural[1:], axis=0), axis=0), axis=0)
        rest = np.arange(self.size - 1, 0, -1, dtype=float).reshape(-1, *(1,) * (natural.ndim - 1))
        return _log(natural[:-1], xp) - _log(after, xp) + np.log(rest)

    def log_jacobian(self, line: Any, xp: Any = np) -> Any:
        """Logarithm of |d (x_1 .. x_{k-1}) / d line|, one number for each point of the batch."""
        stick = self._stick(line)
        left = self._log_left(stick, xp)
        # The matrix is triangular; on its diagonal z_i (1 - z_i) prod_{j<i} (1 - z_j) = z_i prod_{j<=i} (1 - z_j).
        return xp.sum(_log_logistic(stick, xp) + left, axis=0)

    def jacobian(self, line: Any, xp: Any = np) -> Any:
        """Derivatives of x_i by line_j, (k, k-1, *batch): 0 for i < j, x_j (1 - z_j) for i = j, -x_i z_j for i > j."""
        stick = self._stick(line)
        taken, left = xp.exp(_log_logistic(stick, xp))[None], xp.exp(_log_logistic(-stick, xp))[None]
        row = np.arange(self.size).reshape(-1, *(1,) * line.ndim)
        column = np.arange(self.size - 1).reshape(1, -1, *(1,) * (line.ndim - 1))
        return self.forward(line, xp)[:, None] * xp.where(row == column, left, xp.where(row > column, -taken, 0.0))
