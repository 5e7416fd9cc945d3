"""The light of two spheres of uniform brightness that pass in front of each other on a circular orbit.

Two discs of radii r and s at the distance z have in common

    r^2 k + s^2 l - 1/2 sqrt(N R A B)        N = r + s - z, R = r + s + z, A = z + s - r, B = z + r - s
    tan(k/2)^2 = N A / (B R), tan(l/2)^2 = N B / (A R)

k and l being half the angles under which the centres see the common chord. With N, A and B kept above a tiny number
this also gives 0 for discs apart and the area of the smaller one inside the other, with finite slopes everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_SAMPLES = 5
"""Moments of one exposure; a formula of more of them would be longer than formulas may be."""

_LEAST = 1e-30


def overlap(distance: Any, first: Any, second: Any) -> Any:
    """The area that two discs have in common.

    Arguments:
        distance: between the centres, above zero.
        first, second: radii, above zero.
    """
    near, reach = np.maximum(first + second - distance, _LEAST), distance + first + second
    a, b = np.maximum(distance + second - first, _LEAST), np.maximum(distance + first - second, _LEAST)
    lens = first**2 * np.arctan(np.sqrt(near * a / (b * reach))) + second**2 * np.arctan(
        np.sqrt(near * b / (a * reach))
    )
    return 2 * lens - 0.5 * np.sqrt(near * reach * a * b)


def seen(cycle: Any, radius_1: Any, radius_2: Any, inclination: Any) -> tuple[Any, Any]:
    """What is seen of each disc, 1 for all of it.

    Arguments:
        cycle: time since the minimum in which disc 2 is in front, in periods.
        radius_1, radius_2: in units of the distance between the centres.
        inclination: of the orbit, in degrees.
    """
    along = np.cos(2 * np.pi * cycle)
    distance = np.sqrt(1 - (np.sin(np.radians(inclination)) * along) ** 2)
    hidden = overlap(distance, radius_1, radius_2)
    first = np.where(along > 0, hidden, 0.0)
    return 1 - first / (np.pi * radius_1**2), 1 - (hidden - first) / (np.pi * radius_2**2)


def formula(measured: str, third_light: bool, exposure: float, samples: int) -> str:
    """The light at a time, averaged over an exposure, as a formula.

    Arguments:
        measured: "flux" or "magnitude".
        third_light: whether there is some.
        exposure: how long one lasts, 0 for moments.
        samples: at how many moments of an exposure the light is computed.
    """
    # Gauss and Legendre's rule on [-1, 1], whose weights sum to 2
    places, weights = np.polynomial.legendre.leggauss(samples if exposure > 0 else 1)
    lost = " + ".join(
        f"{0.5 * float(weight)!r} * {_hidden(0.5 * exposure * float(place))}"
        for place, weight in zip(places, weights, strict=True)
    )
    light = f"1 - ({lost}) / (pi * (radius_1**2 + surface_brightness_ratio * radius_2**2))"
    if third_light:
        light = f"third_light + (1 - third_light) * ({light})"
    text = f"level - pogson * log10({light})" if measured == "magnitude" else f"level * ({light})"
    # without blanks, for there is a limit to the length
    return text.replace(" ", "")


def _hidden(shift: float) -> str:
    """The light that is hidden, in units of the surface brightness of disc 1."""
    moment = "time" if shift == 0 else f"(time + {shift!r})"
    along = f"cos(2 * pi * ({moment} - time_of_minimum) / period)"
    # the least distance keeps the slope finite where two centres meet
    z = f"sqrt(1 - (sin(pi / 180 * inclination) * {along})**2 + 1e-18)"
    near, reach = f"maximum(radius_1 + radius_2 - {z}, {_LEAST})", f"(radius_1 + radius_2 + {z})"
    a, b = f"maximum({z} + radius_2 - radius_1, {_LEAST})", f"maximum({z} + radius_1 - radius_2, {_LEAST})"
    lens = (
        f"2 * radius_1**2 * arctan(sqrt({near} / {reach} * {a} / {b}))"
        f" + 2 * radius_2**2 * arctan(sqrt({near} / {reach} * {b} / {a}))"
        f" - 0.5 * sqrt({near} * {reach} * {a} * {b})"
    )
    return f"where({along} > 0, 1, surface_brightness_ratio) * ({lens})"
