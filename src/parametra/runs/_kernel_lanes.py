"""From what is computed at one point to a function of many points, which XLA compiles.

Points go in groups that fit the processor's cache, side by side within a group and one group after another; how many
groups there are is an argument, so that one compiled function serves every number of points.

Normal equations come in blocks. A column that depends on the data alone belongs to a parameter in which the model is
linear: products of two such columns L are computed once a data set, products with the other columns N are one large
matrix product for the whole group, and only N'N is left for each point.

    J'J = [ L'L  L'N ]        with weights W (robust losses, Fisher scoring): L'WL is one product of the
          [ N'L  N'N ]        weights with all pairs of linear columns
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.sincos import sincos, too_large
from parametra.runs._kernel_split import SMALLEST_ARRAY, Split, Step, Value, is_zero, needed, plainly

MOST_POINTS = 128
"""Points in one call, at most."""

_GROUP_VALUES = 4096
_LARGEST_GROUP = 32
_OUTPUT_BYTES = 2**20
_MOST_LINEAR = 16


@dataclass(frozen=True)
class Batched:
    """Two functions for XLA.

    Arguments:
        prepare: from the leaves of the problem's arrays to what is hoisted.
        run: from points (P, d), the number of groups and what is hoisted, to the outputs (P, ...).
        points, group: P, and how many of them go side by side.
        outputs: their names.
    """

    prepare: Callable[..., Any]
    run: Callable[..., Any]
    points: int
    group: int
    outputs: tuple[str, ...]


Lane = Callable[[Callable[[Value], Any], Sequence[Any]], dict[str, Any]]
"""From what gives any value at one point, and the extra data-only arrays, to the outputs at that point."""


@dataclass(frozen=True)
class Plan:
    """How the outputs of one point follow from the steps.

    Arguments:
        wanted: the values that `lane` reads.
        shapes: of the outputs.
        further: more data-only arrays, from what gives any data-only value.
        constants: the values that `further` reads.
        lane: the outputs.
    """

    wanted: tuple[Value, ...]
    shapes: dict[str, tuple[int, ...]]
    lane: Lane
    constants: tuple[Value, ...] = ()
    further: Callable[[Callable[[Value], Any]], list[Any]] = lambda _: []


def batched(parts: Split, kind: str, d: int, *, fast: bool) -> Batched:
    """The functions of a kernel.

    Arguments:
        parts: the steps of `function_of`.
        kind: the kind of kernel.
        d: coordinates.
        fast: sines and cosines by `sincos`; the output "far" then tells where an argument was too large for it.
    """
    import jax
    import jax.numpy as jnp

    plan = normal_plan(parts, d) if kind == "normal" else plain_plan(parts, kind, d)
    hoisted = needed(plan.wanted)

    def prepare(*leaves: Any) -> tuple[Any, ...]:
        values = dict(zip(plan.constants, parts.prepare(leaves, plan.constants), strict=True))
        return (*parts.prepare(leaves, hoisted), *plan.further(lambda v: values[v]))

    def one(x: Any, arrays: Sequence[Any]) -> dict[str, Any]:
        sines = _Sines(fast)
        known = dict(zip(hoisted, arrays[: len(hoisted)], strict=True))
        get = parts.run([x[i] for i in range(d)], known, sines.emit)
        return {**plan.lane(get, arrays[len(hoisted) :]), **({"far": sines.far} if fast else {})}

    shapes: dict[str, tuple[tuple[int, ...], Any]]
    shapes = {name: (shape, np.dtype(np.float64)) for name, shape in plan.shapes.items()}
    if fast:
        shapes["far"] = ((), np.dtype(np.bool_))
    sizes = [int(np.prod(shape, dtype=np.int64)) for shape, _ in shapes.values()]
    rows = max((v.size for v in (*plan.wanted, *hoisted)), default=1)
    group = _group(rows, _GROUP_VALUES, 2) if kind == "normal" else _group(rows, _GROUP_VALUES // 4, 1)
    points = max(group, min(MOST_POINTS, _OUTPUT_BYTES // (8 * sum(sizes)) // group * group))
    names = tuple(shapes)

    def run(x: Any, groups: Any, *arrays: Any) -> tuple[Any, ...]:
        parted = x.reshape(points // group, group, d)
        empty = tuple(jnp.zeros((points // group, group, *shape), dtype) for shape, dtype in shapes.values())

        def body(i: Any, filled: tuple[Any, ...]) -> tuple[Any, ...]:
            found = jax.vmap(lambda z: one(z, arrays))(parted[i])
            return tuple(
                jax.lax.dynamic_update_index_in_dim(whole, found[name], i, 0)
                for name, whole in zip(names, filled, strict=True)
            )

        filled = jax.lax.fori_loop(0, groups, body, empty)
        return tuple(a.reshape(points, *a.shape[2:]) for a in filled)

    return Batched(prepare, run, points, group, names)


def _group(rows: int, values: int, least: int) -> int:
    """Points side by side: enough to be worth the overhead of a group, few enough to stay in the cache.

    One point alone would let XLA compute the columns anew for each element of the product.
    """
    group = least
    while group < _LARGEST_GROUP and group * rows < values:
        group *= 2
    return group


class _Sines:
    """Steps as they are, but for sines, cosines and tangents of many 64-bit numbers; of one number both are shared."""

    def __init__(self, fast: bool) -> None:
        self.fast = fast
        self.known: dict[Value, tuple[Any, Any]] = {}
        self.far: Any = np.bool_(False)

    def emit(self, step: Step, inputs: list[Any]) -> list[Any]:
        import jax
        import jax.numpy as jnp

        name, x = step.primitive.name, step.inputs[0] if step.inputs else None
        if x is None or not self.fast or name not in ("sin", "cos", "tan"):
            return plainly(step, inputs)
        if x.dtype != np.float64 or x.size < SMALLEST_ARRAY:
            return plainly(step, inputs)
        if x not in self.known:
            # kept as they are: computed anew for each use of them, they took XLA longer to compile
            self.known[x] = jax.lax.optimization_barrier(sincos(inputs[0]))
            self.far = self.far | jnp.any(too_large(inputs[0]))
        sin, cos = self.known[x]
        return [sin / cos if name == "tan" else sin if name == "sin" else cos]


def plain_plan(parts: Split, kind: str, d: int) -> Plan:
    """The plan of every kind but normal equations."""
    import jax
    import jax.numpy as jnp

    outputs = parts.outputs
    wanted = tuple(jax.tree.leaves(outputs))

    def lane(get: Callable[[Value], Any], _: Sequence[Any]) -> dict[str, Any]:
        values = jax.tree.map(get, outputs)
        if kind in ("value", "gradient"):
            slopes = {"slopes": jnp.stack(values["slopes"])} if "slopes" in values else {}
            return {"cost": values["cost"], **slopes}
        if kind == "score":
            return {"cost": values["cost"], **{k: jnp.concatenate(values[k]) for k in ("predicted", "score")}}
        rows = jnp.concatenate(values["rows"])
        if kind == "residuals":
            return {"rows": rows}
        columns = values["columns"]
        separate = isinstance(columns[0], list)
        jacobian = jnp.stack([_joined(c, values["rows"]) for c in columns]) if separate else jnp.concatenate(columns, 1)
        if "weights" not in values:
            return {"rows": rows, "columns": jacobian}
        roots = jnp.sqrt(jnp.concatenate(values["weights"]))
        pull = jnp.concatenate(values["pull"]) / roots
        return {"rows": pull, "columns": jacobian * roots, "cost": values["cost"]}

    m = sum(v.size for v in outputs.get("rows", outputs.get("predicted", [])))
    every: dict[str, tuple[int, ...]] = {
        "cost": (),
        "slopes": (d,),
        "rows": (m,),
        "columns": (d, m),
        "predicted": (m,),
        "score": (m,),
    }
    return Plan(wanted, {name: shape for name, shape in every.items() if name in outputs}, lane)


def _joined(column: list[Any], rows: list[Any]) -> Any:
    import jax.numpy as jnp

    return jnp.concatenate([jnp.broadcast_to(c, r.shape) for c, r in zip(column, rows, strict=True)])


def normal_plan(parts: Split, d: int) -> Plan:
    """The plan of normal equations, stretch by stretch of rows."""
    import jax.numpy as jnp

    outputs = parts.outputs
    scaled = "weights" in outputs
    stretches = [_Stretch.of(outputs, s, d) for s in range(len(outputs["rows"]))]

    def further(get: Callable[[Value], Any]) -> list[Any]:
        fixed = [s.fixed(get) for s in stretches]
        constant = sum((s.constant(f) for s, f in zip(stretches, fixed, strict=True)), jnp.zeros((d + 1, d + 1)))
        return [constant, *(array for group in fixed for array in group)]

    def lane(get: Callable[[Value], Any], arrays: Sequence[Any]) -> dict[str, Any]:
        product, first = arrays[0], 1
        for stretch in stretches:
            product = product + stretch.product(get, arrays[first : first + stretch.arrays])
            first += stretch.arrays
        return {"cost": get(outputs["cost"]) if scaled else 0.5 * product[d, d], "product": product}

    wanted = [v for s in stretches for v in s.wanted] + ([outputs["cost"]] if scaled else [])
    constants = tuple(v for s in stretches for v in s.linear_columns)
    return Plan(tuple(wanted), {"cost": (), "product": (d + 1, d + 1)}, lane, constants, further)


@dataclass(frozen=True)
class _Stretch:
    """One stretch of rows: its share of the normal equations.

    Arguments:
        d: coordinates in all.
        rows: the residuals, or quantities.
        columns: those that vary, (m,) each, or one of (d, m).
        places: their coordinates.
        linear_columns, linear_places: the same of the columns that depend on the data alone.
        weights, pull: what scales them; None for plain least squares.
    """

    d: int
    rows: Value
    columns: tuple[Value, ...]
    places: tuple[int, ...]
    linear_columns: tuple[Value, ...]
    linear_places: tuple[int, ...]
    weights: Value | None
    pull: Value | None

    @staticmethod
    def of(outputs: Any, s: int, d: int) -> _Stretch:
        rows = outputs["rows"][s]
        scales = (outputs["weights"][s], outputs["pull"][s]) if "weights" in outputs else (None, None)
        if not isinstance(outputs["columns"][0], list):
            return _Stretch(d, rows, (outputs["columns"][s],), tuple(range(d)), (), (), *scales)
        mine = [(i, column[s]) for i, column in enumerate(outputs["columns"]) if not is_zero(column[s])]
        linear = [(i, c) for i, c in mine if not c.varying]
        linear = linear if scales[0] is None else linear[:_MOST_LINEAR]
        places = {i for i, _ in linear}
        rest = [(i, c) for i, c in mine if i not in places]
        return _Stretch(
            d,
            rows,
            tuple(c for _, c in rest),
            tuple(i for i, _ in rest),
            tuple(c for _, c in linear),
            tuple(i for i, _ in linear),
            *scales,
        )

    @property
    def wanted(self) -> list[Value]:
        """What is read at each point."""
        scales = [self.rows] if self.weights is None or self.pull is None else [self.weights, self.pull]
        return [*self.columns, *scales]

    @property
    def arrays(self) -> int:
        """How many arrays `fixed` gives."""
        return 0 if not self.linear_columns else 1 if self.weights is None else 2

    def fixed(self, get: Callable[[Value], Any]) -> list[Any]:
        """The linear columns (l, m); with weights also their pairs (l (l + 1) / 2, m)."""
        import jax.numpy as jnp

        if not self.linear_columns:
            return []
        linear = jnp.stack([jnp.broadcast_to(get(c), self.rows.shape) for c in self.linear_columns])
        first, second = np.triu_indices(len(self.linear_columns))
        return [linear] if self.weights is None else [linear, linear[first] * linear[second]]

    def constant(self, fixed: list[Any]) -> Any:
        """The part of the product that no point changes."""
        import jax.numpy as jnp

        whole = jnp.zeros((self.d + 1, self.d + 1))
        if len(fixed) != 1:
            return whole
        places = np.array(self.linear_places)
        return whole.at[places[:, None], places].set(fixed[0] @ fixed[0].T)

    def product(self, get: Callable[[Value], Any], fixed: Sequence[Any]) -> Any:
        """[J r]'[J r] at one point without its constant part; J'WJ and J'pull with weights, no r'r then."""
        import jax.numpy as jnp

        m, k, count = self.rows.size, len(self.places), len(self.linear_places)
        columns = [jnp.broadcast_to(get(c), (m,)) if c.shape != (self.d, m) else get(c) for c in self.columns]
        pairs = jnp.zeros((count, count))
        if self.weights is None or self.pull is None:
            left = right = jnp.vstack([*columns, jnp.broadcast_to(get(self.rows), (m,))])
        else:
            weights, pull = (jnp.broadcast_to(get(v), (m,)) for v in (self.weights, self.pull))
            left = jnp.vstack([*(c * weights for c in columns), pull])
            right = jnp.vstack([*columns, jnp.zeros(m)])
            pairs = (fixed[1] @ weights)[_unpacked(count)] if count else pairs
        own = left @ right.T
        if right is not left:
            own = own.at[:, k].set(own[k])
        if count:
            mixed = left @ fixed[0].T
            above, below = jnp.concatenate([pairs, mixed.T], axis=1), jnp.concatenate([mixed, own], axis=1)
            own = jnp.concatenate([above, below])
        order = np.full(self.d + 1, k + 1 + count)
        order[[*self.linear_places, *self.places, self.d]] = np.arange(k + 1 + count)
        if k + count < self.d:
            own = jnp.pad(own, ((0, 1), (0, 1)))
        return own[order[:, None], order]


def _unpacked(count: int) -> np.ndarray:
    """Where each element of a symmetric matrix stands among its pairs."""
    places = np.empty((count, count), dtype=np.int64)
    first, second = np.triu_indices(count)
    places[first, second] = places[second, first] = np.arange(first.size)
    return places
