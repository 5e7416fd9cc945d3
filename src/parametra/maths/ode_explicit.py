"""One step of an explicit Runge-Kutta method, with the derivatives of its result by whatever moves."""

from __future__ import annotations

from typing import Any

from parametra.maths.ode_slope import Point, Slope
from parametra.maths.ode_step import Trial, each_direction, mixed, square
from parametra.maths.ode_tableaus import Explicit


class ExplicitStep:
    """An explicit method for one slope.

    Arguments:
        method: its coefficients.
        slope: what is integrated.
    """

    def __init__(self, method: Explicit, slope: Slope) -> None:
        self.method = method
        self.slope = slope
        self.order = method.order
        self.stable = method.stable

    def begun(self, t: Any, y: Any, p: Any, known: Any, moved: Any) -> tuple[Any, ...]:
        """The slope where a step begins, and how it moves: the step before has computed it."""
        here = self.slope.at(t, y, p, known)
        return (here.slope(), self._along(here, *moved)) if moved else (here.slope(),)

    def __call__(self, t: Any, y: Any, h: Any, p: Any, known: Any, moved: Any, left: tuple[Any, ...]) -> Trial:
        """One step of size h (L,); the arguments are those of every method."""
        import jax.numpy as jnp

        m, stages = self.method, len(self.method.nodes)
        every = stages + len(m.further)
        k = jnp.zeros((every, y.size)).at[0].set(left[0].reshape(-1))
        dk = jnp.zeros((every, moved[0].size)).at[0].set(left[1].reshape(-1)) if moved else ()
        k, dk = self._stages(1, stages, t, y, h, p, known, moved, k, dk)
        result = jnp.asarray(square([*m.a, *m.further])[stages - 1])
        ends = y + h * mixed(result, k, y.shape)
        dends = moved[0] + h * mixed(result, dk, moved[0].shape) if moved else None
        weights = [jnp.asarray([*row, *[0.0] * (every - len(row))]) for row in m.error]
        error = h * mixed(weights[0], k, y.shape)
        second = h * mixed(weights[1], k, y.shape) if len(weights) > 1 else None
        derror = h * mixed(weights[0], dk, moved[0].shape) if moved else None

        def parts() -> tuple[list[Any], list[Any]]:
            of, dof = self._stages(stages, every, t, y, h, p, known, moved, k, dk)
            return self._parts(h, y, ends, of), self._parts(h, moved[0], dends, dof) if moved else []

        after = (k[stages - 1].reshape(y.shape),)
        # the last stage and the one before belong to the same time
        before = jnp.asarray(square([*m.a, *m.further])[stages - 2])
        apart = self._apart(k, h * mixed(result - before, k, y.shape))
        moved_apart = self._apart(dk, h * mixed(result - before, dk, moved[0].shape)) if moved else None
        after = (*after, dk[stages - 1].reshape(moved[0].shape)) if moved else after
        return Trial(ends, dends, error, second, derror, True, after, parts, apart, moved_apart)

    def _apart(self, k: Any, states: Any) -> tuple[Any, Any]:
        """The last two slopes less one another, and the states that they belong to."""
        last = len(self.method.nodes) - 1
        return (k[last] - k[last - 1]).reshape(states.shape), states

    def _along(self, point: Point, dy: Any, dp: Any) -> Any:
        return each_direction(point.along(), self.slope.states, self.slope.together, dy, dp)

    def _stages(
        self, first: int, last: int, t: Any, y: Any, h: Any, p: Any, known: Any, moved: Any, k: Any, dk: Any
    ) -> tuple[Any, Any]:
        """Stages from the first to before the last."""
        import jax
        import jax.numpy as jnp

        m = self.method
        a, nodes = jnp.asarray(square([*m.a, *m.further])), jnp.asarray([*m.nodes, *m.further_nodes])

        def stage(i: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            k, dk = carry
            point = self.slope.at(t + nodes[i] * h, y + h * mixed(a[i], k, y.shape), p, known)
            k = jax.lax.dynamic_update_index_in_dim(k, point.slope().reshape(-1), i, 0)
            if moved:
                at = moved[0] + h * mixed(a[i], dk, moved[0].shape)
                one = self._along(point, at, moved[1])
                dk = jax.lax.dynamic_update_index_in_dim(dk, one.reshape(-1), i, 0)
            return k, dk

        return jax.lax.fori_loop(first, last, stage, (k, dk)) if last > first else (k, dk)

    def shares(self, x: Any) -> list[Any]:
        """What each part counts at the share x of the step: powers of x, or of x and 1 - x by turns."""
        import jax.numpy as jnp

        found, further = [jnp.ones_like(x)], bool(self.method.further)
        for i in range(len(self.method.dense) + 3 * further):
            found.append(found[-1] * (1.0 - x if further and i % 2 else x))
        return found

    def _parts(self, h: Any, begins: Any, ends: Any, k: Any) -> list[Any]:
        import jax.numpy as jnp

        m, every = self.method, k.shape[0]
        rows = [h * mixed(jnp.asarray([*row, *[0.0] * (every - len(row))]), k, begins.shape) for row in m.dense]
        if not m.further:
            return [begins, *rows]
        rise = ends - begins
        first, last = k[0].reshape(begins.shape), k[len(m.nodes) - 1].reshape(begins.shape)
        return [begins, rise, h * first - rise, 2.0 * rise - h * (last + first), *rows]
