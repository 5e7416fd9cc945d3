"""One output of one data set beside what the fitted model says of it: what pictures are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from parametra.nouns.storage import storable

FIRST_PHASE = -0.25
"""Where the picture of one cycle begins, so that what happens at the epoch and half a cycle later is seen whole."""


@storable
@dataclass(frozen=True)
class View:
    """Data and prediction of one output.

    Arguments:
        data_set: its name.
        output: its name.
        unit: its unit, "" when not stated.
        input: the input along which it is drawn; "" when there is none with numbers of one dimension.
        input_unit: its unit.
        x: values of that input at the observed points, or their number when there is no input.
        observed, predicted: at those points.
        spread: standard deviation of the noise at those points, None when the noise has none.
        curve_x, curve, curve_error: the prediction along a grid of the input and its standard error from that of the
            parameters; empty when there are several inputs.
        censored: at those points 0 for exact values, 1 for right-, 2 for left-, 3 for interval-censored ones; None when
            all are exact.
        limit: at those points the value or its limit, the upper end of an interval; None when all are exact.
        lower, upper: between which values and predictions lie, by the family of the noise: 0 for counts and lifetimes,
            0 and 1 for probabilities.
        period, epoch: of what repeats along the input, which pictures show by its phase; None for what does not.
        upside_down: whether large values are drawn low, as magnitudes are.
    """

    data_set: str
    output: str
    unit: str
    input: str
    input_unit: str
    x: np.ndarray
    observed: np.ndarray
    predicted: np.ndarray
    spread: np.ndarray | None
    curve_x: np.ndarray
    curve: np.ndarray
    curve_error: np.ndarray
    censored: np.ndarray | None = None
    limit: np.ndarray | None = None
    lower: float = -math.inf
    upper: float = math.inf
    period: float | None = None
    epoch: float = 0.0
    upside_down: bool = False

    def folded(self) -> View:
        """As it is drawn: by phase, from -0.25 to 0.75, where it repeats; itself where it does not."""
        if self.period is None:
            return self
        phase = (self.x - self.epoch) / self.period
        phase = phase - np.floor(phase - FIRST_PHASE)
        curve_x = (self.curve_x - self.epoch) / self.period
        return replace(self, input="phase", input_unit="", x=phase, curve_x=curve_x, period=None, epoch=0.0)
