"""Two curves of one source as data: one row for each observation, and a column that tells the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, ModelError


def two_curves(
    time_a: Any,
    values_a: Any,
    time_b: Any,
    values_b: Any,
    *,
    error_a: Any = None,
    error_b: Any = None,
    name: str = "two curves",
    units: tuple[str, str] = ("d", "mag"),
) -> Data:
    """Data for the models of time delays: inputs `time` and `image` (0 for A, 1 for B), output `magnitude`.

    Arguments:
        time_a, values_a: of image A, (n,).
        time_b, values_b: of image B, (m,); the times may be others.
        error_a, error_b: standard errors, for both or for neither.
        name: of the data set.
        units: of times and of values.

    Raises:
        DataError: what is no list of numbers, lengths that differ, errors of one curve only, a curve of fewer than 3
            values.
    """
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]] = []
    for image, t, y, e in (("A", time_a, values_a, error_a), ("B", time_b, values_b, error_b)):
        time, value = _numbers(t, f"the times of curve {image}"), _numbers(y, f"the values of curve {image}")
        error = None if e is None else _numbers(e, f"the errors of curve {image}")
        if time.ndim != 1 or time.shape != value.shape or (error is not None and error.shape != time.shape):
            raise DataError(
                f"curve {image} wants times, values and errors of one length; they have the shapes {time.shape}, "
                f"{value.shape} and {None if error is None else error.shape}."
            )
        if time.size < 3:
            raise DataError(f"curve {image} has {time.size} values; a delay wants 3 of each curve at the very least.")
        columns.append((time, value, error))
    (ta, ya, ea), (tb, yb, eb) = columns
    if (ea is None) != (eb is None):
        raise DataError("standard errors came for one curve only; give error_a and error_b, or neither.")
    table = {
        "time": np.concatenate([ta, tb]),
        "image": np.concatenate([np.zeros(ta.size), np.ones(tb.size)]),
        "magnitude": np.concatenate([ya, yb]),
    }
    if ea is not None and eb is not None:
        table["error"] = np.concatenate([ea, eb])
    return Data(
        table,
        inputs=["time", "image"],
        output="magnitude",
        sigma="error" if ea is not None else None,
        name=name,
        units={"time": units[0], "image": "1", "magnitude": units[1]},
    )


@dataclass(frozen=True, eq=False)
class Curves:
    """The observations of both images, without those that are missing. Equal ones are equal by their numbers.

    Arguments:
        time, image, value, error: (n,); image is 0 or 1. Errors that the data do not state are those of differences
            between neighbours.
        stated: whether the data state their errors.
    """

    time: Float[np.ndarray, " n"]
    image: Float[np.ndarray, " n"]
    value: Float[np.ndarray, " n"]
    error: Float[np.ndarray, " n"]
    stated: bool = True

    @cached_property
    def _content(self) -> tuple[bool, bytes]:
        return self.stated, np.stack([self.time, self.image, self.value, self.error]).tobytes()

    def __hash__(self) -> int:
        return hash(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Curves) and self._content == other._content

    @staticmethod
    def of(data: Data) -> Curves:
        """What data with the inputs `time` and `image` hold.

        Raises:
            DataError: images other than 0 and 1, or one without observations.
        """
        output = next(iter(data.outputs))
        index = data.observed[output]
        rows = slice(None) if index is None else index
        for name in ("time", "image"):
            if name not in data.inputs:
                raise DataError(
                    f'a time delay wants the input "{name}"; the data "{data.name}" have {", ".join(data.inputs)}. '
                    "two_curves(time_a, values_a, time_b, values_b) makes such data."
                )
        time, image = (np.asarray(data.inputs[name], dtype=np.float64)[rows] for name in ("time", "image"))
        if not (np.isin(image, (0.0, 1.0)).all() and (image == 0).any() and (image == 1).any()):
            raise DataError(
                f'the column "image" is 0 for one curve and 1 for the other, and both must be there; the data '
                f'"{data.name}" hold {np.unique(image)[:5].tolist()}.'
            )
        value, error = data.observations(output)
        value = np.asarray(value, dtype=np.float64)
        stated = error is not None
        if error is None:
            error = np.full(value.size, _scatter(time, image, value))
        return Curves(time, image, value, np.asarray(error, dtype=np.float64), stated)

    def limits(self, delays: tuple[float, float] | None) -> tuple[float, float]:
        """Between which delays to look: as asked for, or half the span to both sides.

        Raises:
            ModelError: limits in the wrong order.
            DataError: limits between which the curves have no time in common.
        """
        low, high = delays or (-0.5 * self.span, 0.5 * self.span)
        if not -math.inf < low < high < math.inf:
            raise ModelError(f"delays=({low:g}, {high:g}): the lower limit comes first, and both are finite.")
        a, b = (self.time[self.image == k] for k in (0, 1))
        least, most = float(b.min() - a.max()), float(b.max() - a.min())
        if high <= least or low >= most:
            raise DataError(
                f"no overlap at these delays: between {low:g} and {high:g} no time is common to both curves, which "
                f"is so only between {least:g} and {most:g}. State delays within these."
            )
        return float(low), float(high)

    @property
    def span(self) -> float:
        """From the first to the last observation."""
        return float(np.ptp(self.time)) or 1.0

    @property
    def spacing(self) -> float:
        """The median distance of neighbours within a curve."""
        gaps = np.concatenate([np.diff(np.sort(self.time[self.image == k])) for k in (0, 1)])
        gaps = gaps[gaps > 0]
        return float(np.median(gaps)) if gaps.size else self.span

    def of_image(self, which: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times in order, values and errors of one curve."""
        mine = np.flatnonzero(self.image == which)
        mine = mine[np.argsort(self.time[mine], kind="stable")]
        return self.time[mine], self.value[mine], self.error[mine]

    def design(self, degree: int) -> Float[np.ndarray, "n k"]:
        """Columns of the mean: 1, the offset of B, and powers of the scaled time in B alone."""
        scaled = (self.time - self.middle) / (0.5 * self.span)
        powers = [self.image * scaled**k for k in range(1, degree + 1)]
        return np.stack([np.ones_like(self.time), self.image, *powers], axis=1)

    @property
    def middle(self) -> float:
        """Half way between the first observation and the last."""
        return 0.5 * float(self.time.min() + self.time.max())


def _numbers(given: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{what} are to be a list of numbers; {str(given)[:60]} came.") from None


def _scatter(time: np.ndarray, image: np.ndarray, value: np.ndarray) -> float:
    bends = [np.diff(value[image == k][np.argsort(time[image == k])], 2) for k in (0, 1)]
    typical = 1.4826 * float(np.median(np.abs(np.concatenate(bends)))) / np.sqrt(6) if len(value) > 4 else 0.0
    return typical or 0.05 * float(np.std(value)) or 1.0
