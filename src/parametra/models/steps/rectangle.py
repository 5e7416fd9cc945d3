"""A rectangle with soft edges: up at one place, down again at another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.models.steps._edges import (
    BACKGROUND,
    EDGE,
    FORMULAS,
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


def slit() -> Data:
    """A simulated scan of a beam over a slit, one edge of which is out of focus."""
    x = np.linspace(0.0, 10.0, 161)
    signal = 0.1 + 2.0 * (edge_at("erf", (x - 3.1) / 0.15) - edge_at("erf", (x - 6.4) / 0.6))
    table = {"x": x, "signal": signal + 0.03 * np.random.default_rng(10).standard_normal(x.size)}
    return Data(table, inputs=["x"], output="signal", units={"x": "mm", "signal": "V"})


def _form(data: Sequence[Data] | None, background: str, edge: str) -> Form:
    middle, wide, tall = spans(data)
    rest, parameters, priors = beneath(background, data)
    up, down = (FORMULAS[edge].format(u=f"((x - {place}) / {place}_width)") for place in ("rise", "fall"))
    soft = "the length by which the distance from it is divided"
    return Form(
        model={"signal": f"height * ({up} - {down}){rest}"},
        parameters={
            "height": Real(guess=1.0, unit="{signal}", description="the height between the edges; below zero a trough"),
            "rise": Real(guess=0.0, unit="{x}", description="where half of the height is reached"),
            "rise_width": Positive(guess=1.0, unit="{x}", description=soft),
            "fall": Real(guess=1.0, unit="{x}", description="where half of the height is lost"),
            "fall_width": Positive(guess=1.0, unit="{x}", description=soft),
            **parameters,
        },
        inputs={"x": "1"},
        outputs={"signal": "1"},
        priors={
            "height": Normal(0.0, 5.0 * tall),
            "rise": Normal(middle, wide),
            "rise_width": around_guess(1.5),
            "fall": Normal(middle, wide),
            "fall_width": around_guess(1.5),
            **priors,
        },
        derived={
            "length": "fall - rise",
            "middle": "(rise + fall) / 2",
            "rise_10_90": f"{RISE[edge]!r} * rise_width",
            "fall_10_90": f"{RISE[edge]!r} * fall_width",
        },
    )


def guess(data: Data, background: str, edge: str) -> dict[str, float]:
    """The best of a grid of places and one width, then each edge again by itself."""
    x, signal = tidy(data.inputs["x"], data.outputs["signal"], 150)
    _, wide = extent(x)

    def shape(rise: Any, rise_width: Any, fall: Any, fall_width: Any) -> list[Any]:
        both = edge_at(edge, (x - rise) / rise_width) - edge_at(edge, (x - fall) / fall_width)
        return [both, *columns_beneath(background, x)]

    # each edge is made once for all pairs of them; one may lie beyond the data
    places = x[0] + wide * np.append(np.linspace(0.0, 1.0, 33), 1.5)
    widths = wide * np.array([0.005, 0.03, 0.12])
    edges = edge_at(edge, (x - places[:, None, None]) / widths[:, None])

    def pair(rise: Any, fall: Any, width: Any) -> list[Any]:
        i, j, k = (each[:, 0].astype(int) for each in (rise, fall, width))
        return [edges[i, k] - edges[j, k], *columns_beneath(background, x)]

    every = np.arange(places.size, dtype=float)
    pick = best_shape(pair, {"rise": every, "fall": every, "width": np.arange(3.0)}, signal).values
    rise, fall = sorted(float(places[int(pick[name])]) for name in ("rise", "fall"))
    width = float(widths[int(pick["width"])])
    found = {"rise": rise, "rise_width": width, "fall": max(fall, rise + 0.03 * wide), "fall_width": width}
    best = best_shape(shape, {name: np.array([value]) for name, value in found.items()}, signal)
    for share, factor in ((0.02, 4.0), (0.02, 4.0), (0.01, 2.0)):
        for name in ("rise", "fall"):
            near = {key: np.array([value]) for key, value in found.items()}
            # neither edge passes the other one
            furthest = 0.5 * (found["fall"] - found["rise"])
            moved = np.clip(wide * share * np.linspace(-1.0, 1.0, 7), -furthest, furthest)
            near[name] = found[name] + moved
            near[f"{name}_width"] = found[f"{name}_width"] * np.geomspace(1 / factor, factor, 9)
            best = best_shape(shape, near, signal)
            found = best.values
    return {
        "height": float(best.factors[0]) or 1e-3 * extent(signal)[1],
        "rise": found["rise"],
        "rise_width": lifted(found["rise_width"], wide),
        "fall": found["fall"],
        "fall_width": lifted(found["fall_width"], wide),
        **guessed_beneath(background, best.factors[1:], x),
    }


READY = ReadyMade(
    name="steps.rectangle",
    summary="A rectangle with linear, arctan, error-function or logistic edges: up at one place, down at another",
    formula="""signal = height (E((x - rise) / rise_width) - E((x - fall) / fall_width)) + background
E(u): erf (1 + erf u) / 2, arctan 1/2 + arctan(u) / pi, logistic 1 / (1 + exp(-u)), linear u + 1/2 from 0 to 1""",
    good_for="scans over slits, bands and gaps, pulses with soft flanks",
    prefer_instead="steps.step for one edge; eclipsing_binary models for eclipses; peaks.gaussian where the flat top "
    "is shorter than its edges",
    form=_form,
    guess=guess,
    options={"edge": EDGE, "background": BACKGROUND},
    known=(
        Known(
            data=slit,
            about="a scan over a slit, simulated",
            estimate={
                "height": 2.0,
                "rise": 3.1,
                "rise_width": 0.15,
                "fall": 6.4,
                "fall_width": 0.6,
                "background": 0.1,
            },
            second_start={"height": 1.0, "rise": 2.5, "rise_width": 0.6, "fall": 7.0, "fall_width": 0.2},
            source=SUZAKI,
        ),
    ),
    sources=(SUZAKI,),
)
