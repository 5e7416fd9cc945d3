"""A step from one level to another, with a linear, arctan, error-function or logistic edge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.models.steps._edges import (
    BACKGROUND,
    EDGE,
    FORMULAS,
    RICHTMYER,
    RISE,
    SUZAKI,
    beneath,
    columns_beneath,
    edge_at,
    guessed_beneath,
    spans,
)
from parametra.nouns.data import Data
from parametra.nouns.parameter import Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess


def knife() -> Data:
    """A simulated scan of a knife through a laser beam with a radius of 40 um."""
    x = np.linspace(0.0, 400.0, 81)
    signal = 0.02 + 5.0 * edge_at("erf", np.sqrt(2) * (x - 185.0) / 40.0)
    table = {"x": x, "signal": signal + 0.03 * np.random.default_rng(1975).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "um", "signal": "mW"})


def absorption_edge() -> Data:
    """A simulated absorption edge, its width that of a hole of short life, on a background that falls."""
    x = np.linspace(8940.0, 9060.0, 121)
    signal = 1.2 - 0.002 * (x - 8940.0) + 0.9 * edge_at("arctan", (x - 8983.0) / 2.2)
    table = {"x": x, "signal": signal + 0.004 * np.random.default_rng(1934).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "eV", "signal": "1"})


def _form(data: Sequence[Data] | None, background: str, edge: str) -> Form:
    middle, wide, tall = spans(data)
    rest, parameters, priors = beneath(background, data)
    formula = FORMULAS[edge].format(u="((x - center) / width)")
    return Form(
        model={"signal": f"height * {formula}{rest}"},
        parameters={
            "height": Real(guess=1.0, unit="{signal}", description="by how much the level rises; below zero it falls"),
            "center": Real(guess=0.0, unit="{x}", description="where half of the step is made"),
            "width": Positive(guess=1.0, unit="{x}", description="the length by which x - center is divided"),
            **parameters,
        },
        inputs={"x": "1"},
        outputs={"signal": "1"},
        priors={
            "height": Normal(0.0, 5.0 * tall),
            "center": Normal(middle, wide),
            "width": around_guess(1.5),
            **priors,
        },
        derived={"rise": f"{RISE[edge]!r} * width"},
    )


def guess(data: Data, background: str, edge: str) -> dict[str, float]:
    """The best of a grid of places and widths, and of a finer one near it."""
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 300)
    _, wide = extent(x)
    shape = lambda center, width: [edge_at(edge, (x - center) / width), *columns_beneath(background, x)]  # noqa: E731
    inner = x[0] + wide * np.linspace(0.01, 0.99, 99)
    coarse = best_shape(shape, {"center": inner, "width": wide * np.geomspace(2e-3, 0.4, 10)}, signal).values
    near = {
        "center": coarse["center"] + max(0.01 * wide, 0.3 * coarse["width"]) * np.linspace(-1.0, 1.0, 11),
        "width": coarse["width"] * np.geomspace(0.6, 1.6, 9),
    }
    best = best_shape(shape, near, signal)
    height = float(best.factors[0]) or 1e-3 * extent(signal)[1]
    found = {"height": height, "center": best.values["center"], "width": lifted(best.values["width"], wide)}
    return found | guessed_beneath(background, best.factors[1:], x)


READY = ReadyMade(
    name="steps.step",
    summary="A step from one level to another with a linear, arctan, error-function or logistic edge",
    formula="""signal = height E((x - center) / width) + background
E(u): erf (1 + erf u) / 2, arctan 1/2 + arctan(u) / pi, logistic 1 / (1 + exp(-u)), linear u + 1/2 from 0 to 1""",
    good_for="scans of an edge through a beam (erf; its radius at 1/e^2 is sqrt 2 widths), absorption edges (arctan), "
    "transitions between two states (logistic)",
    prefer_instead="growth.four_parameter_logistic for responses to doses; steps.rectangle for up and down again; "
    "peaks.gaussian of the derivative is worse, since it multiplies the noise",
    form=_form,
    guess=guess,
    options={"edge": EDGE, "background": BACKGROUND},
    known=(
        Known(
            data=knife,
            about="a knife through a laser beam, simulated",
            estimate={"height": 5.0, "center": 185.0, "width": 40.0 / np.sqrt(2), "background": 0.02},
            second_start={"height": 3.0, "center": 250.0, "width": 80.0, "background": 1.0},
            source=SUZAKI,
        ),
        Known(
            data=absorption_edge,
            options={"edge": "arctan", "background": "linear"},
            about="an absorption edge, simulated",
            estimate={"height": 0.9, "center": 8983.0, "width": 2.2, "background_slope": -0.002},
            second_start={"height": 0.5, "width": 8.0, "background_slope": -0.004},
            source=RICHTMYER,
        ),
    ),
    sources=(SUZAKI, RICHTMYER),
)
