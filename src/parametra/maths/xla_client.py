"""XLA's client for CPUs, without JAX's Python part: loading machine code and running it needs `jaxlib` only.

Loading bytes runs the machine code in them: they must come from here. The calls into `jaxlib` are not part of its
public face; whoever uses them must be able to do without.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

import numpy as np


class Client:
    """One device of this process; `client` gives the one that there is."""

    def __init__(self) -> None:
        with _quiet():
            xla_client = import_module("jaxlib.xla_client")
            inside, hlo = import_module("jaxlib._jax"), import_module("jaxlib._hlo")
            self.client = xla_client.make_cpu_client()
        # One device; with what JAX's Python part, which may not be loaded, would add to the class.
        added = {
            "is_fully_replicated": True,
            "memory_kind": None,
            "_to_xla_hlo_sharding": lambda _self, _rank: hlo.HloSharding.replicate(),
        }
        here = type("Here", (inside.SingleDeviceSharding,), added)
        self.device = self.client.devices()[0]
        self.devices = inside.DeviceList((self.device,))
        self.sharding = here(self.device)
        self.semantics = inside.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL
        self.batched_device_put = inside.batched_device_put
        self.result_handler = inside.array_result_handler

    def load(self, code: bytes) -> Any:
        """What machine code computes."""
        return self.client.deserialize_executable(code, executable_devices=self.devices)

    def put(self, array: np.ndarray) -> Any:
        """The array where functions read it."""
        described = _Described(array.shape, array.dtype)
        return self.batched_device_put(
            described, self.sharding, [array], [self.device], True, False, self.semantics, True
        )

    def handler(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """What makes an array of a result."""
        return self.result_handler(_Described(shape, dtype), self.sharding, True, True)


class _Described:
    """What XLA's client wants to know of an array."""

    weak_type: ClassVar[bool] = False
    sharding: ClassVar[None] = None

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype
        self.ndim = len(shape)


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """XLA tells of its devices when it starts, unless it is told not to."""
    name = "TF_CPP_MIN_LOG_LEVEL"
    if name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ.pop(name, None)


@cache
def client() -> Client:
    """The client of this process."""
    return Client()
