"""The batched solvers of `maths`, compiled once for a slope and used by every ODE that has the same."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import numpy as np

from parametra.maths.ode_compile import Origin
from parametra.nouns._ode_slopes import Slopes
from parametra.nouns._ode_solver import Integrated, Segment, Tolerances
from parametra.nouns.content_digest import Unknown, digest_of, surroundings

_TIGHT = 1e-9
"""Relative tolerance below which the explicit method of order 8 takes fewer evaluations than that of order 5."""


class Batched:
    """Integrates lanes side by side.

    Arguments:
        slopes: what is integrated, which JAX must be able to trace.
        tolerances: how accurately.
        kind: "auto", "explicit" or "rosenbrock".
    """

    def __init__(self, slopes: Slopes, tolerances: Tolerances, kind: str) -> None:
        self.name = kind
        self.tolerances = tolerances
        order = "high" if kind == "explicit" and tolerances.relative < _TIGHT else ""
        self.keyed = _keyed(slopes)
        self.solver = _solver(self.keyed, kind, order)

    def integrate(self, segment: Segment) -> Integrated:
        """As `Solver.integrate`."""
        s, limits = segment, self.tolerances.limits(segment)
        if s.dy is None or s.dp is None:
            found = self.solver.integrate(s.begin, s.end, s.y, s.p, s.times, **limits)
        else:
            found = self.solver.integrate_with_tangents(s.begin, s.end, s.y, s.p, s.times, s.dy, s.dp, **limits)
        return Integrated(
            found.values, found.end, found.tangents, found.end_tangents, np.asarray(found.fate, dtype=int)
        )

    def settle(self, segment: Segment) -> Integrated:
        """As `Solver.settle`."""
        s = segment
        steady = _solver(self.keyed, "steady", "")
        found = steady.settle(s.begin, s.y, s.p, s.dy, s.dp, **self.tolerances.limits(s))
        blank = np.zeros((0, *s.y.shape))
        return Integrated(blank, found.values, None, found.tangents, np.asarray(found.fate, dtype=int))


class _Keyed:
    """Slopes that are equal to others with the same key."""

    def __init__(self, slopes: Slopes) -> None:
        try:
            statement = digest_of(slopes.key)
        except Unknown:  # a function that may depend on anything is itself alone, and known by what is traced
            statement = ""
        self.slopes, self.origin = slopes, Origin(surroundings(), statement)
        self.key: Hashable = statement or slopes.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=256)
def _keyed(slopes: Slopes) -> _Keyed:
    return _Keyed(slopes)


@lru_cache(maxsize=64)
def _solver(keyed: _Keyed, kind: str, order: str) -> Any:
    from parametra.maths import ode_auto, ode_solver, ode_steady

    traced, n, origin = keyed.slopes.traced, keyed.slopes.n, keyed.origin
    if kind == "steady":
        return ode_steady.make_steady(traced, n, origin=origin)
    if kind == "rosenbrock":
        return ode_solver.make_rosenbrock(traced, n, origin=origin)
    if kind == "explicit":
        return ode_solver.make_explicit(traced, n, method="dop853" if order else "tsit5", origin=origin)
    return ode_auto.make_auto(traced, n, origin=origin)
