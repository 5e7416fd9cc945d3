"""A slope with its derivatives, for lanes side by side: read number by number where that is possible, else by JAX.

Shapes: time t (L,), states y (n, L), parameters p (P, L); one direction dy (n, L), dp (P, L).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from parametra.maths.ode_graph import Graph, Node, NotReadable, computed, ordered, read

MOST_NUMBERS = 4000
"""Operations of a slope and its Jacobian up to which they are written out one by one: compiling takes longer beyond."""

MOST_TOGETHER = 64
"""Terms of the change of a slope up to which all directions are computed at once: the code of a loop is shorter."""

Entries = dict[tuple[int, int], Any]
Direction = Callable[[Any, Any], Any]
"""From a direction dy, dp to a change."""


@runtime_checkable
class Point(Protocol):
    """A slope at one point of each lane."""

    def slope(self) -> Any:
        """The slope (n, L)."""
        ...

    def by_time(self) -> Any:
        """df/dt (n, L); None where the slope does not depend on time."""
        ...

    def jacobian(self) -> Any:
        """df/dy: its entries (L,) by place, or all of them (n, n, L)."""
        ...

    def along(self) -> Direction:
        """The change of f (n, L)."""
        ...

    def by_time_along(self) -> Direction:
        """The change of df/dt (n, L)."""
        ...

    def bend(self) -> Direction:
        """The changes (m, L) of the entries of the Jacobian that change; none where `bent` does without."""
        ...

    def bent(self, bend: Any, u: Any, dy: Any, dp: Any) -> Any:
        """The change of J u (n, L) in the direction, u held."""
        ...


@runtime_checkable
class Slope(Protocol):
    """A slope."""

    states: int
    parameters: int
    sparse: bool
    together: bool

    def prepared(self, p: Any) -> Any:
        """What depends on the parameters alone, computed once."""
        ...

    def at(self, t: Any, y: Any, p: Any, known: Any) -> Point:
        """The slope at a point."""
        ...


def slope_of(function: Callable[[Any, Any, Any], Any], states: int, parameters: int) -> Slope:
    """The slope in the form that suits it."""
    import jax

    with jax.enable_x64(True):
        try:
            graph, nodes = read(function, states, parameters)
        except NotReadable:
            return Whole(function, states, parameters)
        written = Written(graph, nodes, states, parameters)
    many = len(ordered([*nodes, *written.places.values()]))
    return Whole(function, states, parameters) if many > MOST_NUMBERS else written


class Written:
    """A slope as numbers."""

    sparse = True

    def __init__(self, graph: Graph, nodes: list[Node], states: int, parameters: int) -> None:
        self.graph = graph
        self.nodes = nodes
        self.states = states
        self.parameters = parameters
        self.places = self._by_states(nodes)
        self.by_time = [graph.slopes(one).get(0, graph.zero) for one in nodes]
        changing = range(1, 1 + states + parameters)
        self.bending = {
            place: one for place, one in self.places.items() if any(k in graph.slopes(one) for k in changing)
        }
        terms = sum(k > 0 for node in [*nodes, *self.bending.values()] for k in graph.slopes(node))
        self.together = terms <= MOST_TOGETHER
        self.moves_with_time = not all(one.is_number(0.0) for one in self.by_time)

    def _by_states(self, nodes: list[Node]) -> dict[tuple[int, int], Node]:
        slopes = [self.graph.slopes(one) for one in nodes]
        n = self.states
        return {(i, k - 1): one for i, by in enumerate(slopes) for k, one in sorted(by.items()) if 1 <= k <= n}

    def prepared(self, p: Any) -> dict[Node, Any]:
        first = 1 + self.states
        still = {one for i, one in enumerate(self.graph.inputs) if i >= first}
        # a dict, and no set: the same slope is written in the same order in every process
        inner: dict[Node, None] = {}
        for one in ordered([*self.nodes, *self.places.values()]):
            if one in still or one.value is not None or (one.arguments and all(a in inner for a in one.arguments)):
                inner[one] = None
        wanted = [one for one in inner if one.arguments]
        inputs = [None] * first + list(p)
        known: dict[Node, Any] = {}
        computed(wanted, inputs, known) if wanted else None
        return known

    def at(self, t: Any, y: Any, p: Any, known: dict[Node, Any]) -> WrittenPoint:
        return WrittenPoint(self, [t, *y, *p], dict(known))


class WrittenPoint:
    """A slope as numbers, at a point."""

    def __init__(self, slope: Written, inputs: list[Any], known: dict[Node, Any]) -> None:
        self._slope = slope
        self._inputs = inputs
        self._known = known

    def _values(self, nodes: list[Node]) -> list[Any]:
        return computed(nodes, self._inputs, self._known)

    def slope(self) -> Any:
        import jax.numpy as jnp

        return jnp.stack(self._values(self._slope.nodes))

    def by_time(self) -> Any:
        import jax.numpy as jnp

        return jnp.stack(self._values(self._slope.by_time)) if self._slope.moves_with_time else None

    def jacobian(self) -> Entries:
        places = self._slope.places
        return dict(zip(places, self._values(list(places.values())), strict=True))

    def along(self) -> Direction:
        return self._changes(self._slope.nodes)

    def by_time_along(self) -> Direction:
        return self._changes(self._slope.by_time)

    def bend(self) -> Direction:
        return self._changes(list(self._slope.bending.values()))

    def bent(self, bend: Any, u: Any, dy: Any, dp: Any) -> Any:
        import jax.numpy as jnp

        del dp
        rows: list[Any] = [None] * self._slope.states
        for entry, (i, j) in zip(bend, self._slope.bending, strict=True):
            term = entry * u[j]
            rows[i] = term if rows[i] is None else rows[i] + term
        return jnp.stack([jnp.zeros(dy.shape[1:]) if one is None else one for one in rows])

    def _changes(self, nodes: list[Node]) -> Direction:
        """The changes (m, L) of numbers; their slopes are computed here, and not once a direction."""
        import jax.numpy as jnp

        n, slopes = self._slope.states, self._slope.graph.slopes
        by = [[(k, one) for k, one in sorted(slopes(node).items()) if k] for node in nodes]
        wanted = [one for row in by for _, one in row if one.value is None]
        found = dict(zip(wanted, self._values(wanted), strict=True))

        def change(dy: Any, dp: Any) -> Any:
            rows: list[Any] = []
            for row in by:
                total: Any = None
                for k, one in row:
                    direction = dy[k - 1] if k <= n else dp[k - 1 - n]
                    if one.value is None:
                        term = found[one] * direction
                    else:
                        term = direction if one.is_number(1.0) else float(one.value) * direction
                    total = term if total is None else total + term
                rows.append(jnp.zeros(dy.shape[1:]) if total is None else total)
            return jnp.stack(rows) if rows else jnp.zeros((0, *dy.shape[1:]))

        return change


class Whole:
    """A slope as JAX has it."""

    sparse = False
    together = False

    def __init__(self, function: Callable[[Any, Any, Any], Any], states: int, parameters: int) -> None:
        self.function = function
        self.states = states
        self.parameters = parameters

    def prepared(self, p: Any) -> None:
        del p

    def at(self, t: Any, y: Any, p: Any, known: None) -> WholePoint:
        del known
        return WholePoint(self.function, t, y, p)


class WholePoint:
    """A slope as JAX has it, at a point."""

    def __init__(self, function: Callable[[Any, Any, Any], Any], t: Any, y: Any, p: Any) -> None:
        self._f = function
        self._t, self._y, self._p = t, y, p

    def slope(self) -> Any:
        return self._f(self._t, self._y, self._p)

    def by_time(self) -> Any:
        import jax
        import jax.numpy as jnp

        return jax.jvp(lambda t: self._f(t, self._y, self._p), (self._t,), (jnp.ones_like(self._t),))[1]

    def jacobian(self) -> Any:
        import jax
        import jax.numpy as jnp

        n, lanes = self._y.shape
        units = jnp.broadcast_to(jnp.eye(n)[:, :, None], (n, n, lanes))
        move = lambda v: jax.jvp(lambda y: self._f(self._t, y, self._p), (self._y,), (v,))[1]  # noqa: E731
        return jax.vmap(move, in_axes=1, out_axes=1)(units)

    def along(self) -> Direction:
        import jax

        return lambda dy, dp: jax.jvp(lambda y, p: self._f(self._t, y, p), (self._y, self._p), (dy, dp))[1]

    def by_time_along(self) -> Direction:
        import jax
        import jax.numpy as jnp

        one = jnp.ones_like(self._t)
        slope = lambda y, p: jax.jvp(lambda t: self._f(t, y, p), (self._t,), (one,))[1]  # noqa: E731
        return lambda dy, dp: jax.jvp(slope, (self._y, self._p), (dy, dp))[1]

    def bend(self) -> Direction:
        import jax.numpy as jnp

        return lambda dy, _: jnp.zeros((0, dy.shape[-1]))

    def bent(self, bend: Any, u: Any, dy: Any, dp: Any) -> Any:
        import jax

        del bend
        along = lambda y, p: jax.jvp(lambda z: self._f(self._t, z, p), (y,), (u,))[1]  # noqa: E731
        return jax.jvp(along, (self._y, self._p), (dy, dp))[1]
