"""When the minima of a light curve were: each eclipse that was watched gets a time, with its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, MethodError, did_you_mean

_DEGREES = (1, 2, 3, 4)
"""Even powers that a symmetric polynomial may have, chosen by the Bayesian information criterion."""
_PART = 0.1
"""The window ends where the folded curve is this part of the depth below its usual level."""


@dataclass(frozen=True, repr=False)
class MinimumTimes:
    """Times of minima.

    Arguments:
        cycle: (n,); whole for the minima at the epoch, and a half more for those between them.
        time, error: (n,).
        points: how many observations each rests on.
        method: "polynomial" or "kwee_van_woerden".
        half_width: of the window about each minimum, in the unit of time.
    """

    cycle: Float[np.ndarray, " n"]
    time: Float[np.ndarray, " n"]
    error: Float[np.ndarray, " n"]
    points: Int[np.ndarray, " n"]
    method: str
    half_width: float

    def data(self, kind: str = "primary", name: str = "timings") -> Data:
        """Data for the model `eclipsing_binary.timings`.

        Arguments:
            kind: "primary", "secondary", or "all" where the secondary minima are known to lie half way.
            name: of the data set.

        Raises:
            DataError: another kind, or one of which there is no time.
        """
        halves = np.abs(self.cycle - np.round(self.cycle)) > 0.25
        kinds = {"primary": ~halves, "secondary": halves, "all": np.ones_like(halves)}
        if kind not in kinds:
            raise DataError(f'kind="{kind}": ' + did_you_mean(kind, kinds))
        kept = kinds[kind]
        if not kept.any():
            raise DataError(f'there is no time of a minimum of the kind "{kind}" among {len(self.cycle)}.')
        table = {"cycle": self.cycle[kept], "time": self.time[kept], "error": self.error[kept]}
        return Data(table, inputs=["cycle"], output="time", sigma="error", name=name, units={"cycle": "1"})

    def table(self) -> list[dict[str, Any]]:
        """One record for each minimum."""
        rows = zip(self.cycle, self.time, self.error, self.points, strict=True)
        return [{"cycle": float(c), "time": float(t), "error": float(e), "points": int(p)} for c, t, e, p in rows]

    def __repr__(self) -> str:
        lines = [f"{len(self.time)} times of minimum by {self.method}, within {self.half_width:.3g} of each"]
        lines += [
            f"  {r['cycle']:8.1f}   {r['time']:.6f} +- {r['error']:.1g}   {r['points']} points" for r in self.table()
        ]
        return "\n".join(lines)


def times_of_minimum(
    time: Any,
    magnitude: Any,
    error: Any = None,
    *,
    period: float,
    epoch: float,
    half_width: float | None = None,
    method: str = "polynomial",
    flux: bool = False,
    fewest: int = 7,
) -> MinimumTimes:
    """The time of each minimum that has observations on both sides and is seen at five standard errors.

    Good for timings of eclipses, from which `eclipsing_binary.timings` fits an ephemeris. The polynomial takes points
    at any times and their errors; Kwee and van Woerden's method wants them dense and equally good, for it interpolates.
    Both suppose that the minimum is symmetric about its time. Prefer a fit of a whole model with `time_of_minimum`,
    such as eclipsing_binary.spheres, where each eclipse has few points.

    Arguments:
        time, magnitude: (n,), in any order.
        error: standard errors (n,); None takes them from the scatter about each minimum.
        period, epoch: which cycle is which; the epoch is of a primary minimum.
        half_width: of the window about each minimum; None reads it off the folded curve.
        method: "polynomial" (even powers of t - T), or "kwee_van_woerden".
        flux: True where a minimum is low, as fluxes have it; magnitudes are high there.
        fewest: points that a window must hold, at least 5; a third of them, and two, on each side.

    Raises:
        DataError: lengths that differ, values that are not finite, no window with enough points.
        MethodError: an unknown method, a period or width that is not above zero.

    Source: Kwee and van Woerden (1956), A method for computing accurately the epoch of minimum of an eclipsing
        variable, Bulletin of the Astronomical Institutes of the Netherlands 12, 327
    """
    t, y, sigma = _checked(time, magnitude, error)
    if method not in _METHODS:
        raise MethodError(f'method="{method}": ' + did_you_mean(method, _METHODS))
    if not (0 < period < math.inf and (half_width is None or 0 < half_width < 0.5 * period)):
        raise MethodError(
            f"times of minimum want a period above zero and a half width below half of it; period={period!r} and "
            f"half_width={half_width!r} came."
        )
    dip = -y if flux else y
    width = _window(t, dip, period, epoch) if half_width is None else half_width
    rows: list[tuple[float, float, float, int]] = []
    halves = np.unique(np.round(2 * (t - epoch) / period))
    for half in halves:
        expected = epoch + 0.5 * float(half) * period
        near = np.abs(t - expected) < width
        least = max(2, max(fewest, 5) // 3)
        before = int(np.sum(t[near] < expected))
        if near.sum() < max(fewest, 5) or min(before, int(near.sum()) - before) < least:
            continue
        if not _is_dip(t[near] - expected, dip[near], width):
            continue
        found = _METHODS[method](t[near] - expected, dip[near], None if sigma is None else sigma[near], width)
        if found is not None:
            rows.append((0.5 * float(half), expected + found[0], found[1], int(near.sum())))
    if not rows:
        raise DataError(
            f"no minimum has {max(fewest, 5)} points within {width:g} of its expected time, some on both sides, "
            "and a dip; state a larger half_width, or check period and epoch."
        )
    columns = [np.array(each) for each in zip(*rows, strict=True)]
    return MinimumTimes(columns[0], columns[1], columns[2], columns[3], method, float(width))


def _checked(time: Any, magnitude: Any, error: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    t, y = np.asarray(time, dtype=np.float64), np.asarray(magnitude, dtype=np.float64)
    sigma = None if error is None else np.asarray(error, dtype=np.float64)
    if t.ndim != 1 or t.shape != y.shape or (sigma is not None and sigma.shape != t.shape):
        raise DataError(
            f"times of minimum want times, magnitudes and errors of one length; they have the shapes {t.shape}, "
            f"{y.shape} and {None if sigma is None else sigma.shape}."
        )
    good = np.isfinite(t).all() and np.isfinite(y).all() and (sigma is None or bool((sigma > 0).all()))
    if not good:
        raise DataError("times of minimum want finite numbers and errors above zero; leave out the rows without.")
    order = np.argsort(t, kind="stable")
    return t[order], y[order], None if sigma is None else sigma[order]


def _window(t: np.ndarray, dip: np.ndarray, period: float, epoch: float) -> float:
    """Half the width of the primary minimum of the folded curve."""
    offset = np.abs((t - epoch) / period - np.round((t - epoch) / period))
    usual = float(np.median(dip))
    order = np.argsort(offset)
    smooth = np.convolve(dip[order] - usual, np.ones(5) / 5, mode="same")
    deepest = float(smooth[: max(3, t.size // 20)].max())
    beyond = np.flatnonzero((smooth < _PART * deepest) & (np.arange(t.size) > 2))
    reach = float(offset[order][beyond[0]]) if beyond.size else 0.1
    return period * min(max(reach, 0.005), 0.2)


def _is_dip(t: np.ndarray, y: np.ndarray, width: float) -> bool:
    """Whether a parabola through the window bends down by five standard errors."""
    columns = np.vander(t / width, 3)
    coefficients = np.linalg.lstsq(columns, y, rcond=None)[0]
    left = y - columns @ coefficients
    variance = float(left @ left) / (t.size - 3) * float(np.linalg.pinv(columns.T @ columns)[0, 0])
    return float(coefficients[0]) < -5 * math.sqrt(variance)


def _by_polynomial(t: np.ndarray, y: np.ndarray, sigma: np.ndarray | None, width: float) -> tuple[float, float] | None:
    """The centre of even powers of t - T and its standard error; None where they have no maximum inside."""
    weight = np.ones_like(y) if sigma is None else 1 / sigma
    best: tuple[float, float, float] | None = None
    for degree in _DEGREES:
        freedom = t.size - degree - 2
        if freedom < 1:
            break
        found = _symmetric(t / width, y * weight, weight, degree)
        if found is None:
            continue
        centre, error, squares = found
        variance = squares / freedom
        fit = squares if sigma is not None else t.size * math.log(max(squares, 1e-300))
        error *= math.sqrt(variance) if sigma is None else 1.0
        score = fit + degree * math.log(t.size)
        if best is None or score < best[2]:
            best = centre * width, error * width, score
    return None if best is None else best[:2]


def _symmetric(x: np.ndarray, y: np.ndarray, weight: np.ndarray, degree: int) -> tuple[float, float, float] | None:
    """Gauss and Newton's iteration for T; the coefficients are solved for beside it."""
    centre = 0.0
    powers = 2 * np.arange(degree + 1)
    coefficients, left, size = np.zeros(degree + 1), y, 0.0
    for _ in range(50):
        u = x - centre
        columns = (u[:, None] ** powers) * weight[:, None]
        coefficients = np.linalg.lstsq(columns, y, rcond=None)[0]
        slope = -(u[:, None] ** np.maximum(powers - 1, 0) * powers) @ coefficients * weight
        left = y - columns @ coefficients
        # the part of the slope that no coefficient can make up for
        own = slope - columns @ np.linalg.lstsq(columns, slope, rcond=None)[0]
        size = float(own @ own)
        if size <= 0 or not math.isfinite(size):
            return None
        step = float(own @ left) / size
        centre += float(np.clip(step, -0.2, 0.2))
        if abs(centre) > 0.8:
            return None
        if abs(step) < 1e-10:
            break
    # at a maximum the curve bends down
    return (centre, 1 / math.sqrt(size), float(left @ left)) if degree > 1 or coefficients[1] < 0 else None


