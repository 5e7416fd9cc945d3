"""Light curves with answers that are known, for trigonometric polynomials."""

from __future__ import annotations

import math

import numpy as np

from parametra.models.eclipsing_binary._sources import ANDRONOV
from parametra.nouns.data import Data
from parametra.nouns.ready_made import Known

ELLIPSOIDAL = {"mean": 11.2, "cos1": 0.02, "sin1": 0.006, "cos2": 0.09, "sin2": -0.004, "period": 0.8213}
_EPOCH = 15.0
_THIRD = {"cos1": -0.16, "sin1": 0.21, "cos2": 0.06, "sin2": 0.05, "cos3": -0.03, "sin3": 0.02}


def ellipsoidal() -> Data:
    """350 magnitudes of a star of two harmonics within 30 days, good to 0.01 mag."""
    generator = np.random.default_rng(21)
    time = np.sort(generator.uniform(0.0, 30.0, 350))
    angle = 2 * np.pi * (time - _EPOCH) / ELLIPSOIDAL["period"]
    magnitude = ELLIPSOIDAL["mean"] + 0.01 * generator.normal(size=350)
    for k in (1, 2):
        magnitude += ELLIPSOIDAL[f"cos{k}"] * np.cos(k * angle) + ELLIPSOIDAL[f"sin{k}"] * np.sin(k * angle)
    units = {"time": "d", "magnitude": "mag"}
    return Data({"time": time, "magnitude": magnitude}, inputs=["time"], output="magnitude", sigma=0.01, units=units)


def three_harmonics() -> Data:
    """200 magnitudes of a star of three harmonics by phase, good to 0.02 mag."""
    generator = np.random.default_rng(22)
    phase = generator.uniform(0.0, 1.0, 200)
    magnitude = 14.0 + 0.02 * generator.normal(size=200)
    for k in (1, 2, 3):
        angle = 2 * np.pi * k * phase
        magnitude += _THIRD[f"cos{k}"] * np.cos(angle) + _THIRD[f"sin{k}"] * np.sin(angle)
    units = {"phase": "1", "magnitude": "mag"}
    return Data({"phase": phase, "magnitude": magnitude}, inputs=["phase"], output="magnitude", units=units)


KNOWN = (
    Known(
        data=three_harmonics,
        about="simulated from three harmonics by phase",
        estimate={"mean": 14.0, **_THIRD},
        second_start={"mean": 12.0, "cos1": 0.3, "sin1": -0.3},
        source=ANDRONOV,
    ),
    Known(
        data=ellipsoidal,
        about="simulated from two harmonics by time, as of an ellipsoidal variable",
        estimate={
            "mean": ELLIPSOIDAL["mean"],
            "period": ELLIPSOIDAL["period"],
            "amplitude1": math.hypot(ELLIPSOIDAL["cos1"], ELLIPSOIDAL["sin1"]),
            "amplitude2": math.hypot(ELLIPSOIDAL["cos2"], ELLIPSOIDAL["sin2"]),
        },
        second_start={"mean": 10.0, "cos2": -0.05, "sin1": 0.05},
        options={"degree": 2},
        source=ANDRONOV,
    ),
)
