"""Compile a loop over steps into one machine function, and keep it on disk for the next process.

XLA's CPU runtime calls every fused piece of a loop's body by itself, which for arrays of eight lanes costs ten times
what the arithmetic does. Three settings make one function of the whole loop: loops of any size count as small, what
several results need is computed once and kept instead of being fused into each of them, and short inner loops become
vector instructions instead of being unrolled into single numbers. They belong to the one compilation, never to the
process. Where this version of XLA does not know them the same function is compiled as usual, and is slower.

Where a kernel comes from, best first: this process has it; the disk has it, and neither is anything traced nor JAX
loaded; it is traced, and the disk has what the trace says; it is compiled. What runs is always what was written down,
so its bits are the same in every process.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths import kernel_store as store
from parametra.maths.xla_client import client

EXTRA = {"xla_cpu_small_while_loop_byte_threshold": "1000000000000", "xla_cpu_disable_loop_unrolling": "true"}
WITHOUT = ("fusion", "cpu-instruction-fusion", "cpu_instruction_fusion")
OPTIONS: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_prefer_vector_width": 512}

# field numbers of XLA's messages: CompileOptions.executable_build_options, its debug_options, and in these
# xla_backend_extra_options (a map) and xla_disable_hlo_passes
_BUILD, _DEBUG, _EXTRA, _PASSES = 3, 3, 500, 30

_KEPT = 128
_known: OrderedDict[str, Compiled] = OrderedDict()

compiled_here = 0
"""Kernels that this process has compiled."""


@dataclass(frozen=True)
class Origin:
    """What tells a kernel from all others, in every process.

    Arguments:
        surroundings: a digest of the programs and the machine that make it.
        statement: a digest of what it computes; "" where it cannot be told before it is traced.
    """

    surroundings: str
    statement: str = ""

    def of(self, *facts: object) -> Origin:
        """That of one kernel among those of this statement."""
        return replace(self, statement=_digest(self.statement, *facts)) if self.statement else self


@runtime_checkable
class Compiled(Protocol):
    """A compiled function of arrays, giving arrays."""

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        """The results."""
        ...


def compiled(
    make: Callable[[], Callable[..., Any]], *shapes: tuple[tuple[int, ...], Any], origin: Origin | None = None
) -> Compiled:
    """Compile a function for the CPU.

    Arguments:
        make: gives a function that is traceable by JAX; arrays in, a tuple of arrays out.
        shapes: shape and type of each argument.
        origin: under what it is kept on disk; None for a kernel that is not.
    """
    described = [(tuple(shape), np.dtype(kind).str) for shape, kind in shapes]
    name = _name(origin.surroundings, origin.statement, described) if origin and origin.statement else ""
    found = _known_or_kept(name)
    if found is not None:
        return found
    import jax

    global compiled_here  # noqa: PLW0603  a count of the process
    device = _cpu()
    arguments = [jax.ShapeDtypeStruct(shape, np.dtype(kind)) for shape, kind in described]
    with jax.enable_x64(True), jax.default_device(device):
        lowered = jax.jit(make(), keep_unused=True).lower(*arguments)
        if origin and not name:
            name = _name(origin.surroundings, "traced", lowered.as_text())
            found = _known_or_kept(name)
            if found is not None:
                return found
        try:
            made: Compiled = _written(lowered, device, described, name)
        except Exception:  # noqa: BLE001  whatever another version of JAX does not offer
            made = _Usual(lowered.compile(), device)
    compiled_here += 1
    return _remembered(name, made)


def forget() -> None:
    """Let go of the kernels that this process shares, for measurements and tests; those on disk stay."""
    _known.clear()


def _digest(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _name(*facts: object) -> str:
    """The name of a kernel's file."""
    return _digest("ode", facts, EXTRA, WITHOUT, OPTIONS)


def _known_or_kept(name: str) -> Compiled | None:
    if not name:
        return None
    if name in _known:
        _known.move_to_end(name)
        return _known[name]
    kept = store.read(name)
    if kept is None:
        return None
    head, parts = kept
    try:
        arguments, results = ([(tuple(s), str(k)) for s, k in head[each]] for each in ("arguments", "results"))
        return _remembered(name, _Native(client().load(parts[0]), arguments, results))
    except Exception:  # noqa: BLE001  a file of another version, or a jaxlib without these calls: compiled instead
        return None


def _remembered(name: str, made: Compiled) -> Compiled:
    if name:
        _known[name] = made
        if len(_known) > _KEPT:
            _known.popitem(last=False)
    return made


Described = Sequence[tuple[Sequence[int], str]]


