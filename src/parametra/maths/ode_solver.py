"""Solvers of ordinary differential equations for many lanes at once: each with its own parameters, times and steps.

    slope(t, y, p) -> dy      t (B,), y (n, B), p (P, B) -> (n, B), traceable by JAX, each lane by itself

A call integrates one smooth segment from begin to end. A lane that cannot be integrated has a fate that tells why, and
the others go on. No lane's numbers depend on the lanes beside it, on their number or on their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths import ode_loop, ode_tableaus
from parametra.maths.ode_compile import Compiled, Origin, compiled
from parametra.maths.ode_explicit import ExplicitStep
from parametra.maths.ode_rosenbrock import RosenbrockStep
from parametra.maths.ode_slope import Slope, slope_of

Function = Callable[[Any, Any, Any], Any]
Tolerance = float | np.ndarray

ODE_FATES = {
    0: "",
    1: "more steps than allowed",
    2: "the step became too small (a blow-up or a singularity)",
    3: "not a number",
}
"""What became of a lane, by `Integration.fate`; `Integration.reached` tells when it was."""

BLOCKS = 16
"""Blocks of lanes in one call of a compiled kernel."""

_MOST_NUMBERS = 2**17
"""Results of one call; beyond, a call has one block, because making room for them takes longer than calling again."""


@dataclass(frozen=True)
class Integration:
    """What an integration came to.

    Arguments:
        values: the states at the wanted times (T, n, B); NaN where there is none.
        end: the states at the end (n, B); of a lane that failed, where it got to.
        tangents, end_tangents: the derivatives in the directions asked for, (T, n, Q, B) and (n, Q, B); or None.
        fate: (B,), what became of each lane; see `ODE_FATES`.
        steps, refused: (B,), the steps that were taken, and those that were tried in vain.
        reached: (B,), the time up to which each lane was integrated.
        again: (B,), lanes that the explicit method gave up and the Rosenbrock method integrated.
    """

    values: np.ndarray
    end: np.ndarray
    tangents: np.ndarray | None
    end_tangents: np.ndarray | None
    fate: np.ndarray
    steps: np.ndarray
    refused: np.ndarray
    reached: np.ndarray
    again: np.ndarray


def make_rosenbrock(
    slope: Function, n: int, *, method: str = "rodas5p", control_tangents: bool = False, origin: Origin | None = None
) -> Solver:
    """A solver for stiff equations.

    Good for chemical kinetics and whatever has fast and slow parts. Prefer `make_explicit` where nothing is fast.

    Arguments:
        slope: of t (B,), y (n, B), p (P, B), giving (n, B).
        n: states.
        method: "rodas5p" or "rodas4".
        control_tangents: whether the error of tangents counts for the size of steps, too.
        origin: what the slope is, for kernels on disk; None where they are not kept.
    """
    table = {"rodas5p": ode_tableaus.RODAS5P, "rodas4": ode_tableaus.RODAS4}[method]
    origin = origin and origin.of(method)
    return Solver(slope, n, lambda one: RosenbrockStep(table, one), control_tangents, origin)


def make_explicit(
    slope: Function, n: int, *, method: str = "tsit5", control_tangents: bool = False, origin: Origin | None = None
) -> Solver:
    """A solver for equations that are not stiff.

    Good for orbits, ecology and oscillators. Prefer `make_rosenbrock` where parts are much faster than the rest.

    Arguments:
        slope, n, control_tangents, origin: as for `make_rosenbrock`.
        method: "tsit5", or "dop853" for tolerances below 1e-9.
    """
    table = {"tsit5": ode_tableaus.TSIT5, "dop853": ode_tableaus.DOP853}[method]
    origin = origin and origin.of(method)
    return Solver(slope, n, lambda one: ExplicitStep(table, one), control_tangents, origin)


class Solver:
    """A method for one slope; kernels are compiled when they are first needed, and kept.

    Arguments:
        slope, n: what is integrated.
        step: one step of the method, of a slope that can be differentiated.
        control_tangents: whether the error of tangents counts.
        origin: of slope and method, for kernels on disk.
    """

    def __init__(
        self,
        slope: Function,
        n: int,
        step: Callable[[Slope], Any],
        control_tangents: bool,
        origin: Origin | None = None,
    ) -> None:
        self.slope = slope
        self.states = n
        self.origin = origin
        self._step = step
        self._control = control_tangents
        self._slopes: dict[int, Slope] = {}
        self._kernels: dict[tuple[int, ...], Compiled] = {}

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
        rest: float = math.inf,
    ) -> Integration:
        """Integrate each lane from begin to end.

        Arguments:
            begin, end: (B,), begin <= end.
            y, p: the states (n, B) at begin, the parameters (P, B).
            times: (T, B), sorted in each lane, infinity where there is none.
            relative, absolute: tolerances of a step's error; the absolute one for all states, (n,), or (n, B).
            share: this share of the largest that a state has been so far is tolerated where it is above the absolute
                tolerance, so that the unit of a state does not matter.
            most: steps at most, those refused included.
            rest: a lane of an explicit method whose steps stability, and not accuracy, has held short is given up, as
                one with too many steps, where so many of them are left.
        """
        return self._run(begin, end, y, p, times, relative, absolute, most, None, None, share=share, rest=rest)[0]

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
        rest: float = math.inf,
    ) -> Integration:
        """Integrate, and differentiate the numerical solution, its steps held, in Q directions.

        Arguments:
            y_tangents, p_tangents: the directions, (n, Q, B) of the states at begin and (P, Q, B).
        """
        return self._run(
            begin, end, y, p, times, relative, absolute, most, y_tangents, p_tangents, share=share, rest=rest
        )[0]

    def _run(
        self,
        begin: np.ndarray,
        end: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        times: np.ndarray,
        relative: float,
        absolute: Tolerance,
        most: int,
        dy: np.ndarray | None,
        dp: np.ndarray | None,
        kept: int = 0,
        share: float = 0.0,
        rest: float = math.inf,
    ) -> tuple[Integration, np.ndarray]:
        n, lanes, count, wanted = y.shape[0], y.shape[1], p.shape[0], times.shape[0]
        directions = 0 if dy is None else dy.shape[1]
        room = _room(wanted)
        numbers = ode_loop.LANES * ((room + 1) * n * (1 + directions) + (kept + 1) * (n + 2))
        blocks = BLOCKS if BLOCKS * numbers <= _MOST_NUMBERS else 1
        kernel = self._kernel(count, directions, room, blocks, kept)
        width = blocks * ode_loop.LANES
        limits = np.asarray(absolute, dtype=float)
        limits = np.broadcast_to(limits if limits.ndim == 2 else np.reshape(limits, (-1, 1)), (n, lanes))
        parts: list[list[np.ndarray]] = []
        for first in range(0, lanes, width):
            here = slice(first, first + width)
            used = min(width, lanes - first)
            part = lambda a: filled(a[..., here], width)  # noqa: B023, E731
            full = np.full((width, room + 1), np.inf)
            full[:used, :wanted] = times[:, here].T
            d0 = np.zeros((n, directions, width)) if dy is None else part(dy)
            d1 = np.zeros((count, directions, width)) if dp is None else part(dp)
            start = part(begin)
            stop = part(end)
            stop[used:] = start[used:]
            needed = -(-used // ode_loop.LANES)
            made = kernel(
                np.int64(needed), start, stop, part(y), part(p), full,
                np.float64(relative), part(limits), np.float64(share), np.int64(most), np.float64(rest), d0, d1,
            )  # fmt: skip
            parts.append([one[:used] for one in made])
        joined = [np.concatenate(each) for each in zip(*parts, strict=True)] if len(parts) > 1 else parts[0]
        return self._told(joined, begin, y, times, dy, directions), joined[-1]

    def _told(
        self,
        made: list[np.ndarray],
        begin: np.ndarray,
        y: np.ndarray,
        times: np.ndarray,
        dy: np.ndarray | None,
        directions: int,
    ) -> Integration:
        out, end, moved, fate, steps, refused, reached, _ = made
        n, wanted, lanes = self.states, times.shape[0], times.shape[1]
        values = out[:, :wanted, :n].transpose(1, 2, 0)
        tangents = out[:, :wanted, n:].reshape(lanes, wanted, n, directions) if directions else None
        tangents = None if tangents is None else tangents.transpose(1, 2, 3, 0)
        at_once = times == begin
        if at_once.any():
            values = np.where(at_once[:, None], y, values)
            if tangents is not None and dy is not None:
                tangents = np.where(at_once[:, None, None], dy, tangents)
        ends = moved.reshape(lanes, n, directions).transpose(1, 2, 0) if directions else None
        return Integration(values, end.T, tangents, ends, fate, steps, refused, reached, np.zeros(lanes, dtype=bool))

    def written_down(
        self,
        begin: np.ndarray,
        end: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        times: np.ndarray,
        relative: float,
        absolute: Tolerance,
        most: int,
        *,
        kept: int,
        share: float = 0.0,
    ) -> tuple[Integration, np.ndarray]:
        """Integrate and write down the first `kept` accepted steps: (B, kept + 1, 2 + n), time, length, states."""
        return self._run(begin, end, y, p, times, relative, absolute, most, None, None, kept, share)

    def step_for(self, parameters: int) -> Any:
        """One step of the method."""
        return self._step(self.slope_for(parameters))

    def slope_for(self, parameters: int) -> Slope:
        """The slope, of so many parameters, as it is differentiated."""
        if parameters not in self._slopes:
            self._slopes[parameters] = slope_of(self.slope, self.states, parameters)
        return self._slopes[parameters]

    def _kernel(self, parameters: int, directions: int, room: int, blocks: int, kept: int = 0) -> Compiled:
        key = (parameters, directions, room, blocks, kept)
        if key not in self._kernels:
            n, P, Q, width = self.states, parameters, directions, blocks * ode_loop.LANES
            shapes = [(), (width,), (width,), (n, width), (P, width), (width, room + 1), (), (n, width), (), (), ()]
            shapes += [(n, Q, width), (P, Q, width)]
            kinds = [np.int64, *[np.float64] * 8, np.int64, *[np.float64] * 3]

            def make() -> Function:
                slope = self.slope_for(parameters)
                block = ode_loop.Block(self._step(slope), slope, directions, room, self._control, kept)
                return _blocks(block, blocks)

            origin = self.origin and self.origin.of("steps of own size", self._control, kept, ode_loop.LANES)
            self._kernels[key] = compiled(make, *zip(shapes, kinds, strict=True), origin=origin)
        return self._kernels[key]


def _room(wanted: int) -> int:
    """Places for values: few different numbers, because each is compiled anew."""
    room = 16
    while room < wanted:
        room *= 4
    return room


def filled(array: np.ndarray, width: int) -> np.ndarray:
    """The array with its last axis brought to a width, by its first lane again."""
    missing = width - array.shape[-1]
    array = np.asarray(array, dtype=np.float64)
    return np.concatenate([array, np.repeat(array[..., :1], missing, axis=-1)], axis=-1) if missing else array.copy()


def _blocks(block: ode_loop.Block, blocks: int) -> Callable[..., Any]:
    """One block of lanes after the other; arrays of results have the lanes first."""
    import jax
    import jax.numpy as jnp

    L, width, n, directions = ode_loop.LANES, blocks * ode_loop.LANES, block.slope.states, block.directions

    def whole(
        count: Any,
        begin: Any,
        end: Any,
        y: Any,
        p: Any,
        times: Any,
        relative: Any,
        absolute: Any,
        share: Any,
        most: Any,
        rest: Any,
        dy: Any,
        dp: Any,
    ) -> tuple[Any, ...]:
        def one(k: Any, carry: tuple[Any, ...]) -> tuple[Any, ...]:
            lanes = lambda a: jax.lax.dynamic_slice_in_dim(a, k * L, L, a.ndim - 1)  # noqa: E731
            here, known = lanes(p), block.slope.prepared(lanes(p))
            rows = jax.lax.dynamic_slice_in_dim(times, k * L, L, 0)
            limits = (relative, lanes(absolute), share, most, rest, known)
            segment = ode_loop.Segment(lanes(begin), lanes(end), here, lanes(dp), rows, *limits)
            made = block.run(segment, lanes(y), lanes(dy))
            moved = made["dy"].reshape(n * directions, L).T
            results = (made["out"], made["y"].T, moved, made["fate"], made["steps"], made["refused"], made["t"])
            put = jax.lax.dynamic_update_slice_in_dim
            every = zip(carry, (*results, made["written"]), strict=True)
            return tuple(put(a, b.astype(a.dtype), k * L, 0) for a, b in every)

        empty = (
            jnp.zeros((width, block.wanted + 1, n * (1 + directions))),
            jnp.zeros((width, n)),
            jnp.zeros((width, n * directions)),
            *(jnp.zeros(width, dtype=int) for _ in range(3)),
            jnp.zeros(width),
            jnp.zeros((width, block.kept + 1 if block.kept else 0, n + 2)),
        )
        return jax.lax.fori_loop(0, count, one, empty)

    return whole
