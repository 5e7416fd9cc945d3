"""Compile a loop over steps into one machine function.

XLA's CPU runtime calls every fused piece of a loop's body by itself, which for arrays of eight lanes costs ten times
what the arithmetic does. Three settings make one function of the whole loop: loops of any size count as small, what
several results need is computed once and kept instead of being fused into each of them, and short inner loops become
vector instructions instead of being unrolled into single numbers. They belong to the one compilation, never to the
process. Where this version of XLA does not know them the same function is compiled as usual, and is slower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

import numpy as np

EXTRA = {"xla_cpu_small_while_loop_byte_threshold": "1000000000000", "xla_cpu_disable_loop_unrolling": "true"}
WITHOUT = ("fusion", "cpu-instruction-fusion", "cpu_instruction_fusion")
OPTIONS: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_prefer_vector_width": 512}

# field numbers of XLA's messages: CompileOptions.executable_build_options, its debug_options, and in these
# xla_backend_extra_options (a map) and xla_disable_hlo_passes
_BUILD, _DEBUG, _EXTRA, _PASSES = 3, 3, 500, 30


@runtime_checkable
class Compiled(Protocol):
    """A compiled function of arrays, giving arrays."""

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        """The results."""
        ...


def compiled(function: Callable[..., Any], *shapes: tuple[tuple[int, ...], Any]) -> Compiled:
    """Compile a function for the CPU.

    Arguments:
        function: traceable by JAX; arrays in, a tuple of arrays out.
        shapes: shape and type of each argument.
    """
    import jax

    device = _cpu()
    described = [jax.ShapeDtypeStruct(shape, np.dtype(kind)) for shape, kind in shapes]
    with jax.enable_x64(True), jax.default_device(device):
        lowered = jax.jit(function, keep_unused=True).lower(*described)
        try:
            return _Whole(lowered, described, device)
        except Exception:  # noqa: BLE001  whatever another version of JAX does not offer
            return _Usual(lowered.compile(), device)


class _Whole:
    """Compiled by XLA's client with the settings above, and run by it."""

    def __init__(self, lowered: Any, described: Sequence[Any], device: Any) -> None:
        import jax
        from jax.core import ShapedArray

        inside = import_module("jaxlib._jax")
        self._device = device
        self._sharding = jax.sharding.SingleDeviceSharding(device)
        self._shapes = [ShapedArray(one.shape, one.dtype) for one in described]
        # what JAX's own way to put an array takes for each of them is a good part of a short integration
        self._put = inside.batched_device_put
        module = lowered.compiler_ir("stablehlo")
        taken = len(module.body.operations[0].arguments)
        if taken != len(described):
            raise ValueError(f"{len(described)} arguments were described, and the function takes {taken}")
        self._loaded = device.client.compile_and_load(module, inside.DeviceList((device,)), _settings())

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
