"""A slope read as one program of numbers: which states each of them depends on, and exact derivatives of any order.

A slope is traced once with several lanes side by side. Whatever moves rows about (slices, stacks, gathers) is followed
without being run, so that what is left are operations on single numbers of one lane. They are differentiated here, one
by one: an entry of the Jacobian is absent only where no chain of operations leads from the state to the slope, whatever
the numbers are. What cannot be read in this way (loops, branches, sorting) is left to JAX as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

_LANES = 13
_CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "remat2": "jaxpr", "checkpoint": "jaxpr"}
_MOVING = frozenset(
    {
        "broadcast_in_dim",
        "reshape",
        "squeeze",
        "slice",
        "concatenate",
        "transpose",
        "rev",
        "expand_dims",
        "pad",
        "split",
        "copy",
        "stack",
        "unstack",
        "tile",
    }
)
_MOVING_FIRST = frozenset({"gather", "dynamic_slice"})
# fmt: off
_SINGLE = frozenset({
    "add", "sub", "mul", "div", "neg", "exp", "exp2", "log", "log1p", "expm1",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "pow", "integer_pow", "sqrt", "rsqrt", "cbrt", "abs", "sign", "max",
    "min", "select_n", "eq", "ne", "lt", "le", "gt", "ge", "and", "or",
    "not", "xor", "convert_element_type", "floor", "ceil", "round", "logistic", "erf", "erfc", "erf_inv",
    "square", "is_finite", "rem", "atan2", "lgamma", "digamma", "clamp", "stop_gradient", "add_any",
})
# fmt: on
_FOLDS = {"reduce_sum": "add", "reduce_prod": "mul", "reduce_max": "max", "reduce_min": "min"}


class NotReadable(Exception):  # noqa: N818  no mistake: the slope is then left to JAX
    """The slope does something that is not done number by number."""


class Node:
    """One number of a lane: an input, a constant, or an operation on other numbers.

    Arguments:
        do: the operation, of arrays over lanes; None for inputs and constants.
        name: what it is called, and what makes it different from others of the same name.
        arguments: what it is of.
        value: of a constant.
        floating: whether derivatives of it make sense.
    """

    __slots__ = ("arguments", "do", "floating", "name", "value")

    def __init__(
        self, do: Callable[..., Any] | None, name: Any, arguments: tuple[Node, ...], value: Any, floating: bool
    ) -> None:
        self.do = do
        self.name = name
        self.arguments = arguments
        self.value = value
        self.floating = floating

    def is_number(self, number: float) -> bool:
        """Whether this is that constant."""
        return self.value is not None and self.floating and float(self.value) == number


class Graph:
    """Numbers made once each.

    Arguments:
        inputs: how many there are.
    """

    def __init__(self, inputs: int) -> None:
        self._known: dict[Any, Node] = {}
        self.inputs = [Node(None, ("input", i), (), None, True) for i in range(inputs)]
        self._slopes: dict[Node, dict[int, Node]] = {}
        self.zero = self.constant(0.0)
        self.one = self.constant(1.0)

    def constant(self, value: Any) -> Node:
        """A number, the same in all lanes."""
        array = np.asarray(value)
        key = ("constant", array.dtype.str, array.tobytes())
        return self._once(key, None, (), array, array.dtype.kind == "f")

    def _once(
        self, name: Any, do: Callable[..., Any] | None, arguments: tuple[Node, ...], value: Any, floating: bool
    ) -> Node:
        key = (name, tuple(id(one) for one in arguments))
        if key not in self._known:
            self._known[key] = Node(do, name, arguments, value, floating)
        return self._known[key]

    def apply(self, name: str, arguments: Sequence[Node], settings: Mapping[str, Any] | None = None) -> Node:
        """An operation of JAX, by its name, on numbers; simplified where that changes no bit."""
        a = tuple(arguments)
        if name == "add_any":
            name = "add"
        if name in ("copy", "copy_p", "stop_gradient") and not settings:
            return a[0]
        simple = self._simplified(name, a)
        if simple is not None:
            return simple
        chosen = {} if name in _PLAIN else dict(settings or {})
        do = _operation(name, chosen)
        if all(one.value is not None for one in a):
            return self.constant(_now(do, [one.value for one in a]))
        full = (name, tuple(sorted((k, str(v)) for k, v in chosen.items())))
        return self._once(full, do, a, None, _floating(name, a, chosen))

    def _simplified(self, name: str, a: tuple[Node, ...]) -> Node | None:
        if name == "add":
            return a[1] if a[0].is_number(0.0) else a[0] if a[1].is_number(0.0) else None
        if name == "sub" and a[1].is_number(0.0):
            return a[0]
        if name == "mul":
            if a[0].is_number(0.0) or a[1].is_number(0.0):
                return self.zero
            return a[1] if a[0].is_number(1.0) else a[0] if a[1].is_number(1.0) else None
        if name == "div" and a[1].is_number(1.0):
            return a[0]
        return None

    def opaque(self, name: Any, do: Callable[..., Any], arguments: Sequence[Node]) -> Node:
        """An operation that JAX differentiates."""
        return self._once(name, do, tuple(arguments), None, True)

    def slopes(self, node: Node) -> dict[int, Node]:
        """The derivatives of a number by the inputs that it depends on, by input."""
        for one in ordered([node]):
            if one not in self._slopes:
                self._slopes[one] = self._derived(one)
        return self._slopes[node]

    def _derived(self, node: Node) -> dict[int, Node]:
        if node.do is None or not node.floating:
            return {node.name[1]: self.one} if node.name[0] == "input" else {}
        if node.name[0] == "select_n":
            return self._of_choice(node)
        total: dict[int, Node] = {}
        for i, argument in enumerate(node.arguments):
            inner = self._slopes.get(argument, {}) if argument.floating else {}
            if not inner:
                continue
            partial = self._partial(node, i)
            for k, slope in inner.items():
                term = self.apply("mul", (partial, slope))
                if not term.is_number(0.0):
                    total[k] = self.apply("add", (total[k], term)) if k in total else term
        return total

    def _of_choice(self, node: Node) -> dict[int, Node]:
        choice, *cases = node.arguments
        inner = [self._slopes.get(case, {}) for case in cases]
        wanted = sorted({k for one in inner for k in one})
        return {k: self.apply("select_n", (choice, *(one.get(k, self.zero) for one in inner))) for k in wanted}

    def _partial(self, node: Node, i: int) -> Node:
        """The derivative of an operation by one of its arguments."""
        name, a, of = node.name[0], node.arguments, self.apply
        if name in ("add", "sub"):
            return self.one if i == 0 or name == "add" else self.constant(-1.0)
        if name == "neg":
            return self.constant(-1.0)
        if name == "mul":
            return a[1 - i]
        if name == "div":
            return of("div", (self.one, a[1])) if i == 0 else of("neg", (of("div", (node, a[1])),))
        if name == "exp":
            return node
        if name == "log":
            return of("div", (self.one, a[0]))
        if name in ("integer_pow", "square"):
            power = 2 if name == "square" else int(dict(node.name[1])["y"])
            lower = a[0] if power == 2 else of("integer_pow", a, {"y": power - 1})
            return of("mul", (self.constant(float(power)), lower))
        do, place = node.do, i
        assert do is not None  # noqa: S101  inputs and constants have no partial derivatives

        def derivative(*x: Any) -> Any:
            import jax
            import jax.numpy as jnp

            units = [jnp.ones_like(one) if k == place else jnp.zeros_like(one) for k, one in enumerate(x)]
            return jax.jvp(do, x, tuple(units))[1]

        return self.opaque(("by", i, node.name), derivative, a)


def _now(do: Callable[..., Any], values: Sequence[Any]) -> np.ndarray:
    """An operation on constants, also while JAX is tracing something else."""
    import jax
    import jax.numpy as jnp

    with jax.ensure_compile_time_eval():
        return np.asarray(do(*(jnp.asarray(one) for one in values)))


_PLAIN = frozenset({"add", "sub", "mul", "div", "neg", "select_n"})


def _operation(name: str, settings: Mapping[str, Any]) -> Callable[..., Any]:
    """The operation of arrays; those made here go through JAX's functions, which know what else it wants."""
    from jax import lax

    if name in _PLAIN or name == "integer_pow":
        function = getattr(lax, name)
        return (lambda x: function(x, settings["y"])) if name == "integer_pow" else function
    primitive = getattr(lax, f"{name}_p")
    return lambda *x: primitive.bind(*x, **settings)


