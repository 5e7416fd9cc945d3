"""The observable table of a PEtab problem: formulas of what is measured, and how it scatters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from parametra.formats._petab_tables import Row
from parametra.formats._sbml_math import Names, formula_of_text
from parametra.nouns.errors import FileError, FormulaError, did_you_mean

WANTED = ("observableId", "observableFormula", "noiseFormula")
_PLACEHOLDER = re.compile(r"\b(observable|noise)Parameter(\d+)_(\w+)")


@dataclass(frozen=True)
class Observable:
    """One observable.

    Arguments:
        name: what its output is called.
        formula: what it is, by our names.
        width: the formula of its noise; other observables and the states may be in it.
        scale: "lin", "log" or "log10".
        family: "normal" or "laplace".
        placeholders: "observable" and "noise" to the names that measurements fill in, in their order.
        place: where it is stated.
    """

    name: str
    formula: str
    width: str
    scale: str
    family: str
    placeholders: Mapping[str, tuple[str, ...]]
    place: str


def placeholders_in(rows: Iterable[Row]) -> set[str]:
    """Every placeholder that the formulas of the table hold."""
    return {
        found[0]
        for row in rows
        for column in ("observableFormula", "noiseFormula")
        for found in _PLACEHOLDER.finditer(row.optional(column))
    }


def observables_of(rows: Mapping[str, Row], names: Names, known: set[str], time: str) -> dict[str, Observable]:
    """The observables, by identifier.

    Arguments:
        rows: the table, by identifier.
        names: identifiers as our names.
        known: every identifier that a formula may hold, beside placeholders and, in the noise, observables.
        time: what time is called.

    Raises:
        FileError: a formula that cannot be read, an unknown identifier, or a wrong word, with the row.
    """
    found: dict[str, Observable] = {}
    for identifier, row in rows.items():
        held = _placeholders(identifier, row)
        inside = known | set(held["observable"])
        formula = _formula(row, "observableFormula", names, inside, time)
        width = _formula(row, "noiseFormula", names, inside | set(held["noise"]) | set(rows), time)
        found[identifier] = Observable(
            names(identifier),
            formula,
            width,
            row.one_of("observableTransformation", ("lin", "log", "log10"), "lin"),
            row.one_of("noiseDistribution", ("normal", "laplace"), "normal"),
            {kind: tuple(map(names, listed)) for kind, listed in held.items()},
            row.place,
        )
    return found


def _placeholders(identifier: str, row: Row) -> dict[str, list[str]]:
    """The placeholders of an observable, 1 to the largest number that its formulas hold."""
    most = {"observable": 0, "noise": 0}
    for column in ("observableFormula", "noiseFormula"):
        for found in _PLACEHOLDER.finditer(row.optional(column)):
            kind, number, of = found[1], int(found[2]), found[3]
            if of != identifier:
                mine = f"{kind}Parameter{number}_{identifier}"
                raise FileError(f'{row.place}: "{found[0]}" belongs to the observable "{of}"; write {mine}.')
            most[kind] = max(most[kind], number)
    return {kind: [f"{kind}Parameter{n}_{identifier}" for n in range(1, count + 1)] for kind, count in most.items()}


def _formula(row: Row, column: str, names: Names, known: set[str], time: str) -> str:
    def name(identifier: str) -> str:
        if identifier not in known:
            raise FormulaError(
                f'"{identifier}" in {column} is neither in the SBML model nor in a table; '
                + did_you_mean(identifier, sorted(known))
            )
        return names(identifier)

    return written(row, row.text(column), name, time)


def written(row: Row, text: str, name: Callable[[str], str], time: str) -> str:
    """A formula of a row as ours. Raises FileError, with the row, for what cannot be."""
    try:
        return formula_of_text(text, name, time, row.place)
    except FormulaError as error:
        message = str(error)
        raise FileError(message if message.startswith(row.place) else f"{row.place}: {message}") from None
