"""A solver that begins with an explicit method and gives what turns out to be stiff to a Rosenbrock method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from parametra.maths.ode_solver import Function, Integration, Solver, Tolerance, make_explicit, make_rosenbrock

_GIVEN_UP = (1, 2)


def make_auto(slope: Function, n: int, *, patience: int = 3000, control_tangents: bool = False) -> Auto:
    """A solver for equations of which it is not known whether they are stiff.

    Arguments:
        slope, n, control_tangents: as for `make_rosenbrock`.
        patience: steps of the explicit method in one lane before it is given to the other.
    """
    explicit = make_explicit(slope, n, control_tangents=control_tangents)
    return Auto(explicit, make_rosenbrock(slope, n, control_tangents=control_tangents), patience)


class Auto:
    """Two solvers of one slope: the second integrates again the lanes that the first gave up.

    Whether a lane is given up depends on that lane alone. A lane with more steps than `patience`, or whose step became
    too small, is integrated again from its beginning.

    Arguments:
        explicit, rosenbrock: the two.
        patience: steps of the first in one lane.
    """

    def __init__(self, explicit: Solver, rosenbrock: Solver, patience: int) -> None:
        self.explicit = explicit
        self.rosenbrock = rosenbrock
        self.patience = patience

    def integrate(
        self,
        begin: np.ndarray,
        end: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        times: np.ndarray,
        *,
        relative: float = 1e-8,
        absolute: Tolerance = 1e-10,
        most: int = 10_000,
    ) -> Integration:
        """As `Solver.integrate`; `Integration.again` tells which lanes were stiff."""
        limits: dict[str, Any] = {"relative": relative, "absolute": absolute}
        first = self.explicit.integrate(begin, end, y, p, times, **limits, most=min(most, self.patience))
        return self._again(
            first,
            lambda here: self.rosenbrock.integrate(
                begin[here], end[here], y[:, here], p[:, here], times[:, here], **limits, most=most
            ),
        )

    def integrate_with_tangents(
        self,
        begin: np.ndarray,
        end: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        times: np.ndarray,
        y_tangents: np.ndarray,
        p_tangents: np.ndarray,
        *,
        relative: float = 1e-8,
        absolute: Tolerance = 1e-10,
        most: int = 10_000,
    ) -> Integration:
        """As `Solver.integrate_with_tangents`."""
        limits: dict[str, Any] = {"relative": relative, "absolute": absolute}
        first = self.explicit.integrate_with_tangents(
            begin, end, y, p, times, y_tangents, p_tangents, **limits, most=min(most, self.patience)
        )
        return self._again(
            first,
            lambda here: self.rosenbrock.integrate_with_tangents(
                begin[here],
                end[here],
                y[:, here],
                p[:, here],
                times[:, here],
                y_tangents[..., here],
                p_tangents[..., here],
                **limits,
                most=most,
            ),
        )

    def _again(self, first: Integration, integrate: Callable[[Any], Integration]) -> Integration:
        """The lanes that were given up, from the second solver."""
        again = np.isin(first.fate, _GIVEN_UP)
        if not again.any():
            return first
        second = integrate(np.flatnonzero(again))

        def merged(a: Any, b: Any) -> Any:
            if a is None:
                return None
            both = np.array(a)
            both[..., again] = b
            return both

        names = ("values", "end", "tangents", "end_tangents", "fate", "steps", "refused", "reached")
        return replace(first, again=again, **{k: merged(getattr(first, k), getattr(second, k)) for k in names})
