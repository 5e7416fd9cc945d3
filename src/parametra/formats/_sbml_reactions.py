"""Reactions of an SBML model: the rate of each, and what it adds to the slope of every species."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from parametra.formats._sbml_math import Names, Writer
from parametra.nouns.errors import FileError

Ruled = Callable[[str], bool]


def rates_of(model: Any, writer: Writer, names: Names) -> dict[str, str]:
    """The rate of every reaction by its name, in substance per time; local parameters are put in as numbers.

    Raises:
        FileError: a reaction without a rate, a fast one, or a local parameter without a value.
        FormulaError: a rate that cannot be written as a formula.
    """
    rates: dict[str, str] = {}
    for reaction in model.getListOfReactions():
        identifier: str = reaction.getId()
        law = reaction.getKineticLaw()
        if law is None or law.getMath() is None:
            raise FileError(f'the reaction "{identifier}" has no kinetic law, so its rate is not known. Add one.')
        if reaction.isSetFast() and reaction.getFast():
            raise FileError(f'the reaction "{identifier}" is fast, an equilibrium, which is not solved here.')
        local: dict[str, str] = {}
        level3 = model.getLevel() > 2
        for parameter in law.getListOfLocalParameters() if level3 else law.getListOfParameters():
            if not parameter.isSetValue():
                raise FileError(
                    f'the local parameter "{parameter.getId()}" of the reaction "{identifier}" has no value.'
                )
            local[parameter.getId()] = f"({float(parameter.getValue())!r})"
        inside = replace(writer, arguments=local, where=f'the rate of the reaction "{identifier}"')
        rates[names(identifier)] = inside.number(law.getMath())
    return rates


def changes_of(model: Any, writer: Writer, names: Names, ruled: Ruled) -> dict[str, str]:
    """The sum of rates times stoichiometries of every species that reactions change, by identifier.

    Arguments:
        model, writer, names: the model, how its mathematics is written, and its names.
        ruled: whether a species reference gets its stoichiometry from a rule or an initial assignment.

    Raises:
        FileError: a stoichiometry that is not stated.
    """
    changes: dict[str, list[str]] = {}
    fixed = {each.getId() for each in model.getListOfSpecies() if each.getBoundaryCondition() or each.getConstant()}
    for reaction in model.getListOfReactions():
        rate = names(reaction.getId())
        for sign, references in (("- ", reaction.getListOfReactants()), ("+ ", reaction.getListOfProducts())):
            for reference in references:
                species: str = reference.getSpecies()
                if species in fixed:
                    continue
                how_many = _stoichiometry(reference, writer, names, ruled, reaction.getId())
                changes.setdefault(species, []).append(sign + (rate if how_many == "1" else f"{how_many} * {rate}"))
    return {species: " ".join(terms).removeprefix("+ ") for species, terms in changes.items()}


def _stoichiometry(reference: Any, writer: Writer, names: Names, ruled: Ruled, reaction: str) -> str:
    where = f'the stoichiometry of "{reference.getSpecies()}" in the reaction "{reaction}"'
    if reference.isSetStoichiometryMath():
        return replace(writer, where=where).number(reference.getStoichiometryMath().getMath())
    if reference.getId() and ruled(reference.getId()):
        return names(reference.getId())
    number = float(reference.getStoichiometry())
    if number != number:  # noqa: PLR0124  NaN, of Level 3
        raise FileError(f"{where} is not stated. Add it.")
    return f"{number!r}".removesuffix(".0") if number >= 0 else f"({number!r})"
