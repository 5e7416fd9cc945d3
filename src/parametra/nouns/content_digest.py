"""What a thing consists of, as a digest that is the same in every process; refused where that cannot be told for sure.

A formula is its text. A function of Python is its instructions, its constants, and everything that it refers to, as far
as that is numbers, arrays, functions of the same kind, and functions of NumPy, SciPy and JAX. A function that may read
files, draw random numbers or look at the clock has no digest, and neither has one that uses objects of a person's own
classes.
"""

from __future__ import annotations

import builtins
import dataclasses
import dis
import enum
import functools
import hashlib
import math
import os
import platform
import sys
import types
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns.formula import Formula
from parametra.nouns.version import VERSION

_KNOWN = frozenset({"numpy", "math", "cmath", "scipy", "jax", "jaxlib", "parametra"})
_BUILTINS = frozenset(
    (
        *("abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "float", "int", "isinstance", "len"),
        *("list", "map", "max", "min", "pow", "range", "reversed", "round", "set", "slice", "sorted", "str", "sum"),
        *("tuple", "zip", "ArithmeticError", "TypeError", "ValueError"),
    )
)
_IMPURE = frozenset(
    (
        *("random", "rand", "randn", "load", "loads", "loadtxt", "genfromtxt", "fromfile", "memmap", "open", "save"),
        *("ctypeslib", "ctypes", "io", "os", "sys", "time", "datetime", "environ", "print"),
        *("pure_callback", "io_callback", "debug", "callback"),
    )
)
_OPENINGS = ("IMPORT_", "STORE_GLOBAL", "DELETE_GLOBAL")


class Unknown(Exception):  # noqa: N818  a signal, never seen by a person
    """Something whose digest could not be trusted."""


def digest_of(*things: Any) -> str:
    """A digest of nested tuples, mappings, numbers, texts, arrays, functions and frozen records.

    Raises:
        Unknown: something else is among them.
    """
    digest = hashlib.sha256()
    _Feed(digest).feed(things)
    return digest.hexdigest()


class _Feed:
    """Feeds things to a digest, each with its kind and its length, so that no two of them look alike."""

    def __init__(self, digest: Any) -> None:
        self.digest = digest
        self.seen: dict[int, int] = {}

    def word(self, kind: str, content: bytes = b"") -> None:
        self.digest.update(f"{kind} {len(content)} ".encode() + content)

    def feed(self, thing: Any) -> None:
        if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes)):
            self.word(type(thing).__name__, repr(thing).encode())
        elif isinstance(thing, (tuple, list)):
            self.each(type(thing).__name__, thing)
        elif isinstance(thing, (frozenset, set)):
            self.each("set", sorted(thing, key=repr))
        elif isinstance(thing, Mapping):
            self.each("mapping", [item for key in sorted(thing, key=repr) for item in (key, thing[key])])
        elif isinstance(thing, (np.ndarray, np.generic)):
            self.array(np.asarray(thing))
        else:
            self.rest(thing)

    def rest(self, thing: Any) -> None:
        if isinstance(thing, enum.Enum):
            self.each("enum", [type(thing).__qualname__, thing.name])
        elif isinstance(thing, Formula):
            self.each("formula", [thing.text])
        elif dataclasses.is_dataclass(thing) and not isinstance(thing, type) and _home(type(thing)) == "parametra":
            values = [getattr(thing, field.name) for field in dataclasses.fields(thing)]
            self.each("record", [type(thing).__qualname__, *values])
        elif isinstance(thing, types.CodeType):
            self.code(thing)
        elif isinstance(thing, functools.partial):
            self.each("partial", [thing.func, thing.args, thing.keywords])
        elif isinstance(thing, types.ModuleType):
            self.known("module", thing.__name__)
        elif _is_of_a_library(thing):
            self.known("named", f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}")
        elif isinstance(thing, np.ufunc) and getattr(np, thing.__name__, None) is thing:
            self.known("ufunc", f"numpy.{thing.__name__}")
        elif isinstance(thing, types.FunctionType):
            self.function(thing)
        else:
            raise Unknown

    def known(self, kind: str, name: str) -> None:
        """Something of a library, whose version is told elsewhere."""
        if name.partition(".")[0] not in _KNOWN:
            raise Unknown
        self.word(kind, name.encode())

    def each(self, kind: str, things: Iterable[Any]) -> None:
        listed = list(things)
        self.word(f"{kind} of {len(listed)}")
        for thing in listed:
            self.feed(thing)

    def array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject:
            raise Unknown
        self.word(f"array {array.shape} {array.dtype.str}", np.ascontiguousarray(array).tobytes())

    def function(self, function: types.FunctionType) -> None:
        if id(function) in self.seen:  # it refers to itself
            self.word("again", str(self.seen[id(function)]).encode())
            return
        self.seen[id(function)] = len(self.seen)
        if function.__dict__.keys() - {"__wrapped__"}:
            raise Unknown
        self.code(function.__code__)
        cells = []
        for cell in function.__closure__ or ():
            try:
                cells.append(cell.cell_contents)
            except ValueError:  # not filled yet
                raise Unknown from None
        self.each("function", [function.__defaults__, function.__kwdefaults__, cells])
        for name in sorted(_names(function.__code__)):
            if name in _IMPURE:
                raise Unknown
            if name in function.__globals__:
                self.each("global", [name, function.__globals__[name]])
        for name in sorted(_globals_read(function.__code__)):
            if name not in function.__globals__ and (not hasattr(builtins, name) or name not in _BUILTINS):
                raise Unknown

    def code(self, code: types.CodeType) -> None:
        facts = (code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        counts = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags)
        self.each("code", [facts, counts, code.co_consts])


