"""What the methods that refit ask for: a fitted problem that can be fitted to other data of the same shape."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.bootstrap_data import ReplicateData
from parametra.nouns.bootstrap_refits import Refits
from parametra.nouns.problem import Problem


@runtime_checkable
class Refitting(Protocol):
    """See `runs.refits.Refitter`, which is one. The estimate is `x`, in the coordinates of the box."""

    @property
    def problem(self) -> Problem: ...
    @property
    def x(self) -> Float[np.ndarray, " d"]: ...
    @property
    def scale(self) -> float: ...
    def named(self, x: Float[np.ndarray, " d"]) -> dict[str, Any]: ...
    def refit(self, data: ReplicateData, starts: Float[np.ndarray, "S d"] | None = None) -> Refits: ...
    def linear_changes(
        self, data: ReplicateData, x: Float[np.ndarray, " d"] | None = None
    ) -> tuple[Float[np.ndarray, "R d"], Float[np.ndarray, " R"]] | None: ...
    def residuals(self) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]: ...
    def risk(self, refits: Refits) -> tuple[float, float]: ...
