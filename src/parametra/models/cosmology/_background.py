"""The expanding background that all models of this field share: what it is made of, as formulas of x = 1 + z.

    E(x)^2 = (H / H0)^2 = Omega_m x^3 + Omega_k x^2 + (1 - Omega_m - Omega_k) D(x)

    cosmological_constant   w = -1                                  D = 1
    constant_w              w                                       D = x^(3 (1 + w))
    w0_wa                   w = w0 + wa (1 - a)                     D = x^(3 (1 + w0 + wa)) exp(-3 wa (1 - a))
    w0_wa_wb                w = w0 + wa (1 - a) + wb (1 - a)^2      D = x^(3 (1 + w0 + wa + wb))
                                                                        exp(-3 (wa + 2 wb) (1 - a) + 3 wb (1 - a^2) / 2)

with a = 1 / x. Radiation is left out: 0.3 % of the expansion's square at z = 10, and less below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from parametra.maths.distributions import Distribution, Uniform
from parametra.nouns.card import Source
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Option

if TYPE_CHECKING:
    Number = float
else:
    # whole numbers are welcome, which a check of types at run time would refuse
    Number = Any

SPEED_OF_LIGHT = 299_792.458
"""km/s, exactly."""

DARK_ENERGY = ("cosmological_constant", "constant_w", "w0_wa", "w0_wa_wb")
CURVATURE = ("flat", "free")

OPTIONS: Mapping[str, Option] = {
    "dark_energy": Option("cosmological_constant", "the equation of state of dark energy", DARK_ENERGY),
    "curvature": Option("flat", "whether space may be curved", CURVATURE),
}

CHEVALLIER_POLARSKI = Source(
    "M. Chevallier and D. Polarski",
    2001,
    "Accelerating universes with scaling dark matter",
    "doi:10.1142/S0218271801000822",
)
LINDER = Source(
    "E. V. Linder", 2003, "Exploring the expansion history of the Universe", "doi:10.1103/PhysRevLett.90.091301"
)
HOGG = Source("D. W. Hogg", 1999, "Distance measures in cosmology", "arXiv:astro-ph/9905116")

_STATES = {
    "cosmological_constant": (),
    "constant_w": ("w",),
    "w0_wa": ("w0", "wa"),
    "w0_wa_wb": ("w0", "wa", "wb"),
}
_DENSITY = {
    "cosmological_constant": "1",
    "constant_w": "exp(3 * (1 + w) * log({x}))",
    "w0_wa": "exp(3 * ((1 + w0 + wa) * log({x}) - wa * (1 - 1 / {x})))",
    "w0_wa_wb": (
        "exp(3 * ((1 + w0 + wa + wb) * log({x}) - (wa + 2 * wb) * (1 - 1 / {x}) + 0.5 * wb * (1 - 1 / {x}**2)))"
    ),
}
_LEAST_SQUARE = 1e-4
"""Held from below where a curved universe would have bounced instead of begun, so that a search turns back from it."""

_PARAMETERS: dict[str, Parameter] = {
    "H0": Real(20.0, 150.0, guess=70.0, unit="km/s/Mpc", description="the rate of expansion today"),
    "Omega_m": Real(0.01, 0.99, guess=0.3, unit="1", description="the share of matter today"),
    "Omega_k": Real(-0.9, 0.9, guess=0.0, unit="1", description="the share of curvature today, above 0 where open"),
    "w": Real(-4.0, 1.0, guess=-1.0, unit="1", description="pressure over density of dark energy"),
    "w0": Real(-4.0, 2.0, guess=-1.0, unit="1", description="pressure over density of dark energy today"),
    "wa": Real(-10.0, 10.0, guess=0.0, unit="1", description="its slope in 1 - a today"),
    "wb": Real(-20.0, 20.0, guess=0.0, unit="1", description="its coefficient of (1 - a)**2"),
}
_PRIORS: dict[str, Distribution] = {
    "H0": Uniform(20.0, 100.0),
    "Omega_m": Uniform(0.01, 0.99),
    "Omega_k": Uniform(-0.3, 0.3),
    "w": Uniform(-3.0, 1.0),
    "w0": Uniform(-3.0, 1.0),
    "wa": Uniform(-3.0, 2.0),
    "wb": Uniform(-6.0, 6.0),
}


def expansion_square(dark_energy: str, curvature: str, x: str) -> str:
    """The formula of (H / H0)^2 where `x` is the formula of 1 + z."""
    density = _DENSITY[dark_energy].format(x=x)
    if curvature == "flat":
        return f"Omega_m * {x}**3 + (1 - Omega_m) * {density}"
    curved = f"Omega_m * {x}**3 + Omega_k * {x}**2 + (1 - Omega_m - Omega_k) * {density}"
    return f"maximum({curved}, {_LEAST_SQUARE})"


def names(dark_energy: str, curvature: str) -> tuple[str, ...]:
    """The parameters of the shape of the expansion, without its rate today."""
    return ("Omega_m", *(("Omega_k",) if curvature == "free" else ()), *_STATES[dark_energy])


def parameters(*wanted: str) -> dict[str, Parameter]:
    """Those of these names."""
    return {name: _PARAMETERS[name] for name in wanted}


def priors(*wanted: str) -> dict[str, Distribution]:
    """What practitioners take for them: flat within wide bounds."""
    return {name: _PRIORS[name] for name in wanted}
