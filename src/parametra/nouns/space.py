"""The space of a problem's parameters, and the exact maps between its coordinate systems.

    named   {"rate": 0.3, "beta": array}: what people see; fixed and tied parameters are among them
    box     (d, *batch), between lower and upper (d,): what fits move in. Log: the logarithm; Simplex: stick breaking
    line    (d, *batch), unbounded: each box coordinate mapped by its own bounds
    cube    (c, *batch) in [0, 1]: the prior's probabilities; discrete parameters have coordinates here, and only here

Coordinates are ordered by the sorted names of parameters, so that the order of statement changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.maths.transforms import Box
from parametra.nouns._space_ties import check_numbers, in_order
from parametra.nouns.errors import ParameterError, did_you_mean
from parametra.nouns.formula import Formula
from parametra.nouns.parameter import Bounded, Choice, Continuous, Fixed, Free, Parameter, Tied
from parametra.nouns.statement import check_name, listed, shown

if TYPE_CHECKING:
    Parameters = Mapping[str, object]
else:
    # What comes is checked where it is read.
    Parameters = Any


class Space:
    """Many parameters, and how to get from one coordinate system to another. It never changes.

    Arguments:
        parameters: name to parameter, or to one of the shorthands of `Parameter.of`.

    Attributes (all read-only):
        parameters: name to parameter, in the order of statement.
        names: all names, in the order of statement.
        free: the sorted names of parameters that are to be determined, the discrete ones among them.
        discrete: the sorted names of Integer and Choice parameters.
        tied_to: the names that tied parameters are computed from.
        explicit_priors: the sorted names of parameters whose prior was stated.
        slices: name to its stretch of the box coordinates.
        dimension, cube_dimension: how many box and cube coordinates there are.
        scalar_only: whether every named value is one number (or one object), none an array.

    Raises:
        ParametraError: a name or a statement that cannot be, ties to unknown names, ties in a circle.
    """

    parameters: Mapping[str, Parameter]
    names: tuple[str, ...]
    free: tuple[str, ...]
    discrete: tuple[str, ...]
    tied_to: frozenset[str]
    explicit_priors: tuple[str, ...]
    slices: Mapping[str, slice]
    dimension: int
    cube_dimension: int
    scalar_only: bool

    def __init__(self, parameters: Parameters) -> None:
        if not isinstance(parameters, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # people type it
            raise ParameterError(f"parameters are a mapping of name to parameter; {type(parameters).__name__} came")
        stated = {check_name(name): Parameter.of(thing, name) for name, thing in parameters.items()}
        continuous = {name: p for name in sorted(stated) if isinstance(p := stated[name], Continuous)}
        free = {name: p for name in sorted(stated) if isinstance(p := stated[name], Free)}
        slices: dict[str, slice] = {}
        first = 0
        for name, parameter in continuous.items():
            slices[name] = slice(first, first + parameter.dimension)
            first += parameter.dimension
        self.__dict__.update(
            parameters=MappingProxyType(stated),
            names=tuple(stated),
            free=tuple(free),
            discrete=tuple(name for name, parameter in free.items() if parameter.discrete),
            explicit_priors=tuple(name for name, parameter in free.items() if parameter.prior is not None),
            slices=MappingProxyType(slices),
            dimension=first,
            cube_dimension=sum(parameter.cube_dimension for parameter in free.values()),
            scalar_only=all(not parameter.shape for parameter in stated.values()),
            _continuous=continuous,
            _free=free,
        )
        self._plan()

    _continuous: Mapping[str, Continuous]
    _free: Mapping[str, Free]
    _template: dict[str, Any]
    _values: tuple[tuple[str, int], ...]
    _logarithms: tuple[tuple[str, int], ...]
    _blocks: tuple[tuple[str, slice, Continuous], ...]
    _arrays: tuple[tuple[str, np.ndarray], ...]
    _ties: tuple[tuple[str, Formula], ...]
    _alone: bool

    def _plan(self) -> None:
        """What `to_named` does, decided once: which coordinate is which value, and what has to be computed."""
        values: list[tuple[str, int]] = []
        logarithms: list[tuple[str, int]] = []
        blocks: list[tuple[str, slice, Continuous]] = []
        for name, parameter in self._continuous.items():
            part = self.slices[name]
            if isinstance(parameter, Bounded) and not parameter.shape:
                (logarithms if parameter.logarithmic else values).append((name, part.start))
            else:
                blocks.append((name, part, parameter))
        fixed = {name: p.guess_value() for name, p in self.parameters.items() if isinstance(p, Fixed)}
        arrays = {name: v for name, v in fixed.items() if isinstance(v, np.ndarray)}
        tied = {name: p for name, p in self.parameters.items() if isinstance(p, Tied)}
        check_numbers(tied, self.parameters)
        ties = in_order(tied, self.names) if tied else ()
        self.__dict__.update(
            # In the order of statement, and with what never changes.
            _template={name: fixed.get(name) for name in self.names},
            _values=tuple(values),
            _logarithms=tuple(logarithms),
            _blocks=tuple(blocks),
            _arrays=tuple(arrays.items()),
            _ties=ties,
            _alone=not (arrays or ties or self.discrete),
            tied_to=frozenset[str]().union(*(formula.names for _, formula in ties)),
        )

    # ---- as a noun

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Space does not change; use with_parameters, without or fix, which give a new one")

    def __getitem__(self, name: str) -> Parameter:
        self._check_known(name, "this space")
        return self.parameters[name]

    def __contains__(self, name: object) -> bool:
        return name in self.parameters

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Space({{{', '.join(f'{shown(name)}: {parameter!r}' for name, parameter in self.parameters.items())}}})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.signature == other.signature

    def __hash__(self) -> int:
        return hash(self.signature)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Space, (dict(self.parameters),))

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """Hashable, and equal for equal statements in any order; descriptions do not count."""
        return tuple((name, self.parameters[name].key) for name in sorted(self.names))

    def with_parameters(self, extra: Mapping[str, Any]) -> Space:
        """The space with more parameters, or with others under the same names."""
        return Space({**self.parameters, **extra}) if extra else self

    def without(self, name: str) -> Space:
        """The space without one parameter. Raises ParametraError when there is none, or others are tied to it."""
        self._check_known(name, "without")
        return Space({key: parameter for key, parameter in self.parameters.items() if key != name})

    def fix(self, values: Mapping[str, Any]) -> Space:
        """The space with some parameters held at a value.

        Arguments:
            values: name to value, in the domain of the parameter.

        Raises:
            ParameterError: an unknown name, or a value outside the domain.
        """
        held: dict[str, Parameter] = {}
        for name, value in values.items():
            self._check_known(name, "fix")
            parameter = self.parameters[name]
            if isinstance(parameter, Free):
                value = self._of(name, "fix", parameter.checked, value)  # noqa: PLW2901  # the same, normalised
            verbatim = isinstance(parameter, Choice)
            try:
                held[name] = Fixed(value, unit=parameter.unit, description=parameter.description, verbatim=verbatim)
            except ParameterError as error:
                raise ParameterError(f"{name}: {error}") from None
        return self.with_parameters(held)

    # ---- box

    @cached_property
    def lower(self) -> Float[np.ndarray, " d"]:
        """Lower bounds of the box, -inf where there are none."""
        return self._gathered("box_lower")

    @cached_property
    def upper(self) -> Float[np.ndarray, " d"]:
        """Upper bounds of the box, inf where there are none."""
        return self._gathered("box_upper")

    @cached_property
    def guess(self) -> Float[np.ndarray, " d"]:
        """Where to begin, in the box; moved a little inwards from a bound that is not part of the domain."""
        return self._gathered("box_guess")

    @cached_property
    def sizes(self) -> Float[np.ndarray, " d"]:
        """How large a value of each coordinate is, whatever its unit: of the guess, at most of the box.

        Where the guess is 0 the box tells, and 1 stands where nothing does; it is 1 for all that is `shifted`.
        """
        with np.errstate(invalid="ignore"):
            width = self.upper - self.lower
        bounded = np.isfinite(width) & (width > 0)
        size = np.where(bounded, np.minimum(np.abs(self.guess), width), np.abs(self.guess))
        size = np.where(size > 0, size, np.where(bounded, width, 1.0))
        return np.where(self.shifted, 1.0, size)

    @cached_property
    def shifted(self) -> Bool[np.ndarray, " d"]:
        """Coordinates whose distance from 0 tells nothing: logarithms, which a change of units shifts, and shares."""
        parts = [np.full(p.dimension, not isinstance(p, Bounded) or p.logarithmic) for p in self._continuous.values()]
        return np.concatenate([np.empty(0, dtype=bool), *parts])

    def _gathered(self, what: str) -> np.ndarray:
        parts = [getattr(parameter, what) for parameter in self._continuous.values()]
        together = np.concatenate(parts) if parts else np.empty(0)
        together.flags.writeable = False
        return together

    @cached_property
    def guess_named(self) -> Mapping[str, Any]:
        """Where to begin, by name: guesses as stated, options of discrete parameters, fixed and tied values."""
        named = {name: None if isinstance(p, Tied) else p.guess_value() for name, p in self.parameters.items()}
        for name, formula in self._ties:
            named[name] = formula.evaluate(named, np)
        return MappingProxyType(named)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What the box coordinates are called: `H0`, `beta[1]`, `w~0`."""
        return tuple(label for name, parameter in self._continuous.items() for label in parameter.labels(name))

    @cached_property
    def cube_labels(self) -> tuple[str, ...]:
        """What the cube coordinates are called."""
        return tuple(label for name, parameter in self._free.items() for label in parameter.cube_labels(name))

    @cached_property
    def is_proper(self) -> bool:
        """Whether every free parameter has a prior that can be normalised: stated, or uniform between bounds."""
        return all(parameter.proper for parameter in self._free.values())

    # ---- box and named

    def to_named(self, x: Any, xp: Any = np, discrete: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Named values at points of the box.

        Arguments:
            x: (d, *batch), real or complex.
            xp: numpy or jax.numpy.
            discrete: values of the discrete parameters, where there are any.

        Returns:
            All names, in the order of statement. Scalars are (*batch), arrays are (shape..., *batch).

        Raises:
            ParameterError: another number of coordinates, or a discrete parameter without a value.
        """
        if x.shape[0] != self.dimension:
            raise ParameterError(f"{self.dimension} box coordinates are wanted; an array of shape {x.shape} came")
        named = self._template.copy()
        for name, index in self._values:
            named[name] = x[index]
        for name, index in self._logarithms:
            named[name] = xp.exp(x[index])
        for name, part, parameter in self._blocks:
            named[name] = parameter.from_box(x[part], xp)
        if not self._alone:
            self._completed(named, x.shape[1:], xp, discrete)
        return named

    def _completed(self, named: dict[str, Any], batch: tuple[int, ...], xp: Any, discrete: Any) -> None:
        """Adds what is not a function of one parameter's own coordinates."""
        arrays = list(self._arrays)
        if self.discrete:
            chosen = self._chosen(discrete)
            named.update(chosen)
            arrays += [(n, v) for n, v in chosen.items() if isinstance(v, np.ndarray) and self.parameters[n].shape]
        for name, value in arrays:
            shape = value.shape
            named[name] = xp.broadcast_to(value.reshape(shape + (1,) * len(batch)), shape + batch) if batch else value
        for name, formula in self._ties:
            named[name] = formula.evaluate(named, xp)

    def _chosen(self, discrete: Mapping[str, Any] | None) -> dict[str, Any]:
        given = discrete or {}
        for name in given:
            if name not in self.discrete:
                raise ParameterError(f'discrete: "{name}" is not discrete; {did_you_mean(name, self.discrete)}')
        missing = [name for name in self.discrete if name not in given]
        if missing:
            raise ParameterError(
                f"{listed(missing)} has no box coordinate, because its values are separate; hold it with "
                f'space.fix({{"{missing[0]}": ...}}), or give discrete={{"{missing[0]}": ...}}'
            )
        return {name: self._of(name, "discrete", self._free[name].checked, given[name]) for name in self.discrete}

    def from_named(self, values: Mapping[str, Any]) -> Float[np.ndarray, "d ..."]:
        """The point of the box with these named values; the inverse of `to_named`.

        Arguments:
            values: all names with box coordinates; scalars may be (*batch), arrays (shape..., *batch). Values of fixed,
                tied and discrete parameters may be there, and are not read.

        Raises:
            ParameterError: missing or unknown names, values outside the domain.
        """
        self._check_names(values, self._continuous, "from_named")
        parts = [self._of(name, "from_named", p.to_box, values[name]) for name, p in self._continuous.items()]
        return _joined(parts)

    def tangents(self, x: np.ndarray, discrete: Mapping[str, Any] | None = None) -> dict[str, dict[int, Any]]:
        """Exact derivatives of the named values by the box coordinates that they depend on.

        Arguments:
            x: (d, *batch).
            discrete: values of the discrete parameters, where there are any.

        Returns:
            Every name, to {number of the coordinate: d named / d box, of the shape of the named value}. A scalar that
            is its own coordinate has the slope 1.0; fixed and discrete parameters have none.
        """
        slopes: dict[str, dict[int, Any]] = {name: {} for name in self.names}
        for name, index in self._values:
            slopes[name] = {index: 1.0}
        for name, index in self._logarithms:
            slopes[name] = {index: np.exp(x[index])}
        for name, part, parameter in self._blocks:
            slopes[name] = {part.start + k: slope for k, slope in parameter.slopes(x[part])}
        if self._ties:
            named = self.to_named(x, np, discrete)
            for name, formula in self._ties:
                values = {each: named[each] for each in formula.names}
                own = {each: slopes[each] for each in formula.names}
                slopes[name] = dict(formula.evaluate_with_tangents(values, own)[1])
        return slopes

    # ---- line

    @cached_property
    def _box(self) -> Box:
        return Box(self.lower, self.upper)

    def box_to_line(self, x: Any, xp: Any = np) -> Any:
        """The line's coordinates of points (d, *batch) of the box; infinite for points on a bound."""
        return self._box.inverse(x, xp)

    def line_to_box(self, line: Any, xp: Any = np) -> Any:
        """The points (d, *batch) of the box at coordinates of the line."""
        return self._box.forward(line, xp)

    def to_named_from_line(self, line: Any, xp: Any = np, discrete: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Named values at points (d, *batch) of the line; see `to_named`."""
        return self.to_named(self._box.forward(line, xp), xp, discrete)

    def log_jacobian_line(self, line: Any, xp: Any = np) -> Any:
        """Logarithm of |d named / d line| at points (d, *batch) of the line; (*batch).

        A log density in named values plus this is the log density on the line. For a Simplex the named values are all
        weights but the last.
        """
        total = xp.sum(self._box.log_jacobian(line, xp), axis=0)
        curved = [name for name, p in self._continuous.items() if not isinstance(p, Bounded) or p.logarithmic]
        if curved:
            x = self._box.forward(line, xp)
            for name in curved:
                total = total + self._continuous[name].log_jacobian(x[self.slices[name]], xp)
        return total

    # ---- cube and priors

    def named_from_cube(self, u: np.ndarray) -> dict[str, Any]:
        """Named values at points (c, *batch) of the cube, by the quantiles of the priors.

        Raises:
            ParameterError: another number of coordinates, or a parameter with neither a prior nor finite bounds.
        """
        if u.shape[0] != self.cube_dimension:
            raise ParameterError(f"{self.cube_dimension} cube coordinates are wanted; an array of shape {u.shape} came")
        self._check_proper()
        named = self._template.copy()
        first = 0
        for name, parameter in self._free.items():
            part = u[first : first + parameter.cube_dimension]
            named[name] = parameter.from_cube(part)
            first += parameter.cube_dimension
        batch = u.shape[1:]
        for name, value in self._arrays:
            named[name] = np.broadcast_to(value.reshape(value.shape + (1,) * len(batch)), value.shape + batch)
        for name, formula in self._ties:
            named[name] = formula.evaluate(named, np)
        return named

    def cube_from_named(self, values: Mapping[str, Any]) -> Float[np.ndarray, "c ..."]:
        """The point of the cube with these named values; the middle of its stretch for a discrete one.

        Raises:
            ParameterError: missing or unknown names, values outside the domain, priors that are not proper.
        """
        self._check_names(values, self._free, "cube_from_named")
        self._check_proper()
        return _joined([self._of(name, "cube_from_named", p.to_cube, values[name]) for name, p in self._free.items()])

    def log_prior(self, named: Mapping[str, Any], xp: Any = np) -> Any:
        """Log density of the prior in the free named values, (*batch); parameters are independent beforehand.

        Stated priors, normalised within the bounds; without one, uniform between finite bounds (Log: uniform in the
        logarithm) and 0 where a bound is missing (Log: minus the logarithm of the value).
        """
        total: Any = 0.0
        for name, parameter in self._free.items():
            total = total + parameter.log_prior(named[name], xp)
        return total

    def draw_start(self, generator: np.random.Generator) -> Float[np.ndarray, " d"]:
        """A random point of the box to start a search from.

        From the prior where one is stated; uniform between finite bounds of the box (so uniform in the logarithm for
        Log, uniform over weights for Simplex). Where a bound is missing, around the guess: Real takes a Student-t step
        with 3 degrees of freedom and the width max(|guess|, 1); Positive and Log multiply the guess by
        exp(1.5 * standard normal); a step over the one bound that there may be is reflected.
        """
        parts = [parameter.draw(generator) for parameter in self._continuous.values()]
        return np.concatenate(parts) if parts else np.empty(0)

    # ---- refusals

    def _check_known(self, name: str, where: str) -> None:
        if name not in self.parameters:
            raise ParameterError(f"{where}: there is no parameter {shown(name)}; {did_you_mean(str(name), self.names)}")

    def _check_names(self, values: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
        for name in values:
            self._check_known(name, where)
        missing = [name for name in wanted if name not in values]
        if missing:
            raise ParameterError(f"{where}: {listed(missing)} is missing; give a value for each of {listed(wanted)}")

    def _check_proper(self) -> None:
        improper = [name for name, parameter in self._free.items() if not parameter.proper]
        if improper:
            raise ParameterError(
                f"{listed(improper)} has neither a prior nor finite bounds, so there is nothing to draw from; "
                f"state one or the other"
            )

    def _of(self, name: str, where: str, convert: Any, value: Any) -> Any:
        try:
            return convert(value)
        except ParameterError as error:
            raise ParameterError(f"{where}: {name}: {error}") from None


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Parts (d_i, *batch), whose batches broadcast, one under the other."""
    if not parts:
        return np.empty(0)
    batch = np.broadcast_shapes(*(part.shape[1:] for part in parts))
    if not batch:
        return np.concatenate(parts)
    wide = [part.reshape(len(part), *(1,) * (len(batch) - part.ndim + 1), *part.shape[1:]) for part in parts]
    return np.concatenate([np.broadcast_to(part, (len(part), *batch)) for part in wide])