def _floating(name: str, arguments: tuple[Node, ...], settings: Mapping[str, Any]) -> bool:
    if name in ("eq", "ne", "lt", "le", "gt", "ge", "is_finite", "and", "or", "not", "xor"):
        return False
    if name == "convert_element_type":
        return np.dtype(settings["new_dtype"]).kind == "f"
    return arguments[-1].floating


def ordered(nodes: Iterable[Node]) -> list[Node]:
    """The nodes and all that they are of, arguments first."""
    done: dict[Node, None] = {}
    stack = [(node, False) for node in reversed(list(nodes))]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        if ready or not node.arguments:
            done[node] = None
            continue
        stack.append((node, True))
        stack.extend((one, False) for one in node.arguments if one not in done)
    return list(done)


def computed(nodes: Sequence[Node], inputs: Sequence[Any], known: dict[Node, Any] | None = None) -> list[Any]:
    """What the nodes are at these inputs, each an array over lanes.

    Arguments:
        nodes: wanted.
        inputs: of the graph, arrays of one shape; None where the nodes do not depend on it.
        known: nodes whose values are known; what is computed is added.
    """
    import jax.numpy as jnp

    found = {} if known is None else known
    shape = next(one for one in inputs if one is not None).shape
    for node in ordered(nodes):
        if node in found:
            continue
        if node.value is not None:
            found[node] = jnp.broadcast_to(jnp.asarray(node.value), shape)
        elif node.do is None:
            found[node] = inputs[node.name[1]]
        else:
            found[node] = node.do(*(found[one] for one in node.arguments))
    return [found[node] for node in nodes]


