"""How observations of something that repeats are laid over one another: by their phase."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Folding:
    """Along which input a model repeats, and which of its parameters tell when.

    Pictures show phase = (input - epoch) / period; nothing else looks at it.

    Arguments:
        input: the input, such as "time".
        period, epoch: parameters by the names that the model has for them; "" where they are 1 and 0, as for an input
            that is a phase already.
        upside_down: whether large values are drawn low, as magnitudes are.
    """

    input: str = "time"
    period: str = "period"
    epoch: str = "epoch"
    upside_down: bool = False

    def ephemeris(self, values: Mapping[str, Any]) -> tuple[float, float] | None:
        """Period and epoch among the values of parameters; None where they are no such numbers."""
        period = float(values.get(self.period, math.nan)) if self.period else 1.0
        epoch = float(values.get(self.epoch, math.nan)) if self.epoch else 0.0
        return (period, epoch) if 0 < period < math.inf and math.isfinite(epoch) else None
