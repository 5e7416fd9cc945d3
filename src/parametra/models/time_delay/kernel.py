"""The delay between two curves whose common source is a sum of Gaussian kernels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.distributions import Normal, Uniform
from parametra.models.time_delay._delay_scan import Scan
from parametra.models.time_delay._shifted_picture import shifted_picture
from parametra.models.time_delay._sources import CUEVAS_TELLO
from parametra.models.time_delay._two_curves import Curves, two_curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Fixed, Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_MOST = 100
_TRIED = 16
"""Counts of centres that are tried."""
_OVERLAP = 1.6
"""Width of a kernel over the distance of their centres."""
_TRUTH = {"delay": 419.6, "offset": 0.12}


def _form(sets: tuple[Data, ...] | None, centres: int = 0, longest: float = 0.0) -> Form:
    if not (0 <= centres <= _MOST and longest >= 0):
        raise ModelError(
            f"time_delay.kernel wants 2 to {_MOST} centres, or 0 to choose, and a longest delay above zero, or 0 for "
            f"half the span; centres={centres!r} and longest={longest!r} came."
        )
    curves = None if sets is None else Curves.of(sets[0])
    limit = longest or (1.0 if curves is None else 0.5 * curves.span)
    places, width = (np.zeros(1), 1.0) if curves is None else _centres(curves, centres, limit)
    mean, spread = (0.0, 1.0) if curves is None else (float(np.mean(curves.value)), float(np.std(curves.value)) or 1.0)
    parameters: dict[str, Parameter] = {
        "delay": Real(-limit, limit, guess=0.0, unit="{time}", description="by how much B lags A"),
        "offset": Real(guess=0.0, unit="{magnitude}", description="of curve B from A"),
        "weights": Real(
            guess=0.0, shape=(places.size,), unit="{magnitude}", description="of the kernels of the source"
        ),
        "mean": Fixed(mean, unit="{magnitude}", description="of all values, from which the kernels count"),
        "width": Fixed(width, unit="{time}", description="of a kernel"),
    }
    terms = [
        f"weights[{k}] * exp(-((time - delay * image - {float(place)!r}) / width)**2)" for k, place in enumerate(places)
    ]
    return Form(
        model={"magnitude": " + ".join(["mean + offset * image", *terms])},
        parameters=parameters,
        inputs={"time": "d", "image": "1"},
        outputs={"magnitude": "mag"},
        priors={
            "delay": Uniform(-limit, limit),
            "offset": Normal(0.0, max(10 * spread, 1.0)),
            "weights": Normal(0.0, 5 * spread),
        },
    )


def _centres(curves: Curves, centres: int, limit: float) -> tuple[np.ndarray, float]:
    """Centres evenly over where the source was seen, without those in gaps, and the width.

    Too few kernels bend both curves and bias the delay, so where the count is free it is the one of least
    2 p + n log(chi-square), Akaike's criterion of p weights: it does not want the errors to be right.
    """
    delay = _delay(curves, limit)
    places = curves.time - delay * curves.image
    most = max(2, min(_MOST, places.size // 2))
    if centres:
        return _evenly(places, max(2, min(centres, most)))
    counts = sorted({int(each) for each in np.geomspace(min(4, most), most, _TRIED).round()})
    found = [_evenly(places, count) for count in counts]
    return min(found, key=lambda each: _akaike(curves, delay, *each))


def _evenly(places: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    even = np.linspace(places.min(), places.max(), count)
    distance = float(even[1] - even[0]) or 1.0
    near = np.abs(even[:, None] - places).min(axis=1) < 0.5 * distance
    return even[near], _OVERLAP * distance


def _akaike(curves: Curves, delay: float, centres: np.ndarray, width: float) -> float:
    columns, target = _equations(curves, delay, centres, width)
    left = target - columns @ np.linalg.lstsq(columns, target, rcond=1e-10)[0]
    return target.size * float(np.log(max(left @ left, 1e-12))) + 2 * columns.shape[1]


def _equations(
    curves: Curves, delay: float, centres: np.ndarray, width: float
) -> tuple[Float[np.ndarray, "n p"], Float[np.ndarray, " n"]]:
    """Columns of the kernels and of the offset, and the values, over their errors."""
    moments = (curves.time - delay * curves.image)[:, None]
    columns = np.concatenate([np.exp(-(((moments - centres) / width) ** 2)), curves.image[:, None]], axis=1)
    return columns / curves.error[:, None], (curves.value - np.mean(curves.value)) / curves.error


@lru_cache(maxsize=16)
def _delay(curves: Curves, limit: float) -> float:
    """The likeliest delay, were the source a random process; kept, for the form and the guess both begin from it."""
    scan = Scan(curves, "matern32", 0)
    best = max(scan.peaks(scan.grid(-limit, limit), 3), key=lambda peak: peak.height)
    return float(np.clip(best.delay, -0.999 * limit, 0.999 * limit))


def guess(data: Data, centres: int = 0, longest: float = 0.0) -> Mapping[str, Any]:
    """The delay of a random process; the rest by linear least squares, faintly damped."""
    curves = Curves.of(data)
    limit = longest or 0.5 * curves.span
    delay = _delay(curves, limit)
    places, width = _centres(curves, centres, limit)
    columns, target = _equations(curves, delay, places, width)
    normal = columns.T @ columns
    normal += 1e-8 * np.trace(normal) / len(normal) * np.eye(len(normal))
    solved = np.linalg.solve(normal, columns.T @ target)
    return {"delay": delay, "offset": float(solved[-1]), "weights": solved[:-1]}


def smooth_pair() -> Data:
    """70 epochs of 1800 days with errors of 0.01 mag, of a sum of 16 kernels whose images are 419.6 days apart."""
    generator = np.random.default_rng(419)
    time = np.sort(generator.uniform(0, 1800, 70))
    centres = np.linspace(-_TRUTH["delay"], 1800.0, 16)
    weights = 0.2 * generator.standard_normal(16)

    def source(moments: np.ndarray) -> np.ndarray:
        return np.exp(-(((moments[:, None] - centres) / (1.2 * (centres[1] - centres[0]))) ** 2)) @ weights

    error = np.full(70, 0.01)
    seen_a, seen_b = (source(time - shift) + error * generator.standard_normal(70) for shift in (0.0, _TRUTH["delay"]))
    return two_curves(time, 17 + seen_a, time, 17 + _TRUTH["offset"] + seen_b, error_a=error, error_b=error)


READY = ReadyMade(
    name="time_delay.kernel",
    summary="the delay between two curves whose common source is a sum of Gaussian kernels",
    formula=(
        "A(t) = mean + sum_j weights_j exp(-((t - c_j) / width)^2)\n"
        "B(t) = offset + A(t - delay), centres c_j evenly where the source was seen, width 1.6 of their distance"
    ),
    good_for="two irregularly sampled curves of one smooth source, by plain least squares",
    prefer_instead=(
        "time_delay.gaussian_process, whose delay scatters least where the source is a random process; kernel_delay, "
        "whose widths follow the sampling and whose weights are penalised. Kernels too few for the source bend the "
        "curves and with them the delay: where the chi-square is above what the errors allow, neither the delay nor "
        "its error holds"
    ),
    form=_form,
    guess=guess,
    known=(
        Known(
            data=smooth_pair,
            about="70 epochs of a smooth source whose images are 419.6 days apart, simulated",
            estimate=_TRUTH,
            second_start={"delay": 390.0, "offset": 0.0},
            source=CUEVAS_TELLO,
        ),
    ),
    sources=(CUEVAS_TELLO,),
    picture=shifted_picture,
    options={
        "centres": Option(
            0, "how many kernels; 0 takes as many as Akaike's criterion asks for, at most one for two values"
        ),
        "longest": Option(0.0, "the longest delay that is looked for, to both sides; 0 for half the span"),
    },
)
