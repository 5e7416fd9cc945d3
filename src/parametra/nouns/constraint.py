"""Constraints on parameters: conditions that the answer must meet exactly, beyond the bounds of each parameter."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parametra.nouns._constraint_limits import (
    AFFINE,
    ParameterLimits,
    Part,
    degree,
    differentiable,
    probes,
    same_slopes,
)
from parametra.nouns._constraint_text import pieces
from parametra.nouns._formula_parse import one_line
from parametra.nouns.errors import FormulaError, ParameterError, did_you_mean
from parametra.nouns.formula import Formula
from parametra.nouns.limits import Limits
from parametra.nouns.parameter import Bounded, Tied
from parametra.nouns.space import Space
from parametra.nouns.statement import shown


@dataclass(frozen=True, eq=False)
class Constraint:
    """lower <= function(parameters) <= upper, at the answer of a fit.

    Good for what a formula cannot say. Prefer text, `"a + b <= 1"`, for what it can: it is differentiated exactly, and
    a linear one is recognised. Prefer the bounds of a parameter for a single one, and `Simplex` for weights.

    Arguments:
        function: of parameters, which its arguments are named after; returns one number or an array of them. Or a
            formula.
        lower, upper: limits of what it returns; the same number twice is an equality.
        name: what messages and results call it.

    Raises:
        ParameterError: no function, no limit, or limits that nothing can meet.
    """

    function: Any
    lower: Any = -np.inf
    upper: Any = np.inf
    name: str = ""
    text: str = field(default="", repr=False)
    size: int = field(default=0, repr=False)
    settled: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.function, str):
            object.__setattr__(self, "function", Formula.parse(one_line(self.function), where="a constraint"))
        if not isinstance(self.function, Formula) and not callable(self.function):
            raise ParameterError(
                f"Constraint({shown(self.function)}): a function of parameters or a formula is wanted, such as "
                "Constraint(lambda a, b: a * b, upper=1)."
            )
        for word in ("lower", "upper"):
            try:
                value = np.asarray(getattr(self, word), dtype=np.float64)
            except (TypeError, ValueError):
                value = np.array(np.nan)
            if np.isnan(value).any():
                what = self.name or "Constraint(...)"
                raise ParameterError(f"{what}: {word}={shown(getattr(self, word))}: a number is wanted.")
            object.__setattr__(self, word, value)
        try:
            lower, upper = np.broadcast_arrays(self.lower, self.upper)
        except ValueError:
            raise ParameterError(
                f"{self.label}: lower has the shape {np.shape(self.lower)} and upper {np.shape(self.upper)}; they must "
                "fit together."
            ) from None
        if (lower > upper).any() or (lower == np.inf).any() or (upper == -np.inf).any():
            raise ParameterError(f"{self.label}: nothing is at least {_one(lower)} and at most {_one(upper)}.")
        if not (np.isfinite(lower) | np.isfinite(upper)).any():
            raise ParameterError(f"{self.label}: it has neither lower nor upper, so it demands nothing. Give one.")

    @property
    def label(self) -> str:
        """What messages call it."""
        words = self.text or (self.function.text if isinstance(self.function, Formula) else "")
        if not words:
            words = getattr(self.function, "__name__", "function") + "(...)"
        if not self.text:
            low, high = (f"{_one(b)} <= " if np.isfinite(b).any() else "" for b in (self.lower, self.upper))
            words = f"{low}{words}" + (f" <= {_one(self.upper)}" if high else "")
        return f"{self.name} ({words})" if self.name else words

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it reads."""
        if isinstance(self.function, Formula):
            return tuple(sorted(self.function.names))
        return tuple(inspect.signature(self.function).parameters)

    def value(self, named: Mapping[str, Any]) -> np.ndarray:
        """Its rows for named values, (size,)."""
        if isinstance(self.function, Formula):
            return np.ravel(np.asarray(self.function.evaluate(named), dtype=np.float64))
        return np.ravel(np.asarray(self.function(**{name: named[name] for name in self.names}), dtype=np.float64))


