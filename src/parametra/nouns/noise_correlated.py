"""Errors that are not independent: a known covariance, or errors that fade from point to point.

    Covariance     the whole matrix is known
    AR1            each error remembers a part of the one before
    KernelNoise    errors that are alike at near points (noise_kernel.py)

All of them whiten: with C = L L' the residuals are L^-1 (f - y), of which each depends on its own point and on those
before it. Their sum of squares is the usual (f - y)' C^-1 (f - y).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from parametra.maths.triangular import solve_lower
from parametra.nouns._covariance_matrix import read_matrix
from parametra.nouns._noise_contract import Edge, Noise, Scatter, data_sets_with, parameter_name
from parametra.nouns._noise_spread import Spread, positive
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.parameter import Log, Parameter, Real

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_FACTOR = "covariance factor"
_WHOLE = 1e-6
_NONE = 1e-6
"""Lowest correlation where only positive ones have a meaning; 0 itself has no slope there."""


@dataclass(frozen=True, eq=False)
class Covariance(Noise, kind="covariance"):
    """Normal errors of a known covariance C: log density = -1/2 (y - f)' C^-1 (y - f) - 1/2 log|2 pi C|.

    Good for data that come with their covariance: spectra, supernova distances, anything calibrated in common. Fitted
    by generalised least squares, with all that least squares give. Prefer `Normal` when errors are independent,
    `KernelNoise` when only the kind of correlation is known.

    Arguments:
        matrix: C, (n, n), in the order of the data's rows; or the name of a .npy file, or of a text file with one line
            for each row. For several data sets a mapping of data set name to matrix; errors of different data sets are
            independent. Rows without an observation are left out of it.
        scale: "estimated" when C is known up to a factor; a parameter named scale multiplies all standard deviations.
        guess: where an estimated scale starts, 1 when left out.

    Raises:
        NoiseError: not square, not symmetric, not positive definite (with its smallest eigenvalue), not as many rows as
            the data.

    Source: Aitken (1935), On least squares and linear combination of observations, doi:10.1017/S0370164600014346
    """

    matrix: Any = field(default=None, repr=False)
    scale: str = "known"
    guess: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.scale not in ("known", "estimated"):
            raise NoiseError(f'scale is "known" or "estimated"; came "{self.scale}".')
        if self.guess is not None and positive(self.guess) is None:
            raise NoiseError(f"the guess of an estimated scale is a number above zero; came {self.guess!r}.")
        stated = self.matrix
        if stated is None:
            raise NoiseError('the noise "covariance" needs a matrix: an array, or the name of a file that holds one.')
        if isinstance(stated, Mapping):
            read: Any = {str(name): read_matrix(one) for name, one in cast("Mapping[Any, Any]", stated).items()}
        else:
            read = read_matrix(stated)
        object.__setattr__(self, "matrix", read)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Covariance):
            return NotImplemented
        mine, its = (one.matrix if isinstance(one.matrix, dict) else {"": one.matrix} for one in (self, other))
        same = mine.keys() == its.keys() and all(np.array_equal(mine[key], its[key]) for key in mine)
        return same and (self.scale, self.guess) == (other.scale, other.guess)

    def __hash__(self) -> int:
        return hash((self.signature, self.guess))

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        for data in data_sets_with(data_sets, output):
            if output in data.sigma:
                raise NoiseError(
                    f'the data set "{data.name}" gives sigma for "{output}", and the covariance matrix holds the '
                    "variances already; leave sigma out."
                )
            rows = len(self._matrix(data))
            if rows != data.rows:
                raise NoiseError(
                    f'the covariance matrix has {rows} rows and the data set "{data.name}" has {data.rows}; give one '
                    "row for each row of the data that is kept."
                )
        return self

    def _matrix(self, data: Data) -> np.ndarray:
        if not isinstance(self.matrix, dict):
            return self.matrix
        if data.name not in self.matrix:
            raise NoiseError(
                f'there is no covariance matrix for the data set "{data.name}"; ' + did_you_mean(data.name, self.matrix)
            )
        return self.matrix[data.name]

    def standard_errors(self, data: Data, output: str) -> None:
        del data, output

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        index, matrix = data.observed[output], self._matrix(data)
        return {_FACTOR: np.linalg.cholesky(matrix if index is None else matrix[np.ix_(index, index)])}

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        if self.scale == "known":
            return {}
        words = f"noise of {output}: the given standard deviations are multiplied by it"
        return {parameter_name("scale", output, alone): Log(guess=float(self.guess or 1.0), description=words)}

    def residuals(self, scatter: Scatter) -> Any | None:
        return solve_lower(scatter.columns[_FACTOR], scatter.predicted - scatter.observed, scatter.xp)

    def log_density(self, scatter: Scatter) -> Any:
        """Log p(y_i | y_1 ... y_(i-1)) of each point, whose sum is the joint log density."""
        xp, factor = scatter.xp, scatter.columns[_FACTOR]
        rows = solve_lower(factor, scatter.predicted - scatter.observed, xp)
        width = 1.0 if self.scale == "known" else scatter.value("scale")
        own = xp.diagonal(factor, axis1=-2, axis2=-1)
        return -0.5 * (rows / width) ** 2 - xp.log(own) - xp.log(width) - _HALF_LOG_2PI

    @property
    def affine(self) -> bool:
        return False

    @property
    def pointwise(self) -> bool:
        return False

    @property
    def offers_residuals(self) -> bool:
        return True

    @property
    def profiles_scale(self) -> bool:
        return self.scale == "estimated"

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        if _FACTOR not in scatter.columns:
            return None
        own = scatter.xp.sqrt(scatter.xp.sum(scatter.columns[_FACTOR] ** 2, axis=-1))
        return own if self.scale == "known" else own * scatter.value("scale")

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        width = 1.0 if self.scale == "known" else np.asarray(scatter.value("scale"))
        drawn = generator.standard_normal(predicted.shape) @ np.asarray(scatter.columns[_FACTOR]).T
        return predicted + width * drawn

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("covariance", self.scale)

    def describe(self) -> str:
        text = "normal, a covariance matrix for each data set" if isinstance(self.matrix, dict) else ""
        text = text or "normal, errors correlated by a covariance matrix"
        return f"{text}, times one estimated scale" if self.scale == "estimated" else text


@dataclass(frozen=True)
class AR1(Spread, kind="ar1"):
    """Normal errors e that each remember a part of the one before: e_i = c e_(i-1) + sqrt(1 - c^2) s u_i, u standard.

    The series is stationary: each error has the standard deviation s, two errors a distance d apart (in units of
    `spacing`) the correlation c^d. The first point counts too, so that this is the exact likelihood.

    Good for time series, whose points are closer than their errors' memory: errors of parameters from independent
    noise are then too small. Prefer `KernelNoise` when errors are smooth from point to point.

    Arguments:
        sigma, scale, guess: as in `Normal`, for the standard deviation s of each point's whole error.
        correlation: c, between -1 and 1, or "estimated". Fixed, the noise gives whitened residuals, which least squares
            can serve.
        along: the column or input that tells how far apart points are, such as a time; each data set is one series.
            "": rows are equally spaced, in their order; a missing value leaves its gap.
        spacing: the distance along that column over which c is the correlation; the median distance of neighbours when
            left out. 1 makes c the correlation of points one unit apart.

    A negative correlation needs distances that are whole multiples of `spacing`.

    Raises:
        NoiseError: a correlation outside (-1, 1), a column that is not there, two points at the same place, what
            `Normal` raises.

    Source: Beach and MacKinnon (1978), A maximum likelihood procedure for regression with autocorrelated errors,
        doi:10.2307/1913644
    """

    sigma: Any = None
    correlation: Any = "estimated"
    along: str = ""
    spacing: Any = None
    scale: str = "known"
    guess: Any = field(default=None, kw_only=True)
    column: str = field(default="", kw_only=True, repr=False)
    _whole: bool = field(default=True, kw_only=True, repr=False)
    width_word: ClassVar[str] = "standard deviation"

    def __post_init__(self) -> None:
        self.validate()
        if self.correlation != "estimated" and not (_is_number(self.correlation) and -1 < self.correlation < 1):
            raise NoiseError(
                f'correlation is a number between -1 and 1, or "estimated"; came {self.correlation!r}. At 1 the errors '
                "never fade; a common offset is a parameter of the model."
            )
        if self.spacing is not None and (positive(self.spacing) is None or not self.along):
            raise NoiseError(
                f'spacing is a distance above zero along a column, along="t"; came {self.spacing!r}'
                f"{'' if self.along else ' without along'}."
            )

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        settled = cast("AR1", super().settle(data_sets, output))
        gaps = np.concatenate([_before(self._places(data, output))[1] for data in data_sets_with(data_sets, output)])
        spacing = self.spacing
        if self.along and spacing is None and gaps.size:
            spacing = float(np.median(gaps))
        steps = gaps / (spacing or 1.0)
        whole = bool(np.all(np.abs(steps - np.round(steps)) < _WHOLE * steps))
        if not whole and self.correlation != "estimated" and self.correlation < 0:
            raise NoiseError(
                f"a negative correlation ({self.correlation:g}) has a meaning only for points at whole multiples of "
                f'spacing={spacing:g}; those along "{self.along}" are not. Leave along out if they count as equally '
                "spaced."
            )
        return dataclasses.replace(settled, spacing=spacing, _whole=whole)

    def _places(self, data: Data, output: str) -> np.ndarray:
        if self.along:
            return values_along(data, output, self.along)
        index = data.observed[output]
        return np.arange(float(data.rows)) if index is None else index.astype(np.float64)

    def columns_of(self, data: Data, output: str) -> dict[str, Any]:
        before, gaps = _before(self._places(data, output))
        first = before == np.arange(len(before))
        steps = np.ones(len(before))
        steps[~first] = gaps / (self.spacing or 1.0)
        return {"before": before, "steps": np.round(steps) if self._whole else steps, "first": first}

    def parameters(self, output: str, alone: bool) -> dict[str, Parameter]:
        added = super().parameters(output, alone)
        if self.correlation == "estimated":
            lowest = -1.0 if self._whole else _NONE
            words = f"noise of {output}: correlation of neighbours"
            if self.along and self.spacing:
                words = f"noise of {output}: correlation over {self.spacing:g} along {self.along}"
            guess = 0.3 if self._whole else 0.5
            added[parameter_name("correlation", output, alone)] = Real(lowest, 1.0, guess=guess, description=words)
        return added

    def edges(self, output: str, alone: bool) -> dict[str, tuple[Edge, ...]]:
        name = parameter_name("correlation", output, alone)
        fades = () if self._whole else (Edge("lower", "zero", "the errors are not correlated", "Normal()"),)
        stays = Edge("upper", "one", "the errors do not fade along the data", "a drift or an offset in the model")
        return {name: (*fades, stays)}

    def _remembered(self, scatter: Scatter) -> Any:
        """What is left of the error before: c^steps, nothing for the first point."""
        xp, steps = scatter.xp, scatter.columns["steps"]
        c = scatter.value("correlation") if self.correlation == "estimated" else self.correlation
        left = xp.power(c, steps) if self._whole else xp.exp(steps * xp.log(c))
        return xp.where(scatter.columns["first"], 0.0, left)

    def _rows(self, scatter: Scatter, width: Any) -> tuple[Any, Any]:
        """Whitened rows, and the standard deviation of each given the points before it, in units of its own."""
        xp, left = scatter.xp, self._remembered(scatter)
        new = 1.0 - left * left
        # At c = 1 nothing is new, which has no density; the 1 keeps NaN out of derivatives.
        possible = xp.real(new) > 0
        own = xp.sqrt(xp.where(possible, new, 1.0))
        errors = (scatter.predicted - scatter.observed) / width
        rows = (errors - left * errors[..., scatter.columns["before"]]) / own
        return rows, xp.where(possible, own, math.inf)

    def log_density(self, scatter: Scatter) -> Any:
        """Log p(y_i | the points before it), whose sum is the joint log density."""
        xp, width = scatter.xp, self.width(scatter)
        rows, own = self._rows(scatter, width)
        return -0.5 * rows**2 - xp.log(own) - xp.log(width) - _HALF_LOG_2PI

    def residuals(self, scatter: Scatter) -> Any | None:
        return self._rows(scatter, self._given(scatter))[0] if self.offers_residuals else None

    @property
    def affine(self) -> bool:
        return False

    @property
    def pointwise(self) -> bool:
        return False

    @property
    def offers_residuals(self) -> bool:
        return self.correlation != "estimated"

    @property
    def profiles_scale(self) -> bool:
        return self.estimated_role is not None and self.offers_residuals

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        predicted = np.asarray(scatter.predicted)
        left, before = np.asarray(self._remembered(scatter)), scatter.columns["before"]
        left = np.broadcast_to(left, predicted.shape)
        errors = generator.standard_normal(predicted.shape)
        # in the order in which points follow one another, each before those that remember it
        for point in _in_order(np.asarray(before)):
            earlier, kept = errors[..., before[point]], left[..., point]
            errors[..., point] = kept * earlier + np.sqrt(1 - kept**2) * errors[..., point]
        return predicted + np.asarray(self.width(scatter)) * errors

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("ar1", self.sigma_kind, self.scale, self.correlation, self._whole)

    def describe(self) -> str:
        known = (
            "an estimated correlation" if self.correlation == "estimated" else f"the correlation {self.correlation:g}"
        )
        where = f"over {self.spacing:g} along {self.along}" if self.along and self.spacing else "of neighbours"
        return f"normal, autoregressive with {known} {where}, {self.describewidth()}"


def values_along(data: Data, output: str, name: str) -> np.ndarray:
    """The values of an input or column where an output is observed.

    Raises:
        NoiseError: no such column, several numbers a row, or missing values.
    """
    if name not in data.inputs and name not in data.columns:
        known = [*data.inputs, *data.columns]
        raise NoiseError(
            f'the noise of "{output}" goes along "{name}", which the data set "{data.name}" does not hold as a column '
            f"of numbers; " + did_you_mean(name, known)
        )
    values = data.inputs[name] if name in data.inputs else data.columns[name]
    if values.ndim != 1:
        raise NoiseError(f'the noise of "{output}" goes along "{name}", which has {values.shape[1]} numbers a row.')
    index = data.observed[output]
    values = values if index is None else values[index]
    missing = np.flatnonzero(np.isnan(values))
    if missing.size:
        raise NoiseError(
            f'the noise of "{output}" goes along "{name}", which is missing in row {missing[0] + 1} of the data set '
            f'"{data.name}"; leave such rows out.'
        )
    return values


def _before(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of the point before each (its own for the first), and the distances of the others to it."""
    order = np.argsort(places, kind="stable")
    before = np.empty(len(places), dtype=np.int64)
    before[order[:1]] = order[:1]
    before[order[1:]] = order[:-1]
    gaps = places - places[before]
    gaps = gaps[before != np.arange(len(places))]
    if np.any(gaps <= 0):
        twice = places[order][1:][np.diff(places[order]) <= 0][0]
        raise NoiseError(
            f"two points are at the same place, {twice:g}, where an autoregressive noise knows no order; average them, "
            "or use KernelNoise."
        )
    return before, gaps


def _in_order(before: np.ndarray) -> np.ndarray:
    """The points but the first, in the order in which they follow one another."""
    after = np.argsort(before, kind="stable")
    follower = {int(before[point]): int(point) for point in after if before[point] != point}
    (point,) = np.flatnonzero(before == np.arange(len(before)))
    order: list[int] = []
    while int(point) in follower:
        point = follower[int(point)]
        order.append(point)
    return np.array(order, dtype=np.int64)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
