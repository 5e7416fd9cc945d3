"""A constraint in a result: where the estimate stands to it, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from parametra.nouns.storage import storable


@storable
@dataclass(frozen=True)
class ConstraintRow:
    """One scalar constraint lower <= value <= upper at the estimate.

    Arguments:
        label: as it was stated.
        value: of what it limits.
        lower, upper: its limits; the same number twice for an equation.
        active: whether the estimate is held by it: an equation, or an inequality at its limit.
        multiplier: by how much the log-likelihood would change if the limit were moved up by one unit; 0 where the
            constraint is not active. Above 0 at an upper limit, below 0 at a lower one.
    """

    label: str
    value: float
    lower: float
    upper: float
    active: bool
    multiplier: float

    @property
    def equation(self) -> bool:
        """Whether it is an equality."""
        return self.lower == self.upper

    @property
    def distance(self) -> float:
        """How far the estimate is from the nearest limit; below 0 where the limit is missed."""
        if self.equation:
            return -abs(self.value - self.lower)
        return min(self.upper - self.value, self.value - self.lower)

    @property
    def state(self) -> str:
        """In one word."""
        if not self.active and not self.distance >= 0:  # also without a value
            return "missed"
        if self.equation:
            return "equation"
        return "active" if self.active else "holds"