class _Rows:
    """An array whose last axis is that of the lanes, as numbers of one lane; or a constant array."""

    def __init__(self, numbers: np.ndarray, laned: bool) -> None:
        self.numbers = numbers
        self.laned = laned


def read(slope: Callable[[Any, Any, Any], Any], states: int, parameters: int) -> tuple[Graph, list[Node]]:
    """The slope as numbers: inputs are the time, the states and the parameters, in this order.

    Arguments:
        slope: of t (B,), y (n, B), p (P, B), giving (n, B).
        states, parameters: how many.

    Raises:
        NotReadable: it cannot be read number by number.
    """
    import jax
    import jax.numpy as jnp

    number = jnp.float64
    shapes = [jax.ShapeDtypeStruct(s, number) for s in ((_LANES,), (states, _LANES), (parameters, _LANES))]
    traced = jax.make_jaxpr(slope)(*shapes)
    graph = Graph(1 + states + parameters)
    inputs = graph.inputs
    rows = [_objects(inputs[:1], ()), _objects(inputs[1 : 1 + states], (states,))]
    rows.append(_objects(inputs[1 + states :], (parameters,)))
    found = _run(graph, traced.jaxpr, traced.consts, [_Rows(one, True) for one in rows])
    out = found[0]
    numbers = out.numbers if out.laned else out.numbers[..., 0]
    if numbers.shape != (states,):
        raise NotReadable("the slope has another shape")
    return graph, [one if isinstance(one, Node) else graph.constant(np.float64(one)) for one in numbers]


def _objects(nodes: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(nodes), dtype=object)
    array[:] = list(nodes)
    return array.reshape(shape)


def _run(graph: Graph, jaxpr: Any, constants: Sequence[Any], arguments: Sequence[_Rows]) -> list[_Rows]:
    from jax.extend.core import Literal

    values: dict[Any, _Rows] = dict(zip(jaxpr.invars, arguments, strict=True))
    values |= {var: _Rows(np.asarray(c), False) for var, c in zip(jaxpr.constvars, constants, strict=True)}

    def value(atom: Any) -> _Rows:
        return _Rows(np.asarray(atom.val), False) if isinstance(atom, Literal) else values[atom]

    for step in jaxpr.eqns:
        name, inside = step.primitive.name, [value(one) for one in step.invars]
        if name in _CALLS:
            inner = step.params[_CALLS[name]]
            closed = hasattr(inner, "consts")
            results = _run(graph, inner.jaxpr if closed else inner, inner.consts if closed else (), inside)
        elif not any(one.laned for one in inside):
            import jax

            with jax.ensure_compile_time_eval():
                made = step.primitive.bind(*(jax.numpy.asarray(one.numbers) for one in inside), **step.params)
            many = made if step.primitive.multiple_results else [made]
            results = [_Rows(np.asarray(one), False) for one in many]
        elif name in _MOVING or name in _MOVING_FIRST:
            results = _moved(step, inside)
        elif name in _SINGLE:
            results = [_singly(graph, name, step.params, inside)]
        elif name in _FOLDS:
            results = [_folded(graph, _FOLDS[name], step.params["axes"], inside[0])]
        elif name == "dot_general":
            results = [_dotted(graph, step.params["dimension_numbers"], *inside)]
        else:
            raise NotReadable(name)
        values |= dict(zip(step.outvars, results, strict=True))
    return [value(one) for one in jaxpr.outvars]


