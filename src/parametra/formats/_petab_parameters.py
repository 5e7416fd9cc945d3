"""The parameter table of a PEtab problem as parameters: Log on logarithmic scales, Real on linear ones, or Fixed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from parametra.formats._petab_priors import known_of
from parametra.formats._petab_tables import Row
from parametra.formats._sbml_math import Names
from parametra.nouns.errors import FileError, ParametraError
from parametra.nouns.parameter import Fixed, Log, Parameter, Real

WANTED = ("parameterId", "parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate")
_SCALES = ("lin", "log", "log10")


@dataclass(frozen=True)
class Parameters:
    """The parameter table.

    Arguments:
        stated: our name to parameter.
        identifiers: identifier to our name.
    """

    stated: Mapping[str, Parameter]
    identifiers: Mapping[str, str]

    @property
    def fixed(self) -> dict[str, float]:
        """The values of those that are not estimated, by our name."""
        return {name: float(each.value) for name, each in self.stated.items() if isinstance(each, Fixed)}


def parameters_of(rows: Mapping[str, Row], names: Names, *, fixed: bool = False) -> Parameters:
    """What the rows of the parameter table state, all of them known where they are to be `fixed`.

    Raises:
        FileError: what cannot be, with the row.
    """
    return Parameters(
        {names(identifier): _parameter(row, fixed) for identifier, row in rows.items()},
        {identifier: names(identifier) for identifier in rows},
    )


def _parameter(row: Row, fixed: bool) -> Parameter:
    scale = row.one_of("parameterScale", _SCALES, "lin")
    words = row.optional("parameterName")
    known_already = row.one_of("estimate", ("0", "1", "0.0", "1.0"), "1").startswith("0")
    if fixed or known_already:
        return Fixed(row.number("nominalValue"), description=words)
    known = known_of(row, scale)
    guess = row.number("nominalValue") if row.optional("nominalValue") else None
    lower, upper = _bound(row, "lowerBound", -math.inf, scale), _bound(row, "upperBound", math.inf, scale)
    lower, upper = max(lower, known.lower), min(upper, known.upper)
    try:
        if scale == "lin":
            return Real(lower, upper, guess=guess, prior=known.prior, description=words)
        positive = lower if lower > 0 else None
        return Log(positive, upper, guess=guess, prior=known.prior, description=words)
    except ParametraError as error:
        raise FileError(f"{row.place}: {row.text('parameterId')}: {error}.") from None


def _bound(row: Row, column: str, missing: float, scale: str) -> float:
    if not row.optional(column):
        return missing
    bound = row.number(column)
    if scale != "lin" and -math.inf < bound <= 0:
        raise FileError(
            f"{row.place}: {row.text('parameterId')}: parameterScale is {scale}, and bounds are on the linear scale; "
            f"{column} {bound:g} came. Write one above zero, or leave it empty."
        )
    return bound
