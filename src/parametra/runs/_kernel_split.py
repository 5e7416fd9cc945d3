"""A traced function parted in two: what depends on the data alone is computed once a data set, the rest at each point.

Differentiate first, then part: data-only pieces of derivatives are then found too, and equal pieces, of which forward
derivatives of one function have many, are merged. A function of JAX is read as its jaxpr; calls inside it are written
out, except loops and branches, which stay whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "remat2": "jaxpr"}
_RULES = {"custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr", "custom_vjp_call_jaxpr": "fun_jaxpr"}
_SPREADING = frozenset({"broadcast_in_dim", "iota"})
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

SMALLEST_ARRAY = 8
"""Sines and cosines of fewer values are left to XLA."""


@dataclass(frozen=True, eq=False)
class Value:
    """An input or a result of a step; a constant has a number and no step."""

    shape: tuple[int, ...]
    dtype: Any
    varying: bool = False
    of_data: bool = False
    step: Step | None = None
    constant: Any = None

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Step:
    """One primitive operation of JAX."""

    primitive: Any
    params: dict[str, Any]
    inputs: tuple[Value, ...]
    outputs: list[Value] = field(default_factory=list[Value])


Emit = Callable[[Step, list[Any]], list[Any]]


@dataclass(frozen=True)
class Split:
    """A function of numbers that vary and of data, as steps.

    Arguments:
        varying: the inputs that vary.
        data: the others.
        outputs: of the function, in the structure in which it returned them.
    """

    varying: tuple[Value, ...]
    data: tuple[Value, ...]
    outputs: Any

    def prepare(self, data: Sequence[Any], wanted: Sequence[Value]) -> list[Any]:
        """Data-only values, from the data."""
        env: dict[Value, Any] = dict(zip(self.data, data, strict=True))
        return [_computed(v, env, plainly) for v in wanted]

    def run(
        self, varying: Sequence[Any], hoisted: Mapping[Value, Any], emit: Emit | None = None
    ) -> Callable[[Value], Any]:
        """What gives any value, from the inputs that vary and the data-only values that `needed` told."""
        env: dict[Value, Any] = dict(hoisted)
        env.update(zip(self.varying, varying, strict=True))
        return lambda value: _computed(value, env, emit or plainly)


def split(function: Callable[..., Any], varying: Sequence[Any], data: Sequence[Any]) -> Split:
    """The steps of `function(varying, data)`.

    Arguments:
        function: traceable by JAX; returns arrays in lists and dicts.
        varying: shapes and types of what varies.
        data: the same of what does not.
    """
    import jax

    closed, shapes = jax.make_jaxpr(function, return_shape=True)(list(varying), list(data))
    count, tape = len(varying), _Tape()
    avals = [v.aval for v in closed.jaxpr.invars]
    inputs = [Value(tuple(a.shape), a.dtype, varying=True) for a in avals[:count]]
    rest = [Value(tuple(a.shape), a.dtype, of_data=True) for a in avals[count:]]
    outputs = tape.read(closed.jaxpr, [tape.constant(c) for c in closed.consts], [*inputs, *rest])
    return Split(tuple(inputs), tuple(rest), jax.tree.unflatten(jax.tree.structure(shapes), outputs))


class _Tape:
    """Steps without doubles."""

    def __init__(self) -> None:
        self.known: dict[Hashable, list[Value]] = {}
        self.constants: dict[Hashable, Value] = {}

    def constant(self, value: Any) -> Value:
        if _is_key(value):
            return Value(tuple(value.shape), value.dtype, constant=value)
        array = np.asarray(value)
        key = (array.shape, array.dtype, array.tobytes())
        if key not in self.constants:
            self.constants[key] = Value(array.shape, array.dtype, constant=value)
        return self.constants[key]

    def read(self, jaxpr: Any, consts: Sequence[Value], inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a jaxpr, whose calls are written out."""
        from jax.extend.core import Literal

        env: dict[Any, Value] = dict(zip(jaxpr.constvars, consts, strict=True))
        env.update(zip(jaxpr.invars, inputs, strict=True))

        for equation in jaxpr.eqns:
            inputs_here = [self.constant(a.val) if isinstance(a, Literal) else env[a] for a in equation.invars]
            name = equation.primitive.name
            inner = equation.params.get(_CALLS.get(name) or _RULES.get(name) or "")
            if inner is None:
                results = self.step(equation, inputs_here)
            else:
                whole = hasattr(inner, "consts")
                own = [self.constant(c) for c in inner.consts] if whole else []
                results = self.read(inner.jaxpr if whole else inner, own, inputs_here)
            env.update(zip(equation.outvars, results, strict=True))
        return [self.constant(a.val) if isinstance(a, Literal) else env[a] for a in jaxpr.outvars]

    def step(self, equation: Any, inputs: list[Value]) -> list[Value]:
        outputs = [(tuple(v.aval.shape), v.aval.dtype) for v in equation.outvars]
        if equation.effects:
            return self.new(equation.primitive, equation.params, inputs, outputs, varying=True)
        if equation.primitive.name == "div" and _divides_many(inputs):
            return self.divided(equation, inputs, outputs)
        return self.merged(equation.primitive, equation.params, inputs, outputs)

    def divided(self, equation: Any, inputs: list[Value], outputs: Any) -> list[Value]:
        """A product with the inverse, where the inverse is one number a point, or known from the data."""
        from jax.extend.core import primitives

        by = inputs[1]
        spread = by.step if by.step is not None and by.step.primitive.name == "broadcast_in_dim" else None
        number = by if spread is None else spread.inputs[0]
        if number.varying and number.size > 1:
            return self.merged(equation.primitive, equation.params, inputs, outputs)
        one = self.constant(np.float64(1.0))
        (inverse,) = self.merged(primitives.div_p, {}, [one, number], [(number.shape, number.dtype)])
        if spread is not None:
            (inverse,) = self.merged(spread.primitive, spread.params, [inverse], [(by.shape, by.dtype)])
        return self.merged(primitives.mul_p, {}, [inputs[0], inverse], outputs)

    def merged(self, primitive: Any, params: dict[str, Any], inputs: list[Value], outputs: Any) -> list[Value]:
        try:
            key = (primitive, tuple(sorted(params.items())), tuple(id(v) for v in inputs))
            hash(key)
        except TypeError:  # a parameter that cannot be compared: never merged
            return self.new(primitive, params, inputs, outputs)
        if key not in self.known:
            self.known[key] = self.new(primitive, params, inputs, outputs)
        return self.known[key]

    @staticmethod
    def new(
        primitive: Any, params: dict[str, Any], inputs: list[Value], outputs: Any, varying: bool = False
    ) -> list[Value]:
        step = Step(primitive, params, tuple(inputs))
        varying = varying or any(v.varying for v in inputs)
        of_data = any(v.of_data for v in inputs)
        step.outputs.extend(Value(shape, dtype, varying, of_data, step) for shape, dtype in outputs)
        return step.outputs


