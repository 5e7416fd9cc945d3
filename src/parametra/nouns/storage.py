"""Results in a JSON file and back, every number exactly.

A result is frozen dataclasses of numbers, words, tuples, dicts and arrays. Each dataclass is written with its name,
each array with its shape; NaN and infinity are written as words, so that the file is JSON that every reader takes.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from parametra.nouns.errors import FileError

FORMAT = 1
"""Raised when a file written before can no longer be read as it is."""

_classes: dict[str, Any] = {}

Stored = TypeVar("Stored", bound=type)


def storable(cls: Stored) -> Stored:
    """A class decorator: this dataclass or enumeration may stand in a result file."""
    _classes[cls.__name__] = cls
    return cls


def save(result: Any, path: str | os.PathLike[str]) -> None:
    """Write a result, its views included. An interrupted write leaves the old file as it was.

    Raises:
        FileError: the file cannot be written.
    """
    target = Path(path)
    document = {"parametra": FORMAT, "result": _encode(result), "views": [_encode(v) for v in result.views]}
    part = target.with_name(target.name + ".part")
    try:
        part.write_text(json.dumps(document, allow_nan=False, indent=1), encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise FileError(f"the result cannot be written to {target}: {error.strerror}. Choose another place.") from None


def load(path: str | os.PathLike[str]) -> Any:
    """Read a result that `save` wrote.

    Raises:
        FileError: there is no such file, or it is not a saved result.
    """
    source = Path(path)
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{source} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise FileError(
            f"{source} is not a saved result: it is not JSON. Results are written by fit.save(path)."
        ) from None
    if not isinstance(document, dict) or "parametra" not in document or "result" not in document:
        raise FileError(f"{source} is not a saved result. Results are written by fit.save(path).")
    if document["parametra"] != FORMAT:
        raise FileError(
            f"{source} was written in format {document['parametra']}, this version reads {FORMAT}. "
            "Read it with the version of parametra that wrote it."
        )
    try:
        result = _decode(document["result"])
        views = tuple(_decode(v) for v in document["views"])
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{source} is damaged: {error}. Make the result again.") from None
    return dataclasses.replace(result, view_source=lambda: views)


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name != "view_source"}
        return {"class": type(value).__name__, **{k: _encode(v) for k, v in fields.items()}}
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if isinstance(value, np.ndarray):
        kind = {"b": {"of": "bool"}, "i": {"of": "int64"}}.get(value.dtype.kind, {})  # numbers without a word are real
        return {"array": [_encode(v) for v in value.ravel().tolist()], "shape": list(value.shape), **kind}
    if isinstance(value, np.generic):
        return _encode(value.item())
    if isinstance(value, dict):
        return {"dict": [[_encode(k), _encode(v)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_encode(v) for v in value]}
    if isinstance(value, list):
        return [_encode(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return _classes[value["class"]](**{k: _decode(v) for k, v in value.items() if k != "class"})
    if "enum" in value:
        return _classes[value["enum"]](value["value"])
    if "array" in value:
        kind = {"bool": np.bool_, "int64": np.int64}.get(str(value.get("of")), np.float64)
        return np.array([_decode(v) for v in value["array"]], dtype=kind).reshape(value["shape"])
    if "dict" in value:
        return {_decode(k): _decode(v) for k, v in value["dict"]}
    if "tuple" in value:
        return tuple(_decode(v) for v in value["tuple"])
    if "float" in value:
        return float(value["float"])
    raise ValueError(f"unknown entry {sorted(value)}")
