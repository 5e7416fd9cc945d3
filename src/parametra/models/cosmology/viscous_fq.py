"""The expansion history of f(Q) = -Q + alpha Q^n with viscous matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.distributions import HalfNormal, Uniform
from parametra.models.cosmology import _background as background
from parametra.models.cosmology._survey import at_truth
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_PHASE_SPACE = Source(
    "D. S. Rana, R. Solanki and P. K. Sahoo",
    2024,
    "Phase-space analysis of the viscous fluid cosmological models in the coincident f(Q) gravity",
    "arXiv:2401.05448",
)
_JIMENEZ = Source(
    "J. Beltran Jimenez, L. Heisenberg and T. Koivisto", 2018, "Coincident general relativity",
    "doi:10.1103/PhysRevD.98.044048",
)  # fmt: skip
_STEPS = 64
"""To 4e-9 at z = 2 and 4e-7 at z = 10, by the closed form that there is without viscosity.

Where matter ran out on the way the rate has a kink, for s = 0 a corner: then to 3e-3 in most cases, and to 2e-2 at
worst, for s = 0 and n near 1.
"""

_VISCOSITY = Real(
    0.0, 1.0, guess=0.05, unit="1", description="bulk viscosity today over H0, in units of 8 pi G = c = 1"
)


def form(_data: Any, n: Any, s: Any) -> Form:
    """The range of Omega_m depends on the power, because not every universe has a past."""
    for name, value in (("n", n), ("s", s)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise ModelError(f"{name} is a number; {value!r} came.")
    if n in (0.5, 1.0) or s < 0:
        raise ModelError(
            f"n is neither 1/2 nor 1, which change nothing of the expansion, and s is from 0 on; {n=}, {s=} came."
        )
    return Form(
        model=_history(float(n), float(s)),
        parameters={**background.parameters("H0"), "Omega_m": _matter(n), "viscosity": _VISCOSITY},
        inputs={"z": "1"},
        outputs={"H": "km/s/Mpc"},
        priors={
            **background.priors("H0"),
            "Omega_m": Uniform(*_matter_range(n)),
            "viscosity": HalfNormal(0.3),
        },
    )


def _matter_range(n: float) -> tuple[float, float]:
    # for n > 1 and alpha > 0 there is no past: 1 - n dark vanishes at some redshift, as dark grows with H
    return (0.01, 0.99) if n < 1 else (1.0, 3.0)


def _matter(n: float) -> Parameter:
    low, high = _matter_range(n)
    return Real(low, high, guess=0.3 if n < 1 else 1.2, unit="1", description="the share of matter today")


def _history(n: float, s: float) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Any]:
    """H(z): the share of matter and the logarithm of the rate, followed back in ln(1 + z) by Runge-Kutta steps.

    For s < 1 the share may have run out at a finite redshift, and is followed as u = share^(1 - s), which passes zero
    on a smooth curve; otherwise as its logarithm, as it never runs out.
    """

    def share_of(u: Any) -> Any:
        if s >= 1:
            return np.exp(u)
        some = np.real(u) > 0
        return np.where(some, np.exp(np.log(np.where(some, u, 1.0)) / (1 - s)), 0.0)

    def pace(u: Any, grown: Any) -> tuple[Any, Any]:
        share = share_of(u)
        # where so much viscosity today would need less than no matter in the past, there was none, and H stood still
        some = np.real(share) > 0
        source = np.where(some, 3 * grown * np.exp(s * np.log(np.where(some, share, 1.0))), 0.0)
        h = (source - 3 * share) / (2 * (1 - n * (1 - share)))
        if s >= 1:
            return 3 + 2 * h - 3 * grown * np.exp((s - 1) * u), -h
        return (1 - s) * (u * (3 + 2 * h) - 3 * grown), -h

    def expansion_rate(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        step = np.log1p(inputs["z"]) / _STEPS
        today = np.log(parameters["Omega_m"])
        grown = parameters["viscosity"] * np.exp(-s * today)
        u, rate = (today if s >= 1 else np.exp((1 - s) * today)) + 0 * step, 0 * step
        for _ in range(_STEPS):
            u_1, rate_1 = pace(u, grown)
            u_2, rate_2 = pace(u + 0.5 * step * u_1, grown)
            u_3, rate_3 = pace(u + 0.5 * step * u_2, grown)
            u_4, rate_4 = pace(u + step * u_3, grown)
            u = u + step / 6 * (u_1 + 2 * u_2 + 2 * u_3 + u_4)
            rate = rate + step / 6 * (rate_1 + 2 * rate_2 + 2 * rate_3 + rate_4)
        return parameters["H0"] * np.exp(rate)

    return expansion_rate


def guess(data: Data, n: float) -> dict[str, float]:
    """H0 from the lowest redshift; matter from how far the highest is above it, were it matter alone."""
    z, rate = data.inputs["z"], data.outputs["H"]
    first, last = int(np.argmin(z)), int(np.argmax(z))
    low, high = _matter_range(n)
    today = float(np.clip(rate[first] / (1 + 0.5 * z[first]), 30.0, 140.0))
    if n > 1 or z[last] <= 0:
        return {"H0": today}
    share = (rate[last] / today) ** 2 / (1 + z[last]) ** 3
    return {"H0": today, "Omega_m": float(np.clip(share, low + 0.04, high - 0.09))}


def simulated() -> Data:
    """50 rates good to 1 %, n = -1 and s = 0.5."""
    truth = {"H0": 70.0, "Omega_m": 0.3, "viscosity": 0.05}
    return at_truth(form(None, -1.0, 0.5), truth, {"z": np.linspace(0.02, 2.5, 50)}, relative=0.01, seed=6)


READY = ReadyMade(
    name="cosmology.viscous_fq",
    summary="The expansion history of gravity with f(Q) = -Q + alpha Q^n, Q of non-metricity, and viscous matter",
    formula=(
        "3 H^2 = rho + 3 H^2 dark,  dark = alpha (2 n - 1) Q^(n - 1),  Q = 6 H^2,\n"
        "d rho / dt = -3 H (rho - 3 zeta H),  zeta = viscosity (share of matter / Omega_m)^s H"
    ),
    good_for="tests of late acceleration without dark energy against expansion rates; n = 0 is a cosmological constant",
    prefer_instead="cosmology.hubble_rate unless viscosity or this gravity is the question; radiation is left out",
    form=form,
    guess=guess,
    options={
        "n": Option(-1.0, "the power of Q; below 1 for late acceleration by gravity, above 1 by viscosity alone"),
        "s": Option(0.5, "the power of the share of matter in the viscosity, from 0 on"),
    },
    known=(
        Known(
            data=simulated,
            about="50 simulated rates good to 1 %",
            estimate={"H0": 70.0, "Omega_m": 0.3, "viscosity": 0.05},
            second_start={"H0": 90.0, "Omega_m": 0.6, "viscosity": 0.3},
            source=_PHASE_SPACE,
        ),
    ),
    sources=(_PHASE_SPACE, _JIMENEZ),
)