def _written(lowered: Any, device: Any, arguments: Described, name: str) -> Compiled:
    """Compiled by XLA's client with the settings above, and written down."""
    inside = import_module("jaxlib._jax")
    module = lowered.compiler_ir("stablehlo")
    taken = len(module.body.operations[0].arguments)
    if taken != len(arguments):
        raise ValueError(f"{len(arguments)} arguments were described, and the function takes {taken}")
    loaded = device.client.compile_and_load(module, inside.DeviceList((device,)), _settings())
    results = [(tuple(one.shape), np.dtype(one.dtype).str) for one in lowered.out_info]
    if "custom-call" in loaded.hlo_modules()[0].to_string():  # functions outside of itself, such as LAPACK's
        return _Whole(loaded, arguments, device)
    code = bytes(device.client.serialize_executable(loaded))
    made = _Native(client().load(code), arguments, results)
    if name:
        store.write(name, {"arguments": arguments, "results": results}, [code])
    return made


class _Native:
    """Run by XLA's client without JAX.

    Arguments:
        loaded: what the client has loaded.
        arguments, results: shape and type of each.
    """

    def __init__(self, loaded: Any, arguments: Described, results: Described) -> None:
        self._client = client()
        self._loaded = loaded
        self._kinds = [np.dtype(kind) for _, kind in arguments]
        self._shapes = [tuple(shape) for shape, _ in arguments]
        self._handlers = [self._client.handler(tuple(shape), np.dtype(kind)) for shape, kind in results]

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        arrays = [np.asarray(one, kind) for one, kind in zip(arguments, self._kinds, strict=True)]
        for array, shape in zip(arrays, self._shapes, strict=True):
            if array.shape != shape:
                raise ValueError(f"an array of shape {shape} was described, and one of {array.shape} came")
        made = self._loaded.execute_sharded([self._client.put(one) for one in arrays])
        found = made.consume_with_handlers(self._handlers)
        for one in found:
            one.block_until_ready()
        return [np.asarray(memoryview(one)) for one in found]


class _Whole:
    """Run by JAX's client, which knows the functions that it calls."""

    def __init__(self, loaded: Any, arguments: Described, device: Any) -> None:
        import jax
        from jax.core import ShapedArray

        inside = import_module("jaxlib._jax")
        self._device = device
        self._sharding = jax.sharding.SingleDeviceSharding(device)
        self._shapes = [ShapedArray(tuple(shape), np.dtype(kind)) for shape, kind in arguments]
        # what JAX's own way to put an array takes for each of them is a good part of a short integration
        self._put = inside.batched_device_put
        self._loaded = loaded

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        import jax

        arrays = [np.asarray(one, shape.dtype) for one, shape in zip(arguments, self._shapes, strict=True)]
        with jax.enable_x64(True):
            put = [self._put(s, self._sharding, [a], [self._device]) for s, a in zip(self._shapes, arrays, strict=True)]
        made = self._loaded.execute_sharded(put).disassemble_into_single_device_arrays()
        return [np.asarray(one[0]) for one in made]


class _Usual:
    """Compiled and run by JAX."""

    def __init__(self, made: Any, device: Any) -> None:
        self._made = made
        self._device = device

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        import jax

        with jax.enable_x64(True):
            return [np.asarray(one) for one in self._made(*(jax.device_put(one, self._device) for one in arguments))]


def _cpu() -> Any:
    """JAX's CPU; None where it was told to do without."""
    import jax

    try:
        return jax.devices("cpu")[0]
    except RuntimeError:
        return None


def _settings() -> Any:
    """XLA's settings for this one compilation."""
    inside = import_module("jaxlib._jax")
    usual = inside.CompileOptions()
    usual.num_replicas = usual.num_partitions = 1
    build = usual.executable_build_options
    build.num_replicas = build.num_partitions = 1
    build.device_assignment = inside.DeviceAssignment.create(np.zeros((1, 1), dtype=np.int64))
    debug = b"".join(
        _message(_EXTRA, _message(1, key.encode()) + _message(2, value.encode())) for key, value in EXTRA.items()
    ) + b"".join(_message(_PASSES, name.encode()) for name in WITHOUT)
    # a message written twice is merged: what is added here goes to what is there
    written = usual.SerializeAsString() + _message(_BUILD, _message(_DEBUG, debug))
    settings = inside.CompileOptions.ParseFromString(written)
    settings.env_option_overrides = list(OPTIONS.items())
    return settings


def _message(field: int, content: bytes) -> bytes:
    """A field of a protocol buffer: its number, the length, the bytes."""
    return _count(field << 3 | 2) + _count(len(content)) + content


def _count(number: int) -> bytes:
    """A whole number as protocol buffers write it, seven bits a byte."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])
