"""Reads what a person states of a program: lists of words, tables of names, sizes and exit codes."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from typing import Any, cast

from parametra.nouns._cells import shortened
from parametra.nouns._program_results import STREAMS, below
from parametra.nouns.errors import ModelError
from parametra.nouns.statement import is_number, shown

ROUNDING = sys.float_info.epsilon
"""Relative error of results that are written with all their digits."""

_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b", re.IGNORECASE)


def texts(value: object, key: str, example: str) -> tuple[str, ...]:
    """A list of texts. Raises ModelError for anything else, also for one text."""
    items: list[Any] = list(cast("Any", value)) if isinstance(value, (list, tuple)) else [value]
    if isinstance(value, str) or not all(isinstance(each, str) and "\0" not in each for each in items):
        raise ModelError(f"{key} is a list of texts, such as {example}; {shortened(shown(value))} came.")
    return tuple(items)


def table(value: object, key: str, example: str) -> dict[str, Any]:
    """A table by name. Raises ModelError for anything else."""
    if not isinstance(value, Mapping) or not all(isinstance(each, str) and each for each in cast("Any", value)):
        raise ModelError(f"{key} is a table, such as {example}; {shortened(shown(value))} came.")
    return dict(cast("Mapping[str, Any]", value))


def variables(value: object) -> dict[str, str]:
    """Variables of the environment; whole numbers may stand without quotes. Raises ModelError for anything else."""
    example = '{ OMP_NUM_THREADS = "1" }'
    found = table(value, "environment", example)
    for name, each in found.items():
        whole = isinstance(each, int) and not isinstance(each, bool)
        if not (isinstance(each, str) or whole) or re.search("[=\0]", name) or "\0" in str(each):
            raise ModelError(f"environment: {name} is a text, such as {example}; {shortened(shown(each))} came.")
    return {name: str(each) for name, each in found.items()}


def seconds(value: object) -> float | None:
    """A time, None for no limit. Raises ModelError for anything else."""
    if value is None:
        return None
    if not is_number(value) or not 0 < value < math.inf:
        raise ModelError(f"timeout is a number of seconds above zero, such as 60; {shown(value)} came.")
    return float(value)


def precision(value: object) -> float:
    """A relative error. Raises ModelError for anything but a number from rounding to 0.1."""
    if not is_number(value) or not 0 < value <= 0.1:
        raise ModelError(f"precision is the relative error of the results, such as 1e-6; {shown(value)} came.")
    return max(float(value), ROUNDING)


def size(value: object, key: str) -> int:
    """A number of bytes from a number or from "2 GB" (10**9 each) or "2 GiB" (2**30 each).

    Raises:
        ModelError: anything else, or nothing at all.
    """
    found = 0.0
    if is_number(value) and math.isfinite(value):
        found = float(value)
    elif isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        found = float(match[1]) * (1024 if match[3] else 1000) ** _POWERS.get(match[2].lower(), 0)
    if not found >= 1:
        raise ModelError(f'{key} is a number of bytes, such as "2 GB" or "500 MiB"; {shown(value)} came.')
    return int(found)


def count(value: object, key: str) -> int:
    """A whole number from zero. Raises ModelError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ModelError(f"{key} is a whole number from zero, such as 20; {shown(value)} came.")
    return value


def codes(value: object, key: str) -> tuple[int, ...]:
    """Exit codes, one or a list. Raises ModelError for anything else, and for 0, which is success."""
    items: list[Any] = list(cast("Any", value)) if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(each, int) and not isinstance(each, bool) and 0 < each < 256 for each in items):
        raise ModelError(f"{key} is an exit code from 1 to 255, or a list of them; {shown(value)} came.")
    return tuple(sorted(set(items)))


def written_names(groups: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse names that would be written outside the working folder, or over one another.

    Arguments:
        groups: the names by the key that states them.

    Raises:
        ModelError: the first such name.
    """
    seen: dict[str, str] = dict.fromkeys([*STREAMS, "why.txt"], "the run itself")
    for key, names in groups.items():
        for name in names:
            if not below(name) or name.strip("./") == "":
                raise ModelError(f'{key}: "{shortened(name)}" is no name below the working folder; leave out / and ..')
            if name in seen:
                raise ModelError(f'{key}: "{shortened(name)}" is written by {seen[name]} already; take another name.')
            seen[name] = key