def _divides_many(inputs: list[Value]) -> bool:
    """Whether a division is worth replacing by a product, which takes an eighth of the time."""
    many = inputs[0].varying and inputs[0].size >= SMALLEST_ARRAY
    return many and inputs[0].dtype == inputs[1].dtype == np.float64


def needed(wanted: Sequence[Value]) -> list[Value]:
    """The data-only values that must be known beforehand to compute others."""
    found: dict[Value, None] = {}
    seen: set[Value] = set()
    stack = list(reversed(wanted))
    while stack:
        value = stack.pop()
        if value in seen or value.constant is not None:
            continue
        seen.add(value)
        if value.varying or _cheap(value):
            if value.step is not None:
                stack.extend(reversed(value.step.inputs))
        else:
            found[value] = None
    return list(found)


def is_zero(value: Value) -> bool:
    """Whether a value is zero whatever the inputs, as the derivative by what it does not depend on."""
    while value.step is not None and value.step.primitive.name in (
        "broadcast_in_dim",
        "convert_element_type",
        "reshape",
    ):
        value = value.step.inputs[0]
    return value.constant is not None and value.size == 1 and float(np.asarray(value.constant).reshape(())) == 0.0


def _cheap(value: Value) -> bool:
    """Whether a data-only value is better computed again than read from memory."""
    if value.step is None:
        return False
    inputs = value.step.inputs
    if value.step.primitive.name in _SPREADING:
        return all(v.size < value.size for v in inputs)
    return value.size == 1 and not value.of_data and value.constant is None


def _computed(value: Value, env: dict[Value, Any], emit: Emit) -> Any:
    """A value, with everything it needs; without recursion, because tapes are long."""
    stack = [value]
    while stack:
        top = stack[-1]
        if top in env:
            stack.pop()
        elif top.step is None:
            env[top] = top.constant
        else:
            missing = [v for v in top.step.inputs if v not in env]
            if missing:
                stack.extend(missing)
            else:
                results = emit(top.step, [env[v] for v in top.step.inputs])
                env.update(zip(top.step.outputs, results, strict=True))
    return env[value]


def plainly(step: Step, inputs: list[Any]) -> list[Any]:
    """The operation as it is."""
    found = step.primitive.get_bind_params(step.params)
    functions, params = found if isinstance(found, tuple) else ((), found)
    results = step.primitive.bind(*functions, *inputs, **params)
    return list(results) if step.primitive.multiple_results else [results]


def _is_key(value: Any) -> bool:
    return not isinstance(value, (np.ndarray, np.generic, int, float, complex, bool)) and "key<" in str(
        getattr(value, "dtype", "")
    )


def fingerprint(wanted: Sequence[Value]) -> str:
    """A digest of all the steps that lead to some values; the same in every process."""
    numbers: dict[Value, int] = {}
    digest = hashlib.sha256()

    def note(value: Value, results: Sequence[Value], what: str) -> None:
        for one in results:
            numbers[one] = len(numbers)
            digest.update(repr((one.shape, str(one.dtype), one.varying)).encode())
        read = [numbers[v] for v in value.step.inputs] if value.step is not None else []
        digest.update(repr((what, read)).encode())

    stack = list(reversed(wanted))
    while stack:
        top = stack[-1]
        missing = [v for v in top.step.inputs if v not in numbers] if top.step is not None else []
        if top in numbers:
            stack.pop()
        elif missing:
            stack.extend(missing)
        elif top.step is not None:
            params = sorted(top.step.params.items())
            note(top, top.step.outputs, _ADDRESS.sub("", f"{top.step.primitive.name} {params!r}"))
        else:
            constant = None if top.constant is None else np.asarray(top.constant)
            note(top, [top], "input" if constant is None else hashlib.sha256(constant.tobytes()).hexdigest())
    digest.update(repr([numbers[v] for v in wanted]).encode())
    return digest.hexdigest()
