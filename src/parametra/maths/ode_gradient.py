"""The gradient of anything made of the values, by all parameters at once: the steps gone backwards.

The steps that were accepted are written down with the states where they began. Backwards, the derivative of each step
by the states and the parameters is taken in the direction of what it is worth, so that the cost does not grow with the
number of parameters. The gradient is that of the numerical solution, its steps held: the same as forward sensitivities
to rounding.

Source: Giering and Kaminski (1998), Recipes for adjoint code construction, doi:10.1145/293686.293695.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.maths.ode_compile import Compiled, compiled
from parametra.maths.ode_loop import LANES
from parametra.maths.ode_solver import BLOCKS, Integration, Solver, Tolerance, filled

Worth = np.ndarray | Callable[[np.ndarray], np.ndarray]

FORWARD_UP_TO = 40
"""Sensitivities are cheaper up to here: going back takes half as long at 20 parameters, but is compiled far longer."""


def backwards_pays(directions: int) -> bool:
    """Whether one gradient costs less than sensitivities in so many directions."""
    return directions > FORWARD_UP_TO


class Backwards:
    """Gradients of one solver's values.

    Arguments:
        solver: what integrates.
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self._kernels: dict[tuple[int, ...], Compiled] = {}

    def integrate_with_gradient(
        self,
        begin: np.ndarray,
        end: np.ndarray,
        y: np.ndarray,
        p: np.ndarray,
        times: np.ndarray,
        cotangents: Worth,
        end_cotangents: np.ndarray | None = None,
        *,
        relative: float = 1e-8,
        absolute: Tolerance = 1e-10,
        share: float = 0.0,
        most: int = 10_000,
    ) -> tuple[Integration, np.ndarray, np.ndarray]:
        """Integrate, and differentiate a function of the values.

        Arguments:
            begin, end, y, p, times, relative, absolute, share, most: as for `Solver.integrate`.
            cotangents: the derivatives of the function by the values (T, n, B), or what gives them from the values;
                where there is no value they count for nothing.
            end_cotangents: its derivatives by the states at the end (n, B).

        Returns:
            The integration; the gradient by the parameters (P, B), and by the states at begin (n, B). Both are NaN
            in lanes that failed.
        """
        limits = (relative, absolute, most)
        tolerances: dict[str, Any] = {"relative": relative, "absolute": absolute, "share": share}
        first = self.solver.integrate(begin, end, y, p, times, **tolerances, most=most)
        worth = cotangents(first.values) if callable(cotangents) else cotangents
        kept = 2 ** math.ceil(math.log2(max(64, int(first.steps.max()))))
        _, steps = self.solver.written_down(begin, end, y, p, times, *limits, kept=kept, share=share)
        ends = np.zeros(y.shape) if end_cotangents is None else end_cotangents
        by_p, by_y = self._back(steps, first.steps, end, p, times, np.where(np.isfinite(worth), worth, 0.0), ends)
        at_once = (times == begin)[:, None]
        by_y = by_y + np.sum(np.where(at_once, worth, 0.0), axis=0)
        failed = first.fate != 0
        return first, np.where(failed, np.nan, by_p), np.where(failed, np.nan, by_y)

    def _back(
        self,
        kept: np.ndarray,
        count: np.ndarray,
        end: np.ndarray,
        p: np.ndarray,
        times: np.ndarray,
        worth: np.ndarray,
        ends: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        (wanted, lanes), (n, _) = times.shape, ends.shape
        blocks = 1 if lanes <= LANES else BLOCKS
        width = blocks * LANES
        room = max(8, 2 ** math.ceil(math.log2(max(wanted, 1))))
        kernel = self._kernel(p.shape[0], room, blocks, kept.shape[1])
        usable = times <= end
        order = np.where(usable, times, -np.inf)
        found: list[list[np.ndarray]] = []
        for first in range(0, lanes, width):
            here = slice(first, first + width)
            used = min(width, lanes - first)
            when, value = np.full((width, room + 1), -np.inf), np.zeros((width, room + 1, n))
            # one place is left before the first time, for lanes that have none left
            when[:used, 1 : wanted + 1] = order[:, here].T
            value[:used, 1 : wanted + 1] = worth[:, :, here].transpose(2, 0, 1)
            number = np.zeros(width, dtype=np.int64)
            number[:used] = count[here]
            rows = np.zeros((width, *kept.shape[1:]))
            rows[:used] = kept[here]
            last = np.zeros(width, dtype=np.int64)
            last[:used] = usable[:, here].sum(axis=0)
            arguments = (rows, number, filled(p[:, here], width), when, value, last, filled(ends[:, here], width))
            made = kernel(np.int64(-(-used // LANES)), *arguments)
            found.append([one[:used] for one in made])
        by_p, by_y = (np.concatenate(part).T for part in zip(*found, strict=True))
        return by_p, by_y

    def _kernel(self, parameters: int, room: int, blocks: int, kept: int) -> Compiled:
        key = (parameters, room, blocks, kept)
        if key not in self._kernels:
            n, width = self.solver.states, blocks * LANES
            shapes = [(), (width, kept, n + 2), (width,), (parameters, width), (width, room + 1)]
            shapes += [(width, room + 1, n), (width,), (n, width)]
            kinds = [np.int64, np.float64, np.int64, *[np.float64] * 3, np.int64, np.float64]
            origin = self.solver.origin and self.solver.origin.of("backwards")
            make = lambda: self._blocks(parameters, width)  # noqa: E731
            self._kernels[key] = compiled(make, *zip(shapes, kinds, strict=True), origin=origin)
        return self._kernels[key]

    def _blocks(self, parameters: int, width: int) -> Callable[..., Any]:
        """One block of lanes after the other, each from its last step to its first."""
        import jax
        import jax.numpy as jnp

        slope = self.solver.slope_for(parameters)
        step, n, lanes = self.solver.step_for(parameters), slope.states, jnp.arange(LANES)

        def part(state: Any, p: Any, t: Any, h: Any) -> tuple[Any, list[Any]]:
            known = slope.prepared(p)
            trial = step(t, state, h, p, known, None, step.begun(t, state, p, known, None))
            return trial.ends, trial.parts()[0]

        def block(rows: Any, number: Any, p: Any, when: Any, value: Any, last: Any, ends: Any) -> tuple[Any, Any]:
            def gone(carry: tuple[Any, ...]) -> Any:
                return jnp.any(carry[0] < number)

            def back(carry: tuple[Any, ...]) -> tuple[Any, ...]:
                done, at, worth, by_p = carry
                place = number - 1 - done
                active = place >= 0
                row = rows[lanes, jnp.maximum(place, 0)].T
                t, h, y = row[0], jnp.where(active, row[1], 1.0), row[2:]
                (_, parts), back_through = jax.vjp(lambda y, p: part(y, p, t, h), y, p)
                counts = [jnp.zeros_like(one) for one in parts]

                def due(inner: tuple[Any, Any]) -> Any:
                    return jnp.any(active & (when[lanes, inner[0]] > t))

                def take(inner: tuple[Any, Any]) -> tuple[Any, Any]:
                    at, counts = inner
                    time = when[lanes, at]
                    now = active & (time > t)
                    shares = step.shares(jnp.where(now, (time - t) / h, 0.0))
                    of = jnp.where(now, value[lanes, at].T, 0.0)
                    return jnp.where(now, at - 1, at), [c + s * of for c, s in zip(counts, shares, strict=True)]

                at, counts = jax.lax.while_loop(due, take, (at, counts))
                by_y, by_p_here = back_through((jnp.where(active, worth, 0.0), counts))
                worth = jnp.where(active, by_y, worth)
                return done + 1, at, worth, by_p + jnp.where(active, by_p_here, 0.0)

            start = (jnp.zeros((), dtype=int), last, ends, jnp.zeros((parameters, LANES)))
            _, _, worth, by_p = jax.lax.while_loop(gone, back, start)
            return by_p, worth

        def whole(
            count: Any, rows: Any, number: Any, p: Any, when: Any, value: Any, last: Any, ends: Any
        ) -> tuple[Any, Any]:
            def one(k: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
                first = lambda a: jax.lax.dynamic_slice_in_dim(a, k * LANES, LANES, 0)  # noqa: E731
                lane = lambda a: jax.lax.dynamic_slice_in_dim(a, k * LANES, LANES, 1)  # noqa: E731
                made = block(first(rows), first(number), lane(p), first(when), first(value), first(last), lane(ends))
                put = jax.lax.dynamic_update_slice_in_dim
                return put(carry[0], made[0].T, k * LANES, 0), put(carry[1], made[1].T, k * LANES, 0)

            return jax.lax.fori_loop(0, count, one, (jnp.zeros((width, parameters)), jnp.zeros((width, n))))

        return whole
