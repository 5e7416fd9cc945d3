"""What a run may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from parametra.nouns.errors import MethodError


@dataclass(frozen=True)
class Budget:
    """Limits of a run; None is no limit.

    Arguments:
        evaluations: points at which the problem may be evaluated, with or without derivatives.
        seconds: wall-clock time.

    Both are checked between batches, so a run may exceed them by one batch.

    Raises:
        MethodError: a limit that is not a number above zero.
    """

    evaluations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.evaluations is not None and self.evaluations < 1:
            raise MethodError(f"evaluations={self.evaluations}: a budget is 1 or more. Leave it out for no limit.")
        if self.seconds is not None and not (0 < self.seconds < math.inf):
            raise MethodError(f"seconds={self.seconds}: a budget is a number above 0. Leave it out for no limit.")

    def spent(self, evaluations: int, seconds: float) -> str:
        """What is spent, in words; "" while there is something left."""
        if self.evaluations is not None and evaluations >= self.evaluations:
            return f"the budget of {self.evaluations} evaluations"
        if self.seconds is not None and seconds >= self.seconds:
            return f"the budget of {self.seconds:g} seconds"
        return ""
