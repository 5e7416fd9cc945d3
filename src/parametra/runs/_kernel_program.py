"""Compiled functions, run by XLA's client for CPUs without JAX's Python part.

A function that was compiled once can be written down as bytes, and a process that has the bytes needs `jaxlib` only,
which loads in a tenth of the time of JAX. Loading such bytes runs the machine code in them: they must come from here.

The calls into `jaxlib` are not part of its public face. Where one of them is missing or fails, JAX itself runs what
it compiled, and nothing is written down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.xla_client import client

compiled_here = 0
"""Kernels that this process has compiled."""

OPTIONS: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_prefer_vector_width": 512}
"""XLA's older code generator for CPUs takes half the time to compile, for the same speed; wide vectors where there are
such. Options belong to XLA and may go: where one is not known, functions are compiled as usual."""


@dataclass(frozen=True)
class Written:
    """A compiled function, written down.

    Arguments:
        code: machine code; empty where it cannot be loaded.
        results: shape and type of each result.
    """

    code: bytes
    results: Sequence[tuple[Sequence[int], str]]

    def loaded(self) -> Native:
        """The program. Whatever goes wrong is raised as jaxlib raises it."""
        return Native(self.code, self.results)


@runtime_checkable
class Program(Protocol):
    """A compiled function of arrays."""

    def put(self, array: np.ndarray) -> Any:
        """The array where the function reads it."""
        ...

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        """The results, still where the function left them."""
        ...

    def numbers(self, result: Any) -> np.ndarray:
        """A result as a NumPy array, which may be read-only."""
        ...


class Native:
    """A program in XLA's own client.

    Arguments:
        code: what `compiled` gave.
        results: shape and type of each result.
    """

    def __init__(self, code: bytes, results: Sequence[tuple[Sequence[int], str]]) -> None:
        self.client = client()
        self.loaded = self.client.load(code)
        self.handlers = [self.client.handler(tuple(shape), np.dtype(kind)) for shape, kind in results]

    def put(self, array: np.ndarray) -> Any:
        return self.client.put(array)

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        return self.loaded.execute_sharded(arguments).consume_with_handlers(self.handlers)

    def numbers(self, result: Any) -> np.ndarray:
        result.block_until_ready()
        return np.asarray(memoryview(result))


class ThroughJax:
    """A program as JAX compiled it."""

    def __init__(self, compiled: Any, device: Any) -> None:
        self.compiled = compiled
        self.device = device

    def put(self, array: np.ndarray) -> Any:
        import jax

        with jax.enable_x64(True):
            return jax.device_put(array, self.device)

    def __call__(self, arguments: Sequence[Any]) -> list[Any]:
        import jax

        with jax.enable_x64(True):
            return list(self.compiled(*arguments))

    def numbers(self, result: Any) -> np.ndarray:
        return np.asarray(result)


def compiled(function: Callable[..., Any], shapes: Sequence[Any]) -> tuple[Program, Written]:
    """Compile a function for the CPU.

    Arguments:
        function: traceable by JAX; arguments are arrays, the result is a tuple of arrays.
        shapes: of the arguments.

    Returns:
        The program, and what it was loaded from; without code where it cannot be loaded elsewhere.
    """
    import jax

    global compiled_here  # noqa: PLW0603  a count of the process
    device = _cpu()
    with jax.enable_x64(True), jax.default_device(device):
        lowered = jax.jit(function, keep_unused=True).lower(*shapes)
        try:
            made = lowered.compile(compiler_options=OPTIONS)
        except jax.errors.JaxRuntimeError as error:
            if "option" not in str(error):
                raise
            made = lowered.compile()
    compiled_here += 1
    results = [(tuple(one.shape), np.dtype(one.dtype).str) for one in lowered.out_info]
    written = Written(_code(made) if device is not None else b"", results)
    if written.code:
        with contextlib.suppress(Exception):  # whatever another version of jaxlib does not know
            return written.loaded(), written
    return ThroughJax(made, device), Written(b"", results)


def _cpu() -> Any:
    """JAX's CPU; None where it was told to do without."""
    import jax

    try:
        return jax.devices("cpu")[0]
    except RuntimeError:
        return None


def _code(made: Any) -> bytes:
    """The machine code of what JAX compiled; none where it calls functions outside of itself, such as LAPACK's."""
    try:
        if "custom-call" in made.as_text():
            return b""
        loaded = made.runtime_executable()
        return bytes(loaded.client.serialize_executable(loaded))
    except Exception:  # noqa: BLE001  whatever another version of JAX does not offer
        return b""
