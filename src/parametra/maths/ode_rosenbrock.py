"""One step of a Rosenbrock method, with the derivatives of its result by whatever moves.

A stage solves W u = b with the same W = I / gamma - h J for all of them. Its derivative in a direction solves
W du = db + h dJ u with the same factors; the factorisation itself is never differentiated. Stages are a loop, not
written out: a function of machine code that is eight times shorter is compiled in far less than an eighth of the time.
"""

from __future__ import annotations

import math
from typing import Any

from parametra.maths.ode_linear import MOST_OPERATIONS, Dense, Factors, Sparse, order_of
from parametra.maths.ode_slope import Point, Slope
from parametra.maths.ode_step import Trial, each_direction, mixed, square
from parametra.maths.ode_tableaus import Rosenbrock


class RosenbrockStep:
    """A Rosenbrock method for one slope.

    Arguments:
        method: its coefficients.
        slope: what is integrated.
    """

    def __init__(self, method: Rosenbrock, slope: Slope) -> None:
        self.method = method
        self.slope = slope
        self.order = method.order
        self.stable = math.inf
        self._order: list[int] | None = None
        places = getattr(slope, "places", None)
        if places is not None:
            order, operations = order_of(set(places), slope.states)
            self._order = order if operations <= MOST_OPERATIONS else None

    def begun(self, t: Any, y: Any, p: Any, known: Any, moved: Any) -> tuple[Any, ...]:
        """What one step leaves for the next: nothing."""
        del t, y, p, known, moved
        return ()

    def __call__(self, t: Any, y: Any, h: Any, p: Any, known: Any, moved: Any, left: tuple[Any, ...]) -> Trial:
        """One step of size h (L,).

        Arguments:
            moved: dy (n, Q, L) and dp (P, Q, L), or None.
            left: what the step before has left.
        """
        import jax
        import jax.numpy as jnp

        del left
        m, here = self.method, self.slope.at(t, y, p, known)
        stages = len(m.nodes)
        a, c = jnp.asarray(square(m.a)), jnp.asarray(square(m.c))
        nodes, weights = jnp.asarray(m.nodes), jnp.asarray(m.time)
        factors, by_time = self._factors(here, h), here.by_time()
        n, places = self.slope.states, len(getattr(self.slope, "bending", ()))
        together = self.slope.together and isinstance(factors, Sparse)
        bend = each_direction(here.bend(), places, together, *moved) if moved else None
        timely = moved and by_time is not None
        time_bent = each_direction(here.by_time_along(), n, together, *moved) if timely else None

        def stage(i: Any, carry: tuple[Any, ...]) -> tuple[Any, ...]:
            u, du, _ = carry
            at = y + mixed(a[i], u, y.shape)
            point = self.slope.at(t + nodes[i] * h, at, p, known)
            b = h * point.slope() + mixed(c[i], u, y.shape)
            if by_time is not None:
                b = b + (weights[i] * h * h) * by_time
            one = factors.solve(b)
            u = jax.lax.dynamic_update_index_in_dim(u, one.reshape(-1), i, 0)
            if bend is not None:
                shape, along = moved[0].shape, point.along()
                rest = mixed(c[i], du, shape)
                rest = rest if time_bent is None else rest + (weights[i] * h * h) * time_bent

                def solved(dat: Any, dy: Any, dp: Any, bend: Any, rest: Any) -> Any:
                    return factors.solve(h * (along(dat, dp) + here.bent(bend, one, dy, dp)) + rest)

                made = each_direction(solved, n, together, moved[0] + mixed(a[i], du, shape), *moved, bend, rest)
                du = jax.lax.dynamic_update_index_in_dim(du, made.reshape(-1), i, 0)
            return u, du, b

        du = jnp.zeros((stages, moved[0].size)) if moved else ()
        u, du, b = jax.lax.fori_loop(0, stages, stage, (jnp.zeros((stages, y.size)), du, y))
        whole = jnp.asarray((*m.a[-1], 1.0))
        error = u[-1].reshape(y.shape)
        ends = y + mixed(whole, u, y.shape)
        dends = moved[0] + mixed(whole, du, moved[0].shape) if moved else None
        derror = du[-1].reshape(moved[0].shape) if moved else None

        def parts() -> tuple[list[Any], list[Any]]:
            return self._parts(y, ends, u), self._parts(moved[0], dends, du) if moved else []

        return Trial(ends, dends, error, None, derror, factors.trusted(error, b), (), parts)

    def shares(self, x: Any) -> list[Any]:
        """What each part counts at the share x of the step."""
        rest, found = 1.0 - x, [1.0 - x, x]
        for _ in self.method.dense:
            found.append(found[-1] * (rest if len(found) == 2 else x))
        return found

    def _parts(self, begins: Any, ends: Any, u: Any) -> list[Any]:
        import jax.numpy as jnp

        return [begins, ends, *(mixed(jnp.asarray(row), u, begins.shape) for row in self.method.dense)]

    def _factors(self, here: Point, h: Any) -> Factors:
        import jax.numpy as jnp

        n, diagonal, J = self.slope.states, 1.0 / self.method.gamma, here.jacobian()
        if not isinstance(J, dict):
            return Dense(diagonal * jnp.eye(n)[:, :, None] - h * J)
        W: dict[tuple[int, int], Any] = {}
        for i, j in sorted({*J, *((k, k) for k in range(n))}):
            if (i, j) in J:
                W[i, j] = diagonal - h * J[i, j] if i == j else -(h * J[i, j])
            else:
                W[i, j] = jnp.full(h.shape, diagonal)
        if self._order is not None:
            return Sparse(W, self._order)
        zero = jnp.zeros(h.shape)
        return Dense(jnp.stack([jnp.stack([W.get((i, j), zero) for j in range(n)]) for i in range(n)]))
