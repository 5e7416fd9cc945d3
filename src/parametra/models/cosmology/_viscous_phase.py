"""The phase space of a universe of viscous matter, radiation and a power law of non-metricity: f(Q) = -Q + alpha Q^n.

With Q = 6 H^2 and the coincident gauge, 3 H^2 = (f / 2 - rho) / (2 f_Q) gives, for shares of 3 H^2,

    matter + radiation + dark = 1,      dark = alpha (2 n - 1) Q^(n - 1)

and with the pressure of viscosity, -3 zeta H, zeta = viscosity matter^s H (units of 8 pi G = c = 1), ' = d / d ln a:

    matter'    = -3 matter + 3 viscosity matter^s - 2 h matter
    radiation' = -4 radiation - 2 h radiation
    dark'      = 2 (n - 1) h dark
    h = H' / H = (-3 matter - 4 radiation + 3 viscosity matter^s) / (2 (1 - n dark))

n = 0 is a cosmological constant. The fluid as a whole expands as one with w = -1 - 2 h / 3 in general relativity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.cosmology._background import Number
from parametra.nouns.errors import ModelError

_MOST_MATTER = 10.0
"""Shares above it have as little to do with any universe as the root that is 1e20."""


@dataclass(frozen=True)
class FixedPoint:
    """Where the shares no longer change.

    Arguments:
        era: "radiation", "matter" or "de Sitter", by what rules there.
        matter, radiation, dark: the shares.
        rate: h = d ln H / d ln a: -2 for radiation, -1.5 for plain matter, 0 for de Sitter, above it for phantom.
        eigenvalues: of the Jacobian in (matter, radiation); infinite where matter^s has no slope.
    """

    era: str
    matter: float
    radiation: float
    dark: float
    rate: float
    eigenvalues: tuple[float, float]

    @property
    def equation_of_state(self) -> float:
        """Pressure over density of one fluid that would expand so."""
        return -1 - 2 * self.rate / 3

    @property
    def deceleration(self) -> float:
        """q, below zero where the expansion accelerates."""
        return -1 - self.rate

    @property
    def expansion(self) -> str:
        """What it does: "decelerated", "accelerated", "de Sitter" or "phantom"."""
        if abs(self.rate) < 1e-12:
            return "de Sitter"
        return "phantom" if self.rate > 0 else ("accelerated" if self.rate > -1 else "decelerated")

    @property
    def stability(self) -> str:
        """What the eigenvalues say: "stable", "unstable", "saddle"; "undecided" where one is zero."""
        if any(abs(each) < 1e-12 for each in self.eigenvalues):
            return "undecided"
        below = sum(each < 0 for each in self.eigenvalues)
        return ("unstable", "saddle", "stable")[below]

    def __str__(self) -> str:
        first, second = self.eigenvalues
        return (
            f"{self.era}: matter {self.matter:.4g}, radiation {self.radiation:.4g}, dark {self.dark:.4g}; "
            f"{self.expansion}, w = {self.equation_of_state:.4g}; {self.stability}, "
            f"eigenvalues {first:.4g} and {second:.4g}"
        )


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One history of the shares.

    Arguments:
        efolds: ln a, (n,).
        matter, radiation: the shares, integrated, (n,).
        dark: that of gravity, by its law from H, (n,).
        hubble: H over its value at ln a = 0, integrated by itself, (n,).
        rate: h = d ln H / d ln a, (n,).
    """

    efolds: Float[np.ndarray, " n"]
    matter: Float[np.ndarray, " n"]
    radiation: Float[np.ndarray, " n"]
    dark: Float[np.ndarray, " n"]
    hubble: Float[np.ndarray, " n"]
    rate: Float[np.ndarray, " n"]

    @property
    def equation_of_state(self) -> Float[np.ndarray, " n"]:
        """Pressure over density of one fluid that would expand so, (n,)."""
        return -1 - 2 * self.rate / 3

    @property
    def violation(self) -> float:
        """The largest |matter + radiation + dark - 1|, which is zero for the exact solution."""
        return float(np.max(np.abs(self.matter + self.radiation + self.dark - 1)))

    def __str__(self) -> str:
        w = self.equation_of_state
        return (
            f"{self.efolds.size} points from ln a = {self.efolds[0]:.4g} to {self.efolds[-1]:.4g}: "
            f"w from {w[0]:.4g} to {w[-1]:.4g}, constraint held to {self.violation:.1e}"
        )


def fixed_points(n: Number, s: Number, viscosity: Number) -> tuple[FixedPoint, ...]:
    """All fixed points with matter and radiation from 0 on, their eigenvalues and what they are.

    A share of matter above 1 goes with one of dark below 0, which is alpha of the other sign; above 10 it is left out.

    Arguments:
        n: the power of Q, neither 1 (which only rescales gravity) nor 1/2 (which leaves the expansion alone).
        s: the power of the share of matter in the viscosity, from 0 on.
        viscosity: its coefficient, from 0 on.

    Raises:
        ModelError: a power or viscosity that is none.

    Source: the setting is that of arXiv:2401.05448; the equations are derived anew, as above.
    """
    _check(n, s, viscosity)
    places = [("radiation", 0.0, 1.0)] if s > 0 or viscosity == 0 else []
    places.append(("matter", 1.0, 0.0))
    places += [("de Sitter", matter, 0.0) for matter in _resting(s, viscosity)]
    found: list[FixedPoint] = []
    for era, matter, radiation in places:
        dark = 1 - matter - radiation
        if abs(1 - n * dark) < 1e-12 or any((matter, radiation) == (p.matter, p.radiation) for p in found):
            continue
        rate = _rate(matter, radiation, dark, n, s, viscosity)
        found.append(FixedPoint(era, matter, radiation, dark, rate, _eigenvalues(matter, radiation, n, s, viscosity)))
    return tuple(found)


