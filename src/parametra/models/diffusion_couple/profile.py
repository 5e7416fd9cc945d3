"""The profile of a binary diffusion couple, to be fitted; its diffusivity is constant or depends on composition."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.models.diffusion_couple._boltzmann import boltzmann_profile, interpolated
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Log, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_CRANK = Source("J. Crank", 1975, "The Mathematics of Diffusion, 2nd edition", "ISBN 0-19-853344-6")
_BAHETI = Source(
    "V. A. Baheti and A. Paul",
    2018,
    "Development of different methods and their efficiencies for the estimation of diffusion coefficients following "
    "the diffusion couple technique",
    "arXiv:1809.09687",
)

_LAWS = ("constant", "exponential", "polynomial")
_MOST_DEGREES = 6


def diffusivity_law(law: str, values: list[Any], xp: Any = np) -> Callable[[Any], Any]:
    """D of the normalised composition y, 0 on the left and 1 on the right, from its values (degree + 1).

    In Bernstein's basis, b_i(y) = binomial(n, i) y^i (1 - y)^(n - i): polynomial is the sum of D_i b_i, exponential the
    exponential of the sum of ln D_i b_i. D is positive where its values are; the first and last are those at the ends.
    """
    degree = len(values) - 1
    used = [xp.log(value) for value in values] if law == "exponential" else values

    def diffusivity(y: Any) -> Any:
        total = 0.0 * y
        for i, value in enumerate(used):
            total = total + value * (math.comb(degree, i) * y**i * (1 - y) ** (degree - i))
        return xp.exp(total) if law == "exponential" else total

    return diffusivity


def _varying(law: str, degree: int) -> Callable[..., Any]:
    def fraction(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        position = inputs["position"]
        xp = position.__array_namespace__()
        time = xp.reshape(xp.asarray(inputs["time"]), (-1,))[0]
        values = [xp.asarray(parameters["diffusivity"])[i] for i in range(degree + 1)]
        # in units of the first value, so that the largest ones are never lost
        shape = diffusivity_law(law, [value / values[0] for value in values], xp)
        largest = max_of([value / values[0] for value in values], xp)
        profile = boltzmann_profile(shape, largest, xp)
        y = interpolated((position - parameters["interface"]) / xp.sqrt(values[0] * time), profile, xp)
        return parameters["left"] + (parameters["right"] - parameters["left"]) * y

    return fraction


def max_of(values: list[Any], xp: Any) -> Any:
    """The largest by its real part."""
    found = values[0]
    for value in values[1:]:
        found = xp.where(xp.real(value) > xp.real(found), value, found)
    return found


def form(_: tuple[Data, ...] | None, *, law: str = "constant", degree: int = 1) -> Form:
    """The profile for a law of the diffusivity."""
    if isinstance(degree, bool) or not isinstance(degree, int) or not 1 <= degree <= _MOST_DEGREES:  # type: ignore[redundant-expr]
        raise ModelError(
            f"degree is how often ln D or D bends over the composition, 1 to {_MOST_DEGREES}; {degree!r} came. A "
            'diffusivity that does not depend on composition is law="constant".'
        )
    constant = law == "constant"
    formula = "left + (right - left) / 2 * (1 + erf((position - interface) / (2 * sqrt(diffusivity * time))))"
    about = "D" if constant else "D at the left end, between (degree - 1 control points), and at the right end"
    return Form(
        model={"fraction": formula} if constant else _varying(law, degree),
        parameters={
            "diffusivity": Log(
                1e-30,
                1e15,
                guess=0.01,
                shape=() if constant else (degree + 1,),
                unit="{position}**2/{time}",
                description=about,
            ),
            "interface": Real(guess=0.0, unit="{position}", description="where the couple was joined, Matano's plane"),
            "left": Real(guess=0.0, unit="{fraction}", description="the fraction at the left end"),
            "right": Real(guess=1.0, unit="{fraction}", description="the fraction at the right end"),
        },
        inputs={"position": "um", "time": "s"},
        outputs={"fraction": "1"},
        priors={
            "diffusivity": LogNormal(-5.0, 8.0),
            "interface": Normal(0.0, 1e4),
            "left": Normal(0.5, 0.5),
            "right": Normal(0.5, 0.5),
        },
    )


def guess(data: Data, law: str = "constant", degree: int = 1) -> dict[str, Any]:
    """Ends from the outermost points, the interface from the balance of mass, D from how wide the middle half is."""
    order = np.argsort(data.inputs["position"], kind="stable")
    x, fraction = data.inputs["position"][order], data.outputs["fraction"][order]
    good = np.isfinite(fraction)
    x, fraction = x[good], fraction[good]
    few = max(1, x.size // 12)
    left, right = float(np.median(fraction[:few])), float(np.median(fraction[-few:]))
    span = float(x[-1] - x[0]) or 1.0
    time = float(np.ravel(data.constants.get("time", data.inputs.get("time", 1.0)))[0])
    interface, width = float(np.mean(x)), 0.25 * span
    if right != left and x.size > 3:
        y = (fraction - left) / (right - left)
        interface = float(x[-1] - np.trapezoid(y, x))
        low, high = (float(x[np.argmin(np.abs(y - level))]) for level in (0.25, 0.75))
        if high > low:
            width = high - low
    # erf(z) = 1/2 at z = 0.4769: the middle half is 4 z sqrt(D t) wide
    diffusivity = float(np.clip((width / 1.908) ** 2 / max(time, 1e-300), 1e-29, 1e14))
    value = diffusivity if law == "constant" else np.full(degree + 1, diffusivity)
    return {"diffusivity": value, "interface": interface, "left": left, "right": right}


_HOURS = 3600.0


def _couple(truth: Mapping[str, Any], seed: int, **options: Any) -> Callable[[], Data]:
    """A couple after 100 hours, measured every 5 um with an error of 0.003, as a microprobe does."""

    def data() -> Data:
        x, time = np.arange(-400.0, 401.0, 5.0), 100 * _HOURS
        noise = 0.003 * np.random.default_rng(seed).standard_normal(x.size)
        if options.get("law", "constant") == "constant":
            profile = boltzmann_profile(lambda y: 1.0 + 0.0 * y, 1.0)
            z = (x - truth["interface"]) / math.sqrt(truth["diffusivity"] * time)
            exact = truth["left"] + (truth["right"] - truth["left"]) * interpolated(z, profile)
        else:
            exact = _varying(**options)(truth, {"position": x, "time": np.float64(time)})
        table = {"position": x, "fraction": exact + noise}
        return Data(table, inputs="position", output="fraction", constants={"time": time})

    return data


_CONSTANT = {"diffusivity": 0.01, "interface": 12.0, "left": 0.0, "right": 0.2}
_STEEP = {"diffusivity": np.array([0.003, 0.02]), "interface": -20.0, "left": 0.05, "right": 0.95}
_HUMP = {"diffusivity": np.array([0.004, 0.03, 0.008]), "interface": 0.0, "left": 0.0, "right": 1.0}


def _labels(truth: Mapping[str, Any]) -> dict[str, str | float]:
    found: dict[str, str | float] = {}
    for name, value in truth.items():
        if np.ndim(value):
            found |= {f"{name}[{i}]": float(one) for i, one in enumerate(value)}
        else:
            found[name] = float(value)
    return found


READY = ReadyMade(
    name="diffusion_couple.profile",
    summary="The profile of a binary diffusion couple, its diffusivity constant or dependent on composition",
    formula="d/dl (D(N) dN/dl) = -(l/2) dN/dl,  l = (position - interface) / sqrt(time);  constant D:  "
    "N = left + (right - left)/2 (1 + erf(l / (2 sqrt(D))))",
    good_for="a single phase with a molar volume that hardly changes: all points count at once, the ends included, and "
    "the errors follow from the fit",
    prefer_instead="diffusion_couple.wagner and den_broeder where the molar volume varies, phases lie between, or no "
    "law of D is known; without a law, polynomial or exponential of degree 2 or 3 often do",
    form=form,
    guess=guess,
    known=(
        Known(
            data=_couple(_STEEP, 3, law="exponential", degree=1),
            about="a diffusivity that rises exponentially with composition, simulated",
            estimate=_labels(_STEEP),
            second_start={"diffusivity": np.array([0.05, 0.05]), "interface": 60.0, "left": 0.2, "right": 0.7},
            options={"law": "exponential"},
            source=_CRANK,
        ),
        Known(
            data=_couple(_CONSTANT, 2),
            about="a constant diffusivity, simulated",
            estimate=_labels(_CONSTANT),
            second_start={"diffusivity": 0.1, "interface": -50.0, "left": 0.05, "right": 0.1},
            source=_CRANK,
        ),
        Known(
            data=_couple(_HUMP, 4, law="polynomial", degree=2),
            about="a diffusivity that is largest in the middle, simulated",
            estimate=_labels(_HUMP),
            second_start={"diffusivity": np.array([0.05, 0.05, 0.05]), "interface": 60.0},
            options={"law": "polynomial", "degree": 2},
            source=_CRANK,
        ),
    ),
    sources=(_CRANK, _BAHETI),
    options={
        "law": Option("constant", "how D depends on composition", _LAWS),
        "degree": Option(1, f"of the exponential or polynomial law, 1 to {_MOST_DEGREES}"),
    },
)
