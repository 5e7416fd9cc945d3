"""What a model is known by in a ledger: a hash of its content, the same in every process and on every machine."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any

import numpy as np

from parametra.nouns.content_digest import Unknown, digest_of
from parametra.nouns.model import Model


def model_identity(model: Model) -> Callable[[Mapping[str, Any], Mapping[str, Any]], str]:
    """From inputs, and arguments that are no numbers, to a hash of these with the model.

    A program is its command, its rules and its files. A function is its instructions and all that they refer to, where
    that can be told; otherwise its instructions, the values it closes over, its defaults, and the text of its module.
    Files that a function reads, and other modules that it imports, are not seen.
    """
    own = getattr(model.function, "content_hash", None)
    content = own if isinstance(own, str) else _function(model)
    known: dict[int, tuple[Mapping[str, Any], str]] = {}

    def identity(inputs: Mapping[str, Any], others: Mapping[str, Any]) -> str:
        if id(inputs) not in known:  # the inputs are kept beside the hash, so that their id is not given anew
            known[id(inputs)] = (inputs, _inputs(inputs))
        rest = repr(sorted((name, repr(value)) for name, value in others.items()))
        return hashlib.sha256(f"{content} {known[id(inputs)][1]} {rest}".encode()).hexdigest()

    return identity


def _inputs(inputs: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(inputs.items()):
        array = np.ascontiguousarray(value)
        head = f"{name} {array.dtype.str} {array.shape} "
        digest.update(head.encode() + (repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()))
    return digest.hexdigest()


def _function(model: Model) -> str:
    formulas = [(output, formula.text) for output, formula in model.formulas]
    try:
        return digest_of(formulas, model.function)
    except Unknown:
        pass
    function: Any = inspect.unwrap(model.function) if model.function is not None else None
    code = getattr(function, "__code__", None)
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    digest = hashlib.sha256(repr(formulas).encode())
    for part in _codes(code) if isinstance(code, CodeType) else ():
        constants = [c for c in part.co_consts if not isinstance(c, CodeType)]
        digest.update(part.co_code + repr((part.co_name, part.co_names, constants)).encode())
    for cell in getattr(function, "__closure__", None) or ():
        digest.update(_value(cell.cell_contents))
    digest.update(_value(getattr(function, "__defaults__", None)))
    digest.update(_value(vars(function) if not isinstance(code, CodeType) and hasattr(function, "__dict__") else None))
    digest.update(_source(module, function))
    return digest.hexdigest()


def _value(value: Any) -> bytes:
    try:
        return digest_of(value).encode()
    except Unknown:
        pass
    import cloudpickle

    return hashlib.sha256(cloudpickle.dumps(value)).digest()


def _source(module: Any, function: Any) -> bytes:
    try:
        return inspect.getsource(module if module is not None and module.__name__ != "__main__" else function).encode()
    except (OSError, TypeError):  # typed in by hand, or compiled: the instructions above are what there is
        return b""


def _codes(code: CodeType) -> Iterable[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
