"""The light of two spheres of uniform brightness that pass in front of each other on a circular orbit.

Two discs of radii r and s at the distance z have in common

    r^2 k + s^2 l - 1/2 sqrt(N R A B)        N = r + s - z, R = r + s + z, A = z + s - r, B = z + r - s
    tan(k/2)^2 = N A / (B R), tan(l/2)^2 = N B / (A R)

k and l being half the angles under which the centres see the common chord. With N, A and B kept above a tiny number
this also gives 0 for discs apart and the area of the smaller one inside the other, with finite slopes everywhere.

A disc of linear limb darkening, 1 - u (1 - mu), is a sum of uniform ones of the same centre:

    light hidden = (1 - u) overlap(r) + u integral over mu from 0 to 1 of overlap(r sqrt(1 - mu^2))

for between two of its rings the brightness grows by u d mu.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

MOST_SAMPLES = 5
"""Moments of one exposure; a formula of more of them would be longer than formulas may be."""

RINGS = 16
"""Of a limb-darkened disc, by Gauss and Legendre's rule in mu."""

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


def formula(measured: str, third_light: bool, exposure: float, samples: int, waves: bool = False) -> str:
    """The light of uniform discs at a time, averaged over an exposure, as a formula.

    Arguments:
        measured: "flux" or "magnitude".
        third_light: whether there is some.
        exposure: how long one lasts, 0 for moments.
        samples: at how many moments of an exposure the light is computed.
        waves: whether the light outside the eclipses changes.
    """
    # Gauss and Legendre's rule on [-1, 1], whose weights sum to 2
    places, weights = np.polynomial.legendre.leggauss(samples if exposure > 0 else 1)
    lost = " + ".join(
        f"{0.5 * float(weight)!r} * {_hidden(0.5 * exposure * float(place))}"
        for place, weight in zip(places, weights, strict=True)
    )
    light = f"1 - ({lost}) / (pi * (radius_1**2 + surface_brightness_ratio * radius_2**2))"
    if waves:
        angle = "2 * pi * (time - time_of_minimum) / period"
        light += f" + reflection * cos({angle}) + beaming * sin({angle}) + ellipticity * cos(2 * ({angle}))"
    if third_light:
        light = f"third_light + (1 - third_light) * ({light})"
    text = f"level - pogson * log10({light})" if measured == "magnitude" else f"level * ({light})"
    # without blanks, for there is a limit to the length
    return text.replace(" ", "")


def darkened(measured: str, exposure: float, samples: int) -> Callable[..., Any]:
    """The same of limb-darkened discs as a function: a formula of all the rings would be too long.

    Arguments: as for `formula`. What is left out of third light and waves is zero.
    """
    places, weights = np.polynomial.legendre.leggauss(samples if exposure > 0 else 1)
    shifts, shares = 0.5 * exposure * places, 0.5 * weights
    nodes, parts = np.polynomial.legendre.leggauss(RINGS)
    rings, parts = np.sqrt(1 - (0.5 * (nodes + 1)) ** 2), 0.5 * parts
    magnitudes = measured == "magnitude"

    def light(
        time: Any,
        period: Any,
        time_of_minimum: Any,
        radius_1: Any,
        radius_2: Any,
        inclination: Any,
        surface_brightness_ratio: Any,
        level: Any,
        limb_darkening_1: Any,
        limb_darkening_2: Any,
        third_light: Any = 0.0,
        reflection: Any = 0.0,
        beaming: Any = 0.0,
        ellipticity: Any = 0.0,
        pogson: Any = 2.5,
    ) -> Any:
        along = np.cos(2 * np.pi * (time[:, None] + shifts - time_of_minimum) / period)
        # the least distance keeps the slope finite where two centres meet
        distance = np.sqrt(1 - (np.sin(np.pi / 180 * inclination) * along) ** 2 + 1e-18)
        first = along > 0
        behind, front = np.where(first, radius_1, radius_2), np.where(first, radius_2, radius_1)
        u = np.where(first, limb_darkening_1, limb_darkening_2)
        inner = overlap(distance[:, :, None], behind[:, :, None] * rings, front[:, :, None]) @ parts
        hidden = ((1 - u) * overlap(distance, behind, front) + u * inner) / (1 - u / 3)
        lost = (np.where(first, 1.0, surface_brightness_ratio) * hidden) @ shares
        angle = 2 * np.pi * (time - time_of_minimum) / period
        wave = reflection * np.cos(angle) + beaming * np.sin(angle) + ellipticity * np.cos(2 * angle)
        stars = 1 - lost / (np.pi * (radius_1**2 + surface_brightness_ratio * radius_2**2)) + wave
        share = third_light + (1 - third_light) * stars
        return level - pogson * np.log10(share) if magnitudes else level * share

    return light


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
