"""Light curves with answers that are known, for New Algol Variable."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.eclipsing_binary._colours import colours
from parametra.models.eclipsing_binary._sources import HD_23642, PROTOTYPES
from parametra.nouns.data import Data
from parametra.nouns.parameter import Real
from parametra.nouns.ready_made import Known

Truth = dict[str, float]

ALGOL: Truth = {
    "mean": 2.12, "cos1": 0.012, "sin1": 0.003, "cos2": 0.015, "sin2": -0.002,
    "depth1": 1.25, "depth2": 0.1133, "half_width": 0.0617, "shape1": 1.6, "shape2": 2.0,
    "period": 2.867328, "epoch": 0.1,
}  # fmt: skip
"""Half width and ratio of surface brightnesses, 6.8, are the published ones of Algol; the rest is of its kind."""

W_URSAE_MAJORIS: Truth = {
    "mean": 7.9, "cos1": -0.004, "sin1": 0.008, "cos2": 0.17, "sin2": 0.003,
    "depth1": 0.365, "depth2": 0.311, "half_width": 0.1015, "shape1": 1.25, "shape2": 1.35,
}  # fmt: skip
"""The same for W Ursae Majoris, ratio 1.15."""

TWO_COLOURS: Truth = {
    "mean_V": 15.60, "cos1_V": 0.010, "sin1_V": -0.015, "cos2_V": 0.050, "sin2_V": 0.004,
    "depth1_V": 0.60, "depth2_V": 0.22,
    "mean_R": 15.10, "cos1_R": 0.008, "sin1_R": -0.010, "cos2_R": 0.045, "sin2_R": 0.003,
    "depth1_R": 0.52, "depth2_R": 0.26,
    "half_width": 0.1, "shape1": 1.5, "shape2": 1.7,
}  # fmt: skip


def curve(phase: Float[np.ndarray, " n"], truth: Truth, colour: str = "") -> Float[np.ndarray, " n"]:
    """New Algol Variable as it stands in the paper, with the parameters of one colour."""

    def of(name: str) -> float:
        return truth.get(name + colour, truth.get(name, 0.0))

    angle = 2 * np.pi * phase
    waves = of("cos1") * np.cos(angle) + of("sin1") * np.sin(angle)
    waves = waves + of("cos2") * np.cos(2 * angle) + of("sin2") * np.sin(2 * angle)
    magnitude = of("mean") + waves
    for number, middle in (("1", 0.0), ("2", 0.5)):
        away = phase - middle
        z = np.minimum(np.abs(away - np.round(away)) / of("half_width"), 1.0)
        magnitude = magnitude + of("depth" + number) * (1 - z ** of("shape" + number)) ** 1.5
    return magnitude


def algol() -> Data:
    """900 magnitudes within 57 days, good to 0.01 mag, as photoelectric photometry is."""
    generator = np.random.default_rng(11)
    time = np.sort(generator.uniform(-28.5, 28.5, 900))
    magnitude = curve((time - ALGOL["epoch"]) / ALGOL["period"], ALGOL) + 0.01 * generator.normal(size=900)
    return Data({"time": time, "magnitude": magnitude}, inputs=["time"], output="magnitude", sigma=0.01, units=_UNITS)


def w_ursae_majoris() -> Data:
    """400 magnitudes folded with a known period, good to 0.008 mag."""
    generator = np.random.default_rng(12)
    phase = np.sort(generator.uniform(-0.5, 0.5, 400))
    magnitude = curve(phase, W_URSAE_MAJORIS) + 0.008 * generator.normal(size=400)
    table = {"phase": phase, "magnitude": magnitude}
    return Data(table, inputs=["phase"], output="magnitude", units={"phase": "1", "magnitude": "mag"})


def two_colours() -> tuple[Data, ...]:
    """300 magnitudes in V and 250 in R, good to 0.015 and 0.012 mag, with unequal maxima."""
    generator = np.random.default_rng(13)
    tables: dict[str, dict[str, np.ndarray]] = {}
    for colour, count, error in (("V", 300, 0.015), ("R", 250, 0.012)):
        phase = np.sort(generator.uniform(0.0, 1.0, count))
        magnitude = curve(phase, TWO_COLOURS, f"_{colour}") + error * generator.normal(size=count)
        tables[colour] = {"phase": phase, "magnitude": magnitude, "error": np.full(count, error)}
    return colours(tables, at="phase", sigma="error", units={"phase": "1", "magnitude": "mag"})


def hd_23642() -> Data:
    """The light curve of HD 23642 by Kepler K2, days from the published epoch, without flagged points."""
    path = Path(os.environ["PARAMETRA_DATA"]) / "eclipsing_binaries" / "hd23642_k2" / "HD23642.dat"
    rows = np.loadtxt(path)
    rows = rows[rows[:, 3] >= 0]
    table = {"time": rows[:, 0] - 7119.52217, "magnitude": rows[:, 1]}
    return Data(table, inputs=["time"], output="magnitude", units=_UNITS)


_UNITS = {"time": "d", "magnitude": "mag"}

KNOWN = (
    Known(
        data=algol,
        about="simulated with the half width and the brightness ratio that were published for Algol",
        estimate=ALGOL | {"brightness_ratio": 6.8},
        second_start={"half_width": 0.1, "shape1": 3.0, "shape2": 1.0, "depth1": 0.8, "epoch": 0.13},
        source=PROTOTYPES,
    ),
    Known(
        data=w_ursae_majoris,
        about="simulated with the half width and the brightness ratio that were published for W Ursae Majoris",
        estimate=dict(W_URSAE_MAJORIS),
        second_start={"half_width": 0.15, "shape1": 2.5, "shape2": 2.5, "cos2": 0.0},
        source=PROTOTYPES,
    ),
    Known(
        data=two_colours,
        about="simulated in two colours that share the geometry, with an O'Connell effect",
        estimate=dict(TWO_COLOURS),
        second_start={"half_width": 0.15, "shape1": 3.0, "shape2": 3.0, "depth1_V": 0.3, "depth1_R": 0.3},
        source=PROTOTYPES,
    ),
    Known(
        data=hd_23642,
        about="HD 23642 in the Pleiades, 2804 magnitudes by Kepler K2, and the period of a physical model",
        estimate={"period": 2.4611357, "epoch": 0.0, "brightness_ratio": 1 / 0.4859},
        second_start={"half_width": 0.07, "shape1": 3.0, "shape2": 3.0},
        parameters={"epoch": Real(-0.2, 0.2, guess=0.02, unit="d", description="of a primary minimum")},
        options={"period": 2.46},
        source=HD_23642,
        external="eclipsing_binaries",
    ),
)