def _moved(step: Any, inside: Sequence[_Rows]) -> list[_Rows]:
    """Follow numbers that are moved, by moving their indices."""
    moving = inside if step.primitive.name in _MOVING else inside[:1]
    if any(one.laned for one in inside[len(moving) :]):
        raise NotReadable("an index that depends on the states")
    everything: list[Any] = []
    indices: list[np.ndarray] = []
    for one in moving:
        first = len(everything) * _LANES
        count = one.numbers.size
        places = first + _LANES * np.arange(count).reshape(one.numbers.shape)
        indices.append(places[..., None] + np.arange(_LANES) if one.laned else places)
        everything.extend(one.numbers.reshape(-1).tolist() if not one.laned else one.numbers.reshape(-1))
    laned = np.concatenate([np.full(one.numbers.size, one.laned) for one in moving])
    made = step.primitive.bind(*indices, *(one.numbers for one in inside[len(moving) :]), **step.params)
    results: list[_Rows] = []
    for result in made if step.primitive.multiple_results else [made]:
        places = np.asarray(result)
        if places.ndim == 0 or places.shape[-1] != _LANES or (places < 0).any():
            raise NotReadable("the lanes are not the last axis")
        which = places[..., 0] // _LANES
        expected = which[..., None] * _LANES + np.where(laned[which][..., None], np.arange(_LANES), 0)
        if not np.array_equal(places, expected):
            raise NotReadable("lanes are mixed")
        numbers = np.empty(which.size, dtype=object)
        numbers[:] = [everything[k] for k in which.reshape(-1)]
        results.append(_Rows(numbers.reshape(which.shape), True))
    return results


def _singly(graph: Graph, name: str, settings: Mapping[str, Any], inside: Sequence[_Rows]) -> _Rows:
    columns: list[np.ndarray] = []
    for one in inside:
        numbers = one.numbers
        if not one.laned and numbers.ndim:
            if numbers.shape[-1] not in (1, _LANES) or (numbers != numbers[..., :1]).any():
                raise NotReadable("a constant that differs between lanes")
            numbers = numbers[..., 0]
        columns.append(numbers if one.laned else _objects([np.asarray(v) for v in numbers.reshape(-1)], numbers.shape))
    shape = np.broadcast_shapes(*(one.shape for one in columns))
    columns = [np.broadcast_to(one, shape).reshape(-1) for one in columns]
    nodes = [[v if isinstance(v, Node) else graph.constant(v) for v in column] for column in columns]
    kept = {k: v for k, v in settings.items() if k != "sharding" or v is None}
    made = [graph.apply(name, row, kept) for row in zip(*nodes, strict=True)]
    return _Rows(_objects(made, shape), True)


def _folded(graph: Graph, name: str, axes: Sequence[int], of: _Rows) -> _Rows:
    if of.numbers.ndim in axes:
        raise NotReadable("a sum over lanes")
    kept = [k for k in range(of.numbers.ndim) if k not in axes]
    moved = of.numbers.transpose(*kept, *axes)
    shape = moved.shape[: len(kept)]
    flat = moved.reshape(int(np.prod(shape)), -1)
    return _Rows(_objects([_fold(graph, name, row) for row in flat], shape), True)


def _fold(graph: Graph, name: str, row: Iterable[Any]) -> Node:
    nodes = [one if isinstance(one, Node) else graph.constant(one) for one in row]
    total = nodes[0] if nodes else graph.constant(1.0 if name == "mul" else 0.0)
    for one in nodes[1:]:
        total = graph.apply(name, (total, one))
    return total


def _dotted(graph: Graph, numbers: Any, left: _Rows, right: _Rows) -> _Rows:
    """A product of a constant matrix with rows."""
    ((of_left, of_right), batched) = numbers
    if left.laned or batched[0] or right.numbers.ndim in of_right:
        raise NotReadable("a product of states with states")
    matrix = np.moveaxis(left.numbers, of_left, range(-len(of_left), 0))
    rows = np.moveaxis(right.numbers, of_right, range(len(of_right)))
    free, count = matrix.shape[: matrix.ndim - len(of_left)], int(np.prod([left.numbers.shape[k] for k in of_left]))
    rest = rows.shape[len(of_right) :]
    matrix, rows = matrix.reshape(-1, count), rows.reshape(count, -1)
    made = [
        _fold(graph, "add", [graph.apply("mul", (graph.constant(np.float64(c)), one)) for c, one in zip(line, column)])  # noqa: B905
        for line in matrix
        for column in rows.T
    ]
    return _Rows(_objects(made, (*free, *rest)), True)