@dataclass(frozen=True)
class Pattern:
    """Constraints that follow a pattern over some parameters: `ordered`, `simplex`."""

    kind: str
    names: tuple[str, ...]

    def texts(self, space: Space) -> list[str]:
        """The conditions, as a person would have typed them."""
        terms = self._terms(space)
        if self.kind == "ordered":
            return [" <= ".join(terms)]
        below = [t for t, n in zip(terms, self._owners(terms), strict=True) if not _never_negative(space, n)]
        return [*(f"{term} >= 0" for term in below), f"{' + '.join(terms)} == 1"]

    def _owners(self, terms: list[str]) -> Sequence[str]:
        return self.names if len(self.names) > 1 else self.names * len(terms)

    def _terms(self, space: Space) -> list[str]:
        where = f"{self.kind}({', '.join(shown(n) for n in self.names)})"
        for name in self.names:
            if name not in space:
                raise ParameterError(f'{where}: there is no parameter "{name}"; {did_you_mean(name, space.names)}')
            if self.names.count(name) > 1:
                raise ParameterError(f'{where}: "{name}" is named twice, and says nothing about itself. Name others.')
        if len(self.names) > 1:
            return list(self.names)
        if not self.names:
            raise ParameterError(f"{where}: name two parameters or more, or one that is an array.")
        shape = np.shape(space.guess_named[self.names[0]])
        if len(shape) != 1 or shape[0] < 2:
            raise ParameterError(
                f'{where}: "{self.names[0]}" alone must be an array of two or more; its shape is {shape}. Name more '
                "parameters."
            )
        return [f"{self.names[0]}[{i}]" for i in range(shape[0])]


def ordered(*names: str) -> Pattern:
    """The parameters in increasing order, a <= b <= c: for those that could be swapped, such as rates of decays.

    Arguments:
        names: two parameters or more, or one array.
    """
    return Pattern("ordered", names)


def simplex(*names: str) -> Pattern:
    """Fractions: each 0 or more, and the sum 1.

    Good for fractions that are parameters of their own, may be zero exactly, have bounds of their own, or take part in
    other constraints. Prefer the domain `Simplex(k)` otherwise: it needs no constraint, so every method can serve it,
    but its weights never are exactly zero.

    Arguments:
        names: two parameters or more, or one array.
    """
    return Pattern("simplex", names)


def constraints_of(thing: object, space: Space, profiled: str | None = None) -> tuple[Constraint, ...]:
    """The constraints that a problem states.

    Arguments:
        thing: None, a text, a `Constraint`, a pattern, several of them, or a mapping of name to any of them.
        space: the parameters.
        profiled: the scale that least squares gives in closed form, which cannot be constrained.

    Raises:
        FormulaError: a text that cannot be read, or that names what is no parameter.
        ParameterError: a constraint that says nothing of what is to be determined, or that cannot be computed.
    """
    return tuple(c for name, item in _listed(thing) for c in _read(item, name, space, profiled))


def limits_of(constraints: tuple[Constraint, ...], space: Space) -> Limits | None:
    """The constraints as functions of the box coordinates of `space`; None without any.

    Those that have nothing free left in them stay only when they do not hold, as rows that nothing can move.
    """
    free = _movable(space)
    parts: list[Part] = []
    names: list[str] = []
    lower: list[np.ndarray] = []
    upper: list[np.ndarray] = []
    linear: list[bool] = []
    for c in constraints:
        moves = bool(free.intersection(c.names))
        if not moves and _holds(c, space):
            continue
        part = Part(c.function, c.names, c.size)
        if isinstance(c.function, Formula):
            flat = degree(c.function, space) <= AFFINE
        else:
            part = differentiable(Part(c.function, c.names, c.size, "central differences"), space)
            flat = same_slopes(part, space)
        parts.append(part)
        names += [c.label] if c.size == 1 else [f"{c.label} [{i}]" for i in range(c.size)]
        lower.append(np.broadcast_to(np.ravel(c.lower), c.size))
        upper.append(np.broadcast_to(np.ravel(c.upper), c.size))
        linear += [flat] * c.size
    if not parts:
        return None
    low, high = np.concatenate(lower), np.concatenate(upper)
    return ParameterLimits(tuple(names), low, high, np.array(linear, dtype=bool), space, tuple(parts))


def refuse_beside(constraints: tuple[Constraint, ...], *, penalty: bool, adversary: bool) -> None:
    """Raises ParameterError for constraints together with what no method serves beside them."""
    beside = ["a penalty"] * penalty + ["an adversary"] * adversary
    if constraints and beside:
        raise ParameterError(
            f"the problem has constraints ({constraints[0].label}) and {beside[0]}, which no method serves together. "
            "State one of the two, or bounds instead of the constraints."
        )


def equalities(constraints: tuple[Constraint, ...]) -> int:
    """How many equations the constraints state."""
    return sum(int(np.sum(np.broadcast_to(np.ravel(c.lower == c.upper), c.size))) for c in constraints)


