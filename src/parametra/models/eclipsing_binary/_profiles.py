"""Shapes of an eclipse: functions of z = |phase from mid-eclipse| / half_width that are 1 at z = 0 and fall to 0.

Those that are limited in phase are 0 from z = 1 on, so that half_width is half the eclipse; the others never end, and
half_width is only a scale of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_LEAST = "1e-300"
"""Stands for 0 where a power with a free exponent would have no derivative at 0."""


@dataclass(frozen=True)
class Profile:
    """One shape of an eclipse.

    Arguments:
        formula: of {z}, {shape} and, where it has one, {extra}.
        about: what it is, in a sentence without its end.
        limited: whether it ends at z = 1.
        shape: guess, lower and upper bound of `shape`.
        extra: what the additional parameter is called, "" for none.
        extra_about: what that does.
        extra_range: its guess and bounds.
    """

    formula: str
    about: str
    limited: bool = True
    shape: tuple[float, float, float] = (1.8, 0.5, 20.0)
    extra: str = ""
    extra_about: str = ""
    extra_range: tuple[float, float, float] = (1.5, 0.3, 6.0)

    def text(self, z: str, shape: str, extra: str) -> str:
        """The formula with these in the places of its arguments."""
        return "(" + self.formula.format(z=z, shape=shape, extra=extra) + ")"


def _raised(base: str, exponent: str) -> str:
    """A power; of exp and log, whose derivatives need nothing new."""
    return f"exp({exponent} * log({base}))"


def _inside(what: str) -> str:
    return f"maximum({what}, {_LEAST})"


def _to_three_halves(what: str) -> str:
    return f"{what} * sqrt({what})"


_Z = _raised("{z}", "{shape}")
_NAV = _to_three_halves(_inside(f"1 - {_Z}"))
_FROM_EDGE = _raised(_inside("({z} - {extra}) / (1 - {extra})"), "{shape}")
_DISTANCE = f"minimum({_Z}, 1 - 1e-15)"
_EQUAL_DISCS = f"2 / pi * (arccos({_DISTANCE}) - {_DISTANCE} * sqrt(1 - {_DISTANCE} * {_DISTANCE}))"
_COSH = "2 * sinh({z} / 2)**2"
_MIKULASEK = f"1 - {_raised(_inside(f'-expm1(-{_COSH})'), '{shape}')}"
_POWER = "the power that the whole is raised to"

PROFILES: Mapping[str, Profile] = MappingProxyType({
    "nav": Profile(
        _NAV,
        "New Algol Variable: 1 triangle-like, 2 nearly parabolic, larger ever flatter",
    ),
    "nav_power": Profile(
        _raised(_inside(f"1 - {_Z}"), "{extra}"),
        "the same with a free power in place of 3/2",
        extra="power", extra_about=_POWER,
    ),
    "nav_curved": Profile(
        f"{_NAV} * (1 + {{extra}} * {{z}}**2)",
        "New Algol Variable times a parabola, as limb darkening bends a bottom",
        extra="curvature", extra_about="how much the parabola adds at the edge", extra_range=(0.0, -0.95, 5.0),
    ),
    "nav_flat": Profile(
        _to_three_halves(_inside(f"1 - {_FROM_EDGE}")),
        "New Algol Variable around a bottom that is constant, as in a total eclipse",
        extra="flat", extra_about="the constant part as a share of the half width", extra_range=(0.1, 0.0, 0.95),
    ),
    "parabola_power": Profile(
        _raised(_inside("1 - {z}**2"), "{shape}"), "a parabola to a free power", shape=(1.5, 0.3, 20.0),
    ),
    "linear_power": Profile(
        _raised(_inside("1 - {z}"), "{shape}"),
        "a triangle to a free power, sharp in the middle",
        shape=(1.2, 0.3, 20.0),
    ),
    "superellipse": Profile(
        _raised(_inside(f"1 - {_Z}"), "1 / {shape}"), "a superellipse: 1 a triangle, 2 an ellipse",
    ),
    "cubic": Profile(
        f"maximum(1 - {_Z}, 0)**2 * (1 + 2 * {_Z})", "the cubic step, its argument to a free power",
        shape=(1.4, 0.5, 20.0),
    ),
    "cosine": Profile(
        f"0.5 + 0.5 * cos(pi * minimum({_Z}, 1))", "half a wave of a cosine, its argument to a free power",
        shape=(1.2, 0.5, 20.0),
    ),
    "cosine_power": Profile(
        _raised(_inside("0.5 + 0.5 * cos(pi * minimum({z}, 1))"), "{shape}"), "half a wave of a cosine to a free power",
        shape=(1.0, 0.1, 20.0),
    ),
    "bump": Profile(
        f"exp(1 - 1 / maximum(1 - {_Z}, 1e-3))", "the smooth bump, which ends with all derivatives 0",
    ),
    "equal_discs": Profile(
        _EQUAL_DISCS, "the common area of two equal discs, their distance to a free power", shape=(1.2, 0.5, 20.0),
    ),
    "gaussian": Profile(
        f"exp(-{_Z})", "a Gaussian with a free power of its argument", limited=False,
    ),
    "gaussian_flat": Profile(
        f"1 - {_raised(_inside('-expm1(-' + _raised('{z}', '{extra}') + ')'), '{shape}')}",
        "the same with a bottom that may be flat",
        limited=False, shape=(1.2, 0.3, 20.0),
        extra="exponent", extra_about="the power of the argument", extra_range=(2.0, 0.8, 8.0),
    ),
    "mikulasek": Profile(
        _MIKULASEK, "Mikulasek's, of a hyperbolic cosine, below a Gaussian",
        limited=False, shape=(0.9, 0.3, 20.0),
    ),
    "mikulasek_curved": Profile(
        f"({_MIKULASEK}) * (1 + {{extra}} * {{z}}**2)",
        "Mikulasek's times a parabola",
        limited=False, shape=(0.9, 0.3, 20.0),
        extra="curvature", extra_about="how much the parabola adds at z = 1", extra_range=(0.0, -0.5, 3.0),
    ),
    "lorentzian_power": Profile(
        _raised("1 + {z}**2", "-{shape}"), "a Lorentzian to a free power", limited=False, shape=(3.0, 0.6, 50.0),
    ),
    "hyperbolic_secant": Profile(
        _raised("cosh({z})", "-{shape}"), "a hyperbolic secant to a free power", limited=False, shape=(2.0, 0.3, 50.0),
    ),
})  # fmt: skip
"""Name to shape. "nav" is Andronov's of 2012, "mikulasek" and "mikulasek_curved" follow Mikulasek (2015), the others
vary these two families, limited and unlimited, by other functions and by an additional parameter."""
