"""What all parameters have in common: a face to read, and the maps between coordinate systems.

named   what people see: a number, an array of the parameter's shape, or the object chosen
box     (dimension, *batch): the coordinates that fits move in; none for what is discrete, fixed or tied
cube    (cube_dimension, *batch): the prior's probabilities; none for what is fixed or tied

Parameter           Fixed, Tied
└── Free            Integer, Choice
    └── Continuous  Real, Positive, Log, Simplex
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any, ClassVar, NoReturn

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns._parameter_reading import read
from parametra.nouns.errors import ParameterError
from parametra.nouns.statement import shown, whole


class Parameter(ABC):
    """The face of every parameter. Kinds are frozen dataclasses whose fields are what was stated.

    free: it has to be determined (not fixed, not tied). discrete: its values are separate, without box coordinates.
    prior: the distribution that was stated, None where none was. shape: of the named value, () for a scalar.
    """

    kinds: ClassVar[dict[str, type[Parameter]]] = {}
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    free: ClassVar[bool] = True
    discrete: ClassVar[bool] = False
    prior: Any = None
    unit: str = ""
    description: str = ""
    shape: tuple[int, ...] = ()

    def __init_subclass__(cls, kind: str = "") -> None:
        if kind:
            Parameter.kinds[kind] = cls

    @staticmethod
    def of(thing: object, name: str = "") -> Parameter:
        """The parameter that `thing` states.

        Arguments:
            thing: a Parameter; a number, which is the guess of a Real; a pair (lower, upper), the bounds of a Real; or
                a mapping with the keys of a problem file, see `parameter_from_table`.
            name: the parameter's name, for messages.

        Raises:
            ParameterError: something else, or a statement that cannot be.
        """
        if isinstance(thing, Parameter):
            return thing
        try:
            return read(thing, Parameter.kinds)
        except ParameterError as error:
            raise ParameterError(f"{name}: {error}" if name else str(error)) from None

    def __repr__(self) -> str:
        """The call as typed, by field, without what was left at its default."""
        parts: list[str] = []
        for each in sorted(fields(self), key=lambda each: each.kw_only is True):
            value = getattr(self, each.name, each.default)
            if value is not each.default and not (isinstance(value, (str, tuple)) and value == each.default):
                parts.append(f"{each.name}={shown(value)}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def refuse(self, why: str) -> NoReturn:
        """Raises ParameterError with the call as typed in front."""
        raise ParameterError(f"{self!r}: {why}")

    def check_words(self) -> None:
        """Raises ParameterError unless unit and description are text."""
        for field in ("unit", "description"):
            value: object = getattr(self, field)
            if not isinstance(value, str):
                self.refuse(f"{field} must be text; {shown(value)} came")

    def settle_shape(self) -> None:
        """Keeps the shape as a tuple of sizes, and raises ParameterError for anything else."""
        stated: Any = self.shape
        if stated == ():
            return
        sizes: tuple[Any, ...] = tuple(stated) if isinstance(stated, (tuple, list)) else (stated,)
        sizes = tuple(whole(each, self, "shape") for each in sizes)
        if any(each < 1 for each in sizes):
            self.refuse("shape must be made of sizes of 1 or more")
        object.__setattr__(self, "shape", sizes)

    @property
    def key(self) -> tuple[Any, ...]:
        """Hashable: all that matters to the numbers, the same for equal statements."""
        return (type(self).__name__, *(getattr(self, each.name) for each in fields(self) if each.name != "description"))

    @property
    def dimension(self) -> int:
        """The number of box coordinates."""
        return 0

    @property
    def cube_dimension(self) -> int:
        """The number of cube coordinates."""
        return self.dimension

    @property
    def proper(self) -> bool:
        """Whether the prior can be normalised: one was stated, or the bounds are finite."""
        return True

    @property
    def box_lower(self) -> Float[np.ndarray, " d"]:
        """The lower bounds of the box coordinates, -inf where there are none."""
        return np.empty(0)

    @property
    def box_upper(self) -> Float[np.ndarray, " d"]:
        """The upper bounds of the box coordinates, inf where there are none."""
        return np.empty(0)

    @property
    def box_guess(self) -> Float[np.ndarray, " d"]:
        """The guess in box coordinates, moved inwards where a bound is not part of the domain."""
        return np.empty(0)

    @abstractmethod
    def guess_value(self) -> Any:
        """The named value to begin from. Raises ParameterError where there is none (Tied)."""

    def labels(self, name: str) -> list[str]:
        """What the box coordinates are called: `a`, `beta[0]`, `A[0,1]`, `w~0`."""
        return element_labels(name, self.shape) if self.dimension else []

    def cube_labels(self, name: str) -> list[str]:
        """What the cube coordinates are called."""
        return element_labels(name, self.shape) if self.cube_dimension else []


class Free(Parameter):
    """The maps that every parameter has which is to be determined."""

    @abstractmethod
    def from_cube(self, u: np.ndarray) -> Any:
        """Cube (cube_dimension, *batch) to named value (shape..., *batch)."""

    @abstractmethod
    def to_cube(self, value: Any) -> np.ndarray:
        """Named value (shape..., *batch) to cube (cube_dimension, *batch)."""

    @abstractmethod
    def log_prior(self, value: Any, xp: Any) -> Any:
        """The log density of the prior at a named value, summed over its elements; (*batch)."""

    @abstractmethod
    def checked(self, value: Any) -> Any:
        """The named value, if it lies in the domain. Raises ParameterError, without the parameter's name, if not."""


class Continuous(Free):
    """The maps that every parameter with box coordinates has."""

    @abstractmethod
    def from_box(self, box: Any, xp: Any) -> Any:
        """Box (dimension, *batch) to named value (shape..., *batch)."""

    @abstractmethod
    def to_box(self, value: Any) -> np.ndarray:
        """Named value to box. Raises ParameterError, without the parameter's name, outside the domain."""

    @abstractmethod
    def log_jacobian(self, box: Any, xp: Any) -> Any:
        """Logarithm of |d named / d box|; (*batch)."""

    @abstractmethod
    def slopes(self, box: np.ndarray) -> Iterator[tuple[int, Any]]:
        """For each box coordinate: its number, and d named / d box, of the shape of the named value."""

    @abstractmethod
    def draw(self, generator: np.random.Generator) -> Float[np.ndarray, " d"]:
        """A random start in box coordinates."""


def element_labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """`a` for a scalar; `beta[0]`, `A[0,1]` for the elements of an array, in C order."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(shape)]
