"""Linear systems of many lanes at once: W u = b with W (n, n) of each lane.

Sparse ones are eliminated in an order that is chosen once from the places of the entries, without pivoting, one
operation on a row of lanes after the other; what is absent costs nothing. Whether that was safe is told lane by lane:
the residual of a solution against the terms that it is made of, each row by itself, so that units do not matter. Dense
ones are eliminated with partial pivoting, each lane with its own.

Source: Markowitz (1957), The elimination form of the inverse, doi:10.1287/mnsc.3.3.255; Oettli and Prager (1964) for
the residual, doi:10.1007/BF01386090.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol, runtime_checkable

Place = tuple[int, int]

MOST_OPERATIONS = 1500
"""Operations of an elimination up to which it is written out: compiling takes longer beyond."""

SMALLEST_RESIDUAL = 1e-9
"""A solution whose residual is larger, measured against its terms, is not trusted."""

NOTHING = 1e-250
"""A residual that says nothing: terms below the smallest numbers are lost, whatever solves the system."""


@runtime_checkable
class Factors(Protocol):
    """An eliminated matrix."""

    def solve(self, b: Any) -> Any:
        """Solution u for b (n, L)."""
        ...

    def trusted(self, u: Any, b: Any) -> Any:
        """Where u (n, L) solves the system for b: (L,)."""
        ...


def order_of(places: Collection[Place], states: int) -> tuple[list[int], int]:
    """An order of elimination that fills few places, and how many operations one solution and the factors take."""
    rows = [{j for i, j in places if i == k} | {k} for k in range(states)]
    columns = [{i for i, j in places if j == k} | {k} for k in range(states)]
    left, order, operations = set(range(states)), list[int](), 0
    while left:
        k = min(left, key=lambda one: ((len(rows[one] & left) - 1) * (len(columns[one] & left) - 1), one))
        below, beside = (columns[k] & left) - {k}, (rows[k] & left) - {k}
        for i in below:
            rows[i] |= beside
            for j in beside:
                columns[j].add(i)
        operations += len(below) * (len(beside) + 1) + len(below) + len(beside) + 1
        order.append(k)
        left.remove(k)
    return order, operations


class Sparse:
    """Entries by place, eliminated in a given order.

    Arguments:
        entries: (L,) by place; the diagonal is complete.
        order: of elimination.
    """

    def __init__(self, entries: dict[Place, Any], order: list[int]) -> None:
        self._entries = entries
        self._order = order
        a = dict(entries)
        self._lower: list[tuple[int, int, Any]] = []
        self._upper: dict[int, list[tuple[int, Any]]] = {}
        self._inverse: dict[int, Any] = {}
        left = set(order)
        for k in order:
            left.remove(k)
            self._inverse[k] = 1.0 / a[k, k]
            beside = sorted(j for j in left if (k, j) in a)
            self._upper[k] = [(j, a[k, j]) for j in beside]
            for i in sorted(i for i in left if (i, k) in a):
                factor = a[i, k] * self._inverse[k]
                self._lower.append((i, k, factor))
                for j in beside:
                    product = factor * a[k, j]
                    a[i, j] = a[i, j] - product if (i, j) in a else -product

    def solve(self, b: Any) -> Any:
        import jax.numpy as jnp

        u = list(b)
        for i, k, factor in self._lower:
            u[i] = u[i] - factor * u[k]
        for k in reversed(self._order):
            for j, entry in self._upper[k]:
                u[k] = u[k] - entry * u[j]
            u[k] = u[k] * self._inverse[k]
        return jnp.stack(u)

    def trusted(self, u: Any, b: Any) -> Any:
        import jax.numpy as jnp

        rest, size = [-one for one in b], [jnp.abs(one) for one in b]
        for (i, j), entry in self._entries.items():
            term = entry * u[j]
            rest[i] = rest[i] + term
            size[i] = size[i] + jnp.abs(term)
        good: Any = True
        for one, of in zip(rest, size, strict=True):
            good = good & (jnp.abs(one) <= SMALLEST_RESIDUAL * of + NOTHING)
        return good


class Dense:
    """A full matrix, eliminated with partial pivoting in each lane.

    Arguments:
        matrix: (n, n, L).
    """

    def __init__(self, matrix: Any) -> None:
        import jax
        import jax.numpy as jnp

        n, lanes = matrix.shape[0], matrix.shape[2]
        places = jnp.arange(n)

        def one(k: Any, carry: Any) -> Any:
            a, swaps = carry
            column = jnp.where((places >= k)[:, None], jnp.abs(a[:, k]), -1.0)
            best = jnp.argmax(column, axis=0)
            top, chosen = a[k], jnp.take_along_axis(a, best[None, None, :], axis=0)[0]
            here = (places[:, None] == best[None, :])[:, None, :]
            a = jnp.where(here, top[None], a)
            a = jax.lax.dynamic_update_index_in_dim(a, chosen, k, 0)
            factor = jnp.where((places > k)[:, None], a[:, k] / chosen[k], 0.0)
            beyond = jnp.where((places > k)[:, None], chosen, 0.0)
            a = a - factor[:, None] * beyond[None]
            kept = jnp.where((places > k)[:, None], factor, a[:, k])
            a = jax.lax.dynamic_update_index_in_dim(a, kept, k, 1)
            return a, jax.lax.dynamic_update_index_in_dim(swaps, best, k, 0)

        swaps = jnp.zeros((n, lanes), dtype=int)
        self._factors, self._swaps = jax.lax.fori_loop(0, n, one, (matrix, swaps))
        self._matrix = matrix

    def solve(self, b: Any) -> Any:
        import jax
        import jax.numpy as jnp

        a, swaps, n = self._factors, self._swaps, b.shape[0]
        wide = b[:, None]
        places = jnp.arange(n)

        def forward(k: Any, u: Any) -> Any:
            top = u[k]
            chosen = jnp.take_along_axis(u, swaps[k][None, None, :], axis=0)[0]
            u = jnp.where((places[:, None] == swaps[k][None, :])[:, None], top[None], u)
            u = jax.lax.dynamic_update_index_in_dim(u, chosen, k, 0)
            factor = jnp.where((places > k)[:, None], a[:, k], 0.0)
            return u - factor[:, None] * chosen[None]

        def backward(step: Any, u: Any) -> Any:
            k = n - 1 - step
            value = u[k] / a[k, k]
            factor = jnp.where((places < k)[:, None], a[:, k], 0.0)
            u = u - factor[:, None] * value[None]
            return jax.lax.dynamic_update_index_in_dim(u, value, k, 0)

        u = jax.lax.fori_loop(0, n, backward, jax.lax.fori_loop(0, n, forward, wide))
        return u[:, 0]

    def trusted(self, u: Any, b: Any) -> Any:
        import jax.numpy as jnp

        terms = self._matrix * u[None]
        size = jnp.sum(jnp.abs(terms), axis=1) + jnp.abs(b)
        return jnp.all(jnp.abs(jnp.sum(terms, axis=1) - b) <= SMALLEST_RESIDUAL * size + NOTHING, axis=0)