def _by_kwee_van_woerden(
    t: np.ndarray, y: np.ndarray, sigma: np.ndarray | None, width: float
) -> tuple[float, float] | None:
    """The time about which the curve, interpolated at equal steps, is nearest to its mirror image."""
    del sigma, width
    count = t.size | 1
    half = count // 2
    centre = 0.5 * float(t[0] + t[-1])
    step, bend, s = 0.0, 0.0, np.zeros(3)
    for _ in range(20):
        reach = min(centre - float(t[0]), float(t[-1]) - centre)
        step = reach / (half + 0.5)
        if step <= 0:
            return None
        trials = centre + 0.5 * step * np.arange(-1, 2)
        places = step * np.arange(1, half + 1)
        apart = [np.interp(trial + places, t, y) - np.interp(trial - places, t, y) for trial in trials]
        s = np.array([float(each @ each) for each in apart])
        bend = s[0] - 2 * s[1] + s[2]
        if bend <= 0:
            return None
        moved = 0.25 * step * (s[0] - s[2]) / bend
        centre += float(np.clip(moved, -0.3 * reach, 0.3 * reach))
        if abs(moved) < 1e-3 * step:
            break
    # S = a T^2 + b T + c about the centre; interpolation leaves about a quarter of the points independent
    a = 0.5 * bend / (0.5 * step) ** 2
    least = max(float(s[1]) - 0.125 * (s[0] - s[2]) ** 2 / bend, 0.0)
    return centre, math.sqrt(least / (a * max(0.25 * count - 1, 0.25)))


_METHODS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray | None, float], tuple[float, float] | None]] = {
    "polynomial": _by_polynomial,
    "kwee_van_woerden": _by_kwee_van_woerden,
}