def independent_equations(constraints: tuple[Constraint, ...], space: Space) -> int:
    """How many of the equations are independent of one another, at points near the guess."""
    limits = limits_of(constraints, space) if equalities(constraints) else None
    if limits is None:
        return 0
    slopes = limits.jacobian(probes(space))[:, limits.equal]
    slopes = slopes[np.isfinite(slopes).all(axis=(1, 2))]
    lengths = np.linalg.norm(slopes, axis=2, keepdims=True)
    units = slopes / np.where(lengths > 0, lengths, 1.0)
    return max((int(np.linalg.matrix_rank(rows, tol=1e-9)) for rows in units), default=0)


def _listed(thing: object) -> Iterable[tuple[str, object]]:
    if thing is None:
        return
    if isinstance(thing, Mapping):
        for name, item in thing.items():
            if not isinstance(name, str):
                raise ParameterError(f"the name of a constraint must be text; {shown(name)} came.")
            if name in ("ordered", "simplex") and isinstance(item, Sequence) and not isinstance(item, str):
                several = bool(item) and all(isinstance(one, (list, tuple)) for one in item)
                for one in item if several else [item]:
                    yield "", Pattern(name, tuple(str(each) for each in one))
            else:
                yield from ((name, one) for _, one in _listed(item))
    elif isinstance(thing, Sequence) and not isinstance(thing, str):
        for item in thing:
            yield from _listed(item)
    else:
        yield "", thing


def _read(item: object, name: str, space: Space, profiled: str | None) -> list[Constraint]:
    if isinstance(item, Constraint):
        if item.settled:
            return [item]
        return [_settled(replace(item, name=item.name or name), space, profiled)]
    if isinstance(item, Pattern):
        return [c for text in item.texts(space) for c in _read(text, name or item.kind, space, profiled)]
    if not isinstance(item, str):
        raise ParameterError(
            f'a constraint is text such as "a + b <= 1", a Constraint(function, ...), ordered(...) or simplex(...); '
            f"{shown(item)} came."
        )
    text = one_line(item)
    found = pieces(text, f"the constraint {shown(text)}")
    made = [Constraint(p.formula, p.lower, p.upper, name, p.text) for p in found]
    return [_settled(c, space, profiled) for c in made]


def _settled(c: Constraint, space: Space, profiled: str | None) -> Constraint:
    """The constraint after a look at it with these parameters."""
    where = f"the constraint {c.label}"
    for name in c.names:
        if name == profiled:
            raise ParameterError(
                f'{where}: "{name}" is not searched but computed from the residuals, so it cannot be constrained. '
                "State it as a known number, or leave it out."
            )
        if name not in space:
            raise FormulaError(f'{where}: "{name}" is no parameter; {did_you_mean(name, space.names)}')
    if not _movable(space).intersection(c.names):
        held = "nothing" if not c.names else ", ".join(c.names)
        raise ParameterError(
            f"{where}: it names {held}, of which nothing is to be determined, so it "
            f"{'always holds' if _holds(replace(c, size=1), space) else 'can never hold'}. Leave it out, or free one."
        )
    size = _value(c, space, where).size
    for bound in (c.lower, c.upper):
        if np.ravel(bound).size not in (1, size):
            raise ParameterError(f"{where}: it has {size} values and {np.ravel(bound).size} limits; they must fit.")
    return replace(c, size=size, settled=True)


def _value(c: Constraint, space: Space, where: str) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            value = c.value(space.guess_named)
    except FormulaError:
        raise
    except Exception as error:  # a person's function may raise anything
        raise ParameterError(
            f"{where}: it cannot be computed at the guess, {type(error).__name__}: {error}. It must give a number, or "
            "an array of numbers."
        ) from error
    if not value.size:
        raise ParameterError(f"{where}: it gives an empty array. Return a number, or an array of numbers.")
    return value


def _holds(c: Constraint, space: Space) -> bool:
    with np.errstate(all="ignore"):
        value = c.value(space.guess_named)
    slack = 1e-9 * np.maximum(1.0, np.abs(value))
    return bool(np.all((value >= np.ravel(c.lower) - slack) & (value <= np.ravel(c.upper) + slack)))


def _movable(space: Space) -> set[str]:
    """The names whose values are to be determined, directly or through a tie."""
    found = set(space.free)
    tied = {name: p for name, p in space.parameters.items() if isinstance(p, Tied)}
    for _ in tied:
        found |= {name for name, p in tied.items() if p.formula.names & found}
    return found


def _never_negative(space: Space, name: str) -> bool:
    parameter = space[name]
    return isinstance(parameter, Bounded) and (parameter.logarithmic or bool(np.all(parameter.box_lower >= 0)))


def _one(bound: np.ndarray) -> str:
    flat = np.ravel(bound)
    return f"{flat[0]:g}" if np.all(flat == flat[0]) else shown(flat.tolist())