def _is_of_a_library(thing: Any) -> bool:
    """Whether its name says what it is: a wrapper or a closure may carry the name of what is inside."""
    found: Any = sys.modules.get(str(getattr(thing, "__module__", None)))
    if not callable(thing) or _home(thing) not in _KNOWN or found is None:
        return False
    for name in str(getattr(thing, "__qualname__", "?")).split("."):
        found = getattr(found, name, None)
    return found is thing


def _home(thing: Any) -> str:
    return str(getattr(thing, "__module__", None) or "").partition(".")[0]


def _codes(code: types.CodeType) -> Iterable[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _names(code: types.CodeType) -> set[str]:
    """Every name of a global or an attribute in a function and in those inside it."""
    return {name for each in _codes(code) for name in each.co_names}


def _globals_read(code: types.CodeType) -> set[str]:
    found: set[str] = set()
    for each in _codes(code):
        for instruction in dis.get_instructions(each):
            if instruction.opname.startswith(_OPENINGS):
                raise Unknown
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                found.add(str(instruction.argval))
    return found


# ---- the machine and the programs


@functools.cache
def surroundings() -> str:
    """A digest of what machine code depends on besides the statement: programs, processor, settings of XLA."""
    settings = {k: v for k, v in os.environ.items() if k == "XLA_FLAGS" or k.startswith("JAX_")}
    files = [_stamp(name) for name in ("jax", "jaxlib")]
    facts = (VERSION, sys.version, np.__version__, _own_stamp(), files, settings, _processor())
    return digest_of(facts)


def _stamp(package: str) -> tuple[Any, ...]:
    """Which version of a package is installed, without loading it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        return (package,)
    path = Path(found.origin).with_name("version.py")
    return (package, path.read_text(encoding="utf-8") if path.is_file() else _times([Path(found.origin)]))


@functools.cache
def _own_stamp() -> tuple[Any, ...]:
    """Of the source that kernels are made by, so that a change of it makes all of them anew."""
    package = Path(__file__).parents[1]
    return _times(
        sorted(path for floor in ("maths", "models", "nouns", "runs") for path in (package / floor).rglob("*.py"))
    )


def _times(paths: list[Path]) -> tuple[Any, ...]:
    return tuple((path.name, found.st_size, found.st_mtime_ns) for path in paths for found in [path.stat()])


def _processor() -> tuple[Any, ...]:
    """What the machine can do, as far as it tells; elsewhere, which machine it is."""
    facts: tuple[Any, ...] = (sys.platform, platform.machine(), sys.byteorder, math.log2(sys.maxsize + 1))
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.strip():
                    break
                name, _, value = line.partition(":")
                if name.strip() in ("flags", "Features", "model name", "cpu family", "model", "CPU part"):
                    facts = (*facts, name.strip(), value.strip())
    except OSError:
        facts = (*facts, platform.node(), platform.processor())
    return facts
