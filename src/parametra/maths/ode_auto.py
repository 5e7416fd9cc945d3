"""A solver that begins with an explicit method and gives what turns out to be stiff to a Rosenbrock method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra.maths.ode_compile import Origin
from parametra.maths.ode_solver import Function, Integration, Solver, Tolerance, make_explicit, make_rosenbrock

_GIVEN_UP = (1, 2)

_REMEMBERED = 20_000
"""Lanes of which it is known whether they are stiff; what is asked of them next is most often their tangents."""

_REST = 300.0
"""Steps that stability holds short up to which it is cheaper to take them than to begin again."""


def make_auto(
    slope: Function, n: int, *, patience: int = 3000, control_tangents: bool = False, origin: Origin | None = None
) -> Auto:
    """A solver for equations of which it is not known whether they are stiff.

    Arguments:
        slope, n, control_tangents, origin: as for `make_rosenbrock`.
        patience: steps of the explicit method in one lane before it is given to the other.
    """
    explicit = make_explicit(slope, n, control_tangents=control_tangents, origin=origin)
    rosenbrock = make_rosenbrock(slope, n, control_tangents=control_tangents, origin=origin)
    return Auto(explicit, rosenbrock, patience)


class Auto:
    """Two solvers of one slope: the second integrates again the lanes that the first gave up.

    Whether a lane is given up depends on that lane alone. A lane whose steps stability holds short, with many of them
    left, or with more steps than `patience`, or whose step became too small, is integrated again from its beginning.
    Tangents are only taken along by the method that is to succeed: the states alone tell first which it is.

    Arguments:
        explicit, rosenbrock: the two.
        patience: steps of the first in one lane.
    """

    def __init__(self, explicit: Solver, rosenbrock: Solver, patience: int) -> None:
        self.explicit = explicit
        self.rosenbrock = rosenbrock
        self.patience = patience
        self._stiff: dict[bytes, bool] = {}

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
        share: float = 0.0,
        most: int = 10_000,
    ) -> Integration:
        """As `Solver.integrate`; `Integration.again` tells which lanes were stiff."""
        limits = _Limits(relative, absolute, share)
        lanes = [begin, end, y, p, times]
        first = self.explicit.integrate(*lanes, **limits.of(), most=min(most, self.patience), rest=_REST)
        stiff = np.isin(first.fate, _GIVEN_UP)
        self._remember(_bits(begin, end, y, p, limits, most), stiff)
        if not stiff.any():
            return first
        return _merged(
            [
                (~stiff, _some(first, ~stiff)),
                (stiff, _second(self.rosenbrock.integrate(*_lanes(lanes, stiff), **limits.of(stiff), most=most))),
            ]
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
        share: float = 0.0,
        most: int = 10_000,
    ) -> Integration:
        """As `Solver.integrate_with_tangents`."""
        limits = _Limits(relative, absolute, share)
        lanes = [begin, end, y, p, times, y_tangents, p_tangents]
        stiff = self._told(lanes[:5], limits, most)
        parts: list[tuple[np.ndarray, Integration]] = []
        if not stiff.all():
            calm = np.flatnonzero(~stiff)
            few = {"most": min(most, self.patience), "rest": _REST}
            first = self.explicit.integrate_with_tangents(*_lanes(lanes, calm), **limits.of(calm), **few)
            # a tangent may be held short where the states at rest are not
            given_up = np.isin(first.fate, _GIVEN_UP)
            stiff[calm[given_up]] = True
            parts.append((~stiff, _some(first, ~given_up)))
        if stiff.any():
            again = self.rosenbrock.integrate_with_tangents(*_lanes(lanes, stiff), **limits.of(stiff), most=most)
            parts.append((stiff, _second(again)))
        return _merged(parts)

    def _told(self, lanes: list[np.ndarray], limits: _Limits, most: int) -> np.ndarray:
        """Which lanes are stiff: as it is known from before, or by the states alone."""
        begin, end, y, p, _ = lanes
        bits = _bits(begin, end, y, p, limits, most)
        stiff = np.array([self._stiff.get(one, False) for one in bits])
        unknown = np.array([one not in self._stiff for one in bits])
        if unknown.any():
            few: dict[str, Any] = {"most": min(most, self.patience), "rest": _REST}
            found = self.explicit.integrate(*_lanes(lanes, unknown), **limits.of(unknown), **few)
            stiff[unknown] = np.isin(found.fate, _GIVEN_UP)
            self._remember([one for one, new in zip(bits, unknown, strict=True) if new], stiff[unknown])
        return stiff

    def _remember(self, bits: list[bytes], stiff: np.ndarray) -> None:
        if len(self._stiff) > _REMEMBERED:
            self._stiff.clear()
        self._stiff.update(zip(bits, stiff.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class _Limits:
    """Tolerances, of all lanes or of some."""

    relative: float
    absolute: Tolerance
    share: float

    def of(self, which: Any = slice(None)) -> dict[str, Any]:
        """Those of some lanes, as keyword arguments."""
        own = self.absolute[:, which] if np.ndim(self.absolute) == 2 else self.absolute  # type: ignore[index]
        return {"relative": self.relative, "absolute": own, "share": self.share}


def _bits(begin: np.ndarray, end: np.ndarray, y: np.ndarray, p: np.ndarray, limits: _Limits, most: int) -> list[bytes]:
    """All that decides about each lane."""
    absolute = np.asarray(limits.absolute, dtype=float)
    absolute = absolute if absolute.ndim == 2 else np.reshape(absolute, (-1, 1))
    absolute = np.broadcast_to(absolute, (len(absolute), y.shape[1]))
    common = np.array([limits.relative, limits.share, most], dtype=float).tobytes()
    rows = np.concatenate([begin[None], end[None], y, p, absolute]).T
    return [common + row.tobytes() for row in np.ascontiguousarray(rows, dtype=float)]


def _lanes(arrays: list[np.ndarray], which: np.ndarray) -> list[np.ndarray]:
    return [one[..., which] for one in arrays]


_FIELDS = ("values", "end", "tangents", "end_tangents", "fate", "steps", "refused", "reached", "again")


def _some(found: Integration, which: np.ndarray) -> Integration:
    """Some of the lanes."""
    every: dict[str, Any] = {name: getattr(found, name) for name in _FIELDS}
    some: dict[str, Any] = {name: None if one is None else one[..., which] for name, one in every.items()}
    return Integration(**some)


def _second(found: Integration) -> Integration:
    return replace(found, again=np.ones(len(found.fate), dtype=bool))


def _merged(parts: list[tuple[np.ndarray, Integration]]) -> Integration:
    """Lanes put together again: which they are, and what became of them."""
    made: dict[str, Any] = {}
    for name in _FIELDS:
        every = [getattr(found, name) for _, found in parts]
        if every[0] is None:
            made[name] = None
            continue
        whole = np.empty((*every[0].shape[:-1], len(parts[0][0])), dtype=every[0].dtype)
        for (which, _), one in zip(parts, every, strict=True):
            whole[..., which] = one
        made[name] = whole
    return Integration(**made)
