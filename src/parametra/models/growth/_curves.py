"""What growth curves share: how their data are read, and priors on the scale of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import best_shape, extent, lifted, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data

DNASE_CONCENTRATION = np.repeat([0.04882812, 0.1953125, 0.390625, 0.78125, 1.5625, 3.125, 6.25, 12.5], 2)
"""Of run 1 of R's DNase, an assay in rat serum, in ng/mL; `DNASE_DENSITY` is what it gave."""
DNASE_DENSITY = np.array(
    [0.017, 0.018, 0.121, 0.124, 0.206, 0.215, 0.377, 0.374, 0.614, 0.609, 1.019, 1.001, 1.334, 1.364, 1.73, 1.71]
)

TIME_AND_SIZE: dict[str, Any] = {"inputs": {"time": "day"}, "outputs": {"size": "g"}}

PINHEIRO_BATES = Source(
    "J. C. Pinheiro and D. M. Bates", 2000, "Mixed-Effects Models in S and S-PLUS", "doi:10.1007/b98882"
)
NIST = Source(
    "NIST/ITL",
    2003,
    "Statistical Reference Datasets: nonlinear least squares regression",
    "https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml",
)
RATKOWSKY = Source(
    "D. A. Ratkowsky", 1983, "Nonlinear Regression Modeling: A Unified Practical Approach", "isbn:0824719077"
)


def place(data: Sequence[Data] | None, column: str, widths: float = 2.0) -> Normal:
    """Anywhere near the data: normal about the middle of an input or output, with so many of its widths."""
    middle, width = extent(*(each.inputs.get(column, each.outputs.get(column, np.zeros(0))) for each in data or ()))
    return Normal(middle, widths * width)


def sigmoid_guess(data: Data, column: Callable[..., Any], **grid: Any) -> dict[str, float]:
    """Asymptote, midpoint and scale of a curve `asymptote * column(time, midpoint, scale)`, the best of a grid."""
    time, size = tidy(data.inputs["time"], data.outputs["size"])
    middle, width = extent(time)
    grid = {
        "midpoint": middle + width * np.linspace(-1.0, 2.5, 36),
        "scale": width * np.geomspace(0.02, 1.0, 14),
        **grid,
    }
    best = best_shape(lambda **at: [column(time, **at)], grid, size, lambda factors: factors[:, 0] > 0)
    highest = float(np.max(size))
    return {"asymptote": lifted(best.factors[0], highest), **best.values}
