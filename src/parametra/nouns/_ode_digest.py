"""What tells one function of a person from another, the same in every process: its instructions and what it reads."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, cast

import numpy as np


def digest_of_function(function: Callable[..., Any]) -> str:
    """A hash of a function: other instructions, constants, or values that it reads have another one."""
    digest = hashlib.sha256()
    seen: set[int] = set()

    def feed(thing: Any) -> None:
        if isinstance(thing, CodeType):
            digest.update(repr((thing.co_code, thing.co_names, thing.co_varnames, thing.co_argcount)).encode())
            feed(thing.co_consts)
        elif isinstance(thing, FunctionType):
            if id(thing) not in seen:  # else it refers to itself
                seen.add(id(thing))
                feed(_parts(thing))
        elif isinstance(thing, (tuple, list)):
            parts = cast("list[Any]", thing)
            digest.update(f"[{len(parts)}".encode())
            for each in parts:
                feed(each)
        else:
            digest.update(_bytes(thing))

    feed(function)
    return digest.hexdigest()


def _parts(function: FunctionType) -> list[Any]:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    read = [(name, function.__globals__[name]) for name in _names(function.__code__) if name in function.__globals__]
    return [function.__code__, function.__defaults__, sorted((function.__kwdefaults__ or {}).items()), cells, read]


def _names(code: CodeType) -> list[str]:
    inside = [name for each in code.co_consts if isinstance(each, CodeType) for name in _names(each)]
    return sorted({*code.co_names, *inside})


def _bytes(thing: Any) -> bytes:
    if isinstance(thing, (np.ndarray, np.generic)):
        array = np.asarray(thing)
        return f"{array.shape}{array.dtype.str}".encode() + np.ascontiguousarray(array).tobytes()
    if inspect.ismodule(thing):
        return f"module {thing.__name__}".encode()
    if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes)):
        return f"{type(thing).__name__} {thing!r} ".encode()
    if name := getattr(thing, "__qualname__", ""):  # a class, or a function of a library
        return f"{getattr(thing, '__module__', '')}.{name}".encode()
    import cloudpickle

    return cloudpickle.dumps(thing)
