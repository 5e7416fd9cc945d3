"""Constants, straight lines, parabolas and polynomials of higher degree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import extent, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_NIST = Source(
    "NIST/ITL", 1999, "Statistical Reference Datasets: linear regression", "https://www.itl.nist.gov/div898/strd/"
)
_MCNEIL = Source("D. R. McNeil", 1977, "Interactive Data Analysis", "isbn:9780471026310")
_MOST = 12


def women() -> Data:
    """Average heights and weights of American women aged 30 to 39 (`women` of R)."""
    weight = [115.0, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164]
    units = {"x": "in", "y": "lb"}
    return Data({"x": np.arange(58.0, 73.0), "y": weight}, inputs=["x"], output="y", units=units)


def wampler() -> Data:
    """Integers around 1 + x + ... + x^5 (Wampler3 of NIST)."""
    y = [760.0, -2042, 2111, -1684, 3888, 1858, 11379, 17560, 39287, 64382, 113159, 175108, 273291, 400186]
    y += [581243.0, 811568, 1121004, 1506550, 2002767, 2611612, 3369180]
    return Data({"x": np.arange(21.0), "y": y}, inputs=["x"], output="y")


def _middle(data: Sequence[Data] | None, about: Any) -> float:
    if about == "middle":
        return extent(*(each.inputs.get("x", np.zeros(0)) for each in data))[0] if data else 0.0
    return float(about)


def _checked(degree: int) -> int:
    if not 0 <= degree <= _MOST:
        raise ModelError(f'the option "degree" is a whole number from 0 to {_MOST}; {degree!r} came.')
    return degree


def _form(data: Sequence[Data] | None, degree: int, about: Any) -> Form:
    origin = _middle(data, about)
    x = "x" if origin == 0 else f"(x - {origin!r})" if origin > 0 else f"(x + {-origin!r})"
    _, wide = extent(*(each.inputs.get("x", np.zeros(0)) for each in data or ()))
    _, tall = extent(*(each.outputs.get("y", np.zeros(0)) for each in data or ()), np.zeros(1))
    reach = max((float(np.max(np.abs(each.inputs["x"] - origin))) for each in data or ()), default=1.0)
    terms = ["c0", *(f"c{k} * {x}" + (f"**{k}" if k > 1 else "") for k in range(1, _checked(degree) + 1))]
    parameters: dict[str, Parameter] = {}
    priors: dict[str, Any] = {}
    for k in range(degree + 1):
        unit = "{y}" if k == 0 else "{y}/{x}" + (f"**{k}" if k > 1 else "")
        words = "the value" if k == 0 else "the slope" if k == 1 else f"the factor of power {k}"
        parameters[f"c{k}"] = Real(guess=0.0, unit=unit, description=f"{words} at x = {origin:g}" if k < 2 else words)
        # what a polynomial that stays within a few heights over the range of x may have for its factors
        size = tall * (4.0 / wide) ** k
        priors[f"c{k}"] = Normal(0.0, 5.0 * size * (1 + reach / wide) ** (degree - k))
    return Form(
        model={"y": " + ".join(terms)},
        parameters=parameters,
        inputs={"x": "1"},
        outputs={"y": "1"},
        priors=priors,
        derived=_derived(degree, origin),
    )


def _derived(degree: int, origin: float) -> dict[str, object]:
    if degree == 1:
        return {"root": f"{origin!r} - c0 / c1"}
    if degree == 2:
        return {"vertex": f"{origin!r} - c1 / (2 * c2)", "value_at_vertex": "c0 - c1**2 / (4 * c2)"}
    return {}


def guess(data: Data, degree: int, about: Any) -> dict[str, float]:
    """Least squares, in x scaled to its range."""
    x, y = tidy(data.inputs["x"], data.outputs["y"], 10_000)
    origin = _middle((data,), about)
    middle, wide = extent(x)
    known = min(_checked(degree), np.unique(x).size - 1)
    scaled = np.linalg.lstsq(np.vander((x - middle) / wide, known + 1, increasing=True), y, rcond=None)[0]
    shift = origin - middle
    found = {f"c{k}": 0.0 for k in range(degree + 1)}
    for power, factor in enumerate(scaled):
        for k in range(power + 1):
            found[f"c{k}"] += float(factor) / wide**power * math.comb(power, k) * shift ** (power - k)
    return found


READY = ReadyMade(
    name="lines.polynomial",
    summary="A constant, a straight line, a parabola, or a polynomial of higher degree",
    formula="y = c0 + c1 (x - about) + c2 (x - about)^2 + ... to the degree",
    good_for="calibrations and other smooth curves without a theory; straight lines with errors of x too "
    "(Data(..., input_errors=...))",
    prefer_instead="a model with a meaning wherever there is one, since a polynomial says nothing beyond its data; "
    'lines.spline where a high degree would be needed; about="middle" where x is far from zero, as years are',
    form=_form,
    guess=guess,
    options={
        "degree": Option(1, "the highest power, 0 for a constant"),
        "about": Option(0.0, "the x at which c0 is the value", words=("middle",)),
    },
    known=(
        Known(
            data=women,
            about="heights and weights",
            estimate={"c0": "-87.51667", "c1": "3.45000"},
            standard_error={"c0": "5.93694", "c1": "0.09114"},
            second_start={"c0": 10.0, "c1": 1.0},
            source=_MCNEIL,
        ),
        Known(
            data=wampler,
            options={"degree": 5},
            about="a polynomial of degree 5, Wampler3 of NIST",
            estimate={f"c{k}": "1.00000" for k in range(6)},
            standard_error={
                "c0": "2152.32624678",
                "c1": "2363.55173470",
                "c2": "779.343524332",
                "c3": "101.475507550",
                "c4": "5.64566512171",
                "c5": "0.112324854679",
            },
            second_start={"c0": 0.0, "c1": 10.0, "c5": 2.0},
            source=_NIST,
        ),
    ),
    sources=(_NIST, _MCNEIL),
)
