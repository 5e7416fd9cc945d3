"""Units of measurement: read by pint, compared by their dimensions, followed through formulas.

Units are stated, never converted: a formula computes with the numbers as they are. What is checked is that they fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from parametra.nouns._formula_tape import Step, piece
from parametra.nouns.errors import UnitError
from parametra.nouns.formula import Formula

_DIMENSIONLESS_TEXTS = ("1", "dimensionless", "-")
_NEEDS_NUMBERS = frozenset(
    [
        "exp",
        "expm1",
        "log",
        "log1p",
        "log2",
        "log10",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "erf",
        "erfc",
        "gamma",
        "gammaln",
        "expit",
    ]
)
_KEEPS = frozenset({"negative", "abs", "floor", "ceil", "rint"})
_ALIKE = {"add": "add", "subtract": "subtract", "minimum": "take the smaller of", "maximum": "take the larger of"}
_COMPARES = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})


@dataclass(frozen=True)
class Unit:
    """A unit.

    Arguments:
        text: as stated, or as it came out of a formula.
        dimension: powers of base dimensions, sorted: (("[length]", 1.0), ("[time]", -1.0)).
        factor: how many base units it is.
    """

    text: str
    dimension: tuple[tuple[str, float], ...]
    factor: float

    @property
    def is_number(self) -> bool:
        """Whether it is a pure number without a scale."""
        return not self.dimension

    def times(self, other: Unit, power: float = 1.0) -> Unit:
        """This unit times a power of another one."""
        powers = dict(self.dimension)
        for name, p in other.dimension:
            powers[name] = powers.get(name, 0.0) + p * power
        kept = tuple(sorted((k, v) for k, v in powers.items() if abs(v) > 1e-9))
        sign = "*" if power > 0 else "/"
        if not other.dimension and other.factor == 1.0:
            text = self.text
        else:
            shown = other.text if abs(power) == 1 else f"({other.text})**{abs(power):g}"
            text = shown if self is NUMBER and power > 0 else f"{self.text} {sign} {shown}"
        return Unit(text, kept, self.factor * other.factor**power)

    def fits(self, other: Unit) -> bool:
        """Whether numbers in one unit can stand for numbers in the other: same dimension, same scale."""
        return self.dimension == other.dimension and abs(self.factor - other.factor) <= 1e-9 * abs(other.factor)


NUMBER = Unit("1", (), 1.0)


@lru_cache(maxsize=256)
def parse_unit(text: str) -> Unit | None:
    """The unit of a text; None for "", which states none.

    Raises:
        UnitError: a unit that is not known.
    """
    if not text:
        return None
    if text in _DIMENSIONLESS_TEXTS:
        return NUMBER
    try:
        quantity = _registry().Quantity(1.0, _registry().parse_units(text)).to_base_units()
    except Exception as error:  # noqa: BLE001  pint raises many kinds; each means that the unit cannot be read
        raise UnitError(
            f'the unit "{text}" is not known ({error}). Write it like km/s, mol/L or 1 for a pure number.'
        ) from None
    dimension = tuple(sorted((str(k), float(v)) for k, v in quantity.dimensionality.items()))
    return Unit(text, dimension, float(quantity.magnitude))


@cache
def _registry() -> Any:
    import pint

    # a zero on a scale like degC makes no difference of units
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def unit_of(formula: Formula, units: Mapping[str, Unit | None]) -> Unit | None:
    """The unit that a formula gives, None where a unit that matters is not stated.

    A number in a sum takes the unit of the other term, as in T + 273.15; elsewhere it is a pure number.

    Raises:
        UnitError: terms that do not fit, a function of what is no pure number, an exponent that is none.
    """
    found: list[Unit | None] = []
    plain: list[bool] = []
    for step, span in zip(formula.tape.steps, formula.tape.spans, strict=True):
        operands = [found[k] for k in step.operands]
        numbers = [plain[k] for k in step.operands]
        found.append(_unit(step, operands, numbers, units, formula, piece(formula.text, span)))
        plain.append(step.operation == "constant")
    return found[-1]


def _unit(
    step: Step,
    operands: list[Unit | None],
    numbers: list[bool],
    units: Mapping[str, Unit | None],
    formula: Formula,
    place: str,
) -> Unit | None:
    operation = step.operation
    if operation == "constant":
        return NUMBER
    if operation in ("name", "item"):
        return units.get(step.name)
    if operation in _ALIKE or operation in _COMPARES:
        verb = _ALIKE.get(operation, "compare")
        return _alike(operands, numbers, f"{verb} what has", place)
    if operation == "where":
        return _alike(operands[1:], numbers[1:], "choose between", place)
    if operation in _NEEDS_NUMBERS:
        (inside,) = operands
        if inside is not None and not inside.is_number:
            raise UnitError(f'{operation} takes a pure number, not {inside.text}, at {place} in "{formula.text}".')
        return NUMBER
    return _product(step, operands, place, formula)


def _product(step: Step, operands: list[Unit | None], place: str, formula: Formula) -> Unit | None:
    operation = step.operation
    first = operands[0] if operands else None
    if operation in _KEEPS or operation == "hypot":
        return first
    if operation in ("multiply", "divide"):
        second = operands[1]
        return (
            None if first is None or second is None else first.times(second, 1.0 if operation == "multiply" else -1.0)
        )
    if operation in ("whole_power", "sqrt", "cbrt"):
        power = {"sqrt": 0.5, "cbrt": 1 / 3}.get(operation, step.number)
        return None if first is None else NUMBER.times(first, power) if first.dimension else NUMBER
    if operation == "power":
        exponent = operands[1]
        if exponent is not None and not exponent.is_number:
            raise UnitError(f'an exponent is a pure number, not {exponent.text}, at {place} in "{formula.text}".')
        number = formula.tape.steps[step.operands[1]]
        if first is None or first.is_number:
            return first
        if number.operation != "constant":
            return None
        return NUMBER.times(first, number.number)
    return NUMBER


def _alike(operands: list[Unit | None], numbers: list[bool], verb: str, place: str) -> Unit | None:
    stated = [u for u, number in zip(operands, numbers, strict=True) if u is not None and not number]
    for other in stated[1:]:
        if other.dimension != stated[0].dimension:
            raise UnitError(f"cannot {verb} {stated[0].text} and {other.text}, at {place}.")
        if not other.fits(stated[0]):
            raise UnitError(
                f"cannot {verb} {stated[0].text} and {other.text} without converting, at {place}; write the factor."
            )
    missing = any(u is None for u in operands)
    if stated:
        return stated[0]
    return None if missing else NUMBER


def check_fits(formula: Formula, units: Mapping[str, Unit | None], wanted: Unit | None, what: str) -> Unit | None:
    """Check that a formula gives a wanted unit.

    Arguments:
        formula: the formula.
        units: of its names.
        wanted: what should come out; None when it is not stated.
        what: what the formula is compared with, for the message.

    Returns:
        The unit that comes out, None when it cannot be told.

    Raises:
        UnitError: it is another one.
    """
    found = unit_of(formula, units)
    if found is None or wanted is None or found.fits(wanted):
        return found
    if found.dimension == wanted.dimension:
        raise UnitError(
            f'"{formula.text}" gives {found.text}, but {what} is stated in {wanted.text}: the same kind of quantity in '
            "another scale. Write the conversion factor into the formula, or restate a unit."
        )
    raise UnitError(
        f'"{formula.text}" gives {found.text}, but {what} is stated in {wanted.text}. Mend the formula or a unit.'
    )
