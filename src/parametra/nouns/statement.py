"""Reading what a person typed: numbers that must be numbers, and values quoted back as they were typed."""

from __future__ import annotations

import keyword
import math
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from numbers import Real as RealNumber
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import numpy as np

from parametra.maths.dirichlet import Dirichlet
from parametra.maths.distributions import Distribution
from parametra.nouns.errors import ParameterError

if TYPE_CHECKING:
    # A number, or an array of them in any form that NumPy reads; kept as a float or as nested tuples of floats.
    Numbers = float | tuple[Any, ...] | list[Any] | np.ndarray
    Text = str
    Whole = int
    Shape = tuple[int, ...]
    Prior = Distribution
    Weights = Dirichlet
    Option = Hashable
    Options = Sequence[Hashable]
else:
    # What comes is checked where it is kept, and refused with a message that says what to do.
    Numbers = Text = Whole = Shape = Prior = Weights = Option = Options = Any

CONSTANTS = frozenset({"pi"})
"""Names that mean something in every formula already."""


def is_number(value: object) -> TypeGuard[float]:
    """Whether the value is a real number, of Python or NumPy, and no Boolean."""
    return not isinstance(value, bool) and isinstance(value, RealNumber)


def shown(value: object) -> str:
    """A value as a person would type it: 100 for 100.0, "text" in double quotes, arrays as lists."""
    if isinstance(value, str):
        return '"' + value.replace('"', '\\"') + '"'
    if isinstance(value, (np.ndarray, np.generic)):
        return shown(value.tolist())
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, list):
        return "[" + ", ".join(shown(each) for each in cast("list[object]", value)) + "]"
    if isinstance(value, tuple):
        parts = [shown(each) for each in cast("tuple[object, ...]", value)]
        return "(" + ", ".join(parts) + (",)" if len(parts) == 1 else ")")
    return repr(value)


def interval(lower: float, upper: float, open_lower: bool = False) -> str:
    """Bounds in mathematical brackets: [0, 10], (0, inf)."""
    left = "(" if open_lower or math.isinf(lower) else "["
    return f"{left}{shown(lower)}, {shown(upper)}{')' if math.isinf(upper) else ']'}"


def numbers(value: object, call: object, field: str) -> float | tuple[Any, ...]:
    """The value as a float, or as nested tuples of floats.

    Arguments:
        value: what was given.
        call: the statement that it is part of; its repr opens the message.
        field: the name under which it was given.

    Raises:
        ParameterError: text, a Boolean, or anything else that is not a number; NaN.
    """
    if is_number(value):
        number = float(value)
        if math.isnan(number):
            raise ParameterError(f"{call!r}: {field} is NaN, which is not a number; give one, or leave {field} out")
        return number
    if isinstance(value, str):
        raise ParameterError(f"{call!r}: {field} must be a number, and text came; write it without quotes")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ParameterError(f"{call!r}: {field} must be a regular array; its rows differ in length") from None
    if array.dtype.kind not in "iuf":
        raise ParameterError(f"{call!r}: {field} must be a number or an array of numbers; {shown(value)} came")
    if np.isnan(array).any():
        raise ParameterError(f"{call!r}: {field} holds NaN, which is not a number; give one, or leave {field} out")
    return nested(array.astype(float).tolist())


def nested(items: Any) -> Any:
    """Lists within lists as tuples within tuples, which can be compared and hashed."""
    return tuple(nested(each) for each in items) if isinstance(items, list) else items


def whole(value: object, call: object, field: str) -> int:
    """The value as an int. Raises ParameterError for anything that is not a whole number."""
    if not is_number(value) or not float(value).is_integer():
        raise ParameterError(f"{call!r}: {field} must be a whole number; {shown(value)} came")
    return int(value)


def check_name(name: object) -> str:
    """The name of a parameter, when it can be one in Python, in formulas and in files.

    Raises:
        ParameterError: not an identifier, a word of Python, or a constant of formulas.
    """
    if not isinstance(name, str):
        raise ParameterError(f"the name of a parameter must be text; {shown(name)} came")
    if not name.isidentifier():
        better = "".join(c if c.isalnum() or c == "_" else "_" for c in name).lstrip("0123456789")
        hint = f"; write {shown(better)}" if better.isidentifier() else ""
        raise ParameterError(
            f"the parameter name {shown(name)} must be letters, digits and _, beginning with a letter{hint}"
        )
    if keyword.iskeyword(name):
        raise ParameterError(f'the parameter name "{name}" is a word of Python; write "{name}_"')
    if name in CONSTANTS:
        raise ParameterError(f'the parameter name "{name}" is a constant in formulas; write "{name}_"')
    if not name.isascii() and unicodedata.normalize("NFKC", name) != name:
        same = unicodedata.normalize("NFKC", name)
        raise ParameterError(f'Python reads the parameter name "{name}" as "{same}", another character; write "{same}"')
    return name


def listed(names: Iterable[str]) -> str:
    """Names in double quotes, with commas."""
    return ", ".join(shown(name) for name in names)
