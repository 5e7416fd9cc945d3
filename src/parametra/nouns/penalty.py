"""A penalty that a problem states: it chooses among many terms by setting most of them to zero."""

from __future__ import annotations

from dataclasses import dataclass

from parametra.maths.penalties import CoordinatePenalty
from parametra.nouns.space import Space


@dataclass(frozen=True)
class Penalty:
    """What is added to the cost.

    Arguments:
        kind: "lasso", "scad" or "mcp".
    """

    kind: str

    @staticmethod
    def of(thing: object) -> Penalty | None:
        """The penalty that `thing` states; None for none."""
        if thing is None:
            return None
        raise NotImplementedError

    def on(self, space: Space, size: int) -> CoordinatePenalty:
        """The penalty of each coordinate of `space`, in units of the cost of `size` observations."""
        raise NotImplementedError