def trajectory(
    n: Number,
    s: Number,
    viscosity: Number,
    *,
    matter: Number,
    radiation: Number = 0.0,
    efolds: tuple[Number, Number] = (-8.0, 6.0),
    points: int = 401,
) -> Trajectory:
    """The history through given shares at ln a = 0, backwards and forwards.

    Arguments:
        n, s, viscosity: as in `fixed_points`.
        matter, radiation: the shares at ln a = 0; dark is what is missing to 1.
        efolds: from where to where in ln a; 0 lies between.
        points: how many, evenly spaced.

    Raises:
        ModelError: powers or shares that are none, or a history that runs into 1 - n dark = 0, where H' is infinite.
    """
    from scipy.integrate import solve_ivp

    _check(n, s, viscosity)
    low, high = efolds
    if not (low <= 0 <= high and low < high and points > 1) or matter < 0 or radiation < 0:
        raise ModelError(
            "a trajectory has matter and radiation from 0 on, and efolds from <= 0 to >= 0; "
            f"matter={matter}, radiation={radiation}, efolds={efolds} and points={points} came."
        )

    def slope(_: float, y: Any) -> list[float]:
        h = _rate(y[0], y[1], 1 - y[0] - y[1], n, s, viscosity)
        source = 3 * viscosity * max(y[0], 0.0) ** s
        return [-3 * y[0] + source - 2 * h * y[0], (-4 - 2 * h) * y[1], h]

    grid = np.linspace(low, high, points)
    start = [matter, radiation, 0.0]
    parts: list[np.ndarray] = []
    for end, wanted in ((low, grid[grid < 0][::-1]), (high, grid[grid >= 0])):
        if not wanted.size:
            continue
        solved = solve_ivp(slope, (0.0, end or 1e-9), start, "DOP853", t_eval=wanted, rtol=1e-12, atol=1e-14)
        if not solved.success or not np.all(np.isfinite(solved.y)):
            raise ModelError(
                f"the history from matter={matter}, radiation={radiation} ends near ln a = {solved.t[-1]:.3g}, where "
                f"1 - n * dark vanishes: with n = {n} this universe goes no further. Take a shorter range of efolds."
            )
        parts.append(solved.y if end == high else solved.y[:, ::-1])
    shares = np.concatenate(parts, axis=1)
    hubble = np.exp(shares[2])
    dark = (1 - matter - radiation) * hubble ** (2 * (n - 1))
    rates = np.array([_rate(a, b, 1 - a - b, n, s, viscosity) for a, b in shares[:2].T])
    return Trajectory(grid, shares[0], shares[1], dark, hubble, rates)


def _check(n: Number, s: Number, viscosity: Number) -> None:
    if not math.isfinite(n) or n in (0.5, 1.0):
        raise ModelError(f"n is a power of Q other than 1/2 and 1, which change nothing of the expansion; {n} came.")
    if not (math.isfinite(s) and s >= 0 and math.isfinite(viscosity) and viscosity >= 0):
        raise ModelError(f"s and viscosity are from 0 on; s={s} and viscosity={viscosity} came.")


def _rate(
    matter: Number,
    radiation: Number,
    dark: Number,
    n: Number,
    s: Number,
    viscosity: Number,
) -> float:
    source = 3 * viscosity * max(matter, 0.0) ** s
    return (-3 * matter - 4 * radiation + source) / (2 * (1 - n * dark))


def _resting(s: Number, viscosity: Number) -> tuple[float, ...]:
    """Shares of matter at which viscosity makes up for dilution: matter = viscosity matter^s."""
    empty = (0.0,) if s > 0 or viscosity == 0 else ()
    if viscosity == 0 or s == 1:
        return empty
    power = math.log(viscosity) / (1 - s)
    return (*empty, math.exp(power)) if -700 < power < math.log(_MOST_MATTER) else empty


def _eigenvalues(matter: Number, radiation: Number, n: Number, s: Number, viscosity: Number) -> tuple[float, float]:
    """Every fixed point has no matter or no radiation, so that the Jacobian is triangular: its diagonal."""
    bottom = 1 - n * (1 - matter - radiation)
    h = _rate(matter, radiation, 1 - matter - radiation, n, s, viscosity)
    if matter > 0:
        grown = 3 * viscosity * s * matter ** (s - 1)
    else:
        grown = 3 * viscosity * (math.inf if 0 < s < 1 else float(s == 1)) if viscosity > 0 else 0.0
    first = -3 + grown - 2 * h
    if matter > 0:
        first -= 2 * matter * ((-3 + grown) / (2 * bottom) - n * h / bottom)
    second = -4 - 2 * h - 2 * radiation * (-4 / (2 * bottom) - n * h / bottom)
    return first, second
