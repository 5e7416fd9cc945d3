"""The forms of an edge, and what models of edges share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import extent
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Option

RICHTMYER = Source(
    "F. K. Richtmyer, S. W. Barnes and E. Ramberg",
    1934,
    "The widths of the L-series lines and of the energy levels of Au(79)",
    "doi:10.1103/PhysRev.46.843",
)
SUZAKI = Source(
    "Y. Suzaki and A. Tachibana",
    1975,
    "Measurement of the um sized radius of Gaussian laser beam using the scanning knife-edge",
    "doi:10.1364/AO.14.002809",
)
FORMULAS = {
    "linear": "minimum(maximum({u} + 0.5, 0), 1)",
    "arctan": "(0.5 + arctan({u}) / pi)",
    "erf": "(0.5 * erfc(-{u}))",
    "logistic": "expit({u})",
}
RISE = {"linear": 0.8, "arctan": 2 * float(np.tan(0.4 * np.pi)), "erf": 1.8123876, "logistic": 2 * float(np.log(9.0))}
"""From 10 % to 90 % of an edge, in its widths; of erf twice the argument at which it is 0.8."""
EDGE = Option("erf", "the form of an edge", tuple(FORMULAS))
_LEVELS = ("none", "constant", "linear")
BACKGROUND = Option("constant", "what is beneath it", _LEVELS)


def edge_at(form: str, u: Any) -> Any:
    """An edge from 0 to 1 by the distance from its centre in widths."""
    if form == "linear":
        return np.clip(u + 0.5, 0.0, 1.0)
    if form == "arctan":
        return 0.5 + np.arctan(u) / np.pi
    from scipy.special import erfc, expit

    return 0.5 * erfc(-u) if form == "erf" else expit(u)


def spans(data: Sequence[Data] | None) -> tuple[float, float, float]:
    """The middle and the extent of x, and the extent of the signal."""
    middle, width = extent(*(each.inputs.get("x", np.zeros(0)) for each in data or ()))
    _, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()), np.zeros(1))
    return middle, width, height


def beneath(background: str, data: Sequence[Data] | None) -> tuple[str, dict[str, Parameter], dict[str, Any]]:
    """The end of the formula, parameters and priors of a background."""
    middle, width, height = spans(data)
    if background == "none":
        return "", {}, {}
    parameters: dict[str, Parameter] = {
        "background": Real(guess=0.0, unit="{signal}", description="the level at x = 0 without the edge")
    }
    far = 1 + abs(middle) / width
    priors: dict[str, Any] = {"background": Normal(0.0, 5.0 * far * height)}
    if background == "constant":
        return " + background", parameters, priors
    parameters["background_slope"] = Real(guess=0.0, unit="{signal}/{x}", description="how the level rises")
    priors["background_slope"] = Normal(0.0, 5.0 * height / width)
    return " + background + background_slope * x", parameters, priors


def columns_beneath(background: str, x: Any) -> list[Any]:
    """The columns of a background, for a guess."""
    return {"none": [], "constant": [np.ones(1)], "linear": [np.ones(1), x - x[0]]}[background]


def guessed_beneath(background: str, factors: Any, x: Any) -> dict[str, float]:
    """The parameters of a background from the factors of its columns."""
    if background == "none":
        return {}
    if background == "constant":
        return {"background": float(factors[0])}
    return {"background": float(factors[0] - factors[1] * x[0]), "background_slope": float(factors[1])}
